"""The methods as they are run: many runs at a time, vectors of two weights."""

from dataclasses import dataclass

import numpy as np

from quadmeta.typing import Array

HESSIANS = np.array([0.5, 10.0])
SHARES = np.array([18 / 19, 1 / 19])
NOISE = 1.0
"""Mean square of a sampled gradient at w_*."""
SOLUTION = np.array([1.0, 0.0])
"""v_*, which is also the outer gradient at w_*."""
START = np.array([0.0, 1.0])
"""w_0 - w_*."""


@dataclass(frozen=True)
class Plan:
    """How a budget is spent."""

    x: float
    """Step size of the weights."""
    steps: int
    solve_x: float = 0.0
    products: int = 0
    """Or terms, of a random length."""
    strength: float = 1.0


def simulated(name: str, plan: Plan, runs: int, random: np.random.Generator) -> Array:
    """||v - v_*||^2 of independent runs, (runs,)."""
    e = np.tile(START, (runs, 1))
    v = np.zeros((runs, 2))
    y = e.copy()
    for _ in range(plan.steps):
        h = hessian(random, runs)
        if name == "SOBA":
            v = v - plan.x * (h * v - outer(e))
        if name == "F2SA":
            own = hessian(random, runs) * y - noise(random, runs)
            y = y - plan.x * (own + outer(y) / plan.strength)
        e = e - plan.x * (h * e - noise(random, runs))
    if name == "F2SA":
        v = plan.strength * (e - y)
    elif name != "SOBA":
        v = solved(name, plan, outer(e), random)
    found: Array = ((v - SOLUTION) ** 2).sum(axis=1)
    return found


def solved(name: str, plan: Plan, g: Array, random: np.random.Generator) -> Array:
    """K g, by the series, of a random length, or with one batch."""
    runs, x = len(g), plan.solve_x
    residual = g
    total = g
    if name == "random length":
        left = random.integers(plan.products, size=(runs, 1))
        for q in range(plan.products - 1):
            step = (1 - x * hessian(random, runs)) * residual
            residual = np.where(q < left, step, residual)
        return plan.products * x * residual
    batch = np.mean([hessian(random, runs) for _ in range(64)], axis=0)
    for _ in range(plan.products):
        h = batch if name == "reused batch" else hessian(random, runs)
        residual = (1 - x * h) * residual
        total = total + residual
    return x * total


def outer(e: Array) -> Array:
    """The outer gradient, exact."""
    found: Array = SOLUTION + e
    return found


def hessian(random: np.random.Generator, runs: int) -> Array:
    """Sample Hessians, multiples of the identity, (runs, 1)."""
    found: Array = np.where(random.random((runs, 1)) < SHARES[0], *HESSIANS)
    return found


def noise(random: np.random.Generator, runs: int) -> Array:
    """Of sampled gradients: a sign in each coordinate."""
    found: Array = (NOISE / 2) ** 0.5 * random.choice([-1.0, 1.0], size=(runs, 2))
    return found
