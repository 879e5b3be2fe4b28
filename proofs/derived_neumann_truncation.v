(** What J products with H miss: in the eigenbasis each direction has the relative error
    (1 - nu lambda_i)^(J+1), for every nu, convergent or not, and Cauchy-Schwarz bounds their sum. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors Neumann.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let d := dimension x.

(** ghat_k - g_k, by the loop and by the inverse. *)
Definition missed : K :=
  let sum := series x (v x) (J x) in
  dot d (u x) (inverse x (v x)) - dot d (u x) (fun i => nu x * sum i).
(** (1 - nu lambda_i)^(J+1) / lambda_i. *)
Definition filter (i : nat) : K := (1 - nu x * lam x i) ^ (J x + 1) / lam x i.
Definition by_modes : K :=
  let tilde_v := reflect x (v x) in
  let tilde_u := reflect x (u x) in
  below d (fun i => filter i * tilde_v i * tilde_u i).
Definition bound : K :=
  largest (map (fun i => filter i ^ 2) (seq 0 d)) * dot d (v x) (v x) * dot d (u x) (u x).

(** An equality as two inequalities, and the bound in squares. *)
Definition stated_sides := [
  (missed, by_modes);
  (0 - missed, 0 - by_modes);
  (missed ^ 2, bound)].
End Statement.

Definition stated := {|
  of_domain := SPECTRUM;
  margins := no_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Section Proof.
Variable x : point R.
Let d := dimension x.
Hypothesis pos : forall i, (i < d)%nat -> 0 < lam x i.

Lemma missed_by_modes : missed x = by_modes x.
Proof.
  unfold missed, by_modes; cbn zeta; fold d; plain.
  replace (_ - _) with (dot d (u x) (fun i => 1 * inverse x (v x) i + - nu x * series x (v x) (J x) i)).
  2:{ unfold d; rewrite dot_linear.
      replace (dot (dimension x) (u x) (fun i => nu x * series x (v x) (J x) i))
        with (nu x * dot (dimension x) (u x) (series x (v x) (J x))); [ring |].
      unfold dot; plain; rewrite <- below_scale; apply below_ext; intros; ring. }
  unfold d at 1; rewrite <- reflect_products; fold d.
  unfold dot; plain; apply below_ext; intros i small.
  rewrite reflect_linear, turned_inverse, turned_series by easy; unfold filter; plain.
  generalize (telescope (1 - nu x * lam x i) (S (J x))), (pos i small); intros sum at_lam.
  replace (J x + 1)%nat with (S (J x)) by lia.
  replace (1 - (1 - nu x * lam x i)) with (nu x * lam x i) in sum by ring.
  set (S := below _ _) in *; generalize dependent ((1 - nu x * lam x i) ^ Datatypes.S (J x)).
  intros p sum.
  replace p with (1 - nu x * lam x i * S) by lra; field; lra.
Qed.

Lemma cauchy : by_modes x ^ 2
  <= largest (map (fun i => filter x i ^ 2) (seq 0 d)) * dot d (v x) (v x) * dot d (u x) (u x).
Proof.
  set (M := largest _).
  unfold by_modes; cbn zeta; fold d; plain.
  change (below d (fun i => filter x i * reflect x (v x) i * reflect x (u x) i))
    with (dot d (fun i => filter x i * reflect x (v x) i) (reflect x (u x))).
  eapply Rle_trans; [apply dot_cauchy_schwarz |].
  rewrite (reflect_products x (u x) (u x)); fold d.
  apply Rmult_le_compat_r; [apply dot_square |].
  rewrite <- (reflect_products x (v x) (v x)); fold d.
  unfold dot; plain; rewrite <- below_scale; apply below_le; intros i small.
  assert (filter x i ^ 2 <= M).
  { apply largest_most, in_map_iff; exists i; split; [easy | apply in_seq; lia]. }
  assert (0 <= reflect x (v x) i * reflect x (v x) i) by nra.
  nra.
Qed.
End Proof.

Theorem derived_neumann_truncation_stated : holds stated.
Proof.
  intros x inside _; generalize (read_spectrum x inside); intro pos.
  cbn [stated sides related]; unfold stated_sides, bound; plain.
  rewrite missed_by_modes by easy; split_sides; try lra.
  now apply cauchy.
Qed.
