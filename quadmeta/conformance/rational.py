"""Vectors and matrices of exact numbers: Fractions, and mpf where an exponential occurs.

They are numpy arrays of objects, so that ``+ - * @`` read as in any numerical code.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array

Nested = Any
"""A number, or nested lists of numbers; "1/2" is one half."""


def exact(values: Nested) -> Array:
    """Nested lists of integers, floats or texts such as "-1/2" as an array of Fractions."""
    found = np.empty(np.shape(values), dtype=object)
    for index in np.ndindex(found.shape):
        entry = values
        for position in index:
            entry = entry[position]
        found[index] = Fraction(entry)
    return found


def mapped(function: Callable[[Any], Any], values: Array) -> Array:
    """The function of each entry, as an array of objects."""
    found = np.empty(values.shape, dtype=object)
    for index, entry in np.ndenumerate(values):
        found[index] = function(entry)
    return found


def high_precision(value: Fraction) -> Any:
    """The Fraction as an mpf of the working precision."""
    import mpmath

    return mpmath.mpf(value.numerator) / value.denominator


def zeros(*shape: int) -> Array:
    """An array of the Fraction 0."""
    return exact(np.zeros(shape, dtype=int).tolist())


def identity(size: int) -> Array:
    """The identity matrix in Fractions."""
    return exact(np.eye(size, dtype=int).tolist())


def solve(matrix: Array, right: Array) -> Array:
    """The solution x of matrix x = right by elimination with the largest pivot.

    Parameters
    ----------
    matrix
        (P, P), invertible.
    right
        (P,).

    Raises
    ------
    ZeroDivisionError
        the matrix is singular.
    """
    rows = np.column_stack([matrix, right])
    size = len(right)
    for k in range(size):
        pivot = k + max(range(size - k), key=lambda i: abs(rows[k + i, k]))
        rows[[k, pivot]] = rows[[pivot, k]]
        rows[k] = rows[k] / rows[k, k]
        for i in range(size):
            if i != k:
                rows[i] = rows[i] - rows[i, k] * rows[k]
    solution: Array = rows[:, -1]
    return solution


def largest(values: Array) -> Any:
    """The largest absolute value of the entries."""
    return max((abs(entry) for entry in values.ravel()), default=Fraction(0))


def householder(eigenvalues: Nested) -> Array:
    """Q diag(eigenvalues) Q with Q = I - 11'/2 in dimension 4: exact, symmetric, not diagonal."""
    Q = identity(4) - exact([["1/2"] * 4] * 4)
    matrix: Array = Q @ np.diag(exact(eigenvalues)) @ Q
    return matrix
