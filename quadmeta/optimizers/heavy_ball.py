"""Heavy ball (Polyak's momentum): z_{t+1} = (1 + beta - eta lambda) z_t - beta z_{t-1} for each
eigenvalue.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Floats, Ring
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.expansion import products, total
from quadmeta.arithmetic.residual import two_sum
from quadmeta.optimizers.parts.linear_transition import LinearStep, LinearTransition
from quadmeta.optimizers.parts.momentum import Momentum


@dataclass(frozen=True, repr=False)
class HeavyBall(Momentum):
    """w_{t+1} = w_t - eta grad f(w_t) + beta (w_t - w_{t-1}), w_{-1} = w_0, for t < T = ``steps``.

    Of ``step_size`` eta > 0 (unit 1/lambda) and ``momentum`` 0 <= beta < 1, those left out are
    tuned; with both left out theta = (eta, beta). Source: Polyak 1964.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range.

    Examples
    --------
    The best step size at a given momentum:

    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 4.0], weights=[1.0, 1.0])
    >>> G = qm.LogObjective(problem, qm.HeavyBall(steps=10, momentum=0.25))
    >>> round(G.minimizer(), 6)
    0.551742
    """

    @property
    def fold(self) -> int:
        """1 - cos phi is linear in lambda: it is twice the square of sin(phi / 2)."""
        return 2

    def step(
        self,
        gradient: Callable[[Any], Any],
        w: Arithmetic,
        before: Arithmetic,
        eta: Arithmetic,
        beta: Arithmetic,
    ) -> Any:
        """w_t - eta grad f(w_t) + beta (w_t - w_{t-1})."""
        return w - eta * gradient(w) + beta * (w - before)

    def transition(self) -> LinearTransition:
        """On (w_t, w_{t-1})."""
        eta, beta = self._pair(self.given, 1.0)
        step = LinearStep(((1 + beta, -beta), (1, 0)), (-eta, 0))
        return LinearTransition(step, rest=(1, 1), step_size=eta)

    def coefficients(self, x: Ring, beta: Ring) -> tuple[Any, Any]:
        """h = 1 + beta - eta lambda, b = beta."""
        return (1 - x) + beta, beta

    def tilt(self, x: Ring, beta: Ring) -> Any:
        """g = (1 - beta) - eta lambda."""
        return (1 - beta) - x

    def gap(self, x: DoubleDouble, beta: Floats) -> DoubleDouble:
        """h^2 - 4 b = (1 - beta)^2 - 2 (1 + beta) x + x^2."""
        pair = (x.hi, x.lo)
        rest = two_sum(1.0, -beta)
        return total(
            [
                *products(rest, rest),
                -2 * x.hi,
                -2 * x.lo,
                *products((-2 * beta,), pair),
                *products(pair, pair),
            ]
        )

    def spread(self, x: Array, beta: Floats, dx: Floats, dbeta: Floats) -> tuple[Floats, Floats]:
        """|dh| <= |dx| + |dbeta|, |db| <= |dbeta|."""
        return dx + dbeta, dbeta + 0 * dx

    def growth(self, x: Array, beta: Floats) -> Array:
        """(x - 1 - beta) - beta."""
        return x - 1 - 2 * beta

    def limit(self, beta: Floats) -> Any:
        """2 (1 + beta)."""
        return 2 * (1 + beta)

    def unfold(self, X: Array, S: Array) -> tuple[Array, Array]:
        """sqrt S = sinh(tau / 2), eta = 4 r X with r = e^-tau, beta = r^2."""
        r = np.exp(-2 * np.arcsinh(np.sqrt(S)))
        return 4 * r * X, r * r
