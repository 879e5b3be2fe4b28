"""Where the inner curvature is one number, only the transient part of the bias remains."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.claims.families.discount import ALONG, NORM, QUADRATIC, Quadratic, direction
from quadmeta.claims.reductions.angles import aligned, products
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import STEPS, Instance, Parameter, Values


class Yakovlev2023EqualCurvature(Claim):
    """L = mu and gamma = 1 - eta mu = q^2, B bounding eta ||J||.

    Printed: ||ghat - g|| is at most the first term of the printed bound (which itself leaves B
    |g_T| a^T/(eta L) here). Repaired: B L_2 R a^T (T - 1 - (a + ... + a^(T-1))), attained along
    the eigenvector of L_2.

    Proof. A = a I and gamma = a: ghat - g = eta C' H_2 sum_{0<k<T} a^k (a^(T-k) - a^T) (w_0 - w_*),
    which is the repaired bound. Printed: it is at most B L R (T - 1) q^(2T), and
    (T - 1) q^(T-1) (1 - q) < 1 < 2.
    """

    reference = "Yakovlev et al. 2023, the bound for L = mu"
    source = SOURCE
    standing = "theorem"
    strength = "tight"
    forms = {
        "printed": Form(
            r"L=\mu:\ \|\hat g-g\|\le\frac{2LBRq^T}{q^{-1}-1}",
            "holds",
            "proof + exact",
            "with B a bound of eta |J|",
            proved=True,
        ),
        "stated": Form(
            r"L=\mu:\ \|\hat g-g\|\le BL_2Ra^T\Big(T-1-\sum_{k=1}^{T-1}a^k\Big)",
            "holds",
            "proof + exact",
            "with equality",
            proved=True,
            attained=True,
        ),
    }
    domain = {
        "q": Parameter(r"\sqrt{1-\eta\mu}", open=True, reach=1),
        "eta": Parameter(r"\eta", open=True, reach=3),
        "cross": QUADRATIC["cross"],
        "error": ALONG,
        "gradient": ALONG,
        "outer": ALONG,
        "R": NORM,
        "G": NORM,
        "L2": QUADRATIC["L2"],
        "mu2": QUADRATIC["mu2"],
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """mu > 0, and an outer loss that is L-smooth as printed."""
        margins = {"q < 1": 1 - x["q"], "mu_2 <= L_2": x["L2"] - x["mu2"]}
        if form == "printed":
            return {**margins, "L_2 <= L": (1 - x["q"] ** 2) / x["eta"] - x["L2"]}
        return margins

    def prepare(self, x: Instance) -> Instance:
        """L_2 <= L at an even T, and mu_2 <= L_2."""
        L = (1 - x["q"] ** 2) / x["eta"]
        if x["steps"] % 2 or L <= 0:
            top = x["L2"]
        else:
            top = min(x["L2"], L)
        return {**x, "L2": top, "mu2": min(x["mu2"], top)}

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|ghat - g|^2 by loops, and the squared bound."""
        q = x["q"]
        T = x["steps"]
        a = x["q"] ** 2
        L = (1 - a) / x["eta"]
        same = np.array([L] * len(x["cross"]), dtype=object)
        bias = Quadratic.of({**x, "eigenvalues": same, "gamma": a}).bias()
        B = x["eta"] * max(abs(x["cross"]))
        if form == "printed":
            bound = 2 * L * B * x["R"] * q ** (T + 1) / (1 - q)
        else:
            bound = B * x["L2"] * x["R"] * a**T * (T - geometric_sum(a, T))
        return bias @ bias, bound**2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality."""
        yield {
            "q": "1/2",
            "eta": "1/2",
            "cross": (2, 1),
            "error": (1, 0),
            "gradient": (1, 1),
            "outer": (1, 0),
            "R": 1,
            "G": 5,
            "L2": 1,
            "mu2": "1/2",
            "steps": 4,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """Printed, at T = 2, 3, 5: one mode. Repaired, at any T: n' H_2 e <= L_2, n the mode of
        the largest |c_i|.

        |C H_2 e|^2 <= c'^2 |H_2 e|^2 + (c^2 - c'^2)(n' H_2 e)^2 with c' the second of the |c_i|.
        """

        def reduce(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            sizes = abs(x["cross"])
            u = direction(x["outer"])
            e = direction(x["error"])
            top = max(range(len(u)), key=lambda i: sizes[i])
            second = max((c for i, c in enumerate(sizes) if i != top), default=sizes[top])
            a = x["q"] ** 2
            T = x["steps"]
            m = x["mu2"] / x["L2"]
            size = x["eta"] * x["R"] * x["L2"] * a**T * (T - geometric_sum(a, T))
            along = u[top] * (u @ e)
            rest = e[top] - u[top] * (u @ e)
            return products(
                along,
                m * rest,
                (u @ e) ** 2,
                1 - (u @ e) ** 2,
                m,
                (sizes[top] ** 2 - second**2) * size**2,
            )

        yield from map(one_mode, (2, 3, 5)) if form == "printed" else [aligned(reduce)]


def one_mode(T: int) -> Box:
    """q^(2T) sum (1 - q^(2k)) <= 2 q^(T+1)/(1 - q), divided by half the right side."""

    def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
        q = x["q"]
        return q ** (T - 1) * (1 - q) * sum(1 - q ** (2 * k) for k in range(1, T)), 2

    def reduce(x: Instance) -> list[Reduced]:
        q = x["q"]
        cross = max(map(abs, x["cross"]))
        size = (1 - q**2) * cross * x["R"] * q ** (T + 1) / (1 - q)
        scale = size**2 * sum(sides(x))
        if x["steps"] == T and scale:
            return [Reduced({"q": q}, scale)]
        return []

    return Box({"q": (0, 1)}, sides, f"T = {T}, all d: |H_2| <= L, |C| <= B/eta", reduce)
