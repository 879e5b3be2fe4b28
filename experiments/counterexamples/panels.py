"""The panels of the figure of counterexamples: one refuted statement each."""

import re
from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta import plotting as p

COLUMNS = 5
LOGARITHMIC = ("derived_heavy_ball_unbounded_gradient",)
RED = "#D55E00"
SOURCES = {
    "wang2021": "Wang",
    "navon2021": "Navon",
    "vicol2021": "Vicol",
    "vicol2023": "Vicol",
    "yakovlev2023": "Yakovlev",
    "derived": "derived",
}
OPPOSITE = {"<=": ">", ">=": "<", "<": r"\geq", ">": r"\leq", "==": r"\neq"}
WORDS = {
    "wang2021_gap_decreases": (
        "gap falls with $n$",
        "RMSE: gap at $n$ > gap at $n'$",
        r"$\zeta(n'/2)$",
    ),
    "wang2021_meta_descent": (
        "meta-descent, any $M$",
        r"$|\eta_k-\eta^*|\leq\epsilon$ for $k\geq k'$",
        r"$\epsilon$",
    ),
    "wang2021_optimal_risk": (
        r"$d\sigma^2/n$ is optimal",
        r"one step: risk $\geq d\sigma^2/n$",
        r"$\sigma^2/R^2$",
    ),
    "navon2021_implicit_function": (
        "implicit function",
        r"$\nabla L_T=0$ gives $W^*\in C^1$",
        "main curvature",
    ),
    "navon2021_neumann_scale": ("released Neumann", r"$Hx+(I-\nu H)^{J+1}v=v$", ""),
    "navon2021_neumann_series": ("Neumann series", r"$H^{-1}=\sum(I-H)^t$", r"$\lambda_{\max}$"),
    "navon2021_newton_prop": (
        "one Newton step",
        r"$dL_A/d\phi=-\nabla L_A\cdot H^{-1}\nabla L_T$",
        "target of $L_A$",
    ),
    "navon2021_trivial_solution": ("trivial solution", r"$\phi_k\to0$", r"$\phi_k$ at the start"),
    "navon2021_two_stage": (
        "two-stage training",
        r"$\mathrm{argmin}_\phi\,L_A\neq0$",
        "target of the task",
    ),
    "vicol2021_unbiased": ("PES is unbiased", r"$E\hat g=F\,'$", ""),
    "vicol2023_lower_than_pes": ("single below PES", "variance single $\\leq$ PES", ""),
    "vicol2023_unbiased": ("single is unbiased", r"$E\hat g=F\,'$", ""),
    "yakovlev2023_assumption_cross_bound": (
        "assumption 4",
        r"$\Vert J(w)\Vert^2\leq B^2$, all $w$",
        "$w$",
    ),
    "yakovlev2023_assumption_discount_range": (
        "assumption 3",
        r"bias$^2\leq$ bound$^2$, any $\gamma$",
        "",
    ),
    "yakovlev2023_assumption_injective_cross": (
        "assumption 6",
        r"$\kappa_J\Vert g\Vert^2\leq\Vert Jg\Vert^2$",
        "$g_3$",
    ),
    "yakovlev2023_assumption_lipschitz_hessian": (
        "assumption 2",
        r"bias$^2\leq$ bound$^2$, any $H_w$",
        "slope of the Hessian",
    ),
    "yakovlev2023_asymptotic": (r"exact as $T\to\infty$", r"$\hat g-g\to0$, $T\to\infty$", ""),
    "yakovlev2023_asymptotic_warm_start": (
        "exact at $w_0=w_*$",
        r"$\hat g-g\to0$, $w_0\to w_*$",
        "",
    ),
    "yakovlev2023_bias_bound": ("bias bound", r"bias$^2\leq$ bound$^2$", r"$\tan(\theta_g/2)$"),
    "yakovlev2023_bias_bound_cross": (
        r"bound, $B\geq\Vert J\Vert$",
        r"bias$^2\leq$ bound$^2$",
        "",
    ),
    "yakovlev2023_bias_bound_step_size": (r"bias bound, $\eta<2/L$", r"bias$^2\leq$ bound$^2$", ""),
    "yakovlev2023_bound_floor": ("bound vanishes", r"bound$^2\to0$", r"$\mu$"),
    "yakovlev2023_existing_methods": ("existing methods", r"floor$^2\leq$ bias$^2$ of Neumann", ""),
    "yakovlev2023_inner_optimizer": (
        "inner optimiser",
        r"$\Vert w_T\Vert^2\leq\Vert w_0\Vert^2$",
        r"$\lambda-\mu$",
    ),
    "yakovlev2023_surpasses_existing": (
        "surpasses others",
        r"bias$^2\leq$ that of one step",
        r"$\Vert w_0-w_*\Vert$",
    ),
    "derived_cg_dominates_neumann": ("CG beats Neumann", r"error$^2$ CG $\leq$ Neumann", ""),
    "derived_cg_hypergradient": ("CG as inner solver", "$F'$ = Galerkin estimate", "$b_k$"),
    "derived_decoupled_decay_is_ridge": ("decoupled decay", "decay beside the step = ridge", ""),
    "derived_descent_direction": ("descent direction", r"$\hat g^\top g>0$, $w_0=w_*$", ""),
    "derived_heavy_ball_not_quasiconvex": (
        "momentum: valley",
        r"$F(\eta)\leq\max$ at both ends",
        r"$\eta$",
    ),
    "derived_heavy_ball_unbounded_gradient": (
        r"heavy ball $G\,'$ bounded",
        r"$|F\,'|^{2T}\leq(TBF)^{2T}\ldots$",
        "",
    ),
    "derived_leave_one_out": ("leave-one-out", "change = $-$derivative", "$x_1$"),
    "derived_log_convexity": (
        "log $F$ convex",
        r"$F(\frac{\eta_1+\eta_2}{2})^2\leq F(\eta_1)F(\eta_2)$",
        r"$\eta_2$",
    ),
    "derived_mean_log_unimodal": ("mean log: one valley", r"$M'_1\wedge(-M'_2)\leq0$", r"$\eta_2$"),
    "derived_neumann_is_not_momentum": ("momentum run", "unrolled = Neumann series", ""),
    "derived_null_space_limit": ("null space at rest", r"$P_N\,\partial_kw_T=0$", ""),
    "derived_nystrom_shift": (
        "low-rank inverse",
        r"error at any $\delta$ $\leq$ that of 0",
        r"$\delta$",
    ),
    "derived_risk_monotone_in_steps": (
        "risk falls with $T$",
        r"#($\eta'$ as good at $T+1$) $\geq1$",
        "",
    ),
    "derived_unconverged_inner": ("unconverged inner", "formula at $w$ = hypergradient", "$w-w_*$"),
    "derived_warm_start_holonomy": (
        "warm start forgets",
        "$w$ = $w_0$ back at the same $\\alpha$",
        "$s_0$",
    ),
}
"""Title, printed statement in short, and the label of the parameter where its symbol says too
little.
"""


def panel(ax: Axes, name: str, rows: Rows) -> None:
    """Both sides of one statement, the counterexample, and where the statement is violated."""
    x, left, right = (
        np.array([row[key] for row in rows], dtype=float) for key in ("x", "left", "right")
    )
    solid = [row for row in rows if row["repaired"] is not None]
    star = next(row for row in rows if row["lhs"] is not None)
    counted = set(left) <= {0.0, 1.0, 2.0} and set(right) == {1.0}
    violated = np.array([row["violated"] for row in rows])
    ax.fill_between(x, left, right, where=violated, color=RED, alpha=0.25, linewidth=0)
    for k in np.flatnonzero(violated & ~np.r_[False, violated[:-1]] & ~np.r_[violated[1:], False]):
        # a single point has no width of its own
        half = (x.max() - x.min()) / 60
        ax.fill_between(
            [x[k] - half, x[k] + half], left[k], right[k], color=RED, alpha=0.25, linewidth=0
        )
    if not counted:
        p.repaired_bound(
            ax, [row["x"] for row in solid], [row["repaired"] for row in solid], linewidth=1.4
        )
    p.printed_bound(ax, x, right, 6, linewidth=0.9)
    p.measured(ax, x, left, 0, markersize=2, linestyle="none" if counted else "-", linewidth=0.6)
    p.measured(
        ax,
        star["x"],
        star["left"],
        1,
        marker="*",
        markersize=8,
        markeredgecolor="black",
        markeredgewidth=0.4,
        zorder=5,
        clip_on=False,
    )
    scales(ax, star, np.array([*left, *right]), [row["repaired"] for row in solid])
    labels(ax, name, star, counted, set(left) <= {0.0, 1.0})
    marks = [
        (row["x"], row[side])
        for row in rows
        for side in ("left", "right", "repaired")
        if row[side] is not None
    ]
    corner(
        ax,
        np.array([*marks, *[(star["x"], star["left"])] * 9]),
        values(star, counted and set(left) <= {0.0, 1.0}),
    )


def scales(ax: Axes, star: dict[str, Any], sides: Any, repaired: list[float]) -> None:
    """A range about the counterexample; logarithmic for some."""
    if star["claim"] in LOGARITHMIC:
        ax.set(
            yscale="log",
            ylim=(min(sides[sides > 0]) / 2, 2 * max(sides)),
            yticks=[0.01, 1, 100, 1e4],
        )
        ax.minorticks_off()
        return
    reach = 3 * max(abs(star["left"]), abs(star["right"]))
    if np.mean(abs(sides) <= reach) > 0.5:
        reach = reach
    else:
        reach = 3 * reach
    near = sides[abs(sides) <= reach]
    low = min(near)
    high = max(near)
    # a repaired bound far above would hide the violation
    near = [
        low,
        high,
        *(
            entry
            for entry in repaired
            if low - 1.5 * (high - low) <= entry <= high + 1.5 * (high - low)
        ),
    ]
    low = min(near)
    high = max(near)
    ax.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))


def labels(ax: Axes, name: str, star: dict[str, Any], counted: bool, logical: bool) -> None:
    """Title, short statement, parameter, few ticks."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    source, _, rest = name.partition("_")
    title, says, symbol = WORDS.get(name, (rest.replace("_", " "), "", ""))
    ax.set_title(
        f"{SOURCES[source]}: {title}\n{says}",
        fontsize=7,
        loc="left",
        x=-0.2,
        pad=3,
        linespacing=1.25,
    )
    key, _, index = star["parameter"].partition("[")
    p = qm.claim(name).domain[key]
    letter = p.symbol
    if index:
        letter = letter.replace("_i", f"_{int(index[:-1]) + 1}")
    ax.set_xlabel(symbol or f"${letter}$", fontsize=7, labelpad=1)
    ax.tick_params(labelsize=6.5, length=2, pad=1.5)
    ax.xaxis.set_major_locator(MaxNLocator(3, integer=p.whole))
    if counted and logical:
        ax.set_yticks([0, 1], ["no", "yes"])
    elif ax.get_yscale() == "linear":
        ax.yaxis.set_major_locator(MaxNLocator(3, integer=counted))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"${tex(y, 4)}$"))


def corner(ax: Axes, marks: Any, text: str) -> None:
    """The text in that corner of a panel, or halfway up, that holds fewest of the marks (n, 2)."""
    u, v = ax.transAxes.inverted().transform(ax.transData.transform(marks)).T

    width = 0.1 + 0.05 * len(re.sub(r"\\\\[a-z]+|[${}]", "", text))

    def crowd(place: tuple[int, float]) -> int:
        return int(((abs(u - place[0]) < width) & (abs(v - place[1]) < 0.28)).sum())

    places = ((1, 1), (0, 1), (1, 0), (0, 0), (1, 0.5), (0, 0.5))
    right, height = min(places, key=crowd)
    ax.text(
        (0.04, 0.97)[right],
        0.05 + 0.91 * height,
        text,
        transform=ax.transAxes,
        fontsize=7,
        color=RED,
        ha=("left", "right")[right],
        va={0: "bottom", 0.5: "center", 1: "top"}[height],
        zorder=6,
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.6},
    )


def values(star: dict[str, Any], logical: bool) -> str:
    """What the counterexample says: "1/36 > 0"; decimals that differ where fractions are long."""
    sides = [star["lhs"], star["rhs"]]
    if logical:
        shown = [r"\mathrm{yes}" if side else r"\mathrm{no}" for side in sides]
    elif all(isinstance(side, int | str) and len(str(side)) < 9 for side in sides):
        shown = [str(side) for side in sides]
    else:
        exact = [float(Fraction(side)) for side in sides]
        digits = next((n for n in range(3, 17) if len({f"{side:.{n}g}" for side in exact}) > 1), 17)
        shown = [tex(side, digits) for side in exact]
    return f"${shown[0]}{OPPOSITE[star['relation']]}{shown[1]}$"


def tex(number: float, digits: int = 3) -> str:
    """A number as a formula, with a power of ten where it is small or large."""
    mantissa, _, power = f"{number:.{digits}g}".partition("e")
    if 1e3 <= abs(number) < 1e6:
        return f"{number:.0f}"
    if not power:
        return mantissa
    return rf"{mantissa}\times10^{{{int(power)}}}"


def legend(fig: Figure) -> None:
    """What the marks of all panels are."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        (Line2D([], [], color=p.COLOURS[0], marker="o", markersize=2, linewidth=0.6), "left side"),
        (
            Line2D([], [], color=p.COLOURS[6], linestyle=p.PRINTED, linewidth=0.9),
            "right side",
        ),
        (Line2D([], [], color=p.COLOURS[2], linewidth=1), "right side, repaired"),
        (Patch(color=RED, alpha=0.25, linewidth=0), "violated"),
        (
            Line2D(
                [],
                [],
                color=RED,
                marker="*",
                markersize=8,
                markeredgecolor="black",
                markeredgewidth=0.4,
                linestyle="none",
            ),
            "counterexample",
        ),
    ]
    fig.legend(*zip(*marks, strict=True), loc="outside upper center", ncols=5, fontsize=7.5)
