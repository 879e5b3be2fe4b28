"""Pictures of a report and of a scoreboard."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quadmeta import plotting
from quadmeta.conformance.verdict import COLOURS, ORDER, Result, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_FLOOR = 1e-4


def report_figure(title: str, results: Sequence[Result], explains: str = "rounding") -> "Figure":
    """The error of each case in units of its tolerance, which ``explains``; coloured by verdict."""
    shown = [result for result in results if result.verdict != Verdict.NOT_APPLICABLE]
    figure, ax = plotting.figure(height=0.5 + 0.17 * len(shown))
    finite = [r.error / r.tolerance for r in shown if r.error is not None and r.tolerance > 0]
    top = 10.0 * max([*finite, 10.0])
    for y, result in enumerate(reversed(shown)):
        ratio = top
        if result.error is not None and result.tolerance > 0:
            ratio = max(result.error / result.tolerance, _FLOOR)
        ax.barh(y, ratio, color=COLOURS[result.verdict], height=0.7)
    ax.axvline(1.0, color="black", linewidth=1.0)
    ax.set(
        xscale="log",
        xlim=(_FLOOR / 2, top),
        yticks=np.arange(len(shown)),
        yticklabels=[result.case for result in reversed(shown)],
        xlabel=f"error over what {explains} explains",
        title=title,
    )
    ax.tick_params(axis="y", labelsize=6)
    counts = Counter(result.verdict for result in shown)
    handles = [
        ax.barh([0], [0], color=COLOURS[verdict], label=f"{verdict} ({counts[verdict]})")
        for verdict in ORDER
        if counts[verdict]
    ]
    ax.legend(handles=handles, fontsize=6, loc="lower right")
    return figure


def grid_figure(
    labels: Sequence[str],
    cases: Sequence[str],
    table: Sequence[Sequence[Verdict | None]],
    causes: Sequence[str],
) -> "Figure":
    """One row a code, one column a case; what was named stands at the end of the row."""
    figure, ax = plotting.figure(
        width=2.2 + 0.19 * len(cases) + 2.2, height=1.7 + 0.24 * len(labels)
    )
    for y, row in enumerate(table):
        for x, verdict in enumerate(row):
            if verdict is not None and verdict != Verdict.NOT_APPLICABLE:
                ax.barh(y, 0.86, left=x - 0.43, height=0.8, color=COLOURS[verdict])
        ax.text(len(cases) - 0.3, y, causes[y], fontsize=7, va="center", ha="left")
    ax.set(
        xlim=(-0.6, len(cases) - 0.4),
        ylim=(len(labels) - 0.4, -0.6),
        xticks=np.arange(len(cases)),
        yticks=np.arange(len(labels)),
    )
    ax.set_xticklabels(cases, rotation=90, fontsize=7)
    ax.set_yticklabels(labels, fontsize=7)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    seen = {verdict for row in table for verdict in row if verdict is not None}
    handles = [
        ax.barh([0], [0], color=COLOURS[verdict], label=str(verdict))
        for verdict in reversed(ORDER)
        if verdict in seen and verdict != Verdict.NOT_APPLICABLE
    ]
    figure.legend(handles=handles, fontsize=7, loc="outside lower center", ncols=4)
    return figure
