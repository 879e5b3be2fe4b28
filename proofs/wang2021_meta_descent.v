(** Meta-gradient descent on the log objective with steps 1/sqrt(k) from a start of at most M >= 1/L
    is within epsilon of the best step size after Q^2 M^4/epsilon^2 iterations, Wang, Yuan, Wu, Ge 2021,
    Theorem 4, repaired. What is proved are the three inequalities that the count consists of:
    growth of F around its minimum, the slope of G against that growth, and the last step of the
    count itself. How they make a count of iterations is in the claim's written proof.

    Growth: with b_i = 1 - eta* lambda_i, p = eta* - 1/L > 0 and q = 1/mu - eta* > 0,
    (lambda + b/p)(lambda - b/q) >= 0 for each mode, and sum omega lambda b^(2T-1) = 0 at eta*. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
From Quadmeta Require Import wang2021_log_unique_minimizer.
Import ListNotations.
Local Open Scope string_scope.

(** Not in the sides: that the iterates are within epsilon once k exceeds the count. *)

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let energies := modes_of x "energy".
Let best := number x "best".
Let start := number x "start".
Let M := number x "largest_start".
Let epsilon := number x "epsilon".
Let eta := number x "eta".
Let T := whole x "steps".
Let L := largest lam.
Let mu := smallest lam.

Definition u_0 : K := 2 / (1 / mu - 1 / L).
Definition least : K := min (weight_at energies mu) (weight_at energies L).
Definition B : K := 4 * L ^ 3 / (least * mu * (L - mu)).
Definition E : K := L / mu + L * B.
Definition Q : K := L ^ 2 * B + 2 * L + 3 * E ^ 2 / (8 * L) + E * L / (2 * u_0 ^ 2).

Definition F : K := loss (weighted energies) eta T.
Definition F_best : K := loss (weighted energies) best T.
Definition growth : K := 1 + (eta - best) ^ 2 * u_0 ^ 2.
(** 1 - delta G'/2, or 0 where that is negative. *)
Definition tangent_at : K :=
  max (1 - (eta - best) * slope (weighted energies) eta T / F / of_nat T / 2) 0.
(** sqrt(k'), from above. *)
Definition count : K :=
  let D := max (abs (start - best)) B in
  B / epsilon + 2 + 3 * D ^ 2 / 8 + D / (2 * epsilon * u_0 ^ 2).

Definition repaired_margins := [
  ("kappa > 1", Positive, spread lam);
  ("|w_0 - w_*|^2 = 1", Zero, total (vector x "energy") - 1);
  ("F'(eta*) = 0", Zero, slope (weighted energies) best T);
  ("eta_1 <= M", Nonnegative, M - start);
  ("epsilon < 1/L", Positive, 1 / L - epsilon);
  ("M >= 1/L", Nonnegative, M - 1 / L)].
Definition repaired_sides := [
  (growth ^ T * F_best, F);
  (tangent_at ^ 2 * growth, 1);
  (count, Q * M ^ 2 / epsilon)].
End Statement.

Definition repaired := {|
  of_domain := [
    ("eigenvalues", EIGENVALUES);
    ("energy", ENERGY);
    ("best", STEP_SIZE);
    ("start", STEP_SIZE);
    ("largest_start", ABOVE_ZERO);
    ("polynomial", AT_LEAST 1 "");
    ("epsilon", ABOVE_ZERO);
    ("eta", STEP_SIZE);
    ("steps", STEPS)];
  margins := @repaired_margins;
  sides := @repaired_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** The tangent of y^T at q: y^T >= q^T + T q^(T-1) (y - q) for y, q >= 0. *)
Lemma tangent_from_below y q T :
  0 <= y -> 0 <= q -> (1 <= T)%nat -> q ^ T + INR T * q ^ (T - 1) * (y - q) <= y ^ T.
Proof.
  intros at_y at_q steps; destruct (Req_dec q 0) as [-> | some].
  { destruct T as [| [| T]]; [lia | cbn; lra |].
    rewrite !pow_i by lia; rewrite Rmult_0_r, Rmult_0_l, Rplus_0_l; now apply pow_le. }
  assert (unit : 1 + INR T * (y / q - 1) <= (1 + (y / q - 1)) ^ T).
  { apply bernoulli; assert (0 <= y / q); [| lra].
    apply Rmult_le_pos; [easy | apply Rlt_le, Rinv_0_lt_compat; lra]. }
  replace (1 + (y / q - 1)) with (y / q) in unit by ring.
  assert (scale : 0 <= q ^ T) by now apply pow_le.
  apply (Rmult_le_compat_l _ _ _ scale) in unit.
  rewrite <- Rpow_mult_distr in unit; replace (q * (y / q)) with y in unit by (field; easy).
  replace (q ^ T * (1 + INR T * (y / q - 1))) with (q ^ T + INR T * q ^ (T - 1) * (y - q)) in unit; [easy |].
  replace T with (S (T - 1)) at 1 4 by lia; cbn [pow]; field; easy.
Qed.

Section Growth.
Variables (modes : list (R * R)) (best eta : R) (T : nat).
Hypothesis pos : positive modes.
Hypothesis some : modes <> [].
Hypothesis steps : (1 <= T)%nat.
Let L := largest (map fst modes).
Let mu := smallest (map fst modes).
Hypothesis apart : mu < L.
Hypothesis stationary : slope modes best T = 0.
Let u := 2 / (1 / mu - 1 / L).
Let delta := eta - best.
Let m := 1 + delta ^ 2 * u ^ 2.

Lemma ends : 0 < mu /\ forall k, In k modes -> mu <= fst k <= L.
Proof.
  destruct (extremes (map fst modes)) as [mu_pos [_ between]].
  { now apply some_modes. }
  { intro v; now apply positive_eigenvalues. }
  split; [easy |]; intros k at_k; now apply between, in_map.
Qed.

(** 1/L < eta* < 1/mu, as F' increases. *)
Lemma best_between : 1 / L < best < 1 / mu.
Proof.
  destruct (slope_at_ends modes T pos some apart steps) as [before after]; fold L mu in before, after.
  split; apply Rnot_le_lt; intro order.
  - destruct (Req_dec best (1 / L)) as [same | other]; [rewrite same in stationary; lra |].
    assert (slope modes best T < slope modes (1 / L) T) by (apply slope_increases; try easy; lra).
    lra.
  - destruct (Req_dec best (1 / mu)) as [same | other]; [rewrite same in stationary; lra |].
    assert (slope modes (1 / mu) T < slope modes best T) by (apply slope_increases; try easy; lra).
    lra.
Qed.

(** sum omega lambda b^(2T-1) = 0. *)
Lemma balanced : sum (fun lam w => w * lam * (1 - best * lam) ^ (2 * T - 1)) modes = 0.
Proof.
  unfold slope in stationary; rewrite of_nat_INR in stationary; plain.
  assert (0 < INR T) by (apply lt_0_INR; lia).
  apply (Rmult_eq_reg_l (2 * INR T)); [lra | nra].
Qed.

Lemma u_positive : 0 < u.
Proof.
  destruct ends as [mu_pos _]; unfold u; apply Rmult_lt_0_compat; [lra | apply Rinv_0_lt_compat].
  assert (/ L < / mu) by (apply Rinv_lt_contravar; [apply Rmult_lt_0_compat |]; lra).
  unfold Rdiv; lra.
Qed.

(** u_0^2 <= 1/(pq), the mean against the product of p and q. *)
Lemma u_square : u ^ 2 * ((best - 1 / L) * (1 / mu - best)) <= 1.
Proof.
  generalize best_between; intros [low high].
  set (p := best - 1 / L); set (q := 1 / mu - best).
  replace u with (2 / (p + q)) by (unfold u, p, q; f_equal; ring).
  assert (0 < p) by (unfold p; lra); assert (0 < q) by (unfold q; lra).
  replace ((2 / (p + q)) ^ 2 * (p * q)) with (4 * (p * q) / (p + q) ^ 2) by (field; lra).
  apply (Rmult_le_reg_r ((p + q) ^ 2)); [apply pow_lt; lra |].
  replace (4 * (p * q) / (p + q) ^ 2 * (p + q) ^ 2) with (4 * (p * q)) by (field; lra).
  assert (0 <= (p - q) ^ 2) by apply pow2_ge_0.
  lra.
Qed.

(** sum omega b^(2T-2) (lambda^2 - u_0^2 b^2) >= 0. *)
Lemma spread_of_modes :
  0 <= sum (fun lam w => w * (1 - best * lam) ^ (2 * (T - 1)) * (lam ^ 2 - u ^ 2 * (1 - best * lam) ^ 2)) modes.
Proof.
  generalize best_between, u_square, balanced; intros [low high] square zero.
  destruct ends as [mu_pos between].
  set (p := best - 1 / L) in *; set (q := 1 / mu - best) in *.
  assert (at_p : 0 < p) by (unfold p; lra); assert (at_q : 0 < q) by (unfold q; lra).
  (* each mode, times pq *)
  assert (each : 0 <= sum (fun lam w => p * q * (w * (1 - best * lam) ^ (2 * (T - 1))
      * (lam ^ 2 - u ^ 2 * (1 - best * lam) ^ 2))
    + (q - p) * (w * lam * (1 - best * lam) ^ (2 * T - 1))) modes).
  { apply sum_nonneg; intros k at_k; destruct (pos _ at_k) as [lam_pos w_pos].
    destruct (between k at_k) as [least most]; set (v := fst k) in *; set (w := snd k) in *.
    set (b := 1 - best * v).
    replace (2 * T - 1)%nat with (S (2 * (T - 1))) by lia; cbn [pow].
    assert (even : 0 <= b ^ (2 * (T - 1))) by apply pow_even_nonneg.
    (* (p lambda + b)(q lambda - b) >= 0 *)
    assert (one : 0 <= p * v + b).
    { replace (p * v + b) with ((L - v) / L) by (unfold p, b; field; lra).
      apply Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; lra]. }
    assert (two : 0 <= q * v - b).
    { replace (q * v - b) with ((v - mu) / mu) by (unfold q, b; field; lra).
      apply Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; lra]. }
    assert (product : 0 <= (p * v + b) * (q * v - b)) by now apply Rmult_le_pos.
    assert (inner : 0 <= p * q * (v ^ 2 - u ^ 2 * (b * (b * 1))) + (q - p) * (v * b)).
    { assert (0 <= b ^ 2) by apply pow2_ge_0.
      assert (u ^ 2 * (p * q) * b ^ 2 <= 1 * b ^ 2) by now apply Rmult_le_compat_r.
      nra. }
    assert (weight : 0 <= w * b ^ (2 * (T - 1))) by (apply Rmult_le_pos; lra).
    apply (Rmult_le_pos _ _ weight) in inner; lra. }
  rewrite sum_plus, !sum_scale, zero in each.
  assert (0 < p * q) by now apply Rmult_lt_0_compat.
  apply (Rmult_le_reg_l (p * q)); lra.
Qed.

(** F(eta) >= (1 + delta^2 u_0^2)^T F(eta* ): the tangents of y^T, y = (b - delta lambda)^2, at m b^2. *)
Lemma growth_bound : m ^ T * loss modes best T <= loss modes eta T.
Proof.
  generalize spread_of_modes, balanced; intros wide zero.
  assert (at_m : 0 <= m) by (unfold m; assert (0 <= delta ^ 2 * u ^ 2) by (apply Rmult_le_pos; apply pow2_ge_0); lra).
  assert (tangents : sum (fun lam w => m ^ T * (w * (1 - best * lam) ^ (2 * T))
      + INR T * m ^ (T - 1) * delta ^ 2
        * (w * (1 - best * lam) ^ (2 * (T - 1)) * (lam ^ 2 - u ^ 2 * (1 - best * lam) ^ 2))
      + - (2 * (INR T * m ^ (T - 1) * delta)) * (w * lam * (1 - best * lam) ^ (2 * T - 1))) modes
    <= loss modes eta T).
  { unfold loss; plain; apply sum_le; intros k at_k; destruct (pos _ at_k) as [_ w_pos].
    set (v := fst k) in *; set (w := snd k) in *; set (b := 1 - best * v).
    replace (1 - eta * v) with (b - delta * v) by (unfold b, delta; ring).
    assert (line : (m * b ^ 2) ^ T + INR T * (m * b ^ 2) ^ (T - 1) * ((b - delta * v) ^ 2 - m * b ^ 2)
      <= ((b - delta * v) ^ 2) ^ T).
    { apply tangent_from_below; [apply pow2_ge_0 | | easy].
      apply Rmult_le_pos; [easy | apply pow2_ge_0]. }
    rewrite !Rpow_mult_distr, <- !pow_mult in line.
    apply (Rmult_le_compat_l w) in line; [| lra].
    eapply Rle_trans; [| exact line]; right.
    replace (2 * T - 1)%nat with (S (2 * (T - 1))) by lia; cbn [pow]; unfold m; ring. }
  rewrite !sum_plus, !sum_scale, zero in tangents.
  change (sum (fun a b => b * (1 - best * a) ^ (2 * T)) modes) with (loss modes best T) in tangents.
  assert (0 <= INR T * m ^ (T - 1) * delta ^ 2).
  { apply Rmult_le_pos; [apply Rmult_le_pos; [apply pos_INR | now apply pow_le] | apply pow2_ge_0]. }
  nra.
Qed.

(** r^(2T) F(eta) <= F(eta* ), r = 1 - delta G'(eta)/2: the tangents of b^(2T) at r a. *)
Lemma slope_bound : let r := 1 - delta * slope modes eta T / loss modes eta T / INR T / 2 in
  r ^ (2 * T) * loss modes eta T <= loss modes best T.
Proof.
  cbn zeta; assert (F_pos : 0 < loss modes eta T) by now apply loss_positive.
  assert (T_pos : 0 < INR T) by (apply lt_0_INR; lia).
  set (S := sum (fun lam w => w * lam * (1 - eta * lam) ^ (2 * T - 1)) modes).
  assert (slope_is : slope modes eta T = - (2 * INR T * S)).
  { unfold slope; rewrite of_nat_INR; plain; fold S; ring. }
  set (F := loss modes eta T) in *.
  set (r := 1 - delta * slope modes eta T / F / INR T / 2).
  assert (r_is : r * F = F + delta * S) by (unfold r; rewrite slope_is; field; lra).
  set (n := INR (2 * T)); assert (size : INR (2 * T - 1) = n - 1).
  { unfold n; rewrite minus_INR by lia; reflexivity. }
  assert (summed : n * r ^ (2 * T - 1) * (F + delta * S) <= loss modes best T + (n - 1) * r ^ (2 * T) * F).
  { replace (n * r ^ (2 * T - 1) * (F + delta * S))
      with (sum (fun lam w => n * r ^ (2 * T - 1) * (w * (1 - eta * lam) ^ (2 * T))
        + n * r ^ (2 * T - 1) * delta * (w * lam * (1 - eta * lam) ^ (2 * T - 1))) modes).
    2:{ rewrite sum_plus, !sum_scale; fold S.
        change (sum (fun a b => b * (1 - eta * a) ^ (2 * T)) modes) with F; ring. }
    unfold F, loss; plain; rewrite <- sum_scale, <- sum_plus; apply sum_le.
    intros k at_k; destruct (pos _ at_k) as [_ w_pos].
    set (v := fst k) in *; set (w := snd k) in *; set (a := 1 - eta * v).
    generalize (tangent (1 - best * v) (r * a) T steps).
    rewrite !Rpow_mult_distr, size; fold n; intro line.
    apply (Rmult_le_compat_l w) in line; [| lra].
    eapply Rle_trans; [| eapply Rle_trans; [exact line |]]; right; [| ring].
    replace (1 - best * v) with (a + delta * v) by (unfold a, delta; ring).
    replace (a ^ (2 * T)) with (a * a ^ (2 * T - 1)); [ring |].
    replace (2 * T)%nat with (Datatypes.S (2 * T - 1)) at 2 by lia; reflexivity. }
  rewrite <- r_is in summed.
  replace (r ^ (2 * T)) with (r ^ (2 * T - 1) * r) in *; [lra |].
  replace (2 * T)%nat with (Datatypes.S (2 * T - 1)) at 2 by lia; cbn [pow]; ring.
Qed.

(** (1 - delta G'/2)_+^2 (1 + delta^2 u_0^2) <= 1. *)
Lemma tangent_bound :
  Rmax (1 - delta * slope modes eta T / loss modes eta T / INR T / 2) 0 ^ 2 * m <= 1.
Proof.
  generalize growth_bound, slope_bound; cbn zeta; intros grown bent.
  set (r := 1 - delta * slope modes eta T / loss modes eta T / INR T / 2) in *.
  assert (F_pos : 0 < loss modes eta T) by now apply loss_positive.
  assert (at_m : 0 <= m) by (unfold m; assert (0 <= delta ^ 2 * u ^ 2) by (apply Rmult_le_pos; apply pow2_ge_0); lra).
  unfold Rmax; destruct (Rle_dec r 0); [cbn [pow]; lra |].
  apply (pow_le_inv _ _ T); [lra | easy |]; rewrite pow1, Rpow_mult_distr, <- pow_mult.
  apply (Rmult_le_compat_l (m ^ T)) in bent; [| now apply pow_le].
  apply (Rmult_le_reg_r (loss modes eta T)); [easy |]; lra.
Qed.
End Growth.

(** The last step of the count. *)
Lemma counted L mu B E u M epsilon start best :
  0 < mu -> mu < L -> 0 <= B -> 0 < u -> E = L / mu + L * B ->
  0 < epsilon -> epsilon < 1 / L -> 1 / L <= M -> 0 <= start <= M -> 1 / L < best < 1 / mu ->
  let D := Rmax (Rabs (start - best)) B in
  B / epsilon + 2 + 3 * D ^ 2 / 8 + D / (2 * epsilon * u ^ 2)
  <= (L ^ 2 * B + 2 * L + 3 * E ^ 2 / (8 * L) + E * L / (2 * u ^ 2)) * M ^ 2 / epsilon.
Proof.
  intros mu_pos apart at_B at_u E_is at_eps small large at_start at_best; cbn zeta.
  assert (L_pos : 0 < L) by lra.
  assert (LM : 1 <= L * M).
  { apply (Rmult_le_compat_l L) in large; [| lra].
    replace (L * (1 / L)) with 1 in large by (field; lra); easy. }
  assert (Le : L * epsilon <= 1).
  { apply (Rmult_lt_compat_l L) in small; [| lra].
    replace (L * (1 / L)) with 1 in small by (field; lra); lra. }
  assert (M_pos : 0 < M) by (apply Rmult_lt_reg_l with L; lra).
  set (D := Rmax (Rabs (start - best)) B).
  assert (ratio : 1 < L / mu).
  { apply (Rmult_lt_reg_r mu); [easy |]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra. }
  (* D <= E M *)
  assert (far : Rabs (start - best) <= L / mu * M).
  { assert (M <= L / mu * M) by nra.
    assert (1 / mu <= L / mu * M).
    { replace (L / mu * M) with (1 / mu * (L * M)) by (field; lra).
      rewrite <- (Rmult_1_r (1 / mu)) at 1; apply Rmult_le_compat_l; [| easy].
      apply Rlt_le, Rmult_lt_0_compat; [lra | now apply Rinv_0_lt_compat]. }
    assert (0 < 1 / L) by (apply Rmult_lt_0_compat; [lra | now apply Rinv_0_lt_compat]).
    apply Rabs_le; lra. }
  assert (at_D : 0 <= D) by (eapply Rle_trans; [apply Rabs_pos | apply Rmax_l]).
  assert (D_most : D <= E * M).
  { rewrite E_is; apply Rmax_lub; [| nra].
    eapply Rle_trans; [exact far |]; assert (0 <= L * B * M) by (repeat apply Rmult_le_pos; lra); lra. }
  assert (at_E : 0 <= E) by (rewrite E_is; assert (0 <= L * B) by (apply Rmult_le_pos; lra); lra).
  (* term by term, times epsilon *)
  assert (square : 0 < u ^ 2) by now apply pow_lt.
  assert (first : B <= L ^ 2 * B * M ^ 2).
  { replace (L ^ 2 * B * M ^ 2) with (B * (L * M) ^ 2) by ring.
    assert (1 <= (L * M) ^ 2) by nra.
    nra. }
  assert (second : 2 * epsilon <= 2 * L * M ^ 2).
  { assert (epsilon <= M) by (apply (Rmult_le_reg_l L); lra).
    assert (M <= L * M * M) by nra.
    nra. }
  assert (D_square : D ^ 2 <= E ^ 2 * M ^ 2).
  { rewrite <- Rpow_mult_distr; apply pow_incr; lra. }
  assert (third : 3 * D ^ 2 / 8 * epsilon <= 3 * E ^ 2 / (8 * L) * M ^ 2).
  { apply (Rmult_le_reg_l L); [easy |].
    replace (L * (3 * E ^ 2 / (8 * L) * M ^ 2)) with (3 / 8 * (E ^ 2 * M ^ 2)) by (field; lra).
    replace (L * (3 * D ^ 2 / 8 * epsilon)) with (3 / 8 * (D ^ 2 * (L * epsilon))) by field.
    assert (0 <= D ^ 2) by apply pow2_ge_0.
    assert (D ^ 2 * (L * epsilon) <= D ^ 2 * 1) by (apply Rmult_le_compat_l; lra).
    lra. }
  assert (fourth : D / (2 * u ^ 2) <= E * L / (2 * u ^ 2) * M ^ 2).
  { apply (Rmult_le_reg_l (2 * u ^ 2)); [lra |].
    replace (2 * u ^ 2 * (D / (2 * u ^ 2))) with D by (field; lra).
    replace (2 * u ^ 2 * (E * L / (2 * u ^ 2) * M ^ 2)) with (E * M * (L * M)) by (field; lra).
    assert (0 <= E * M) by (apply Rmult_le_pos; lra).
    assert (E * M * 1 <= E * M * (L * M)) by now apply Rmult_le_compat_l.
    lra. }
  apply (Rmult_le_reg_r epsilon); [easy |].
  replace ((B / epsilon + 2 + 3 * D ^ 2 / 8 + D / (2 * epsilon * u ^ 2)) * epsilon)
    with (B + 2 * epsilon + 3 * D ^ 2 / 8 * epsilon + D / (2 * u ^ 2)) by (field; lra).
  replace ((L ^ 2 * B + 2 * L + 3 * E ^ 2 / (8 * L) + E * L / (2 * u ^ 2)) * M ^ 2 / epsilon * epsilon)
    with (L ^ 2 * B * M ^ 2 + 2 * L * M ^ 2 + 3 * E ^ 2 / (8 * L) * M ^ 2 + E * L / (2 * u ^ 2) * M ^ 2)
    by (field; lra).
  lra.
Qed.

Theorem wang2021_meta_descent_repaired : holds repaired.
Proof.
  intros x inside assumed.
  destruct (read_modes _ x "energy" inside) as (pos & some & lam & c); [cbn; tauto.. |].
  assert (steps : (1 <= whole x "steps")%nat)
    by (apply within_steps, (read_whole _ x inside); cbn; tauto).
  assert (at_eps : 0 < number x "epsilon")
    by (apply within_above_zero, (read_number _ x inside); cbn; tauto).
  assert (at_start : 0 <= number x "start")
    by (apply within_step_size, (read_number _ x inside); cbn; tauto).
  cbn [repaired margins] in assumed; unfold repaired_margins in assumed.
  split_margins assumed; destruct assumed as (kappa & unit & stationary & first & small & large & _).
  rewrite <- lam in *.
  apply spread_positive in kappa;
    [| now apply some_modes | intro a; now apply positive_eigenvalues].
  set (modes := modes_of x "energy") in *.
  assert (firsts_kept : map fst (weighted modes) = map fst modes) by apply weighted_firsts.
  assert (pos' : positive (weighted modes)) by now apply weighted_positive.
  assert (some' : weighted modes <> []) by (destruct modes; cbn; congruence).
  assert (apart' : smallest (map fst (weighted modes)) < largest (map fst (weighted modes)))
    by now rewrite firsts_kept.
  generalize (best_between _ _ _ pos' some' steps apart' stationary).
  generalize (growth_bound _ _ (number x "eta") _ pos' some' steps apart' stationary).
  generalize (tangent_bound _ _ (number x "eta") _ pos' some' steps apart' stationary).
  generalize (u_positive (weighted modes) pos' some' apart').
  rewrite firsts_kept; intros at_u bent grown at_best.
  destruct (extremes (map fst modes)) as [mu_pos [_ _]].
  { now apply some_modes. }
  { intro v; now apply positive_eigenvalues. }
  cbn [repaired sides related].
  unfold repaired_sides, growth, F, F_best, tangent_at, count, Q, u_0; cbn zeta.
  rewrite <- lam, !max_Rmax, abs_Rabs, of_nat_INR; fold modes; plain; split_sides;
    [easy | easy |].
  apply (counted (largest (map fst modes)) (smallest (map fst modes))); try easy; try lra.
  - unfold B, least; rewrite <- lam, min_Rmin; fold modes; plain.
    assert (0 < Rmin (weight_at modes (smallest (map fst modes))) (weight_at modes (largest (map fst modes)))).
    { apply Rmin_pos; apply weight_at_positive; try easy;
        [now apply smallest_in, some_modes | now apply largest_in, some_modes]. }
    unfold Rdiv; apply Rmult_le_pos.
    + apply Rmult_le_pos; [lra | apply pow_le; lra].
    + apply Rlt_le, Rinv_0_lt_compat; repeat apply Rmult_lt_0_compat; lra.
  - unfold E; rewrite <- lam; plain; easy.
Qed.
