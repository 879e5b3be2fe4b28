"""One step of an adaptive method backwards: cotangents of the state after it as those of the state
before it, in float64 or mpf.

With s = sqrt(v' / scale_2 + root_epsilon), D = s + epsilon, u = (m' / scale_1) / D and a cotangent
(c_w, c_m, c_v) of the state after the step,

    c_u = -step_size c_w,    c_D = -c_u u / D,    c_square = c_D / (2 s),
    c_m' = c_m + c_u / (scale_1 D),    c_v' = c_v + c_square / scale_2,
    c_g = take_1 c_m' + 2 take_2 g c_v',

and H(w) c_g + (1 - step_size weight_decay) c_w, keep_1 c_m', keep_2 c_v' are the cotangents before
it. Where s = 0, u is 0 as well, and 0 stands for u / s: that is the derivative dm / epsilon of the
step. Automatic differentiation multiplies 0 by 1 / 0 there.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.root import square_root
from quadmeta.optimizers.parts.adaptive.normalised import Moments, Rates, require_smooth


class Local(NamedTuple):
    """A step at one state, as its derivatives need it."""

    state: Moments
    """Before the step."""
    g: Array
    m: Array
    """m' / scale_1."""
    v: Array
    """v' / scale_2."""
    u: Array
    size: Array
    """D."""
    slope: Array
    """d s / d square."""


class Back(NamedTuple):
    """Cotangents of what a step computes."""

    u: Array
    size: Array
    square: Array
    m: Array
    """Of m'."""
    v: Array
    g: Array


def slope_of_root(root: Array) -> Array:
    """1 / (2 s), and 0 where s = 0."""
    zero = root == 0
    found: Array = np.where(zero, 0 * root, 1 / np.where(zero, 1 + root, 2 * root))
    return found


def local(
    state: Moments,
    g: Array,
    rates: Rates,
    theta: Mapping[str, Any],
    slope: Callable[[Array], Array] = slope_of_root,
) -> Local:
    """A step at a state with the gradient g.

    Raises
    ------
    ValueError
        a point where the step has no derivative.
    """
    m = (state.m * rates.keep_1 + g * rates.take_1) / rates.scale_1
    v = (state.v * rates.keep_2 + g**2 * rates.take_2) / rates.scale_2
    root = square_root(v + theta["root_epsilon"])
    size = root + theta["epsilon"]
    require_smooth(m, root, size)
    return Local(state, g, m, v, m / size, size, slope(root))


def back(step: Local, c: Moments, rates: Rates, theta: Mapping[str, Any]) -> Back:
    """Cotangents c of the state after a step, taken back through it."""
    c_u = -c.w * theta["step_size"]
    c_size = -c_u * step.u / step.size
    c_square = c_size * step.slope
    c_m = c.m + c_u / (step.size * rates.scale_1)
    c_v = c.v + c_square / rates.scale_2
    c_g = c_m * rates.take_1 + step.g * c_v * (2 * rates.take_2)
    return Back(c_u, c_size, c_square, c_m, c_v, c_g)


def of_parameters(
    step: Local, c: Moments, found: Back, rates: Rates, theta: Mapping[str, Any]
) -> list[Any]:
    """<c, d (state after the step) / d parameter>, in the order of ``theta``; ``rates`` are jets in
    those parameters.
    """
    state = step.state
    direction = step.u
    direct = {"epsilon": found.size.sum(), "root_epsilon": found.square.sum()}
    if "weight_decay" in theta:
        direction = direction + state.w * theta["weight_decay"]
        direct["weight_decay"] = (found.u * state.w).sum()
    direct["step_size"] = -(c.w * direction).sum()
    # cotangents of the six rates: m' / scale_1 and v' / scale_2 are in the step as m and v
    of_rates = Rates(
        keep_1=(found.m * state.m).sum(),
        take_1=(found.m * step.g).sum(),
        scale_1=-(found.u * step.u).sum() / _value(rates.scale_1),
        keep_2=(found.v * state.v).sum(),
        take_2=(found.v * step.g**2).sum(),
        scale_2=-(found.square * step.v).sum() / _value(rates.scale_2),
    )
    slopes = []
    for k, name in enumerate(theta):
        slope = direct.get(name, 0)
        for rate, weight in zip(rates, of_rates, strict=True):
            if isinstance(rate, Jet):
                slope = slope + weight * rate.first[k]
        slopes.append(slope)
    return slopes


def _value(x: Any) -> Any:
    """The value of a jet; a number itself."""
    if isinstance(x, Jet):
        return x.value
    return x
