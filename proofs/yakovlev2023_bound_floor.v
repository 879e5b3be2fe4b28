(** As T grows the bound of the bias theorem does not tend to 0 but to max|J| |g_*| (1/mu - 1/L),
    Yakovlev et al. 2023; this does bound the limit of the bias, C' (eta/(1 - gamma) - H^-1) g_*: both
    eta/(1 - gamma) and the eigenvalues of H^-1 lie between 1/L and 1/mu. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors Discount.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let L := largest lam.
Let mu := smallest lam.
Let B := largest (map abs (vector x "cross")).

(** The limit of the bias, with g_* = G direction(gradient). *)
Definition limit : nat -> K :=
  let g := gradient x in
  kept (dimension x)
    (fun i => cross x i * ((eta x / (1 - gamma x) - 1 / entry lam i) * g i)).
(** Twice the floor, eta B G (1/(eta mu) - 1/(eta L)) / 2. *)
Definition bound : K :=
  2 * (eta x * B * (number x "G" * ((1 / mu / eta x - 1 / L / eta x) / 2))).

Definition repaired_margins := [
  ("eta > 0", Positive, eta x);
  ("eta <= 1/L", Nonnegative, 1 / L - eta x);
  ("gamma < 1", Positive, 1 - gamma x);
  ("1 - eta L <= gamma <= 1 - eta mu", Nonnegative,
    min (gamma x - 1 + eta x * L) (1 - eta x * mu - gamma x))].
Definition repaired_sides := [(dot (dimension x) limit limit, bound ^ 2)].
End Statement.

Definition repaired := {|
  of_domain := [
    ("eigenvalues", EIGENVALUES);
    ("cross", CROSS);
    ("gradient", ALONG);
    ("G", NORM);
    ("eta", STEP_SIZE);
    ("gamma", DISCOUNT)];
  margins := @repaired_margins;
  sides := @repaired_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** s = eta/(1 - gamma) lies between 1/L and 1/mu, where 1 - gamma lies between eta mu and eta L. *)
Lemma between_inverses eta gamma mu L : 0 < eta -> 0 < mu -> mu <= L ->
  1 - eta * L <= gamma <= 1 - eta * mu -> 1 / L <= eta / (1 - gamma) <= 1 / mu.
Proof.
  intros at_eta at_mu order [least most].
  assert (0 < eta * mu) by now apply Rmult_lt_0_compat.
  assert (down : / (eta * L) <= / (1 - gamma)) by (apply Rinv_le_contravar; lra).
  assert (up : / (1 - gamma) <= / (eta * mu)) by (apply Rinv_le_contravar; lra).
  apply (Rmult_le_compat_l eta) in down; [| lra]; apply (Rmult_le_compat_l eta) in up; [| lra].
  replace (eta * / (eta * L)) with (1 / L) in down by (field; lra).
  replace (eta * / (eta * mu)) with (1 / mu) in up by (field; lra).
  unfold Rdiv in *; lra.
Qed.

Theorem yakovlev2023_bound_floor_repaired : holds repaired.
Proof.
  intros x inside assumed.
  destruct (read_eigenvalues _ x inside) as [some pos]; [cbn; tauto |].
  destruct (read_level _ x inside "eigenvalues" EIGENVALUES "cross" CROSS) as [same _];
    [cbn; tauto.. | easy | easy |].
  assert (at_G : 0 <= number x "G") by (apply within_norm, (read_number _ x inside); cbn; tauto).
  cbn [repaired margins] in assumed; unfold repaired_margins in assumed.
  split_margins assumed; destruct assumed as (at_eta & _ & at_gamma & range & _).
  rewrite min_Rmin in range; plain.
  cbn [repaired sides related]; unfold repaired_sides, bound; plain; split_sides.
  destruct (extremes (vector x "eigenvalues") some pos) as [mu_pos [ends between]].
  set (L := largest (vector x "eigenvalues")) in *.
  set (mu := smallest (vector x "eigenvalues")) in *.
  set (B := largest (map abs (vector x "cross"))).
  assert (d_some : (1 <= dimension x)%nat).
  { unfold dimension; destruct (vector x "eigenvalues"); [easy | cbn; lia]. }
  assert (s_between : 1 / L <= eta x / (1 - gamma x) <= 1 / mu).
  { apply between_inverses; try lra.
    generalize (Rmin_l (gamma x - 1 + eta x * L) (1 - eta x * mu - gamma x)).
    generalize (Rmin_r (gamma x - 1 + eta x * L) (1 - eta x * mu - gamma x)); lra. }
  assert (crosses : forall i, (i < dimension x)%nat -> Rabs (cross x i) <= B).
  { intros i at_i; unfold B; rewrite <- abs_Rabs; apply largest_most, in_map, entry_in.
    unfold dimension in at_i; lia. }
  assert (at_B : 0 <= B) by (eapply Rle_trans; [apply Rabs_pos | apply (crosses O); lia]).
  eapply Rle_trans; [apply (norm_by_entries _ (B * (1 / mu - 1 / L)) _ (gradient x)) |].
  - intros i at_i; unfold limit; rewrite kept_entry by easy; plain.
    destruct (between (entry (vector x "eigenvalues") i)); [now apply entry_in |].
    rewrite !Rabs_mult, <- Rmult_assoc; apply Rmult_le_compat_r; [apply Rabs_pos |].
    apply Rmult_le_compat; try apply Rabs_pos; [now apply crosses |].
    assert (1 / L <= 1 / entry (vector x "eigenvalues") i <= 1 / mu).
    { unfold Rdiv; rewrite !Rmult_1_l; split; apply Rinv_le_contravar; lra. }
    apply Rabs_le; lra.
  - unfold gradient; rewrite along_norm by easy.
    right; field; repeat split; lra.
Qed.
