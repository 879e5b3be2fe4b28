"""How far rounding may take a right answer.

    tolerance = 4 (n + P) u S

u is the unit roundoff of the case's precision, n the number of steps or products, and S the
first-order condition number of the value: the largest change of the exact value, per unit, when
every number of the data moves by a relative 2^-40 up or down. It is absolute, so that it serves a
value that is exactly 0 as well. S is measured by a few random draws of signs in exact arithmetic
and recorded; a test measures it again.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib.resources import files
from json import loads
from typing import Any

import mpmath
import numpy as np

from quadmeta._types import Array
from quadmeta.conformance import kinds
from quadmeta.conformance.case import Case
from quadmeta.conformance.problem import DIGITS, ExactProblem
from quadmeta.conformance.rational import largest
from quadmeta.conformance.selection import kind_of
from quadmeta.conformance.settings import Adam
from quadmeta.conformance.values import rule_of

ROUNDOFF = {"float64": Fraction(1, 2**53), "float32": Fraction(1, 2**24)}
_MOVE = Fraction(1, 2**40)
DRAWS = 6
_ARRAYS = ("hessian", "linear", "cross", "outer_hessian", "outer_linear", "alpha", "start")
_OPTIONAL = ("outer_cross", "start_slope", "preconditioner")


def tolerance(case: Case, kind: str) -> float:
    """The largest error, in the maximum norm, of a right answer in floating point.

    Raises
    ------
    ValueError
        no such kind, or none of this case.
    """
    kind = kind_of(case, kind)
    if kind in (kinds.IMPLICIT, kinds.SOLVED, kinds.IMPLICIT_AT):
        count = 0
    elif kind == kinds.NEUMANN:
        count = case.products
    else:
        count = case.steps
    factor = 4 * (count + case.size) * ROUNDOFF[case.dtype]
    return float(factor) * recorded()[case.name][kind]


@cache
def recorded() -> Mapping[str, Mapping[str, float]]:
    """{case: {kind: S}} as it was measured."""
    text = files("quadmeta.conformance").joinpath("sensitivity.json").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, float]] = loads(text)
    return found


def sensitivity(case: Case, kind: str, draws: int = DRAWS, seed: int = 0) -> float:
    """S, measured by this many draws of signs.

    Parameters
    ----------
    case, kind
        the value in question.
    draws
        random choices of one sign an entry of the data; symmetric matrices stay symmetric.
    seed
        of the random stream.
    """
    if case.batch:
        return max(sensitivity(member, kind, draws, seed) for member in case.members)
    rng = np.random.default_rng(seed)
    rule = rule_of(case, kind)
    with mpmath.workdps(DIGITS):
        value = rule(ExactProblem(case))
        moved = [rule(_moved(case, kind, rng)) - value for _ in range(draws)]
        return float(max(largest(change) for change in moved) / _MOVE.numerator * _MOVE.denominator)


def _moved(case: Case, kind: str, rng: np.random.Generator) -> ExactProblem:
    """The problem with every number of its data moved by a relative 2^-40, up or down."""
    changes: dict[str, Any] = {name: _signs(getattr(case, name), rng) for name in _ARRAYS}
    for name in _OPTIONAL:
        if getattr(case, name) is not None:
            changes[name] = _signs(getattr(case, name), rng)
    changes["slopes"] = tuple(_signs(slope, rng) for slope in case.slopes)
    if case.adam is not None:
        changes["adam"] = replace(case.adam, **_moved_settings(case.adam, rng))
    moved = case.but(**changes)
    point = case.point
    if kind == kinds.IMPLICIT:
        point = ExactProblem(case).minimum
    problem = ExactProblem(moved)
    problem.point = problem.array(point) if case.exponential is False else point
    problem.point = _signs(problem.point, rng)
    if kind == kinds.IMPLICIT:
        # the minimum that is handed over is a rounded number as well
        problem.minimum = problem.point
    return problem


def _moved_settings(settings: Adam, rng: np.random.Generator) -> dict[str, Any]:
    names = ("step_size", "first", "second", "epsilon", "root")
    values = np.array([getattr(settings, name) for name in names], dtype=object)
    return dict(zip(names, _signs(values, rng), strict=True))


def _signs(values: Array, rng: np.random.Generator) -> Array:
    """Each entry times 1 + 2^-40 or 1 - 2^-40; a symmetric matrix stays symmetric."""
    signs = rng.integers(0, 2, values.shape) * 2 - 1
    if values.ndim == 2 and values.shape[0] == values.shape[1] and (values == values.T).all():
        signs = np.triu(signs) + np.triu(signs, 1).T
    found = np.empty(values.shape, dtype=object)
    for index, entry in np.ndenumerate(values):
        moved = int(signs[index]) * entry * _MOVE.numerator / _MOVE.denominator
        found[index] = entry + moved
    return found
