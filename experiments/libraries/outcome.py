"""What a mode comes to: one word for its whole row, from its cases."""

from experiments.libraries.rows import MISSING
from experiments.shared.tables import Rows
from quadmeta.conformance import Verdict

RIGHT = "right"
LOOSE = "stop before they converge"
REFUSES = "raise or are too slow"
ANOTHER = "right for another method"
WRONG = "wrong somewhere"
ABSENT = "not installed"
OUTCOMES = (RIGHT, LOOSE, REFUSES, ANOTHER, WRONG, ABSENT)
"""In the order in which the figure has them."""

_WRONG = (Verdict.WRONG, Verdict.ZERO, Verdict.NAN, Verdict.INFINITE, Verdict.SINGLE)
METHODS = ("accelerated (FISTA) inner run", "mostly accelerated (FISTA) inner run")
"""Causes that are no mistake: the derivative of another method than the named one."""
_REFUSES = (Verdict.RAISES, Verdict.UNUSABLE, Verdict.SLOW)


def by_mode(rows: Rows) -> dict[str, Rows]:
    """{mode: its rows}, in the order of the table."""
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row["mode"], []).append(row)
    return found


def outcome(rows: Rows) -> str:
    """Of the rows of one mode: a wrong value counts before a refusal, that before a loose stop."""
    verdicts = {row["verdict"] for row in rows}
    if MISSING in verdicts:
        return ABSENT
    wrong = [row for row in rows if row["verdict"] in _WRONG]
    if wrong:
        return ANOTHER if all(row["cause"] in METHODS for row in wrong) else WRONG
    if verdicts & set(_REFUSES):
        return REFUSES
    return LOOSE if Verdict.UNCONVERGED in verdicts else RIGHT


def short_of(rows: Rows) -> Rows:
    """The rows of one mode where something is amiss."""
    fine = (Verdict.RIGHT, Verdict.APPROXIMATION, Verdict.NOT_APPLICABLE)
    return [row for row in rows if row["verdict"] not in fine]
