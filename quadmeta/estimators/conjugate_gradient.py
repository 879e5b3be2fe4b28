"""Implicit differentiation at w_T with conjugate gradients for the inverse Hessian."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import natural
from quadmeta.estimators.parts.base import Estimator, Spectral, required_gradient
from quadmeta.estimators.parts.solvable import power_of_two, require_digits, require_solution
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class ConjugateGradient(Estimator):
    """Implicit differentiation at w_T by conjugate gradients on a ``budget`` of N products.

    It is -J(w_T) x with x from conjugate gradients on H(w_T) x = g_T, begun at 0. N - 1 of them are
    Hessian products, one an iteration, and the last is the mixed product: exact to rounding once N
    - 1 reaches the number of distinct eigenvalues. It stops early at a residual of rounding size.
    On a singular Hessian from 0 it stays in the range: that is a solution if there is one.

    Parameters
    ----------
    budget
        N >= 2. ``Neumann`` reaches polynomials in H of the same degree with order N - 2.

    Raises
    ------
    ValueError
        budget < 2, an indefinite inner Hessian, a singular one for which H x = g_T has no
        solution, one so close to it that x has less than six digits, an inner run that diverged,
        or the step size as parameter.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.ConjugateGradient(budget=4))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (3, 1, 1, 1)
    """

    budget: int
    steps_matter = False
    reference = "Pedregosa 2016; Grazzi, Franceschi, Pontil, Salzo 2020"

    def __post_init__(self) -> None:
        super().__post_init__()
        remedy = "one Hessian and one mixed product"
        object.__setattr__(self, "budget", natural("budget", self.budget, remedy, least=2))

    def estimate(self, tape: Tape) -> Derivative:
        """B x with (I - A) x = g."""
        if tape.step_size_is_tuned:
            raise ValueError(
                "implicit differentiation of the step size is 0 at the inner minimum: use "
                "Reverse instead"
            )
        tape = tape.plain()
        for _ in tape.stream():
            pass
        T = tape.steps
        g = tape.outer_gradient()
        if not np.isfinite(g).all():
            raise ValueError(tape.diverged())
        # squares of what is left neither overflow nor vanish
        scale = power_of_two(g)
        g = g / scale
        require_solution(*(tape.null_share(g) or (0.0, 0.0)))
        # a curvature that rounding alone could have made, of I - A and of A
        rounding = 4 * len(g) * np.finfo(float).eps
        top = 1.0
        x = 0 * g
        r = g
        p = g
        rr = g @ g
        first = rr
        for _ in range(self.budget - 1):
            if rr <= 1e-32 * first:
                break
            q = p - tape.A(T, p)
            curvature = p @ q
            top = max(top, float(curvature / (p @ p)))
            if not curvature > rounding * top * (p @ p):
                if curvature < -rounding * top * (p @ p):
                    raise ValueError(
                        "the inner Hessian at w_T is indefinite: conjugate gradients need a "
                        "minimum, train for more steps"
                    )
                require_solution(float(np.sqrt(rr / first)), 1e-10)
                break
            step = rr / curvature
            x = x + step * p
            r = r - step * q
            old = rr
            rr = r @ r
            p = r + rr / old * p
        require_digits(top, x, g)
        return tape.B(T, scale * x)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """N products; fewer where it stops early, as a rule after P Hessian products."""
        return {"hvps": self.budget - 1, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}

    def filter_at(self, at: Spectral) -> Any:
        """f(lambda) g / g, for the g that is given."""
        g = required_gradient(self, at)
        moved = filters.conjugate_gradients(at.lam, g, self.budget - 1)
        return moved / g
