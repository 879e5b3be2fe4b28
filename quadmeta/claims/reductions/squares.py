"""Boxes of the weighted solution of tasks: the best of unbiased estimates, and convexity.

A difference that is 0 at the best weights is written as a sum of squares: rounding leaves no gap
at its zeros.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from quadmeta._types import Array
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.parameters import Instance, Quantity

Point = Mapping[str, Any]


def best_of_three(note: str, reduce: Callable[[Instance], Sequence[Reduced]]) -> Box:
    """(1 - pi)^2 + pi^2 (1/kappa - 1 + k (y - z)^2) >= 1 - kappa, k = c/(1 - c), the divisors
    kappa (1 - c) cleared.

    pi is the weight of one or two estimates against a first of variance 1, y the first one's share
    of it; z is the best share and 1/kappa - 1 the variance of the two at it: 1 - kappa is the
    least variance of all.
    """

    def sides(x: Point) -> tuple[Any, Any]:
        return 0, (1 - x["c"]) * (x["pi"] - x["kappa"]) ** 2 + x["kappa"] * x["c"] * (
            x["pi"] * (x["y"] - x["z"])
        ) ** 2

    return Box(
        dict.fromkeys(("pi", "kappa", "y", "z", "c"), (0, 1)),
        sides,
        note,
        reduce,
        "the best weights, pi = kappa and y = z",
    )


def weights_point(
    M: Sequence[Sequence[Any]], phi: Sequence[Any], scale: Quantity, component: int
) -> Reduced:
    """Weights phi of K = 1 or 2 estimates with the moments M, in units of the variance of the
    first one of all.
    """
    total = sum(phi)
    k = Fraction(0)
    y = Fraction(0)
    z = Fraction(0)
    least = M[0][0]
    if len(phi) > 1:
        first = M[0][0] - M[0][1]
        second = M[1][1] - M[0][1]
        k = first + second
        z = second / (first + second)
        y = phi[0] / total if total else z
        least = M[0][1] + first * z
    kappa = 1 / (1 + least)
    point = {"pi": total / (1 + total), "kappa": kappa, "y": y, "z": z, "c": k / (1 + k)}
    return Reduced(point, scale * (1 + k) / kappa, component)


def definite(
    what: str, form: Callable[[Instance], tuple[Array, Array]], component: int
) -> Iterator[Box]:
    """v'Hv >= 0 for H = [[1, b], [b, b^2 + s]], s > 0, and v = (1, m) or (m, 1): all positive
    definite H but for scale.

    The instance gives H and v; the larger diagonal entry comes first, so that |b| <= 1 and s <= 1,
    and b has the sign that makes m >= 0.
    """

    def reduce(x: Instance, first: int) -> list[Reduced]:
        H, v = form(x)
        i = int(H[1, 1] > H[0, 0])
        b = H[0, 1] / H[i, i]
        s = (H[0, 0] * H[1, 1] - H[0, 1] ** 2) / H[i, i] ** 2
        if abs(v[i]) >= abs(v[1 - i]):
            large = i
        else:
            large = 1 - i
        if 8 * s < 1 or not v[large] or first != (large == i):
            return []
        m = v[1 - large] / v[large]
        return [
            Reduced(
                {"b": b if m >= 0 else -b, "s": s, "m": abs(m)},
                H[i, i] * v[large] ** 2 / 2,
                component,
            )
        ]

    ranges = {"b": (-1, 1), "s": (Fraction(1, 8), 1), "m": (0, 1)}
    note = f"d = 2, form away from a singular one, s >= 1/8: {what}"
    yield Box(
        ranges,
        lambda x: (-2 * x["b"] * x["m"], 1 + (x["b"] ** 2 + x["s"]) * x["m"] ** 2),
        note + ", v = (1, m)",
        lambda x: reduce(x, True),
    )
    yield Box(
        ranges,
        lambda x: (-2 * x["b"] * x["m"], x["m"] ** 2 + x["b"] ** 2 + x["s"]),
        note + ", v = (m, 1)",
        lambda x: reduce(x, False),
    )


def convex_segment(ends: Callable[[Instance], tuple[Any, Any, Any, Any]]) -> Box:
    """F at the share tau of the larger end, F = 1, and 1 - tau of the smaller, F = rho: at most 1,
    over 1 - tau.

    ``ends`` gives (share of the first end, F there, F at the other, half the inner product of both
    in the metric of F), of which gamma is twice the last over the sum of the ends, in [-1, 1].
    """

    def reduce(x: Instance) -> list[Reduced]:
        tau, f, other, inner = ends(x)
        if other > f:
            tau, f, other = 1 - tau, other, f
        if f:
            point = {"tau": tau, "rho": other / f, "gamma": 2 * inner / (f + other)}
        else:
            point = {}
        if f and tau < 1:
            return [Reduced(point, f * (1 - tau))]
        return []

    return Box(
        {"tau": (0, 1), "rho": (0, 1), "gamma": (-1, 1)},
        lambda x: (x["tau"] * (1 + x["rho"]) * (x["gamma"] - 1), 1 - x["rho"]),
        "all shared inputs and outer losses, F at both ends and their inner product",
        reduce,
        "the larger end, or F constant",
    )
