"""How a frozen dataclass keeps what it has read of its arguments."""

from typing import Any

import numpy as np


def keep(problem: Any, **values: Any) -> None:
    """Set attributes of a frozen dataclass; arrays become read-only, those in tuples too.

    Called once, while the instance is made: afterwards nobody changes it.
    """
    for name, value in values.items():
        _freeze(value)
        object.__setattr__(problem, name, value)


def _freeze(value: Any) -> None:
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
    elif isinstance(value, tuple):
        for entry in value:
            _freeze(entry)
