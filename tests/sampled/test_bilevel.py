"""Sampled hypergradients: exact moments against every sequence of samples, in fractions."""

from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.sampled.parts.sampled_tape import from_sequence
from tests.refusals import refused

ROWS = ([[1, 0], [1, 1], [0, 2]], [1, 0, 2], [[1, 1], [1, -1]], [1, 0])
HALF = [F(1, 2)]


def ridge(steps=2, **run):
    return qm.SampledBilevel.ridge(*ROWS, steps=steps, step_size=F(1, 4), **run)


NEUMANN = F(-1856539, 21233664)
GOLDEN = [
    (qm.MinibatchNeumann(0), F(-191, 4096), F(1567211, 150994944)),
    (qm.SampledOneStep(), F(-191, 4096), F(1567211, 150994944)),
    (qm.MinibatchNeumann(2), NEUMANN, F(232700089051, 5566277615616)),
    (qm.LinearSystemSgd(2), NEUMANN, F(235540890971, 5566277615616)),
    (qm.MinibatchNeumann(2, batch=(2, 1)), NEUMANN, F(8064076105, 206158430208)),
    (qm.RandomLengthNeumann(3), NEUMANN, F(103041549451, 1855425871872)),
    (qm.MinibatchNeumann(2, reuse=True), F(-25515, 262144), F(94010985001, 1855425871872)),
    (qm.UnrolledSgd(), F(-89, 4608), F(6749, 786432)),
]


@pytest.mark.parametrize("estimator, mean, second", GOLDEN)
def test_golden_fractions(estimator, mean, second):
    loss = ridge()
    found = qm.moments(loss, HALF, estimator)
    assert list(found.truth) == [F(-4106, 219501)]
    assert list(found.mean) == [mean] == list(estimator.mean(loss, HALF))
    assert found.variance.tolist() == [[second - mean * mean]]


def affine(seed, steps=1, n=2, P=2, **run):
    """P parameters, two hyperparameters, everything random in small fractions."""
    rng = np.random.default_rng(seed)

    def fractions(*shape):
        entries = rng.integers(-2, 3, shape)
        return np.vectorize(lambda x: F(int(x), 4), otypes=[object])(entries)

    def symmetric(*shape):
        found = fractions(*shape)
        return found + np.swapaxes(found, -1, -2)

    return qm.SampledBilevel(
        symmetric(n, P, P) + 2 * np.eye(P, dtype=int),
        fractions(n, P),
        run.pop("slopes", symmetric(n, 2, P, P)),
        fractions(n, 2, P),
        symmetric(2, P, P),
        fractions(2, P),
        start=fractions(P),
        steps=steps,
        step_size=F(1, 3),
        **run,
    )


PAIRS = [
    (qm.MinibatchNeumann(2), {}),
    (qm.MinibatchNeumann(2, batch=2, reuse=True), {}),
    (qm.MinibatchNeumann(2, batch=2, replace=False), {"n": 3}),
    (qm.LinearSystemSgd(1, batch=2, step_size=F(1, 5)), {}),
    (qm.RandomLengthNeumann(2, batch=2), {"batch": 2}),
    (qm.SampledOneStep(), {"batch": 3, "steps": 2}),
    (qm.MinibatchNeumann(1), {"batch": 2, "replace": False, "n": 3}),
    (qm.LinearSystemSgd(2), {"slopes": np.zeros((2, 2, 2, 2)), "steps": 2}),
    (qm.Penalty(F(3, 2)), {"P": 1}),
    (qm.Penalty(F(3, 2), shared=True), {"P": 1, "batch": 2}),
    (qm.Penalty(3), {"slopes": np.zeros((2, 2, 2, 2)), "steps": 2}),
    (qm.Penalty(3, shared=True), {"slopes": np.zeros((2, 2, 2, 2)), "steps": 2}),
    (qm.UnrolledSgd(), {"batch": 2, "P": 1, "steps": 2}),
    (qm.UnrolledSgd(), {"batch": 2, "replace": False, "n": 3, "P": 1}),
]


@pytest.mark.parametrize("k, estimator, run", [(k, *pair) for k, pair in enumerate(PAIRS)])
def test_moments_are_those_of_all_sequences(k, estimator, run):
    """Mean, covariance and cost, identically in fractions."""
    loss = affine(k, **run)
    alpha = [F(1, 3), F(-1, 5)]
    exact = qm.moments(loss, alpha, estimator)
    every = qm.enumerate_draws(loss, alpha, estimator)
    assert every.chances.sum() == 1
    assert (exact.mean == every.mean).all()
    assert (exact.variance == every.variance).all() and (exact.variance != 0).any()
    assert dict(exact.cost) == every.cost
    # the same in float64
    near = qm.moments(loss.rounded, alpha, estimator)
    assert near.mean == pytest.approx(exact.mean.astype(float), rel=1e-12)
    assert near.variance == pytest.approx(exact.variance.astype(float), rel=1e-11, abs=1e-15)


def test_draws_scatter_as_the_moments_say():
    loss = ridge(steps=3).rounded
    for estimator in (qm.MinibatchNeumann(3, batch=2), qm.UnrolledSgd()):
        exact = qm.moments(loss, [0.5], estimator)
        found = qm.draws(loss, [0.5], estimator, count=500, seed=4)
        assert abs(found.mean - exact.mean)[0] < 4 * found.standard_error[0]
        spread = float(found.values.var(ddof=1))
        fourth = float(((found.values - found.mean) ** 4).mean())
        assert abs(spread - exact.variance[0, 0]) < 4 * np.sqrt((fourth - spread**2) / 500)


def test_unrolled_sgd_is_the_derivative_of_the_expected_loss():
    """The mean over all runs of L_2(w_T), by a central difference that is exact for cubics."""

    def expected(alpha):
        total = F(0)
        for i in range(3):
            for k in range(3):
                w = np.array([F(0), F(0)])
                for row in (i, k):
                    x = np.array(ROWS[0][row])
                    w = w - F(1, 4) * (x * (x @ w - ROWS[1][row]) + alpha * w)
                r = np.array(ROWS[2]) @ w - np.array(ROWS[3])
                total += (r @ r) / (4 * 9)
        return total

    a, d = F(1, 2), F(1, 10)
    slope = (
        8 * (expected(a + d) - expected(a - d)) - expected(a + 2 * d) + expected(a - 2 * d)
    ) / (12 * d)
    assert list(qm.UnrolledSgd().mean(ridge(), HALF)) == [slope]


def test_many_parameters_in_the_mean_and_a_constant_cross_term():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((30, 20))
    run = {"steps": 10, "step_size": 0.02}
    loss = qm.SampledBilevel.ridge(X, X[:, 0], X[:5], X[:5, 1], **run)
    estimator = qm.MinibatchNeumann(5)
    with refused("fourth moments of a state of length 21, at most 13"):
        qm.moments(loss, [0.1], estimator)
    assert np.isfinite(estimator.mean(loss, [0.1])).all()
    H, b, J, G = loss.samples([0.1])
    fixed = qm.SampledBilevel(
        H, b, np.zeros((30, 1, 20, 20)), b[:, None], G[..., :20], -G[..., 20], **run
    )
    found = qm.moments(fixed, [0.0], estimator)
    assert found.variance[0, 0] > 0


def test_a_reused_batch_keeps_a_bias():
    loss = ridge(steps=40).rounded
    long = [qm.MinibatchNeumann(80, reuse=reuse).mean(loss, [0.5])[0] for reuse in (False, True)]
    longer = qm.MinibatchNeumann(160, reuse=True).mean(loss, [0.5])[0]
    assert longer == pytest.approx(long[1], rel=1e-3)
    assert abs(long[1] - long[0]) > 0.1 * abs(long[0])


def test_refusals():
    with refused("batch = 4 is larger than the 3 samples"):
        ridge(batch=4, replace=False)
    for estimator in (qm.MinibatchNeumann(1, batch=4, replace=False), qm.LinearSystemSgd(0, 4)):
        if estimator.replace:
            continue
        with refused("batch = 4 is larger than the 3 samples"):
            qm.moments(ridge(), HALF, estimator)
        with refused("batch = 4 is larger"):
            qm.draws(ridge(), HALF, estimator, count=1)
        with refused("batch = 4 is larger"):
            qm.enumerate_draws(ridge(), HALF, estimator)
    with refused("steps = 0 must be a whole number of at least 1"):
        ridge(steps=0)
    with refused("seed = 0.5 must be a whole number"):
        qm.draws(ridge(), HALF, qm.UnrolledSgd(), seed=0.5)
    with refused(r"batch = \(1, 1, 1\) must be one number, or products = 2"):
        qm.MinibatchNeumann(2, batch=(1, 1, 1))
    with refused("most = 5 sequences of samples are not all"):
        qm.enumerate_draws(ridge(), HALF, qm.UnrolledSgd(), most=5)
    with refused("not symmetric"):
        qm.SampledBilevel(
            [[[1, 1], [0, 1]]],
            [[0, 0]],
            np.zeros((1, 1, 2, 2)),
            [[[1, 0]]],
            [np.eye(2)],
            [[0, 0]],
            steps=1,
            step_size=0.1,
        )
    with refused("the mean inner Hessian is singular"):
        qm.SampledBilevel.ridge([[1, 0]], [1], [[1, 1]], [1], steps=1, step_size=F(1, 4))([0])
    with refused("objective = .* must be a SampledBilevel"):
        quadratic = qm.Quadratic.from_spectrum([1.0], error=[1.0])
        loss = qm.NaiveObjective(quadratic, qm.GradientDescent(2))
        qm.moments(loss, 0.5, qm.UnrolledSgd())
    with pytest.raises(OverflowError, match="beyond float64: take smaller or fewer steps"):
        far = qm.SampledBilevel.ridge([[1.0]], [1.0], [[1.0]], [1.0], steps=500, step_size=9.0)
        qm.moments(far, [0.5], qm.UnrolledSgd())


def cases():
    rng = np.random.default_rng(3)
    X, y, V, z = rng.standard_normal((4, 2)), rng.standard_normal(4), np.eye(2), np.ones(2)
    yield qm.Ridge((X, y), (V, z)), [0.3]
    yield qm.Ridge((X, y), (V, z), logarithmic=True), [-0.4]
    yield qm.DataCleaning((X, y), (V, z), rho=0.1), [0.1, -0.2, 0.5, 0.0]
    yield qm.TaskWeights([(X[:1], y[:1]), (X, y)], (V, z), rho=0.1), [0.7, 0.4]
    yield qm.Coupled.random([0.5, 1.0], h=2, seed=0), [0.3, -0.1]


@pytest.mark.parametrize("problem, alpha", list(cases()), ids=lambda x: type(x).__name__)
def test_samples_of_a_problem_have_its_hypergradients(problem, alpha):
    """Batches of all rows without replacement leave nothing to chance but the last two samples:
    the mean is that of the deterministic estimators.
    """
    run = {"steps": 5, "step_size": 0.2}
    one = qm.SampledBilevel.at(problem, alpha, **run)
    whole = qm.SampledBilevel.at(problem, alpha, **run, batch=len(one.hessians), replace=False)
    loss = qm.OuterLoss(problem, qm.GradientDescent(5, 0.2))
    assert whole.gradient(alpha) == pytest.approx(-problem.at(alpha).implicit(), rel=1e-11)
    exact = qm.hypergradient(loss, alpha, qm.Neumann(3)).value
    assert qm.MinibatchNeumann(3).mean(whole, alpha) == pytest.approx(exact, rel=1e-11)
    assert qm.UnrolledSgd().mean(whole, alpha) == pytest.approx(loss.gradient(alpha), rel=1e-11)


def fivefold(b, Q, eta, g, scale):
    """The moments of K g for the Gaussian in five atoms, of chances 8, 4, 4, 1, 1 in 18."""
    atoms = [
        ([[0, 0], [0, 0]], 8),
        ([[3, 0], [0, 0]], 4),
        ([[0, 0], [0, 3]], 4),
        ([[3, 3], [3, 3]], 1),
        ([[3, -3], [-3, 3]], 1),
    ]
    r = np.diag(scale)
    H = np.array([r @ np.array(atom) @ r for atom, count in atoms for _ in range(count)])
    n = len(H)
    loss = qm.SampledBilevel(
        H,
        np.zeros((n, 2)),
        np.zeros((n, 2, 2, 2)),
        np.broadcast_to(np.eye(2), (n, 2, 2)),
        np.zeros((1, 2, 2)),
        [[-x for x in g]],
        steps=1,
        step_size=eta,
    )
    for estimator in (qm.MinibatchNeumann(Q, batch=b), qm.LinearSystemSgd(Q, batch=b)):
        found = qm.moments(loss, [0, 0], estimator)
        yield found.variance + np.outer(found.mean, found.mean)


def test_golden_five_atoms():
    chain, horner = fivefold(2, 2, F(1, 5), (1, -2), (1, 2))
    off = F(-4022, 15625)
    assert chain.tolist() == [[F(923, 3125), off], [off, F(1478, 3125)]]
    assert horner.tolist() == [[F(7, 25), off], [off, F(298, 625)]]
    # the limit of long series in float64: u = (1, 4)
    chain, horner = fivefold(1, 2000, 0.05, (1, 2), (1, 2))
    assert np.diag(chain) == pytest.approx([52 / 43, 57 / 172], rel=1e-10)
    assert np.diag(horner) == pytest.approx([47 / 43, 31 / 86], rel=1e-10)


def test_golden_isotropic_error():
    """d = 1, x = 1/4, Q = 10: the relative mean squared error of the two-atom law."""
    H = [[[0]], [[0]], [[3]]]
    zero = np.zeros((3, 1, 1, 1))
    loss = qm.SampledBilevel(
        H, np.zeros((3, 1)), zero, np.ones((3, 1, 1)), [[[0]]], [[-1]], steps=1, step_size=F(1, 4)
    )
    found = qm.moments(loss, [0], qm.MinibatchNeumann(10))
    assert list(found.truth) == [1]
    assert float(found.mean_square_error) == pytest.approx(0.305662673544305, rel=1e-14)


def test_the_inner_run_says_where_it_diverges():
    """Five atoms for S = I: stable up to x (1 + nu) = 2 with nu = (d + 1) / b, in one dimension."""
    for b in (1, 4):
        for eta, stable in ((0.99 * 2 / (1 + 2 / b), True), (1.01 * 2 / (1 + 2 / b), False)):
            loss = qm.SampledBilevel(
                [[[0]], [[0]], [[3]]],
                np.zeros((3, 1)),
                np.zeros((3, 1, 1, 1)),
                np.ones((3, 1, 1)),
                [[[1]]],
                [[-1]],
                start=[1],
                steps=3,
                step_size=eta,
                batch=b,
            )
            found = qm.moments(loss, [0], qm.SampledOneStep())
            assert (found.notes["mean_square_radius"] < 1) is stable
    rng = np.random.default_rng(2)
    X = rng.standard_normal((6, 3))
    run = {"steps": 120, "step_size": 0.4, "start": np.ones(3)}
    loss = qm.SampledBilevel.ridge(X, np.zeros(6), X[:1], [0.0], **run)
    radius = qm.moments(loss, [0.1], qm.SampledOneStep()).notes["mean_square_radius"]
    further = qm.SampledBilevel.ridge(X, np.zeros(6), X[:1], [0.0], **run | {"steps": 121})
    grown = [qm.SampledOneStep().mean(x, [0.1])[0] for x in (loss, further)]
    assert grown[1] / grown[0] == pytest.approx(radius, rel=1e-9)


def test_numbers_of_moments_in_fractions():
    found = qm.moments(ridge(), HALF, qm.MinibatchNeumann(2))
    near = qm.moments(ridge().rounded, HALF, qm.MinibatchNeumann(2))
    assert found.relative_deviation == pytest.approx(near.relative_deviation)
    assert float(found.mean_square_error) == pytest.approx(near.mean_square_error)
    assert found.mean_square_error == found.variance[0, 0] + found.bias[0] ** 2


def test_chain_and_horner_have_transposed_laws():
    """E[K (x) K] of the one, with indices swapped, is that of the other."""
    loss = affine(5)
    H = loss.samples([F(1, 3), F(-1, 5)]).H
    units = np.eye(4, dtype=int).reshape(4, 2, 2)
    # entry (a, p, b, q) = E[K_ap K_bq]
    chain, horner = (
        estimator.law(loss, H).square(units).reshape(2, 2, 2, 2).transpose(2, 0, 3, 1)
        for estimator in (qm.MinibatchNeumann(3), qm.LinearSystemSgd(3))
    )
    assert (chain == horner.transpose(1, 0, 3, 2)).all()
    assert (chain != horner).any()


def test_a_shared_penalty_is_a_linear_system_path_by_path():
    """delta = s (y - w) obeys delta <- (I - eta (H_i + G_j / s)) delta - eta g_j(w)."""
    loss = affine(7, slopes=np.zeros((2, 2, 2, 2)), steps=3)
    alpha, s = [F(1, 3), F(-1, 5)], F(7, 2)
    H, b, J, G = loss.samples(alpha)
    choices = [0, 1, 1, 0, 1, 1, 0]
    found = qm.Penalty(s, shared=True).estimate(
        qm.SampledTape(loss, alpha, from_sequence(iter(choices)))
    )
    w, delta = loss.start, 0 * loss.start
    for i, j in zip(choices[0:6:2], choices[1:6:2], strict=True):
        g = G[j] @ np.append(w, 1)
        delta = delta - loss.step_size * (H[i] @ delta + G[j][:, :2] @ delta / s + g)
        w = w - loss.step_size * (H[i] @ w - b[i])
    assert found.tolist() == (J[choices[-1]][..., -1] @ delta).tolist()
