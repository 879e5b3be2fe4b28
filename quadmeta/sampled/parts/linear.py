"""Linear systems in float64 and in fractions."""

from typing import Any

import numpy as np

from quadmeta._types import Array


def solve(A: Array, b: Array) -> Array:
    """x of A x = b for A (P, P), b (P,).

    Raises
    ------
    ValueError
        A is singular.
    """
    if A.dtype != object:
        try:
            return np.linalg.solve(A, b)
        except np.linalg.LinAlgError:
            raise _singular() from None
    rows: list[list[Any]] = np.column_stack([A, b]).tolist()
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k] != 0), None)
        if pivot is None:
            raise _singular()
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [entry / rows[k][k] for entry in rows[k]]
        for i in range(len(rows)):
            if i != k:
                factor = rows[i][k]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return np.array([row[-1] for row in rows], dtype=object)


def _singular() -> ValueError:
    return ValueError(
        "the mean inner Hessian is singular: add a ridge, or take other hyperparameters"
    )
