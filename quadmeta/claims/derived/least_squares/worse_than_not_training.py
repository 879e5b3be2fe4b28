"""Train-by-train loses to not training at all iff sigma^2 > |1 - n/d| R^2, on both sides of
n = d.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.least_squares import NOISE, RATIO, train_risk
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Values


class DerivedWorseThanNotTraining(Claim):
    """Excess risk of train-by-train minus R^2, that of w = 0; limit d = m = T = infinity,
    nu = n/d, s = sigma^2/R^2.

        E - 1 = min(1, nu) (s - |1 - nu|)/|1 - nu|,

    so the border is s = |1 - nu|: it closes at n = d, however little noise there is.

    Proof. E = s/(nu - 1) for nu > 1 and 1 - nu + s nu/(1 - nu) for nu < 1: the step size tends to
    1/(1 + psi) (``derived_train_step_limit``), where every 1 - eta l with l > 0 contracts at least
    by 2 sqrt(psi)/(1 + psi) < 1; so w tends to the minimum-norm solution, of risk (1 - nu)_+ + s
    psi int_{l>0} dMP/l. Subtract 1.
    """

    reference = "derived; sharpens Wang, Yuan, Wu, Ge 2021, Theorem 5"
    strength = "identity"
    algebra_of = "the Marchenko-Pastur limit of the risk"
    forms = {
        "stated": Form(
            r"E_{\rm TbT}-R^2=\min(1,\nu)\tfrac{\sigma^2-|1-\nu|R^2}{|1-\nu|},\quad\text{so}\quad "
            r"E_{\rm TbT}>R^2\iff\sigma^2>|1-\tfrac nd|R^2",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {"ratio": RATIO, "noise": NOISE}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """n != d, where the risk is infinite."""
        return {"n != d": abs(x["ratio"] - 1)}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Risk minus 1, and the factored form."""
        nu = x["ratio"]
        s = x["noise"]
        return train_risk(nu, s) - 1, min(nu, nu / nu) * (s - abs(1 - nu)) / abs(1 - nu)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """On the border and on each side of it, below and above n = d."""
        for nu in ("1/4", "3/4", "5/4", 3):
            for s in ("1/8", "1/4", "3/4", 2):
                yield {"ratio": nu, "noise": s}
