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


def report_figure(title: str, results: Sequence[Result]) -> "Figure":
    """The error of each case in units of its tolerance, coloured by verdict."""
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
        xlabel="error over what rounding explains",
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
