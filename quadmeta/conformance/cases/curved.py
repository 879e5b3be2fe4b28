"""Cases in which the Hessian depends on alpha, so that J(w_t) changes along the run."""

from fractions import Fraction
from typing import Any

from quadmeta.conformance.case import steps
from quadmeta.conformance.cases.base import BASE, SLOPES, varied
from quadmeta.conformance.rational import exact, householder

_ALPHA = exact(["1/2", "1/4"])
START_SLOPE = exact([[1, 0], [0, 1], [-1, "1/2"], [0, 2]])
"""D of the cases whose start depends on alpha."""

_CURVED: dict[str, Any] = {"slopes": SLOPES, "alpha": _ALPHA}
_STEPS = tuple(Fraction(size) for size in ("1/4", "3/8", "1/8", "1/2", "3/4"))
_LONG = tuple(Fraction(size, 64) for size in (1, 4, 3, 2, Fraction(1, 2), 4, 2))

CASES = (
    varied(
        "repeated_eigenvalues",
        "0/0 in the divided differences of closed forms",
        hessian=householder(["1/4", "1/2", "1/2", 1]) - SLOPES[0] / 2 + SLOPES[1] / 4,
        slopes=SLOPES,
        step_sizes=steps("1/2", 5),
    ),
    varied(
        "noncommuting",
        "J frozen at w_T; dH/dalpha dropped, or taken to commute with H",
        step_sizes=steps("3/8", 5),
        **_CURVED,
    ),
    varied(
        "hessian_only",
        "dH/dalpha dropped: nothing else is left",
        cross=BASE.no_cross(),
        step_sizes=steps("3/8", 5),
        **_CURVED,
    ),
    varied(
        "schedule",
        "step sizes in reverse order in the backward pass",
        "u",
        step_sizes=_STEPS,
        needs=frozenset({"schedule"}),
        **_CURVED,
    ),
    varied(
        "schedule_long",
        "step sizes in reverse order in the backward pass, at another scale",
        "u",
        hessian=householder([2, 4, 8, 16]),
        slopes=tuple(4 * slope for slope in SLOPES),
        alpha=_ALPHA,
        step_sizes=_LONG,
        needs=frozenset({"schedule"}),
    ),
    varied(
        "momentum",
        "momentum left out of the backward pass",
        "u",
        momentum=Fraction(1, 2),
        needs=frozenset({"momentum"}),
    ),
    varied(
        "momentum_noncommuting",
        "momentum left out of the backward pass, with J(w_t)",
        "u",
        momentum=Fraction(3, 4),
        step_sizes=steps("1/4", 5),
        needs=frozenset({"momentum"}),
        **_CURVED,
    ),
    varied(
        "start_of_alpha",
        "the derivative through the start left out",
        "u",
        start_slope=START_SLOPE,
        step_sizes=steps("3/4", 4),
        needs=frozenset({"start"}),
    ),
    varied(
        "start_noncommuting",
        "the derivative through the start left out, with J(w_t)",
        "u",
        start_slope=START_SLOPE,
        step_sizes=steps("1/4", 3),
        needs=frozenset({"start"}),
        **_CURVED,
    ),
    varied(
        "momentum_start",
        "the last carry of momentum, which only a start that depends on alpha shows",
        "u",
        momentum=Fraction(1, 2),
        start_slope=START_SLOPE,
        step_sizes=steps("1/2", 4),
        needs=frozenset({"momentum", "start"}),
        **_CURVED,
    ),
    varied(
        "preconditioned",
        "the transposed Jacobian of a step that is not symmetric",
        "u",
        preconditioner=exact([[1, "1/2", 0, 0], [0, 1, 0, 0], [0, 0, "1/2", "1/4"], [0, 0, 0, 1]]),
        step_sizes=steps("3/4", 4),
        needs=frozenset({"preconditioner"}),
    ),
    varied(
        "preconditioned_noncommuting",
        "the transposed Jacobian of a step that is not symmetric, with J(w_t)",
        "u",
        preconditioner=exact(
            [[1, "1/2", 0, 0], [0, 1, 0, 0], [0, 0, "1/2", "1/4"], [0, "1/4", 0, 1]]
        ),
        step_sizes=steps("1/4", 4),
        needs=frozenset({"preconditioner"}),
        **_CURVED,
    ),
    varied(
        "all_together",
        "parts that are right alone and wrong together, as momentum with a preconditioner",
        "u",
        momentum=Fraction(1, 2),
        start_slope=START_SLOPE,
        preconditioner=exact(
            [[1, "1/2", 0, 0], [0, 1, 0, 0], [0, 0, "1/2", "1/4"], [0, "1/4", 0, 1]]
        ),
        outer_curvature=Fraction(1, 2),
        outer_cross=exact([[1, 0], [0, -1], ["1/2", 0], [0, 2]]),
        step_sizes=_STEPS,
        needs=frozenset({"momentum", "schedule", "start", "preconditioner"}),
        **_CURVED,
    ),
)
