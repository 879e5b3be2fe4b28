"""The loss after T steps as a sum over modes, F = sum_i omega_i p_T(lambda_i)^2."""

from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array


class LogLoss(NamedTuple):
    """The loss F at one or many parameters, as its logarithm and derivatives relative to F.

    So nothing overflows, whatever T. In float64; derivatives in a parameter of ``shape`` () have
    the shape of the batch, those of a vector of length k have further axes (k,), and (k, k).
    Entries of a higher order than was asked for are None.
    """

    level: Any
    """log F, -inf where F = 0 (and then the others are 0)."""
    slope: Any = None
    """F' / F."""
    second: Any = None
    """F'' / F."""
    curvature: Any = None
    """(log F)'' = F''/F - (F'/F)^2."""
    root: Any = None
    """R'' / R of R = F^(1/2T): (F''/F - (1 - 1/2T) (F'/F)^2) / 2T."""


class Measure(NamedTuple):
    """The spectral measure of one task, with what every evaluation of it needs."""

    eigenvalues: Array
    """(d,)"""
    weights: Array
    """(d,) omega."""
    mass: Array
    """(d,) omega lambda."""
    low: float
    """Smallest eigenvalue."""
    high: float
    """Largest eigenvalue."""
    wide: bool
    """Whether the weights span too many decades for sums of plain products."""

    @classmethod
    def of(cls, eigenvalues: Array, weights: Array) -> "Measure":
        """From eigenvalues and weights (d,)."""
        with np.errstate(over="ignore", under="ignore"):
            mass = weights * eigenvalues
        on = weights > 0
        used = np.concatenate([weights[on], mass[on], [1.0]])
        # next to a root of its factor a mode is off by (2^-53)^2 at least, which the largest
        # weight multiplies
        far = weights.max() * 1e-15 > weights[on].min(initial=1e300)
        wide = far or not (used.min() > 1e-300 and used.max() < 1e300)
        return cls(
            eigenvalues,
            weights,
            mass,
            float(eigenvalues.min()),
            float(eigenvalues.max()),
            bool(wide),
        )
