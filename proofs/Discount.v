(** The discounted hypergradient of a quadratic inner and a quadratic outer loss, in the eigenbasis
    of H: a_i = 1 - eta lambda_i, C = diag(cross) = -J', H_2 with the eigenvalue L_2 along "outer" and
    mu_2 across, w_0 - w_* = R direction(error), g_T = G direction(gradient). *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors.
Import ListNotations.
Local Open Scope string_scope.

(** ** Definitions *)

Definition CROSS := AT_LEAST (-3) "d".
Definition ALONG := AT_LEAST (-2) "d".
Definition NORM := AT_LEAST 0 "".

Definition TWO_QUADRATICS : domain := [
  ("eigenvalues", EIGENVALUES);
  ("cross", CROSS);
  ("error", ALONG);
  ("gradient", ALONG);
  ("outer", ALONG);
  ("R", NORM);
  ("G", NORM);
  ("L2", ABOVE_ZERO);
  ("mu2", ABOVE_ZERO);
  ("eta", STEP_SIZE);
  ("gamma", DISCOUNT);
  ("steps", STEPS)].

Section Estimates.
Context {K : Type} `{Num K}.
Variable x : point K.

Definition dimension : nat := List.length (vector x "eigenvalues").
Definition eta : K := number x "eta".
Definition gamma : K := number x "gamma".
Definition T : nat := whole x "steps".
Definition factor (i : nat) : K := 1 - eta * entry (vector x "eigenvalues") i.
Definition cross : nat -> K := entry (vector x "cross").

(** c times the direction along a vector of the point. *)
Definition along (name : string) (c : K) : nat -> K :=
  let unit := direction dimension (entry (vector x name)) in
  kept dimension (fun i => c * unit i).
(** w_0 - w_*, g_T and the products with H_2. *)
Definition error : nat -> K := along "error" (number x "R").
Definition gradient : nat -> K := along "gradient" (number x "G").
Definition outer_hessian (v : nat -> K) : nat -> K :=
  let u := along "outer" 1 in
  let inner := dot dimension u v in
  kept dimension (fun i =>
    number x "mu2" * v i + (number x "L2" - number x "mu2") * u i * inner).

(** g_t - g_T = H_2 (w_t - w_T), and the entry of the gradient. *)
Definition outer_gradient (t : nat) : nat -> K :=
  let moved := outer_hessian (fun i => (factor i ^ t - factor i ^ T) * error i) in
  fun i => gradient i + moved i.
(** ghat = sum_(k<T) gamma^k B_(T-k) g_(T-k), with B_t = eta C. *)
Definition estimate : nat -> K :=
  let gradients := map (fun k => outer_gradient (T - k)) (seq 0 T) in
  fun i => eta * cross i * below T (fun k => gamma ^ k * nth k gradients gradient i).
(** g = sum_(k<T) B_(T-k) A^k g_T. *)
Definition hypergradient (i : nat) : K :=
  eta * cross i * below T (fun k => factor i ^ k * gradient i).
Definition bias : nat -> K :=
  let found := estimate in kept dimension (fun i => found i - hypergradient i).
End Estimates.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

(** s(a) = sum_(0<k<T) gamma^k (a^(T-k) - a^T). *)
Definition drift (a g : R) (T : nat) : R := below T (fun k => g ^ k * (a ^ (T - k) - a ^ T)).

Section Bias.
Variable x : point R.
Hypothesis some : (1 <= dimension x)%nat.
Let d := dimension x.

Lemma along_entry name c i : (i < d)%nat ->
  along x name c i = c * direction d (entry (vector x name)) i.
Proof. intro small; unfold along; now rewrite kept_entry. Qed.

Lemma along_norm name c : dot d (along x name c) (along x name c) = c ^ 2.
Proof.
  rewrite (dot_ext d _ _ _ _ (along_entry name c) (along_entry name c)).
  rewrite (dot_ext d _ _ (fun i => c * direction d (entry (vector x name)) i + 0 * first i)
    (fun i => c * direction d (entry (vector x name)) i + 0 * first i)) by (intros; ring).
  rewrite dot_combined, direction_unit by easy; ring.
Qed.

Lemma outer_hessian_entry v i : (i < d)%nat -> outer_hessian x v i
  = number x "mu2" * v i
    + (number x "L2" - number x "mu2") * along x "outer" 1 i * dot d (along x "outer" 1) v.
Proof. intro small; unfold outer_hessian; now rewrite kept_entry. Qed.

(** H_2 is linear, here over a weighted sum. *)
Lemma outer_hessian_sum n (c : nat -> R) (v : nat -> nat -> R) i : (i < d)%nat ->
  below n (fun k => c k * outer_hessian x (v k) i)
  = outer_hessian x (fun j => below n (fun k => c k * v k j)) i.
Proof.
  intro small; rewrite outer_hessian_entry by easy.
  set (u := along x "outer" 1); set (m := number x "mu2"); set (l := number x "L2").
  assert (inner : dot d u (fun j => below n (fun k => c k * v k j)) = below n (fun k => c k * dot d u (v k))).
  { unfold dot; plain; rewrite (below_ext d _ (fun i => below n (fun k => c k * (u i * v k i)))).
    - rewrite below_swap; apply below_ext; intros k _; apply below_scale.
    - intros j _; rewrite <- below_scale; apply below_ext; intros; ring. }
  rewrite inner, <- !below_scale, <- below_plus; apply below_ext; intros k _.
  rewrite outer_hessian_entry by easy; fold u m l; plain; ring.
Qed.

(** |H_2 v| <= L_2 |v|: |H_2 v|^2 = mu_2^2 |v|^2 + (L_2^2 - mu_2^2) (u'v)^2 and |u'v| <= |v|. *)
Lemma outer_hessian_norm v : 0 <= number x "mu2" <= number x "L2" ->
  dot d (outer_hessian x v) (outer_hessian x v) <= number x "L2" ^ 2 * dot d v v.
Proof.
  intro order; set (u := along x "outer" 1).
  set (m := number x "mu2") in *; set (l := number x "L2") in *.
  assert (unit : dot d u u = 1) by (unfold u; rewrite along_norm; ring).
  rewrite (dot_ext d _ _ (fun i => m * v i + (l - m) * dot d u v * u i)
    (fun i => m * v i + (l - m) * dot d u v * u i)).
  2, 3: intros; rewrite outer_hessian_entry by easy; fold u m l; ring.
  rewrite dot_combined, unit, (dot_sym d v u).
  generalize (dot_cauchy_schwarz d u v); rewrite unit; intro less.
  assert (0 <= l ^ 2 - m ^ 2) by nra.
  nra.
Qed.

(** The difference of both sums, entry by entry. *)
Lemma bias_entry i : (i < d)%nat -> bias x i
  = eta x * cross x i
    * ((geometric (gamma x) (T x) - geometric (factor x i) (T x)) * gradient x i
       + outer_hessian x (fun j => drift (factor x j) (gamma x) (T x) * error x j) i).
Proof.
  intro small; unfold bias; rewrite kept_entry by easy; unfold estimate, hypergradient; plain.
  rewrite (below_ext (T x) (fun k => factor x i ^ k * gradient x i) (fun k => gradient x i * factor x i ^ k))
    by (intros; ring).
  rewrite below_scale, <- geometric_below.
  rewrite (below_ext (T x) _ (fun k => gradient x i * gamma x ^ k + gamma x ^ k
    * outer_hessian x (fun j => (factor x j ^ (T x - k) - factor x j ^ T x) * error x j) i)).
  - rewrite below_plus, below_scale, <- geometric_below, outer_hessian_sum by easy.
    rewrite (outer_hessian_entry (fun j => below _ _)), (outer_hessian_entry (fun j => drift _ _ _ * _)) by easy.
    assert (same : forall j, below (T x) (fun k => gamma x ^ k
        * ((factor x j ^ (T x - k) - factor x j ^ T x) * error x j))
      = drift (factor x j) (gamma x) (T x) * error x j).
    { intro j; unfold drift; rewrite Rmult_comm, <- below_scale; apply below_ext; intros; ring. }
    rewrite same, (dot_ext d (along x "outer" 1) (fun j => below _ _) (along x "outer" 1)
      (fun j => drift (factor x j) (gamma x) (T x) * error x j)) by (intros; auto).
    ring.
  - intros k at_k; rewrite (nth_indep _ _ (outer_gradient x (T x - 0)))
      by now rewrite map_length, seq_length.
    rewrite (map_nth (fun k => outer_gradient x (T x - k))), seq_nth by easy.
    unfold outer_gradient; plain; cbn [Nat.add]; ring.
Qed.
End Bias.

(** ** What a point gives *)

Lemma within_norm (q : R) : within NORM q = true -> 0 <= q.
Proof. unfold within; cbn -[leb]; rewrite andb_true_r; apply leb_true. Qed.

Lemma entry_in (v : list R) i : (i < List.length v)%nat -> In (entry v i) v.
Proof. intro small; unfold entry; now apply nth_In. Qed.
