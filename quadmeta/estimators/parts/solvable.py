"""Whether H x = g has a solution that float64 can find: by eigenvalues and sizes, not by the luck
of a pivot.
"""

import numpy as np

from quadmeta._types import Array

ROUNDING = 1e-6
"""What rounding may count in x = H^-1 g at most, relative to it."""


def require_solution(share: float, limit: float) -> None:
    """Refuse H x = g where g has a part in the null space of H.

    Raises
    ------
    ValueError
        with the share of that part.
    """
    if share > limit:
        raise ValueError(
            "the inner Hessian at w_T is singular and H x = g has no solution (share "
            f"{share:.3g} of g "
            f"lies in its null space, rounding makes {limit:.3g}): add a ridge, or use Reverse, "
            "whose "
            "derivative exists"
        )


def require_digits(top: float, x: Array, g: Array) -> None:
    """Refuse a solution of (I - A) x = g in which rounding counts more than ``ROUNDING``.

    ``top`` is the largest eigenvalue of I - A, or 1 if that is larger: rounding of A is relative
    to 1.

    Raises
    ------
    ValueError
        with the factor by which rounding is multiplied.
    """
    scale = power_of_two(g)
    size = float(np.linalg.norm(g / scale))
    if size:
        factor = top * float(np.linalg.norm(x / scale)) / size
    else:
        factor = 0.0
    if not factor * len(g) * np.finfo(float).eps <= ROUNDING:
        raise ValueError(
            "the inner Hessian at w_T is singular to working accuracy, rounding counts "
            f"{factor:.3g} "
            "times in H^-1 g: add a larger ridge, or use OuterLoss.implicit, which keeps its digits"
        )


def power_of_two(g: Array) -> float:
    """The power of two by which g is divided before its squares are summed: exact, and 1 for 0."""
    exponent = int(np.frexp(np.abs(g).max())[1])
    # 2^1024 is beyond float64
    return float(2.0 ** min(exponent, 1023))
