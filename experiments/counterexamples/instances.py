"""Verdicts as rows of a table, curves through a counterexample, and certificates made of the rows
again.
"""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from math import isfinite
from typing import Any

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta.certificates.program import RELATIONS
from quadmeta.certificates.recheck import recheck
from quadmeta.verification.box import prove
from quadmeta.verification.claim import Claim, placed
from quadmeta.verification.finding import Finding, examine
from quadmeta.verification.parameters import Instance
from quadmeta.verification.verdict import Verdict, text

CELLS = 24
"""A real parameter is shown at the ends of so many equal pieces of its range, and at the
counterexample.
"""
MOVES: dict[str, tuple[str, int | str, int | str]] = {
    "wang2021_gap_decreases": ("ridge_later", "1/100", "1/6"),
    "wang2021_meta_descent": ("epsilon", "1/10", "1/2"),
    "wang2021_optimal_risk": ("noise", 0, 4),
    "navon2021_implicit_function": ("s0[0]", 0, 2),
    "navon2021_neumann_scale": ("nu", "1/4", "5/4"),
    "navon2021_neumann_series": ("eigenvalues[0]", "1/8", "25/8"),
    "navon2021_newton_prop": ("bA[0]", -2, 2),
    "navon2021_trivial_solution": ("weights[0]", 0, 3),
    "navon2021_two_stage": ("b1[0]", -2, 2),
    "vicol2021_unbiased": ("sigma", "1/10", 1),
    "vicol2023_lower_than_pes": ("sigma", "1/10", 1),
    "vicol2023_unbiased": ("sigma", "1/10", 1),
    "yakovlev2023_assumption_cross_bound": ("far[0]", -3, 3),
    "yakovlev2023_assumption_discount_range": ("gamma", "3/4", "23/24"),
    "yakovlev2023_assumption_injective_cross": ("gradient[2]", -2, 2),
    "yakovlev2023_assumption_lipschitz_hessian": ("slopes[1]", 0, 10),
    "yakovlev2023_asymptotic": ("gamma", 0, "2/3"),
    "yakovlev2023_asymptotic_warm_start": ("gamma", 0, "1/2"),
    "yakovlev2023_bias_bound": ("gradient", 0, 1),
    "yakovlev2023_bias_bound_cross": ("steps", 1, 8),
    "yakovlev2023_bias_bound_step_size": ("steps", 1, 12),
    "yakovlev2023_bound_floor": ("eigenvalues[1]", "1/2", 2),
    "yakovlev2023_existing_methods": ("steps", 1, 8),
    "yakovlev2023_inner_optimizer": ("levels[0]", 0, 2),
    "yakovlev2023_surpasses_existing": ("R", 0, 2),
    "derived_cg_dominates_neumann": ("nu", "1/6", "1/3"),
    "derived_cg_hypergradient": ("moved[1]", -2, 2),
    "derived_decoupled_decay_is_ridge": ("momentum", 0, "3/4"),
    "derived_descent_direction": ("cross[0]", 1, 12),
    "derived_heavy_ball_not_quasiconvex": ("middle", "1/2", 2),
    "derived_heavy_ball_unbounded_gradient": ("eta", "1/3", "3/5"),
    "derived_leave_one_out": ("first[0]", 0, 3),
    "derived_log_convexity": ("right", 0, 2),
    "derived_mean_log_unimodal": ("right", "1/3", 1),
    "derived_neumann_is_not_momentum": ("momentum", 0, "3/4"),
    "derived_null_space_limit": ("steps", 1, 8),
    "derived_nystrom_shift": ("shift", "1/4", 2),
    "derived_risk_monotone_in_steps": ("eta", "4/5", "11/10"),
    "derived_unconverged_inner": ("shift[0]", -2, 2),
    "derived_warm_start_holonomy": ("aside", -2, 2),
}
"""The parameter that moves through a counterexample and its range, where the choice of ``chosen``
shows less.
"""


def cell(side: Any) -> Any:
    """A side as a table holds it: a whole number, a fraction or a tuple as text, a long fraction
    as a float.

    One beyond the range of floats is text like "1.5 * 10^400".
    """
    shown = text(side)
    if re.fullmatch(r"-?\d+", shown):
        return int(shown)
    try:
        number = float(shown)
    except ValueError:
        return shown
    if number and isfinite(number):
        return number
    return shown.replace("e", " * 10^").replace("^+", "^")


def written(instance: Instance) -> str:
    """An instance as text: "eta=1/2; eigenvalues=1,3"."""
    parts = []
    for name, value in instance.items():
        numbers = value if isinstance(value, tuple) else (value,)
        parts.append(f"{name}={','.join(map(str, numbers))}")
    return "; ".join(parts)


def read(claim: Claim, line: str) -> Instance:
    """The instance of :func:`written`."""
    found: dict[str, Any] = {}
    for part in line.split("; "):
        name, _, text = part.partition("=")
        found[name] = text
        if claim.domain[name].axis:
            found[name] = text.split(",")
    return claim.read(found)


def curve(claim: Claim, verdict: Verdict) -> Rows:
    """Both sides of a refuted statement while one parameter moves through the counterexample,
    where it is admitted.

    ``repaired`` is the right side of the repaired form where that form applies, if it has the same
    left side.
    """
    start = verdict.evidence["instance"]
    form = verdict.form
    name, found = _through(claim, form, start)
    component = _failing(examine(claim, form, start))
    solid = _repaired(claim, found, component)
    out = []
    for x, at in found.items():
        left = at.lhs[component]
        right = at.rhs[component]
        here = x == value(start, name)
        out.append(
            {
                "parameter": name,
                "component": component,
                "x": float(x),
                "left": float(left),
                "right": float(right),
                "repaired": solid.get(x),
                "lhs": cell(left) if here else None,
                "rhs": cell(right) if here else None,
                "violated": not RELATIONS[claim.relation](left, right),
            }
        )
    return out


def value(instance: Instance, name: str) -> Any:
    """One number of an instance, by a name like "eta" or "eigenvalues[0]"."""
    key, _, index = name.partition("[")
    if index:
        return instance[key][int(index[:-1])]
    return instance[key]


def moved(instance: Instance, name: str, x: Any) -> Instance:
    """The instance with one number changed."""
    key, _, index = name.partition("[")
    if not index:
        return {**instance, key: x}
    k = int(index[:-1])
    return {**instance, key: instance[key][:k] + (x,) + instance[key][k + 1 :]}


def _failing(finding: Finding) -> int:
    pairs = zip(finding.lhs, finding.rhs, strict=True)
    return next(k for k, pair in enumerate(pairs) if not RELATIONS[finding.relation](*pair))


def _at(claim: Claim, form: str, instance: Instance) -> Finding | None:
    """Both sides at an instance of the domain that meets the assumptions, where they exist."""
    try:
        found = examine(claim, form, claim.read(instance))
    except (ValueError, ZeroDivisionError):
        return None
    if not found.admitted:
        return None
    return found


def _through(claim: Claim, form: str, start: Instance) -> tuple[str, dict[Any, Finding]]:
    """The parameter that moves, and the findings by its value; a violation that would be too
    narrow is magnified.
    """
    name, *ends = MOVES.get(claim.name, ("",))
    if name not in _names(claim, start):
        name = chosen(claim, form, start)
        ends = []
    x = value(start, name)
    whole = claim.domain[name.partition("[")[0]].whole
    low, high = map(Fraction, ends or (x / 2, 2 * x + 1))
    low = min(low, x)
    high = max(high, x)
    tries: list[dict[Any, Finding]] = []
    while len(tries) < (1 if whole else 7):
        points: Iterable[Any]
        if whole:
            points = range(int(low), int(high) + 1)
        else:
            points = sorted(
                {x, *(low + (high - low) * Fraction(k, CELLS) for k in range(CELLS + 1))}
            )
        tries.append({q: at for q in points if (at := _at(claim, form, moved(start, name, q)))})
        if sum(not at.holds for at in tries[-1].values()) >= len(tries[-1]) / 6:
            return name, tries[-1]
        low = x - (x - low) / 4
        high = x + (high - x) / 4
    return name, tries[0]


def _names(claim: Claim, instance: Instance) -> list[str]:
    """The numbers of an instance: step sizes, then other reals, then whole ones."""
    keys = sorted(
        instance, key=lambda key: (not claim.domain[key].step_size, claim.domain[key].whole)
    )
    found = []
    for key in keys:
        if claim.domain[key].axis:
            found += [f"{key}[{i}]" for i in range(len(instance[key]))]
        else:
            found.append(key)
    return found


def chosen(claim: Claim, form: str, start: Instance) -> str:
    """The first number along which both sides vary most."""
    component = _failing(examine(claim, form, start))

    def varied(name: str) -> int:
        whole = claim.domain[name.partition("[")[0]].whole
        step = Fraction(1) if whole else Fraction(1, 8)
        near = (moved(start, name, value(start, name) + k * step) for k in range(4))
        found = [at for instance in near if (at := _at(claim, form, instance))]
        return len({at.lhs[component] for at in found}) + len({at.rhs[component] for at in found})

    return max(_names(claim, start), key=varied)


def _repaired(claim: Claim, found: Mapping[Any, Finding], component: int) -> dict[Any, float]:
    """The right side as repaired where it applies, if the left side is the same one at three
    points or more.
    """
    if "repaired" not in claim.forms:
        return {}
    other = {x: at for x, own in found.items() if (at := _at(claim, "repaired", own.instance))}
    for k in range(min((len(at.lhs) for at in other.values()), default=0)):
        if len(other) > 2 and all(at.lhs[k] == found[x].lhs[component] for x, at in other.items()):
            return {x: float(at.rhs[k]) for x, at in other.items()}
    return {}


def certificate(row: Mapping[str, Any]) -> dict[str, Any]:
    """The certificate of a row, made of its instance and verdict and checked with the standard
    library alone.

    Raises
    ------
    ValueError
        the instance does not show the verdict.
    """
    return _certificate(
        *(row[key] for key in ("claim", "form", "verdict", "how", "instance", "coverage"))
    )


@cache
def _certificate(
    name: str, form: str, status: str, how: str, instance: str | None, coverage: float | None
) -> dict[str, Any]:
    claim = qm.claim(name)
    evidence = {}
    if instance is not None:
        evidence = examine(claim, form, read(claim, instance)).evidence()
    if coverage is not None:
        evidence["boxes"] = tuple(prove(box, claim.relation) for box in placed(claim, form))
    found: dict[str, Any] = qm.certificate(Verdict(name, form, status, how, evidence), claim)
    recheck(found)
    return found
