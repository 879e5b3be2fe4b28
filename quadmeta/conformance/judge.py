"""From what a tested code returned on one case to a verdict."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from quadmeta._types import Array
from quadmeta._validate import number
from quadmeta.conformance import kinds
from quadmeta.conformance.call import Outcome, numbers
from quadmeta.conformance.case import Case
from quadmeta.conformance.given import floats
from quadmeta.conformance.implicit import implicit
from quadmeta.conformance.problem import DIGITS, shared
from quadmeta.conformance.rational import largest, mapped
from quadmeta.conformance.rounding import tolerance
from quadmeta.conformance.values import exact_value
from quadmeta.conformance.verdict import Result, Verdict

CLOSE = 1e-9
"""Relative: two formulas that agree to this are taken to be the same."""


@dataclass(frozen=True)
class Declared:
    """What the tested code is said to stop at.

    A linear solver that stops at |Hx - g| <= rtol |g| + atol moves the value by at most
    (rtol |g| + atol) |J| |H^-1|; an inner solver may leave the value off by ``inner_tol``,
    relative.
    """

    rtol: float = 0.0
    atol: float = 0.0
    inner_tol: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            number(name, value, least=0.0)


def judge(case: Case, kind: str, outcome: Outcome, declared: Declared) -> Result:
    """The verdict on one call."""
    exact = exact_value(case, kind)
    shape = case.hyperparameter_shape
    if kind in kinds.OF_STEP_SIZE:
        shape = ()
    result = Result(
        case=case.name,
        catches=case.catches,
        verdict=Verdict.NOT_APPLICABLE,
        exact=floats(exact).reshape(shape),
        tolerance=tolerance(case, kind),
        notes=outcome.notes,
        seconds=outcome.seconds,
    )
    if outcome.refused:
        return replace(result, message="refused by the tested code")
    if outcome.late:
        return replace(result, verdict=Verdict.SLOW, message=f"{outcome.seconds:.3g} s")
    if outcome.failed is not None:
        return replace(result, verdict=Verdict.RAISES, message=_said(outcome.failed))
    returned, w = _parts(outcome.returned, kind)
    value = _array(returned, shape)
    if isinstance(value, str):
        return replace(result, verdict=Verdict.UNUSABLE, message=value)
    if value.dtype.kind == "f" and value.dtype.itemsize < np.dtype(case.dtype).itemsize:
        result = replace(result, notes=(*result.notes, f"returns {value.dtype}"))
    with np.errstate(all="ignore"):  # a wider number may lie beyond float64
        result = replace(result, value=value.astype(float))
    return _compared(case, kind, result, exact, w, declared)


def _compared(
    case: Case, kind: str, result: Result, exact: Array, w: Any, declared: Declared
) -> Result:
    """The verdict on numbers."""
    value = result.value
    assert value is not None
    if np.isnan(value).any():
        return replace(result, verdict=Verdict.NAN, message=_listed(value))
    if np.isinf(value).any():
        return replace(result, verdict=Verdict.INFINITE, message=_listed(value))
    error = difference(value, exact)
    result = replace(result, error=error)
    if kind not in kinds.OF_STEP_SIZE and value.ravel()[list(case.unused)].any():
        message = "a hyperparameter that nothing depends on has a derivative other than 0"
        return replace(result, verdict=Verdict.WRONG, message=message)
    if error <= result.tolerance:
        if kind not in kinds.APPROXIMATIONS:
            return replace(result, verdict=Verdict.RIGHT)
        return replace(result, verdict=Verdict.APPROXIMATION, distance=_distance(case, exact))
    if not value.any():
        return replace(result, verdict=Verdict.ZERO, message="every component is 0")
    if error <= result.tolerance + allowance(case, kind, exact, declared):
        return replace(result, verdict=Verdict.APPROXIMATION, message="within its tolerance")
    if w is not None:
        away = _unconverged(case, value, w, declared)
        if away is not None:
            return replace(
                result, verdict=Verdict.UNCONVERGED, message=f"w is {away:.3g} away from w_*"
            )
    return replace(result, verdict=Verdict.WRONG)


def difference(value: Array, exact: Array) -> float:
    """The largest absolute difference of floats to exact numbers, without rounding."""
    with mpmath.workdps(DIGITS):
        given = _exactly(value, exact)
        return _rounded(largest(given - exact))


def _rounded(number: Any) -> float:
    """A float, infinite where a run that diverged left the range of floats."""
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _exactly(value: Array, like: Array) -> Array:
    """Floats as exact numbers of the type of ``like``."""
    flat = np.asarray(value, dtype=float).ravel()
    rational = all(isinstance(entry, Fraction | int) for entry in like)
    return mapped(Fraction if rational else mpmath.mpf, flat.astype(object))


def allowance(case: Case, kind: str, exact: Array, declared: Declared) -> float:
    """How far the declared tolerances may take the value."""
    found = declared.inner_tol * float(largest(exact))
    if kind in (kinds.IMPLICIT, kinds.IMPLICIT_AT, kinds.SOLVED):
        with mpmath.workdps(DIGITS):
            problem = shared(case)
            w = problem.point if kind == kinds.IMPLICIT_AT else problem.minimum
            right, jacobian = floats(problem.outer_gradient(w)), floats(problem.jacobian(w))
            smallest = float(np.linalg.eigvalsh(floats(problem.hessian))[0])
        residual = declared.rtol * float(np.linalg.norm(right)) + declared.atol
        found += residual * float(np.linalg.norm(jacobian, 2)) / smallest
    return found


def _distance(case: Case, exact: Array) -> float:
    """How far the formula of an approximation is from the derivative that it stands for."""
    goal = kinds.IMPLICIT if kinds.UNROLLED not in case.kinds else kinds.UNROLLED
    true = exact_value(case, goal)
    with mpmath.workdps(DIGITS):
        scale = largest(true)
        return float(largest(exact - true) / scale) if scale else float(largest(exact))


def _unconverged(case: Case, value: Array, w: Any, declared: Declared) -> float | None:
    """|w - w_*| where the value is the implicit derivative at the returned w, else None."""
    try:
        point = numbers(w).astype(float).ravel()
    except Exception:  # no numbers, so that nothing is known of the weights
        return None
    if point.shape != (case.size,) or not np.isfinite(point).all():
        return None
    with mpmath.workdps(DIGITS):
        problem = shared(case)
        there = _exactly(point, problem.minimum)
        away = _rounded(largest(there - problem.minimum))
        expected = replace(implicit, at=lambda p: there)(problem)
        scale = _rounded(largest(expected))
    if away == 0 or difference(value, expected) > max(CLOSE, declared.rtol) * scale:
        return None
    return away


def _parts(returned: Any, kind: str) -> tuple[Any, Any]:
    """The value, and the trained weights where code that trains itself returns them as well."""
    if kind == kinds.SOLVED and isinstance(returned, tuple) and len(returned) == 2:
        return returned
    return returned, None


def _array(returned: Any, shape: tuple[int, ...]) -> Array | str:
    """The numbers that were returned, or why they are none."""
    wanted = f"an array of shape {shape}"
    if returned is None:
        return f"None, not {wanted}: an unused hyperparameter has the derivative 0"
    number = isinstance(returned, int | float) and not isinstance(returned, bool)
    try:
        if not hasattr(returned, "shape") and not (number and shape == ()):
            return f"{type(returned).__name__}, not {wanted}"
        found: Array = numbers(returned)
    except Exception as error:  # a stranger's class may raise anything
        return f"{type(returned).__name__} that is no array of numbers: {_said(error)}"
    if found.shape != shape:
        return f"shape {found.shape}, not {shape}"
    if found.dtype.kind not in "fiu":
        return f"dtype {found.dtype}, not float64"
    if np.ma.is_masked(returned):
        return "a masked array with masked components"
    return found


def _said(error: BaseException) -> str:
    name = type(error).__name__
    try:
        lines = str(error).strip().splitlines()
    except Exception:  # its own __str__ raises
        return name
    # control characters and lone surrogates would break the terminal or the page
    first = "".join(c if c.isprintable() else " " for c in lines[0][:200]) if lines else ""
    return f"{name}: {first}" if first else name


def _listed(value: Array) -> str:
    return np.array2string(value.ravel(), precision=6, threshold=6)
