"""The panels of the figure on when auxiliary tasks help, from their rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.shared.tables import Rows
from quadmeta import plotting as p

Tasks = Mapping[str, tuple[float, float]]


def risk_map(ax: Axes, rows: Rows, tasks: Tasks, ellipse: tuple[float, float]) -> None:
    """Risk ratio at equal weights on a logarithmic colour scale, white at 1."""
    from matplotlib import colormaps

    top = np.log(4)
    axis = np.linspace(0, 3, 121)
    t = np.linspace(0, np.pi / 2, 100)
    cmap = colormaps["RdBu_r"].resampled(256)
    z = np.log((1 + axis**2 + axis[:, None] ** 2) / 4)
    filled = ax.contourf(axis, axis, np.clip(z, -top, top), np.linspace(-top, top, 33), cmap=cmap)
    filled.set_edgecolor("face")
    for (wide, high), width, line in (((3**0.5, 3**0.5), 1.8, "-"), (ellipse, 1.0, p.DASHES[6])):
        p.theory(ax, wide * np.cos(t), high * np.sin(t), 6, linewidth=width, linestyle=line)
    for row in rows:
        off = row["measured"] - 1
        if abs(off) < 3 * row["error"]:
            marker = "s"
        elif off > 0:
            marker = "^"
        else:
            marker = "o"
        ax.plot(
            row["x"],
            row["y"],
            marker=marker,
            color=cmap(0.5 + np.log(row["measured"]) / (2 * top)),
            markersize=5,
            markeredgecolor="black",
            markeredgewidth=0.7,
        )
    for hue, (name, place) in enumerate(tasks.items()):
        ax.text(
            *place,
            name,
            color=p.COLOURS[hue],
            fontweight="bold",
            ha="center",
            va="center",
            bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white", "linewidth": 0.6},
        )
    ax.text(0.72, 1.0, "equal weights\nhelp", ha="center", va="center")
    ax.text(2.28, 2.31, "equal weights\nharm", ha="center", va="center", color="white")
    ax.text(1.33, 1.72, "own inputs", fontsize=8, ha="left", va="center")
    ax.set(
        xlim=(0, 3),
        ylim=(0, 3),
        xticks=range(4),
        yticks=range(4),
        xlabel=r"unrelatedness, $\Delta/\sqrt{V_0}$",
        ylabel=r"label noise, $\sigma_1/\sigma_0$",
    )
    bar = ax.figure.colorbar(filled, ax=ax, aspect=28, pad=0.03)
    bar.set_ticks(
        np.log([0.25, 0.5, 1, 2, 4]).tolist(), labels=["1/4", "1/2", "1", "2", r"$\geq4$"]
    )
    bar.set_label(r"risk at equal weights over $V_0$")


def parabolas(ax: Axes, rows: Rows, tasks: Tasks) -> None:
    """Parabolas with their minima on the line 1 - pi."""
    pi = np.linspace(0, 1, 201)
    ax.axhline(1, color="0.4", linewidth=0.8)
    ax.axvline(0.5, color="0.6", linewidth=0.8, linestyle=":")
    p.theory(ax, pi, 1 - pi, 6, linewidth=0.8, linestyle=p.DASHES[6])
    for hue, (name, (x, y)) in enumerate(tasks.items()):
        own = [row for row in rows if row["kind"] == name and row["measured"] < 2]
        M = x**2 + y**2
        curve = (1 - pi) ** 2 + pi**2 * M
        p.theory(ax, pi[curve <= 2], curve[curve <= 2], hue)
        p.measured(
            ax, [row["x"] for row in own], [row["measured"] for row in own], hue, markersize=3.5
        )
        best = 1 / (1 + M)
        p.measured(
            ax,
            best,
            1 - best,
            hue,
            marker="*",
            markersize=9,
            markeredgecolor="black",
            markeredgewidth=0.5,
        )
        if 2 * best < 1:
            p.measured(ax, 2 * best, 1, hue, marker="|", markersize=11, markeredgewidth=1.4)
            ax.annotate(
                r"$2\pi^*$",
                (2 * best, 1),
                (4, -10),
                textcoords="offset points",
                fontsize=8,
                color=p.COLOURS[hue],
            )
    for name, place, hue in (("A", (0.96, 0.22), 0), ("B", (0.88, 1.5), 1), ("C", (0.35, 1.6), 2)):
        ax.text(*place, name, color=p.COLOURS[hue], fontweight="bold", fontsize=10, ha="center")
    white = {"facecolor": "white", "linewidth": 0, "pad": 0.5}
    ax.text(
        0.53,
        1.07,
        "main task alone",
        fontsize=8,
        color="0.25",
        ha="center",
        va="bottom",
        bbox=white,
    )
    ax.text(0.52, 1.72, "equal\nweights", fontsize=8, color="0.3", va="top")
    ax.text(0.63, 0.44, r"best: $1-\pi^*$", fontsize=8)
    ax.set(
        xlim=(0, 1),
        ylim=(0, 2),
        xticks=[0, 0.5, 1],
        yticks=[0, 0.5, 1, 1.5, 2],
        xlabel=r"share of the task, $\pi=\phi/(1+\phi)$",
        ylabel=r"risk over $V_0$",
    )


def splits(ax: Axes, rows: Rows) -> None:
    """Risk against the number of held-out samples."""
    looks = {
        "alone": (1, 0, "main task alone,\nafter the split"),
        "alone, all": (6, 0, ""),
        "affine": (3, 4, "learned, any sign"),
        "learned": (0, 1, r"learned, $\phi\geq0$"),
        "equal, all": (5, -4, "equal weights, all 60"),
        "learned, all": (0, -6, "learned, then all 60"),
        "best, all": (2, 0, "best weights, all 60"),
    }
    for name, (hue, shift, text) in looks.items():
        own = sorted((row for row in rows if row["name"] == name), key=lambda row: row["x"])
        n = [row["x"] for row in own]
        measured = [row["measured"] for row in own]
        theory = [row["theory"] or row["measured"] for row in own]
        line = p.theory(ax, n, theory, hue)
        if not own[0]["theory"]:
            line.set(linewidth=0.8, linestyle=":")
        if name != "alone, all":
            p.measured(ax, n, measured, hue, filled=name != "learned, all")
        p.direct_label(ax, n, theory, text, hue, (6, shift), fontsize=7.5)
    ax.text(38.5, 1.04, "main task alone, all 60", fontsize=7.5, ha="right", va="bottom")
    ax.set(
        yscale="log",
        ylim=(0.2, 5),
        yticks=[0.2, 0.5, 1, 2, 5],
        yticklabels=["0.2", "0.5", "1", "2", "5"],
        xlabel=r"held-out samples out of 60, $n_A$",
        ylabel="risk over main task alone",
    )
    ax.minorticks_off()


def signs(ax: Axes, rows: Rows) -> None:
    """Cosines against the border of the certificate."""
    shown = [row for row in rows if row["kind"] == "drawn"]
    ax.fill_between([0, 1], [0, 1], 1, color=p.COLOURS[2], alpha=0.15, linewidth=0)
    p.theory(ax, [0, 1], [0, 1], 6)
    for right, hue, marker, size in ((True, 5, "o", 2), (False, 1, "s", 3)):
        own = [row for row in shown if row["right"] == right]
        p.measured(
            ax,
            [row["theory"] for row in own],
            [row["measured"] for row in own],
            hue,
            marker=marker,
            markersize=size,
            markeredgewidth=0,
        )
    border = [row for row in rows if row["kind"] == "attained"]
    p.measured(
        ax,
        [row["theory"] for row in border],
        [row["measured"] for row in border],
        6,
        marker="o",
        markerfacecolor="white",
        markersize=4,
    )
    certain = np.mean([row["measured"] > row["theory"] for row in shown])
    wrong = np.mean([not row["right"] for row in shown])
    box = {"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 1.5}
    ax.text(
        0.04,
        0.95,
        f"certified: {100 * certain:.0f} %\nof them wrong: 0",
        va="top",
        fontsize=8,
        bbox=box,
    )
    ax.text(
        0.96,
        0.07,
        f"sign wrong: {100 * wrong:.0f} %",
        color=p.COLOURS[1],
        fontsize=8,
        ha="right",
        bbox=box,
    )
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xticks=[0, 0.5, 1],
        yticks=[0, 0.5, 1],
        xlabel=r"border, $(k_J-1)/(k_J+1)$",
        ylabel=r"$|\cos(v,u_k)|$ in $f_J(H)$",
    )


def real(
    ax: Axes, ratios: Mapping[str, Mapping[str, Any]], rows: Rows, methods: Mapping[str, str]
) -> None:
    """Means over seeds with their standard errors, and the cost of each method."""
    for hue, (kind, values) in enumerate(ratios.items()):
        for line, value in enumerate(values.values()):
            ax.errorbar(
                value.mean(),
                line + 0.32 * (hue - 0.5),
                xerr=value.std(ddof=1) / len(value) ** 0.5,
                color=p.COLOURS[hue],
                marker=p.MARKERS[hue],
                linewidth=0.9,
                linestyle="none",
                label=None if line else kind,
            )
    cost = {(row["kind"], row["name"]): row for row in rows}
    for line, name in enumerate(methods):
        both = [cost[kind, name] for kind in ratios]
        solves, products = (
            " | ".join(dict.fromkeys(str(row[key]) for row in both)) for key in ("solves", "jvps")
        )
        text = solves
        if both[0]["jvps"]:
            text = f"{solves} ({products})"
        ax.annotate(
            text,
            (1.02, line),
            va="center",
            fontsize=8,
            xycoords=("axes fraction", "data"),
        )
    ax.annotate(
        "solved (products)",
        (1.02, -0.9),
        va="center",
        fontsize=8,
        style="italic",
        xycoords=("axes fraction", "data"),
        annotation_clip=False,
    )
    ax.axvline(1, color="0.4", linewidth=0.8)
    ax.set(
        ylim=(len(methods) - 0.5, -0.5),
        yticks=range(len(methods)),
        yticklabels=list(methods.values()),
        xlabel="test error over main task alone, all data",
    )
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", color="0.92", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="lower right")
