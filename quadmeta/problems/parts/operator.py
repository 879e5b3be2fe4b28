"""Linear operators: how they are read, and products with them that name what fails."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, shaped, show

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

Product = Callable[[Array], Array]
"""v -> A v."""
_PLAIN = 200
"""Vectors whose largest entry lies between 2^-200 and 2^200 are squared as they are."""


def operator(name: str, value: Any) -> "LinearOperator":
    """A real LinearOperator; matrices and sparse matrices are copied, in float64 and read-only."""
    # scipy loads only where it is used
    from scipy.sparse import issparse
    from scipy.sparse.linalg import LinearOperator, aslinearoperator

    matrix = matrix_of(value)
    if matrix is not None:
        value = matrix  # a wrapped matrix is read like the matrix
    if issparse(value):
        value = _sparse(name, value)
    elif isinstance(value, np.ndarray | list | tuple):
        value = finite(name, value)
        if value.ndim != 2:
            raise ValueError(f"{name} has shape {value.shape}: pass a matrix, two axes")
    elif not isinstance(value, LinearOperator):
        raise ValueError(
            f"{name} = {show(value)} is no linear operator: pass a LinearOperator, a sparse "
            "matrix or a matrix of real numbers"
        )
    A = aslinearoperator(value)
    if A.dtype is None or np.dtype(A.dtype).kind not in "fiub":
        raise ValueError(f"{name} has the type {A.dtype}, it must be real: pass real numbers")
    return A


@cache
def _wrapper() -> type[Any]:
    """The class of scipy's wrapped matrices, which has no public name."""
    from scipy.sparse.linalg import aslinearoperator

    return type(aslinearoperator(np.eye(1)))


def matrix_of(A: Any) -> Any:
    """The matrix that scipy's ``aslinearoperator`` wraps, None for another operator."""
    if type(A) is _wrapper():
        return A.A
    return None


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


def square(value: Any) -> tuple["LinearOperator", int]:
    """A square operator and its dimension."""
    H = operator("operator", value)
    rows, columns = H.shape
    if rows != columns or not rows:
        raise ValueError(
            f"operator has shape {H.shape}, it must be square with d >= 1: pass (d, d)"
        )
    return H, rows


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
        floats = isinstance(found, np.ndarray) and found.dtype.kind == "f"
        if floats and found.shape in ((length,), (length, 1)):
            return np.array(found, dtype=float, subok=False).reshape(length)
        if not isinstance(found, np.ndarray | list | tuple):
            raise ValueError(
                f"{name} returns {show(found)} for a vector of length {len(v)}: return an array of "
                f"length {length}"
            )
        return shaped(f"{name} times a vector", found, (length,))

    return product


def forward(name: str, A: "LinearOperator") -> Product:
    """v -> A v, as A's own function returns it: the public ``matvec`` reshapes, and hides what
    came back.

    A square matrix is multiplied without that detour.
    """
    matrix = matrix_of(A)
    product: Product = A._matvec
    if isinstance(matrix, np.ndarray) and A.shape[0] == A.shape[1]:
        product = matrix.dot
    return checked(name, product, A.shape[0])


def backward(name: str, A: "LinearOperator") -> Product:
    """v -> A'v."""
    matrix = matrix_of(A)
    product: Product = A._rmatvec
    if matrix is not None:
        product = matrix.T.dot
    return checked(name, product, A.shape[1])


def unit(H: "LinearOperator") -> float:
    """eps of the number type of an operator's products, at least that of float64."""
    least = float(np.finfo(float).eps)
    dtype = np.dtype(H.dtype)
    if dtype.kind != "f":
        return least
    return max(float(np.finfo(dtype).eps), least)


def vector(name: str, value: Numbers | None, d: int) -> Array:
    """A vector of length d, zero for None."""
    if value is None:
        return np.zeros(d)
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
        return x, 0
    return np.ldexp(x, -k), k
