"""Implicit differentiation with Chebyshev's method for the inverse Hessian."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import natural, number
from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.inner_system import InnerSystem
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters
from quadmeta.theory.filters.krylov import interval, semi_iteration


@dataclass(frozen=True)
class ChebyshevInverse(Estimator):
    """Implicit differentiation at w_T by Chebyshev's method on a ``budget`` of N products.

    Its relative error is at most 1 / T_N((M + m) / (M - m)) in every direction, T_N the Chebyshev
    polynomial, if the spectrum of H(w_T) lies in [m, M]. No method of N products has a smaller
    bound on all such spectra. N - 1 are Hessian products, and the last is the mixed product.

    Parameters
    ----------
    budget
        N >= 1; N = 1 is one step of size 2 / (m + M).
    low, high
        bounds 0 < m < M of the spectrum, both or neither. Neither: the extreme eigenvalues, where
        the tape knows them, as on every quadratic.

    Raises
    ------
    ValueError
        budget < 1, bounds that are no interval or do not hold a spectrum that is known, no bounds
        where none is known, an inner run that diverged, or the step size as parameter.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.ChebyshevInverse(budget=8))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (7, 1, 1, 1)
    """

    budget: int
    low: float | None = None
    high: float | None = None
    steps_matter = False
    reference = "Golub, Varga 1961; derived: no method is better"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "budget", natural("budget", self.budget))
        if self.low is None and self.high is None:
            return
        if self.low is None or self.high is None:
            raise ValueError(
                f"low = {self.low!r} and high = {self.high!r}: pass both bounds of the spectrum, "
                "or neither where the problem knows them"
            )
        object.__setattr__(self, "low", number("low", self.low, above=0))
        object.__setattr__(self, "high", number("high", self.high, above=0))
        interval(self.low, self.high)

    def estimate(self, tape: Tape) -> Derivative:
        """B x with x from N - 1 products of M = eta H."""
        system = InnerSystem(tape)
        low, high = self._bounds(system.curvatures())
        eta = system.step_size
        x, _, _ = semi_iteration(system.times, system.g, eta * low, eta * high, self.budget)
        return system.estimate_of_solution(x)

    def _bounds(self, known: tuple[float, float] | None) -> tuple[float, float]:
        """The given bounds, which hold the spectrum; else the extreme eigenvalues."""
        if self.low is not None and self.high is not None:
            if known is None:
                return self.low, self.high
            slack = 1e-12 * known[1]
            if self.low > known[0] + slack or self.high < known[1] - slack:
                raise ValueError(
                    f"low = {self.low:.6g} and high = {self.high:.6g} do not hold the spectrum of "
                    f"the inner Hessian, [{known[0]:.6g}, {known[1]:.6g}]: pass wider bounds, or "
                    "none"
                )
            return self.low, self.high
        if known is None:
            raise ValueError(
                "low and high are not given, and the tape does not know the spectrum of the inner "
                "Hessian: pass bounds of it"
            )
        if not known[0] > 1e-14 * known[1]:
            raise ValueError(
                f"the inner Hessian is singular to rounding (eigenvalues from {known[0]:.3g} to "
                f"{known[1]:.3g}): add a ridge, or use Reverse, whose derivative exists"
            )
        return known

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """N products."""
        return {"hvps": self.budget - 1, "mixed": 1, "outer_gradients": 1, "stored_vectors": 1}

    def filter_at(self, at: Spectral) -> Any:
        """(1 - T_N(x) / T_N(sigma)) / lambda; without bounds those of the given spectrum."""
        return filters.chebyshev(at.lam, *self._interval(at), self.budget)

    def filter_error_at(self, at: Spectral) -> Any:
        """T_N(x) / T_N(sigma)."""
        return filters.chebyshev_residual(at.lam, *self._interval(at), self.budget)

    def _interval(self, at: Spectral) -> tuple[Any, Any]:
        """The given bounds, else the ends of the spectrum that the filter is asked for."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        values = np.ravel(at.lam)
        return min(values), max(values)
