"""Several codes side by side: one row a code, one column a case."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadmeta._validate import show
from quadmeta.conformance.given import Given
from quadmeta.conformance.report import Report
from quadmeta.conformance.running import check
from quadmeta.conformance.verdict import COLOURS, Result, Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Scoreboard:
    """Reports of several codes. Those of libraries that cannot be installed together are made in
    an environment each, saved, and joined by ``load``.
    """

    reports: tuple[Report, ...]

    @classmethod
    def load(cls, *paths: str | Path) -> "Scoreboard":
        """The scoreboard of saved reports, in this order; a file may hold one report or a list.

        Raises
        ------
        ValueError
            a file that holds no report.
        """
        found: list[Report] = []
        for path in paths:
            try:
                data = json.loads(Path(path).read_text(encoding="utf-8"))
                entries = data if isinstance(data, list) else [data]
                found += [Report.from_dict(entry) for entry in entries]
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path} holds no report: {error!r}") from None
        return cls(tuple(found))

    def save(self, path: str | Path) -> None:
        """Write all reports to a file, whole or not at all."""
        from quadmeta._files import write

        write(Path(path), (self.to_json() + "\n").encode())

    def to_json(self) -> str:
        """A list of reports."""
        return json.dumps([json.loads(report.to_json()) for report in self.reports], indent=1)

    def __getitem__(self, name: str) -> Report:
        """The report of one code."""
        return {report.name: report for report in self.reports}[name]

    @property
    def cases(self) -> tuple[str, ...]:
        """Every case that a code was given, in their order."""
        return tuple(dict.fromkeys(r.case for report in self.reports for r in report.results))

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a code and case."""
        return [
            {"code": report.name, "kind": report.kind, "library": report.library} | row
            for report in self.reports
            for row in report.rows()
        ]

    def to_pandas(self) -> Any:
        """A pandas DataFrame: one row a code, one column a case, a verdict in each cell.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        import pandas  # type: ignore[import-untyped]

        table = {
            report.name: {result.case: str(result.verdict) for result in report.results}
            for report in self.reports
        }
        return pandas.DataFrame.from_dict(table, orient="index", columns=list(self.cases))

    def __repr__(self) -> str:
        return "\n".join(report.summary for report in self.reports)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(case)}</th>" for case in self.cases)
        body = "".join(self._html_row(report) for report in self.reports)
        return (
            f"<table><thead><tr><th>code</th>{head}<th>cause</th></tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def _html_row(self, report: Report) -> str:
        results = {result.case: result for result in report.results}
        cells = "".join(_cell(results.get(case)) for case in self.cases)
        name = escape(f"{report.name} ({report.kind})")
        return f"<tr><td>{name}</td>{cells}<td>{escape(report.cause)}</td></tr>"

    def plot(self) -> "Figure":
        """A grid of codes and cases, coloured by verdict, the cause at the end of each row.

        Raises
        ------
        ImportError
            matplotlib is not installed.
        """
        from quadmeta.conformance.picture import grid_figure

        labels = [f"{report.name} ({report.kind})" for report in self.reports]
        table = [
            [results.get(case) for case in self.cases]
            for results in (
                {result.case: result.verdict for result in report.results}
                for report in self.reports
            )
        ]
        causes = [_short(report) for report in self.reports]
        return grid_figure(labels, self.cases, table, causes)


def scoreboard(
    codes: Mapping[str, Mapping[str, Any]] | Iterable[tuple[str, Callable[[Given], Any], str]],
) -> Scoreboard:
    """Check several codes.

    Parameters
    ----------
    codes
        {name: options}, where the options are ``function`` and those of :func:`check`; or triples
        (name, function, kind).

    Raises
    ------
    ValueError
        a code without a function or a kind, two of one name, and what ``check`` raises.

    Examples
    --------
    >>> from quadmeta import conformance
    >>> board = conformance.scoreboard({
    ...     "zero": {"function": lambda g: 0 * g.alpha, "kind": "implicit", "cases": ["generic"]},
    ... })
    >>> board
    zero (implicit, numpy): 1 silent zero
    """
    if isinstance(codes, Mapping):
        pairs = list(codes.items())
    else:
        pairs = [(name, {"function": code, "kind": kind}) for name, code, kind in codes]
    listed = dict[str, dict[str, Any]]()
    for name, given in pairs:
        if name in listed:
            raise ValueError(f"codes: two are called {show(name)}: a name is needed for each")
        if not isinstance(given, Mapping):
            raise ValueError(f"codes: {show(name)} is {show(given)}: pass its options by name")
        listed[name] = dict(given)
    for name, options in listed.items():
        for needed in ("function", "kind"):
            if needed not in options:
                raise ValueError(f"codes: {show(name)} has no {needed!r}")
    return Scoreboard(
        tuple(
            check(options.pop("function"), name=name, **options) for name, options in listed.items()
        )
    )


def _cell(result: Result | None) -> str:
    if result is None or result.verdict == Verdict.NOT_APPLICABLE:
        return "<td></td>"
    colour = COLOURS[result.verdict]
    return f'<td style="border-bottom:0.4em solid {colour}">{escape(result.verdict)}</td>'


def _short(report: Report) -> str:
    """What stands at the end of a code's row."""
    if report.fingerprints:
        return report.fingerprints[0].name
    return "" if report.passes else str(report.verdict)
