"""The response of Chebyshev's semi-iteration in closed form, at a cost that does not depend on T.

p_T = f(x), f = T_T / T_T(sigma), x = sigma - c lambda, c = 2 / (M - m), sigma = (M + m) / (M - m):

    S(lambda) = c f[sigma, x],   S[lambda, lambda'] = -c^2 f[sigma, x, x'],

with the divided differences of a Chebyshev polynomial. For x = cos a, y = cos b, complex angles
outside [-1, 1], they are a product in which nothing cancels,

    T_n[x, y] = U_{n-1}(cos (a + b) / 2) U_{n-1}(cos (a - b) / 2),   U_{n-1}(cos t) = sin nt / sin
        t.

Where lambda S(0) >= 1 for the larger lambda, S = (1 - p) / lambda and S[lambda, lambda'] =
-(p[lambda, lambda'] + S(lambda')) / lambda lose no digit. Where both lie below 1 / S(0), f is its
Taylor series at sigma, whose coefficients are means over a circle of four times that radius.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array

_NODES = 64  # on the circle: the error of a coefficient is about 4^-64
_TERMS = 28  # of the series: what is left out is below 4^-28
_HUGE = 300.0  # beyond e^300 a sine is its larger exponential


class Interval(NamedTuple):
    """[m, M] with what follows from it, for n = T steps."""

    low: float
    high: float
    n: int

    @property
    def slope(self) -> float:
        """c = -dx / d lambda."""
        return 2 / (self.high - self.low)

    @property
    def angle(self) -> float:
        """u with cosh u = sigma."""
        return float(2 * np.arcsinh(np.sqrt(self.low / (self.high - self.low))))

    @property
    def whole(self) -> float:
        """S(0) = c n tanh(nu) / sinh(u)."""
        u = self.angle
        n = self.n
        if n * u < 1e-9:
            return self.slope * n**2
        return float(self.slope * n * np.tanh(n * u) / np.sinh(u))


class Table(NamedTuple):
    """p, S, S[., .] at eigenvalues (d,), divided by e^shift."""

    power: Array
    moved: Array
    slopes: Array
    shift: float


def table(on: Interval, lam: Array) -> Table:
    """p, S and S[lambda_i, lambda_j] at eigenvalues (d,) >= 0.

    Errors are about eps (1 + T |a|) of the size of the terms, a the angle of x.
    """
    top, bottom = _angles(on, lam)
    # cosines of the smaller angle, with the sign that the other one costs
    flip = lam > (on.low + on.high) / 2
    angle = np.where(flip, bottom, top)
    size = on.n * np.abs(angle.imag)
    total = on.n * on.angle
    shift = max(0.0, float((size - total).max()))
    cosine = np.where(size > 0, (1 + np.exp(-2 * size)) / 2, np.cos(on.n * angle.real))
    sign = np.where(flip, (-1.0) ** (on.n % 2), 1.0)
    unit = (1 + np.exp(-2 * total)) / 2
    power = sign * cosine / unit * np.exp(size - total - shift)
    one = np.exp(-shift)
    whole = on.whole
    near = lam * whole < 1
    divisor = np.where(near, 1.0, lam)
    coefficients = _coefficients(on)
    # in units of the radius, where the series is used
    a = np.where(near, -lam * whole / 4, 0.0)
    series = on.slope / _radius(on) * one * _sum(coefficients[1:], a, 0 * a)
    moved = np.where(near, series, (one - power) / divisor)
    if on.n == 1:
        return Table(power, moved, np.zeros((len(lam), len(lam))), shift)
    between = _between(on, lam, shift)
    low = np.minimum.outer(lam, lam)
    high = np.maximum.outer(lam, lam)
    least = np.where(lam[:, None] <= lam, moved[:, None], moved)
    close = high * whole < 1
    far = -(between + least) / np.where(close, 1.0, high)
    scale = -((on.slope / _radius(on)) ** 2) * one
    x = np.where(close, -low * whole / 4, 0.0)
    y = np.where(close, -high * whole / 4, 0.0)
    bent = scale * _sum(coefficients[2:], x, y)
    return Table(power, moved, np.where(close, bent, far), shift)


def _angles(on: Interval, lam: Array) -> tuple[Array, Array]:
    """Angles of x and of -x; each is accurate relative to itself."""
    width = on.high - on.low
    top = 2 * np.arcsin(np.sqrt((lam - on.low) / width + 0j))
    bottom = 2 * np.arcsin(np.sqrt((on.high - lam) / width + 0j))
    return top, bottom


def _between(on: Interval, lam: Array, shift: float) -> Array:
    """p[lambda_i, lambda_j] by the product, divided by e^shift."""
    top, bottom = _angles(on, lam)
    # T_n[-x, -y] = (-1)^(n-1) T_n[x, y]: the angles that are not next to pi
    flip = np.add.outer(lam, lam) > on.low + on.high
    a = np.where(flip, bottom[:, None], top[:, None])
    b = np.where(flip, bottom, top)
    plus = (a + b) / 2
    minus = (a - b) / 2
    # x - y = -2 sin(plus) sin(minus), and x - y is known to all its digits
    gap = on.slope * np.abs(np.subtract.outer(lam, lam)) / 2
    sine = np.sin(plus)
    still = sine == 0
    exact = np.arcsin(gap / np.where(still, 1, sine))
    minus = np.where((np.abs(minus) < 0.1) & ~still, exact, minus)
    first, grown = _second_kind(plus, on.n)
    second, more = _second_kind(minus, on.n)
    sign = np.where(flip, (-1.0) ** ((on.n - 1) % 2), 1.0)
    total = on.n * on.angle
    unit = (1 + np.exp(-2 * total)) / 2
    size = np.exp(grown + more - total - shift)
    between: Array = -on.slope * sign * (first * second).real / unit * size
    return between


def _second_kind(t: Array, n: int) -> tuple[Array, Array]:
    """sin(nt) / sin(t) over e^size, and size >= 0."""
    zero = t == 0
    size = n * np.abs(t.imag)
    size = np.where(size > _HUGE, size, 0.0)
    # the larger of the two exponentials in sin(nt), where the other one is below 1e-260 of it
    side = np.where(t.imag > 0, -1, 1)
    large = side * np.exp(1j * side * n * t.real) / 2j
    held = np.where(size > 0, 0, t)
    sine = np.where(size > 0, large, np.sin(n * held))
    return np.where(zero, n, sine / np.where(zero, 1, np.sin(t))), size


def _radius(on: Interval) -> float:
    """Of the circle about sigma."""
    return 4 * on.slope / on.whole


def _coefficients(on: Interval) -> Array:
    """Taylor coefficients of f at sigma, times powers of the radius."""
    circle = _radius(on) * np.exp(2j * np.pi * np.arange(_NODES) / _NODES)
    # w - 1 on the circle, to all its digits also where sigma is next to 1
    beyond = 2 * on.low / (on.high - on.low) + circle
    z = 2 * np.arcsinh(np.sqrt(beyond / 2))
    u = on.angle
    f = (np.exp(on.n * (z - u)) + np.exp(-on.n * (z + u))) / (1 + np.exp(-2 * on.n * u))
    found: Array = np.fft.fft(f).real / _NODES
    return found


def _sum(coefficients: Array, x: Array, y: Array) -> Array:
    """sum_k c_k h_k(x, y), h_k complete homogeneous."""
    total = np.zeros_like(x)
    power = np.ones_like(x)
    homogeneous = np.ones_like(x)
    for c in coefficients[:_TERMS]:
        total = total + c * homogeneous
        power = power * y
        homogeneous = x * homogeneous + power
    return total


def bound_slopes(on: Interval, lam: Array) -> tuple[Array, Array]:
    """(dS / dm, dS / dM) at eigenvalues (d,) in [m, M].

    With B(lambda) = S[lambda, lambda] + S[lambda, 0] + S(0) S(lambda) and A = S + lambda S[lambda,
    lambda], they are c (A - M B) / 2 and -c (A - m B) / 2.
    """
    found = table(on, np.append(lam, 0.0))
    S = found.moved[:-1]
    diagonal = np.diagonal(found.slopes)[:-1]
    A = S + lam * diagonal
    B = diagonal + found.slopes[-1, :-1] + found.moved[-1] * S
    half = on.slope / 2
    return half * (A - on.high * B), -half * (A - on.low * B)
