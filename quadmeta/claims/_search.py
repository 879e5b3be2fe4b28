"""How a statement is decided: cases, random small rationals, shrinking of a counterexample, then a box if there is one.

A violation is shrunk greedily to an instance that no single simplification keeps: fewer dimensions, fewer steps,
smaller numerators and denominators, with every assumption still met.
"""
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain
from math import exp, inf, log
from random import Random
from typing import Any

import numpy as np

from quadmeta._registry import unknown
from quadmeta.arithmetic.exact import evaluate
from quadmeta.claims._base import Claim, met
from quadmeta.claims._box import prove
from quadmeta.claims._domain import Instance, draw, simpler, size
from quadmeta.claims._verdict import Verdict

RELATIONS = {"==": operator.eq, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}
VACUOUS = 1000.0
"""A bound that exceeds the truth by this factor on every instance says nothing."""


@dataclass(frozen=True, eq=False)
class Finding:
    """Both sides and the margins at one instance."""

    instance: Instance
    margins: Mapping[str, Any]
    lhs: tuple[Any, ...]
    rhs: tuple[Any, ...]
    relation: str
    power: int

    @property
    def broken(self) -> tuple[str, ...]:
        """Assumptions that the instance does not meet."""
        return tuple(name for name, margin in self.margins.items() if not met(name, margin))

    @property
    def admitted(self) -> bool:
        """Whether every assumption is met."""
        return not self.broken

    @property
    def holds(self) -> bool:
        """Whether the relation holds in every component."""
        return all(RELATIONS[self.relation](l, r) for l, r in zip(self.lhs, self.rhs, strict=True))

    @cached_property
    def ratios(self) -> dict[int, float]:
        """lhs/rhs by component, where both are positive, the power undone."""
        pairs = enumerate(zip(self.lhs, self.rhs, strict=True))
        return {k: _ratio(l, r, self.power) for k, (l, r) in pairs if l > 0 and r > 0}

    def evidence(self) -> dict[str, Any]:
        """The part of a verdict's evidence that one instance gives."""
        return {"instance": self.instance, "lhs": self.lhs, "relation": self.relation, "rhs": self.rhs,
                "assumptions": self.margins}


def _ratio(l: Any, r: Any, power: int) -> float:
    if l == r:
        return 1.0
    l, r = Fraction(l), Fraction(r)
    size = log(l.numerator) - log(l.denominator) - log(r.numerator) + log(r.denominator)
    return exp(size / power) if abs(size / power) < 700 else (inf if size > 0 else 0.0)


def arrays(instance: Instance) -> dict[str, Any]:
    """The instance with its vectors as object arrays, as claims read it."""
    return {name: np.array(v, dtype=object) if isinstance(v, tuple) else v for name, v in instance.items()}


def examine(claim: Claim, form: str, instance: Instance) -> Finding:
    """Both sides at one instance, in exact arithmetic (a float that leaks in is a TypeError)."""
    x = arrays(instance)
    margins = claim.assumptions(x, form)
    lhs, rhs = (evaluate(lambda: claim.sides(x, form), kind="fraction") if claim.exact else claim.sides(x, form))
    return Finding(instance, margins, _entries(lhs), _entries(rhs), claim.relation, claim.power(x, form))


def _entries(value: Any) -> tuple[Any, ...]:
    return tuple(np.atleast_1d(np.asarray(value, dtype=object)).flat)


def findings(claim: Claim, form: str, seed: int = 0) -> Iterator[Finding]:
    """The cases, then random instances that meet the assumptions."""
    for case in claim.cases(form):
        found = examine(claim, form, claim.read(case))
        if not found.admitted:
            raise ValueError(f"{claim.name}: the case {dict(case)} breaks {', '.join(found.broken)}: correct it")
        yield found
    random, done = Random(seed), 0
    for _ in range(50 * claim.draws):
        if done == claim.draws:
            return
        x = claim.prepare(draw(claim.domain, random))
        if all(met(name, margin) for name, margin in claim.assumptions(arrays(x), form).items()):
            done += 1
            yield examine(claim, form, x)


def decide(claim: Claim, form: str) -> Verdict:
    """The verdict of one form, by the first of: a counterexample, a box that covers, a proof, instances alone."""
    record = claim.forms[form]
    if not record.testable:
        return Verdict(claim.name, form, "undecided", "none", {"reason": record.reason})
    seen, bad = [], []
    for found in findings(claim, form):
        seen.append(found)
        if not found.holds:
            bad.append(found)
            if len(bad) == 4:
                break
    how = "exact" if claim.exact else "sampled"
    if bad:
        least = min((shrink(claim, form, found) for found in bad), key=lambda found: size(found.instance))
        return Verdict(claim.name, form, "refuted", how, {**least.evidence(), "instances": len(seen)})
    evidence = _summary(claim, seen)
    box = claim.box(form)
    if box is not None:
        coverage = prove(box, claim.relation)
        evidence["box"] = coverage
        if coverage.complete and box.covers_domain:
            return Verdict(claim.name, form, "holds", "box", evidence)
    if _vacuous(claim, seen):
        return Verdict(claim.name, form, "vacuous", how, evidence)
    loose = [k for k in range(len(seen[0].lhs)) if not any(abs(f.ratios.get(k, 0) - 1) <= 1e-12 for f in seen)]
    if record.attained and loose:
        reason = f"called tight, and never attained in component {loose[0]}"
        return Verdict(claim.name, form, "undecided", how, {**evidence, "reason": reason})
    if record.proved and claim.exact:
        return Verdict(claim.name, form, "holds", "proof + exact", evidence)
    return Verdict(claim.name, form, "consistent", how, evidence)


def drop(claim: Claim, form: str, assumption: str) -> Verdict:
    """Search a counterexample that breaks ``assumption`` and meets all others."""
    random, count = Random(1), 0
    drawn = (draw(claim.domain, random) for _ in range(5 * claim.draws))
    for raw in chain(map(claim.read, claim.without(assumption)), drawn):
        for instance in (raw, claim.prepare(raw)):
            margins = claim.assumptions(arrays(instance), form)
            if assumption not in margins:
                raise KeyError(unknown("assumption", assumption, margins))
            if [name for name, margin in margins.items() if not met(name, margin)] != [assumption]:
                continue
            try:
                found, count = examine(claim, form, instance), count + 1
            except ZeroDivisionError:  # without the assumption a side does not exist
                continue
            if not found.holds:
                least = shrink(claim, form, found)
                return Verdict(claim.name, form, "refuted", "exact",
                               {**least.evidence(), "dropped": assumption, "instances": count})
    status = "consistent" if count else "undecided"
    return Verdict(claim.name, form, status, "exact" if count else "none", {"dropped": assumption, "instances": count})


def shrink(claim: Claim, form: str, found: Finding) -> Finding:
    """A smaller instance that still violates the statement and breaks no further assumption."""
    smaller: Finding | None = found
    while smaller is not None:
        found, smaller = smaller, None
        for raw in sorted(simpler(claim.domain, found.instance), key=size):
            x = claim.prepare(raw) if found.admitted else raw
            if size(x) >= size(found.instance):
                continue
            try:
                candidate = examine(claim, form, x)
            except ZeroDivisionError:
                continue
            if not candidate.holds and set(candidate.broken) <= set(found.broken):
                smaller = candidate
                break
    return found


def _summary(claim: Claim, seen: list[Finding]) -> dict[str, Any]:
    """Evidence at the tightest instance, with quantiles of lhs/rhs and the share where a lower bound is trivial."""
    upper = claim.relation in ("<=", "<")
    rated = [found for found in seen if found.ratios]
    tightest = seen[0]
    if rated:
        tightest = max(rated, key=lambda f: max(f.ratios.values()) if upper else -min(f.ratios.values()))
    out = {**tightest.evidence(), "instances": len(seen)}
    ratios = sorted(ratio for found in rated for ratio in found.ratios.values())
    if ratios and claim.relation != "==":
        out["ratio"] = {q: float(f"{ratios[round(p * (len(ratios) - 1))]:.4g}")
                        for q, p in (("min", 0), ("median", 0.5), ("max", 1))}
    if claim.relation == ">=":
        out["trivial"] = round(sum(all(r <= 0 for r in found.rhs) for found in seen) / len(seen), 3)
    return out


def _vacuous(claim: Claim, seen: list[Finding]) -> bool:
    ratios = [ratio for found in seen for ratio in found.ratios.values()]
    if claim.relation == "<=":
        return bool(ratios) and max(ratios) < 1 / VACUOUS
    if claim.relation == ">=":
        return all(r <= 0 for found in seen for r in found.rhs) or (bool(ratios) and min(ratios) > VACUOUS)
    return False
