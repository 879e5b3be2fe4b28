"""Both sides of a statement at one instance, with the margin of each assumption."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import exp, inf, log
from typing import Any

import numpy as np

from quadmeta.arithmetic.exact import evaluate
from quadmeta.certificates.program import RELATIONS
from quadmeta.certificates.recheck import met
from quadmeta.verification.claim import Claim
from quadmeta.verification.parameters import Instance


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
        return _unmet(self.margins)

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
        return {
            "instance": self.instance,
            "lhs": self.lhs,
            "relation": self.relation,
            "rhs": self.rhs,
            "assumptions": self.margins,
        }


def _ratio(l: Any, r: Any, power: int) -> float:
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


def arrays(instance: Instance) -> dict[str, Any]:
    """The instance with its vectors as object arrays, as claims read it."""
    return {
        name: np.array(v, dtype=object) if isinstance(v, tuple) else v
        for name, v in instance.items()
    }


def broken(claim: Claim, form: str, instance: Instance) -> tuple[str, ...]:
    """Assumptions that an instance does not meet; both sides need not exist there."""
    return _unmet(claim.assumptions(arrays(instance), form))


def _unmet(margins: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, margin in margins.items() if not met(name, margin))


def examine(claim: Claim, form: str, instance: Instance) -> Finding:
    """Both sides at one instance, in exact arithmetic (a float that leaks in is a TypeError)."""
    x = arrays(instance)
    margins = claim.assumptions(x, form)
    lhs, rhs = (
        evaluate(lambda: claim.sides(x, form), kind="fraction")
        if claim.exact
        else claim.sides(x, form)
    )
    return Finding(
        instance, margins, entries(lhs), entries(rhs), claim.relation, claim.power(x, form)
    )


def entries(value: Any) -> tuple[Any, ...]:
    """The components of a side."""
    return tuple(np.atleast_1d(np.asarray(value, dtype=object)).flat)
