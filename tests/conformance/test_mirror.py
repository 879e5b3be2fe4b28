"""The kit on the package's own estimators, as on anyone's code: no false alarm, in either.

Not mirrored: momentum, schedules and preconditioners, under which no estimator of hyperparameters
runs; float32, as they run in float64; and in the step-size kinds an outer loss of its own.
"""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta import conformance

SUPPORTS = {"start", "matrix", "scalar", "batch"}


def mirrored(g, hold=False):
    """The case as a problem by operators; ``hold`` makes every inner gradient 0, so that a run
    stays at the point it starts from.
    """
    shape = np.shape(g.w)
    alpha_shape = np.shape(g.alpha)

    def flat(function):
        def of_vectors(w, alpha, *v):
            parts = [x.reshape(shape) for x in v]
            return np.ravel(function(w.reshape(shape), alpha.reshape(alpha_shape), *parts))

        return of_vectors

    def start(alpha):
        return np.ravel(g.start(alpha.reshape(alpha_shape)))

    def start_jacobian(alpha):
        return np.array([start(unit) - start(0 * unit) for unit in np.eye(len(alpha))])

    moving = g.start is not None
    return qm.BilevelProblem.from_operators(
        gradient=(lambda w, alpha: 0 * w) if hold else flat(g.gradient),
        hvp=flat(g.hvp),
        mixed=flat(g.mixed),
        outer=lambda w, alpha: g.outer(w.reshape(shape), alpha.reshape(alpha_shape)),
        outer_gradient=flat(g.outer_gradient),
        direct=flat(g.direct),
        start=start if moving else np.ravel(g.w),
        start_jacobian=start_jacobian if moving else None,
        hyperparameters=np.size(g.alpha),
    )


class Row:
    """One alpha of a batch."""

    def __init__(self, g, alpha):
        self.g = g
        self.alpha = alpha

    def __getattr__(self, name):
        return getattr(self.g, name)


def mirror(estimator_of, hold=False):
    """The code that the kit tests: ``estimator_of(g)`` on the mirrored case."""

    def code(g):
        if np.ndim(g.alpha) == 2:
            return np.stack([code(Row(g, alpha)) for alpha in g.alpha])
        steps = 1 if hold else g.steps
        optimizer = qm.GradientDescent(steps=steps, step_size=g.step_size)
        loss = qm.OuterLoss(mirrored(g, hold), optimizer)
        found = qm.hypergradient(loss, np.ravel(g.alpha), estimator_of(g)).value
        return found.reshape(np.shape(g.alpha))

    return code


def native(g):
    """The case as ``Coupled``, where that class can state it."""
    zero = 0 * g.w
    units = np.eye(np.size(g.w)).reshape(-1, *g.w.shape)
    stated = np.ndim(g.w) == np.ndim(g.alpha) == 1 and g.start is None
    rows = np.array([g.mixed(zero, g.alpha, unit) for unit in units]) if stated else None
    if not stated or g.direct(g.w, g.alpha).any() or not _constant(g, rows):
        raise conformance.NotApplicable
    outer_linear = -g.outer_gradient(zero, g.alpha)
    return qm.Coupled(
        hessian=[g.hvp(zero, g.alpha, unit) for unit in units],
        cross=-rows,
        linear=-g.gradient(zero, 0 * g.alpha),
        outer_hessian=[g.outer_gradient(unit, g.alpha) + outer_linear for unit in units],
        outer_linear=outer_linear,
        start=g.w,
    )


def _constant(g, rows):
    """Whether J(w) is the same at every w."""
    moved = [g.mixed(g.w + 1, g.alpha, unit) for unit in np.eye(len(g.w))]
    return np.array_equal(rows, moved)


def closed_form(g):
    loss = qm.OuterLoss(native(g), qm.GradientDescent(steps=g.steps, step_size=g.step_size))
    return qm.hypergradient(loss, g.alpha, qm.ClosedForm()).value


def solved(g):
    loss = qm.OuterLoss(native(g), qm.GradientDescent(steps=1, step_size=g.step_size))
    return loss.implicit(g.alpha)


def of_step_size(objective, estimator):
    """The derivative in the step size, where the loss that is differentiated is the inner one."""

    def code(g):
        if g.loss(g.w + 1, g.alpha) != g.inner(g.w + 1, g.alpha):
            raise conformance.NotApplicable
        units = np.eye(len(g.w))
        problem = qm.Quadratic.from_system(
            [g.hvp(g.w, g.alpha, unit) for unit in units],
            -g.gradient(0 * g.w, g.alpha),
            start=g.w,
            active=True,
        )
        loss = objective(problem, qm.GradientDescent(steps=g.steps))
        value = qm.hypergradient(loss, g.step_size, estimator).value
        return value.to_float() if isinstance(value, qm.SignLog) else value

    return code


def conjugate_gradient(g):
    return qm.ConjugateGradient(budget=np.size(g.w) + 1)


def chebyshev(g):
    """With the bounds of its spectrum, and as many products as rounding takes there."""
    units = np.eye(np.size(g.w)).reshape(-1, *np.shape(g.w))
    rows = [np.ravel(g.hvp(g.w, g.alpha, unit)) for unit in units]
    lam = np.linalg.eigvalsh(rows)
    if lam[-1] > 1e3 * lam[0]:
        raise conformance.NotApplicable  # thousands of products
    low, high = 0.99 * lam[0], 1.01 * lam[-1]
    products = np.ceil(np.arccosh(1e18) / np.arccosh((high + low) / (high - low)))
    return qm.ChebyshevInverse(int(products), low, high)


def nystrom_conjugate_gradient(g):
    P = np.size(g.w)
    return qm.NystromConjugateGradient(rank=min(2, P), budget=2 * P + 4)


MIRRORS = {
    "Reverse": ("unrolled", mirror(lambda g: qm.Reverse()), 36),
    "Forward": ("unrolled", mirror(lambda g: qm.Forward()), 36),
    "ClosedForm by functions": ("unrolled", mirror(lambda g: qm.ClosedForm()), 36),
    "ClosedForm": ("unrolled", closed_form, 20),
    "Truncated": ("truncated", mirror(lambda g: qm.Truncated(K=g.last)), 33),
    "Truncated, one step": ("one_step", mirror(lambda g: qm.Truncated(K=1)), 32),
    "OneStep": ("one_step", mirror(lambda g: qm.OneStep()), 32),
    "Discounted": ("discounted", mirror(lambda g: qm.Discounted(gamma=g.gamma)), 33),
    "Implicit": ("implicit", mirror(lambda g: qm.Implicit(), hold=True), 27),
    "ConjugateGradient": ("implicit", mirror(conjugate_gradient, hold=True), 27),
    "KroneckerInverse": ("implicit", mirror(lambda g: qm.KroneckerInverse(1), hold=True), 27),
    "ChebyshevInverse": ("implicit", mirror(chebyshev, hold=True), 25),
    "NystromConjugateGradient": (
        "implicit",
        mirror(nystrom_conjugate_gradient, hold=True),
        27,
    ),
    "Surrogate": ("unrolled", mirror(lambda g: qm.Surrogate(degree=g.steps)), 36),
    "OuterLoss.implicit": ("solved", solved, 16),
    "Implicit at a point": ("implicit_at", mirror(lambda g: qm.Implicit(), hold=True), 26),
    "ConjugateGradient at a point": ("implicit_at", mirror(conjugate_gradient, hold=True), 26),
    "Neumann": ("neumann", mirror(lambda g: qm.Neumann(order=g.products), hold=True), 29),
    "Reverse, step size": ("step_size", of_step_size(qm.NaiveObjective, qm.Reverse()), 2),
    "ClosedForm, step size": ("step_size", of_step_size(qm.NaiveObjective, qm.ClosedForm()), 2),
    "Reverse, log": ("log_step_size", of_step_size(qm.LogObjective, qm.Reverse()), 2),
    "ClosedForm, log": ("log_step_size", of_step_size(qm.LogObjective, qm.ClosedForm()), 2),
}
"""Kind, code, and to how many cases it applies. The kit has no kind for ``DrMad``, ``FixedGradient``, ``StopGradient``,
``HyperDistill``, ``MatrixDiscount`` and ``RenormalisedReverse``.
"""


@pytest.mark.parametrize("name", MIRRORS)
def test_estimators_of_the_package_pass_their_kind(name):
    kind, code, applicable = MIRRORS[name]
    report = conformance.check(code, kind=kind, supports=SUPPORTS, name=name)
    assert report.passes and not report.fingerprints, report
    assert len(report.results) - skipped(report) == applicable


def skipped(report):
    return report.counts.get(conformance.Verdict.NOT_APPLICABLE, 0)


@pytest.mark.parametrize(
    "name, kind",
    [
        ("OneStep", "unrolled"),
        ("Truncated", "unrolled"),
        ("Reverse", "truncated"),
        ("Discounted", "one_step"),
        ("Neumann", "implicit_at"),
        ("Implicit", "neumann"),
    ],
)
def test_an_estimator_under_another_kind_is_wrong(name, kind):
    report = conformance.check(MIRRORS[name][1], kind=kind, supports=SUPPORTS, cases="quick")
    assert report.verdict == conformance.Verdict.WRONG
