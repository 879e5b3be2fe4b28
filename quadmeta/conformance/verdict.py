"""What a tested code can turn out to be on a case, and the record of one result."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from quadmeta._types import Array


class NotApplicable(Exception):
    """Raised by a tested code for a case that it is not meant for."""


class Verdict(StrEnum):
    """The outcome of one case, from the worst to the best."""

    WRONG = "wrong"
    ZERO = "silent zero"
    NAN = "nan"
    INFINITE = "inf"
    UNUSABLE = "unusable result"
    RAISES = "raises"
    SLOW = "too slow"
    UNCONVERGED = "inner problem not converged"
    SINGLE = "right to single precision"
    APPROXIMATION = "right for its documented approximation"
    RIGHT = "right"
    NOT_APPLICABLE = "not applicable"

    @property
    def passes(self) -> bool:
        """Right, right for what it documents, or not applicable: nothing is to be mended."""
        return self in (Verdict.RIGHT, Verdict.APPROXIMATION, Verdict.NOT_APPLICABLE)


ORDER = tuple(Verdict)
"""From the worst to the best."""


COLOURS = {
    Verdict.RIGHT: "#009E73",
    Verdict.APPROXIMATION: "#8fd3bd",
    Verdict.SINGLE: "#b8de6f",
    Verdict.UNCONVERGED: "#F0E442",
    Verdict.SLOW: "#bbbbbb",
    Verdict.RAISES: "#999999",
    Verdict.UNUSABLE: "#777777",
    Verdict.NAN: "#CC79A7",
    Verdict.INFINITE: "#a65a86",
    Verdict.ZERO: "#000000",
    Verdict.WRONG: "#D55E00",
    Verdict.NOT_APPLICABLE: "#ffffff",
}
"""Of each verdict in pictures and pages."""


@dataclass(frozen=True, eq=False)
class Result:
    """One case of a report.

    ``value`` and ``exact`` have the shape of the case's alpha; ``exact`` is the exact value,
    rounded.
    """

    case: str
    catches: str
    verdict: Verdict
    exact: Array
    tolerance: float
    value: Array | None = None
    error: float | None = None
    """The largest absolute error of a component."""
    distance: float | None = None
    """For an approximation: the relative distance of its own formula to the hypergradient."""
    message: str = ""
    notes: tuple[str, ...] = ()
    """What else was seen: printed text, changed inputs, another precision."""
    seconds: float = 0.0

    @property
    def relative(self) -> float | None:
        """The error over the largest component of the exact value; None where that is 0."""
        scale = float(np.abs(self.exact).max(initial=0))
        if self.error is None or scale == 0:
            return None
        return self.error / scale
