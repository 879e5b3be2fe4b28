(** The hypergradient of an unrolled optimiser is the direct term plus sum_t B_t A_(t+1) ... A_T g_T,
    Yakovlev et al. 2023, with w_t = Phi(w_(t-1)), A_t and B_t the transposed derivatives of the step,
    and a start that the hyperparameters do not move. Forward differentiation on one side, the sum
    from the last step back on the other, for a step

      Phi(w) = w - (D w + alpha_1 K w + bend w o w - alpha_2 c)

    whose Jacobians depend on w, do not commute and are not symmetric. The idea does not need that
    step: p' dw = sum of B'p over the steps done + what is left, step by step from the end. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Definition VECTOR := AT_LEAST (-2) "d".
Definition NUMBER := AT_LEAST (-2) "".

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let d := List.length (vector x "diagonal").
Let along (name : string) : nat -> K := entry (vector x name).
Let c := along "force".
Let bend := number x "bend".
Let first := number x "first".
Let second := number x "second".
Let T := whole x "steps".

(** D = diag(diagonal) + left right', K = right left', and their transposes. *)
Definition times_D (w : nat -> K) : nat -> K :=
  let inner := dot d (along "right") w in
  fun i => along "diagonal" i * w i + along "left" i * inner.
Definition times_D' (p : nat -> K) : nat -> K :=
  let inner := dot d (along "left") p in
  fun i => along "diagonal" i * p i + along "right" i * inner.
Definition times_K (w : nat -> K) : nat -> K :=
  let inner := dot d (along "left") w in fun i => along "right" i * inner.
Definition times_K' (p : nat -> K) : nat -> K :=
  let inner := dot d (along "right") p in fun i => along "left" i * inner.

Definition step (w : nat -> K) : nat -> K :=
  let first_part := times_D w in
  let second_part := times_K w in
  kept d (fun i =>
    w i - first_part i - first * second_part i - w i * w i * bend + second * c i).
Fixpoint state (t : nat) : nat -> K :=
  match t with O => along "start" | S s => step (state s) end.

(** The derivative of a step at w, and its transpose A. *)
Definition push (w e : nat -> K) : nat -> K :=
  let first_part := times_D e in
  let second_part := times_K e in
  fun i => e i - first_part i - first * second_part i - 2 * bend * w i * e i.
Definition pull (w p : nat -> K) : nat -> K :=
  let first_part := times_D' p in
  let second_part := times_K' p in
  kept d (fun i => p i - first_part i - first * second_part i - 2 * bend * w i * p i).
(** The derivative of a step in alpha_1 and in alpha_2. *)
Definition direct_first (w : nat -> K) : nat -> K :=
  let product := times_K w in fun i => 0 - product i.
Definition direct_second (w : nat -> K) : nat -> K := c.

(** dw_t / dalpha, from dw_0 / dalpha on. *)
Fixpoint tangent (direct : (nat -> K) -> nat -> K) (begin : nat -> K) (t : nat) : nat -> K :=
  match t with
  | O => begin
  | S s =>
    let w := state s in
    let moved := push w (tangent direct begin s) in
    let added := direct w in
    kept d (fun i => moved i + added i)
  end.

(** L_2 = |w - v|^2 / 2 + alpha_1 (c'w)^2 / 2 + alpha_2 alpha_1^2: its gradient in w, and directly in
    alpha. *)
Definition last : nat -> K := state T.
Definition outer_gradient : nat -> K :=
  let w := last in
  let inner := dot d c w in
  kept d (fun i => w i - along "target" i + first * inner * c i).
Definition outer_first : K := dot d c last ^ 2 / 2 + 2 * first * second.
Definition outer_second : K := first ^ 2.

(** The sum of B'p over the last n of n steps, p pulled back by each. *)
Fixpoint collected (direct : (nat -> K) -> nat -> K) (n : nat) (p : nat -> K) : K :=
  match n with
  | O => 0
  | S k => let w := state k in dot d (direct w) p + collected direct k (pull w p)
  end.
Definition backward (direct : (nat -> K) -> nat -> K) : K := collected direct T outer_gradient.
(** The chain rule, forward. *)
Definition forward (direct : (nat -> K) -> nat -> K) (begin : nat -> K) : K :=
  let w := last in
  let e := tangent direct begin T in
  dot d (fun i => w i - along "target" i) e + first * dot d c w * dot d c e.

Definition printed_margins := [
  ("dw_0/dalpha = 0", Zero, dot d (along "drift") (along "drift"))].
Definition printed_sides := [
  (forward direct_first (along "drift") + outer_first, outer_first + backward direct_first);
  (forward direct_second (fun _ => 0) + outer_second, outer_second + backward direct_second)].
End Statement.

Definition printed := {|
  of_domain := [
    ("diagonal", VECTOR);
    ("left", VECTOR);
    ("right", VECTOR);
    ("force", VECTOR);
    ("start", VECTOR);
    ("drift", VECTOR);
    ("target", VECTOR);
    ("bend", NUMBER);
    ("first", NUMBER);
    ("second", NUMBER);
    ("steps", STEPS)];
  margins := @printed_margins;
  sides := @printed_sides;
  related := Eq
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Section Proof.
Variable x : point R.
Let d := List.length (vector x "diagonal").
Let T := whole x "steps".

Lemma dot_plus (p a b : nat -> R) : dot d p (fun i => a i + b i) = dot d p a + dot d p b.
Proof. unfold dot; plain; rewrite <- below_plus; apply below_ext; intros; ring. Qed.

(** A rank-one matrix and its transpose. *)
Lemma rank_one (p e a b : nat -> R) :
  dot d p (fun i => a i * dot d b e) = dot d (fun i => b i * dot d a p) e.
Proof.
  unfold dot at 1 3; plain.
  rewrite (below_ext d _ (fun i => dot d b e * (a i * p i))) by (intros; ring).
  rewrite (below_ext d (fun i => b i * dot d a p * e i) (fun i => dot d a p * (b i * e i))) by (intros; ring).
  rewrite !below_scale; unfold dot; plain; ring.
Qed.

(** p'(A' e) = (A p)'e. *)
Lemma pull_push w p e : dot d p (push x w e) = dot d (pull x w p) e.
Proof.
  set (k := number x "bend"); set (a := number x "first").
  set (left := entry (vector x "left")); set (right := entry (vector x "right")).
  set (diagonal := entry (vector x "diagonal")).
  rewrite (dot_ext d p (push x w e) p (fun i =>
    (e i - diagonal i * e i - 2 * k * w i * e i)
    + (- (1) * (left i * dot d right e) + - a * (right i * dot d left e)))).
  2: easy.
  2:{ intros; unfold push, times_D, times_K; cbn zeta; plain.
      fold d left right diagonal k a; ring. }
  rewrite dot_plus.
  rewrite (dot_ext d (pull x w p) e (fun i =>
    (p i - diagonal i * p i - 2 * k * w i * p i)
    + (- (1) * (right i * dot d left p) + - a * (left i * dot d right p))) e).
  3: easy.
  2:{ intros; unfold pull, times_D', times_K'; cbn zeta; fold d; rewrite kept_entry by easy; plain.
      fold left right diagonal k a; ring. }
  etransitivity; [| apply dot_sym]; rewrite !dot_plus.
  assert (scaled : forall q b s, dot d q (fun i => s * b i) = s * dot d q b).
  { intros; unfold dot; plain; rewrite <- below_scale; apply below_ext; intros; ring. }
  rewrite !scaled, (rank_one p e left right), (rank_one p e right left).
  rewrite (dot_sym d e (fun i => right i * dot d left p)), (dot_sym d e (fun i => left i * dot d right p)).
  f_equal; unfold dot; plain; apply below_ext; intros; ring.
Qed.

Section Direction.
Variables (direct : (nat -> R) -> nat -> R) (begin : nat -> R).

Hypothesis fixed : dot d begin begin = 0.

Lemma against_begin p : dot d p begin = 0.
Proof.
  generalize (dot_cauchy_schwarz d p begin); rewrite fixed, Rmult_0_r; intro small.
  assert (0 <= dot d p begin ^ 2) by apply pow2_ge_0.
  nra.
Qed.

(** The chain rule from the end: p'(dw_n / dalpha) is what the n steps collect. *)
Lemma chain n : forall p, dot d p (tangent x direct begin n) = collected x direct n p.
Proof.
  induction n as [| n IH]; intro p; [apply against_begin |].
  cbn [tangent collected]; cbn zeta; fold d; plain; rewrite <- IH, <- pull_push.
  rewrite (dot_ext d p (kept d _) p (fun i =>
    push x (state x n) (tangent x direct begin n) i + direct (state x n) i)).
  - rewrite dot_plus, (dot_sym d p (direct _)); ring.
  - easy.
  - intros; now rewrite kept_entry.
Qed.

(** With dw_0 / dalpha = 0 the sum is all. *)
Lemma forward_backward : forward x direct begin = backward x direct.
Proof.
  unfold backward; fold T; rewrite <- chain.
  unfold forward; cbn zeta; fold d T; plain.
  set (e := tangent x direct begin T); set (c := entry (vector x "force")); set (w := last x).
  rewrite (dot_ext d (outer_gradient x) e (fun i =>
    (w i - entry (vector x "target") i) + number x "first" * dot d c w * c i) e).
  3: easy.
  2:{ intros; unfold outer_gradient; cbn zeta; fold d; rewrite kept_entry by easy; reflexivity. }
  etransitivity; [| apply dot_sym]; rewrite dot_plus; f_equal; [apply dot_sym |].
  unfold dot at 2 3; plain; rewrite <- below_scale; apply below_ext; intros; ring.
Qed.
End Direction.
End Proof.

Theorem yakovlev2023_hypergradient_formula_printed : holds printed.
Proof.
  intros x inside assumed.
  cbn [printed margins] in assumed; unfold printed_margins in assumed.
  split_margins assumed; destruct assumed as (fixed & _).
  cbn [printed sides related]; unfold printed_sides; plain; split_sides.
  - rewrite forward_backward by easy; ring.
  - rewrite forward_backward; [ring |].
    unfold dot; plain; rewrite (below_ext _ _ (fun _ => 0)) by (intros; ring); apply below_zero.
Qed.
