"""What an inner problem is: a gradient and a Hessian product, and, where it is quadratic, its
modes.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import shaped
from quadmeta.arithmetic.container import Container
from quadmeta.problems.parts.scale import unscaled


@dataclass(frozen=True, eq=False)
class Modes:
    """All that crosses from a quadratic problem to an optimizer; leading axes are tasks, weight 0
    marks inactive modes.

    f(w) - floor = sum_i lambda_i e_i^2 / 2 with e = Q'(w - w_*).
    """

    eigenvalues: Array
    """(..., d) Hessian eigenvalues lambda > 0."""
    error: Array
    """(..., d) initial error e_0 = Q'(w_0 - w_*), signed."""
    weights: Array
    """(..., d) spectral weights omega = lambda e_0^2 / 2 in units of 2^exponent; they sum to
    f(w_0) - floor.
    """
    given: bool = False
    """Whether the weights are the data and the error is derived from them."""
    exponent: int = 0
    """0, unless a weight comes near an end of float64."""

    @property
    def unscaled(self) -> Array:
        """(..., d) omega itself.

        Raises
        ------
        ValueError
            float64 does not hold one of them.
        """
        omega: Array = unscaled(self.weights, self.exponent)
        return omega


class Problem(ABC):
    """An inner problem min_w f(w), started at ``start``."""

    @property
    @abstractmethod
    def start(self) -> Array:
        """w_0, shape (..., d)."""

    floor: Array | float
    """min f, subtracted before any logarithm."""

    @abstractmethod
    def loss(self, w: Array) -> Array:
        """f(w) of each task, for w of shape (..., d)."""

    @abstractmethod
    def gradient(self, w: Array) -> Array:
        """grad f(w), shape (..., d)."""

    @abstractmethod
    def hvp(self, w: Array, v: Array) -> Array:
        """Hessian of f at w times v, shape (..., d)."""


class QuadraticProblem(Problem):
    """f(w) = floor + (w - w_*)' H (w - w_*) / 2."""

    @abstractmethod
    def modes(self) -> Modes:
        """Eigenvalues and initial error in eigen-coordinates."""


def point(name: str, value: Array, d: int) -> Array:
    """A point (..., d) at which a function is asked for.

    Arrays of floats of this shape pass as they are, whatever their entries: loops call this, and
    may diverge.
    """
    if type(value) is np.ndarray and value.dtype.kind == "f" and value.shape[-1:] == (d,):
        return value
    if isinstance(value, Container):
        return value
    array = shaped(name, value, (..., d), f"(..., {d}), one entry a coordinate")
    # fractions and mpf stay exact
    if type(value) is np.ndarray and value.dtype == object:
        return value
    return array


def apply(matrix: Array, vector: Array) -> Array:
    """Matrices (..., m, n) times vectors (..., n)."""
    product: Array = matrix @ vector[..., None]
    return product[..., 0]
