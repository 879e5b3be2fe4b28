"""The panels of the figure on evolution strategies."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.shared.tables import Rows, select
from quadmeta import plotting as p

HUES = {
    "ES-Single": 1,
    "PES": 0,
    "PES, telescoped": 4,
    "truncated": 2,
    "truncated, own states": 3,
}


def draw(rows: Rows) -> Figure:
    """Four panels."""
    fig, ((a, b), (c, d)) = p.figure(height=5.2, rows=2, columns=2)
    seen(a, select(rows, part="seen"))
    lines(b, select(rows, part="scale"), "mean", ("ES-Single", "PES"))
    lines(c, select(rows, part="scale"), "value", ("ES-Single", "PES", "PES, telescoped"))
    windows(d, select(rows, part="window"))
    a.set_title("draws see another number than the mean")
    b.set_title("bias: one perturbation a window smooths less")
    c.set_title(r"spread: telescoping or a large $\sigma$ ruins it")
    d.set_title("truncation loses the derivative")
    b.set(ylabel=r"$|\mathrm{mean}-F\,'|\,/\,|F\,'|$")
    c.set(ylabel=r"standard deviation $/\,|F\,'|$")
    for ax in (b, c):
        ax.set(xscale="log", yscale="log", xlabel=r"scale of the perturbation, $\sigma$")
    note(b, 2.2e-3, 2.0, "ES-Single", HUES["ES-Single"], ha="right")
    note(b, 8e-3, 5e-3, "PES", HUES["PES"])
    c.axhline(2**0.5, color="0.6", linewidth=0.6, zorder=0)
    note(c, 9e-3, 2e4, "ES-Single", HUES["ES-Single"], ha="right")
    note(c, 1.2e-4, 4.0, "PES, ES-Single: $\\sqrt{2}$", HUES["PES"], va="bottom")
    note(c, 1.2e-4, 10 ** _first(rows) * 3, "PES, telescoped", HUES["PES, telescoped"], va="bottom")
    for ax, letter in zip((a, b, c, d), "abcd", strict=True):
        p.panel_label(ax, letter)
    return fig


def _first(rows: Rows) -> float:
    own = select(rows, part="scale", name="PES, telescoped")
    return float(own[0]["value"])


def note(ax: Axes, x: float, y: float, text: str, hue: int, **place: Any) -> None:
    """A direct label."""
    options: dict[str, Any] = {"fontsize": 8, "va": "center", "color": p.COLOURS[hue]}
    ax.text(x, y, text, **options | place)


def seen(ax: Axes, rows: Rows) -> None:
    """Powers of ten against T."""
    T = [row["x"] for row in rows]
    p.theory(ax, T, [row["truth"] for row in rows], 6)
    p.theory(ax, T, [row["mean"] for row in rows], 3)
    p.theory(ax, T, [row["seen"] for row in rows], 1)
    middle = np.log10([row["sample"] for row in rows])
    p.measured(ax, T, middle, 6, marker="o", markersize=4)
    ax.set(
        xscale="log",
        ylim=(-40, 40),
        xlabel="steps, $T$",
        ylabel="$-$ meta-gradient, power of ten",
    )
    note(ax, 120, 30, "mean: the smoothed\nloss explodes", 3, ha="right")
    note(ax, 15, -24, "derivative $F\\,'$", 6, color="0.2")
    note(ax, 160, -3, "what $10^5$ draws\ncan see", 1, va="bottom")
    ax.annotate(
        "sample means",
        (T[len(T) // 2], middle[len(T) // 2]),
        (4, -14),
        arrowprops={"arrowstyle": "-", "linewidth": 0.6, "color": "0.4"},
        fontsize=8,
    )


def lines(ax: Axes, rows: Rows, column: str, names: tuple[str, ...]) -> None:
    """Powers of ten against sigma."""
    for name in names:
        own = select(rows, name=name)
        values = [10 ** min(row[column], 30) for row in own]
        p.theory(ax, [row["x"] for row in own], values, HUES[name])


def windows(ax: Axes, rows: Rows) -> None:
    """Shares of the derivative against K."""
    for name in ("ES-Single", "PES", "truncated", "truncated, own states"):
        own = select(rows, name=name)
        x = [row["x"] for row in own]
        values = [row["value"] for row in own]
        p.theory(ax, x, values, HUES[name], linewidth=1.0)
        p.measured(ax, x, values, HUES[name], markersize=3)
    ax.axhline(1, color="0.6", linewidth=0.6, zorder=0)
    ax.set(
        xscale="log", ylim=(0, 1.2), xlabel="length of a window, $K$", ylabel="mean / derivative"
    )
    note(ax, 2.6, 0.36, "truncated, from either state", HUES["truncated, own states"])
    note(ax, 1.1, 1.08, "PES, ES-Single", HUES["PES"])
