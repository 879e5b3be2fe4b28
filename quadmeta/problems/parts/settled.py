"""Lanczos steps until a quantity has settled."""

import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import show
from quadmeta.arithmetic.signlog import SignLog

Size = float | Array | SignLog
"""A quantity of a problem, or the estimated error of one."""


class Estimated(Protocol):
    """A problem that estimates the error of a quantity."""

    def estimate(self, quantity: Callable[[Any], Any]) -> Any:
        """In the units of the quantity."""


Problem = TypeVar("Problem", bound=Estimated)


def grow(
    build: Callable[[Array, Array], Problem],
    steps: Iterable[tuple[float, float]],
    modes: int,
    quantity: Callable[[Problem], Any] | None,
    tolerance: float,
) -> Problem:
    """Lanczos steps until the quantity has settled, at most ``modes`` of them.

    Parameters
    ----------
    build
        the problem that the diagonal of the Jacobi matrix and the entries beside it describe.
    steps
        (alpha_j, beta_j) of each Lanczos step, ``modes`` of them, or fewer where the Krylov space
        is exhausted; then the last beta is 0.
    modes
        the largest number of steps.
    quantity
        what is to settle; None: all ``modes`` steps.
    tolerance
        of the quantity, relative.

    Raises
    ------
    ValueError
        ``modes`` steps that do not reach the tolerance.
    """
    check = 8
    old = None
    errors = [(0, math.inf)]
    alphas = list[float]()
    betas = list[float]()
    for k, (alpha, beta) in enumerate(steps, 1):
        alphas.append(alpha)
        betas.append(beta)
        if quantity is None or not beta or k not in (check, modes):
            continue
        problem = build(np.array(alphas), np.array(betas))
        value = quantity(problem)
        reached = math.inf
        if old is not None:
            # the change since the last check is the error there
            last, before = old
            errors.append((last, _excess(value - before, tolerance * value)))
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
        furthest = k // 4 if reached < math.inf else k // 2
        old = (k, value)
        check = k + math.ceil(min(max(reached - k, k // 16, 1), furthest))
    return build(np.array(alphas), np.array(betas))


def _reached(first: tuple[int, float], second: tuple[int, float]) -> float:
    """How many steps bring the estimate within the tolerance, from two (steps, log excess).

    The log of the error is continued as a line; the rules of the estimate are about as far off as
    the value after 5/6 of the steps.
    """
    k, before = first
    n, excess = second
    if -math.inf < excess < before < math.inf:
        return 6 / 5 * (n + excess * (n - k) / (before - excess))
    if excess <= 0:
        return n
    return math.inf


def _excess(change: Size, allowed: Size) -> float:
    """The largest log |change / allowed|, where 0 / 0 is 0; infinite where one of them is not
    finite.
    """
    if not all(isinstance(x, SignLog) or np.isfinite(x).all() for x in (change, allowed)):
        return math.inf
    above = SignLog.of(change).log
    below = SignLog.of(allowed).log
    with np.errstate(invalid="ignore"):
        logs = np.where(above == -np.inf, -np.inf, above - below)
    return float(np.max(logs, initial=-np.inf))
