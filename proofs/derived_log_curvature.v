(** The curvature of the log objective G = log F / T is bounded below, G'' >= - G'^2 / 2: with the
    denominators cleared 2T F F'' >= (2T - 1) F'^2, which is the inequality of Cauchy and Schwarz. *)

From Coq Require Import Reals Lra Lia List String Bool.
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

Definition stated_sides :=
  [(2 * of_nat T * loss modes eta T * curvature modes eta T,
    (2 * of_nat T - 1) * slope modes eta T ^ 2)].
End Statement.

Definition stated := {|
  of_domain := QUADRATIC "weights";
  margins := no_margins;
  sides := @stated_sides;
  related := Ge
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** (sum omega lambda a^(2T-1))^2 <= sum omega a^(2T) sum omega lambda^2 a^(2T-2), by the vectors a^T
    and lambda a^(T-1). *)
Lemma squares (modes : list (R * R)) eta T : positive modes -> (1 <= T)%nat ->
  sum (fun lam w => w * lam * (1 - eta * lam) ^ (2 * T - 1)) modes ^ 2
  <= sum (fun lam w => w * (1 - eta * lam) ^ (2 * T)) modes
     * sum (fun lam w => w * lam ^ 2 * (1 - eta * lam) ^ (2 * T - 2)) modes.
Proof.
  intros pos steps.
  generalize (cauchy_schwarz (fun lam _ => (1 - eta * lam) ^ T)
    (fun lam _ => lam * (1 - eta * lam) ^ (T - 1)) modes pos).
  rewrite (sum_ext _ (fun lam w => w * lam * (1 - eta * lam) ^ (2 * T - 1))).
  2:{ intros m _; replace (2 * T - 1)%nat with (T + (T - 1))%nat by lia; rewrite pow_add; ring. }
  rewrite (sum_ext (fun a w => w * ((1 - eta * a) ^ T) ^ 2) (fun lam w => w * (1 - eta * lam) ^ (2 * T))).
  2:{ intros m _; replace (2 * T)%nat with (T + T)%nat by lia; rewrite pow_add; ring. }
  rewrite (sum_ext (fun a w => w * (a * (1 - eta * a) ^ (T - 1)) ^ 2)
    (fun lam w => w * lam ^ 2 * (1 - eta * lam) ^ (2 * T - 2))); [easy |].
  intros m _; replace (2 * T - 2)%nat with ((T - 1) + (T - 1))%nat by lia; rewrite pow_add; ring.
Qed.

Theorem derived_log_curvature_stated : holds stated.
Proof.
  intros x inside _.
  destruct (read_quadratic "weights" x inside) as (pos & some & lam & w & at_eta & steps).
  constructor; [| constructor]; cbn [stated related compared].
  unfold loss, slope, curvature; rewrite !of_nat_INR; plain.
  generalize (squares _ (number x "eta") _ pos steps).
  generalize (sum (fun lam w => w * (1 - number x "eta" * lam) ^ (2 * whole x "steps")) (modes_of x "weights")).
  generalize (sum (fun lam w => w * lam * (1 - number x "eta" * lam) ^ (2 * whole x "steps" - 1))
    (modes_of x "weights")).
  generalize (sum (fun lam w => w * lam ^ 2 * (1 - number x "eta" * lam) ^ (2 * whole x "steps" - 2))
    (modes_of x "weights")).
  intros second first F less.
  assert (1 <= INR (whole x "steps")) by (apply (le_INR 1); easy).
  assert (scale : 0 <= (2 * INR (whole x "steps") - 1) * (2 * INR (whole x "steps")) ^ 2).
  { apply Rmult_le_pos; [lra | apply pow2_ge_0]. }
  apply (Rmult_le_compat_l _ _ _ scale) in less; lra.
Qed.
