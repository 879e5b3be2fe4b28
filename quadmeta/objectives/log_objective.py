"""The log meta-objective G(eta) = log(f(w_T) - floor) / T."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import plain
from quadmeta.objectives.parts.base import Value
from quadmeta.objectives.parts.log import chain, compose, transform
from quadmeta.objectives.parts.polynomial import PolynomialLoss
from quadmeta.objectives.parts.transformed import TransformedObjective
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.parts.base import LogLoss, OneTask


@dataclass(frozen=True, eq=False, repr=False)
class LogObjective(TransformedObjective):
    """The logarithm of the inner loss after T steps, divided by T, as a function of the step size.

    G = log F / T, G' = -2 E_pi[u], G'' = (4T - 2) Var_pi(u) - G'^2 / 2 with u = lambda / a, in
    float64.

    |G'| stays bounded in T; one stationary point, quasi-convex, never convex. Several tasks: the
    log of the mean. Source: Wang, Yuan, Wu, Ge 2021, Theorem 4.

    Raises
    ------
    ValueError
        zero initial error, or one distinct active eigenvalue (G has a pole at 1/L).

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> objective = qm.LogObjective(problem, qm.GradientDescent(steps=10))
    >>> round(objective.minimizer(), 6)
    1.317321
    """

    logarithmic = True

    def transform(self, loss: LogLoss, order: int) -> Value:
        """G, G' or G''."""
        return transform(loss, self.optimizer.steps, order)

    @cached_property
    def _one_task(self) -> OneTask | None:
        """The only task of a loss that is not overridden, where it has a short form."""
        own = type(self).log_loss is TransformedObjective.log_loss
        if own and isinstance(self.source, PolynomialLoss):
            return self.source.one_task
        return None

    def gradient(self, theta: Numbers) -> Value:
        """d/d theta of the objective: the exact meta-gradient, shape of ``theta``."""
        if isinstance(theta, float) and self._one_task is not None:
            slope = self._one_task.slope(float(theta))
            if slope is not None:
                return plain(self.transform(LogLoss(None, slope), 1))
        return super().gradient(theta)

    def chain(self, loss: Array) -> Value:
        """(1/T) / F, in this order of operations."""
        return chain(loss, self.optimizer.steps)

    def compose(self, derivatives: tuple[Array, ...]) -> Value:
        """log F / T, F' / (T F), F'' / (T F) - T (F' / (T F))^2."""
        return compose(derivatives, self.optimizer.steps)

    def scan(self, theta: Numbers) -> tuple[Array, Array]:
        """(G, G') by a short kernel, to draw or to search on a grid: several times faster than the
        two calls.

        With gradient descent and schedules the rounding of a = 1 - eta lambda counts T times: in
        the mean over pi the error of G is below 20 eps (1 + |G| + E 1/|a| + |log max|a||), that of
        G' below 20 T eps E[|u| (1 + 1/|a|)]. Next to the minimum, where G' is far below E|u|, take
        ``gradient``. On a grid the modes whose terms are rounding are left out, so that long runs
        take the least time.

        Other optimizers, and gradient descent where the kernel would leave few digits (T above
        1e13 max|a|, weights of 280 decades): as the two calls.
        """
        if not isinstance(self.source, PolynomialLoss):
            return self.value_and_gradient(theta)
        loss = self.source.short_log_loss(theta)
        return plain(self.transform(loss, 0)), plain(self.transform(loss, 1))

    def gradient_bound(self) -> Value:
        """B with |G'(eta)| <= B for every real eta: B = 2 N / R(eta*_T), N = (sum_i omega_i
        lambda_i^(2T))^(1/2T).

        By Hoelder, |sum omega lambda a^(2T-1)| <= N (sum omega a^(2T))^(1 - 1/2T), and R >=
        R(eta*). As T grows B and sup |G'| have the same limit, 2 L (L + mu) / (L - mu); at T = 1,
        B = 2 sup |G'|.

        Raises
        ------
        ValueError
            another optimizer than gradient descent (with momentum no such bound holds for every
            T).
        """
        if not isinstance(self.optimizer, GradientDescent):
            raise ValueError(f"{self.optimizer!r} has no such bound: it holds for GradientDescent")
        T = self.optimizer.steps
        lam, omega = self.source.spectrum
        k = self.source.exponent
        with np.errstate(divide="ignore"):
            terms = np.log(omega) + k * np.log(2) + 2 * T * np.log(lam)
        norm = np.logaddexp.reduce(terms, axis=-1) / (2 * T)
        return plain(2 * np.exp(norm - self(self.minimizer()) / 2))
