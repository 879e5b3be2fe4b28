"""Which function of the Hessian a tested code applies to the outer gradient, read off its results.

In the cases ``square_cross`` and ``square_cross_scaled`` J = -C' is a square matrix and invertible.
A code of the form value = -J x + direct with x = phi(H) g therefore shows x, and with the
eigenvectors Q of H its filter phi(lambda_i) = (Q'x)_i / (Q'g)_i on the spectrum, whatever it is.
An exact solve has phi = 1 / lambda; K terms of gradient descent or of a Neumann series have
1 - lambda phi = (1 - eta lambda)^K; damping has 1 / phi = lambda + delta.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance import kinds
from quadmeta.conformance.backward import outer_at_the_end
from quadmeta.conformance.case import Case
from quadmeta.conformance.cases import named
from quadmeta.conformance.given import floats
from quadmeta.conformance.problem import ExactProblem, shared

CASES = ("square_cross", "square_cross_scaled")
SAME = 1e-6
"""Relative: what is constant over the spectrum to this is taken to be a constant."""

_GRADIENT: dict[str, Callable[[ExactProblem], Array]] = {
    kinds.UNROLLED: outer_at_the_end,
    kinds.TRUNCATED: outer_at_the_end,
    kinds.ONE_STEP: outer_at_the_end,
    kinds.IMPLICIT: lambda p: p.outer_gradient(p.minimum),
    kinds.SOLVED: lambda p: p.outer_gradient(p.minimum),
    kinds.IMPLICIT_AT: lambda p: p.outer_gradient(p.point),
    kinds.NEUMANN: lambda p: p.outer_gradient(p.point),
}


@dataclass(frozen=True, eq=False)
class SpectralFilter:
    """phi on the spectrum of a case, and what it would be for known methods."""

    case: str
    eigenvalues: Array
    """lambda (P,)."""
    values: Array
    """phi(lambda) (P,)."""
    step_size: float
    """eta."""

    @property
    def solved(self) -> Array:
        """lambda phi: 1 for an exact solve."""
        return self.eigenvalues * self.values

    @property
    def damping(self) -> Array:
        """1 / phi - lambda: the damping, if it is the same at every lambda."""
        with np.errstate(divide="ignore"):
            return 1 / self.values - self.eigenvalues

    @property
    def terms(self) -> Array:
        """log|1 - lambda phi| / log|1 - eta lambda|: K terms, if it is the same at every lambda."""
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.log(np.abs(1 - self.solved))
            found: Array = left / np.log(np.abs(1 - self.step_size * self.eigenvalues))
        return found

    @property
    def meaning(self) -> str:
        """What it is the filter of, or "" where it is none of those above."""
        if np.abs(self.solved - 1).max() <= SAME:
            return "an exact solve"
        if _constant(self.terms):
            return f"{self.terms.mean():.6g} terms of the series"
        if _constant(self.damping):
            return f"a solve with damping {self.damping.mean():.6g}"
        if _constant(self.values):
            return f"{self.values.mean():.6g} times the identity"
        return ""


def filter_of(case: Case, kind: str, value: Array) -> SpectralFilter | None:
    """The filter that a result shows; None where the case or the kind has none.

    Parameters
    ----------
    case
        one of ``CASES``.
    kind
        one whose value is -J phi(H) g + direct.
    value
        what the tested code returned, (h,).
    """
    if case.name not in CASES or kind not in _GRADIENT or not np.isfinite(value).all():
        return None
    problem = shared(case)
    eigenvalues, Q = np.linalg.eigh(floats(problem.hessian))
    with np.errstate(all="ignore"):  # results may be as small or as large as floats are
        x = np.linalg.solve(floats(problem.cross).T, value)
        shown = (Q.T @ x) / (Q.T @ floats(_GRADIENT[kind](problem)))
    return SpectralFilter(case.name, eigenvalues, shown, float(case.step_size))


def meaning(kind: str, values: dict[str, Array]) -> str:
    """What both cases show the filter of, or "" where they differ or show none."""
    found = [filter_of(named(name), kind, values[name]) for name in CASES if name in values]
    with np.errstate(all="ignore"):
        meanings = {shown.meaning for shown in found if shown is not None}
    return meanings.pop() if len(found) == len(CASES) and len(meanings) == 1 else ""


def _constant(values: Array) -> bool:
    spread = np.abs(values - values.mean()).max()
    return bool(np.isfinite(values).all() and spread <= SAME * np.abs(values.mean()))
