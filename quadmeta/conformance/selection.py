"""Which cases a tested code is given."""

from collections.abc import Iterable
from difflib import get_close_matches

from quadmeta._validate import choice, show
from quadmeta.conformance.case import Case
from quadmeta.conformance.cases import CASES
from quadmeta.conformance.kinds import ALIASES, KINDS, STOCHASTIC

FEATURES = (
    "momentum",
    "schedule",
    "start",
    "preconditioner",
    "matrix",
    "scalar",
    "float32",
    "batch",
    "adam",
    "adam_hat",
)
"""What a tested code may support beyond float64 vectors and gradient descent."""

QUICK = (
    "generic",
    "scaled",
    "isotropic",
    "scalar",
    "noncommuting",
    "direct_term",
    "ridge_strength",
    "condition_2^13",
    "small_outer",
    "small_inner",
    "square_cross",
    "equilibrium_start",
    "step_size",
    "step_size_outer",
)
"""The cases of ``cases="quick"``, where each costs a compilation."""


def known(kind: str) -> str:
    """The kind of this name, with "forward" and "reverse" for "unrolled".

    Raises
    ------
    ValueError
        no such kind.
    """
    if kind == STOCHASTIC:
        raise ValueError(
            "kind = 'stochastic' is a function of its own: pass it to check_stochastic"
        )
    return ALIASES.get(choice("kind", kind, (*KINDS, *ALIASES)), kind)


def kind_of(case: Case, kind: str) -> str:
    """The kind of this name, if the case is one for it.

    Raises
    ------
    ValueError
        no such kind, or none of this case.
    """
    found = known(kind)
    if found not in case.kinds:
        raise ValueError(
            f"kind = {kind!r} is none of {case!r}: it is a case for {', '.join(sorted(case.kinds))}"
        )
    return found


def selected(kind: str, cases: str | Iterable[str]) -> tuple[Case, ...]:
    """The cases of a kind: "all", "quick", or those named.

    Raises
    ------
    ValueError
        a name that is no case, or no case of this kind.
    """
    own = tuple(case for case in CASES if kind in case.kinds)
    if cases == "all":
        return own
    if isinstance(cases, str):
        cases = QUICK if cases == "quick" else (cases,)
        if cases is QUICK:
            return tuple(case for case in own if case.name in QUICK)
    if not isinstance(cases, Iterable):
        raise ValueError(f"cases = {show(cases)}: pass 'all', 'quick' or names of cases")
    names = tuple(cases)
    if not names:
        raise ValueError("cases is empty: pass 'all', 'quick' or names of cases")
    known = {case.name: case for case in own}
    for name in names:
        if name not in known:
            raise ValueError(f"cases: {name!r} is no case of {kind!r}{_meant(name, known)}")
    return tuple(known[name] for name in names)


def features(supports: Iterable[str]) -> frozenset[str]:
    """The features that a tested code supports, checked.

    Raises
    ------
    ValueError
        an unknown one.
    """
    if isinstance(supports, str):
        supports = (supports,)
    if not isinstance(supports, Iterable):
        raise ValueError(f"supports = {show(supports)} is no collection: pass names of features")
    found = frozenset(supports)
    for name in sorted(found, key=str):
        if name not in FEATURES:
            raise ValueError(
                f"supports: {name!r} is no feature: pass some of {', '.join(FEATURES)}"
            )
    return found


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f": did you mean {close[0]!r}?" if close else ": pass 'all', 'quick' or names of cases"
