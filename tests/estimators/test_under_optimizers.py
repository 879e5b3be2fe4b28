"""Every estimator under every inner optimizer: finite or refused with a reason, exact where it says
so, and as costly as it says.
"""

import mpmath
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.optimizers import decoupled_decay, heavy_ball, nesterov, schedule
from quadmeta.optimizers.parts import linear_transition as linear, transition as step
from quadmeta.optimizers.parts.along import following
from quadmeta.strategies import bilevel_problem
from tests.inner_optimizers import (
    ADAPTIVE,
    KINDS,
    OF_FOUR_WEIGHTS,
    OPTIMIZERS,
    STEPS as T,
    WITHOUT_STEP,
)
from tests.planted import planted
from tests.refusals import refused

ESTIMATORS = {
    "reverse": qm.Reverse(),
    "forward": qm.Forward(),
    "closed_form": qm.ClosedForm(),
    "truncated": qm.Truncated(K=2),
    "one_step": qm.OneStep(),
    "discounted": qm.Discounted(gamma=0.9),
    "fixed_gradient": qm.FixedGradient(gamma=0.9),
    "matrix_discount": qm.MatrixDiscount(),
    "dr_mad": qm.DrMad(),
    "hyper_distill": qm.HyperDistill(gamma=0.9),
    "neumann": qm.Neumann(order=3),
    "mean neumann": qm.Neumann(order=2, estimates=3),
    "implicit": qm.Implicit(),
    "conjugate_gradient": qm.ConjugateGradient(budget=9),
    "momentum_discount": qm.MomentumDiscount(curvature=0.7, momentum=0.4),
    "chebyshev_inverse": qm.ChebyshevInverse(budget=4),
    "nystrom_inverse": qm.NystromInverse(rank=2, shift=0.5),
    "nystrom_conjugate_gradient": qm.NystromConjugateGradient(rank=1, budget=9),
    "diagonal_inverse": qm.DiagonalInverse(),
    "kronecker_inverse": qm.KroneckerInverse(outputs=1),
    "surrogate": qm.Surrogate(degree=3),
    "renormalised_reverse": qm.RenormalisedReverse(),
    "stop_gradient": qm.StopGradient(),
}
PARTS = (
    "truncated",
    "one_step",
    "discounted",
    "fixed_gradient",
    "matrix_discount",
)
SERIES = ("neumann", "mean neumann")
IMPLICIT = (*SERIES, *(e for e, one in ESTIMATORS.items() if not one.steps_matter))


def reason(name, estimator, kind):
    """The words that refuse an estimator where it has no meaning, "" where it has one."""
    curved = kind == "log_cosh"
    if estimator == "renormalised_reverse":
        return "renormalised tape"
    if estimator == "stop_gradient":
        return "for the step size"
    if name in ADAPTIVE and estimator in ("dr_mad", "hyper_distill"):
        return "no state away from its run"
    if name == "conjugate_gradient_solver":
        if estimator in ("dr_mad", "hyper_distill"):
            return "no step away from their run"
        if estimator in PARTS:
            return "a part of their steps has no meaning"
    if name == "adam_w" and estimator in IMPLICIT:
        return "no minimum that it tends to"
    if name != "gradient_descent" and estimator == "surrogate":
        return "not gradient descent"
    if estimator == "momentum_discount" and name in WITHOUT_STEP:
        return "no step size"
    if curved and estimator in SERIES and name in WITHOUT_STEP:
        return "2 / L is not known"
    if curved and estimator == "chebyshev_inverse":
        return "does not know the spectrum"
    if curved and estimator == "surrogate":
        return "not quadratic"
    return ""


def cases(name):
    """The outer losses of an optimizer, with hyperparameters."""
    for kind in KINDS.get(name, ("coupled", "ridge", "data_cleaning", "log_cosh")):
        problem, alpha = bilevel_problem(kind, seed=1)
        yield kind, qm.OuterLoss(problem, OPTIMIZERS[name](T)), alpha


def distance(found, exact):
    """The relative error."""
    return np.abs(found - exact).max() / np.abs(exact).max()


def test_every_member_is_covered():
    noisy = {"stochastic_gradient_descent"}
    assert set(qm.members("optimizers")) - noisy <= set(OPTIMIZERS)
    assert set(qm.members("estimators")) <= set(ESTIMATORS)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_finite_or_refused_exact_where_it_says_so_and_counted(name, estimator):
    chosen = ESTIMATORS[estimator]
    for kind, loss, alpha in cases(name):
        if words := reason(name, estimator, kind):
            with refused(words):
                qm.hypergradient(loss, alpha, chosen)
            continue
        found = qm.hypergradient(loss, alpha, chosen)
        assert found.status == "ok" and found.value.shape == alpha.shape
        assert np.isfinite(found.value).all()
        steps = loss.optimizer.steps
        error = distance(found.value, loss.definition(alpha))
        assert error < 1e-12 or not chosen.exact_when(steps), kind
        # without a closed form reverse mode runs, and is counted
        linear = name not in ADAPTIVE and kind != "log_cosh"
        costly = qm.Reverse() if estimator == "closed_form" and not linear else chosen
        published = costly.cost(steps, loss.problem.hyperparameters, loss.problem.start.size)
        spent = {key: getattr(found, key) for key in published}
        if estimator.endswith("conjugate_gradient"):  # stops when it is there
            assert spent.pop("hvps") <= published.pop("hvps")
        assert spent == published


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_exact_estimators_agree_with_the_gradient_and_with_each_other(name):
    for _, loss, alpha in cases(name):
        reverse = qm.hypergradient(loss, alpha, qm.Reverse()).value
        assert distance(reverse, loss.gradient(alpha)) < 1e-12
        whole = qm.hypergradient(loss, alpha, qm.Truncated(loss.optimizer.steps)).value
        np.testing.assert_array_equal(whole, reverse)
        tape = loss.tape(alpha)
        np.testing.assert_allclose(tape.last_weights(), loss.trained(alpha), rtol=1e-13)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in KINDS])
def test_reverse_mode_is_the_derivative_of_the_run_at_fifty_digits(name):
    """Central differences of the run by definition on an inner loss that is not quadratic."""
    problem, alpha = bilevel_problem("log_cosh", seed=1)
    optimizer = OPTIMIZERS[name](T)
    found = qm.hypergradient(qm.OuterLoss(problem, optimizer), alpha, qm.Reverse()).value
    with mpmath.workdps(50):
        exact = np.vectorize(mpmath.mpf, otypes=[object])
        tanh = np.vectorize(mpmath.tanh, otypes=[object])
        Z, s, C, b = (
            exact(x) for x in (problem.features, problem.scale, problem.cross, problem.linear)
        )
        H2, b2, start = (
            exact(x) for x in (problem.outer_hessian, problem.outer_linear, problem.start)
        )

        def value(alpha):
            def gradient(w):
                return problem.mu * w + Z.T @ (s * tanh(Z @ w)) - b - C @ alpha

            *_, w = optimizer.run(gradient, start, optimizer.given)
            return w @ H2 @ w / 2 - b2 @ w

        h = mpmath.mpf(10) ** -16
        at = exact(alpha)
        slopes = [(value(at + h * e) - value(at - h * e)) / (2 * h) for e in exact(np.eye(3))]
    assert distance(found, np.array(slopes, dtype=float)) < 1e-13


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_compare_has_a_row_for_each(name):
    for kind, loss, alpha in cases(name):
        if kind != "ridge":
            continue
        rows = qm.compare(loss, alpha, ESTIMATORS.values()).rows()
        assert len(rows) == len(ESTIMATORS)
        assert rows[0]["error"] < 1e-12 and rows[1]["error"] < 1e-12
        refusals = {row["estimator"] for row in rows if row["refusal"]}
        assert len(refusals) == sum(bool(reason(name, e, "ridge")) for e in ESTIMATORS)


class Bent(qm.QuadraticBilevel):
    """H = ((1/2, 1/4), (1/4, 1)) + a_1 I + a_2 ((0, 1), (1, 0)), b = (1, a_2), w_0 = (1, 2) and
    L_2 = <w, diag(1, 2) w> / 2 - w_1 + w_2: derivatives are rational.
    """

    hyperparameters = 2
    start = np.array([1.0, 2.0])
    outer_hessian = np.diag([1.0, 2.0])
    outer_linear = np.array([[1.0], [-1.0]])
    turned = np.array([[0.0, 1.0], [1.0, 0.0]])

    def bind(self, alpha):
        H = np.array([[0.5, 0.25], [0.25, 1.0]]) + alpha[0] * np.eye(2) + alpha[1] * self.turned
        return qm.QuadraticInnerLoss(H, np.array([1.0, alpha[1]]), self, alpha)

    def pair(self, alpha, X, V):
        return np.array([np.trace(X), (self.turned * X).sum() - V[1, 0]])


GOLDEN = {
    qm.GradientDescent(3, 0.5): (-27443 / 2**15, -3141 / 2**14),
    qm.HeavyBall(3, 0.5, 0.25): (-20261 / 2**15, -6643 / 2**14),
    qm.HeavyBall(5, 0.5, 0.25): (-14701317 / 2**23, -206839 / 2**20),
    qm.Nesterov(3, 0.5, 0.25): (-5777063 / 2**23, -1295073 / 2**22),
    qm.Schedule(3, step_sizes=(0.5, 1.0, 0.25)): (-21217 / 2**15, -5779 / 2**14),
    qm.DecoupledDecay(3, 0.5, 0.25, 0.125): (-3395 / 2**14, -873 / 2**14),
    qm.DampedNewton(2, 0.5, 0.25): (-78321 / 268912, -28865 / 33614),
    qm.JacobiPreconditioned(qm.GradientDescent(2, 0.5)): (-83 / 2**10, -31 / 2**8),
    qm.ChebyshevIteration(2, 0.25, 1.5): (-15488 / 5329, -6592 / 5329),
    qm.ConjugateGradientSolver(1): (3 / 8, 1 / 2),
    qm.ConjugateGradientSolver(2): (-2544 / 343, 988 / 343),
}
"""Derivatives at alpha = 0 in exact fractions."""


@pytest.mark.parametrize("optimizer", GOLDEN, ids=repr)
def test_rational_derivatives_come_out(optimizer):
    loss = qm.OuterLoss(Bent(), optimizer)
    for estimator in (qm.Reverse(), qm.Forward()):
        found = qm.hypergradient(loss, [0.0, 0.0], estimator)
        np.testing.assert_allclose(found.value, GOLDEN[optimizer], rtol=1e-14)


class Learned(Bent):
    """The same from w_0 = (1 + a_1, 2 - a_1 a_2), with the outer loss + a_1 a_2."""

    def start_of(self, alpha):
        return np.array([1 + alpha[0], 2 - alpha[0] * alpha[1]])

    def start_jacobian(self, alpha):
        return np.array([[1.0, -alpha[1]], [0.0, -alpha[0]]])

    def outer_form(self, alpha=None):
        alpha = np.zeros(2) if alpha is None else alpha
        return self.outer_hessian, self.outer_linear, alpha[0] * alpha[1]

    def direct(self, w, alpha):
        return alpha[::-1]


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name not in OF_FOUR_WEIGHTS])
def test_a_start_that_is_learned_and_a_direct_term_are_part_of_it(name):
    # two steps of conjugate gradients end at the minimum, whatever the start
    steps = 1 if name == "conjugate_gradient_solver" else 3
    optimizer = OPTIMIZERS[name](steps)
    alpha = np.array([0.2, -0.1])
    loss = qm.OuterLoss(Learned(), optimizer)
    h = 1e-5
    slopes = [(loss(alpha + h * e) - loss(alpha - h * e)) / (2 * h) for e in np.eye(2)]
    for estimator in (qm.Reverse(), qm.Forward(), qm.ClosedForm(), qm.Truncated(steps)):
        found = qm.hypergradient(loss, alpha, estimator).value
        np.testing.assert_allclose(found, slopes, rtol=1e-7)
    fixed = qm.hypergradient(loss, alpha, qm.Reverse(), start=loss.problem.start_of(alpha)).value
    assert distance(fixed, loss.gradient(alpha)) > 1e-3


def agree(optimizer, kind="log_cosh"):
    """Reverse and forward mode against the run on weights that carry their derivatives."""
    problem, alpha = bilevel_problem(kind, seed=1)
    loss = qm.OuterLoss(problem, optimizer)
    exact = loss.definition(alpha)
    for estimator in (qm.Reverse(), qm.Forward()):
        assert distance(qm.hypergradient(loss, alpha, estimator).value, exact) < 1e-12
    np.testing.assert_allclose(loss.tape(alpha).last_weights(), loss.trained(alpha), rtol=1e-12)


SPECTRAL = "chebyshev of the spectrum"
MISTAKES = {
    "velocity forgotten": (heavy_ball, "HeavyBall.transition", "(1 + beta, -beta)", "(1, 0)"),
    "gradient at the weights": (nesterov, "Nesterov.transition", "(-eta, 0), ahead", "(-eta, 0)"),
    "step sizes in reverse": (schedule, "Schedule.transition", "-sizes[t]", "-sizes[-1 - t]"),
    "decay after the step": (
        decoupled_decay,
        "DecoupledDecay.transition",
        "(1 - omega, -beta)",
        "(1 - omega, -beta * (1 - omega))",
    ),
    "bounds held fixed": (following, "FollowingStep.parameter", "@ v[0]", "@ (0 * v[0])"),
    "not transposed": (
        linear,
        "LinearTransition.pulled",
        "zip(*step.mixing,",
        "zip(*zip(*step.mixing),",
    ),
    "one gain alone": (
        linear,
        "LinearTransition.pulled",
        "combined(step.gains, v)",
        "-0.3 * v[-1]",
    ),
    "no lookahead back": (
        step,
        "GradientStep.pull",
        "r + c * product if c",
        "r + product if c == 1",
    ),
    "no lookahead forth": (step, "GradientStep.push", "self.point(t, z))", "z[0])"),
    "columns elsewhere": (
        step,
        "GradientStep.columns",
        "inner.jacobian(y)",
        "inner.jacobian(2 * y)",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_step_is_noticed(mistake, monkeypatch):
    module, place, right, wrong = MISTAKES[mistake]
    kind, method = place.split(".")
    altered = getattr(planted(module, right, wrong), kind)
    monkeypatch.setattr(getattr(module, kind), method, getattr(altered, method))
    with pytest.raises((AssertionError, ValueError)):
        for name in ("heavy_ball", "nesterov", "schedule", "decoupled_decay", SPECTRAL):
            for problem in KINDS.get(name, ("ridge", "log_cosh")):
                agree(OPTIMIZERS[name](T), problem)


def test_a_gradient_without_a_closed_form_needs_no_jacobian():
    """By reverse mode, whose cost does not depend on h; forward mode where there is no step."""

    class Counting(type(bilevel_problem("log_cosh", 1)[0].at(np.zeros(3)))):
        jacobians = 0

        def jacobian(self, w):
            Counting.jacobians += 1
            return super().jacobian(w)

    class Problem(qm.LogCosh):
        def bind(self, alpha):
            inner = super().bind(alpha)
            return Counting(inner.problem, inner.linear)

    problem = Problem.random(4, 3, 0)
    for name in ("heavy_ball", "inner_adam"):
        loss = qm.OuterLoss(problem, OPTIMIZERS[name](T))
        value = loss.gradient(np.ones(3))
        assert Counting.jacobians == 0
        assert distance(value, loss.definition(np.ones(3))) < 1e-12
        assert Counting.jacobians == T
        Counting.jacobians = 0


def test_an_optimizer_whose_steps_are_redefined_has_no_tape_until_it_says_so():
    class Doubled(qm.HeavyBall):
        def step(self, gradient, w, before, eta, beta):
            return super().step(gradient, w, before, 2 * eta, beta)

    class Own(qm.PolynomialOptimizer):
        free = ()
        steps = 3

        def run(self, gradient, start, theta):
            return qm.GradientDescent(3).run(gradient, start, 0.1)

    class Told(Own):
        def transition(self):
            return qm.GradientDescent(3, 0.1).transition()

    for optimizer, message in (
        (Doubled(4, 0.1, 0.5), "Doubled redefines its steps"),
        (Own(), "Own has no tape: define transition"),
    ):
        problem, alpha = bilevel_problem("ridge", seed=1)
        with refused(message):
            qm.hypergradient(qm.OuterLoss(problem, optimizer), alpha, qm.Reverse())
    agree(Told())


def unscaled(response):
    """p_T and S."""
    return response.power * np.exp(response.shift), response.moved * np.exp(response.shift)


def test_truncated_momentum_has_its_own_filter_and_neumann_has_not():
    """At w_* the estimate of K steps is -J S_K(H) g with the method's own S_K = (1 - p_K) / lambda;
    Neumann's is that of gradient descent, and differs from K = 2 on.
    """
    problem, alpha = bilevel_problem("coupled", seed=1)
    best = qm.OuterLoss(problem, qm.GradientDescent(4000, 0.4)).trained(alpha)
    lam, Q = np.linalg.eigh(problem.hessian)
    g = Q.T @ problem.outer_gradient(best)
    for method in (qm.HeavyBall, qm.Nesterov):
        loss = qm.OuterLoss(problem, method(9, 0.3, 0.6))
        for K in (1, 2, 5):
            found = qm.hypergradient(loss, alpha, qm.Truncated(K), start=best).value
            _, S = unscaled(method(K, 0.3, 0.6).response(lam))
            exact = -problem.at(alpha).mixed(best, Q @ (S * g))
            assert distance(found, exact) < 1e-9
            series = qm.hypergradient(loss, alpha, qm.Neumann(K - 1), start=best).value
            assert (distance(series, exact) < 1e-9) == (K == 1)


def test_a_series_beyond_its_limit_says_so_although_the_run_converges():
    problem = qm.Coupled.random([0.5, 2.0], h=2, seed=0)  # 2/L = 1, momentum converges to 1.6
    loss = qm.OuterLoss(problem, qm.HeavyBall(60, 1.2, 0.6))
    found = qm.hypergradient(loss, [0.1, 0.2], qm.Neumann(order=40))
    assert repr(found).endswith("a series with the step_size beyond 2/L = 1)")
    assert distance(found.value, loss.gradient([0.1, 0.2])) > 100
    assert not qm.hypergradient(loss, [0.1, 0.2], qm.Implicit()).notes["diverges"]


def test_dr_mad_under_heavy_ball_interpolates_the_cross_term_alone():
    """With s_k the impulse response, S_K = eta sum_{k<K} s_k and p_j = 1 - lambda_j S_T(lambda_j),
    its estimate is -V'(H_k w_* - b_k) + <M_k, C o G e_0'>, C_ij = -S_i + (1 - p_j)/T sum_m<T S_m.
    """
    problem, alpha = bilevel_problem("data_cleaning", seed=1)
    steps = 7
    inner = problem.at(alpha)
    loss = qm.OuterLoss(problem, qm.HeavyBall(steps, 0.3, 0.6))
    lam, Q = np.linalg.eigh(inner.H)
    runs = [qm.HeavyBall(m, 0.3, 0.6).response(lam) for m in range(1, steps + 1)]
    p, S = unscaled(runs[-1])
    earlier = sum(unscaled(run)[1] for run in runs[:-1])
    G = Q.T @ problem.outer_gradient(loss.trained(alpha)).reshape(inner.B.shape)
    best = np.linalg.solve(inner.H, inner.B)
    E = Q.T @ (problem.start.reshape(inner.B.shape) - best)
    V = Q @ (S[:, None] * G)
    C = -S[:, None] + earlier[:, None] * (1 - p) / steps
    exact = -problem.pair(alpha, V @ best.T - Q @ (C * (G @ E.T)) @ Q.T, V)
    assert distance(qm.hypergradient(loss, alpha, qm.DrMad()).value, exact) < 1e-12


def test_the_best_discount_of_one_mode_under_heavy_ball():
    """A shared minimiser, real roots: gamma = z_1 (1 - eta lambda) is exact as T grows."""
    problem = qm.Coupled([[0.1]], [[1.0]], [0.0], [[1.0]], [0.0], [1.0])
    z = (1.05 + np.sqrt(1.05**2 - 0.4)) / 2
    gamma = 0.95 * z
    assert gamma == pytest.approx(0.896872547088205, abs=1e-15)
    for steps, ratio in ((20, 0.941394732503), (80, 0.993502228341), (300, 0.999999824463)):
        loss = qm.OuterLoss(problem, qm.HeavyBall(steps, 0.5, 0.1))
        found, exact = (
            qm.hypergradient(loss, [0.0], one).value for one in (qm.Discounted(gamma), qm.Reverse())
        )
        assert found / exact == pytest.approx(ratio, abs=2e-12)
