"""Run a tested code on the cases of its kind."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np

from quadmeta._validate import function as callable_, number
from quadmeta.conformance.call import Outcome, call
from quadmeta.conformance.case import Case
from quadmeta.conformance.filters import meaning
from quadmeta.conformance.given import Given, floats, library
from quadmeta.conformance.judge import Declared, judge
from quadmeta.conformance.match import named, resembling
from quadmeta.conformance.report import Report
from quadmeta.conformance.selection import features, known, selected
from quadmeta.conformance.values import exact_value
from quadmeta.conformance.verdict import ORDER, Result, Verdict

SINGLE_CASES = 5
"""Wrong cases that, all off by little, speak for single precision or a loose tolerance."""
SINGLE_FACTOR = 2.0**29
"""Errors below this many tolerances can come from single precision."""


def check(
    function: Callable[[Given], Any],
    *,
    kind: str,
    xp: ModuleType | str = "numpy",
    supports: Iterable[str] = (),
    cases: str | Iterable[str] = "all",
    rtol: float = 0.0,
    atol: float = 0.0,
    inner_tol: float = 0.0,
    time_limit: float = 60.0,
    name: str | None = None,
) -> Report:
    """Is this hypergradient right? Compare a code with exact answers.

    Parameters
    ----------
    function
        takes one :class:`Given` and returns the hypergradient, an array of the shape of
        ``g.alpha``; for the step-size kinds a number. Code of kind "solved" may return
        ``(value, w)`` with the weights it trained, which tells an inner problem that has not
        converged from a wrong derivative.
    kind
        what it is meant to be: a name of ``KINDS``.
    xp
        the array library of ``g``: "numpy", "jax", "torch", or the module.
    supports
        features beyond float64 vectors and plain gradient descent, of "momentum", "schedule",
        "start" (a start that depends on alpha), "preconditioner", "matrix" (w of two axes),
        "scalar" (w without axes), "float32", "batch" (alphas as rows), "adam" and "adam_hat"
        (``g.adam`` is then the inner optimizer). Cases that need others are not applicable.
    cases
        "all", "quick" (about a dozen, where each costs a compilation), or names.
    rtol, atol
        the stopping rule |Hx - g| <= rtol |g| + atol of its linear solver: what that explains is
        right for its documented approximation.
    inner_tol
        the relative error of the value that its inner solver is documented to leave.
    time_limit
        seconds a case.
    name
        of the code in the report; by default the function's own.

    Returns
    -------
    A :class:`Report`: a verdict a case, the verdict of the whole, and the wrong formula that
    explains what is wrong.

    Raises
    ------
    ValueError
        an unknown kind, library, feature or case, or a negative tolerance.
    ImportError
        the library is not installed.
    TypeError
        JAX without 64 bits.

    Examples
    --------
    Back-propagation by hand that forgets the step size in front of J:

    >>> from quadmeta import conformance
    >>> def forgetful(g):
    ...     states = [g.w]
    ...     for _ in range(g.steps):
    ...         states.append(states[-1] - g.step_size * g.gradient(states[-1], g.alpha))
    ...     adjoint = g.outer_gradient(states[-1], g.alpha)
    ...     found = g.direct(states[-1], g.alpha)
    ...     for w in reversed(states[:-1]):
    ...         found = found - g.mixed(w, g.alpha, adjoint)
    ...         adjoint = adjoint - g.step_size * g.hvp(w, g.alpha, adjoint)
    ...     return found
    >>> report = conformance.check(forgetful, kind="unrolled")
    >>> report.verdict
    <Verdict.WRONG: 'wrong'>
    >>> [match.name for match in report.fingerprints]
    ['step size factor lost']
    """
    callable_("function", function, "a function of one argument g")
    kind = known(kind)
    module = library(xp)
    able = features(supports)
    declared = Declared(rtol, atol, inner_tol)
    limit = number("time_limit", time_limit, above=0.0)
    chosen = selected(kind, cases)
    results = [one(function, case, kind, module, able, declared, limit) for case in chosen]
    remark = ""
    for k, (case, first) in enumerate(zip(chosen, results, strict=True)):
        if first.value is not None:
            second = one(function, case, kind, module, able, declared, limit)
            results[k], remark = _worse(first, second)
            break
    pairs = list(zip(chosen, results, strict=True))
    wrong = [pair for pair in pairs if pair[1].verdict in (Verdict.WRONG, Verdict.ZERO)]
    matches = named(kind, pairs) if wrong else ()
    if wrong and not matches and not remark and _slightly(wrong):
        if _same_bits(function, [case for case, _ in wrong], kind, module, limit):
            wrong_cases = {case.name for case, _ in wrong}
            results = [
                replace(result, verdict=Verdict.SINGLE) if result.case in wrong_cases else result
                for result in results
            ]
            remark = "the input is rounded to single precision"
        else:
            remark = (
                "errors are as small as those of a loose solver tolerance: declare rtol, atol "
                "or inner_tol"
            )
    if wrong and not matches and not remark:
        values = {r.case: r.value for r in results if r.value is not None}
        shown = meaning(kind, values)
        remark = f"its function of the Hessian is {shown}" if shown else ""
    unexplained = any(result.verdict == Verdict.WRONG for result in results) and not matches
    return Report(
        name=name or str(getattr(function, "__qualname__", type(function).__name__)),
        kind=kind,
        library=module.__name__,
        results=tuple(results),
        fingerprints=matches,
        resembles=resembling(kind, pairs) if unexplained and not remark else (),
        remark=remark,
    )


def one(
    function: Callable[[Given], Any],
    case: Case,
    kind: str,
    module: ModuleType,
    able: frozenset[str],
    declared: Declared,
    limit: float,
) -> Result:
    """The result of one case."""
    lacking = case.needs - able
    if lacking:
        result = judge(case, kind, Outcome(0.0, refused=True), declared)
        return replace(result, message=f"needs {', '.join(sorted(lacking))}")
    return judge(case, kind, call(function, Given(case, kind, module), limit), declared)


def _worse(first: Result, second: Result) -> tuple[Result, str]:
    """The worse of two calls on one case, and a remark where they differ by more than rounding."""
    if second.verdict == Verdict.SLOW or first.verdict.passes and second.verdict.passes:
        return first, ""
    if first.value is not None and second.value is not None:
        with np.errstate(all="ignore"):
            apart = np.abs(first.value - second.value)
        same = np.array_equal(first.value, second.value, equal_nan=True)
        if same or bool((apart <= 2 * first.tolerance).all()):
            return first, ""
    worse = min(first, second, key=lambda result: ORDER.index(result.verdict))
    note = "a second call on the same input ends otherwise"
    remark = f"{note} ({first.case}): it depends on chance or on what was called before"
    return replace(worse, notes=(*worse.notes, note)), remark


def _slightly(wrong: list[tuple[Case, Result]]) -> bool:
    """Whether many cases are wrong and none by much."""
    if len(wrong) < SINGLE_CASES:
        return False
    return all(_as_by_rounding(result) for _, result in wrong)


def _as_by_rounding(result: Result) -> bool:
    """Whether single precision explains the error, or would leave no digit of this case."""
    limit = SINGLE_FACTOR * result.tolerance
    hopeless = limit > np.abs(result.exact).max(initial=0)
    return result.error is not None and (result.error < limit or bool(hopeless))


def _same_bits(
    function: Callable[[Given], Any], cases: list[Case], kind: str, module: ModuleType, limit: float
) -> bool:
    """Whether alpha (1 + 2^-30) gives the very same result, as code does that casts to float32.

    Asked on the first case whose exact value moves with alpha.
    """
    for case in cases:
        moved = case.but(alpha=case.alpha * (1 + Fraction(1, 2**30)))
        if (floats(exact_value(case, kind)) != floats(exact_value(moved, kind))).any():
            break
    else:
        return False
    first, second = (
        judge(version, kind, call(function, Given(version, kind, module), limit), Declared()).value
        for version in (case, moved)
    )
    return first is not None and second is not None and np.array_equal(first, second)
