(** A symmetric H of known eigenvalues, H = R diag(lambda) R with the reflection R across the line of
    "turn", and the loop of the truncated Neumann series. *)

From Coq Require Import Reals Lra Lia List String Bool Arith.
From Quadmeta Require Import Base Lemmas Vectors.
Import ListNotations.
Local Open Scope string_scope.

(** ** Definitions *)

Definition ANY := AT_LEAST (-2) "d".
Definition PRODUCTS :=
  {| low := Some 0%Z; high := None; is_open := false; is_whole := true; axis := "" |}.
Definition SPECTRUM : domain := [
  ("eigenvalues", EIGENVALUES);
  ("turn", ANY);
  ("outer", ANY);
  ("task", ANY);
  ("nu", STEP_SIZE);
  ("products", PRODUCTS)].

Section Spectrum.
Context {K : Type} `{Num K}.
Variable x : point K.

Definition dimension : nat := List.length (vector x "eigenvalues").
Definition lam : nat -> K := entry (vector x "eigenvalues").
Definition v : nat -> K := entry (vector x "outer").
Definition u : nat -> K := entry (vector x "task").
Definition nu : K := number x "nu".
Definition J : nat := whole x "products".

(** R w = w - 2 t (t'w) / |t|^2, and w for t = 0. *)
Definition reflect (w : nat -> K) : nat -> K :=
  let t := entry (vector x "turn") in
  let square := dot dimension t t in
  let inner := dot dimension t w in
  if eqb square 0 then w else kept dimension (fun i => w i - 2 * t i * inner / square).
(** H w and H^-1 w. *)
Definition hessian (w : nat -> K) : nat -> K :=
  let turned := reflect w in reflect (fun i => lam i * turned i).
Definition inverse (w : nat -> K) : nat -> K :=
  let turned := reflect w in reflect (fun i => turned i / lam i).

(** (I - nu H)^j w, by the loop. *)
Fixpoint term (w : nat -> K) (j : nat) : nat -> K :=
  match j with
  | O => w
  | S k => let last := term w k in let product := hessian last in
    kept dimension (fun i => last i - nu * product i)
  end.
(** The sum of the first n + 1 of them. *)
Fixpoint series (w : nat -> K) (n : nat) : nat -> K :=
  match n with
  | O => w
  | S k => let rest := series w k in let last := term w n in
    kept dimension (fun i => rest i + last i)
  end.
End Spectrum.

(** ** Proof *)

Local Close Scope num_scope.
Local Open Scope R_scope.

Section Reflection.
Variable x : point R.
Let d := dimension x.
Let t := entry (vector x "turn").

Lemma reflect_entry w i : (i < d)%nat -> dot d t t <> 0 ->
  reflect x w i = w i + - (2 * dot d t w / dot d t t) * t i.
Proof.
  intros small some; unfold reflect; cbn zeta; fold d t; plain.
  destruct (eqb (dot d t t) 0) eqn:zero; [apply eqb_true in zero; easy |].
  rewrite kept_entry by easy; field; easy.
Qed.

Lemma reflect_none w : dot d t t = 0 -> reflect x w = w.
Proof.
  intro none; unfold reflect; cbn zeta; fold d t; plain.
  apply eqb_true in none; now rewrite none.
Qed.

Lemma reflect_ext w w' : (forall i, (i < d)%nat -> w i = w' i) ->
  forall i, (i < d)%nat -> reflect x w i = reflect x w' i.
Proof.
  intros same i small; destruct (Req_dec (dot d t t) 0) as [none | some].
  - rewrite !reflect_none by easy; auto.
  - rewrite !reflect_entry, same by easy; f_equal; f_equal.
    rewrite (dot_ext d t w t w'); easy.
Qed.

Lemma dot_linear (p w z : nat -> R) a b :
  dot d p (fun i => a * w i + b * z i) = a * dot d p w + b * dot d p z.
Proof.
  unfold dot; plain; rewrite <- !below_scale, <- below_plus; apply below_ext; intros; ring.
Qed.

Lemma reflect_linear w z a b i : (i < d)%nat ->
  reflect x (fun j => a * w j + b * z j) i = a * reflect x w i + b * reflect x z i.
Proof.
  intro small; destruct (Req_dec (dot d t t) 0) as [none | some].
  - now rewrite !reflect_none.
  - rewrite !reflect_entry, dot_linear by easy; field; easy.
Qed.

(** R is symmetric, and its own inverse. *)
Lemma reflect_symmetric w z : dot d w (reflect x z) = dot d (reflect x w) z.
Proof.
  destruct (Req_dec (dot d t t) 0) as [none | some]; [now rewrite !reflect_none |].
  rewrite (dot_ext d w (reflect x z) w (fun i => 1 * z i + - (2 * dot d t z / dot d t t) * t i));
    [| easy | intros; rewrite reflect_entry by easy; ring].
  rewrite (dot_sym d (reflect x w)), (dot_ext d z (reflect x w) z
    (fun i => 1 * w i + - (2 * dot d t w / dot d t t) * t i));
    [| easy | intros; rewrite reflect_entry by easy; ring].
  rewrite !dot_linear, (dot_sym d w t), (dot_sym d z t), (dot_sym d w z); field; easy.
Qed.

Lemma reflect_twice w i : (i < d)%nat -> reflect x (reflect x w) i = w i.
Proof.
  intro small; destruct (Req_dec (dot d t t) 0) as [none | some].
  - now rewrite !reflect_none.
  - rewrite !reflect_entry by easy.
    assert (inner : dot d t (reflect x w) = - dot d t w).
    { rewrite (dot_ext d t (reflect x w) t (fun i => 1 * w i + - (2 * dot d t w / dot d t t) * t i));
        [| easy | intros; rewrite reflect_entry by easy; ring].
      rewrite dot_linear; field; easy. }
    rewrite inner; field; easy.
Qed.

Lemma reflect_products w z : dot d (reflect x w) (reflect x z) = dot d w z.
Proof.
  rewrite reflect_symmetric; apply dot_ext; intros; [now apply reflect_twice | easy].
Qed.
End Reflection.

(** ** In the eigenbasis *)

Section Eigenbasis.
Variable x : point R.
Let d := dimension x.
Hypothesis pos : forall i, (i < d)%nat -> 0 < lam x i.

Lemma turned_hessian w i : (i < d)%nat -> reflect x (hessian x w) i = lam x i * reflect x w i.
Proof. intro small; unfold hessian; now rewrite reflect_twice. Qed.

Lemma turned_inverse w i : (i < d)%nat -> reflect x (inverse x w) i = reflect x w i / lam x i.
Proof. intro small; unfold inverse; now rewrite reflect_twice. Qed.

Lemma inverse_hessian w i : (i < d)%nat -> inverse x (hessian x w) i = w i.
Proof.
  intro small; unfold inverse; rewrite <- (reflect_twice x w i) by easy; apply reflect_ext; [| easy].
  intros j at_j; plain; rewrite turned_hessian by easy; generalize (pos j at_j); intro; field; lra.
Qed.

Lemma inverse_ext w w' : (forall i, (i < d)%nat -> w i = w' i) ->
  forall i, (i < d)%nat -> inverse x w i = inverse x w' i.
Proof.
  intros same i small; unfold inverse; apply reflect_ext; [| easy].
  intros j at_j; f_equal; now apply reflect_ext.
Qed.

(** R (I - nu H)^j w = (1 - nu lambda)^j R w. *)
Lemma turned_term w j i : (i < d)%nat -> reflect x (term x w j) i = (1 - nu x * lam x i) ^ j * reflect x w i.
Proof.
  revert i; induction j as [| j IH]; intros i small; [cbn [term pow]; ring |].
  rewrite (reflect_ext x _ (fun i => 1 * term x w j i + - nu x * hessian x (term x w j) i)); [| | easy].
  - rewrite reflect_linear, turned_hessian, IH by easy; cbn [pow]; ring.
  - intros k at_k; cbn [term]; rewrite kept_entry by easy; plain; ring.
Qed.

Lemma turned_series w n i : (i < d)%nat ->
  reflect x (series x w n) i = below (S n) (fun j => (1 - nu x * lam x i) ^ j) * reflect x w i.
Proof.
  intro small; induction n as [| n IH]; [cbn; ring |].
  rewrite (reflect_ext x _ (fun i => 1 * series x w n i + 1 * term x w (S n) i)); [| | easy].
  - rewrite reflect_linear, IH, turned_term by easy; rewrite (below_S (S n)); ring.
  - intros k at_k; cbn [series]; rewrite kept_entry by easy; plain; ring.
Qed.

(** nu lambda sum_(j<n) (1 - nu lambda)^j = 1 - (1 - nu lambda)^n. *)
Lemma telescope a n : (1 - a) * below n (fun j => a ^ j) = 1 - a ^ n.
Proof.
  induction n as [| n IH]; [cbn; ring |]; rewrite below_S, Rmult_plus_distr_l, IH; cbn [pow]; ring.
Qed.

(** nu H x_J = w - (I - nu H)^(J+1) w for the sum x_J of J + 1 terms, whatever nu. *)
Lemma remainder w n i : (i < d)%nat -> nu x * hessian x (series x w n) i = w i - term x w (S n) i.
Proof.
  intro small.
  rewrite <- (reflect_twice x (hessian x (series x w n)) i) by easy.
  assert (each : forall j, (j < d)%nat -> reflect x (hessian x (series x w n)) j * nu x
    = reflect x w j - reflect x (term x w (S n)) j).
  { intros j at_j; rewrite turned_hessian, turned_series, turned_term by easy.
    generalize (telescope (1 - nu x * lam x j) (S n)); intro sum.
    replace (1 - (1 - nu x * lam x j)) with (nu x * lam x j) in sum by ring; nra. }
  rewrite <- (reflect_twice x w i), <- (reflect_twice x (term x w (S n)) i) by easy.
  transitivity (reflect x (fun j => nu x * reflect x (hessian x (series x w n)) j + 0 * w j) i).
  - rewrite (reflect_linear x (reflect x (hessian x (series x w n))) w) by easy; ring.
  - rewrite (reflect_ext x _ (fun j => 1 * reflect x w j + -1 * reflect x (term x w (S n)) j)); [| | easy].
    + rewrite reflect_linear by easy; ring.
    + intros j at_j; generalize (each j at_j); lra.
Qed.
End Eigenbasis.

(** What a point of [SPECTRUM] gives. *)
Lemma read_spectrum x : reads SPECTRUM x = true -> forall i, (i < dimension x)%nat -> 0 < lam x i.
Proof.
  intros inside i small; destruct (read_eigenvalues _ x inside) as [_ pos]; [cbn; tauto |].
  apply pos; unfold lam, entry; now apply nth_In.
Qed.
