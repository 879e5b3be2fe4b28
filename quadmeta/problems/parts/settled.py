"""Lanczos steps until a quantity has settled."""

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np

from quadmeta._validate import show
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.lanczos import lanczos

Array = Any


class Estimated(Protocol):
    """A problem that estimates the error of a quantity."""

    def estimate(self, quantity: Any) -> Array:
        """In the units of the quantity."""


Problem = TypeVar("Problem", bound=Estimated)


def grow(
    build: Callable[[Array, Array], Problem],
    product: Callable[[Array], Array],
    start: Array,
    modes: int,
    quantity: Callable[[Problem], Array] | None,
    tolerance: float,
    eps: float,
) -> Problem:
    """Lanczos up to ``modes`` steps, to the end of the Krylov space, or until the quantity has
    settled.

    ``eps`` is the precision of ``product``.
    """
    check = 8
    old = None
    errors = [(0, math.inf)]
    alphas = list[float]()
    betas = list[float]()
    for k, (alpha, beta) in enumerate(lanczos(product, start, modes, eps), 1):
        alphas.append(alpha)
        betas.append(beta)
        if quantity is None or not beta or k not in (check, modes):
            continue
        problem = build(np.array(alphas), np.array(betas))
        value = quantity(problem)
        reached = math.inf
        if old is not None:  # the change since the last check is the error there
            errors.append((old[0], _excess(value - old[1], tolerance * value)))
            reached = _reached(*errors[-2:])
        if k == modes or k >= reached:
            error = problem.estimate(quantity)
            if _excess(error, tolerance * value) <= 0:
                return problem
            if k == modes:
                raise ValueError(
                    f"modes = {modes} leaves an estimated error {show(error)} of the quantity "
                    f"{show(value)}, more than tolerance = {tolerance:g} of it: pass more modes"
                )
        if reached < math.inf:
            step = k // 4
        else:
            step = k // 2
        old = (k, value)
        check = k + math.ceil(min(max(reached - k, k // 16, 1), step))
    return build(np.array(alphas), np.array(betas))


def _reached(first: tuple[int, float], second: tuple[int, float]) -> float:
    """How many steps it takes until the estimate is within the tolerance, from two (steps, log
    excess of the error).

    The rules of the estimate are about as far off as the value after 5/6 of the steps.
    """
    (k, before) = first
    (n, excess) = second
    if -math.inf < excess < before < math.inf:
        return 6 / 5 * (n + excess * (n - k) / (before - excess))
    return n if excess <= 0 else math.inf


def _excess(change: Array, allowed: Array) -> float:
    """The largest log |change / allowed|, where 0 / 0 is 0; infinite where one of them is not
    finite.
    """
    if not all(isinstance(x, SignLog) or np.isfinite(x).all() for x in (change, allowed)):
        return math.inf
    change = SignLog.of(change).log
    allowed = SignLog.of(allowed).log
    with np.errstate(invalid="ignore"):
        return float(
            np.max(np.where(change == -np.inf, -np.inf, change - allowed), initial=-np.inf)
        )
