"""Several estimators at one point: value, error against the exact derivative, counted cost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance, show
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.estimators.parts.base import Estimator, Hypergradient, hypergradient
from quadmeta.estimators.parts.solvable import power_of_two
from quadmeta.objectives.parts.base import Objective

COUNTED = ("hvps", "mixed", "outer_gradients", "stored_vectors")
SHOWN = 3
"""Components of a value that a table shows."""


@dataclass(frozen=True, eq=False)
class Compared:
    """One estimator: its estimate, or why it refuses."""

    name: str
    found: Hypergradient | None
    error: float | None
    """||estimate - exact|| / ||exact||; absolute where the exact derivative is 0, None where one
    of the two is not known in float64.
    """
    refusal: str = ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Estimators at one point, one a row; a table when it is printed."""

    exact: Array | None
    """The exact derivative, None where float64 does not hold it."""
    results: tuple[Compared, ...]

    def __getitem__(self, name: str) -> Compared:
        return {result.name: result for result in self.results}[name]

    def __len__(self) -> int:
        return len(self.results)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary an estimator: name, value, status, error, and what was counted."""
        return [_row(result) for result in self.results]

    def to_pandas(self) -> Any:
        """A pandas DataFrame with one row an estimator.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        import pandas  # type: ignore[import-untyped]

        return pandas.DataFrame(self.rows()).set_index("estimator")

    def _cells(self) -> list[list[str]]:
        head = ["estimator", "status", "error", *COUNTED, "value"]
        table = [head, ["exact", "", "", *[""] * len(COUNTED), _written(self.exact)]]
        for row in self.rows():
            error = "" if row["error"] is None else f"{row['error']:.1e}"
            counts = ["" if row[name] is None else str(row[name]) for name in COUNTED]
            last = row["refusal"] or _written(row["value"])
            table.append([row["estimator"], row["status"], error, *counts, last])
        return table

    def __repr__(self) -> str:
        table = self._cells()
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head, *body = self._cells()
        titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        lines = [
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in body
        ]
        return f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def compare(
    objective: Objective,
    theta: Numbers,
    estimators: Iterable[Estimator] | Mapping[str, Estimator],
) -> Comparison:
    """Run several estimators at one point, and compare them with the exact derivative.

    The exact one is ``objective.gradient``: the closed form on a quadratic, reverse mode through
    all steps elsewhere. Implicit estimators aim at another number, the limit of many steps, and
    their error says how far that is.

    Parameters
    ----------
    objective
        as for ``hypergradient``: of the package's problems or of one's own.
    theta
        step sizes or hyperparameters.
    estimators
        in a list, or by the names that the table shows.

    Returns
    -------
    A table of value, status, relative error and counted cost, with ``rows`` and ``to_pandas``. An
    estimator that refuses the problem is a row with its reason.

    Raises
    ------
    ValueError
        what is no objective or estimator, an empty list, equal estimators without names, or a
        theta outside the domain.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=1, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.compare(loss, [0.1], [qm.Reverse(), qm.Truncated(K=5), qm.Implicit()])
    >>> [(row["estimator"], row["hvps"]) for row in found.rows()]
    [('Reverse()', 19), ('Truncated(K=5)', 4), ('Implicit()', 3)]
    >>> found["Reverse()"].error < 1e-13 < found["Truncated(K=5)"].error < 1
    True
    """
    instance("objective", objective, Objective, "OuterLoss(problem, GradientDescent(100, 0.1))")
    if isinstance(estimators, Mapping):
        named = dict(estimators)
    elif isinstance(estimators, Iterable) and not isinstance(estimators, str):
        members = list(estimators)
        for member in members:
            instance("estimators", member, Estimator, "[Reverse(), Implicit()]")
        named = {_name(member): member for member in members}
        if len(named) < len(members):
            raise ValueError(
                f"estimators = {show(members)} has two with one name: pass {{name: estimator}}"
            )
    else:
        raise ValueError(f"estimators = {show(estimators)} must be a list, such as [Reverse()]")
    if not named:
        raise ValueError(f"estimators = {show(estimators)} is empty: pass a list of estimators")
    for member in named.values():
        instance("estimators", member, Estimator, "{'mine': Reverse()}")
    try:
        exact = _floats(objective.gradient(theta))
    except OverflowError:
        exact = None
    results = [_compared(objective, theta, name, one, exact) for name, one in named.items()]
    return Comparison(exact, tuple(results))


def _compared(
    objective: Objective, theta: Numbers, name: str, estimator: Estimator, exact: Array | None
) -> Compared:
    try:
        found = hypergradient(objective, theta, estimator)
    except (ValueError, OverflowError) as refusal:
        return Compared(name, None, None, str(refusal))
    return Compared(name, found, _error(_floats(found.value), exact))


def _name(estimator: Estimator) -> str:
    """The expression that makes it, without the usual dtype."""
    return repr(estimator).replace("dtype='float64', ", "").replace("dtype='float64'", "")


def _floats(value: object) -> Array | None:
    """A derivative in float64, where it fits."""
    if isinstance(value, SignLog):
        try:
            value = value.to_float()
        except OverflowError:
            return None
    return np.asarray(value, dtype=float)


def _error(value: Array | None, exact: Array | None) -> float | None:
    if value is None or exact is None:
        return None
    with np.errstate(all="ignore"):
        # squares of the entries then neither overflow nor vanish
        scale = power_of_two(exact)
        size = float(np.linalg.norm(exact / scale))
        distance = float(np.linalg.norm(np.ravel(value / scale) - np.ravel(exact / scale)))
    return distance / size if size else distance


def _row(result: Compared) -> dict[str, Any]:
    found = result.found
    row: dict[str, Any] = {"estimator": result.name, "status": "refused", "error": result.error}
    row |= {name: getattr(found, name, None) for name in COUNTED}
    row |= {"value": None, "refusal": result.refusal}
    if found is not None:
        row["status"] = str(found.status)
        row["value"] = found.value
    return row


def _written(value: object) -> str:
    """A few components of a value."""
    if value is None:
        return "beyond float64"
    if isinstance(value, SignLog):
        return repr(value)
    parts = [f"{float(entry):.6g}" for entry in np.ravel(np.asarray(value))]
    more = ", ..." if len(parts) > SHOWN else ""
    return ", ".join(parts[:SHOWN]) + more
