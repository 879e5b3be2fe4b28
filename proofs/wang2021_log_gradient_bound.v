(** The slope of the log objective G = log F / T is bounded uniformly in the step size, for a unit
    start, Wang, Yuan, Wu, Ge 2021, Theorem 4. With omega = lambda c^2 / 2 the bound of
    derived_log_gradient_bound has Omega <= L/2 and min(omega_mu, omega_L) >= c_min^2 mu / 2. Printed
    (the constant is read as 4): the 2T-th root is of a number >= 1, and L + mu <= 2L. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
From Quadmeta Require Import derived_log_gradient_bound.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let energies := modes_of x "energy".
Let eta := number x "eta".
Let T := whole x "steps".
Let L := largest lam.
Let mu := smallest lam.

(** c_min^2. *)
Definition least : K := min (weight_at energies mu) (weight_at energies L).
(** G'. *)
Definition gradient : K :=
  slope (weighted energies) eta T / loss (weighted energies) eta T / of_nat T.

Definition both_margins := [
  ("kappa > 1", Positive, spread lam);
  ("|w_0 - w_*|^2 = 1", Zero, total (vector x "energy") - 1)].
Definition printed_sides := [(abs gradient, 4 * L ^ 3 / (least * mu * (L - mu)))].
Definition stated_sides :=
  [(gradient ^ (2 * T), (2 * L * (L + mu) / (L - mu)) ^ (2 * T) * L / (least * mu))].
End Statement.

Definition printed := {|
  of_domain := QUADRATIC "energy";
  margins := @both_margins;
  sides := @printed_sides;
  related := Le
|}.
Definition stated := {|
  of_domain := QUADRATIC "energy";
  margins := @both_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Section Proof.
Variables (modes : list (R * R)) (eta : R) (T : nat).
Hypothesis pos : positive modes.
Hypothesis some : modes <> [].
Hypothesis steps : (1 <= T)%nat.
Let L := largest (map fst modes).
Let mu := smallest (map fst modes).
Hypothesis apart : mu < L.
Hypothesis unit_start : sum (fun _ c => c) modes = 1.
Let low := Rmin (weight_at modes mu) (weight_at modes L).
Let slope_of_log := slope (weighted modes) eta T / loss (weighted modes) eta T / INR T.

Lemma mu_positive : 0 < mu.
Proof. apply (positive_eigenvalues modes); [easy | now apply smallest_in, some_modes]. Qed.

Lemma low_positive : 0 < low.
Proof. now apply least_positive. Qed.

(** A unit start: no component is longer than 1. *)
Lemma low_most : low <= 1.
Proof.
  rewrite <- unit_start; eapply Rle_trans; [apply Rmin_l | now apply weight_at_most].
Qed.

Lemma total_weight : sum (fun _ w => w) (weighted modes) <= L / 2.
Proof.
  unfold weighted; rewrite sum_map; cbn [fst snd]; plain.
  apply Rle_trans with (sum (fun _ c => L / 2 * c) modes).
  - apply sum_le; intros m at_m; destruct (pos _ at_m).
    assert (fst m <= L) by now apply largest_most, in_map.
    nra.
  - rewrite sum_scale, unit_start; lra.
Qed.

Lemma least_weight :
  mu * low / 2 <= Rmin (weight_at (weighted modes) mu) (weight_at (weighted modes) L).
Proof.
  generalize low_positive mu_positive; intros low_pos mu_pos.
  rewrite !weight_at_weighted; apply Rmin_glb.
  - assert (low <= weight_at modes mu) by apply Rmin_l.
    nra.
  - assert (low <= weight_at modes L) by apply Rmin_r.
    nra.
Qed.

Lemma stated_bound :
  slope_of_log ^ (2 * T) <= (2 * L * (L + mu) / (L - mu)) ^ (2 * T) * L / (low * mu).
Proof.
  generalize low_positive mu_positive total_weight least_weight; intros low_pos mu_pos top least.
  assert (firsts_kept : map fst (weighted modes) = map fst modes) by apply weighted_firsts.
  assert (pos' : positive (weighted modes)) by now apply weighted_positive.
  assert (some' : weighted modes <> []) by (destruct modes; cbn; congruence).
  assert (apart' : smallest (map fst (weighted modes)) < largest (map fst (weighted modes)))
    by now rewrite firsts_kept.
  generalize (pointwise_bound _ eta T pos' some' steps apart').
  generalize (uniform_bound _ eta T pos' some' apart').
  rewrite firsts_kept; fold mu L; intros second first.
  unfold slope_of_log; eapply Rle_trans; [exact first | eapply Rle_trans; [exact second |]].
  set (least' := Rmin (weight_at (weighted modes) mu) (weight_at (weighted modes) L)) in *.
  unfold Rdiv at 1 3; rewrite !Rmult_assoc; apply Rmult_le_compat_l; [apply pow_even_nonneg |].
  assert (product : 0 < low * mu) by now apply Rmult_lt_0_compat.
  assert (least_pos : 0 < least') by lra.
  apply (Rmult_le_reg_r (least' * (low * mu))); [now apply Rmult_lt_0_compat |].
  replace (_ * / least' * (least' * (low * mu)))
    with (sum (fun _ w => w) (weighted modes) * (low * mu)) by (field; lra).
  replace (L * / (low * mu) * (least' * (low * mu))) with (L * least') by (field; lra).
  assert (0 < L) by lra.
  nra.
Qed.

Lemma printed_bound : Rabs slope_of_log <= 4 * L ^ 3 / (low * mu * (L - mu)).
Proof.
  generalize low_positive mu_positive low_most stated_bound; intros low_pos mu_pos most bound.
  assert (L_pos : 0 < L) by lra.
  assert (product : 0 < low * mu) by nra.
  set (r := L / (low * mu)); set (b := 2 * L * (L + mu) / (L - mu)).
  assert (at_r : 1 <= r).
  { unfold r; apply (Rmult_le_reg_r (low * mu)); [easy |].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra; nra. }
  assert (at_b : 0 <= b).
  { unfold b, Rdiv; apply Rmult_le_pos; [nra | apply Rlt_le, Rinv_0_lt_compat; lra]. }
  (* |G'| <= b r, from the 2T-th powers and r <= r^(2T) *)
  apply Rle_trans with (b * r).
  - apply (pow_le_inv _ _ (2 * T)); [nra | lia |].
    rewrite even_Rabs, Rpow_mult_distr; eapply Rle_trans; [exact bound |]; fold b.
    unfold Rdiv; rewrite Rmult_assoc; apply Rmult_le_compat_l; [now apply pow_le |].
    change (L * / (low * mu)) with r; rewrite <- (pow_1 r) at 1; apply Rle_pow; [easy | lia].
  - unfold b, r; replace (2 * L * (L + mu) / (L - mu) * (L / (low * mu)))
      with (2 * L ^ 2 * (L + mu) * / (low * mu * (L - mu))) by (field; lra).
    unfold Rdiv; apply Rmult_le_compat_r; [apply Rlt_le, Rinv_0_lt_compat; nra |].
    assert (0 <= L ^ 2) by apply pow2_ge_0.
    replace (4 * L ^ 3) with (2 * L ^ 2 * (2 * L)) by ring.
    apply Rmult_le_compat_l; lra.
Qed.
End Proof.

Lemma read x : reads (QUADRATIC "energy") x = true -> Forall met (both_margins x) ->
  let modes := modes_of x "energy" in
  positive modes /\ modes <> [] /\ vector x "eigenvalues" = map fst modes
  /\ (1 <= whole x "steps")%nat /\ smallest (map fst modes) < largest (map fst modes)
  /\ sum (fun _ c => c) modes = 1.
Proof.
  intros inside assumed.
  destruct (read_quadratic "energy" x inside) as (pos & some & lam & c & at_eta & steps).
  unfold both_margins in assumed; split_margins assumed; destruct assumed as (kappa & unit & _).
  rewrite lam in *; rewrite c, total_seconds in unit.
  apply spread_positive in kappa;
    [| now apply some_modes | intro a; now apply positive_eigenvalues].
  cbn zeta; repeat (split; [easy |]); lra.
Qed.

Theorem wang2021_log_gradient_bound_printed : holds printed.
Proof.
  intros x inside assumed.
  destruct (read x inside assumed) as (pos & some & lam & steps & apart & unit).
  cbn [printed sides related]; unfold printed_sides, gradient, least.
  rewrite lam, abs_Rabs, of_nat_INR, min_Rmin; plain; split_sides.
  now apply printed_bound.
Qed.

Theorem wang2021_log_gradient_bound_stated : holds stated.
Proof.
  intros x inside assumed.
  destruct (read x inside assumed) as (pos & some & lam & steps & apart & unit).
  cbn [stated sides related]; unfold stated_sides, gradient, least.
  rewrite lam, of_nat_INR, min_Rmin; plain; split_sides.
  now apply stated_bound.
Qed.
