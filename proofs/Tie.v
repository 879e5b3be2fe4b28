(** What Python gives at an instance, and whether a claim gives the same when it is evaluated over
    the rational numbers: domain, names and kinds of the assumptions, margins, sides, relation. *)

From Coq Require Import QArith ZArith List String Bool.
From Quadmeta Require Import Base.
Import ListNotations.

Record instance := {
  given : point Q;
  (* None: outside the domain. The sides are None where Python divides by 0. *)
  answered : option (list (string * sign * Q) * option (list (Q * Q)))
}.

Fixpoint same {A B : Type} (equal : A -> B -> bool) (one : list A) (two : list B) : bool :=
  match one, two with
  | [], [] => true
  | a :: one, b :: two => equal a b && same equal one two
  | _, _ => false
  end.

Definition same_sign (a b : sign) : bool :=
  match a, b with
  | Positive, Positive | Nonnegative, Nonnegative | Zero, Zero => true
  | _, _ => false
  end.

Definition same_relation (a b : relation) : bool :=
  match a, b with
  | Le, Le | Ge, Ge | Lt, Lt | Gt, Gt | Eq, Eq => true
  | _, _ => false
  end.

Definition same_end (a b : option Z) : bool :=
  match a, b with
  | None, None => true
  | Some a, Some b => Z.eqb a b
  | _, _ => false
  end.

Definition same_range (a b : string * range) : bool :=
  String.eqb (fst a) (fst b)
  && same_end (low (snd a)) (low (snd b)) && same_end (high (snd a)) (high (snd b))
  && Bool.eqb (is_open (snd a)) (is_open (snd b))
  && Bool.eqb (is_whole (snd a)) (is_whole (snd b))
  && String.eqb (axis (snd a)) (axis (snd b)).

Definition same_margin (a b : string * sign * Q) : bool :=
  String.eqb (fst (fst a)) (fst (fst b)) && same_sign (snd (fst a)) (snd (fst b))
  && Qeq_bool (snd a) (snd b).

Definition same_pair (a b : Q * Q) : bool :=
  Qeq_bool (fst a) (fst b) && Qeq_bool (snd a) (snd b).

Definition agrees (c : claim) (i : instance) : bool :=
  match answered i with
  | None => negb (reads (of_domain c) (given i))
  | Some (m, s) =>
      reads (of_domain c) (given i) && same same_margin (margins c Q Q_num (given i)) m
      && match s with None => true | Some s => same same_pair (sides c Q Q_num (given i)) s end
  end.

(** The places of a table at which the claim and Python differ; 0 is domain or relation. *)
Definition disagreements (c : claim) (d : domain) (r : relation) (table : list instance) : list nat :=
  (if same same_range (of_domain c) d && same_relation (related c) r then [] else [O])
  ++ map fst (filter (fun p => negb (agrees c (snd p))) (combine (seq 1 (List.length table)) table)).
