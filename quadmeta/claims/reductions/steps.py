"""Boxes that statements about the step size share; m = 2T, a_i = 1 - eta lambda_i.

h_n, the sum of all monomials of degree n, of k numbers is the divided difference of t^(n+k-1)
there: for even n it is > 0 unless all are 0 (Hunter 1977), which says that t^(n+1) increases,
k = 2, and that t^(n+2) is convex, k = 3.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.parameters import Instance, Quantity

Point = Mapping[str, Any]
Law = tuple[Sequence[Fraction], Sequence[Fraction], Any, int]
"""Weights, points u, scale, component: the slack there is >= scale (E u^m - (E u)^m), weights
divided by their sum.
"""
Ends = tuple[Fraction, Fraction, Any, int]
"""u, v, scale, component: the slack there is >= scale h_(m-2)(u, v)."""


def complete(n: int, first: Quantity, *rest: Any) -> Any:
    """h_n of one or more numbers."""
    if not n or not rest:
        return first**n if n else 1
    return complete(n, *rest) + first * complete(n - 1, first, *rest)


def power_mean(T: int, laws: Callable[[Instance], Iterable[Law]]) -> Box:
    """(E u)^m <= E u^m: two points with the same mean stand for any law, which is a mixture of
    such pairs.

    Scaled to 1 and v, with mean y, their slack is (1 - y)(y - v) h_(m-2)(v, y, 1).
    """

    def reduce(x: Instance) -> list[Reduced]:
        if x["steps"] == T:
            return [found for law in laws(x) for found in _pair(2 * T, *law)]
        return []

    return Box(
        {"v": (-1, 1), "y": (-1, 1)},
        lambda x: (0, complete(2 * T - 2, x["v"], x["y"], 1)),
        f"T = {T}, any d, spectrum and weights: two modes of equal mean, largest ratio 1",
        reduce,
    )


def _pair(
    m: int, weights: Sequence[Fraction], points: Sequence[Fraction], scale: Quantity, k: int
) -> Iterable[Reduced]:
    total = sum(weights, Fraction(0))
    low = min(points)
    high = max(points)
    if low < high:
        mean = sum((w * u for w, u in zip(weights, points, strict=True)), Fraction(0)) / total
        first, last = (weights[points.index(u)] / total for u in (low, high))
        # as much of both points as keeps the mean
        mass = min(first / (high - mean), last / (mean - low)) * (high - low)
        top, other = sorted((low, high), key=abs, reverse=True)
        scale = scale * mass * (high - mean) * (mean - low) * top ** (m - 2)
        yield Reduced({"v": other / top, "y": mean / top}, scale, k)


def increasing(T: int, ends: Callable[[Instance], Iterable[Ends]]) -> Box:
    """u^(m-1) > v^(m-1) for u > v, divided by u - v and scaled to 1 and t."""

    def reduce(x: Instance) -> list[Reduced]:
        found = []
        for u, v, scale, component in ends(x) if x["steps"] == T else ():
            top, other = sorted((u, v), key=abs, reverse=True)
            found.append(Reduced({"t": other / top}, scale * top ** (2 * T - 2), component))
        return found

    return Box(
        {"t": (-1, 1)},
        lambda x: (0, complete(2 * T - 2, x["t"], 1)),
        f"T = {T}, any d, spectrum and weights: one mode, t the ratio of a_i at both step sizes",
        reduce,
    )


def slope_increases(
    lam: Sequence[Fraction],
    omega: Sequence[Fraction],
    x: Instance,
    component: int,
    scale: Quantity = 1,
) -> Iterable[Ends]:
    """F'(right) - F'(left) >= m omega lambda^2 (right - left) h_(m-2)(a(left), a(right)) of the
    first mode.
    """
    left = x["left"]
    right = x["right"]
    v = lam[0]
    yield (
        1 - left * v,
        1 - right * v,
        scale * 2 * x["steps"] * omega[0] * v**2 * (right - left),
        component,
    )


def slopes(lam: Sequence[Fraction], omega: Sequence[Fraction], x: Instance) -> Iterable[Law]:
    """|G'|^m against (2 N(lambda) / N(a))^m: u = lambda / a, weights omega a^m; a = 0 adds to the
    second alone.
    """
    m = 2 * x["steps"]
    modes = [(c, v, 1 - x["eta"] * v) for v, c in zip(lam, omega, strict=True) if x["eta"] * v != 1]
    yield [c * a**m for c, _, a in modes], [v / a for _, v, a in modes], 2**m, 0


def end_weights(lam: Sequence[Fraction], omega: Sequence[Fraction]) -> tuple[Any, Any]:
    """omega_mu, omega_L."""
    low, high = (
        sum(c for v, c in zip(lam, omega, strict=True) if v == end) for end in (min(lam), max(lam))
    )
    return low, high


def extremes(x: Instance) -> tuple[Any, dict[str, Any]]:
    """L and (mu/L, s) at eta moved into [1/L, 1/mu], which makes a_mu^m + a_L^m smaller.

    With L = 1 and p = s + mu (1 - s) = 1/eta: a_mu = s (1 - mu) / p and a_L = -(1 - s)(1 - mu) / p.
    """
    L = max(x["eigenvalues"])
    mu = min(x["eigenvalues"]) / L
    p = 1 / min(max(x["eta"] * L, Fraction(1)), 1 / mu)
    return L, {"mu": mu, "s": (p - mu) / (1 - mu)}


def two_extremes(T: int, component: int, weights: Callable[[Instance], tuple[Any, Any]]) -> Box:
    """(2 N(lambda) / N(a))^m <= B_3^m by (s + mu r)^m <= (1 + mu)^m (s^m + r^m), r = 1 - s; from
    each side is taken ((1 + mu) s)^m. ``weights``: Omega and min(omega_mu, omega_L).
    """
    m = 2 * T

    def sides(x: Point) -> tuple[Any, Any]:
        mu = x["mu"]
        s = x["s"]
        return mu * (1 - 2 * s) * complete(m - 1, (1 + mu) * s, s + mu * (1 - s)), (
            (1 + mu) * (1 - s)
        ) ** m

    def reduce(x: Instance) -> list[Reduced]:
        if x["steps"] != T:
            return []
        L, point = extremes(x)
        total, least = weights(x)
        mu = point["mu"]
        s = point["s"]
        return [
            Reduced(
                point, (2 * L / (1 - mu)) ** m * total / least / (s**m + (1 - s) ** m), component
            )
        ]

    return Box(
        {"mu": (0, 1), "s": (0, 1)},
        sides,
        f"T = {T}, any d and weights: L = 1, modes mu and L, 1/eta = s + "
        "mu (1 - s); outside [1/L, 1/mu] the nearer end is worse",
        reduce,
    )


def peak(T: int) -> Box:
    """z^2 (1 - z)^n <= X^2 (1 - X)^n, n = 2T - 1, X = 2/(2T+1): the difference over (z - X)^2, a
    polynomial in 1 - z.

    Beyond z = 1 the left side is <= 0, which it is at 1.
    """
    n = 2 * T - 1
    X = Fraction(2, 2 * T + 1)
    level = X**2 * (1 - X) ** n
    rest = [Fraction(-1), Fraction(2), Fraction(-1), *(n - 1) * [Fraction(0)], level]
    for _ in range(2):
        # divided by a - (1 - X); the last coefficient, the remainder, is 0
        for k in range(1, len(rest)):
            rest[k] += (1 - X) * rest[k - 1]
        rest.pop()

    def sides(x: Point) -> tuple[Any, Any]:
        value: Any = 0
        for c in rest:
            value = value * x["a"] + c
        return value, 0

    def reduce(x: Instance) -> list[Reduced]:
        L = max(x["eigenvalues"])
        eta = x["eta"]
        modes = [
            (min(eta * v, Fraction(1)), c)
            for v, c in zip(x["eigenvalues"], x["energy"], strict=True)
            if v < L
        ]
        return [
            Reduced({"a": 1 - z}, T * c * ((z - X) / eta) ** 2)
            for z, c in modes
            if z != X and x["steps"] == T
        ]

    return Box(
        {"a": (0, 1)},
        sides,
        f"T = {T}, any d, eta and weights: the modes but L one by one, a = max(1 - eta "
        "lambda, 0); taken out: (a - (1 - X))^2, which is 0 where the bound is attained, X = "
        "2/(2T+1)",
        reduce,
    )
