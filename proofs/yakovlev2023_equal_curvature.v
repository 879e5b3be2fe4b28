(** Where L = mu and gamma = 1 - eta mu = q^2, Yakovlev et al. 2023, only the transient part of the bias
    remains: eta C' H_2 times sum_(0<k<T) a^k (a^(T-k) - a^T) = a^T (T - S_T(a)) times w_0 - w_* . Printed:
    q^(T-1) (T - 1) (1 - q) <= 1. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors Discount.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let q := number x "q".
Let a := q ^ 2.
Let L := (1 - a) / number x "eta".
Let steps := whole x "steps".

(** The same point with one eigenvalue L in all directions, and the discount a. *)
Definition equal : point K :=
  ("eigenvalues", Vector (map (fun _ => L) (vector x "cross"))) :: ("gamma", Number a) :: x.
Definition squared_bias : K := dot (dimension equal) (bias equal) (bias equal).
Definition B : K := number x "eta" * largest (map abs (vector x "cross")).

Definition printed_margins := [
  ("q < 1", Positive, 1 - q);
  ("mu_2 <= L_2", Nonnegative, number x "L2" - number x "mu2");
  ("L_2 <= L", Nonnegative, L - number x "L2")].
Definition printed_sides :=
  [(squared_bias, (2 * L * B * number x "R" * q ^ (steps + 1) / (1 - q)) ^ 2)].

Definition stated_margins := [
  ("q < 1", Positive, 1 - q);
  ("mu_2 <= L_2", Nonnegative, number x "L2" - number x "mu2")].
Definition stated_sides :=
  [(squared_bias,
    (B * number x "L2" * number x "R" * a ^ steps * (of_nat steps - geometric a steps)) ^ 2)].
End Statement.

(** A number in (0, h]. *)
Definition POSITIVE_UP_TO (h : option Z) :=
  {| low := Some 0%Z; high := h; is_open := true; is_whole := false; axis := "" |}.
Definition DOMAIN : domain := [
  ("q", POSITIVE_UP_TO None);
  ("eta", POSITIVE_UP_TO None);
  ("cross", CROSS);
  ("error", ALONG);
  ("gradient", ALONG);
  ("outer", ALONG);
  ("R", NORM);
  ("G", NORM);
  ("L2", ABOVE_ZERO);
  ("mu2", ABOVE_ZERO);
  ("steps", STEPS)].

Definition printed := {|
  of_domain := DOMAIN;
  margins := @printed_margins;
  sides := @printed_sides;
  related := Le
|}.
Definition stated := {|
  of_domain := DOMAIN;
  margins := @stated_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Lemma below_ones n : below n (fun _ => 1) = INR n.
Proof. induction n as [| n IH]; [reflexivity |]; rewrite below_S, IH, S_INR; ring. Qed.

(** sum_(k<T) a^k (a^(T-k) - a^T) = a^T (T - S_T(a)). *)
Lemma drift_equal a n : drift a a n = a ^ n * (INR n - geometric a n).
Proof.
  unfold drift; rewrite geometric_below.
  rewrite (below_ext n _ (fun k => a ^ n * 1 + - a ^ n * a ^ k)).
  - rewrite below_plus, !below_scale.
    rewrite below_ones; change (below n (pow a)) with (below n (fun k => a ^ k)); ring.
  - intros k small; rewrite Rmult_minus_distr_l, <- pow_add.
    replace (k + (n - k))%nat with n by lia; ring.
Qed.

(** T - S_T(a) is between 0 and T - 1, for 0 <= a <= 1 and T >= 1. *)
Lemma lost_steps a n : 0 <= a <= 1 -> 0 <= INR (S n) - geometric a (S n) <= INR n.
Proof.
  intro at_a; induction n as [| n IH]; [cbn; lra |].
  replace (geometric a (S (S n))) with (geometric a (S n) + a ^ S n) by reflexivity.
  rewrite (S_INR (S n)), (S_INR n) in *.
  assert (0 <= a ^ S n) by (apply pow_le; lra).
  assert (a ^ S n <= 1 ^ S n) by (apply pow_incr; lra).
  rewrite pow1 in *; lra.
Qed.

(** n q^n (1 - q) <= 1: the n terms of 1 + ... + q^(n-1) are at least q^n. *)
Lemma slow_decay q n : 0 <= q <= 1 -> INR n * q ^ n * (1 - q) <= 1 - q ^ n.
Proof.
  intro at_q; induction n as [| n IH]; [cbn; lra |].
  rewrite S_INR; cbn [pow]; assert (at_p : 0 <= q ^ n) by (apply pow_le; lra).
  assert (0 <= INR n) by apply pos_INR.
  assert (INR n * (q * q ^ n) * (1 - q) <= INR n * q ^ n * (1 - q)).
  { apply Rmult_le_compat_r; [lra |]; apply Rmult_le_compat_l; [easy | nra]. }
  assert (0 <= q ^ n * (1 - q) ^ 2) by (apply Rmult_le_pos; [easy | apply pow2_ge_0]).
  lra.
Qed.

Section Bound.
Variable x : point R.
Let q := number x "q".
Let a := q ^ 2.
Let n := whole x "steps".
Hypothesis some : vector x "cross" <> [].
Hypothesis at_q : 0 < q < 1.
Hypothesis at_eta : 0 < number x "eta".
Hypothesis order : 0 <= number x "mu2" <= number x "L2".
Hypothesis at_R : 0 <= number x "R".

Let size := Rabs (a ^ n * (INR n - geometric a n)).

Lemma dimension_equal : dimension (equal x) = List.length (vector x "cross").
Proof. apply map_length. Qed.

(** |bias| <= B L_2 R |a^T (T - S_T(a))|. *)
Lemma bias_norm : squared_bias x <= (B x * (number x "L2" * (size * number x "R"))) ^ 2.
Proof.
  unfold squared_bias; set (y := equal x); set (d := dimension y).
  assert (d_some : (1 <= dimension y)%nat).
  { unfold y; rewrite dimension_equal; destruct (vector x "cross"); [easy | cbn; lia]. }
  assert (factors : forall i, (i < d)%nat -> factor y i = a).
  { intros i small; unfold factor.
    assert (constant : entry (vector y "eigenvalues") i = (1 - a) / number x "eta").
    { unfold entry; cbn; rewrite (nth_indep _ _ ((1 - a) / number x "eta")) by exact small.
      apply (map_nth (fun _ => (1 - a) / number x "eta") (vector x "cross") 0). }
    rewrite constant; change (eta y) with (number x "eta"); plain; field; lra. }
  assert (crosses : forall i, (i < d)%nat -> Rabs (cross y i) <= largest (map abs (vector x "cross"))).
  { intros i small; rewrite <- abs_Rabs; apply largest_most, in_map.
    apply (entry_in (vector x "cross")); rewrite <- dimension_equal; exact small. }
  set (moved := fun j => drift (factor y j) (gamma y) (T y) * error y j).
  assert (moved_norm : dot d moved moved <= size ^ 2 * number x "R" ^ 2).
  { eapply Rle_trans; [apply (norm_by_entries d size _ (error y)) |].
    - intros i small; unfold moved; rewrite Rabs_mult, factors by easy.
      apply Rmult_le_compat_r; [apply Rabs_pos |].
      right; unfold size; rewrite <- drift_equal; reflexivity.
    - unfold d, error; rewrite along_norm by easy; right; reflexivity. }
  assert (turned_norm : dot d (outer_hessian y moved) (outer_hessian y moved)
    <= (number x "L2" * (size * number x "R")) ^ 2).
  { eapply Rle_trans; [apply outer_hessian_norm; [easy | exact order] |].
    change (number y "L2") with (number x "L2").
    apply Rle_trans with (number x "L2" ^ 2 * (size ^ 2 * number x "R" ^ 2)); [| right; ring].
    apply Rmult_le_compat_l; [apply pow2_ge_0 | exact moved_norm]. }
  eapply Rle_trans; [apply (norm_by_entries d (B x) _ (outer_hessian y moved)) |].
  - intros i small; rewrite bias_entry, factors by easy.
    change (gamma y) with a at 1.
    replace (geometric a (T y) - geometric a (T y)) with 0 by ring.
    rewrite Rmult_0_l, Rplus_0_l; fold moved; rewrite Rabs_mult.
    apply Rmult_le_compat_r; [apply Rabs_pos |].
    change (eta y) with (number x "eta"); rewrite Rabs_mult, (Rabs_right (number x "eta")) by lra.
    apply Rmult_le_compat_l; [lra | now apply crosses].
  - rewrite (Rpow_mult_distr (B x)); apply Rmult_le_compat_l; [apply pow2_ge_0 | exact turned_norm].
Qed.
End Bound.

Lemma within_positive_up (v : R) : within (POSITIVE_UP_TO None) v = true -> 0 < v.
Proof. unfold within; cbn -[ltb]; rewrite andb_true_r; apply ltb_true. Qed.

(** What a point gives. *)
Lemma read_equal x : reads DOMAIN x = true ->
  vector x "cross" <> [] /\ 0 < number x "q" /\ 0 < number x "eta" /\ 0 < number x "mu2"
  /\ 0 <= number x "R" /\ (1 <= whole x "steps")%nat.
Proof.
  intro inside; split; [| split; [| split; [| split; [| split]]]].
  - destruct (read_level DOMAIN x inside "cross" CROSS "cross" CROSS) as [_ some];
      [cbn; tauto | cbn; tauto | easy | easy | exact some].
  - apply within_positive_up, (read_number DOMAIN x inside); cbn; tauto.
  - apply within_positive_up, (read_number DOMAIN x inside); cbn; tauto.
  - apply within_above_zero, (read_number DOMAIN x inside); cbn; tauto.
  - apply within_norm, (read_number DOMAIN x inside); cbn; tauto.
  - apply within_steps, (read_whole DOMAIN x inside); cbn; tauto.
Qed.

Theorem yakovlev2023_equal_curvature_stated : holds stated.
Proof.
  intros x inside assumed.
  destruct (read_equal x inside) as (some & at_q & at_eta & at_mu2 & at_R & steps).
  cbn [stated margins] in assumed; unfold stated_margins in assumed.
  split_margins assumed; destruct assumed as (small & order & _).
  cbn [stated sides related]; unfold stated_sides; rewrite of_nat_INR; plain; split_sides.
  eapply Rle_trans; [apply bias_norm; try easy; lra |].
  right; rewrite !Rpow_mult_distr, pow2_abs; ring.
Qed.

Theorem yakovlev2023_equal_curvature_printed : holds printed.
Proof.
  intros x inside assumed.
  destruct (read_equal x inside) as (some & at_q & at_eta & at_mu2 & at_R & steps).
  cbn [printed margins] in assumed; unfold printed_margins in assumed.
  split_margins assumed; destruct assumed as (small & order & smooth & _).
  cbn [printed sides related]; unfold printed_sides; plain; split_sides.
  eapply Rle_trans; [apply bias_norm; try easy; lra |].
  set (q := number x "q") in *; set (n := whole x "steps") in *.
  set (L := (1 - q ^ 2) / number x "eta") in *; set (L2 := number x "L2") in *.
  set (r := number x "R") in *.
  assert (at_B : 0 <= B x).
  { unfold B; plain; apply Rmult_le_pos; [lra |].
    destruct (vector x "cross") as [| c rest] eqn:crosses; [easy |].
    apply Rle_trans with (abs c); [rewrite abs_Rabs; apply Rabs_pos |].
    apply largest_most, in_map; now left. }
  assert (at_a : 0 <= q ^ 2 <= 1) by nra.
  assert (lost : 0 <= INR n - geometric (q ^ 2) n <= INR (n - 1)).
  { generalize (lost_steps (q ^ 2) (n - 1) at_a); now replace (S (n - 1)) with n by lia. }
  assert (power : 0 <= (q ^ 2) ^ n) by (apply pow_le; lra).
  rewrite Rabs_right by (apply Rle_ge, Rmult_le_pos; lra).
  (* (q^2)^T (T - S_T) (1 - q) <= q^(T+1) *)
  assert (decay : (q ^ 2) ^ n * (INR n - geometric (q ^ 2) n) * (1 - q) <= q ^ (n + 1)).
  { generalize (slow_decay q (n - 1) ltac:(lra)); intro slow.
    assert (0 <= q ^ (n - 1)) by (apply pow_le; lra).
    assert (up : 0 <= q ^ (n + 1)) by (apply pow_le; lra).
    replace ((q ^ 2) ^ n) with (q ^ (n + 1) * q ^ (n - 1)).
    2:{ rewrite <- pow_add, <- pow_mult; f_equal; lia. }
    assert (q ^ (n - 1) * (INR n - geometric (q ^ 2) n) * (1 - q) <= 1).
    { apply Rle_trans with (INR (n - 1) * q ^ (n - 1) * (1 - q)); [| lra].
      apply Rmult_le_compat_r; [lra |]; rewrite Rmult_comm; apply Rmult_le_compat_r; lra. }
    apply Rle_trans with (q ^ (n + 1) * (q ^ (n - 1) * (INR n - geometric (q ^ 2) n) * (1 - q)));
      [right; ring |].
    rewrite <- (Rmult_1_r (q ^ (n + 1))) at 2; now apply Rmult_le_compat_l. }
  set (size := (q ^ 2) ^ n * (INR n - geometric (q ^ 2) n)) in *.
  assert (at_size : 0 <= size) by (apply Rmult_le_pos; lra).
  assert (size <= q ^ (n + 1) / (1 - q)).
  { apply (Rmult_le_reg_r (1 - q)); [lra |].
    replace (q ^ (n + 1) / (1 - q) * (1 - q)) with (q ^ (n + 1)) by (field; lra); easy. }
  apply pow_incr; split.
  - apply Rmult_le_pos; [easy |]; apply Rmult_le_pos; [lra | apply Rmult_le_pos; lra].
  - replace (2 * L * B x * r * q ^ (n + 1) / (1 - q))
      with (B x * (2 * L * (q ^ (n + 1) / (1 - q) * r))) by (field; lra).
    apply Rmult_le_compat_l; [easy |].
    assert (size * r <= q ^ (n + 1) / (1 - q) * r) by (apply Rmult_le_compat_r; easy).
    assert (0 <= size * r) by now apply Rmult_le_pos.
    apply Rmult_le_compat; lra.
Qed.
