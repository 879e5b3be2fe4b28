"""Checks of linear operators and of the vectors they act on."""
from collections.abc import Callable
from typing import Any

import numpy as np

from quadmeta._validate import finite, show

Array = Any


def operator(name: str, value: Any) -> Any:
    """A real LinearOperator."""
    from scipy.sparse.linalg import aslinearoperator  # scipy loads only where it is used
    try:
        A = aslinearoperator(np.asarray(value, dtype=float) if isinstance(value, list) else value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} = {show(value)} is no linear operator: pass a LinearOperator, a sparse matrix or a "
                         "matrix of real numbers") from None
    if np.dtype(A.dtype).kind not in "fiub":
        raise ValueError(f"{name} has the type {A.dtype}, it must be real: pass real numbers")
    return A


def square(value: Any) -> tuple[Any, int]:
    """A square operator and its dimension."""
    H = operator("operator", value)
    if H.shape[0] != H.shape[1] or not H.shape[0]:
        raise ValueError(f"operator has shape {H.shape}, it must be square with d >= 1: pass (d, d)")
    return H, H.shape[0]


def checked(name: str, apply: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A product in float64; one that fails names the operator."""
    def product(v: Array) -> Array:
        try:
            return np.asarray(apply(v), dtype=float)
        except (NotImplementedError, TypeError, ValueError) as error:
            raise ValueError(f"{name} fails on a vector of length {len(v)}: {show(str(error))}") from error
    return product


def product(value: Any, H: Any) -> Callable[[Array], Array]:
    """v -> H v for what was given as H, without the detour of ``matvec`` where that is an array."""
    return np.asarray(value, dtype=float).dot if isinstance(value, np.ndarray) else checked("operator", H.matvec)


def vector(name: str, value: Array, d: int) -> Array:
    """A vector of length d."""
    x = finite(name, value)
    if x.shape != (d,):
        raise ValueError(f"{name} has shape {x.shape}, the operator {d} columns: pass a vector of length {d}")
    return x


def square_norm(name: str, x: Array) -> float:
    """||x||^2 > 0."""
    largest = float(np.abs(x).max())
    if largest == 0:
        raise ValueError(f"{name} is zero at w_0 (w_0 = w_*), so there is nothing to train: start elsewhere")
    if not 1e-150 < largest < 1e150:
        raise ValueError(f"{name} has the largest entry {largest:.3g}, outside 1e-150..1e150: rescale the problem")
    return float(x @ x)
