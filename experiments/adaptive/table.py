"""What automatic differentiation returns at a zero gradient, derivative by derivative."""

import numpy as np

from experiments.adaptive.digits import row
from experiments.adaptive.golden import NAMES, SETTINGS, automatic, exact
from experiments.shared.tables import Rows

WORDS = {".": "right", "n": "nan", "i": "infinite"}
DIGITS = {"float64": 1e-9, "float32": 1e-3}
"""Relative errors up to which a derivative is right in a format."""


def rows(T: int) -> Rows:
    """One row a setting, mode and derivative."""
    found = []
    for key, setting in SETTINGS.items():
        truth = exact(setting, T)
        for mode in ("reverse", "forward"):
            predicted = getattr(setting, mode)
            values = automatic(setting, T, mode)
            for name, sign in zip(NAMES, predicted, strict=True):
                value = values[name]
                right = abs(value - truth[name]) <= DIGITS[setting.dtype] * abs(truth[name])
                found.append(
                    row(
                        "table",
                        setting=key,
                        mode=mode,
                        name=name,
                        measured=value if np.isfinite(value) else None,
                        theory=truth[name],
                        returned=word(value, right),
                        predicted=WORDS[sign],
                    )
                )
    return found


def word(value: float, right: bool) -> str:
    """What came back."""
    if np.isnan(value):
        return "nan"
    if np.isinf(value):
        return "infinite"
    if right:
        return "right"
    return "wrong"
