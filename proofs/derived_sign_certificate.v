(** When a truncated Neumann series has the sign of the exact hypergradient: if they differ, the
    cosine of v and u, in the metric of H^-1 or of f_J(H), is at most (k - 1)/(k + 1), k the ratio of
    the extremes m_+ and m_- of m_i = 1 - (1 - nu lambda_i)^(J+1).

    With weights w_i and m = (m_+ + m_-)/2 the two products are sum w v u and sum w m_i v u; where they
    have opposite signs, m |sum w v u| <= |sum w (m_i - m) v u|, and Cauchy-Schwarz bounds that. For the
    other metric take the weights w_i m_i and the factors 1/m_i. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors Neumann.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let d := dimension x.

(** m_i, and the least and the largest of them. *)
Definition strength (i : nat) : K := 1 - (1 - nu x * lam x i) ^ (J x + 1).
Definition weakest : K := smallest (map strength (seq 0 d)).
Definition strongest : K := largest (map strength (seq 0 d)).
(** Products of two vectors in the metric H^-1, and in f_J(H), by the loop. *)
Definition exact (a b : nat -> K) : K := dot d a (inverse x b).
Definition truncated (a b : nat -> K) : K :=
  let sum := series x b (J x) in dot d a (fun i => nu x * sum i).

(** 1 where the two signs differ, or one is 0; -1 where they agree. *)
Definition differ : K :=
  if leb (exact (v x) (u x) * truncated (v x) (u x)) 0 then 1 else 0 - 1.

Definition stated_margins := [("m_- > 0", Positive, weakest)].
Definition stated_sides :=
  map (fun product : (nat -> K) -> (nat -> K) -> K =>
    (differ * product (v x) (u x) ^ 2 * (strongest + weakest) ^ 2,
     product (v x) (v x) * product (u x) (u x) * (strongest - weakest) ^ 2))
    [exact; truncated].
End Statement.

Definition stated := {|
  of_domain := SPECTRUM;
  margins := @stated_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** *** Cauchy-Schwarz with weights and factors *)

Lemma weighted_cauchy_schwarz d (w a b : nat -> R) : (forall i, (i < d)%nat -> 0 <= w i) ->
  below d (fun i => w i * a i * b i) ^ 2
  <= below d (fun i => w i * a i ^ 2) * below d (fun i => w i * b i ^ 2).
Proof.
  intro pos; apply discriminant; intros p q.
  replace (_ - _ + _) with (below d (fun i => w i * (p * a i - q * b i) ^ 2)).
  - apply below_nonneg; intros i small; apply Rmult_le_pos; [now apply pos | apply pow2_ge_0].
  - rewrite (below_ext d _ (fun i => p ^ 2 * (w i * a i ^ 2)
      + (- (2 * p * q) * (w i * a i * b i) + q ^ 2 * (w i * b i ^ 2)))) by (intros; ring).
    rewrite !below_plus, !below_scale; ring.
Qed.

(** Opposite signs of sum w a b and sum w f a b, low <= f <= high, make the first one small. *)
Lemma opposite_signs d (w f a b : nat -> R) low high : 0 < low ->
  (forall i, (i < d)%nat -> 0 <= w i /\ low <= f i <= high) ->
  below d (fun i => w i * a i * b i) * below d (fun i => w i * f i * a i * b i) <= 0 ->
  below d (fun i => w i * a i * b i) ^ 2 * (high + low) ^ 2
  <= below d (fun i => w i * a i ^ 2) * below d (fun i => w i * b i ^ 2) * (high - low) ^ 2.
Proof.
  intros at_low each opposite.
  assert (pos : forall i, (i < d)%nat -> 0 <= w i) by (intros i small; now apply each).
  set (A := below d (fun i => w i * a i * b i)) in *.
  set (M := below d (fun i => w i * f i * a i * b i)) in *.
  set (m := (high + low) / 2).
  (* M - m A is a product of a with (f - m) b *)
  assert (difference : M - m * A = below d (fun i => w i * a i * ((f i - m) * b i))).
  { unfold M, A; replace (_ - _) with (below d (fun i => w i * f i * a i * b i)
      + - m * below d (fun i => w i * a i * b i)) by ring.
    rewrite <- below_scale, <- below_plus; apply below_ext; intros; ring. }
  assert (schwarz : below d (fun i => w i * a i * ((f i - m) * b i)) ^ 2
    <= below d (fun i => w i * a i ^ 2) * below d (fun i => w i * ((f i - m) * b i) ^ 2)).
  { exact (weighted_cauchy_schwarz d w a (fun i => (f i - m) * b i) pos). }
  rewrite <- difference in schwarz.
  set (P := below d (fun i => w i * a i ^ 2)) in *.
  set (S := below d (fun i => w i * b i ^ 2)) in *.
  assert (at_P : 0 <= P).
  { apply below_nonneg; intros i small; apply Rmult_le_pos; [now apply pos | apply pow2_ge_0]. }
  assert (inner : below d (fun i => w i * ((f i - m) * b i) ^ 2) <= ((high - low) / 2) ^ 2 * S).
  { unfold S; rewrite <- below_scale; apply below_le; intros i small.
    destruct (each i small) as [at_w [least most]].
    assert (near : (f i - m) ^ 2 <= ((high - low) / 2) ^ 2) by (unfold m; nra).
    assert (0 <= w i * b i ^ 2) by (apply Rmult_le_pos; [easy | apply pow2_ge_0]).
    nra. }
  assert (bound : (M - m * A) ^ 2 <= P * (((high - low) / 2) ^ 2 * S)).
  { eapply Rle_trans; [exact schwarz | now apply Rmult_le_compat_l]. }
  (* opposite signs: (m A)^2 <= (M - m A)^2 *)
  destruct (Nat.eq_dec d 0) as [none | some].
  - unfold A, P; rewrite none; cbn; lra.
  - assert (0 < m) by (destruct (each O); [lia | unfold m; lra]).
    assert ((m * A) ^ 2 <= (M - m * A) ^ 2).
    { assert (0 <= M ^ 2) by apply pow2_ge_0.
      assert (m * (A * M) <= 0) by nra.
      nra. }
    unfold m in *; nra.
Qed.

(** *** Both products in the eigenbasis *)

Section Products.
Variable x : point R.
Let d := dimension x.
Hypothesis pos : forall i, (i < d)%nat -> 0 < lam x i.

Lemma exact_by_modes a b : exact x a b
  = below d (fun i => / lam x i * reflect x a i * reflect x b i).
Proof.
  unfold exact; rewrite <- reflect_products; unfold dot; plain; apply below_ext; intros i small.
  rewrite turned_inverse by easy; unfold Rdiv; ring.
Qed.

Lemma truncated_by_modes a b : truncated x a b
  = below d (fun i => / lam x i * strength x i * reflect x a i * reflect x b i).
Proof.
  unfold truncated; cbn zeta; plain.
  rewrite (dot_ext _ a (fun i => nu x * series x b (J x) i) a
    (fun i => nu x * series x b (J x) i + 0 * series x b (J x) i)) by (intros; ring).
  rewrite <- reflect_products; unfold dot; plain; apply below_ext; intros i small.
  rewrite reflect_linear, turned_series by easy; unfold strength; plain.
  generalize (telescope (1 - nu x * lam x i) (S (J x))), (pos i small); intros sum at_lam.
  replace (J x + 1)%nat with (S (J x)) by lia.
  replace (1 - (1 - nu x * lam x i)) with (nu x * lam x i) in sum by ring.
  rewrite <- sum; field; lra.
Qed.
End Products.

Theorem derived_sign_certificate_stated : holds stated.
Proof.
  intros x inside assumed; generalize (read_spectrum x inside); intro pos.
  cbn [stated margins] in assumed; unfold stated_margins in assumed.
  split_margins assumed; destruct assumed as (at_weakest & _).
  set (low := weakest x) in *; set (high := strongest x).
  assert (between : forall i, (i < dimension x)%nat -> low <= strength x i <= high).
  { intros i small; split.
    - apply smallest_least, in_map_iff; exists i; split; [easy | apply in_seq; lia].
    - apply largest_most, in_map_iff; exists i; split; [easy | apply in_seq; lia]. }
  set (a := reflect x (v x)); set (b := reflect x (u x)).
  assert (inverse_pos : forall i, (i < dimension x)%nat -> 0 < / lam x i).
  { intros i small; apply Rinv_0_lt_compat, pos, small. }
  cbn [stated sides related]; unfold stated_sides, differ; cbn [map]; plain.
  fold low high.
  rewrite !exact_by_modes, !truncated_by_modes by easy; fold a b.
  assert (as_squares : forall (w c : nat -> R),
    below (dimension x) (fun i => w i * c i * c i) = below (dimension x) (fun i => w i * c i ^ 2)).
  { intros; apply below_ext; intros; ring. }
  rewrite !as_squares.
  assert (nonneg : forall w c : nat -> R, (forall i, (i < dimension x)%nat -> 0 <= w i) ->
    0 <= below (dimension x) (fun i => w i * c i ^ 2)).
  { intros w c all; apply below_nonneg; intros i small.
    apply Rmult_le_pos; [now apply all | apply pow2_ge_0]. }
  assert (product_pos : forall i, (i < dimension x)%nat -> 0 < / lam x i * strength x i).
  { intros i small; destruct (between i small); apply Rmult_lt_0_compat; [now apply inverse_pos | lra]. }
  assert (squares : forall w : nat -> R, (forall i, (i < dimension x)%nat -> 0 < w i) ->
    0 <= below (dimension x) (fun i => w i * a i ^ 2) * below (dimension x) (fun i => w i * b i ^ 2)
      * (high - low) ^ 2).
  { intros w all; apply Rmult_le_pos; [| apply pow2_ge_0].
    apply Rmult_le_pos; apply nonneg; intros; now apply Rlt_le, all. }
  destruct (leb _ 0) eqn:signs.
  - (* the signs differ *)
    apply leb_true in signs; split_sides; rewrite Rmult_1_l.
    + apply (opposite_signs _ (fun i => / lam x i) (strength x) a b); [easy | | easy].
      intros i small; split; [now apply Rlt_le, inverse_pos | now apply between].
    + (* the other metric: weights w m, factors 1/m between 1/high and 1/low *)
      destruct (Nat.eq_dec (dimension x) 0) as [none | some]; [rewrite none; cbn; lra |].
      assert (order : low <= high) by (destruct (between O); [lia | lra]).
      assert (other := opposite_signs (dimension x) (fun i => / lam x i * strength x i)
        (fun i => / strength x i) a b (/ high) (/ low)).
      cbv beta in other.
      rewrite (below_ext (dimension x)
        (fun i => / lam x i * strength x i * / strength x i * a i * b i)
        (fun i => / lam x i * a i * b i)) in other.
      2:{ intros i small; destruct (between i small).
          generalize (pos i small); intro; field; split; lra. }
      set (A := below _ (fun i => _ * strength x i * a i * b i)) in *.
      set (P := below _ (fun i => _ * strength x i * a i ^ 2)) in *.
      set (S := below _ (fun i => _ * strength x i * b i ^ 2)) in *.
      assert (found : A ^ 2 * (/ low + / high) ^ 2 <= P * S * (/ low - / high) ^ 2).
      { apply other; [apply Rinv_0_lt_compat; lra | | lra].
        intros i small; destruct (between i small).
        split; [now apply Rlt_le, product_pos | split; apply Rinv_le_contravar; lra]. }
      apply (Rmult_le_compat_r ((low * high) ^ 2)) in found; [| apply pow2_ge_0].
      replace (A ^ 2 * (/ low + / high) ^ 2 * (low * high) ^ 2)
        with (A ^ 2 * (high + low) ^ 2) in found by (field; lra).
      replace (P * S * (/ low - / high) ^ 2 * (low * high) ^ 2)
        with (P * S * (high - low) ^ 2) in found by (field; lra).
      easy.
  - (* the signs agree: nothing is claimed *)
    split_sides.
    + generalize (squares (fun i => / lam x i) inverse_pos).
      set (A := below _ (fun i => / lam x i * a i * b i)).
      assert (0 <= A ^ 2 * (high + low) ^ 2) by (apply Rmult_le_pos; apply pow2_ge_0).
      lra.
    + generalize (squares (fun i => / lam x i * strength x i) product_pos).
      set (A := below _ (fun i => / lam x i * strength x i * a i * b i)).
      assert (0 <= A ^ 2 * (high + low) ^ 2) by (apply Rmult_le_pos; apply pow2_ge_0).
      lra.
Qed.
