(** Two bounds of the slope of the log objective G = log F / T, uniform in the step size:

      |G'| <= 2 N(lambda)/N(a) <= 2L (L + mu)/(L - mu) (Omega / min(omega_mu, omega_L))^(1/2T),

    N(v) = (sum omega |v|^(2T))^(1/2T) and a = 1 - eta lambda. Compared are 2T-th powers, so that no
    root occurs. *)

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
Let L := largest lam.
Let mu := smallest lam.
Let F := loss modes (number x "eta") T.

Definition gradient : K := (slope modes (number x "eta") T / F / of_nat T) ^ (2 * T).
Definition pointwise : K := 2 ^ (2 * T) * sum (fun lam w => w * lam ^ (2 * T)) modes / F.
Definition uniform : K :=
  (2 * L * (L + mu) / (L - mu)) ^ (2 * T) * total (vector x "weights")
  / min (weight_at modes mu) (weight_at modes L).

Definition stated_margins := [("kappa > 1", Positive, spread lam)].
Definition stated_sides := [(gradient, pointwise); (pointwise, uniform)].
End Statement.

Definition stated := {|
  of_domain := QUADRATIC "weights";
  margins := @stated_margins;
  sides := @stated_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Section Proof.
Variables (modes : list (R * R)) (eta : R) (T : nat).
Hypothesis pos : positive modes.
Hypothesis some : modes <> [].
Hypothesis steps : (1 <= T)%nat.
Let L := largest (map fst modes).
Let mu := smallest (map fst modes).
Hypothesis apart : mu < L.
Let F := loss modes eta T.

Let S := sum (fun lam w => w * lam * (1 - eta * lam) ^ (2 * T - 1)) modes.
Let Lambda := sum (fun lam w => w * lam ^ (2 * T)) modes.

(** Hoelder's inequality with the powers cleared, S^m <= Lambda F^(m-1) for m = 2T: sum the tangent
    of x^m at p = r a_i, x = lambda_i, with r = S/F. *)
Lemma hoelder : (S / F) ^ (2 * T) * F <= Lambda.
Proof.
  set (r := S / F); assert (F_pos : 0 < F) by now apply loss_positive.
  assert (S_is : S = r * F) by (unfold r; field; lra).
  set (m := INR (2 * T)); assert (size : INR (2 * T - 1) = m - 1).
  { unfold m; rewrite minus_INR by lia; reflexivity. }
  assert (summed : m * r ^ (2 * T - 1) * S <= Lambda + (m - 1) * r ^ (2 * T) * F).
  { unfold S, Lambda, F, loss; plain; rewrite <- !sum_scale, <- sum_plus; apply sum_le.
    intros k at_k; destruct (pos _ at_k) as [_ w].
    generalize (tangent (fst k) (r * (1 - eta * fst k)) T steps).
    rewrite !Rpow_mult_distr, size; fold m; intro line.
    apply (Rmult_le_compat_l (snd k)) in line; [| lra].
    lra. }
  rewrite S_is in summed; replace (r ^ (2 * T)) with (r ^ (2 * T - 1) * r) in *; [lra |].
  replace (2 * T)%nat with (Datatypes.S (2 * T - 1)) at 2 by lia; cbn [pow]; ring.
Qed.

(** L - mu = L a_mu - mu a_L: one of the two extreme modes is at least (L - mu)/(L + mu). *)
Lemma ends : (L - mu) ^ (2 * T)
  <= (L + mu) ^ (2 * T) * ((1 - eta * mu) ^ (2 * T) + (1 - eta * L) ^ (2 * T)).
Proof.
  destruct (extremes (map fst modes)) as [mu_pos [order _]].
  { now apply some_modes. }
  { intro v; now apply positive_eigenvalues. }
  fold mu L in mu_pos, order.
  set (a := 1 - eta * mu); set (b := 1 - eta * L).
  set (top := Rmax (Rabs a) (Rabs b)).
  assert (reach : L - mu <= (L + mu) * top).
  { replace (L - mu) with (L * a - mu * b) by (unfold a, b; ring).
    assert (a <= top) by (eapply Rle_trans; [apply Rle_abs | apply Rmax_l]).
    assert (- b <= top).
    { eapply Rle_trans; [apply Rle_abs | rewrite Rabs_Ropp; apply Rmax_r]. }
    nra. }
  assert (powers : (L - mu) ^ (2 * T) <= ((L + mu) * top) ^ (2 * T)) by (apply pow_incr; lra).
  rewrite Rpow_mult_distr in powers; eapply Rle_trans; [exact powers |].
  apply Rmult_le_compat_l; [apply pow_even_nonneg |].
  generalize (pow_even_nonneg a T), (pow_even_nonneg b T); unfold top, Rmax.
  destruct (Rle_dec (Rabs a) (Rabs b)); rewrite even_Rabs; lra.
Qed.

(** The loss is at least what the two extreme modes contribute. *)
Lemma loss_by_ends :
  weight_at modes mu * (1 - eta * mu) ^ (2 * T) + weight_at modes L * (1 - eta * L) ^ (2 * T) <= F.
Proof.
  unfold F, loss, weight_at; plain; set (p := fun v => (1 - eta * v) ^ (2 * T)).
  assert (swap : forall v, sum (fun lam w => if eqb lam v then w else 0) modes * p v
    = sum (fun lam w => p v * (if eqb lam v then w else 0)) modes).
  { intro v; rewrite sum_scale; ring. }
  fold (p mu); fold (p L); rewrite !swap, <- sum_plus.
  apply sum_le; intros k at_k; destruct (pos _ at_k).
  assert (0 <= snd k * (1 - eta * fst k) ^ (2 * T)).
  { apply Rmult_le_pos; [lra | apply pow_even_nonneg]. }
  destruct (eqb (fst k) mu) eqn:at_mu, (eqb (fst k) L) eqn:at_L;
    rewrite ?eqb_true in *; unfold p; rewrite <- ?at_mu, <- ?at_L; lra.
Qed.

(** Lambda <= L^(2T) Omega. *)
Lemma by_top : Lambda <= L ^ (2 * T) * sum (fun _ w => w) modes.
Proof.
  unfold Lambda; rewrite <- sum_scale; apply sum_le; intros k at_k; destruct (pos _ at_k).
  assert (fst k ^ (2 * T) <= L ^ (2 * T)).
  { apply pow_incr; split; [lra | now apply largest_most, in_map]. }
  nra.
Qed.

Let least := Rmin (weight_at modes mu) (weight_at modes L).

Lemma least_positive : 0 < least.
Proof.
  apply Rmin_pos; apply weight_at_positive; try easy; unfold mu, L.
  - now apply smallest_in, some_modes.
  - now apply largest_in, some_modes.
Qed.

(** The first inequality. *)
Lemma pointwise_bound : (slope modes eta T / F / INR T) ^ (2 * T) <= 2 ^ (2 * T) * Lambda / F.
Proof.
  assert (F_pos : 0 < F) by now apply loss_positive.
  assert (0 < INR T) by (apply lt_0_INR; lia).
  replace (slope modes eta T / F / INR T) with (-2 * (S / F)).
  2:{ unfold slope; rewrite of_nat_INR; plain; fold S; field; lra. }
  rewrite Rpow_mult_distr; replace (-2) with (- (2)) by ring.
  replace ((- (2)) ^ (2 * T)) with (2 ^ (2 * T)).
  2:{ rewrite !pow_mult; f_equal; ring. }
  unfold Rdiv; rewrite Rmult_assoc; apply Rmult_le_compat_l; [apply pow_even_nonneg |].
  generalize hoelder; fold (S / F); intro less.
  apply (Rmult_le_reg_r F); [easy |]; rewrite Rmult_assoc, Rinv_l, Rmult_1_r; lra.
Qed.

(** The second inequality. *)
Lemma uniform_bound : 2 ^ (2 * T) * Lambda / F
  <= (2 * L * (L + mu) / (L - mu)) ^ (2 * T) * sum (fun _ w => w) modes / least.
Proof.
  assert (F_pos : 0 < F) by now apply loss_positive.
  generalize least_positive, ends, loss_by_ends, by_top; intros least_pos end_modes enough top.
  set (Omega := sum (fun _ w => w) modes) in *.
  assert (gap : 0 < (L - mu) ^ (2 * T)) by (apply pow_lt; lra).
  assert (Omega_pos : 0 <= Omega).
  { apply sum_nonneg; intros k at_k; now apply Rlt_le, pos. }
  (* least (L - mu)^m <= (L + mu)^m F *)
  assert (F_least : least * (L - mu) ^ (2 * T) <= (L + mu) ^ (2 * T) * F).
  { assert (least <= weight_at modes mu) by apply Rmin_l.
    assert (least <= weight_at modes L) by apply Rmin_r.
    generalize (pow_even_nonneg (1 - eta * mu) T), (pow_even_nonneg (1 - eta * L) T).
    generalize (pow_even_nonneg (L + mu) T); intros.
    apply Rle_trans with ((L + mu) ^ (2 * T)
      * (least * ((1 - eta * mu) ^ (2 * T) + (1 - eta * L) ^ (2 * T)))).
    - assert (least * (L - mu) ^ (2 * T) <= least * ((L + mu) ^ (2 * T)
        * ((1 - eta * mu) ^ (2 * T) + (1 - eta * L) ^ (2 * T)))) by (apply Rmult_le_compat_l; lra).
      lra.
    - apply Rmult_le_compat_l; [easy |]; nra. }
  replace (2 * L * (L + mu) / (L - mu)) with (2 * (L * ((L + mu) * / (L - mu)))) by (field; lra).
  rewrite !Rpow_mult_distr, pow_inv.
  unfold Rdiv; rewrite !Rmult_assoc; apply Rmult_le_compat_l; [apply pow_even_nonneg |].
  apply Rle_trans with (L ^ (2 * T) * Omega * / F).
  { apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat | easy]. }
  assert (inverse : / F <= (L + mu) ^ (2 * T) * / (L - mu) ^ (2 * T) * / least).
  { apply (Rmult_le_reg_r (F * (least * (L - mu) ^ (2 * T)))); [apply Rmult_lt_0_compat; nra |].
    generalize dependent ((L - mu) ^ (2 * T)); intros g; intros.
    replace (/ F * (F * (least * g))) with (least * g) by (field; lra).
    replace (_ * / g * / least * _) with ((L + mu) ^ (2 * T) * F) by (field; lra); easy. }
  apply (Rmult_le_compat_l (L ^ (2 * T) * Omega)) in inverse.
  - lra.
  - apply Rmult_le_pos; [apply pow_even_nonneg | easy].
Qed.
End Proof.

Theorem derived_log_gradient_bound_stated : holds stated.
Proof.
  intros x inside assumed.
  destruct (read_quadratic "weights" x inside) as (pos & some & lam & w & at_eta & steps).
  cbn [stated margins] in assumed; unfold stated_margins in assumed.
  split_margins assumed; destruct assumed as (kappa & _).
  cbn [stated sides related]; unfold stated_sides, gradient, pointwise, uniform.
  rewrite w, total_seconds, !of_nat_INR, min_Rmin, lam in *; plain.
  apply spread_positive in kappa;
    [| now apply some_modes | intro a; now apply positive_eigenvalues].
  split_sides.
  - now apply pointwise_bound.
  - now apply uniform_bound.
Qed.
