"""A direction divided by the root of a mean of squares, and where it has a derivative.

    u = m / (sqrt(v + root_epsilon) + epsilon)

Where all past gradients of a coordinate are 0, so are v and m, and the root has no derivative. u
has one: |m| <= C sqrt(v) (Cauchy-Schwarz), so that with root_epsilon = 0

    u - m / epsilon = -m sqrt(v) / (epsilon (sqrt(v) + epsilon)) = O(|dg|^2),   du = dm / epsilon.

u is then once differentiable, not twice.
"""

from typing import Any, NamedTuple

import numpy as np

from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.root import square_root

_SMALL = 1e-20  # a first moment below so many denominators changes no digit of a derivative


class Rates(NamedTuple):
    """How one step mixes moments and gradient, in the arithmetic of the parameters."""

    keep_1: Any
    take_1: Any
    scale_1: Any
    keep_2: Any
    take_2: Any
    scale_2: Any


class Moments(NamedTuple):
    """A state: weights, first and second moment, arrays of one shape."""

    w: Any
    m: Any
    v: Any


def normalised(m: Any, square: Any, epsilon: Any) -> Any:
    """m / (sqrt(square) + epsilon), with the derivative dm / epsilon where m = square = 0.

    Raises
    ------
    ValueError
        a denominator that is 0; for jets, square = 0 where m is not 0.
    """
    root = square_root(square)
    size = root + epsilon
    if isinstance(root, Jet):
        require_smooth(plain(m), root.value, plain(size))
    else:
        require_positive(size)
    return m / size


def require_positive(size: Any) -> None:
    """Refuse a denominator that is 0.

    Raises
    ------
    ValueError
        one.
    """
    if np.any(size == 0):
        raise ValueError(
            "epsilon = root_epsilon = 0 divides by 0 where all gradients of a coordinate have "
            "been 0, and no derivative exists there: pass epsilon > 0"
        )


def require_smooth(m: Any, root: Any, size: Any) -> None:
    """Refuse a point at which the direction has no derivative.

    Raises
    ------
    ValueError
        a denominator that is 0; or v = 0 where m is not 0, which has a kink: it happens for beta2 =
        0, which forgets past squares, and where squares underflow that epsilon does not exceed.
    """
    require_positive(size)
    if np.any((root == 0) & (abs(m) > _SMALL * size)):
        raise ValueError(
            "the second moment of a coordinate is 0 and its first moment is not, where the step "
            "has a kink and no derivative: pass beta2 > 0, or epsilon > 1e-130 if squares underflow"
        )


def plain(x: Any) -> Any:
    """The value of a jet; anything else itself."""
    if isinstance(x, Jet):
        return x.value
    return x
