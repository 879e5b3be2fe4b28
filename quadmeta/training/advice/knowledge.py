"""What is known of a problem before an estimator is chosen."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers, Scalar
from quadmeta._validate import number
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss
from quadmeta.training.advice.sizes import EPS, Sizes


class Spread(NamedTuple):
    """Where the eigenvalues of the inner Hessian lie."""

    mu: float
    """The least, or a lower bound of it; NaN where only kappa is known."""
    L: float
    """The largest, or an upper bound of it; NaN likewise."""
    lam: Array
    """All eigenvalues where they are known, else the two ends."""
    kappa: float
    """L / mu."""
    own: bool = False
    """Whether they are the problem's own, which estimators know as well."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What a choice of an estimator rests on."""

    steps: int
    """T."""
    weights: int
    """P."""
    hyperparameters: int
    """h."""
    quadratic: bool
    """Whether the inner loss is one."""
    spread: Spread | None
    """None where nothing is known of the spectrum, or where it has a 0."""
    rates: Array | None
    """1 - eta lambda at the eigenvalues, where the run is gradient descent with one step size that
    converges; else None.
    """
    gap: str
    """Why the error of the run is not known; empty where it is."""
    constant_mixed: bool = False
    """Whether the mixed derivative is known not to depend on w."""
    run: float = math.inf
    """What the unfinished run adds to the error of an implicit estimate at most, relative to
    ||J|| ||H^-1 g||.
    """
    rounding: float = EPS
    """What rounding adds to it."""

    @property
    def whole(self) -> bool:
        """Whether all eigenvalues are known."""
        return self.spread is not None and self.spread.own


def known(
    outer: OuterLoss, alpha: Numbers, spread: Spread | None, start: Numbers | None
) -> Knowledge:
    """What the problem says, for eigenvalues that were given (``spread``) or its own.

    A quadratic is trained for it, as every estimator trains it.
    """
    problem = outer.problem
    inner = problem.at(alpha)
    quadratic = isinstance(inner, QuadraticInnerLoss)
    if spread is None and isinstance(inner, QuadraticInnerLoss):
        spread = _own(inner)
    gap = ""
    if not quadratic:
        gap = "the inner loss is not quadratic"
    elif spread is None:
        gap = "the inner Hessian is singular to rounding"
    elif math.isnan(spread.mu):
        gap = "mu itself is not known"
    about = Knowledge(
        steps=outer.optimizer.steps,
        weights=len(problem.begin(problem.read(alpha), start)),
        hyperparameters=problem.hyperparameters,
        quadratic=quadratic,
        spread=spread,
        rates=_rates(outer, spread),
        gap=gap,
    )
    if gap or spread is None or not isinstance(inner, QuadraticInnerLoss):
        return about
    sizes = Sizes(inner, outer.trained(alpha, start), spread.mu, spread.L)
    run = _relative_run(sizes, sizes.computed_residual)
    rounded = _relative_run(sizes, sizes.residual) - run if math.isfinite(run) else 0.0
    return replace(
        about,
        constant_mixed=not sizes.slopes.any(),
        run=run,
        rounding=_relative_rounding(sizes) + rounded,
    )


def given(low: Scalar | None, high: Scalar | None, kappa: Scalar | None) -> Spread | None:
    """Bounds of the spectrum or a condition number that a caller passed; None if he passed none.

    Raises
    ------
    ValueError
        one bound alone, both kinds, or what is no such number.
    """
    if kappa is not None:
        k = number("kappa", kappa, least=1.0, remedy="pass L / mu of the inner Hessian")
        if low is not None or high is not None:
            raise ValueError(
                f"kappa = {k:g} is given beside low or high, which say it already: pass one kind"
            )
        return Spread(math.nan, math.nan, np.full(2, math.nan), k)
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise ValueError(
            f"low = {low!r} and high = {high!r}: pass both bounds of the spectrum, or neither"
        )
    mu = number("low", low, above=0.0, remedy="pass the smallest eigenvalue of H")
    L = number("high", high, least=mu, remedy="pass the largest eigenvalue of H")
    return Spread(mu, L, np.array([mu, L]), L / mu)


def _own(inner: QuadraticInnerLoss) -> Spread | None:
    """From the eigenvalues of a quadratic; None where one is 0."""
    lam = inner.eigen[0]
    try:
        sizes = Sizes.of(inner, np.zeros(inner.B.size))
    except ValueError:
        return None
    lam = np.clip(lam, sizes.mu, sizes.L)
    return Spread(sizes.mu, sizes.L, lam, sizes.L / sizes.mu, own=True)


def _rates(outer: OuterLoss, spread: Spread | None) -> Array | None:
    """1 - eta lambda, where the run is plain gradient descent that converges."""
    optimizer = outer.optimizer
    if type(optimizer) is not GradientDescent or spread is None or math.isnan(spread.mu):
        return None
    eta = float(optimizer.step_size or 0.0)
    rates = 1 - eta * spread.lam
    if np.abs(rates).max() >= 1:
        return None
    return rates


def _relative_run(sizes: Sizes, residual: float) -> float:
    """What a run that ends at this residual adds, over ||J|| ||H^-1 g||, with ||H^-1 g|| >= ||g|| /
    L.
    """
    g, J = _scales(sizes)
    if not (g > 0 and J > 0):
        return math.inf
    away = residual / sizes.mu
    moved = sizes.outer_hessian * away / sizes.mu * sizes.L / g
    turned = float(np.linalg.norm(sizes.slopes)) * away / J
    return float(moved + turned * (1 + moved))


def _relative_rounding(sizes: Sizes) -> float:
    """What rounding of g, J and of a solve adds, over the same."""
    g, J = _scales(sizes)
    if not (g > 0 and J > 0):
        return math.inf
    solve = sizes.L / sizes.mu * (sizes.unit + sizes.g_rounding / g)
    return float(solve + sizes.unit + np.linalg.norm(sizes.mixed_rounding) / J)


def _scales(sizes: Sizes) -> tuple[float, float]:
    """(at most ||g||, at most ||J||): how much rounding may have made of them is taken off."""
    g = float(np.linalg.norm(sizes.g)) - sizes.g_rounding
    norms = sizes.mixed - sizes.mixed_rounding
    entries = float(np.linalg.norm(norms.clip(0)))
    J = max(float(norms.max()), entries / np.sqrt(min(len(norms), len(sizes.w))))
    return g, J
