"""The optimiser approaches the inner minimum, at the printed rate, only under a step size
restriction.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.discount import BENT, LINE, Bent, bent, bent_margins
from quadmeta.claims.reductions.discount import modes
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023InnerOptimizer(Claim):
    """Phi(w) = w - eta grad L_1(w), w_t = Phi(w_{t-1}): "let the inner problem be solved by the
    optimiser Phi", so that w_T may stand for w_*.

    The slides assume it, and it is needed: it does not follow from their assumptions 1 to 6, of
    which 3 gives eta <= 1/mu and no more. Our reading of the assumption as a consequence of those,
    that w_T is no farther from w_* than w_0, fails beyond 2/L. Stated: ||w_T - w_*|| <=
    (1 - eta mu)^T ||w_0 - w_*|| for eta <= 2/(L + mu), attained; the theorem's sqrt(1 - eta mu)^T
    is larger.

    Proof (stated). w_t - w_* = M (w_{t-1} - w_*) with M = I - eta int_0^1 H, whose eigenvalues
    are between 1 - eta L >= -(1 - eta mu) and 1 - eta mu.
    """

    reference = "Yakovlev et al. 2023, inner optimiser"
    source = SOURCE
    standing = "assumption"
    strength = "tight"
    draws = 80
    forms = {
        "reading": Form(
            r"\text{(1)-(6)}:\ \|w_T-w_*\|\le\|w_0-w_*\|",
            "refuted",
            "exact",
            "false for eta > 2/L, so that it has to be assumed",
            judged="needed",
        ),
        "stated": Form(
            r"\eta\le\tfrac2{L+\mu}:\ \|w_T-w_*\|\le(1-\eta\mu)^T\|w_0-w_*\|",
            "holds",
            "proof + exact",
            "with a step size restriction",
            proved=True,
            attained=True,
        ),
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Assumptions 1 and 3 and 0 < gamma; as stated the step size in place of the latter."""
        step = "eta <= 2/(L + mu)"
        margins = bent_margins(x, step)
        if form == "stated":
            return margins
        margins = {name: m for name, m in margins.items() if name != step}
        return {**margins, "gamma > 0": x["gamma"]}

    def prepare(self, x: Instance) -> Instance:
        """Into their ranges, at an odd T; longer steps at an even one."""
        return bent(x, "eta <= 2/(L + mu)" if x["steps"] % 2 else "eta < 2/L")

    def power(self, x: Values, form: str) -> int:
        """Squares."""
        return 2

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """|w_T|^2 by the loop, w_* = 0, and R^2, times (1 - eta mu)^2T as stated."""
        run = Bent(x)
        last = run.states[-1]
        return last @ last, x["R"] ** 2 * (x["q"] ** (4 * run.T) if form == "stated" else 1)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Along the smallest curvature; as read eta = 7/4 > 2/L too."""
        plain = {
            **LINE,
            "start": 1,
            "R": 1,
            "gamma": "1/4",
            "steps": 2,
        }
        yield plain
        if form == "reading":
            yield {**plain, "heights": (2,), "levels": (2,), "start": 0, "steps": 1}

    def boxes(self, form: str) -> Iterable[Box]:
        """The first step of one mode, as
        b^(2T) R^2 - |w_T|^2 >= b^(2(T-1)) (b^2 R^2 - |w_1|^2), b = 1 - eta mu.

        L = 1, mu = m, eta = 2 theta/(1 + m), h = m + (1 - m) t: b^2 - (1 - eta h)^2 over 4 theta
        (1 - m) t/(1 + m)^2.
        """

        def reduce(x: Instance) -> list[Reduced]:
            found, parts = modes(x)
            known = found.scales
            out = []
            m = known.mu / known.L
            theta = found.eta * (known.L + known.mu) / 2
            for mode in parts if m < 1 else ():
                if mode.start:
                    t = ((1 - mode.ratios[0]) / found.eta - known.mu) / (known.L - known.mu)
                else:
                    t = 0
                scale = (
                    known.a_mu ** (2 * found.T - 2)
                    * mode.start**2
                    * 4
                    * theta
                    * (1 - m)
                    * t
                    / (1 + m) ** 2
                )
                out += [Reduced({"m": m, "theta": theta, "t": t}, scale)] if scale else []
            return out

        if form == "stated":
            yield Box(
                dict.fromkeys(("m", "theta", "t"), (0, 1)),
                lambda x: (
                    (1 + x["m"]) * (x["theta"] - 1),
                    x["theta"] * (1 - x["m"]) * (1 - x["t"]),
                ),
                "all T, bends along one line: one mode, eta = 2 theta/(L + mu)",
                reduce,
                equality="theta = 1 and t = 1 or m = 1: eta = 2/(L + mu) along L",
            )
