"""The calling process itself, one point after the other."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from quadmeta.sweep.executor import attempt

P = TypeVar("P")


def loop(fn: Callable[[P], Any], points: list[P]) -> Generator[tuple[int, Any], None, None]:
    """Each point in its turn."""
    for index, point in enumerate(points):
        yield index, attempt(fn, point)
