"""Sums of B-products, which most estimators are."""

from collections.abc import Callable
from typing import Any

from quadmeta._types import Array


class ProductSum:
    """sum_t c_t B_t v_t, term by term; ``Tape.product_sum`` begins one.

    Parameters
    ----------
    product
        (t, v, at) -> B_t v at s_t, or at the state ``at``; it counts.
    """

    def __init__(self, product: Callable[[int, Array, Any], Array]) -> None:
        self._product = product
        self._total: Array | float = 0.0

    def add(self, t: int, v: Array, at: Any = None) -> None:
        """Add B_t v, at s_t or at another state."""
        self._total = self._total + self._product(t, v, at)

    def scale(self, c: float) -> None:
        """Multiply what was added so far."""
        self._total = c * self._total

    def value(self) -> Array | float:
        """The sum, shape (h,); 0.0 of no terms."""
        return self._total
