"""The panels of the figure on stochastic hypergradients."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.shared.tables import Rows, select
from quadmeta import plotting as p

HUES = {"series": 0, "SOBA": 2, "F2SA": 1, "random length": 3, "reused batch": 4}
BORDERS = {"0.5": 5, "2": 2, "11": 1}


def draw(rows: Rows) -> Figure:
    """Four panels."""
    fig, ((a, b), (c, d)) = p.figure(height=5.4, rows=2, columns=2)
    budgets = select(rows, part="budget")
    errors(a, budgets)
    for ax, column in ((b, "bias"), (c, "deviation")):
        for name, hue in HUES.items():
            own = select(budgets, name=name)
            p.theory(ax, [row["x"] for row in own], [row[column] for row in own], hue)
    for ax, label in (
        (a, r"root-mean-square error $/\,\|v_*\|$"),
        (b, r"$|\mathrm{bias}|\,/\,\|v_*\|$"),
        (c, r"standard deviation $/\,\|v_*\|$"),
    ):
        ax.set(xscale="log", yscale="log", xlabel="sampled gradients and products, $N$")
        ax.set(ylabel=label, xlim=(40, 40_000))
    borders(d, select(rows, part="border"))
    labels(a, b, c)
    a.set_title("the penalty pays half the rate")
    b.set_title("bias: one draw, one batch keep theirs")
    c.set_title("standard deviation: also theirs stays")
    d.set_title("constant steps: where SOBA is stable")
    for ax, letter in zip((a, b, c, d), "abcd", strict=True):
        p.panel_label(ax, letter)
    return fig


def note(ax: Axes, x: float, y: float, text: str, hue: int, **place: Any) -> None:
    """A direct label."""
    options: dict[str, Any] = {"fontsize": 8, "va": "center", "color": p.COLOURS[hue]}
    ax.text(x, y, text, **options | place)


def errors(ax: Axes, rows: Rows) -> None:
    """Lines, simulations with two standard errors, names at the lines' ends."""
    for name, hue in HUES.items():
        own = select(rows, name=name)
        p.theory(ax, [row["x"] for row in own], [row["error"] for row in own], hue)
        drawn = [row for row in own if row["sample"] is not None]
        x = [row["x"] for row in drawn]
        square = np.array([row["sample"] for row in drawn])
        spread = 2 * np.array([row["spread"] for row in drawn])
        low, high = np.sqrt(np.maximum(square - spread, 0)), np.sqrt(square + spread)
        ax.vlines(x, low, high, color=p.COLOURS[hue], linewidth=0.8)
        p.measured(ax, x, np.sqrt(square), hue, markersize=3.5)


def borders(ax: Axes, rows: Rows) -> None:
    """Largest gamma against rho."""
    mean = select(rows, name="mean")
    p.theory(ax, [row["x"] for row in mean], [row["value"] for row in mean], 6)
    for nu, hue in BORDERS.items():
        for how, dashes in (("shared", "-"), ("apart", (0, (3, 1.5)))):
            own = select(rows, name=f"{nu} {how}")
            x, y = [row["x"] for row in own], [row["value"] for row in own]
            p.theory(ax, x, y, hue, linestyle=dashes)
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(1e-3, 1.2),
        xlabel=r"step of $w$ and $v$, $\rho$",
        ylabel=r"largest step of $\alpha$, $\gamma$",
    )
    note(ax, 0.25, 0.5, "means", 6, ha="right")
    note(ax, 1.18, 0.0028, r"$\nu=1/2$", BORDERS["0.5"], ha="right", rotation=90)
    note(ax, 0.57, 0.0025, r"$\nu=2$", BORDERS["2"], ha="right", rotation=90)
    note(ax, 0.145, 0.0025, r"$\nu=11$", BORDERS["11"], ha="right", rotation=90)
    note(ax, 0.0032, 0.9, "one sample: solid\nthree: dashed", 6, va="top")


def labels(a: Axes, b: Axes, c: Axes) -> None:
    """Names of the lines, slopes, the floor."""
    x = np.array([2e3, 2e4])
    for power, height in ((-1 / 2, 0.05), (-1 / 4, 0.27)):
        a.plot(x, height * (x / x[0]) ** power, color="0.6", linewidth=0.6, linestyle="-")
    note(a, 3e3, 0.027, r"$N^{-1/2}$", 6, color="0.4", ha="right")
    note(a, 2.2e4, 0.135, r"$N^{-1/4}$", 6, color="0.4")
    note(a, 50, 0.1, "series: stocBiO,\nAmIGO", HUES["series"])
    note(a, 5500, 0.095, "SOBA", HUES["SOBA"])
    note(a, 2700, 0.33, "F2SA", HUES["F2SA"])
    note(a, 3e4, 0.45, "random length", HUES["random length"], ha="right")
    note(a, 220, 0.8, "reused batch", HUES["reused batch"])
    for ax in (b, c):
        ax.set(ylim=(0.007, 1.2))
    note(b, 800, 0.045, "series", HUES["series"], ha="right")
    note(b, 4000, 0.045, "SOBA", HUES["SOBA"])
    note(b, 6000, 0.115, "reused batch", HUES["reused batch"])
    note(c, 1000, 0.08, "series", HUES["series"], ha="right")
    note(c, 5000, 0.085, "SOBA", HUES["SOBA"])
    note(c, 60, 0.015, "reused batch", HUES["reused batch"])
    note(b, 3e4, 0.4, "random length", HUES["random length"], ha="right")
    note(b, 6000, 0.24, "F2SA", HUES["F2SA"])
    note(c, 3e4, 0.29, "random length", HUES["random length"], ha="right")
