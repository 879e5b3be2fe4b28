"""Accuracy of every hypergradient estimator against its cost, and the spectral filter that
explains it.

Where J is constant, J = -C', each estimate is eta C' Q v: the exact unrolled hypergradient has v =
S_T(a) g_T in the eigenbasis Q of the inner Hessian, S_T(a) = (1 - a^T) / (1 - a), a = 1 - eta
lambda, and an estimator puts another function of eta lambda in place of S_T(a): S_K of its
truncation or its Neumann series, the constant S_T(gamma) of a discount, 1 / (eta lambda) of
implicit differentiation, the polynomial (1 - prod_j (1 - lambda / theta_j)) / (eta lambda) over
the Ritz values theta_j of conjugate gradients. Those that use the gradients g_t of earlier states
have a transient part besides, which vanishes at w_0 = w_*.

Source: Yakovlev, Bakhteev, Strijov 2023, Theorems 1 and 2; Lorraine, Vicol, Duvenaud 2020; Lee et
al. 2022.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared import filters as _filters
from experiments.shared.filters import EXACT
from experiments.shared.tables import Rows
from quadmeta import plotting as p

MEAN = 5  # states that the averaged Neumann estimate takes

# settings
CAPTION = (
    r"One family: $J$ constant, $P=50$ weights with a geometric spectrum of $\kappa=100$, $h=10$ "
    r"hyperparameters, $T=100$, $\eta=1/L$, 10 seeds. (a, b) Relative error to the exact unrolled "
    r"hypergradient against the products spent, each method at a sweep of its parameter: lines are "
    r"the median of the closed forms, markers that of the estimates, bands and bars the range over "
    r"seeds. A discount $\gamma$ from 0.5 to 1 (vertical strings, two of them beside their cost of "
    r"$T$) does not change the cost. Conjugate gradients end at the gap between the implicit and "
    r"the unrolled hypergradient. (c) The function $\varphi(\eta\lambda)$ by which each method "
    r"replaces $S_T(1-\eta\lambda)$, times $\eta\lambda$, so that 1 is the inverse Hessian: lines "
    r"closed form, markers estimates on eigenvectors; the polynomial of conjugate gradients is "
    r"that of $H$ times a vector with equal parts of all of them."
)
SEED = 0
FULL: dict[str, Any] = {"P": 50, "h": 10, "T": 100, "kappa": 100.0, "seeds": 10, "near": 0.01}
SMOKE: dict[str, Any] = FULL | {"seeds": 2}
DISCOUNTS = ("discounted", "fixed gradient", "HyperDistill")


def points(P: int, h: int, T: int, kappa: float, seeds: int, near: float) -> list[dict[str, Any]]:
    """All estimators at two starts for each seed; the filters once."""
    family = {"P": P, "h": h, "T": T, "kappa": kappa}
    starts = [("cold", 1.0), ("near", near)]
    return [
        family | {"part": place, "distance": distance, "seed": SEED + seed}
        for seed in range(seeds)
        for place, distance in starts
    ] + [family | {"part": "filter", "distance": 0.0, "seed": SEED}]


# compute
def sweep(T: int) -> list[tuple[str, float, Any]]:
    """(name, parameter, estimator); parameter 0 where there is none."""
    counts = sorted({int(K) for K in np.geomspace(1, T, 20).round()})
    gammas = [0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 1.0]
    return [
        ("one step", 0, qm.OneStep()),
        ("implicit", 0, qm.Implicit()),
        ("matrix discount", 0, qm.MatrixDiscount()),
        ("reverse", 0, qm.Reverse()),
        ("forward", 0, qm.Forward()),
        ("DrMAD", 0, qm.DrMad()),
        *(("truncated", K, qm.Truncated(K)) for K in counts),
        *(("Neumann", K - 1, qm.Neumann(K - 1)) for K in counts),
        *(("mean Neumann", K - 1, qm.Neumann(K - 1, MEAN)) for K in counts),
        *(("conjugate gradients", N, qm.ConjugateGradient(N)) for N in counts if 2 <= N <= 60),
        *(("discounted", gamma, qm.Discounted(gamma)) for gamma in gammas),
        *(("fixed gradient", gamma, qm.FixedGradient(gamma)) for gamma in gammas),
        *(("HyperDistill", gamma, qm.HyperDistill(gamma)) for gamma in gammas),
    ]


def shown(T: int) -> list[tuple[str, float, Any]]:
    """The filters that are drawn."""
    return [
        ("reverse", 0, qm.Reverse()),
        ("implicit", 0, qm.Implicit()),
        ("truncated", 10, qm.Truncated(10)),
        ("Neumann", 29, qm.Neumann(29)),
        ("fixed gradient", 0.9, qm.FixedGradient(0.9)),
        ("discounted", 0.98, qm.Discounted(0.98)),
        ("one step", 0, qm.OneStep()),
        ("conjugate gradients", 5, qm.ConjugateGradient(5)),
    ]


def measure(part: str, P: int, h: int, T: int, kappa: float, distance: float, seed: int) -> Rows:
    """Errors of all estimators from w_* + distance (w_0 - w_*), or their filters; L = 1."""
    lam = qm.spectra.geometric(1 / kappa, 1.0, P)
    if part == "filter":
        return [{"part": part, "seed": seed} | row for row in _filters.rows(lam, T, shown(T), seed)]
    problem = qm.Coupled.random(lam, h, seed)
    lam, Q = problem.at(np.zeros(h)).spectrum
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0))
    alpha = np.zeros(problem.hyperparameters)
    best = problem.at(alpha).minimizer[:, 0]
    start = best + distance * (problem.start - best)
    exact = loss.gradient(alpha, start)
    decay = (1 - lam) ** np.arange(T + 1)[:, None] * (Q.T @ (start - best))
    gradients = ((best + decay @ Q.T) @ problem.outer_hessian - problem.outer_linear[:, 0]) @ Q
    rows: Rows = []
    for name, parameter, estimator in sweep(T):
        found = qm.hypergradient(loss, alpha, estimator, start=start)
        theory = adjoint(name, parameter, lam, gradients)
        cost = estimator.cost(T, problem.hyperparameters, P)
        off = problem.cross.T @ Q @ (theory - adjoint("reverse", 0, lam, gradients))
        rows.append(
            {
                "part": part,
                "seed": seed,
                "name": name,
                "parameter": parameter,
                "x": None,
                "hvps": found.hvps,
                "mixed": found.mixed,
                "outer_gradients": found.outer_gradients,
                "published": cost["hvps"] + cost["mixed"],
                "measured": float(np.linalg.norm(found.value - exact) / np.linalg.norm(exact)),
                "theory": float(np.linalg.norm(off) / np.linalg.norm(exact)),
            }
        )
    return rows


def adjoint(name: str, parameter: float, lam: Any, gradients: Any) -> Any:
    """v in the eigenbasis, so that the estimate is C'Qv, from the outer gradients g_0..g_T there;
    eta = L = 1.
    """
    T = len(gradients) - 1
    last = gradients[-1]
    back = np.arange(T - 1, -1, -1)[:, None]  # T - t for t = 1..T
    if name == "discounted":
        return (parameter**back * gradients[1:]).sum(axis=0)
    if name == "matrix discount":
        return ((1 - lam) ** back * gradients[1:]).sum(axis=0)
    if name == "mean Neumann":
        return _filters.applied("Neumann", parameter, lam, gradients[-MEAN:].mean(axis=0), T)
    return _filters.applied(name, parameter, lam, last, T)


def check(rows: Rows) -> None:
    """Estimates and costs are as in the closed forms; who is exact, and what bounds the others
    from below.
    """
    for row in rows:
        off = abs(row["measured"] - row["theory"])
        name = f"{row['name']}, {row['parameter']}, {row['part']}"
        # rounding delays conjugate gradients
        if row["name"] == "conjugate gradients":
            slack = 1e-4
        else:
            slack = 1e-10
        assert off < slack * (1 + abs(row["theory"])), (
            f"{name}: the estimate is {off:.2g} off its closed form"
        )
        spent = row["hvps"] + row["mixed"]
        assert spent == row["published"], (
            f"{name}: {spent} products against {row['published']} published"
        )
    errors = {
        (row["part"], row["seed"], row["name"], row["parameter"]): row["measured"]
        for row in rows
        if row["part"] != "filter"
    }
    for part, seed in sorted({key[:2] for key in errors}):
        own = {key[2:]: error for key, error in errors.items() if key[:2] == (part, seed)}
        last = max(parameter for name, parameter in own if name == "truncated")
        zero = [*((name, 0) for name in EXACT), ("truncated", last), ("Neumann", last - 1)]
        assert max(own[key] for key in zero) < 1e-12, (
            f"{part}, seed {seed}: an exact method is not exact"
        )
        low = min(error for key, error in own.items() if key not in zero)
        assert low > 1e-9, f"{part}, seed {seed}: a method is exact that should not be"
        shortened = [error for (name, _), error in own.items() if name == "truncated"]
        assert shortened == sorted(shortened, reverse=True), (
            f"{part}, seed {seed}: a longer truncation is worse"
        )
        floor = own["implicit", 0]
        solved = [
            error for (name, N), error in own.items() if name == "conjugate gradients" and N >= 29
        ]
        assert max(abs(error - floor) for error in solved) < 1e-3, (
            f"{part}: conjugate gradients miss the implicit gap"
        )
        discounts = [error for (name, _), error in own.items() if name in DISCOUNTS]
        assert min(discounts) > 0.1, f"{part}, seed {seed}: a discount is nearly exact"
    for name in ("matrix discount", "mean Neumann"):
        away, near = (
            min(error for key, error in errors.items() if key[0] == part and key[2] == name)
            for part in ("cold", "near")
        )
        assert near < away / 3, f"{name}: its transient part does not vanish near the optimum"


# draw
LOOKS = {
    "truncated": (0, "o"),
    "Neumann": (1, "s"),
    "mean Neumann": (4, "v"),
    "conjugate gradients": (2, "^"),
    "discounted": (5, "P"),
    "fixed gradient": (3, "X"),
    "HyperDistill": (3, "D"),
    "matrix discount": (6, "h"),
    "implicit": (6, "*"),
}


def draw(rows: Rows) -> Figure:
    """Errors against cost at both starts; the filters."""
    fig, axes = p.figure(height=5.6, rows=2, columns=2, height_ratios=[1.2, 1])
    for ax in axes[1]:
        ax.remove()
    low = fig.add_subplot(axes[0, 0].get_gridspec()[1, :])
    for ax, part in zip(axes[0], ("cold", "near"), strict=True):
        panel(ax, [row for row in rows if row["part"] == part])
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
    filters(low, [row for row in rows if row["part"] == "filter"])
    for ax, label, text in zip(
        (*axes[0], low), "abc", (r"random $w_0$", r"$w_0$ near $w_*$", ""), strict=True
    ):
        p.panel_label(ax, label)
        ax.set_title(text, fontsize=8)
    return fig


def panel(ax: Axes, rows: Rows) -> None:
    """Relative error against products: medians over seeds with their range."""
    for name, (hue, marker) in LOOKS.items():
        own = [row for row in rows if row["name"] == name]
        groups = [
            [row for row in own if row["parameter"] == parameter]
            for parameter in sorted({row["parameter"] for row in own})
        ]
        shift = {"discounted": 1.13, "fixed gradient": 0.88}.get(name, 1)
        cost = [shift * group[0]["published"] for group in groups]
        measured, theory = (
            np.array([[row[key] for row in group] for group in groups])
            for key in ("measured", "theory")
        )
        middle = np.median(measured, axis=1)
        p.theory(ax, cost, np.median(theory, axis=1), hue, linewidth=0.9)
        if name in ("matrix discount", "implicit"):
            ax.vlines(cost, theory.min(), theory.max(), color="black", linewidth=0.9)
        elif name not in DISCOUNTS:
            ax.fill_between(
                cost,
                theory.min(axis=1),
                theory.max(axis=1),
                color=p.COLOURS[hue],
                alpha=0.18,
                linewidth=0,
            )
        size = {"implicit": 6}.get(name, 3.5)
        label = {"mean Neumann": f"Neumann, mean of {MEAN}"}.get(name, name)
        p.measured(ax, cost, middle, hue, marker=marker, markersize=size, label=label)
        if name == "HyperDistill":
            best = int(middle.argmin())
            for place, gap, side in ((best, -5, "top"), (len(groups) - 1, 5, "bottom")):
                ax.annotate(
                    rf"$\gamma={groups[place][0]['parameter']:g}$",
                    (cost[place], middle[place]),
                    (0, gap),
                    fontsize=8,
                    textcoords="offset points",
                    ha="center",
                    va=side,
                )
    arrow = {"arrowstyle": "-", "color": "0.5", "linewidth": 0.6}
    for name, text, where, pointer in (
        ("reverse", "reverse,\nDrMAD", (900, 0.3), arrow),
        ("forward", "forward", (1500, 0.07), None),
    ):
        spent = next(row["published"] for row in rows if row["name"] == name)
        p.measured(ax, spent, 0, 6, marker="o", markersize=7, markerfacecolor="none", clip_on=False)
        ax.annotate(
            text,
            (1.1 * spent, 0.02),
            where,
            fontsize=8,
            ha="center",
            va="bottom",
            arrowprops=pointer,
        )
    ax.set(
        xscale="log",
        xlim=(0.5, 4000),
        ylim=(-0.05, 1.48),
        xlabel="products of one estimate, #JVPs",
        ylabel=r"relative error, $\Vert\hat g-g\Vert/\Vert g\Vert$",
    )


def filters(ax: Axes, rows: Rows) -> None:
    """eta lambda phi(eta lambda) of each method."""
    texts = {
        ("reverse", 0): (0.0096, 0.66, "exact", "right"),
        ("implicit", 0): (0.0096, 1.0, "implicit", "right"),
        ("truncated", 10): (0.085, 0.48, "$K=10$", "left"),
        ("Neumann", 29): (0.0096, 0.26, "$N=29$", "right"),
        ("fixed gradient", 0.9): (0.158, 1.72, r"$\gamma=0.9$", "right"),
        ("discounted", 0.98): (0.0375, 1.72, r"$\gamma=0.98$", "right"),
        ("one step", 0): (0.33, 0.18, "one step", "left"),
        ("conjugate gradients", 5): (0.25, 1.27, "5 products", "center"),
    }
    looks = LOOKS | {"reverse": (6, "x"), "one step": (6, ".")}
    _filters.draw(ax, rows, {key: looks[key[0]] for key in texts}, texts, every=3)
    ax.set(xscale="log", xlim=(0.0068, 1.1), ylim=(-0.1, 1.9))
