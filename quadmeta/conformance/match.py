"""Which wrong formula explains the results of a tested code.

A fingerprint *agrees* with a case if it predicts what was returned, also where it predicts the
right value; else the case *contradicts* it. It is *decisive* on a case where it agrees and its
prediction is far from the right value. It is named if it is decisive on at least two cases and
contradicted on none that say something about it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.case import Case
from quadmeta.conformance.mistakes.catalog import Fingerprint, fingerprints, prediction
from quadmeta.conformance.verdict import Result

SHORT = 20
"""Steps of the cases that are looked at first: long ones cost seconds in fractions."""
ENOUGH = 2
"""Decisive cases that name a fingerprint."""


@dataclass(frozen=True)
class Match:
    """A wrong formula, and on how many cases it explains the result."""

    name: str
    agrees: int
    decisive: int
    contradicted: int

    @property
    def share(self) -> float:
        """Decisive cases among those that decide."""
        decided = self.decisive + self.contradicted
        return self.decisive / decided if decided else 0.0

    def __str__(self) -> str:
        return (
            f"{self.name} (agrees on {self.agrees}, decisive on {self.decisive}, "
            f"contradicted on {self.contradicted})"
        )


def named(kind: str, pairs: Sequence[tuple[Case, Result]]) -> tuple[Match, ...]:
    """The fingerprints that explain every result; none where nothing is wrong."""
    off = [r for _, r in pairs if r.error is not None and r.error > r.tolerance]
    if len(off) < ENOUGH:
        return ()
    found = []
    # a case that is not right tells most fingerprints apart at once, a long one is dear
    ordered = sorted(pairs, key=lambda pair: (pair[0].steps > SHORT, pair[1].verdict.passes))
    for fingerprint in fingerprints(kind):
        match = compared(fingerprint, ordered, patience=0)
        if match.contradicted == 0 and match.decisive >= ENOUGH:
            found.append(match)
    return tuple(found)


def resembling(
    kind: str, pairs: Sequence[tuple[Case, Result]], count: int = 3
) -> tuple[Match, ...]:
    """The fingerprints that explain at least half of the wrong results, though not all."""
    # a fingerprint is decisive on wrong results only, and short cases decide soonest
    short = sorted((p for p in pairs if p[0].steps <= SHORT), key=lambda p: p[0].steps)
    wrong = [pair for pair in short if not pair[1].verdict.passes]
    passed = [pair for pair in short if pair[1].verdict.passes]
    close = []
    for fingerprint in fingerprints(kind):
        first = compared(fingerprint, wrong, patience=len(wrong) // 2)
        if first.decisive and first.contradicted <= len(wrong) // 2:
            rest = compared(fingerprint, passed)
            close.append(
                Match(
                    first.name,
                    first.agrees + rest.agrees,
                    first.decisive,
                    first.contradicted + rest.contradicted,
                )
            )
    return tuple(sorted(close, key=lambda match: -match.share)[:count])


def hints(kind: str, case: Case, result: Result) -> tuple[str, ...]:
    """The fingerprints that explain one wrong result."""
    return tuple(
        fingerprint.name
        for fingerprint in fingerprints(kind)
        if compared(fingerprint, [(case, result)]).decisive
    )


def compared(
    fingerprint: Fingerprint, pairs: Iterable[tuple[Case, Result]], patience: int | None = None
) -> Match:
    """How far a fingerprint explains these results; with ``patience``, up to that contradiction."""
    agrees = 0
    decisive = 0
    contradicted = 0
    for case, result in pairs:
        if result.value is None or not np.isfinite(result.value).all():
            continue
        if not fingerprint.covers(case):
            continue
        predicted = prediction(fingerprint, case)
        if predicted is None:
            predicted = result.exact.ravel()
        if not _agrees(predicted, result):
            contradicted += 1
            if patience is not None and contradicted > patience:
                break
            continue
        agrees += 1
        decisive += _differs(predicted, result)
    return Match(fingerprint.name, agrees, decisive, contradicted)


def _limit(predicted: Array, result: Result) -> tuple[float, float]:
    scale = float(max(np.abs(predicted).max(), np.abs(result.exact).max()))
    return scale, max(1e-9 * scale, 100 * result.tolerance)


def _agrees(predicted: Array, result: Result) -> bool:
    assert result.value is not None
    limit = _limit(predicted, result)[1]
    return bool(np.abs(result.value.ravel() - predicted).max() <= limit)


def _differs(predicted: Array, result: Result) -> bool:
    scale, limit = _limit(predicted, result)
    away = np.abs(predicted - result.exact.ravel()).max()
    return bool(away > max(1e-6 * scale, 10 * limit))
