"""The derivative of one step of Adam in a hyperparameter, against the gradient that it moves."""

import numpy as np

from experiments.adaptive.digits import row
from experiments.adaptive.golden import STEP_SIZE, Setting, automatic, exact
from experiments.adaptive.table import word
from experiments.shared.tables import Rows

EPSILON = 1e-8
PLACES = {"outside": (EPSILON, 0.0), "inside": (0.0, EPSILON)}
SMALLEST = -27
"""Decimal exponent of the smallest gradient other than 0."""
UNDERFLOW = 2.0**-149
"""The least positive number of float32."""


def rows(T: int, per_decade: int) -> Rows:
    """F' exactly and by reverse mode in float32 and float64, at g = 0 and on a grid."""
    count = -SMALLEST * per_decade + 1
    found = []
    for place, (epsilon, root) in PLACES.items():
        for g in (0.0, *np.logspace(SMALLEST, 0, count)):
            setting = Setting(place, float(g), epsilon, root)
            truth = exact(setting, T)["alpha"]
            found.append(
                row(
                    "spike",
                    setting=place,
                    mode="exact",
                    x=float(g),
                    measured=truth,
                    theory=slope(float(g), epsilon, root),
                )
            )
            for dtype in ("float32", "float64"):
                value = automatic(setting._replace(dtype=dtype), T, "reverse")["alpha"]
                found.append(
                    row(
                        "spike",
                        setting=place,
                        mode=dtype,
                        x=float(g),
                        measured=value if np.isfinite(value) else None,
                        theory=truth,
                        returned=word(value, np.isfinite(value)),
                        predicted=predicted(float(g), root, dtype),
                    )
                )
    return found


def slope(g: float, epsilon: float, root: float) -> float:
    """F' = (dF/dw_1) (-eta du/dg) (-1) + the second coordinate, whose u is 1 to rounding."""
    s = np.sqrt(g**2 + root)
    # du/dg = (s (s + epsilon) - g^2) / (s (s + epsilon)^2), with s^2 - g^2 = root
    steep = 1 / (s + epsilon)
    if s > 0:
        steep = (root / s + epsilon) / (s + epsilon) ** 2
    w = STEP_SIZE * g / (s + epsilon)
    h = 1 + g
    r = np.sqrt(h**2 + root)
    along = (root / r + epsilon) / (r + epsilon) ** 2
    second = STEP_SIZE * h / (r + epsilon)
    return float((w - 1) * STEP_SIZE * steep + (2 * second + 1) * STEP_SIZE * along)


def predicted(g: float, root: float, dtype: str) -> str:
    """A number ("right" to the digits of the format), but nan at 0, and infinite in float32 where
    v, 1/100 of g^2, rounds to 0, both if no epsilon is inside the root.
    """
    if root > 0:
        return "right"
    if g == 0:
        return "nan"
    if dtype == "float32" and g**2 / 100 < UNDERFLOW / 2:
        return "infinite"
    return "right"
