"""Boxes of the bounds of the discounted hypergradient: one mode of the inner loss,
b = a_mu = 1 - eta mu.

Both parts of a bound, that of the start R and that of ||g_T||, exceed those of the bias, and the
modes add up in squares: bound^2 - bias^2 is at least what one part has over its bias in one mode.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

import numpy as np

from quadmeta.arithmetic.powers import complete_homogeneous, geometric_sum
from quadmeta.claims.families.discount import Bent, turned
from quadmeta.claims.families.ramps import Ramps
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Quantity

Reduce = Callable[[Instance], Sequence[Reduced]]
Point = Mapping[str, Any]


class Mode(NamedTuple):
    """One eigenvector of all Hessians on the path."""

    factors: list[Any]
    """a_1, ..., a_T of A_t = I - eta H(w_{t-1})."""
    ratios: list[Any]
    """w_t / w_{t-1}, t = 1, ..., T, as far as w_{t-1} != 0."""
    start: Any
    """Its part of w_0 - w_*."""
    gradient: Any
    """Its part of g_T."""


def run(x: Instance) -> Bent:
    """The instance of ``BENT`` or ``RAMPS``, run."""
    if "cross" in x:
        return Ramps(arrays(x))
    return Bent(arrays(x))


def modes(x: Instance) -> tuple[Bent, list[Mode]]:
    """The modes of a loss whose bends lie along one line; none if they do not, or J changes."""
    found = run(x)
    if found.scales.M_b:
        return found, []
    units = [u for u, c, s, _ in found.parts if c or s] or [turned(Fraction(0))]
    u = units[0]
    if any(u[0] * w[1] != u[1] * w[0] for w in units):
        return found, []
    out = []
    for axis in (u, np.array([-u[1], u[0]], dtype=object)):
        path = [axis @ w for w in found.states]
        out.append(
            Mode(
                [axis @ found.step(w, axis) for w in found.states[:-1]],
                [new / old for old, new in zip(path, path[1:], strict=False) if old],
                path[0],
                axis @ found.gradients[-1],
            )
        )
    return found, out


def rising(T: int, reduce: Reduce) -> Box:
    """S_T(a) <= S_T(b) for |a| <= b <= 1, divided by b - a: h_(T-2)(1, b, a) >= 0, a = b x."""
    return Box(
        {"b": (0, 1), "x": (-1, 1)},
        lambda x: (0, complete_homogeneous((1, x["b"], x["b"] * x["x"]), T - 2)),
        f"T = {T}, all d: one mode, b the end of the range on the side of a",
        lambda x: reduce(x) if x["steps"] == T else [],
    )


def ends(
    a: Quantity, low: Quantity, high: Quantity, gamma: Quantity, T: int, size: Quantity
) -> list[Reduced]:
    """Slack of ``rising`` for max over [low, high] of |S_T(gamma) - S_T(a)|^2, times size^2, all
    in [0, 1).
    """
    least, most = (a, high) if a >= gamma else (low, a)
    S = geometric_sum(gamma, T)
    other = geometric_sum(least, T) + geometric_sum(most, T)
    scale = size**2 * (most - least) * abs(other - 2 * S)
    if scale:
        return [Reduced({"b": most, "x": least / most}, scale)]
    return []


def mixture(reduce: Reduce) -> Box:
    """|g - x| <= max(g, 1 - g) for x in [0, 1]: gamma^k and k factors of A between a_L^k and
    a_mu^k.
    """
    return Box(
        {"g": (0, 1), "x": (0, 1)},
        lambda x: (2 * abs(x["g"] - x["x"]), 1 + abs(1 - 2 * x["g"])),
        "all T and k, bends along one line: positions of gamma^k and a_s ... a_T in [a_L^k, "
        "a_mu^k]",
        reduce,
        equality="x = 1, g <= 1/2 and x = 0, g >= 1/2: modes at the ends",
    )


def path(T: int) -> Box:
    """The transient part of one mode at T = 2, 3 against R gamma^k
    b^(T-k) min{1 + b^k, kappa (1 - b^k)}.

    T = 2: |x_0| (1 - b x_1) <= 1 - b y for
    x_1 >= y = a_L/b, x_1 = 1 - (1 - y)(1 - t); T = 3, 1 + b^2 the lesser:
    |x_1| (1 - b x_2) + g (1 - b^2 x_1 x_2) <= 1 - b y + g (1 + b^2) at
    y <= x_2; w_t = b x_(t-1) w_(t-1), gamma = b g.
    """

    def two(x: Point) -> tuple[Any, Any]:
        b = x["b"]
        y = x["y"]
        t = x["t"]
        size = x["x_0"]
        # 1 - b y, no product subtracted that rounds above 1
        return -(1 - size) * (1 - b + b * (1 - y)), size * b * (1 - y) * t

    def three(x: Point) -> tuple[Any, Any]:
        b = x["b"]
        g = x["g"]
        first = x["x_1"]
        last = x["x_2"]
        both = ((1 + first) * (1 + last) + (1 - first) * (1 - last)) / 2
        return -(1 - abs(first)) * (1 - b + b * (1 - last)), g * b**2 * both

    def reduce(x: Instance) -> list[Reduced]:
        if x["steps"] != T:
            return []
        found, parts = modes(x)
        b = found.scales.a_mu
        gamma = found.gamma
        out = []
        y = found.scales.a_L / b
        usable = found.scales.L2 and gamma and (T == 2 or 1 + b**2 <= (1 - y * b) * (1 + b))
        for mode in parts if usable else ():
            if len(mode.ratios) < T:
                continue
            r = [ratio / b for ratio in mode.ratios]
            # bound + bias, times what both have in common
            scale = (found.eta * found.scales.L2 * mode.start * gamma * b ** (T - 1)) ** 2
            if T == 2:
                point = {
                    "b": b,
                    "y": y,
                    "t": 1 - (1 - r[1]) / (1 - y) if y < 1 else Fraction(0),
                    "x_0": abs(r[0]),
                }
                more = (1 - b * y) + abs(r[0]) * (1 - b * r[1])
            else:
                point = {"b": b, "g": gamma / b, "x_1": r[1], "x_2": r[2]}
                more = 1 - b * r[2] + gamma / b * (1 + b**2)
            out += [Reduced(point, scale * more)] if scale * more else []
        return out

    if T == 2:
        return Box(
            {"b": (0, 1), "y": (-1, 1), "t": (0, 1), "x_0": (0, 1)},
            two,
            "T = 2, bends along one line: one mode",
            reduce,
            equality="x_0 = 1 with b t (1 - y) = 0",
        )
    return Box(
        {"b": (0, 1), "g": (0, 1), "x_1": (-1, 1), "x_2": (-1, 1)},
        three,
        "T = 3, bends along one line: one mode, where 1 + b^2 is the lesser",
        reduce,
        equality="x_1 = 1, g = 0 or b = 0; x_1 = -x_2 = 1 or -1",
    )


def positions(x: Instance, bound: Callable[[Any], Any]) -> list[Reduced]:
    """Points of ``mixture`` for each k < T and mode."""
    found, parts = modes(x)
    low = found.scales.a_L
    b = found.scales.a_mu
    gamma = found.gamma
    T = found.T
    out = []
    # only |g_T| times its part: R only adds to the slack
    most = bound(replace(found.scales, R=0, G=1))
    for mode in parts if low < b else ():
        for k in range(1, T):
            width = b**k - low**k
            product = prod(mode.factors[T - k :])
            scale = (found.eta * mode.gradient) ** 2 * width * most / found.eta / 2
            point = {"g": (gamma**k - low**k) / width, "x": (product - low**k) / width}
            out += [Reduced(point, scale)] if scale else []
    return out
