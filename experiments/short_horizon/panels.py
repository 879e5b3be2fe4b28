"""The panels of the figure on short horizons."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.shared.tables import Rows, select
from quadmeta import plotting as p

DOTTED: dict[str, Any] = {"linestyle": ":", "linewidth": 1.0}


def draw(rows: Rows) -> Figure:
    """Four panels."""
    fig, ((a, b), (c, d)) = p.figure(height=5.2, rows=2, columns=2)
    schedules(a, select(rows, part="schedule"))
    constants(b, select(rows, part="constant"))
    windows(c, select(rows, part="window"))
    singles(d, select(rows, part="single"))
    a.set_title("greedy steps are not the best schedule")
    b.set_title("a short horizon errs on either side")
    c.set_title("windows: only logarithms see far")
    d.set_title("the variance explodes before the mean")
    for ax, letter in zip((a, b, c, d), "abcd", strict=True):
        p.panel_label(ax, letter)
    return fig


def note(ax: Axes, x: float, y: float, text: str, hue: int, **place: Any) -> None:
    """A direct label."""
    options: dict[str, Any] = {"fontsize": 8, "va": "center", "color": p.COLOURS[hue]}
    ax.text(x, y, text, **options | place)


def columns(rows: Rows, **where: object) -> tuple[list[float], list[float]]:
    """x and values of the rows with these values."""
    own = select(rows, **where)
    return [row["x"] for row in own], [row["value"] for row in own]


def schedules(ax: Axes, rows: Rows) -> None:
    """Losses against the number of steps."""
    p.theory(ax, *columns(rows, name="greedy"), 3)
    p.theory(ax, *columns(rows, name="constant"), 0)
    p.theory(ax, *columns(rows, name="optimal"), 2, linewidth=1.0)
    p.measured(ax, *columns(rows, name="optimal"), 2, markersize=4)
    p.theory(ax, *columns(rows, name="greedy law"), 3, **DOTTED)
    p.theory(ax, *columns(rows, name="optimal law"), 2, **DOTTED)
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(1e-7, 0.1),
        xlabel="steps, $t$",
        ylabel="expected loss above its minimum",
    )
    note(ax, 700, 4e-3, "greedy", 3)
    note(ax, 2e3, 6e-5, "best constant", 0, rotation=-30, rotation_mode="anchor")
    note(ax, 25, 3.0e-4, "best schedule", 2, ha="right", va="top")


def constants(ax: Axes, rows: Rows) -> None:
    """The best constant step against the horizon."""
    p.theory(ax, *columns(rows, name="no noise"), 6, color="0.6")
    p.theory(ax, *columns(rows, name="noise"), 0)
    p.theory(ax, *columns(rows, name="tail"), 1, **DOTTED)
    ax.set(
        xscale="log",
        yscale="log",
        ylim=(3e-3, 4),
        xlabel="horizon, $T$",
        ylabel=r"best constant step, $\eta^*_T$",
    )
    note(ax, 3e3, 1.35, "without noise", 6, color="0.45")
    note(ax, 6, 0.19, "with noise", 0, ha="right")
    note(ax, 4e3, 0.15, "law of the tail", 1)


def windows(ax: Axes, rows: Rows) -> None:
    """Roots against the number of windows."""
    for name, hue in (("loss", 3), ("log loss", 0)):
        p.theory(ax, *columns(rows, name=f"{name}, whole"), hue)
        p.theory(ax, *columns(rows, name=f"{name}, truncated"), hue, linestyle="--")
    ax.axhline(2 / 1.01, color="0.6", linewidth=0.6, zorder=0)
    ax.set(
        xscale="log",
        ylim=(1.3, 2.08),
        xlabel="windows of 5 steps, $N$",
        ylabel=r"step without derivative, $\eta$",
    )
    note(ax, 1.2, 2.02, r"$2/(L+\mu)$", 6, color="0.45")
    note(ax, 1e4, 1.585, "sum of losses", 3, ha="right")
    note(ax, 20, 1.86, "sum of logarithms", 0, ha="right")
    note(ax, 1e4, 1.41, "dashed: truncated", 6, color="0.3", ha="right", va="top")


def singles(ax: Axes, rows: Rows) -> None:
    """Powers of ten against the step size."""
    for T, width in ((10, 0.8), (100, 1.2), (1000, 1.8)):
        p.theory(ax, *columns(rows, name="derivative", T=T), 6, linewidth=width)
        p.theory(ax, *columns(rows, name="deviation", T=T), 1, linewidth=width)
    for name, label in (("eta_4", r"$\eta_4$"), ("eta_ms", r"$\eta_{\mathrm{ms}}$")):
        x = select(rows, name=name)[0]["value"]
        ax.axvline(x, color="0.6", linewidth=0.6, zorder=0)
        note(ax, x - 0.008, 18.3, label, 6, color="0.3", ha="right")
    ax.set(ylim=(-5, 20), xlabel=r"step size, $\eta$", ylabel="power of ten")
    note(ax, 0.06, 3.2, "standard deviation\nof one run", 1)
    note(ax, 0.06, -3.6, "derivative, $|F\\,'|$", 6, color="0.2")
    for x, y, text in ((0.5, 2.2, "$T=10$"), (0.492, 17.0, "100"), (0.325, 12.0, "1000")):
        note(ax, x, y, text, 1, fontsize=7)
