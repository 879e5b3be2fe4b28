(** The released Neumann loop of Navon et al. 2021 (AuxiLearn) leaves out its scale: it returns the
    truncated series over nu. Times nu it is H^-1 (I - (I - nu H)^(J+1)) v, whatever nu: the sum of
    (I - nu H)^j v telescopes under nu H = I - (I - nu H). *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors Neumann.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

(** What the loop returns, times nu. *)
Definition scaled : nat -> K :=
  let sum := series x (v x) (J x) in kept (dimension x) (fun i => nu x * sum i).
(** (I - nu H)^(J+1) v. *)
Definition power : nat -> K := term x (v x) (S (J x)).

Definition repaired_margins := [("nu > 0", Positive, nu x)].
(** Along the task, and in full. *)
Definition repaired_sides :=
  let sum := scaled in
  let last := power in
  let found := hessian x sum in
  (dot (dimension x) (u x) sum, dot (dimension x) (u x) (inverse x (fun i => v x i - last i)))
  :: map (fun i => (found i + last i, v x i)) (seq 0 (dimension x)).
End Statement.

Definition repaired := {|
  of_domain := SPECTRUM;
  margins := @repaired_margins;
  sides := @repaired_sides;
  related := Eq
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** H (nu x_J) = v - (I - nu H)^(J+1) v. *)
Lemma solved x i : (i < dimension x)%nat -> hessian x (scaled x) i = v x i - power x i.
Proof.
  intro small; unfold power; rewrite <- (remainder x (v x) (J x) i) by easy; unfold hessian.
  set (sum := series x (v x) (J x)).
  assert (turned : forall j, (j < dimension x)%nat ->
    reflect x (scaled x) j = nu x * reflect x sum j).
  { intros j at_j; rewrite (reflect_ext x _ (fun i => nu x * sum i + 0 * sum i)); [| | easy].
    - rewrite reflect_linear by easy; ring.
    - intros k at_k; unfold scaled; rewrite kept_entry by easy; fold sum; plain; ring. }
  rewrite (reflect_ext x _ (fun j => nu x * (lam x j * reflect x sum j) + 0 * sum j)); [| | easy].
  - rewrite (reflect_linear x (fun j => lam x j * reflect x sum j) sum) by easy; plain; ring.
  - intros j at_j; rewrite turned by easy; plain; ring.
Qed.

Theorem navon2021_neumann_scale_repaired : holds repaired.
Proof.
  intros x inside _; generalize (read_spectrum x inside); intro pos.
  cbn [repaired sides related]; unfold repaired_sides; cbn zeta; constructor.
  - cbn [compared]; apply dot_ext; [easy |]; intros i small; plain.
    rewrite (inverse_ext x _ (hessian x (scaled x))); [now rewrite inverse_hessian | | easy].
    intros; now rewrite solved.
  - apply Forall_map, Forall_forall; intros i at_i; apply in_seq in at_i; cbn [compared]; plain.
    rewrite solved by lia; ring.
Qed.
