"""Both sides of a statement at one instance, with the margin of each assumption."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import exp, inf, log
from typing import Any

import numpy as np

from quadmeta._registry import unknown
from quadmeta.arithmetic.exact import evaluate
from quadmeta.certificates.program import RELATIONS
from quadmeta.certificates.quick import slow
from quadmeta.certificates.recheck import met
from quadmeta.verification.claim import Claim
from quadmeta.verification.parameters import Instance, Values, plainly, quickly


@dataclass(frozen=True, eq=False)
class Finding:
    """Both sides and the margins at one instance."""

    instance: Instance
    margins: Mapping[str, Any]
    lhs: tuple[Any, ...]
    rhs: tuple[Any, ...]
    relation: str
    power: int

    @cached_property
    def broken(self) -> tuple[str, ...]:
        """Assumptions that the instance does not meet."""
        return _unmet(self.margins)

    @property
    def admitted(self) -> bool:
        """Whether every assumption is met."""
        return not self.broken

    @cached_property
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
        return {
            "instance": self.instance,
            "lhs": self.lhs,
            "relation": self.relation,
            "rhs": self.rhs,
            "assumptions": self.margins,
        }


def _ratio(l: Any, r: Any, power: int) -> float:
    """(l/r)^(1/power), by logarithms: the numbers may be too long for a float."""
    if l == r:
        return 1.0
    l = Fraction(l)
    r = Fraction(r)
    size = log(l.numerator) - log(l.denominator) - log(r.numerator) + log(r.denominator)
    if abs(size / power) < 700:
        return exp(size / power)
    if size > 0:
        return inf
    return 0.0


class Candidate:
    """An instance whose assumptions have been evaluated; the sides are, where they are wanted."""

    def __init__(self, claim: Claim, form: str, instance: Instance) -> None:
        form = form or claim.first
        if form not in claim.forms:
            raise KeyError(unknown("form", form, claim.forms))
        self.claim = claim
        self.form = form
        self._given = instance
        self.values = arrays(quickly(instance))
        margins = claim.assumptions(self.values, form)
        self.margins = {name: slow(margin) for name, margin in margins.items()}
        self.broken = _unmet(self.margins)
        """Assumptions that the instance does not meet."""

    @cached_property
    def instance(self) -> Instance:
        """The instance to show and to keep."""
        return plainly(self._given)

    def examined(self) -> Finding:
        """With both sides, in exact arithmetic.

        Raises
        ------
        TypeError
            a float leaked in.
        """
        claim = self.claim
        if claim.exact:
            lhs, rhs = evaluate(lambda: claim.sides(self.values, self.form), kind="fraction")
        else:
            lhs, rhs = claim.sides(self.values, self.form)
        return Finding(
            self.instance,
            self.margins,
            entries(lhs),
            entries(rhs),
            claim.relation,
            claim.power(self.values, self.form),
        )


def _unmet(margins: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, margin in margins.items() if not met(name, margin))


def arrays(instance: Instance) -> Values:
    """The instance with its vectors as object arrays, as claims read it."""
    return {
        name: np.array(value, dtype=object) if isinstance(value, tuple) else value
        for name, value in instance.items()
    }


def broken(claim: Claim, form: str, instance: Instance) -> tuple[str, ...]:
    """Assumptions that an instance does not meet; both sides need not exist there."""
    return Candidate(claim, form, instance).broken


def examine(claim: Claim, form: str, instance: Instance) -> Finding:
    """Both sides at one instance, in exact arithmetic (a float that leaks in is a TypeError)."""
    return Candidate(claim, form, instance).examined()


def entries(side: Any) -> tuple[Any, ...]:
    """The components of a side."""
    return tuple(map(slow, np.atleast_1d(np.asarray(side, dtype=object)).flat))
