"""Assumption 4: no constant bounds the mixed derivative of a ridge strength everywhere, and none
is needed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.discount import ALONG, DISCOUNT, NORM, direction
from quadmeta.claims.reductions.angles import aligned, filtered
from quadmeta.claims.reductions.notes import drift
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.theory.discount import Scales, bias_bound_quadratic_inner
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import (
    EIGENVALUES,
    STEP_SIZE,
    STEPS,
    Instance,
    Parameter,
    Quantity,
    Values,
)


class Yakovlev2023AssumptionCrossBound(Claim):
    """L_1 = w'Hw/2 - b'w + alpha |w|^2/2 at alpha = 0, so J(w) = w'; L_2 = L_2 |w - v|^2 / 2 with
    |g_T| = G.

    Printed, with the square that "dL_1/dalpha dw'" lacks: ||J(w)|| <= B for all w, with B the
    largest over the iterates. False for every B where J grows with w: ridge strengths, weights of
    tasks or of samples. Repaired: the bias bound ``bias_bound_quadratic_inner`` with B over w_0,
    ..., w_{T-1} only; then B <= ||J(w_*)|| + M_b R exists by itself. What B must bound, J or eta J,
    is yakovlev2023_bias_bound_cross. Some B >= ||J(w_t)|| is needed, as the bias is linear in J.

    Proof (repaired). ghat - g = sum_k gamma^k B_{T-k} (g_{T-k} - g_T) + sum_k B_{T-k}
    (gamma^k - A^k) g_T uses J at these points alone;
    |gamma^k - A^k| <= max(|a_mu^k - gamma^k|, |gamma^k - a_L^k|) and
    |g_{T-k} - g_T| <= L_2 R a_mu^(T-k), for eta <= 1/L.
    """

    reference = "Yakovlev et al. 2023, assumption 4"
    source = SOURCE
    standing = "assumption"
    strength = "tight"
    draws = 80
    forms = {
        "printed": Form(
            r"\|J(w)\|\le B\text{ for all }w,\quad B=\max_{t<T}\|J(w_t)\|",
            "refuted",
            "exact",
            "the mixed derivative of a ridge strength is w itself",
            judged="unsatisfiable",
        ),
        "stated": Form(
            r"B=\max_{t<T}\|J(w_t)\|:\ \|\hat g-g\|\le\eta "
            r"B\Big\{L_2R\sum_{k=1}^{T-1}\gamma^ka_\mu^{T-k}"
            r"+\|g_T\|\sum_{k=1}^{T-1}\max(a_\mu^k-\gamma^k,\gamma^k-a_L^k)\Big\}",
            "holds",
            "proof + exact",
            "a bound along the iterates",
            proved=True,
            attained=True,
            judged="not needed",
        ),
    }
    domain = {
        "eigenvalues": EIGENVALUES,
        "minimizer": ALONG,
        "error": ALONG,
        "gradient": ALONG,
        "far": ALONG,
        "R": NORM,
        "G": NORM,
        "L2": Parameter("L_2", reach=3),
        "eta": STEP_SIZE,
        "gamma": DISCOUNT,
        "steps": STEPS,
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """eta <= 1/L and gamma < 1; as printed B is not 0."""
        margins = {
            "eta > 0": x["eta"],
            "eta <= 1/L": 1 / max(x["eigenvalues"]) - x["eta"],
            "gamma < 1": 1 - x["gamma"],
        }
        start = x["minimizer"] + x["R"] * direction(x["error"])
        if form == "printed":
            return {**margins, "gamma > 0": x["gamma"], "J(w_0) != 0": start @ start}
        return margins

    def prepare(self, x: Instance) -> Instance:
        """eta <= 1/L."""
        return {**x, "eta": min(x["eta"], 1 / max(x["eigenvalues"]))}

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """||J||^2 at another point and B^2; as repaired (ghat - g)^2 by loops and the squared
        bound.
        """
        lam = x["eigenvalues"]
        eta = x["eta"]
        gamma = x["gamma"]
        T = x["steps"]
        a = 1 - eta * lam
        error = x["R"] * direction(x["error"])
        states = [x["minimizer"] + a**t * error for t in range(T + 1)]
        B2 = max(w @ w for w in states[:-1])
        if form == "printed":
            return x["far"] @ x["far"], B2
        last = x["G"] * direction(x["gradient"])
        greedy = [
            states[t - 1] @ (last + x["L2"] * (states[t] - states[T])) for t in range(1, T + 1)
        ]
        exact = 0 * eta
        v = last
        for w in reversed(states[:-1]):
            exact = exact + w @ v
            v = a * v
        bias = -eta * (sum(gamma ** (T - t) * b for t, b in enumerate(greedy, 1)) - exact)
        known = Scales(min(lam), max(lam), eta, gamma, T, x["L2"], x["R"], x["G"])
        return bias**2, B2 * bias_bound_quadratic_inner(known) ** 2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Equality at R = 0, w_* and g_T along the eigenvector of mu, gamma = 1 - eta L."""
        yield {
            "eigenvalues": ("1/4", 1),
            "minimizer": (1, 0),
            "error": (1, 0),
            "gradient": (1, 0),
            "far": (1, 0),
            "R": 0,
            "G": 1,
            "L2": 1,
            "eta": 1,
            "gamma": 0 if form == "stated" else "1/4",
            "steps": 3,
        }

    def boxes(self, form: str) -> Iterable[Box]:
        """w_t'(gamma^k - A^k) g_T at any T and k by Cauchy-Schwarz; the part of R at T = 2, 3, 5.

        bound^2 - bias^2 >= bound (bound - |bias|), the latter at least that of one term.
        """

        def known(x: Values) -> Scales:
            lam = x["eigenvalues"]
            return Scales(
                min(lam), max(lam), x["eta"], x["gamma"], x["steps"], x["L2"], x["R"], x["G"]
            )

        def state(x: Values, t: int) -> Any:
            return x["minimizer"] + (1 - x["eta"] * x["eigenvalues"]) ** t * x["R"] * direction(
                x["error"]
            )

        def product(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            out = []
            last = x["G"] * direction(x["gradient"])
            for k in range(1, x["steps"]):
                factors = x["gamma"] ** k - (1 - x["eta"] * x["eigenvalues"]) ** k
                size = 2 * max(abs(factors)) * x["G"]
                if size:
                    out += filtered(
                        factors,
                        state(x, x["steps"] - k - 1),
                        last,
                        x["eta"] * bias_bound_quadratic_inner(known(x)) / size,
                    )
            return out

        def start(x: Values, part: Quantity) -> Any:
            largest = max(w @ w for w in (state(x, t) for t in range(x["steps"])))
            bound = bias_bound_quadratic_inner(known(x))
            return largest * bound * x["eta"] * x["L2"] * part**2 / (2 * x["R"])

        if form == "stated":
            yield aligned(product)
            yield from (drift(T, lambda x: int(x["steps"]), start) for T in (2, 3, 5))
