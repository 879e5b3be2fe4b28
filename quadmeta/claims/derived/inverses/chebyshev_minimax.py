"""No method of N products solves with the inner Hessian better than Chebyshev's over all spectra
in [mu, L].
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values

HALF = Fraction(1, 2)
COSINES = {1: (1, -1), 2: (1, 0, -1), 3: (1, HALF, -HALF, -1)}
"""cos(i pi/N) for i = 0..N, where they are rational."""


class DerivedChebyshevMinimax(Claim):
    """H x = g, and x' in span{g, Hg, .., H^(N-1) g}: x - x' = p(H) x with p(0) = 1, deg p <= N;
    s = (L + mu)/(L - mu), T_N the Chebyshev polynomial.

    (i) p_N = T_N((L + mu - 2 lambda)/(L - mu))/T_N(s) has |p_N| <= 1/T_N(s) on [mu, L], so that
    Chebyshev's method errs by at most that, relative to x in every norm |q(H) x|. (ii) There is a
    problem of N + 1 eigenvalues in [mu, L] on which every x' errs by at least that in the norm of
    H, conjugate gradients included. A mixed product more makes N products a hypergradient.

    The problem: lambda_i = (L + mu)/2 - (L - mu)/2 cos(i pi/N) and g_i^2 = lambda_i w_i with w_i =
    1/(lambda_i prod_(j != i) |lambda_i - lambda_j|). Sides: 1/T_N(s)^2, and p_N(lambda)^2 at a
    point of [mu, L]; sum_i w_i p(lambda_i)^2 over sum_i w_i, any p, and 1/T_N(s)^2. For N <= 3 all
    are rational.

    Proof. (i) |T_N| <= 1 on [-1, 1]. (ii) The squared error over that of x' = 0 is sum_i w_i
    p(lambda_i)^2/sum_i w_i, least where sum_i w_i p(lambda_i) lambda_i r(lambda_i) = 0 for deg r <
    N. At p_N the sum is, up to a factor, sum_i (-1)^i r(lambda_i)/prod_(j != i) |lambda_i -
    lambda_j|, a divided difference of order N of r: 0. And T_N(s)^2 p_N(lambda_i)^2 = 1.
    """

    reference = "derived; Chebyshev's method: Golub, Varga 1961"
    strength = "tight"
    draws = 80
    forms = {
        "stated": Form(
            r"\max_{[\mu,L]}|p_N|\le\tfrac1{T_N(\varsigma)}\le\max_{H,g}\min_p"
            r"\tfrac{\|p(H)H^{-1}g\|_H}{\|H^{-1}g\|_H}",
            "holds",
            "proof + exact",
            "no method of N products has a smaller bound",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "low": Parameter(r"\mu", open=True),
        "high": Parameter("L", open=True),
        "degree": Parameter("N", low=Fraction(1), high=Fraction(3), whole=True),
        "polynomial": Parameter("p_k", low=None, axis="k", reach=2),
        "share": Parameter(r"\tfrac{\lambda-\mu}{L-\mu}", high=Fraction(1)),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """An interval."""
        return {"mu < L": x["high"] - x["low"]}

    def prepare(self, x: Instance) -> Instance:
        """L above mu."""
        return {**x, "high": x["high"] + (x["high"] <= x["low"]) * x["low"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """The least error and that of Chebyshev's method; the error of p and the bound."""
        low = x["low"]
        high = x["high"]
        N = x["degree"]
        lam = [(high + low) / 2 - (high - low) / 2 * c for c in COSINES[N]]
        weights = [_weight(lam, i) for i in range(N + 1)]
        values = [_value(x["polynomial"][:N], v) for v in lam]
        squares = sum(w * value**2 for w, value in zip(weights, values, strict=True))
        bound = 1 / _chebyshev((high + low) / (high - low), N) ** 2
        # (L + mu - 2 lambda) / (L - mu)
        reached = _chebyshev(1 - 2 * x["share"], N) ** 2 * bound
        return np.array([bound, reached]), np.array([squares / sum(weights), bound])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Chebyshev's own polynomial on its worst problem, N = 1 and 2; no product at all."""
        yield {"low": 1, "high": 9, "degree": 1, "polynomial": ("-1/5",), "share": 0}
        yield {"low": 1, "high": 3, "degree": 2, "polynomial": ("-8/7", "2/7"), "share": 1}
        yield {"low": 1, "high": 9, "degree": 3, "polynomial": (0,), "share": "1/3"}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Of one point there is no interval: s is infinite."""
        return ()


def _weight(lam: list[Any], i: int) -> Any:
    """1 / (lambda_i prod_{j != i} |lambda_i - lambda_j|), lambda ascending."""
    product = lam[i]
    for j, other in enumerate(lam):
        if j < i:
            product = product * (lam[i] - other)
        elif j > i:
            product = product * (other - lam[i])
    return 1 / product


def _value(coefficients: Array, v: Quantity) -> Any:
    """1 + sum_k p_k v^k."""
    total: Any = 0 * v
    for c in reversed(coefficients):
        total = (total + c) * v
    return 1 + total


def _chebyshev(x: Quantity, n: int) -> Any:
    """T_n(x), n >= 1."""
    before: Any = 0 * x + 1
    now: Any = x
    for _ in range(n - 1):
        before, now = now, 2 * x * now - before
    return now
