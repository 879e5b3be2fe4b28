(** What the proofs share: from the class of numbers to plain reals, reading a domain, finite sums,
    extreme eigenvalues, and three inequalities between powers. *)

From Coq Require Import Reals Lra Lia List String Bool Arith ZArith.
From Quadmeta Require Import Base.
Import ListNotations.
Local Close Scope num_scope.
Local Open Scope R_scope.

(** ** From the class to plain reals *)

Ltac plain :=
  try change (@add R R_num) with Rplus in *;
  try change (@sub R R_num) with Rminus in *;
  try change (@mul R R_num) with Rmult in *;
  try change (@div R R_num) with Rdiv in *;
  try change (@power R R_num) with pow in *;
  try change (@of_Z R R_num) with IZR in *.

Lemma of_nat_INR n : (of_nat n : R) = INR n.
Proof. unfold of_nat; plain; symmetry; apply INR_IZR_INZ. Qed.

Lemma leb_true (x y : R) : leb x y = true <-> x <= y.
Proof. cbn; destruct (Rle_lt_dec x y); split; intro; try easy; lra. Qed.

Lemma leb_false (x y : R) : leb x y = false <-> y < x.
Proof. cbn; destruct (Rle_lt_dec x y); split; intro; try easy; lra. Qed.

Lemma ltb_true (x y : R) : ltb x y = true <-> x < y.
Proof. unfold ltb; rewrite negb_true_iff; apply leb_false. Qed.

Lemma eqb_true (x y : R) : eqb x y = true <-> x = y.
Proof. unfold eqb; rewrite andb_true_iff, !leb_true; split; intro; lra. Qed.

Lemma eqb_false (x y : R) : eqb x y = false <-> x <> y.
Proof.
  split; intro E.
  - intro same; apply eqb_true in same; congruence.
  - destruct (eqb x y) eqn:D; [apply eqb_true in D; contradiction | reflexivity].
Qed.

Lemma abs_Rabs x : abs x = Rabs x.
Proof.
  unfold abs; plain; destruct (leb 0 x) eqn:D.
  - apply leb_true in D; rewrite Rabs_right; lra.
  - apply leb_false in D; rewrite Rabs_left; lra.
Qed.

Lemma max_Rmax x y : max x y = Rmax x y.
Proof.
  unfold max; destruct (leb x y) eqn:D.
  - apply leb_true in D; rewrite Rmax_right; lra.
  - apply leb_false in D; rewrite Rmax_left; lra.
Qed.

Lemma min_Rmin x y : min x y = Rmin x y.
Proof.
  unfold min; destruct (leb x y) eqn:D.
  - apply leb_true in D; rewrite Rmin_left; lra.
  - apply leb_false in D; rewrite Rmin_right; lra.
Qed.

(** ** Reading a domain *)

Section Reading.
Variables (d : domain) (x : point R).
Hypothesis inside : reads d x = true.

Lemma read_fits name p : In (name, p) d -> fits p (lookup x name) = true.
Proof.
  intro at_name; unfold reads in inside; rewrite !andb_true_iff in inside.
  destruct inside as [[_ all] _]; rewrite forallb_forall in all; apply (all _ at_name).
Qed.

Lemma read_vector name p q :
  In (name, p) d -> axis p <> ""%string -> In q (vector x name) -> within p q = true.
Proof.
  intros at_name along at_q; generalize (read_fits _ _ at_name); unfold vector in at_q.
  destruct (lookup x name) as [[n | l | n] |]; try easy; cbn.
  rewrite andb_true_iff, forallb_forall; intros [_ all]; exact (all _ at_q).
Qed.

Lemma read_number name p :
  In (name, p) d -> axis p = ""%string -> is_whole p = false -> within p (number x name) = true.
Proof.
  intros at_name along kind; generalize (read_fits _ _ at_name); unfold number.
  destruct (lookup x name) as [[n | l | n] |]; cbn [fits]; rewrite ?along, ?kind;
    cbn [String.eqb negb andb]; intro found; first [exact found | discriminate found].
Qed.

Lemma read_whole name p :
  In (name, p) d -> axis p = ""%string -> is_whole p = true ->
  within p (of_nat (whole x name) : R) = true.
Proof.
  intros at_name along kind; generalize (read_fits _ _ at_name); unfold whole.
  destruct (lookup x name) as [[n | l | n] |]; cbn [fits]; rewrite ?along, ?kind;
    cbn [String.eqb negb andb]; intro found; first [exact found | discriminate found].
Qed.

Lemma read_level one p two q :
  In (one, p) d -> In (two, q) d -> axis p = axis q -> axis p <> ""%string ->
  List.length (vector x one) = List.length (vector x two) /\ vector x one <> [].
Proof.
  intros at_one at_two same along.
  unfold reads in inside; rewrite !andb_true_iff in inside; destruct inside as [_ all].
  rewrite forallb_forall in all; specialize (all _ at_one).
  rewrite forallb_forall in all; specialize (all _ at_two).
  unfold level in all; cbn [fst snd] in all; rewrite <- same, String.eqb_refl in all.
  apply String.eqb_neq in along; rewrite along in all; cbn [negb orb] in all.
  apply andb_true_iff in all; destruct all as [equal some].
  apply Nat.eqb_eq in equal; apply Nat.ltb_lt in some.
  split; [exact equal |]; destruct (vector x one); cbn in some; [lia | discriminate].
Qed.
End Reading.

Lemma within_eigenvalues (q : R) : within EIGENVALUES q = true -> 0 < q.
Proof. unfold within; cbn -[ltb]; rewrite andb_true_r; apply ltb_true. Qed.

Lemma within_above_zero (q : R) : within ABOVE_ZERO q = true -> 0 < q.
Proof. unfold within; cbn -[ltb]; rewrite andb_true_r; apply ltb_true. Qed.

Lemma within_discount (q : R) : within DISCOUNT q = true -> 0 <= q <= 1.
Proof. unfold within; cbn -[leb]; rewrite andb_true_iff, !leb_true; easy. Qed.

Lemma within_step_size (q : R) : within STEP_SIZE q = true -> 0 <= q.
Proof. unfold within; cbn -[leb]; rewrite andb_true_r; apply leb_true. Qed.

Lemma within_steps n : within STEPS (of_nat n : R) = true -> (1 <= n)%nat.
Proof.
  unfold within; cbn -[leb of_nat]; rewrite andb_true_r, leb_true, of_nat_INR.
  intro least; apply INR_le; exact least.
Qed.

(** The eigenvalues of a point are positive, and there is one. *)
Lemma read_eigenvalues d x : reads d x = true -> In ("eigenvalues"%string, EIGENVALUES) d ->
  vector x "eigenvalues" <> [] /\ forall a, In a (vector x "eigenvalues") -> 0 < a.
Proof.
  intros inside at_lam; split.
  - now destruct (read_level d x inside _ _ _ _ at_lam at_lam).
  - intros a at_a; apply within_eigenvalues, (read_vector d x inside "eigenvalues" EIGENVALUES); easy.
Qed.

(** ** Modes: a list of an eigenvalue and a weight each, both positive *)

Definition positive (modes : list (R * R)) : Prop := forall m, In m modes -> 0 < fst m /\ 0 < snd m.

Lemma positive_cons m l : positive (m :: l) <-> (0 < fst m /\ 0 < snd m) /\ positive l.
Proof.
  unfold positive; cbn; split.
  - intro all; split; [apply all; now left | intros k at_k; apply all; now right].
  - intros [one all] k [<- | at_k]; auto.
Qed.

(** Combined vectors of one length keep the eigenvalues and the weights. *)
Lemma firsts (lam w : list R) : List.length lam = List.length w -> map fst (combine lam w) = lam.
Proof.
  revert w; induction lam as [| a lam IH]; intros [| b w]; cbn; try easy.
  intro same; f_equal; apply IH; lia.
Qed.

Lemma seconds (lam w : list R) : List.length lam = List.length w -> map snd (combine lam w) = w.
Proof.
  revert w; induction lam as [| a lam IH]; intros [| b w]; cbn; try easy.
  intro same; f_equal; apply IH; lia.
Qed.

(** The modes of a point of a domain with "eigenvalues" and weights. *)
Lemma read_modes d x weights :
  reads d x = true -> In ("eigenvalues"%string, EIGENVALUES) d -> In (weights, WEIGHTS) d ->
  let modes := modes_of x weights in
  positive modes /\ modes <> [] /\ map fst modes = vector x "eigenvalues"
  /\ map snd modes = vector x weights.
Proof.
  intros inside at_lam at_w; cbn zeta; unfold modes_of.
  destruct (read_level d x inside _ _ _ _ at_lam at_w) as [same some]; try easy.
  split; [| split; [| split; [apply firsts | apply seconds]; exact same]].
  - intros [lam w] at_m; cbn; split; apply within_eigenvalues.
    + apply in_combine_l in at_m.
      apply (read_vector d x inside "eigenvalues"); easy.
    + apply in_combine_r in at_m.
      apply (read_vector d x inside weights); easy.
  - destruct (vector x "eigenvalues"), (vector x weights); try easy; cbn in same; lia.
Qed.

(** What a point of [QUADRATIC] gives. *)
Lemma read_quadratic weights x : reads (QUADRATIC weights) x = true ->
  let modes := modes_of x weights in
  positive modes /\ modes <> [] /\ vector x "eigenvalues" = map fst modes
  /\ vector x weights = map snd modes /\ 0 <= number x "eta" /\ (1 <= whole x "steps")%nat.
Proof.
  intro inside; destruct (read_modes _ x weights inside) as [pos [some [lam w]]];
    [cbn; tauto.. |].
  cbn zeta; split; [exact pos | split; [exact some | split; [now rewrite lam |]]].
  split; [now rewrite w | split].
  - apply within_step_size, (read_number _ x inside); cbn; tauto.
  - apply within_steps, (read_whole _ x inside); cbn; tauto.
Qed.

(** The assumptions and the components of a claim, one by one. *)
Ltac split_margins H := unfold met in H; rewrite ?Forall_cons_iff in H; plain.
Ltac split_sides := repeat apply Forall_cons; try apply Forall_nil; cbn [compared]; plain.

(** ** Finite sums *)

Local Notation sum := (@Base.sum R R_num).

Lemma sum_nil f : sum f [] = 0.
Proof. reflexivity. Qed.

Lemma sum_cons f m l : sum f (m :: l) = f (fst m) (snd m) + sum f l.
Proof. reflexivity. Qed.

Lemma sum_ext f g l : (forall m, In m l -> f (fst m) (snd m) = g (fst m) (snd m)) -> sum f l = sum g l.
Proof.
  induction l as [| m l IH]; intro same; [reflexivity |]; rewrite !sum_cons.
  rewrite same by now left. f_equal; apply IH; intros k at_k; apply same; now right.
Qed.

Lemma sum_le f g l : (forall m, In m l -> f (fst m) (snd m) <= g (fst m) (snd m)) -> sum f l <= sum g l.
Proof.
  induction l as [| m l IH]; intro le; [rewrite !sum_nil; lra |]; rewrite !sum_cons.
  apply Rplus_le_compat; [apply le; now left |]; apply IH; intros k at_k; apply le; now right.
Qed.

Lemma sum_plus f g l : sum (fun a b => f a b + g a b) l = sum f l + sum g l.
Proof. induction l as [| m l IH]; rewrite ?sum_nil, ?sum_cons, ?IH; lra. Qed.

Lemma sum_scale c f l : sum (fun a b => c * f a b) l = c * sum f l.
Proof. induction l as [| m l IH]; rewrite ?sum_nil, ?sum_cons, ?IH; lra. Qed.

Lemma sum_nonneg f l : (forall m, In m l -> 0 <= f (fst m) (snd m)) -> 0 <= sum f l.
Proof.
  induction l as [| m l IH]; intro nonneg; [rewrite sum_nil; lra |]; rewrite sum_cons.
  assert (0 <= f (fst m) (snd m)) by (apply nonneg; now left).
  assert (0 <= sum f l) by (apply IH; intros k at_k; apply nonneg; now right).
  lra.
Qed.

(** One term is at most the sum of nonnegative ones. *)
Lemma sum_term f l m :
  (forall k, In k l -> 0 <= f (fst k) (snd k)) -> In m l -> f (fst m) (snd m) <= sum f l.
Proof.
  induction l as [| k l IH]; intros nonneg at_m; [easy |]; rewrite sum_cons.
  assert (first : 0 <= f (fst k) (snd k)) by (apply nonneg; now left).
  assert (0 <= sum f l) by (apply sum_nonneg; intros j at_j; apply nonneg; now right).
  destruct at_m as [<- | at_m]; [lra |].
  assert (f (fst m) (snd m) <= sum f l) by (apply IH; [intros j at_j; apply nonneg; now right | easy]).
  lra.
Qed.

(** Nonnegative terms of which one is positive have a positive sum. *)
Lemma sum_positive f l m :
  (forall k, In k l -> 0 <= f (fst k) (snd k)) -> In m l -> 0 < f (fst m) (snd m) -> 0 < sum f l.
Proof. intros nonneg at_m some; generalize (sum_term f l m nonneg at_m); lra. Qed.

Lemma sum_map f g (l : list (R * R)) :
  sum f (map g l) = sum (fun a b => f (fst (g (a, b))) (snd (g (a, b)))) l.
Proof.
  induction l as [| [a b] l IH]; [reflexivity |]; cbn [map]; rewrite !sum_cons, IH; reflexivity.
Qed.

(** The triangle inequality. *)
Lemma sum_abs f l : Rabs (sum f l) <= sum (fun a b => Rabs (f a b)) l.
Proof.
  induction l as [| m l IH]; rewrite ?sum_nil, ?sum_cons; [rewrite Rabs_R0; lra |].
  eapply Rle_trans; [apply Rabs_triang |]; lra.
Qed.

Lemma total_seconds (l : list (R * R)) : total (map snd l) = sum (fun _ w => w) l.
Proof. induction l as [| m l IH]; [reflexivity |]; rewrite sum_cons, <- IH; reflexivity. Qed.

(** ** Extreme eigenvalues *)

Lemma largest_in (l : list R) : l <> [] -> In (largest l) l.
Proof.
  destruct l as [| a l]; [easy |]; intros _; cbn [largest].
  induction l as [| b l IH]; cbn [fold_right]; [now left |].
  unfold max at 1; destruct (leb b (fold_right max a l)).
  - destruct IH as [<- | IH]; [now left | now right; right].
  - now right; left.
Qed.

Lemma smallest_in (l : list R) : l <> [] -> In (smallest l) l.
Proof.
  destruct l as [| a l]; [easy |]; intros _; cbn [smallest].
  induction l as [| b l IH]; cbn [fold_right]; [now left |].
  unfold min at 1; destruct (leb b (fold_right min a l)).
  - now right; left.
  - destruct IH as [<- | IH]; [now left | now right; right].
Qed.

Lemma largest_most (l : list R) a : In a l -> a <= largest l.
Proof.
  destruct l as [| b l]; [easy |]; cbn [largest].
  induction l as [| c l IH]; cbn [fold_right In].
  - intros [<- | []]; lra.
  - rewrite max_Rmax; intros [<- | [<- | at_a]].
    + eapply Rle_trans; [apply IH; now left | apply Rmax_r].
    + apply Rmax_l.
    + eapply Rle_trans; [apply IH; now right | apply Rmax_r].
Qed.

Lemma smallest_least (l : list R) a : In a l -> smallest l <= a.
Proof.
  destruct l as [| b l]; [easy |]; cbn [smallest].
  induction l as [| c l IH]; cbn [fold_right In].
  - intros [<- | []]; lra.
  - rewrite min_Rmin; intros [<- | [<- | at_a]].
    + eapply Rle_trans; [apply Rmin_r | apply IH; now left].
    + apply Rmin_l.
    + eapply Rle_trans; [apply Rmin_r | apply IH; now right].
Qed.

Lemma largest_below (l : list R) b : l <> [] -> (forall a, In a l -> a <= b) -> largest l <= b.
Proof. intros some all; now apply all, largest_in. Qed.

(** What every row with kappa > 1 starts from: 0 < mu < L, both eigenvalues, all between them. *)
Lemma extremes (l : list R) :
  l <> [] -> (forall a, In a l -> 0 < a) ->
  0 < smallest l /\ smallest l <= largest l
  /\ forall a, In a l -> smallest l <= a <= largest l.
Proof.
  intros some pos; split; [now apply pos, smallest_in |].
  split; [now apply smallest_least, largest_in |].
  intros a at_a; split; [now apply smallest_least | now apply largest_most].
Qed.

Lemma spread_positive (l : list R) :
  l <> [] -> (forall a, In a l -> 0 < a) -> 0 < spread l -> smallest l < largest l.
Proof.
  intros some pos; unfold spread; plain; intro apart.
  assert (0 < smallest l) by now apply pos, smallest_in.
  apply Rmult_lt_reg_r with (/ smallest l); [now apply Rinv_0_lt_compat |].
  rewrite Rinv_r; [unfold Rdiv in apart; lra | lra].
Qed.

(** An eigenvalue of the list has a positive total weight, at most all of it. *)
Lemma weight_at_positive l v : positive l -> In v (map fst l) -> 0 < weight_at l v.
Proof.
  intros pos at_v; apply in_map_iff in at_v; destruct at_v as [m [<- at_m]].
  apply (sum_positive _ l m); [| easy |].
  - intros k at_k; destruct (eqb (fst k) (fst m)); [apply Rlt_le, pos, at_k | plain; lra].
  - replace (eqb (fst m) (fst m)) with true by (symmetry; now apply eqb_true).
    now apply pos.
Qed.

Lemma some_modes (l : list (R * R)) : l <> [] -> map fst l <> [].
Proof. destruct l; cbn; congruence. Qed.

Lemma positive_eigenvalues l a : positive l -> In a (map fst l) -> 0 < a.
Proof. intros pos at_a; apply in_map_iff in at_a; destruct at_a as [m [<- at_m]]; now apply pos. Qed.

Lemma weight_at_most l v : positive l -> weight_at l v <= sum (fun _ w => w) l.
Proof.
  intro pos; apply sum_le; intros m at_m; destruct (eqb (fst m) v); plain; [lra |].
  apply Rlt_le, pos, at_m.
Qed.

(** ** Powers *)

Lemma pow_odd_neg x n : (- x) ^ (2 * n + 1) = - x ^ (2 * n + 1).
Proof.
  rewrite !pow_add, !pow_mult; replace ((- x) ^ 2) with (x ^ 2) by ring; cbn [pow]; ring.
Qed.

Lemma pow_even_nonneg x n : 0 <= x ^ (2 * n).
Proof. rewrite pow_mult; apply pow_le, pow2_ge_0. Qed.

Lemma pow_even_positive x n : x <> 0 -> 0 < x ^ (2 * n).
Proof. intro some; rewrite pow_mult; apply pow_lt; nra. Qed.

Lemma pow_odd_nonneg x n : 0 <= x -> 0 <= x ^ (2 * n + 1).
Proof. intro; now apply pow_le. Qed.

Lemma pow_odd_nonpos x n : x <= 0 -> x ^ (2 * n + 1) <= 0.
Proof.
  intro neg; replace x with (- - x) by ring; rewrite pow_odd_neg.
  assert (0 <= (- x) ^ (2 * n + 1)) by (apply pow_le; lra); lra.
Qed.

(** 2T - 1 = 2 (T - 1) + 1. *)
Lemma odd_steps T : (1 <= T)%nat -> (2 * T - 1 = 2 * (T - 1) + 1)%nat.
Proof. lia. Qed.

Lemma even_Rabs x n : Rabs x ^ (2 * n) = x ^ (2 * n).
Proof.
  rewrite !pow_mult; f_equal; unfold Rabs; destruct (Rcase_abs x); ring.
Qed.

(** Bernoulli. *)
Lemma bernoulli h n : -1 <= h -> 1 + INR n * h <= (1 + h) ^ n.
Proof.
  intro least; induction n as [| n IH]; [cbn; lra |].
  rewrite S_INR; cbn [pow]; assert (0 <= INR n * h ^ 2).
  { apply Rmult_le_pos; [apply pos_INR | apply pow2_ge_0]. }
  assert (0 <= (1 + h) * ((1 + h) ^ n - (1 + INR n * h))) by (apply Rmult_le_pos; lra).
  nra.
Qed.

(** The tangent of x^m at p, m >= 2 even, any signs: m x p^(m-1) <= x^m + (m-1) p^m. *)
Lemma tangent x p T : (1 <= T)%nat ->
  INR (2 * T) * x * p ^ (2 * T - 1) <= x ^ (2 * T) + INR (2 * T - 1) * p ^ (2 * T).
Proof.
  intro least.
  destruct (Req_dec p 0) as [-> | some].
  { rewrite !pow_i by lia; rewrite !Rmult_0_r, Rplus_0_r; apply pow_even_nonneg. }
  (* scaled to p = 1, u = x/p: m u - (m - 1) <= u^m *)
  set (u := x / p).
  assert (unit : INR (2 * T) * u - INR (2 * T - 1) <= u ^ (2 * T)).
  { destruct (Rle_lt_dec (-1) (u - 1)) as [near | far].
    - generalize (bernoulli (u - 1) (2 * T) near); replace (1 + (u - 1)) with u by ring.
      rewrite minus_INR by lia; cbn [INR]; lra.
    - assert (0 <= u ^ (2 * T)) by apply pow_even_nonneg.
      assert (0 <= INR (2 * T - 1)) by apply pos_INR.
      assert (0 <= INR (2 * T)) by apply pos_INR.
      assert (INR (2 * T) * u <= 0) by nra; lra. }
  assert (scale : 0 < p ^ (2 * T)) by now apply pow_even_positive.
  replace (x ^ (2 * T)) with (u ^ (2 * T) * p ^ (2 * T)).
  2:{ rewrite <- Rpow_mult_distr; f_equal; unfold u; now field. }
  replace (INR (2 * T) * x * p ^ (2 * T - 1)) with (INR (2 * T) * u * p ^ (2 * T)).
  2:{ replace (2 * T)%nat with (S (2 * T - 1)) at 2 by lia; cbn [pow]; unfold u.
      now field. }
  nra.
Qed.

(** The arithmetic and the geometric mean of n numbers x and one number y. *)
Lemma mean x y n : 0 <= x -> 0 <= y -> x ^ n * y <= ((INR n * x + y) / INR (S n)) ^ (S n).
Proof.
  intros at_x at_y; assert (0 < INR (S n)) by (apply lt_0_INR; lia).
  set (m := (INR n * x + y) / INR (S n)).
  assert (0 <= m).
  { unfold m; apply Rmult_le_pos; [| now apply Rlt_le, Rinv_0_lt_compat].
    assert (0 <= INR n) by apply pos_INR; nra. }
  destruct (Req_dec x 0) as [-> | some].
  { destruct n as [| n]; [| cbn [pow]; rewrite !Rmult_0_l; apply (pow_le _ (S (S n))); easy].
    unfold m; cbn; lra. }
  assert (0 < x) by lra.
  (* Bernoulli at h = m/x - 1 *)
  assert (B : 1 + INR (S n) * (m / x - 1) <= (1 + (m / x - 1)) ^ (S n)).
  { apply bernoulli; assert (0 <= m / x); [| lra].
    apply Rmult_le_pos; [easy | now apply Rlt_le, Rinv_0_lt_compat]. }
  replace (1 + (m / x - 1)) with (m / x) in B by ring.
  replace (m ^ S n) with ((m / x) ^ S n * x ^ S n).
  2:{ rewrite <- Rpow_mult_distr; f_equal; now field. }
  assert (scale : 0 < x ^ S n) by now apply pow_lt.
  replace (x ^ n * y) with ((1 + INR (S n) * (m / x - 1)) * x ^ S n); [nra |].
  unfold m; rewrite S_INR in *; cbn [pow].
  generalize (x ^ n); intro power; field; split; lra.
Qed.

(** Roots of both sides of an inequality between powers. *)
Lemma pow_le_inv x y n : 0 <= y -> (1 <= n)%nat -> x ^ n <= y ^ n -> x <= y.
Proof.
  intros at_y least le; destruct (Rle_lt_dec x y) as [good | bad]; [easy |].
  assert (y ^ n < x ^ n); [| lra].
  destruct n as [| n]; [lia |]; clear le least.
  induction n as [| n IH]; [cbn; lra |].
  cbn [pow] in *; assert (0 <= y * y ^ n) by (apply (pow_le y (S n)); easy); nra.
Qed.

Lemma pow_increasing x y m : 0 <= x < y -> x ^ S m < y ^ S m.
Proof.
  intros [at_x less]; induction m as [| m IH]; [cbn; lra |].
  rewrite <- !(tech_pow_Rmult _ (S m)).
  assert (0 <= x ^ S m) by now apply pow_le.
  nra.
Qed.

(** Odd powers increase. *)
Lemma odd_increasing x y n : x < y -> x ^ (2 * n + 1) < y ^ (2 * n + 1).
Proof.
  intro less; replace (2 * n + 1)%nat with (S (2 * n)) by lia.
  destruct (Rle_lt_dec 0 x) as [up | down].
  - apply pow_increasing; lra.
  - assert (even : 0 < x ^ (2 * n)) by (apply pow_even_positive; lra).
    assert (neg : x ^ S (2 * n) < 0) by (cbn [pow]; nra).
    destruct (Rle_lt_dec 0 y) as [over | under].
    + assert (0 <= y ^ S (2 * n)) by now apply pow_le.
      lra.
    + (* both negative: the opposites are ordered the other way *)
      generalize (pow_increasing (- y) (- x) (2 * n)).
      replace (S (2 * n)) with (2 * n + 1)%nat by lia; rewrite !pow_odd_neg; lra.
Qed.

(** Where a quadratic form in two variables is never negative. *)
Lemma discriminant A B C : (forall x y, 0 <= A * x ^ 2 - 2 * C * x * y + B * y ^ 2) -> C ^ 2 <= A * B.
Proof.
  intro form; generalize (form 0 1), (form B C), (form 1 0); intros at_B at_C at_A.
  destruct (Req_dec B 0) as [-> | some]; [| nra].
  destruct (Req_dec C 0) as [-> | bad]; [nra |].
  generalize (form 1 ((A + 1) / (2 * C))); intro low.
  replace (2 * C * 1 * ((A + 1) / (2 * C))) with (A + 1) in low by (field; easy); lra.
Qed.

(** Cauchy-Schwarz with weights. *)
Lemma cauchy_schwarz (f g : R -> R -> R) l : positive l ->
  sum (fun a w => w * f a w * g a w) l ^ 2
  <= sum (fun a w => w * f a w ^ 2) l * sum (fun a w => w * g a w ^ 2) l.
Proof.
  intro pos; apply discriminant; intros x y.
  replace (_ - _ + _) with (sum (fun a w => w * (x * f a w - y * g a w) ^ 2) l).
  - apply sum_nonneg; intros m at_m; destruct (pos _ at_m).
    apply Rmult_le_pos; [lra | apply pow2_ge_0].
  - rewrite (sum_ext _ (fun a w => x ^ 2 * (w * f a w ^ 2)
      + (- (2 * x * y) * (w * f a w * g a w) + y ^ 2 * (w * g a w ^ 2)))).
    + rewrite !sum_plus, !sum_scale; ring.
    + intros; ring.
Qed.

(** ** A quadratic at one step size *)

(** Energies as weights keep the eigenvalues. *)
Lemma weighted_firsts (modes : list (R * R)) : map fst (weighted modes) = map fst modes.
Proof. unfold weighted; rewrite map_map; reflexivity. Qed.

Lemma weighted_positive modes : positive modes -> positive (weighted modes).
Proof.
  intros pos m at_m; apply in_map_iff in at_m; destruct at_m as [k [<- at_k]].
  destruct (pos _ at_k); cbn [fst snd]; plain; split; [easy | nra].
Qed.

Lemma weight_at_weighted modes v : weight_at (weighted modes) v = v * weight_at modes v / 2.
Proof.
  unfold weight_at, weighted; rewrite sum_map; cbn [fst snd]; plain.
  rewrite (sum_ext _ (fun lam c => v / 2 * (if eqb lam v then c else 0))).
  - rewrite sum_scale; field.
  - intros m _; destruct (eqb (fst m) v) eqn:same; [apply eqb_true in same; rewrite same |]; field.
Qed.

(** F' = -T sum c^2 lambda^2 a^(2T-1), in energies. *)
Lemma slope_by_energy modes eta T :
  slope (weighted modes) eta T
  = - (INR T * sum (fun lam c => c * lam ^ 2 * (1 - eta * lam) ^ (2 * T - 1)) modes).
Proof.
  unfold slope, weighted; rewrite of_nat_INR, sum_map; plain.
  rewrite (sum_ext _ (fun lam c => / 2 * (c * lam ^ 2 * (1 - eta * lam) ^ (2 * T - 1)))).
  - rewrite sum_scale; field.
  - intros m _; cbn [fst snd]; field.
Qed.

(** Of two distinct eigenvalues one is not at its zero, whatever the step size. *)
Lemma one_moves (l : list (R * R)) eta : l <> [] -> smallest (map fst l) < largest (map fst l) ->
  exists m, In m l /\ 1 - eta * fst m <> 0.
Proof.
  intros some apart; apply some_modes in some.
  generalize (smallest_in _ some), (largest_in _ some); rewrite !in_map_iff.
  intros [a [at_mu at_a]] [b [at_L at_b]].
  destruct (Req_dec (1 - eta * fst a) 0) as [zero | moves]; [| now exists a].
  exists b; split; [easy |]; rewrite at_mu in zero; rewrite at_L; intro both.
  assert (product : eta * (largest (map fst l) - smallest (map fst l)) = 0) by lra.
  apply Rmult_integral in product; destruct product as [none | same]; [rewrite none in zero |]; lra.
Qed.

(** F > 0 where two eigenvalues are distinct. *)
Lemma loss_positive l eta T : positive l -> l <> [] -> smallest (map fst l) < largest (map fst l) ->
  0 < loss l eta T.
Proof.
  intros pos some apart; destruct (one_moves l eta some apart) as [m [at_m moves]].
  apply (sum_positive _ l m); [| easy |]; plain.
  - intros k at_k; destruct (pos _ at_k); apply Rmult_le_pos; [lra | apply pow_even_nonneg].
  - destruct (pos _ at_m); apply Rmult_lt_0_compat; [easy | now apply pow_even_positive].
Qed.

(** F' < 0 at 1/L and F' > 0 at 1/mu. *)
Lemma slope_at_ends l T : positive l -> l <> [] -> smallest (map fst l) < largest (map fst l) ->
  (1 <= T)%nat -> slope l (1 / largest (map fst l)) T < 0 < slope l (1 / smallest (map fst l)) T.
Proof.
  intros pos some apart steps; apply some_modes in some.
  destruct (extremes (map fst l) some) as [mu_pos [_ between]].
  { intros a; now apply positive_eigenvalues. }
  generalize (smallest_in _ some), (largest_in _ some); rewrite !in_map_iff.
  intros [a [at_mu at_a]] [b [at_L at_b]].
  set (mu := smallest (map fst l)) in *; set (L := largest (map fst l)) in *.
  assert (T_pos : 0 < INR T) by (apply lt_0_INR; lia).
  unfold slope; rewrite of_nat_INR, odd_steps by easy; plain; split.
  - assert (0 < sum (fun lam w => w * lam * (1 - 1 / L * lam) ^ (2 * (T - 1) + 1)) l); [| nra].
    apply (sum_positive _ l a); [| easy |].
    + intros k at_k; destruct (pos _ at_k); destruct (between (fst k)) as [_ most]; [now apply in_map |].
      apply Rmult_le_pos; [nra |]; apply pow_odd_nonneg.
      replace (1 - 1 / L * fst k) with ((L - fst k) / L) by (field; lra).
      apply Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; lra].
    + destruct (pos _ at_a); apply Rmult_lt_0_compat; [nra |]; apply pow_lt; rewrite at_mu.
      replace (1 - 1 / L * mu) with ((L - mu) / L) by (field; lra).
      apply Rmult_lt_0_compat; [lra | apply Rinv_0_lt_compat; lra].
  - assert (0 < sum (fun lam w => - (w * lam * (1 - 1 / mu * lam) ^ (2 * (T - 1) + 1))) l).
    + apply (sum_positive _ l b); [| easy |].
      * intros k at_k; destruct (pos _ at_k); destruct (between (fst k)) as [least _]; [now apply in_map |].
        assert (0 < snd k * fst k) by nra.
        assert ((1 - 1 / mu * fst k) ^ (2 * (T - 1) + 1) <= 0); [| nra].
        apply pow_odd_nonpos; replace (1 - 1 / mu * fst k) with (- ((fst k - mu) / mu)) by (field; lra).
        assert (0 <= (fst k - mu) / mu); [| lra].
        apply Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; lra].
      * destruct (pos _ at_b).
        assert ((1 - 1 / mu * fst b) ^ (2 * (T - 1) + 1) < 0 ^ (2 * (T - 1) + 1)).
        { apply odd_increasing; rewrite at_L.
          replace (1 - 1 / mu * L) with (- ((L - mu) / mu)) by (field; lra).
          assert (0 < (L - mu) / mu); [| lra].
          apply Rmult_lt_0_compat; [lra | apply Rinv_0_lt_compat; lra]. }
        rewrite pow_i in * by lia; assert (0 < snd b * fst b) by nra; nra.
    + rewrite (sum_ext _ (fun lam w => -1 * (w * lam * (1 - 1 / mu * lam) ^ (2 * (T - 1) + 1)))) in H
        by (intros; ring).
      rewrite sum_scale in H; nra.
Qed.

(** ** F' is the derivative of F, and F'' that of F' *)

Lemma power_derivative lam x n :
  derivable_pt_lim (fun t => (1 - t * lam) ^ n) x (INR n * (1 - x * lam) ^ (n - 1) * - lam).
Proof.
  replace (n - 1)%nat with (pred n) by lia.
  apply (derivable_pt_lim_comp (fun t => 1 - t * lam) (fun y => y ^ n)).
  - replace (- lam) with (0 - (1 * lam + x * 0)) by ring.
    apply derivable_pt_lim_minus; [apply derivable_pt_lim_const |].
    apply derivable_pt_lim_mult; [apply derivable_pt_lim_id | apply derivable_pt_lim_const].
  - apply derivable_pt_lim_pow.
Qed.

Lemma sum_derivative (f g : R -> R -> R -> R) l x :
  (forall a b, derivable_pt_lim (fun t => f t a b) x (g x a b)) ->
  derivable_pt_lim (fun t => sum (f t) l) x (sum (g x) l).
Proof.
  intro each; induction l as [| m l IH].
  - apply derivable_pt_lim_const.
  - apply (derivable_pt_lim_plus (fun t => f t (fst m) (snd m)) (fun t => sum (f t) l)); auto.
Qed.

Lemma slope_is_derivative l x T : derivable_pt_lim (fun t => loss l t T) x (slope l x T).
Proof.
  unfold loss, slope; plain; rewrite of_nat_INR.
  replace (0 - 2 * INR T * sum (fun lam w => w * lam * (1 - x * lam) ^ (2 * T - 1)) l)
    with (sum (fun lam w => w * (INR (2 * T) * (1 - x * lam) ^ (2 * T - 1) * - lam)) l).
  - apply (sum_derivative (fun t lam w => w * (1 - t * lam) ^ (2 * T))
      (fun t lam w => w * (INR (2 * T) * (1 - t * lam) ^ (2 * T - 1) * - lam))); intros a b.
    replace (b * _) with (0 * (1 - x * a) ^ (2 * T) + b * (INR (2 * T) * (1 - x * a) ^ (2 * T - 1) * - a))
      by ring.
    apply (derivable_pt_lim_mult (fun _ => b)); [apply derivable_pt_lim_const | apply power_derivative].
  - transitivity (sum (fun lam w => - (2 * INR T) * (w * lam * (1 - x * lam) ^ (2 * T - 1))) l).
    + apply sum_ext; intros m _; rewrite mult_INR; cbn [INR]; ring.
    + rewrite sum_scale; ring.
Qed.

Lemma curvature_is_derivative l x T :
  (1 <= T)%nat -> derivable_pt_lim (fun t => slope l t T) x (curvature l x T).
Proof.
  intro least; unfold slope, curvature; plain; rewrite of_nat_INR.
  replace (2 * INR T * (2 * INR T - 1) * sum (fun lam w => w * lam ^ 2 * (1 - x * lam) ^ (2 * T - 2)) l)
    with (0 - (0 * sum (fun lam w => w * lam * (1 - x * lam) ^ (2 * T - 1)) l
      + 2 * INR T * sum (fun lam w => w * lam * (INR (2 * T - 1) * (1 - x * lam) ^ (2 * T - 1 - 1) * - lam)) l)).
  - apply derivable_pt_lim_minus; [apply derivable_pt_lim_const |].
    apply (derivable_pt_lim_mult (fun _ => 2 * INR T)); [apply derivable_pt_lim_const |].
    apply (sum_derivative (fun t lam w => w * lam * (1 - t * lam) ^ (2 * T - 1))
      (fun t lam w => w * lam * (INR (2 * T - 1) * (1 - t * lam) ^ (2 * T - 1 - 1) * - lam)));
      intros a b.
    replace (b * a * _) with
      (0 * (1 - x * a) ^ (2 * T - 1) + b * a * (INR (2 * T - 1) * (1 - x * a) ^ (2 * T - 1 - 1) * - a)) by ring.
    apply (derivable_pt_lim_mult (fun _ => b * a)); [apply derivable_pt_lim_const | apply power_derivative].
  - replace (2 * T - 1 - 1)%nat with (2 * T - 2)%nat by lia.
    assert (size : INR (2 * T - 1) = 2 * INR T - 1).
    { rewrite minus_INR, mult_INR by lia; cbn [INR]; ring. }
    assert (inner : sum (fun lam w => w * lam * (INR (2 * T - 1) * (1 - x * lam) ^ (2 * T - 2) * - lam)) l
      = - (2 * INR T - 1) * sum (fun lam w => w * lam ^ 2 * (1 - x * lam) ^ (2 * T - 2)) l).
    { rewrite <- sum_scale; apply sum_ext; intros m _; rewrite size; ring. }
    rewrite inner; ring.
Qed.
