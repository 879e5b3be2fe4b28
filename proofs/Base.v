(** Numbers, points, and the shape of a claim.

    A claim of the package has a domain, the margins of its assumptions, two sides and a relation.
    Here it is written once for any number type, as the Python class is, and read twice: with
    the real numbers a theorem is proved of it, for every dimension and number of steps; with the
    rational numbers it is evaluated at the instances that Python evaluates, and must give the
    same domain, margins, sides and relation (Tie.v).  *)

From Coq Require Import Reals QArith List String Bool.
Import ListNotations.
Local Open Scope string_scope.

(** ** Numbers *)

Class Num (K : Type) := {
  of_Z : Z -> K;
  add : K -> K -> K;
  sub : K -> K -> K;
  mul : K -> K -> K;
  div : K -> K -> K;
  power : K -> nat -> K;
  leb : K -> K -> bool
}.

(** Theorems are proved here. *)
#[global] Instance R_num : Num R := {|
  of_Z := IZR;
  add := Rplus;
  sub := Rminus;
  mul := Rmult;
  div := Rdiv;
  power := pow;
  leb := fun x y => if Rle_lt_dec x y then true else false
|}.

(** Instances are evaluated here; a division by 0 gives 0, as it does for [R], and no instance of
    the tie has one. *)
#[global] Instance Q_num : Num Q := {|
  of_Z := inject_Z;
  add := fun x y => Qred (x + y);
  sub := fun x y => Qred (x - y);
  mul := fun x y => Qred (x * y);
  div := fun x y => Qred (x / y);
  power := fun x n => Qred (Qpower x (Z.of_nat n));
  leb := Qle_bool
|}.

Declare Scope num_scope.
Delimit Scope num_scope with num.
Infix "+" := add : num_scope.
Infix "-" := sub : num_scope.
Infix "*" := mul : num_scope.
Infix "/" := div : num_scope.
Infix "^" := power : num_scope.
Notation "0" := (of_Z 0) : num_scope.
Notation "1" := (of_Z 1) : num_scope.
Notation "2" := (of_Z 2) : num_scope.
Notation "3" := (of_Z 3) : num_scope.
Notation "4" := (of_Z 4) : num_scope.
Notation "8" := (of_Z 8) : num_scope.
Open Scope num_scope.

Section Numbers.
Context {K : Type} `{Num K}.

(** A whole number as a number. *)
Definition of_nat (n : nat) : K := of_Z (Z.of_nat n).
Definition ltb (x y : K) : bool := negb (leb y x).
Definition eqb (x y : K) : bool := leb x y && leb y x.
Definition abs (x : K) : K := if leb 0 x then x else 0 - x.
Definition max (x y : K) : K := if leb x y then y else x.
Definition min (x y : K) : K := if leb x y then x else y.
(** Of a list that is not empty. *)
Definition largest (l : list K) : K :=
  match l with [] => 0 | x :: rest => fold_right max x rest end.
Definition smallest (l : list K) : K :=
  match l with [] => 0 | x :: rest => fold_right min x rest end.
(** The sum of a list. *)
Definition total (l : list K) : K := fold_right add 0 l.
(** S_n(a) = 1 + a + ... + a^(n-1). *)
Fixpoint geometric (a : K) (n : nat) : K :=
  match n with O => 0 | S k => geometric a k + a ^ k end.
(** The sum of f over pairs, which are modes: an eigenvalue and its weight. *)
Definition sum (f : K -> K -> K) (modes : list (K * K)) : K :=
  fold_right (fun m rest => f (fst m) (snd m) + rest) 0 modes.
End Numbers.

(** ** Points: named numbers, vectors and whole numbers *)

Inductive value (K : Type) :=
  | Number (q : K)
  | Vector (v : list K)
  | Whole (n : nat).
Arguments Number {K}.
Arguments Vector {K}.
Arguments Whole {K}.

Definition point (K : Type) := list (string * value K).

Section Points.
Context {K : Type} `{Num K}.

Fixpoint lookup (x : point K) (name : string) : option (value K) :=
  match x with
  | [] => None
  | (key, v) :: rest => if String.eqb key name then Some v else lookup rest name
  end.
Definition number (x : point K) (name : string) : K :=
  match lookup x name with Some (Number q) => q | _ => 0 end.
Definition vector (x : point K) (name : string) : list K :=
  match lookup x name with Some (Vector v) => v | _ => [] end.
Definition whole (x : point K) (name : string) : nat :=
  match lookup x name with Some (Whole n) => n | _ => O end.
End Points.

(** ** Ranges and domains *)

Record range := {
  low : option Z;      (* None: no lower end *)
  high : option Z;     (* None: no upper end *)
  is_open : bool;      (* the lower end itself is excluded *)
  is_whole : bool;     (* whole numbers only *)
  axis : string        (* vectors along one axis have equal length; "" is a single number *)
}.
Definition domain := list (string * range).

(** The ranges of Python's parameters of these names. *)
Definition EIGENVALUES :=
  {| low := Some 0%Z; high := None; is_open := true; is_whole := false; axis := "d" |}.
Definition WEIGHTS := EIGENVALUES.
Definition ENERGY := EIGENVALUES.
Definition STEP_SIZE :=
  {| low := Some 0%Z; high := None; is_open := false; is_whole := false; axis := "" |}.
Definition STEPS :=
  {| low := Some 1%Z; high := None; is_open := false; is_whole := true; axis := "" |}.

(** A quadratic by its modes, at one step size after T steps. *)
Definition QUADRATIC (weights : string) : domain :=
  [("eigenvalues", EIGENVALUES); (weights, WEIGHTS); ("eta", STEP_SIZE); ("steps", STEPS)].

Definition DISCOUNT :=
  {| low := Some 0%Z; high := Some 1%Z; is_open := false; is_whole := false; axis := "" |}.
(** A number > 0. *)
Definition ABOVE_ZERO :=
  {| low := Some 0%Z; high := None; is_open := true; is_whole := false; axis := "" |}.
(** A number, or with an axis a vector, >= the whole number l. *)
Definition AT_LEAST (l : Z) (along : string) :=
  {| low := Some l; high := None; is_open := false; is_whole := false; axis := along |}.

Section Domains.
Context {K : Type} `{Num K}.

Definition within (p : range) (q : K) : bool :=
  match low p with
  | None => true
  | Some l => if is_open p then ltb (of_Z l) q else leb (of_Z l) q
  end
  && match high p with None => true | Some h => leb q (of_Z h) end.

Definition fits (p : range) (v : option (value K)) : bool :=
  match v with
  | None => false
  | Some (Number q) => String.eqb (axis p) "" && negb (is_whole p) && within p q
  | Some (Vector l) => negb (String.eqb (axis p) "") && forallb (within p) l
  | Some (Whole n) => String.eqb (axis p) "" && is_whole p && within p (of_nat n)
  end.

(** Two vectors along one axis have one length, and no vector is empty. *)
Definition level (x : point K) (p q : string * range) : bool :=
  negb (String.eqb (axis (snd p)) (axis (snd q))) || String.eqb (axis (snd p)) ""
  || (Nat.eqb (List.length (vector x (fst p))) (List.length (vector x (fst q)))
      && Nat.ltb 0 (List.length (vector x (fst p)))).

(** Whether a point lies in a domain: no unknown name, and each known one within its range. *)
Definition reads (d : domain) (x : point K) : bool :=
  forallb (fun entry => existsb (fun p => String.eqb (fst p) (fst entry)) d) x
  && forallb (fun p => fits (snd p) (lookup x (fst p))) d
  && forallb (fun p => forallb (level x p) d) d.
End Domains.

(** ** Claims *)

(** What an assumption asks of its margin. *)
Inductive sign := Positive | Nonnegative | Zero.
Inductive relation := Le | Ge | Lt | Gt | Eq.

(** [numbers] is any number type: the same text is proved over R and evaluated over Q. *)
Record claim := {
  of_domain : domain;
  margins : forall K, Num K -> point K -> list (string * sign * K);
  sides : forall K, Num K -> point K -> list (K * K);
  related : relation
}.

(** Nothing beyond the domain is assumed. *)
Definition no_margins (K : Type) (_ : Num K) (_ : point K) : list (string * sign * K) := [].

Definition met (margin : string * sign * R) : Prop :=
  match margin with
  | (_, Positive, m) => (0 < m)%R
  | (_, Nonnegative, m) => (0 <= m)%R
  | (_, Zero, m) => m = 0%R
  end.

Definition compared (r : relation) (pair : R * R) : Prop :=
  let (lhs, rhs) := pair in
  match r with
  | Le => (lhs <= rhs)%R
  | Ge => (lhs >= rhs)%R
  | Lt => (lhs < rhs)%R
  | Gt => (lhs > rhs)%R
  | Eq => lhs = rhs
  end.

(** A claim holds: at EVERY real point of its domain that meets the assumptions, in every
    component. Vectors of a point have any length, so that this is a statement for every
    dimension, and for every number of steps. *)
Definition holds (c : claim) : Prop :=
  forall x : point R, reads (of_domain c) x = true ->
    Forall met (margins c R R_num x) -> Forall (compared (related c)) (sides c R R_num x).

(** ** The quadratic inner problem by its modes *)

Section Formulas.
Context {K : Type} `{Num K}.

(** The modes of a point: eigenvalues lambda_i beside weights omega_i, or energies c_i^2. *)
Definition modes_of (x : point K) (weights : string) : list (K * K) :=
  combine (vector x "eigenvalues") (vector x weights).
(** Energies as weights: omega_i = lambda_i c_i^2 / 2. *)
Definition weighted (modes : list (K * K)) : list (K * K) :=
  map (fun m => (fst m, fst m * snd m / 2)) modes.
(** F(eta) = sum_i omega_i a_i^(2T), a_i = 1 - eta lambda_i, and its derivatives. *)
Definition loss (modes : list (K * K)) (eta : K) (T : nat) : K :=
  sum (fun lam w => w * (1 - eta * lam) ^ (2 * T)) modes.
Definition slope (modes : list (K * K)) (eta : K) (T : nat) : K :=
  0 - 2 * of_nat T * sum (fun lam w => w * lam * (1 - eta * lam) ^ (2 * T - 1)) modes.
Definition curvature (modes : list (K * K)) (eta : K) (T : nat) : K :=
  2 * of_nat T * (2 * of_nat T - 1)
  * sum (fun lam w => w * lam ^ 2 * (1 - eta * lam) ^ (2 * T - 2)) modes.
(** The weight of all modes of one eigenvalue; a repeated eigenvalue counts as one. *)
Definition weight_at (modes : list (K * K)) (v : K) : K :=
  sum (fun lam w => if eqb lam v then w else 0) modes.
(** kappa - 1. *)
Definition spread (lam : list K) : K := largest lam / smallest lam - 1.
End Formulas.
