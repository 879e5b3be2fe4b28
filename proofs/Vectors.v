(** Vectors by their entries, sums below a dimension, unit vectors with rational entries, and the
    two inequalities of norms: Cauchy-Schwarz and the triangle inequality, in squares. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.

(** ** Definitions *)

Section Vectors.
Context {K : Type} `{Num K}.

(** An entry of a list. *)
Definition entry (v : list K) (i : nat) : K := nth i v 0.
(** The sum over i < d. *)
Fixpoint below (d : nat) (f : nat -> K) : K :=
  match d with O => 0 | S n => below n f + f n end.
Definition dot (d : nat) (u v : nat -> K) : K := below d (fun i => u i * v i).
(** The same vector, with entries below d that are computed once. *)
Definition kept (d : nat) (v : nat -> K) : nat -> K :=
  let entries := map v (seq 0 d) in fun i => nth i entries 0.
(** The first unit vector. *)
Definition first (i : nat) : K := if Nat.eqb i 0 then 1 else 0.
(** It reflected in the line of x, which has rational entries; the sign of the last entry turns it
    round. *)
Definition direction (d : nat) (x : nat -> K) : nat -> K :=
  let square := dot d x x in
  let turn := if ltb (x (d - 1)%nat) 0 then 0 - 1 else 1 in
  if eqb square 0 then first
  else kept d (fun i => turn * (2 * x i * x O / square - first i)).
End Vectors.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** ** Sums *)

Lemma below_S d (f : nat -> R) : below (S d) f = below d f + f d.
Proof. reflexivity. Qed.

Lemma below_ext d (f g : nat -> R) :
  (forall i, (i < d)%nat -> f i = g i) -> below d f = below d g.
Proof.
  induction d as [| d IH]; intro same; [reflexivity |].
  rewrite !below_S, same by lia; f_equal; apply IH; intros; apply same; lia.
Qed.

Lemma below_plus d (f g : nat -> R) : below d (fun i => f i + g i) = below d f + below d g.
Proof.
  induction d as [| d IH]; [cbn; lra |]; rewrite !below_S, IH; ring.
Qed.

Lemma below_scale d c (f : nat -> R) : below d (fun i => c * f i) = c * below d f.
Proof.
  induction d as [| d IH]; [cbn; lra |]; rewrite !below_S, IH; ring.
Qed.

Lemma below_le d (f g : nat -> R) :
  (forall i, (i < d)%nat -> f i <= g i) -> below d f <= below d g.
Proof.
  induction d as [| d IH]; intro le; [cbn; lra |]; rewrite !below_S.
  apply Rplus_le_compat; [apply IH; intros; apply le; lia | apply le; lia].
Qed.

Lemma below_zero d : below d (fun _ => 0) = 0.
Proof. induction d as [| d IH]; [reflexivity |]; rewrite below_S, IH; lra. Qed.

Lemma below_nonneg d (f : nat -> R) : (forall i, (i < d)%nat -> 0 <= f i) -> 0 <= below d f.
Proof. intro all; rewrite <- (below_zero d); now apply below_le. Qed.

(** Two sums in either order. *)
Lemma below_swap d n (f : nat -> nat -> R) :
  below d (fun i => below n (f i)) = below n (fun j => below d (fun i => f i j)).
Proof.
  induction d as [| d IH].
  - cbn; symmetry; apply below_zero.
  - rewrite below_S, IH, <- below_plus; reflexivity.
Qed.

(** The first term apart. *)
Lemma below_first d (f : nat -> R) : below (S d) f = f O + below d (fun i => f (S i)).
Proof.
  induction d as [| d IH]; [cbn; lra |].
  rewrite below_S, IH, below_S; lra.
Qed.

Lemma geometric_below a n : geometric a n = below n (fun k => a ^ k).
Proof. induction n as [| n IH]; [reflexivity |]; cbn; rewrite IH; reflexivity. Qed.

Lemma kept_entry d (v : nat -> R) i : (i < d)%nat -> kept d v i = v i.
Proof.
  intro small; unfold kept; rewrite (nth_indep _ _ (v O)) by now rewrite map_length, seq_length.
  rewrite map_nth, seq_nth; easy.
Qed.

(** ** Products and norms *)

Lemma dot_ext d (u v u' v' : nat -> R) :
  (forall i, (i < d)%nat -> u i = u' i) -> (forall i, (i < d)%nat -> v i = v' i) ->
  dot d u v = dot d u' v'.
Proof. intros one two; apply below_ext; intros; now rewrite one, two. Qed.

Lemma dot_sym d (u v : nat -> R) : dot d u v = dot d v u.
Proof. apply below_ext; intros; plain; ring. Qed.

Lemma dot_square d (v : nat -> R) : 0 <= dot d v v.
Proof. apply below_nonneg; intros; plain; nra. Qed.

(** |x u - y v|^2. *)
Lemma dot_combined d x y (u v : nat -> R) :
  dot d (fun i => x * u i + y * v i) (fun i => x * u i + y * v i)
  = x ^ 2 * dot d u u + 2 * x * y * dot d u v + y ^ 2 * dot d v v.
Proof.
  unfold dot; plain; rewrite <- !below_scale, <- !below_plus; apply below_ext; intros; ring.
Qed.

Lemma dot_cauchy_schwarz d (u v : nat -> R) : dot d u v ^ 2 <= dot d u u * dot d v v.
Proof.
  apply discriminant; intros x y; generalize (dot_square d (fun i => x * u i + - y * v i)).
  rewrite dot_combined; lra.
Qed.

(** If each entry of p is at most M times that of v, so is the norm. *)
Lemma norm_by_entries d M (p v : nat -> R) :
  (forall i, (i < d)%nat -> Rabs (p i) <= M * Rabs (v i)) -> dot d p p <= M ^ 2 * dot d v v.
Proof.
  intro each; unfold dot; plain; rewrite <- below_scale; apply below_le; intros i small.
  replace (p i * p i) with (Rabs (p i) * Rabs (p i)) by (rewrite <- Rabs_mult, Rabs_right; nra).
  replace (M ^ 2 * (v i * v i)) with ((M * Rabs (v i)) * (M * Rabs (v i))).
  - apply Rmult_le_compat; auto using Rabs_pos.
  - replace (v i * v i) with (Rabs (v i) * Rabs (v i)) by (rewrite <- Rabs_mult, Rabs_right; nra).
    ring.
Qed.

(** The norm of a sum. *)
Lemma norm_of_sum d P Q (p q : nat -> R) :
  0 <= P -> 0 <= Q -> dot d p p <= P ^ 2 -> dot d q q <= Q ^ 2 ->
  dot d (fun i => p i + q i) (fun i => p i + q i) <= (P + Q) ^ 2.
Proof.
  intros at_P at_Q first second.
  replace (dot d (fun i => p i + q i) (fun i => p i + q i))
    with (dot d (fun i => 1 * p i + 1 * q i) (fun i => 1 * p i + 1 * q i)).
  2:{ apply dot_ext; intros; ring. }
  rewrite dot_combined; generalize (dot_cauchy_schwarz d p q), (dot_square d p), (dot_square d q).
  intros mixed p_pos q_pos.
  assert (dot d p q <= P * Q); [| nra].
  apply Rsqr_incr_0_var; [| nra]; unfold Rsqr.
  assert (dot d p p * dot d q q <= P ^ 2 * Q ^ 2) by (apply Rmult_le_compat; easy).
  nra.
Qed.

(** ** Unit vectors *)

Lemma below_against_first d (f : nat -> R) : (1 <= d)%nat -> below d (fun i => f i * first i) = f O.
Proof.
  intro some; destruct d as [| d]; [lia |]; rewrite below_first, (below_ext d _ (fun _ => 0)).
  - rewrite below_zero; unfold first; cbn; lra.
  - intros; unfold first; cbn; ring.
Qed.

Lemma first_unit d : (1 <= d)%nat -> dot d (@first R _) first = 1.
Proof. intro some; unfold dot; plain; now rewrite below_against_first. Qed.

Lemma direction_unit d (x : nat -> R) : (1 <= d)%nat -> dot d (direction d x) (direction d x) = 1.
Proof.
  intro some; unfold direction; cbn zeta; plain.
  destruct (eqb (dot d x x) 0) eqn:zero; [now apply first_unit |].
  apply eqb_false in zero; set (N := dot d x x) in *.
  set (turn := if ltb (x (d - 1)%nat) 0 then 0 - 1 else 1).
  assert (square : turn * turn = 1) by (unfold turn; destruct (ltb _ _); ring).
  rewrite (dot_ext d _ _ (fun i => turn * (2 * x O / N) * x i + - turn * first i)
    (fun i => turn * (2 * x O / N) * x i + - turn * first i)).
  2, 3: intros i small; rewrite kept_entry by easy; field; easy.
  rewrite dot_combined, first_unit by easy; fold N.
  unfold dot; plain; rewrite (below_against_first d x) by easy.
  replace ((turn * (2 * x 0%nat / N)) ^ 2) with (turn * turn * (2 * x 0%nat / N) ^ 2) by ring.
  replace (2 * (turn * (2 * x 0%nat / N)) * - turn) with (- (turn * turn) * 2 * (2 * x 0%nat / N)) by ring.
  replace ((- turn) ^ 2) with (turn * turn) by ring.
  rewrite square; field; easy.
Qed.
