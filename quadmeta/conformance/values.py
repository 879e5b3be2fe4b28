"""The exact value of each kind on each case."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import mpmath
import numpy as np

from quadmeta._types import Array
from quadmeta.conformance import kinds
from quadmeta.conformance.adam import through_adam
from quadmeta.conformance.backward import discounted, one_step, truncated, unrolled
from quadmeta.conformance.case import Case
from quadmeta.conformance.implicit import implicit, implicit_at, neumann
from quadmeta.conformance.problem import DIGITS, ExactProblem, shared
from quadmeta.conformance.selection import kind_of
from quadmeta.conformance.step_size import log_step_size, step_size

Rule = Callable[[ExactProblem], Array]

RULES: Mapping[str, Rule] = {
    kinds.UNROLLED: unrolled,
    kinds.TRUNCATED: truncated,
    kinds.ONE_STEP: one_step,
    kinds.DISCOUNTED: discounted,
    kinds.IMPLICIT: implicit,
    kinds.SOLVED: implicit,
    kinds.IMPLICIT_AT: implicit_at,
    kinds.NEUMANN: neumann,
    kinds.STEP_SIZE: step_size,
    kinds.LOG_STEP_SIZE: log_step_size,
}


@lru_cache(maxsize=1024)
def exact_value(case: Case, kind: str) -> Array:
    """The exact hypergradient of this kind: Fractions, and mpf of 60 digits with an exponential.

    Parameters
    ----------
    case
        one of its kinds must be ``kind``.
    kind
        a name of ``kinds.KINDS``.

    Returns
    -------
    A read-only array (h,), worked out once for a case and kind.

    Raises
    ------
    ValueError
        no such kind, or none of this case.
    """
    value = value_by(rule_of(case, kind_of(case, kind)), case)
    value.flags.writeable = False
    return value


def rule_of(case: Case, kind: str) -> Rule:
    """The right rule of a kind on a case."""
    return RULES[kind] if case.adam is None else through_adam


def value_by(rule: Rule, case: Case) -> Array:
    """What a rule, right or wrong, gives on a case; a batch's values one after the other."""
    with mpmath.workdps(DIGITS):
        return np.concatenate([rule(shared(member)) for member in case.members])
