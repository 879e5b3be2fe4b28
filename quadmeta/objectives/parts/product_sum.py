"""Sums of B-products, which most estimators are."""

from typing import TYPE_CHECKING

from quadmeta._types import Array

if TYPE_CHECKING:
    from quadmeta.objectives.parts.tape import Derivative, State, Tape


class ProductSum:
    """sum_t c_t B_t v_t, term by term; ``Tape.product_sum`` begins one.

    Parameters
    ----------
    tape
        the run, which counts every term as one mixed product.
    """

    def __init__(self, tape: "Tape") -> None:
        self.tape = tape
        self._total: Derivative = 0.0

    def add(self, t: int, v: Array, at: "State | None" = None) -> None:
        """Add B_t v, at s_t or at another state."""
        self._total = self._total + self.tape.B(t, v, at)

    def scale(self, c: float) -> None:
        """Multiply what was added so far."""
        self._total = c * self._total

    def value(self) -> "Derivative":
        """The sum, shape (h,); 0.0 of no terms."""
        return self._total
