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

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from quadmeta._types import Array, StepSizes
from quadmeta._validate import choice, step_sizes
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.tape import Tape
from quadmeta.problems.parts.base import Modes

DTYPES = ("float16", "float32", "float64", "mpmath")
Chain: TypeAlias = Callable[[Array], Array]


class StepSizeTape(Tape):
    """One run per step size (or per task and step size); a state is its weights.

    Parameters
    ----------
    modes
        eigenvalues and initial error (..., d) of a quadratic problem, leading axes are tasks.
    steps
        T.
    theta
        step sizes >= 0, of a shape that broadcasts against the tasks.
    chain
        derivative of the objective with respect to the loss F, in the arithmetic of F.
    exact
        the exact derivative of the objective at ``theta``.
    dtype
        "float16", "float32", "float64" or "mpmath", at the precision of the surrounding context.
    renormalised
        divide each state by a power of two, for objectives that are a logarithm of F.
    """

    step_size_is_tuned = True

    def __init__(
        self,
        modes: Modes,
        steps: int,
        theta: StepSizes,
        chain: Chain,
        exact: Callable[[], Array | SignLog],
        dtype: str = "float64",
        renormalised: bool = False,
    ) -> None:
        super().__init__(steps=steps, width=1)
        choice("dtype", dtype, DTYPES)
        self.theta = step_sizes("step_size", theta)
        self.renormalised = renormalised
        self._chain = chain
        self._exact = exact
        shape = np.broadcast_shapes(self.theta.shape, modes.eigenvalues.shape[:-1])
        self.eigenvalues = _cast(modes.eigenvalues, dtype)
        error = _cast(modes.error, dtype)
        self.step_size = _cast(np.broadcast_to(self.theta, shape), dtype)[..., None]
        self.error = np.broadcast_to(error, (*shape, error.shape[-1]))
        self._shifts: dict[int, Array] = {}

    def initial_state(self) -> Array:
        """w_0 - w_*, in eigen-coordinates."""
        return self._rescaled(self.error)[0]

    def next_state(self, t: int, state: Array) -> Array:
        """w - eta (lambda w), rescaled on a renormalised tape."""
        moved = state - self.step_size * (self.eigenvalues * state)
        following, self._shifts[t] = self._rescaled(moved)
        return following

    def _rescaled(self, w: Array) -> tuple[Array, Any]:
        """(w 2^k, k) with a largest entry in [1/2, 1), one k a run; (w, None) on a plain tape."""
        if not self.renormalised:
            return w, None
        k = np.frexp(np.abs(w).max(axis=-1, keepdims=True))[1]
        return np.ldexp(w, -k), -k

    def _pulled(self, t: int, v: Array) -> Array:
        """v as a cotangent of the unscaled w_{t+1}: times 2^-k_t on a renormalised tape, else v
        itself.
        """
        if self.renormalised:
            return np.ldexp(v, self._shifts[t])
        return v

    def state_product(self, t: int, v: Array, state: Array) -> Array:
        """v - lambda (eta v)."""
        v = self._pulled(t, v)
        product: Array = v - self.eigenvalues * (self.step_size * v)
        return product

    def parameter_product(self, t: int, v: Array, state: Array) -> Array:
        """-sum v (lambda w)."""
        product: Array = -(self._pulled(t, v) * (self.eigenvalues * state)).sum(axis=-1)
        return product

    def loss_gradient(self, state: Array) -> Array:
        """chain(F) (lambda w) with F = sum lambda w^2 / 2."""
        loss = (self.eigenvalues * (state * state)).sum(axis=-1) / 2
        scale = np.asarray(self._chain(loss))[..., None]
        gradient: Array = scale * (self.eigenvalues * state)
        return gradient

    def push_state(self, t: int, z: Array, state: Array) -> Array:
        """As A, which is symmetric."""
        return self.state_product(t, z, state)

    def parameter_columns(self, t: int, state: Array) -> Array:
        """-lambda w."""
        return -self._pulled(t, self.eigenvalues * state)

    @property
    def derivative_shape(self) -> tuple[int, ...]:
        """Shape of the step sizes, and of the tasks that they broadcast against."""
        return np.shape(self.step_size)[:-1]

    def closed_form(self) -> Array | SignLog:
        """The objective's exact derivative."""
        return self._exact()

    def nonzero(self) -> Array | bool:
        """From the exact derivative."""
        exact = self._exact()
        if isinstance(exact, SignLog):
            exact = exact.sign
        return np.not_equal(exact, 0)


def _cast(x: Array, dtype: str) -> Array:
    if dtype != "mpmath":
        with np.errstate(over="ignore"):
            return np.asarray(x).astype(dtype)
    import mpmath

    cast: Array = np.vectorize(mpmath.mpf, otypes=[object])(x)
    return cast
