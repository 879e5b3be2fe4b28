"""The panels of the figure on adaptive methods, from their rows."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.adaptive.golden import NAMES, SETTINGS
from experiments.shared.tables import Rows, select
from quadmeta import plotting as p

SYMBOLS = (r"$\eta$", r"$\beta_1$", r"$\beta_2$", r"$\alpha$")
FILLS = {"right": "white", "nan": p.COLOURS[1], "infinite": p.COLOURS[3]}
SIGNS = {"right": "✓", "nan": "nan", "infinite": r"$\pm\infty$"}
EDGE = 1e-29
"""Where g = 0 stands on the logarithmic axis."""
PLACES = {
    "outside": (0, r"$\epsilon=10^{-8}$ outside the root", 20),
    "inside": (2, r"$10^{-8}$ inside the root, $\epsilon=0$", 1 / 20),
}


def draw(rows: Rows) -> Figure:
    """The digits and the table above, the spike below."""
    fig, axes = p.figure(height=5.0, rows=2, columns=1, height_ratios=[1.05, 1])
    grid = axes[0].get_gridspec()
    for ax in axes:
        ax.remove()
    top = grid[0].subgridspec(1, 2, width_ratios=[1, 2.1])
    a, b = (fig.add_subplot(top[i]) for i in range(2))
    c = fig.add_subplot(grid[1])
    pixels(a, rows)
    table(b, rows)
    spike(c, rows)
    for ax, letter in ((a, "a"), (b, "b"), (c, "c")):
        p.panel_label(ax, letter)
    return fig


def pixels(ax: Axes, rows: Rows) -> None:
    """Weights without a gradient, pixel by pixel, and what that does to all hyperparameters."""
    counts = [row["measured"] for row in select(rows, part="pixel")]
    image = np.reshape(counts, (8, 8))
    ax.imshow(image, cmap="Greys", vmin=0, vmax=14)
    for (i, j), count in np.ndenumerate(image):
        if count:
            colour = "white" if count > 6 else "black"
            ax.text(j, i, f"{count}", ha="center", va="center", fontsize=8, color=colour)
    ax.set(xticks=[], yticks=[])
    shares = {row["mode"]: row["measured"] for row in select(rows, part="share", setting="zero")}
    silent = select(rows, part="share", setting="zero")[0]["x"]
    ax.set_title(f"{silent} of 650 weights: $g=0$", fontsize=9)
    lines = [
        "digits: share of nan hyperparameters",
        f"autodiff {100 * shares['automatic']:.0f} %, right rule {100 * shares['right']:.0f} %",
    ]
    ax.set_xlabel("\n".join(lines), fontsize=9)


def table(ax: Axes, rows: Rows) -> None:
    """One line a setting, four derivatives by each mode."""
    for line, (key, setting) in enumerate(SETTINGS.items()):
        ax.text(-0.3, line, setting.label, ha="right", va="center", fontsize=8)
        for block, mode in enumerate(("reverse", "forward")):
            for k, name in enumerate(NAMES):
                (row,) = select(rows, part="table", setting=key, mode=mode, name=name)
                x = 4.5 * block + k
                corner = (x - 0.0, line - 0.44)
                word = row["returned"]
                ax.add_patch(Rectangle(corner, 0.94, 0.88, facecolor=FILLS[word], edgecolor="0.7"))
                colour = "0.35" if word == "right" else "white"
                ax.text(
                    x + 0.47, line, SIGNS[word], ha="center", va="center", fontsize=8, color=colour
                )
    for block, mode in enumerate(("reverse mode", "forward mode")):
        ax.text(4.5 * block + 2, -1.55, mode, ha="center", va="center", fontsize=9)
        for k, symbol in enumerate(SYMBOLS):
            ax.text(4.5 * block + k + 0.47, -0.85, symbol, ha="center", va="center", fontsize=9)
    ax.set(xlim=(-7.2, 8.5), ylim=(len(SETTINGS) - 0.4, -2.0))
    ax.set_title("the derivative exists everywhere: ✓ where it is returned", fontsize=9)
    ax.set_axis_off()


def spike(ax: Axes, rows: Rows) -> None:
    """Exact derivatives and their line; what float32 loses; nan at 0."""
    for place, (hue, text, away) in PLACES.items():
        own = select(rows, part="spike", mode="exact", setting=place)
        x = [row["x"] or EDGE for row in own]
        p.theory(ax, x, [abs(row["theory"]) for row in own], hue)
        whole = [row for row in own if row["x"] == 0 or np.log10(row["x"]) % 1 < 1e-6]
        places = [row["x"] or EDGE for row in whole]
        p.measured(ax, places, [abs(row["measured"]) for row in whole], hue)
        height = abs(own[0]["theory"])
        ax.text(1e-15, away * height, text, color=p.COLOURS[hue], fontsize=9, va="center")
    lost = select(rows, part="spike", mode="float32", setting="outside")
    for word, marker, hue in (("nan", "X", 1), ("infinite", "^", 3)):
        where = [row["x"] or EDGE for row in lost if row["returned"] == word]
        p.measured(ax, where, np.full(len(where), 1e10), hue, marker=marker, markersize=5)
    infinite = [row["x"] for row in lost if row["returned"] == "infinite"]
    ax.annotate(
        "nan",
        (EDGE, 1e10),
        (0, 5),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=p.COLOURS[1],
    )
    ax.annotate(
        r"autodiff in float32: $\infty$",
        (max(infinite), 1e10),
        (8, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=p.COLOURS[3],
    )
    ax.annotate("", (2e-17, 1e7), (2e-17, 1e3), arrowprops={"arrowstyle": "<->", "linewidth": 0.8})
    ax.text(8e-17, 1e5, r"factor $10^4$", fontsize=9, va="center")
    ax.set(
        xscale="log",
        yscale="log",
        xlim=(EDGE / 10, 10),
        ylim=(1e-9, 1e12),
        xlabel=r"gradient $g$ of the coordinate",
        ylabel=r"$|\mathrm{d}F/\mathrm{d}\alpha|$ after one step",
    )
    ticks = [EDGE, *(10.0**k for k in range(-25, 1, 5))]
    ax.set_xticks(ticks, ["0", *(f"$10^{{{k}}}$" for k in range(-25, 1, 5))])
    ax.minorticks_off()
    ax.set_title("exact, and a spike: where $\\epsilon$ stands decides how high", fontsize=9)
