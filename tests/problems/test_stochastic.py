"""SGD in expectation: recursions against brute force, closed forms against recursions, both
against sampling.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import quadmeta as qm
from tests.reference import sampled

TURN = np.array([[Q(3, 5), Q(-4, 5)], [Q(4, 5), Q(3, 5)]], dtype=object)


def problem(family, seed, noise):
    rng = np.random.default_rng(seed)
    if family in ("streaming", "noisy"):
        d = int(rng.integers(1, 7))
        lam, error = 10 ** rng.uniform(-2, 1, d), rng.standard_normal(d)
        if d > 2:
            lam[1] = lam[0]
        if family == "streaming":
            return qm.StreamingGaussian.from_spectrum(
                lam, error, float(noise) * rng.uniform(0.1, 2)
            )
        return qm.NoisyQuadratic(lam, error, noise * 10 ** rng.uniform(-3, 0, d))
    n, d = (
        (rng.integers(1, 6), rng.integers(1, 5))
        if family == "rows"
        else (rng.integers(1, 4), rng.integers(4, 7))
    )
    return sampled(seed, int(n), int(d), exact=False, noise=noise)


def number(x):
    """A SignLog as mpf."""
    return int(x.sign) * mp.exp(mp.mpf(float(x.log))) if x.sign else mp.mpf(0)


FACTORS = [0.0, 1e-9, 1e-3, 0.1, 0.5, 0.9, 0.999, 1.0, 1.001, 1.1, 3.0]


@pytest.mark.parametrize("family", ["streaming", "noisy", "rows", "wide"])
@given(
    seed=st.integers(0, 10**6),
    noise=st.booleans(),
    steps=st.integers(1, 12) | st.integers(1, 80),
    x=st.sampled_from(FACTORS) | st.floats(0, 2),
)
# streaming: two eigenvalues of B 5e-8 apart
@example(seed=1, noise=False, steps=1, x=1.192092896e-07)
# the ends of every range; a step in high precision costs a millisecond
@example(seed=2, noise=True, steps=80, x=0.0)
@example(seed=3, noise=True, steps=80, x=1.0)
@example(seed=4, noise=False, steps=80, x=2.0)
@example(seed=5, noise=True, steps=1, x=3.0)
@settings(max_examples=15)
def test_closed_form_is_the_recursion(family, seed, noise, steps, x):
    # error: eps (1 + T |delta|) times the sum of magnitudes; in eta the unit of a derivative is T
    # / eta_ms
    p = problem(family, seed, noise)
    # rows by fewer steps: each is a product of matrices, and hundreds follow below
    steps = min(steps, {"rows": 16, "wide": 8}.get(family, 80))
    eta = x * p.mean_square_limit()
    # the outer losses share all steps and differ in the last line: one of them an example
    outer = p.outers[seed % len(p.outers)]
    with mp.workdps(30):
        want = [p.recursion(steps, mp.mpf(eta), outer, order) for order in (0, 1)]
        begin = max(p.recursion(1, mp.mpf(0), name) for name in p.outers)
        size = abs(want[0]) + begin * mp.mpf(10) ** -3
        for order, scale in (
            (0, size),
            (1, abs(want[1]) + steps / p.mean_square_limit() * size),
        ):
            got = p.expected(steps, eta, outer, order)
            assert abs(number(got) - want[order]) <= 1e-12 * scale, (outer, order)


@pytest.mark.parametrize("family", ["streaming", "noisy", "rows", "wide"])
@pytest.mark.parametrize("noise", [False, True])
def test_hundreds_of_steps(family, noise):
    shape = {"rows": (4, 2), "wide": (2, 3)}.get(family)
    p = sampled(11, *shape, exact=False, noise=noise) if shape else problem(family, 11, noise)
    steps = 100 if shape else 200
    # the rows enter the closed form rotated, so that theta^T is in error by T times the rounding
    # of the rotation
    tolerance = 1e-15 * steps if shape else 1e-12
    for x, outer in zip(
        (1e-3, 0.9, 1.0, 0.1, 0.99, 1.01)[: 3 if shape else 6], 6 * p.outers, strict=False
    ):
        eta = x * p.mean_square_limit()
        with mp.workdps(30):
            want, slope = (p.recursion(steps, mp.mpf(eta), outer, order) for order in (0, 1))
            got, change = (number(p.expected(steps, eta, outer, order)) for order in (0, 1))
            assert abs(got - want) <= tolerance * want, (x, outer)
            assert abs(change - slope) <= tolerance * (
                abs(slope) + steps / p.mean_square_limit() * want
            ), (x, outer)
        # the recursion in float64 is no better than eps T times the largest part of the moments
        # that it follows
        assert abs(p.recursion(steps, eta, outer) - want) <= 1e-15 * steps * (
            want + p.recursion(1, 0.0, outer)
        )


def million(L, M, start, N, eta, steps, weights):
    """weights'v_T and its derivative from the power of one (2k + 2) matrix in mpmath."""
    k = len(start)
    A = mp.eye(2 * k + 1)
    for i in range(k):
        for j in range(k):
            entry, change = (
                (i == j) * (-eta * L[i]) + eta**2 * M[i][j],
                (i == j) * -L[i] + 2 * eta * M[i][j],
            )
            A[i, j] += entry
            A[k + i, k + j] += entry
            A[k + i, j] += change
        A[i, 2 * k], A[k + i, 2 * k] = eta**2 * N[i], 2 * eta * N[i]
    v = A**steps * mp.matrix([*start, *[0] * k, 1])
    return [mp.fsum(w * v[s * k + i] for i, w in enumerate(weights)) for s in (0, 1)]


@pytest.mark.parametrize("family", ["streaming", "noisy", "rows"])
@pytest.mark.parametrize("sigma", [0, Q(1, 2)])
def test_a_million_steps(family, sigma):
    lam, error = [Q(1, 128), Q(1), Q(3)], [Q(2), Q(1), Q(-1)]
    square = [[(1 + 2 * (i == j)) * a * b for j, b in enumerate(lam)] for i, a in enumerate(lam)]
    steps = 10**6
    if family == "streaming":
        p = qm.StreamingGaussian.from_spectrum(lam, error, sigma)
        N = [sigma**2 * a for a in lam]
    elif family == "noisy":
        p, N = qm.NoisyQuadratic(lam, error, [sigma**2, 0, sigma**2]), [sigma**2, 0, sigma**2]
        square = [[(i == j) * a * b for j, b in enumerate(lam)] for i, a in enumerate(lam)]
    else:  # one feature, so that moments are numbers: rows 1, 2 and residuals 2 s, -s
        p = qm.SampledRows([[Q(1)], [Q(2)]], [1 + 2 * sigma, 2 - sigma])
        lam, error, square, N = [Q(5, 2)], [Q(-1)], [[Q(17, 2)]], [Q(4 * sigma**2)]
    for x in (1e-6, 1e-3, 0.3, 0.99, 1 - 1e-6, 1.0, 1 + 1e-6, 1.01, 2.0):
        eta = x * p.mean_square_limit()
        with mp.workdps(60):
            to = [
                [mp.mpf(Q(v).numerator) / Q(v).denominator for v in row]
                for row in ([2 * a for a in lam], *square, [e * e for e in error], N, lam)
            ]
            k = len(lam)
            want = million(
                to[0],
                to[1 : k + 1],
                to[k + 1],
                to[k + 2],
                mp.mpf(eta),
                steps,
                [v / 2 for v in to[k + 3]],
            )
            if family == "rows" and sigma:
                want = coupled(mp.mpf(eta), mp.mpf(1) / 2, steps)
            # in log: eps for the logarithm itself and eps T |delta| for theta^T, delta <= 12 x^2
            # up to rounding
            tolerance = 2e-15 * (1 + steps * 12 * max(x, x * x))
            for order, scale in (
                (0, want[0]),
                (1, abs(want[1]) + steps / p.mean_square_limit() * want[0]),
            ):
                got = p.expected(steps, eta, "train", order)
                assert abs(number(got) - want[order]) <= tolerance * scale, (x, order)


def coupled(eta, s, steps):
    """Train loss for the rows 1, 2 with residuals 2s, -s in one dimension: (v, e, 1) by the power
    of a matrix.
    """
    # v' = (1 - 5 eta + 17/2 eta^2) v - 2 eta^2 (2s - 8s)/2 e + 4 s^2 eta^2, e' = (1 - 5/2 eta) e
    A = mp.matrix(
        [
            [1 - 5 * eta + eta**2 * 17 / 2, 6 * s * eta**2, 4 * s * s * eta**2],
            [0, 1 - eta * 5 / 2, 0],
            [0, 0, 1],
        ]
    )
    dA = mp.matrix(
        [[-5 + 17 * eta, 12 * s * eta, 8 * s * s * eta], [0, -mp.mpf(5) / 2, 0], [0, 0, 0]]
    )
    big = mp.matrix(6, 6)
    big[:3, :3], big[3:, 3:], big[3:, :3] = A, A, dA
    v = big**steps * mp.matrix([1, -1, 1, 0, 0, 0])
    return v[0] * 5 / 4, v[3] * 5 / 4


@pytest.mark.parametrize("sigma", [0.0, 0.7])
@given(
    d=st.integers(1, 6),
    lam=st.fractions(Q(1, 10), 3, max_denominator=20),
    steps=st.integers(1, 40),
    x=st.fractions(0, 2, max_denominator=30),
)
def test_isotropic_streaming_is_one_number(sigma, d, lam, steps, x):
    sigma = Q(sigma)
    p = qm.StreamingGaussian.from_spectrum([lam] * d, [Q(1)] * d, sigma)
    limit = 2 / ((d + 2) * lam)
    assert p.mean_square_limit() == pytest.approx(float(limit), rel=1e-14)
    eta = x * limit
    q = 1 - 2 * eta * lam + (d + 2) * eta**2 * lam**2
    J = q**steps * lam * d + eta**2 * sigma**2 * lam**2 * d * sum(q**k for k in range(steps))
    assert p.recursion(steps, eta, "population") == J
    assert p.expected(steps, float(eta), "population").to_float() == pytest.approx(
        float(J), rel=1e-13
    )
    if sigma == 0:
        assert p.recursion(steps, 1 / ((d + 2) * lam), "train", 1) == 0  # the optimum of every T


def test_golden_values():
    p = qm.StreamingGaussian.from_spectrum([Q(1)], [Q(1)])
    assert [p.recursion(T, Q(1, 3), "population") for T in (1, 2, 5)] == [
        Q(2, 3),
        Q(4, 9),
        Q(32, 243),
    ]
    T = 10**6
    assert p.expected(T, 1 / 3, "population").log == pytest.approx(T * np.log(2 / 3), rel=1e-15)
    # with small curvature the noise of a mode adds up: eta^2 s T
    tiny = qm.NoisyQuadratic([1e-14], [0.0], [2.0])
    for T in (1, 1000):
        assert tiny.expected(T, 0.5).to_float() / (1e-14 / 2) == pytest.approx(
            0.25 * 2 * T, rel=2e-11
        )
        assert tiny.expected(T, 0.5, order=1).to_float() / (1e-14 / 2) == pytest.approx(
            2 * T, rel=2e-11
        )


@given(lam=st.lists(st.floats(1e-3, 10), min_size=1, max_size=6))
def test_streaming_limit_is_where_the_spectral_radius_is_one(lam):
    p = qm.StreamingGaussian.from_spectrum(lam, np.ones(len(lam)), 1.0)
    low, high = p.mean_square_bounds()
    limit, lam = p.mean_square_limit(), np.array(lam)
    assert low * (1 - 1e-14) <= limit <= high * (1 + 1e-14)
    for eta, sign in ((limit * (1 - 1e-9), -1), (limit * (1 + 1e-9), 1)):
        B = np.diag(2 * eta * lam - 2 * eta**2 * lam**2) - eta**2 * lam[:, None] * lam
        radius = np.abs(1 - np.linalg.eigvalsh(B))
        assert sign * (radius.max() - 1) > 0 and p.diverges(eta) == (sign > 0)


@given(n=st.integers(1, 6), d=st.integers(1, 5), seed=st.integers(0, 10**6))
def test_sampled_limit_is_where_the_spectral_radius_is_one(n, d, seed):
    p = sampled(seed, n, d, exact=False)
    low, high = p.mean_square_bounds()
    limit, m = p.mean_square_limit(), p.row_space.moments
    assert low * (1 - 1e-12) <= limit <= high * (1 + 1e-12)
    if n == 1:
        assert low == pytest.approx(high, rel=1e-12)
    for eta, sign in ((limit * (1 - 1e-9), -1), (limit * (1 + 1e-9), 1)):
        scale = 1 / np.sqrt(m.L)
        smallest = np.linalg.eigvalsh(np.eye(len(m.L)) - eta * scale[:, None] * m.Q * scale)[0]
        assert sign * smallest < 0 and p.diverges(eta) == (sign > 0)
    # the matrix acts on vectors as the operator on matrices, in coordinates that need no
    # eigenvectors
    X, eta = np.asarray(p.X), 0.7 * limit
    moves = [np.eye(d) - eta * np.outer(x, x) for x in X]
    whole = np.linalg.eigvalsh(sum(np.kron(move, move) for move in moves) / n)
    assert np.abs(whole).max() <= 1 + 1e-9
    got = np.linalg.eigvalsh(np.diag(1 - eta * m.L) + eta**2 * m.Q)
    assert all(np.abs(whole - value).min() < 1e-10 for value in got)


def test_both_sides_of_the_gram_matrix_give_the_limit():
    few, many = (sampled(1, n, 3, exact=False) for n in (5, 9))
    for p in (few, many):
        m = p.row_space.moments
        scale = 1 / np.sqrt(m.L)
        largest = np.linalg.eigvalsh(scale[:, None] * m.Q * scale)[-1]
        assert p.mean_square_limit() == pytest.approx(1 / largest, rel=1e-12)


def test_steady_state():
    p = qm.StreamingGaussian.from_spectrum([0.2, 1.0, 3.0], [1.0, -1.0, 2.0], 0.6)
    for x in (0.01, 0.5, 0.99):
        eta = x * p.mean_square_limit()
        v = p.steady_state(eta)
        assert p.expected(10**9, eta, "population").to_float() == pytest.approx(
            p.eigenvalues @ v, rel=1e-12
        )
        moved = (
            1 - 2 * eta * p.eigenvalues + 2 * eta**2 * p.eigenvalues**2
        ) * v + eta**2 * p.eigenvalues * (p.eigenvalues @ v + 0.36)
        assert moved == pytest.approx(v, rel=1e-13)
    with pytest.raises(ValueError, match="must lie in"):
        p.steady_state(p.mean_square_limit())


def test_fourth_moment_limit():
    # E ||(I - x zz')e||^4 for one step by Gauss-Hermite quadrature in two dimensions, exact for
    # this polynomial
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    weights = weights / weights.sum()
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), -1).reshape(-1, 2)
    mass = (weights[:, None] * weights).ravel()

    def growth(x, power):
        e = np.array([0.6, 0.8])
        moved = e - x * (grid @ e)[:, None] * grid
        return mass @ ((moved**2).sum(axis=1)) ** power

    p = qm.StreamingGaussian.from_spectrum([2.0, 2.0], [1.0, 0.0])
    limit = p.fourth_moment_limit()
    assert limit < p.mean_square_limit()
    assert growth(2 * limit, 2) == pytest.approx(1, rel=1e-12)
    assert growth(2 * limit * 0.99, 2) < 1 < growth(2 * limit * 1.01, 2)
    assert growth(2 * p.mean_square_limit(), 1) == pytest.approx(1, rel=1e-12)


FOURTH = {
    (1.0,): 0.383451005864412,
    (1.0, 1.0): 1 / 3,
    (1.0,) * 3: 0.293523642497998,
    (1.0,) * 10: 0.153561526134683,
    (1.0,) * 100: 0.019584476571091,
    (0.1, 1.0): 0.3830346693,
    (0.5, 1.2): 0.3145325476,
}


@pytest.mark.parametrize("lam", FOURTH, ids=lambda lam: f"{len(lam)}, {lam[0]}")
def test_golden_fourth_moment_limits(lam):
    problem = qm.StreamingGaussian.from_spectrum(lam, np.ones(len(lam)))
    tolerance = 1e-13 if lam[0] == 1 else 2e-10
    assert problem.fourth_moment_limit() == pytest.approx(FOURTH[lam], rel=tolerance, abs=1e-14)
    assert problem.fourth_moment_limit() < problem.mean_square_limit()


def test_fourth_moment_limit_of_any_spectrum():
    """Against quadrature over features, in units, next to isotropic ones, and in many modes."""
    from experiments.sgd.runs import fourth_moment_limit

    def limit(lam):
        return qm.StreamingGaussian.from_spectrum(lam, np.ones(len(lam))).fourth_moment_limit()

    lam = np.array([0.2, 0.7, 1.0])
    assert limit(lam) == pytest.approx(fourth_moment_limit(lam), rel=1e-11)
    assert limit(1e-9 * lam) == pytest.approx(1e9 * limit(lam), rel=1e-12)
    assert limit(np.array([1.0, 1.0, 1 - 1e-9])) == pytest.approx(limit(np.ones(3)), rel=1e-8)
    # a decomposition of products beyond 13 modes
    few = np.geomspace(0.01, 1, 12)
    assert limit(np.append(few, [1e-13] * 3)) == pytest.approx(limit(few), rel=1e-11)


def paths(p, steps, eta, count, seed):
    """Final iterates of ``count`` runs of SGD."""
    rng = np.random.default_rng(seed)
    run = qm.StochasticGradientDescent(steps).run(
        lambda w: p.noisy_gradient(w, rng), np.broadcast_to(p.start, (count, len(p.start))), eta
    )
    *_, w = run
    return w


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("family", ["streaming", "turned", "noisy", "rows", "wide"])
def test_sampling_agrees_far_below_the_heavy_tail_limit(family, seed):
    rng = np.random.default_rng(7)
    S = np.array([[2.0, 0.5], [0.5, 1.0]])
    p = {
        "streaming": lambda: qm.StreamingGaussian.from_spectrum(
            [1.0, 1.0, 1.0], [1.0, 0.0, -1.0], 0.5
        ),
        "turned": lambda: qm.StreamingGaussian.from_covariance(S, [1.0, -1.0], 0.5),
        "noisy": lambda: qm.NoisyQuadratic.from_matrix(S, [1.0, 0.3], [[1.0, -0.5], [-0.5, 2.0]]),
        "rows": lambda: sampled(2, 5, 3, exact=False),
        "wide": lambda: sampled(2, 3, 5, exact=False),
    }[family]()
    steps, count = 8, 20000
    eta = p.fourth_moment_limit() / 2 if family == "streaming" else 0.3 * p.mean_square_limit()
    w = paths(p, steps, eta, count, seed)
    losses = {
        "train": lambda: p.loss(w) - p.floor,
        "validation": lambda: ((w @ p.validation[0].T - p.validation[1]) ** 2).mean(axis=1) / 2,
        "population": lambda: (
            ((w - p.truth) ** 2).sum(axis=1)
            if family in ("rows", "wide")
            else (w * p.gradient(w)).sum(axis=1)
        ),
    }
    for outer in p.outers:
        values = losses[outer]()
        z = (values.mean() - p.expected(steps, eta, outer).to_float()) / (
            values.std() / np.sqrt(count)
        )
        assert abs(z) < 4, (outer, z)
        assert abs(
            values.mean() - p.expected(steps // 2, eta, outer).to_float()
        ) > 4 * values.std() / np.sqrt(count)
    g = p.noisy_gradient(np.broadcast_to(p.start, (count, len(p.start))), rng)
    assert (np.abs(g.mean(0) - p.gradient(p.start)) < 4.5 * g.std(0) / np.sqrt(count)).all()


@pytest.mark.parametrize("order", [0, 1])
def test_step_sizes_in_blocks_are_each_of_them_alone(order):
    """Second moments of rank ten have 55 coordinates: 43 step sizes fill a block."""
    rng = np.random.default_rng(0)
    p = qm.SampledRows(rng.standard_normal((12, 10)), rng.standard_normal(12))
    eta = np.linspace(0, 0.2, 45 if order == 0 else 3)
    found = p.expected(100, eta, order=order)
    for k in (0, 1, len(eta) // 2, len(eta) - 1):
        alone = p.expected(100, eta[k], order=order)
        assert found.sign[k] == alone.sign
        assert found.log[k] == pytest.approx(alone.log, rel=1e-13, abs=1e-13)


def test_one_eigendecomposition_a_step_size_whatever_the_steps(monkeypatch):
    calls = []
    original = np.linalg.eigh
    monkeypatch.setattr(np.linalg, "eigh", lambda *args: calls.append(1) or original(*args))
    p = qm.StreamingGaussian.from_spectrum([0.5, 1.0, 2.0], np.ones(3), 0.1)
    eta = np.array([[0.01, 0.1], [0.3, 2.0]])
    for steps in (1, 10**6, 10**15):
        calls.clear()
        assert p.expected(steps, eta, order=1).shape == (2, 2) and len(calls) == 4
    assert p.expected(10**15, 0.01).to_float() == pytest.approx(
        p.eigenvalues @ p.steady_state(0.01) / 2, rel=1e-12
    )
    assert p.expected(10**9, 2.0).log > 10**9


def test_beyond_rank_thirty_the_recursion_steps_in():
    rng = np.random.default_rng(0)
    for n, d in ((40, 31), (31, 40)):
        p = qm.SampledRows(
            rng.standard_normal((n, d)),
            rng.standard_normal(n),
            (rng.standard_normal((3, d)), rng.standard_normal(3)),
            rng.standard_normal(d),
        )
        eta = 0.5 * p.mean_square_limit()
        for outer in p.outers:
            for order in (0, 1):
                want = p.recursion(50, eta, outer, order)
                assert p.expected(50, eta, outer, order).to_float() == pytest.approx(want, rel=1e-9)
    huge = p.expected(1000, 40 * p.mean_square_limit())
    assert (
        huge.log10_abs > 400
        and p.expected(1000, 40 * p.mean_square_limit(), order=1).log > huge.log
    )


@pytest.mark.parametrize("n, d, noise", [(5, 3, True), (3, 5, True), (5, 3, False)])
def test_rescaled_recursion_is_the_closed_form(n, d, noise):
    p = sampled(4, n, d, exact=False, noise=noise)
    for outer in p.outers:
        A, u, m = p.form(outer, "float64", np.asarray(p.X), p.row_space.center)
        # the outer losses differ in the last step alone: far beyond float64 for one of them
        far = [(0.5, 2000), (3.0, 1000)] if outer == "train" else []
        for x, steps in ((0.5, 30), (0.0, 3), *far):
            for order in (0, 1):
                eta = x * p.mean_square_limit()
                got = p.row_space.recursion(steps, eta, order, A @ p.row_space.basis, u, m)
                want = p.expected(steps, eta, outer, order)
                scale = abs(p.expected(steps, eta, outer)) * (
                    steps / p.mean_square_limit() if order else 1
                ) + abs(want)
                assert abs(got - want) <= scale * 1e-11


def test_interpolation_leaves_no_spurious_floor():
    # residuals that are rounding are zero, so that the loss decays below 1e-300 and its logarithm
    # is right
    p = sampled(4, 5, 3, exact=False, noise=False)
    assert p.floor == 0 and p.expected(10**5, 0.5 * p.mean_square_limit()).log10_abs < -300
    assert sampled(4, 5, 3, exact=False).floor > 1e-3


def test_step_size_zero_and_zero_error():
    for p in (problem(family, 3, True) for family in ("streaming", "noisy", "rows", "wide")):
        for outer in p.outers:
            start = {
                "train": lambda p=p: p.loss(p.start) - p.floor,
                "population": lambda p=p: (
                    2 * (p.loss(p.start) - p.floor)
                    if hasattr(p, "sigma")
                    else ((p.start - p.truth) ** 2).sum()
                ),
                "validation": lambda p=p: (
                    ((p.validation[0] @ p.start - p.validation[1]) ** 2).mean() / 2
                ),
            }[outer]()
            assert p.expected(7, 0.0, outer).to_float() == pytest.approx(start, rel=1e-12)
        direction = p.gradient(p.start)
        assert p.expected(7, 0.0, "train", 1).to_float() == pytest.approx(
            -7 * direction @ direction, rel=1e-11
        )
        assert p.hvp(p.start, direction) == pytest.approx(
            p.gradient(p.start + direction) - p.gradient(p.start), rel=1e-8, abs=1e-10
        )
        assert p.floors("train") == 0
        assert p.expected(5, np.zeros((2, 0, 3))).shape == (2, 0, 3)
    still = qm.StreamingGaussian.from_spectrum([1.0, 2.0], [0.0, 0.0])
    assert still.expected(10**6, 5.0).sign == 0 and still.expected(3, 0.1, order=1).sign == 0


X, Y = np.ones((3, 2)), np.ones(3)
BAD = [
    (
        lambda: qm.StreamingGaussian.from_spectrum([1.0], [1.0], -0.1),
        "sigma = -0.1 must be one number >= 0",
    ),
    (
        lambda: qm.StreamingGaussian.from_spectrum([1.0, 0.0], [1.0, 1.0]),
        "every one must be > 0: drop",
    ),
    (lambda: qm.StreamingGaussian.from_spectrum([1.0], [1.0, 1.0]), "pass one error an eigenvalue"),
    (
        lambda: qm.StreamingGaussian.from_covariance(np.diag([1.0, 0.0]), [1.0, 1.0]),
        "positive definite: drop",
    ),
    (
        lambda: qm.StreamingGaussian.from_covariance([[1.0, 0.5], [0.0, 1.0]], [1.0, 1.0]),
        "asymmetric by 0.5",
    ),
    (lambda: qm.StreamingGaussian.from_covariance(np.eye(2), [1.0]), "pass a vector of length 2"),
    (lambda: qm.NoisyQuadratic([1.0], [1.0], [-1.0]), "it must be >= 0: pass variances"),
    (lambda: qm.NoisyQuadratic([1.0], [1.0], [1.0, 2.0]), "pass one variance an eigenvalue"),
    (lambda: qm.NoisyQuadratic([-1.0], [1.0], [1.0]), "every one must be > 0"),
    (
        lambda: qm.NoisyQuadratic.from_matrix(np.eye(2), [1.0, 1.0], np.diag([1.0, -1.0])),
        "noise has the eigenvalue -1",
    ),
    (
        lambda: qm.NoisyQuadratic.from_matrix(np.diag([1.0, 0.0]), [1.0, 1.0], np.eye(2)),
        "must be positive definite",
    ),
    (
        lambda: qm.NoisyQuadratic.from_matrix(np.eye(2), [1.0], np.eye(2)),
        "pass a vector of length 2",
    ),
    (
        lambda: qm.NoisyQuadratic.from_matrix(np.eye(2), [1.0, 1.0], np.eye(3)),
        "pass a covariance of the same shape",
    ),
    (lambda: qm.NoisyQuadratic.from_matrix(np.ones((2, 1)), [1.0], np.eye(2)), "must be square"),
    (lambda: qm.SampledRows(0 * X, Y), "X is zero"),
    (lambda: qm.SampledRows(X, Y[:2]), "pass X (n, d) and y (n,)"),
    (lambda: qm.SampledRows(X * np.nan, Y), "non-finite entry"),
    (lambda: qm.SampledRows(X, Y, (X[:, :1], Y)), "pass (n2, 2) and (n2,)"),
    (lambda: qm.SampledRows(X, Y, truth=Y), "truth has shape (3,)"),
    (lambda: qm.SampledRows(X, Y, initial=Y), "initial has shape (3,)"),
    (lambda: qm.SampledRows(X, Y).expected(3, 0.1, "validation"), "pass a validation set"),
    (lambda: qm.SampledRows(X, Y).recursion(3, 0.1, "population"), "pass truth"),
    (lambda: qm.NoisyQuadratic([1.0], [1.0], [1.0]).expected(3, 0.1, "population"), "use 'train'"),
    (
        lambda: qm.StreamingGaussian.from_spectrum([1.0], [1.0]).expected(3, 0.1, "validation"),
        "is not defined",
    ),
    (
        lambda: qm.NoisyQuadratic([1.0, 2.0], [1.0, 1.0], [1.0, 1.0], np.ones((2, 2))),
        "basis is off orthonormal",
    ),
    (
        lambda: qm.NoisyQuadratic([1.0, 2.0], [1.0, 1.0], [1.0, 1.0], root=2 * np.eye(2)),
        "root has variances",
    ),
    (
        lambda: qm.NoisyQuadratic([1e100], [1.0], [1.0]),
        "eigenvalues has the entry 1e+100, which leaves the range",
    ),
    (lambda: qm.SampledRows(X, Y, 3), "validation is 3, it must be a pair (X2, y2)"),
    (lambda: qm.SampledRows(X, Y).noisy_gradient(np.ones(2), 0), "rng = 0 must be a Generator"),
    (lambda: qm.SampledRows(X, Y).recursion(3, None), "step_size = None must hold real numbers"),
    (lambda: qm.SampledRows(X, Y).expected(3, 0.1, "train", True), "order = True must be 0 or 1"),
    (lambda: qm.StreamingGaussian([1.0], [1.0], "0.3"), "sigma"),
    (
        lambda: qm.SampledRows(X, Y).expected(3, 0.1, "test"),
        "outer = 'test' must be 'train' or 'validation' or",
    ),
    (lambda: qm.SampledRows(X, Y).expected(3, 0.1, order=2), "order = 2 must be 0 or 1"),
    (lambda: qm.SampledRows(X, Y).expected(0, 0.1), "steps = 0 must be a whole number"),
    (lambda: qm.SampledRows(X, Y).recursion(2.0, 0.1), "steps = 2.0 must be a whole number"),
    (lambda: qm.SampledRows(X, Y).expected(3, [0.1, -0.1]), "negative entry -0.1"),
    (
        lambda: qm.SampledRows(X, Y).recursion(3, Q(-1)),
        "step_size = Fraction(-1, 1) must be a number >= 0",
    ),
    (lambda: qm.SampledRows(X, Y).recursion(3, [0.1]), "must be one number"),
    (lambda: qm.SampledRows(X, Y).expected(3, 1e80), "exceeds 1e70 times"),
    (lambda: qm.SampledRows(X, Y).diverges(np.nan), "non-finite"),
    (lambda: qm.StochasticGradientDescent(0), "steps = 0"),
    (lambda: qm.StochasticGradientDescent(3, -1.0), "step_size = -1.0 must be a number > 0"),
    (lambda: qm.StochasticGradientDescent(3, 0.0), "must be a number > 0"),
]


@pytest.mark.parametrize("call, message", BAD, ids=[message for _, message in BAD])
def test_wrong_input_is_one_line_with_a_remedy(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_overflow_of_the_float_recursion_is_an_error_and_not_of_the_closed_form():
    p = qm.StreamingGaussian.from_spectrum([1.0], [1.0])
    with pytest.raises(FloatingPointError):
        p.recursion(10**4, 3.0)
    assert p.expected(10**4, 3.0).log10_abs > 10**4


def test_repr():
    assert repr(qm.StreamingGaussian.from_spectrum([1.0, 1.0], [1.0, 1.0], 0.5)) == (
        "StreamingGaussian(d=2, sigma=0.5, limit=0.5)"
    )
    assert repr(qm.SampledRows(X, Y, (X, Y))) == "SampledRows(n=3, d=2, rank=1, n2=3)"
    assert (
        repr(qm.NoisyQuadratic([1.0, 2.0], [1.0, 1.0], [0.5, 0]))
        == "NoisyQuadratic(d=2, tr Sigma=0.5, L=2)"
    )
    assert (
        repr(qm.StochasticGradientDescent(3, 0.1))
        == "StochasticGradientDescent(steps=3, step_size=0.1)"
    )
    assert (
        qm.StochasticGradientDescent(3).free == ("step_size",)
        and qm.StochasticGradientDescent(3, 0.1).free == ()
    )


def test_next_to_the_mean_square_limit_of_a_graded_spectrum():
    # two eigenvalues of the recursion are 1e-17 and 1e-8 beside 1: their vectors must stay
    # orthogonal
    lam = [307.6009008410967, 353977610.2774832, 29320736372.464268, 54331691761.14915]
    error = [-0.47584158736634263, -1.194570392074165, 0.029346532889551188, -0.6389368243945007]
    stream, eta = qm.StreamingGaussian.from_spectrum(lam, error, 0.0), 1.1085701264046957e-11
    for T, order in [(T, order) for T in (1, 16, 100) for order in (0, 1)]:
        with mp.workdps(40):
            right = stream.recursion(T, mp.mpf(eta), order=order)
            log = float(mp.log(abs(right)))
        found = stream.expected(T, eta, order=order)
        assert found.sign == np.sign(float(right)) and found.log == pytest.approx(
            log, rel=1e-15, abs=2e-14
        )
