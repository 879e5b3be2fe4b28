"""Functions that take float64 arrays and arrays of mpmath numbers alike: an oracle is evaluated in
batches in float64, and once more at 60 digits where it seems to be violated.

The first axis of every array counts instances.
"""

from typing import Any

import mpmath as mp
import numpy as np

Array = Any


def _each(name: str, x: Array) -> Array:
    """A function of numpy, or the one of mpmath of this name, entry by entry."""
    x = np.asarray(x)
    if x.dtype != object:
        return getattr(np, name)(x)
    function = getattr(mp, name)
    return np.array([function(entry) for entry in x.ravel()], dtype=object).reshape(x.shape)


def sqrt(x: Array) -> Array:
    """The square root, of 0 where rounding made the argument negative."""
    return _each("sqrt", np.maximum(x, 0 * x))


def log(x: Array) -> Array:
    """The natural logarithm."""
    return _each("log", x)


def exp(x: Array) -> Array:
    """The exponential."""
    return _each("exp", x)


def root(x: Array, n: int) -> Array:
    """The n-th root of a number >= 0."""
    with np.errstate(divide="ignore"):
        return np.where(x > 0, exp(log(np.where(x > 0, x, 1 + 0 * x)) / n), 0 * x)


def dot(x: Array, y: Array) -> Array:
    """Sums of products over the last axis."""
    return (x * y).sum(axis=-1)


def norm(x: Array) -> Array:
    """Euclidean length along the last axis."""
    return sqrt(dot(x, x))


def apply(A: Array, x: Array) -> Array:
    """Matrices times vectors, row by row."""
    return np.stack([dot(A[:, i], x) for i in range(A.shape[1])], axis=-1)


def solve(A: Array, b: Array) -> Array:
    """x with A x = b for positive definite A, by elimination without exchanges."""
    n = A.shape[1]
    A, b = A.copy(), b.copy()
    for k in range(n):
        for i in range(k + 1, n):
            factor = A[:, i, k] / A[:, k, k]
            A[:, i] = A[:, i] - factor[:, None] * A[:, k]
            b[:, i] = b[:, i] - factor * b[:, k]
    x = b * 0
    for k in reversed(range(n)):
        x[:, k] = (b[:, k] - dot(A[:, k, k + 1 :], x[:, k + 1 :])) / A[:, k, k]
    return x


def reflect(turn: Array, x: Array) -> Array:
    """x mirrored along a vector, an orthogonal map."""
    length = dot(turn, turn) + 1e-300
    return x - (2 * dot(turn, x) / length)[:, None] * turn


def directions(v: Array) -> Array:
    """Vectors divided by their length."""
    return v / norm(v)[:, None]


class Focus:
    """Which part of a statement of several is evaluated: the digits of a number say it, that of the
    next ``all_of`` last; all of them where it is None.
    """

    number: int | None = None

    @classmethod
    def pick(cls, parts: tuple[Any, ...]) -> tuple[Any, ...]:
        """The parts that are evaluated."""
        if cls.number is None:
            return parts
        cls.number, k = divmod(cls.number, len(parts))
        return parts[k : k + 1]


def all_of(*parts: tuple[Array, ...]) -> tuple[Array, ...]:
    """Several inequalities as one: the worst of their (less - more) / scale, or that of the part in
    focus.
    """
    worst = None
    for less, more, *scale in Focus.pick(parts):
        size = scale[0] if scale else np.maximum(abs(less), abs(more))
        one = (less - more) / np.where(size == 0, np.nan, size)
        worst = one if worst is None else np.maximum(worst, one)
    return worst, 0 * worst, 1 + 0 * worst


def within(condition: Array, x: Array) -> Array:
    """x where the assumption holds, nan elsewhere."""
    return np.where(condition, x, np.nan)
