"""The estimators that come into question, each with its parameter, its cost and the bound of its
error.

Products are Hessian and mixed products together. A factorisation counts as P of them, as
``Implicit`` spends.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators.chebyshev_inverse import ChebyshevInverse
from quadmeta.estimators.conjugate_gradient import ConjugateGradient
from quadmeta.estimators.forward import Forward
from quadmeta.estimators.implicit import Implicit
from quadmeta.estimators.neumann import Neumann
from quadmeta.estimators.parts.base import Estimator
from quadmeta.estimators.reverse import Reverse
from quadmeta.estimators.truncated import Truncated
from quadmeta.theory import solves
from quadmeta.training.advice.knowledge import Knowledge, Spread
from quadmeta.training.advice.sizes import EPS

_CONSTANT = "the mixed derivative does not depend on w"
_CLUSTERS = 20
"""Distinct eigenvalues up to which it is asked whether conjugate gradients end with them."""
_SCANNED = 2_000_000
"""Entries of the table (products, eigenvalues) up to which a known spectrum is looked through."""


@dataclass(frozen=True)
class Option:
    """An estimator that may be taken."""

    estimator: Estimator
    products: int
    """Hessian plus mixed products."""
    vectors: int
    """Vectors of P numbers that it keeps at one time, those of the run among them."""
    error: float
    """Its own part of the relative error, at most, without the run's and rounding."""
    proved: bool
    """Whether that is a bound in float64, or what exact arithmetic has and rounding may delay."""
    words: str
    """Where the error comes from."""


def implicit_options(known: Knowledge, error: float) -> Iterator[Option]:
    """Ways to solve H x = g, each with the fewest products that bring it below ``error``, or
    none.
    """
    yield _factorised(known)
    spread = known.spread
    assert spread is not None  # without a smallest eigenvalue nothing but a factorisation is known
    if known.rates is not None:
        yield _neumann(known.rates, error)
    if not math.isnan(spread.mu):
        yield _semi_iteration(known, spread, error)
    yield _krylov(spread, error)
    if known.whole:
        yield _krylov_of_outliers(spread, error)
        yield from _krylov_of_clusters(known, spread, error)


def unrolled_options(known: Knowledge, error: float) -> Iterator[Option]:
    """Ways to the derivative through all T steps."""
    T = known.steps
    h = known.hyperparameters
    yield Option(Reverse(), 2 * T - 1, T, 0.0, True, "reverse mode through all T steps is exact")
    words = f"forward mode is exact, with h = {h} tangents in the place of T = {T} states"
    yield Option(Forward(), h * (2 * T - 1), h, 0.0, True, words)
    if known.rates is not None and known.shortened:
        yield from _shortened(known, known.rates, error)


def _factorised(known: Knowledge) -> Option:
    P = known.weights
    words = f"a factorisation of the {P} x {P} Hessian is exact"
    return Option(Implicit(), P + 1, P, 0.0, True, words)


def _neumann(rates: Array, error: float) -> Option:
    rho = float(np.abs(rates).max())
    terms = solves.neumann_products(rho, error)
    words = f"a Neumann series of {terms} terms contracts by max |1 - eta lambda| = {rho:.6g} each"
    if terms == 1:
        words = f"one step of the optimizer's own size errs by max |1 - eta lambda| = {rho:.3g}"
    return Option(Neumann(order=terms - 1), terms, 1, rho**terms, True, words)


def _semi_iteration(known: Knowledge, spread: Spread, error: float) -> Option:
    products = solves.chebyshev_products(spread.kappa, error)
    reached = solves.chebyshev(spread.kappa, products)
    words = (
        f"Chebyshev's semi-iteration at kappa = {spread.kappa:.6g} errs by 1 / T_N((kappa + 1) / "
        f"(kappa - 1)) at most; no method of N = {products} products has less over all spectra"
    )
    if products == 1:
        words = "one step of the best size 2 / (mu + L) errs by (kappa - 1) / (kappa + 1) at most"
    if known.whole and products * len(spread.lam) <= _SCANNED:
        better, at = _on_spectrum(spread, products, error)
        if better < products:
            products = better
            reached = at
            words = (
                f"Chebyshev's polynomial of degree {products} is at most {at:.2g} at the "
                "eigenvalues, which are known"
            )
    if spread.own:
        estimator = ChebyshevInverse(budget=products)
    else:
        # an interval of one point is none
        low = min(spread.mu, spread.L * (1 - 1e-12))
        estimator = ChebyshevInverse(budget=products, low=low, high=spread.L)
    return Option(estimator, products, 3, reached, True, words)


def _on_spectrum(spread: Spread, most: int, error: float) -> tuple[int, float]:
    """(N, largest residual at the eigenvalues) of the least N <= ``most`` that has it below
    ``error``.
    """
    lam = np.unique(spread.lam)
    # T_N(cos t) = cos(N t), the angles from the distances to both ends
    angles = 2 * np.arctan2(np.sqrt(lam - spread.mu), np.sqrt(spread.L - lam))
    for N in range(1, most):
        # an eigenvalue that is off by P eps L moves T_N by 2 N^2 P eps kappa / (kappa - 1)
        moved = 8 * N**2 * len(lam) * EPS
        size = float(np.abs(np.cos(N * angles)).max()) + moved
        reached = size * solves.chebyshev(spread.kappa, N)
        if reached <= error:
            return N, reached
    return most, solves.chebyshev(spread.kappa, most)


def _krylov(spread: Spread, error: float) -> Option:
    """The error in the plain norm is sqrt(kappa) times that in the norm of H^(1/2) at most; a
    factor of 2 is left to rounding, which delays conjugate gradients.
    """
    factor = 2 * math.sqrt(spread.kappa)
    steps = solves.chebyshev_products(spread.kappa, error / factor)
    reached = factor * solves.chebyshev(spread.kappa, steps)
    words = (
        f"{steps} steps of conjugate gradients err by sqrt(kappa) / T_N at most in exact "
        f"arithmetic, kappa = {spread.kappa:.6g}, twice that with rounding"
    )
    return Option(ConjugateGradient(budget=steps + 1), steps + 1, 4, reached, False, words)


def _krylov_of_outliers(spread: Spread, error: float) -> Option:
    """Conjugate gradients spend one step on each of the j largest eigenvalues, the rest sees a
    condition number of its own: 1 / T_(N - j) in exact arithmetic, for the best j.
    """
    lam = np.unique(spread.lam)[::-1]
    steps = len(lam)
    apart = len(lam)
    for j in range(len(lam)):
        needed = j + solves.chebyshev_products(float(lam[j] / lam[-1]), error)
        if needed < steps:
            steps = needed
            apart = j
    words = (
        f"{steps} steps of conjugate gradients are expected to do: {apart} for the largest "
        "eigenvalues, the rest has a smaller condition number; rounding may find them again"
    )
    budget = max(2, steps + 1)
    return Option(ConjugateGradient(budget=budget), budget, 4, error, False, words)


def _krylov_of_clusters(known: Knowledge, spread: Spread, error: float) -> Iterator[Option]:
    """Conjugate gradients end after as many steps as there are distinct eigenvalues.

    With rounding they act as in exact arithmetic on eigenvalues spread over tiny intervals, of a
    radius that is put at 64 P eps L and what is between equal eigenvalues here. With d intervals
    the error is sqrt(kappa) times the largest prod_i |1 - lambda / lambda_i| on them.
    """
    close = 64 * known.weights * EPS * spread.L
    lam = np.sort(spread.lam)
    first = np.flatnonzero(np.diff(lam, prepend=-np.inf) > close)
    if len(first) > _CLUSTERS:
        return
    groups = np.split(lam, first[1:])
    centers = np.array([(group[0] + group[-1]) / 2 for group in groups])
    radii = np.array([(group[-1] - group[0]) / 2 + close for group in groups])
    factors = np.abs(1 - centers[:, None] / centers) + radii[:, None] / centers
    reached = math.sqrt(spread.kappa) * float(factors.prod(axis=1).max())
    if reached > error:
        return
    d = len(groups)
    words = f"conjugate gradients end after {d} steps, one for each distinct eigenvalue"
    budget = d + 1
    yield Option(ConjugateGradient(budget=budget), budget, 4, reached, True, words)


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
        yield from _as_implicit(known, known.spread, rates, error)


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


def _least_kept(
    missed: Callable[[int], float], first: int, last: int, error: float
) -> tuple[int, float]:
    """(K, missed(K)) of the least K from ``first`` on that misses at most ``error``; ``missed``
    falls to 0 at ``last``.
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
