"""Every wrong formula by name, a family a kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import mpmath
import numpy as np

from quadmeta._types import Array
from quadmeta.conformance import kinds
from quadmeta.conformance.case import Case
from quadmeta.conformance.given import floats
from quadmeta.conformance.implicit import at_the_given_point
from quadmeta.conformance.mistakes import altered, solvers
from quadmeta.conformance.mistakes.backward import with_steps
from quadmeta.conformance.mistakes.families import FAMILIES, ONE_TERM_LESS
from quadmeta.conformance.problem import DIGITS, ExactProblem, shared
from quadmeta.conformance.selection import known
from quadmeta.conformance.values import RULES, Rule

Value = Callable[[Case], Array | None]


@dataclass(frozen=True)
class Fingerprint:
    """A wrong formula: its name, and the value it gives on a case."""

    name: str
    formula: Value

    def predicts(self, case: Case) -> Array | None:
        """The value (h,) of the wrong formula; None where the mistake has no meaning, as one that
        solves with a singular Hessian.
        """
        with mpmath.workdps(DIGITS):
            try:
                found = [self.formula(member) for member in case.members]
            except ZeroDivisionError:
                return None
        known = [part for part in found if part is not None]
        return np.concatenate(known) if len(known) == len(found) else None

    def covers(self, case: Case) -> bool:
        """Whether the case says something about this mistake.

        None is about Adam. Without a product there is no term to lose. Conjugate gradients in
        float64 end after as many steps as there are eigenvalues only where the condition number is
        moderate and no absolute tolerance interferes.
        """
        if case.adam is not None:
            return False
        if self.name == ONE_TERM_LESS:
            return case.products > 0
        if not self.name.startswith(solvers.CG):
            return True
        nasty = ("condition_", "small_", "past_convergence", "float32")
        return not case.name.startswith(nasty)


@cache
def prediction(fingerprint: Fingerprint, case: Case) -> Array | None:
    """What ``predicts`` gives, rounded to float64, and computed once for a case."""
    predicted = fingerprint.predicts(case)
    return None if predicted is None else floats(predicted)


@cache
def fingerprints(kind: str) -> tuple[Fingerprint, ...]:
    """The wrong formulas that a result of this kind is compared with.

    Raises
    ------
    ValueError
        no such kind.
    """
    kind = known(kind)
    rule = RULES[kind]
    found: dict[str, Value] = {
        "sign flipped": _times(rule, -1),
        "alpha detached (direct term only)": _by(_DETACHED.get(kind, altered.only_direct)),
        "outer loss doubled (missing 1/2)": _times(rule, 2),
        "outer loss halved": _times(rule, Fraction(1, 2)),
    }
    if kind not in kinds.OF_STEP_SIZE:
        for name, change in altered.ALTERATIONS.items():
            found[name] = _with(rule, change)
    if kind in _SCALE_SEEN:
        found[altered.INNER_DOUBLED] = _with(rule, altered.inner_doubled)
    for name, wrong in FAMILIES[kind].items():
        found[name] = _by(wrong)
    if kind in _STEPS_SEEN:
        found["T-1 steps"] = lambda case: _longer(rule, case, -1)
        found["T+1 steps"] = lambda case: _longer(rule, case, 1)
    return tuple(
        Fingerprint(name, value)
        for name, value in found.items()
        if name not in _UNSEEN.get(kind, ())
    )


def _by(rule: Rule) -> Value:
    return lambda case: rule(shared(case))


def _times(rule: Rule, factor: int | Fraction) -> Value:
    return lambda case: _scaled(rule(shared(case)), factor)


def _scaled(value: Array, factor: int | Fraction) -> Array:
    factor = Fraction(factor)
    return value * factor.numerator / factor.denominator


def _with(rule: Rule, change: altered.Alteration) -> Value:
    def value(case: Case) -> Array | None:
        problem = change(case)
        return None if problem is None else rule(problem)

    return value


def _longer(rule: Rule, case: Case, more: int) -> Array | None:
    if case.steps + more < 1:
        return None
    return rule(ExactProblem(with_steps(case, more)))


def _detached_at(at: Callable[[ExactProblem], Array]) -> Rule:
    return lambda problem: problem.direct(at(problem))


_DETACHED: Mapping[str, Rule] = {
    kinds.IMPLICIT: _detached_at(lambda p: p.minimum),
    kinds.SOLVED: _detached_at(lambda p: p.minimum),
    kinds.IMPLICIT_AT: _detached_at(at_the_given_point),
    kinds.NEUMANN: _detached_at(at_the_given_point),
    kinds.STEP_SIZE: lambda p: 0 * p.start[:1],
    kinds.LOG_STEP_SIZE: lambda p: 0 * p.start[:1],
}
_WHOLE_RUN = (
    "step sizes reversed in the backward pass",
    "momentum missing in the backward pass",
    "A of the step transposed",
)
_UNSEEN: Mapping[str, tuple[str, ...]] = {
    # no case of these kinds has a schedule, momentum or a preconditioner
    kinds.TRUNCATED: _WHOLE_RUN,
    # one step has no products with H, and its J at w_T is the one at w_t
    kinds.ONE_STEP: (
        *_WHOLE_RUN,
        "stop-gradient through the step (A = I)",
        "H applied with +",
        "J at w_t for w_(t-1)",
        "ridge twice in the products",
        "ridge missing in the products",
    ),
}
"""Mistakes that change nothing in this kind, or the same as another one."""
_STEPS_SEEN = (kinds.UNROLLED, kinds.TRUNCATED, kinds.ONE_STEP, kinds.DISCOUNTED, kinds.STEP_SIZE)
_SCALE_SEEN = (*_STEPS_SEEN[:4], kinds.NEUMANN)
