"""Estimators in windows: golden fractions, and polynomials in all perturbations, in rationals."""

import math
from collections import Counter
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest

import quadmeta as qm
from tests.planted import planted
from tests.refusals import refused
from tests.sampled.test_evolution_strategies import naive

LAM, OMEGA, ETA, SIGMA = (F(1), F(3)), (F(1), F(1)), F(1, 2), F(1, 10)
LOSSES = ("final", "telescoped", "sum")


def found(estimator, T, lam=LAM, omega=OMEGA, eta=ETA):
    result = qm.moments(naive(lam, omega, T), float(eta), estimator)
    return [x.to_float() for x in (result.mean, result.variance, result.truth)]


PES = {
    (1, 2): ("38/25 1576/125", "38/25 796/125", "88/25 3596/125"),
    (2, 2): (
        "20264/15625 12404978804/244140625",
        "20264/15625 16930448233/488281250",
        "60264/15625 58914345733/488281250",
    ),
    (1, 3): (
        "1047/1250 49885239/6250000",
        "1047/1250 25128839/6250000",
        "5447/1250 322255639/6250000",
    ),
}
SINGLE = {
    (1, 2): "114/25 50874/625",
    (2, 2): "23466/3125 23152538547/15625000",
    (1, 3): "3987/500 156115431/312500",
}


@pytest.mark.parametrize("K, N", PES)
def test_golden_fractions(K, N):
    for loss, numbers in zip(LOSSES, PES[K, N], strict=True):
        wanted = [float(F(x)) for x in numbers.split()]
        got = found(qm.PersistentEvolution(0.1, K, loss=loss), K * N)
        assert got[:2] == pytest.approx(wanted, rel=1e-12)
    wanted = [float(F(x)) for x in SINGLE[K, N].split()]
    assert found(qm.SingleEvolution(0.1, K, loss="sum"), K * N)[:2] == pytest.approx(wanted)


def test_golden_fractions_of_one_window():
    assert found(qm.NoiseReuse(0.1, 1), 2)[:2] == pytest.approx([114 / 25, 60744 / 625])
    persistent = found(qm.NoiseReuse(0.1, 1, persistent=True), 2)
    assert persistent[:2] == pytest.approx([88 / 25, 25904 / 625])
    assert found(qm.TruncatedEvolution(0.1, 1), 2)[0] == pytest.approx(5 / 2)
    assert found(qm.TruncatedEvolution(0.1, 1, states="own"), 2)[0] == pytest.approx(69 / 25)


def test_golden_fractions_of_signs():
    means = (F(2), F(38, 25), F(1047, 1250), F(6271, 15625))
    variances = (F(0), F(1444, 625), F(3139587, 1562500), F(241572199, 244140625))
    for T, mean, variance in zip(range(1, 5), means, variances, strict=True):
        got = found(qm.SimultaneousPerturbation(0.1), T)
        assert got[0] == pytest.approx(float(mean), rel=1e-12)
        assert got[1] == pytest.approx(float(variance), rel=1e-11, abs=1e-25)
    plain = found(qm.PersistentEvolution(0.1, 1), 4)
    assert plain[0] == pytest.approx(got[0], rel=1e-12) and plain[1] > got[1]


def test_all_signs_are_enumerated():
    """T = 3: the estimate of each of the eight vectors of signs, mean and variance."""
    c = F(1, 10)
    values = []
    for signs in product((-1, 1), repeat=3):
        sides = [
            sum(
                o * math.prod((1 - (ETA + side * c * s) * v) ** 2 for s in signs)
                for v, o in zip(LAM, OMEGA)
            )
            for side in (1, -1)
        ]
        values.append(sum((sides[0] - sides[1]) / (2 * c * s) for s in signs))
    mean = sum(values) / 8
    variance = sum((v - mean) ** 2 for v in values) / 8
    got = found(qm.SimultaneousPerturbation(0.1), 3)
    assert got[:2] == pytest.approx([float(mean), float(variance)], rel=1e-12)


def times(p, q):
    """The product of polynomials {exponents: coefficient}."""
    out = Counter()
    for a, x in p.items():
        for b, y in q.items():
            out[tuple(i + j for i, j in zip(a, b))] += x * y
    return out


def expected(p):
    """E of a polynomial in independent normal variables."""
    return sum(
        c * math.prod(math.prod(range(1, k, 2)) for k in e)
        for e, c in p.items()
        if all(k % 2 == 0 for k in e)
    )


def brute(K, N, weigh, loss, lam=LAM, omega=OMEGA):
    """(mean, variance) of sum_n weight_n L_n / sigma by expansion, weight_n = ``weigh(n)`` a
    polynomial, L_n the odd part of the losses.
    """
    one = (0,) * N
    losses = []
    for n in range(1, N + 1):
        total = Counter()
        for v, o in zip(lam, omega):
            term = Counter({one: o})
            for m in range(n):
                up = tuple(int(i == m) for i in range(N))
                factor = Counter({one: 1 - ETA * v, up: -SIGMA * v})
                for _ in range(2 * K):
                    term = times(term, factor)
            total.update(term)
        losses.append(Counter({e: c for e, c in total.items() if sum(e) % 2}))
    if loss == "final":
        losses = [Counter()] * (N - 1) + losses[-1:]
    if loss == "telescoped":
        minus = [Counter()] + [Counter({e: -c for e, c in p.items()}) for p in losses[:-1]]
        for p, q in zip(losses, minus):
            p.update(q)
    g = Counter()
    for n, p in enumerate(losses):
        g.update(times(weigh(n, N), p))
    mean = expected(g) / SIGMA
    return mean, expected(times(g, g)) / SIGMA**2 - mean**2


def unit(n, N):
    return Counter({tuple(int(i == n) for i in range(N)): F(1)})


def summed(n, N):
    total = Counter()
    for m in range(n + 1):
        total.update(unit(m, N))
    return total


@pytest.mark.parametrize("step", [1e-8, 0.1, 10.0])
def test_signs_lose_no_mode_beside_a_large_one(step):
    # at eta = 1/2 the heavy mode has a = 0, so that both sides are equal there
    T = 20
    loss = naive([1, 2], [1, 2.0**300], T)
    got = qm.moments(loss, 0.5, qm.SimultaneousPerturbation(step))
    c = F(step)
    sides = [(F(1, 2) - c) ** (2 * k) * (F(1, 2) + c) ** (2 * (T - k)) for k in range(T + 1)]
    draws = [(2 * k - T) * (sides[k] - sides[T - k]) / (2 * c) for k in range(T + 1)]
    chances = [F(math.comb(T, k), 2**T) for k in range(T + 1)]
    mean = sum(p * x for p, x in zip(chances, draws, strict=True))
    variance = sum(p * (x - mean) ** 2 for p, x in zip(chances, draws, strict=True))
    assert got.mean.to_float() == pytest.approx(float(mean), rel=1e-11)
    assert got.variance.to_float() == pytest.approx(float(variance), rel=1e-11)


@pytest.mark.parametrize("K, N", [(1, 2), (2, 2), (1, 3)])
def test_expansion_of_the_whole_episode(K, N):
    for loss in LOSSES:
        mean, variance = brute(K, N, summed, loss)
        got = found(qm.PersistentEvolution(0.1, K, loss=loss), K * N)
        assert got[:2] == pytest.approx([float(mean), float(variance)], rel=1e-12)
    mean, variance = brute(K, N, unit, "sum")
    got = found(qm.TruncatedEvolution(0.1, K, states="own"), K * N)
    assert got[:2] == pytest.approx([float(mean), float(variance)], rel=1e-12)


def test_one_window_is_the_whole_run():
    for T in (1, 2, 7):
        whole = found(qm.EvolutionStrategies(0.1), T)
        for other in (
            qm.PersistentEvolution(0.1, T),
            qm.SingleEvolution(0.1, T),
            qm.TruncatedEvolution(0.1, T),
            qm.TruncatedEvolution(0.1, T, states="own"),
            qm.NoiseReuse(0.1, T),
        ):
            assert found(other, T) == pytest.approx(whole, rel=1e-12)


def test_small_perturbations_leave_the_derivative():
    """sigma -> 0: no bias, relative variance 2 for one perturbation and for a final loss."""
    lam, omega, eta = [0.2, 0.7, 1.0], [0.3, 0.1, 0.4], 0.6
    for estimator in (qm.SingleEvolution(1e-5, 5), qm.PersistentEvolution(1e-5, 5)):
        mean, variance, truth = found(estimator, 20, lam, omega, eta)
        assert mean == pytest.approx(truth, rel=1e-6)
        assert variance == pytest.approx(2 * truth**2, rel=1e-6)


def test_long_runs_stay_in_logarithms():
    lam, omega = np.geomspace(0.05, 1, 8), np.geomspace(0.05, 1, 8) / 2
    loss = naive(lam, omega, 1000)
    for estimator in (qm.PersistentEvolution(0.03, 50), qm.SingleEvolution(0.03, 50)):
        result = qm.moments(loss, 1.99, estimator)
        assert np.isfinite(result.variance.log) and result.variance.sign == 1


@pytest.mark.parametrize(
    "estimator",
    [
        qm.PersistentEvolution(0.05, 2, loss="telescoped"),
        qm.PersistentEvolution(0.05, 2, loss="sum"),
        qm.SingleEvolution(0.05, 2, loss="sum"),
        qm.NoiseReuse(0.05, 2),
        qm.NoiseReuse(0.05, 2, persistent=True),
        qm.TruncatedEvolution(0.05, 2),
        qm.TruncatedEvolution(0.05, 2, states="own"),
        qm.SimultaneousPerturbation(0.05),
    ],
)
def test_draws_have_the_mean_and_the_variance(estimator):
    loss = naive([0.5, 1.0], [0.2, 0.5], 6)
    exact = qm.moments(loss, 0.7, estimator)
    count = 3000
    values = qm.draws(loss, 0.7, estimator, count=count, seed=3).values
    deviation = math.sqrt(exact.variance.to_float())
    assert abs(values.mean() - exact.mean.to_float()) < 4 * deviation / math.sqrt(count)
    assert values.std() == pytest.approx(deviation, rel=0.15)


PLANTED = [
    (
        "along * windows.even + before * windows.slope\n        before",
        "along * windows.even\n        before",
    ),
    ("2 * b + c", "b + c"),
    ("before + state.once.odd_even", "before + state.once.even_odd"),
    ("- 2 * along.sum() + spread", "- along.sum() + spread"),
]


@pytest.mark.parametrize("right, wrong", PLANTED)
def test_a_mistake_in_the_recursion_is_noticed(right, wrong):
    from quadmeta.sampled.parts import windows as module

    changed = planted(module, right, wrong)
    noticed = False
    for loss, square in (
        ("sum", changed.persistent_square),
        ("telescoped", changed.persistent_square),
    ):
        run = changed.Spectrum(np.array([1.0, 3.0]), np.ones(2), 0.5, 3)
        mean, variance = brute(1, 3, summed, loss)
        value = square(changed.Windows(run, 0.1, 1), loss).to_float() / 0.01
        noticed |= abs(value / float(variance + mean**2) - 1) > 1e-6
    assert noticed


def test_what_is_refused():
    loss = naive([0.5, 1.0], [0.2, 0.5], 6)
    with refused("window = 4 must divide the 6 steps"):
        qm.moments(loss, 0.1, qm.PersistentEvolution(0.1, 4))
    with refused("loss = 'mean'"):
        qm.SingleEvolution(0.1, 2, loss="mean")
    with refused("states = 'stale'"):
        qm.TruncatedEvolution(0.1, 2, states="stale")
    with refused("sigma = -1"):
        qm.NoiseReuse(-1.0, 2)
    with refused("a worker sees one window"):
        qm.NoiseReuse(0.1, 2, loss="final")
    with refused("step = 0"):
        qm.SimultaneousPerturbation(0.0)
