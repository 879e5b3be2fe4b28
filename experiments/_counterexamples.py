"""Verdicts as rows of a table, curves through a counterexample, and certificates made of the rows again."""
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import quadmeta as qm
from quadmeta.certificates.recheck import recheck
from quadmeta.claims._base import Claim
from quadmeta.claims._box import prove
from quadmeta.claims._domain import Instance
from quadmeta.claims._finding import examine, Finding, RELATIONS
from quadmeta.claims._verdict import text, Verdict

Rows = list[dict[str, Any]]
CELLS = 24
"""A real parameter is shown at the ends of so many equal pieces of its range, and at the counterexample."""


class Shown(NamedTuple):
    """A parameter and its range through a counterexample; without one it is chosen."""

    title: str
    says: str
    """The printed statement, as short as it can be."""
    parameter: str = ""
    low: Fraction | int | str = 0
    high: Fraction | int | str = 1
    symbol: str = ""


SHOWN = {
    "wang2021_gap_decreases": Shown(
        "gap falls with $n$", r"$E_{tr}-E_{val}$ at $n$ > at $n'$", "ridge_later", "3/10", "74/100", r"$\zeta(n')$"),
    "wang2021_optimal_risk": Shown(
        r"$d\sigma^2/n$ is optimal", r"best risk $\geq d\sigma^2/n$", "noise", 0, 4, r"$\sigma^2/R^2$"),
    "talk2021_almost_all_step_sizes": Shown(
        "almost all step sizes", r"$|\{m\leq|F\,'|\leq M\}|=0$", "right", 0, 2),
    "navon2021_implicit_function": Shown(
        "implicit function", r"$\nabla L_T=0$ gives $W^*\in C^1$", "s0[0]", 0, 2, "main curvature"),
    "navon2021_neumann_scale": Shown(
        "released Neumann loop", r"$Hx+(I-\nu H)^{J+1}v=v$", "nu", "1/4", "5/4"),
    "navon2021_neumann_series": Shown(
        "Neumann series", r"$H^{-1}=\sum(I-H)^t$", "eigenvalues[0]", "1/8", "25/8", r"$\lambda_{\max}$"),
    "navon2021_newton_prop": Shown(
        "one Newton step", r"$dL_A/d\phi=-\nabla L_A\cdot H^{-1}\nabla L_T$", "bA[0]", -2, 2, r"target of $L_A$"),
    "navon2021_trivial_solution": Shown(
        "trivial solution", r"$\phi_k\to0$", "weights[0]", 0, 3, r"$\phi_k$ at the start"),
    "navon2021_two_stage": Shown(
        "two-stage training", r"$\mathrm{argmin}_\phi\,L_A\neq0$", "b1[0]", -2, 2, "target of the task"),
    "navon2021_two_stage_cost": Shown(
        "two-stage cost", r"solves $\geq m^K$", "points", 2, 8, "grid points $m$"),
    "yakovlev2023_assumption_cross_bound": Shown(
        "assumption 4", r"$\Vert J(w)\Vert\leq B$ for all $w$", "far[0]", -3, 3, "$w$"),
    "yakovlev2023_assumption_discount_range": Shown(
        "assumption 3", r"bias$^2\leq$ bound$^2$, any $\gamma$", "gamma", 0, "23/24"),
    "yakovlev2023_assumption_injective_cross": Shown(
        "assumption 6", r"$\kappa_J\Vert g\Vert^2\leq\Vert Jg\Vert^2$", "gradient[2]", -2, 2, "$g_3$"),
    "yakovlev2023_assumption_lipschitz_hessian": Shown(
        "assumption 2", r"bias$^2\leq$ bound$^2$, any $H_w$", "slopes[1]", 0, 10, "slope of the Hessian"),
    "yakovlev2023_asymptotic": Shown(
        "asymptotically exact", r"$\hat g-g\to0$, $T\to\infty$", "gamma", 0, "2/3"),
    "yakovlev2023_asymptotic_warm_start": Shown(
        "exact at $w_0=w_*$", r"$\hat g-g\to0$, $w_0\to w_*$", "gamma", 0, "1/2"),
    "yakovlev2023_bias_bound": Shown(
        "bias bound", r"bias$^2\leq$ bound$^2$ (signed)", "steps", 1, 12),
    "yakovlev2023_bias_bound_cross": Shown(
        r"bias bound, $B\geq\Vert J\Vert$", r"bias$^2\leq$ bound$^2$", "eta", "3/2", 2),
    "yakovlev2023_bias_bound_step_size": Shown(
        r"bias bound, $\eta<2/L$", r"bias$^2\leq$ bound$^2$", "eta", "8/9", "17/16"),
    "yakovlev2023_bound_floor": Shown(
        "the bound vanishes", r"bound$^2\to0$", "eigenvalues[1]", "1/2", 2, r"$\mu$"),
    "yakovlev2023_comparable_cost": Shown(
        "comparable cost", r"#JVP $\leq2\,$#JVP of one step", "estimates", 1, 6, "$T$"),
    "yakovlev2023_descent_direction": Shown(
        "descent direction", r"$\hat g^\top g>0$", "R", 0, 14, r"$\Vert w_0-w_*\Vert$"),
    "yakovlev2023_existing_methods": Shown(
        "existing methods", r"floor$^2\leq$ bias$^2$ of Neumann", "heights[0]", 0, "1/4", r"$L-\mu$"),
    "yakovlev2023_inner_optimizer": Shown(
        "inner optimiser", r"$\Vert w_T\Vert^2\leq\Vert w_0\Vert^2$", "levels[0]", 0, 2, r"$\lambda-\mu$"),
    "yakovlev2023_no_additional_cost": Shown(
        "no additional cost", r"JVPs = those of one step", "steps", 1, 6),
    "yakovlev2023_surpasses_existing": Shown(
        "surpasses the others", r"bias$^2\leq$ that of one step", "gamma", 0, "3/4"),
    "derived_cg_dominates_neumann": Shown(
        "CG beats Neumann", r"error$^2$ CG $\leq$ Neumann", "nu", "1/6", "1/3"),
    "derived_heavy_ball_not_quasiconvex": Shown(
        "heavy ball: one valley", r"$F(\eta)\leq\max$ at both ends", "middle", "1/2", 2, r"$\eta$"),
    "derived_heavy_ball_unbounded_gradient": Shown(
        "heavy ball: $G\\,'$ bounded", r"$|F\,'|^4\leq(TBF)^4\ldots$", "eta", "3/10", "7/10"),
    "derived_leave_one_out": Shown(
        "leave-one-out", r"change = $-$derivative", "first[0]", 0, 3, "$x_1$"),
    "derived_log_convexity": Shown(
        "log $F$ convex", r"$F(\frac{\eta_1+\eta_2}{2})^2\leq F(\eta_1)F(\eta_2)$", "right", 0, 2, r"$\eta_2$"),
    "derived_mean_log_unimodal": Shown(
        "mean log: one valley", r"$M'_1\wedge(-M'_2)\leq0$", "right", "1/3", "5/6", r"$\eta_2$"),
    "derived_risk_monotone_in_steps": Shown(
        "risk falls with $T$", r"#($\eta'$ as good at $T+1$) $\geq1$", "eta", "4/5", "11/10"),
    "derived_unconverged_inner": Shown(
        "unconverged inner", r"formula at $w$ = hypergradient", "shift[0]", -2, 2, r"$w-w_*$"),
}


def cell(value: Any) -> Any:
    """A side as a table holds it: a whole number, a fraction or a tuple as text, a long fraction as a float."""
    shown = text(value)
    for kind in (int, float):
        try:
            return kind(shown)
        except ValueError:
            continue
    return shown


def written(instance: Instance) -> str:
    """An instance as text: "eta=1/2; eigenvalues=1,3"."""
    return "; ".join(f"{name}={','.join(map(str, value)) if isinstance(value, tuple) else value}"
                     for name, value in instance.items())


def read(claim: Claim, line: str) -> Instance:
    """The instance of :func:`written`."""
    parts = (part.partition("=") for part in line.split("; "))
    return claim.read({name: value.split(",") if claim.domain[name].axis else value for name, _, value in parts})


def curve(claim: Claim, verdict: Verdict) -> Rows:
    """Both sides of a refuted statement while one parameter moves through the counterexample, where it is admitted.

    ``repaired`` is the right side of the repaired form where that form applies, if it has the same left side.
    """
    start = verdict.evidence["instance"]
    name, points = _range(claim, start)
    component, instances = _failing(examine(claim, "printed", start)), {x: moved(start, name, x) for x in points}
    found = {x: at for x in points if (at := _at(claim, "printed", instances[x]))}
    solid = _repaired(claim, instances, found, component)
    out = []
    for x, finding in found.items():
        left, right = finding.lhs[component], finding.rhs[component]
        here = x == value(start, name)
        out.append({"parameter": name, "component": component, "x": float(x), "left": float(left),
                    "right": float(right), "repaired": solid.get(x), "lhs": cell(left) if here else None,
                    "rhs": cell(right) if here else None, "violated": not RELATIONS[claim.relation](left, right)})
    return out


def value(instance: Instance, name: str) -> Any:
    """One number of an instance, by a name like "eta" or "eigenvalues[0]"."""
    key, _, index = name.partition("[")
    return instance[key][int(index[:-1])] if index else instance[key]


def moved(instance: Instance, name: str, x: Any) -> Instance:
    """The instance with one number changed."""
    key, _, index = name.partition("[")
    if not index:
        return {**instance, key: x}
    k = int(index[:-1])
    return {**instance, key: instance[key][:k] + (x,) + instance[key][k + 1:]}


def _failing(finding: Finding) -> int:
    pairs = zip(finding.lhs, finding.rhs, strict=True)
    return next(k for k, pair in enumerate(pairs) if not RELATIONS[finding.relation](*pair))


def _at(claim: Claim, form: str, instance: Instance) -> Finding | None:
    """Both sides at an instance of the domain that meets the assumptions, where they exist."""
    try:
        found = examine(claim, form, claim.read(instance))
    except (ValueError, ZeroDivisionError):
        return None
    return found if found.admitted else None


def _range(claim: Claim, start: Instance) -> tuple[str, list[Any]]:
    """The parameter that moves, and its values, the counterexample's among them."""
    shown = SHOWN.get(claim.name)
    name = shown.parameter if shown else chosen(claim, start)
    x, p = value(start, name), claim.domain[name.partition("[")[0]]
    low, high = (Fraction(shown.low), Fraction(shown.high)) if shown else \
        (x - 1 if p.low is None else p.low, 2 * x + 1 if p.high is None else min(p.high, 2 * x + 1))
    if p.whole:
        return name, list(range(int(low), int(high) + 1))
    return name, sorted({Fraction(x), *(low + (high - low) * Fraction(k, CELLS) for k in range(CELLS + 1))})


def chosen(claim: Claim, start: Instance) -> str:
    """The first parameter along which most sides vary: step sizes, then other reals, then whole numbers."""
    component, domain = _failing(examine(claim, "printed", start)), claim.domain
    names = [f"{key}[{i}]" if domain[key].axis else key for key in sorted(
        domain, key=lambda key: (not domain[key].step_size, domain[key].whole))
        for i in range(len(start[key]) if domain[key].axis else 1)]

    def varied(name: str) -> int:
        near = [value(start, name) + (k if domain[name.partition("[")[0]].whole else Fraction(k, 8)) for k in range(4)]
        found = [at for x in near if (at := _at(claim, "printed", moved(start, name, x)))]
        return len({at.lhs[component] for at in found} - {0}) + len({at.rhs[component] for at in found} - {0})
    return max(names, key=varied)


def _repaired(claim: Claim, instances: Mapping[Any, Instance], found: Mapping[Any, Finding], component: int
              ) -> dict[Any, float]:
    """The right side as repaired where it applies, if the left side is the same one at three points or more."""
    if "repaired" not in claim.forms:
        return {}
    other = {x: at for x in found if (at := _at(claim, "repaired", instances[x]))}
    for k in range(min((len(at.lhs) for at in other.values()), default=0)):
        if len(other) > 2 and all(at.lhs[k] == found[x].lhs[component] for x, at in other.items()):
            return {x: float(at.rhs[k]) for x, at in other.items()}
    return {}


def certificate(row: Mapping[str, Any]) -> dict[str, Any]:
    """The certificate of a row, made of its instance and verdict and checked with the standard library alone.

    Raises:
        ValueError: the instance does not show the verdict.
    """
    return _certificate(*(row[key] for key in ("claim", "form", "verdict", "how", "instance", "coverage")))


@cache
def _certificate(name: str, form: str, status: str, how: str, instance: str | None, coverage: float | None
                 ) -> dict[str, Any]:
    claim, evidence = qm.claim(name), {}
    if instance is not None:
        evidence = examine(claim, form, read(claim, instance)).evidence()
    if coverage is not None:
        evidence["boxes"] = tuple(prove(box, claim.relation) for box in claim.boxes(form))
    found: dict[str, Any] = qm.certificate(Verdict(name, form, status, how, evidence), claim)
    recheck(found)
    return found
