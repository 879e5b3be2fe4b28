"""Which mistake explains draws, and what their mean is the mean of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.match import ENOUGH, Match
from quadmeta.conformance.stochastic.case import StochasticCase
from quadmeta.conformance.stochastic.expected import Expected
from quadmeta.conformance.stochastic.law import Law
from quadmeta.conformance.stochastic.mistakes import Mistake
from quadmeta.conformance.stochastic.trial import trial


@dataclass(frozen=True, eq=False)
class Sample:
    """The draws of a case, and what they should be."""

    case: StochasticCase
    values: Array
    """(n, h)."""
    right: Expected
    level: float

    def agrees(self, law: Law) -> bool:
        """Whether the draws can have this law."""
        return trial(self.values, law, self.level).agrees

    def mean_agrees(self, law: Law) -> bool:
        """Whether they can have its mean, given its covariance."""
        return trial(self.values, law, self.level).mean_agrees


def explained(candidates: Iterable[Mistake], samples: Sequence[Sample]) -> tuple[Match, ...]:
    """The mistakes that agree with every case, and explain at least two that are wrong."""
    wrong = [sample for sample in samples if not sample.agrees(sample.right.law)]
    need = min(ENOUGH, len(wrong))
    found = []
    for mistake in candidates:
        match = _matched(mistake, samples)
        if wrong and match.contradicted == 0 and match.decisive >= need:
            found.append(match)
    return tuple(found)


def _matched(mistake: Mistake, samples: Sequence[Sample]) -> Match:
    """Up to the first contradiction."""
    agrees = 0
    decisive = 0
    for sample in samples:
        known = True
        if mistake.rough is not None:
            first = mistake.rough(sample.case, sample.right)
            known = first is not None
            if first is not None and not sample.mean_agrees(first):
                return Match(mistake.name, agrees, decisive, 1)
        law = mistake.law(sample.case, sample.right) if known else None
        if law is None:
            continue
        if not sample.agrees(law):
            return Match(mistake.name, agrees, decisive, 1)
        agrees += 1
        decisive += not sample.agrees(sample.right.law)
    return Match(mistake.name, agrees, decisive, 0)


def estimand(candidates: Iterable[Mistake], samples: Sequence[Sample]) -> str:
    """What the mean is, where only the covariance is unknown: "" where nothing fits."""
    own = "the mean of the reference, with another covariance"
    if all(_seen(sample, sample.right.law) for sample in samples):
        return f"its mean is {own}"
    if all(_seen(sample, replace(sample.right.law, mean=sample.right.truth)) for sample in samples):
        return "its mean is the derivative itself"
    for mistake in candidates:
        if all(_known(mistake, sample) for sample in samples):
            return f"its mean is that of: {mistake.name}"
    return ""


def _known(mistake: Mistake, sample: Sample) -> bool:
    rule = mistake.rough or mistake.law
    law = rule(sample.case, sample.right)
    return law is not None and _seen(sample, law)


def _seen(sample: Sample, law: Law) -> bool:
    """Whether the draws can have this mean, by the covariance that they show themselves."""
    covariance = np.atleast_2d(np.cov(sample.values, rowvar=False))
    return sample.mean_agrees(replace(law, covariance=covariance))
