"""T steps of a linear optimizer as a function of the inner Hessian, with its derivatives.

From w_0 with start gradient R = H w_0 - b the optimizer reaches w_T = w_0 - S(H; theta) R. On
lambda w^2 / 2 + w and from w_0 = 0 it reaches -S(lambda; theta): its own steps, in germs, are the
definition of S with its divided differences and derivatives in theta, at O(T) products.
"""

from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.germ import Germ
from quadmeta.optimizers.parts.base import PolynomialOptimizer


def response(optimizer: PolynomialOptimizer, nodes: Array, theta: Array, order: int) -> Germ:
    """-S at the nodes (B, d) and at what the optimizer leaves free, theta (k,)."""
    lam, *parameters = Germ.variables(nodes, list(theta), order)
    free: Any = parameters
    if not optimizer.free:
        free = optimizer.given
    elif not optimizer.shape:
        free = parameters[0]
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        along = optimizer.along(lam, free, force=-1)
        *_, last = optimizer.run(along, lam.constant(0.0), free)
    found: Germ = last
    return found
