"""With a small scale and few terms the Neumann hypergradient is a product of gradients, without
any curvature.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import SPECTRUM, neumann, reflection, turned
from quadmeta.claims.reductions.angles import aligned, filtered
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedIdentityRegime(Claim):
    """x_J = f_J(H) v, ghat_k = -u_k'x_J for nu L <= 1: how far from (J + 1) nu times the identity?

    With r = f_J(mu)/f_J(L) >= 1 and n = J + 1

        n (|v|^2 - J nu v'Hv/2) <= v'x_J/nu <= n |v|^2,      cos(x_J, v) >= 2 sqrt(r)/(1 + r),
        |ghat_k + n nu v'u_k| <= n J nu^2 L |v| |u_k|/2.

    So for J nu L << 1 the sign of ghat_k is that of the plain product -v'u_k. Sides: the squares
    of the last two.

    Proof. f_J(l)/nu = sum_{j<=J} (1 - nu l)^j is between n (1 - J nu l/2), by Bernoulli term by
    term, and n for 0 <= nu l <= 1; the second line is nu |v| |u_k| times the largest n - f_J/nu.
    cos: Kantorovich's inequality for f_J(H), which decreases in l.
    """

    reference = "derived; on a truncated Neumann series"
    strength = "lower"
    draws = 80
    forms = {
        "stated": Form(
            r"\nu L\le1:\quad(J+1)\big(1-\tfrac{J\nu\lambda}2\big)\le\tfrac{f_J(\lambda)}\nu\le "
            r"J+1,\ "
            r"\cos(x_J,v)\ge\tfrac{2\sqrt r}{1+r},\quad|\hat g_k+(J+1)\nu v^\top "
            r"u_k|\le\tfrac{(J+1)J"
            r"\nu^2L}2\|v\|\|u_k\|",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = SPECTRUM

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A small scale."""
        return {"nu > 0": x["nu"], "nu L <= 1": 1 - x["nu"] * max(x["eigenvalues"])}

    def prepare(self, x: Instance) -> Instance:
        """nu within its range."""
        top = x["nu"] * max(x["eigenvalues"])
        if top > 1:
            return {**x, "nu": x["nu"] / (1 + top)}
        return x

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """v'x/nu, n |v|^2, squared cosine, squared bound; what each is at least."""
        lam, v, u, nu, J = (x[key] for key in ("eigenvalues", "outer", "task", "nu", "products"))
        H = turned(lam, x["turn"])
        n = J + 1
        f = 1 - (1 - nu * lam) ** (J + 1)
        y = neumann(H, v, nu, J)
        r = f[np.argmin(lam)] / min(lam) / (f[np.argmax(lam)] / max(lam))
        error = n * nu * (v @ u) - u @ y
        bound = n * J * nu**2 * max(lam) / 2
        return (
            np.array(
                [v @ y / nu, n * (v @ v), (v @ y) ** 2 * (1 + r) ** 2, bound**2 * (v @ v) * (u @ u)]
            ),
            np.array(
                [
                    n * (v @ v - J * nu * (v @ (H @ v)) / 2),
                    v @ y / nu,
                    4 * r * (y @ y) * (v @ v),
                    error**2,
                ]
            ),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One term; two along the top eigenvector; Kantorovich's equality, 16/9 : 1 and
        v = (3, 4).
        """
        top = {
            "eigenvalues": (1, 2),
            "turn": (0, 0),
            "outer": (0, 1),
            "task": (0, 3),
            "nu": "1/2",
            "products": 1,
        }
        yield {**top, "outer": (1, 1), "products": 0}
        yield top
        yield {**top, "eigenvalues": ("2/9", 1), "outer": (3, 4), "task": (1, 1), "nu": 1}
        yield {**top, "outer": (2, 1), "nu": "1/1000", "products": 3}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A larger scale: a term beyond 1, which Bernoulli's inequality does not cover in both
        directions.
        """
        yield {
            "eigenvalues": (1,),
            "turn": (0,),
            "outer": (1,),
            "task": (1,),
            "nu": 3,
            "products": 2,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """Bernoulli's inequality at J = 2, 3, 5; Kantorovich's; Cauchy-Schwarz with the factors n
        - f_J/nu.
        """

        def product(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            R = reflection(np.array(instance["turn"], dtype=object))
            factors = x["nu"] * (x["products"] + 1) - filters(x)
            return filtered(factors, R @ x["outer"], R @ x["task"], Fraction(1), component=3)

        yield from map(bernoulli, (2, 3, 5))
        yield kantorovich()
        box = aligned(product)
        yield replace(box, sides=lambda x: box.sides(x)[::-1])


def filters(x: Values) -> Any:
    """f_J by modes."""
    return (1 - (1 - x["nu"] * x["eigenvalues"]) ** (x["products"] + 1)) / x["eigenvalues"]


def bernoulli(J: int) -> Box:
    """sum_{j<=J} (1 - z)^j >= (J + 1)(1 - J z/2), z = nu lambda of one mode."""

    def reduce(instance: Instance) -> list[Reduced]:
        x = arrays(instance)
        v = reflection(x["turn"]) @ x["outer"]
        return [
            Reduced({"z": x["nu"] * value}, part**2)
            for value, part in zip(x["eigenvalues"], v, strict=True)
            if part and x["products"] == J and 16 * x["nu"] * value >= 1
        ]

    return Box(
        {"z": ("1/16", 1)},
        lambda x: (sum((1 - x["z"]) ** j for j in range(J + 1)), (J + 1) * (1 - J * x["z"] / 2)),
        f"J = {J}, all d: one mode, z = nu lambda >= 1/16; z = 0 is equality",
        reduce,
    )


def kantorovich() -> Box:
    """(1 + m)^2 (E f)^2 >= 4 m E f E f^2 for m <= f <= 1, over (1 - m)^2.

    E f = m + (1 - m) t and E (f - m)(1 - f) = (1 - m)^2 t (1 - t) u: u = 1 if f is constant, 0 if
    it is m or 1.
    """

    def reduce(instance: Instance) -> list[Reduced]:
        x = arrays(instance)
        f = filters(arrays(instance))
        share = (reflection(x["turn"]) @ x["outer"]) ** 2
        size = sum(share)
        m = min(f) / max(f)
        if not size or m == 1:
            return []
        f = f / max(f)
        t = (share @ f / size - m) / (1 - m)
        if 0 < t < 1:
            u = share @ ((f - m) * (1 - f)) / size / ((1 - m) ** 2 * t * (1 - t))
        else:
            u = 0 * t
        scale = (size * max(filters(x)) * (1 / m - 1)) ** 2
        return [Reduced({"m": m, "t": t, "u": u}, scale, 2)]

    return Box(
        dict.fromkeys(("m", "t", "u"), (0, 1)),
        lambda x: (
            4 * x["m"] * x["t"] * (1 - x["t"]) * x["u"],
            -(((1 + x["m"]) * x["t"] - x["m"]) ** 2),
        ),
        "all d, J, nu and v: mean and spread of f_J, m = 1/r",
        reduce,
        "u = 0 and t = m/(1 + m)",
    )
