"""Implicit differentiation with the diagonal of the Hessian for the Hessian."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import natural, seeded
from quadmeta.estimators.parts.base import Estimator
from quadmeta.estimators.parts.inner_system import InnerSystem
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class DiagonalInverse(Estimator):
    """Implicit differentiation with D^-1 for the inverse Hessian, D its diagonal: a step of
    Jacobi's method.

    The diagonal takes P products with unit vectors, or ``probes`` products with random signs z,
    whose mean of z * (H z) is D on average. It is exact if H is diagonal, and no function of H
    otherwise, so that it has no filter.

    Parameters
    ----------
    probes
        number of random vectors, >= 1; None for the true diagonal.
    seed
        of the random stream.

    Raises
    ------
    ValueError
        probes < 1, an entry of the diagonal that is not positive (few probes make such ones), an
        inner run that diverged, or the step size as parameter.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.DiagonalInverse())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (3, 1, 1, 1)
    """

    probes: int | None = None
    seed: int = 0
    steps_matter = False
    reference = "Bekas, Kokiopoulou, Saad 2007 (probes); Jacobi"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.probes is not None:
            object.__setattr__(self, "probes", natural("probes", self.probes))
        object.__setattr__(self, "seed", seeded("seed", self.seed))

    def estimate(self, tape: Tape) -> Derivative:
        """B (g / d) with d the diagonal of M = eta H."""
        system = InnerSystem(tape)
        d = self._diagonal(system)
        if not (d > 0).all():
            remedy = "take more probes, or None for the true diagonal"
            if self.probes is None:
                remedy = "train to a minimum, or add a ridge"
            raise ValueError(
                f"probes = {self.probes} find the entry {d.min():.3g} in eta times the diagonal of "
                f"the inner Hessian, it must be > 0: {remedy}"
            )
        return system.estimate(system.g / d)

    def _diagonal(self, system: InnerSystem) -> Array:
        """diag(M), or the mean of z * (M z)."""
        P = len(system.g)
        if self.probes is None:
            return np.diagonal(system.times(np.eye(P)))
        rng = np.random.default_rng(self.seed)
        signs = rng.choice([-1.0, 1.0], size=(self.probes, P))
        found: Array = (signs * system.times(signs)).mean(axis=0)
        return found

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """P Hessian products, or one a probe, and one mixed product."""
        hvps = P
        if self.probes is not None:
            hvps = self.probes
        return {"hvps": hvps, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}
