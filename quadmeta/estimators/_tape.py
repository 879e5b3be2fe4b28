"""One unrolled run of gradient descent, seen by an estimator through products only, and counted as it is spent.

    state      w_{t+1} = w_t - eta H w_t                      (w stands for w - w_*, in eigen-coordinates)
    A(t, v)    (d w_{t+1} / d w_t)' v = v - eta H v           one Hessian-vector product
    B(t, v)    (d w_{t+1} / d eta)' v = -<H w_t, v>           one mixed product
    outer      d objective / d w_T = chain(F) H w_T           one outer gradient

Operations run in a chosen dtype and in one fixed order, so that where they overflow or underflow is a function of the
numbers alone. A *renormalised* tape divides each new state by a power of two, 2^k_t: that is exact, k_t is locally
constant, and an objective that is log F up to constants only gains the constant 2 log 2 sum_t k_t; A and B then carry
the factor 2^-k_t, and the same estimator gives the same derivative without ever leaving the range of the format.
"""
from collections.abc import Iterator
from typing import Any

import numpy as np

from quadmeta._registry import unknown
from quadmeta._validate import step_sizes
from quadmeta.objectives._base import Objective

Array = Any
DTYPES = ("float16", "float32", "float64", "mpmath")


class Tape:
    """Products of one run per step size (or per task and step size), with what they cost in ``counts``.

    An estimator may leave what else it learned in ``notes``.
    """

    def __init__(self, objective: Objective, theta: Array, dtype: str = "float64", renormalised: bool = False) -> None:
        """Args as for ``hypergradient``; mpmath works at the precision of the surrounding context."""
        if dtype not in DTYPES:
            raise ValueError(unknown("dtype", dtype, DTYPES))
        modes = objective.problem.modes()
        if objective.pooled and modes.eigenvalues.ndim > 1:
            raise ValueError(f"problem has {modes.eigenvalues[..., 0].size} pooled tasks, a tape runs each on its own: "
                             "pass an objective with pooled=False")
        if renormalised and (dtype == "mpmath" or not objective.logarithmic):
            raise ValueError("a renormalised tape needs a float dtype and a logarithm of the loss: use LogObjective "
                             "(F' = T F G') and float16, float32 or float64")
        self.objective, self.theta, self.renormalised = objective, step_sizes("step_size", theta), renormalised
        self.steps = objective.optimizer.steps
        shape = np.broadcast_shapes(self.theta.shape, modes.eigenvalues.shape[:-1])
        self.eigenvalues, self.start = self._cast(modes.eigenvalues, dtype), self._cast(modes.error, dtype)
        self.eta = self._cast(np.broadcast_to(self.theta, shape), dtype)[..., None]
        self.start = np.broadcast_to(self.start, (*shape, self.start.shape[-1]))
        self.counts = {"hvps": 0, "mixed": 0, "outer_gradients": 0, "stored_vectors": 0}
        self.notes: dict[str, Any] = {}
        self._states: dict[int, Array] = {}
        self._shifts: dict[int, Array] = {}

    @staticmethod
    def _cast(x: Array, dtype: str) -> Array:
        if dtype != "mpmath":
            with np.errstate(over="ignore"):
                return np.asarray(x).astype(dtype)
        import mpmath
        return np.vectorize(mpmath.mpf, otypes=[object])(x)

    def stream(self) -> Iterator[int]:
        """t = 0..T-1, forgetting each state once the next is asked for; afterwards w_T is there."""
        self.counts["stored_vectors"] = max(self.counts["stored_vectors"], 1)
        self._states = {0: self._rescale(self.start)[0]}
        for t in range(self.steps):
            yield t
            self._step(t)
            del self._states[t]

    def record(self) -> None:
        """Run all T steps and keep w_0..w_T: T stored vectors beyond the current one."""
        self.counts["stored_vectors"] = max(self.counts["stored_vectors"], self.steps)
        self._states = {0: self._rescale(self.start)[0]}
        for t in range(self.steps):
            self._step(t)

    def _step(self, t: int) -> None:
        w = self._states[t]
        self._states[t + 1], self._shifts[t] = self._rescale(w - self.eta * (self.eigenvalues * w))

    def _rescale(self, w: Array) -> tuple[Array, Array]:
        if not self.renormalised:
            return w, None
        k = np.frexp(np.abs(w).max(axis=-1, keepdims=True))[1]
        return np.ldexp(w, -k), -k

    def state(self, t: int) -> Array:
        """w_t - w_* in eigen-coordinates (times a power of two on a renormalised tape)."""
        return self._states[t]

    def loss(self) -> Array:
        """F at w_T, in the dtype of the tape: sum(lambda * (w * w)) / 2."""
        w = self._states[self.steps]
        return (self.eigenvalues * (w * w)).sum(axis=-1) / 2

    def outer_gradient(self) -> Array:
        """chain(F) * (lambda * w_T)."""
        self.counts["outer_gradients"] += 1
        scale = self.objective.chain(self.loss())
        return np.asarray(scale)[..., None] * (self.eigenvalues * self._states[self.steps])

    def pull(self, t: int, v: Array) -> Array:
        """v as a cotangent of the unscaled w_{t+1}: times 2^-k_t on a renormalised tape, else v itself."""
        return np.ldexp(v, self._shifts[t]) if self.renormalised else v

    def A(self, t: int, v: Array) -> Array:
        """v - lambda * (eta * v): the transposed Jacobian of step t, symmetric here, so it also pushes tangents."""
        self.counts["hvps"] += 1
        v = self.pull(t, v)
        return v - self.eigenvalues * (self.eta * v)

    def B(self, t: int, v: Array) -> Array:
        """-sum(v * (lambda * w_t))."""
        self.counts["mixed"] += 1
        return -(self.pull(t, v) * (self.eigenvalues * self._states[t])).sum(axis=-1)

    def tangent(self, t: int) -> Array:
        """d w_{t+1} / d eta at fixed w_t, the column that B contracts: -lambda * w_t."""
        self.counts["mixed"] += 1
        return -self.pull(t, self.eigenvalues * self._states[t])

    def closed_form(self) -> Array:
        """The objective's exact derivative, for the reference estimator."""
        return self.objective.gradient(self.theta)
