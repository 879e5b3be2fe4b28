"""The log objective has a bounded meta-gradient, on real data too, but is never convex.

G(eta) = log(f(w_T) - min f) / T has |G'| <= B = 2 N_T(lambda) / R(eta*_T) <= 2L (L+mu)/(L-mu)
(Omega/min(omega_mu, omega_L))^(1/2T) for every eta and T, and sup |G'| -> 2L (L+mu)/(L-mu). The
printed bound 4 L^3 / (c_min^2 mu (L-mu)), for a unit start, is loose by orders of magnitude. G has
one minimum, at eta*_T, which tends to 2/(L+mu) like 1/T; every G is concave somewhere. Real data:
least squares from 0 on standardised features, f with its floor subtracted.

Source: Wang, Yuan, Wu, Ge 2021, Theorem 4; the real data are scikit-learn's diabetes and digits.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta import plotting as p
from quadmeta._extras import dataset

NAIVE = 100  # horizon of the naive meta-gradient that is drawn beside G'

# settings
CAPTION = (
    r"The log objective $G=\frac1T\log f(w_T)$. Lines: closed form; markers: the unrolled "
    r"recursion with the Hessian as a matrix. (a) $G$ on a random quadratic ($d=20$, $\kappa=10$); "
    r"bars: where it is not convex. (b) Its gradient stays within $\pm B$ (thin, one for each "
    r"$T$), the naive $F'$ (grey, $T=100$) vanishes and explodes. (c) The largest $|G'|$ "
    r"(markers), the repaired bound (thin) and the printed one (dashed), three to eight orders of "
    r"magnitude above. (d), (e) As (b) for least squares on real data, $\kappa=470$ and $146$. (f) "
    r"The minimiser $\eta^*_T$; on digits it lies beyond $2/L$ (grey) for $T\leq30$."
)
SEED = 1
FULL: dict[str, Any] = {
    "d": 20,
    "kappa": 10.0,
    "grid": 301,
    "curves": [10, 100, 1000, 10**4],
    "horizons": [1, 3, 10, 30, 100, 300, 1000, 3000, 10**4, 10**5],
}
SMOKE: dict[str, Any] = {
    "d": 20,
    "kappa": 10.0,
    "grid": 61,
    "curves": [10, 100],
    "horizons": [1, 10, 100, 1000, 10**4],
}


def points(
    d: int, kappa: float, grid: int, curves: list[int], horizons: list[int]
) -> list[dict[str, Any]]:
    """Each problem at each horizon; with a curve over a grid of step sizes at some."""
    return [
        {
            "data": data,
            "d": d,
            "kappa": kappa,
            "seed": SEED,
            "T": T,
            "grid": grid if T in curves else 0,
        }
        for data in ("synthetic", "diabetes", "digits")
        for T in horizons
    ]


# compute
def instance(data: str, d: int, kappa: float, seed: int) -> qm.Quadratic:
    """One inner problem, its Hessian a matrix, scaled to L = 1 and to a unit start."""
    if data == "synthetic":
        rng = np.random.default_rng(seed)
        Q = qm.spectra.rotation(d, rng)
        c = qm.Quadratic.from_spectrum(np.ones(d), seed=seed).error
        return qm.Quadratic.from_matrix(
            Q * qm.spectra.geometric(1 / kappa, 1.0, d) @ Q.T, start=Q @ c
        )
    X, y = dataset(data, "the real data of log_objective")
    X = X[:, X.std(axis=0) > 0]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = y - y.mean()
    raw = qm.Quadratic.from_design(X, y)
    return qm.Quadratic.from_design(
        X / np.sqrt(raw.L), y / np.linalg.norm(raw.error) / np.sqrt(raw.L)
    )


def measure(data: str, d: int, kappa: float, seed: int, T: int, grid: int) -> Rows:
    """One summary row, and a row a step size in [0, 3/L]."""
    problem = instance(data, d, kappa, seed)
    objective = qm.LogObjective(problem, qm.GradientDescent(T))
    lam, omega = objective.spectrum()
    c = problem.error
    mu = lam[0]
    L = lam[-1]
    root = objective.minimizer()
    ends = omega[[0, -1]]
    around = np.concatenate([np.linspace(0, 4, 4001), root * (1 + np.geomspace(1e-8, 10, 4000))])
    for _ in range(2):
        best = around[np.argmax(np.abs(objective.gradient(around)))]
        around = np.linspace(0.99 * best, 1.01 * best, 4001)
    constants = {
        "repaired": 2 * L * (L + mu) / (L - mu) * (omega.sum() / ends.min()) ** (1 / (2 * T)),
        "printed": 4 * L**3 / (min(c[0] ** 2, c[-1] ** 2) * mu * (L - mu)),
        "limit": 2 * L * (L + mu) / (L - mu),
        "minimizer_limit": 2 / (L + mu),
        "minimizer_law": -(L - mu)
        / (L + mu) ** 2
        * np.log(ends[1] * L / (ends[0] * mu))
        / (2 * T - 1),
    }
    offset = root * 1e-4 / T
    value, slope = unrolled(problem, T, np.array([best, root - offset, root + offset]))
    secant = root - offset - slope[1] * 2 * offset / (slope[2] - slope[1])
    rows: Rows = [
        {
            "data": data,
            "T": T,
            "part": "largest",
            "step": best,
            "value": value[0],
            "value_theory": objective(best),
            "slope": slope[0],
            "slope_theory": objective.gradient(best),
            "curvature": objective.curvature(best),
            "naive": None,
            "bound": objective.gradient_bound(),
            "minimizer": secant,
            "minimizer_theory": root,
        }
        | constants
    ]
    curve = rows[0] | {"part": "curve", "minimizer": None} | dict.fromkeys(constants)
    steps = np.linspace(0, 3, grid).round(12) / L
    if grid:
        naive = qm.NaiveObjective(problem, objective.optimizer).gradient(steps).log10_abs
        columns = {
            "step": steps,
            "value_theory": objective(steps),
            "slope_theory": objective.gradient(steps),
            "curvature": objective.curvature(steps),
            "naive": naive,
        }
        columns["value"], columns["slope"] = unrolled(problem, T, steps)
        rows += [curve | {name: column[k] for name, column in columns.items()} for k in range(grid)]
    return rows


def unrolled(problem: qm.Quadratic, T: int, steps: Any) -> tuple[Any, Any]:
    """G and G': w - w_* and z = dw/d eta step by step, both divided by one power of two at each."""
    H = problem.hessian
    eta = steps[:, None]
    w = problem.start - problem.minimizer + 0 * steps[:, None]
    shift = 0
    z = np.zeros_like(w)
    Hw = w @ H
    for _ in range(T):
        w = w - eta * Hw
        z = z - eta * (z @ H) - Hw
        k = np.frexp(np.maximum(np.abs(w), np.abs(z)).max(axis=1, keepdims=True))[1]
        w = np.ldexp(w, -k)
        z = np.ldexp(z, -k)
        shift = shift + k[:, 0]
        Hw = w @ H
    loss = (w * Hw).sum(axis=1)
    return (np.log(loss / 2) + 2 * shift * np.log(2)) / T, 2 / T * (z * Hw).sum(axis=1) / loss


def check(rows: Rows) -> None:
    """The bounds and their limits, non-convexity, the law of the minimiser, on every problem."""
    for row in rows:
        where = f"{row['data']}, T = {row['T']}, eta = {row['step']}"
        assert abs(row["value"] - row["value_theory"]) < 1e-12, (
            f"unrolled G and closed form at {where}"
        )
        assert abs(row["slope"] - row["slope_theory"]) < 1e-10, (
            f"unrolled G' and closed form at {where}"
        )
        assert abs(row["slope"]) <= row["bound"], f"bound at {where}"
        assert row["curvature"] >= -(row["slope"] ** 2) / 2 - 1e-9, f"G'' < -G'^2/2 at {where}"
    for data in {row["data"] for row in rows}:
        largest = [row for row in rows if row["data"] == data and row["part"] == "largest"]
        assert all(row["bound"] <= row["repaired"] <= row["printed"] for row in largest), (
            f"{data}: order of the bounds"
        )
        share = [row["bound"] / abs(row["slope"]) for row in largest]
        assert abs(share[0] - 2) < 1e-6 and max(share) < 2.001 and share[-1] < 1.005, (
            f"{data}: bound over sup: {share}"
        )
        first = largest[0]
        last = largest[-1]
        assert first["T"] == 1 and abs(last["slope"]) > 0.995 * last["limit"], (
            f"{data}: sup |G'| is not at its limit"
        )
        assert last["repaired"] < 1.005 * last["limit"], (
            f"{data}: the repaired bound is not at its limit"
        )
        assert all(row["printed"] > 1000 * abs(row["slope"]) for row in largest), (
            f"{data}: the printed bound is close"
        )
        assert all(abs(row["minimizer"] / row["minimizer_theory"] - 1) < 1e-8 for row in largest), (
            f"{data}: minimiser"
        )
        shift = (last["minimizer"] - last["minimizer_limit"]) / last["minimizer_law"]
        assert abs(shift - 1) < 1e-3, f"{data}: the minimiser is not on its 1/T law: {shift}"
        assert (first["minimizer"] > 2) == (data == "digits") and last["minimizer"] < 2, (
            f"{data}: eta* against 2/L"
        )
        for T in {row["T"] for row in rows if row["data"] == data and row["part"] == "curve"}:
            curve = [
                row
                for row in rows
                if row["data"] == data and row["T"] == T and row["part"] == "curve"
            ]
            spread = max(row["naive"] for row in curve) - min(row["naive"] for row in curve)
            assert spread > T / 10, (
                f"{data}: the naive meta-gradient spans only {spread:.3g} decades at T = {T}"
            )
            G, curvature = (
                np.array([row[name] for row in curve]) for name in ("value", "curvature")
            )
            bend = G[:-2] - 2 * G[1:-1] + G[2:]
            signs = np.sign([curvature[:-2], curvature[1:-1], curvature[2:]])
            far = [
                abs(row["step"] - row["minimizer_theory"]) > 2.5 * curve[1]["step"]
                for row in curve[1:-1]
            ]
            clear = far & (signs == signs[0]).all(axis=0)
            assert (np.sign(bend) == signs[0])[clear].all(), (
                f"{data}, T = {T}: second differences of G against G''"
            )
            assert bend.min() < -1e-10, f"{data}, T = {T}: no sign that G is not convex"


# draw
def draw(rows: Rows) -> Figure:
    """G, G' with its bounds, the largest |G'|, G' on real data, the minimisers."""
    fig, ((a, b, c), (d, e, f)) = p.figure(height=4.4, rows=2, columns=3)
    names = ("synthetic", "diabetes", "digits")
    horizons = sorted({row["T"] for row in rows if row["part"] == "curve"})
    for data, ax in zip(names, (b, d, e), strict=True):
        for hue, T in enumerate(horizons):
            own = [
                row
                for row in rows
                if row["data"] == data and row["part"] == "curve" and row["T"] == T
            ]
            every = max(1, len(own) // 30)
            some = own[hue * every // 4 :: every]
            x, xs = ([row["step"] for row in part] for part in (own, some))
            p.theory(ax, x, [row["slope_theory"] for row in own], hue)
            p.measured(ax, xs, [row["slope"] for row in some], hue, markersize=2.5)
            for sign in (-1, 1):
                ax.axhline(sign * own[0]["bound"], color=p.COLOURS[hue], linewidth=0.7)
            if T == NAIVE:
                naive = [np.sign(row["slope_theory"]) * 10 ** min(row["naive"], 1.0) for row in own]
                p.theory(ax, x, naive, 6, color="0.6", linewidth=1.6, zorder=1)
            if data == "synthetic":
                p.theory(a, x, [row["value_theory"] for row in own], hue)
                p.measured(
                    a,
                    xs,
                    [row["value"] for row in some],
                    hue,
                    markersize=2.5,
                    label=p.steps_label(T),
                )
                turns = np.flatnonzero(np.diff([0, *(row["curvature"] < 0 for row in own), 0]))
                for left, right in turns.reshape(-1, 2):
                    a.plot(
                        [x[left], x[right - 1]],
                        [-1.45 - 0.12 * hue] * 2,
                        color=p.COLOURS[hue],
                        linewidth=3,
                        linestyle="-",
                        solid_capstyle="butt",
                    )
        ax.text(1.0, 1.2, data, fontsize=9, ha="center", va="center")
        ax.set(ylim=(-3, 3), xlabel=r"step size, $\eta L$", ylabel=r"meta-gradient, $G'(\eta)/L$")
    small: dict[str, Any] = {"fontsize": 8, "va": "center"}
    b.text(1.0, -1.2, "naive $F'$", color="0.45", ha="center", **small)
    b.annotate(
        "",
        (0.05, -1.6),
        (0.55, -1.27),
        arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.6},
    )
    b.text(1.0, 2.05, "bounds $\\pm B$", ha="center", **small)
    a.text(0.05, -1.22, "not convex", **small)
    a.set(ylim=(-1.9, 1.5), xlabel=r"step size, $\eta L$", ylabel=r"log objective, $G(\eta)$")
    f.axhspan(2, 2.45, color="0.9", zorder=0)
    f.text(0.98, 0.95, "beyond $2/L$", transform=f.transAxes, ha="right", color="0.25", **small)
    for hue, data in enumerate(names, 4):
        own = [row for row in rows if row["data"] == data and row["part"] == "largest"]
        T = [row["T"] for row in own]
        p.measured(c, T, [abs(row["slope"]) for row in own], hue)
        p.repaired_bound(c, T, [row["repaired"] for row in own], hue)
        p.printed_bound(c, T, [row["printed"] for row in own], hue)
        gap, side = (2, "bottom")
        if data == "synthetic":
            gap, side = (-3, "top")
        c.annotate(
            data,
            (T[-1], own[0]["printed"]),
            (0, gap),
            fontsize=8,
            ha="right",
            va=side,
            textcoords="offset points",
        )
        p.theory(f, T, [row["minimizer_theory"] for row in own], hue)
        p.measured(f, T, [row["minimizer"] for row in own], hue)
    for data, place in (
        ("digits", (45, 2.12)),
        ("diabetes", (14, 1.47)),
        ("synthetic", (700, 1.73)),
    ):
        f.text(*place, data, **small)
    c.text(1, 10**9.2, "printed bound", **small)
    c.text(10, 10**1.5, "repaired bound", **small)
    c.set(
        ylim=(0.1, 10**10),
        xscale="log",
        yscale="log",
        xlabel="inner steps, $T$",
        ylabel=r"largest slope, $|G'|/L$",
    )
    f.set(
        ylim=(1.05, 2.45), xscale="log", xlabel="inner steps, $T$", ylabel=r"minimiser, $\eta^*_TL$"
    )
    fig.legend(*a.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    for ax, label in zip((a, b, c, d, e, f), "abcdef", strict=True):
        p.panel_label(ax, label)
    return fig
