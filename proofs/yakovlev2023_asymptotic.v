(** The discounted hypergradient is not asymptotically exact, Yakovlev et al. 2023: on quadratics its
    bias is C' (eta/(1 - gamma) - H^-1) g_* plus a rest r_T that tends to 0, here in full. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors Discount.
Import ListNotations.
Local Open Scope string_scope.

(** Not in the sides: that r_T tends to 0 as T grows, and when the limit itself is 0. *)

(** ** Statement *)

Section Statement.
Context {K : Type} `{Num K}.
Variable x : point K.

Let lam := vector x "eigenvalues".
Let L := largest lam.
Let mu := smallest lam.

(** D_n(g, a) = sum_(k<n) g^k a^(n-1-k). *)
Definition divided (g a : K) (n : nat) : K := below n (fun k => g ^ k * a ^ (n - 1 - k)).
(** H_2 (w_T - w_* ), and g_* = g_T less that. *)
Definition moved : nat -> K := outer_hessian x (fun i => factor x i ^ T x * error x i).
Definition final (i : nat) : K := gradient x i - moved i.
Definition limit (i : nat) : K :=
  cross x i * ((eta x / (1 - gamma x) - 1 / entry lam i) * final i).
Definition rest : nat -> K :=
  let mixed := outer_hessian x
    (fun i => factor x i * divided (gamma x) (factor x i) (T x) * error x i) in
  fun i =>
    eta x * cross x i
    * ((factor x i ^ T x / (1 - factor x i) - gamma x ^ T x / (1 - gamma x)) * final i
       - geometric (factor x i) (T x) * moved i + mixed i).

Definition repaired_margins := [
  ("eta > 0", Positive, eta x);
  ("eta <= 1/L", Nonnegative, 1 / L - eta x);
  ("gamma < 1", Positive, 1 - gamma x);
  ("1 - eta L <= gamma <= 1 - eta mu", Nonnegative,
    min (gamma x - 1 + eta x * L) (1 - eta x * mu - gamma x))].
(** Entry by entry: the bias, and its limit with the rest. *)
Definition repaired_sides :=
  map (fun i => (bias x i, limit i + rest i)) (seq 0 (dimension x)).
End Statement.

Definition repaired := {|
  of_domain := TWO_QUADRATICS;
  margins := @repaired_margins;
  sides := @repaired_sides;
  related := Eq
|}.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Lemma geometric_closed a n : 1 - a <> 0 -> geometric a n = (1 - a ^ n) / (1 - a).
Proof.
  intro apart; induction n as [| n IH]; cbn [geometric]; plain; [cbn; field; easy |].
  rewrite IH; cbn [pow]; field; easy.
Qed.

(** s(a) = a D_T(gamma, a) - a^T S_T(gamma). *)
Lemma drift_split a g n : drift a g n = a * divided g a n - geometric g n * a ^ n.
Proof.
  unfold drift, divided; rewrite geometric_below; plain.
  rewrite (Rmult_comm (below n _) (a ^ n)), <- !below_scale.
  replace (below n (fun i => a * (g ^ i * a ^ (n - 1 - i))) - below n (fun i => a ^ n * g ^ i))
    with (below n (fun i => a * (g ^ i * a ^ (n - 1 - i))) + -1 * below n (fun i => a ^ n * g ^ i)) by ring.
  rewrite <- below_scale, <- below_plus; apply below_ext; intros k small.
  replace (n - k)%nat with (S (n - 1 - k)) by lia; cbn [pow]; ring.
Qed.

Theorem yakovlev2023_asymptotic_repaired : holds repaired.
Proof.
  intros x inside assumed.
  destruct (read_eigenvalues _ x inside) as [some pos]; [cbn; tauto |].
  cbn [repaired margins] in assumed; unfold repaired_margins in assumed.
  split_margins assumed; destruct assumed as (at_eta & _ & at_gamma & _ & _).
  cbn [repaired sides related]; unfold repaired_sides.
  apply Forall_map, Forall_forall; intros i at_i; apply in_seq in at_i; cbn [compared].
  rewrite bias_entry by lia; unfold limit, rest, final; plain.
  set (lam := entry (vector x "eigenvalues") i).
  assert (at_lam : 0 < lam) by (apply pos, entry_in; unfold dimension in at_i; lia).
  (* H_2 s(A) e = H_2 A D_T e - S_T(gamma) H_2 A^T e *)
  assert (parts : outer_hessian x (fun j => drift (factor x j) (gamma x) (T x) * error x j) i
    = outer_hessian x (fun j => factor x j * divided (gamma x) (factor x j) (T x) * error x j) i
      - geometric (gamma x) (T x) * moved x i).
  { unfold moved; rewrite !outer_hessian_entry by lia.
    set (u := along x "outer" 1); set (d := dimension x).
    rewrite (dot_ext d u (fun j => drift _ _ _ * _) u (fun j =>
      1 * (factor x j * divided (gamma x) (factor x j) (T x) * error x j)
      + - geometric (gamma x) (T x) * (factor x j ^ T x * error x j))).
    2: easy.
    2:{ intros; rewrite drift_split; ring. }
    rewrite drift_split.
    assert (linear : forall a b (p q : nat -> R), dot d u (fun j => a * p j + b * q j)
      = a * dot d u p + b * dot d u q).
    { intros; unfold dot; plain; rewrite <- !below_scale, <- below_plus; apply below_ext; intros; ring. }
    rewrite linear; plain; ring. }
  rewrite parts.
  assert (factor_is : 1 - factor x i = eta x * lam) by (unfold factor; plain; fold lam; ring).
  assert (0 < eta x * lam) by now apply Rmult_lt_0_compat.
  rewrite !(geometric_closed (gamma x)), !(geometric_closed (factor x i)), factor_is by lra.
  field; repeat split; lra.
Qed.
