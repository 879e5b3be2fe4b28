"""Panels of the speed figure."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.shared.tables import Rows
from experiments.speed.strips import shares, small, speedups
from quadmeta import plotting as p

LINES = {
    "torch": (3, "PyTorch"),
    "numpy": (2, "numpy loop"),
    "jax": (1, "JAX, jitted"),
    "closed form, momentum": (4, "closed, momentum"),
    "closed form, full accuracy": (5, "closed, full accuracy"),
    "closed form": (0, "closed form"),
}


def panels(rows: Rows) -> Figure:
    """(a) Time against T, (b) speed-ups, (c) shares of the least time, (d) what stays small."""
    fig, axes = p.figure(
        height=7.2, rows=3, columns=2, height_ratios=[1.25, 1, 2.2], width_ratios=[1, 1.05]
    )
    for ax in axes[:, 1]:
        ax.remove()
    right = fig.add_subplot(axes[0, 0].get_gridspec()[:, 1])
    _horizon(axes[0, 0], rows)
    targets = [row for row in rows if row["part"] == "target"]
    missing = [row["name"] for row in rows if row["part"] == "peer" and not row["met"]]
    speedups(right, [row for row in targets if not row["most"] and not row["share"]], missing)
    shares(axes[1, 0], [row for row in targets if row["share"]], rows)
    small(axes[2, 0], [row for row in targets if row["most"]])
    for ax, label in ((axes[0, 0], "a"), (right, "b"), (axes[1, 0], "c"), (axes[2, 0], "d")):
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
