"""Inner problems whose gradient is observed with noise: exact expectations after T steps of SGD.

    w_{t+1} = w_t - eta g_t(w_t),    E g_t(w) = grad f(w),    g_t independent of the past.

E outer(w_T) is linear in the first two moments of the error, and these follow a linear recursion:
no simulation.
"""

from abc import abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Arithmetic, Array, StepSizes
from quadmeta._validate import choice, instance, natural, number, show, step_sizes, whole
from quadmeta.arithmetic.affine import Affine, signed
from quadmeta.arithmetic.exact import evaluate
from quadmeta.arithmetic.residual import factor
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.base import Problem

_REMEDIES = {
    "train": "",
    "validation": "pass a validation set (X2, y2)",
    "population": "pass truth, the w_* of the data",
}
_BLOCK = 2**17  # entries of the matrices that are decomposed at once
_REACH = 1e70  # eta^2 times the fourth moment of a feature stays far inside float64


class StochasticProblem(Problem):
    """An inner problem whose gradients are noisy, with expected losses of what SGD ends at.

    f is quadratic. "train" is f minus its floor, "population" the excess risk E (x'(w - w_*))^2
    (isotropic x: ||w - w_*||^2), and "validation" the loss ||X2 w - y2||^2 / (2 n2) on a given
    set.
    """

    outers: tuple[str, ...] = ("train",)
    """Names of the outer losses that are defined."""

    @abstractmethod
    def noisy_gradient(self, w: Array, rng: np.random.Generator) -> Array:
        """One stochastic gradient at each w (..., d), drawn independently for each path."""

    @abstractmethod
    def mean_square_limit(self) -> float:
        """eta_ms, below which SGD does not diverge.

        The second moment of the error stays bounded for every start if and only if eta < eta_ms.
        """

    @abstractmethod
    def mean_square_bounds(self) -> tuple[float, float]:
        """Elementary bounds (low, high) of ``mean_square_limit``."""

    @abstractmethod
    def _expected(self, steps: int, eta: Array, outer: str, order: int) -> Iterator[SignLog]:
        """``expected`` at step sizes (n,), in blocks."""

    @abstractmethod
    def _data(self, outer: str, exact: bool) -> tuple[Any, ...]:
        """What the recursion of an outer loss needs; derived in rational arithmetic where
        ``exact``.
        """

    @abstractmethod
    def _recursion(self, steps: int, eta: Arithmetic, data: Any, order: int) -> Any:
        """T steps of the moments in the arithmetic of ``eta`` and ``data``."""

    def expected(
        self, steps: int, step_size: StepSizes, outer: str = "train", order: int = 0
    ) -> SignLog:
        """The expected loss of w_T, E outer(w_T), or its derivative in the step size.

        Parameters
        ----------
        steps
            T >= 1, however large.
        step_size
            eta >= 0, of any shape.
        outer
            one of ``outers``.
        order
            0 for the value, 1 for its derivative.

        Returns
        -------
        SignLog
            of the shape of ``step_size``.

        Raises
        ------
        ValueError
            an outer loss that is not defined, order 2, or a step size that leaves the range of
            float64.
        """
        steps = natural("steps", steps)
        eta = step_sizes("step_size", step_size)
        self._check(outer, order)
        if eta.size and eta.max() > _REACH * self.mean_square_limit():
            raise ValueError(
                f"step_size = {eta.max():.3g} exceeds 1e70 times the mean-square limit: pass "
                "smaller ones"
            )
        parts = [*self._expected(steps, eta.ravel(), outer, order)]
        sign = np.concatenate([np.zeros(0), *(part.sign for part in parts)])
        log = np.concatenate([np.zeros(0), *(part.log for part in parts)])
        return SignLog(sign.reshape(eta.shape), log.reshape(eta.shape))

    def recursion(
        self, steps: int, step_size: Arithmetic, outer: str = "train", order: int = 0
    ) -> Any:
        """The same by its definition, T steps of the moments, at one step size.

        The arithmetic is that of the step size, a float, a Fraction or an mpf, with the data taken
        as exact; an mpf takes mpmath's precision.

        Raises
        ------
        ValueError
            as ``expected``.
        FloatingPointError
            overflow in float64.
        """
        steps = natural("steps", steps)
        remedy = "pass a step size, unit 1/eigenvalue"
        eta: Arithmetic = number("step_size", step_size, least=0.0, remedy=remedy)
        self._check(outer, order)
        kind = "float64"
        digits = 15
        if isinstance(step_size, Fraction):
            kind = "fraction"
            eta = step_size
        elif hasattr(step_size, "_mpf_"):
            import mpmath

            kind = "mpmath"
            digits = mpmath.mp.dps
            # (1,): an mpf that multiplies an array first prints the array, for an error unseen
            eta = np.array([step_size], dtype=object)

        def formula(eta: Arithmetic, data: Any) -> Any:
            return self._recursion(steps, eta, data, order)

        data = self._data(outer, kind != "float64")
        return evaluate(formula, eta, data, kind=kind, digits=digits)

    def diverges(self, step_size: StepSizes) -> Array:
        """Whether the second moment of the error grows without bound: eta >= eta_ms."""
        beyond: Array = step_sizes("step_size", step_size) >= self.mean_square_limit()
        return beyond

    def floors(self, outer: str) -> float:
        """What is left to subtract from ``expected`` before a logarithm.

        It is 0, for "train" has lost its floor already.
        """
        self._check(outer, 0)
        return 0.0

    def _check(self, outer: str, order: int) -> None:
        choice("outer", outer, _REMEDIES)
        if outer not in self.outers:
            raise ValueError(
                f"outer = {outer!r} is not defined for {self!r}: {self._remedy(outer)}"
            )
        if not whole(order) or order not in (0, 1):
            raise ValueError(
                f"order = {show(order)} must be 0 or 1: second derivatives in eta are not "
                "implemented"
            )

    def _generator(self, rng: Any) -> np.random.Generator:
        return instance("rng", rng, np.random.Generator, "numpy.random.default_rng(0)")

    def _remedy(self, outer: str) -> str:
        return _REMEDIES[outer]


class Moments(NamedTuple):
    """Coordinates in which the second moments close: v' = (I - eta L + eta^2 Q) v - 2 eta^2 C e +
    eta^2 N.

    The mean error e obeys e_i' = (1 - eta lambda_i) e_i. An outer loss is weights'v + linear'e +
    constant.
    """

    L: Array
    """(k,) diagonal of the first-order part."""
    Q: Array
    """(k, k) symmetric."""
    start: Array
    """(k,) v_0."""
    N: Array
    """(k,)"""
    eigenvalues: Array
    """(m,) lambda."""
    mean: Array
    """(m,) e_0."""
    C: Array
    """(k, m)"""

    def after(
        self, steps: int, eta: Array, order: int, weights: Array, linear: Array, constant: float
    ) -> Iterator[SignLog]:
        """The outer loss after T steps at step sizes (n,), or its derivative in eta, in blocks.

        From one eigendecomposition a step size, and for the loss itself many of them at once.
        """
        size = 1 if order else max(1, _BLOCK // self.Q.size)
        for k in range(0, len(eta), size):
            some = eta[k : k + size]
            if order:
                yield self._slope(steps, float(some[0]), weights, linear).reshape(1)
            else:
                yield self._value(steps, some, weights, linear) + constant

    def _value(self, T: int, eta: Array, weights: Array, linear: Array) -> SignLog:
        # x**2 of a float, which an array would round in another way
        square = np.array([x**2 for x in eta.tolist()])[:, None, None]
        column = eta[:, None]
        B = column[..., None] * np.diag(self.L) - square * self.Q
        affine = Affine(B, self.start, column * self._rates, square * self._drive)
        factors = signed(factor(1.0, column * self.eigenvalues))
        pull = SignLog.of(linear * self.mean)
        return affine.power(T, weights) + (pull * factors**T).sum(axis=-1)

    def _slope(self, T: int, eta: float, weights: Array, linear: Array) -> SignLog:
        B = np.diag(eta * self.L) - eta**2 * self.Q
        affine = Affine(B, self.start, eta * self._rates, eta**2 * self._drive)
        factors = signed(factor(1.0, eta * self.eigenvalues))
        pull = SignLog.of(linear * self.mean)
        dB = np.diag(self.L) - 2 * eta * self.Q
        slope = Affine(dB, 0 * self.start, self._rates, 2 * eta * self._drive)
        fall = SignLog.of(-T * self.eigenvalues) * factors ** (T - 1)
        return affine.slope(T, weights, slope) + (pull * fall).sum()

    @property
    def _rates(self) -> Array:
        """Of the noise, 0, and of the mean error, over eta: v' = (I - B) v + drive (1, (1 - eta
        lambda_i)^t)' with B = eta L - eta^2 Q.
        """
        return np.append(0.0, self.eigenvalues)

    @property
    def _drive(self) -> Array:
        """The forcing over eta^2."""
        return np.column_stack([self.N, -2 * self.C * self.mean])
