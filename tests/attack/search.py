"""The search: islands of instances of one shape that climb towards the largest ratio.

An island draws its shape and a population, and moves the best of it by steps of many sizes, along
one coordinate, along all, along the line to another one, or by making two coordinates equal.
"""

from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from tests.attack.oracle import CERTAIN, ROUNDING, Oracle

Array = Any
POPULATION = 100
"""Instances evaluated at once."""
GENERATIONS = 20
"""Batches of an island: the first is drawn, the others are moved."""
ISLAND = POPULATION * GENERATIONS
ENOUGH = 5
"""Violations after which nothing more is to be learned."""
ELITE = 12
"""Instances that survive a generation."""


@dataclass
class Found:
    """What the search of one form found so far."""

    islands: int = 0
    evaluations: int = 0
    outside: int = 0
    """Instances that do not meet the assumptions."""
    suspicious: int = 0
    """Instances whose violation in float64 was rounding."""
    violations: int = 0
    ratio: float = -np.inf
    """The largest one; 1 stands for all that is above 1 by rounding."""
    shape: dict[str, Any] = field(default_factory=dict)
    instance: dict[str, Any] = field(default_factory=dict)
    broken: dict[str, Any] = field(default_factory=dict)
    """The first instance that violates the statement, with its shape and ratio."""


def moved(rng: np.random.Generator, z: Array) -> Array:
    """A population around the best instances, which are kept."""
    count, width = z.shape
    parents = z[rng.integers(0, count, POPULATION - count)]
    others = z[rng.integers(0, count, POPULATION - count)]
    sizes = 10 ** rng.uniform(-6, 0.7, (len(parents), 1))
    steps = sizes * rng.standard_normal(parents.shape)
    kind = rng.random((len(parents), 1))
    single = np.arange(width) == rng.integers(0, width, (len(parents), 1))
    steps = np.where(kind < 0.4, steps * single, steps)
    steps = np.where(kind > 0.8, (others - parents) * rng.uniform(-0.5, 1.5, kind.shape), steps)
    children = parents + steps
    if width > 1:
        rows = np.flatnonzero((kind[:, 0] > 0.4) & (kind[:, 0] < 0.45))
        k = rng.integers(0, width - 1, len(rows))
        children[rows, k] = children[rows, k + 1]
    return np.concatenate([z, children])


def island(oracle: Oracle, seed: int, number: int, found: Found) -> None:
    """One island, added to what was found; it follows from the name, the seed and the number."""
    rng = np.random.default_rng([seed, crc32(oracle.name.encode()), number])
    shape = oracle.shape(rng)
    width = oracle.width(shape)
    z = rng.standard_normal((POPULATION, width)) * rng.choice([0.3, 1, 2, 4])
    for generation in range(GENERATIONS):
        values = oracle.instance(z, shape)
        ratios = np.asarray(oracle.ratios(values, shape), dtype=float)
        usable = np.isfinite(ratios)
        found.evaluations += len(z) if generation == 0 else len(z) - min(ELITE, len(z))
        found.outside += int((~usable).sum())
        ratios = np.where(usable, ratios, -np.inf)
        _judge(oracle, shape, values, ratios, found)
        if found.violations >= ENOUGH:
            break
        z = z[np.argsort(-ratios, kind="stable")[:ELITE]]
        z = moved(rng, z)
    found.islands += 1


def _judge(
    oracle: Oracle, shape: dict[str, Any], values: dict[str, Array], ratios: Array, found: Found
) -> None:
    """Count the violations of a batch and keep its tightest instance.

    ``ratios`` loses what is above 1 by more than rounding and no violation.
    """
    doubtful = np.flatnonzero(ratios > 1 + ROUNDING)
    for k in doubtful[np.argsort(-ratios[doubtful], kind="stable")][:2]:
        one = {name: x[k : k + 1] for name, x in values.items()}
        exact = oracle.precise(one, shape)
        if exact > 1 + CERTAIN:
            found.violations += 1
            if not found.broken:
                found.broken = {"ratio": float(exact), "shape": shape, **_plain(one)}
        else:
            found.suspicious += 1
            ratios[k] = float(exact) if exact == exact else -np.inf
    ratios[ratios > 1 + ROUNDING] = -np.inf
    best = int(np.argmax(ratios))
    if min(ratios[best], 1.0) > found.ratio:
        one = {name: x[best : best + 1] for name, x in values.items()}
        found.ratio, found.shape, found.instance = min(ratios[best], 1.0), shape, _plain(one)


def _plain(one: dict[str, Array]) -> dict[str, Any]:
    """An instance as lists and floats."""
    return {name: x[0].tolist() for name, x in one.items()}


def settled(oracle: Oracle, found: Found) -> Found:
    """The same with the ratio of the tightest instance at 60 digits."""
    if not found.instance:
        return found
    one = {name: np.array([value]) for name, value in found.instance.items()}
    exact = oracle.precise(one, found.shape)
    if exact > 1 + CERTAIN:
        found.violations += 1
        found.broken = found.broken or {
            "ratio": float(exact),
            "shape": found.shape,
            **found.instance,
        }
    found.ratio = float(exact)
    return found


def search(oracle: Oracle, evaluations: int, seed: int = 0, found: Found | None = None) -> Found:
    """Islands until there are so many evaluations, those of ``found`` included."""
    found = found or Found()
    while found.evaluations < evaluations and found.violations < ENOUGH:
        island(oracle, seed, found.islands, found)
    return settled(oracle, found)
