"""The rows of the figure on stochastic hypergradients: budgets."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.shared.tables import Row, Rows
from experiments.stochastic_bilevel.simulated import HESSIANS, NOISE, SHARES, Plan, simulated
from quadmeta.theory import sampled_solves, single_loop
from quadmeta.typing import Array

NU = float(SHARES @ HESSIANS**2 - 1)
LONGEST = 1 / float(HESSIANS.max())
"""1 / L, the longest step that the sources allow."""
STEPS = np.geomspace(LONGEST / 1000, LONGEST, 61)
SPLITS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the budget that train the weights."""
BATCH = 64
"""Of the batch that is reused."""
DRAWN = 3500
"""The largest budget that is simulated."""
METHODS = ("series", "SOBA", "F2SA", "random length", "reused batch")


def row(part: str, name: str, x: float, **given: Any) -> Row:
    """A row of the table."""
    columns = ("bias", "deviation", "error", "sample", "spread", "value", "below", "above")
    return {"part": part, "name": name, "x": x} | dict.fromkeys(columns) | given


def sizes(budgets: int, most: int) -> list[int]:
    """Even numbers of calls."""
    return [2 * round(size / 2) for size in np.geomspace(50, most, budgets)]


def methods(size: int, runs: int, seed: int) -> Rows:
    """Each method with the best plan for its budget."""
    found = []
    for number, name in enumerate(METHODS):
        plan, split = best(name, size)
        given: Row = {
            "bias": math.sqrt(split.bias_square),
            "deviation": math.sqrt(split.variance),
            "error": math.sqrt(split.mean_square),
        }
        if size <= DRAWN:
            squares = simulated(name, plan, runs, np.random.default_rng([seed, size, number]))
            given["sample"] = float(squares.mean())
            given["spread"] = float(squares.std(ddof=1) / math.sqrt(runs))
        found.append(row("budget", name, size, **given))
    return found


def best(name: str, size: int) -> tuple[Plan, single_loop.SplitError]:
    """The plan of least mean-square error within so many calls, and its error."""
    found: tuple[Plan, single_loop.SplitError] | None = None
    plans = together(name, size) if name in ("SOBA", "F2SA") else apart(name, size)
    for plan, split in plans:
        if found is None or split.mean_square < found[1].mean_square:
            found = plan, split
    assert found is not None
    return found


Plans = Iterator[tuple[Plan, single_loop.SplitError]]


def together(name: str, size: int) -> Plans:
    """Both sequences move: two calls a step."""
    T = size // 2
    common: dict[str, Any] = {"nu": NU, "coupling": 1.0, "noise": NOISE, "start": 1.0, "steps": T}
    if name == "SOBA":
        error = single_loop.beside_inner(STEPS, **common)
        x, strength, chosen = STEPS, np.ones(len(STEPS)), least(error)
    else:
        # strengths in columns; the step of y, x (1 + 1/s), stays below 1 / L up to s = 1 nearly
        x, strength = (
            grid.ravel() for grid in np.meshgrid(STEPS, np.geomspace(0.2, 50, 56), indexing="ij")
        )
        error = single_loop.penalty_error(strength, x, **common)
        chosen = least(error)
    plan = Plan(float(x[chosen]), T, strength=float(strength[chosen]))
    yield plan, at(error, chosen)


def apart(name: str, size: int) -> Plans:
    """First T steps of training, then a solve, the step sizes of both the best."""
    for share in SPLITS:
        T = round(share * size)
        inner = single_loop.inner_error(STEPS, NU, NOISE, 1.0, T)
        # of the mean-square error of w: a solve meets nothing else but its share in bias
        chosen = least(inner)
        for plan, solve in solves(name, size - T):
            split = single_loop.after_inner(solve, at(inner, chosen), 1.0)
            k = least(split)
            products = int(np.broadcast_to(plan, len(STEPS))[k])
            yield Plan(float(STEPS[chosen]), T, float(STEPS[k]), products), at(split, k)


def solves(name: str, calls: int) -> Iterator[tuple[Any, sampled_solves.RelativeError]]:
    """Numbers of products, and errors for every step size."""
    if name == "series":
        yield calls, sampled_solves.series(STEPS, NU, calls)
    elif name == "random length":
        # (k - 1) / 2 products on average; k about t / x
        for t in np.geomspace(0.5, 2.0, 9):
            terms = np.rint(t / STEPS).astype(int)
            terms[terms > 2 * calls + 1] = 1  # beyond the budget: one step, never the best
            each = [
                sampled_solves.random_length(float(x), NU, int(k))
                for x, k in zip(STEPS, terms, strict=True)
            ]
            yield terms, gathered(each)
    else:
        longest = max(calls // BATCH, 0)
        for products in sorted({min(longest, k) for k in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256)}):
            yield products, reused(products)


def reused(products: int) -> sampled_solves.RelativeError:
    """One batch for all products: moments of (1 - (1 - x h)^(Q+1)) / h over its mean h."""
    count = np.arange(BATCH + 1)
    share = float(SHARES[1])
    weights = np.array([math.comb(BATCH, k) * share**k * (1 - share) ** (BATCH - k) for k in count])
    h = HESSIANS[0] + (HESSIANS[1] - HESSIANS[0]) * count / BATCH
    values = (1 - (1 - np.outer(STEPS, h)) ** (products + 1)) / h
    mean = values @ weights
    return sampled_solves.RelativeError(mean - 1, (values - mean[:, None]) ** 2 @ weights)


def gathered(each: list[sampled_solves.RelativeError]) -> sampled_solves.RelativeError:
    """Errors as arrays."""
    return sampled_solves.RelativeError(
        np.array([one.bias for one in each]), np.array([one.variance for one in each])
    )


def least(split: single_loop.SplitError) -> int:
    """Where the mean-square error is least."""
    return int(np.argmin(split.mean_square))


def at(split: single_loop.SplitError, k: int) -> single_loop.SplitError:
    """One entry."""
    squares: Array = split.bias_square
    return single_loop.SplitError(float(squares[k]), float(split.variance[k]))
