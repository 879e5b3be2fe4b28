"""The mean over tasks of log F_k can have several minima; the log of the mean has one."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.formulas import derivatives, spread
from quadmeta.claims.reductions.steps import Ends, increasing, slope_increases
from quadmeta.verification.box import Box
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import STEP_SIZE, STEPS, Instance, Parameter, Values


class DerivedMeanLogUnimodal(Claim):
    """Two tasks A and B tuned together: does the objective decrease up to one step size and
    increase after it?

    Tested at left < right by min(M'(left), -M'(right)) <= 0: a derivative that is positive first
    and negative later means two local minima at least, since M' < 0 near 0 and > 0 far out.
    Conjectured: M = (G_A + G_B)/2, the mean of the logs. False: as T grows M tends to log rho_A +
    log rho_B, concave between the kinks 2/(L_k + mu_k). Repaired:
    M = log((F_A + F_B)/2)/T, the log of the mean.

    Proof (repaired). F_A + F_B is the F of one task with both spectra, hence strictly convex for
    kappa > 1: its derivative, which has the sign of M', is not positive first and negative later.
    """

    reference = "derived; Wang, Yuan, Wu, Ge 2021, Section 3 and Theorem 4 tune on a single task"
    strength = "ordering"
    forms = {
        "conjectured": Form(
            r"M=\tfrac1m\sum_kG_k:\quad M'(\eta_1)>0\implies M'(\eta_2)\ge0\quad(\eta_1<\eta_2)",
            "refuted",
            "exact",
            "up to m minima, one for each kink",
        ),
        "repaired": Form(
            r"M=\tfrac1T\log\tfrac1m\sum_kF_k:\quad M'(\eta_1)>0\implies M'(\eta_2)\ge0"
            r"\quad(\eta_1<\eta_2)",
            "holds",
            "proof + exact",
            "log of the mean: one task of pooled spectrum",
            proved=True,
        ),
    }
    domain = {
        "eigenvalues_A": Parameter(r"\lambda^{(A)}_i", open=True, axis="A", spectrum=True),
        "weights_A": Parameter(r"\omega^{(A)}_i", open=True, axis="A"),
        "eigenvalues_B": Parameter(r"\lambda^{(B)}_i", open=True, axis="B"),
        "weights_B": Parameter(r"\omega^{(B)}_i", open=True, axis="B"),
        "left": STEP_SIZE,
        "right": STEP_SIZE,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Each task has two distinct active eigenvalues, so that its G is finite."""
        return {
            "left < right": x["right"] - x["left"],
            "kappa_A > 1": spread(x["eigenvalues_A"]),
            "kappa_B > 1": spread(x["eigenvalues_B"]),
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """min(M'(left), -M'(right)) and 0."""
        slopes = []
        for eta in (x["left"], x["right"]):
            (F_A, dF_A, _), (F_B, dF_B, _) = (
                derivatives(x[f"eigenvalues_{k}"], x[f"weights_{k}"], eta, x["steps"]) for k in "AB"
            )
            slopes.append(
                (dF_A / F_A + dF_B / F_B) / 2
                if form == "conjectured"
                else (dF_A + dF_B) / (F_A + F_B)
            )
        return min(slopes[0], -slopes[1]) / x["steps"], slopes[0] * 0

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two tasks whose best step sizes differ by a factor of ten; as conjectured a
        small counterexample too.
        """
        yield {
            "eigenvalues_A": (1, 2),
            "weights_A": ("1/2", 1),
            "eigenvalues_B": (10, 20),
            "weights_B": (5, 10),
            "left": "1/10",
            "right": "3/5",
            "steps": 20,
        }
        if form == "conjectured":
            yield {
                "eigenvalues_A": (1, 3),
                "weights_A": (1, 1),
                "eigenvalues_B": (1, "2/3"),
                "weights_B": (1, 1),
                "left": "1/2",
                "right": 1,
                "steps": 1,
            }

    def boxes(self, form: str) -> Iterable[Box]:
        """As repaired: max(-F'(left)/F(left), F'(right)/F(right)) >=
        (F'(right) - F'(left)) / (F(left) + F(right)).
        """

        def ends(x: Instance) -> Iterable[Ends]:
            lam = x["eigenvalues_A"] + x["eigenvalues_B"]
            omega = x["weights_A"] + x["weights_B"]
            T = x["steps"]
            total = sum(
                c * (1 - x[side] * v) ** (2 * T)
                for side in ("left", "right")
                for v, c in zip(lam, omega, strict=True)
            )
            return slope_increases(lam, omega, x, 0, 1 / (T * total))

        if form == "repaired":
            yield from (increasing(T, ends) for T in (2, 3, 5))
