(** Back-propagation through log f(w_T) / T grows or vanishes like rho^(2T), rho the largest
    |a_i| = |1 - eta lambda_i|, Wang, Yuan, Wu, Ge 2021, Corollary 1: the factor s = 1/(T F) that it begins
    with has omega_dom rho^(2T) <= 1/(T s) <= Omega rho^(2T). The printed form alone is proved here;
    the stated one divides each state by a power of two. *)

From Coq Require Import Reals Lra Lia List String Bool.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Definition ERROR := AT_LEAST (-20) "d".

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let errors := modes_of x "error".
Let eta := number x "eta".
Let T := whole x "steps".

(** The error of a mode after t steps. *)
Fixpoint after (t : nat) (v c : K) : K :=
  match t with O => c | S s => after s v c - eta * (v * after s v c) end.
(** What the graph begins with, 1/(T F). *)
Definition factor : K := 1 / (of_nat T * sum (fun v c => v * after T v c ^ 2) errors / 2).
Definition rho : K := largest (map (fun v => abs (1 - eta * v)) lam).
Definition total_weight : K := sum (fun v c => v * c ^ 2 / 2) errors.
Definition dominant_weight : K :=
  sum (fun v c => if eqb (abs (1 - eta * v)) rho then v * c ^ 2 / 2 else 0) errors.

Definition printed_margins := [
  ("c_i != 0", Positive, smallest (map abs (vector x "error")));
  ("rho > 0", Positive, rho);
  ("rho != 1", Positive, abs (rho - 1))].
Definition printed_sides := [
  (dominant_weight * rho ^ (2 * T), 1 / (of_nat T * factor));
  (1 / (of_nat T * factor), total_weight * rho ^ (2 * T))].
End Statement.

Definition printed := {|
  of_domain := [
    ("eigenvalues", EIGENVALUES);
    ("error", ERROR);
    ("eta", STEP_SIZE);
    ("steps", STEPS)];
  margins := @printed_margins;
  sides := @printed_sides;
  related := Le
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Lemma after_power (x : point R) t v c : after x t v c = (1 - number x "eta" * v) ^ t * c.
Proof. induction t as [| t IH]; cbn [after pow]; plain; [ring | rewrite IH; ring]. Qed.

(** The loss after the T steps, by its modes. *)
Lemma loss_by_modes (x : point R) T (errors : list (R * R)) :
  sum (fun v c => v * after x T v c ^ 2) errors
  = 2 * sum (fun v c => v * c ^ 2 / 2 * (1 - number x "eta" * v) ^ (2 * T)) errors.
Proof.
  rewrite <- sum_scale; apply sum_ext; intros k _; rewrite after_power.
  rewrite Rpow_mult_distr, <- pow_mult, (Nat.mul_comm T 2); field.
Qed.

Section Proof.
Variables (errors : list (R * R)) (eta r : R) (T : nat).
Hypothesis pos : forall m, In m errors -> 0 < fst m /\ snd m <> 0.
Hypothesis most : forall m, In m errors -> Rabs (1 - eta * fst m) <= r.
Hypothesis at_r : 0 < r.

Let F := sum (fun v c => v * c ^ 2 / 2 * (1 - eta * v) ^ (2 * T)) errors.

Lemma weight_positive m : In m errors -> 0 < fst m * snd m ^ 2 / 2.
Proof.
  intro at_m; destruct (pos m at_m).
  assert (0 < snd m ^ 2) by (apply (pow_even_positive _ 1); easy).
  assert (0 < fst m * snd m ^ 2) by now apply Rmult_lt_0_compat.
  lra.
Qed.

(** |a|^(2T) <= rho^(2T), with equality on the dominant modes. *)
Lemma dominated : sum (fun v c => if eqb (Rabs (1 - eta * v)) r then v * c ^ 2 / 2 else 0) errors * r ^ (2 * T)
  <= F <= sum (fun v c => v * c ^ 2 / 2) errors * r ^ (2 * T).
Proof.
  unfold F; split; rewrite Rmult_comm, <- sum_scale; apply sum_le; intros m at_m;
    generalize (weight_positive m at_m); intro weight.
  - generalize (pow_even_nonneg (1 - eta * fst m) T); intro even.
    destruct (eqb (Rabs (1 - eta * fst m)) r) eqn:same; [| nra].
    apply eqb_true in same; rewrite <- same, even_Rabs; lra.
  - rewrite <- even_Rabs.
    assert (Rabs (1 - eta * fst m) ^ (2 * T) <= r ^ (2 * T)).
    { apply pow_incr; split; [apply Rabs_pos | now apply most]. }
    nra.
Qed.

Lemma loss_some m : In m errors -> Rabs (1 - eta * fst m) = r -> 0 < F.
Proof.
  intros at_m same; apply (sum_positive _ errors m); [| easy |].
  - intros k at_k; generalize (weight_positive k at_k), (pow_even_nonneg (1 - eta * fst k) T); nra.
  - apply Rmult_lt_0_compat; [now apply weight_positive |]; apply pow_even_positive.
    intro zero; rewrite zero, Rabs_R0 in same; lra.
Qed.
End Proof.

Theorem wang2021_backprop_intermediates_printed : holds printed.
Proof.
  intros x inside assumed.
  destruct (read_eigenvalues _ x inside) as [some lam_pos]; [cbn; tauto |].
  destruct (read_level _ x inside "eigenvalues" EIGENVALUES "error" ERROR) as [same _];
    [cbn; tauto.. | easy | easy |].
  assert (steps : (1 <= whole x "steps")%nat)
    by (apply within_steps, (read_whole _ x inside); cbn; tauto).
  cbn [printed margins] in assumed; unfold printed_margins in assumed.
  split_margins assumed; destruct assumed as (active & at_r & _ & _).
  set (errors := modes_of x "error") in *.
  assert (kept : map fst errors = vector x "eigenvalues") by now apply firsts.
  assert (pos : forall m, In m errors -> 0 < fst m /\ snd m <> 0).
  { intros m at_m; split.
    - apply lam_pos; rewrite <- kept; now apply in_map.
    - intro zero; assert (here : In (snd m) (vector x "error")).
      { unfold errors, modes_of in at_m; destruct m; now apply in_combine_r in at_m. }
      generalize (smallest_least (map abs (vector x "error")) _ (in_map abs _ _ here)).
      rewrite zero, abs_Rabs, Rabs_R0; lra. }
  set (r := rho x) in *; set (eta := number x "eta"); set (T := whole x "steps") in *.
  assert (most : forall m, In m errors -> Rabs (1 - eta * fst m) <= r).
  { intros m at_m; rewrite <- abs_Rabs; apply largest_most; apply (in_map (fun v => abs (1 - eta * v))).
    rewrite <- kept; now apply in_map. }
  assert (reached : exists m, In m errors /\ Rabs (1 - eta * fst m) = r).
  { assert (here : In r (map (fun v => abs (1 - eta * v)) (vector x "eigenvalues"))).
    { apply largest_in; destruct (vector x "eigenvalues"); cbn; congruence. }
    apply in_map_iff in here; destruct here as [v [value at_v]].
    rewrite <- kept in at_v; apply in_map_iff in at_v; destruct at_v as [m [<- at_m]].
    exists m; split; [easy |]; now rewrite <- abs_Rabs. }
  destruct reached as [m [at_m dominant]].
  generalize (loss_some errors eta r T pos at_r m at_m dominant); intro F_pos.
  destruct (dominated errors eta r T pos most) as [low high].
  set (F := sum (fun v c => v * c ^ 2 / 2 * (1 - eta * v) ^ (2 * T)) errors) in *.
  assert (T_pos : 0 < INR T) by (apply lt_0_INR; lia).
  (* 1/(T s) = F *)
  assert (scale : 1 / (of_nat T * factor x) = F).
  { unfold factor; fold errors T; rewrite !of_nat_INR; plain.
    rewrite (loss_by_modes x T errors); fold eta; fold F; field; lra. }
  cbn [printed sides related]; unfold printed_sides; fold T r errors; plain; rewrite scale; split_sides.
  - unfold dominant_weight; fold errors r eta; plain.
    rewrite (sum_ext _ (fun v c => if eqb (Rabs (1 - eta * v)) r then v * c ^ 2 / 2 else 0)); [easy |].
    intros; now rewrite abs_Rabs.
  - easy.
Qed.
