"""T steps of gradient descent by a polynomial of degree about sqrt(T): how much its Chebyshev
series loses when it is cut.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values

PARTS = 64


class DerivedUnrolledSurrogate(Claim):
    """S = eta sum_(j<T) a^j with a = 1 - eta lambda in [-1, 1] makes w_T = w_0 - S(H) r of gradient
    descent, and Shat is its Chebyshev series in a, cut after the degree K < T.

        |S - Shat| <= eta R_K <= 2 eta T exp(-K^2/(2 (T - 1))),

    R_K the sum of the coefficients that are cut, attained at a = 1: so Shat is within epsilon eta T
    of S for K >= sqrt(2 (T - 1) ln(2/epsilon)), and the run and its hypergradient take about so
    many products.

    Sides: at one a, eta = 1; the exponential exp(-y) from below by (1 - y/64)^64, which is a little
    more than is claimed. T <= 12.

    Proof. a^j = 2^-j sum_i C(j, i) T_|j-2i|(a), from cos^j, and |T_k| <= 1 = T_k(1). What is cut of
    a^j has the weight P(|X| > K) of a sum X of j signs, at most 2 exp(-K^2/(2 j)) (Hoeffding), and
    j <= T - 1.
    """

    reference = "derived; of powers: Sachdeva, Vishnoi 2014"
    strength = "upper"
    draws = 60
    forms = {
        "stated": Form(
            r"|S-\hat S|\le\eta\sum_{k>K}c_k\le2\eta T\,e^{-K^2/2(T-1)}\quad(0\le\eta\lambda\le2)",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "rate": Parameter("a", low=Fraction(-1), high=Fraction(1)),
        "steps": Parameter("T", low=Fraction(2), high=Fraction(12), whole=True, reach=10),
        "degree": Parameter("K", high=Fraction(11), whole=True, reach=11),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A degree below that of S."""
        return {"K < T": x["steps"] - Fraction(1, 2) - x["degree"]}

    def prepare(self, x: Instance) -> Instance:
        """A degree below that of S."""
        return {**x, "degree": x["degree"] % x["steps"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|S - Shat|, and the sum of what is cut; that sum, and the bound."""
        a = x["rate"]
        T = x["steps"]
        K = x["degree"]
        c = _coefficients(T)
        before: Any = 0 * a + 1
        now: Any = a
        cut: Any = 0 * a
        for k in range(1, T):
            if k > K:
                cut = cut + c[k] * now
            before, now = now, 2 * a * now - before
        rest = sum(c[K + 1 :], start=Fraction(0)) + 0 * a
        share = Fraction(K * K, 2 * (T - 1) * PARTS)
        return np.array([abs(cut), rest]), np.array([rest, 2 * T * (1 - share) ** PARTS + 0 * a])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """a = 1, where all that is cut adds up; a = 0."""
        yield {"rate": 1, "steps": 4, "degree": 1}
        yield {"rate": 1, "steps": 12, "degree": 8}
        yield {"rate": 0, "steps": 8, "degree": 3}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Of a degree of T or more nothing is cut."""
        return ()


def _coefficients(T: int) -> list[Fraction]:
    """c_k of sum_(j<T) a^j = sum_k c_k T_k(a)."""
    c = [Fraction(0)] * T
    for j in range(T):
        for i in range(j + 1):
            c[abs(j - 2 * i)] += Fraction(comb(j, i), 2**j)
    return c
