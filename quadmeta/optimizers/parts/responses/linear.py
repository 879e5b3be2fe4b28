"""What T steps of a linear method make of a constant gradient, and its divided differences.

    w_T = w_0 - S(H) (H w_0 - b),   S(lambda) = (1 - p_T(lambda)) / lambda,
    d S(H) / d alpha = Q (S[lambda_i, lambda_j] o Q' (dH / d alpha) Q) Q'

S is a polynomial, so that neither a minimiser nor an inverse enters (Daleckii and Krein).
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.differences import Differences


class Response(NamedTuple):
    """p_T and S at d eigenvalues; every number is divided by e^shift, so that runs that diverge do
    not overflow.
    """

    power: Array
    """p_T(lambda_i), shape (d,): d w_T / d w_0."""
    moved: Array
    """S(lambda_i), shape (d,)."""
    slopes: Array
    """S[lambda_i, lambda_j], shape (d, d), with S' on the diagonal."""
    shift: float


class Given(Protocol):
    """What is asked of an optimizer."""

    @property
    def given(self) -> Any:
        """theta for ``run``."""

    def along(self, eigenvalues: Any, theta: Any, force: Any = None) -> Callable[[Any], Any]:
        """What a run follows on lambda w^2 / 2 - force w."""

    def run(self, gradient: Callable[[Any], Any], start: Any, theta: Any) -> Iterator[Any]:
        """w_0, ..., w_T."""


def response_of_run(optimizer: Given, lam: Array) -> Response:
    """The response by definition, O(T d^2): the run itself, on functions with their differences.

    S is w_T on f(w) = lambda w^2 / 2 - w from w_0 = 0, and p_T is w_T on lambda w^2 / 2 from 1.
    """
    theta = optimizer.given
    at = Differences.identity(lam)
    *_, moved = optimizer.run(optimizer.along(at, theta, force=1), at.constant(0.0), theta)
    alone = Differences.identity(lam, lam[:0])
    *_, power = optimizer.run(optimizer.along(alone, theta), alone.constant(1.0), theta)
    top = max(moved.exponent, power.exponent)
    return Response(
        np.ldexp(power.left, power.exponent - top),
        np.ldexp(moved.left, moved.exponent - top),
        np.ldexp(moved.between, moved.exponent - top),
        top * math.log(2),
    )
