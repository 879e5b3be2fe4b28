"""The run of gradient descent on a quadratic with its step size as parameter, in a chosen
floating-point format.

    state      w_{t+1} = w_t - eta H w_t                      (w stands for w - w_*, in
        eigen-coordinates)
    A(t, v)    v - lambda * (eta * v)
    B(t, v)    -sum(v * (lambda * w_t))
    outer      chain(F) * (lambda * w_T),  F = sum(lambda * (w_T * w_T)) / 2

Operations run in one fixed order, so that where they overflow or underflow is a function of the
numbers alone. A *renormalised* tape divides each new state by a power of two, 2^k_t: that is
exact, k_t is locally constant, and an objective that is log F up to constants only gains the
constant 2 log 2 sum_t k_t; A and B then carry the factor 2^-k_t, and the same estimator gives the
same derivative without ever leaving the range of the format.
"""

from typing import Any

import numpy as np

from quadmeta._validate import choice, step_sizes
from quadmeta.estimators.parts.tape import Tape
from quadmeta.objectives.parts.base import Objective
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.parts.base import QuadraticProblem

Array = Any
DTYPES = ("float16", "float32", "float64", "mpmath")


class StepSizeTape(Tape):
    """One run per step size (or per task and step size)."""

    step_size_is_tuned = True
    width = 1

    def __init__(
        self, objective: Objective, theta: Array, dtype: str = "float64", renormalised: bool = False
    ) -> None:
        """Args as for ``hypergradient``; mpmath works at the precision of the surrounding context."""
        super().__init__()
        choice("dtype", dtype, DTYPES)
        if objective.outer != "train":
            raise ValueError(
                f"{type(objective).__name__} scores w_T by another loss than the inner one, a "
                "tape of the "
                "step size knows the inner one: use its own gradient"
            )
        if not isinstance(objective.problem, QuadraticProblem) or not isinstance(
            objective.optimizer, GradientDescent
        ):
            raise ValueError(
                f"a tape unrolls GradientDescent without noise, not {objective.optimizer!r}: use "
                "the "
                "objective's own gradient"
            )
        modes = objective.problem.modes()
        if objective.pooled and modes.eigenvalues.ndim > 1:
            raise ValueError(
                f"problem has {modes.eigenvalues[..., 0].size} pooled tasks, a tape runs each on "
                "its own: "
                "pass an objective with pooled=False"
            )
        if renormalised and (dtype == "mpmath" or not objective.logarithmic):
            raise ValueError(
                "a renormalised tape needs a float dtype and a logarithm of the loss: use "
                "LogObjective "
                "(F' = T F G') and float16, float32 or float64"
            )
        self.objective = objective
        self.theta = step_sizes("step_size", theta)
        self.renormalised = renormalised
        self.steps = objective.optimizer.steps
        shape = np.broadcast_shapes(self.theta.shape, modes.eigenvalues.shape[:-1])
        self.eigenvalues = self._cast(modes.eigenvalues, dtype)
        start = self._cast(modes.error, dtype)
        self.eta = self._cast(np.broadcast_to(self.theta, shape), dtype)[..., None]
        self.start = np.broadcast_to(start, (*shape, start.shape[-1]))
        self._shifts: dict[int, Array] = {}

    @staticmethod
    def _cast(x: Array, dtype: str) -> Array:
        if dtype != "mpmath":
            with np.errstate(over="ignore"):
                return np.asarray(x).astype(dtype)
        import mpmath

        return np.vectorize(mpmath.mpf, otypes=[object])(x)

    def _first(self) -> Array:
        return self._rescale(self.start)[0]

    def _step(self, t: int) -> None:
        w = self._states[t]
        self._states[t + 1], self._shifts[t] = self._rescale(w - self.eta * (self.eigenvalues * w))

    def _rescale(self, w: Array) -> tuple[Array, Array]:
        if not self.renormalised:
            return w, None
        k = np.frexp(np.abs(w).max(axis=-1, keepdims=True))[1]
        return np.ldexp(w, -k), -k

    def _pull(self, t: int, v: Array) -> Array:
        """v as a cotangent of the unscaled w_{t+1}: times 2^-k_t on a renormalised tape, else v
        itself.
        """
        if self.renormalised:
            return np.ldexp(v, self._shifts[t])
        return v

    def _transposed(self, t: int, v: Array, w: Array) -> Array:
        v = self._pull(t, v)
        return v - self.eigenvalues * (self.eta * v)

    def _contracted(self, t: int, v: Array, w: Array) -> Array:
        return -(self._pull(t, v) * (self.eigenvalues * w)).sum(axis=-1)

    def _columns(self, t: int) -> Array:
        return -self._pull(t, self.eigenvalues * self._states[t])

    def _outer(self, t: int) -> Array:
        w = self._states[t]
        scale = self.objective.chain((self.eigenvalues * (w * w)).sum(axis=-1) / 2)
        return np.asarray(scale)[..., None] * (self.eigenvalues * w)

    def closed_form(self) -> Array:
        """The objective's exact derivative."""
        return self.objective.gradient(self.theta)
