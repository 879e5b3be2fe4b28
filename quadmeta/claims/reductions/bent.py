"""Boxes of the bounds of the discounted hypergradient, b = a_mu = 1 - eta mu: bends, quadratics,
the printed shape.
"""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import isqrt
from typing import Any

from quadmeta.arithmetic.powers import complete_homogeneous, geometric_sum
from quadmeta.claims.reductions.discount import modes, run
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.parameters import Instance

Point = Mapping[str, Any]
LEAST = Fraction(1, 16)


def bends(T: int, shifted: bool, bound: Callable[[Any], Any]) -> Box:
    """H_w: products of A_s against powers of A(w_*) by |A_s - A(w_*)| <= eta H_w R b^(s-1) x_s,
    |A_s| <= b.

    x_s = |w_(s-1)| / (b^(s-1) R): sum_(1<k<T) sum_(s=T-k+1)^T b^(s-T+k-1) x_s <= sum_k S_k(b).
    ``shifted``, matrix discount: both products of each k = 1, ..., T - 1, that up to A_T and that
    up to A_(T+1), against 2 S_k(b).
    """
    # |w_t| <= b |w_(t-1)|: x_4 >= x_5
    terms = [
        (min(T - k + 1 + j + move, 4), j, move)
        for k in range(1 if shifted else 2, T)
        for j in range(k)
        for move in range(1 + shifted)
    ]
    names = {f"x_{s}": s for s in sorted({s for s, _, _ in terms})}

    def reduce(x: Instance) -> list[Reduced]:
        if x["steps"] != T or not (x["G"] and x["R"] and any(x["slopes"])):
            return []
        found = run(x)
        known = found.scales
        b = found.scales.a_mu
        scale = found.eta**2 * known.B * known.G * known.H_w * known.R * b ** (T - 1)
        sizes = {
            name: min(
                _above(found.states[s - 1] @ found.states[s - 1]) / (b ** (s - 1) * known.R),
                Fraction(1),
            )
            for name, s in names.items()
        }
        return [Reduced({"b": b, **sizes}, scale * bound(known))]

    return Box(
        {"b": (0, 1), **dict.fromkeys(names, (0, 1))},
        lambda x: (
            0,
            sum(x["b"] ** (j + move) * (1 - x[f"x_{s}"]) for s, j, move in terms),
        ),
        f"T = {T}, d = 2, bends that need not commute: x_s = |w_(s-1)| / (b^(s-1) R)",
        reduce,
        equality="all x_s = 1",
    )


def _above(square: Fraction) -> Fraction:
    """An upper bound of the root, too large by 2^-40 at most."""
    return Fraction(isqrt(square.numerator * 2**80 // square.denominator) + 1, 2**40)


def expansion() -> Box:
    """A_s = c + r N_s, |N_s| = x_s <= 1: |A_2 A_3 + A_3 - c^2 - c| <= S_3(c + r) - S_3(c), divided
    by r.
    """

    def sides(x: Point) -> tuple[Any, Any]:
        c = x["c"]
        r = x["r"]
        first = x["x_2"]
        last = x["x_3"]
        return -(1 - last) * (1 + c), c * (1 - first) + r * (1 - first + first * (1 - last))

    def reduce(x: Instance) -> list[Reduced]:
        if x["steps"] != 3:
            return []
        found, parts = modes(x)
        known = found.scales
        r = found.eta * (known.L - known.mu) / 2
        c = 1 - found.eta * (known.L + known.mu) / 2
        out = []
        for mode in parts if r else ():
            first, last = (abs(a - c) / r for a in mode.factors[1:])
            both = 1 + 2 * c + r + last * (1 + c + r * first) + c * first
            scale = (found.eta * mode.gradient * r) ** 2 * both
            out += [Reduced({"c": c, "r": r, "x_2": first, "x_3": last}, scale)] if scale else []
        return out

    return Box(
        dict.fromkeys(("c", "r", "x_2", "x_3"), (0, 1)),
        sides,
        "T = 3, bends along one line: one mode, |a_s - c| / r",
        reduce,
        equality="x_2 = x_3 = 1: H = mu",
    )


def farthest(x: Instance) -> list[Reduced]:
    """The same at any T by ``rising``, with the largest |N_s| for all: a = c + r max x_s."""
    found, parts = modes(x)
    known = found.scales
    out = []
    b = known.a_mu
    c = 1 - found.eta * (known.L + known.mu) / 2
    for mode in parts:
        a = c + max(abs(v - c) for v in mode.factors[1:])
        both = sum(sign * geometric_sum(v, found.T) for sign, v in ((1, b), (1, a), (-2, c)))
        scale = (found.eta * mode.gradient) ** 2 * both * (b - a)
        out += [Reduced({"b": b, "x": a / b}, scale)] if scale else []
    return out


def printed_shape(T: int, low: Fraction) -> Iterator[Box]:
    """2 L R q^(T+1)/(1 - q) + |g_T| (1/mu - 1/L + (1 - eta mu)^T/L)/eta on quadratics, the latter
    for b >= low.
    """
    high = 1 - LEAST

    def start(x: Point) -> tuple[Any, Any]:
        q = x["q"]
        g = x["g"]
        a = x["x"]
        total = sum(g**k * a ** (T - k) * (1 - (q**2 * a) ** k) for k in range(1, T))
        return abs(q ** (T - 1) * (1 - q) * total), 2

    def last(x: Point) -> tuple[Any, Any]:
        b = x["b"]
        y = x["y"]
        total = geometric_sum(b, T) * (1 - y) / (1 - b * y)
        return (1 - y) * complete_homogeneous((1, b, b * y), T - 2), b ** (T - 1) / (1 - b) + total

    def reduce(x: Instance, first: bool) -> list[Reduced]:
        if x["steps"] != T:
            return []
        found, parts = modes(x)
        known = found.scales
        q = x["q"]
        gamma = found.gamma
        out = []
        b = known.a_mu
        for mode in parts if first or low <= b <= high else ():
            a = mode.factors[0]
            if first:
                point = {"q": q, "g": gamma / b, "x": a / b}
                sides = start
                size = mode.start * known.L * q ** (T + 1) / (1 - q)
            else:
                least = min(a, gamma, key=lambda v: geometric_sum(v, T))
                point = {"b": b, "y": least / b}
                sides = last
                size = mode.gradient * b
            scale = (found.eta * size) ** 2 * sum(sides(point))
            out += [Reduced(point, scale)] if scale else []
        return out

    yield Box(
        {"q": (0, 1), "g": (0, 1), "x": (-1, 1)},
        start,
        f"T = {T}, bends along one line: part of R in one mode, gamma = b g, a = b x",
        lambda x: reduce(x, True),
    )
    yield Box(
        {"b": (low, high), "y": (-1, 1)},
        last,
        f"T = {T}, bends along one line: part of |g_T| in one mode, of gamma and a the lesser "
        "S_T at b y, the "
        "other at most S_T(b); b = 0 is equality, b = 1 a pole",
        lambda x: reduce(x, False),
    )


def matrix_drift(T: int) -> Box:
    """x^T sum_(0<k<T) (1 - (b x)^k) <= T - 1 for a = b x: the matrix discount on quadratics."""

    def sides(x: Point) -> tuple[Any, Any]:
        return x["x"] ** T * sum(1 - (x["b"] * x["x"]) ** k for k in range(1, T)), T - 1

    def reduce(x: Instance) -> list[Reduced]:
        if x["steps"] != T or any(x["slopes"]):
            return []
        found, parts = modes(x)
        b = found.scales.a_mu
        out = []
        for mode in parts if b >= LEAST else ():
            point = {"b": b, "x": mode.factors[0] / b}
            scale = (found.eta * found.scales.L2 * mode.start * b**T) ** 2 * sum(sides(point))
            out += [Reduced(point, scale)] if scale else []
        return out

    return Box(
        {"b": (LEAST, 1), "x": (0, 1)},
        sides,
        f"T = {T}, quadratic, bends along one line: one mode; b = 0 is equality",
        reduce,
    )
