"""How a frozen dataclass keeps what it has read of its arguments."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def keep(problem: Any, **values: Any) -> None:
    """Set attributes of a frozen dataclass; arrays become read-only, those in tuples too.

    Called once, while the instance is made: afterwards nobody changes it.
    """
    _freeze(values.values())
    vars(problem).update(values)


def _freeze(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
        elif isinstance(value, tuple):
            _freeze(value)
