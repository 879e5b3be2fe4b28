"""Value, gradient and Hessian in the optimizer's parameters and alpha together, against jets in
fractions, sixty digits and differences.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.objectives.parts.joint import response as joint_response
from quadmeta.strategies import bilevel_problem
from tests.bilevel import QUADRATIC, curvature

METHODS = {
    "gradient descent": (qm.GradientDescent, ("step_size",)),
    "heavy ball": (qm.HeavyBall, ("step_size", "momentum")),
    "Nesterov": (qm.Nesterov, ("step_size", "momentum")),
    "decoupled": (qm.DecoupledDecay, ("step_size", "momentum", "decay")),
    "L2": (lambda T: qm.L2Decay(qm.Nesterov(T)), ("step_size", "momentum", "decay")),
    "L2 alone": (lambda T: qm.L2Decay(qm.GradientDescent(T, 0.1)), ("decay",)),
}


class Golden(qm.QuadraticBilevel):
    """H = [[1/2, 1/4], [1/4, 1]] + alpha_1 I + alpha_2 [[0, 1], [1, 0]], b = (1, alpha_2)."""

    hyperparameters = 2
    start = np.array([1.0, 2.0])
    affine = True
    outer_hessian = np.diag([1.0, 2.0])
    outer_linear = np.array([[1.0], [-1.0]])

    def bind(self, alpha):
        turn = np.array([[0.0, 1.0], [1.0, 0.0]])
        H = np.array([[0.5, 0.25], [0.25, 1.0]]) + alpha[0] * np.eye(2) + alpha[1] * turn
        return qm.QuadraticInnerLoss(H, np.array([1.0, alpha[1]]), self, alpha)

    def pair(self, alpha, X, V):
        return np.array([np.trace(X), X[0, 1] + X[1, 0] - V[1, 0]])


def fractions(text):
    return np.array([Q(word) for word in text.split()], dtype=object)


GOLDEN = [
    (
        qm.GradientDescent(3),
        "1/2",
        "-114317/262144",
        "-98847/65536 -27443/32768 -3141/16384",
    ),
    (
        qm.HeavyBall(3),
        "1/2 1/4",
        "-170117/262144",
        "-7227/65536 -3591/8192 -20261/32768 -6643/16384",
    ),
    (
        qm.HeavyBall(5),
        "1/2 1/4",
        f"-413077247/{2**30}",
        f"421613397/{2**28} 7126929/{2**23} -14701317/{2**23} -206839/{2**20}",
    ),
    (
        qm.Nesterov(3),
        "1/2 1/4",
        f"-36530285/{2**26}",
        f"-8532567/{2**24} -1400265/{2**22} -5777063/{2**23} -1295073/{2**22}",
    ),
    (
        qm.DecoupledDecay(3),
        "1/2 1/4 1/8",
        "-93541/131072",
        "-1003/16384 -2835/8192 -1819/8192 -3395/16384 -873/16384",
    ),
    (
        qm.ChebyshevIteration(2),
        "1/4 3/2",
        "-565/10658",
        "-1579104/389017 -6624/389017 -15488/5329 -6592/5329",
    ),
    (
        qm.Schedule(3),
        "1/2 1 1/4",
        "-162845/262144",
        f"11403/{2**16} -36441/{2**17} 4275/{2**15} -21217/32768 -5779/16384",
    ),
]


@pytest.mark.parametrize("optimizer, own, value, gradient", GOLDEN)
def test_golden_gradients(optimizer, own, value, gradient):
    loss = qm.JointLoss(Golden(), optimizer)
    theta = np.append(fractions(own), fractions("0 0"))
    assert loss.definition(theta, kind="fraction") == Q(value)
    assert (loss.definition(theta, 1, "fraction") == fractions(gradient)).all()
    floats = theta.astype(float)
    assert loss(floats) == pytest.approx(float(Q(value)), rel=1e-14)
    want = fractions(gradient).astype(float)
    np.testing.assert_allclose(loss.gradient(floats), want, rtol=0, atol=1e-14 * abs(want).max())
    value, slope = loss.value_and_gradient(floats)
    assert value == loss(floats) and (slope == loss.gradient(floats)).all()


def test_golden_hessian():
    loss = qm.JointLoss(Golden(), qm.HeavyBall(3))
    want = np.array(
        [
            [3299688, 1827648, 207936, -476800],
            [1827648, 1322496, 258112, -337024],
            [207936, 258112, 776656, 588928],
            [-476800, -337024, 588928, 571584],
        ]
    )
    exact = loss.definition([Q(1, 2), Q(1, 4), 0, 0], 2, "fraction")
    assert (exact * 2**18 == want).all()
    got = loss.curvature([0.5, 0.25, 0.0, 0.0])
    np.testing.assert_allclose(got * 2.0**18, want, rtol=0, atol=1e-12 * abs(want).max())
    assert (got == got.T).all()


def at(name, seed, T, x, method):
    problem, alpha = bilevel_problem(name, seed)
    kind, free = METHODS[method]
    values = {"step_size": x / curvature(problem, alpha), "momentum": 0.7, "decay": 0.1}
    own = [values[name] for name in free]
    return qm.JointLoss(problem, kind(T)), np.append(own, alpha)


@pytest.mark.parametrize("name", QUADRATIC)
@given(
    seed=st.integers(0, 10**6),
    T=st.integers(1, 8),
    x=st.floats(0.05, 1.5),
    method=st.sampled_from(list(METHODS)),
)
def test_derivatives_are_those_of_the_run(name, seed, T, x, method):
    loss, theta = at(name, seed, T, x, method)
    for order, found in enumerate((loss(theta), loss.gradient(theta), loss.curvature(theta))):
        want = loss.definition(theta, order)
        assert np.abs(found - want).max() <= 1e-12 * max(1, np.abs(want).max())


@pytest.mark.parametrize(
    "name, method",
    [("ridge", "heavy ball"), ("coupled", "Nesterov"), ("softplus", "gradient descent")],
)
def test_against_sixty_digits(name, method):
    for T, x in ((1, 0.5), (120, 0.9)):
        loss, theta = at(name, 5, T, x, method)
        want = loss.definition(theta, 1, "mpmath", digits=60).astype(float)
        bar = 1e-12 + 10 * np.finfo(float).eps * x * T
        assert np.linalg.norm(loss.gradient(theta) - want) <= bar * np.linalg.norm(want)


def test_the_largest_stable_step_size_costs_no_digits(monkeypatch):
    """At eta = 2 / L every relative change of L is multiplied by 2 T, so that L has to be the
    largest eigenvalue of H itself: the square of a singular value of the rows is off by more.
    """
    T = 101
    loss, theta = at("task_weights", 0, T, 2.0, "gradient descent")
    want = loss.definition(theta, 1, "mpmath", digits=60).astype(float)

    def error():
        return np.linalg.norm(loss.gradient(theta) - want) / np.linalg.norm(want)

    bar = 4 * np.finfo(float).eps * 2 * T
    assert error() <= bar
    by_rows = lambda inner, start: inner.rows.modes(start)  # noqa: E731
    monkeypatch.setattr(qm.QuadraticInnerLoss, "modes", by_rows)
    assert error() > bar


LONG = [
    qm.GradientDescent(10**5, 0.4),
    qm.HeavyBall(10**5, 0.4, 0.9),
    qm.Nesterov(10**5, 0.3, 0.9),
    qm.DecoupledDecay(10**5, 0.4, 0.8, 1e-3),
    qm.L2Decay(qm.HeavyBall(10**5, 0.4, 0.9), 1e-3),
]


@pytest.mark.parametrize("optimizer", LONG, ids=repr)
def test_long_runs_are_doubled(optimizer):
    """Against the response in 106 bits, with its own closed form; and steps, where both run."""
    spectrum = [1e-9, 0.3, 0.3 + 1e-12, 1.0, 2.0]
    problem = qm.Coupled.random(spectrum, h=2, seed=0)
    want = qm.OuterLoss(problem, optimizer).gradient([0.2, -0.1])
    found = qm.JointLoss(problem, optimizer).gradient([0.2, -0.1])
    assert np.linalg.norm(found - want) <= 1e-10 * np.linalg.norm(want)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["ridge", "data_cleaning"])
def test_doubling_is_the_run(name, method, monkeypatch):
    loss, theta = at(name, 4, 150, 0.9, method)
    values = [loss.gradient(theta), loss.curvature(theta)]
    monkeypatch.setattr(joint_response, "LONG", 10**9)
    for found, want in zip(values, (loss.gradient(theta), loss.curvature(theta)), strict=True):
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-11 * np.abs(want).max())


def softplus_ridge():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((7, 3)), rng.standard_normal((7, 2))
    return qm.Ridge((X, Y), (X[:4] + 0.3, Y[:4]), logarithmic=True), X, Y


def test_hessian_against_differences_at_fifty_digits():
    """A ridge by its logarithm: H is not affine in alpha."""
    problem, X, Y = softplus_ridge()
    optimizer = qm.HeavyBall(6)
    theta = [0.25, 0.5, -1.25]

    def exactly(point):
        def entries(A):
            return mp.matrix(A.tolist())

        H = entries(X).T * entries(X) / 7 + mp.exp(point[2]) * mp.eye(3)
        b = entries(X).T * entries(Y) / 7
        *_, W = optimizer.run(lambda W: H * W - b, mp.matrix(3, 2), point[:2])
        error = entries(X[:4] + 0.3) * W - entries(Y[:4])
        return mp.fsum(x * x for x in error) / 8

    with mp.workdps(60):
        h = mp.mpf(10) ** -15
        point = [mp.mpf(x) for x in theta]

        def shifted(*moves):
            return exactly([x + h * sum(m[i] for m in moves) for i, x in enumerate(point)])

        units = [tuple(int(i == j) for j in range(3)) for i in range(3)]
        minus = [tuple(-x for x in unit) for unit in units]
        want = np.array(
            [
                [
                    (shifted(a, b) - shifted(a, c) - shifted(d, b) + shifted(d, c)) / (4 * h * h)
                    for b, c in zip(units, minus, strict=True)
                ]
                for a, d in zip(units, minus, strict=True)
            ]
        ).astype(float)
    got = qm.JointLoss(problem, optimizer).curvature(theta)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-13 * abs(want).max())


def test_a_ridge_costs_no_table_of_pairs():
    """Its nodes are batches of one, with the numbers of the general form."""

    class General(qm.Ridge):
        def shifts(self, alpha):
            return None

    problem, X, Y = softplus_ridge()
    general = General(problem.train, problem.validation, logarithmic=True)
    theta = [0.3, 0.4, -0.5]
    short, long = (qm.JointLoss(x, qm.Nesterov(9)) for x in (problem, general))
    assert short.at(theta, 2).terms[0].f.bends.shape == (3, 1, 1, 1)
    assert long.at(theta, 2).terms[0].f.bends.shape == (1, 3, 3, 3)
    np.testing.assert_allclose(short.curvature(theta), long.curvature(theta), rtol=1e-13)
    np.testing.assert_allclose(short.gradient(theta), long.gradient(theta), rtol=1e-13)


def test_singular_and_repeated_eigenvalues():
    """Fewer rows than columns, columns that are 0, and a ridge of 0: no inverse enters."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal((3, 5)), np.zeros(3)])
    for problem, alpha in (
        (qm.Ridge((X, rng.standard_normal(3)), (X + 0.1, np.ones(3))), [0.0]),
        (qm.DataCleaning((X, rng.standard_normal(3)), (X + 0.1, np.ones(3)), rho=0.0), [0, 1, -1]),
    ):
        loss = qm.JointLoss(problem, qm.HeavyBall(20))
        theta = np.append([0.3, 0.9], alpha)
        for order, found in ((1, loss.gradient(theta)), (2, loss.curvature(theta))):
            want = loss.definition(theta, order)
            np.testing.assert_allclose(found, want, rtol=0, atol=1e-12 * abs(want).max())


def test_what_is_given_is_not_tuned():
    problem, alpha = bilevel_problem("data_cleaning", 1)
    fixed = qm.OuterLoss(problem, qm.HeavyBall(9, step_size=0.2, momentum=0.5))
    alone = qm.JointLoss(problem, fixed.optimizer)
    half = qm.JointLoss(problem, qm.HeavyBall(9, momentum=0.5))
    whole = qm.JointLoss(problem, qm.HeavyBall(9))
    theta = np.append([0.2, 0.5], alpha)
    assert alone.names[0] == "alpha[0]" and half.names[:2] == ("step_size", "alpha[0]")
    want = whole.curvature(theta)
    keep = np.delete(np.arange(10), 1)
    for loss, part in ((alone, np.arange(2, 10)), (half, keep)):
        np.testing.assert_allclose(loss.gradient(theta[part]), whole.gradient(theta)[part])
        np.testing.assert_allclose(loss.curvature(theta[part]), want[np.ix_(part, part)])
    np.testing.assert_allclose(alone.gradient(alpha), fixed.gradient(alpha), rtol=1e-12)
    np.testing.assert_allclose(alone.trained(alpha), fixed.trained(alpha), rtol=1e-12)


def test_damped_newton():
    """Its preconditioner follows alpha; the golden values, and differences of the gradient."""
    loss = qm.JointLoss(Golden(), qm.DampedNewton(2))
    theta = np.array([0.5, 0.25, 0.0, 0.0])
    want = fractions("-149949/38416 425511/268912 -78321/268912 -28865/33614").astype(float)
    assert loss(theta) == pytest.approx(90977 / 307328, rel=1e-14)
    np.testing.assert_allclose(loss.gradient(theta), want, rtol=1e-13)
    h = 1e-5
    slopes = [
        (loss.gradient(theta + h * e) - loss.gradient(theta - h * e)) / (2 * h) for e in np.eye(4)
    ]
    np.testing.assert_allclose(loss.curvature(theta), slopes, rtol=1e-7, atol=1e-8)


class Direct(Golden):
    def outer_form(self, alpha):
        return self.outer_hessian, self.outer_linear, alpha @ alpha

    def direct(self, w, alpha):
        return 2 * alpha


class Moving(Golden):
    def start_of(self, alpha):
        return self.start + alpha**2

    def start_jacobian(self, alpha):
        return np.diag(2 * alpha)


class Curved(Golden):
    affine = False


@pytest.mark.parametrize(
    "kind, word", [(Direct, "alpha directly"), (Moving, "a start"), (Curved, "bend")]
)
def test_second_derivatives_that_are_not_known_are_refused(kind, word):
    loss = qm.JointLoss(kind(), qm.HeavyBall(4))
    theta = np.array([0.5, 0.25, 0.5, -0.25])
    np.testing.assert_allclose(loss.gradient(theta), loss.definition(theta, 1), rtol=1e-13)
    for order in (loss.curvature, lambda x: loss.definition(x, 2)):
        with pytest.raises(ValueError, match=word):
            order(theta)
    with pytest.raises(OverflowError, match="diverges"):
        qm.JointLoss(kind(), qm.HeavyBall(4000))([40.0, 0.25, 0.5, -0.25])


@pytest.mark.parametrize("kind, word", [(Direct, "kind = 'fraction'"), (Moving, "start")])
def test_wrong_points_are_refused(kind, word):
    loss = qm.JointLoss(kind(), qm.HeavyBall(4))
    for wrong in ([0.5, 0.25, 0.0], [0.5, 1.0, 0.0, 0.0], [-0.5, 0.2, 0.0, 0.0]):
        with pytest.raises(ValueError):
            loss(wrong)
    for optimizer, wrong in (
        (qm.L2Decay(qm.GradientDescent(3, 0.1)), [-0.1, 0.0, 0.0]),
        (qm.DecoupledDecay(3, 0.1, 0.5), [1.0, 0.0, 0.0]),
    ):
        with pytest.raises(ValueError, match="decay = .* is (negative|out)"):
            qm.JointLoss(kind(), optimizer)(wrong)
    with pytest.raises(ValueError, match="problem"):
        qm.JointLoss(qm.LogCosh.random(3, 2, 0), qm.HeavyBall(4))
    with pytest.raises(ValueError, match="optimizer"):
        qm.JointLoss(kind(), qm.StochasticGradientDescent(4))


@pytest.mark.parametrize("free", [(), ("step_sizes",)])
def test_a_schedule_within_a_decay(free):
    """The method inside has a vector of parameters, or none beside a free decay."""
    problem = qm.Ridge(([[1.0, 0.1], [2.0, 0.3]], [1.0, 3.0]), ([[1.0, 1.0]], [1.2]))
    if free:
        optimizer = qm.L2Decay(qm.Schedule(3), decay=0.1)
    else:
        optimizer = qm.L2Decay(qm.Schedule(3, [0.1, 0.2, 0.3]))
    loss = qm.JointLoss(problem, optimizer)
    theta = np.linspace(0.1, 0.3, len(loss.names))
    assert loss.gradient(theta) == pytest.approx(loss.definition(theta, 1), rel=1e-12)
