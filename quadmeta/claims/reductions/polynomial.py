"""Polynomials in two unknowns with whole coefficients: a box sees a difference expanded, its terms
collected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.verification.parameters import Quantity


@dataclass(frozen=True)
class Polynomial:
    """In x and v: {(i, j): coefficient of x^i v^j}."""

    terms: Mapping[tuple[int, int], int]

    def __add__(self, other: "Polynomial | int") -> "Polynomial":
        out = dict(self.terms)
        for k, c in (other.terms if isinstance(other, Polynomial) else {(0, 0): other}).items():
            out[k] = out.get(k, 0) + c
        return Polynomial(out)

    def __mul__(self, other: "Polynomial | int") -> "Polynomial":
        out: dict[tuple[int, int], int] = {}
        for (i, j), a in self.terms.items():
            for (k, l), b in (
                other.terms if isinstance(other, Polynomial) else {(0, 0): other}
            ).items():
                out[i + k, j + l] = out.get((i + k, j + l), 0) + a * b
        return Polynomial(out)

    __radd__ = __add__
    __rmul__ = __mul__

    def __sub__(self, other: "Polynomial") -> "Polynomial":
        return self + other * -1

    def __pow__(self, n: int) -> "Polynomial":
        if n:
            return self * self ** (n - 1)
        return Polynomial({(0, 0): 1})

    def __call__(self, x: Quantity, v: Quantity) -> Any:
        """The value, by Horner's rule in both."""
        total: Any = 0
        for j in range(max(j for _, j in self.terms), -1, -1):
            inner: Any = 0
            for i in range(max((i for i, k in self.terms if k == j), default=0), -1, -1):
                inner = inner * x + self.terms.get((i, j), 0)
            total = total * v + inner
        return total


X = Polynomial({(1, 0): 1})
V = Polynomial({(0, 1): 1})
