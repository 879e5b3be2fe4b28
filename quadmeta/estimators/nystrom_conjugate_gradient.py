"""Implicit differentiation with conjugate gradients that a Nystrom sketch preconditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import choice, natural, number, seeded
from quadmeta.estimators.parts.base import Estimator, Spectral, required_gradient
from quadmeta.estimators.parts.inner_system import InnerSystem
from quadmeta.estimators.parts.sketch import KINDS, Sketch, sketch
from quadmeta.estimators.parts.solvable import power_of_two
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class NystromConjugateGradient(Estimator):
    """Implicit differentiation at w_T by conjugate gradients with a Nystrom preconditioner, on a
    ``budget`` of N products.

    A sketch of rank k, by k products, shrinks the large eigenvalues it sees to its smallest one,
    lambda_k: the N - k - 1 iterations then have the condition number lambda_k / mu, so that k
    should exceed the number of outliers. The mixed product is the last of the N. For one right-hand
    side that buys nothing over plain conjugate gradients on the same N, although in floating point
    these find large eigenvalues again and again; but a sketch serves every further right-hand side.

    Parameters
    ----------
    rank
        1 <= k <= P.
    budget
        N >= k + 2.
    shift
        delta >= 0 of the preconditioner, in units of the eigenvalues of H; the system has none.
    sketch, seed
        as of ``NystromInverse``.

    Raises
    ------
    ValueError
        rank < 1 or > P, budget < rank + 2, shift < 0, an inner Hessian that is not positive
        definite, an inner run that diverged, or the step size as parameter.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([1.0, 2.0, 50.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.03))
    >>> found = qm.hypergradient(
    ...     loss, [0.1, -0.2], qm.NystromConjugateGradient(rank=1, budget=4)
    ... )
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (3, 1, 1, 1)
    """

    rank: int
    budget: int
    shift: float = 0.0
    sketch: str = "gaussian"
    seed: int = 0
    steps_matter = False
    reference = "Frangella, Tropp, Udell 2023"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "rank", natural("rank", self.rank))
        remedy = f"{self.rank} products of the sketch, one Hessian and one mixed product"
        budget = natural("budget", self.budget, remedy, least=self.rank + 2)
        object.__setattr__(self, "budget", budget)
        object.__setattr__(self, "shift", number("shift", self.shift, least=0))
        choice("sketch", self.sketch, KINDS)
        object.__setattr__(self, "seed", seeded("seed", self.seed))

    @property
    def iterations(self) -> int:
        """N - k - 1."""
        return self.budget - self.rank - 1

    def estimate(self, tape: Tape) -> Derivative:
        """B x with M x = g."""
        system = InnerSystem(tape)
        found = sketch(system, self.rank, self.sketch, self.seed)
        shift = system.step_size * self.shift
        scale = power_of_two(system.g)
        g = system.g / scale
        x = 0 * g
        r = g
        z = preconditioned(found, shift, r)
        p = z
        rz = r @ z
        first = rz
        for _ in range(self.iterations):
            if rz <= 1e-32 * first:
                break
            q = system.times(p)
            curvature = p @ q
            if not curvature > 4 * len(g) * np.finfo(float).eps * (p @ p):
                raise ValueError(
                    "the inner Hessian at w_T is not positive definite: preconditioned conjugate "
                    "gradients need a minimum, add a ridge or use Implicit"
                )
            step = rz / curvature
            x = x + step * p
            r = r - step * q
            z = preconditioned(found, shift, r)
            old = rz
            rz = r @ z
            p = z + rz / old * p
        return system.estimate_of_solution(scale * x)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """N products (fewer where it stops early)."""
        return {"hvps": self.budget - 1, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}

    def filter_at(self, at: Spectral) -> Any:
        """Of an ideal sketch: f(lambda) g / g, for the g that is given."""
        g = required_gradient(self, at)
        return filters.preconditioned(at.lam, g, self.iterations, self.rank, self.shift) / g


def preconditioned(found: Sketch, shift: float, r: Array) -> Array:
    """P^-1 r: (values_k + delta) / (values + delta) on the columns of U, the identity elsewhere.

    Directions in which the sketch sees nothing stay as they are.
    """
    seen = found.values + shift
    known = seen > 0
    if not known.any():
        return r
    U = found.U[:, known]
    scale = seen[known]
    part = U.T @ r
    moved: Array = r + U @ ((scale[-1] / scale - 1) * part)
    return moved
