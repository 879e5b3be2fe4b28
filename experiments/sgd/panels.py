"""The panels of the figure on SGD, from their rows."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments.shared.tables import Rows
from quadmeta import plotting as p

GREY = "0.45"
PAST = {
    ("naive", True): (1.3e2, 1e5, r"$F'$ past $\eta_{\rm ms}$"),
    ("log", True): (3e3, 12.0, "$G'$ past it"),
}
NO_NOISE = PAST | {
    ("naive", False): (1e3, 1e-5, "$F'$ below it"),
    ("log", False): (3e3, 0.12, "$G'$ below it"),
}
NOISE = PAST | {
    ("naive", False): (2e4, 0.04, "$F'$ below it"),
    ("log", False): (60, 1e-4, "$G'$ below it"),
}


def curve(rows: Rows, y: str, axis: str = "x", **where: Any) -> tuple[Any, Any]:
    """(x, y) of the rows at these values, y from its logarithm, within what a picture can show."""
    own = sorted(
        (row[axis], row[y])
        for row in rows
        if row[y] is not None and all(row[name] == value for name, value in where.items())
    )
    table: Any = np.array(own).reshape(-1, 2)
    return table[:, 0], 10 ** np.clip(table[:, 1], -30, 30)


def means(ax: Axes, rows: Rows, hue: int, limit: float = np.inf) -> None:
    """Sample means with two standard errors; hollow and without them beyond a limit."""
    for row in rows:
        y = 10 ** row["log10_measured"]
        spread = 2 * row["relative_error"]
        if row["x"] < limit:
            ax.plot(
                [row["x"]] * 2,
                [y * (1 - spread), y * (1 + spread)],
                "-",
                color=p.COLOURS[hue],
                linewidth=0.8,
            )
        p.measured(ax, row["x"], y, hue, filled=row["x"] < limit, markersize=3.8)


def loss(ax: Axes, rows: Rows) -> None:
    """F against the step size."""
    edge = {row["kind"]: row["x"] for row in rows if row["part"] == "limit"}
    own = [row for row in rows if row["part"] == "loss"]
    lines, samples = (
        [row for row in own if bool(row["paths"]) == drawn] for drawn in (False, True)
    )
    ax.axvspan(edge["fourth"], 9, color="0.93", zorder=0)
    ax.axvline(1, color="black", linewidth=0.8)
    ax.plot(
        [edge["low"], edge["high"]], [4e4] * 2, color="black", linewidth=3, solid_capstyle="butt"
    )
    for T, hue, y in zip(
        sorted({row["T"] for row in lines}), (5, 0, 2, 6), (3, 0.09, 2e-3, 2e-4), strict=True
    ):
        p.theory(ax, *curve(lines, "log10_theory", T=T, kind="sgd"), hue)
        means(ax, [row for row in samples if row["T"] == T], hue, edge["fourth"])
        ax.text(0.0158, y, p.steps_label(T), color=p.COLOURS[hue], va="center", fontsize=8)
    p.theory(ax, *curve(lines, "log10_theory", kind="gd"), 1, linestyle=p.PRINTED)
    worst = next(row for row in samples if row["x"] == 1.1 and row["T"] == 1000)
    missed = (
        rf"mean {10 ** worst['log10_measured']:.1g}, truth $10^{{{worst['log10_theory']:.0f}}}$"
    )
    for x, y, text, colour, side in (
        (0.4, 4e-5, "gradient descent, $T=100$", p.COLOURS[1], "right"),
        (
            0.03,
            3e3,
            f"line: exact expectation\nmarker: mean of {worst['paths']} runs",
            "black",
            "left",
        ),
        (edge["low"] - 0.02, 4e4, "bracket", "black", "right"),
        (
            1.08,
            1e-3,
            f"sample means fail:\n$T=1000$, $1.1\\,\\eta_{{\\rm ms}}$:\n{missed}",
            p.COLOURS[2],
            "left",
        ),
    ):
        ax.text(x, y, text, color=colour, ha=side, va="center", fontsize=8)
    for x, text in (
        (edge["fourth"], r"$\eta_4$"),
        (1, r"$\eta_{\rm ms}$"),
        (edge["descent"], "$2/L$"),
    ):
        ax.annotate(
            text,
            (x, 1),
            (0, 2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(0.015, 5),
        ylim=(1e-5, 1e5),
        ylabel="expected loss, $F$",
        xlabel=r"step size over the mean-square limit, $\eta/\eta_{\rm ms}$",
    )
    ax.set_xticks(ticks := [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5], [f"{x:g}" for x in ticks])


def slope(ax: Axes, rows: Rows) -> None:
    """F' and G' against T."""
    sigma = rows[0]["sigma"]
    texts, title = NO_NOISE, "no noise: $F'$ vanishes or explodes"
    if sigma:
        texts, title = NOISE, rf"noise $\sigma={sigma:g}$: $F'$ settles, $G'$ vanishes"
    for name, hue in (("naive", 1), ("log", 0)):
        for x in sorted({row["x"] for row in rows}):
            p.theory(ax, *curve(rows, "log10_theory", "T", kind=name, x=x), hue)
            T, y = curve(rows, "log10_measured", "T", kind=name, x=x)
            p.measured(
                ax,
                T[::3],
                y[::3],
                hue,
                markersize=3.5,
                filled=x <= 1,
            )
            p.theory(
                ax,
                *curve(rows, "log10_law", "T", kind=name, x=x),
                6,
                linewidth=0.7,
                linestyle=(0, (1, 2)),
            )
            ax.text(*texts[name, x > 1], color=p.COLOURS[hue], va="center", fontsize=8)
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(0.8, 1.3e6),
        ylim=(1e-7, 1e6),
        xlabel="steps, $T$",
        ylabel="meta-gradient, $F'$ and $G'$",
    )
    ax.set_title(title, fontsize=8)


def choice(ax: Axes, rows: Rows) -> None:
    """Losses of SGD on some patients."""
    ax.axhline(1, color=GREY, linewidth=0.6)
    for name, hue, side, gap in (
        ("train", 1, "right", (-6, 4)),
        ("validation", 0, "left", (4, 8)),
    ):
        p.theory(ax, *curve(rows, "log10_theory", kind=name, paths=0, part="data"), hue)
        means(ax, [row for row in rows if row["kind"] == name and row["paths"]], hue)
        p.measured(
            ax,
            *curve(rows, "log10_measured", kind=name, part="choice"),
            hue,
            marker="*",
            markersize=5,
            markeredgewidth=0,
            alpha=0.5,
        )
        first = min(row["draw"] for row in rows if row["part"] == "choice")
        x, y = curve(rows, "log10_measured", kind=name, draw=first)
        ax.axvline(x[0], color=p.COLOURS[hue], linewidth=0.6, linestyle=(0, (1, 2)))
        p.measured(ax, x, y, hue, marker="*", markersize=10)
        ax.annotate(
            f"{y[0]:.2f}",
            (x[0], y[0]),
            gap,
            color=p.COLOURS[hue],
            textcoords="offset points",
            ha=side,
            fontsize=8,
        )
    p.theory(ax, *curve(rows, "log10_theory", kind="gd"), 6, linestyle=p.PRINTED, linewidth=0.8)
    for x, y, text, colour in (
        (0.006, 0.25, "training", p.COLOURS[1]),
        (0.012, 1.35, "held-out", p.COLOURS[0]),
        (1.2e-4, 1.15, "$w=0$", GREY),
    ):
        ax.text(x, y, text, color=colour, va="center", fontsize=8)
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(1e-4, 1.2),
        ylim=(0.08, 6),
        ylabel="loss over that of $w=0$",
        xlabel=r"step size, $\eta/\eta_{\rm ms}$",
    )
    ax.set_title("real data, 12 samples", fontsize=8)
    ax.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])


def steps(ax: Axes, rows: Rows) -> None:
    """Best step size against T."""
    for kind, hue, x, y, text, side in (
        ("gd", 6, 1e6, 3.3, r"gradient descent: $2/(L+\mu)$", "right"),
        ("isotropic", 2, 1e6, 0.32, r"no noise, $S=\lambda I$: $1/(d+2)\lambda$", "right"),
        ("streaming", 0, 1.2e4, 0.014, rf"streaming, $\sigma={rows[0]['sigma']:g}$", "left"),
        ("additive", 1, 3e3, 6e-4, "additive noise", "right"),
    ):
        p.theory(
            ax,
            *curve(rows, "log10_law", "T", kind=kind),
            hue,
            linestyle=p.PRINTED if kind == "gd" else "-",
        )
        p.measured(ax, *curve(rows, "log10_measured", "T", kind=kind), hue, markersize=3.5)
        ax.text(x, y, text, color=p.COLOURS[hue], ha=side, va="center", fontsize=8)
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(0.8, 1.3e6),
        ylim=(3e-5, 6),
        xlabel="steps, $T$",
        ylabel=r"best step size, $\eta^*_TL$",
    )
    ax.yaxis.minorticks_off()
