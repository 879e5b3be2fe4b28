(** The tight bound of the bias of the discounted hypergradient on quadratic losses. The bias is

      eta C {(S_T(gamma) - S_T(A)) g_T + H_2 s(A) e},   e = w_0 - w_* at the start,
      s(a) = sum_(0<k<T) gamma^k (a^(T-k) - a^T).

    S_T grows on [0, 1), so that |S_T(gamma) - S_T(a)| is largest at an end; s rises up to one point
    and falls after it, so that bisection of the sign of s' bounds it from above. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors Discount.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.

(** s(a), without its term at k = 0. *)
Definition transient (a g : K) (T : nat) : K :=
  below (T - 1) (fun j => g ^ (j + 1) * (a ^ (T - 1 - j) - a ^ T)).
(** gamma + ... + gamma^(T-1). *)
Definition discounts (g : K) (T : nat) : K := below (T - 1) (fun j => g ^ (j + 1)).
(** Whether s'(a) > 0. *)
Definition rises (g : K) (T : nat) (a : K) : bool :=
  ltb (of_nat T * a ^ (T - 1) * discounts g T)
      (below (T - 1) (fun j => g ^ (j + 1) * of_nat (T - 1 - j) * a ^ (T - 2 - j))).
(** An upper bound of s after n halvings of [low, high], where s rises at low and falls at high. *)
Fixpoint refined (g : K) (T : nat) (n : nat) (low high : K) : K :=
  match n with
  | O => transient high g T + discounts g T * (high ^ T - low ^ T)
  | S m =>
    let middle := (low + high) / 2 in
    if rises g T middle then refined g T m middle high else refined g T m low middle
  end.
Definition largest_transient (g : K) (T : nat) (low high : K) : K :=
  if eqb high low || rises g T high then transient high g T
  else if negb (rises g T low) then transient low g T
  else refined g T 20 low high.

Variable x : point K.

Let lam := vector x "eigenvalues".
Let L := largest lam.
Let mu := smallest lam.
Let low := 1 - eta x * L.
Let high := 1 - eta x * mu.
Let S (a : K) := geometric a (T x).

Definition bound : K :=
  eta x * largest (map abs (vector x "cross"))
  * (number x "L2" * number x "R" * largest_transient (gamma x) (T x) (max low 0) high
     + number x "G" * max (abs (S high - S (gamma x))) (abs (S (gamma x) - S low))).

Definition stated_margins := [
  ("eta > 0", Positive, eta x);
  ("eta <= 1/L", Nonnegative, 1 / L - eta x);
  ("mu_2 <= L_2", Nonnegative, number x "L2" - number x "mu2");
  ("gamma >= 1 - eta L", Nonnegative, gamma x - 1 + eta x * L);
  ("gamma <= 1 - eta mu", Nonnegative, 1 - eta x * mu - gamma x);
  ("gamma < 1", Positive, 1 - gamma x)].
Definition stated_sides := [(dot (dimension x) (bias x) (bias x), bound ^ 2)].
End Statement.

Definition stated := {|
  of_domain := TWO_QUADRATICS;
  margins := @stated_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** *** s and its derivative *)

Section Transient.
Variables (g : R) (T : nat).
Hypothesis at_g : 0 <= g.

Let s (a : R) := transient a g T.
Let s' (a : R) :=
  below (T - 1) (fun j => g ^ (j + 1) * (INR (T - 1 - j) * a ^ (T - 2 - j) - INR T * a ^ (T - 1))).

Lemma below_derivative n (f f' : nat -> R -> R) a :
  (forall j, (j < n)%nat -> derivable_pt_lim (f j) a (f' j a)) ->
  derivable_pt_lim (fun t => below n (fun j => f j t)) a (below n (fun j => f' j a)).
Proof.
  induction n as [| n IH]; intro each; [apply derivable_pt_lim_const |].
  apply (derivable_pt_lim_plus (fun t => below n (fun j => f j t)) (fun t => f n t)).
  - apply IH; intros; apply each; lia.
  - apply each; lia.
Qed.

Lemma derivative a : derivable_pt_lim s a (s' a).
Proof.
  apply (below_derivative (T - 1) (fun j t => g ^ (j + 1) * (t ^ (T - 1 - j) - t ^ T))
    (fun j t => g ^ (j + 1) * (INR (T - 1 - j) * t ^ (T - 2 - j) - INR T * t ^ (T - 1)))).
  intros j small.
  replace (g ^ (j + 1) * (INR (T - 1 - j) * a ^ (T - 2 - j) - INR T * a ^ (T - 1)))
    with (0 * (a ^ (T - 1 - j) - a ^ T)
      + g ^ (j + 1) * (INR (T - 1 - j) * a ^ (T - 2 - j) - INR T * a ^ (T - 1))) by ring.
  apply (derivable_pt_lim_mult (fun _ => g ^ (j + 1)) (fun t => t ^ (T - 1 - j) - t ^ T));
    [apply derivable_pt_lim_const |].
  apply (derivable_pt_lim_minus (fun t => t ^ (T - 1 - j)) (fun t => t ^ T)).
  - replace (T - 2 - j)%nat with (pred (T - 1 - j)) by lia; apply derivable_pt_lim_pow.
  - replace (T - 1)%nat with (pred T) by lia; apply derivable_pt_lim_pow.
Qed.

Lemma rises_derivative a : rises g T a = true <-> 0 < s' a.
Proof.
  unfold rises; rewrite ltb_true, of_nat_INR; plain.
  assert (split_up : s' a = below (T - 1) (fun j => g ^ (j + 1) * of_nat (T - 1 - j) * a ^ (T - 2 - j))
    - INR T * a ^ (T - 1) * discounts g T).
  { unfold s', discounts; plain.
    replace (_ - _) with (below (T - 1) (fun j => g ^ (j + 1) * of_nat (T - 1 - j) * a ^ (T - 2 - j))
      + - (INR T * a ^ (T - 1)) * below (T - 1) (fun j => g ^ (j + 1))) by ring.
    rewrite <- below_scale, <- below_plus; apply below_ext; intros; rewrite of_nat_INR; ring. }
  rewrite split_up; lra.
Qed.

(** s'(a) / a^(T-1) falls as a grows. *)
Lemma derivative_order a b : 0 <= a <= b -> s' b * a ^ (T - 1) <= s' a * b ^ (T - 1).
Proof.
  intros [at_a order]; unfold s'.
  rewrite (Rmult_comm (below _ _) (a ^ _)), (Rmult_comm (below _ _) (b ^ _)), <- !below_scale.
  apply below_le; intros j small.
  assert (0 <= g ^ (j + 1)) by now apply pow_le.
  assert (0 <= INR (T - 1 - j)) by apply pos_INR.
  (* a^(T-1) b^(T-2-j) <= b^(T-1) a^(T-2-j), since a^(j+1) <= b^(j+1) *)
  assert (key : a ^ (T - 1) * b ^ (T - 2 - j) <= b ^ (T - 1) * a ^ (T - 2 - j)).
  { replace (T - 1)%nat with ((T - 2 - j) + (j + 1))%nat by lia.
    rewrite !(pow_add _ (T - 2 - j) (j + 1)).
    assert (less : a ^ (j + 1) <= b ^ (j + 1)) by (apply pow_incr; lra).
    assert (scale : 0 <= a ^ (T - 2 - j) * b ^ (T - 2 - j)).
    { apply Rmult_le_pos; apply pow_le; lra. }
    apply (Rmult_le_compat_l _ _ _ scale) in less; lra. }
  assert (factor : 0 <= g ^ (j + 1) * INR (T - 1 - j)) by now apply Rmult_le_pos.
  apply (Rmult_le_compat_l _ _ _ factor) in key; lra.
Qed.

Lemma by_mean_value a b : a < b -> exists c, s b - s a = s' c * (b - a) /\ a < c < b.
Proof. intro order; apply (MVT_cor2 s s'); [easy | intros; apply derivative]. Qed.

(** Where s rises, it rises everywhere before. *)
Lemma up a b : 0 <= a <= b -> rises g T b = true -> s a <= s b.
Proof.
  intros [at_a order] rising; apply rises_derivative in rising.
  destruct (Req_dec a b) as [-> | apart]; [lra |].
  destruct (by_mean_value a b) as [c [value [over under]]]; [lra |].
  assert (0 <= s' c); [| nra].
  generalize (derivative_order c b); intro ordered.
  assert (0 < b ^ (T - 1)) by (apply pow_lt; lra).
  assert (0 <= c ^ (T - 1)) by (apply pow_le; lra).
  assert (0 <= s' b * c ^ (T - 1)) by (apply Rmult_le_pos; lra).
  assert (0 <= s' c * b ^ (T - 1)) by (specialize (ordered ltac:(lra)); lra).
  nra.
Qed.

(** Where it does not rise, it falls everywhere after. *)
Lemma down a b : 0 <= a <= b -> rises g T a = false -> s b <= s a.
Proof.
  intros [at_a order] falling.
  assert (slope_a : s' a <= 0).
  { apply Rnot_lt_le; intro rising; apply rises_derivative in rising; congruence. }
  destruct (Req_dec a b) as [-> | apart]; [lra |].
  destruct (by_mean_value a b) as [c [value [over under]]]; [lra |].
  assert (s' c <= 0); [| nra].
  destruct (Req_dec a 0) as [zero | positive_a].
  - (* s'(0) = gamma^(T-1) for T >= 2, so that gamma = 0 or T = 1, and s is 0 *)
    assert (none : (T <= 1)%nat \/ g = 0).
    { destruct (Nat.le_gt_cases T 1) as [one | more]; [now left | right].
      assert (at_zero : s' a = g ^ (T - 1)).
      { unfold s'; replace (T - 1)%nat with (S (T - 2)) at 1 by lia.
        rewrite below_S, (below_ext _ _ (fun _ => 0)), below_zero.
        - rewrite zero, Rplus_0_l; replace (T - 2 + 1)%nat with (T - 1)%nat by lia.
          replace (T - 2 - (T - 2))%nat with 0%nat by lia; rewrite (pow_i (T - 1)) by lia.
          replace (T - 1 - (T - 2))%nat with 1%nat by lia; cbn; ring.
        - intros j small; rewrite zero, !pow_i by lia; ring. }
      destruct (Req_dec g 0) as [| some]; [easy |].
      assert (0 < g ^ (T - 1)) by (apply pow_lt; lra).
      rewrite at_zero in slope_a; lra. }
    right; unfold s'; destruct none as [one | ->].
    + replace (T - 1)%nat with O by lia; reflexivity.
    + rewrite (below_ext _ _ (fun _ => 0)); [apply below_zero |].
      intros j small; rewrite pow_i by lia; ring.
  - generalize (derivative_order a c ltac:(lra)); intro ordered.
    assert (0 < a ^ (T - 1)) by (apply pow_lt; lra).
    assert (0 < c ^ (T - 1)) by (apply pow_lt; lra).
    assert (s' a * c ^ (T - 1) <= 0) by nra.
    assert (s' c * a ^ (T - 1) <= 0) by lra.
    nra.
Qed.

(** From a to b >= a, s falls by no more than sum gamma^k times b^T - a^T. *)
Lemma falls_slowly a b : 0 <= a <= b -> s a <= s b + discounts g T * (b ^ T - a ^ T).
Proof.
  intros [at_a order]; unfold s, transient, discounts; plain.
  rewrite Rmult_comm, <- below_scale, <- below_plus; apply below_le; intros j small.
  assert (0 <= g ^ (j + 1)) by now apply pow_le.
  assert (a ^ (T - 1 - j) <= b ^ (T - 1 - j)) by (apply pow_incr; lra).
  nra.
Qed.

Lemma refined_bounds n : forall low high a, 0 <= low <= high -> 0 <= a ->
  rises g T low = true -> rises g T high = false -> s a <= refined g T n low high.
Proof.
  induction n as [| n IH]; intros low high a order at_a rising falling; cbn [refined].
  - plain; change (transient high g T) with (s high).
    assert (0 <= discounts g T) by (apply below_nonneg; intros; now apply pow_le).
    destruct (Rle_lt_dec a high) as [inside | beyond].
    + destruct (Rle_lt_dec a low) as [before | after].
      * apply Rle_trans with (s low); [apply up; [lra | easy] | apply falls_slowly; lra].
      * eapply Rle_trans; [apply (falls_slowly a high); lra |].
        assert (low ^ T <= a ^ T) by (apply pow_incr; lra).
        nra.
    + assert (s a <= s high) by (apply down; [lra | easy]).
      assert (low ^ T <= high ^ T) by (apply pow_incr; lra).
      nra.
  - plain; destruct (rises g T ((low + high) / 2)) eqn:middle; apply IH; try easy; lra.
Qed.

Lemma largest_bounds low high a : 0 <= low <= high -> low <= a <= high ->
  s a <= largest_transient g T low high.
Proof.
  intros order at_a; unfold largest_transient.
  destruct (eqb high low) eqn:same; cbn [orb].
  - apply eqb_true in same; replace a with high by lra; unfold s; lra.
  - destruct (rises g T high) eqn:at_high; [apply up; [lra | easy] |].
    destruct (rises g T low) eqn:at_low; cbn [negb].
    + apply refined_bounds; try easy; lra.
    + apply down; [lra | easy].
Qed.

Lemma transient_nonneg a : 0 <= a <= 1 -> 0 <= s a.
Proof.
  intro at_a; apply below_nonneg; intros j small; plain.
  apply Rmult_le_pos; [now apply pow_le |].
  replace T with ((T - 1 - j) + (j + 1))%nat at 2 by lia; rewrite (pow_add _ (T - 1 - j)).
  assert (0 <= a ^ (T - 1 - j)) by (apply pow_le; lra).
  assert (a ^ (j + 1) <= 1 ^ (j + 1)) by (apply pow_incr; lra).
  rewrite pow1 in *; nra.
Qed.

(** The term at k = 0 is 0. *)
Lemma drift_transient a : (1 <= T)%nat -> drift a g T = s a.
Proof.
  intro steps; unfold drift, s, transient; plain.
  replace T with (S (T - 1)) at 1 by lia; rewrite below_first.
  replace (T - 0)%nat with T by lia; replace (a ^ T - a ^ T) with 0 by ring; rewrite Rmult_0_r, Rplus_0_l.
  apply below_ext; intros j small; replace (j + 1)%nat with (S j) by lia.
  now replace (T - 1 - j)%nat with (T - S j)%nat by lia.
Qed.
End Transient.

(** *** S_T *)

Lemma geometric_increases a b n : 0 <= a <= b -> geometric a n <= geometric b n.
Proof.
  intro order; rewrite !geometric_below; apply below_le; intros; now apply pow_incr.
Qed.

Theorem derived_discount_bound_stated : holds stated.
Proof.
  intros x inside assumed.
  destruct (read_eigenvalues _ x inside) as [some pos]; [cbn; tauto |].
  destruct (read_level _ x inside "eigenvalues" EIGENVALUES "cross" CROSS) as [same _];
    [cbn; tauto.. | easy | easy |].
  assert (steps : (1 <= T x)%nat) by (apply within_steps, (read_whole _ x inside); cbn; tauto).
  assert (at_R : 0 <= number x "R") by (apply within_norm, (read_number _ x inside); cbn; tauto).
  assert (at_G : 0 <= number x "G") by (apply within_norm, (read_number _ x inside); cbn; tauto).
  assert (at_mu2 : 0 < number x "mu2")
    by (apply within_above_zero, (read_number _ x inside); cbn; tauto).
  assert (at_g : 0 <= gamma x <= 1) by (apply within_discount, (read_number _ x inside); cbn; tauto).
  cbn [stated margins] in assumed; unfold stated_margins in assumed.
  split_margins assumed; destruct assumed as (at_eta & small & order & least & most & _ & _).
  cbn [stated sides related]; unfold stated_sides, bound; plain; split_sides.
  rewrite !max_Rmax, !abs_Rabs.
  destruct (extremes (vector x "eigenvalues") some pos) as [mu_pos [ends between]].
  set (L := largest (vector x "eigenvalues")) in *.
  set (mu := smallest (vector x "eigenvalues")) in *.
  set (low := 1 - eta x * L) in *; set (high := 1 - eta x * mu) in *.
  assert (low_pos : 0 <= low).
  { assert (product : 0 <= (1 / L - eta x) * L) by (apply Rmult_le_pos; lra).
    replace ((1 / L - eta x) * L) with low in product by (unfold low; field; lra); easy. }
  rewrite (Rmax_left low 0) by lra.
  assert (d_some : (1 <= dimension x)%nat).
  { unfold dimension; destruct (vector x "eigenvalues"); [easy | cbn; lia]. }
  set (d := dimension x) in *.
  set (M := largest_transient (gamma x) (T x) low high).
  set (B := largest (map abs (vector x "cross"))).
  set (W := Rmax (Rabs (geometric high (T x) - geometric (gamma x) (T x)))
    (Rabs (geometric (gamma x) (T x) - geometric low (T x)))).
  assert (factors : forall i, (i < d)%nat -> low <= factor x i <= high).
  { intros i at_i; destruct (between (entry (vector x "eigenvalues") i)); [now apply entry_in |].
    unfold factor, low, high; plain.
    split; apply Rplus_le_compat_l, Ropp_le_contravar, Rmult_le_compat_l; lra. }
  assert (crosses : forall i, (i < d)%nat -> Rabs (cross x i) <= B).
  { intros i at_i; unfold B; rewrite <- abs_Rabs; apply largest_most, in_map, entry_in.
    unfold d, dimension in at_i; lia. }
  assert (at_W : 0 <= W) by (eapply Rle_trans; [apply Rabs_pos | apply Rmax_l]).
  assert (high_most : high <= 1).
  { unfold high; assert (0 < eta x * mu) by now apply Rmult_lt_0_compat.
    lra. }
  assert (ordered : low <= high).
  { destruct (factors 0%nat); [lia | lra]. }
  assert (at_M : 0 <= M).
  { apply Rle_trans with (transient high (gamma x) (T x)).
    - apply transient_nonneg; lra.
    - apply largest_bounds; lra. }
  assert (at_B : 0 <= B).
  { eapply Rle_trans; [apply Rabs_pos | apply (crosses 0%nat); lia]. }
  (* the part of g_T *)
  set (last := fun i => (geometric (gamma x) (T x) - geometric (factor x i) (T x)) * gradient x i).
  assert (last_norm : dot d last last <= (number x "G" * W) ^ 2).
  { eapply Rle_trans; [apply (norm_by_entries d W _ (gradient x)) |].
    - intros i at_i; unfold last; rewrite Rabs_mult; apply Rmult_le_compat_r; [apply Rabs_pos |].
      destruct (factors i at_i).
      assert (geometric low (T x) <= geometric (factor x i) (T x)) by (apply geometric_increases; lra).
      assert (geometric (factor x i) (T x) <= geometric high (T x)) by (apply geometric_increases; lra).
      apply Rabs_le; unfold W.
      generalize (Rmax_l (Rabs (geometric high (T x) - geometric (gamma x) (T x)))
        (Rabs (geometric (gamma x) (T x) - geometric low (T x)))).
      generalize (Rmax_r (Rabs (geometric high (T x) - geometric (gamma x) (T x)))
        (Rabs (geometric (gamma x) (T x) - geometric low (T x)))).
      generalize (Rle_abs (geometric high (T x) - geometric (gamma x) (T x))).
      generalize (Rle_abs (geometric (gamma x) (T x) - geometric low (T x))).
      lra.
    - unfold d, gradient; rewrite along_norm by easy; right; ring. }
  (* the part of w_0 - w_* *)
  set (moved := fun j => drift (factor x j) (gamma x) (T x) * error x j).
  assert (moved_norm : dot d (outer_hessian x moved) (outer_hessian x moved)
    <= (number x "L2" * number x "R" * M) ^ 2).
  { eapply Rle_trans; [apply outer_hessian_norm; [easy | lra] |].
    assert (dot d moved moved <= M ^ 2 * number x "R" ^ 2).
    { eapply Rle_trans; [apply (norm_by_entries d M _ (error x)) |].
      - intros i at_i; unfold moved; rewrite Rabs_mult; apply Rmult_le_compat_r; [apply Rabs_pos |].
        destruct (factors i at_i); rewrite drift_transient by easy.
        rewrite Rabs_right; [apply largest_bounds; lra |].
        apply Rle_ge, transient_nonneg; lra.
      - unfold d, error; rewrite along_norm by easy; lra. }
    apply Rle_trans with (number x "L2" ^ 2 * (M ^ 2 * number x "R" ^ 2)); [| right; ring].
    apply Rmult_le_compat_l; [apply pow2_ge_0 | easy]. }
  (* both, times eta C *)
  set (both := fun i => last i + outer_hessian x moved i).
  assert (both_norm : dot d both both <= (number x "G" * W + number x "L2" * number x "R" * M) ^ 2).
  { apply norm_of_sum; try easy; [nra |].
    apply Rmult_le_pos; [apply Rmult_le_pos; lra | easy]. }
  eapply Rle_trans; [apply (norm_by_entries d (eta x * B) _ both) |].
  - intros i at_i; rewrite bias_entry by easy; fold moved; rewrite Rabs_mult.
    apply Rmult_le_compat_r; [apply Rabs_pos |].
    rewrite Rabs_mult, (Rabs_right (eta x)) by lra.
    apply Rmult_le_compat_l; [lra | now apply crosses].
  - rewrite (Rplus_comm _ (number x "G" * W)), !Rpow_mult_distr.
    apply Rmult_le_compat_l; [apply Rmult_le_pos; apply pow2_ge_0 | easy].
Qed.
