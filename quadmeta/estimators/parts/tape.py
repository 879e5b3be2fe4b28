"""What an estimator sees of one unrolled run: states, products, outer gradients, each counted as
it is spent.

    w_{t+1} = Phi(w_t, theta),   A_t = (d Phi / d w)(w_t),   B_t = (d Phi / d theta)(w_t),   t =
        0..T-1

For gradient descent A_t v = v - eta H(w_t) v is one Hessian-vector product and B_t v one mixed
product: -<grad L_1(w_t), v> for the step size and -eta J(w_t) v for hyperparameters. The two look
alike from here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

Array = Any


class Tape(ABC):
    """Products of one run, with what they cost in ``counts``; an estimator may leave what it
    learned in ``notes``.
    """

    steps: int
    start: Array
    """w_0."""
    step_size_is_tuned = False
    """Whether theta is the step size itself."""

    def __init__(self) -> None:
        self.counts = {"hvps": 0, "mixed": 0, "outer_gradients": 0, "stored_vectors": 0}
        self.notes: dict[str, Any] = {}
        self._states: dict[int, Array] = {}

    @abstractmethod
    def _first(self) -> Array:
        """w_0."""

    @abstractmethod
    def _step(self, t: int) -> None:
        """Put w_{t+1} beside w_t."""

    @abstractmethod
    def _transposed(self, t: int, v: Array, w: Array) -> Array:
        """A v at w."""

    @abstractmethod
    def _contracted(self, t: int, v: Array, w: Array) -> Array:
        """B v at w."""

    @abstractmethod
    def _columns(self, t: int) -> Array:
        """B' at w_t, one row a parameter."""

    @abstractmethod
    def _outer(self, t: int) -> Array:
        """Gradient of the outer objective at w_t."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of parameters h whose columns forward mode carries."""

    @abstractmethod
    def closed_form(self) -> Array:
        """The exact derivative, for the reference estimator."""

    def null_share(self, v: Array) -> tuple[float, float] | None:
        """(share of the norm of v that lies in the null space of I - A at w_T, what rounding makes
        of 0).

        A fact about the problem, not a product: None where it is not known.
        """
        return None

    def diverged(self) -> str:
        """What to say of a run whose w_T is not finite."""
        return "the inner run diverged, w_T is not finite: pass a smaller step size"

    def stream(self) -> Iterator[int]:
        """t = 0..T-1 with w_t and w_{t+1} there, forgetting w_t afterwards; w_T stays."""
        self.counts["stored_vectors"] = max(self.counts["stored_vectors"], 1)
        self._states = {0: self._first()}
        for t in range(self.steps):
            self._step(t)
            yield t
            del self._states[t]

    def record(self, last: int | None = None) -> None:
        """Run all T steps and keep the states before the ``last`` ones (default: all T of them)
        and w_T.
        """
        if last is None:
            keep = self.steps
        else:
            keep = last
        self.counts["stored_vectors"] = max(self.counts["stored_vectors"], keep)
        self._states = {0: self._first()}
        for t in range(self.steps):
            self._step(t)
            if t < self.steps - keep:
                del self._states[t]

    def state(self, t: int) -> Array:
        """w_t, for t that ``stream`` or ``record`` keeps."""
        return self._states[t]

    def A(self, t: int, v: Array, w: Array = None) -> Array:
        """A_t v, at w_t or at another point w: symmetric for gradient descent, so it also pushes
        tangents.

        Rows of v are counted one by one.
        """
        at = self._states[t] if w is None else w
        rows = 1 if v.ndim <= at.ndim else len(v)
        self.counts["hvps"] += rows
        return self._transposed(t, v, at)

    def B(self, t: int, v: Array, w: Array = None) -> Array:
        """B_t v, at w_t or at another point w."""
        self.counts["mixed"] += 1
        return self._contracted(t, v, self._states[t] if w is None else w)

    def tangent(self, t: int) -> Array:
        """d w_{t+1} / d theta at fixed w_t, one row a parameter: the columns that B contracts."""
        self.counts["mixed"] += self.width
        return self._columns(t)

    def outer_gradient(self, t: int | None = None) -> Array:
        """Gradient of the outer objective at w_t, by default at w_T."""
        self.counts["outer_gradients"] += 1
        return self._outer(self.steps if t is None else t)
