"""Hypergradients of T steps of conjugate gradients: fractions, many digits, the end of the run."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.jet import Jet
from quadmeta.objectives.parts.runs import conjugate_run, krylov, krylov_gradient
from quadmeta.optimizers.parts import conjugate_step
from quadmeta.strategies import bilevel_problem
from tests.planted import planted
from tests.refusals import refused


class Bent(qm.QuadraticBilevel):
    """H = H_0 + sum alpha_k H_k, b = b_0 + sum alpha_k b_k, and a fixed quadratic outer loss."""

    def __init__(self, H, b, start, bends, pushes, H2, b2):
        self.H, self.b, self.start = H, b, start
        self.bends, self.pushes = np.array(bends), np.array(pushes)
        self.outer_hessian, self.outer_linear = H2, b2[:, None]
        self.hyperparameters = len(bends)

    def bind(self, alpha):
        H = self.H + np.tensordot(alpha, self.bends, 1)
        return qm.QuadraticInnerLoss(H, self.b + alpha @ self.pushes, self, alpha)

    def pair(self, alpha, X, V):
        return np.tensordot(self.bends, X, 2) - self.pushes @ V[:, 0]


def drawn(lam, seed=0, h=2):
    """A problem with these eigenvalues and dense derivatives."""
    rng = np.random.default_rng(seed)
    P = len(lam)
    Q = np.linalg.qr(rng.standard_normal((P, P)))[0]
    H = (Q * lam) @ Q.T
    bends = [M + M.T for M in rng.standard_normal((h, P, P))]
    A = rng.standard_normal((P, P))
    vectors = rng.standard_normal((h + 3, P))
    return Bent((H + H.T) / 2, vectors[0], vectors[1], bends, vectors[3:], A @ A.T / P, vectors[2])


def textbook(H, b, w, steps):
    """Hestenes and Stiefel, in any arithmetic."""
    r = b - H @ w
    p = r
    for _ in range(steps):
        image = H @ p
        a = (r @ r) / (p @ image)
        w = w + p * a
        after = r - image * a
        p = after + p * ((after @ after) / (r @ r))
        r = after
    return w


def by_differences(problem, steps, digits):
    """d F / d alpha at 0 from the textbook's run: the step is 10^(-digits/3)."""
    with mpmath.workdps(digits):
        exact = np.vectorize(mpmath.mpf, otypes=[object])
        H, b, w, H2, b2 = map(
            exact,
            (
                problem.H,
                problem.b,
                problem.start,
                problem.outer_hessian,
                problem.outer_linear[:, 0],
            ),
        )
        h = mpmath.mpf(10) ** (-digits // 3)
        slopes = []
        for bend, push in zip(exact(problem.bends), exact(problem.pushes), strict=True):
            ends = [textbook(H + bend * s, b + push * s, w, steps) for s in (h, -h)]
            losses = [w @ (H2 @ w) / 2 - b2 @ w for w in ends]
            slopes.append(float((losses[0] - losses[1]) / (2 * h)))
        return np.array(slopes)


def distance(found, exact):
    """The relative error."""
    return np.abs(found - exact).max() / np.abs(exact).max()


def gradient(problem, steps):
    """At alpha = 0."""
    loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(steps))
    return loss.gradient(np.zeros(problem.hyperparameters))


TURN = np.array([[0, 1], [1, 0]])
SMALL = Bent(
    np.array([[0.5, 0.25], [0.25, 1.0]]),
    np.array([1.0, 0.0]),
    np.array([1.0, 2.0]),
    [np.eye(2), TURN],
    [np.zeros(2), np.array([0.0, 1.0])],
    np.diag([1.0, 2.0]),
    np.array([1.0, -1.0]),
)
THREE = Bent(
    np.array([[2.0, 1, 0], [1, 3, 1], [0, 1, 4]]),
    np.array([1.0, 0, 1]),
    np.zeros(3),
    [np.eye(3), np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])],
    [np.zeros(3), np.array([0, 0, 1])],
    np.diag([1.0, 2, 1]),
    np.array([1.0, -1, 0]),
)
GOLDEN = [
    (SMALL, 1, "-11/16", ("3/8", "1/2")),
    (SMALL, 2, "4/49", ("-2544/343", "988/343")),
    (THREE, 1, "-2/9", ("1/27", "4/27")),
    (THREE, 2, "-11/18", ("2/9", "-4/27")),
]


@pytest.mark.parametrize(("problem", "steps", "value", "slopes"), GOLDEN)
def test_rational_problems(problem, steps, value, slopes):
    loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(steps))
    exact = np.array([float(Fraction(x)) for x in slopes])
    assert loss([0.0, 0.0]) == pytest.approx(float(Fraction(value)), rel=1e-14)
    np.testing.assert_allclose(loss.gradient([0.0, 0.0]), exact, rtol=2e-14)
    np.testing.assert_allclose(loss.definition([0.0, 0.0]), exact, rtol=2e-14)
    # the formula itself in fractions
    fractions = np.vectorize(Fraction, otypes=[object])
    parts = problem.H, problem.b[:, None], problem.start[:, None], problem.outer_hessian
    data = krylov_gradient.Data(*map(fractions, (*parts, problem.outer_linear)))
    space = krylov_gradient.krylov_space(data, steps)
    found = krylov_gradient.sensitivity(data, space)
    for bend, push, slope in zip(problem.bends, problem.pushes, slopes, strict=True):
        change = (fractions(push) * found.V[:, 0]).sum() - (fractions(bend) * found.X).sum()
        assert change == Fraction(slope)
    W = krylov_gradient.last_weights(data, space)[:, 0]
    assert (W == textbook(*(x[:, 0] if k else x for k, x in enumerate(data[:3])), steps)).all()


@pytest.mark.parametrize(("problem", "steps", "value", "slopes"), GOLDEN)
def test_the_run_takes_fractions_with_their_derivatives(problem, steps, value, slopes):
    fractions = np.vectorize(Fraction, otypes=[object])
    parts = problem.H, problem.b, problem.start, problem.outer_hessian, problem.bends
    H, b, start, H2, bends = map(fractions, parts)
    pushes, b2 = fractions(problem.pushes), fractions(problem.outer_linear[:, 0])

    def gradient(w):
        rows = w.first[0] @ H + bends @ w.value - pushes
        return Jet(H @ w.value - b, (rows,), ())

    solver = qm.ConjugateGradientSolver(steps)
    *_, last = solver.run(gradient, Jet(start, (0 * pushes,), ()))
    w = last.value
    assert w @ H2 @ w / 2 - b2 @ w == Fraction(value)
    assert tuple(last.first[0] @ (H2 @ w - b2)) == tuple(map(Fraction, slopes))


@pytest.mark.parametrize("steps", [1, 3, 6])
def test_the_formula_takes_products_as_said(steps, monkeypatch):
    calls = []
    product = krylov.Krylov.product
    monkeypatch.setattr(krylov.Krylov, "product", lambda *args: calls.append(1) or product(*args))
    gradient(drawn(np.linspace(0.2, 1.0, 6), seed=3), steps)
    assert len(calls) == 2 * steps + 1


SPECTRA = {
    "even": lambda P: np.linspace(0.1, 1.0, P),
    "wide": lambda P: np.geomspace(1e-3, 1.0, P),
    "very wide": lambda P: np.geomspace(1e-6, 1.0, P),
    "two clusters": lambda P: (
        np.append(np.full(P // 2, 0.1), np.ones(P - P // 2)) * (1 + 1e-5 * np.arange(P))
    ),
    "outliers": lambda P: np.append(np.linspace(0.01, 0.02, P - 2), [0.5, 1.0]),
}


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_every_digit_at_any_conditioning(spectrum):
    """float64 where reverse mode agrees, else more digits: the error is below 1e-12 always."""
    for P, steps in ((5, 1), (5, 3), (5, 5), (12, 6), (12, 12)):
        problem = drawn(SPECTRA[spectrum](P), seed=P)
        assert distance(gradient(problem, steps), by_differences(problem, steps, 240)) < 1e-12


def test_forty_steps_on_forty_weights():
    """A change of H in its last digit moves this by 1e-2: float64 has none of it."""
    problem = drawn(np.geomspace(1e-3, 1.0, 40), seed=1, h=1)
    exact = by_differences(problem, 40, 300)
    assert distance(gradient(problem, 40), exact) < 1e-12
    loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(40))
    assert distance(loss.definition([0.0]), exact) > 1e-6


def test_weights_are_right_where_the_recurrence_has_lost_orthogonality():
    problem = drawn(np.geomspace(1e-6, 1.0, 25), seed=1)
    solver = qm.ConjugateGradientSolver(20)
    with mpmath.workdps(200):
        exact = np.vectorize(mpmath.mpf, otypes=[object])
        parts = map(exact, (problem.H, problem.b, problem.start))
        w = textbook(*parts, 20).astype(float)
    assert distance(qm.OuterLoss(problem, solver).trained([0.0, 0.0]), w) < 1e-10
    *_, last = solver.run(lambda w: problem.H @ w - problem.b, problem.start)
    assert distance(last, w) > 1e-4


KINK = np.diag([Fraction(1), Fraction(1), Fraction(2)])
ALONG = (
    np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]]),
    np.array([[0, 1, 0], [1, 0, 2], [0, 2, 1]]),
)


def slope(E):
    """The derivative of w_2 on one side of the kink, to 1e-25."""
    b = np.array([Fraction(1), Fraction(1), Fraction(0)])
    h = Fraction(1, 10**30)
    *_, end = qm.ConjugateGradientSolver(2).run(lambda w: (KINK + h * E) @ w - b, 0 * b)
    return ((end - b) / h).astype(float)


def test_past_its_end_the_derivative_depends_on_the_direction_and_is_refused():
    """R has one eigenvalue of H: w_1 is the minimum, and w_2 has slopes that do not add up."""
    first, second = ALONG
    np.testing.assert_allclose(slope(first), [-13 / 17, -4 / 17, -18 / 17], rtol=1e-13)
    np.testing.assert_allclose(slope(second), [-1, -1, -1], rtol=1e-13)
    both = slope(first + second)
    np.testing.assert_allclose(both, [-1.7538462, -1.2461538, -2.0307692], rtol=1e-7)
    assert np.abs(both - slope(first) - slope(second)).max() > 0.01
    parts = KINK.astype(float), np.array([1.0, 1, 0]), np.zeros(3), ALONG, np.zeros((2, 3))
    problem = Bent(*parts, np.eye(3), np.ones(3))
    loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(2))
    np.testing.assert_allclose(loss.trained([0.0, 0.0]), [1.0, 1.0, 0.0], rtol=1e-15)
    for ask in (loss.gradient, loss.definition):
        with refused("end at the minimum after 1 steps"):
            ask([0.0, 0.0])
    for estimator in (qm.Reverse(), qm.Forward(), qm.ClosedForm()):
        with refused("end at the minimum after 1 steps"):
            qm.hypergradient(loss, [0.0, 0.0], estimator)
    assert np.isfinite(gradient(problem, 1)).all()


@pytest.mark.parametrize(("lam", "end"), [((1, 1, 2), 2), ((3, 3, 3, 3), 1), ((1, 2, 2, 4), 3)])
def test_repeated_eigenvalues_end_the_run_early(lam, end):
    """At the end w_T is the minimum and its derivative is not that of the minimum."""
    problem = drawn(np.array(lam, dtype=float), seed=2)
    with refused(f"end at the minimum after {end} steps"):
        gradient(problem, end + 1)
    found = gradient(problem, end)
    assert distance(found, by_differences(problem, end, 120)) < 1e-12
    loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(end))
    assert distance(loss.trained([0.0, 0.0]), np.linalg.solve(problem.H, problem.b)) < 1e-13
    assert distance(loss.implicit([0.0, 0.0]), found) > 0.01


def test_all_steps_on_distinct_eigenvalues_are_the_implicit_derivative():
    problem = drawn(np.linspace(0.2, 1.0, 6), seed=3)
    loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(6))
    assert distance(loss.gradient([0.0, 0.0]), loss.implicit([0.0, 0.0])) < 1e-12


def test_implicit_estimators_take_the_minimum_where_conjugate_gradients_have_ended():
    problem = drawn(np.linspace(0.2, 1.0, 5), seed=3)
    exact = qm.OuterLoss(problem, qm.ConjugateGradientSolver(5)).implicit([0.0, 0.0])
    for steps in (8, 3000):
        loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(steps))
        for estimator in (qm.Implicit(), qm.ConjugateGradient(budget=9)):
            found = qm.hypergradient(loss, [0.0, 0.0], estimator)
            assert distance(found.value, exact) < 1e-10
        *_, last = loss.optimizer.run(lambda w: problem.H @ w - problem.b, problem.start)
        np.testing.assert_allclose(last, loss.trained([0.0, 0.0]), rtol=1e-12)


def test_a_derivative_that_is_zero():
    """The outer loss is the inner one, at its minimum."""
    rng = np.random.default_rng(0)
    data = rng.standard_normal((6, 3)), rng.standard_normal(6)
    loss = qm.OuterLoss(qm.Ridge(data, data), qm.ConjugateGradientSolver(3))
    assert np.abs(loss.gradient([0.0])) < 1e-14


def test_a_start_at_the_minimum_has_no_step():
    problem = drawn(np.linspace(0.2, 1.0, 4), seed=3)
    best = np.linalg.solve(problem.H, problem.b)
    loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(1))
    with refused("after 0 steps"):
        loss.gradient([0.0, 0.0], start=best)
    np.testing.assert_array_equal(loss.trained([0.0, 0.0], start=best), best)


def test_breakdown_is_refused_in_one_line():
    indefinite = drawn(np.array([-1.0, 0.5, 1.0]), seed=0)
    for ask in ("gradient", "definition", "trained"):
        with refused("singular or indefinite"):
            getattr(qm.OuterLoss(indefinite, qm.ConjugateGradientSolver(3)), ask)([0.0, 0.0])
    with refused("p'Hp = -1.0 must be positive"):
        list(qm.ConjugateGradientSolver(2).run(lambda w: -w, np.array([1])))
    with refused("not quadratic"):
        problem, alpha = bilevel_problem("log_cosh", seed=1)
        qm.OuterLoss(problem, qm.ConjugateGradientSolver(2)).gradient(alpha)


def test_a_singular_hessian_is_fine_until_the_rows_are_fitted():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((3, 6)), rng.standard_normal(3)
    problem = qm.Ridge((X, y), (X, y + 1))
    for steps in (1, 2, 3):
        loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(steps))
        assert distance(loss.gradient([0.0]), loss.definition([0.0])) < 1e-10
    with refused("after 3 steps"):
        qm.OuterLoss(problem, qm.ConjugateGradientSolver(4)).gradient([0.0])


class Moving(qm.QuadraticBilevel):
    """H = diag + alpha_1 I, a start and an outer loss that depend on alpha, two outputs."""

    hyperparameters = 2
    lam = np.array([0.3, 0.7, 1.5])
    rise = np.arange(12.0).reshape(2, 6) / 10

    def bind(self, alpha):
        H = np.diag(self.lam) + 0.1 + alpha[0] * np.eye(3)
        return qm.QuadraticInnerLoss(H, np.outer([1.0, 2.0, -1.0], [1.0, alpha[1]]), self, alpha)

    def pair(self, alpha, X, V):
        return np.array([np.trace(X), -np.array([1.0, 2.0, -1.0]) @ V[:, 1]])

    def start_of(self, alpha):
        return np.ones(6) + alpha @ self.rise

    def start_jacobian(self, alpha):
        return self.rise

    def outer_form(self, alpha):
        return np.eye(3), np.ones((3, 2)), alpha @ alpha / 2

    def direct(self, w, alpha):
        return alpha


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_outputs_a_moving_start_and_a_direct_term(steps):
    alpha = np.array([0.2, -0.3])
    loss = qm.OuterLoss(Moving(), qm.ConjugateGradientSolver(steps))
    found = loss.gradient(alpha)
    h = 1e-5
    slopes = [(loss(alpha + h * e) - loss(alpha - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(found, slopes, rtol=1e-7)
    assert distance(loss.definition(alpha), found) < 1e-12
    for estimator in (qm.Reverse(), qm.Forward(), qm.ClosedForm()):
        assert distance(qm.hypergradient(loss, alpha, estimator).value, found) < 1e-12
    fixed = loss.gradient(alpha, start=np.ones(6))
    assert distance(loss.definition(alpha, start=np.ones(6)), fixed) < 1e-12
    # after three steps on three eigenvalues the start does not matter
    assert (distance(fixed, found) > 1e-3) == (steps < 3)


REASONS = {
    "a part of their steps": (
        qm.Truncated(K=1),
        qm.OneStep(),
        qm.Discounted(gamma=0.9),
        qm.FixedGradient(gamma=0.9),
        qm.MatrixDiscount(),
    ),
    "no step away from their run": (qm.DrMad(), qm.HyperDistill(gamma=0.9)),
}


def test_estimators_without_a_meaning_say_so_and_the_others_run():
    for kind in ("coupled", "ridge", "data_cleaning"):
        problem, alpha = bilevel_problem(kind, seed=1)
        loss = qm.OuterLoss(problem, qm.ConjugateGradientSolver(3))
        for reason, estimators in REASONS.items():
            for estimator in estimators:
                with refused(reason):
                    qm.hypergradient(loss, alpha, estimator)
        exact = loss.gradient(alpha)
        for estimator in (qm.Reverse(), qm.Forward(), qm.Truncated(K=3), qm.ClosedForm()):
            found = qm.hypergradient(loss, alpha, estimator)
            assert distance(found.value, exact) < 1e-10
            cost = estimator.cost(3, problem.hyperparameters, problem.start.size)
            assert {key: getattr(found, key) for key in cost} == dict(cost)
        implicit = [qm.hypergradient(loss, alpha, one).value for one in (qm.Implicit(),)]
        assert np.isfinite(implicit).all()


def check():
    """What every mistake below must break."""
    for problem, steps, _, slopes in GOLDEN:
        exact = np.array([float(Fraction(x)) for x in slopes])
        assert distance(gradient(problem, steps), exact) < 1e-12
    problem = drawn(np.linspace(0.2, 1.0, 6), seed=3)
    for steps in (3, 4):
        assert distance(gradient(problem, steps), by_differences(problem, steps, 90)) < 1e-12


FORMULA = {
    "the Galerkin term alone": (
        "cotangents = space.cotangents(",
        "cotangents = 0 * space.cotangents(",
    ),
    "no motion against g": ("np.outer(moved, missed) + ", ""),
    "no motion against R_T": (" + np.outer(inverse, left)", ""),
    "R_T of the other sign": ("(-space.scale[n] * moved[-1])", "(space.scale[n] * moved[-1])"),
    "g not projected": ("space.outside(g.reshape(-1) - space.product(y), n)", "g.reshape(-1)"),
}
RECURRENCE = {
    "two terms": ("            if j + 2 < n:", "            if j + 9 < n:"),
    "diagonal lost": (" - b[j + 1] * self.diagonal[j]", ""),
    "basis of the next": ("b[j + 2] * (self.coupling(j + 1)", "b[j + 2] * (self.coupling(j)"),
}
STEP = {
    "b held fixed": ("after - direction + 2 * b / n.square * n.after", "after - direction"),
    "curvature forgotten": ("r, p + curvature * n.q,", "r, p,"),
    "square forgotten": (" - b * n.b / n.square\n", "\n"),
    "no first gradient": ("moved + inner.hvp(w, r - p)", "moved"),
    "H p a linear term": (" - inner.mixed(0 * w, q)", ""),
}


@pytest.mark.parametrize("mistake", FORMULA)
def test_a_wrong_formula_is_noticed(mistake, monkeypatch):
    wrong = planted(krylov_gradient, *FORMULA[mistake])
    monkeypatch.setattr(conjugate_run, "sensitivity", wrong.sensitivity)
    with pytest.raises((AssertionError, ArithmeticError)):
        check()


@pytest.mark.parametrize("mistake", RECURRENCE)
def test_a_wrong_recurrence_is_noticed(mistake, monkeypatch):
    wrong = planted(krylov, *RECURRENCE[mistake])
    monkeypatch.setattr(krylov.Krylov, "cotangents", wrong.Krylov.cotangents)
    with pytest.raises((AssertionError, ArithmeticError)):
        check()


@pytest.mark.parametrize("mistake", STEP)
def test_a_wrong_transposed_step_is_noticed(mistake, monkeypatch):
    wrong = planted(conjugate_step, *STEP[mistake])
    for name in ("pull", "parameter", "_back"):
        method = getattr(wrong.ConjugateStep, name)
        monkeypatch.setattr(conjugate_step.ConjugateStep, name, method)
    loss = qm.OuterLoss(Moving(), qm.ConjugateGradientSolver(2))
    assert distance(loss.definition([0.2, -0.3]), loss.gradient([0.2, -0.3])) > 1e-6
