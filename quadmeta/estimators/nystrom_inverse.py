"""Implicit differentiation with the inverse of a Nystrom sketch of the Hessian plus a shift."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta._validate import choice, natural, number, seeded
from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.inner_system import InnerSystem
from quadmeta.estimators.parts.sketch import KINDS, sketch
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class NystromInverse(Estimator):
    """Implicit differentiation with (H_k + delta)^-1 for the inverse Hessian, by Woodbury's
    formula.

    H_k = (H Omega) (Omega' H Omega)^+ (H Omega)' is a sketch of rank k, from k Hessian products.
    Where the sketch sees an eigenvalue the error is delta / (lambda + delta). Where it sees none it
    is 1 - lambda / delta: one step of size 1 / delta, which overshoots as soon as lambda > 2 delta.
    A small shift is therefore right only if nothing is left below the k-th eigenvalue.

    Parameters
    ----------
    rank
        1 <= k <= P.
    shift
        delta > 0, in units of the eigenvalues of H.
    sketch
        "coordinates": columns of H, as published; "gaussian": random directions, which see the
        largest eigenvalues in any basis.
    seed
        of the random stream.

    Raises
    ------
    ValueError
        rank < 1 or > P, shift <= 0, an indefinite inner Hessian, an inner run that diverged, or
        the step size as parameter.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.NystromInverse(rank=2, shift=0.1))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (2, 1, 1, 1)
    """

    rank: int
    shift: float
    sketch: str = "coordinates"
    seed: int = 0
    steps_matter = False
    reference = "Hataya, Yamada 2023"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "rank", natural("rank", self.rank))
        object.__setattr__(self, "shift", number("shift", self.shift, above=0))
        choice("sketch", self.sketch, KINDS)
        object.__setattr__(self, "seed", seeded("seed", self.seed))

    def estimate(self, tape: Tape) -> Derivative:
        """B (M_k + eta delta)^-1 g with M = eta H."""
        system = InnerSystem(tape)
        found = sketch(system, self.rank, self.sketch, self.seed)
        return system.estimate(found.inverse(system.g, system.step_size * self.shift))

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """k Hessian products, which serve every right-hand side, and one mixed product."""
        return {"hvps": self.rank, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}

    def filter_at(self, at: Spectral) -> Any:
        """Of an ideal sketch: 1 / (lambda + delta) on the k largest, 1 / delta below."""
        return filters.nystrom(at.lam, self.rank, self.shift)

    def filter_error_at(self, at: Spectral) -> Any:
        """delta / (lambda + delta) on the k largest, 1 - lambda / delta below."""
        return filters.nystrom_residual(at.lam, self.rank, self.shift)
