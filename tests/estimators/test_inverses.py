"""Approximate inverse Hessians: each is the filter that it says it is, at the cost that it says;
where it is exact, and what it refuses.
"""

from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.theory import filters
from tests.refusals import refused

T = 12
ETA = 0.3
LAM = np.array([0.5, 0.8, 1.5, 2.5, 4.0, 6.0])


def problem(lam=LAM, seed=0, h=3, diagonal=False):
    """(a problem whose inner Hessian has these eigenvalues, Q, w_*); g is not 0 at w_*."""
    rng = np.random.default_rng(seed)
    P = len(lam)
    Q = np.eye(P) if diagonal else qm.spectra.rotation(P, rng)
    H = Q * lam @ Q.T
    b = Q @ (lam * rng.standard_normal(P))
    found = qm.Coupled(
        (H + H.T) / 2, rng.standard_normal((P, h)), b, np.eye(P), rng.standard_normal(P)
    )
    w = Q @ np.divide(Q.T @ b, lam, out=np.zeros(P), where=lam > 0)
    return found, Q, w


def run(found, w, estimator, optimizer=None):
    loss = qm.OuterLoss(found, optimizer or qm.GradientDescent(T, ETA))
    return qm.hypergradient(loss, np.zeros(found.hyperparameters), estimator, start=w)


SERIES = [
    qm.Reverse(),
    qm.ClosedForm(),
    qm.Forward(),
    qm.DrMad(),
    qm.MatrixDiscount(),
    qm.Truncated(5),
    qm.OneStep(),
    qm.Neumann(0),
    qm.Neumann(7, 3),
    qm.Implicit(),
    qm.Discounted(0.9),
    qm.FixedGradient(0.8),
    qm.HyperDistill(0.9, theta=0.7),
    qm.MomentumDiscount(curvature=1.2, momentum=0.4),
    qm.Surrogate(degree=4),
    qm.Surrogate(degree=0),
    qm.Surrogate(degree=30),
    qm.ChebyshevInverse(1),
    qm.ChebyshevInverse(6),
    qm.ChebyshevInverse(9, low=0.3, high=7.0),
]
OF_G = [
    qm.ConjugateGradient(2),
    qm.ConjugateGradient(4),
    qm.ConjugateGradient(7),
]


@pytest.mark.parametrize("estimator", [*SERIES, *OF_G], ids=repr)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_estimate_at_the_minimum_is_its_filter(estimator, seed):
    lam = LAM * np.random.default_rng(seed).uniform(0.9, 1.1, len(LAM))
    found, Q, w = problem(lam, seed)
    g = Q.T @ found.outer_gradient(w)
    at = {"step_size": ETA, "steps": T, "gradient": g}
    f = estimator.filter(lam, **at)
    got = run(found, w, estimator)
    terms = (found.cross.T @ Q) * (f * g)
    size = np.abs(terms).sum(axis=1)
    assert (np.abs(got.value - terms.sum(axis=1)) <= 2e-13 * size).all()
    published = estimator.cost(T, 3, len(lam))
    if estimator not in OF_G:
        assert {name: getattr(got, name) for name in published} == published
    np.testing.assert_allclose(
        estimator.filter_error(lam, **at), 1 - lam * f, rtol=0, atol=1e-13 * (lam * abs(f)).max()
    )
    # a filter half a per cent off would be seen
    assert (np.abs(got.value - 1.005 * terms.sum(axis=1)) > 1e-6 * size).any()


@pytest.mark.parametrize("estimator", SERIES, ids=repr)
def test_filters_of_series_run_in_fractions(estimator):
    lam = [F(1, 2), F(3), F(6)]
    f = estimator.filter(lam, step_size=F(1, 3), steps=T)
    error = estimator.filter_error(lam, step_size=F(1, 3), steps=T)
    numbers = [float(x) for x in lam]
    plain = estimator.filter(numbers, step_size=1 / 3, steps=T)
    np.testing.assert_allclose(np.array(f, dtype=float), plain, rtol=1e-12)
    if isinstance(estimator, qm.Surrogate | qm.MomentumDiscount | qm.Discounted | qm.FixedGradient):
        return  # their weights are floats
    if isinstance(estimator, qm.HyperDistill) or getattr(estimator, "low", None):
        return
    assert all(e == 1 - x * y for x, y, e in zip(lam, f, error, strict=True))
    assert all(isinstance(x, F) for x in f)


@pytest.mark.parametrize("rank", [1, 3, 6])
@pytest.mark.parametrize("shift", [0.05, 1.0])
def test_nystrom_is_its_filter_where_the_sketch_is_ideal(rank, shift):
    """On a Hessian of rank k, whatever the sketch; and on a diagonal one, where coordinates are
    eigenvectors.
    """
    lam = np.where(np.arange(6) < 6 - rank, 0.0, LAM)
    # a sketch of a larger rank than the Hessian's sees no more
    for kind, size in (("gaussian", rank), ("coordinates", rank), ("gaussian", min(rank + 2, 6))):
        found, Q, w = problem(lam, seed=rank)
        estimator = qm.NystromInverse(size, shift, sketch=kind, seed=3)
        g = Q.T @ found.outer_gradient(w)
        got = run(found, w, estimator)
        terms = (found.cross.T @ Q) * (estimator.filter(lam) * g)
        np.testing.assert_allclose(got.value, terms.sum(axis=1), atol=1e-10 * abs(terms).sum())
        assert (got.hvps, got.mixed) == (size, 1)
    found, Q, w = problem(LAM, diagonal=True)
    got = run(found, w, qm.NystromInverse(rank, shift, seed=5)).value
    g = found.outer_gradient(w)
    seen = np.sort(np.random.default_rng(5).permutation(6)[:rank])
    f = np.full(6, 1 / shift)
    f[seen] = 1 / (LAM[seen] + shift)
    np.testing.assert_allclose(got, found.cross.T @ (f * g), rtol=1e-11)
    if rank == 6:
        np.testing.assert_allclose(f, qm.NystromInverse(6, shift).filter(LAM))


def test_nystrom_is_woodbury_on_the_columns_as_published():
    found, _, w = problem(seed=4)
    H, g = found.hessian, found.outer_gradient(w)
    for kind, rank in (("coordinates", 2), ("gaussian", 4)):
        rng = np.random.default_rng(7)
        if kind == "coordinates":
            omega = np.eye(6)[:, rng.permutation(6)[:rank]]
        else:
            omega = rng.standard_normal((6, rank))
        C = H @ omega
        low = C @ np.linalg.solve(omega.T @ C, C.T)
        x = np.linalg.solve(low + 0.3 * np.eye(6), g)
        got = run(found, w, qm.NystromInverse(rank, 0.3, sketch=kind, seed=7)).value
        np.testing.assert_allclose(got, found.cross.T @ x, rtol=1e-11)


def test_a_gaussian_sketch_sees_the_outliers():
    lam = np.concatenate([np.linspace(0.9, 1.1, 37), [300.0, 400.0, 500.0]])
    found, Q, w = problem(lam)
    g = Q.T @ found.outer_gradient(w)
    slow = qm.GradientDescent(T, 1e-3)
    estimator = qm.NystromInverse(3, 1.0, sketch="gaussian")
    ideal = (found.cross.T @ Q) @ (estimator.filter(lam) * g)
    exact = (found.cross.T @ Q) @ (g / lam)
    got = run(found, w, estimator, slow).value
    size = np.linalg.norm(exact)
    assert np.linalg.norm(got - ideal) < 0.02 * size
    # the tail is one step of size 1 / shift, for which a small shift is wrong by a factor of 100
    small = run(found, w, qm.NystromInverse(3, 0.01, sketch="gaussian"), slow).value
    assert np.linalg.norm(small - exact) > 20 * size


def test_rounding_costs_conjugate_gradients_what_a_sketch_saves():
    """Eigenvalues 1e4, 5e3, 1e3 and 40 in [1, 10], 12 iterations: in exact arithmetic the error is
    below the bound of what three outliers leave, in float64 several times as large. A sketch of
    one more than them is better with as many iterations.
    """
    lam = np.concatenate([np.linspace(1, 10, 40), [1e3, 5e3, 1e4]])
    found, Q, w = problem(lam, seed=2, h=43)
    same = qm.Coupled(found.hessian, np.eye(43), np.zeros(43), np.eye(43), found.outer_linear[:, 0])
    g = -Q.T @ found.outer_linear[:, 0]

    def energy(x):
        return np.sqrt((lam * (x - g / lam) ** 2).sum() / (g**2 / lam).sum())

    def error(estimator):
        got = run(same, np.zeros(43), estimator, qm.GradientDescent(1, 1e-4))
        return energy(Q.T @ got.value)

    exact = energy(filters.conjugate_gradients(lam, g, 12))
    assert exact < filters.minimax(1.0, 10.0, 9) == pytest.approx(5.5e-3, rel=0.01)
    assert 3 * exact < error(qm.ConjugateGradient(13)) < 20 * exact
    assert error(qm.NystromConjugateGradient(4, 17)) < exact
    ideal = energy(qm.NystromConjugateGradient(4, 17).filter(lam, gradient=g) * g)
    assert ideal < exact


def test_preconditioned_conjugate_gradients_do_not_stop_early():
    lam = np.geomspace(1, 8, 40)
    found, Q, w = problem(lam)
    slow = qm.GradientDescent(1, 0.1)
    exact = run(found, w, qm.Implicit(), slow).value
    got = run(found, w, qm.NystromConjugateGradient(2, 44), slow)
    np.testing.assert_allclose(got.value, exact, rtol=1e-10)


@pytest.mark.parametrize("rank", [1, 3])
def test_preconditioned_conjugate_gradients_end_at_the_solution(rank):
    for seed in range(3):
        found, Q, w = problem(seed=seed)
        exact = run(found, w, qm.Implicit()).value
        for kind in ("gaussian", "coordinates"):
            for shift in (0.0, 0.5):
                estimator = qm.NystromConjugateGradient(rank, rank + 7, shift, kind, seed)
                np.testing.assert_allclose(run(found, w, estimator).value, exact, rtol=1e-9)


def test_the_preconditioned_filter_is_the_estimate_for_an_ideal_sketch():
    """Coordinates of a diagonal Hessian whose drawn ones are the largest."""
    rank = 2
    drawn = np.random.default_rng(4).permutation(6)[:rank]
    lam = LAM[:-rank]
    values = np.empty(6)
    values[drawn] = [20.0, 30.0]
    values[np.setdiff1d(np.arange(6), drawn)] = lam
    found, _, w = problem(values, diagonal=True)
    g = found.outer_gradient(w)
    slow = qm.GradientDescent(T, 0.01)
    for budget in (4, 5, 6):
        for shift in (0.0, 3.0):
            estimator = qm.NystromConjugateGradient(rank, budget, shift, "coordinates", 4)
            f = estimator.filter(values, gradient=g)
            got = run(found, w, estimator, slow).value
            np.testing.assert_allclose(got, found.cross.T @ (f * g), rtol=1e-9)


def test_the_diagonal_is_exact_where_the_hessian_is():
    found, _, w = problem(diagonal=True)
    exact = run(found, w, qm.Implicit()).value
    got = run(found, w, qm.DiagonalInverse())
    np.testing.assert_allclose(got.value, exact, rtol=1e-12)
    probed = run(found, w, qm.DiagonalInverse(probes=1))
    np.testing.assert_allclose(probed.value, exact, rtol=1e-12)
    assert (got.hvps, probed.hvps, probed.mixed) == (6, 1, 1)


def test_probes_tend_to_the_diagonal():
    found, _, w = problem(seed=1)
    g = found.outer_gradient(w)
    exact = found.cross.T @ (g / np.diagonal(found.hessian))
    np.testing.assert_allclose(run(found, w, qm.DiagonalInverse()).value, exact, rtol=1e-12)
    errors = [
        np.linalg.norm(run(found, w, qm.DiagonalInverse(probes=n, seed=2)).value - exact)
        for n in (40, 4000)
    ]
    assert errors[1] < errors[0] and errors[1] < 0.05 * np.linalg.norm(exact)


def product(p, m, ridge, seed=0):
    """A problem by operators, whose Hessian is V -> A V C + rho V; A, C, g and J'."""
    rng = np.random.default_rng(seed)
    A, C = (x @ x.T / n for n in (p, m) for x in [rng.standard_normal((n, n + 1))])
    cross, target = rng.standard_normal((p * m, 2)), rng.standard_normal(p * m)

    def times(v):
        V = v.reshape(p, m)
        return (A @ V @ C + ridge * V).ravel()

    found = qm.BilevelProblem.from_operators(
        gradient=lambda w, alpha: times(w) - cross @ alpha,
        hvp=lambda w, alpha, v: times(v),
        mixed=lambda w, alpha, v: -cross.T @ v,
        outer=lambda w, alpha: ((w - target) ** 2).sum() / 2,
        outer_gradient=lambda w, alpha: w - target,
        start=np.zeros(p * m),
        hyperparameters=2,
    )
    return found, A, C, -target, cross


@pytest.mark.parametrize("p, m", [(4, 3), (3, 5), (5, 1)])
def test_kronecker_factors_are_read_off_p_plus_m_products(p, m):
    ridge = 0.2
    found, A, C, g, cross = product(p, m, ridge)
    H = np.kron(A, C) + ridge * np.eye(p * m)
    slow = qm.GradientDescent(1, 1e-3)
    start = np.zeros(p * m)
    # at w_1 the outer gradient is that at 0, whose gradient is 0
    got = run(found, start, qm.KroneckerInverse(m, ridge), slow)
    np.testing.assert_allclose(got.value, cross.T @ np.linalg.solve(H, g), rtol=1e-10)
    assert (got.hvps, got.mixed) == (p + m, 1)
    (a, U), (c, V) = np.linalg.eigh(A), np.linalg.eigh(C)
    # factors of equal mean eigenvalues
    for tau, one in (
        (1.0, qm.KroneckerInverse(m, ridge, damping="factored")),
        (0.7, qm.KroneckerInverse(m, ridge, "factored", tau=0.7)),
    ):
        f = filters.kronecker(c[None], a[:, None], ridge, tau * np.sqrt(c.mean() / a.mean()))
        x = U @ (U.T @ g.reshape(p, m) @ V * f) @ V.T
        damped = run(found, start, one, slow).value
        np.testing.assert_allclose(damped, cross.T @ x.ravel(), rtol=1e-9)


def test_outputs_that_share_a_hessian_are_exact():
    rng = np.random.default_rng(1)
    X, Y, X2, Y2 = (rng.standard_normal(s) for s in ((9, 4), (9, 3), (7, 4), (7, 3)))
    loss = qm.OuterLoss(qm.Ridge((X, Y), (X2, Y2)), qm.GradientDescent(4000, 0.4))
    got = qm.hypergradient(loss, [0.1], qm.KroneckerInverse(outputs=3))
    np.testing.assert_allclose(got.value, loss.implicit([0.1]), rtol=1e-10)
    assert got.hvps == 7 < qm.hypergradient(loss, [0.1], qm.Implicit()).hvps == 12


def test_momentum_discount_weighs_by_the_impulse_response():
    found, _, w = problem(seed=3)
    beta, nominal = 0.4, 1.3
    loss = qm.OuterLoss(found, qm.GradientDescent(7, ETA))
    estimator = qm.MomentumDiscount(nominal, beta)
    got = qm.hypergradient(loss, np.zeros(3), estimator, start=w + 1).value
    s = [filters.momentum(nominal, 1.0, 0.0, 1)]
    before = 0.0
    for _ in range(6):
        before, now = s[-1], (1 + beta - ETA * nominal) * s[-1] - beta * before
        s.append(now)
    states = list(qm.GradientDescent(7).run(found.at(np.zeros(3)).gradient, w + 1, ETA))
    expected = sum(
        s[7 - t] * ETA * found.cross.T @ found.outer_gradient(states[t]) for t in range(1, 8)
    )
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    plain = qm.hypergradient(loss, np.zeros(3), qm.MomentumDiscount(nominal, 0.0), start=w + 1)
    scalar = qm.hypergradient(loss, np.zeros(3), qm.Discounted(1 - ETA * nominal), start=w + 1)
    np.testing.assert_allclose(plain.value, scalar.value, rtol=1e-12)


@pytest.mark.parametrize("T", [1, 2, 7, 20])
def test_under_momentum_unrolled_and_truncated_are_the_impulse_sums(T):
    found, Q, w = problem(seed=5)
    g = Q.T @ found.outer_gradient(w)
    ball = qm.HeavyBall(20, step_size=ETA, momentum=0.6)
    f = filters.momentum(LAM, ETA, 0.6, T)
    expected = (found.cross.T @ Q) @ (f * g)
    got = run(found, w, qm.Truncated(T), ball).value
    np.testing.assert_allclose(got, expected, rtol=1e-11)
    if T == 20:
        for estimator in (qm.Reverse(), qm.DrMad(), qm.ClosedForm()):
            np.testing.assert_allclose(run(found, w, estimator, ball).value, expected, rtol=1e-11)
    series = run(found, w, qm.Neumann(T - 1), ball).value
    assert np.allclose(series, expected, rtol=1e-6) == (T == 1)


IMPLICIT = [
    qm.ChebyshevInverse(60),
    qm.NystromConjugateGradient(2, 12),
    qm.KroneckerInverse(1),
    qm.NystromInverse(6, 1e-9, sketch="gaussian"),
]


@pytest.mark.parametrize("estimator", IMPLICIT, ids=repr)
@pytest.mark.parametrize(
    "optimizer",
    [
        qm.GradientDescent(900, 0.2),
        qm.HeavyBall(400, step_size=0.2, momentum=0.3),
        qm.Nesterov(400, step_size=0.15, momentum=0.3),
        qm.L2Decay(qm.HeavyBall(400, step_size=0.2, momentum=0.3), decay=0.2),
        qm.DecoupledDecay(400, 0.2, momentum=0.3, decay=0.1),
    ],
    ids=repr,
)
def test_whatever_the_optimizer_the_target_is_the_implicit_one(estimator, optimizer):
    found, _, _ = problem(seed=2)
    loss = qm.OuterLoss(found, optimizer)
    exact = qm.hypergradient(loss, np.zeros(3), qm.Implicit()).value
    got = qm.hypergradient(loss, np.zeros(3), estimator)
    np.testing.assert_allclose(got.value, exact, rtol=1e-7)
    assert got.hvps == estimator.cost(1, 3, 6)["hvps"] or isinstance(
        estimator, qm.NystromConjugateGradient
    )


@pytest.mark.parametrize("size", [1e-200, 1e200])
@pytest.mark.parametrize(
    "estimator", [qm.Implicit(), qm.ConjugateGradient(9), *IMPLICIT[:3]], ids=repr
)
def test_gradients_of_any_size(estimator, size):
    """Their squares leave float64."""
    found, _, w = problem(seed=1)
    scaled = qm.Coupled(
        found.hessian,
        found.cross,
        found.linear,
        size * found.outer_hessian,
        size * found.outer_linear[:, 0],
    )
    expected = run(found, w, estimator).value
    np.testing.assert_allclose(run(scaled, w, estimator).value / size, expected, rtol=1e-12)


class Bare(qm.Tape):
    """A run w <- M w + theta of one's own, without a step size; outer loss sum(w)."""

    M = np.array([[0.5, 0.2], [0.2, 0.6]])

    def __init__(self):
        super().__init__(steps=60, width=2)

    def initial_state(self):
        return np.zeros(2)

    def next_state(self, t, state):
        return self.M @ state + 1.0

    def state_product(self, t, v, state):
        return v @ self.M

    def parameter_product(self, t, v, state):
        return v

    def loss_gradient(self, state):
        return np.ones(2)


@pytest.mark.parametrize(
    "estimator",
    [
        qm.ChebyshevInverse(40, low=0.2, high=0.7),
        qm.NystromConjugateGradient(1, 6),
        qm.KroneckerInverse(2),
        qm.KroneckerInverse(1),
        qm.NystromInverse(2, 1e-9),
        qm.Surrogate(59),
        qm.Surrogate(40),
    ],
    ids=repr,
)
def test_on_a_tape_of_ones_own_eigenvalues_are_those_of_one_minus_a(estimator):
    tape = Bare()
    found = estimator.estimate(tape)
    exact = np.linalg.solve(np.eye(2) - Bare.M, np.ones(2))
    if estimator == qm.KroneckerInverse(2):
        # two outputs that do not share a Hessian: it says so
        assert tape.notes["misfit"] >= 0
        return
    np.testing.assert_allclose(found, exact, rtol=1e-6)


def test_what_is_no_product_of_factors_is_noted():
    slow = qm.GradientDescent(1, 1e-3)
    found, *_ = product(4, 3, 0.2)
    notes = run(found, np.zeros(12), qm.KroneckerInverse(3, 0.2), slow).notes
    assert notes["misfit"] < 1e-11
    notes = run(problem()[0], None, qm.KroneckerInverse(3), slow).notes
    assert notes["misfit"] > 0.1


def saddle(**changes):
    """A Hessian diag(1, -1) by operators."""
    H = np.diag([1.0, -1.0])
    given = {
        "gradient": lambda w, alpha: H @ w,
        "hvp": lambda w, alpha, v: v @ H,
        "mixed": lambda w, alpha, v: v[:1],
        "outer": lambda w, alpha: w @ w / 2 - w.sum(),
        "outer_gradient": lambda w, alpha: w - 1,
        "start": np.zeros(2),
        "hyperparameters": 1,
    }
    found = qm.BilevelProblem.from_operators(**given | changes)
    return qm.OuterLoss(found, qm.GradientDescent(5, 0.1))


def ordinary(optimizer=None):
    return qm.OuterLoss(problem()[0], optimizer or qm.GradientDescent(5, 0.1))


def cosh():
    return qm.OuterLoss(qm.LogCosh.random(4, 2, 0), qm.GradientDescent(9, 0.1))


def estimated(loss, estimator):
    return qm.hypergradient(loss, np.zeros(loss.problem.hyperparameters), estimator)


BAD = {
    "budget": (lambda: qm.ChebyshevInverse(0), "budget = 0"),
    "one bound": (lambda: qm.ChebyshevInverse(3, low=1.0), "pass both bounds"),
    "no interval": (lambda: qm.ChebyshevInverse(3, 2.0, 1.0), "low = 2.0 must be below high = 1.0"),
    "low": (lambda: qm.ChebyshevInverse(3, 0.0, 1.0), "low = 0.0"),
    "outside": (
        lambda: estimated(ordinary(), qm.ChebyshevInverse(3, 0.6, 7.0)),
        r"low = 0.6 and high = 7 do not hold the spectrum .* \[0.5, 6\]",
    ),
    "outside above": (
        lambda: estimated(ordinary(), qm.ChebyshevInverse(3, 0.4, 5.9)),
        "do not hold the spectrum",
    ),
    "unknown": (lambda: estimated(cosh(), qm.ChebyshevInverse(3)), "low and high are not given"),
    "singular": (
        lambda: estimated(
            qm.OuterLoss(problem(np.array([0.0, 1.0]))[0], qm.GradientDescent(5, 0.1)),
            qm.ChebyshevInverse(3),
        ),
        "singular to rounding",
    ),
    "rank": (lambda: qm.NystromInverse(0, 1.0), "rank = 0"),
    "rank beyond P": (
        lambda: estimated(ordinary(), qm.NystromInverse(7, 1.0)),
        "rank = 7 exceeds the P = 6 weights",
    ),
    "shift": (lambda: qm.NystromInverse(1, 0.0), "shift = 0.0"),
    "sketch": (lambda: qm.NystromInverse(1, 1.0, sketch="gauss"), "did you mean 'gaussian'"),
    "indefinite sketch": (
        lambda: estimated(saddle(), qm.NystromInverse(2, 1.0)),
        "indefinite: a Nystrom sketch needs a minimum",
    ),
    "budget of the sketch": (lambda: qm.NystromConjugateGradient(3, 4), "budget = 4 .* at least 5"),
    "negative shift": (lambda: qm.NystromConjugateGradient(1, 4, shift=-1.0), "shift = -1.0"),
    "saddle": (
        lambda: estimated(saddle(), qm.NystromConjugateGradient(1, 9, 0.0, "coordinates", 3)),
        "not positive definite|indefinite",
    ),
    "digits": (
        lambda: estimated(ordinary(qm.GradientDescent(5, 1e-12)), qm.ChebyshevInverse(60)),
        "singular to working accuracy, rounding counts",
    ),
    "probes": (lambda: qm.DiagonalInverse(probes=0), "probes = 0"),
    "few probes": (
        lambda: [estimated(ordinary(), qm.DiagonalInverse(1, seed=s)) for s in range(9)],
        "probes = 1 find the entry -",
    ),
    "a diagonal of both signs": (
        lambda: estimated(saddle(), qm.DiagonalInverse()),
        "probes = None find the entry -0.1 .* train to a minimum",
    ),
    "outputs": (
        lambda: estimated(ordinary(), qm.KroneckerInverse(4)),
        "outputs = 4 do not divide the P = 6 weights",
    ),
    "ridge": (lambda: qm.KroneckerInverse(1, ridge=-1.0), "ridge = -1.0"),
    "too large a ridge": (
        lambda: estimated(ordinary(), qm.KroneckerInverse(2, ridge=50.0)),
        "ridge = 50 leaves",
    ),
    "damping": (lambda: qm.KroneckerInverse(1, damping="factor"), "did you mean 'factored'"),
    "tau": (lambda: qm.KroneckerInverse(1, tau=0.0), "tau = 0.0"),
    "curvature": (lambda: qm.MomentumDiscount(0.0, 0.5), "curvature = 0.0"),
    "momentum": (lambda: qm.MomentumDiscount(1.0, 1.0), "momentum = 1.0"),
    "degree": (lambda: qm.Surrogate(-1), "degree = -1"),
    "momentum below": (
        lambda: estimated(ordinary(qm.HeavyBall(5, 0.1, 0.5)), qm.Surrogate(2)),
        "not gradient descent with a constant step size",
    ),
    "not quadratic": (lambda: estimated(cosh(), qm.Surrogate(5)), "inner loss is not quadratic"),
    "diverging": (
        lambda: estimated(ordinary(qm.GradientDescent(5, 0.4)), qm.Surrogate(2)),
        "the step size exceeds 2/L = 0.333",
    ),
    "no filter": (lambda: qm.DiagonalInverse().filter([1.0]), "DiagonalInverse has no filter"),
    "no gradient": (
        lambda: qm.ConjugateGradient(3).filter([1.0, 2.0]),
        "gradient = None: the filter of ConjugateGradient depends on the outer gradient",
    ),
    "zero gradient": (
        lambda: qm.ConjugateGradient(3).filter([1.0, 2.0], gradient=[1.0, 0.0]),
        "all of them not 0",
    ),
    "gradient's shape": (
        lambda: qm.ConjugateGradient(3).filter([1.0, 2.0], gradient=[1.0]),
        "pass one coordinate an eigenvalue",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()
