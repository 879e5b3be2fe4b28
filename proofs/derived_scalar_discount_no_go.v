(** No weights of the terms of the discounted sum that know T, eta, mu and L alone are good for both
    H = mu and H = L: from w_0 = w_* the estimate is a multiple Omega of one vector, the hypergradient
    the multiple S_T(a), a = 1 - eta H, and Omega is no nearer to both than half their distance. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let omega := vector x "weights".
Let g := number x "gradient".
Let eta := number x "eta".
Let T := List.length omega.
Let L := largest lam.
Let mu := smallest lam.

(** The bias where H is one curvature. *)
Definition bias (curvature : K) : K :=
  abs (total (map (fun w => w * eta * g) omega) - eta * geometric (1 - eta * curvature) T * g).

Definition stated_margins := [
  ("eta > 0", Positive, eta);
  ("eta <= 1/L", Nonnegative, 1 / L - eta)].
Definition stated_sides := [
  (max (bias mu) (bias L),
   eta * (g * ((geometric (1 - eta * mu) T - geometric (1 - eta * L) T) / 2)))].
End Statement.

Definition stated := {|
  of_domain := [
    ("eigenvalues", EIGENVALUES);
    ("weights", AT_LEAST (-1) "t");
    ("gradient", ABOVE_ZERO);
    ("eta", STEP_SIZE)];
  margins := @stated_margins;
  sides := @stated_sides;
  related := Ge
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** A number is no nearer to both of two others than half their distance. *)
Lemma no_nearer p q r : (q - r) / 2 <= Rmax (Rabs (p - q)) (Rabs (p - r)).
Proof.
  unfold Rmax, Rabs; destruct (Rcase_abs _), (Rcase_abs _), (Rle_dec _ _); lra.
Qed.

Theorem derived_scalar_discount_no_go_stated : holds stated.
Proof.
  intros x inside _.
  cbn [stated sides related]; unfold stated_sides, bias.
  rewrite max_Rmax, !abs_Rabs; plain; split_sides.
  apply Rle_ge; eapply Rle_trans; [| apply no_nearer]; lra.
Qed.
