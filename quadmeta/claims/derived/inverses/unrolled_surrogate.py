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

    R_K the sum of the coefficients c_k that are cut, attained at a = 1: so Shat is within epsilon
    eta T of S for K >= sqrt(2 (T - 1) ln(2/epsilon)). Where H moves with alpha, the hypergradient
    needs divided differences of S as well, and

        |S[lambda, lambda'] - Shat[lambda, lambda']| <= eta^2 sum_(k>K) k^2 c_k,

    attained at a = a' = 1. The run and its hypergradient take about so many products.

    Sides: at a and a', eta = 1; the exponential exp(-y) from below by (1 - y/64)^64, which is a
    little more than is claimed. T <= 12.

    Proof. a^j = 2^-j sum_i C(j, i) T_|j-2i|(a), from cos^j, and |T_k| <= 1 = T_k(1). What is cut of
    a^j has the weight P(|X| > K) of a sum X of j signs, at most 2 exp(-K^2/(2 j)) (Hoeffding), and
    j <= T - 1. Divided differences are values of the derivative, and |T_k'| <= k^2 = T_k'(1).
    """

    reference = "derived; of powers: Sachdeva, Vishnoi 2014"
    strength = "upper"
    draws = 60
    forms = {
        "stated": Form(
            r"|S-\hat S|\le\eta\sum_{k>K}c_k\le2\eta T\,e^{-K^2/2(T-1)},\quad"
            r"|S[\lambda,\lambda']-\hat S[\lambda,\lambda']|\le\eta^2\sum_{k>K}k^2c_k",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "rate": Parameter("a", low=Fraction(-1), high=Fraction(1)),
        "other": Parameter("a'", low=Fraction(-1), high=Fraction(1)),
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
        """|S - Shat|, the sum of what is cut, the divided difference; that sum, and the bounds."""
        a = x["rate"]
        y = x["other"]
        T = x["steps"]
        K = x["degree"]
        c = _coefficients(T)
        zero: Any = 0 * a * y
        cut = slope = zero
        # T_k at a and y, and T_k[a, y], by T_(k+1) = 2 a T_k - T_(k-1)
        before, now = zero + 1, zero + a
        below, at = zero + 1, zero + y
        under, over = zero, zero + 1
        for k in range(1, T):
            if k > K:
                cut = cut + c[k] * now
                slope = slope + c[k] * over
            under, over = over, 2 * a * over + 2 * at - under
            below, at = at, 2 * y * at - below
            before, now = now, 2 * a * now - before
        rest = sum(c[K + 1 :], start=Fraction(0)) + zero
        steep = sum((k * k * c[k] for k in range(K + 1, T)), start=Fraction(0)) + zero
        share = Fraction(K * K, 2 * (T - 1) * PARTS)
        bound = 2 * T * (1 - share) ** PARTS + zero
        return np.array([abs(cut), rest, abs(slope)]), np.array([rest, bound, steep])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """a = 1, where all that is cut adds up; a = 0."""
        yield {"rate": 1, "other": 1, "steps": 4, "degree": 1}
        yield {"rate": 1, "other": -1, "steps": 12, "degree": 8}
        yield {"rate": 0, "other": "1/2", "steps": 8, "degree": 3}

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
