"""How the time of a grid of closed forms grows with the horizon, the dimension and the number of
step sizes.
"""

from statistics import median
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.speed.clock import Clock

Row = dict[str, Any]
_BASE: dict[str, dict[str, int]] = {
    "full": {"T": 1000, "d": 100, "grid": 1000},
    "smoke": {"T": 20, "d": 5, "grid": 10},
}
_AXES: dict[str, dict[str, tuple[int, ...]]] = {
    "full": {
        "T": (100, 1000, 10**4, 10**5, 10**9),
        "d": (10, 100, 1000),
        "grid": (10, 100, 1000, 10**4),
    },
    "smoke": {"T": (20, 200), "d": (5, 10), "grid": (10, 20)},
}


def growth_rows(size: str) -> list[Row]:
    """Seconds and memory of (G, G') on a grid, with one of T, d and the grid varied; modes are
    known.
    """
    return [
        {"name": axis, "value": float(value)} | _measure(size, **_BASE[size] | {axis: value})
        for axis, values in _AXES[size].items()
        for value in values
    ]


def _measure(size: str, T: int, d: int, grid: int) -> Row:
    problem = qm.Quadratic.from_spectrum(qm.spectra.linear(0.01, 1, d), seed=0)
    log = qm.LogObjective(problem, qm.GradientDescent(T))
    eta = np.linspace(0.01, 1.9, grid)
    clock = Clock(lambda: log.scan(eta), size)
    times = [clock.sample() for _ in range(clock.rounds)]
    return {
        "T": T,
        "d": d,
        "grid": grid,
        "seconds": median(times),
        "repeats": len(times),
        "memory": round(clock.memory, 2),
    }
