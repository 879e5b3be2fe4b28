"""What was found out about a tested code."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from quadmeta.conformance.cases import named
from quadmeta.conformance.filters import CASES as FILTER_CASES, SpectralFilter, filter_of
from quadmeta.conformance.kinds import MEANINGS, STOCHASTIC
from quadmeta.conformance.match import Match
from quadmeta.conformance.verdict import COLOURS, ORDER, Result, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 10
"""Cases that a report lists in a terminal."""
COLUMNS = (
    "case",
    "verdict",
    "error",
    "tolerance",
    "relative_error",
    "distance",
    "value",
    "exact",
    "message",
    "notes",
    "seconds",
    "catches",
)


@dataclass(frozen=True, eq=False)
class Report:
    """The verdict on a code, case by case.

    In a terminal it shows what is not right; ``to_pandas``, ``to_json`` and ``plot`` give the
    rest.
    """

    name: str
    kind: str
    library: str
    results: tuple[Result, ...]
    fingerprints: tuple[Match, ...] = ()
    """Wrong formulas that explain every result."""
    resembles: tuple[Match, ...] = ()
    """Where none does: those that explain most of the wrong ones."""
    remark: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of a case that applies; not applicable where none does."""
        return min((result.verdict for result in self.results), key=ORDER.index)

    @property
    def passes(self) -> bool:
        """Whether a case applies, and all that do are right or right for what they document."""
        tested = [r.verdict for r in self.results if r.verdict != Verdict.NOT_APPLICABLE]
        return bool(tested) and all(verdict.passes for verdict in tested)

    @property
    def counts(self) -> dict[Verdict, int]:
        """{verdict: number of cases}, from the worst to the best."""
        found = Counter(result.verdict for result in self.results)
        return {verdict: found[verdict] for verdict in ORDER if found[verdict]}

    def __getitem__(self, case: str) -> Result:
        """The result of one case."""
        return {result.case: result for result in self.results}[case]

    @property
    def summary(self) -> str:
        """One line: the verdict, how often, and why."""
        counted = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())
        cause = self.cause
        return f"{self.name} ({self.kind}, {self.library}): {counted}" + (
            f". {cause[0].upper()}{cause[1:]}" if cause else ""
        )

    @property
    def cause(self) -> str:
        """The likely cause of what is wrong, or ""."""
        if self.fingerprints:
            return "as if: " + "; or: ".join(map(str, self.fingerprints))
        if self.remark:
            return self.remark
        if self.resembles:
            return "unknown; resembles: " + "; ".join(map(str, self.resembles))
        return ""

    def __repr__(self) -> str:
        lines = [self.summary]
        shown = [result for result in self.results if not result.verdict.passes or result.notes]
        for result in shown[:SHOWN]:
            why = _why(result)
            unexplained = result.verdict == Verdict.WRONG and not self.fingerprints
            if unexplained and result.catches:
                why += f"; the case is there to catch: {result.catches}"
            lines.append(f"  {result.case}: {result.verdict}" + (f", {why}" if why else ""))
        if len(shown) > SHOWN:
            lines.append(f"  and {len(shown) - SHOWN} more, see to_pandas() or rows()")
        skipped = [r for r in self.results if r.verdict == Verdict.NOT_APPLICABLE]
        if skipped and self.kind == STOCHASTIC:
            # each has its own reason, which is no feature that the code lacks
            lines += [f"  {result.case}: not applicable, {result.message}" for result in skipped]
        elif skipped:
            lines.append("  not applicable: " + ", ".join(result.case for result in skipped))
        return "\n".join(lines)

    def filters(self) -> tuple[SpectralFilter, ...]:
        """The function of the Hessian that this code applies, on two spectra, where it shows."""
        found = (
            filter_of(named(result.case), self.kind, result.value)
            for result in self.results
            if result.case in FILTER_CASES and result.value is not None
        )
        return tuple(shown for shown in found if shown is not None)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a case, with plain numbers, lists and texts."""
        return [
            {
                "case": result.case,
                "verdict": str(result.verdict),
                "error": result.error,
                "tolerance": result.tolerance,
                "relative_error": result.relative,
                "distance": result.distance,
                "value": None if result.value is None else result.value.tolist(),
                "exact": result.exact.tolist(),
                "message": result.message,
                "notes": list(result.notes),
                "seconds": result.seconds,
                "catches": result.catches,
            }
            for result in self.results
        ]

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row a case.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        import pandas  # type: ignore[import-untyped]

        return pandas.DataFrame(self.rows(), columns=list(COLUMNS))

    def to_json(self) -> str:
        """Everything as JSON; what is not finite is a text."""
        found = {
            "name": self.name,
            "kind": self.kind,
            "meaning": MEANINGS[self.kind],
            "library": self.library,
            "verdict": str(self.verdict),
            "passes": self.passes,
            "fingerprints": [vars(match) for match in self.fingerprints],
            "resembles": [vars(match) for match in self.resembles],
            "remark": self.remark,
            "results": _finite(self.rows()),
        }
        return json.dumps(found, indent=1)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Report":
        """The report that ``to_json`` wrote, parsed.

        Raises
        ------
        KeyError, TypeError, ValueError
            it is none.
        """
        return cls(
            name=data["name"],
            kind=data["kind"],
            library=data["library"],
            results=tuple(_result(row) for row in data["results"]),
            fingerprints=tuple(Match(**match) for match in data["fingerprints"]),
            resembles=tuple(Match(**match) for match in data["resembles"]),
            remark=data["remark"],
        )

    def save(self, path: str | Path) -> None:
        """Write ``to_json`` to a file, whole or not at all."""
        from quadmeta._files import write

        write(Path(path), (self.to_json() + "\n").encode())

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td>{escape(result.case)}</td><td style="border-left:0.6em solid '
            f'{COLOURS[result.verdict]};padding-left:0.4em">{escape(result.verdict)}</td>'
            f"<td>{_number(result.error)}</td><td>{result.tolerance:.2g}</td>"
            f"<td>{escape(_why(result))}</td></tr>"
            for result in self.results
        )
        return (
            f"<p>{escape(self.summary)}</p><table><thead><tr><th>case</th><th>verdict</th>"
            f"<th>error</th><th>tolerance</th><th>why</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )

    def plot(self) -> "Figure":
        """Error over tolerance a case, coloured by verdict; the line is what rounding explains.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        """
        from quadmeta.conformance.picture import report_figure

        explains = "chance" if self.kind == STOCHASTIC else "rounding"
        return report_figure(f"{self.name}: {self.verdict}", self.results, explains)


def _why(result: Result) -> str:
    parts = []
    if result.error is not None and not result.verdict == Verdict.RIGHT:
        relative = "" if result.relative is None else f" ({result.relative:.2g} relative)"
        parts.append(f"error {result.error:.2g}{relative}, tolerance {result.tolerance:.2g}")
    if result.distance is not None:
        parts.append(f"its formula is {result.distance:.2g} away from the derivative, relative")
    parts += [part for part in (result.message, *result.notes) if part]
    return "; ".join(parts)


def _result(row: Mapping[str, Any]) -> Result:
    """A row of ``Report.rows`` as it was."""
    value = row["value"]
    return Result(
        case=row["case"],
        catches=row["catches"],
        verdict=Verdict(row["verdict"]),
        exact=np.array(row["exact"], dtype=float),
        tolerance=row["tolerance"],
        value=None if value is None else np.array(value, dtype=float),
        error=row["error"],
        distance=row["distance"],
        message=row["message"],
        notes=tuple(row["notes"]),
        seconds=row["seconds"],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _finite(value: Any) -> Any:
    """The same with nan and inf as texts, which JSON has no numbers for."""
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return str(value)
    if isinstance(value, list):
        return [_finite(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    return value
