(** "Like a recurrent network, since theta is shared": the derivative of F(eta, ..., eta) is the sum of
    the derivatives in each step's own step size, and these are all equal. F is the loss of a schedule,
    sum_i omega_i prod_t (1 - eta_t lambda_i)^2; a derivative of a product leaves out one factor. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas.
Import ListNotations.
Local Open Scope string_scope.

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let modes := modes_of x "weights".
Let eta := number x "eta".
Let T := whole x "steps".

(** prod_t (1 - eta_t lambda) over a list of step sizes. *)
Definition residual (etas : list K) (lam : K) : K :=
  fold_right (fun e rest => (1 - e * lam) * rest) 1 etas.
(** Its derivative in eta_s. *)
Definition residual_slope (etas : list K) (s : nat) (lam : K) : K :=
  (0 - lam) * residual (firstn s etas ++ skipn (S s) etas)%list lam.
(** dF / d eta_s. *)
Definition partial (etas : list K) (s : nat) : K :=
  2 * sum (fun lam w => w * residual etas lam * residual_slope etas s lam) modes.
(** The same step size in every step. *)
Definition partials : list K := map (partial (repeat eta T)) (seq 0 T).

(** Their sum, and each of them. *)
Definition reading_sides :=
  (total partials, slope modes eta T)
  :: map (fun p => (p, slope modes eta T / of_nat T)) partials.
End Statement.

Definition reading := {|
  of_domain := QUADRATIC "weights";
  margins := no_margins;
  sides := @reading_sides;
  related := Eq
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Lemma residual_constant (eta lam : R) n : residual (repeat eta n) lam = (1 - eta * lam) ^ n.
Proof.
  induction n as [| n IH]; [reflexivity |].
  cbn [repeat residual fold_right pow]; change (fold_right _ _ (repeat eta n)) with (residual (repeat eta n) lam).
  rewrite IH; reflexivity.
Qed.

(** One factor less, wherever it stood. *)
Lemma without_one (eta : R) n s : (s < n)%nat ->
  (firstn s (repeat eta n) ++ skipn (S s) (repeat eta n))%list = repeat eta (n - 1).
Proof.
  revert s; induction n as [| n IH]; intros s small; [lia |].
  cbn [repeat]; destruct s as [| s]; cbn [firstn skipn app].
  - now replace (S n - 1)%nat with n by lia.
  - change (skipn (S s) (repeat eta n)) with (skipn (S s) (repeat eta n)).
    assert (rest := IH s ltac:(lia)); cbn [skipn] in rest |- *; rewrite rest.
    replace (S n - 1)%nat with (S (n - 1)) by lia; reflexivity.
Qed.

Lemma partial_constant x eta T s : (s < T)%nat ->
  partial x (repeat eta T) s
  = -2 * sum (fun lam w => w * lam * (1 - eta * lam) ^ (2 * T - 1)) (modes_of x "weights").
Proof.
  intro small; unfold partial; plain; rewrite <- !sum_scale; apply sum_ext; intros m _.
  unfold residual_slope; rewrite without_one, !residual_constant by easy; plain.
  replace (2 * T - 1)%nat with (T + (T - 1))%nat by lia; rewrite pow_add; ring.
Qed.

Lemma total_equal (l : list R) c : (forall p, In p l -> p = c) -> total l = INR (List.length l) * c.
Proof.
  induction l as [| p l IH]; intro all; [cbn; ring |].
  replace (total (p :: l)) with (p + total l) by reflexivity.
  rewrite IH by (intros; apply all; now right); rewrite (all p) by now left.
  cbn [List.length]; rewrite S_INR; ring.
Qed.

Theorem talk2021_shared_parameter_reading : holds reading.
Proof.
  intros x inside _.
  destruct (read_quadratic "weights" x inside) as (_ & _ & _ & _ & _ & steps).
  cbn [reading sides related]; unfold reading_sides.
  set (eta := number x "eta"); set (T := whole x "steps") in *.
  set (S := sum (fun lam w => w * lam * (1 - eta * lam) ^ (2 * T - 1)) (modes_of x "weights")).
  assert (slope_is : slope (modes_of x "weights") eta T = INR T * (-2 * S)).
  { unfold slope; rewrite of_nat_INR; plain; fold S; ring. }
  assert (equal : forall p, In p (partials x) -> p = -2 * S).
  { intros p at_p; apply in_map_iff in at_p; destruct at_p as [s [<- at_s]].
    apply in_seq in at_s; apply partial_constant; fold T in at_s; lia. }
  assert (0 < INR T) by (apply lt_0_INR; lia).
  constructor; cbn [compared].
  - rewrite (total_equal _ (-2 * S)) by easy; rewrite slope_is.
    unfold partials; rewrite map_length, seq_length; reflexivity.
  - apply Forall_map, Forall_forall; intros p at_p; cbn [compared]; plain.
    rewrite slope_is, of_nat_INR, (equal p at_p); field; lra.
Qed.
