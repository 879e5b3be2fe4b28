"""The bias of the discounted hypergradient: what is proved, what is attained, what remains.

sum_t gamma^(T-t) B_t g_t replaces A_{t+1} ... A_T by gamma^(T-t) I and g_T by g_t. Bound A is
tight on quadratic problems, B' holds for every smooth and strongly convex inner loss with a
Lipschitz Hessian. The printed bound fails for T below about sqrt(8 / (eta mu)), where its term in
the Lipschitz constant is negative. As T grows the bias tends to -J_* (eta/(1-gamma) I - H_*^-1)
g_*, not to 0; with the matrix I - eta H(w_t) in place of gamma it does tend to 0.

Source: Yakovlev, Bakhteev, Strijov 2023, Theorem 1; the bounds A, B' and E are derived.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta import plotting as p
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.theory import discount

BOUNDS = {
    "A": discount.bias_bound_quadratic,
    "B": discount.bias_bound_any_curvature,
    "Bp": discount.bias_bound_lipschitz_hessian,
    "printed": discount.bias_bound_as_printed,
    "E": discount.bias_bound_matrix_discount,
}
DARK = "0.35"

# settings
CAPTION = (
    r"Bias of the discounted hypergradient; $\eta=L=L_2=1$, $\Vert w_0-w_*\Vert=\Vert "
    r"g_T\Vert=\Vert J\Vert=1$, $\mu=0.1$, $\gamma^*=1-2\eta\mu L/(\mu+L)$. (a) Quadratic inner "
    r"losses at $\gamma=\gamma^*$: random (dots) and for each $T$ the worst in one dimension "
    r"(squares), which attains bound A from $T=96$ on; dotted: its exact limit. (b) One random "
    r"problem (markers: measured, lines: closed form), $a_\mu=1-\eta\mu$, $c=1-\eta(L+\mu)/2$: the "
    r"bias settles at its exact limit (dotted) for each $\gamma$, the matrix discount goes to "
    r"zero. (c) Grey: the factor of the Hessian-Lipschitz constant $H_w$ in the printed bound is "
    r"negative. Marks: problems with a large $H_w$ whose measured bias lies above or below the "
    r"printed bound. (d) Inner losses that are not quadratic, $H_w=1.5$, $\gamma=\gamma^*$: B "
    r"knows no $H_w$, B$'$ is the printed theorem repaired."
)
SEED = 5
FULL: dict[str, Any] = {
    "horizons": [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1000],
    "seeds": 12,
    "mus": [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.5],
    "marks": [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    "border": 61,
}
SMOKE: dict[str, Any] = FULL | {
    "horizons": [1, 2, 4, 8, 16, 64, 256, 1000],
    "seeds": 2,
    "mus": [3e-3, 0.1, 0.5],
    "marks": [1, 2, 8, 32, 128],
    "border": 13,
}


def points(
    horizons: list[int], seeds: int, mus: list[float], marks: list[int], border: int
) -> list[dict[str, Any]]:
    """Replicates of the quadratic and the other family, the limits, the sign of the printed
    bracket.
    """
    best = discount.minimax_gamma(1.0, 0.1, 1.0)
    found = [
        {"part": part, "mu": 0.1, "gamma": best, "seed": SEED + seed, "horizons": horizons}
        for part, number in (("random", seeds), ("worst", 1), ("smooth", seeds))
        for seed in range(number)
    ]
    found += [
        {"part": "limit", "mu": 0.1, "gamma": gamma, "seed": SEED, "horizons": horizons}
        for gamma in (0.45, best, 0.9)
    ]
    found += [
        {"part": "mark", "mu": mu, "gamma": (1 - mu) / 2, "seed": SEED, "horizons": marks}
        for mu in mus
    ]
    return found + [
        {
            "part": "border",
            "mu": float(mu),
            "gamma": 0.5,
            "seed": SEED,
            "horizons": list(range(1, 301)),
        }
        for mu in np.geomspace(1e-4, 0.5, border)
    ]


# compute
def measure(part: str, mu: float, gamma: float, seed: int, horizons: list[int]) -> Rows:
    """One row for each number of steps; for a border the last step at which the printed bracket is
    negative.
    """
    place = {"part": part, "mu": mu, "gamma": gamma, "seed": seed}
    empty = dict.fromkeys(
        ("H_w", "measured", "theory", "matrix", "limit", "size", "bracket", *BOUNDS)
    )
    if part == "border":
        last = max(T for T in horizons if discount.printed_bracket((1 - mu) ** 0.5, T) < 0)
        return [place | {"T": last} | empty | {"theory": (8 / mu) ** 0.5}]
    rows: Rows = []
    for T in horizons:
        fixed = part == "limit"
        rng = np.random.default_rng([seed, 0 if fixed else T])
        problem = FAMILIES[part](horizons[-1] if fixed else T, mu, gamma, rng)
        loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0))
        alpha = np.zeros(problem.hyperparameters)
        g = loss.gradient(alpha)
        scalar, matrix = (
            np.linalg.norm(qm.hypergradient(loss, alpha, estimator).value - g)
            for estimator in (qm.Discounted(gamma), qm.MatrixDiscount())
        )
        H_w = getattr(problem, "hessian_lipschitz", 0.0)
        final = np.linalg.norm(problem.outer_gradient(loss.trained(alpha)))
        scales = discount.Scales(mu, 1.0, 1.0, gamma, T, G=final, H_w=H_w)
        row = empty | {
            "H_w": H_w,
            "measured": scalar,
            "matrix": matrix,
            "size": np.linalg.norm(g),
            "bracket": discount.printed_bracket((1 - mu) ** 0.5, T),
        }
        row |= {name: bound(scales) for name, bound in BOUNDS.items()}
        if isinstance(problem, qm.Coupled):
            row |= {"theory": exact(problem, loss, gamma), "limit": exact(problem, None, gamma)}
        else:
            row["A"] = None
        rows.append(place | {"T": T} | row)
    return rows


def exact(problem: qm.Coupled, loss: qm.OuterLoss | None, gamma: float) -> float:
    """Norm of the bias by its closed form, or of its limit."""
    bound = problem.at(np.zeros(problem.hyperparameters))
    lam, Q = bound.spectrum
    center = bound.minimizer[:, 0]
    if loss is None:
        return float(
            np.linalg.norm(
                discount.limit_bias(
                    lam, Q.T @ problem.cross, Q.T @ problem.outer_gradient(center), 1.0, gamma
                )
            )
        )
    g = problem.outer_gradient(loss.trained(bound.alpha))
    return float(
        np.linalg.norm(
            discount.bias(
                lam,
                Q.T @ problem.cross,
                Q.T @ problem.outer_hessian @ Q,
                Q.T @ (problem.start - center),
                Q.T @ g,
                1.0,
                gamma,
                loss.optimizer.steps,
            )
        )
    )


def quadratic(T: int, mu: float, gamma: float, rng: np.random.Generator) -> Any:
    """A random basis, spectrum and outer loss."""
    lam = np.sort(np.concatenate([[mu, 1.0], rng.uniform(mu, 1, 18)]))
    return scaled(qm.Coupled.random(lam, 5, int(rng.integers(2**31))), T, rng)


def smooth(T: int, mu: float, gamma: float, rng: np.random.Generator) -> Any:
    """One inner loss with L = 1 and Hessian-Lipschitz constant 1.5, in a random outer problem."""
    inner = qm.LogCosh.random(6, 5, SEED, mu)
    inner = replace(inner, scale=inner.scale * (1 - mu) / (inner.L - mu), linear=inner.linear / 4)
    zoom = 1.5 / inner.hessian_lipschitz
    A = rng.standard_normal((6, 6))
    inner = replace(inner, features=inner.features * zoom, scale=inner.scale / zoom**2)
    return scaled(
        replace(
            inner,
            cross=rng.standard_normal((6, 5)),
            outer_hessian=A @ A.T / np.linalg.norm(A, 2) ** 2,
        ),
        T,
        rng,
    )


def scaled(problem: Any, T: int, rng: np.random.Generator) -> Any:
    """The problem with ||C|| = ||w_0 - w_*|| = ||g_T|| = 1, w_0 - w_* and g_T in random
    directions.
    """
    away, g = (x / np.linalg.norm(x) for x in rng.standard_normal((2, len(problem.linear))))
    alpha = np.zeros(problem.hyperparameters)
    start = qm.OuterLoss(problem, qm.GradientDescent(1000, 1.0)).trained(alpha) + away
    final = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0)).trained(alpha, start)
    return replace(
        problem,
        cross=problem.cross / np.linalg.norm(problem.cross, 2),
        start=start,
        outer_linear=problem.outer_hessian @ final - g,
    )


def worst(T: int, mu: float, gamma: float, rng: np.random.Generator) -> Any:
    """The curvature in [mu, 1] whose one-dimensional bias is largest, with the signs that add both
    parts up.
    """
    z = np.linspace(mu, 1, 20001)
    both = abs(geometric_sum(gamma, T) - geometric_sum(1 - z, T)) + discount.transient(z, gamma, T)
    top = 1 - z[np.argmax(both)]
    return qm.Coupled([[1 - top]], [[1.0]], [0.0], [[1.0]], [top**T - np.sign(gamma - top)], [1.0])


def sharp(T: int, mu: float, gamma: float, rng: np.random.Generator) -> Any:
    """One dimension, curvature 1 near w_* = 0, mu elsewhere: a huge Hessian-Lipschitz constant."""
    z = 1e4 / mu
    return scaled(
        qm.LogCosh([[z]], [(1 - mu) / z**2], mu, [[1.0]], [0.0], [[1.0]], [0.0], [0.0]), T, rng
    )


FAMILIES: dict[str, Any] = {
    "random": quadratic,
    "limit": quadratic,
    "worst": worst,
    "smooth": smooth,
    "mark": sharp,
}


def check(rows: Rows) -> None:
    """Every repaired bound holds and A is attained; the printed one fails where its bracket is
    negative; the limits.
    """
    for row in (row for row in rows if row["part"] != "border"):
        place = f"{row['part']}, mu = {row['mu']}, T = {row['T']}, seed {row['seed']}"
        bounds = [row[name] for name in ("A", "B", "Bp") if row[name] is not None]
        assert row["measured"] <= min(bounds) * (1 + 1e-9) + 1e-11, (
            f"a repaired bound fails: {place}"
        )
        assert row["matrix"] <= row["E"] * (1 + 1e-9) + 1e-11, f"bound E fails: {place}"
        if row["A"] is not None:
            assert abs(row["measured"] - row["theory"]) <= 1e-10, (
                f"closed form of the bias: {place}"
            )
            assert row["A"] <= min(row["Bp"], row["printed"]) * (1 + 1e-12), (
                f"A is not the smallest bound: {place}"
            )
    worst = [row for row in rows if row["part"] == "worst"]
    share = [row["measured"] / row["A"] for row in worst if row["T"] > 1]
    assert min(share) >= 0.5**0.5, f"bound A is loose: only {min(share):.3g} of it is attained"
    assert share[-1] >= 0.999 and worst[-1]["T"] >= 100, (
        f"bound A is not attained: {share[-1]:.6g} at the last T"
    )
    for row in (row for row in rows if row["part"] == "limit" and row["T"] == worst[-1]["T"]):
        assert abs(row["measured"] - row["limit"]) <= 1e-10, (
            f"limit of the bias at gamma = {row['gamma']:.3g}"
        )
        assert row["matrix"] <= 1e-10 < 0.1 * row["size"] < row["limit"], (
            "matrix discount exact, discount is not"
        )
    marks = [row for row in rows if row["part"] == "mark"]
    for row in marks:
        assert (row["measured"] > row["printed"]) == (row["bracket"] < 0), (
            f"printed bound against the sign of its bracket: mu = {row['mu']}, T = {row['T']}"
        )
    assert any(row["bracket"] < 0 < row["measured"] for row in marks), (
        "the printed bound is crossed nowhere"
    )
    for row in (row for row in rows if row["part"] == "border"):
        assert abs(row["T"] - row["theory"]) <= 1, (
            f"border of the bracket at mu = {row['mu']:.3g}: {row['T']}"
        )


# draw
def draw(rows: Rows) -> Figure:
    """Bounds on quadratics, limits, the sign of the printed bracket, bounds elsewhere."""
    fig, ((a, b), (c, d)) = p.figure(height=5.2, rows=2, columns=2)
    of = {part: [row for row in rows if row["part"] == part] for part in (*FAMILIES, "border")}

    dotted: dict[str, Any] = {"color": DARK, "linewidth": 0.6, "linestyle": (0, (1, 1.5))}

    def note(ax: Axes, x: float, y: float, text: str, colour: str = DARK) -> None:
        ax.text(x, y, text, color=colour, fontsize=8, va="center")

    def columns(chosen: Rows, *names: str) -> Any:
        return (
            list(column)
            for column in zip(*([row[name] for name in names] for row in chosen), strict=True)
        )

    dots: dict[str, Any] = {"hue": 6, "color": "0.45", "marker": ".", "markersize": 3}
    x, A, Bp, printed, top, end = columns(
        of["worst"][1:], "T", "A", "Bp", "printed", "measured", "limit"
    )
    p.measured(a, *columns(of["random"], "T", "measured"), **dots)
    p.repaired_bound(a, x, Bp, 0)
    p.repaired_bound(a, x, A, 2)
    p.printed_bound(a, x, printed)
    p.measured(a, x, top, 4, marker="s", markersize=3)
    a.plot(x, end[-1:] * len(x), **dotted)
    for y, name, hue, up in ((printed, "printed", 1, 4), (Bp, "$B'$", 0, 0), (A, "$A$", 2, -1)):
        p.direct_label(a, x, y, name, hue, (5, up))
    note(a, 20, 0.17, "random problems")
    gammas = sorted({row["gamma"] for row in of["limit"]})
    for hue, gamma, name, up in zip(
        (0, 4, 3), gammas, ("c", r"\gamma^*", r"a_\mu"), (-4, 0, 5), strict=True
    ):
        own = [row for row in of["limit"] if row["gamma"] == gamma and row["T"] > 1]
        x, bias, closed, end = columns(own, "T", "measured", "theory", "limit")
        p.theory(b, x, closed, hue, linewidth=0.9)
        p.measured(b, x, bias, hue, markersize=3)
        b.plot(x, end, **dotted)
        p.direct_label(b, x, closed, rf"$\gamma={name}$", hue, (5, up))
    x, left, E = columns([row for row in own if row["matrix"] > 3e-6], "T", "matrix", "E")
    p.measured(b, x, left, 2, markersize=3)
    p.repaired_bound(b, x, E)
    note(b, 4, 5e-3, "matrix discount", p.COLOURS[2])
    note(b, 85, 2e-2, "its bound E", p.COLOURS[2])
    x, y, law = columns(of["border"], "mu", "T", "theory")
    c.fill_between(x, y, 0.7, step="mid", color="0.88", zorder=0, linewidth=0)
    p.theory(c, x, law, 6, label=r"$\sqrt{8/(\eta\mu)}$")
    crossed = [row for row in of["mark"] if row["measured"] > row["printed"]]
    respected = [row for row in of["mark"] if row not in crossed]
    x, y = columns(crossed, "mu", "T")
    p.measured(c, x, y, 1, label="crossed", marker="x")
    x, y = columns(respected, "mu", "T")
    p.measured(c, x, y, 0, label="respected", markerfacecolor="none")
    c.legend(loc="upper center", ncols=3, handletextpad=0.4, columnspacing=1.2)
    one = [row for row in of["smooth"] if row["seed"] == of["smooth"][0]["seed"] and row["T"] > 1]
    x, B, Bp, printed = columns(one, "T", "B", "Bp", "printed")
    p.measured(d, *columns(of["smooth"], "T", "measured"), **dots)
    p.repaired_bound(d, x, B, 6)
    p.repaired_bound(d, x, Bp, 0)
    p.printed_bound(d, x, printed)
    for y, name, hue, up in ((B, "$B$", 6, 4), (printed, "printed", 1, 0), (Bp, "$B'$", 0, -3)):
        p.direct_label(d, x, y, name, hue, (5, up))
    note(d, 20, 0.17, "random problems")
    for ax in (a, b, d):
        ax.set(
            xscale="log",
            yscale="log",
            xlim=(1.7, 1300),
            xlabel="inner steps, $T$",
            ylabel=r"bias, $\Vert\hat g-g\Vert$",
        )
    a.set(ylim=(0.05, 80))
    d.set(ylim=(0.05, 80))
    b.set(ylim=(3e-6, 20))
    c.set(
        xscale="log",
        yscale="log",
        ylim=(0.7, 2500),
        ylabel="inner steps, $T$",
        xlabel=r"step size times least curvature, $\eta\mu$",
    )
    for ax, label in zip((a, b, c, d), "abcd", strict=True):
        ax.minorticks_off()
        p.panel_label(ax, label)
    return fig
