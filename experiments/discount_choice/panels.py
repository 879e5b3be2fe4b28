"""The panels of the figure on the choice of the discount, from their rows."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.discount_choice.rows import MU, PROBLEM
from experiments.shared.tables import Rows
from quadmeta import plotting as p
from quadmeta.theory import discount

DARK = "0.35"


def draw(rows: Rows) -> Figure:
    """The worst case, one problem, the exact discount, the angle."""
    fig, ((a, b), (c, d)) = p.figure(height=5.2, rows=2, columns=2)

    def curve(
        ax: Axes,
        hue: int,
        y: str = "measured",
        line: str = "theory",
        every: int = 1,
        label: str = "",
        **where: Any,
    ) -> Any:
        if where["part"] == "exact":
            axis = "T"
        else:
            axis = "x"
        own = sorted(
            (
                row
                for row in rows
                if all(row[name] == value for name, value in where.items())
                and (row["part"], row["x"]) != ("angle", 0)
            ),
            key=lambda row: row[axis],
        )
        x = [row[axis] for row in own]
        look: dict[str, Any] = {"markersize": 3}
        if own[0][line] is None:
            look = {"markersize": 4, "markerfacecolor": "none"}
        else:
            p.theory(ax, x, [row[line] for row in own], hue, linewidth=0.9)
        p.measured(ax, x[::every], [row[y] for row in own[::every]], hue, label=label, **look)
        return own

    def note(ax: Axes, x: float, y: float, text: str, colour: str = DARK, **place: Any) -> None:
        ax.text(x, y, text, color=colour, fontsize=8, va="center", **place)

    gammas = {
        r"$\gamma^*$": discount.minimax_gamma(1.0, MU, 1.0),
        "$c$": discount.minimax_gamma(1.0, MU, 1.0, relative=True),
    }
    own = curve(a, 0, every=3, part="worst")
    curve(a, 1, "relative", "relative_theory", every=3, part="worst")
    p.measured(
        a, [row["x"] for row in own[::3]], [row["matrix"] for row in own[::3]], 2, markersize=3
    )
    p.repaired_bound(a, [0, 1], [own[0]["floor"]] * 2, 6)
    note(a, 0.02, 0.38, "floor of scalar weights")
    note(a, 0.02, 0.08, "matrix discount", p.COLOURS[2])
    note(a, 0.3, 1.35, "relative", p.COLOURS[1])
    note(a, 0.3, 0.75, "absolute", p.COLOURS[0])
    for (kind, T), hue in zip(PROBLEM, (0, 3, 4), strict=True):
        own = curve(b, hue, every=3, label=f"{kind} start, $T={T}$", part="problem", kind=kind, T=T)
        if kind == "warm":
            best = min(own, key=lambda row: row["measured"])
            p.measured(
                b,
                best["x"],
                best["measured"],
                6,
                marker="o",
                markersize=8,
                markerfacecolor="none",
                zorder=4,
            )
            p.repaired_bound(b, [0, 1], [best["floor"]] * 2, 6)
        else:
            p.measured(
                b,
                [row["x"] for row in own[::3]],
                [row["matrix"] for row in own[::3]],
                2,
                markersize=3,
            )
            note(b, 0.02, own[0]["matrix"] + 0.08, f"matrix discount, $T={T}$", p.COLOURS[2])
    b.legend(loc="upper left", handletextpad=0.4)
    note(b, 0.02, best["floor"] + 0.08, "left by the best discount")
    note(b, best["x"] + 0.01, best["measured"] - 0.12, r"$\gamma^\circ$")
    for x, kind, hue in ((0.0, "cold", 2), (1e-3, "cold", 1), (0.1, "cold", 4), (1.0, "warm", 0)):
        curve(c, hue, part="exact", kind=kind, x=x)
    for x, y, text, hue in (
        (2, 0.81, "$w_0=w_*$: $a$", 0),
        (2.2, 0.69, "$g_*=0.1$", 4),
        (45, 0.74, "$g_*=0.001$", 1),
        (30, 0.63, "$g_*=0$: $a^2$", 2),
    ):
        note(c, x, y, text, p.COLOURS[hue])
    for kind in ("quadratic", "log-cosh"):
        for hue, T in enumerate(sorted({row["T"] for row in rows if row["part"] == "angle"})):
            own = curve(d, hue, part="angle", kind=kind, T=T)
            if kind == "quadratic":
                x = own[len(own) // 2]["x"]
                y = own[len(own) // 2]["measured"]
                note(
                    d,
                    x * (8 if hue else 0.05),
                    y,
                    f"$T={T}$",
                    p.COLOURS[hue],
                    ha="left" if hue else "right",
                )
    for ax in (a, b):
        for name, gamma in gammas.items():
            ax.axvline(gamma, color="0.6", linewidth=0.6, zorder=0)
            ax.annotate(
                name,
                (gamma, 1.01),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize=8,
            )
        ax.set(xlim=(0, 1), xlabel=r"discount, $\gamma$")
    a.set(ylim=(-0.05, 1.6), ylabel=r"worst bias, over $\Vert g\Vert$")
    b.set(ylim=(-0.05, 1.6), ylabel=r"relative bias, $\Vert\hat g-g\Vert/\Vert g\Vert$")
    c.set(
        xscale="log",
        ylim=(0.62, 0.825),
        xlabel="inner steps, $T$",
        ylabel=r"exact discount, $\gamma$",
    )
    d.set(
        xscale="log",
        yscale="log",
        xlabel=r"distance of the start, $\Vert w_0-w_*\Vert$",
        ylabel=r"angle to the one-step, $1-\cos$",
    )
    for ax, label in zip((a, b, c, d), "abcd", strict=True):
        ax.minorticks_off()
        p.panel_label(ax, label)
    return fig
