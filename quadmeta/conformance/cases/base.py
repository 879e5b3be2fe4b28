"""The base case and what most others change of it."""

from typing import Any

from quadmeta.conformance.case import Case, steps
from quadmeta.conformance.kinds import lettered
from quadmeta.conformance.rational import exact, householder

ALL = "utodian"

BASE = Case(
    name="generic",
    catches="any wrong formula: nothing is special here",
    kinds=lettered(ALL),
    hessian=householder(["1/8", "1/4", "1/2", 1]),
    linear=exact([1, -2, 0, 3]),
    cross=exact([[1, 0], [-1, 2], [0, 1], [2, -1]]),
    outer_hessian=exact([[2, 1, 0, 0], [1, 3, 0, "1/2"], [0, 0, 1, "-1/2"], [0, "1/2", "-1/2", 2]]),
    outer_linear=exact([1, 0, -1, 2]),
    alpha=exact(["1/2", "-1/4"]),
    start=exact([1, 0, -1, "1/2"]),
    point=exact(["1/2", 1, "-1/2", 2]),
    step_sizes=steps("3/4", 6),
)

SLOPES = (
    exact([[1, "1/2", 0, 0], ["1/2", 1, 0, 0], [0, 0, "1/2", 0], [0, 0, 0, "1/4"]]),
    exact([["1/4", 0, 0, "1/4"], [0, "1/2", "-1/4", 0], [0, "-1/4", "1/2", 0], ["1/4", 0, 0, 1]]),
)
"""M_1 and M_2 of the cases whose Hessian depends on alpha; they do not commute with H_0."""


def varied(name: str, catches: str, kinds: str = ALL, **changes: Any) -> Case:
    """The base case with another name and other data."""
    return BASE.but(name=name, catches=catches, kinds=lettered(kinds), **changes)
