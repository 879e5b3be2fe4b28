"""The panels of the figure on data cleaning, from their rows."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.data_cleaning.checks import last
from experiments.data_cleaning.rows import BASELINES, METHODS
from experiments.shared.tables import Rows
from quadmeta import plotting as p
from quadmeta.typing import Array

LOOKS = dict(
    zip(
        METHODS,
        [
            (1, "o", "full"),
            (1, "s", "full"),
            (1, "^", "full"),
            (1, "D", "full"),
            (0, "o", "none"),
            (0, "s", "none"),
            (0, "^", "none"),
            (0, "*", "full"),
            (2, "v", "full"),
            (2, "<", "full"),
            (2, ">", "full"),
            (2, "P", "full"),
            (2, "X", "full"),
        ],
        strict=True,
    )
)


SIZES = dict.fromkeys("os^Dv<>PX", 5) | {"*": 7}


def draw(rows: Rows) -> Figure:
    """Accuracy and AUC against cost; the table that is their key; cosine and relative error."""
    fig, axes = p.figure(height=6.3, rows=2, columns=1, height_ratios=[1, 1.55])
    grid = axes[0].get_gridspec()
    for ax in axes:
        ax.remove()
    top = grid[0].subgridspec(1, 2)
    low = grid[1].subgridspec(1, 3, width_ratios=[4.1, 1, 1.1], wspace=0.02)
    a, b = (fig.add_subplot(top[i]) for i in range(2))
    table, c, d = (fig.add_subplot(low[i]) for i in range(3))
    against_cost(a, rows, "accuracy")
    against_cost(b, rows, "auc")
    a.set(ylabel="test accuracy")
    b.set(ylabel="AUC of finding wrong labels")
    tabulate(table, rows)
    for ax, key in ((c, "cosine"), (d, "error")):
        compare(ax, rows, key)
    c.set(xlabel=r"cosine to $g$", xlim=(0.25, 1.05))
    d.set(xlabel=r"$\Vert\hat g-g\Vert/\Vert g\Vert$", xscale="log", xlim=(2e-4, 20))
    handles, labels = c.get_legend_handles_labels()
    fig.legend(
        handles, labels, loc="outside lower right", ncols=3, handletextpad=0.2, columnspacing=1
    )
    for ax, label in zip((a, b, c, d), "abcd", strict=True):
        p.panel_label(ax, label)
    return fig


def against_cost(ax: Axes, rows: Rows, key: str) -> None:
    """Mean and standard deviation over seeds against products, baselines as lines."""
    values = last(rows, key)
    cost = {row["method"]: row["published"] for row in rows if row["place"] == "last"}
    groups: list[list[str]] = []
    for name in sorted(METHODS, key=lambda name: cost[name]):
        if groups and cost[name] < 1.2 * cost[groups[-1][0]]:
            groups[-1].append(name)
        else:
            groups.append([name])
    for group in groups:
        middle = np.exp(np.mean([np.log(cost[name]) for name in group]))
        for place, name in enumerate(group):
            hue, marker, fill = LOOKS[name]
            ax.errorbar(
                middle * 1.14 ** (place - (len(group) - 1) / 2),
                values[name].mean(),
                values[name].std(ddof=1),
                color=p.COLOURS[hue],
                marker=marker,
                fillstyle=fill,
                linestyle="none",
                linewidth=0.7,
                markersize=SIZES[marker],
            )
    for name in BASELINES:
        level = values[name].mean()
        if key == "auc" and name == "no tuning":
            ax.text(0.03, 0.03, "no tuning: 0.5", fontsize=8, color="0.25", transform=ax.transAxes)
            continue
        line, gap, side = (":", 2, "bottom")
        if name == "oracle":
            line, gap, side = ("--", -2, "top")
        ax.axhline(level, color="0.4", linewidth=0.8, linestyle=line)
        ax.annotate(
            name,
            (1, level),
            (0, gap),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            fontsize=8,
            ha="right",
            va=side,
            color="0.25",
        )
    ax.set(xscale="log", xlabel="products of an outer step, #JVPs", xlim=(0.7, 2000))


def tabulate(ax: Axes, rows: Rows) -> None:
    """One line a method in the order of the panels beside it: marker, cost, means and paired
    differences.
    """
    heads = [
        (0.06, "left", "method"),
        (0.385, "right", "products\n(o.g.)"),
        (0.515, "right", "accuracy\n%"),
        (0.69, "right", "difference\nto exact"),
        (0.83, "right", "AUC\n%"),
        (1.0, "right", "difference\nto exact"),
    ]
    for x, side, head in heads:
        ax.text(x, -1.35, head, fontsize=7, ha=side, va="center", style="italic")
    spent = {row["method"]: row for row in rows if row["place"] == "last"}
    for line, name in enumerate((*METHODS, *BASELINES)):
        if name in LOOKS:
            hue, marker, fill = LOOKS[name]
            size = SIZES[marker]
            p.measured(ax, 0.02, line, hue, marker=marker, fillstyle=fill, markersize=size)
        row = spent[name]
        cells = [name, "0"]
        if name in METHODS:
            cells = [name, f"{row['hvps']} + {row['mixed']} ({row['outer_gradients']})"]
        for key in ("accuracy", "auc"):
            values = last(rows, key)
            own = 100 * values[name]
            off = 100 * (values[name] - values["exact"])
            cells.append(f"{own.mean():.1f} ± {own.std(ddof=1):.1f}")
            cells.append(difference(off) * (name != "exact"))
        for (x, side, _), cell in zip(heads, cells, strict=True):
            ax.text(x, line, cell, fontsize=7, ha=side, va="center")
    ax.set(ylim=(len(spent) - 0.5, -2.1), xlim=(0, 1))
    ax.axhline(-0.5, color="black", linewidth=0.6)
    ax.axhline(len(METHODS) - 0.5, color="black", linewidth=0.4)
    ax.set_axis_off()


def difference(off: Array) -> str:
    """Mean and standard deviation of paired differences; ≈ where they do not tell methods apart."""
    mean = off.mean()
    deviation = off.std(ddof=1)
    text = f"{mean:+.2f} ± {deviation:.2f}".replace("-", "−")
    if abs(mean) <= deviation:
        text = f"≈ {text}"
    return text


def compare(ax: Axes, rows: Rows, key: str) -> None:
    """Means over seeds at the three places, one line a method; exact ones at the left edge of the
    error axis.
    """
    for hue, place, shift in ((3, "cold", -0.2), (4, "warm", 0.0), (6, "along the run", 0.2)):
        for line, name in enumerate(METHODS):
            own = [row[key] for row in rows if row["method"] == name and row["place"] == place]
            mean = float(np.mean(own))
            if key == "error" and mean < 1e-10:
                p.measured(
                    ax, 2.6e-4, line + shift, hue, markersize=4, marker="<", markerfacecolor="none"
                )
                continue
            marks = p.measured(ax, mean, line + shift, hue, markersize=4)
            if line == 0:
                marks.set_label(place)
    ax.set(ylim=(len(METHODS) + len(BASELINES) - 0.5, -2.1), yticks=range(len(METHODS)))
    ax.grid(axis="y", color="0.9", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.spines["left"].set_visible(False)
