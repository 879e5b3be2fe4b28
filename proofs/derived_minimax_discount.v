(** The discount whose worst case over curvatures in [mu, L] is least. As T grows the bias along an
    eigenvector of curvature lambda is |s - 1/lambda|, s = eta/(1 - gamma), in units of ||J g_*||, and
    |s lambda - 1| in units of the hypergradient itself. Both are monotone in 1/lambda or lambda
    without the sign, so that the two ends decide. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let eta := number x "eta".
Let gamma := number x "gamma".
Let L := largest lam.
Let mu := smallest lam.

(** The worst cases at a discount. *)
Definition absolute (g : K) : K := largest (map (fun v => abs (eta / (1 - g) - 1 / v)) lam).
Definition relative (g : K) : K := largest (map (fun v => abs (eta / (1 - g) * v - 1)) lam).
(** Their least values, and the discounts that reach them. *)
Definition least_absolute : K := (1 / mu - 1 / L) / 2.
Definition least_relative : K := (L - mu) / (L + mu).
Definition best_absolute : K := 1 - 2 * eta * mu * L / (mu + L).
Definition best_relative : K := 1 - eta * (mu + L) / 2.

Definition stated_margins := [
  ("eta > 0", Positive, eta);
  ("eta <= 1/L", Nonnegative, 1 / L - eta);
  ("gamma < 1", Positive, 1 - gamma)].
Definition stated_sides := [
  (absolute best_absolute, least_absolute);
  (relative best_relative, least_relative);
  (least_absolute, absolute gamma);
  (least_relative, relative gamma)].
End Statement.

Definition stated := {|
  of_domain := [("eigenvalues", EIGENVALUES); ("eta", STEP_SIZE); ("gamma", DISCOUNT)];
  margins := @stated_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Section Proof.
Variable lam : list R.
Hypothesis some : lam <> [].
Hypothesis pos : forall v, In v lam -> 0 < v.
Let L := largest lam.
Let mu := smallest lam.

Lemma ends : 0 < mu /\ mu <= L /\ forall v, In v lam -> mu <= v <= L.
Proof. now apply extremes. Qed.

(** The worst case is at most b where every curvature is, and at least that of each end. *)
Lemma worst_below f b : (forall v, mu <= v <= L -> f v <= b) -> largest (map f lam) <= b.
Proof.
  intro all; apply largest_below; [destruct lam; cbn; congruence |].
  intros y at_y; apply in_map_iff in at_y; destruct at_y as [v [<- at_v]].
  now apply all, ends.
Qed.

Lemma worst_at_ends f : f mu <= largest (map f lam) /\ f L <= largest (map f lam).
Proof.
  split; apply largest_most, in_map; [now apply smallest_in | now apply largest_in].
Qed.

Lemma inverses v : mu <= v <= L -> / L <= / v <= / mu.
Proof.
  destruct ends as [mu_pos _]; intros [least most]; split; apply Rinv_le_contravar; lra.
Qed.

(** s = (1/mu + 1/L)/2 is in the middle. *)
Lemma reached_absolute s : s = (/ mu + / L) / 2 ->
  largest (map (fun v => Rabs (s - / v)) lam) <= (/ mu - / L) / 2.
Proof.
  intros ->; apply worst_below; intros v at_v; generalize (inverses v at_v); intro.
  apply Rabs_le; lra.
Qed.

Lemma reached_relative s : s = 2 / (mu + L) ->
  largest (map (fun v => Rabs (s * v - 1)) lam) <= (L - mu) / (L + mu).
Proof.
  destruct ends as [mu_pos [order _]].
  intros ->; apply worst_below; intros v at_v; apply Rabs_le.
  replace (2 / (mu + L) * v - 1) with ((2 * v - (mu + L)) / (L + mu)) by (field; lra).
  assert (0 < / (L + mu)) by (apply Rinv_0_lt_compat; lra).
  unfold Rdiv; split; [| apply Rmult_le_compat_r; lra].
  rewrite Ropp_mult_distr_l; apply Rmult_le_compat_r; lra.
Qed.

(** |s - 1/mu| + |s - 1/L| >= 1/mu - 1/L. *)
Lemma floor_absolute s : (/ mu - / L) / 2 <= largest (map (fun v => Rabs (s - / v)) lam).
Proof.
  destruct (worst_at_ends (fun v => Rabs (s - / v))) as [one two].
  revert one two; unfold Rabs at 1 3; destruct (Rcase_abs _), (Rcase_abs _); lra.
Qed.

(** s L - 1 and 1 - s mu, weighted by mu and L, sum to L - mu. *)
Lemma floor_relative s : (L - mu) / (L + mu) <= largest (map (fun v => Rabs (s * v - 1)) lam).
Proof.
  destruct ends as [mu_pos [order _]].
  destruct (worst_at_ends (fun v => Rabs (s * v - 1))) as [one two].
  set (W := largest (map (fun v => Rabs (s * v - 1)) lam)) in *.
  assert (1 - s * mu <= W).
  { eapply Rle_trans; [apply Rle_abs |]; rewrite Rabs_minus_sym; exact one. }
  assert (s * L - 1 <= W) by (eapply Rle_trans; [apply Rle_abs | exact two]).
  apply (Rmult_le_reg_r (L + mu)); [lra |].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; nra.
Qed.
End Proof.

Theorem derived_minimax_discount_stated : holds stated.
Proof.
  intros x inside assumed.
  destruct (read_eigenvalues _ x inside) as [some pos]; [cbn; tauto |].
  cbn [stated margins] in assumed; unfold stated_margins in assumed.
  split_margins assumed; destruct assumed as (at_eta & small & at_gamma & _).
  cbn [stated sides related].
  unfold stated_sides, absolute, relative, least_absolute, least_relative, best_absolute, best_relative.
  set (lam := vector x "eigenvalues") in *.
  set (eta := number x "eta") in *; set (gamma := number x "gamma") in *.
  destruct (extremes lam some pos) as [mu_pos [order _]].
  set (L := largest lam) in *; set (mu := smallest lam) in *.
  assert (same_absolute : forall s, map (fun v => abs (s - 1 / v)) lam = map (fun v => Rabs (s - / v)) lam).
  { intro s; apply map_ext; intro v; rewrite abs_Rabs; f_equal; unfold Rdiv; ring. }
  assert (same_relative : forall s, map (fun v => abs (s * v - 1)) lam = map (fun v => Rabs (s * v - 1)) lam).
  { intro s; apply map_ext; intro v; now rewrite abs_Rabs. }
  plain; rewrite !same_absolute, !same_relative.
  replace ((1 / mu - 1 / L) / 2) with ((/ mu - / L) / 2) by (unfold Rdiv; ring).
  split_sides.
  - apply reached_absolute; try easy; fold mu L; field; repeat split; try lra.
    assert (0 < 2 * eta * mu * L) by (repeat apply Rmult_lt_0_compat; lra); lra.
  - apply reached_relative; try easy; fold mu L; field; repeat split; try lra.
    assert (0 < eta * (mu + L)) by (apply Rmult_lt_0_compat; lra); lra.
  - now apply floor_absolute.
  - now apply floor_relative.
Qed.
