"""The bracket of the best validated step size, brought onto boxes."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.reductions.polynomial import Polynomial, V, X
from quadmeta.claims.reductions.semicircle import power_means
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.parameters import Instance, Quantity


def bracket(T: int, noisy: bool = False) -> Iterable[Box]:
    """Signs of the slope, unit 1 + psi, q = 1 - eta l: q^m - q^(2T-1) is eta l times a sum of
    powers of q, eta cancels; all of it for T delta > 2 where ``noisy``.

    Both compare sum_k (k - T + 2) E_Q[l q^k], k from T - 1 to 2T - 2: with T l_+ sum_k E_Q[q^k] at
    the lower end; with 0 at the upper end, 1/eta = T delta. Polynomials in g = 1/eta - 1 or 1/g, q
    in proportion to g + y or 1 + y/g.
    """

    def total(center: Polynomial | int, b: Polynomial | int, row: int) -> Polynomial:
        return sum(
            (
                power_means(center, b, V, k)[row]
                * (center + b) ** (2 * T - 2 - k)
                * (k - T + 2 if row else 1)
                for k in range(T - 1, 2 * T - 1)
            ),
            0 * X,
        )

    def box(ranges: Mapping[str, Any], what: str, sides: Any, point: Any) -> Box:
        def reduce(x: Instance) -> list[Reduced]:
            z = x["root"] / (1 + x["root"] ** 2)
            delta = x["factor"] ** T / (1 - x["factor"] ** T)
            return [
                Reduced(*found) for found in point(z, delta) if x["steps"] == T and 64 * z**2 >= 1
            ]

        return Box(
            ranges, sides, f"T = {T}, d/n_1 in [1/61, 61], every sigma: slope at the {what}", reduce
        )

    def low(z: Quantity, delta: Quantity) -> Iterable[Any]:
        f = 1 / (T * (1 + 2 * z + delta) - 1)
        yield {"z": z, "1/g": f}, f / (1 + f) ** (2 * T - 1), 0

    def high(z: Quantity, delta: Quantity, far: bool) -> Iterable[Any]:
        g = T * delta - 1
        if far == (g > 1):
            key, value, size = ("1/g", 1 / g, g) if far else ("g", g, 1)
            yield {key: value, "r": z**2}, size ** (2 * T - 2) / (1 + g) ** (2 * T - 1), 1

    plain = total(1, X, 0)
    near = total(X, 1, 1)
    far = total(1, X, 1)
    r = (Fraction(1, 64), Fraction(1, 4))
    yield box(
        {"z": (Fraction(1, 8), Fraction(1, 2)), "1/g": (0, Fraction(1, T - 1))},
        "lower end",
        lambda p: (far(p["1/g"], p["z"] ** 2), T * (1 + 2 * p["z"]) * plain(p["1/g"], p["z"] ** 2)),
        low,
    )
    if not noisy:
        yield box(
            {"g": (-1, 1), "r": r},
            "upper end, T delta <= 2",
            lambda p: (0, near(p["g"], p["r"])),
            lambda z, delta: high(z, delta, False),
        )
    yield box(
        {"1/g": (0, 1), "r": r},
        "upper end, T delta > 2",
        lambda p: (0, far(p["1/g"], p["r"])),
        lambda z, delta: high(z, delta, True),
    )
