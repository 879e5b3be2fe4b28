"""Problems, tapes, objectives and estimators of one's own, through public names only."""

from dataclasses import dataclass
from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from tests.refusals import refused

T, ETA = 7, 0.25
ALPHA = [0.5, -0.75]
EXACT = [qm.Reverse(), qm.Forward(), qm.ClosedForm(), qm.Truncated(T)]


class Moving(qm.QuadraticBilevel):
    """L_1 = w'(H_0 + alpha_1 H_1) w / 2 - (b_0 + alpha_2 b_1)'w from w_0 = s + S'alpha, and
    L_2 = w'(H_2 + alpha_1 I) w / 2 - alpha_2 c'w + alpha_1 alpha_2.
    """

    hyperparameters = 2
    H0 = np.array([[2.0, 0.5], [0.5, 1.0]])
    H1 = np.array([[1.0, -0.25], [-0.25, 0.5]])
    b0 = np.array([1.0, -0.5])
    b1 = np.array([0.25, 2.0])
    H2 = np.array([[1.0, 0.25], [0.25, 3.0]])
    c = np.array([1.5, -1.0])
    s = np.array([0.5, 1.0])
    S = np.array([[1.0, -2.0], [0.5, 0.25]])

    def bind(self, alpha):
        H, b = self.H0 + alpha[0] * self.H1, self.b0 + alpha[1] * self.b1
        return qm.QuadraticInnerLoss(H, b, self, alpha)

    def pair(self, alpha, X, V):
        return np.array([np.sum(self.H1 * X), -self.b1 @ V[:, 0]])

    def outer_form(self, alpha=None):
        linear = alpha[1] * self.c[:, None]
        return self.H2 + alpha[0] * np.eye(2), linear, alpha[0] * alpha[1]

    def direct(self, w, alpha):
        return np.array([w @ w / 2 + alpha[1], -self.c @ w + alpha[0]])

    def start_of(self, alpha):
        return self.s + self.S.T @ alpha

    def start_jacobian(self, alpha):
        return self.S


def rational(x):
    return np.array([Q(v) for v in np.ravel(x)], dtype=object).reshape(np.shape(x))


def exact_derivative(alpha, steps, start=None, direct=True):
    """dF/d alpha in fractions: the iterates with their tangents, by hand."""
    p = {name: rational(getattr(Moving, name)) for name in ("H0", "H1", "b0", "b1", "H2", "c")}
    s, S, a, eta = rational(Moving.s), rational(Moving.S), rational(alpha), Q(ETA)
    H, b = p["H0"] + a[0] * p["H1"], p["b0"] + a[1] * p["b1"]
    zero = np.array([Q(0), Q(0)], dtype=object)
    w = s + S.T @ a if start is None else rational(start)
    tangents = [S[0], S[1]] if start is None else [zero, zero]
    for _ in range(steps):
        moved = [p["H1"] @ w, -p["b1"]]
        tangents = [z - eta * (H @ z + m) for z, m in zip(tangents, moved, strict=True)]
        w = w - eta * (H @ w - b)
    g = p["H2"] @ w + a[0] * w - a[1] * p["c"]
    rest = [w @ w / 2 + a[1], -p["c"] @ w + a[0]] if direct else [Q(0), Q(0)]
    return np.array([float(g @ z + r) for z, r in zip(tangents, rest, strict=True)])


def loss_of(problem=None, steps=T):
    return qm.OuterLoss(problem or Moving(), qm.GradientDescent(steps, ETA))


@pytest.mark.parametrize("estimator", EXACT, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("start", [None, [0.25, -1.0]])
def test_direct_terms_and_moving_starts_are_exact_in_exact_estimators(estimator, start):
    want = exact_derivative(ALPHA, T, start)
    found = qm.hypergradient(loss_of(), ALPHA, estimator, start=start)
    np.testing.assert_allclose(found.value, want, rtol=1e-13)
    assert found.status == "ok"


@pytest.mark.parametrize("start", [None, [0.25, -1.0]])
def test_closed_forms_and_definitions_hold_both_too(start):
    loss, want = loss_of(), exact_derivative(ALPHA, T, start)
    np.testing.assert_allclose(loss.gradient(ALPHA, start), want, rtol=1e-13)
    np.testing.assert_allclose(loss.definition(ALPHA, start), want, rtol=1e-13)
    np.testing.assert_allclose(loss.signed_gradient(ALPHA, start).to_float(), want, rtol=1e-13)


def test_the_value_is_that_of_the_outer_loss_with_its_alpha():
    loss = loss_of()
    h = 1e-6
    slopes = [
        (loss(np.add(ALPHA, h * unit)) - loss(np.add(ALPHA, -h * unit))) / (2 * h)
        for unit in np.eye(2)
    ]
    np.testing.assert_allclose(slopes, exact_derivative(ALPHA, T), rtol=1e-8)


def limit(alpha):
    """L_2(w_*(alpha), alpha) in fifty digits."""
    matrix = {name: mp.matrix(getattr(Moving, name).tolist()) for name in ("H0", "H1", "H2")}
    vector = {name: mp.matrix(getattr(Moving, name).tolist()) for name in ("b0", "b1", "c")}
    w = mp.lu_solve(matrix["H0"] + alpha[0] * matrix["H1"], vector["b0"] + alpha[1] * vector["b1"])
    curved = (w.T * matrix["H2"] * w)[0] / 2 + alpha[0] * (w.T * w)[0] / 2
    return curved - alpha[1] * (vector["c"].T * w)[0] + alpha[0] * alpha[1]


def test_the_implicit_hypergradient_has_the_direct_term_and_forgets_the_start():
    with mp.workdps(50):
        want = [
            float(mp.diff(lambda x: limit([x, mp.mpf(ALPHA[1])]), ALPHA[0])),
            float(mp.diff(lambda x: limit([mp.mpf(ALPHA[0]), x]), ALPHA[1])),
        ]
    loss = loss_of(steps=400)
    np.testing.assert_allclose(loss.implicit(ALPHA), want, rtol=1e-13)
    for estimator in (qm.Implicit(), qm.ConjugateGradient(4), qm.Neumann(300)):
        np.testing.assert_allclose(qm.hypergradient(loss, ALPHA, estimator).value, want, rtol=1e-10)


def test_whole_numbers_take_over_where_the_inner_hessian_is_close_to_singular():
    """dense, and its Hessian moves with alpha: both solves must be exact, not one."""

    class Steep(Moving):
        H0 = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-30]])
        H1 = np.zeros((2, 2))

        def pair(self, alpha, X, V):
            return np.array([X[0, 0], -self.b1 @ V[:, 0]])

    loss, problem = loss_of(Steep()), Steep()
    H, b = rational(problem.H0), rational(problem.b0) + Q(ALPHA[1]) * rational(problem.b1)
    inverse = np.array([[H[1, 1], -H[0, 1]], [-H[1, 0], H[0, 0]]]) / (
        H[0, 0] * H[1, 1] - H[0, 1] * H[1, 0]
    )
    w = inverse @ b
    g = rational(problem.H2) @ w + Q(ALPHA[0]) * w - Q(ALPHA[1]) * rational(problem.c)
    v = inverse @ g
    direct = [w @ w / 2 + Q(ALPHA[1]), -rational(problem.c) @ w + Q(ALPHA[0])]
    want = [float(-w[0] * v[0] + direct[0]), float(rational(problem.b1) @ v + direct[1])]
    np.testing.assert_allclose(loss.implicit(ALPHA), want, rtol=1e-12)


class Weighted(qm.Ridge):
    """Ridge with (1 + alpha) times its outer loss."""

    def outer_form(self, alpha=None):
        factor = 1 + alpha[0]
        return factor * self.outer_hessian, factor * self.outer_linear, factor * self.outer_constant

    def direct(self, w, alpha):
        return np.array([super().outer(w, np.zeros(1))])


def test_data_with_an_outer_form_of_their_own_are_right_or_refused():
    rng = np.random.default_rng(0)
    held_out = rng.standard_normal((6, 4)), rng.standard_normal(6)
    many = rng.standard_normal((9, 4)), rng.standard_normal(9)
    loss = qm.OuterLoss(Weighted(many, held_out), qm.GradientDescent(3000, 0.3))
    np.testing.assert_allclose(loss.implicit([0.5]), loss.definition([0.5]), rtol=1e-12)
    np.testing.assert_allclose(loss.gradient([0.5]), loss.definition([0.5]), rtol=1e-12)
    few = rng.standard_normal((3, 4)), rng.standard_normal(3)
    with pytest.raises(ValueError, match="knows the loss on held_out, not outer_form"):
        qm.OuterLoss(Weighted(few, held_out), qm.GradientDescent(3, 0.3)).implicit([1e-9])


@pytest.mark.parametrize("estimator", [qm.Reverse(), qm.Forward()])
def test_a_moving_start_costs_a_last_product_and_a_fixed_one_does_not(estimator):
    published = dict(estimator.cost(T, 2, 2))
    moving = qm.hypergradient(loss_of(), ALPHA, estimator)
    fixed = qm.hypergradient(loss_of(), ALPHA, estimator, start=[0.0, 0.0])
    spent = {key: getattr(fixed, key) for key in published}
    assert spent == published
    more = 2 if isinstance(estimator, qm.Forward) else 1
    assert moving.hvps == fixed.hvps + more and moving.mixed == fixed.mixed


def test_estimators_that_are_not_exact_leave_the_start_out_and_take_the_direct_term():
    problem = Moving()
    w = loss_of(steps=1).trained(ALPHA)
    inner = problem.at(ALPHA)
    last = -ETA * inner.mixed(problem.start_of(ALPHA), problem.outer_gradient(w, ALPHA))
    want = last + problem.direct(w, np.array(ALPHA))
    for estimator in (qm.OneStep(), qm.Discounted(0.9), qm.DrMad(), qm.HyperDistill(0.9)):
        found = qm.hypergradient(loss_of(steps=1), ALPHA, estimator)
        np.testing.assert_allclose(found.value, want, rtol=1e-13)


class Bent(qm.InnerLoss):
    """sum_i cosh(w_i - a_i) + (w_1 w_2 alpha_1)^2 / 2 at a = (alpha_1, alpha_2)."""

    def __init__(self, alpha):
        self.alpha = alpha

    def gradient(self, w):
        a, b = self.alpha
        product = a**2 * w[0] * w[1]
        return np.array([np.sinh(w[0] - a) + product * w[1], np.sinh(w[1] - b) + product * w[0]])

    def hvp(self, w, v):
        a, b = self.alpha
        cross = 2 * a**2 * w[0] * w[1]
        H = np.array(
            [
                [np.cosh(w[0] - a) + (a * w[1]) ** 2, cross],
                [cross, np.cosh(w[1] - b) + (a * w[0]) ** 2],
            ]
        )
        return v @ H

    def mixed(self, w, v):
        a, b = self.alpha
        bend = 2 * a * w[0] * w[1] * (w[1] * v[0] + w[0] * v[1])
        return np.array([-np.cosh(w[0] - a) * v[0] + bend, -np.cosh(w[1] - b) * v[1]])


class BentProblem(qm.BilevelProblem):
    """L_2 = exp(alpha_2) sin w_1 + w_2^2 alpha_1, from w_0 = (alpha_1 alpha_2, alpha_2^2)."""

    hyperparameters = 2

    def bind(self, alpha):
        return Bent(alpha)

    def outer(self, w, alpha=None):
        return np.exp(alpha[1]) * np.sin(w[0]) + w[1] ** 2 * alpha[0]

    def outer_gradient(self, w, alpha=None):
        return np.array([np.exp(alpha[1]) * np.cos(w[0]), 2 * w[1] * alpha[0]])

    def direct(self, w, alpha):
        return np.array([w[1] ** 2, np.exp(alpha[1]) * np.sin(w[0])])

    def start_of(self, alpha):
        return np.array([alpha[0] * alpha[1], alpha[1] ** 2])

    def start_jacobian(self, alpha):
        return np.array([[alpha[1], 0.0], [alpha[0], 2 * alpha[1]]])


def bent_value(a, b):
    """F(alpha) in the arithmetic of mpmath."""
    w, eta = [a * b, b**2], mp.mpf(ETA)
    for _ in range(T):
        product = a**2 * w[0] * w[1]
        slope = [mp.sinh(w[0] - a) + product * w[1], mp.sinh(w[1] - b) + product * w[0]]
        w = [x - eta * g for x, g in zip(w, slope, strict=True)]
    return mp.exp(b) * mp.sin(w[0]) + w[1] ** 2 * a


@pytest.mark.parametrize("estimator", EXACT, ids=lambda e: type(e).__name__)
def test_a_problem_that_is_not_quadratic_against_differences_in_fifty_digits(estimator):
    alpha = [0.4, 0.7]
    with mp.workdps(50):
        a, b = map(mp.mpf, alpha)
        want = [
            float(mp.diff(lambda x: bent_value(x, b), a)),
            float(mp.diff(lambda x: bent_value(a, x), b)),
        ]
    loss = loss_of(BentProblem())
    np.testing.assert_allclose(qm.hypergradient(loss, alpha, estimator).value, want, rtol=1e-12)
    np.testing.assert_allclose(loss.gradient(alpha), want, rtol=1e-12)
    assert loss(alpha) == pytest.approx(float(bent_value(*alpha)), rel=1e-13)


def test_descent_on_a_problem_with_a_moving_start_begins_there_when_cold():
    from quadmeta.training.bilevel import Gradient

    loss, alpha = loss_of(), np.array(ALPHA)
    first = next(qm.bilevel_descent(loss, alpha, qm.Reverse(), Gradient(0.01), warm=False))
    np.testing.assert_allclose(first.alpha, alpha - 0.01 * exact_derivative(ALPHA, T), rtol=1e-12)


def lacking(**attributes):
    return type("Lacking", (Moving,), attributes)()


WITHOUT = {
    "a jacobian": (
        {"start_jacobian": qm.BilevelProblem.start_jacobian},
        "start_of without its derivative: define start_jacobian",
    ),
    "a start": (
        {"start_of": qm.BilevelProblem.start_of},
        r"start_jacobian without the start: define start_of\(alpha\)",
    ),
    "a direct term": (
        {"direct": qm.BilevelProblem.direct},
        r"outer_form without direct\(w, alpha\)",
    ),
    "an outer form": (
        {"outer_form": qm.QuadraticBilevel.outer_form},
        r"direct without outer_form\(alpha\)",
    ),
    "closed forms": (
        {"outer_gradient": lambda self, w, alpha=None: w},
        "outer_gradient, which closed forms do not read",
    ),
    "hyperparameters": ({"hyperparameters": None}, "has no hyperparameters"),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_what_is_missing_is_one_line_that_says_what_to_define(name):
    attributes, message = WITHOUT[name]
    with refused(message):
        loss_of(lacking(**attributes))


def test_shapes_that_do_not_fit_are_refused_by_name():
    wide = lacking(direct=lambda self, w, alpha: np.zeros(3))
    with pytest.raises(ValueError, match=r"Lacking: direct returns shape \(3,\)"):
        qm.hypergradient(loss_of(wide), ALPHA, qm.Reverse())
    tall = lacking(start_jacobian=lambda self, alpha: np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"start_jacobian returns shape \(2, 3\)"):
        qm.hypergradient(loss_of(tall), ALPHA, qm.Forward())
    homeless = type(
        "Homeless",
        (BentProblem,),
        {
            "start_of": qm.BilevelProblem.start_of,
            "start_jacobian": qm.BilevelProblem.start_jacobian,
        },
    )()
    with pytest.raises(ValueError, match=r"Homeless has no start: set start, shape \(P,\)"):
        qm.hypergradient(loss_of(homeless), ALPHA, qm.Reverse())


class Momentum(qm.Tape):
    """Heavy ball on w'Hw / 2 - alpha'w with L_2 = ||w||^2 / 2: a state is a named pair."""

    H = np.diag([1.0, 2.0])
    eta, beta = 0.2, 0.5

    def __init__(self, alpha, steps=4):
        super().__init__(steps=steps, width=2)
        self.alpha = alpha

    def initial_state(self):
        return {"w": np.ones(2), "m": np.zeros(2)}

    def next_state(self, t, state):
        m = self.beta * state["m"] - self.eta * (self.H @ state["w"] - self.alpha)
        return {"w": state["w"] + m, "m": m}

    def weights(self, state):
        return state["w"]

    def state_product(self, t, v, state):
        both = v[..., :2] + v[..., 2:]
        return np.concatenate([v[..., :2] - self.eta * both @ self.H, self.beta * both], axis=-1)

    def parameter_product(self, t, v, state):
        return self.eta * (v[:2] + v[2:])

    def loss_gradient(self, state):
        return np.concatenate([state["w"], np.zeros(2)])


class MomentumObjective(qm.Objective):
    """Its run, as an objective of alpha."""

    def __call__(self, theta):
        w = Momentum(np.asarray(theta)).last_weights()
        return float(w @ w / 2)

    def gradient(self, theta):
        return qm.Reverse().estimate(Momentum(np.asarray(theta)))

    def tape(self, theta, *, dtype="float64", start=None, renormalised=False):
        return Momentum(np.asarray(theta))


def test_a_tape_may_keep_states_of_any_kind():
    objective, alpha, h = MomentumObjective(), np.array([0.3, -0.4]), 1e-6
    found = qm.hypergradient(objective, alpha, qm.Reverse())
    slopes = [
        (objective(alpha + h * unit) - objective(alpha - h * unit)) / (2 * h) for unit in np.eye(2)
    ]
    np.testing.assert_allclose(found.value, slopes, rtol=1e-8)
    assert found.status == "ok" and found.hvps == 3 and found.stored_vectors == 4
    for estimator in (qm.ClosedForm(), qm.Truncated(4)):
        same = qm.hypergradient(objective, alpha, estimator)
        np.testing.assert_array_equal(same.value, found.value)
    for estimator, missing in (
        (qm.Forward(), "has no forward mode: define parameter_columns"),
        (qm.DrMad(), "define state_of"),
        (qm.HyperDistill(0.9), "define state_of"),
    ):
        with pytest.raises(ValueError, match=missing):
            qm.hypergradient(objective, alpha, estimator)


def test_an_objective_refuses_what_it_does_not_have_in_one_line():
    class Bare(qm.Objective):
        def __call__(self, theta):
            return 0.0

        def gradient(self, theta):
            return np.zeros(1)

    for call, message in (
        (lambda o: o.curvature([0.0]), "has no curvature"),
        (lambda o: o.minimizer(), "has no minimizer"),
        (lambda o: qm.hypergradient(o, [0.0], qm.Reverse()), "has no tape"),
    ):
        with refused(message):
            call(Bare())


@dataclass(frozen=True)
class LastTwo(qm.Estimator):
    """Back-propagation through the last two steps."""

    def estimate(self, tape):
        tape.record(2)
        v = tape.outer_gradient()
        last = tape.B(tape.steps - 1, v)
        return last + tape.B(tape.steps - 2, tape.A(tape.steps - 1, v))

    def cost(self, T, h=1, P=1):
        return {"hvps": 1, "mixed": 2, "outer_gradients": 1, "stored_vectors": 2}


def test_an_estimator_of_ones_own_runs_is_counted_and_gets_a_status():
    problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, -1.0])
    objective = qm.LogObjective(problem, qm.GradientDescent(6))
    cases = ((objective, 0.3), (loss_of(), ALPHA))
    for target, theta in cases:
        found = qm.hypergradient(target, theta, LastTwo())
        same = qm.hypergradient(target, theta, qm.Truncated(2))
        np.testing.assert_array_equal(found.value, same.value)
        assert found.status == "ok" and not LastTwo().exact_when(6)
        assert {key: getattr(found, key) for key in LastTwo().cost(6)} == LastTwo().cost(6)
    overflow = qm.hypergradient(objective, 1e30, LastTwo(dtype="float32"))
    assert overflow.status == "nan"


@pytest.mark.parametrize("returned", [None, "x", np.zeros(7), [[0.0, 0.0]], object()])
def test_an_estimate_of_another_kind_or_shape_is_named(returned):
    class Wrong(qm.Estimator):
        def estimate(self, tape):
            return returned

        def cost(self, T, h=1, P=1):
            return {}

    problem = qm.Coupled.random([0.5, 1.0], h=2, seed=0)
    loss = qm.OuterLoss(problem, qm.GradientDescent(steps=5, step_size=0.5))
    with pytest.raises(ValueError, match=r"^Wrong\.estimate returns .*of shape \(2,\): return"):
        qm.hypergradient(loss, [0.0, 0.0], Wrong())


def test_products_before_the_run_say_what_is_missing():
    class Early(qm.Estimator):
        def estimate(self, tape):
            return tape.B(0, tape.outer_gradient())

        def cost(self, T, h=1, P=1):
            return {}

    problem = qm.Coupled.random([0.5, 1.0], h=2, seed=0)
    loss = qm.OuterLoss(problem, qm.GradientDescent(steps=5, step_size=0.5))
    with pytest.raises(ValueError, match=r"^t = 5 is no state .*call record\(\) or stream\(\)"):
        qm.hypergradient(loss, [0.0, 0.0], Early())


def test_an_inner_loss_of_another_kind_is_named():
    class Unbound(qm.BilevelProblem):
        hyperparameters = 1
        start = np.ones(2)

        def bind(self, alpha):
            return None

        def outer(self, w, alpha=None):
            return 0.0

        def outer_gradient(self, w, alpha=None):
            return w

    loss = qm.OuterLoss(Unbound(), qm.GradientDescent(steps=5, step_size=0.5))
    for call in (loss.gradient, lambda alpha: qm.hypergradient(loss, alpha, qm.Reverse())):
        with pytest.raises(ValueError, match=r"^Unbound\.bind returns None, it must be an Inner"):
            call([0.0])
