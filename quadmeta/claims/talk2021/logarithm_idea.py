"""The meta-gradient is large because the objective is: F' = T F G', with G' free of the size of
F.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import bend, slope
from quadmeta.claims.talk2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, STEP_SIZE, STEPS, Parameter, Values


class Talk2021LogarithmIdea(Claim):
    """ "The meta-gradient is large because the objective is large or small in T": take
    G = log F / T instead.

    With u_i = lambda_i/a_i, a_i = 1 - eta lambda_i and E the mean over weights omega_i a_i^(2T)/F:

        F' = T F G',   F'' = T F (G'' + T G'^2),   G' = -2 E[u],   G'' = 4T Var(u) - 2 E[u^2].

    |G'| is bounded uniformly in eta and T (``derived_log_gradient_bound``), so that F' is large
    only where T F is; it is small where F is, or next to the minimiser, where G' = 0. G'' is not
    bounded: it grows like T at the minimiser. Sides: derivatives of F through the T steps by dual
    numbers; the formulas (a_i = 0 contributes to E[u^2] at T = 1 only).

    Proof. G = log(sum omega a^(2T))/T with da/d eta = -lambda: (log F)' = -2T E[u], and F'/F,
    F''/F from it.
    """

    reference = "Ge 2021, talk; why the logarithm"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 60
    forms = {
        "reading": Form(
            r"F'=TF\,G',\quad F''=TF(G''+TG'^2),\quad G'=-2E_\pi[u],\quad G''=4T\operatorname{Var}_"
            r"\pi(u)-2E_\pi[u^2]",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "error": Parameter("c_i", open=True, axis="d"),
        "eta": STEP_SIZE,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """A loss that has a logarithm."""
        return {"F > 0": abs(1 - x["eta"] * x["eigenvalues"]).max()}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """F' and F'' through the steps; T F G' and T F (G'' + T G'^2)."""
        lam, c, eta, T = (x[key] for key in ("eigenvalues", "error", "eta", "steps"))

        def loss(at: Sequence[Any]) -> Any:
            e = c
            for _ in range(T):
                e = e - lam * e * at[0]
            return (lam * e * e).sum() / 2

        a = 1 - eta * lam
        omega = lam * c**2 / 2
        F = loss((eta,))
        first = (omega * lam * a ** (2 * T - 1)).sum() / F
        second = (omega * lam**2 * a ** (2 * T - 2)).sum() / F
        slope_of_log = -2 * first
        bend_of_log = 4 * T * (second - first**2) - 2 * second
        return (
            np.array([slope(loss, (eta,), 0), bend(loss, (eta,), 0, 0)]),
            np.array([T * F * slope_of_log, T * F * (bend_of_log + T * slope_of_log**2)]),
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """F' = 1, F'' = 30, G' = 4, G'' = 88; a mode at its zero; T = 1 there."""
        yield {"eigenvalues": (2, 6), "error": (1, "1/3"), "eta": "1/4", "steps": 2}
        yield {"eigenvalues": (1, 2, 5), "error": (1, 2, 1), "eta": "1/2", "steps": 3}
        yield {"eigenvalues": (1, 2), "error": (1, 1), "eta": "1/2", "steps": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """One mode at its zero."""
        yield {"eigenvalues": (2,), "error": (1,), "eta": "1/2", "steps": 2}
