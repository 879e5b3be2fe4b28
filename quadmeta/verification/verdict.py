"""A verdict: what was decided about a statement, how, and the numbers that a sceptic needs to
check it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import log10
from typing import TYPE_CHECKING, Any

from quadmeta.certificates.program import literal

if TYPE_CHECKING:
    from quadmeta.verification.claim import Claim


@dataclass(frozen=True, eq=False)
class Verdict:
    """The outcome for one form of a statement.

    ``holds`` needs a written proof and exact instances without violation, or a box that covers the
    domain; exact instances alone, and sampled ones, are ``consistent``; ``refuted`` has a rational
    counterexample.
    """

    claim: str
    form: str
    """Its kind: printed, reading, conjectured, stated or repaired."""
    status: str
    how: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """instance, lhs, rhs, relation, assumptions (margins) at the tightest instance or the
    counterexample; instances (their number), ratio (quantiles of lhs/rhs), trivial (share where a
    lower bound is <= 0), boxes (``Coverage``).
    """
    others: tuple["Verdict", ...] = ()
    """The verdicts of the other forms of the claim, on that of its first one."""
    about: "Claim | None" = None
    """The claim itself, which a certificate is computed from."""

    def __repr__(self) -> str:
        count = self.evidence.get("instances")
        return (
            f"Verdict({self.claim}, {self.form}: {self.status}, {self.how}"
            f"{'' if count is None else f', {count} instances'})"
        )

    @property
    def repaired(self) -> "Verdict | None":
        """The verdict of the repaired form, None where there is none."""
        return next((verdict for verdict in self.others if verdict.form == "repaired"), None)

    def lines(self) -> list[str]:
        """The verdict and its evidence, one item a line."""
        out = [f"{self.claim}, as {self.form}: {self.status.upper()} ({self.how})"]
        for key, value in self.evidence.items():
            if key == "instance":
                numbers = ", ".join(f"{name} = {text(entry)}" for name, entry in value.items())
                out.append(f"  instance: {numbers}")
            elif key == "assumptions":
                margins = ", ".join(f"{name}: {text(margin)}" for name, margin in value.items())
                out += [f"  assumptions: {margins}"] if margins else []
            elif key == "boxes":
                out += [f"  box: {coverage}" for coverage in value]
            elif key in ("lhs", "rhs"):
                out.append(f"  {key} = {text(value)}")
            else:
                out.append(f"  {key}: {value}")
        return out

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        lines = [line for verdict in (self, *self.others) for line in verdict.lines()]
        printer.text("\n".join(lines))


def text(value: Any) -> str:
    """A number or tuple as a person reads it: fractions while they are short, else mantissa and
    exponent.
    """
    if isinstance(value, tuple | list):
        if len(value) == 1:
            return f"{text(value[0])}"
        return f"({', '.join(map(text, value))})"
    if not isinstance(value, Fraction):
        if isinstance(value, float):
            return f"{value:.6g}"
        return str(value)
    if max(abs(value.numerator), value.denominator) < 10**12:
        return str(value)
    exponent = log10(abs(value.numerator)) - log10(value.denominator)
    whole = int((exponent + 5e-8) // 1)
    return f"{'-' if value < 0 else ''}{10 ** (exponent - whole):.6f}e{whole:+d}"


def plain(value: Any) -> Any:
    """Fractions as strings, long ones in hexadecimal, inside lists and dictionaries."""
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    if isinstance(value, Fraction):
        return literal(value)
    return value
