"""The naive meta-gradient explodes or vanishes at almost every step size.

F(eta) = f(w_T) - min f after T steps of gradient descent, F' = -T sum_i c_i^2 lambda_i^2
a_i^(2T-1), a_i = 1 - eta lambda_i. For every fixed eta, (1/T) log|F'| -> 2 log rho(eta) with rho =
max |a_i|: a rate of zero at eta = 0 and 2/L only. At a fixed T the step sizes with m <= |F'| <= M
have the length log(M/m)/(2T) (1/L + 1/mu) asymptotically. Beyond 2/L the printed lower bound says
nothing up to (1 + |c_L|^(-2/(2T-1)))/L; the sharpened one is positive there.

Source: Wang, Yuan, Wu, Ge 2021, Theorem 3; talk of Rong Ge, "almost all step sizes".
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta import plotting as p

# the band of |F'| that is neither large nor small
LOWEST = 0.1
HIGHEST = 10.0

# settings
CAPTION = (
    r"The meta-gradient $F'$ of the loss after $T$ steps on one quadratic problem, $d=20$, "
    r"$\kappa=10$, random unit start. Lines: closed form; markers: the unrolled recursion in "
    r"float64, rescaled by powers of two. (a) $|F'|$ leaves the range of float64 on both sides of "
    r"$2/L$. (b) Its growth rate against the limit $2\log\rho(\eta)$, which is zero at $\eta=0$ "
    r"and $\eta=2/L$ only (circles). (c) The step sizes that are left at a fixed $T$ shrink like "
    r"$1/T$; markers: bisection in 50-digit arithmetic. (d) Just past $2/L$ the printed lower "
    r"bound is negative (grey), the sharpened one is positive; the dip is the minimiser."
)
SEED = 1
FULL: dict[str, Any] = {
    "d": 20,
    "kappa": 10.0,
    "grid": 261,
    "horizons": [10, 100, 1000, 10**4],
    "zoom": 10,
    "bands": [10**2, 10**3, 10**4, 10**5, 10**6, 10**7, 10**8, 10**9],
}
SMOKE: dict[str, Any] = FULL | {
    "grid": 53,
    "horizons": [10, 100, 1000],
    "bands": [10**2, 10**5, 10**9],
}


def points(
    d: int, kappa: float, grid: int, horizons: list[int], zoom: int, bands: list[int]
) -> list[dict[str, Any]]:
    """Curves over all step sizes, a zoom around 2/L, and the band at more horizons."""
    problem = {"d": d, "kappa": kappa, "seed": SEED}
    curves = [{"part": "curve", "T": T, "low": 0.0, "high": 2.6, "grid": grid} for T in horizons]
    zooms = [{"part": "bounds", "T": zoom, "low": 1.7, "high": 2.5, "grid": 81}]
    lengths = [{"part": "band", "T": T, "low": 0.0, "high": 3.0, "grid": 0} for T in bands]
    return [problem | part for part in curves + zooms + lengths]


# compute
def measure(
    d: int, kappa: float, seed: int, part: str, T: int, low: float, high: float, grid: int
) -> Rows:
    """Rows over a grid of step sizes (times L), or the one row of a band; L = 1."""
    problem = qm.Quadratic.from_spectrum(qm.spectra.geometric(1 / kappa, 1.0, d), seed=seed)
    objective = qm.NaiveObjective(problem, qm.GradientDescent(T))
    empty = {
        "part": part,
        "T": T,
        "minimizer": float(objective.minimizer()),
        "step": None,
        "sign": None,
        "rate": None,
        "leading": None,
        "remainder": None,
        "printed": None,
        "sharpened": None,
        "vacuous_to": None,
    }
    if part == "band":
        length = np.log(HIGHEST / LOWEST) / (2 * T) * (1 + kappa)
        return [empty | {"measured": np.log10(band(objective, high)), "theory": np.log10(length)}]
    lam = problem.modes().eigenvalues
    c = problem.modes().error
    rows: Rows = []
    steps = np.linspace(low, high, grid).round(12)
    closed = objective.gradient(steps)
    for step, sign, log, theory in zip(steps, *unrolled(lam, c, T, steps), closed, strict=True):
        a = 1 - step * lam
        moduli, index = np.unique(np.abs(a), return_inverse=True)
        A = np.bincount(index, weights=c**2 * lam**2 * np.sign(a))
        rest = sum(np.abs(A[:-1]) * (moduli[:-1] / moduli[-1]) ** (2 * T - 1)) / abs(A[-1])
        rho = qm.SignLog.of(moduli[-1])
        row = empty | {
            "step": step,
            "sign": int(sign),
            "measured": log,
            "theory": theory.log10_abs,
            "rate": 2 * rho.log,
            "leading": (rho ** (2 * T - 1) * abs(A[-1]) * T).log10_abs,
            "remainder": rest,
        }
        if step > 1:
            x = 2 / (2 * T + 1)
            top = c[-1] ** 2
            growth = qm.SignLog.of(step - 1) ** (2 * T - 1) * T * top
            sharpened = growth - T * (1 - top) * (x / step) ** 2 * (1 - x) ** (2 * T - 1)
            row |= {
                "sharpened": positive(sharpened),
                "vacuous_to": 1 + top ** (-1 / (2 * T - 1)),
                "printed": positive(growth - T) if step > 2 else None,
            }
        rows.append(row)
    return rows


def positive(bound: qm.SignLog) -> float | None:
    """log10 of a lower bound, None where it is vacuous."""
    if bound.sign > 0:
        return float(bound.log10_abs)
    return None


def unrolled(lam: Any, c: Any, T: int, steps: Any) -> tuple[Any, Any]:
    """Sign and log10 of |F'|: w and z = dw/d eta step by step, both divided by one power of two at
    each.
    """
    eta = steps[:, None]
    w = c + 0 * steps[:, None]
    z = np.zeros((len(steps), len(lam)))
    shift = 0
    for _ in range(T):
        w, z = w - eta * (lam * w), z - eta * (lam * z) - lam * w
        k = np.frexp(np.maximum(np.abs(w), np.abs(z)).max(axis=1, keepdims=True))[1]
        w = np.ldexp(w, -k)
        z = np.ldexp(z, -k)
        shift = shift + k[:, 0]
    slope = (lam * w * z).sum(axis=1)
    return np.sign(slope), np.log10(np.abs(slope)) + 2 * shift * np.log10(2)


def band(objective: qm.NaiveObjective, high: float) -> float:
    """Length of {eta >= 0: LOWEST <= |F'| <= HIGHEST}, two intervals as F' increases; bisection in
    50 digits.
    """
    root = float(objective.minimizer())

    def crossing(level: float, left: float, right: float) -> float:
        for _ in range(50):
            middle = (left + right) / 2
            below = objective.exactly(middle, order=1, kind="mpmath") < level
            left, right = (middle, right) if below else (left, middle)
        return left

    ends = [crossing(level, 0.0, root) for level in (-HIGHEST, -LOWEST)]
    ends += [crossing(level, root, high) for level in (LOWEST, HIGHEST)]
    return ends[1] - ends[0] + ends[3] - ends[2]


def place(row: dict[str, Any]) -> str:
    """Where a claim failed."""
    return f"T = {row['T']}, eta = {row['step']}"


def check(rows: Rows) -> None:
    """The rate with its remainder, the shrinking band, and both lower bounds."""
    curves = [row for row in rows if row["part"] == "curve"]
    for row in (row for row in rows if row["step"] is not None):
        assert abs(row["measured"] - row["theory"]) < 1e-12 * (1e3 + row["T"]), (
            f"unrolled F' at {place(row)}"
        )
        assert row["sign"] == (1 if row["step"] > row["minimizer"] else -1), (
            f"sign of F' at {place(row)}"
        )
    off = [(abs(10 ** (row["measured"] - row["leading"]) - 1), row["remainder"]) for row in curves]
    assert all(error <= bound + 1e-8 for error, bound in off), (
        "F' is not its leading term up to the proved remainder"
    )
    share = max(error / bound for error, bound in off if 1e-5 < bound < 1)
    assert share > 0.1, f"the remainder bound is loose: at most {share:.2g} of it is used"
    for row in curves:
        exponent = np.log(10) * row["measured"] / row["T"]
        assert (
            row["remainder"] > 0.5
            or abs(exponent - row["rate"]) < (np.log(row["T"]) + 6) / row["T"]
        ), f"(1/T) log|F'| is far from 2 log rho at {place(row)}"
        assert (row["rate"] == 0) == (row["step"] in (0, 2)), (
            f"rate zero elsewhere than at 0 and 2/L: {place(row)}"
        )
    beyond = [row for row in rows if row["part"] == "bounds" and row["step"] > 2]
    for row in beyond:
        assert row["sharpened"] is not None, f"the sharpened bound is vacuous at {place(row)}"
        assert row["sharpened"] <= row["theory"] + 1e-12, f"sharpened bound at {place(row)}"
        assert (row["printed"] is None) == (row["step"] <= row["vacuous_to"]), (
            f"vacuous zone at {place(row)}"
        )
        assert row["printed"] is None or row["printed"] <= row["sharpened"], (
            f"printed above sharpened at {place(row)}"
        )
    assert beyond[0]["printed"] is None and beyond[-1]["theory"] - beyond[-1]["sharpened"] < 0.1, (
        "bounds not tight"
    )
    ratios = [10 ** (row["measured"] - row["theory"]) for row in rows if row["part"] == "band"]
    assert all(a < b < 1 for a, b in zip(ratios, ratios[1:], strict=False)), (
        f"length of the band over its limit law: {ratios}"
    )
    assert ratios[-1] > 0.85, f"the length of the band does not approach its limit law: {ratios}"


# draw
def draw(rows: Rows) -> Figure:
    """|F'|, its exponent, the length of the band, the lower bounds."""
    fig, ((a, b), (c, d)) = p.figure(height=4.9, rows=2, columns=2)
    curves = [row for row in rows if row["part"] == "curve"]
    horizons = sorted({row["T"] for row in curves})
    for hue, T in enumerate(horizons):
        own = [row for row in curves if row["T"] == T]
        every = max(1, len(own) // 26)
        some = own[hue * every // 4 :: every]
        x = [row["step"] for row in some]
        p.theory(a, [row["step"] for row in own], [row["theory"] for row in own], hue)
        p.measured(a, x, [row["measured"] for row in some], hue, markersize=3)
        p.measured(
            b,
            x,
            [np.log(10) * row["measured"] / T for row in some],
            hue,
            markersize=3,
            label=p.steps_label(T),
        )
    p.theory(
        b,
        [row["step"] for row in own],
        [row["rate"] for row in own],
        6,
        label=r"limit $2\,\log\,\rho(\eta)$",
    )
    for low in (308, -400):
        a.axhspan(low, low + 92, color="0.88", zorder=0)
    grey = {"color": "0.25", "fontsize": 8, "ha": "center", "va": "center"}
    a.text(1.3, 353, "overflows float64", **grey)
    a.text(1.3, -353, "underflows float64", **grey)
    p.measured(b, [0, 2], [0, 0], 6, marker="o", markersize=9, markerfacecolor="none", zorder=4)
    b.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    b.text(1.15, 0.5, "explodes", **grey | {"fontsize": 9})
    b.text(0.55, -0.75, "vanishes", **grey | {"fontsize": 9})
    for ax in (a, b):
        for place, name, side in (
            (own[0]["minimizer"], r"$\eta^*$", "right"),
            (2, "$2/L$", "left"),
        ):
            ax.axvline(place, color="0.6", linewidth=0.6, zorder=0)
            ax.annotate(
                name,
                (place, 1.01),
                xycoords=("data", "axes fraction"),
                ha=side,
                va="bottom",
                fontsize=8,
            )
        ax.set(xlim=(-0.06, 2.66), xlabel=r"step size times largest eigenvalue, $\eta L$")
    a.set(ylim=(-400, 400), ylabel=r"meta-gradient, $\log_{10}|F'(\eta)|$")
    b.set(ylabel=r"growth rate, $\frac{1}{T}\,\log\,|F'(\eta)|$", ylim=(-0.95, 1.05))
    fig.legend(*b.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    band_rows = [row for row in rows if row["part"] == "band"]
    T, length, law = ([row[key] for row in band_rows] for key in ("T", "measured", "theory"))
    p.theory(c, T, np.power(10.0, law), 6)
    p.measured(c, T, np.power(10.0, length), 4)
    c.annotate(
        r"$\frac{\log\,100}{2T}\left(\frac{1}{L}+\frac{1}{\mu}\right)$",
        (10**5, 10**-2.9),
        fontsize=11,
    )
    c.text(
        0.98,
        0.93,
        r"all step sizes with $0.1\leq|F'|\leq10$",
        transform=c.transAxes,
        **grey | {"ha": "right"},
    )
    c.set(xscale="log", yscale="log", xlabel="inner steps, $T$", ylabel=r"total length, times $L$")
    c.minorticks_off()
    zoom = [row for row in rows if row["part"] == "bounds"]
    x = [row["step"] for row in zoom]
    p.theory(d, x, np.power(10.0, [row["theory"] for row in zoom]), 0)
    p.measured(d, x[::5], np.power(10.0, [row["measured"] for row in zoom[::5]]), 0)
    for name, bound, hue in (("printed", p.printed_bound, 1), ("sharpened", p.repaired_bound, 2)):
        given = [row for row in zoom if row[name] is not None]
        bound(d, [row["step"] for row in given], np.power(10.0, [row[name] for row in given]), hue)
    d.axvspan(2, zoom[-1]["vacuous_to"], color="0.88", zorder=0)
    d.text((2 + zoom[-1]["vacuous_to"]) / 2, 10**-4, "printed bound\nsays nothing", **grey)
    d.text(2.3, 0.3, "printed", color=p.COLOURS[1], fontsize=8, va="center")
    d.text(1.865, 10**-3.3, "sharpened", color=p.COLOURS[2], fontsize=8, va="center")
    d.text(
        2.13,
        10,
        f"$|F'|$, $T={zoom[0]['T']}$",
        color=p.COLOURS[0],
        fontsize=8,
        ha="right",
        va="center",
    )
    d.set(
        yscale="log",
        ylim=(1e-5, 1e3),
        xlabel=r"step size times largest eigenvalue, $\eta L$",
        ylabel=r"meta-gradient, $|F'(\eta)|$",
    )
    for ax, label in zip((a, b, c, d), "abcd", strict=True):
        p.panel_label(ax, label)
    return fig
