"""The discount shared by the discounted estimators."""

from quadmeta._types import Scalar
from quadmeta._validate import number


def discount(gamma: Scalar) -> float:
    """gamma in (0, 1].

    Raises
    ------
    ValueError
        outside.
    """
    return number("gamma", gamma, above=0, most=1, remedy="a small one tends to OneStep")
