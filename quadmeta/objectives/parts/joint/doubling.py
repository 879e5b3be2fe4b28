"""The functions S and P of a two-term method with constant parameters, in O(log T) products.

w_{t+1} = h w_t - b w_{t-1} - eta has the solution -eta (s_0 + ... + s_{T-1}) from w_0 = w_{-1} = 0,
with the impulse response s_{-1} = 0, s_0 = 1, s_{t+1} = h s_t - b s_{t-1}. With the companion
matrix A = [[h, -b], [1, 0]] it is (s_n, s_{n-1}) = A^n (1, 0), and powers and sums are doubled:

    A^2n = (A^n)^2,    sum_{k<2n} A^k = (1 + A^n) sum_{k<n} A^k.

The entries are germs, which carry divided differences and derivatives along: those of A^2n are
A(x)^n A^n[x, y] + A^n[x, y] A(y)^n, in which every power stands at its own node. (Pairs u + v z
with z^2 = h z - b are the same with fewer products, but reduce with h and b of the other node, and
the errors of that grow like T^5.) Each doubling doubles the error: numbers have the 64 bits of an
extended float where the machine has one.
"""

from typing import Any, NamedTuple

from quadmeta.arithmetic.germ import Germ
from quadmeta.optimizers.decoupled_decay import DecoupledDecay
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.heavy_ball import HeavyBall
from quadmeta.optimizers.l2_decay import L2Decay
from quadmeta.optimizers.nesterov import Nesterov
from quadmeta.optimizers.parts.base import Optimizer

Ring = Any
"""A germ or a number."""

LONG = 100
"""Above this number of steps doubling takes fewer products than the steps."""


class Doubled(NamedTuple):
    """s_T, s_{T-1} and s_0 + ... + s_{T-1}."""

    last: Ring
    before: Ring
    total: Ring


def impulse(h: Ring, b: Ring, steps: int, one: Germ) -> Doubled:
    """The impulse response of z_{t+1} = h z_t - b z_{t-1} at T = ``steps`` >= 1."""
    # A^n row by row, and sum_{k<n} A^k (1, 0)
    top = (h, b * -1)
    bottom = (one, one * 0.0)
    total = (one, one * 0.0)
    for bit in bin(steps)[3:]:
        (p, q), (r, s) = top, bottom
        x, y = total
        total = (x + p * x + q * y, y + r * x + s * y)
        top = (p * p + q * r, p * q + q * s)
        bottom = (r * p + s * r, r * q + s * s)
        if bit == "1":
            total = (total[0] + top[0], total[1] + bottom[0])
            above = top
            top = (h * top[0] - b * bottom[0], h * top[1] - b * bottom[1])
            bottom = above
    return Doubled(top[0], bottom[0], total[0])


def doubled(optimizer: Optimizer, lam: Germ, free: Any) -> Germ | None:
    """-S of gradient descent, heavy ball or Nesterov; None for other methods, their subclasses
    among them, which may take other steps.
    """
    if isinstance(optimizer, GradientDescent) and type(optimizer) is GradientDescent:
        return _descent(optimizer, lam, free)
    if not isinstance(optimizer, HeavyBall | Nesterov):
        return None
    if type(optimizer) not in (HeavyBall, Nesterov):
        return None
    eta, beta = _values(optimizer, ("step_size", "momentum"), lam, free)
    h, b = optimizer.coefficients(lam * eta, beta)
    found: Germ = impulse(h, b, optimizer.steps, lam.constant(1.0)).total * eta * -1
    return found


def _values(optimizer: Optimizer, names: tuple[str, ...], lam: Germ, free: Any) -> list[Any]:
    """The parameters of these names: the free ones from ``free``, the given ones in the format of
    lambda.
    """
    entries = iter(free if len(optimizer.free) > 1 else [free])
    given = (getattr(optimizer, name) for name in names)
    return [next(entries) if x is None else lam.value.dtype.type(x) for x in given]


def _descent(optimizer: GradientDescent, lam: Germ, free: Any) -> Germ:
    """The same for h = 1 - eta lambda, b = 0: the sum of the powers of h."""
    (eta,) = _values(optimizer, ("step_size",), lam, free)
    factor = 1 - lam * eta
    power = factor
    total = lam.constant(1.0)
    for bit in bin(optimizer.steps)[3:]:
        total = total + power * total
        power = power * power
        if bit == "1":
            total = total + power
            power = power * factor
    found: Germ = total * eta * -1
    return found


def doubled_decay(optimizer: DecoupledDecay, lam: Germ, free: Any) -> tuple[Germ, Germ]:
    """(P, S) with h = 1 - omega + beta - eta lambda and b = beta (1 - omega): P = s_T - beta
    s_{T-1}.
    """
    eta, beta, omega = _values(optimizer, ("step_size", "momentum", "decay"), lam, free)
    h = (1 - omega) + beta - lam * eta
    found = impulse(h, beta * (1 - omega), optimizer.steps, lam.constant(1.0))
    P: Germ = found.last - found.before * beta
    S: Germ = found.total * eta
    return P, S


def doubled_ridge(optimizer: L2Decay, lam: Germ, free: Any) -> tuple[Germ, Germ] | None:
    """(P, S) of a method at lambda + rho, with P = 1 - (lambda + rho) S; None where ``doubled`` has
    none.
    """
    entries = list(free if len(optimizer.free) > 1 else [free])
    if optimizer.decay is None:
        rho = entries.pop()
    else:
        rho = lam.value.dtype.type(optimizer.decay)
    method = optimizer.optimizer
    inside: Any = entries
    if len(method.free) == 1:
        (inside,) = entries
    shifted = lam + rho
    opposite = doubled(method, shifted, inside)
    if opposite is None:
        return None
    return 1 + shifted * opposite, -opposite
