"""A computable bound of the distance to the exact implicit hypergradient at the inner minimum, from
the smallest eigenvalue and two residuals.
"""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance
from quadmeta.estimators.parts.base import Estimator, hypergradient
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.optimizers.minibatches import Minibatches
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.training.advice.sizes import Sizes, minimised, require_quadratic


@dataclass(frozen=True, eq=False)
class Certified:
    """An estimate and how far it is, at most, from the exact implicit hypergradient -J(w_*) H^-1
    grad L_2(w_*).
    """

    value: Array
    """The estimate (h,)."""
    solve: Array
    """What the approximate inverse adds to the error of each component at most, (h,)."""
    run: Array
    """What the unfinished inner run adds at most, (h,): more products do not lessen it."""

    @property
    def bound(self) -> Array:
        """|value_k - exact_k| is at most this, (h,)."""
        return self.solve + self.run

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{name} {np.max(part):.2g}"
            for name, part in (("solve", self.solve), ("run", self.run))
        )
        return f"Certified({self.value!r}, error at most {np.max(self.bound):.2g}: {parts})"


@np.errstate(under="ignore")
def certified(
    outer: OuterLoss, alpha: Numbers, estimator: Estimator, *, start: Numbers | None = None
) -> Certified:
    """An estimate with a bound of its error against the exact implicit hypergradient, that of
    ``outer.implicit``: a weight decay of the optimizer is a ridge on H.

    With the estimate -J(w_T) x', residuals r = grad L_1(w_T) and s = g_T - H x', the smallest
    eigenvalue mu of H, J_k = H_k w_T - b_k and the Hessian H_2 of L_2, component k is off by at
    most

        ||J_k|| ||s|| / mu                                                        the solve, and
        (||J_k|| ||H_2|| / mu + ||H_k|| (||x'|| + ||s|| / mu + ||H_2|| ||r|| / mu^2)) ||r|| / mu

    for the run. It needs no solve; rounding of all terms is part of it. An estimate that is not
    -J(w_T) x', as of truncated reverse mode, adds what it differs from that to the first part.

    Parameters
    ----------
    outer
        the outer loss of a quadratic bilevel problem.
    alpha
        hyperparameters (h,).
    estimator
        any one; it runs twice, once for the estimate and once for its x'.
    start
        another w_0, as for ``hypergradient``.

    Raises
    ------
    ValueError
        an inner loss that is not quadratic or has no one minimum, an outer loss that depends on
        alpha also directly, batches of rows, or what the estimator itself refuses.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> outer = qm.OuterLoss(problem, qm.GradientDescent(steps=50, step_size=0.4))
    >>> found = qm.certified(outer, [0.1, -0.2], qm.Neumann(order=20))
    >>> bool((abs(found.value - outer.implicit([0.1, -0.2])) <= found.bound).all())
    True
    """
    problem, inner = require_quadratic(outer, alpha)
    instance("estimator", estimator, Estimator, "Implicit()")
    if problem.has_direct:
        raise ValueError(
            "outer has a loss that depends on alpha also directly, whose derivative in w is not "
            "known: certify the same problem without the direct term"
        )
    if isinstance(outer.optimizer, Minibatches):
        raise ValueError(
            "outer has an optimizer that takes batches of rows, which the second run, whose "
            "hyperparameters are the entries of b, does not have: certify under GradientDescent"
        )
    value = np.asarray(hypergradient(outer, alpha, estimator, start=start).value)
    # the same run with -b_k the k-th unit vector and H_k = 0 has J = I: what it returns is -x'
    plain = OuterLoss(_Plain(inner, problem), outer.optimizer)
    first = problem.begin(inner.alpha, start)
    x = -np.asarray(hypergradient(plain, np.zeros(len(first)), estimator, start=first).value)
    sizes = Sizes.of(minimised(outer, inner), outer.trained(alpha, start))
    sizes.require_minimum()
    mixed = problem.contracted(inner.alpha, inner.matrix(sizes.w), inner.matrix(x))
    other = np.abs(value + mixed)
    return Certified(value, sizes.solve(x) + other, sizes.run(x))


class _Plain(QuadraticBilevel):
    """The inner and outer loss at fixed hyperparameters, with H w - b + beta as inner gradient."""

    def __init__(self, inner: QuadraticInnerLoss, problem: QuadraticBilevel) -> None:
        self.inner = inner
        self.hyperparameters = inner.B.size
        self.start = np.zeros(inner.B.size)
        self.outer_hessian, self.outer_linear, self.outer_constant = inner.outer
        self.inside = False

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """The same matrices; beta is 0 wherever this is used."""
        return QuadraticInnerLoss(self.inner.H, self.inner.B, self, alpha)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """<beta_k's derivative, V>."""
        return V.ravel()
