"""The discount shared by the discounted estimators."""
from typing import Any

from quadmeta._validate import finite


def discount(gamma: Any) -> float:
    """gamma in (0, 1].

    Raises:
        ValueError: outside.
    """
    value = finite("gamma", gamma)
    if value.ndim or not 0 < value <= 1:
        raise ValueError(f"gamma = {gamma!r} must lie in (0, 1]: a small one tends to OneStep")
    return float(value)
