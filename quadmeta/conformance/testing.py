"""The cases as tests of another project: an assertion, and a parametrised pytest test."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from quadmeta._validate import number
from quadmeta.conformance.case import Case
from quadmeta.conformance.given import Given, library
from quadmeta.conformance.judge import Declared
from quadmeta.conformance.match import hints
from quadmeta.conformance.running import check, one
from quadmeta.conformance.selection import features, known, selected
from quadmeta.conformance.verdict import Verdict


def assert_conforms(function: Callable[[Given], Any], **options: Any) -> None:
    """Raise an AssertionError with the report, unless every case is right.

    Right for a documented approximation is right. The options are those of :func:`check`.

    Raises
    ------
    AssertionError
        a case is not right.

    Examples
    --------
    >>> from quadmeta import conformance
    >>> def forgotten(g):
    ...     return 0 * g.alpha
    >>> conformance.assert_conforms(forgotten, kind="implicit")
    Traceback (most recent call last):
        ...
    AssertionError: forgotten (implicit, numpy): 24 silent zero, 1 right, 3 not applicable...
    """
    report = check(function, **options)
    if not report.passes:
        raise AssertionError(repr(report))


@dataclass(frozen=True, eq=False)
class OneCase:
    """A case of :func:`parametrize`: what a test of another project checks."""

    case: Case
    kind: str
    xp: ModuleType | str = "numpy"
    supports: frozenset[str] = frozenset()
    declared: Declared = field(default_factory=Declared)
    time_limit: float = 60.0

    @property
    def name(self) -> str:
        """The name of the case."""
        return self.case.name

    def check(self, function: Callable[[Given], Any]) -> None:
        """Skip, pass, or fail with the verdict, the numbers and the likely cause.

        Raises
        ------
        AssertionError
            the result is not right.
        """
        result = one(
            function,
            self.case,
            self.kind,
            library(self.xp),
            self.supports,
            self.declared,
            self.time_limit,
        )
        if result.verdict == Verdict.NOT_APPLICABLE:
            import pytest

            pytest.skip(result.message)
        if result.verdict.passes:
            return
        lines = [f"{self.name}: {result.verdict}"]
        if result.value is not None:
            lines.append(f"returned {result.value.tolist()}, exact {result.exact.tolist()}")
        if result.error is not None:
            lines.append(f"error {result.error:.3g} > tolerance {result.tolerance:.3g}")
        lines += [part for part in (result.message, *result.notes) if part]
        if result.verdict in (Verdict.WRONG, Verdict.ZERO):
            causes = hints(self.kind, self.case, result)
            lines.append("consistent with: " + (", ".join(causes) if causes else "nothing known"))
        lines.append(f"this case is there to catch: {self.case.catches}")
        raise AssertionError("\n".join(lines))

    def __repr__(self) -> str:
        return f"OneCase({self.name!r}, {self.kind!r})"


def parametrize(
    kind: str,
    *,
    xp: ModuleType | str = "numpy",
    supports: Iterable[str] = (),
    cases: str | Iterable[str] = "all",
    rtol: float = 0.0,
    atol: float = 0.0,
    inner_tol: float = 0.0,
    time_limit: float = 60.0,
    known_failures: Mapping[str, str] | None = None,
) -> Any:
    """One pytest test a case, in the test suite of another project.

    The decorated test takes one argument ``case`` and calls ``case.check(function)``.

    Parameters
    ----------
    known_failures
        {name of a case: why}: these are expected to fail, and a test that passes although it is
        listed fails, so that a mended library is noticed.

    Other options are those of :func:`check`.

    Returns
    -------
    A decorator, as ``pytest.mark.parametrize`` gives.

    Raises
    ------
    ValueError
        an unknown kind, feature or case.

    Examples
    --------
    >>> from quadmeta import conformance
    >>> @conformance.parametrize("implicit", supports={"matrix"})
    ... def test_mine(case):
    ...     case.check(my_hypergradient)
    """
    import pytest

    kind = known(kind)
    able = features(supports)
    chosen = selected(kind, cases)
    limit = number("time_limit", time_limit, above=0.0)
    expected = dict(known_failures or {})
    unknown = set(expected) - {case.name for case in chosen}
    if unknown:
        raise ValueError(f"known_failures: {sorted(unknown)[0]!r} is no case of this selection")
    entries = [
        pytest.param(
            OneCase(case, kind, xp, able, Declared(rtol, atol, inner_tol), limit),
            id=case.name,
            marks=(
                [pytest.mark.xfail(reason=expected[case.name], strict=True)]
                if case.name in expected
                else []
            ),
        )
        for case in chosen
    ]
    return pytest.mark.parametrize("case", entries)
