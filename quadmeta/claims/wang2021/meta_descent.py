"""Meta-gradient descent on the log objective is within epsilon of eta* after poly M^6/epsilon^2
iterations: not for every M, but for M >= 1/L, with all constants explicit.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.formulas import derivatives, spread, weight_at
from quadmeta.claims.families.schedules import enriched
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import (
    EIGENVALUES,
    ENERGY,
    STEP_SIZE,
    STEPS,
    Instance,
    Parameter,
    Values,
)


class Wang2021MetaDescent(Claim):
    """eta_{k+1} = max(0, eta_k - G'(eta_k)/sqrt(k)) from 0 <= eta_1 <= M, e_k = |eta_k - eta*| with
    eta* the minimiser of G at T steps, |w_0 - w_*| = 1, 0 < epsilon < 1/L.

    Printed: e_k <= epsilon for all k >= k' = P M^6/epsilon^2, P some polynomial in 1/c_min, L,
    1/mu, 1/(L - mu). Refuted, a condition is missing: M may be as small as one likes. P is fixed by
    the task. Take eta_1 = 0 and M^6 <= epsilon^2/P: then k' <= 1, but e_1 = eta* > 1/L > epsilon.
    Compared are e_1 and epsilon where k' <= 1; an instance names P/(L^2 Q^2) >= 1, Q as below, so
    that its polynomial is one that suffices for M >= 1/L.

    Repaired: with M >= 1/L it holds, and M^4 suffices: k' of ``iteration_bound``, which has all
    constants explicit, is at most Q^2 M^4/epsilon^2 (<= L^2 Q^2 M^6/epsilon^2) at every T, with

        u_0 = 2/(1/mu - 1/L),   B = 4L^3/(c_min^2 mu (L - mu)),   E = L/mu + L B,
        Q = L^2 B + 2L + 3E^2/(8L) + E L/(2u_0^2).

    It rests on the growth of F around its minimum: for every real eta, delta = eta - eta*,

        F(eta) >= (1 + delta^2 u_0^2)^T F(eta*),   (1 - delta G'/2)_+^2 (1 + delta^2 u_0^2) <= 1,

    the first an equality at T = 1 if 2 eta* = 1/mu + 1/L and H has no other eigenvalue. Sides:
    these two, and sqrt(k') bounded as in the last step of the proof, against Q M^2/epsilon.

    Proof (repaired). Growth: a_i(eta) = a_i* - delta lambda_i. Modes with a_i* = 0 only add to
    F(eta). For the others u_i = lambda_i/a_i* = 1/(1/lambda_i - eta*) and pi_i = omega_i
    a_i*^(2T)/F*, so that F(eta) >= F* E_pi[(1 - delta u)^(2T)], and E_pi[u] = 0 as F'(eta*) = 0.
    With p = eta* - 1/L > 0 and q = 1/mu - eta* > 0 each u_i is >= 1/q or <= -1/p, hence
    (u_i + 1/p)(u_i - 1/q) >= 0 and E_pi[u^2] >= 1/(pq) >= 4/(p + q)^2 = u_0^2. By the power mean
    F(eta)/F* >= (E_pi[(1 - delta u)^2])^T = (1 + delta^2 E_pi[u^2])^T. Slope: R = F^(1/2T) is
    convex and G' = 2R'/R, so R* >= R - delta R' = R (1 - delta G'/2).
    Count: the proof of ``iteration_bound`` gives e_k <= epsilon for k >= k', sqrt(k') <= B/epsilon
    + 2 + D/(2g), with D = max(e_1, B) and, by growth, 1/g <= D/2 + epsilon/(2 (sqrt(1 + x) - 1)),
    x = epsilon^2 u_0^2; if epsilon > D nothing is to prove, since e_k <= D. From sqrt(1 + x) + 1 <=
    2 + x/2 the last term is at most 1/(epsilon u_0^2) + epsilon/4, and epsilon <= D:
    D/(2g) <= 3D^2/8 + D/(2 epsilon u_0^2). sup |G'| <= B is ``wang2021_log_gradient_bound``. With
    1 <= L M and L epsilon < 1: e_1 <= max(M, 1/mu) <= (L/mu) M, so D <= E M; B/epsilon <= L^2 B
    M^2/epsilon; 2 <= 2L M^2/epsilon; D^2 <= E^2 M^2/(L epsilon); D/epsilon <= E L M^2/epsilon.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 4"
    source = SOURCE
    standing = "theorem"
    strength = "upper"
    draws = 80
    forms = {
        "printed": Form(
            r"|\eta_k-\eta^*|\le\epsilon\text{ for }k\ge\tfrac{M^6}{\epsilon^2}\,\mathrm{poly}\big("
            r"\tfrac1{c_{\min}},L,\tfrac1\mu,\tfrac1{L-\mu}\big)",
            "refuted",
            "exact",
            "no polynomial suffices as M tends to 0: the start itself is not within epsilon",
            fault="condition missing",
        ),
        "repaired": Form(
            r"M\ge\tfrac1L:\quad|\eta_k-\eta^*_T|\le\epsilon\text{ for }k\ge\tfrac{M^4}{\epsilon^2}"
            r"Q^2;\quad F(\eta^*+\delta)\ge\Big(1+\tfrac{4\delta^2}{(1/\mu-1/L)^2}\Big)^TF(\eta^*)",
            "holds",
            "proof + exact",
            "M^4 in place of M^6, all constants explicit, the same at every T",
            proved=True,
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "energy": ENERGY,
        "best": STEP_SIZE,
        "start": STEP_SIZE,
        "largest_start": Parameter("M", open=True),
        "polynomial": Parameter(r"P/(L^2Q^2)", low=Fraction(1)),
        "epsilon": Parameter(r"\epsilon", open=True),
        "eta": STEP_SIZE,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The paper's; printed at k' <= 1, repaired with M >= 1/L."""
        lam = x["eigenvalues"]
        M = x["largest_start"]
        epsilon = x["epsilon"]
        slope = derivatives(lam, lam * x["energy"] / 2, x["best"], x["steps"])[1]
        margins = {
            "kappa > 1": spread(lam),
            "|w_0 - w_*|^2 = 1": x["energy"].sum() - 1,
            "F'(eta*) = 0": slope,
            "eta_1 <= M": M - x["start"],
            "epsilon < 1/L": 1 / lam.max() - epsilon,
        }
        if form == "printed":
            P = x["polynomial"] * (lam.max() * constants(x)[-1]) ** 2
            return {**margins, "P M^6/epsilon^2 <= 1": 1 - P * M**6 / epsilon**2}
        return {**margins, "M >= 1/L": M - 1 / lam.max()}

    def prepare(self, x: Instance) -> Instance:
        """A best step size between 1/L and 1/mu, a unit start for which it is stationary, the
        numbers in order.
        """
        x = enriched(x, 2, "energy")
        lam = x["eigenvalues"]
        best = x["best"]
        if not 1 / max(lam) < best < 1 / min(lam):
            best = 2 / (max(lam) + min(lam))
        terms = [
            c * v**2 * (1 - best * v) ** (2 * x["steps"] - 1)
            for c, v in zip(x["energy"], lam, strict=True)
        ]
        scale = -sum(t for t in terms if t > 0) / sum(t for t in terms if t < 0)
        energy = [c * scale if best * v > 1 else c for c, v in zip(x["energy"], lam, strict=True)]
        largest = max(x["largest_start"], 1 / max(lam))
        return {
            **x,
            "best": best,
            "energy": tuple(c / sum(energy) for c in energy),
            "largest_start": largest,
            "start": min(x["start"], largest),
            "epsilon": x["epsilon"] / (max(lam) * (1 + x["epsilon"])),
        }

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Printed: e_1 and epsilon. Repaired: the growth of F, the slope of G, sqrt(k')."""
        lam = x["eigenvalues"]
        energy = x["energy"]
        best = x["best"]
        T = x["steps"]
        M = x["largest_start"]
        epsilon = x["epsilon"]
        first = abs(x["start"] - best)
        if form == "printed":
            return first, epsilon
        omega = lam * energy / 2
        loss, slope, _ = derivatives(lam, omega, x["eta"], T)
        least = derivatives(lam, omega, best, T)[0]
        delta = x["eta"] - best
        u, B, Q = constants(x)
        growth = 1 + delta**2 * u**2
        tangent = max(1 - delta * slope / loss / T / 2, 0 * loss)
        D = max(first, B)
        count = B / epsilon + 2 + 3 * D**2 / 8 + D / (2 * epsilon * u**2)
        return np.array([growth**T * least, tangent**2 * growth, count]), np.array(
            [loss, loss / loss, Q * M**2 / epsilon]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Printed: the start 0 and a small M. Repaired: equality at T = 1, the least M, a far
        start.
        """
        pair = {"eigenvalues": (1, 3), "energy": ("9/10", "1/10"), "best": "1/2", "steps": 10}
        if form == "printed":
            yield {
                "eigenvalues": (1, 2),
                "energy": ("1/2", "1/2"),
                "best": "5/9",
                "start": 0,
                "largest_start": "1/26",
                "polynomial": 1,
                "epsilon": "2/5",
                "eta": 0,
                "steps": 1,
            }
            return
        rest = {"polynomial": 1, "epsilon": "1/4", "largest_start": "1/3", "start": "1/10"}
        half = {**pair, "energy": ("27/28", "1/28"), "best": "2/3", "steps": 1}
        for eta in (0, "2/3", "5/7", 4):
            yield {**half, **rest, "eta": eta}
        yield {**pair, **rest, "eta": "6/10"}
        yield {**pair, **rest, "start": 50, "largest_start": 50, "eta": "1/3"}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Another reference point than the minimiser."""
        if assumption.startswith("F'"):
            yield {
                "eigenvalues": (1, 3),
                "energy": ("1/2", "1/2"),
                "best": "1/2",
                "start": 0,
                "largest_start": 1,
                "polynomial": 1,
                "epsilon": "1/4",
                "eta": "2/5",
                "steps": 2,
            }


def constants(x: Values) -> tuple[Any, Any, Any]:
    """u_0, B and Q of a task, from ``eigenvalues`` and ``energy``."""
    lam = x["eigenvalues"]
    mu = lam.min()
    L = lam.max()
    u = 2 / (1 / mu - 1 / L)
    least = min(weight_at(lam, x["energy"], v) for v in (mu, L))
    B = 4 * L**3 / (least * mu * (L - mu))
    E = L / mu + L * B
    return u, B, L**2 * B + 2 * L + 3 * E**2 / (8 * L) + E * L / (2 * u**2)
