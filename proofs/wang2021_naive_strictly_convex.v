(** The naive objective F is strictly convex where two eigenvalues are distinct, and its one
    minimiser lies between 1/L and 1/mu, Wang, Yuan, Wu, Ge 2021, Theorem 3. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let modes := modes_of x "weights".
Let T := whole x "steps".

Definition printed_margins := [("kappa > 1", Positive, spread lam)].
(** F''(eta), - F'(1/L), F'(1/mu). *)
Definition printed_sides := [
  (curvature modes (number x "eta") T, 0);
  (0 - slope modes (1 / largest lam) T, 0);
  (slope modes (1 / smallest lam) T, 0)].
End Statement.

Definition printed := {|
  of_domain := QUADRATIC "weights";
  margins := @printed_margins;
  sides := @printed_sides;
  related := Gt
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** F'' is a sum of terms >= 0, and at every step size some mode is not at its zero. *)
Lemma curvature_positive l eta T : positive l -> l <> [] ->
  smallest (map fst l) < largest (map fst l) -> (1 <= T)%nat -> 0 < curvature l eta T.
Proof.
  intros pos some apart steps; destruct (one_moves l eta some apart) as [m [at_m moves]].
  assert (1 <= INR T) by (apply (le_INR 1); easy).
  unfold curvature; rewrite of_nat_INR; plain; apply Rmult_lt_0_compat; [nra |].
  replace (2 * T - 2)%nat with (2 * (T - 1))%nat by lia.
  apply (sum_positive _ l m); [| easy |].
  - intros k at_k; destruct (pos _ at_k).
    apply Rmult_le_pos; [nra | apply pow_even_nonneg].
  - destruct (pos _ at_m); apply Rmult_lt_0_compat; [| now apply pow_even_positive].
    apply Rmult_lt_0_compat; [easy | now apply pow_lt].
Qed.

Theorem wang2021_naive_strictly_convex_printed : holds printed.
Proof.
  intros x inside assumed.
  destruct (read_quadratic "weights" x inside) as (pos & some & lam & w & at_eta & steps).
  cbn [printed margins] in assumed; unfold printed_margins in assumed.
  split_margins assumed; destruct assumed as (kappa & _).
  cbn [printed sides related]; unfold printed_sides; rewrite lam in *; plain.
  apply spread_positive in kappa;
    [| now apply some_modes | intro a; now apply positive_eigenvalues].
  destruct (slope_at_ends _ _ pos some kappa steps) as [before after].
  split_sides; [| lra | lra].
  now apply curvature_positive.
Qed.
