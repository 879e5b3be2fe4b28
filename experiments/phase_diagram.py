"""Where validation matters: risk at the train-tuned step over risk at the validation-tuned step.

Least squares, nu = n/d samples a dimension, s = sigma^2 / ||w_*||^2, limit of d and T -> infinity,
all closed forms: train-by-train ends at s / (nu - 1) for nu > 1, at 1 - nu + s nu / (1 - nu) for
nu < 1; train-by-validation stops gradient flow at the best time for n/2 samples and is reported
there ("split"), or trains again on all n for that time ("retrain", the paper's test).
Train-by-train loses to not training for s > |1 - nu|. The other two borders take ridge, the best
of all spectral filters, in place of the flow: a fair split pays for s > (nu - 1)/2 (nu > 1) or (1
- nu)/4 (nu + sqrt(nu^2 - 8 nu + 8)) (nu < 1); on the same n samples nothing gains a factor 2 below
s = 2 (nu - 1)^2 / (2 nu - 1) (nu > 1).

Source: Wang, Yuan, Wu, Ge 2021, Theorem 5, with the constants that it leaves open.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta import plotting as p

READINGS = ("split", "retrain")
# relative error of the limit: over 1/|n - d| (least squares) and 1/n_1 (early stopping)
ALLOWANCE = 3.0
TOP = 1.0  # of the colours: a factor 10

# settings
CAPTION = (
    r"Excess risk with the step tuned on the training loss, over that with the step tuned on "
    r"held-out data: limit of large $d$, $n$, $T$. Half of the $n$ samples choose the step; then "
    r"(a) the other half alone trains, (b) all train again. Symbols, in the same colours: random "
    r"tasks, $d=400$, $T=1000$ (triangle: validation wins; circle: training loss wins; square: "
    r"within 3%). Lines: closed forms. Above the dashed one, $\sigma^2=|1-n/d|\,\|w_*\|^2$, tuning "
    r"on the training loss is worse than no training: this is the large noise that Theorem 5 asks "
    r"for (thick: its range of $n$). Solid: (a) a fair split breaks even; (b) at the same $n$, "
    r"nothing gains more than a factor 2 below."
)
SEED = 1
FULL: dict[str, Any] = {
    "d": 400,
    "T": 1000,
    "tasks": 40,
    "test_tasks": 40,
    "side": 22,
    "high": 25,
    "ratios": [0.2, 0.375, 0.625, 0.8, 1.3, 1.75, 3.0, 5.0],
    "sigmas": [0.15, 0.35, 0.7, 1.8, 4.0],
}
SMOKE: dict[str, Any] = FULL | {
    "d": 100,
    "tasks": 20,
    "test_tasks": 40,
    "side": 8,
    "high": 9,
    "ratios": [0.2, 0.625, 1.75, 5.0],
    "sigmas": [0.35, 1.8],
}


def points(
    d: int,
    T: int,
    tasks: int,
    test_tasks: int,
    side: int,
    high: int,
    ratios: list[float],
    sigmas: list[float],
) -> list[dict[str, Any]]:
    """Tasks at some n/d, every sigma; the limit on a grid from d/8 to 8d that is dense at d."""
    u = np.linspace(0, 1, side + 1)[1:] ** 1.8
    grid = np.exp(np.log(8) * np.concatenate([-u[::-1], u])).tolist()
    fine = np.geomspace(0.1, 10, high).tolist()
    found = [
        {"nu": nu, "sigmas": sigmas, "tasks": tasks, "test_tasks": test_tasks} for nu in ratios
    ]
    found += [{"nu": nu, "sigmas": fine, "tasks": 0, "test_tasks": 0} for nu in grid]
    return [{"d": d, "T": T, "seed": SEED} | point for point in found]


# compute
def measure(
    d: int, T: int, nu: float, sigmas: list[float], tasks: int, test_tasks: int, seed: int
) -> Rows:
    """Rows of one n/d: log10 of the ratio for both readings at each sigma, in the limit and on
    drawn tasks.
    """
    if tasks:
        drawn = simulate(d, T, int(round(nu * d)), sigmas, tasks, test_tasks, seed)
    else:
        drawn = {}
    rows: Rows = []
    for sigma in sigmas:
        s = sigma**2
        train = qm.phases.train_by_train_risk(nu, s)
        tau = qm.gradient_flow.optimal_time(2 / nu, s)
        for reading, aspect in zip(READINGS, (2 / nu, 1 / nu), strict=True):
            measured, error, step = drawn.get((sigma, reading), (None, None, None))
            if step is None:
                at_step = None
            else:
                at_step = np.log10(train / qm.gradient_flow.flow_risk(aspect, s, step * T))
            rows.append(
                {
                    "reading": reading,
                    "nu": nu,
                    "sigma": sigma,
                    "d": d,
                    "T": T,
                    "tasks": tasks,
                    "step": step,
                    "step_theory": tau / T,
                    "measured": measured,
                    "error": error,
                    "at_step": at_step,
                    "theory": np.log10(train / qm.gradient_flow.flow_risk(aspect, s, tau)),
                    "train": train,
                    "ridge": qm.gradient_flow.ridge_risk(1 / nu, s),
                    "half_ridge": qm.gradient_flow.ridge_risk(2 / nu, s),
                    "fair_split": qm.phases.fair_split(nu),
                    "worse_than_zero": qm.phases.worse_than_zero(nu),
                    "factor_two": qm.phases.same_size(nu, 2.0),
                }
            )
    return rows


def simulate(
    d: int, T: int, n: int, sigmas: list[float], tasks: int, test_tasks: int, seed: int
) -> dict[Any, Any]:
    """{(sigma, reading): log10 ratio of mean risks, its standard error, validated step}; one
    decomposition a task.

    The validated step is shared by all tasks; the training loss of each test task tunes its own,
    so that every T is stable (a shared one lies within a few per cent of 2 / lambda_max, and
    diverges on some tasks once T >> n).
    """
    key = 3 * (10**5 * seed + n)
    split = qm.LeastSquares.draw(n // 2, d, 1.0, seed=key, tasks=tasks, validation=n - n // 2)
    whole = qm.LeastSquares.draw(n, d, 1.0, seed=key + 1, tasks=test_tasks)
    half = qm.LeastSquares.draw(n // 2, d, 1.0, seed=key + 2, tasks=test_tasks)
    opt = qm.GradientDescent(T)
    found = {}
    for sigma in sigmas:
        own = whole.at_sigma(sigma)
        risk = qm.PopulationRisk(own, opt, pooled=False)
        train = risk(qm.TrainByTrain(own, opt, pooled=False).minimizer()).to_float()
        step = qm.TrainByValidation(split.at_sigma(sigma), opt).scanned()
        parts = (
            qm.PopulationRisk(half.at_sigma(sigma), opt, pooled=False)(step).to_float(),
            risk(step).to_float(),
        )
        for reading, other in zip(READINGS, parts, strict=True):
            one = train / train.mean()
            two = other / other.mean()
            if reading == "retrain":
                variance = np.var(one - two)
            else:
                variance = np.var(one) + np.var(two)
            found[sigma, reading] = (
                np.log10(train.mean() / other.mean()),
                np.sqrt(variance / (test_tasks - 1)) / np.log(10),
                step,
            )
    return found


def check(rows: Rows) -> None:
    """The borders on every cell of the map; tasks against the limit; the theorem's range."""
    for row in rows:
        s = row["sigma"] ** 2
        where = f"n/d = {row['nu']:.4g}, sigma = {row['sigma']:.4g}, {row['reading']}"
        assert (row["train"] > 1) == (s > row["worse_than_zero"]), (
            f"border of not training at {where}"
        )
        assert (row["train"] > row["half_ridge"]) == (s > row["fair_split"]), (
            f"border of the fair split at {where}"
        )
        assert (row["train"] > 2 * row["ridge"]) == (s > row["factor_two"]), (
            f"border of the factor 2 at {where}"
        )
        if row["reading"] == "split":
            rival = row["half_ridge"]
        else:
            rival = row["ridge"]
        # the best stopped flow is within a factor 1.0786 of ridge for every spectrum; the time of
        # n/2 samples is not
        excess = np.log10(row["train"] / rival) - row["theory"]
        if row["reading"] == "split":
            most = 0.0329
        else:
            most = 0.25
        assert -1e-9 < excess < most, f"early stopping against ridge at {where}"
        assert s <= 1 or row["nu"] >= 1 or row["theory"] > 0, (
            f"sigma > |w_*|, n < d, validation loses at {where}"
        )
    pairs = {(row["nu"], row["sigma"]): row["theory"] for row in rows if row["reading"] == "split"}
    assert all(
        row["theory"] > pairs[row["nu"], row["sigma"]]
        for row in rows
        if row["reading"] == "retrain"
    ), "training again on all samples does not help"
    assert min(pairs.values()) < -0.5 and max(pairs.values()) > 2, (
        "the map lacks one of its two sides"
    )
    drawn = [row for row in rows if row["measured"] is not None]
    for row in drawn:
        n = round(row["nu"] * row["d"])
        where = f"n/d = {row['nu']:.4g}, sigma = {row['sigma']:.4g}, {row['reading']}"
        allowed = 3 * row["error"] + ALLOWANCE / np.log(10) * (1 / abs(n - row["d"]) + 2 / n)
        assert abs(row["measured"] - row["at_step"]) < allowed, (
            f"tasks against the limit at {where}"
        )
        assert (
            abs(row["measured"]) < 0.06
            or abs(row["theory"]) < 0.06
            or row["measured"] * row["theory"] > 0
        ), f"another winner than in the limit at {where}"
    assert np.median([row["error"] for row in drawn]) < 0.02, "standard errors are too wide to tell"


# draw
def colours(x: Any) -> Any:
    """Colours of log10 ratios: white at 0, lightness and colourfulness even in |x|, to light blue
    and to dark red.
    """
    x = np.clip(np.atleast_1d(x) / TOP, -1, 1)
    hue = np.radians(np.where(x < 0, 240.0, 30.0))
    lightness = 0.98 - np.where(x < 0, 0.33, 0.60) * np.abs(x)
    chroma = np.abs(x) * np.where(x < 0, 0.13, 0.15)
    a = chroma * np.cos(hue)
    b = chroma * np.sin(hue)
    # Oklab: cube roots of cone responses, then linear sRGB
    cones = (
        np.stack(
            [
                lightness + 0.3963377774 * a + 0.2158037573 * b,
                lightness - 0.1055613458 * a - 0.0638541728 * b,
                lightness - 0.0894841775 * a - 1.2914855480 * b,
            ]
        )
        ** 3
    )
    linear = (
        np.array(
            [
                [4.0767416621, -3.3077115913, 0.2309699292],
                [-1.2684380046, 2.6097574011, -0.3413193965],
                [-0.0041960863, -0.7034186147, 1.7076147010],
            ]
        )
        @ cones
    )
    linear = np.clip(linear, 0, 1)
    return np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).T


def draw(rows: Rows) -> Figure:
    """Both maps with borders and tasks, one colour bar."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patheffects import withStroke

    fig, axes = p.figure(height=3.3, columns=2, sharey=True)
    cmap = ListedColormap(colours(np.linspace(-TOP, TOP, 256)))
    for ax, reading in zip(axes, READINGS, strict=True):
        own = [row for row in rows if row["reading"] == reading]
        grid = [row for row in own if row["measured"] is None]
        nu, sigma = (np.array(sorted({row[name] for row in grid})) for name in ("nu", "sigma"))
        value = {(row["nu"], row["sigma"]): row["theory"] for row in grid}
        z = np.array([[value[x, y] for x in nu] for y in sigma])
        filled = ax.contourf(
            nu, sigma, np.clip(z, -TOP, TOP), np.linspace(-TOP, TOP, 41), cmap=cmap
        )
        filled.set_edgecolor("face")
        first = {row["nu"]: row for row in grid}
        for name, shown in (
            ("worse_than_zero", True),
            ("fair_split", reading == "split"),
            ("factor_two", reading == "retrain"),
        ):
            border = np.sqrt([first[x][name] for x in nu])
            if shown:
                line = p.theory(ax, nu, border, 6, linewidth=1.2)
                if name == "worse_than_zero":
                    line.set_linestyle(p.PRINTED)
            if name == "worse_than_zero":
                part = (nu > 0.249) & (nu < 0.751)
                p.theory(ax, nu[part], border[part], 6, linewidth=3.2, solid_capstyle="butt")
        for row in own:
            if row["measured"] is not None:
                size = abs(row["measured"])
                if size < np.log10(1.03):
                    marker = "s"
                elif row["measured"] > 0:
                    marker = "^"
                else:
                    marker = "o"
                ax.plot(
                    row["nu"],
                    row["sigma"],
                    marker=marker,
                    color=colours(row["measured"])[0],
                    markersize=5.5,
                    markeredgecolor="white" if row["measured"] > 0.45 else "black",
                    markeredgewidth=0.7,
                )
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="samples a dimension, $n/d$",
            xlim=(nu[0], nu[-1]),
            ylim=(0.1, 10),
            xticks=[1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8],
            xticklabels=["1/8", "1/4", "1/2", "1", "2", "4", "8"],
            yticks=[0.1, 0.3, 1, 3, 10],
            yticklabels=["0.1", "0.3", "1", "3", "10"],
        )
        ax.minorticks_off()
        ax.text(1, 6.2, "validation wins", color="white", ha="center", va="center", fontsize=10)
    axes[0].set_ylabel(r"label noise, $\sigma/\|w_*\|$")
    axes[0].text(
        3.1, 0.22, "training loss wins", color="black", ha="center", va="center", fontsize=10
    )
    axes[1].text(3.1, 0.22, "no difference", color="black", ha="center", va="center", fontsize=10)
    small = {
        "fontsize": 8,
        "ha": "center",
        "va": "center",
        "linespacing": 1.05,
        "path_effects": [withStroke(linewidth=2, foreground="white")],
    }
    for ax in axes:
        ax.text(4.0, 2.75, "worse than\nno training", **small)
    axes[0].text(6.0, 1.2, "equal", **small)
    axes[1].text(0.3, 2.7, "factor 2", **small)
    axes[1].text(0.22, 0.53, "Theorem 5\nstarts here", **small)
    bar = fig.colorbar(filled, ax=axes, aspect=30, pad=0.02)
    factors = [0.1, 0.2, 0.5, 1, 2, 5, 10]
    bar.set_ticks(
        np.log10(factors).tolist(), labels=[r"$\leq1/10$", "1/5", "1/2", "1", "2", "5", r"$\geq10$"]
    )
    bar.set_label("risk tuned on training loss\nover risk tuned on held-out data")
    for ax, label in zip(axes, "ab", strict=True):
        p.panel_label(ax, label)
    return fig
