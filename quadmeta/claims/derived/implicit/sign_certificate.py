"""When a truncated Neumann series has the sign of the exact hypergradient, for certain."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import SPECTRUM, neumann, reflection, solve, turned
from quadmeta.claims.reductions.angles import opposed, signs
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedSignCertificate(Claim):
    """ghat_k has the sign of g_k if |cos(v, u_k)| > (k - 1)/(k + 1), the cosine in the metric H^-1
    or in f_J(H).

    k = m_+/m_- with the extremes of m_i = 1 - (1 - nu lambda_i)^(J+1), the eigenvalues of f_J(H)
    H: m_- > 0 for nu L < 2 and for every even J. The metric f_J(H) needs no solve. Strict: on each
    border one of ghat and g may vanish alone.

    Sides: the squared cosine, > 0 only where the signs differ (negative where they agree), against
    ((k - 1)/(k + 1))^2, denominators cleared. A sign is certified where the left side is below
    minus the right one.

    Proof. Unit a ~ H^(-1/2) v, b ~ H^(-1/2) u_k, M = f_J(H) H, m = (m_+ + m_-)/2: a'Mb = m a'b +
        a'(M - m I) b, and |M
    - m I| = (m_+ - m_-)/2. So a'Mb, which is -ghat up to scale, has the sign of a'b if |a'b| > (k
      - 1)/(k + 1). For
    the other metric exchange f_J(H) and H^-1: M^-1 has the same k. Equality in the plane of the
        extreme eigenvectors.
    """

    reference = "derived; on a truncated Neumann series"
    strength = "tight"
    draws = 80
    forms = {
        "stated": Form(
            r"|\cos_{H^{-1}}(v,u_k)|>\tfrac{k_J-1}{k_J+1}\text{ or }|\cos_{f_J(H)}(v,u_k)|>"
            r"\tfrac{k_J-1}{k_J+1}\ \Rightarrow\ \operatorname{sign}\hat "
            r"g_k=\operatorname{sign}g_k",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = SPECTRUM

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A positive filter."""
        return {"m_- > 0": min(1 - (1 - x["nu"] * x["eigenvalues"]) ** (x["products"] + 1))}

    def prepare(self, x: Instance) -> Instance:
        """nu L < 2 for odd J."""
        top = max(x["eigenvalues"])
        if x["products"] % 2 and x["nu"] * top >= 2:
            return {**x, "nu": 1 / top}
        return x

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Metric H^-1, then f_J(H), the latter by the loop."""
        lam, v, u, nu, J = (x[key] for key in ("eigenvalues", "outer", "task", "nu", "products"))
        H = turned(lam, x["turn"])
        both = np.array([v, u]).T
        m = 1 - (1 - nu * lam) ** (J + 1)
        grams = [both.T @ solve(H, both), both.T @ neumann(H, both, nu, J)]
        if grams[0][0, 1] * grams[1][0, 1] <= 0:
            differ = 1
        else:
            differ = -1
        low = min(m)
        high = max(m)
        return (
            np.array([differ * G[0, 1] ** 2 * (high + low) ** 2 for G in grams]),
            np.array([G[0, 0] * G[1, 1] * (high - low) ** 2 for G in grams]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Borders: ghat = 0 != g at J = 0, and at J = 1 with m_+ inside the spectrum;
        g = 0 != ghat; certified.
        """
        base = {
            "eigenvalues": (1, 4),
            "turn": (0, 0),
            "outer": (1, 1),
            "task": (1, -1),
            "nu": "1/4",
            "products": 0,
        }
        yield base
        yield {
            **base,
            "eigenvalues": ("7/16", 1, "3/2"),
            "turn": (0, 0, 0),
            "outer": (1, "5/4", 0),
            "task": (1, "-5/4", 0),
            "nu": 1,
            "products": 1,
        }
        yield {**base, "turn": (2, 1), "outer": ("-11/10", "1/5"), "task": (-1, 2)}
        yield {**base, "turn": (1, 2), "outer": (1, 2), "task": (2, 1), "products": 3}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Beyond 2/L an odd J flips a sign, and m_- < 0 says nothing of it."""
        yield {
            "eigenvalues": (1,),
            "turn": (0,),
            "outer": (1,),
            "task": (1,),
            "nu": 3,
            "products": 1,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """In the eigenbasis, with the spectrum of f_J(H) H and either metric."""

        def reduce(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            lam = x["eigenvalues"]
            R = reflection(x["turn"])
            v = R @ x["outer"]
            u = R @ x["task"]
            m = 1 - (1 - x["nu"] * lam) ** (x["products"] + 1)
            return [
                point
                for k, metric in enumerate((1 / lam, m / lam))
                for point in signs(metric, v, u, min(m), max(m), k)
            ]

        yield opposed(reduce)
