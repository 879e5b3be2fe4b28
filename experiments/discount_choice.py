"""The choice of the discount, and what no discount can do.

At w_0 = w_* the discounted hypergradient is S_T(gamma) times the one-step one, so gamma only sets
its length. Over curvatures in [mu, L] the worst absolute bias is least at gamma* = 1 - 2 eta mu
L/(mu + L), the worst relative bias at c = 1 - eta (L + mu)/2, and no weights of the T terms go
below half the width of {S_T(a)}: the matrix discount does. In one dimension the exact discount
moves from a^2 (no gradient at the minimiser) towards a as T grows.

Source: Yakovlev, Bakhteev, Strijov 2023, Theorem 2 ("asymptotically exact"); the rest is derived.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import brentq

import quadmeta as qm
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.theory import discount

Rows = list[dict[str, Any]]
MU = 0.1  # of L = eta = 1
PROBLEM = [("warm", 20), ("cold", 20), ("cold", 80)]
DARK = "0.35"

# settings
CAPTION = (
    r"Choice of the discount; $\eta=L=1$, $\mu=0.1$. Lines: closed form; markers: measured. (a) "
    r"Worst case over all curvatures in $[\mu,L]$ at $w_0=w_*$, $T=200$: the bias over the largest "
    r"$\Vert g\Vert$ is least at $\gamma^*=1-2\eta\mu L/(\mu+L)$, where it meets the floor of all "
    r"scalar weights; the relative bias is least at $c=1-\eta(L+\mu)/2$. The matrix discount is "
    r"exact. (b) One random problem, $\Vert w_0-w_*\Vert=0$ (warm) or $12$ (cold). At its best "
    r"discount $\gamma^\circ$ the angle between $\hat g$ and $g$ remains. (c) One dimension, "
    r"$a=1-\eta\lambda=0.8$, $L_2\Vert w_0-w_*\Vert=1$: the discount at which $\hat g=g$ moves "
    r"from $a^2$ to $a$ unless the outer gradient $g_*$ at the minimiser is zero. (d) Angle "
    r"between the discounted and the one-step hypergradient on a quadratic (filled) and a log-cosh "
    r"inner loss (open): zero at $w_0=w_*$."
)
SEED = 7
FULL: dict[str, Any] = {
    "gammas": 49,
    "horizons": [2, 3, 4, 6, 8, 11, 15, 20, 25, 32, 40, 50, 63, 80, 100, 128, 200],
    "gradients": [0.0, 1e-3, 0.1],
    "distances": [10.0**k for k in range(-6, 3)],
    "steps": [5, 40],
}
SMOKE: dict[str, Any] = FULL | {
    "gammas": 13,
    "horizons": [2, 12, 50],
    "distances": [1e-6, 1e-4, 1.0],
}


def points(
    gammas: int,
    horizons: list[int],
    gradients: list[float],
    distances: list[float],
    steps: list[int],
) -> list[dict[str, Any]]:
    """Discounts for the worst case and for one problem, horizons of the exact discount, distances
    of the start.
    """
    grid = sorted(
        [
            *np.linspace(0.02, 0.98, gammas).round(6).tolist(),
            discount.minimax_gamma(1.0, MU, 1.0),
            discount.minimax_gamma(1.0, MU, 1.0, relative=True),
        ]
    )
    found: list[dict[str, Any]] = [{"part": "worst", "kind": "warm", "T": 200, "xs": grid}]
    found += [{"part": "problem", "kind": kind, "T": T, "xs": grid} for kind, T in PROBLEM]
    found += [{"part": "exact", "kind": "cold", "T": T, "xs": gradients} for T in horizons]
    found += [{"part": "exact", "kind": "warm", "T": T, "xs": [1.0]} for T in horizons]
    return found + [
        {"part": "angle", "kind": kind, "T": T, "xs": [0.0, *distances]}
        for kind in ("quadratic", "log-cosh")
        for T in steps
    ]


# compute
def measure(part: str, kind: str, T: int, xs: list[float]) -> Rows:
    """Rows over discounts, outer gradients or distances."""
    find = {"worst": worst, "problem": one_problem, "exact": exact_discount, "angle": angle}[part]
    empty = dict.fromkeys(("measured", "theory", "relative", "relative_theory", "floor", "matrix"))
    return [
        {"part": part, "kind": kind, "T": T, "x": x} | empty | row for x, row in find(kind, T, xs)
    ]


def estimated(problem: Any, T: int, estimator: Any) -> tuple[Any, Any]:
    """An estimate and the exact hypergradient."""
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0))
    alpha = np.zeros(problem.hyperparameters)
    return qm.hypergradient(loss, alpha, estimator).value, loss.gradient(alpha)


def closed(problem: qm.Coupled, T: int, gamma: float) -> tuple[Any, Any, Any]:
    """Bias, exact and one-step hypergradient in closed form."""
    (lam, Q) = (bound := problem.at(np.zeros(problem.hyperparameters))).spectrum
    center = bound.minimizer[:, 0]
    error = Q.T @ (problem.start - center)
    cross = Q.T @ problem.cross
    outer = Q.T @ problem.outer_hessian @ Q
    last = Q.T @ problem.outer_gradient(center) + outer @ ((1 - lam) ** T * error)
    return (
        discount.bias(lam, cross, outer, error, last, 1.0, gamma, T),
        cross.T @ (geometric_sum(1 - lam, T) * last),
        cross.T @ last,
    )


def worst(kind: str, T: int, xs: list[float]) -> Any:
    """One-dimensional problems of all curvatures side by side, at w_0 = w_* = 0 and g_* = 1; the x
    are discounts.
    """
    lam = np.linspace(MU, 1, 19)
    eye = np.eye(len(lam))
    problem = qm.Coupled(np.diag(lam), eye, 0 * lam, eye, -1 + 0 * lam)
    matrix, g = estimated(problem, T, qm.MatrixDiscount())
    for gamma in xs:
        scales = discount.Scales(MU, 1.0, 1.0, gamma, T, R=0.0)
        bias = abs(estimated(problem, T, qm.Discounted(gamma))[0] - g)
        sums = geometric_sum(1 - lam[[0, -1]], T)
        yield (
            gamma,
            {
                "measured": max(bias) / sums[0],
                "theory": discount.bias_bound_quadratic(scales) / sums[0],
                "relative": max(bias / g),
                "relative_theory": max(abs(geometric_sum(gamma, T) / sums - 1)),
                "floor": discount.floor(scales) / sums[0],
                "matrix": max(abs(matrix - g)) / sums[0],
            },
        )


def one_problem(kind: str, T: int, xs: list[float]) -> Any:
    """One random problem; the x are discounts, and the best one of the warm start."""
    problem = qm.Coupled.random(np.linspace(MU, 1, 12), 4, SEED)
    bound = problem.at(np.zeros(4))
    (lam, Q) = bound.spectrum
    center = bound.minimizer[:, 0]
    away = problem.start - center
    problem = replace(problem, start=center)
    _, exact, one = closed(problem, T, 0.5)
    sine = np.sin(2 * np.arcsin(np.sqrt(opening(exact, one) / 2)))
    if kind == "cold":
        problem = replace(problem, start=center + 12 / np.linalg.norm(away) * away)
    else:
        xs = [
            *xs,
            discount.best_gamma(
                lam, Q.T @ problem.cross, Q.T @ problem.outer_gradient(center), 1.0, T
            ),
        ]
    matrix, g = estimated(problem, T, qm.MatrixDiscount())
    size = np.linalg.norm(g)
    for gamma in xs:
        bias = closed(problem, T, gamma)[0]
        found = estimated(problem, T, qm.Discounted(gamma))[0]
        yield (
            gamma,
            {
                "measured": np.linalg.norm(found - g) / size,
                "theory": np.linalg.norm(bias) / size,
                "floor": sine,
                "matrix": np.linalg.norm(matrix - g) / size,
            },
        )


def exact_discount(kind: str, T: int, xs: list[float]) -> Any:
    """The discount that is exact in one dimension, a = 0.8; w_0 is 1 or 0; the x are gradients g_*
    at 0.
    """
    for gradient in xs:
        problem = qm.Coupled([[0.2]], [[1.0]], [0.0], [[1.0]], [-gradient], [float(kind == "cold")])

        def measured(gamma: float) -> float:
            found, g = estimated(problem, T, qm.Discounted(gamma))
            return float(found[0] / g[0] - 1)

        def theory(gamma: float) -> float:
            return float(closed(problem, T, gamma)[0][0])

        roots = [
            brentq(function, 0.3, 0.99, xtol=1e-14, rtol=1e-14) for function in (measured, theory)
        ]
        yield gradient, {"measured": roots[0], "theory": roots[1]}


def angle(kind: str, T: int, xs: list[float]) -> Any:
    """1 - cos between discounted and one-step hypergradient at gamma*; the x are distances ||w_0 -
    w_*||.
    """
    gamma = discount.minimax_gamma(1.0, MU, 1.0)
    problem: Any = qm.Coupled.random(np.linspace(MU, 1, 12), 4, SEED)
    if kind == "log-cosh":
        problem = qm.LogCosh.random(6, 4, SEED, MU)
        problem = replace(problem, scale=problem.scale * (1 - MU) / (problem.L - MU))
    center = qm.OuterLoss(problem, qm.GradientDescent(2000, 1.0)).trained(np.zeros(4))
    away = problem.start / np.linalg.norm(problem.start)
    for distance in xs:
        problem = replace(problem, start=center + distance * away)
        found, one = (
            estimated(problem, T, estimator)[0]
            for estimator in (qm.Discounted(gamma), qm.OneStep())
        )
        row = {
            "measured": opening(found, one),
            "relative": np.linalg.norm(found) / np.linalg.norm(one),
            "relative_theory": geometric_sum(gamma, T),
        }
        if kind == "quadratic":
            bias, exact, last = closed(problem, T, gamma)
            row["theory"] = opening(exact + bias, last)
        yield distance, row


def opening(x: Any, y: Any) -> float:
    """1 - cos of the angle between two vectors, without cancellation."""
    return float(sum((x / np.linalg.norm(x) - y / np.linalg.norm(y)) ** 2) / 2)


def check(rows: Rows) -> None:
    """Both minimax discounts, the floor, the best discount of one problem, the exact one,
    collinearity.
    """
    for row in rows:
        for name, theory in (("measured", "theory"), ("relative", "relative_theory")):
            # the angle itself, not its square
            if row["part"] == "angle":
                power = 0.5
            else:
                power = 1.0
            assert (
                row[theory] is None
                or (row["part"], name) == ("angle", "relative")
                or abs(row[name] ** power - row[theory] ** power)
                <= 1e-8 * row[theory] ** power + 1e-14
            ), (
                f"{name} is off its closed form: {row['part']} {row['kind']}, T = {row['T']}, x "
                f"= {row['x']}"
            )
    of = {
        part: [row for row in rows if row["part"] == part]
        for part in ("worst", "problem", "exact", "angle")
    }
    least, relative = (
        min(of["worst"], key=lambda row: row[name]) for name in ("measured", "relative")
    )
    assert least["x"] == discount.minimax_gamma(1.0, MU, 1.0), f"absolute: best at {least['x']}"
    assert relative["x"] == discount.minimax_gamma(1.0, MU, 1.0, relative=True), (
        f"relative: best at {relative['x']}"
    )
    assert abs(relative["relative"] - (1 - MU) / (1 + MU)) <= 1e-8, (
        f"least worst relative bias {relative['relative']}"
    )
    assert 0 <= least["measured"] - least["floor"] + 1e-12 <= 1e-8, (
        f"floor missed by {least['measured']}"
    )
    assert least["matrix"] <= 1e-12, f"matrix discount at w_0 = w_*: {least['matrix']:.2g}"
    warm = [row for row in of["problem"] if row["kind"] == "warm"]
    best = min(warm, key=lambda row: row["measured"])
    assert best is warm[-1] and abs(best["measured"] - best["floor"]) <= 1e-8, (
        "the best discount leaves the angle"
    )
    assert min(row["measured"] for row in of["problem"]) > 10 * of["problem"][-1]["matrix"], (
        "matrix discount"
    )
    for x, kind, root in ((0.0, "cold", 0.64), (1.0, "warm", 0.8)):
        found = [row["measured"] for row in of["exact"] if (row["x"], row["kind"]) == (x, kind)]
        assert max(abs(gamma - root) for gamma in found) <= 1e-9, f"exact discount {kind}: {found}"
    for x in {row["x"] for row in of["exact"] if 0 < row["x"] < 1}:
        found = [row["measured"] for row in of["exact"] if row["x"] == x]
        assert all(a < b for a, b in zip([0.64, *found], [*found, 0.8])), (
            f"exact discount at g_* = {x}: {found}"
        )
        assert found[-1] > 0.78, f"the exact discount does not approach a: {found[-1]} at g_* = {x}"
    for row in (row for row in of["angle"] if row["x"] == 0):
        assert (
            row["measured"] <= 1e-28 and abs(row["relative"] / row["relative_theory"] - 1) <= 1e-10
        ), (
            f"not S_T(gamma) times the one-step hypergradient at w_0 = w_*: {row['kind']}, T = "
            f"{row['T']}"
        )
    for row in (row for row in of["angle"] if 0 < row["x"] < 1e-3):
        law = {
            (other["kind"], other["T"]): other["measured"]
            for other in of["angle"]
            if other["x"] == 1e-4
        }
        ratio = row["measured"] / law[row["kind"], row["T"]] / (row["x"] / 1e-4) ** 2
        assert abs(ratio - 1) < 0.01, (
            f"1 - cos is not quadratic in the distance: {row['kind']}, T = {row['T']}"
        )


# draw
def draw(rows: Rows) -> Any:
    """The worst case, one problem, the exact discount, the angle."""
    from quadmeta import plotting as p

    fig, ((a, b), (c, d)) = p.figure(height=5.2, rows=2, columns=2)

    def curve(
        ax: Any,
        hue: int,
        y: str = "measured",
        line: str = "theory",
        every: int = 1,
        label: str = "",
        **where: Any,
    ) -> Any:
        if where["part"] == "exact":
            axis = "T"
        else:
            axis = "x"
        own = sorted(
            (
                row
                for row in rows
                if all(row[name] == value for name, value in where.items())
                and (row["part"], row["x"]) != ("angle", 0)
            ),
            key=lambda row: row[axis],
        )
        x = [row[axis] for row in own]
        look: dict[str, Any] = {"markersize": 3}
        if own[0][line] is None:
            look = {"markersize": 4, "markerfacecolor": "none"}
        else:
            p.theory(ax, x, [row[line] for row in own], hue, linewidth=0.9)
        p.measured(ax, x[::every], [row[y] for row in own[::every]], hue, label=label, **look)
        return own

    def note(ax: Any, x: float, y: float, text: str, colour: str = DARK, **place: Any) -> None:
        ax.text(x, y, text, color=colour, fontsize=8, va="center", **place)

    gammas = {
        r"$\gamma^*$": discount.minimax_gamma(1.0, MU, 1.0),
        "$c$": discount.minimax_gamma(1.0, MU, 1.0, relative=True),
    }
    own = curve(a, 0, every=3, part="worst")
    curve(a, 1, "relative", "relative_theory", every=3, part="worst")
    p.measured(
        a, [row["x"] for row in own[::3]], [row["matrix"] for row in own[::3]], 2, markersize=3
    )
    p.repaired_bound(a, [0, 1], [own[0]["floor"]] * 2, 6)
    note(a, 0.02, 0.38, "floor of scalar weights")
    note(a, 0.02, 0.08, "matrix discount", p.COLOURS[2])
    note(a, 0.3, 1.35, "relative", p.COLOURS[1])
    note(a, 0.3, 0.75, "absolute", p.COLOURS[0])
    for (kind, T), hue in zip(PROBLEM, (0, 3, 4), strict=True):
        own = curve(b, hue, every=3, label=f"{kind} start, $T={T}$", part="problem", kind=kind, T=T)
        if kind == "warm":
            best = min(own, key=lambda row: row["measured"])
            p.measured(
                b,
                best["x"],
                best["measured"],
                6,
                marker="o",
                markersize=8,
                markerfacecolor="none",
                zorder=4,
            )
            p.repaired_bound(b, [0, 1], [best["floor"]] * 2, 6)
        else:
            p.measured(
                b,
                [row["x"] for row in own[::3]],
                [row["matrix"] for row in own[::3]],
                2,
                markersize=3,
            )
            note(b, 0.02, own[0]["matrix"] + 0.08, f"matrix discount, $T={T}$", p.COLOURS[2])
    b.legend(loc="upper left", handletextpad=0.4)
    note(b, 0.02, best["floor"] + 0.08, "left by the best discount")
    note(b, best["x"] + 0.01, best["measured"] - 0.12, r"$\gamma^\circ$")
    for x, kind, hue in ((0.0, "cold", 2), (1e-3, "cold", 1), (0.1, "cold", 4), (1.0, "warm", 0)):
        curve(c, hue, part="exact", kind=kind, x=x)
    for x, y, text, hue in (
        (2, 0.81, "$w_0=w_*$: $a$", 0),
        (2.2, 0.69, "$g_*=0.1$", 4),
        (45, 0.74, "$g_*=0.001$", 1),
        (30, 0.63, "$g_*=0$: $a^2$", 2),
    ):
        note(c, x, y, text, p.COLOURS[hue])
    for kind in ("quadratic", "log-cosh"):
        for hue, T in enumerate(sorted({row["T"] for row in rows if row["part"] == "angle"})):
            own = curve(d, hue, part="angle", kind=kind, T=T)
            if kind == "quadratic":
                x = own[len(own) // 2]["x"]
                y = own[len(own) // 2]["measured"]
                note(
                    d,
                    x * (8 if hue else 0.05),
                    y,
                    f"$T={T}$",
                    p.COLOURS[hue],
                    ha="left" if hue else "right",
                )
    for ax in (a, b):
        for name, gamma in gammas.items():
            ax.axvline(gamma, color="0.6", linewidth=0.6, zorder=0)
            ax.annotate(
                name,
                (gamma, 1.01),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=8,
            )
        ax.set(xlim=(0, 1), xlabel=r"discount, $\gamma$")
    a.set(ylim=(-0.05, 1.6), ylabel=r"worst bias, over $\Vert g\Vert$")
    b.set(ylim=(-0.05, 1.6), ylabel=r"relative bias, $\Vert\hat g-g\Vert/\Vert g\Vert$")
    c.set(
        xscale="log",
        ylim=(0.62, 0.825),
        xlabel="inner steps, $T$",
        ylabel=r"exact discount, $\gamma$",
    )
    d.set(
        xscale="log",
        yscale="log",
        xlabel=r"distance of the start, $\Vert w_0-w_*\Vert$",
        ylabel=r"angle to the one-step, $1-\cos$",
    )
    for ax, label in zip((a, b, c, d), "abcd", strict=True):
        ax.minorticks_off()
        p.panel_label(ax, label)
    return fig
