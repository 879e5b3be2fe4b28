"""The instances at which Coq must agree with Python, and what Python gives there.

They are the cases of a claim, instances that meet its assumptions (with repeated eigenvalues
too), instances that break them, and points outside the domain.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import islice
from random import Random
from typing import Any

from quadmeta.verification.claim import Claim
from quadmeta.verification.finding import Candidate, arrays, entries
from quadmeta.verification.instances import instances
from quadmeta.verification.parameters import Instance, Parameter, draw, plainly, quickly
from quadmeta.verification.record import on_record
from quadmeta.verification.verdict import plain

ADMITTED = 60
REPEATED = 20
RAW = 60


@dataclass(frozen=True)
class Answer:
    """What Python gives at one point: None for margins outside the domain, None for sides where
    it cannot compute them.
    """

    given: Mapping[str, Any]
    margins: Mapping[str, Fraction] | None
    sides: tuple[tuple[Fraction, ...], tuple[Fraction, ...]] | None


def answer(claim: Claim, form: str, point: Mapping[str, Any]) -> Answer | None:
    """What the claim says at a point, None where its margins cannot be computed."""
    try:
        x = claim.read(point)
    except ValueError:
        return Answer(point, None, None)
    try:
        candidate = Candidate(claim, form, x)
    except (ZeroDivisionError, ValueError):
        return None
    margins = {name: Fraction(margin) for name, margin in candidate.margins.items()}
    try:
        lhs, rhs = claim.sides(arrays(quickly(x)), form)
    except (ZeroDivisionError, ValueError):
        return Answer(x, margins, None)
    sides = (tuple(map(Fraction, entries(lhs))), tuple(map(Fraction, entries(rhs))))
    return Answer(x, margins, sides)


def points(claim: Claim, form: str) -> Iterator[Mapping[str, Any]]:
    """The points of the table, the same at every call."""
    yield from (claim.read(case) for case in claim.cases(form))
    if "worst" in on_record(claim, form):
        yield claim.read(on_record(claim, form)["worst"])
    some = list(islice(instances(claim, form, seed="proofs"), ADMITTED))
    yield from some
    for assumption in Candidate(claim, form, some[0]).margins:
        yield from (claim.read(case) for case in claim.without(assumption))
    random = Random("raw")
    for _ in range(RAW):
        yield plainly(draw(claim.domain, random))
    yield from islice(repeated(claim, some), REPEATED)
    yield from outside(claim, some)


def repeated(claim: Claim, some: list[Instance]) -> Iterator[Instance]:
    """Instances whose last or first entry along the axis of the eigenvalues stands there twice."""
    axes = [p.axis for p in claim.domain.values() if p.spectrum]
    if not axes:
        return
    along = [name for name, p in claim.domain.items() if p.axis == axes[0]]
    for k, x in enumerate(some):
        longer = {name: (*x[name], x[name][-(k % 2)]) for name in along}
        yield plainly(claim.prepare(quickly({**x, **longer})))


def outside(claim: Claim, some: list[Instance]) -> Iterator[Mapping[str, Any]]:
    """Each parameter at and beyond the ends of its range, absent, and of another length."""
    for (name, p), x in zip(claim.domain.items(), some, strict=False):
        for value in beyond(p):
            yield {**x, name: (*x[name][:-1], value) if p.axis else value}
        yield {key: entry for key, entry in x.items() if key != name}
        if p.axis:
            yield {**x, name: ()}
            yield {**x, name: (*x[name], x[name][0])}
    yield {**some[0], "unknown": Fraction(1)}


def beyond(p: Parameter) -> Iterator[Fraction]:
    """Numbers at the ends of a range and just beyond."""
    step = Fraction(1, 1000)
    if p.low is not None:
        yield Fraction(p.low)
        yield p.low - 1 if p.whole else p.low - step
    if p.high is not None:
        yield Fraction(p.high)
        yield p.high + step
    if p.whole:
        yield Fraction(3, 2)


@cache
def table(claim: Claim, form: str) -> list[Answer]:
    """The answers at all points; computed once a claim."""
    found = (answer(claim, form, point) for point in points(claim, form))
    return [one for one in found if one is not None]


def digest(answers: list[Answer]) -> str:
    """SHA-256 of a table."""
    text = json.dumps([plain([one.given, one.margins, one.sides]) for one in answers])
    return hashlib.sha256(text.encode()).hexdigest()
