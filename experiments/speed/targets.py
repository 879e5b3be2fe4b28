"""What the speed table should reach: ratios of times of one run."""

import subprocess
import sys
from typing import Any, NamedTuple

from experiments.speed.clock import seconds

Row = dict[str, Any]
Key = tuple[str, str, str]


class Target(NamedTuple):
    """slow / fast should be ``required`` or more; with ``most`` that or less."""

    name: str
    slow: Key
    fast: Key
    required: float
    most: bool = False


JAX = "jax"
TORCH = "torch"
CLOSED = "closed form"
EIGH = "closed form with eigh"
TARGETS = (
    Target(
        "one gradient, modes known, d = T = 1000",
        ("W1", "large", JAX),
        ("W1", "large", CLOSED),
        5000,
    ),
    Target("one gradient, d = 100, T = 1000", ("W1", "T2", JAX), ("W1", "T2", CLOSED), 150),
    Target("one gradient, d = 100, T = 10^5", ("W1", "T4", JAX), ("W1", "T4", CLOSED), 10_000),
    Target("single shot with eigh, d = T = 1000", ("W1", "large", JAX), ("W1", "large", EIGH), 1),
    Target("single shot with eigh, d = 100, T = 10^5", ("W1", "T4", JAX), ("W1", "T4", EIGH), 200),
    Target(
        "single shot by Lanczos, d = T = 1000", ("W1", "large", JAX), ("W1", "large", "Lanczos"), 4
    ),
    Target(
        "1000 step sizes x 100 tasks, with eigh", ("W2", "grid", JAX), ("W2", "grid", CLOSED), 75
    ),
    Target(
        "the same, jax given the eigenbases",
        ("W2", "grid", "jax, in modes"),
        ("W2", "grid", "closed form without eigh"),
        1,
    ),
    Target("train / validation sweep, d = 100", ("W3", "small", JAX), ("W3", "small", CLOSED), 500),
    Target(
        "train / validation sweep, d = 1000", ("W3", "large", JAX), ("W3", "large", CLOSED), 300
    ),
    Target("1000 sample weights, T = 50", ("W4", "T1", JAX), ("W4", "T1", CLOSED), 5),
    Target("1000 sample weights, T = 1000", ("W4", "T3", JAX), ("W4", "T3", CLOSED), 80),
    Target("1000 sample weights, T = 1000, torch", ("W4", "T3", TORCH), ("W4", "T3", CLOSED), 150),
    Target(
        "the same, jax given the Gram form",
        ("W4", "T3", "jax, Gram first"),
        ("W4", "T3", CLOSED),
        1,
    ),
    Target("implicit against unrolled, T = 1000", ("W4", "T3", JAX), ("W4", "T3", "implicit"), 400),
    Target(
        "implicit against implicit jax", ("W4", "T3", "jax, implicit"), ("W4", "T3", "implicit"), 1
    ),
    Target(
        "schedule of 1000 steps, d = 100", ("W5", "schedule", JAX), ("W5", "schedule", CLOSED), 10
    ),
    Target(
        "grid over log and exp of its elements",
        ("W2", "grid", "closed form without eigh"),
        ("W2", "grid", "log and exp"),
        2,
        True,
    ),
    Target("time at T = 10^5 over T = 100", ("W1", "T4", CLOSED), ("W1", "T1", CLOSED), 1.5, True),
    Target(
        "the same in full accuracy",
        ("W1", "T4", "closed form, full accuracy"),
        ("W1", "T1", "closed form, full accuracy"),
        1.5,
        True,
    ),
    Target(
        "the same with momentum (log T: 2.5)",
        ("W1", "T4", "closed form, momentum"),
        ("W1", "T1", "closed form, momentum"),
        2.5,
        True,
    ),
    Target(
        "sample weights, T = 1000 over T = 50",
        ("W4", "T3", CLOSED),
        ("W4", "T1", CLOSED),
        1.2,
        True,
    ),
    Target(
        "import quadmeta over import numpy",
        ("import", "", "quadmeta"),
        ("import", "", "numpy"),
        1.3,
        True,
    ),
)


def target_rows(times: list[Row], elementwise: float, size: str = "full") -> list[Row]:
    """Each target with what was measured, None where a peer is missing; beside it the ratio to the
    numpy loop.
    """
    found: dict[Key, float] = {
        (row["workload"], row["slot"], row["route"]): row["seconds"] for row in times
    }
    for row in times:
        if row["workload"] == "W2":
            elements = row["d"] * row["tasks"] * row["grid"]
    found |= {
        ("W2", "grid", "log and exp"): elements * elementwise,
        **{("import", "", name): start_up(name, size) for name in ("quadmeta", "numpy")},
    }
    rows = []
    for target in TARGETS:
        slow = found.get(target.slow)
        fast = found[target.fast]
        loop = found.get((*target.slow[:2], "reverse" if target.slow[0] == "W4" else "numpy"))
        if slow is None:
            ratio = None
        else:
            ratio = slow / fast
        if ratio is None:
            met = None
        else:
            met = bool(ratio <= target.required if target.most else ratio >= target.required)
        rows.append(
            {
                "name": target.name,
                "value": ratio,
                "required": float(target.required),
                "most": target.most,
                "met": met,
                "loop": None if loop is None or target.most else loop / fast,
            }
        )
    return rows


def start_up(name: str, size: str) -> float:
    """Median seconds of ``python -c "import name"``."""
    command = [sys.executable, "-c", f"import {name}"]
    return seconds(lambda: subprocess.run(command, check=True), size)
