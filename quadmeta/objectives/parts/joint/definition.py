"""The outer loss of optimizer and hyperparameters together by its definition: T steps on jets.

Every iterate carries its derivatives in all k + h parameters. Parameters of the optimizer are jets
in its steps; hyperparameters enter through the gradient H w - b, whose derivatives are

    (H w - b)_s  = H w_s + H_s w - b_s,
    (H w - b)_st = H w_st + H_s w_t + H_t w_s + H_st w - b_st.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import order as read_order
from quadmeta.arithmetic.exact import evaluate
from quadmeta.arithmetic.jet import Jet
from quadmeta.objectives.parts.joint.response import Linear
from quadmeta.optimizers.parts.base import PolynomialOptimizer
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel


class Loss(Protocol):
    """What is asked of the loss."""

    @property
    def problem(self) -> QuadraticBilevel:
        """The problem."""

    @property
    def optimizer(self) -> Linear:
        """Its steps."""

    def read(self, theta: Numbers) -> tuple[Array, Array]:
        """The parameters of the optimizer, and alpha."""


class Forms(NamedTuple):
    """The matrices at one alpha, each in the arithmetic of the run."""

    H: Array
    b: Array
    H_k: Array
    b_k: Array
    H_kl: Array
    b_kl: Array
    W0: Array
    W0_k: Array
    H2: Array
    B2: Array
    c2: Any


def evaluated(loss: Loss, theta: Numbers, order: int, kind: str, digits: int) -> Any:
    """The derivative of this order, in this number type."""
    order = read_order(order)
    own, alpha = loss.read(theta)
    k = len(own)
    problem = loss.problem
    if problem.has_direct and kind != "float64":
        raise ValueError(
            f"kind = {kind!r}: {type(problem).__name__} has an outer loss that depends on alpha "
            "directly, in float64: pass kind='float64'"
        )
    given = np.asarray(theta, dtype=object)[:k]

    def formula(own: Array, *matrices: Array) -> Any:
        found = _run(loss.optimizer, list(np.atleast_1d(own)), Forms(*matrices), order)
        return found

    found = evaluate(formula, given, *forms(problem, alpha, order), kind=kind, digits=digits)
    if order == 1 and problem.has_direct:
        w = evaluate(
            lambda own, *rest: _last(loss.optimizer, list(own), Forms(*rest), 1).value,
            given,
            *forms(problem, alpha, order),
        )
        found[k:] += problem.direct(w.ravel(), alpha)
    return found


def forms(problem: QuadraticBilevel, alpha: Array, order: int) -> Forms:
    """The matrices at alpha, those of derivatives entry by entry."""
    inner = problem.bind(alpha)
    shape = inner.B.shape
    p, _ = shape
    h = problem.hyperparameters
    H_k, b_k = problem.derivatives(alpha, (shape[0], shape[1]))
    H_kl = np.zeros((h, h, p, p))
    b_kl = np.zeros((h, h, *shape))
    if order == 2 and not problem.affine:
        for place in np.ndindex(p, p):
            unit = np.zeros((p, p))
            unit[place] = 1
            H_kl[(..., *place)] = problem.bend(alpha, unit, np.zeros(shape))
        for place in np.ndindex(*shape):
            unit = np.zeros(shape)
            unit[place] = 1
            b_kl[(..., *place)] = -problem.bend(alpha, np.zeros((p, p)), unit)
    start = problem.start_of(alpha).reshape(shape)
    moving = problem.start_jacobian(alpha).reshape(h, *shape)
    H2, B2, c2 = inner.outer
    return Forms(inner.H, inner.B, H_k, b_k, H_kl, b_kl, start, moving, H2, B2, np.float64(c2))


def _run(optimizer: Linear, theta: list[Any], x: Forms, order: int) -> Any:
    """<W, H_2 W> / 2 - <B_2, W> + c_2 at the last iterate, or its derivatives."""
    w = _last(optimizer, theta, x, order)
    image = w.map(lambda v: x.H2 @ v)
    loss = ((w * image) / 2 - w * x.B2).map(np.sum) + x.c2
    if order == 0:
        return loss.value
    if order == 1:
        return np.array(loss.first)
    return np.array(loss.second)


def _last(optimizer: Linear, theta: list[Any], x: Forms, order: int) -> Jet:
    """W_T with its derivatives in theta and alpha."""
    if isinstance(optimizer, PolynomialOptimizer) and optimizer.preconditions:
        raise ValueError(
            f"optimizer = {optimizer!r} preconditions by the Hessian, which this definition does "
            "not follow: use gradient and curvature, or the definition of OuterLoss"
        )
    k = len(theta)
    n = k + len(x.H_k)
    carried = max(order, 1)
    places = range(n)

    def gradient(w: Jet) -> Jet:
        first = [_image(x.H, w.first[s]) + _learned(x, w, s - k) for s in places]
        second: list[tuple[Any, ...]] = []
        if carried == 2:
            second = [tuple(entry(w, s, t) for t in places) for s in places]
        return Jet(x.H @ w.value - x.b, tuple(first), tuple(second))

    def entry(w: Jet, s: int, t: int) -> Any:
        found = _image(x.H, w.second[s][t])
        if s >= k:
            found = found + _image(x.H_k[s - k], w.first[t])
        if t >= k:
            found = found + _image(x.H_k[t - k], w.first[s])
        if s >= k and t >= k:
            found = found + x.H_kl[s - k, t - k] @ w.value - x.b_kl[s - k, t - k]
        return found

    zeros = ((0,) * n,) * n if carried == 2 else ()
    start = Jet(x.W0, (*(0,) * k, *x.W0_k), zeros)
    parameters: Any = Jet.parameters([*theta, *(0,) * len(x.H_k)], carried)[:k]
    if not optimizer.free:
        parameters = optimizer.given
    elif not optimizer.shape:
        parameters = parameters[0]
    *_, last = optimizer.run(gradient, start, parameters)
    found: Jet = last
    return found


def _learned(x: Forms, w: Jet, place: int) -> Any:
    """H_s w - b_s, for a parameter that is a hyperparameter."""
    if place < 0:
        return 0
    return x.H_k[place] @ w.value - x.b_k[place]


def _image(H: Array, w: Any) -> Any:
    """H w, where 0 may be an int."""
    if isinstance(w, int):
        return 0
    return H @ w
