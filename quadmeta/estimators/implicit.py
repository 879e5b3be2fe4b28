"""Implicit differentiation at w_T with an exact linear solve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.arithmetic.null_space import null_space, share_of_null_space
from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.solvable import require_digits, require_solution
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class Implicit(Estimator):
    """Implicit differentiation at w_T with an exact linear solve, -J(w_T) H(w_T)^-1 g_T.

    Its target is the limit T -> infinity, not the unrolled derivative, whatever the optimizer: H
    is the Hessian of what its run tends to a minimum of.

    Rounding of w_T and g_T counts L ||x|| / ||g_T|| times in x = H^-1 g_T, at most the condition
    number; on a quadratic ``OuterLoss.implicit`` is right whatever that is.

    Raises
    ------
    ValueError
        a singular inner Hessian for which H x = g_T has no solution, one so close to it that x has
        less than six digits, an inner run that diverged, the step size as parameter, or an
        optimizer that tends to no minimum.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Implicit())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (3, 1, 1, 1)
    """

    steps_matter = False
    reference = "Pedregosa 2016; Lorraine, Vicol, Duvenaud 2020"

    def estimate(self, tape: Tape) -> Derivative:
        """B (I - A)^-1 g with the P columns of A."""
        if tape.step_size_is_tuned:
            raise ValueError(
                "implicit differentiation of the step size is 0 at the inner minimum: use "
                "Reverse instead"
            )
        tape = tape.plain()
        for _ in tape.stream():
            pass
        g = tape.outer_gradient()
        system = np.eye(len(g)) - tape.A(tape.steps, np.eye(len(g)))
        if not np.isfinite(g).all() or not np.isfinite(system).all():
            raise ValueError(tape.diverged())
        known = tape.null_share(g)
        if not g.any():
            x = g
        elif known == (0.0, 0.0):
            x = np.linalg.solve(system, g)
        else:
            lam, Q = np.linalg.eigh((system + system.T) / 2)
            # rounding of I - A and of A
            require_solution(*(known or share_of_null_space(lam, Q, g, 1.0)))
            lam = np.where(null_space(lam, 1.0), np.inf, lam)
            x = Q @ (Q.T @ g / lam)
        require_digits(max(1.0, float(np.linalg.norm(system))), x, g)
        return tape.B(tape.steps, x)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """P Hessian products (or one factorisation) and one mixed product."""
        return {"hvps": P, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}

    def filter_at(self, at: Spectral) -> Any:
        """1 / lambda."""
        return filters.implicit(at.lam)

    def filter_error_at(self, at: Spectral) -> Any:
        """0."""
        return 0 * at.lam
