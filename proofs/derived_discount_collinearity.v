(** Started in the inner minimiser, the discounted hypergradient is the multiple S_T(gamma) of the
    hypergradient of the last step alone: every state is w_*, so that all T terms are equal but for
    their weights. Evaluated on the weight of one sample, J(w) = (x'w - y) x', and a linear loss,
    J = -c'; [any_losses] says it of every optimiser that rests where it starts. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors.
Import ListNotations.
Local Open Scope string_scope.

(** Not in the sides: other losses than the two evaluated; any_losses has them. *)

(** ** Statement *)

Definition VECTOR := AT_LEAST (-2) "d".

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let d := List.length (vector x "eigenvalues").
Let lam := entry (vector x "eigenvalues").
Let minimizer := entry (vector x "minimizer").
Let sample := entry (vector x "sample").
Let cross := entry (vector x "cross").
Let target := entry (vector x "outer").
Let eta := number x "eta".
Let gamma := number x "gamma".
Let T := whole x "steps".

(** A step of gradient descent, from w_* on. *)
Definition step (w : nat -> K) : nat -> K :=
  kept d (fun i => w i - eta * (lam i * w i - lam i * minimizer i)).
Fixpoint state (t : nat) : nat -> K :=
  match t with O => minimizer | S s => step (state s) end.
(** B_t g_t of the step after w, with g = 2 w - target: two parameters. *)
Definition of_sample (w : nat -> K) : K :=
  0 - eta * ((dot d sample w - number x "label") * dot d sample (fun i => 2 * step w i - target i)).
Definition of_linear (w : nat -> K) : K :=
  0 - eta * (0 - dot d cross (fun i => 2 * step w i - target i)).
(** ghat by its loop. *)
Fixpoint discounted (term : (nat -> K) -> K) (t : nat) : K :=
  match t with O => 0 | S s => gamma * discounted term s + term (state s) end.

Definition stated_margins := [("eta > 0", Positive, eta)].
Definition stated_sides :=
  map (fun term => (discounted term T, geometric gamma T * term (state (T - 1))))
    [of_sample; of_linear].
End Statement.

Definition stated := {|
  of_domain := [
    ("eigenvalues", EIGENVALUES);
    ("minimizer", VECTOR);
    ("sample", VECTOR);
    ("cross", VECTOR);
    ("outer", VECTOR);
    ("label", AT_LEAST 0 "");
    ("eta", STEP_SIZE);
    ("gamma", DISCOUNT);
    ("steps", STEPS)];
  margins := @stated_margins;
  sides := @stated_sides;
  related := Eq
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** S_(n+1)(gamma) = gamma S_n(gamma) + 1. *)
Lemma geometric_shift (g : R) n : geometric g (S n) = g * geometric g n + 1.
Proof.
  induction n as [| n IH]; [cbn; ring |].
  replace (geometric g (S (S n))) with (geometric g (S n) + g ^ S n) by reflexivity.
  rewrite IH at 1; replace (geometric g (S n)) with (geometric g n + g ^ n) by reflexivity.
  cbn [pow]; ring.
Qed.

(** Whatever the optimiser, the losses and the parameter: terms that are all equal add up to
    S_T(gamma) times one of them. *)
Lemma any_losses (g c : R) (term : nat -> R) (sum : nat -> R) T :
  sum O = 0 -> (forall t, sum (S t) = g * sum t + term t) -> (forall t, term t = c) ->
  sum T = geometric g T * c.
Proof.
  intros zero next equal; induction T as [| T IH]; [rewrite zero; cbn; ring |].
  rewrite next, IH, equal, geometric_shift; ring.
Qed.

Section Rest.
Variable x : point R.
Let d := List.length (vector x "eigenvalues").

(** Every state is the minimiser. *)
Lemma state_rests t i : (i < d)%nat -> state x t i = entry (vector x "minimizer") i.
Proof.
  intro small; induction t as [| t IH]; [reflexivity |]; cbn [state]; unfold step.
  rewrite kept_entry by easy; rewrite IH; plain; ring.
Qed.

Lemma step_rests w i : (forall j, (j < d)%nat -> w j = entry (vector x "minimizer") j) ->
  (i < d)%nat -> step x w i = entry (vector x "minimizer") i.
Proof. intros rests small; unfold step; rewrite kept_entry, rests by easy; plain; ring. Qed.

Lemma sample_rests t : of_sample x (state x t) = of_sample x (state x O).
Proof.
  unfold of_sample; f_equal; f_equal; f_equal; [f_equal |]; apply dot_ext; intros; try easy.
  - now rewrite !state_rests.
  - rewrite !step_rests; try easy; intros; now rewrite ?state_rests.
Qed.

Lemma linear_rests t : of_linear x (state x t) = of_linear x (state x O).
Proof.
  unfold of_linear; f_equal; f_equal; f_equal; apply dot_ext; intros; try easy.
  rewrite !step_rests; try easy; intros; now rewrite ?state_rests.
Qed.
End Rest.

Theorem derived_discount_collinearity_stated : holds stated.
Proof.
  intros x inside _; cbn [stated sides related]; unfold stated_sides; cbn [map]; plain.
  split_sides.
  - rewrite (sample_rests x (whole x "steps" - 1)).
    apply (any_losses _ _ (fun t => of_sample x (state x t)) (fun t => discounted x (of_sample x) t));
      try easy; intro; apply sample_rests.
  - rewrite (linear_rests x (whole x "steps" - 1)).
    apply (any_losses _ _ (fun t => of_linear x (state x t)) (fun t => discounted x (of_linear x) t));
      try easy; intro; apply linear_rests.
Qed.
