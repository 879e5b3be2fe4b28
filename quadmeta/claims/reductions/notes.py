"""Boxes of the notes on the discounted hypergradient of quadratics with a mixed derivative that
moves along the path.

One mode of the inner loss, a = 1 - eta lambda = b x and b = a_mu; both parts of a bound, that of R
and that of ||g_T||, exceed those of the bias.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta._types import Array
from quadmeta.arithmetic.powers import divided_difference, geometric_sum
from quadmeta.claims.families.discount import direction
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Quantity, Values

Point = Mapping[str, Any]


def drift(T: int, steps: Callable[[Instance], int], scale: Callable[[Any, Any], Any]) -> Box:
    """sum_k gamma^k a^(T-k) (1 - a^k) <= sum_k gamma^k b^(T-k), 0 < k < T, divided by gamma b.

    ``scale``: what the slack of the mode of largest part in the start is multiplied by, from that
    part and the drift.
    """

    def sides(x: Point) -> tuple[Any, Any]:
        b = x["b"]
        g = x["gamma"]
        u = x["x"]
        terms = [
            (g ** (k - 1) * b ** (T - k - 1), geometric_sum(u, T - k), b**k * u**T)
            for k in range(1, T)
        ]
        return -(1 - u) * sum(c * S for c, S, _ in terms), sum(c * lost for c, _, lost in terms)

    def reduce(instance: Instance) -> list[Reduced]:
        x = arrays(instance)
        error = x["R"] * direction(x["error"])
        a = 1 - x["eta"] * x["eigenvalues"]
        gamma = x["gamma"]
        i = max(range(len(a)), key=lambda i: abs(error[i]))
        b = max(a)
        if steps(instance) != T or not b:
            return []
        if error[i]:
            size = scale(x, error[i]) * gamma * b
        else:
            size = 0
        if size:
            return [Reduced({"b": b, "gamma": gamma, "x": a[i] / b}, size)]
        return []

    return Box(
        dict.fromkeys(("b", "gamma", "x"), (0, 1)),
        sides,
        f"T = {T}, all d: one mode of the start, a = b x",
        reduce,
        equality="b = 0, x = 1, gamma = 0 or T = 2: nothing of the start is left",
    )


def total_drift(x: Values, T: int) -> Any:
    """sum_k gamma^k b^(T-k), 0 < k < T."""
    b = max(1 - x["eta"] * x["eigenvalues"])
    gamma = x["gamma"]
    return gamma * b * divided_difference(gamma, b, T - 1)


def spread(a: Array, gamma: Quantity, T: int, sizes: Array) -> list[Reduced]:
    """Points of ``mixture`` for each k < T and mode, sizes^2
    sum_k max(|b^k - gamma^k|, |gamma^k - a_L^k|) its scale.

    Where gamma^k lies outside [a_L^k, b^k], the slack is that at the nearer end.
    """
    low = min(a)
    b = max(a)
    total = sum(max(abs(b**k - gamma**k), abs(gamma**k - low**k)) for k in range(1, T))
    out = []
    for v, size in zip(a, sizes, strict=True) if low < b else ():
        for k in range(1, T):
            width = b**k - low**k
            g = min(max((gamma**k - low**k) / width, Fraction(0)), Fraction(1))
            scale = size**2 * total * width / 2
            out += [Reduced({"g": g, "x": (v**k - low**k) / width}, scale)] if scale else []
    return out
