"""T steps of a linear optimizer as a function of the inner Hessian, with its derivatives.

From w_0 with start gradient R = H w_0 - b a method that keeps the minimiser reaches w_T = w_0 -
S(H; theta) R, one that decays weights beside the step w_T = P(H; theta) w_0 + S(H; theta) b. On
lambda w^2 / 2 + w and from w_0 = 0 it reaches -S(lambda; theta), without the linear term and from 1
P(lambda; theta): its own steps, in germs, are the definition of these functions with their divided
differences and derivatives in theta, at O(T) products. Long runs with constant parameters are
doubled.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.germ import Germ
from quadmeta.objectives.parts.joint.doubling import LONG, doubled, doubled_decay, doubled_ridge
from quadmeta.optimizers.decoupled_decay import DecoupledDecay
from quadmeta.optimizers.l2_decay import L2Decay
from quadmeta.optimizers.parts.along.affine import AffineOptimizer
from quadmeta.optimizers.parts.base import PolynomialOptimizer

Linear: TypeAlias = PolynomialOptimizer | AffineOptimizer | L2Decay
"""What has such functions."""

LONGEST = np.longdouble
"""The format in which long runs are doubled: 64 bits of mantissa on most machines."""


def response(optimizer: PolynomialOptimizer, nodes: Array, theta: Array, order: int) -> Germ:
    """-S at the nodes (B, d) and at what the optimizer leaves free, theta (k,)."""
    lam, free = _variables(optimizer, nodes, theta, order)
    if optimizer.steps > LONG:
        with np.errstate(all="ignore"):
            found = doubled(optimizer, *_variables(optimizer, nodes.astype(LONGEST), theta, order))
            if found is not None:
                return found.as_floats()
    return _last(optimizer, optimizer.along(lam, free, -1.0), lam.constant(0.0), free)


def affine_response(optimizer: Linear, nodes: Array, theta: Array, order: int) -> tuple[Germ, Germ]:
    """(P, S)."""
    lam, free = _variables(optimizer, nodes, theta, order)
    if optimizer.steps > LONG:
        long = _variables(optimizer, nodes.astype(LONGEST), theta, order)
        with np.errstate(all="ignore"):
            found = _doubled(optimizer, *long)
            if found is not None:
                return found[0].as_floats(), found[1].as_floats()
    moved = _last(optimizer, lambda w: lam * w - 1, lam.constant(0.0), free)
    power = _last(optimizer, lambda w: lam * w, lam.constant(1.0), free)
    return power, moved


def _doubled(optimizer: Linear, lam: Germ, free: Any) -> tuple[Germ, Germ] | None:
    """(P, S) of a long run, where there is a form of it."""
    if isinstance(optimizer, L2Decay):
        return doubled_ridge(optimizer, lam, free)
    if isinstance(optimizer, DecoupledDecay) and type(optimizer) is DecoupledDecay:
        return doubled_decay(optimizer, lam, free)
    return None


def _variables(optimizer: Linear, nodes: Array, theta: Array, order: int) -> tuple[Germ, Any]:
    """lambda, and theta as ``run`` takes it."""
    lam, *parameters = Germ.variables(nodes, list(theta), order)
    if not optimizer.free:
        return lam, optimizer.given
    if not optimizer.shape:
        return lam, parameters[0]
    return lam, parameters


def _last(optimizer: Linear, along: Callable[[Germ], Germ], start: Germ, free: Any) -> Germ:
    """The last iterate."""
    with np.errstate(all="ignore"):
        *_, last = optimizer.run(along, start, free)
    found: Germ = last
    return found
