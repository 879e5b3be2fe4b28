"""Which weights of a biased, noisy task lower the risk: an exact interval that starts at 0."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.collapse import Regression, SharedInputs
from quadmeta.verification.claim import Form
from quadmeta.verification.parameters import Values


class DerivedHelpfulInterval(SharedInputs):
    """Shared inputs, no ridge; V_k the risk of task k alone but for its bias, Delta_1^2 = delta_1'
    Sigma delta_1.

    One task at the weight phi: (1 + phi)^2 (V_0 - R(phi)) = phi
    (2 V_0 - phi (V_1 + Delta_1^2 - V_0)). So R < V_0 iff 0 < phi < 2 phi*/(1 - phi*) where
    phi* = V_0/(V_1 + Delta_1^2) < 1, and at every phi > 0 otherwise; in pi = phi/(1 + phi) the
    interval is 0 < pi < 2 pi*. Equal weights: (K + 1)^2 (V_0 - R(1)) = K (K + 2) V_0 - 1'M 1, so
    that K tasks help iff 1'M 1 < K (K + 2) V_0; for one task, V_1 + Delta_1^2 < 3 V_0. Compared are
    both identities, with the risk of the general solution.

    Proof. R = (V_0 + phi'M phi)/(1 + sum phi)^2, since w_* is the mean of the b_k with weights 1
    and phi_k.
    """

    reference = "derived"
    strength = "identity"
    draws = 120
    forms = {
        "stated": Form(
            r"\mathcal R(\phi)<V_0\iff\phi(V_1+\Delta_1^2-V_0)<2V_0\ (\phi>0);\quad\mathcal R("
            r"\mathbf1)<V_0\iff\mathbf1^\top M\mathbf1<K(K+2)V_0",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Gains over V_0 of the first task alone and of all at equal weights, denominators
        cleared; their formulas.
        """
        model = Regression.of(x)
        phi = x["weights"][0]
        K = len(x["weights"])
        alone = model._replace(roots=model.roots[:2], shift=model.shift[:2], noise=model.noise[:2])
        start = model.variances()[0]
        M = model.moments()
        gain = (1 + phi) ** 2 * (start - alone.risk(np.array([phi])))
        equal = (K + 1) ** 2 * (start - model.risk(0 * x["weights"] + 1))
        return np.array([gain, equal]), np.array(
            [phi * (2 * start - phi * (M[0, 0] - start)), K * (K + 2) * start - M.sum()]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """V_0 = 1: on both borders, V_1 + Delta_1^2 = 3; within; and outside; two tasks on the
        border 8 V_0.
        """
        base = {
            "p": 1,
            "q": 1,
            "low": (1,),
            "high": (1,),
            "turn": (1,),
            "noise0": 1,
            "n0": 2,
            "n": (2,),
            "spread": 1,
            "tilt": 0,
            "rho": 0,
            "y": (1,),
        }
        for noise, weight in ((2, 1), (1, 1), (3, 1), (3, "2/3"), ("1/2", 100)):
            yield {**base, "x": (0,), "noise": (noise,), "weights": (weight,)}
        two = {key: value * 2 for key, value in base.items() if isinstance(value, tuple)}
        yield {**base, **two, "x": (0, 0), "noise": (2, 2), "weights": (1, Fraction(1, 2))}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Own inputs; a ridge."""
        base = next(iter(self.cases("stated")))
        yield {**base, "high": (2,)}
        yield {**base, "rho": 1}
