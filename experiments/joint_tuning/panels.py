"""The panels of the figure on joint tuning, from their rows."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.joint_tuning.checks import excess, horizons, last
from experiments.joint_tuning.rows import WAYS
from experiments.shared.tables import Rows, select
from quadmeta import plotting as p

HUES = {"together": 0, "one at a time": 1, "weights alone": 2, "step and momentum alone": 3}
SHOWN = 10
"""T of the descents."""
HIGHER: dict[str, Any] = {"va": "bottom", "ha": "right"}


def draw(rows: Rows) -> Figure:
    """Two by two."""
    fig, axes = p.figure(height=4.9, rows=2, columns=2)
    (a, b), (c, d) = axes
    descents(a, rows)
    losses(b, rows)
    accuracies(c, rows)
    ridge(d, rows)
    for ax, letter in zip(axes.ravel(), "abcd", strict=True):
        p.panel_label(ax, letter)
    return fig


def descents(ax: Axes, rows: Rows) -> None:
    """Means over seeds along the descents."""
    for way, hue in HUES.items():
        own = select(rows, part="cleaning", way=way, T=SHOWN)
        steps = sorted({row["step"] for row in own})
        means = [np.mean([row["theory"] for row in select(own, step=k)]) for k in steps]
        p.theory(ax, steps, means, hue)
        p.direct_label(ax, steps, means, way, hue, (0, 3), **HIGHER)
    ax.set(xlabel=f"outer steps of Newton's method ($T={SHOWN}$)", ylabel="validation loss")
    ax.set_title("cleaning data: together goes lowest", fontsize=9)


def losses(ax: Axes, rows: Rows) -> None:
    """Validation losses at the end, against T."""
    against(ax, rows, "theory")
    ax.set(ylabel="validation loss at the end")
    ax.set_title("the same after the last step, against $T$", fontsize=9)


def accuracies(ax: Axes, rows: Rows) -> None:
    """Test accuracies at the end, against T."""
    against(ax, rows, "accuracy")
    ax.set(ylabel="test accuracy at the end")
    ax.set_title("unseen images: a clear gain at $T=10$", fontsize=9)


def against(ax: Axes, rows: Rows, column: str) -> None:
    """One line a way."""
    T = horizons(rows, "cleaning")
    for way in WAYS:
        y = [last(rows, way, t, column) for t in T]
        p.theory(ax, T, y, HUES[way], linewidth=0.8)
        p.measured(ax, T, y, HUES[way])
    _logarithmic(ax, T)


def ridge(ax: Axes, rows: Rows) -> None:
    """Medians over starts, against T."""
    T = horizons(rows, "ridge")
    for way, shift in (("together", (2, 9)), ("one at a time", (8, -2))):
        y = [100 * excess(rows, way, t) for t in T]
        p.theory(ax, T, y, HUES[way], linewidth=0.8)
        p.measured(ax, T, y, HUES[way])
        # beside the second of the lengths
        place = min(1, len(T) - 1)
        p.direct_label(ax, T[place], y[place], way, HUES[way], shift)
    _logarithmic(ax, T)
    ax.set(ylabel="loss above the best found, %")
    ax.set_title("a ridge: no gain from $T=20$ on", fontsize=9)


def _logarithmic(ax: Axes, T: list[int]) -> None:
    ax.set(xscale="log", xticks=T, xticklabels=T, xlabel="inner steps, $T$")
    ax.minorticks_off()
