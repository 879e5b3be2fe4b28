"""The grid of the figure on public libraries."""

from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.libraries.outcome import OUTCOMES, RIGHT, by_mode, outcome, short_of
from experiments.shared.tables import Rows
from quadmeta import plotting as p
from quadmeta.conformance import CASES, Verdict
from quadmeta.conformance.verdict import COLOURS, ORDER

CELL = 0.155
"""Inches of a column; a row is a little less."""


def draw(rows: Rows) -> Figure:
    """Rows: modes, grouped by what they come to. Columns: cases. The cause ends a row."""
    modes = by_mode(rows)
    names = sorted(modes, key=lambda name: (OUTCOMES.index(outcome(modes[name])), name))
    given = {row["case"] for row in rows if row["verdict"] != Verdict.NOT_APPLICABLE}
    order = {case.name: place for place, case in enumerate(CASES)}
    cases = sorted(given - {None}, key=lambda name: order.get(name, len(order)))
    fig, ax = p.figure(width=4.6 + CELL * len(cases), height=2.2 + 0.17 * (len(names) + 3))
    height = 0.0
    ticks = []
    for word, members in groupby(names, key=lambda name: outcome(modes[name])):
        ax.text(-0.9, height, word, fontsize=8, va="center", ha="right", style="italic")
        height = height + 1
        for name in members:
            strip(ax, height, modes[name], cases)
            ticks.append(height)
            height = height + 1
        height = height + 0.3
    ax.set(
        xlim=(-0.6, len(cases) - 0.4),
        ylim=(height - 0.6, -0.6),
        xticks=np.arange(len(cases)),
        yticks=ticks,
        title=title(rows),
    )
    ax.set_xticklabels(cases, rotation=90, fontsize=7)
    ax.set_yticklabels([label(modes[name]) for name in names], fontsize=7)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    seen = {row["verdict"] for row in rows} - {Verdict.NOT_APPLICABLE}
    handles = [
        ax.barh([0], [0], color=COLOURS[verdict], label=str(verdict))
        for verdict in reversed(ORDER)
        if verdict in seen
    ]
    fig.legend(handles=handles, fontsize=7, loc="outside lower center", ncols=4)
    return fig


def strip(ax: Axes, height: float, rows: Rows, cases: list[str]) -> None:
    """The cells of one mode and what is said at their end."""
    for row in rows:
        if row["case"] is not None and row["verdict"] != Verdict.NOT_APPLICABLE:
            x = cases.index(row["case"])
            ax.barh(height, 0.86, left=x - 0.43, height=0.8, color=COLOURS[row["verdict"]])
    ax.text(len(cases) - 0.3, height, said(rows), fontsize=7, va="center", ha="left")


def label(rows: Rows) -> str:
    """Mode, version and kind."""
    version = f" {rows[0]['version']}" if rows[0]["version"] else ""
    library = rows[0]["library"]
    name = rows[0]["mode"]
    if version and name.startswith(library):
        name = f"{library}{version}{name.removeprefix(library)}"
    elif version:
        name = f"{name} ({library}{version})"
    return f"{name} [{rows[0]['kind']}]"


def said(rows: Rows) -> str:
    """What most of its shortfalls have in common, and on how many cases it falls short."""
    short = short_of(rows)
    cases = [row["case"] for row in short if row["case"] is not None]
    if not cases:
        return short[0]["cause"] or "" if short else ""
    run = sum(row["verdict"] != Verdict.NOT_APPLICABLE for row in rows)
    where = ", ".join(cases) if len(cases) <= 2 else f"{len(cases)} of {run}"
    causes = [row["cause"] for row in short if row["cause"] not in (None, "unknown")]
    if causes and len(cases) > 2:
        return f"{causes[0].removesuffix(', d steps')} ({where})"
    loose = [row["relative"] for row in short if row["verdict"] == Verdict.UNCONVERGED]
    return f"{where}: off by up to {max(loose):.0e} of the value" if loose else where


def title(rows: Rows) -> str:
    """What the modes come to; the code of our own is not counted."""
    found = [outcome(own) for own in by_mode(rows).values() if own[0]["library"] != "none"]
    if not found:
        return "Code of our own: two right, one wrong on purpose"
    others = [f"{found.count(word)} {word}" for word in OUTCOMES if word != RIGHT and word in found]
    return (
        f"{found.count(RIGHT)} of {len(found)} ways to call public libraries give the exact "
        f"hypergradient, or what they document\n{', '.join(others)}"
    )
