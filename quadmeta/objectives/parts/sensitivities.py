"""The outer loss and its derivatives in every parameter of an adaptive optimizer and in alpha, by
reverse mode through its run, in float64 or at any precision.

The steps backwards are those of ``quadmeta.optimizers.parts.adaptive.back``, with the one
derivative that automatic differentiation does not have: du = dm / epsilon where v = 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import mpmath
import numpy as np

from quadmeta._types import Array
from quadmeta._validate import instance
from quadmeta.arithmetic.doubling import settled
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers.parts.adaptive.back import back, local, of_parameters
from quadmeta.optimizers.parts.adaptive.base import Adaptive
from quadmeta.optimizers.parts.adaptive.normalised import Moments, Rates, plain
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """F = L_2(w_T) and its first derivatives at one point."""

    value: float
    """F."""
    parameters: Mapping[str, float]
    """dF/d(parameter of the optimizer), by name; for ``root_epsilon`` at 0 from the right."""
    alpha: Array
    """d F / d alpha, shape (h,)."""
    digits: int
    """Decimal digits of the arithmetic that gave them: 16 for float64."""


class _Losses(NamedTuple):
    """What the run asks of the two losses, in one arithmetic."""

    gradient: Callable[[Array], Array]
    hvp: Callable[[Array, Array], Array]
    """(w, v) -> H(w) v."""
    mixed: Callable[[Array, Array], Array]
    """(w, v) -> J(w) v (h,), or what becomes that in ``contract``; it is summed over the steps."""
    contract: Callable[[Any], Array]
    outer: Callable[[Array], Any]
    outer_gradient: Callable[[Array], Array]


def sensitivities(
    problem: BilevelProblem, optimizer: Optimizer, alpha: Array, start: Array, moving: Array
) -> Sensitivities:
    """F and its derivatives at checked alpha (h,), from w_0 = ``start`` (P,) with the rows
    d w_0 / d alpha_k = ``moving`` (h, P).

    T steps forwards and backwards, O(T) and three products a step, whatever h. On a quadratic inner
    loss they are taken in mpf, at a precision that is doubled until no digit of float64 moves; the
    matrices H, B and their derivatives in alpha are taken as the problem gives them. Elsewhere, and
    for the direct term of the outer loss, the arithmetic is float64.

    Raises
    ------
    ValueError
        another optimizer, or a point where the derivative does not exist.
    ArithmeticError
        the precision does not suffice.
    """
    instance("optimizer", optimizer, Adaptive, "InnerAdam(steps=100, step_size=0.01)")
    assert isinstance(optimizer, Adaptive)  # which type checkers do not see
    optimizer.own_transition()  # refuses a class that redefines its steps alone
    inner = problem.bound(alpha)
    if isinstance(inner, QuadraticInnerLoss):
        slopes = _derivatives(inner)
        found, digits = settled(partial(_exact, inner, slopes, optimizer, start, moving))
    else:
        losses = _floats(problem, inner, alpha)
        found = np.array(_reverse(losses, optimizer, start, moving, float))
        digits = 16
    count = len(optimizer.names)
    hyper = found[1 + count :]
    if problem.has_direct:
        *_, last = optimizer.run(inner.gradient, start, optimizer.given)
        hyper = hyper + problem.direct(last, alpha)
    parameters = dict(zip(optimizer.names, map(float, found[1:]), strict=False))
    return Sensitivities(float(found[0]), MappingProxyType(parameters), hyper, digits)


def _reverse(
    losses: _Losses,
    optimizer: Adaptive,
    start: Array,
    moving: Array,
    number: Callable[[float], Any],
) -> list[Any]:
    """F, its derivatives in the parameters, and in alpha, in the arithmetic of ``number``."""
    values = [number(x) for x in optimizer.given]
    theta = dict(zip(optimizer.names, values, strict=True))
    jets = dict(zip(optimizer.names, Jet.parameters(values, order=1), strict=True))
    gradients: list[Array] = []

    def gradient(w: Array) -> Array:
        gradients.append(losses.gradient(w))
        return gradients[-1]

    states = list(optimizer.states(gradient, start, values))
    last = states.pop().w
    c = Moments(losses.outer_gradient(last), 0 * start, 0 * start)
    parameters: list[Any] = [number(0.0)] * len(values)
    mixed: Any = 0
    for t in range(optimizer.steps, 0, -1):
        state = states.pop()
        moving_rates = optimizer.rates(t, jets)
        rates = Rates(*map(plain, moving_rates))
        step = local(state, gradients.pop(), rates, theta)
        found = back(step, c, rates, theta)
        slopes = of_parameters(step, c, found, moving_rates, theta)
        parameters = [x + slope for x, slope in zip(parameters, slopes, strict=True)]
        mixed = mixed + losses.mixed(state.w, found.g)
        kept = c.w + found.u * theta.get("weight_decay", 0)
        c = Moments(
            kept + losses.hvp(state.w, found.g), found.m * rates.keep_1, found.v * rates.keep_2
        )
    of_start = (moving * c.w).reshape(len(moving), -1).sum(axis=-1)
    return [losses.outer(last), *parameters, *(losses.contract(mixed) + of_start)]


def _floats(problem: BilevelProblem, inner: InnerLoss, alpha: Array) -> _Losses:
    """In float64, for any inner loss."""
    return _Losses(
        inner.gradient,
        inner.hvp,
        inner.mixed,
        lambda found: found,
        lambda w: problem.outer(w, alpha),
        lambda w: problem.outer_gradient(w, alpha),
    )


def _exact(
    inner: QuadraticInnerLoss,
    slopes: tuple[Array, Array],
    optimizer: Adaptive,
    start: Array,
    moving: Array,
) -> list[Any]:
    """In mpf at the precision of the caller, on a quadratic: w is the matrix W (p, outputs)."""
    shape = inner.B.shape
    p = len(inner.H)
    H = _mpf(inner.H)
    B = _mpf(inner.B)
    hessian, linear, constant = inner.outer
    H2 = _mpf(hessian)
    B2 = _mpf(linear)

    def contract(XV: Array) -> Array:
        """<H_k, X> - <B_k, V> of the columns of X and V, in the numbers of the hyperparameters."""
        H_k, B_k = slopes
        h = len(H_k)
        X = XV[:, :p].ravel()
        V = XV[:, p:].ravel()
        return _sums(H_k.reshape(h, -1), X) - _sums(B_k.reshape(h, -1), V)

    losses = _Losses(
        gradient=lambda W: H @ W - B,
        hvp=lambda W, V: H @ V,
        mixed=lambda W, V: np.concatenate([V @ W.T, V], axis=1),
        contract=contract,
        outer=lambda W: (W * (H2 @ W)).sum() / 2 - (B2 * W).sum() + mpmath.mpf(constant),
        outer_gradient=lambda W: H2 @ W - B2,
    )
    rows = _mpf(moving.reshape(-1, *shape))
    return _reverse(losses, optimizer, _mpf(start.reshape(shape)), rows, mpmath.mpf)


def _derivatives(inner: QuadraticInnerLoss) -> tuple[Array, Array]:
    """(H_k (h, p, p), B_k (h, p, outputs)), entry by entry from ``pair``."""
    problem = inner.problem
    no_X = np.zeros_like(inner.H)
    no_V = np.zeros_like(inner.B)
    of_H = [problem.pair(inner.alpha, unit, no_V) for unit in _units(no_X)]
    of_B = [-problem.pair(inner.alpha, no_X, unit) for unit in _units(no_V)]
    return (
        np.stack(of_H, axis=-1).reshape(-1, *no_X.shape),
        np.stack(of_B, axis=-1).reshape(-1, *no_V.shape),
    )


def _units(like: Array) -> Array:
    """All matrices of this shape with one entry that is 1."""
    found: Array = np.eye(like.size).reshape(-1, *like.shape)
    return found


def _sums(rows: Array, x: Array) -> Array:
    """rows @ x for rows of float64, most of them 0, and mpf."""
    found = [
        mpmath.fdot((mpmath.mpf(float(row[i])), x[i]) for i in np.flatnonzero(row)) for row in rows
    ]
    return np.array(found, dtype=object)


def _mpf(x: Array) -> Array:
    """An array of float64 as one of mpf, exactly."""
    found = np.array([mpmath.mpf(float(v)) for v in x.ravel()], dtype=object)
    return found.reshape(x.shape)
