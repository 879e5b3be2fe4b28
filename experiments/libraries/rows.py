"""The rows of one mode: its report, made here or in the environment of its library."""

import json
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory

from experiments.libraries.environments import in_environment
from experiments.libraries.modes import MODES, Mode
from experiments.libraries.worker import ABSENT
from experiments.shared.tables import Row, Rows
from quadmeta.conformance import Report, Result, Verdict

MISSING = "not installed"
"""The verdict of the one row of a mode whose library is not there."""
MOSTLY = 0.8
"""Of the cases that decide, the share at which a formula is named although others contradict it."""
SHOWN = 90
"""Characters of an exception that a table keeps."""


def rows(name: str, cases: str) -> Rows:
    """One row a case; a single one where the library is not installed.

    Raises
    ------
    RuntimeError
        the worker ended early, as it does when it is killed.
    """
    mode = MODES[name]
    if not mode.environment:
        return from_report(mode, mode.check(cases), None)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        done = in_environment(
            mode.environment, "experiments.libraries.worker", name, str(path), cases
        )
        if done.returncode == ABSENT:
            return [missing(mode, done.stderr)]
        if done.returncode != 0:
            raise RuntimeError(f"the worker ended with {done.returncode}: {done.stderr[-2000:]}")
        report = Report.from_dict(json.loads(path.read_text(encoding="utf-8")))
    return from_report(mode, report, done.stdout.split()[-1])


def from_report(mode: Mode, report: Report, version: str | None) -> Rows:
    """The rows of a report."""
    return [
        _head(mode, version)
        | {
            "case": result.case,
            "verdict": str(result.verdict),
            "error": _finite(result.error),
            "relative": _finite(result.relative),
            "tolerance": result.tolerance,
            "cause": _cause(report, result),
        }
        for result in report.results
    ]


def missing(mode: Mode, said: str) -> Row:
    """The row of a library that is not there."""
    return _head(mode, None) | {
        "case": None,
        "verdict": MISSING,
        "error": None,
        "relative": None,
        "tolerance": None,
        "cause": _line(said.strip().splitlines()[-1]) if said.strip() else None,
    }


def _head(mode: Mode, version: str | None) -> Row:
    return {
        "library": mode.library or "none",
        "version": version,
        "mode": mode.name,
        "kind": mode.kind,
    }


def _cause(report: Report, result: Result) -> str | None:
    """The mistake that explains a wrong value, what a call raised, else nothing."""
    if result.verdict in (Verdict.WRONG, Verdict.ZERO):
        if report.fingerprints:
            return report.fingerprints[0].name
        near = [match for match in report.resembles if match.share >= MOSTLY]
        return f"mostly {near[0].name}" if near else "unknown"
    if result.verdict in (Verdict.RAISES, Verdict.UNUSABLE):
        return _line(result.message)
    return None


def _line(text: str) -> str:
    return " ".join(text.split())[:SHOWN]


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else value
