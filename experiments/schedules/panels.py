"""The panels of the figure on schedules, from their rows."""

from typing import Any

from matplotlib.axes import Axes

from experiments.shared.tables import Rows
from quadmeta import plotting as p

HUES = {
    "schedule": 0,
    "conjugate gradients": 0,
    "constant": 1,
    "gradient descent": 1,
    "heavy ball": 2,
    "Nesterov": 3,
    "Chebyshev": 4,
}
ORDERS = {"rising": 1, "falling": 2, "random": 3, "Lebedev-Finogenov": 0}
ONE_STEP = ("gradient descent", "Nesterov", "heavy ball")
RIGHT: dict[str, Any] = {"ha": "right"}


def columns(rows: Rows, part: str, kind: str, *names: str) -> Any:
    """Columns of the rows of one part and kind, along x."""
    own = sorted(
        (row for row in rows if (row["part"], row["kind"]) == (part, kind)),
        key=lambda row: row["x"],
    )
    return [[row[name] for row in own] for name in names]


def losses(rows: Rows, T: int) -> dict[str, float]:
    """The loss of each method after T steps."""
    return {
        row["kind"]: row["theory"] for row in rows if row["part"] == "horizon" and row["T"] == T
    }


def marks(ax: Axes, x: Any, y: Any, kind: str) -> None:
    """Small markers where something was measured."""
    seen = [k for k, value in enumerate(y) if value is not None]
    p.measured(ax, [x[k] for k in seen], [y[k] for k in seen], HUES[kind], markersize=2.5)


def note(ax: Axes, x: float, y: float, text: str, hue: int = 6, **place: Any) -> None:
    """A direct label."""
    ax.text(x, y, text, fontsize=8, va="center", linespacing=1.0, color=p.COLOURS[hue], **place)


def descents(ax: Axes, rows: Rows) -> None:
    """Losses along descents, and where they may end."""
    T = next(row["T"] for row in rows if row["part"] == "descent")
    level = losses(rows, T)
    for kind in ("conjugate gradients", "constant", "heavy ball", "Chebyshev"):
        p.theory(ax, [1, 1000], [level[kind]] * 2, HUES[kind], linewidth=0.9)
    for kind in dict.fromkeys(row["kind"] for row in rows if row["part"] == "descent"):
        x, y = columns(rows, "descent", kind, "x", "measured")
        if kind in ("constant", "plain, constant"):
            hue = 1
        else:
            hue = 0
        plain = kind.startswith("plain")
        p.measured(
            ax,
            x,
            y,
            hue,
            linestyle="-",
            linewidth=0.4,
            markersize=3 if plain else 2.5,
            markerfacecolor="none" if plain else p.COLOURS[hue],
        )
    note(ax, 1000, level["Chebyshev"] - 0.055, "Chebyshev's steps", 4, **RIGHT)
    note(
        ax,
        1000,
        level["constant"] + 0.1,
        f"best constant step:\nsaddle of index {T - 1}",
        1,
        **RIGHT,
    )
    note(ax, 1000, level["heavy ball"] + 0.05, "best heavy ball", 2, **RIGHT)
    note(ax, 1000, level["conjugate gradients"] - 0.06, "conjugate gradients", 0, **RIGHT)
    note(ax, 1000, -1.72, "plain descent", 0, **RIGHT)
    note(ax, 1.2, -1.78, "BFGS", 0)
    ax.set(
        xscale="log",
        ylim=(-2.12, -0.86),
        xlabel="iterations of descent",
        ylabel=r"loss, $\log_{10}f(w_T)/f(w_0)$",
    )


def roots(ax: Axes, rows: Rows) -> None:
    """Learned steps on Ritz values, Chebyshev's below."""
    for row, (kind, text) in enumerate(
        {
            "chebyshev": "Chebyshev's instance: equal",
            "geometric": "geometric spectrum: not equal",
            "digits": "digits: not equal",
        }.items()
    ):
        learned, best, other = columns(rows, "root", kind, "measured", "theory", "other")
        ax.vlines(best, -row - 0.2, -row + 0.2, color=p.COLOURS[0], linewidth=1.0)
        p.measured(ax, learned, [-row] * len(best), 0, markersize=5, markerfacecolor="none")
        p.measured(ax, other, [-row - 0.34] * len(best), 4, marker="x", markersize=3.5)
        note(ax, 0.0016, -row + 0.38, text)
    note(ax, 0.0016, 0, "learned", 0)
    note(ax, 0.0016, -0.34, "Chebyshev", 4)
    ax.set(
        xscale="log",
        xlim=(0.0015, 1.3),
        ylim=(-2.5, 0.55),
        yticks=[],
        xlabel=r"inverse steps, $1/(\eta_tL)$",
    )
    ax.spines["left"].set_visible(False)


def horizons(ax: Axes, rows: Rows) -> None:
    """Losses of all methods against T."""
    last = max(row["T"] for row in rows if row["part"] == "horizon")
    end = losses(rows, last)
    for kind, shift in {
        "constant": 0.0,
        "Nesterov": 0.3,
        "heavy ball": -0.1,
        "Chebyshev": -0.1,
        "conjugate gradients": 0.3,
    }.items():
        x, y, line = columns(rows, "horizon", kind, "x", "measured", "theory")
        p.theory(ax, x, line, HUES[kind], linewidth=0.9)
        marks(ax, x, y, kind)
        note(ax, last + 1, end[kind] + shift, kind.replace(" g", "\ng"), HUES[kind])
    x, y, other = columns(rows, "horizon", "schedule", "x", "measured", "other")
    p.measured(ax, x, y, 0, markersize=5, markerfacecolor="none")
    p.theory(ax, x, other, 0, linestyle=":")
    note(ax, last - 6, -0.3, "best schedule,\nfloat64 steps", 0)
    ax.set(
        xlim=(0, last * 1.42),
        ylim=(-9.8, 0.7),
        xlabel="inner steps, $T$",
        ylabel=r"loss, $\log_{10}f(w_T)/f(w_0)$",
    )


def orders(ax: Axes, rows: Rows) -> None:
    """Errors of Chebyshev's steps in several orders."""
    for kind, hue in ORDERS.items():
        x, y, line = columns(rows, "order", kind, "x", "measured", "theory")
        p.theory(ax, x, line, hue, linewidth=0.9)
        p.measured(ax, x, y, hue)
    note(ax, 50, 22, "rising,\nfalling", **RIGHT)
    note(ax, 128, -2, "random", 3, **RIGHT)
    note(ax, 40, -22, "Lebedev-\nFinogenov", 0, **RIGHT)
    lengths = sorted({row["T"] for row in rows if row["part"] == "order"})
    ax.set(
        xscale="log",
        ylim=(-28, 44),
        xticks=lengths,
        xticklabels=lengths,
        xlabel="inner steps, $T$",
        ylabel=r"error of $w_T$, $\log_{10}$",
    )


def ripples(ax: Axes, rows: Rows, found: dict[str, int]) -> None:
    """Landscapes of one step size, with their numbers of minima."""
    for kind, at, height in zip(ONE_STEP, (2.15, 0.8, 1.8), (0.08, -0.68, -0.52), strict=True):
        x, y, line = columns(rows, "ripple", kind, "x", "measured", "theory")
        p.theory(ax, x, line, HUES[kind], linewidth=0.8)
        marks(ax, x, y, kind)
        text = f"{kind}:\n{found[kind]} minima"
        if found[kind] == 1:
            text = f"{kind}:\n1 minimum"
        note(ax, at, height, text.replace(" d", "\nd"), HUES[kind])
    ax.set(
        xlim=(0, 3.4),
        ylim=(-0.8, 0.25),
        xlabel=r"step size, $\eta L$",
        ylabel=r"log objective, $G(\eta)$",
    )


def slopes(ax: Axes, rows: Rows) -> None:
    """Meta-gradients against T."""
    for kind, at, height in zip(ONE_STEP, (1000, 1000, 100), (1.05, 4.8, 200), strict=True):
        x, y, line = columns(rows, "slope", kind, "x", "measured", "theory")
        if kind == "gradient descent":
            p.repaired_bound(ax, x, line, HUES[kind])
        else:
            p.theory(ax, x, line, HUES[kind])
        p.measured(ax, x, y, HUES[kind])
        note(ax, at, height, kind, HUES[kind], **RIGHT)
    ax.set(xscale="log", yscale="log", xlabel="inner steps, $T$", ylabel="meta-gradient, $|G'|/L$")
