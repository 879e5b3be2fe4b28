"""What a claim is: a statement with a source, two sides in exact arithmetic, a domain and recorded
verdicts.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from quadmeta._registry import unknown
from quadmeta.verification.box import Box
from quadmeta.verification.parameters import Instance, Parameter, Values

STRENGTHS = {
    "identity": "==",
    "tight": "<=",
    "upper": "<=",
    "lower": ">=",
    "rate": "<=",
    "ordering": "<=",
    "counterexample": "<=",
}
"""Strength -> the relation of the two sides, unless the claim says otherwise."""
RELATIONS = ("==", "<=", ">=", "<", ">")
FORMS = ("printed", "repaired")


@dataclass(frozen=True)
class Form:
    """One wording of a statement and the verdict on record for it.

    Examples
    --------
    >>> Form(r"\\lambda_i \\le L", "holds", "proof + exact", proved=True).recorded
    'holds'
    """

    statement: str
    """LaTeX."""
    recorded: str = "undecided"
    """holds, consistent, refuted, vacuous or undecided; by default nothing is on record."""
    how: str = "none"
    """proof + exact, box, exact, sampled or none."""
    reason: str = ""
    """One line: why it fails, what was repaired, what is not said."""
    proved: bool = False
    """The claim's docstring holds a proof of this form."""
    attained: bool = False
    """Equality is reached, so that a loosened bound is noticed."""
    testable: bool = True
    """False: the wording leaves something open that no instance can decide."""


class Claim(ABC):
    """A statement ``lhs relation rhs`` for every instance of the domain that meets the
    assumptions.

    A subclass names its ``reference``, ``strength``, ``forms`` and ``domain`` and computes the two
    ``sides``; all else has a default. Its docstring gives the statement and, after "Proof", a
    proof. The engine evaluates it at the ``cases`` and at random rational instances, so that sides
    consist of ``+ - * /``, integer powers, ``abs`` and comparisons: a float that leaks in is an
    error unless ``exact`` is False.

    Examples
    --------
    One step of size 1/L contracts mode i by 1 - lambda_i/L. That this is at most 1/2 is false:

    >>> from fractions import Fraction
    >>> import quadmeta as qm
    >>> from quadmeta.verification import EIGENVALUES, Claim, Form
    >>> class Halved(Claim):
    ...     reference = "an example"
    ...     strength = "upper"
    ...     forms = {"printed": Form(r"1 - \\lambda_i / L \\le 1/2")}
    ...     domain = {"eigenvalues": EIGENVALUES}
    ...
    ...     def sides(self, x, form):
    ...         lam = x["eigenvalues"]
    ...         return (1 - lam / lam.max()).max(), Fraction(1, 2)
    ...
    >>> verdict = qm.check(Halved)
    >>> verdict.status, verdict.evidence["instance"]
    ('refuted', {'eigenvalues': (Fraction(1, 2), Fraction(2, 1))})
    """

    reference: ClassVar[str]
    """Paper and theorem number; "derived", or "derived; on what", where it stands in no source."""
    strength: ClassVar[str]
    """identity, tight, upper, lower, rate, ordering or counterexample: what kind of statement."""
    relation: ClassVar[str] = ""
    """"==", "<=", ">=", "<" or ">"; by default that of the strength."""
    derived: ClassVar[bool] = False
    """Whether the first form stands in no source; by default what ``reference`` begins with."""
    forms: ClassVar[Mapping[str, Form]]
    """"printed", and "repaired" where the printed one is false or can be sharpened."""
    domain: ClassVar[Mapping[str, Parameter]]
    """Name -> range of each number or vector of an instance."""
    exact: ClassVar[bool] = True
    """Sides are rational; False: sampled in float64, which never proves anything."""
    draws: ClassVar[int] = 200
    """Random instances a check looks at, beside the cases."""

    def __init_subclass__(cls) -> None:
        # a base of several claims may leave all of this to them
        if not all(hasattr(cls, name) for name in ("reference", "strength", "forms", "domain")):
            return
        if cls.strength not in STRENGTHS:
            raise TypeError(f"{cls.__name__}: {unknown('strength', cls.strength, STRENGTHS)}")
        cls.relation = cls.relation or STRENGTHS[cls.strength]
        if cls.relation not in RELATIONS:
            raise TypeError(f"{cls.__name__}: {unknown('relation', cls.relation, RELATIONS)}")
        if "printed" not in cls.forms or not set(cls.forms) <= set(FORMS):
            raise TypeError(
                f"{cls.__name__}: forms = {list(cls.forms)} must be 'printed', the statement as "
                "it stands, and 'repaired' where there is one: rename them"
            )
        if not any("derived" in vars(base) for base in cls.__mro__ if base is not Claim):
            cls.derived = cls.reference.partition(";")[0] == "derived"
        if any(form.proved for form in cls.forms.values()) and "Proof" not in (cls.__doc__ or ""):
            raise TypeError(
                f"{cls.__name__}: a form is marked as proved, so its docstring must hold the proof"
            )

    @property
    def name(self) -> str:
        """File name of the claim: the class name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def proof(self) -> str:
        """The written proof, or "" where there is none."""
        found = re.search(r"Proof\b.*", type(self).__doc__ or "", re.DOTALL)
        if found:
            return " ".join(found.group().split())
        return ""

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Margins by name, which says what is needed: "eta < 2/L" a margin > 0, "eta <= 2/L"
        one >= 0, "=" one of 0. By default nothing is assumed.
        """
        return {}

    @abstractmethod
    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(lhs, rhs), numbers or arrays of equal shape, in the arithmetic of ``x``; vectors of
        ``x`` are arrays.
        """

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality, border and known hard instances, which are looked at first."""
        return ()

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Instances that break this assumption and no other, to look at first when it is
        dropped.
        """
        return ()

    def prepare(self, x: Instance) -> Instance:
        """A drawn instance moved onto a constraint that random numbers would miss, for example a
        unit start.
        """
        return x

    def power(self, x: Values, form: str) -> int:
        """The sides compare this power of the two quantities
        (2T where a 2T-th root was cleared).
        """
        return 1

    def boxes(self, form: str) -> Iterable[Box]:
        """The statement on parameter boxes, after reduction by scale, convexity or monotonicity."""
        return ()

    def read(self, x: Mapping[str, Any]) -> Instance:
        """An instance from numbers or strings like "3/4", checked against the domain.

        Raises
        ------
        ValueError
            unknown or missing parameter, a number outside its range, or vectors of unequal length.
        """
        for name in x:
            if name not in self.domain:
                raise ValueError(unknown("parameter", name, self.domain))
        missing = [name for name in self.domain if name not in x]
        if missing:
            raise ValueError(
                f"{self.name}: the instance lacks {', '.join(missing)}: pass the whole domain"
            )
        out = {name: p.read(name, x[name]) for name, p in self.domain.items()}
        for axis in {p.axis for p in self.domain.values() if p.axis}:
            lengths = {name: len(out[name]) for name, p in self.domain.items() if p.axis == axis}
            if len(set(lengths.values())) > 1 or 0 in lengths.values():
                raise ValueError(
                    f"{self.name}: vectors have the lengths {lengths}: pass equal ones, at least 1"
                )
        return out

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{key}: {form.recorded}" for key, form in self.forms.items())
        return f"{type(self).__name__}({verdicts})"


def placed(claim: Claim, form: str) -> list[Box]:
    """The boxes of a claim, each with its place in it."""
    return [
        replace(box, origin=partial(_again, type(claim), form, k))
        for k, box in enumerate(claim.boxes(form))
    ]


def _again(cls: type[Claim], form: str, k: int) -> Box:
    """The box of this place."""
    return placed(cls(), form)[k]
