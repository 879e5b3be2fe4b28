(** The estimator that detaches the inner gradients returns on the log objective, for even T,
    2/(eta T) (1 - sum omega a^T / F) < 0 at every stable step size: it runs to the edge of
    stability. For even T and |a| <= 1, a^T - a^(2T) = a^T (1 - a^T) >= 0. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let modes := modes_of x "weights".
Let eta := number x "eta".
Let T := whole x "steps".

(** How far inside (0, 1) the size of some a_i lies. *)
Definition inside : K :=
  largest (map (fun v => min (abs (1 - eta * v)) (1 - abs (1 - eta * v))) lam).

Definition stated_margins := [
  ("T mod 2 = 0", Zero, of_nat (Nat.modulo T 2));
  ("eta > 0", Positive, eta);
  ("eta <= 2/L", Nonnegative, 2 / largest lam - eta);
  ("0 < |a_i| < 1 for some i", Positive, inside)].
Definition stated_sides :=
  [(2 / (eta * of_nat T)
    * (1 - sum (fun lam w => w * (1 - eta * lam) ^ T) modes / loss modes eta T), 0)].
End Statement.

Definition stated := {|
  of_domain := QUADRATIC "weights";
  margins := @stated_margins;
  sides := @stated_sides;
  related := Lt
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** p^2 <= p for p = a^T in [0, 1]; strictly inside. *)
Lemma square_below a n : Rabs a <= 1 -> 0 <= a ^ (2 * n) - a ^ (2 * (2 * n)).
Proof.
  intro small; replace (2 * (2 * n))%nat with (2 * n + 2 * n)%nat by lia; rewrite pow_add.
  generalize (pow_even_nonneg a n); intro at_p.
  assert (a ^ (2 * n) <= 1 ^ (2 * n)).
  { rewrite <- even_Rabs; apply pow_incr; split; [apply Rabs_pos | easy]. }
  rewrite pow1 in *; nra.
Qed.

Lemma square_strictly_below a n :
  (1 <= n)%nat -> 0 < Rabs a < 1 -> 0 < a ^ (2 * n) - a ^ (2 * (2 * n)).
Proof.
  intros some [low high].
  replace (2 * (2 * n))%nat with (2 * n + 2 * n)%nat by lia; rewrite pow_add, <- even_Rabs.
  assert (0 < Rabs a ^ (2 * n)) by now apply pow_lt.
  assert (Rabs a ^ (2 * n) < 1 ^ (2 * n)).
  { replace (2 * n)%nat with (S (2 * n - 1)) by lia; apply pow_increasing; lra. }
  rewrite pow1 in *; nra.
Qed.

Theorem derived_stop_gradient_parity_stated : holds stated.
Proof.
  intros x inside_domain assumed.
  destruct (read_quadratic "weights" x inside_domain) as (pos & some & lam & w & _ & steps).
  cbn [stated margins] in assumed; unfold stated_margins in assumed.
  split_margins assumed; destruct assumed as (even & at_eta & stable & some_inside & _).
  cbn [stated sides related]; unfold stated_sides, inside in *; rewrite lam, ?of_nat_INR in *; plain.
  set (modes := modes_of x "weights") in *; set (eta := number x "eta") in *.
  set (T := whole x "steps") in *.
  (* T = 2n *)
  assert (half : exists n, T = (2 * n)%nat /\ (1 <= n)%nat).
  { exists (Nat.div T 2); apply (INR_eq _ 0) in even.
    generalize (Nat.div_mod_eq T 2); lia. }
  destruct half as [n [T_is n_some]]; rewrite T_is in *.
  destruct (extremes (map fst modes)) as [mu_pos [order between]].
  { now apply some_modes. }
  { intro v; now apply positive_eigenvalues. }
  set (L := largest (map fst modes)) in *.
  (* |a| <= 1 *)
  assert (small : forall m, In m modes -> Rabs (1 - eta * fst m) <= 1).
  { intros m at_m; destruct (pos _ at_m); destruct (between (fst m)) as [_ most]; [now apply in_map |].
    assert (eta * L <= 2).
    { assert (product : (2 / L - eta) * L >= 0) by (apply Rle_ge, Rmult_le_pos; lra).
      replace ((2 / L - eta) * L) with (2 - eta * L) in product by (field; lra); lra. }
    apply Rabs_le; nra. }
  (* the mode that is inside *)
  assert (found : exists m, In m modes /\ 0 < Rabs (1 - eta * fst m) < 1).
  { assert (here := largest_in (map (fun v => min (abs (1 - eta * v)) (1 - abs (1 - eta * v)))
      (map fst modes))).
    destruct (modes) as [| m0 rest]; [easy |]; specialize (here ltac:(discriminate)).
    apply in_map_iff in here; destruct here as [v [value at_v]].
    apply in_map_iff in at_v; destruct at_v as [m [<- at_m]].
    exists m; split; [easy |].
    plain; rewrite <- value, min_Rmin, !abs_Rabs in some_inside; plain.
    revert some_inside; unfold Rmin; destruct (Rle_dec _ _); lra. }
  destruct found as [m [at_m inner]].
  assert (less : 0 < sum (fun lam w => w * (1 - eta * lam) ^ (2 * n)
    + -1 * (w * (1 - eta * lam) ^ (2 * (2 * n)))) modes).
  { apply (sum_positive _ modes m); [| easy |].
    - intros k at_k; destruct (pos _ at_k).
      generalize (square_below _ n (small _ at_k)); nra.
    - destruct (pos _ at_m); generalize (square_strictly_below _ n n_some inner); nra. }
  rewrite sum_plus, sum_scale in less.
  assert (F_pos : 0 < loss modes eta (2 * n)).
  { apply (sum_positive _ modes m); [| easy |]; plain.
    - intros k at_k; destruct (pos _ at_k); apply Rmult_le_pos; [lra | apply pow_even_nonneg].
    - destruct (pos _ at_m); apply Rmult_lt_0_compat; [easy |]; apply pow_even_positive.
      intro zero; rewrite zero, Rabs_R0 in inner; lra. }
  change (sum (fun lam w => w * (1 - eta * lam) ^ (2 * (2 * n))) modes)
    with (loss modes eta (2 * n)) in less.
  set (F := loss modes eta (2 * n)) in *.
  set (A := sum (fun lam w => w * (1 - eta * lam) ^ (2 * n)) modes) in *.
  split_sides.
  assert (0 < INR (2 * n)) by (apply lt_0_INR; lia).
  replace (2 / (eta * INR (2 * n)) * (1 - A / F))
    with (- (2 * (A - F) * / (eta * INR (2 * n) * F))) by (field; lra).
  assert (0 < 2 * (A - F) * / (eta * INR (2 * n) * F)); [| lra].
  apply Rmult_lt_0_compat; [lra | apply Rinv_0_lt_compat].
  apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat |]; easy.
Qed.
