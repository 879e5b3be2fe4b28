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
from quadmeta.training.advice.errors import Unrolled, implicit_errors, keeps_digits
from quadmeta.training.advice.sizes import EPS, Sizes, minimised


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
    spread: Spread | None
    """None where nothing is known of the spectrum, or where it has a 0."""
    rates: Array | None
    """1 - eta lambda at the eigenvalues, where the run is gradient descent with one step size that
    converges; else None.
    """
    gap: str = ""
    """Why what the run adds to an implicit estimate is not known; empty where it is."""
    run: float = math.inf
    """What it adds at most, relative to ||J|| ||H^-1 g||."""
    rounding: float = EPS
    """What rounding adds to that."""
    unrolled: Unrolled | None = None
    """Errors of ways through the run, where it is gradient descent on a quadratic that does not
    diverge.
    """
    shortened: bool = False
    """Whether a shorter way back through the run has a bound."""
    solvable: bool = True
    """Whether what solves H x = g keeps the digits that it requires; else it refuses."""
    constant_mixed: bool = False
    """Whether the mixed derivative is known not to depend on w."""

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
    first = problem.begin(problem.read(alpha), start)
    if isinstance(inner, QuadraticInnerLoss):
        inner = minimised(outer, inner)
        if spread is None:
            spread = _own(inner)
    rates = _rates(outer, spread)
    steps = outer.optimizer.steps
    about = Knowledge(steps, len(first), problem.hyperparameters, spread, rates)
    if not isinstance(inner, QuadraticInnerLoss):
        return replace(about, gap="the inner loss is not quadratic")
    if spread is None or spread.own:
        sizes = Sizes.of(inner, outer.trained(alpha, start))
    elif math.isnan(spread.mu):
        return replace(about, gap="mu itself is not known")
    else:
        sizes = Sizes(inner, outer.trained(alpha, start), spread.mu, spread.L)
    about = replace(
        about,
        unrolled=_unrolled(outer, sizes, first, spread),
        shortened=start is not None or not problem.start_moves,
        constant_mixed=not sizes.slopes.any(),
    )
    if spread is None:
        return replace(about, gap="the inner Hessian is singular to rounding")
    # as WeightsTape: a method without a step size of its own is taken to have 1 / L
    step_size = outer.optimizer.own_transition().step_size or 1 / sizes.L
    about = replace(about, solvable=keeps_digits(sizes, spread.own, step_size))
    if problem.has_direct:
        return replace(about, gap="the outer loss depends on alpha also directly")
    run, rounding = implicit_errors(sizes, spread.own, step_size)
    return replace(about, run=run, rounding=rounding)


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
    sizes = Sizes.of(inner, np.zeros(inner.B.size))
    if sizes.mu == 0:
        return None
    lam = np.clip(inner.eigen[0], sizes.mu, sizes.L)
    return Spread(sizes.mu, sizes.L, lam, sizes.L / sizes.mu, own=True)


def _rates(outer: OuterLoss, spread: Spread | None) -> Array | None:
    """1 - eta lambda, where the run is plain gradient descent that converges."""
    if type(outer.optimizer) is not GradientDescent or spread is None or math.isnan(spread.mu):
        return None
    rates = 1 - outer.step_size * spread.lam
    if np.abs(rates).max() >= 1:
        return None
    return rates


def _unrolled(
    outer: OuterLoss, sizes: Sizes, first: Array, spread: Spread | None
) -> Unrolled | None:
    """None where the optimizer is another one, or grows what is rounded."""
    if type(outer.optimizer) is not GradientDescent or outer.step_size * sizes.L > 2:
        return None
    own = spread is None or spread.own
    return Unrolled(sizes, outer.optimizer.steps, outer.step_size, first, own)
