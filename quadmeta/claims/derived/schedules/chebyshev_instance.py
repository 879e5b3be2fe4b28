"""An instance whose best schedule is exactly that of Chebyshev (Young), for every number of
steps.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import solve
from quadmeta.claims.families.schedules import least
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values


class DerivedChebyshevInstance(Claim):
    """N modes lambda_j = (L + mu)/2 + (L - mu)/2 cos((2j - 1) pi / 2N) of equal lambda_j
    omega_j = 1, T <= N.

    The minimiser of F over schedules is 1/eta_t = (L + mu)/2 + (L - mu)/2 cos((2t - 1) pi / 2T),
    and with s = (L + mu)/(L - mu) = cosh v

        min F = 2N/(L - mu) U_{N-T-1}(s) / (T_N(s) T_T(s)) = 2N/(L - mu) sinh((N-T)v) / (sinh v
        cosh(Nv) cosh(Tv)).

    Exact with irrational lambda_j: they are the eigenvalues of a rational matrix, x on polynomials
    modulo T_N. Sides: sum_j omega_j p(lambda_j)^2 of p = T_T(x)/T_T(s), x = (L + mu - 2 lambda)/(L
    - mu), the least value over all polynomials with p(0) = 1, and the first-order conditions sum_j
    p(lambda_j) lambda_j^k, k < T; the formula, and 0.

    Proof. sum_j T_k(x_j) T_l(x_j) = 0 for k < l < N at the roots x_j of T_N, and for k < l = N:
    the first-order condition sum_j p(lambda_j) r(lambda_j) = 0, deg r < T. So min F = sum_j
    omega_j p(lambda_j), lambda = (L - mu)(s - x)/2, and sum_j T_k(x_j)/(s - x_j) = N
    U_{N-1-k}(s)/T_N(s), as both sides obey the three-term recurrence in k (sum_j T_k(x_j) = 0 for
    0 < k < N) and agree at k = 0, where it is T_N'(s)/T_N(s), and at k = 1.
    """

    reference = "derived; Young 1953 for the worst case"
    strength = "identity"
    draws = 60
    forms = {
        "stated": Form(
            r"\omega_j\lambda_j=1,\ \lambda_j\text{ the }N\text{ Chebyshev nodes}:\quad\min F="
            r"\tfrac{2N}{L-\mu}\tfrac{\sinh((N-T)\vartheta)}{\sinh\vartheta\cosh(N\vartheta)\cosh(T"
            r"\vartheta)}\text{ at Young's schedule},\ T\le N",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "low": Parameter(r"\mu", open=True),
        "high": Parameter("L", open=True),
        "nodes": Parameter("N", low=Fraction(1), whole=True, reach=6),
        "steps": Parameter("T", low=Fraction(1), whole=True, reach=4),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """An interval, and at most as many steps as modes."""
        return {"mu < L": x["high"] - x["low"], "T <= N": x["nodes"] - x["steps"]}

    def prepare(self, x: Instance) -> Instance:
        """Steps below N + 1, L above mu."""
        return {
            **x,
            "steps": min(x["steps"], x["nodes"]),
            "high": x["high"] + (x["high"] <= x["low"]) * x["low"],
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """F of the Chebyshev polynomial, the minimum, sums that vanish; the closed value twice,
        and zeros.
        """
        low = x["low"]
        high = x["high"]
        N = x["nodes"]
        T = x["steps"]
        s = (high + low) / (high - low)
        one = np.array([[Fraction(int(i == j)) for j in range(N)] for i in range(N)])
        X = multiplication(N)
        H = (high - low) / 2 * (s * one - X)
        first, _ = chebyshev(X, one, T)
        scale = chebyshev(s, Fraction(1), T)[0]
        second = chebyshev(s, Fraction(1), N)
        p = first / scale
        powers = [solve(H, one)]
        for _ in range(2 * T):
            powers.append(powers[-1] @ H)
        best = least([np.trace(M) for M in powers], min(T, N))
        value = 2 * N / (high - low) * lagged(s, N - T) / (second[0] * scale)
        sums = [np.trace(p @ M) for M in powers[1 : T + 1]]
        return (
            np.array([np.trace(powers[0] @ p @ p), best, *sums], dtype=object),
            np.array([value, value, *[0 * value] * T], dtype=object),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """min F = 1/7 at the step 1/2; T = N, where it is 0; more steps."""
        yield {"low": 1, "high": 3, "nodes": 2, "steps": 1}
        yield {"low": 1, "high": 3, "nodes": 3, "steps": 3}
        yield {"low": 1, "high": 10, "nodes": 7, "steps": 4}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """More steps than modes."""
        yield {"low": 1, "high": 3, "nodes": 1, "steps": 2}


def multiplication(N: int) -> Array:
    """x on the basis T_0, ..., T_{N-1} modulo T_N: its eigenvalues are the roots of T_N."""
    X = np.array([[Fraction(0)] * N for _ in range(N)])
    for k in range(1, N):
        X[k - 1, k], X[k, k - 1] = Fraction(1, 2), Fraction(1, 1 if k == 1 else 2)
    return X


def chebyshev(x: Array | Fraction, one: Array | Fraction, degree: int) -> tuple[Any, Any]:
    """T_degree at a number or matrix, and the polynomial one degree below."""
    # T_{-1} = T_1
    before: Any = x
    now: Any = one
    for _ in range(degree):
        before, now = now, 2 * (x @ now if isinstance(x, np.ndarray) else x * now) - before
    return now, before


def lagged(s: Quantity, n: int) -> Any:
    """U_{n-1}(s) = sinh(n v)/sinh v for s = cosh v, 0 at n = 0 and odd in n."""
    before = 0 * s
    now = 0 * s + 1
    for _ in range(abs(n)):
        before, now = now, 2 * s * now - before
    return before if n >= 0 else -before
