"""Panels of the speed figure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.shared.tables import Rows
from quadmeta import plotting as p

LINES = {
    "torch": (3, "PyTorch"),
    "numpy": (2, "numpy loop"),
    "jax": (1, "JAX, jitted"),
    "closed form, momentum": (4, "closed, momentum"),
    "closed form, full accuracy": (5, "closed, full accuracy"),
    "closed form": (0, "closed form"),
}
GROWTH = {"T": "the steps", "d": "the dimension", "grid": "the points"}
MET = "#0072B2"
MISSED = "#D55E00"
LOOP = "0.75"
UNITS = {
    "copy": "GB/s copied",
    "product": "Gflop/s, matrix product",
    "eigh": r"$10^9\,d^3$/s, eigh",
    "log and exp": "ns, one log and exp",
}


def panels(rows: Rows) -> Figure:
    """(a) Time against T, (b) speed-ups, (c) what should stay small, rates of the machine."""
    fig, axes = p.figure(
        height=5.4, rows=2, columns=2, height_ratios=[1.6, 1], width_ratios=[1, 1.05]
    )
    for ax in axes[:, 1]:
        ax.remove()
    bars = fig.add_subplot(axes[0, 0].get_gridspec()[:, 1])
    _horizon(axes[0, 0], rows)
    _speedups(bars, [row for row in rows if row["part"] == "target" and not row["most"]], rows)
    _table(axes[1, 0], rows)
    for ax, label in ((axes[0, 0], "a"), (bars, "b"), (axes[1, 0], "c")):
        p.panel_label(ax, label)
    return fig


def _horizon(ax: Axes, rows: Rows) -> None:
    """Seconds of one derivative against T."""
    ends = []
    for route, (hue, name) in LINES.items():
        own = [
            row
            for row in rows
            if row["workload"] == "W1"
            and row["route"] == route
            and str(row["slot"]).startswith("T")
        ]
        if not own:
            continue
        T = [row["T"] for row in own]
        times = [row["seconds"] for row in own]
        line = p.theory(ax, T, times, hue, linewidth=0.9)
        if route == "closed form":
            line.set_linewidth(1.8)
        for row in own:
            p.measured(ax, row["T"], row["seconds"], hue, filled=row["share"] == 1)
        ends.append((times[-1], T[-1], name, hue))
    low = 0.0
    for end, last, name, hue in sorted(ends):
        low = max(end, 2.6 * low)  # labels keep a line's height apart
        p.direct_label(ax, last, low, name, hue)
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="inner steps $T$",
        ylabel="seconds, one $G'(\\eta)$",
        title="$d=100$, eigenvalues known",
    )
    ax.title.set_fontsize(8)


def _speedups(ax: Axes, targets: Rows, rows: Rows) -> None:
    """Bars of the ratio to JAX or torch with the target as a tick; to the numpy loop where neither
    is installed.
    """
    missing = [row["name"] for row in rows if row["part"] == "peer" and not row["met"]]
    for y, row in enumerate(reversed(targets)):
        if row["value"] is not None:
            value = row["value"]
        else:
            value = row["loop"]
        if row["met"] is None:
            colour = LOOP
        elif row["met"]:
            colour = MET
        else:
            colour = MISSED
        ax.barh(y, max(value, 0.12) - 0.1, left=0.1, height=0.42, color=colour, align="edge")
        ax.plot(
            [row["required"]] * 2, [y - 0.06, y + 0.48], color="black", linewidth=1.6, linestyle="-"
        )
        if row["met"] is None:
            sign = ""
        elif row["met"]:
            sign = "+ "
        else:
            sign = "x "
        ax.text(
            0.12,
            y + 0.47,
            row["name"].replace("10^5", "$10^5$"),
            fontsize=7,
            va="bottom",
            ha="left",
        )
        end = 1.15 * max(value, row["required"], 0.1)
        ax.text(
            end,
            y + 0.2,
            f"{sign}{_short(value)}",
            fontsize=7.5,
            va="center",
            ha="left",
            color="black" if row["met"] is None else colour,
            fontweight="bold",
        )
    top = max(max(row["value"] or row["loop"], row["required"]) for row in targets)
    ax.set(
        xscale="log",
        xlim=(0.1, 40 * top),
        ylim=(-0.3, len(targets)),
        yticks=[],
        xlabel="times faster than "
        + ("the numpy loop" if len(missing) == 2 else "the unrolled peer"),
    )
    ax.set_xticks(10.0 ** np.arange(0, 6, 1 if top < 1e6 else 2))
    ax.spines["left"].set_visible(False)
    title = "+ target met, x missed, | the target"
    if missing:
        title = f"{' and '.join(missing)} not installed (grey: numpy loops)"
    ax.set_title(title, fontsize=8)


def _table(ax: Axes, rows: Rows) -> None:
    """Ratios that should stay small, and the rates of the machine."""
    ax.axis("off")
    lines = []
    for row in rows:
        if row["part"] == "target" and row["most"]:
            sign, colour = ("+", MET) if row["met"] else ("x", MISSED)
            name = row["name"].replace("10^5", "$10^5$")
            required = f"{sign} < {row['required']:g}"
            lines.append((name, f"{row['value']:.2f}", required, colour))
    for axis, name in GROWTH.items():
        first, *_, last = (row for row in rows if row["part"] == "growth" and row["name"] == axis)
        factor = f"$10^{{{np.log10(last['value'] / first['value']):.0f}}}$"
        lines.append(
            (
                f"a grid, {factor} times {name}",
                f"{last['seconds'] / first['seconds']:.3g}",
                "times",
                "black",
            )
        )
    for row in rows:
        if row["part"] == "limit" and row["name"] in UNITS:
            if row["name"] == "log and exp":
                value = 1e9 * row["value"]
            else:
                value = row["value"]
            lines.append((UNITS[row["name"]], f"{value:.3g}", "machine", "0.35"))
    for k, (name, value, note, colour) in enumerate(lines):
        y = 1 - (k + 0.5) / len(lines)
        ax.text(0.0, y, name, fontsize=7.5, va="center", transform=ax.transAxes)
        ax.text(
            0.86,
            y,
            value,
            fontsize=7.5,
            va="center",
            ha="right",
            transform=ax.transAxes,
            color=colour,
        )
        ax.text(0.9, y, note, fontsize=7.5, va="center", transform=ax.transAxes, color=colour)


def _short(value: float) -> str:
    if value < 10:
        return f"{value:.2g}"
    if value < 1e4:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):,.0f}"
