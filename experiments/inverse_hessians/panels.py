"""The panels of the figure on inverse Hessians."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.shared.tables import Rows, select
from quadmeta import plotting as p

HUES = {
    "one step": 6,
    "Neumann": 1,
    "heavy ball": 4,
    "Nystrom": 3,
    "Nystrom, best shift": 3,
    "Chebyshev": 0,
    "conjugate gradients": 2,
    "Nystrom and CG": 5,
    "reverse": 6,
    "truncated": 1,
    "surrogate": 0,
}
RIGHT: dict[str, Any] = {"ha": "right"}


def note(ax: Axes, x: float, y: float, text: str, name: str, **place: Any) -> None:
    """A direct label."""
    options: dict[str, Any] = {
        "fontsize": 8,
        "va": "center",
        "linespacing": 1.0,
        "color": p.COLOURS[HUES[name]],
    }
    ax.text(x, y, text, **options | place)


def curve(ax: Axes, rows: Rows, name: str) -> None:
    """A line of theory and its markers, medians over seeds."""
    xs, theory = medians(rows, name, "theory")
    p.theory(ax, xs, theory, HUES[name], linewidth=1.0)
    marks(ax, rows, name)


def marks(ax: Axes, rows: Rows, name: str, **options: Any) -> None:
    """Markers of estimates alone."""
    p.measured(ax, *medians(rows, name, "measured"), HUES[name], **{"markersize": 3.5} | options)


def medians(rows: Rows, name: str, column: str) -> tuple[list[float], list[float]]:
    """(x, medians over seeds) where there is a number."""
    of: dict[float, list[float]] = {}
    for row in select(rows, name=name):
        if row[column] is not None:
            of.setdefault(row["x"], []).append(row[column])
    xs = sorted(of)
    return xs, [float(np.median(of[x])) for x in xs]


def seen(ax: Axes, rows: Rows) -> None:
    """Errors along the spectrum."""
    rows = select(rows, part="seen")
    bound = max(row["theory"] for row in rows if row["name"] == "Chebyshev")
    ax.axhspan(1, 30, color="0.93", linewidth=0, zorder=0)
    ax.axhline(bound, color="0.4", linewidth=0.8, zorder=0)
    for name in ("one step", "Neumann", "Chebyshev", "Nystrom"):
        curve(ax, rows, name)
    lam = medians(rows, "Nystrom", "theory")[0]
    ax.plot(lam, [0.0115] * len(lam), "|", color="0.4", markersize=4, markeredgewidth=0.4)
    note(ax, 1.05e-3, 14, "worse than no estimate at all", "one step", color="0.35")
    note(ax, 0.035, 4.5, "Nystrom", "Nystrom")
    note(ax, 4.2e-3, 5.2, "with an\nideal sketch", "Nystrom", **RIGHT)
    note(ax, 0.05, 1.3, "one step", "one step")
    note(ax, 7.6e-3, 0.52, "Neumann", "Neumann")
    note(ax, 3.05e-3, 0.06, "Chebyshev", "Chebyshev", ha="center")
    note(ax, 0.04, 0.34, "$1/T_{16}$", "one step", color="0.35", ha="center")
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(0.85e-3, 0.3),
        ylim=(1e-2, 30),
        xlabel=r"eigenvalue, $\lambda$",
        ylabel=r"relative error, $|1-\lambda f(\lambda)|$",
    )


def worst(ax: Axes, rows: Rows) -> None:
    """Worst cases against products."""
    rows = select(rows, part="worst")
    x, bound = medians(rows, "Chebyshev", "other")
    ax.fill_between(x, 1e-6, bound, color="0.9", linewidth=0)
    for name in ("one step", "Neumann", "heavy ball", "Chebyshev"):
        curve(ax, rows, name)
    for name in ("Nystrom", "conjugate gradients"):
        marks(ax, rows, name, markersize=6.5, markerfacecolor="none")
    note(ax, 61, 2.2, "one step, Nystrom", "one step", **RIGHT)
    note(ax, 61, 0.15, "Neumann", "Neumann", **RIGHT)
    note(ax, 41, 0.05, "heavy ball", "heavy ball")
    note(ax, 35, 5e-4, "Chebyshev", "Chebyshev", **RIGHT)
    note(ax, 41, 1.2e-4, "conjugate\ngradients", "conjugate gradients", **RIGHT)
    note(ax, 2, 4e-5, "below $1/T_N$:\nno method", "one step", color="0.35")
    ax.set(
        yscale="log",
        xlim=(0, 62),
        ylim=(1e-5, 20),
        xlabel="products, $N$",
        ylabel="largest relative error",
    )


def real(ax: Axes, rows: Rows) -> None:
    """Errors on digits against products."""
    rows = select(rows, part="real")
    for name in ("one step", "Neumann", "Chebyshev", "conjugate gradients", "Nystrom and CG"):
        curve(ax, rows, name)
    for name, dash in (("Nystrom", "-"), ("Nystrom, best shift", ":")):
        x, y = medians(rows, name, "measured")
        p.theory(ax, x, y, HUES[name], linestyle=dash, linewidth=1.0)
    marks(ax, rows, "Nystrom")
    note(ax, 30, 9, "Nystrom; best shift dotted", "Nystrom")
    note(ax, 97, 3, "one step", "one step", **RIGHT)
    note(ax, 97, 0.06, "Neumann", "Neumann", **RIGHT)
    note(ax, 68, 1.2e-3, "Chebyshev", "Chebyshev")
    note(ax, 36, 3e-7, "sketch of rank 16,\nthen conjugate gradients", "Nystrom and CG")
    note(ax, 1, 3e-6, "conjugate\ngradients", "conjugate gradients")
    ax.set(
        yscale="log",
        xlim=(0, 98),
        ylim=(1e-9, 40),
        xlabel="products, $N$",
        ylabel=r"relative error of the hypergradient",
    )


def steps(ax: Axes, rows: Rows) -> None:
    """Products against steps."""
    rows = select(rows, part="steps")
    for name in ("reverse", "surrogate"):
        curve(ax, rows, name)
    marks(ax, rows, "truncated", markersize=6.5, markerfacecolor="none")
    note(ax, 900, 3600, "reverse mode", "reverse", **RIGHT)
    note(ax, 330, 1200, "truncated", "truncated", **RIGHT)
    note(ax, 1500, 180, "surrogate", "surrogate")
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(7, 14000),
        ylim=(13, 28000),
        xlabel="inner steps, $T$",
        ylabel="products to reach $10^{-4}$",
    )
