(** Lower bound of the slope of the naive objective, Wang, Yuan, Wu, Ge 2021, Theorem 3.

    F(eta) is the loss after T steps of the size eta; the weights of its modes are lambda c^2 / 2,
    c the components of w_0 - w_*. Each mode with a_i = 1 - eta lambda_i <= 0 makes F' larger, the
    mode L by the growth term. A mode with a_i > 0 costs at most L^2 (printed), or the peak of
    lambda^2 (1 - eta lambda)^(2T-1) over lambda (stated). *)

From Coq Require Import Reals Lra Lia List String.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let energy := vector x "energy".
Let eta := number x "eta".
Let T := whole x "steps".
Let L := largest lam.

Definition derivative : K := slope (weighted (modes_of x "energy")) eta T.
Definition top : K := weight_at (modes_of x "energy") L.
Definition growth : K := of_nat T * top * L ^ 2 * (eta * L - 1) ^ (2 * T - 1).
(** The most of lambda^2 (1 - eta lambda)^(2T-1), at lambda = 2 / (eta (2T+1)). *)
Definition peak : K :=
  let m := of_nat (2 * T + 1) in
  let n := of_nat (2 * T - 1) in
  (2 / (eta * m)) ^ 2 * n ^ (2 * T - 1) / m ^ (2 * T - 1).

Definition printed_margins := [
  ("kappa > 1", Positive, spread lam);
  ("eta > 2/L", Positive, eta - 2 / L);
  ("|w_0 - w_*|^2 = 1", Zero, total energy - 1)].
Definition printed_sides := [(abs derivative, growth - L ^ 2 * of_nat T)].

Definition stated_margins := [("eta > 1/L", Positive, eta - 1 / L)].
Definition stated_sides := [(derivative, growth - of_nat T * (total energy - top) * peak)].
End Statement.

Definition printed := {|
  of_domain := QUADRATIC "energy";
  margins := @printed_margins;
  sides := @printed_sides;
  related := Ge
|}.
Definition stated := {|
  of_domain := QUADRATIC "energy";
  margins := @stated_margins;
  sides := @stated_sides;
  related := Ge
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** The peak without calculus: of two numbers z = y/2 and n times x = (1-y)/n the mean is m_1, and
    of z and (n+1) times m_1 it is 1/(n+2); twice the inequality of the means. *)
Lemma below_peak y n : 0 <= y <= 1 -> (1 <= n)%nat ->
  y ^ 2 * (1 - y) ^ n <= (2 / INR (n + 2)) ^ 2 * INR n ^ n / INR (n + 2) ^ n.
Proof.
  intros at_y least.
  assert (n_pos : 0 < INR n) by (apply lt_0_INR; lia).
  set (x := (1 - y) / INR n); set (z := y / 2).
  assert (at_x : 0 <= x).
  { unfold x; apply Rmult_le_pos; [lra | now apply Rlt_le, Rinv_0_lt_compat]. }
  assert (at_z : 0 <= z) by (unfold z; lra).
  set (m := (INR n * x + z) / INR (S n)).
  assert (first : x ^ n * z <= m ^ S n) by (apply mean; easy).
  assert (succ : INR (S n) = INR n + 1) by apply S_INR.
  assert (at_m : 0 <= m).
  { unfold m; apply Rmult_le_pos; [nra | apply Rlt_le, Rinv_0_lt_compat; lra]. }
  assert (second : m ^ S n * z <= ((INR (S n) * m + z) / INR (S (S n))) ^ S (S n)) by now apply mean.
  assert (two : INR (S (S n)) = INR n + 2) by (rewrite S_INR, S_INR; ring).
  assert (plus : INR (n + 2) = INR n + 2) by (rewrite plus_INR; cbn; ring).
  rewrite plus, two, succ in *.
  replace (((INR n + 1) * m + z) / (INR n + 2)) with (/ (INR n + 2)) in second.
  2:{ unfold m, x, z; rewrite succ; field; repeat split; lra. }
  replace (y ^ 2 * (1 - y) ^ n) with (4 * INR n ^ n * (x ^ n * z * z)).
  2:{ replace ((1 - y) ^ n) with (x ^ n * INR n ^ n).
      - unfold z; field.
      - rewrite <- Rpow_mult_distr; f_equal; unfold x; field; lra. }
  assert (less : x ^ n * z * z <= (/ (INR n + 2)) ^ S (S n)).
  { eapply Rle_trans; [apply Rmult_le_compat_r; [easy | exact first] | exact second]. }
  assert (0 < INR n ^ n) by now apply pow_lt.
  assert (power : 0 < (INR n + 2) ^ n) by (apply pow_lt; lra).
  replace ((2 / (INR n + 2)) ^ 2 * INR n ^ n / (INR n + 2) ^ n)
    with (4 * INR n ^ n * (/ (INR n + 2)) ^ S (S n)).
  - apply Rmult_le_compat_l; lra.
  - cbn [pow]; rewrite pow_inv; field; split; lra.
Qed.

Section Proof.
Variables (modes : list (R * R)) (eta : R) (T : nat).
Hypothesis pos : positive modes.
Hypothesis steps : (1 <= T)%nat.
Let L := largest (map fst modes).
Let n := (2 * T - 1)%nat.

Lemma odd_negative a : a <= 0 -> a ^ n <= 0.
Proof. unfold n; rewrite odd_steps by easy; apply pow_odd_nonpos. Qed.

Lemma odd_opposite a : (- a) ^ n = - a ^ n.
Proof. unfold n; rewrite odd_steps by easy; apply pow_odd_neg. Qed.

(** If each mode below L costs at most s >= 0, they all cost at most s times their energy. *)
Lemma by_cost s :
  (forall lam, 0 < lam < L -> lam ^ 2 * (1 - eta * lam) ^ n <= s) ->
  INR T * weight_at modes L * L ^ 2 * (eta * L - 1) ^ n
    - INR T * (sum (fun _ c => c) modes - weight_at modes L) * s
  <= slope (weighted modes) eta T.
Proof.
  intro cost; rewrite slope_by_energy; fold n.
  set (g := L ^ 2 * (eta * L - 1) ^ n).
  assert (each : sum (fun lam c => c * lam ^ 2 * (1 - eta * lam) ^ n) modes
    <= sum (fun lam c => - g * (if eqb lam L then c else 0)
         + (s * c + - s * (if eqb lam L then c else 0))) modes).
  { apply sum_le; intros m at_m; destruct (pos _ at_m) as [at_lam at_c].
    destruct (eqb (fst m) L) eqn:at_L.
    - apply eqb_true in at_L; rewrite at_L; unfold g.
      replace (1 - eta * L) with (- (eta * L - 1)) by ring; rewrite odd_opposite; right; ring.
    - apply eqb_false in at_L.
      assert (fst m <= L) by (apply largest_most, in_map, at_m).
      assert (fst m ^ 2 * (1 - eta * fst m) ^ n <= s) by (apply cost; lra).
      nra. }
  rewrite !sum_plus, !sum_scale in each.
  assert (0 <= INR T) by apply pos_INR.
  change (sum (fun a b => if eqb a L then b else 0) modes) with (weight_at modes L) in each.
  apply Rmult_le_compat_l with (r := INR T) in each; [| easy].
  unfold g in each; lra.
Qed.

Lemma sum_at_most : 0 <= sum (fun _ c => c) modes - weight_at modes L.
Proof. generalize (weight_at_most modes L pos); lra. Qed.

(** Printed: a mode below L costs at most L^2, since 0 < a <= 1 or a^(2T-1) <= 0. *)
Lemma cost_printed lam : 0 <= eta -> 0 < lam < L -> lam ^ 2 * (1 - eta * lam) ^ n <= L ^ 2.
Proof.
  intros at_eta at_lam; assert (lam ^ 2 <= L ^ 2) by (apply pow_incr; lra).
  assert (0 <= lam ^ 2) by apply pow2_ge_0.
  destruct (Rle_lt_dec 0 (1 - eta * lam)) as [up | down].
  - assert ((1 - eta * lam) ^ n <= 1 ^ n) by (apply pow_incr; split; nra).
    rewrite pow1 in *.
    assert (0 <= (1 - eta * lam) ^ n) by now apply pow_le.
    nra.
  - assert ((1 - eta * lam) ^ n <= 0) by (apply odd_negative; lra).
    nra.
Qed.

(** Stated: at most the peak, y = eta lambda. *)
Lemma cost_stated lam : 0 < eta -> 0 < lam < L ->
  lam ^ 2 * (1 - eta * lam) ^ n
  <= (2 / (eta * INR (2 * T + 1))) ^ 2 * INR n ^ n / INR (2 * T + 1) ^ n.
Proof.
  intros at_eta at_lam; set (y := eta * lam).
  assert (0 < y) by (unfold y; nra).
  assert (m_pos : 0 < INR (2 * T + 1)) by (apply lt_0_INR; lia).
  assert (0 <= INR n ^ n) by apply pow_le, pos_INR.
  assert (power : 0 < INR (2 * T + 1) ^ n) by now apply pow_lt.
  replace (lam ^ 2) with (y ^ 2 / eta ^ 2) by (unfold y; field; lra).
  replace ((2 / (eta * INR (2 * T + 1))) ^ 2 * INR n ^ n / INR (2 * T + 1) ^ n)
    with (/ eta ^ 2 * ((2 / INR (2 * T + 1)) ^ 2 * INR n ^ n / INR (2 * T + 1) ^ n)).
  2:{ generalize dependent (INR (2 * T + 1) ^ n); intros p at_p; field; lra. }
  replace (y ^ 2 / eta ^ 2 * (1 - y) ^ n) with (/ eta ^ 2 * (y ^ 2 * (1 - y) ^ n)) by (field; lra).
  apply Rmult_le_compat_l; [apply Rlt_le, Rinv_0_lt_compat; nra |].
  destruct (Rle_lt_dec y 1) as [up | down].
  - replace (2 * T + 1)%nat with (n + 2)%nat by (unfold n; lia).
    apply below_peak; [lra | unfold n; lia].
  - assert ((1 - y) ^ n <= 0) by (apply odd_negative; lra).
    assert (0 <= (2 / INR (2 * T + 1)) ^ 2 * INR n ^ n / INR (2 * T + 1) ^ n).
    { apply Rmult_le_pos; [apply Rmult_le_pos; [apply pow2_ge_0 | easy] |].
      now apply Rlt_le, Rinv_0_lt_compat. }
    assert (0 <= y ^ 2) by apply pow2_ge_0.
    nra.
Qed.
End Proof.

Theorem wang2021_naive_lower_bound_printed : holds printed.
Proof.
  intros x inside assumed.
  destruct (read_quadratic "energy" x inside) as (pos & some & lam & c & at_eta & steps).
  cbn [printed margins] in assumed; unfold printed_margins in assumed.
  split_margins assumed; destruct assumed as (kappa & far & unit & _).
  constructor; [| constructor]; cbn [printed related compared].
  unfold derivative, growth, top; rewrite lam in *; rewrite c, total_seconds in unit.
  rewrite abs_Rabs, of_nat_INR; plain.
  set (modes := modes_of x "energy") in *; set (eta := number x "eta") in *; set (T := whole x "steps") in *.
  apply Rle_ge, Rle_trans with (slope (weighted modes) eta T); [| apply Rle_abs].
  eapply Rle_trans; [| apply (by_cost modes eta T pos steps (largest (map fst modes) ^ 2))].
  - assert (0 <= INR T) by apply pos_INR.
    assert (0 <= largest (map fst modes) ^ 2) by apply pow2_ge_0.
    assert (0 < weight_at modes (largest (map fst modes))).
    { apply weight_at_positive; [easy | now apply largest_in, some_modes]. }
    assert (0 <= INR T * largest (map fst modes) ^ 2) by nra.
    nra.
  - intros; apply (cost_printed modes); easy.
Qed.

Theorem wang2021_naive_lower_bound_stated : holds stated.
Proof.
  intros x inside assumed.
  destruct (read_quadratic "energy" x inside) as (pos & some & lam & c & at_eta & steps).
  cbn [stated margins] in assumed; unfold stated_margins in assumed.
  split_margins assumed; destruct assumed as (far & _).
  constructor; [| constructor]; cbn [stated related compared].
  unfold derivative, growth, top, peak; rewrite lam in *; rewrite c, total_seconds, !of_nat_INR; plain.
  set (modes := modes_of x "energy") in *; set (eta := number x "eta") in *; set (T := whole x "steps") in *.
  assert (0 < largest (map fst modes)).
  { apply (positive_eigenvalues modes); [easy | now apply largest_in, some_modes]. }
  assert (0 < / largest (map fst modes)) by now apply Rinv_0_lt_compat.
  apply Rle_ge; apply (by_cost modes eta T pos steps); intros.
  apply (cost_stated modes); try easy; unfold Rdiv in far; lra.
Qed.
