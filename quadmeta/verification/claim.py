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
from quadmeta.verification.citation import Citation
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
FORMS = {
    "printed": "stands in a source, as its authors read it: hedges kept, misprints corrected",
    "reading": "makes an informal or ambiguous sentence of a source precise",
    "conjectured": "was believed here at first",
    "stated": "is our own",
    "repaired": "is our own, in the place of a form that is refuted",
}
"""What a form is: who says it, and in which words."""
FAULTS = {
    "false": "no small change saves it",
    "condition missing": "true with a further condition, which the repaired form names",
    "misprint": "an index, a sign or a unit; the corrected form is true",
    "wording": "the words promise more than their author can have meant",
}
"""What is wrong with a form that is refuted."""
JUDGEMENTS = {
    "needed": "without it the conclusion is false",
    "not needed": "the conclusion holds without it",
    "unsatisfiable": "nothing, or hardly anything, meets it",
}
"""What is said of an assumption, which is never refuted."""
STANDINGS = {
    "theorem": "a theorem, a corollary or a proposition",
    "formula": "a formula, an algorithm or a definition",
    "assumption": "an assumption of a theorem",
    "sentence": "an informal sentence, such as a remark or a summary",
    "measurement": "a number that was measured",
    "question": "an open question",
}
"""What a statement is in its source."""


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
    """proof + exact, proof + box, box, exact, sampled or none."""
    reason: str = ""
    """One line: why it fails, what was repaired, what is not said."""
    proved: bool = False
    """The claim's docstring holds a proof of this form."""
    attained: bool = False
    """Equality is reached, so that a loosened bound is noticed."""
    testable: bool = True
    """False: the wording leaves something open that no instance can decide."""
    fault: str = ""
    """What is wrong with a refuted form of a source: false, condition missing, misprint or
    wording.
    """
    judged: str = ""
    """Where the form tests an assumption, what follows of it: needed, not needed or unsatisfiable.
    """

    def __post_init__(self) -> None:
        if self.fault and self.fault not in FAULTS:
            raise TypeError(unknown("fault", self.fault, FAULTS))
        if self.judged and self.judged not in JUDGEMENTS:
            raise TypeError(unknown("judged", self.judged, JUDGEMENTS))

    @property
    def verdict(self) -> str:
        """The recorded verdict, or what it says of the assumption that the form tests."""
        return self.judged or self.recorded


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
    source: ClassVar[Citation | None] = None
    """The source that ``reference`` is a place in; None where none is known, or it is our own."""
    standing: ClassVar[str] = ""
    """theorem, formula, assumption, sentence, measurement or question: what it is in its source."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Earlier names, under which it is found as well."""
    forms: ClassVar[Mapping[str, Form]]
    """Kind of form -> form: first printed, reading, conjectured or stated, then others; repaired
    only beside one that is refuted.
    """
    domain: ClassVar[Mapping[str, Parameter]]
    """Name -> range of each number or vector of an instance."""
    exact: ClassVar[bool] = True
    """Sides are rational; False: sampled in float64, which never proves anything."""
    algebra_of: ClassVar[str] = ""
    """What the sides are closed forms of, where these are derived by hand: instances then test
    their algebra, and all strength is in the proof.
    """
    shrinks: ClassVar[bool] = True
    """A counterexample is made smaller; False where its large numbers are the point, as lengths
    in a small unit are, and it stays as the cases have it.
    """
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
        if cls.standing and cls.standing not in STANDINGS:
            raise TypeError(f"{cls.__name__}: {unknown('standing', cls.standing, STANDINGS)}")
        _formed(cls)
        if any(form.proved for form in cls.forms.values()) and "Proof" not in (cls.__doc__ or ""):
            raise TypeError(
                f"{cls.__name__}: a form is marked as proved, so its docstring must hold the proof"
            )

    @property
    def first(self) -> str:
        """The kind of the form that the claim is about: the first one."""
        return next(iter(self.forms))

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


def _formed(cls: type[Claim]) -> None:
    """Raise where the forms are not of known kinds, or a refuted one does not say its fault."""
    kinds = list(cls.forms)
    if not kinds or not set(kinds) <= FORMS.keys() or kinds[0] == "repaired":
        raise TypeError(
            f"{cls.__name__}: forms = {kinds} must be of the kinds {', '.join(FORMS)}, and "
            "'repaired' not the first: rename them"
        )
    for kind, form in cls.forms.items():
        said = bool(form.fault or form.judged)
        if kind in ("printed", "reading") and said < (form.recorded == "refuted"):
            raise TypeError(
                f"{cls.__name__}: the {kind} form is refuted and must say its fault: pass "
                f"fault={', '.join(map(repr, FAULTS))} to Form"
            )
        if form.fault and form.recorded != "refuted":
            raise TypeError(
                f"{cls.__name__}: the {kind} form has the fault {form.fault!r} and is "
                f"{form.recorded}: leave it out"
            )


def placed(claim: Claim, form: str) -> list[Box]:
    """The boxes of a claim, each with its place in it."""
    return [
        replace(box, origin=partial(_again, type(claim), form, k))
        for k, box in enumerate(claim.boxes(form))
    ]


def _again(cls: type[Claim], form: str, k: int) -> Box:
    """The box of this place."""
    return placed(cls(), form)[k]
