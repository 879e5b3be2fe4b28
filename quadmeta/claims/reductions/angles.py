"""Boxes of statements that rest on the angle of two vectors, or on the spread of one number
against two.

Any number of modes counts as two: the squares of all but one group add up, and Cauchy-Schwarz
bounds their products.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from quadmeta._types import Array
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.parameters import Instance, Quantity

Reduce = Callable[[Instance], Sequence[Reduced]]
Point = Mapping[str, Any]


def opposed(reduce: Reduce) -> Box:
    """(P - N)^2 (1 + m)^2 <= |v|^2 |u|^2 (1 - m)^2 for m P <= N <= P, the sums of the products v_i
    u_i of each sign.

    With P = 1 and N = s, |v|^2 |u|^2 >= 1 + s^2 + s (rho + 1/rho), and 1 - s = (1 - m)(1 - t);
    times rho/(1 - m)^2.
    """

    def sides(x: Point) -> tuple[Any, Any]:
        m = x["m"]
        t = x["t"]
        rho = x["rho"]
        # (1 + s)^2 - (1 - t)^2 (1 + m)^2 = 4 t (1 + m (1 - t))
        s = m + t * (1 - m)
        return -s * (1 - rho) ** 2, 4 * t * rho * (1 + m * (1 - t))

    return Box(
        {"m": (0, 1), "t": (0, 1), "rho": (0, 1)},
        sides,
        "all d, spectra and vectors: products of either sign lumped, m = min/max of the spectrum",
        reduce,
        equality="t = 0, rho = 1: the plane of the extreme modes",
    )


def signs(
    weights: Array, v: Array, u: Array, low: Quantity, high: Quantity, component: int = 0
) -> list[Reduced]:
    """sum w v u of either sign against the spectrum [low, high]; none where the signs cannot
    differ.
    """
    products = weights * v * u
    flip = 1 if sum(products) >= 0 else -1
    more = [flip * c > 0 for c in products]
    P, N = (
        sum(abs(c) for c, side in zip(products, more, strict=True) if side == kind)
        for kind in (True, False)
    )
    if low == high or P == 0 or N * high < low * P:
        return []
    across = [
        sum(w * z**2 for w, z, side in zip(weights, vector, more, strict=True) if side == kind)
        for vector, kind in ((v, True), (u, False))
    ]
    m = low / high
    s = N / P
    rho = across[0] * across[1] / (P * N)
    rho = min(rho, 1 / rho)
    return [
        Reduced(
            {"m": m, "t": (s - m) / (1 - m), "rho": rho}, P**2 * (high - low) ** 2 / rho, component
        )
    ]


def aligned(reduce: Reduce) -> Box:
    """(sum g_i v_i u_i)^2 <= |v|^2 |u|^2 for |g_i| <= 1, one mode having g = 1, the others at most
    g in size.

    Products 1 and q of both groups: (1 + g q)^2 <= 1 + q^2 + q (rho + 1/rho), times rho/q.
    """

    def sides(x: Point) -> tuple[Any, Any]:
        g = x["g"]
        q = x["q"]
        rho = x["rho"]
        return -((1 - rho) ** 2), rho * (1 - g) * (2 + q * (1 + g))

    return Box(
        {"g": (0, 1), "q": (0, 4), "rho": (0, 1)},
        sides,
        "all d: one mode of the largest factor, the others lumped; q > 4 has more slack than q = 4",
        reduce,
        equality="g = rho = 1: vectors along, or equal factors",
    )


def products(
    first: Quantity,
    last: Quantity,
    square: Quantity,
    rest: Any,
    g: Quantity,
    scale: Quantity,
    component: int = 0,
) -> list[Reduced]:
    """Slack of ``aligned``: v_1 u_1, the lumped sum, the squares of u_1 and of the rest of u, g
    and a scale.
    """
    if first == 0 or last == 0 or scale == 0:
        return []
    q = abs(last / first) / g
    rho = rest / square / q
    rho = min(rho, 1 / rho)
    return [
        Reduced(
            {"g": g, "q": min(q, Fraction(4)), "rho": rho}, scale * first**2 * q / rho, component
        )
    ]


def filtered(
    factors: Sequence[Any], v: Array, u: Array, scale: Quantity, component: int = 0
) -> list[Reduced]:
    """Slack of (sum f_i v_i u_i)^2 <= max f^2 |v|^2 |u|^2, times ``scale``."""
    top = max(range(len(factors)), key=lambda i: abs(factors[i]))
    f = factors[top]
    rest = [i for i in range(len(factors)) if i != top]
    if f == 0 or not rest:
        return []
    last = sum(factors[i] / f * v[i] * u[i] for i in rest)
    return products(
        v[top] * u[top],
        last,
        u[top] ** 2,
        sum(u[i] ** 2 for i in rest),
        max(abs(factors[i] / f) for i in rest),
        scale * f**2,
        component,
    )


def between(relative: bool, lower: bool, reduce: Reduce) -> Box:
    """max(|s - 1|, |s - y|) >= (1 - y)/2; relative: max(|s - 1|, |1 - y s|) >= (1 - y)/(1 + y).

    max(A, B) = (A + B + |A - B|)/2. ``lower``: the larger side is the left one.
    """

    def sides(x: Point) -> tuple[Any, Any]:
        y = x["y"]
        s = x["s"]
        A = abs(s - 1)
        if relative:
            B = abs(1 - y * s)
        else:
            B = abs(s - y)
        worst = A + B + abs(A - B)
        if relative:
            least = 4 / (1 + y) - 2
        else:
            least = 1 - y
        if lower:
            return (worst, least)
        return (least, worst)

    # at y = 0 both sides of the relative one are 1 for all s
    return Box(
        {"y": (Fraction(relative, 16), 1), "s": (0, 2)},
        sides,
        "all T, mu, L, eta and weights: two sums or inverses 1 and y, s < 0 or > 2 moved to the "
        "nearer end, "
        "which has less slack",
        reduce,
        equality="s = 2/(1 + y)" if relative else "s = (1 + y)/2",
    )


def clamped(y: Quantity, s: Quantity) -> dict[str, Any]:
    """The point (y, s) of ``between``, s moved into its range."""
    return {"y": y, "s": min(max(s, Fraction(0)), Fraction(2))}


MOST = Fraction(3, 4)
"""r / sqrt(1 - p^2) in ``turning``, which is 1 on the border."""


def turning(reduce: Reduce) -> Box:
    """g'(I + p N)(I + r E)g > 0 in the plane for p^2 + r^2 < 1, N and E symmetric of eigenvalues
    -1 and 1.

    (1 + p cos A)(1 + r cos B) > p r |sin A sin
    B|, p = (1 - k^2)/(1 + k^2); X = k tan(A/2), y = tan(B/2) or the inverse of either, k < 0 for
    that of y. Linear in r <= MOST 2k/(1 + k^2), and > 0 at r = 0.
    """

    def sides(x: Point) -> tuple[Any, Any]:
        k = x["k"]
        X = x["X"]
        y = x["y"]
        return (1 + X**2) * ((1 + y**2) * (1 + k**2) + 2 * MOST * k * (1 - y**2)), 4 * MOST * (
            1 - k**2
        ) * X * y

    return Box(
        {"k": (-1, 1), "X": (0, 1), "y": (0, 1)},
        sides,
        "d = 2, any T: at most 3/4 of the r admitted; more modes need the two angles of the proof",
        reduce,
    )


def turned_by(
    k: Quantity, r: Quantity, first: tuple[Any, Any], last: tuple[Any, Any], scale: Quantity
) -> list[Reduced]:
    """Slack of ``turning`` from (cos A, |sin A|) and (cos B, |sin B|)."""
    share = r * (1 + k**2) / (2 * k)
    if not 0 < share <= MOST:
        return []
    p = (1 - k**2) / (1 + k**2)
    cos, sin = first
    if k * sin > 1 + cos or cos == -1:
        size = (1 - p) * (1 - cos) / 2
        X = sin / (1 - cos) / k
    else:
        size = (1 + p) * (1 + cos) / 2
        X = k * sin / (1 + cos)
    cos, sin = last
    y = sin / (1 + abs(cos))
    k = k if cos >= 0 else -k
    return [
        Reduced({"k": k, "X": X, "y": y}, scale * size * share / MOST / ((1 + y**2) * (1 + k**2)))
    ]
