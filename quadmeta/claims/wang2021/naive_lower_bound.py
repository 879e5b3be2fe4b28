"""|F'(eta)| >= c_L^2 L^2 T (eta L - 1)^(2T-1) - L^2 T beyond 2/L, and a lower bound that is
attained.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from quadmeta.claims.families.formulas import derivatives, spread, weight_at
from quadmeta.claims.reductions.steps import peak
from quadmeta.claims.wang2021 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import EIGENVALUES, ENERGY, STEP_SIZE, STEPS, Instance, Values


class Wang2021NaiveLowerBound(Claim):
    """Lower bound of the meta-gradient of the naive objective F(eta) = f(w_T), c_i the components
    of w_0 - w_*.

    Printed: for eta > 2/L and |w_0 - w_*| = 1 the bound above. It is <= 0, and says nothing of a
    norm, for 2/L < eta <= (1 + |c_L|^(-2/(2T-1))) / L; for small T and c_L the minimiser itself
    lies beyond 2/L. Repaired: for every eta > 1/L and every start, with W = |w_0 - w_*|^2 - c_L^2,
    x = 2 / (2T+1),

        F'(eta) >= T c_L^2 L^2 (eta L - 1)^(2T-1) - T W (x/eta)^2 (1 - x)^(2T-1),

    attained when all other eigenvalues equal x/eta.

    Proof. F' = -T sum c_i^2 lambda_i^2 a_i^(2T-1); modes with a_i <= 0 contribute >= 0, and L the
    first term. On (0, 1/eta) lambda^2 (1 - eta lambda)^(2T-1) is largest at lambda = x/eta.
    Printed: it is <= lambda^2 <= L^2, W <= 1.
    """

    reference = "Wang, Yuan, Wu, Ge 2021, Theorem 3"
    source = SOURCE
    standing = "theorem"
    strength = "lower"
    forms = {
        "printed": Form(
            r"|F'(\eta)| \ge c_L^2L^2T(\eta L-1)^{2T-1}-L^2T\quad(\eta>2/L)",
            "holds",
            "proof + box",
            "says nothing for eta <= (1 + |c_L|^(-2/(2T-1)))/L",
            proved=True,
        ),
        "stated": Form(
            r"F'(\eta) \ge Tc_L^2L^2(\eta L-1)^{2T-1}"
            r"-TW\big(\tfrac2{\eta(2T+1)}\big)^2\big(\tfrac{2T-1}{2T+1}\big)^{2T-1}\quad(\eta>1/L)",
            "holds",
            "proof + exact",
            "from 1/L on, any start, and attained",
            proved=True,
            attained=True,
        ),
    }
    domain = {"eigenvalues": EIGENVALUES, "energy": ENERGY, "eta": STEP_SIZE, "steps": STEPS}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """kappa > 1, eta > 2/L and a unit start as printed; eta > 1/L as repaired."""
        lam = x["eigenvalues"]
        eta = x["eta"]
        if form == "stated":
            return {"eta > 1/L": eta - 1 / lam.max()}
        return {
            "kappa > 1": spread(lam),
            "eta > 2/L": eta - 2 / lam.max(),
            "|w_0 - w_*|^2 = 1": x["energy"].sum() - 1,
        }

    def prepare(self, x: Instance) -> Instance:
        """Scaled to a unit start."""
        return {**x, "energy": tuple(c / sum(x["energy"]) for c in x["energy"])}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|F'| (F' itself as repaired) and the lower bound."""
        lam = x["eigenvalues"]
        energy = x["energy"]
        eta = x["eta"]
        T = x["steps"]
        L = lam.max()
        slope = derivatives(lam, lam * energy / 2, eta, T)[1]
        top = weight_at(lam, energy, L)
        growth = T * top * L**2 * (eta * L - 1) ** (2 * T - 1)
        if form == "printed":
            return abs(slope), growth - L**2 * T
        n = 2 * T - 1
        m = 2 * T + 1
        return slope, growth - T * (energy.sum() - top) * (2 / (eta * m)) ** 2 * n**n / m**n

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """c_L small and eta just past 2/L; as repaired also equality, at mu = 2 / (eta (2T+1))."""
        yield {"eigenvalues": (1, 2), "energy": ("99/100", "1/100"), "eta": "101/100", "steps": 3}
        yield {"eigenvalues": (1, 2), "energy": ("1/2", "1/2"), "eta": 3, "steps": 4}
        if form == "stated":
            yield {"eigenvalues": ("2/5", 2), "energy": ("3/4", "1/4"), "eta": 1, "steps": 2}
            yield {"eigenvalues": ("1/3", 1), "energy": (4, 1), "eta": 2, "steps": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A start of length 10 or so; W > 27 is the least that can break the printed bound."""
        if assumption.startswith("|w_0"):
            yield {"eigenvalues": ("1/3", 1), "energy": (200, 4), "eta": "21/10", "steps": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """As printed, over c = c_L^2 and mu, after these reductions: the term of L cancels against
        the bound.

        L = 1, as both sides scale like L. The rest, -T sum c_i^2 lambda_i^2 a_i^(2T-1), increases
        with eta: eta = 2/L. It is linear in c_i^2: one other mode, of energy 1 - c. Where a > 0,
        a^(2T-1) <= a; elsewhere it helps: T = 1. As repaired: the term of L cancels as well, and
        each other mode stays below the peak.
        """

        def sides(x: Mapping[str, Any]) -> tuple[Any, Any]:
            return -(1 - x["c_L^2"]) * x["mu"] ** 2 * (1 - 2 * x["mu"]), -1

        def reduce(x: Instance) -> list[Reduced]:
            lam = x["eigenvalues"]
            T = x["steps"]
            L = max(x["eigenvalues"])
            top = sum(c for v, c in zip(lam, x["energy"], strict=True) if v == L)
            # the mode that is worst for the bound carries all energy but that of L; at mu = 1/2
            # its term is 0
            mu = max(
                (min(v / L, Fraction(1, 2)) for v in lam if v < L), key=lambda v: v**2 * (1 - 2 * v)
            )
            return [Reduced({"mu": mu, "c_L^2": top}, T * L**2)]

        note = "all d, T, eta: reduced to d = 2, T = 1, L = 1, eta = 2/L"
        if form == "stated":
            yield from map(peak, (1, 2, 3, 5))
        else:
            yield Box({"mu": (0, 1), "c_L^2": (0, 1)}, sides, note, reduce, covers_domain=True)
