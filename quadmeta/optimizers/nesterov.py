"""Nesterov's momentum: z_{t+1} = (1 - eta lambda) ((1 + beta) z_t - beta z_{t-1}) for each
eigenvalue.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Floats, Ring
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.expansion import products, total
from quadmeta.arithmetic.residual import two_product, two_sum
from quadmeta.optimizers.parts.linear_transition import LinearStep, LinearTransition
from quadmeta.optimizers.parts.momentum import Momentum


@dataclass(frozen=True, repr=False)
class Nesterov(Momentum):
    """y = w_t + beta (w_t - w_{t-1}), w_{t+1} = y - eta grad f(y), w_{-1} = w_0, for t < T =
    ``steps``.

    Of ``step_size`` eta > 0 (unit 1/lambda) and ``momentum`` 0 <= beta < 1, those left out are
    tuned; with both left out theta = (eta, beta). Source: Nesterov 1983, with constant momentum.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range.

    Examples
    --------
    The best momentum at a given step size:

    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 4.0], weights=[1.0, 1.0])
    >>> G = qm.LogObjective(problem, qm.Nesterov(steps=10, step_size=0.3))
    >>> round(G.minimizer(), 6)
    0.334443
    """

    @property
    def fold(self) -> int:
        """cos^2 phi = (1 - eta lambda) cosh^2 tau: the square of the sine of phi is linear."""
        return 1

    def step(
        self,
        gradient: Callable[[Any], Any],
        w: Arithmetic,
        before: Arithmetic,
        eta: Arithmetic,
        beta: Arithmetic,
    ) -> Any:
        """y - eta grad f(y) with y = w_t + beta (w_t - w_{t-1})."""
        y = w + beta * (w - before)
        return y - eta * gradient(y)

    def transition(self) -> LinearTransition:
        """On (w_t, w_{t-1}), with the gradient at w_t + beta (w_t - w_{t-1})."""
        eta, beta = self._pair(self.given, 1.0)
        ahead = (1 + beta, -beta)
        step = LinearStep((ahead, (1, 0)), (-eta, 0), ahead)
        return LinearTransition(step, rest=(1, 1), step_size=eta)

    def coefficients(self, x: Ring, beta: Ring) -> tuple[Any, Any]:
        """h = (1 + beta) (1 - eta lambda), b = beta (1 - eta lambda)."""
        a = 1 - x
        return a + beta * a, beta * a

    def tilt(self, x: Ring, beta: Ring) -> Any:
        """g = (1 - beta) (1 - eta lambda)."""
        return (1 - beta) * (1 - x)

    def gap(self, x: DoubleDouble, beta: Floats) -> DoubleDouble:
        """h^2 - 4 b = (1 - x) ((1 - beta)^2 - (1 + beta)^2 x)."""
        pair = (x.hi, x.lo)
        rest = two_sum(1.0, -beta)
        square = two_product(beta, beta)
        second = total(
            [
                *products(rest, rest),
                -x.hi,
                -x.lo,
                *products((-2 * beta,), pair),
                *products(square, (-x.hi, -x.lo)),
            ]
        )
        return (1 - x) * second

    def spread(self, x: Array, beta: Floats, dx: Floats, dbeta: Floats) -> tuple[Floats, Floats]:
        """Of h = (1 + beta) a and b = beta a, a = 1 - x, with the term of second order."""
        a = np.abs(1 - x)
        return (1 + beta) * dx + a * dbeta + dx * dbeta, beta * dx + a * dbeta + dx * dbeta

    def growth(self, x: Array, beta: Floats) -> Array:
        """(1 + beta) (x - 1) - beta (x - 1)."""
        return x - 1 + 0 * beta

    def limit(self, beta: Floats) -> Any:
        """2 (1 + beta) / (1 + 2 beta)."""
        return 2 * (1 + beta) / (1 + 2 * beta)

    def unfold(self, X: Array, S: Array) -> tuple[Array, Array]:
        """sqrt S = sinh tau, eta = X / cosh^2 tau, beta = e^(-2 tau)."""
        return X / (1 + S), np.exp(-2 * np.arcsinh(np.sqrt(S)))
