"""Adagrad, RMSprop, Adam and AdamW: runs and derivatives against differences at 400 digits, golden
values, invariances, and what is refused.
"""

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import quadmeta as qm
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.root import square_root
from quadmeta.strategies import BILEVEL, bilevel_problem
from tests.optimizers.adaptive_by_differences import slopes


class Golden(qm.QuadraticBilevel):
    """H = scale (2 1; 1 3), b = scale (alpha, 1 + alpha), L_2 = w_1^2 / 2 + w_2^2 - w_1 + w_2, from
    w_0 = 0.
    """

    start = np.zeros(2)
    outer_hessian = np.diag([1.0, 2.0])
    outer_linear = np.array([[1.0], [-1.0]])
    hyperparameters = 2

    def bind(self, alpha):
        """alpha = (alpha, scale)."""
        H = alpha[1] * np.array([[2.0, 1.0], [1.0, 3.0]])
        return qm.QuadraticInnerLoss(H, alpha[1] * np.array([alpha[0], 1 + alpha[0]]), self, alpha)

    def pair(self, alpha, X, V):
        """Both derivatives."""
        both = (
            np.sum(np.array([[2.0, 1.0], [1.0, 3.0]]) * X) - np.array([alpha[0], 1 + alpha[0]]) @ V
        )
        return np.array([-alpha[1] * V.sum(), np.sum(both)])


THETA = {"step_size": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 0.01, "root_epsilon": 0.0}


def optimizer(method, T, **changes):
    """The method at THETA."""
    cls = getattr(qm, method)
    names = cls(1, 0.1).names
    return cls(T, **{k: x for k, x in {**THETA, **changes}.items() if k in names})


def sensitivities(method, T, alpha=0.0, scale=1.0, **changes):
    """Of the golden problem."""
    loss = qm.OuterLoss(Golden(), optimizer(method, T, **changes))
    return loss.sensitivities([alpha, scale])


INSIDE = {"epsilon": 0.0, "root_epsilon": 1e-4}
TINY = {"epsilon": 1e-8}
TABLE = [
    # method, T, changes, F, step_size, beta1, beta2, alpha at alpha = 0
    ("Adagrad", 1, {}, 0.1088128614841682, 1.186158219782374, None, None, -9.998825585921008),
    ("Adagrad", 3, {}, 0.3118974919286488, 2.902972175950128, None, None, 7.687633760776316),
    (
        "RmsProp",
        1,
        {},
        1.735537190082645,
        25.6198347107438,
        None,
        116.4537941397446,
        -9.767092411720511,
    ),
    (
        "RmsProp",
        3,
        {},
        1.249788545072114,
        8.375586524193509,
        None,
        37.71057927062881,
        -11.06621022239061,
    ),
    ("InnerAdam", 1, {}, 0.1088128614841682, 1.186158219782374, 0.0, 0.0, -9.998825585921008),
    (
        "InnerAdam",
        3,
        {},
        0.5181185000982461,
        5.987297038685336,
        -0.004129423874142097,
        -0.02417798416744686,
        -8.448186161272977,
    ),
    (
        "InnerAdam",
        10,
        {},
        1.245554723868537,
        -1.262058613815365,
        2.141609989985637,
        -0.1655151583539384,
        -5.86291283532799,
    ),
    (
        "InnerAdam",
        3,
        INSIDE,
        0.5406670734158977,
        6.114136823820623,
        0.003713776271504615,
        -0.0284497557401197,
        -9.868013203192411,
    ),
    (
        "InnerAdam",
        3,
        TINY,
        0.5422271604878388,
        6.102214042949444,
        0.004419667507373867,
        -0.02853297705283174,
        -9253862.496249376,
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[1]} {row[2]}")
def test_golden_values(row):
    method, T, changes, F, *expected, alpha = row
    found = sensitivities(method, T, **changes)
    assert found.value == pytest.approx(F, rel=2e-15)
    # 0.1 and 0.9 of the page are decimal; epsilon = 1e-8 multiplies their rounding
    for name, value in zip(("step_size", "beta1", "beta2"), expected, strict=True):
        if value is None:
            assert name not in found.parameters or value == 0
        else:
            assert found.parameters[name] == pytest.approx(value, rel=2e-13, abs=0)
    assert found.alpha[0] == pytest.approx(alpha, rel=4e-15)


SPIKE = [
    (0.0, -9999999.999999999),
    (1e-9, -8189331.32983),
    (1e-8, -2375000.0),
    (1e-6, -883.237034613),
    (1e-3, -8.99981802636e-4),
]


@pytest.mark.parametrize("alpha, slope", SPIKE)
def test_the_derivative_has_a_spike_of_height_one_over_epsilon(alpha, slope):
    found = sensitivities("InnerAdam", 1, alpha, **TINY).alpha[0]
    assert found == pytest.approx(slope, rel=1e-11)
    # du/dg = epsilon / (|g| + epsilon)^2 in the first coordinate
    exact = -0.1 * 1e-8 / (alpha + 1e-8) ** 2 * (1 - 0.1 * alpha / (alpha + 1e-8))
    assert found == pytest.approx(exact, rel=1e-6, abs=1e-3)


METHODS = ("Adagrad", "RmsProp", "InnerAdam", "AdamW")
POINTS = [
    (method, T, alpha, changes)
    for method in METHODS
    for T, alpha, changes in [
        (2, 0.0, {}),
        (5, 0.25, {"root_epsilon": 0.001}),
        (4, 0.0, {"epsilon": 1e-8, "weight_decay": 0.1}),
        (3, 2.0**-30, {"epsilon": 1e-8, "beta1": 0.0}),
        (6, -0.25, {"epsilon": 0.0, "root_epsilon": 1e-4, "step_size": 2.0}),
    ]
]


@pytest.mark.parametrize("method, T, alpha, changes", POINTS)
def test_all_derivatives_agree_with_differences_at_400_digits(method, T, alpha, changes):
    at = optimizer(method, T, **changes)
    found = sensitivities(method, T, alpha, **changes)
    exact = slopes(method, T, alpha, dict(zip(at.names, at.given, strict=True)))
    assert found.value == pytest.approx(float(exact.pop("F")), rel=4e-16, abs=0)
    assert found.alpha[0] == pytest.approx(float(exact.pop("alpha")), rel=4e-16, abs=0)
    for name, value in exact.items():
        assert found.parameters[name] == pytest.approx(float(value), rel=4e-16, abs=1e-120), name


@pytest.mark.parametrize("kind", BILEVEL)
@pytest.mark.parametrize("seed", range(2))
def test_reverse_mode_at_any_precision_is_forward_mode_in_float64(kind, seed):
    problem, alpha = bilevel_problem(kind, seed)
    loss = qm.OuterLoss(problem, qm.AdamW(4, 0.1, beta2=0.9, epsilon=1e-3, weight_decay=0.2))
    found = loss.sensitivities(alpha)
    exact = loss.definition(alpha)
    assert np.abs(found.alpha - exact).max() < 1e-11 * np.abs(exact).max()
    assert found.value == pytest.approx(loss(alpha), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_reverse_mode_is_the_run_on_jets_at_the_same_precision(method):
    at = optimizer(method, 5, weight_decay=0.1)
    with mpmath.workdps(60):
        H = np.array([[mpf(2), mpf(1)], [mpf(1), mpf(3)]], dtype=object)
        one = np.array([mpf(1), mpf(1)], dtype=object)
        *theta, alpha = Jet.parameters([*map(mpf, at.given), mpf(0)], order=1)

        def gradient(w):
            # an array without derivatives where the run begins
            if not isinstance(w, Jet):
                w = Jet(w, (0 * w,) * len(alpha.first), ())
            return w.map(lambda x: H @ x) - alpha * one - np.array([mpf(0), mpf(1)], dtype=object)

        *_, w = at.run(gradient, 0 * one, theta)
        outer = np.array([w.value[0] - 1, 2 * w.value[1] + 1])
        *slopes_, slope = (float((outer * x).sum()) for x in w.first)
    found = sensitivities(method, 5, weight_decay=0.1)
    assert found.alpha[0] == pytest.approx(slope, rel=4e-16, abs=0)
    assert list(found.parameters.values()) == pytest.approx(slopes_, rel=4e-16, abs=0)


def test_the_slope_in_a_root_epsilon_of_0_is_the_one_from_the_right():
    # a step that is not small against the digits: the second derivative is finite
    at = sensitivities("InnerAdam", 3).parameters["root_epsilon"]
    h = 1e-7
    moved = [sensitivities("InnerAdam", 3, root_epsilon=k * h).value for k in (0, 1, 2)]
    forward = (4 * moved[1] - 3 * moved[0] - moved[2]) / (2 * h)
    assert at == pytest.approx(forward, rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_scaling_the_loss_scales_epsilon(method):
    # (L_1, epsilon, root) -> (c L_1, c epsilon, c^2 root) leaves every step where it is
    found = sensitivities(method, 4, 0.2, root_epsilon=0.003)
    slope = found.alpha[1] + 0.01 * found.parameters["epsilon"]
    slope = slope + 2 * 0.003 * found.parameters["root_epsilon"]
    assert abs(slope) < 1e-15 * abs(found.alpha[1])
    other = sensitivities(method, 4, 0.2, scale=4.0, epsilon=0.04, root_epsilon=0.048)
    assert other.value == pytest.approx(found.value, rel=1e-15)


def test_corrected_betas_do_not_count_in_the_first_step():
    for method in ("InnerAdam", "AdamW"):
        found = sensitivities(method, 1, 0.3).parameters
        assert found["beta1"] == found["beta2"] == 0.0
    assert sensitivities("InnerAdam", 2, 0.3).parameters["beta1"] != 0.0


def test_without_epsilon_the_first_step_is_a_sign():
    found = sensitivities("InnerAdam", 1, 0.3, epsilon=0.0)
    assert (found.alpha == 0.0).all()
    assert found.parameters["step_size"] != 0.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_tapes_have_the_same_derivative(method, alpha):
    at = optimizer(method, 6, epsilon=1e-3, weight_decay=0.1)
    loss = qm.OuterLoss(Golden(), at)
    exact = loss.sensitivities([alpha, 1.0]).alpha
    for estimator in (qm.Reverse(), qm.Forward(), qm.Truncated(K=6)):
        found = qm.hypergradient(loss, [alpha, 1.0], estimator)
        np.testing.assert_allclose(found.value, exact, rtol=1e-12)
    np.testing.assert_allclose(loss.gradient([alpha, 1.0]), exact, rtol=1e-12)
    np.testing.assert_allclose(loss.definition([alpha, 1.0]), exact, rtol=1e-12)
    assert qm.hypergradient(loss, [alpha, 1.0], qm.Reverse()).hvps == 5


@pytest.mark.parametrize("method", METHODS)
def test_a_loss_that_is_not_quadratic(method):
    problem = qm.LogCosh.random(P=4, h=2, seed=0)
    loss = qm.OuterLoss(problem, optimizer(method, 5, weight_decay=0.1))
    found = loss.sensitivities([0.1, -0.2])
    assert found.digits == 16
    np.testing.assert_allclose(found.alpha, loss.gradient([0.1, -0.2]), rtol=1e-12)
    reverse = qm.hypergradient(loss, [0.1, -0.2], qm.Reverse()).value
    np.testing.assert_allclose(found.alpha, reverse, rtol=1e-12)
    h = 1e-6
    sides = [
        qm.OuterLoss(problem, optimizer(method, 5, weight_decay=0.1, epsilon=0.01 + s * h))
        for s in (1, -1)
    ]
    slope = (sides[0]([0.1, -0.2]) - sides[1]([0.1, -0.2])) / (2 * h)
    assert found.parameters["epsilon"] == pytest.approx(slope, rel=1e-6)


class Moving(Golden):
    """The same from w_0 = (alpha, 2 alpha), with the outer loss alpha ||w||^2 / 2 besides."""

    def start_of(self, alpha):
        """(alpha, 2 alpha)."""
        return alpha[0] * np.array([1.0, 2.0])

    def start_jacobian(self, alpha):
        """Of the first hyperparameter alone."""
        return np.array([[1.0, 2.0], [0.0, 0.0]])

    def outer_form(self, alpha=None):
        """With alpha on the diagonal."""
        return np.diag([1.0, 2.0]) + alpha[0] * np.eye(2), self.outer_linear, 0.0

    def direct(self, w, alpha):
        """||w||^2 / 2."""
        return np.array([w @ w / 2, 0.0])


@pytest.mark.parametrize("method", METHODS)
def test_a_start_that_moves_and_a_direct_term(method):
    loss = qm.OuterLoss(Moving(), optimizer(method, 4))
    alpha = np.array([0.3, 1.0])
    found = loss.sensitivities(alpha).alpha
    h = 1e-5
    for k, unit in enumerate(h * np.eye(2)):
        slope = (loss(alpha + unit) - loss(alpha - unit)) / (2 * h)
        assert found[k] == pytest.approx(slope, rel=1e-7)
    np.testing.assert_allclose(loss.gradient(alpha), found, rtol=1e-12)
    np.testing.assert_allclose(loss.definition(alpha), found, rtol=1e-12)
    reverse = qm.hypergradient(loss, alpha, qm.Reverse()).value
    np.testing.assert_allclose(reverse, found, rtol=1e-12)
    fixed = loss.sensitivities(alpha, start=Moving().start_of(alpha)).alpha
    np.testing.assert_allclose(
        fixed, loss.gradient(alpha, start=Moving().start_of(alpha)), rtol=1e-12
    )
    assert abs(fixed - found).max() > 0.01


def test_what_has_no_derivative_is_refused():
    with pytest.raises(ValueError, match="epsilon = root_epsilon = 0 divides by 0"):
        sensitivities("InnerAdam", 2, 0.0, epsilon=0.0)
    # a gradient that is 0 after others were not, and squares of the past forgotten: a kink
    problem = qm.Coupled.random([1.0], h=1, seed=0)
    adam = qm.InnerAdam(2, 0.5, beta1=0.5, beta2=0.0, epsilon=0.0, root_epsilon=0.0)
    state = adam.transition().state0(np.array([1.0]))
    state = adam.transition().update(0, state, np.array([1.0]))
    kinked = qm.InnerAdam(2, 0.5, beta1=0.5, beta2=0.0)
    inner = problem.at([0.0])
    for act in ("pulled", "pushed"):
        given = (state,) if act == "pulled" else (state, inner.gradient(state[0]))
        with pytest.raises(ValueError, match="kink"):
            getattr(kinked.transition(), act)(1, *given, state, lambda: np.array([0.0]))
    # on jets: gradients 1, then 0
    gradients = iter([1.0, 0.0])
    with pytest.raises(ValueError, match="kink"):
        list(
            kinked.run(
                lambda w: Jet(next(gradients), (1.0,), ()), Jet(0.0, (0.0,), ()), kinked.given
            )
        )
    with pytest.raises(ValueError, match="is not|must be"):
        qm.OuterLoss(problem, qm.GradientDescent(3, 0.1)).sensitivities([0.0])


def test_estimators_without_a_meaning_are_refused():
    problem = qm.Coupled.random([0.5, 1.0], h=1, seed=0)
    adam = qm.OuterLoss(problem, qm.InnerAdam(5, 0.1))
    with pytest.raises(ValueError, match="moments are sums over all steps"):
        qm.hypergradient(adam, [0.1], qm.DrMad())
    decayed = qm.OuterLoss(problem, qm.AdamW(5, 0.1, weight_decay=0.1))
    with pytest.raises(ValueError, match="no minimum that it tends to"):
        qm.hypergradient(decayed, [0.1], qm.Implicit())
    with pytest.raises(ValueError, match="no minimum that it tends to"):
        qm.advise(decayed, [0.1], error=0.1)


def test_a_step_of_ones_own_needs_its_own_derivatives():
    class Halved(qm.InnerAdam):
        def step(self, t, state, g, theta):
            """Half a step."""
            after = super().step(t, state, g, theta)
            return after._replace(w=(after.w + state.w) / 2)

    loss = qm.OuterLoss(Golden(), Halved(3, 0.1))
    for ask in (
        loss.sensitivities,
        lambda alpha: qm.hypergradient(loss, alpha, qm.Reverse()),
    ):
        with pytest.raises(ValueError, match="Halved redefines its steps"):
            ask([0.1, 1.0])
    # by definition: half of every step is a step of half the size
    half = qm.OuterLoss(Golden(), qm.InnerAdam(3, 0.05)).gradient([0.1, 1.0])
    for exact in (loss.definition, loss.gradient):
        np.testing.assert_allclose(exact([0.1, 1.0]), half, atol=1e-14)


def test_adaptive_methods_have_no_residual_polynomial():
    problem = qm.Quadratic.from_spectrum([1.0, 2.0], weights=[1.0, 1.0])
    with pytest.raises(ValueError, match="InnerAdam"):
        qm.LogObjective(problem, qm.InnerAdam(5, 0.1))


def test_roots_of_jets():
    x = Jet.parameters([4.0])[0]
    root = square_root(x**2 + 9.0)
    assert (root.value, root.first) == (5.0, (0.8,))
    # (x^2 + 9)^(1/2)'' = 9 / (x^2 + 9)^(3/2)
    assert root.second[0][0] == pytest.approx(9 / 125, rel=1e-15)
    still = square_root(Jet(np.array([0.0, 4.0]), (np.array([3.0, 4.0]),), ()))
    np.testing.assert_array_equal(still.first[0], [0.0, 1.0])
    with pytest.raises(ValueError, match="no second derivative"):
        square_root(Jet(0.0, (1.0,), ((0.0,),)))
    with pytest.raises(TypeError, match="square root of a str"):
        square_root("4")
