"""Linear methods whose fixed point is not the minimiser of the inner loss."""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.differences import Differences
from quadmeta.optimizers.parts.base import Optimizer


class AffineResponse(NamedTuple):
    """w_T = P(H) w_0 + S(H) b at d eigenvalues; every number is divided by e^shift."""

    power: Array
    """P(lambda_i), shape (d,)."""
    power_slopes: Array
    """P[lambda_i, lambda_j], shape (d, d)."""
    moved: Array
    """S(lambda_i), shape (d,)."""
    slopes: Array
    """S[lambda_i, lambda_j], shape (d, d)."""
    shift: float


class AffineOptimizer(Optimizer):
    """A method of exact gradients that ends at w_T = P(H) w_0 + S(H) b on <w, H w> / 2 - <b, w>,
    with two functions P and S that need not be related.

    A method of one's own is a subclass with ``steps``, ``free`` and ``run``, in ``+ - * / **``
    alone.
    """

    def response(self, eigenvalues: Array) -> AffineResponse:
        """P and S with their divided differences at eigenvalues (d,) >= 0, with every parameter
        given.

        By the run itself on functions with their divided differences, O(T d^2), unless a closed
        form overrides it: S is w_T on lambda w^2 / 2 - w from 0, P is w_T on lambda w^2 / 2 from 1.

        Raises
        ------
        ValueError
            a parameter that is free.
        """
        theta = self.given
        at = Differences.identity(eigenvalues)
        *_, moved = self.run(lambda w: at * w - 1, at.constant(0.0), theta)
        *_, power = self.run(lambda w: at * w, at.constant(1.0), theta)
        top = max(moved.exponent, power.exponent)
        return AffineResponse(
            np.ldexp(power.left, power.exponent - top),
            np.ldexp(power.between, power.exponent - top),
            np.ldexp(moved.left, moved.exponent - top),
            np.ldexp(moved.between, moved.exponent - top),
            top * float(np.log(2)),
        )
