"""The outer loss and its derivatives in every parameter of an adaptive optimizer and in alpha, by
the run on numbers that carry their derivatives.

With the weights w_t and their derivatives w_{t,i} in the parameters (eta, beta1, ...; alpha), the
gradient of the inner loss carries

    H(w_t) w_{t,i},   for alpha_k:   H(w_t) w_{t,k} + J_k(w_t),

and every other operation of the step follows the rules of calculus, with the one exception that
is stated in ``quadmeta.optimizers.parts.adaptive``: where v = 0, du = dm / epsilon.
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
from quadmeta.optimizers.parts.adaptive import Adaptive
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss
from quadmeta.problems.parts.quadratic_bilevel import QuadraticInnerLoss


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """F = L_2(w_T) and its first derivatives at one point."""

    value: float
    """F."""
    parameters: Mapping[str, float]
    """dF / d(parameter of the optimizer), by name; for ``root_epsilon`` at 0 from the right."""
    alpha: Array
    """d F / d alpha, shape (h,)."""
    digits: int
    """Decimal digits of the arithmetic that gave them: 16 for float64."""


class _Inner(NamedTuple):
    """What the run asks of the two losses, in one arithmetic."""

    gradient: Callable[[Array], Array]
    hvp: Callable[[Array, Array], Array]
    """(w, v) -> H(w) v for rows v, each of the shape of w."""
    jacobian: Callable[[Array], Array]
    """w -> the h rows J_k(w), each of the shape of w."""
    outer: Callable[[Array], Any]
    outer_gradient: Callable[[Array], Array]


def sensitivities(
    problem: BilevelProblem, optimizer: Optimizer, alpha: Array, start: Array, moving: Array
) -> Sensitivities:
    """F and its derivatives at checked alpha (h,), from w_0 = ``start`` (P,) with the rows
    d w_0 / d alpha_k = ``moving`` (h, P).

    T steps on weights with n = h + (number of parameters) derivatives: O(n T) Hessian products.
    On a quadratic inner loss they are taken in mpf, at a precision that is doubled until no digit
    of float64 moves, some O(n T P^2) microseconds; the matrices H, B and their derivatives in
    alpha are taken as the problem gives them. Elsewhere, and for the direct term of the outer loss,
    the arithmetic is float64.

    Raises
    ------
    ValueError
        another optimizer, or a point where the derivative does not exist.
    ArithmeticError
        the precision does not suffice.
    """
    instance("optimizer", optimizer, Adaptive, "InnerAdam(steps=100, step_size=0.01)")
    assert isinstance(optimizer, Adaptive)  # which type checkers do not see
    inner = problem.bound(alpha)
    if isinstance(inner, QuadraticInnerLoss):
        formula = partial(_exact, inner, optimizer, start, moving)
        found, digits = settled(formula)
    else:
        found = np.array(_run(_floats(problem, inner, alpha), optimizer, start, moving, float))
        digits = 16
    count = len(optimizer.names)
    slopes = found[1 + count :]
    if problem.has_direct:
        *_, last = optimizer.run(inner.gradient, start, optimizer.given)
        slopes = slopes + problem.direct(last, alpha)
    parameters = dict(zip(optimizer.names, map(float, found[1:]), strict=False))
    return Sensitivities(float(found[0]), MappingProxyType(parameters), slopes, digits)


def _run(
    inner: _Inner, optimizer: Adaptive, start: Array, moving: Any, number: Callable[[float], Any]
) -> list[Any]:
    """F, its derivatives in the parameters, and in alpha, in the arithmetic of ``number``."""
    count = len(optimizer.names)
    # one jet derivative holds all n of them, along an axis in front
    units = np.eye(count + len(moving)).astype(int).astype(start.dtype)
    column = (-1,) + (1,) * start.ndim
    parameters = [
        Jet(number(x), (unit.reshape(column),), ())
        for x, unit in zip(optimizer.given, units, strict=False)
    ]
    still = np.zeros((count, *start.shape), dtype=int)
    first = Jet(start, (np.concatenate([still, moving]),), ())

    def gradient(w: Jet) -> Jet:
        slopes = inner.hvp(w.value, w.first[0])
        slopes[count:] += inner.jacobian(w.value)
        return Jet(inner.gradient(w.value), (slopes,), ())

    *_, last = optimizer.run(gradient, first, parameters)
    products = inner.outer_gradient(last.value) * last.first[0]
    return [inner.outer(last.value), *products.reshape(len(units), -1).sum(axis=-1)]


def _floats(problem: BilevelProblem, inner: InnerLoss, alpha: Array) -> _Inner:
    """In float64, for any inner loss."""
    return _Inner(
        inner.gradient,
        inner.hvp,
        inner.jacobian,
        lambda w: problem.outer(w, alpha),
        lambda w: problem.outer_gradient(w, alpha),
    )


def _exact(
    inner: QuadraticInnerLoss, optimizer: Adaptive, start: Array, moving: Array
) -> list[Any]:
    """In mpf at the precision of the caller, on a quadratic: w is the matrix W (p, outputs)."""
    shape = inner.B.shape
    H = _mpf(inner.H)
    B = _mpf(inner.B)
    slopes, pushes = (_mpf(x) for x in _derivatives(inner))
    hessian, linear, constant = inner.outer
    H2 = _mpf(hessian)
    B2 = _mpf(linear)
    losses = _Inner(
        gradient=lambda W: H @ W - B,
        hvp=lambda W, V: H @ V,
        jacobian=lambda W: slopes @ W - pushes,
        outer=lambda W: (W * (H2 @ W)).sum() / 2 - (B2 * W).sum() + mpmath.mpf(constant),
        outer_gradient=lambda W: H2 @ W - B2,
    )
    first = _mpf(start.reshape(shape))
    return _run(losses, optimizer, first, _mpf(moving.reshape(-1, *shape)), mpmath.mpf)


def _derivatives(inner: QuadraticInnerLoss) -> tuple[Array, Array]:
    """(H_k (h, p, p), B_k (h, p, outputs)), entry by entry from ``pair``."""
    problem = inner.problem
    none = (np.zeros_like(inner.H), np.zeros_like(inner.B))
    found = []
    for place, sign in ((0, 1), (1, -1)):
        entries = []
        for index in np.ndindex(none[place].shape):
            unit = none[place].copy()
            unit[index] = sign
            pair = (unit, none[1]) if place == 0 else (none[0], unit)
            entries.append(problem.pair(inner.alpha, *pair))
        stacked = np.stack(entries, axis=-1)
        found.append(stacked.reshape(-1, *none[place].shape))
    return found[0], found[1]


def _mpf(x: Array) -> Array:
    """An array of float64 as one of mpf, exactly."""
    found = np.array([mpmath.mpf(float(v)) for v in x.ravel()], dtype=object)
    return found.reshape(x.shape)
