"""Calls of the package: an exception is an answer too, and a warning is an exception."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quadmeta import SignLog


def ask(call: Callable[..., Any], *args: Any) -> Any:
    """What the call returns, or the exception that it raises."""
    try:
        return call(*args)
    except Exception as error:  # noqa: BLE001 (whatever it is, the judge decides)
        return error


def describe(values: Any, k: Any) -> Any:
    """Entry k as a float, a pair (sign, log) or an exception."""
    if isinstance(values, list):
        return single(values[k])
    if isinstance(values, Exception):
        return values
    return single(values[k])


def single(value: Any) -> Any:
    """One number of the package as a float or a pair (sign, log)."""
    if isinstance(value, Exception):
        return value
    if isinstance(value, SignLog):
        return float(value.sign), float(value.log)
    return float(np.asarray(value))
