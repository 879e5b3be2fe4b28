"""How far the derivative of one step is from that of a fixed point, for a contraction."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import ANY, solve, turned
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Values


class DerivedOneStepBound(Claim):
    """w = Phi(w, alpha) with A = d Phi/d w symmetric, |A| <= rho < 1, and v = d Phi/d alpha at the
    fixed point. The derivative of the fixed point is x = (I - A)^-1 v; that of one more step, the
    weights before it held, is v.

        |v - x| <= rho/(1 - rho) |v|   and   |v - x| <= rho |x|.

    The first is how the bound of one-step differentiation of Bolte, Pauwels and Vaiter (2023) is
    read here, whose text is not at hand; the second is relative to what is wanted. Both are
    attained, at A = rho. Gradient descent: A = I - eta H, and one step of the best size errs by
    (kappa - 1)/(kappa + 1) at most; Newton's method: A = 0, and one step is exact.

    Proof. v - x = -A x, and |x| <= |v|/(1 - rho).
    """

    reference = "derived; on one-step differentiation, Bolte, Pauwels, Vaiter 2023"
    strength = "tight"
    draws = 80
    forms = {
        "stated": Form(
            r"\|J_{\rm one}-J_*\|\le\tfrac\rho{1-\rho}\|\partial_\alpha\Phi\|,\quad"
            r"\|J_{\rm one}-J_*\|\le\rho\,\|J_*\|",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {
        "rates": Parameter("a_i", low=Fraction(-1), high=Fraction(1), open=True, axis="d"),
        "turn": ANY,
        "v": Parameter("v", low=None, axis="d", reach=3),
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A contraction."""
        return {"rho < 1": 1 - _largest(x["rates"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|v - x|^2 twice; the squares of both bounds."""
        rho = _largest(x["rates"])
        v = x["v"]
        exact = solve(turned(1 - x["rates"], x["turn"]), v)
        off = (v - exact) @ (v - exact)
        first = (rho / (1 - rho)) ** 2 * (v @ v)
        return np.array([off, off]), np.array([first, rho**2 * (exact @ exact)])

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One rate, where both bounds are attained; two of either sign, where none is; Newton."""
        yield {"rates": ("1/2",), "turn": (0,), "v": (1,)}
        yield {"rates": ("-1/2", "1/3"), "turn": (1, 2), "v": (1, 1)}
        yield {"rates": (0,), "turn": (0,), "v": (1,)}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """At rho = 1 there may be no fixed point."""
        return ()


def _largest(rates: Any) -> Any:
    """max |a_i|."""
    return max(abs(rate) for rate in rates)
