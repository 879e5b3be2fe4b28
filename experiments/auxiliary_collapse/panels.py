"""The panels of the figure on learned weights that collapse, from their rows."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.auxiliary_collapse.checks import mean
from experiments.auxiliary_collapse.rows import SEED
from experiments.shared import filters as _filters
from experiments.shared.tables import Rows
from quadmeta import plotting as p

HUES = {
    "joint": (1, "s"),
    "consistent": (4, "v"),
    "training set": (3, "D"),
    "implicit": (0, "o"),
    "Neumann": (2, "^"),
}


def draw(rows: Rows) -> Figure:
    """Paths, fixed points, filters, digits."""
    fig, axes = p.figure(height=5.2, rows=2, columns=2)
    panels = (draw_paths, draw_fixed, draw_filters, draw_digits)
    parts = ("path", "fixed", "filter", "digits")
    for ax, panel, part, label in zip(axes.flat, panels, parts, "abcd", strict=True):
        panel(ax, [row for row in rows if row["part"] == part])
        p.panel_label(ax, label)
    return fig


def draw_paths(ax: Axes, rows: Rows) -> None:
    """Weights against outer steps; markers up to where they are 0."""
    for name, (hue, marker) in HUES.items():
        own = [row for row in rows if row["name"] == name]
        x = [row["x"] for row in own]
        y = [row["measured"] for row in own]
        p.theory(ax, x, [row["theory"] for row in own], hue, linewidth=0.9)
        last = next((k for k, value in enumerate(y) if value < 1e-3), len(own) - 1)
        p.measured(
            ax,
            x[last % 3 : last + 1 : 3],
            y[last % 3 : last + 1 : 3],
            hue,
            marker=marker,
            markersize=3.5,
        )
        if name in ("joint", "consistent"):
            p.repaired_bound(ax, x, [row["bound"] for row in own], hue)
        if own[0]["limit"]:
            ax.axhline(
                own[0]["limit"], color=p.COLOURS[hue], linewidth=0.6, linestyle=":", zorder=0
            )
    texts = (
        (1.1, 3.16, "left", "best weight", "implicit"),
        (230, 2.66, "right", "held-out data, exact", "implicit"),
        (5500, 0.25, "right", "held-out data, $J=3$", "Neumann"),
        (1.1, 0.25, "left", "training loss", "joint"),
        (52, 0.95, "left", "hypergradient,\ntraining set", "training set"),
        (5500, 2.05, "right", "training loss, no noise", "consistent"),
    )
    for at, height, side, text, name in texts:
        ax.text(
            at,
            height,
            text,
            color=p.COLOURS[HUES[name][0]],
            fontsize=8,
            va="center",
            linespacing=1.05,
            ha=side,
        )
    ax.set(
        xscale="log",
        xlim=(0.9, 6000),
        ylim=(-0.08, 3.35),
        xlabel="outer steps",
        ylabel=r"task weight, $\varphi$",
    )


def draw_fixed(ax: Axes, rows: Rows) -> None:
    """Fixed points against the number of products."""
    for hue, marker, scale in ((2, "^", 0.5), (5, "P", 1.5)):
        own = sorted((row for row in rows if row["scale"] == scale), key=lambda row: row["x"])
        x = [row["x"] for row in own]
        p.theory(ax, x, [row["theory"] for row in own], hue, linewidth=0.9)
        p.repaired_bound(ax, x, [row["first"] for row in own], hue)
        p.measured(ax, x, [row["measured"] for row in own], hue, marker=marker)
        if scale == 0.5:
            three = next(row for row in own if row["parameter"] == 3)
            ax.annotate(
                f"$J=3$: held-out loss {100 * three['excess']:.0f}% above the least",
                (4, three["measured"]),
                (1.1, 0.1),
                fontsize=8,
                va="center",
                arrowprops={"arrowstyle": "-", "color": "0.5", "linewidth": 0.6},
            )
    ax.axhline(rows[0]["limit"], color=p.COLOURS[0], linewidth=0.6, linestyle=":", zorder=0)
    texts = (
        (1.1, 3.16, "left", "best weight", 0),
        (40, 1.0, "left", r"$\nu L=0.5$", 2),
        (6.5, 1.2, "right", r"$\nu L=1.5$", 5),
        (3.2, 2.36, "left", "first order", 6),
    )
    for at, height, side, text, hue in texts:
        ax.text(
            at,
            height,
            text,
            color=p.COLOURS[hue],
            fontsize=8,
            va="center",
            ha=side,
        )
    ax.set(
        xscale="log",
        ylim=(-0.08, 3.35),
        xlabel="terms of the Neumann series, $J+1$",
        ylabel=r"weight at the fixed point, $\varphi_J$",
    )


def draw_filters(ax: Axes, rows: Rows) -> None:
    """Filters below and beyond nu lambda = 2."""
    texts = {
        ("implicit", 0): (0.06, 1.13, "exact", "left"),
        ("Neumann", 0): (0.62, 0.45, "$J=0$", "left"),
        ("Neumann", 3): (1.96, -0.75, "$J=3$ turns the sign", "right"),
        ("Neumann", 4): (1.62, 1.3, "$J=4$", "right"),
        ("conjugate gradients", 4): (0.3, 1.5, "conjugate gradients", "left"),
    }
    looks = {
        ("implicit", 0): (0, "o"),
        ("Neumann", 0): (6, "."),
        ("Neumann", 3): (2, "^"),
        ("Neumann", 4): (5, "P"),
        ("conjugate gradients", 4): (3, "X"),
    }
    _filters.draw(ax, rows, looks, texts, every=3)
    ax.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    ax.axvline(2, color="0.6", linewidth=0.6, zorder=0)
    ax.set(
        xlim=(0, 2.35),
        ylim=(-1.1, 2.1),
        xlabel=r"step of the series times eigenvalue, $\nu\lambda$",
        ylabel=r"filter, $\lambda f(\lambda)$",
    )


def draw_digits(ax: Axes, rows: Rows) -> None:
    """Weights of nine tasks; test losses, also of what learns no weights."""
    labels = {
        "implicit": "held-out data, exact",
        "Neumann": "held-out data, $J=3$",
        "joint": "training loss: all 0",
        "equal": "all 1",
        "pooled": "no tasks, held-out data trained on",
    }
    for name, text in labels.items():
        all_splits = [row for row in rows if row["name"] == name]
        hue, marker = HUES.get(name, (6, "none"))
        own = [row for row in all_splits if row["seed"] == SEED]
        x = np.arange(len(own)) + {"implicit": -0.22, "Neumann": 0.22}.get(name, 0.0)
        if name == "implicit":
            ax.hlines(
                [row["theory"] for row in own],
                x - 0.25,
                x + 0.25,
                color=p.COLOURS[hue],
                linewidth=1,
            )
        shown = [row for row in own if name in HUES]
        p.measured(
            ax,
            x[: len(shown)],
            [row["measured"] for row in shown],
            hue,
            marker=marker,
            label=f"{mean(all_splits, 'test'):.3f}  {text}",
        )
    ax.set(
        xticks=range(9),
        xticklabels=[row["x"] for row in own],
        xlabel="task: is it this digit",
        ylabel=r"task weight, $\varphi_k$",
        ylim=(-0.012, 0.5),
    )
    legend = ax.legend(
        loc="upper right",
        title="test loss",
        title_fontsize=8,
        handletextpad=0.2,
        labelspacing=0.2,
        borderaxespad=0,
    )
    legend.set_alignment("left")
