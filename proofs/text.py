"""Coq's text of a table of instances, and of the check of one row."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from proofs.table import Answer
from quadmeta.verification.claim import Claim

LONGEST = 8000
"""Characters of one instance; a longer one is left out, and counted."""
RELATIONS = {"<=": "Le", ">=": "Ge", "<": "Lt", ">": "Gt", "==": "Eq"}
HEADER = """From Coq Require Import QArith ZArith List String.
From Quadmeta Require Import {modules}.
Import ListNotations.
Local Open Scope string_scope.
Local Open Scope Q_scope.
"""


def module(claim: str, form: str, theorem: str) -> str:
    """A theorem of a row says what is claimed, and what it rests on."""
    return (
        f"Definition checked_{form} : Base.holds {claim}.{form} := {claim}.{theorem}.\n"
        f"Print Assumptions {claim}.{theorem}.\n"
    )


def instances(claim: Claim, form: str, answers: Iterable[Answer]) -> tuple[str, int, int]:
    """(the table of a form, the number of instances, those left out)."""
    texts = [instance(claim, one) for one in answers]
    kept = [text for text in texts if len(text) <= LONGEST]
    lines = [f"Definition {form}_{k} : instance := {text}." for k, text in enumerate(kept, start=1)]
    names = "; ".join(f"{form}_{k}" for k in range(1, len(kept) + 1))
    lines += [
        f"Definition {form}_table := [{names}].",
        f"Definition {form}_domain := {domain(claim)}.",
    ]
    return "\n".join(lines) + "\n", len(kept), len(texts) - len(kept)


def differing(claim: Claim, form: str) -> str:
    """The places at which a form and its table differ."""
    return (
        f"Definition {form}_differs := disagreements {claim.name}.{form} "
        f"{form}_domain {RELATIONS[claim.relation]} {form}_table.\n"
    )


def agreed(form: str) -> str:
    """The lemma that nothing differs."""
    return (
        f"Lemma {form}_agrees : {form}_differs = [].\n"
        "Proof. vm_cast_no_check (eq_refl (@nil nat)). Qed.\n"
    )


def domain(claim: Claim) -> str:
    """The domain that Python has."""
    entries = []
    for name, p in claim.domain.items():
        low, high = (
            "None" if end is None else f"Some ({Fraction(end).numerator})%Z"
            for end in (p.low, p.high)
        )
        flags = [str(flag).lower() for flag in (p.open, p.whole)]
        entries.append(
            f'("{name}", {{| low := {low}; high := {high}; is_open := {flags[0]}; '
            f'is_whole := {flags[1]}; axis := "{p.axis}" |}})'
        )
    return f"[{'; '.join(entries)}]"


def instance(claim: Claim, one: Answer) -> str:
    """One instance."""
    return f"{{| given := {point(claim, one.given)}; answered := {_answered(one)} |}}"


def point(claim: Claim, x: Mapping[str, Any]) -> str:
    """A point; a whole number that a parameter asks for is one, if it is natural."""
    entries = []
    for name, value in x.items():
        if isinstance(value, tuple):
            text = f"Vector [{'; '.join(map(number, value))}]"
        elif (
            name in claim.domain
            and claim.domain[name].whole
            and Fraction(value).denominator == 1
            and value >= 0
        ):
            text = f"Whole {int(value)}"
        else:
            text = f"Number ({number(value)})"
        entries.append(f'("{name}", {text})')
    return f"[{'; '.join(entries)}]"


def _answered(one: Answer) -> str:
    if one.margins is None:
        return "None"
    margins = "; ".join(
        f'(("{name}", {sign(name)}), {number(m)})' for name, m in one.margins.items()
    )
    if one.sides is None:
        sides = "None"
    else:
        pairs = "; ".join(f"({number(l)}, {number(r)})" for l, r in zip(*one.sides, strict=True))
        sides = f"Some [{pairs}]"
    return f"Some ([{margins}], {sides})"


def sign(name: str) -> str:
    """What the name of an assumption asks of its margin."""
    if "<=" in name or ">=" in name:
        return "Nonnegative"
    if "<" in name or ">" in name or "!=" in name:
        return "Positive"
    return "Zero"


def number(x: Any) -> str:
    """A fraction; hexadecimal where it is long, since the parser's stack is short."""
    q = Fraction(x)
    if max(abs(q.numerator), q.denominator) < 10**12:
        return (
            f"{q.numerator} # {q.denominator}" if q >= 0 else f"({q.numerator}) # {q.denominator}"
        )
    top = f"{abs(q.numerator):#x}"
    return f"{top if q >= 0 else f'(-{top})'} # {q.denominator:#x}"
