"""A way to do a workload of the speed table, or a part of it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Case = dict[str, Any]
Inputs = dict[str, Any]


class Route(NamedTuple):
    """One way to do a workload, or a part of it: some tasks, some steps. ``share`` is that part of
    the work.
    """

    call: Callable[[], Any]
    part: dict[str, int] = {}
    share: float = 1.0
    target: str | None = "exact"
    """What its result should be, a name of ``reference``, or None for an estimate of its own."""


def reduced(case: Case, given: Inputs, part: dict[str, int]) -> tuple[Case, Inputs]:
    """The same case with fewer tasks or steps."""
    if "tasks" in part:
        given = {name: x if name == "eta" else x[: part["tasks"]] for name, x in given.items()}
    return case | part, given


def partly(
    case: Case,
    given: Inputs,
    part: dict[str, int],
    route: Callable[[Case, Inputs], Callable[[], Any]],
) -> Route:
    """A route that does part of the work; time is proportional to tasks and to steps."""
    part = {name: min(value, case[name]) for name, value in part.items()}
    share = float(np.prod([value / case[name] for name, value in part.items()]))
    return Route(route(*reduced(case, given, part)), part, share)
