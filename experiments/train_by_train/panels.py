"""The panels of the figure on tuning by training or by validation, from their rows."""

import numpy as np
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared.tables import Rows, select
from experiments.train_by_train.rows import METHODS
from quadmeta import plotting as p


def draw(rows: Rows) -> Figure:
    """Step sizes and risks against T, risks against sigma and n, test errors on real data."""
    fig, ((a, b, c), (d, e, f)) = p.figure(height=4.5, rows=2, columns=3)
    names = {
        "train": "training loss",
        "validation": "held-out data",
        "oracle": "test tasks themselves",
    }
    for ax, part, x, y, guess in (
        (a, "T", "T", "step", "step_theory"),
        (b, "T", "T", "measured", "theory"),
        (c, "sigma", "sigma", "measured", "theory"),
        (d, "n", "n", "measured", "theory"),
    ):
        for hue, method in enumerate(METHODS):
            own = sorted(select(rows, part=part, method=method), key=lambda row: row[x])
            if ax is a and method == "oracle":
                continue
            p.theory(ax, [row[x] for row in own], [row[guess] for row in own], hue)
            drawn = [row for row in own if row["measured"] is not None]
            if ax is not a:
                ax.errorbar(
                    [row[x] for row in drawn],
                    [row[y] for row in drawn],
                    [2 * row["error"] for row in drawn],
                    color=p.COLOURS[hue],
                    linestyle="none",
                    linewidth=0.8,
                    zorder=2,
                )
            p.measured(ax, [row[x] for row in drawn], [row[y] for row in drawn], hue)
            if part in ("sigma", "n"):
                ax.plot(
                    [row[x] for row in drawn],
                    [row["at_step"] for row in drawn],
                    color="black",
                    marker="_",
                    linestyle="none",
                    markersize=6,
                    markeredgewidth=0.8,
                    zorder=4,
                )
        if ax is not a:
            p.theory(ax, [row[x] for row in own], [row["ridge"] for row in own], 6, linewidth=0.8)
            ax.axhline(1, color="0.5", linewidth=0.8, linestyle=(0, (1, 1)), zorder=0)
    own = select(rows, part="T", method="validation")
    psi = own[0]["d"] / own[0]["n"]
    tau = own[0]["sigma"] ** 2
    tau = qm.gradient_flow.optimal_time(own[0]["d"] / (own[0]["n"] // 2), tau)
    T = np.array(sorted(row["T"] for row in own))
    p.printed_bound(a, T, tau / T, 1, linewidth=0.8)
    a.axhline(1 / (1 + psi), color=p.COLOURS[0], linewidth=0.8, linestyle=p.PRINTED, zorder=0)
    small = {"fontsize": 8, "va": "center"}
    a.text(
        T[-1],
        0.9,
        r"$\eta^*_{\rm train}\to\frac{1}{1+d/n}$",
        color=p.COLOURS[0],
        ha="right",
        **small,
    )
    a.text(
        20, 0.016, r"$\eta^*_{\rm valid}\approx\tau_*/T$", color=p.COLOURS[1], ha="left", **small
    )
    a.set(
        xscale="log",
        yscale="log",
        xlabel="inner steps, $T$",
        ylabel=r"best step size, $\eta^*$",
        ylim=(1e-4, 2),
    )
    b.set(
        xscale="log",
        xlabel="inner steps, $T$",
        ylabel=r"excess risk, $\mathcal{E}$",
        ylim=(0.66, 1.7),
    )
    c.set(
        xscale="log",
        yscale="log",
        xlabel=r"label noise, $\sigma$",
        ylabel=r"excess risk, $\mathcal{E}$",
        yticks=[0.5, 1, 2, 5, 10],
        yticklabels=["0.5", "1", "2", "5", "10"],
        xticks=[0.1, 0.3, 1, 3],
        xticklabels=["0.1", "0.3", "1", "3"],
        ylim=(0.42, 12),
    )
    size = sorted({row["n"] for row in select(rows, part="n")})
    nu = np.array(size) / own[0]["d"]
    p.printed_bound(d, np.array(size)[nu > 0.45], 1 / nu[nu > 0.45], 6, linewidth=0.8)
    ticks = own[0]["d"] * np.array([0.125, 0.25, 0.5, 1, 2])
    d.set(
        xscale="log",
        xlabel="samples, $n$",
        ylabel=r"excess risk, $\mathcal{E}$",
        ylim=(0.2, 2.8),
        xticks=ticks,
        xticklabels=[f"{tick:.0f}" for tick in ticks],
    )
    for ax, place, text, side in (
        (b, (T[-1], 1.03), "no training", "right"),
        (b, (T[-1], 0.72), "ridge", "right"),
        (c, (0.1, 1.2), "no training", "left"),
        (d, (0.44 * own[0]["d"], 2.15), r"$d\sigma^2/n$", "right"),
    ):
        ax.text(*place, text, color="0.2", ha=side, **small)
    for ax, data in ((e, "diabetes"), (f, "digits")):
        if data == "diabetes":
            ticks = [10, 30, 100, 300]
        else:
            ticks = [20, 60, 200, 1000]
        for hue, method in ((0, "train"), (1, "validation"), (2, "oracle"), (6, "ridge")):
            own = sorted(
                select(rows, part="data", data=data, method=method), key=lambda row: row["n"]
            )
            n, middle, low, high = (
                np.array([row[name] for row in own]) for name in ("n", "measured", "low", "high")
            )
            shift = 1.0 + 0.03 * (hue == 1) - 0.03 * (hue == 0)
            if hue < 2:
                ax.errorbar(
                    n * shift,
                    middle,
                    [middle - low, high - middle],
                    color=p.COLOURS[hue],
                    linewidth=0.7,
                    linestyle="none",
                    zorder=2,
                )
            label = "ridge"
            if method != "ridge":
                label = f"tuned on {names[method]}"
            marks = p.measured(ax, n * shift, middle, hue, label=label)
            if hue < 2:
                marks.set_linestyle((0, (1, 1)))
        ax.axhline(1, color="0.5", linewidth=0.8, linestyle=(0, (1, 1)), zorder=0)
        ax.text(
            0.98,
            0.95,
            f"{data}, {own[0]['d']} features",
            transform=ax.transAxes,
            fontsize=8,
            ha="right",
            va="top",
        )
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="samples, $n$",
            ylabel="test error / no training",
            ylim=(0.38, 6),
            yticks=[0.5, 1, 2, 5],
            yticklabels=["0.5", "1", "2", "5"],
            xticks=ticks,
            xticklabels=map(str, ticks),
        )
    for ax in (c, d, e, f):
        ax.minorticks_off()
    fig.legend(*f.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    for ax, label in zip((a, b, c, d, e, f), "abcdef", strict=True):
        p.panel_label(ax, label)
    return fig
