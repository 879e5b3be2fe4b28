"""Hypergradients of gradient descent along given batches: epochs at once, the loop, many digits."""

import mpmath
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.objectives.parts.runs import batch_run, epochs
from quadmeta.optimizers.parts import batch_step
from quadmeta.problems.parts import batch as batch_module
from quadmeta.strategies import bilevel_problem
from tests.planted import planted
from tests.refusals import refused

ROWS = ((1.0, 0.0), (1.0, 1.0), (1.0, -1.0))
TARGETS = (1.0, 2.0, 0.0)
GOLDEN = {
    1: (-39 / 128, (-3 / 64, 7 / 128, 7 / 128)),
    2: (-1711 / 8192, (-27 / 2048, 1065 / 4096, 309 / 4096)),
    10: (
        -9.760841506901079e-4,
        (-1.0081011260140715e-8, 6.258930941594199e-3, 3.4971270722079584e-3),
    ),
}
"""E: (F, dF / d alpha) of E epochs with eta = 1/4."""


def distance(found, exact):
    """The relative error."""
    return np.abs(found - exact).max() / np.abs(exact).max()


def rows_as_tasks():
    """Each row a task of its own, w <- w - eta alpha_b (x_b'w - y_b) x_b, and an outer loss that is
    ||w - e_1||^2 / 4.
    """
    tasks = [([row], [y]) for row, y in zip(ROWS, TARGETS, strict=True)]
    return qm.TaskWeights(tasks, validation=(np.eye(2), [1.0, 0.0]))


@pytest.mark.parametrize("E", GOLDEN)
def test_rational_epochs(E):
    """The loss of one of three rows counts three times: eta / 3 in place of eta."""
    value, slopes = GOLDEN[E]
    order = qm.Minibatches(3 * E, [[0], [1], [2]], 1 / 12)
    loss = qm.OuterLoss(rows_as_tasks(), order)
    # L_2 = ||w||^2 / 2 - w_1 is twice this one less 1/4
    assert 2 * (loss(np.ones(3)) - 0.25) == pytest.approx(value, rel=1e-13)
    assert distance(2 * loss.gradient(np.ones(3)), np.array(slopes)) < 1e-14
    assert distance(loss.gradient(np.ones(3)), loss.definition(np.ones(3))) < 1e-13


def problems():
    """Ridge regression with two outputs, weights of samples and of tasks."""
    rng = np.random.default_rng(0)
    X, X2 = rng.standard_normal((9, 3)), rng.standard_normal((5, 3))
    Y, Y2 = rng.standard_normal((9, 2)), rng.standard_normal((5, 2))
    held_out = (X2, Y2)
    yield qm.Ridge((X, Y), held_out), np.array([0.1])
    yield qm.DataCleaning((X, Y), held_out), np.linspace(-1, 1, 9)
    yield qm.TaskWeights([(X[:3], Y[:3]), (X[3:], Y[3:])], held_out, rho=0.1), np.array([0.3, 0.8])


PROBLEMS = list(problems())
BATCHES = [[0, 1, 2], [3, 4], [5, 6, 7, 8, 8]]
SIZES = np.array([0.1, 0.2, 0.15])


def in_digits(problem, alpha, steps, digits=60):
    """The derivative by the run and its tangents in mpf, from rows and weights alone."""
    with mpmath.workdps(digits):
        exact = np.vectorize(mpmath.mpf, otypes=[object])
        rows = problem.at(alpha).rows
        X, Y = exact(rows.X), exact(rows.Y)
        n = len(X)
        counts = exact(rows.table.counts)
        h = len(alpha)
        weights, slopes, rho = exact(rows.weights), np.zeros((h, n)), np.zeros(h)
        # d weights / d alpha_k and d rho / d alpha_k
        if isinstance(problem, qm.Ridge):
            rho = np.ones(1)
        elif isinstance(problem, qm.DataCleaning):
            slopes = np.diag(np.exp(-alpha) / (1 + np.exp(-alpha)) ** 2)
        else:
            slopes = np.repeat(np.eye(h), [3, 6], axis=1)
        W = exact(problem.start.reshape(3, 2))
        tangents = exact(np.zeros((h, 3, 2)))
        for t in range(steps):
            batch = BATCHES[t % 3]
            eta = mpmath.mpf(SIZES[t % 3]) * n / len(batch)
            g = W * (mpmath.mpf(rows.rho) * len(batch) / n)
            dg = [
                W * (mpmath.mpf(rho[k]) * len(batch) / n)
                + tangents[k] * (mpmath.mpf(rows.rho) * len(batch) / n)
                for k in range(h)
            ]
            for i in batch:
                residual = X[i] @ W - Y[i]
                d = weights[i] / counts[i]
                g = g + np.outer(X[i], residual) * d
                for k in range(h):
                    along = residual * (mpmath.mpf(slopes[k, i]) / counts[i])
                    dg[k] = dg[k] + np.outer(X[i], X[i] @ tangents[k] * d + along)
            W = W - g * eta
            tangents = np.array([tangents[k] - dg[k] * eta for k in range(h)])
        X2, Y2 = map(exact, problem.held_out)
        outer = X2.T @ (X2 @ W - Y2) / len(X2)
        return np.array([float((outer * tangent).sum()) for tangent in tangents])


@pytest.mark.parametrize(
    ("which", "steps"),
    [(0, 3), (0, 18), (0, 100), (1, 1), (1, 7), (1, 20), (2, 1), (2, 7), (2, 60)],
)
def test_sixty_digits(which, steps):
    problem, alpha = PROBLEMS[which]
    loss = qm.OuterLoss(problem, qm.Minibatches(steps, BATCHES, SIZES))
    exact = in_digits(problem, alpha, steps)
    assert distance(loss.gradient(alpha), exact) < 1e-13
    assert distance(loss.definition(alpha), exact) < 1e-13


@pytest.mark.parametrize("which", range(3))
def test_whole_epochs_are_their_steps(which):
    """E = 1, 3, 6, 1000, with steps that are no whole epoch, whichever way ``gradient`` takes."""
    for steps in (3, 9, 11, 18, 3001):
        agree(which, steps)


def agree(which, steps):
    """The form of epochs against reverse mode, from a start that is not 0."""
    problem, alpha = PROBLEMS[which]
    start = problem.start + 1.0
    order = qm.Minibatches(steps, BATCHES, SIZES)
    loss = qm.OuterLoss(problem, order)
    run = batch_run.BatchRun(problem, order)
    parts = [problem.at(alpha).batch(index) for index in order.rows]
    still = np.zeros((len(alpha), len(start)))
    found = run.by_epochs(parts, alpha, start, still)
    exact = loss.definition(alpha, start=start)
    assert distance(found, exact) < 1e-12
    assert distance(loss.gradient(alpha, start=start), exact) < 1e-12


def test_a_million_epochs():
    problem, alpha = PROBLEMS[1]
    loss = qm.OuterLoss(problem, qm.Minibatches(3 * 10**6, BATCHES, SIZES))
    shorter = qm.OuterLoss(problem, qm.Minibatches(3000, BATCHES, SIZES))
    # both are at the cycle that the order tends to
    assert distance(loss.gradient(alpha), shorter.gradient(alpha)) < 1e-9


def test_all_rows_in_one_batch_are_gradient_descent():
    for problem, alpha in PROBLEMS:
        for steps in (3, 40):
            order = qm.Minibatches(steps, [range(9)], 0.2)
            found = qm.OuterLoss(problem, order)
            plain = qm.OuterLoss(problem, qm.GradientDescent(steps, 0.2))
            np.testing.assert_allclose(found.trained(alpha), plain.trained(alpha), rtol=1e-12)
            assert distance(found.gradient(alpha), plain.gradient(alpha)) < 1e-12


def test_the_mean_over_batches_of_one_size_is_the_inner_loss():
    w, v = np.random.default_rng(1).standard_normal((2, 6))
    for problem, alpha in PROBLEMS:
        inner = problem.at(alpha)
        parts = [inner.batch(np.array(index)) for index in ((0, 4, 8), (1, 2, 7), (3, 5, 6))]
        for name, args in (("gradient", (w,)), ("hvp", (w, v)), ("mixed", (w, v))):
            mean = np.mean([getattr(part, name)(*args) for part in parts], axis=0)
            np.testing.assert_allclose(mean, getattr(inner, name)(*args), rtol=1e-12, atol=1e-13)


class Shifted(qm.QuadraticBilevel):
    """A ridge problem with a start and an outer loss that depend on alpha."""

    hyperparameters = 1
    rise = np.arange(1.0, 7.0)[None] / 10

    def __init__(self):
        self.ridge = PROBLEMS[0][0]

    def bind(self, alpha):
        inner = self.ridge.bind(alpha)
        return qm.QuadraticInnerLoss(inner.H, inner.B, self, alpha, inner.rows)

    def pair(self, alpha, X, V):
        return np.array([np.trace(X)])

    def from_rows(self, alpha, products, inner):
        return np.array([inner])

    def start_of(self, alpha):
        return np.ones(6) + alpha @ self.rise

    def start_jacobian(self, alpha):
        return self.rise

    def outer_form(self, alpha):
        return np.eye(3), np.ones((3, 2)), alpha @ alpha / 2

    def direct(self, w, alpha):
        return alpha


@pytest.mark.parametrize("steps", [2, 3, 8, 600])
def test_a_moving_start_and_a_direct_term(steps):
    alpha = np.array([0.3])
    loss = qm.OuterLoss(Shifted(), qm.Minibatches(steps, BATCHES, SIZES))
    found = loss.gradient(alpha)
    h = 1e-5
    slopes = (loss(alpha + h) - loss(alpha - h)) / (2 * h)
    np.testing.assert_allclose(found, slopes, rtol=1e-7)
    assert distance(loss.definition(alpha), found) < 1e-12
    for estimator in (qm.Reverse(), qm.Forward()):
        assert distance(qm.hypergradient(loss, alpha, estimator).value, found) < 1e-12


class Logistic(qm.InnerLoss):
    """mean log(1 + exp(-z'w)) + e^alpha ||w||^2 / 2 over rows z, whose batches are other rows."""

    def __init__(self, Z, penalty):
        self.Z, self.penalty = Z, penalty

    def gradient(self, w):
        return -self.Z.T @ (1 / (1 + np.exp(self.Z @ w))) / len(self.Z) + self.penalty * w

    def hvp(self, w, v):
        p = 1 / (1 + np.exp(self.Z @ w))
        return (v @ self.Z.T * p * (1 - p)) @ self.Z / len(self.Z) + self.penalty * v

    def mixed(self, w, v):
        return np.array([self.penalty * (w @ v)])

    def batch(self, index):
        return Logistic(self.Z[index], self.penalty)


class Penalty(qm.BilevelProblem):
    """L_2 = ||w - 1||^2 / 2."""

    hyperparameters = 1
    start = np.zeros(3)
    Z = np.random.default_rng(2).standard_normal((9, 3))

    def bind(self, alpha):
        return Logistic(self.Z, np.exp(alpha[0]))

    def outer(self, w, alpha=None):
        return ((w - 1) ** 2).sum() / 2

    def outer_gradient(self, w, alpha=None):
        return w - 1


def test_batches_of_an_inner_loss_of_ones_own():
    loss = qm.OuterLoss(Penalty(), qm.Minibatches(20, BATCHES, 0.5))
    found = loss.gradient([-2.0])
    h = 1e-5
    assert found[0] == pytest.approx((loss([-2.0 + h]) - loss([-2.0 - h])) / (2 * h), rel=1e-8)
    reverse = qm.hypergradient(loss, [-2.0], qm.Reverse())
    np.testing.assert_array_equal(reverse.value, found)
    with refused("Logistic.* has no batches|has no batches"):
        qm.OuterLoss(bilevel_problem("log_cosh", seed=1)[0], loss.optimizer).gradient([0.1] * 3)


ESTIMATORS = (
    qm.Reverse(),
    qm.Forward(),
    qm.Truncated(K=4),
    qm.OneStep(),
    qm.Discounted(gamma=0.9),
    qm.FixedGradient(gamma=0.9),
    qm.MatrixDiscount(),
    qm.DrMad(),
    qm.HyperDistill(gamma=0.9),
    qm.Neumann(order=3),
    qm.Implicit(),
)


def test_every_estimator_runs_and_costs_what_it_says():
    for problem, alpha in PROBLEMS:
        loss = qm.OuterLoss(problem, qm.Minibatches(6, BATCHES, 0.2))
        exact = loss.definition(alpha)
        for estimator in ESTIMATORS:
            found = qm.hypergradient(loss, alpha, estimator)
            assert found.status == "ok"
            assert distance(found.value, exact) < 1e-12 or not estimator.exact_when(6)
            cost = estimator.cost(6, problem.hyperparameters, problem.start.size)
            assert {key: getattr(found, key) for key in cost} == dict(cost)


def test_bad_batches_are_refused():
    for batches, message in (
        ([], "must be a list of lists"),
        ("01", "must be a list of lists"),
        (3, "must be a list of lists"),
        ([[0], []], r"batches\[1\] = .* at least one row"),
        ([0, 1], r"batches\[0\] = .* at least one row"),
        ([[0, 0.5]], "whole numbers"),
        ([[-1]], "whole numbers of at least 0"),
        ([[0, np.nan]], r"batches\[0\]"),
    ):
        with refused(message):
            qm.Minibatches(3, batches, 0.1)
    for size in (0.0, -0.1, [0.1], [0.1, 0.0]):
        with refused("step_size"):
            qm.Minibatches(3, [[0], [1]], size)
    problem, alpha = PROBLEMS[0]
    for ask in ("gradient", "definition", "trained", "tape"):
        with refused("the row 9, the inner loss has 9 rows"):
            getattr(qm.OuterLoss(problem, qm.Minibatches(2, [[0, 9]], 0.1)), ask)(alpha)
    coupled, beta = bilevel_problem("coupled", seed=1)
    with refused("no mean over rows"):
        qm.OuterLoss(coupled, qm.Minibatches(2, [[0]], 0.1)).gradient(beta)


def test_a_run_that_diverges_says_so():
    problem, alpha = PROBLEMS[0]
    for steps in (9, 3000):
        loss = qm.OuterLoss(problem, qm.Minibatches(steps, BATCHES, 1e200))
        with pytest.raises(OverflowError, match="diverges"):
            loss.gradient(alpha)


MISTAKES = {
    "states after gradients": (
        epochs,
        "total = A @ total + Y @ power",
        "total = total @ A + Y @ power",
    ),
    "powers swapped": (
        epochs,
        "total = total @ power + power @ total",
        "total = 2 * power @ total",
    ),
    "order reversed": (epochs, "reversed(self.steps[1:])", "self.steps[:-1]"),
    "epoch reversed": (epochs, "self.epoch = step @ self.epoch", "self.epoch = self.epoch @ step"),
    "states held": (epochs, "states = step @ states", "pass"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_form_of_epochs_is_noticed(mistake, monkeypatch):
    module, right, wrong = MISTAKES[mistake]
    monkeypatch.setattr(batch_run, "Epochs", planted(module, right, wrong).Epochs)
    with pytest.raises(AssertionError):
        agree(1, 11)


STEPS = {
    "another batch": (batch_step, "BatchStep._at", "t % len", "(t + 1) % len"),
    "share left out": (batch_module, "BatchLoss._collected", "self.share * products", "products"),
    "a row counts once": (
        batch_module,
        "BatchLoss._collected",
        "np.add.at(every, self.index, self.share * products)",
        "every[self.index] = self.share * products",
    ),
}


@pytest.mark.parametrize("mistake", STEPS)
def test_a_wrong_step_is_noticed(mistake, monkeypatch):
    module, place, right, wrong = STEPS[mistake]
    kind, method = place.split(".")
    altered = getattr(planted(module, right, wrong), kind)
    monkeypatch.setattr(getattr(module, kind), method, getattr(altered, method))
    with pytest.raises(AssertionError):
        test_sixty_digits(1, 7)
