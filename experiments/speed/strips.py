"""Bars of the speed figure: one for each target, with a tick where it should reach."""

import numpy as np
from matplotlib.axes import Axes

from experiments.shared.tables import Rows

MET = "#0072B2"
MISSED = "#D55E00"
LOOP = "0.75"


def speedups(ax: Axes, targets: Rows, missing: list[str]) -> None:
    """Bars of the ratio to JAX or torch; to the numpy loop where neither is installed."""
    values = [_first(row["value"], row["loop"]) for row in targets]
    top = max(max(values), *(row["required"] for row in targets))
    ax.set(xscale="log", xlim=(0.1, 40 * top))
    _strips(ax, targets, values, 0.1)
    unit = "the numpy loop" if len(missing) == 2 else "the unrolled peer"
    ax.set_xlabel(f"times faster than {unit}")
    ax.set_xticks(10.0 ** np.arange(0, 6, 1 if top < 1e6 else 2))
    title = "+ target met, x missed, | the target"
    if missing:
        title = f"{' and '.join(missing)} not installed (grey: numpy loops)"
    ax.set_title(title, fontsize=8)


def shares(ax: Axes, targets: Rows, rows: Rows) -> None:
    """Bars of the least time over the time."""
    rate = {row["name"]: row["value"] for row in rows if row["part"] == "limit"}
    ax.set(xlim=(0, 1.18))
    _strips(ax, targets, [min(row["value"], 1.0) for row in targets], 0.0, 100)
    ax.set_xticks([0, 0.5, 1], ["0", "50%", "100%"])
    ax.set_xlabel(
        f"{rate['product']:.0f} Gflop/s, {rate['copy']:.0f} GB/s, "
        f"{1e9 * rate['log and exp']:.1f} ns a log and exp"
    )
    ax.set_title("share of the least time of this machine", fontsize=8)


def small(ax: Axes, targets: Rows) -> None:
    """Bars of what should stay small, in units of the target."""
    values = [row["value"] / row["required"] for row in targets]
    ax.set(xlim=(0, 1.75))
    labels = [f"{_short(row['value'])} of {row['required']:g}" for row in targets]
    _strips(ax, targets, np.minimum(values, 1.2).tolist(), 0.0, labels=labels, ticks=1.0)
    ax.set_xticks([0, 1], ["0", "allowed"])
    ax.set_title("growth, multiples and seconds", fontsize=8)


def _strips(
    ax: Axes,
    targets: Rows,
    values: list[float],
    left: float,
    factor: float = 1.0,
    labels: list[str] | None = None,
    ticks: float | None = None,
) -> None:
    """One bar a target from the top down, its name above it, its number behind it."""
    thick = 0.34
    for k, (row, value) in enumerate(zip(targets, values, strict=True)):
        y = len(targets) - 1 - k
        colour, sign = _verdict(row["met"])
        ax.barh(y, value - left, left=left, height=thick, color=colour, align="edge")
        tick = ticks or row["required"]
        ax.plot(
            [tick] * 2, [y - 0.04, y + thick + 0.02], color="black", linewidth=1.6, linestyle="-"
        )
        low, high = ax.get_xlim()
        ax.text(
            low,
            y + thick + 0.06,
            " " + row["name"].replace("10^5", "$10^5$"),
            fontsize=6.8,
            va="bottom",
            ha="left",
        )
        end = max(value, tick)
        if ax.get_xscale() == "log":
            end = 1.15 * max(end, low)
        else:
            end = end + 0.02 * (high - low)
        number = labels[k] if labels else _short(factor * value) + "%" * (factor == 100)
        ax.text(
            end,
            y + thick / 2,
            f"{sign}{number}",
            fontsize=7.5,
            va="center",
            ha="left",
            color=colour if sign else "black",
            fontweight="bold",
        )
    ax.set(ylim=(-0.3, len(targets)), yticks=[])
    ax.spines["left"].set_visible(False)


def _verdict(met: bool | None) -> tuple[str, str]:
    """Colour and sign."""
    if met is None:
        return LOOP, ""
    if met:
        return MET, "+ "
    return MISSED, "x "


def _first(*values: float | None) -> float:
    """The first that is there, 1 without any."""
    return next((value for value in values if value is not None), 1.0)


def _short(value: float) -> str:
    if value < 10:
        return f"{value:.2g}"
    if value < 1e4:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):,.0f}"
