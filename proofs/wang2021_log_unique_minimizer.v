(** The log objective G = log F / T falls up to one step size and rises after it, Wang, Yuan, Wu, Ge
    2021, Theorem 4: F > 0, F' increases strictly, and it changes its sign between 1/L and 1/mu. As
    G' = F' / (T F), G' has the sign of F'. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** Not in the sides: G' itself, which is F' / (T F). *)

(** ** Statement *)

Definition TWO_STEP_SIZES : domain := [
  ("eigenvalues", EIGENVALUES);
  ("weights", WEIGHTS);
  ("left", STEP_SIZE);
  ("right", STEP_SIZE);
  ("steps", STEPS)].

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let modes := modes_of x "weights".
Let T := whole x "steps".
Let left := number x "left".
Let right := number x "right".

Definition printed_margins := [
  ("kappa > 1", Positive, spread lam);
  ("left < right", Positive, right - left)].
Definition printed_sides := [
  (slope modes left T, slope modes right T);
  (0, loss modes left T);
  (slope modes (1 / largest lam) T, 0);
  (0, slope modes (1 / smallest lam) T)].
End Statement.

Definition printed := {|
  of_domain := TWO_STEP_SIZES;
  margins := @printed_margins;
  sides := @printed_sides;
  related := Lt
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** Each a_i^(2T-1) falls strictly as the step size grows. *)
Lemma slope_increases l a b T :
  positive l -> l <> [] -> (1 <= T)%nat -> a < b -> slope l a T < slope l b T.
Proof.
  intros pos some steps less; unfold slope; rewrite of_nat_INR, odd_steps by easy; plain.
  assert (0 < INR T) by (apply lt_0_INR; lia).
  assert (0 < sum (fun lam w => w * lam * (1 - a * lam) ^ (2 * (T - 1) + 1)
    + -1 * (w * lam * (1 - b * lam) ^ (2 * (T - 1) + 1))) l).
  { destruct l as [| m l]; [easy |].
    assert (each : forall k, In k (m :: l) -> 0 < snd k * fst k * (1 - a * fst k) ^ (2 * (T - 1) + 1)
      + -1 * (snd k * fst k * (1 - b * fst k) ^ (2 * (T - 1) + 1))).
    { intros k at_k; destruct (pos _ at_k); assert (0 < snd k * fst k) by nra.
      assert ((1 - b * fst k) ^ (2 * (T - 1) + 1) < (1 - a * fst k) ^ (2 * (T - 1) + 1)).
      { apply odd_increasing; nra. }
      nra. }
    apply (sum_positive _ (m :: l) m); [| now left | apply each; now left].
    intros; now apply Rlt_le, each. }
  rewrite sum_plus, sum_scale in *; nra.
Qed.

Theorem wang2021_log_unique_minimizer_printed : holds printed.
Proof.
  intros x inside assumed.
  destruct (read_modes _ x "weights" inside) as (pos & some & lam & w); [cbn; tauto.. |].
  assert (steps : (1 <= whole x "steps")%nat).
  { apply within_steps, (read_whole _ x inside); cbn; tauto. }
  cbn [printed margins] in assumed; unfold printed_margins in assumed.
  split_margins assumed; destruct assumed as (kappa & order & _).
  cbn [printed sides related]; unfold printed_sides; rewrite <- lam in *; plain.
  apply spread_positive in kappa;
    [| now apply some_modes | intro a; now apply positive_eigenvalues].
  destruct (slope_at_ends _ _ pos some kappa steps) as [before after].
  split_sides; try easy.
  - apply slope_increases; try easy; lra.
  - now apply loss_positive.
Qed.
