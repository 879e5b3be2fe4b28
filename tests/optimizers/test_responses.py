"""Responses of linear optimizers and their divided differences: the ring that defines them, the
closed forms, a block companion in sixty digits, and golden values in fractions.
"""

import time
from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.differences import Differences
from quadmeta.optimizers.parts.along.affine import AffineOptimizer
from quadmeta.optimizers.parts.responses.linear import response_of_run

EPS = np.finfo(float).eps


def ring(optimizer, lam, theta):
    """(p, S) with their differences in fractions, by the run."""
    at = Differences.identity(np.array(lam, dtype=object))
    *_, power = optimizer.run(lambda w: at * w, at.constant(Q(1)), theta)
    *_, moved = optimizer.run(lambda w: at * w - 1, at.constant(Q(0)), theta)
    return power, moved


DIFFERENCES = {
    (1, 9): (Q(5, 4096), Q(-453, 4096)),
    (1, 1): (Q(-275, 4096), Q(-3797, 4096)),
    (9, 9): (Q(605, 4096), Q(-117, 4096)),
    (0, 0): (Q(-3378745, 2**20), Q(-4582665, 2**20)),
    (0, 1): (Q(-509, 512), Q(-2336313, 2**20)),
}
NESTEROV = {
    (4, 4): (Q(0), Q(-1, 16)),
    (1, 4): (Q(-1541262411, 2**38), Q(-67178214325, 2**38)),
}


@pytest.mark.parametrize("cls, golden", [(qm.HeavyBall, DIFFERENCES), (qm.Nesterov, NESTEROV)])
def test_golden_differences_at_defective_roots(cls, golden):
    """eta = beta = 1/4, T = 10: 1 and 9 are double roots of heavy ball, 4 a zero of Nesterov."""
    for (x, y), want in golden.items():
        power, moved = ring(cls(10), [Q(x), Q(y)], (Q(1, 4), Q(1, 4)))
        assert (power.between[0, 1], moved.between[0, 1]) == want
        found = cls(10, 0.25, 0.25).response(np.array([x, y], dtype=float))
        scale = np.exp(found.shift)
        assert found.slopes[0, 1] * scale == pytest.approx(float(want[1]), rel=1e-15)
        # p[x, y] = -S(x) - y S[x, y]
        slope = -scale * (found.moved[0] + y * found.slopes[0, 1])
        assert slope == pytest.approx(float(want[0]), abs=1e-15)


def test_the_impulse_response_gives_the_differences_of_heavy_ball():
    """p_T[x, y] = -eta sum_k s_k(x) p_{T-1-k}(y) and S = eta sum_k s_k."""
    eta, beta, T = Q(1, 3), Q(1, 5), 7

    def impulse(lam):
        s = [Q(0), Q(1)]
        while len(s) < T + 1:
            s.append((1 + beta - eta * lam) * s[-1] - beta * s[-2])
        return s[1:]

    for x, y in ((Q(1), Q(2)), (Q(1), Q(1)), (Q(0), Q(3))):
        power, moved = ring(qm.HeavyBall(T), [x, y], (eta, beta))
        p = [ring(qm.HeavyBall(t), [y], (eta, beta))[0].left[0] if t else Q(1) for t in range(T)]
        assert moved.left[0] == eta * sum(impulse(x))
        assert power.between[0, 1] == -eta * sum(s * p[T - 1 - k] for k, s in enumerate(impulse(x)))


def test_chebyshev_by_products_of_polynomials_is_its_recursion_in_fractions():
    lam = [Q(0), Q(1, 8), Q(1, 4), Q(1, 2), Q(1, 2), Q(3, 2), Q(2)]
    for T in (1, 2, 3, 8):
        power, moved = ring(qm.ChebyshevIteration(T), lam, (Q(1, 4), Q(3, 2)))
        found = qm.ChebyshevIteration(T, 0.25, 1.5).response(np.array([float(x) for x in lam]))
        for got, want in (
            (found.power, power.left),
            (found.moved, moved.left),
            (found.slopes, moved.between),
        ):
            np.testing.assert_allclose(
                got * np.exp(found.shift), want.astype(float), rtol=2e-14, atol=1e-15
            )


def test_slopes_in_the_bounds_of_chebyshev():
    lam = np.array([0.25, 0.5, 0.5000001, 1.0, 1.5])
    h = 1e-6
    for T in (1, 2, 5, 40):

        def S(low, high):
            return qm.ChebyshevIteration(T, low, high).response(lam).moved  # noqa: B023

        low, high = qm.ChebyshevIteration(T, 0.25, 1.5).bound_slopes(lam)
        np.testing.assert_allclose(
            low, (S(0.25 + h, 1.5) - S(0.25 - h, 1.5)) / (2 * h), rtol=1e-5, atol=1e-7
        )
        np.testing.assert_allclose(
            high, (S(0.25, 1.5 + h) - S(0.25, 1.5 - h)) / (2 * h), rtol=1e-5, atol=1e-7
        )


# sixty digits


def block(kind, numbers, T, x, y, swapped=False):
    """(P, S, P[x, y], S[x, y]) by the block companion, doubled."""
    eta, beta, omega = [mp.mpf(v) for v in (*numbers, 0, 0)][:3]

    def companion(lam):
        if kind == "nesterov":
            h, b = (1 + beta) * (1 - eta * lam), beta * (1 - eta * lam)
        else:
            h, b = 1 - omega + beta - eta * lam, beta * (1 - omega)
        return mp.matrix([[h, -b, eta], [1, 0, 0], [0, 0, 1]])

    before = 1 / (1 - omega)
    slope = companion(mp.mpf(1)) - companion(mp.mpf(0))
    left, right = companion(mp.mpf(x)), companion(mp.mpf(y))
    a = b = mp.eye(3)
    L = mp.zeros(3)
    for bit in bin(T)[2:]:
        L = a * L + L * b
        a, b = a * a, b * b
        if bit == "1":
            # the last factor belongs to y; with x it is another matrix
            L = left * L + slope * (a if swapped else b)
            a, b = left * a, right * b
    return a[0, 0] + before * a[0, 1], a[0, 2], L[0, 0] + before * L[0, 1], L[0, 2]


METHODS = {
    "heavy ball": (qm.HeavyBall, [(0.25, 0.25), (0.1, 0.9), (0.1, 0.0), (1.0, 0.99999)]),
    "nesterov": (qm.Nesterov, [(0.25, 0.25), (0.1, 0.9), (0.4, 0.999)]),
    "decoupled": (qm.DecoupledDecay, [(0.25, 0.25, 0.125), (0.1, 0.9, 1e-3), (0.5, 0.25, 0.75)]),
}


def nodes(eta, beta, rng):
    defective = (1 - np.sqrt(beta)) ** 2 / eta
    other = rng.uniform(0.1, 1.9) / eta
    return np.array([0, 1e-12, defective, defective * (1 + 1e-12), other, other * (1 + 1e-9)])


def apart(found, want):
    """The largest error of an array, next to its largest entry; what float64 takes for 0 is 0."""
    want = np.array(want, dtype=object)
    want = np.where(np.abs(want) < 1e-290, mp.mpf(0), want)
    gap = max(abs(mp.mpf(float(a)) - b) for a, b in zip(found.ravel(), want.ravel(), strict=True))
    return float(gap / max(1e-290, *(abs(b) for b in want.ravel())))


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("T", [1, 2, 3, 50, 10**6])
def test_two_term_methods_against_a_block_companion(kind, T):
    cls, parameters = METHODS[kind]
    rng = np.random.default_rng(T)
    for numbers in parameters[:: 1 if T < 1000 else 2]:
        lam = nodes(*numbers[:2], rng)
        response = cls(T, *numbers).response(lam)
        d = range(len(lam))
        with mp.workdps(60):
            half = {(i, j): block(kind, numbers, T, lam[i], lam[j]) for i in d for j in d if i <= j}
            table = [[half[min(i, j), max(i, j)] for j in d] for i in d]
            scale = mp.e ** mp.mpf(response.shift)
            bar = 1e-12 + 10 * EPS * numbers[0] * lam.max() * T
            pairs = [
                (response.power, [[table[i][i][0] for i in d]]),
                (response.moved, [[table[i][i][1] for i in d]]),
                (response.slopes, [[table[i][j][3] for j in d] for i in d]),
            ]
            if kind == "decoupled":
                pairs.append((response.power_slopes, [[table[i][j][2] for j in d] for i in d]))
            for found, want in pairs:
                want = [[x / scale for x in row] for row in want]
                assert apart(found, want) <= bar


@pytest.mark.parametrize(
    "optimizer",
    [
        qm.GradientDescent(40, 0.4),
        qm.HeavyBall(40, 0.4, 0.3),
        qm.Nesterov(40, 0.4, 0.3),
        qm.DampedNewton(40, 0.4, 0.3),
        qm.ChebyshevIteration(40, 0.1, 2.0),
        qm.DecoupledDecay(40, 0.4, 0.3, 0.1),
    ],
)
def test_closed_forms_are_the_ring(optimizer):
    lam = np.array([0.0, 1e-9, 0.2, 0.2, 0.2 + 1e-10, 0.9, 3.0, 7.0])
    found = optimizer.response(lam)
    if isinstance(optimizer, AffineOptimizer):
        want = AffineOptimizer.response(optimizer, lam)
    else:
        want = response_of_run(optimizer, lam)
    for x, y in zip(found[:-1], want[:-1], strict=True):
        y = y * np.exp(want.shift - found.shift)
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-13 * np.abs(y).max())


def test_runs_that_diverge_do_not_overflow():
    lam = np.array([0.1, 1.0, 30.0])
    for optimizer in (
        qm.Schedule(2000, np.full(2000, 0.5)),
        qm.HeavyBall(2000, 0.5, 0.5),
        qm.ChebyshevIteration(2000, 0.1, 1.0),
    ):
        found = optimizer.response(lam)
        assert found.shift > 800
        assert all(np.isfinite(x).all() for x in found)
    # a schedule of equal steps is gradient descent
    short = qm.GradientDescent(2000, 0.5).response(lam)
    long = qm.Schedule(2000, np.full(2000, 0.5)).response(lam)
    logs = [np.log(np.abs(x.slopes[2, 2])) + x.shift for x in (short, long)]
    assert logs[0] == pytest.approx(logs[1], rel=1e-13)


# planted mistakes


def test_factors_in_the_wrong_order_are_noticed(monkeypatch):
    """(f g)[x, y] with f at y and g at x; the last factor of L_n at x; S[., .] after p[., .]."""
    want = DIFFERENCES[0, 1]

    def mistaken(self, other):
        if not isinstance(other, Differences):
            return Differences(self.left * other, self.between * other, self.right * other)
        between = self.right * other.between + self.between * other.right
        return Differences(self.left * other.left, between, self.right * other.right)

    with mp.workdps(40):
        assert abs(block("heavy ball", (0.25, 0.25), 10, 0, 1)[3] - float(want[1])) < 1e-15
        found = block("heavy ball", (0.25, 0.25), 10, 0, 1, swapped=True)[3]
        assert abs(found - float(want[1])) > 1e-2
    sizes = [Q(1, 2), Q(1), Q(1, 4)]
    x, y = Q(1, 3), Q(2)
    exact = ring(qm.Schedule(3), [x, y], sizes)[1].between[0, 1]
    for late in (False, True):
        S1 = p1 = Q(0)
        p = Q(1)
        for eta in sizes:
            if not late:
                S1 += eta * p1
            p1 = (1 - eta * x) * p1 - eta * p
            p = (1 - eta * y) * p
            if late:
                S1 += eta * p1
        assert (S1 == exact) is not late
    monkeypatch.setattr(Differences, "__mul__", mistaken)
    found = ring(qm.HeavyBall(10), [Q(0), Q(1)], (Q(1, 4), Q(1, 4)))[1].between[0, 1]
    assert found != want[1]


@pytest.mark.parametrize(
    "make, most",
    [
        (lambda T: qm.GradientDescent(T, 0.4), 3),
        (lambda T: qm.ChebyshevIteration(T, 0.1, 2.0), 3),
        (lambda T: qm.HeavyBall(T, 0.4, 0.3), 8),
        (lambda T: qm.DecoupledDecay(T, 0.4, 0.3, 0.1), 8),
    ],
)
def test_a_million_steps_cost_little_more_than_ten(make, most):
    problem = qm.Coupled.random(np.linspace(0.1, 2.0, 24), h=3, seed=0)
    alpha = np.zeros(3)

    def seconds(T):
        loss = qm.OuterLoss(problem, make(T))
        times = []
        for _ in range(5):
            before = time.process_time()
            loss.gradient(alpha)
            times.append(time.process_time() - before)
        return min(times)

    seconds(10)
    assert seconds(10**6) <= most * seconds(10) + 1e-3
