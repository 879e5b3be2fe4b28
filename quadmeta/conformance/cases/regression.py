"""Least-squares cases: ridge strengths, sample weights, several outputs."""

from fractions import Fraction

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.case import Case, Regression, flat, steps
from quadmeta.conformance.cases.base import ALL
from quadmeta.conformance.kinds import lettered
from quadmeta.conformance.rational import exact, identity, zeros

_X = exact([[1, 0, 1], [0, 1, 1], [1, 1, 0], [1, -1, 2], [2, 0, -1]])
_y = exact([1, 2, 0, -1, 1])
_X2 = exact([[1, 1, 1], [0, 2, -1], [1, 0, 2], [-1, 1, 1]])
_y2 = exact([2, 1, 0, 1])
_Y = exact([[1, 0], [2, 1], [0, -1], [-1, 1], [1, 2]])
_Y2 = exact([[2, 0], [1, 1], [0, -1], [1, 2]])
_ALONE = Regression(_X, _y, _X2, _y2)
_AXES = tuple(np.outer(unit, unit) for unit in identity(3))


def _ridge(
    name: str, catches: str, alpha: Array, start: Array, size: str, count: int, point: Array
) -> Case:
    """Least squares with H = X'X / 5 + alpha I."""
    return Case(
        name=name,
        catches=catches,
        kinds=lettered(ALL),
        hessian=_X.T @ _X / 5,
        linear=_X.T @ _y / 5,
        cross=zeros(3, len(alpha)),
        slopes=(identity(3),),
        outer_hessian=_X2.T @ _X2 / 4,
        outer_linear=_X2.T @ _y2 / 4,
        alpha=alpha,
        start=start,
        point=point,
        step_sizes=steps(size, count),
        regression=_ALONE,
    )


_ORIGIN = exact([0, 0, 0])
_POINT = exact(["1/2", 1, "-1/2"])
_STRENGTH = _ridge(
    "ridge_strength",
    "a ridge counted twice, a missing 1/2, a mean for a sum, training and validation swapped",
    exact(["1/4"]),
    _ORIGIN,
    "3/8",
    6,
    _POINT,
)


def _weighted() -> Case:
    """H = I/2 + sum alpha_i x_i x_i' / 5, b = sum alpha_i x_i y_i / 5."""
    return Case(
        name="sample_weights",
        catches="a sum for a mean; normalised weights; a frozen J",
        kinds=lettered(ALL),
        hessian=identity(3) / 2,
        linear=_ORIGIN,
        cross=(_X * _y[:, None]).T / 5,
        slopes=tuple(np.outer(x, x) / 5 for x in _X),
        outer_hessian=_X2.T @ _X2 / 4,
        outer_linear=_X2.T @ _y2 / 4,
        alpha=exact([1, "1/2", "1/4", "3/4", "1/2"]),
        start=_ORIGIN,
        point=_POINT,
        step_sizes=steps("1/2", 5),
        regression=Regression(_X, _y, _X2, _y2, weighted=True),
        ridge=identity(3) / 2,
    )


def _outputs() -> Case:
    """W (3, 2), written out by rows."""
    return Case(
        name="multi_output",
        catches="a wrong flattening, a transposed W",
        kinds=lettered(ALL),
        hessian=flat(_X.T @ _X / 5, 2),
        linear=(_X.T @ _Y / 5).ravel(),
        cross=zeros(6, 1),
        slopes=(identity(6),),
        outer_hessian=flat(_X2.T @ _X2 / 4, 2),
        outer_linear=(_X2.T @ _Y2 / 4).ravel(),
        alpha=exact(["1/4"]),
        start=zeros(6),
        point=exact(["1/2", 1, "-1/2", 0, 1, "1/4"]),
        step_sizes=steps("3/8", 5),
        shape=(3, 2),
        regression=Regression(_X, _Y, _X2, _Y2),
        needs=frozenset({"matrix"}),
    )


CASES = (
    _STRENGTH,
    _ridge(
        "ridge_exp",
        "the derivative of exp left out",
        exact([0, -1, "1/2"]),
        _ORIGIN,
        "1/4",
        5,
        _POINT,
    ).but(slopes=_AXES, exponential=True),
    _weighted(),
    _outputs(),
    _ridge(
        "direct_ridge",
        "the direct term left out",
        exact(["1/2"]),
        _ORIGIN,
        "1/4",
        4,
        exact([1, "1/2", 0]),
    ).but(outer_curvature=Fraction(1, 2), outer_cross=exact([[1], [0], ["-1/2"]])),
    _ridge(
        "ridge_log",
        "the derivative of exp left out; a start away from 0 shows one term too few",
        exact([-1]),
        exact([1, 0, 0]),
        "1/4",
        6,
        _POINT,
    ).but(exponential=True),
)
