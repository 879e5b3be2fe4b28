"""Pictures of a report and of a scoreboard."""

from typing import TYPE_CHECKING

import numpy as np

from quadmeta import plotting
from quadmeta.conformance.verdict import COLOURS, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from quadmeta.conformance.report import Report

_FLOOR = 1e-4


def report_figure(report: "Report") -> "Figure":
    """The error of each case in units of its tolerance, coloured by verdict."""
    shown = [result for result in report.results if result.verdict != Verdict.NOT_APPLICABLE]
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
        title=f"{report.name}: {report.verdict}",
    )
    ax.tick_params(axis="y", labelsize=6)
    seen = [verdict for verdict in report.counts if verdict != Verdict.NOT_APPLICABLE]
    handles = [
        ax.barh([0], [0], color=COLOURS[verdict], label=f"{verdict} ({report.counts[verdict]})")
        for verdict in seen
    ]
    ax.legend(handles=handles, fontsize=6, loc="lower right")
    return figure
