"""One more step can make the best risk of a constant step size larger, by a millionth; not below
1/l_+.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.least_squares import (
    ASPECT,
    HORIZON,
    NOISE,
    risk_polynomial,
    root_count,
)
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Parameter, Values


class DerivedRiskMonotoneInSteps(Claim):
    """Is the best excess risk E_T(eta) nonincreasing in T? Limit, psi = d/n, s = sigma^2/R^2,
    delta = s psi.

    Tested as: every value E_T(eta) is reached or undercut by E_{T+1} at some eta'. E_{T+1} is a
    polynomial in eta' that is 1 at 0 and infinite at infinity. Sides: the number of its crossings
    of min(1, E_T(eta)) in the range of eta', counted exactly by Sturm's chain
    (1 if E_T(eta) >= 1, where eta' = 0 will do); against 1. Conjectured: eta' >= 0. False from
    even to odd T: an even power of 1 - eta l is nonnegative also beyond 1/eta, an odd one is not.
    Violations are small, at small psi and s, where a coarse scan misses them; at T = 2 none was
    found. Repaired: for eta <= 1/l_+ there is an eta' <= eta, whatever the spectrum. So the least
    risk over [0, 1/l_+] is nonincreasing in T, and so is the best one at each T where
    eta*_valid <= 1/l_+.

    Proof (repaired). q_T = (1 - eta l)^T and ridge's q_* = 1/(1 + l/delta); log q_T is concave,
    log q_* convex in l, both 0 at 0. If they meet at some c in (0, 1/eta), let q_{T+1}(c) = q_T(c),
    so eta' < eta. log q_T is a concave function of log q_{T+1}, equal at 0 and c; so q_{T+1} lies
    between q_T and the chord, and the chord between it and q_*. If they do not, T eta >= 1/delta:
    with (T+1) eta' = T eta, q_T <= q_{T+1} <= exp(-T eta l) <= q_*. Either way q_{T+1} is pointwise
    as close to q_* as q_T, and risk minus ridge risk is E_Q[(l + delta)((q - q_*)/l)^2].
    """

    reference = "derived; Wang, Yuan, Wu, Ge 2021 let T grow in Theorem 5"
    strength = "lower"
    forms = {
        "conjectured": Form(
            r"\min_{\eta\ge0}E_{T+1}(\eta)\le\min_{\eta\ge0}E_T(\eta)",
            "refuted",
            "exact",
            "an even power helps beyond 1/eta; relative violations of order 1e-6",
        ),
        "repaired": Form(
            r"\min_{\eta\le1/l_+}E_{T+1}(\eta)\le\min_{\eta\le1/l_+}E_T(\eta)",
            "holds",
            "proof + exact",
            "with step sizes that flip no sign",
            proved=True,
        ),
    }
    domain = {
        "aspect": ASPECT,
        "noise": NOISE,
        "eta": Parameter(r"\eta", open=True, reach=2),
        "steps": HORIZON,
    }
    draws = 100

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """As repaired eta l_+ <= 1, which is 1/eta - 1 - psi >= 2 sqrt(psi)."""
        room = 1 / x["eta"] - 1 - x["aspect"]
        if form == "conjectured":
            return {}
        return {"eta <= 1/l_+": min(room, room**2 - 4 * x["aspect"])}

    def prepare(self, x: Instance) -> Instance:
        """eta divided so that it is below 1/l_+ >= 1/(2 + 2 psi)."""
        low = x["eta"] / (2 + 2 * x["aspect"])
        if x["steps"] % 3:
            return {**x, "eta": low if x["eta"] <= 1 else 1 / (1 + 2 * x["aspect"])}
        return x

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Number of eta' as good after one more step, and 1."""
        psi, s, eta = (x[key] for key in ("aspect", "noise", "eta"))
        now, then = (risk_polynomial(psi, s * psi, T) for T in (x["steps"], x["steps"] + 1))
        level = sum((c * eta**k for k, c in enumerate(now)), Fraction(0))
        if level >= 1:
            return Fraction(1), Fraction(1)
        end = eta if form == "repaired" else None
        return Fraction(root_count([then[0] - level, *then[1:]], end)), Fraction(1)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Known violations at T = 6 and 4; as repaired the same problems at 1/l_+ or so."""
        yield {
            "aspect": "1/28",
            "noise": "1/44",
            "eta": "17/18" if form == "conjectured" else "2/3",
            "steps": 6,
        }
        yield {
            "aspect": "1/92",
            "noise": "1/16",
            "eta": "51/52" if form == "conjectured" else "4/5",
            "steps": 4,
        }

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """The counterexample of the conjectured form."""
        yield {"aspect": "1/28", "noise": "1/44", "eta": "17/18", "steps": 6}
