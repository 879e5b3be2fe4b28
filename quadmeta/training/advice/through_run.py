"""The estimators that come into question for the derivative through all T steps."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators.chebyshev_inverse import ChebyshevInverse
from quadmeta.estimators.forward import Forward
from quadmeta.estimators.neumann import Neumann
from quadmeta.estimators.reverse import Reverse
from quadmeta.estimators.surrogate import Surrogate
from quadmeta.estimators.truncated import Truncated
from quadmeta.theory import solves
from quadmeta.training.advice.errors import Unrolled
from quadmeta.training.advice.knowledge import Knowledge, Spread
from quadmeta.training.advice.options import SCANNED, Option, chebyshev_at, implicit_options

_CONSTANT = "the mixed derivative does not depend on w"


def unrolled_options(known: Knowledge, error: float) -> Iterator[Option]:
    """Ways to the derivative through all T steps."""
    T = known.steps
    h = known.hyperparameters
    yield Option(Reverse(), 2 * T - 1, T, 0.0, True, "reverse mode through all T steps is exact")
    words = f"forward mode is exact, with h = {h} tangents in the place of T = {T} states"
    yield Option(Forward(), h * (2 * T - 1), h, 0.0, True, words)
    if not known.shortened or known.unrolled is None:
        return
    yield from _series(known.unrolled, error)
    if known.rates is not None:
        yield from _shortened(known, known.rates, error)


def _series(unrolled: Unrolled, error: float) -> Iterator[Option]:
    """The run as a Chebyshev series, cut: eta L <= 2 is all that it needs of the spectrum."""
    T = unrolled.steps
    if T < 3 or unrolled.surrogate(T - 2) > error:
        return
    K, missed = _least_kept(unrolled.surrogate, 0, T - 2, error)
    words = f"T = {T} steps as a series of {K} + 1 Chebyshev polynomials lose {missed:.2g} at most"
    yield Option(Surrogate(degree=K), 2 * K + 1, K + 1, missed, True, words)


def _shortened(known: Knowledge, rates: Array, error: float) -> Iterator[Option]:
    """Fewer steps backwards than forwards; where the mixed derivative is constant, also all that
    solves H x = g.
    """
    T = known.steps
    slow = float(rates.max())
    fast = float(rates.min())
    if known.constant_mixed:
        K, missed = _least_kept(lambda K: solves.cut_error(rates, T, K), 1, T, error)
    elif solves.kept_least(slow) >= T:
        return
    else:
        first = solves.kept_least(slow)
        K, missed = _least_kept(lambda K: solves.cut_sum(slow, fast, T, K), first, T, error)
    words = f"the last {K} of T = {T} steps make all but {missed:.2g} of the derivative at least"
    yield Option(Truncated(K=K), 2 * K - 1, K, missed, True, words)
    if known.constant_mixed and known.spread is not None:
        yield Option(Neumann(order=K - 1), K, 1, missed, True, f"{words}; {_CONSTANT}")
        if not known.solvable:
            return
        yield from _as_implicit(known, known.spread, rates, error)
        if known.whole and K * len(rates) <= SCANNED:
            yield from _semi_iteration(known, known.spread, rates, error, K)


def _as_implicit(known: Knowledge, spread: Spread, rates: Array, error: float) -> Iterator[Option]:
    """Implicit estimates leave a^T out of the filter (1 - a^T) / lambda."""
    powers = np.abs(rates) ** known.steps
    left = float(np.max(powers / (1 - powers)))
    words = f"training leaves a^T = {left:.2g} of the implicit derivative; {_CONSTANT}"
    # |a^T - p| / (1 - a^T) <= left + |p| (1 + left)
    solve = (error - left) / (1 + left)
    if solve <= 0:
        return
    for option in implicit_options(known, solve):
        reached = left + option.error * (1 + left)
        yield replace(option, error=reached, words=f"{option.words}; {words}")


def _semi_iteration(
    known: Knowledge, spread: Spread, rates: Array, error: float, most: int
) -> Iterator[Option]:
    """Chebyshev's filter (1 - p_N) / lambda beside (1 - a^T) / lambda at the eigenvalues, of fewer
    than ``most`` products.
    """
    left = rates**known.steps
    for N in range(1, most):
        p, rounding = chebyshev_at(spread, N)
        missed = float(np.max((np.abs(left - p) + rounding) / (1 - left)))
        if missed <= error:
            words = f"Chebyshev's filter of degree {N} is that of the run to {missed:.2g}"
            estimator = ChebyshevInverse(budget=N)
            yield Option(estimator, N, 3, missed, True, f"{words}; {_CONSTANT}")
            return


def _least_kept(
    missed: Callable[[int], float], first: int, last: int, error: float
) -> tuple[int, float]:
    """(K, missed(K)) of the least K from ``first`` on that misses at most ``error``, as ``last``
    does; ``missed`` falls.
    """
    if missed(first) <= error:
        return first, missed(first)
    low = first
    high = last
    while high - low > 1:
        middle = (low + high) // 2
        if missed(middle) <= error:
            high = middle
        else:
            low = middle
    return high, missed(high)
