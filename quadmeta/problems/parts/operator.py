"""Linear operators: how they are read, and products with them that name what fails."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from quadmeta._validate import finite, shaped, show

Array = Any
Product = Callable[[Array], Array]
_PLAIN = 200
"""Vectors whose largest entry lies between 2^-200 and 2^200 are squared as they are."""


def operator(name: str, value: Any) -> Any:
    """A real LinearOperator; matrices and sparse matrices are copied, in float64 and read-only."""
    from scipy.sparse import issparse

    # scipy loads only where it is used
    from scipy.sparse.linalg import LinearOperator, aslinearoperator

    matrix = matrix_of(value)
    value = value if matrix is None else matrix  # a wrapped matrix is read like the matrix
    if issparse(value):
        value = _sparse(name, value)
    elif isinstance(value, np.ndarray | list | tuple):
        value = finite(name, value)
        if value.ndim != 2:
            raise ValueError(f"{name} has shape {value.shape}: pass a matrix, two axes")
    elif not isinstance(value, LinearOperator):
        raise ValueError(
            f"{name} = {show(value)} is no linear operator: pass a LinearOperator, a sparse "
            "matrix or a "
            "matrix of real numbers"
        )
    A = aslinearoperator(value)
    if A.dtype is None or np.dtype(A.dtype).kind not in "fiub":
        raise ValueError(f"{name} has the type {A.dtype}, it must be real: pass real numbers")
    return A


@cache
def _wrapper() -> Any:
    from scipy.sparse.linalg import aslinearoperator

    return type(aslinearoperator(np.eye(1)))


def matrix_of(A: Any) -> Any:
    """The matrix that scipy's ``aslinearoperator`` wraps, None for another operator."""
    return A.A if type(A) is _wrapper() else None


def _sparse(name: str, value: Any) -> Any:
    if value.dtype.kind not in "fiu":
        raise ValueError(f"{name} has the type {value.dtype}, it must be real: pass real numbers")
    if value.format not in ("csr", "csc", "coo", "bsr", "dia"):
        value = value.tocsr()
    value = value.astype(float, copy=True)
    finite(name, value.data)
    for part in ("data", "indices", "indptr", "row", "col", "offsets"):
        array = getattr(value, part, None)
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    return value


def square(value: Any) -> tuple[Any, int]:
    """A square operator and its dimension."""
    H = operator("operator", value)
    if H.shape[0] != H.shape[1] or not H.shape[0]:
        raise ValueError(
            f"operator has shape {H.shape}, it must be square with d >= 1: pass (d, d)"
        )
    return H, H.shape[0]


def checked(name: str, apply: Product, length: int) -> Product:
    """A product in float64; one that fails, or returns no real vector of this length, names the
    operator.

    What a caller's function raises is the cause of the error.
    """

    def product(v: Array) -> Array:
        try:
            found = apply(v)
        except Exception as error:
            raise ValueError(
                f"{name} fails on a vector of length {len(v)}: {type(error).__name__}: "
                f"{show(str(error))}"
            ) from error
        if type(found) is np.ndarray and found.dtype == float and found.shape == (length,):
            return found
        if (
            isinstance(found, np.ndarray)
            and found.dtype.kind == "f"
            and found.shape in ((length,), (length, 1))
        ):
            return np.array(found, dtype=float, subok=False).reshape(length)
        if not isinstance(found, np.ndarray | list | tuple):
            raise ValueError(
                f"{name} returns {show(found)} for a vector of length {len(v)}: return an array of "
                f"length {length}"
            )
        return shaped(f"{name} times a vector", found, (length,))

    return product


def forward(name: str, A: Any) -> Product:
    """v -> A v, as A's own function returns it: the public ``matvec`` reshapes, and hides what
    came back.

    A square matrix is multiplied without that detour.
    """
    matrix: Any = matrix_of(A)
    direct = isinstance(matrix, np.ndarray) and A.shape[0] == A.shape[1]
    return checked(name, matrix.dot if direct else A._matvec, A.shape[0])


def backward(name: str, A: Any) -> Product:
    """v -> A'v."""
    matrix = matrix_of(A)
    return checked(name, A._rmatvec if matrix is None else matrix.T.dot, A.shape[1])


def unit(H: Any) -> float:
    """eps of the number type of an operator's products, at least that of float64."""
    dtype = np.dtype(H.dtype)
    return max(float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0, float(np.finfo(float).eps))


def vector(name: str, value: Array, d: int) -> Array:
    """A vector of length d."""
    x = finite(name, value)
    if x.shape != (d,):
        raise ValueError(
            f"{name} has shape {x.shape}, the operator {d} columns: pass a vector of length {d}"
        )
    return x


def sized(name: str, x: Array) -> tuple[Array, int]:
    """(x / 2^k, k) of a vector that is not zero; k = 0 unless its squares come near an end of
    float64.
    """
    largest = float(np.abs(x).max())
    if largest == 0:
        raise ValueError(
            f"{name} is zero at w_0 (w_0 = w_*), so there is nothing to train: start elsewhere"
        )
    if not 1e-150 <= largest <= 1e150:
        raise ValueError(
            f"{name} has the largest entry {largest:.3g}, outside 1e-150..1e150: rescale the "
            "problem"
        )
    k = int(np.frexp(largest)[1])
    if -_PLAIN < k < _PLAIN:
        return (x, 0)
    return (np.ldexp(x, -k), k)
