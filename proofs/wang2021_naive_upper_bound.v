(** Upper bound of the slope of the naive objective, Wang, Yuan, Wu, Ge 2021, Theorem 3: the
    triangle inequality. No two terms of F' cancel where all a_i = 1 - eta lambda_i have one sign,
    which is so up to 1/L and from 1/mu on. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let eta := number x "eta".
Let T := whole x "steps".
Let L := largest lam.
Let mu := smallest lam.
Let energies := modes_of x "energy".

Definition size : K := abs (slope (weighted energies) eta T).
Definition bound : K :=
  of_nat T * sum (fun lam c => c * lam ^ 2 * abs (1 - eta * lam) ^ (2 * T - 1)) energies.

Definition printed_margins := [("eta < 2/L", Positive, 2 / L - eta)].
Definition printed_sides := [(size, bound)].

(** The bound, and that it is attained up to 1/L and from 1/mu on; elsewhere nothing, 0 <= 0. *)
Definition stated_sides :=
  let equal := leb eta (1 / L) || leb (1 / mu) eta in
  [(size, bound); (if equal then bound else 0, if equal then size else 0)].
End Statement.

Definition printed := {|
  of_domain := QUADRATIC "energy";
  margins := @printed_margins;
  sides := @printed_sides;
  related := Le
|}.
Definition stated := {|
  of_domain := QUADRATIC "energy";
  margins := no_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Section Proof.
Variables (modes : list (R * R)) (eta : R) (T : nat).
Hypothesis pos : positive modes.
Hypothesis steps : (1 <= T)%nat.

Let term (lam c : R) := c * lam ^ 2 * (1 - eta * lam) ^ (2 * T - 1).
Let magnitude (lam c : R) := c * lam ^ 2 * Rabs (1 - eta * lam) ^ (2 * T - 1).

Lemma factor_nonneg m : In m modes -> 0 <= snd m * fst m ^ 2.
Proof. intro at_m; destruct (pos _ at_m); apply Rmult_le_pos; [lra | apply pow2_ge_0]. Qed.

(** |F'| = T |sum of terms|. *)
Lemma size_by_terms : Rabs (slope (weighted modes) eta T) = INR T * Rabs (sum term modes).
Proof.
  rewrite slope_by_energy, Rabs_Ropp, Rabs_mult, (Rabs_right (INR T)); [reflexivity |].
  apply Rle_ge, pos_INR.
Qed.

Lemma triangle : Rabs (slope (weighted modes) eta T) <= INR T * sum magnitude modes.
Proof.
  rewrite size_by_terms; apply Rmult_le_compat_l; [apply pos_INR |].
  eapply Rle_trans; [apply sum_abs |]; apply sum_le; intros m at_m; unfold term, magnitude.
  rewrite Rabs_mult, Rabs_right, RPow_abs; [lra | apply Rle_ge, factor_nonneg, at_m].
Qed.

(** Terms of one sign do not cancel. *)
Lemma no_cancellation :
  (forall m, In m modes -> 0 <= 1 - eta * fst m) \/ (forall m, In m modes -> 1 - eta * fst m <= 0) ->
  INR T * sum magnitude modes <= Rabs (slope (weighted modes) eta T).
Proof.
  rewrite size_by_terms; intro one_sign; apply Rmult_le_compat_l; [apply pos_INR |].
  destruct one_sign as [up | down].
  - eapply Rle_trans; [| apply Rle_abs].
    right; apply sum_ext; intros m at_m; unfold term, magnitude.
    rewrite Rabs_right; [reflexivity | apply Rle_ge; auto].
  - rewrite <- Rabs_Ropp; eapply Rle_trans; [| apply Rle_abs].
    replace (- sum term modes) with (-1 * sum term modes) by ring; rewrite <- sum_scale.
    right; apply sum_ext; intros m at_m; unfold term, magnitude.
    rewrite Rabs_left1 by auto; rewrite odd_steps, pow_odd_neg by easy; ring.
Qed.
End Proof.

Theorem wang2021_naive_upper_bound_printed : holds printed.
Proof.
  intros x inside _.
  destruct (read_quadratic "energy" x inside) as (pos & some & lam & c & at_eta & steps).
  constructor; [| constructor]; cbn [printed related compared].
  unfold size, bound; rewrite abs_Rabs, of_nat_INR; plain.
  rewrite (sum_ext _ (fun lam c =>
    c * lam ^ 2 * Rabs (1 - number x "eta" * lam) ^ (2 * whole x "steps" - 1))).
  - now apply triangle.
  - intros; now rewrite abs_Rabs.
Qed.

Theorem wang2021_naive_upper_bound_stated : holds stated.
Proof.
  intros x inside _.
  destruct (read_quadratic "energy" x inside) as (pos & some & lam & c & at_eta & steps).
  cbn [stated sides related]; unfold stated_sides, size, bound; cbn zeta.
  rewrite !abs_Rabs, !of_nat_INR, lam; plain.
  rewrite (sum_ext _ (fun lam c =>
    c * lam ^ 2 * Rabs (1 - number x "eta" * lam) ^ (2 * whole x "steps" - 1)))
    by (intros; now rewrite abs_Rabs).
  set (modes := modes_of x "energy") in *; set (eta := number x "eta") in *.
  set (T := whole x "steps") in *.
  destruct (extremes (map fst modes)) as [mu_pos [order between]].
  { now apply some_modes. }
  { intro a; now apply positive_eigenvalues. }
  split_sides; [now apply triangle |].
  destruct (leb eta (1 / largest (map fst modes)) || leb (1 / smallest (map fst modes)) eta)%bool
    eqn:side; [| lra].
  apply no_cancellation; try easy.
  apply orb_true_iff in side; rewrite !leb_true in side.
  destruct side as [early | late]; [left | right]; intros m at_m.
  - destruct (between (fst m)) as [_ most]; [now apply in_map |].
    apply (Rmult_le_compat_r (largest (map fst modes))) in early; [| lra].
    unfold Rdiv in early; rewrite Rmult_1_l, Rinv_l in early by lra; nra.
  - destruct (between (fst m)) as [least _]; [now apply in_map |].
    apply (Rmult_le_compat_r (smallest (map fst modes))) in late; [| lra].
    unfold Rdiv in late; rewrite Rmult_1_l, Rinv_l in late by lra; nra.
Qed.
