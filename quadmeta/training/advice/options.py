"""The estimators that solve H x = g, each with its parameter, its cost and the bound of its
error.

Products are Hessian and mixed products together. A factorisation counts as P of them, as
``Implicit`` spends.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators.chebyshev_inverse import ChebyshevInverse
from quadmeta.estimators.conjugate_gradient import ConjugateGradient
from quadmeta.estimators.implicit import Implicit
from quadmeta.estimators.neumann import Neumann
from quadmeta.estimators.parts.base import Estimator
from quadmeta.theory import solves
from quadmeta.training.advice.knowledge import Knowledge, Spread
from quadmeta.training.advice.sizes import EPS

_CLUSTERS = 20
"""Distinct eigenvalues up to which it is asked whether conjugate gradients end with them."""
SCANNED = 2_000_000
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
    assert spread is not None  # ``advise`` refuses what has no smallest eigenvalue
    if known.rates is not None:
        yield _neumann(known.rates, error)
    if not math.isnan(spread.mu):
        yield _semi_iteration(known, spread, error)
    yield _krylov(spread, error)
    if known.whole:
        yield _krylov_of_outliers(spread, error)
        yield from _krylov_of_clusters(known, spread, error)


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
    if known.whole and products * len(spread.lam) <= SCANNED:
        for fewer in range(1, products):
            p, rounding = chebyshev_at(spread, fewer)
            at = float(np.abs(p).max()) + rounding
            if at <= error:
                products = fewer
                reached = at
                words = f"Chebyshev's polynomial of degree {fewer} is {at:.2g} at any eigenvalue"
                break
    if spread.own:
        estimator = ChebyshevInverse(budget=products)
    else:
        # an interval of one point is none
        low = min(spread.mu, spread.L * (1 - 1e-12))
        estimator = ChebyshevInverse(budget=products, low=low, high=spread.L)
    return Option(estimator, products, 3, reached, True, words)


def chebyshev_at(spread: Spread, products: int) -> tuple[Array, float]:
    """(p_N at the eigenvalues, how far rounding of them moves it) with N = ``products``."""
    N = products
    # T_N(cos t) = cos(N t), the angles from the distances to both ends
    angles = 2 * np.arctan2(np.sqrt(spread.lam - spread.mu), np.sqrt(spread.L - spread.lam))
    size = solves.chebyshev(spread.kappa, N)
    # an eigenvalue that is off by P eps L moves T_N by 2 N^2 P eps kappa / (kappa - 1)
    return size * np.cos(N * angles), size * 8 * N**2 * len(angles) * EPS


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
    radius that is put at 256 P eps L and what is between equal eigenvalues here. With d intervals
    the error is sqrt(kappa) times the largest prod_i |1 - lambda / lambda_i| on them.
    """
    close = 256 * known.weights * EPS * spread.L
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
    words = (
        f"conjugate gradients end after {d} steps, one for each distinct eigenvalue, with rounding "
        "taken as a width of eigenvalues"
    )
    budget = d + 1
    yield Option(ConjugateGradient(budget=budget), budget, 4, reached, True, words)
