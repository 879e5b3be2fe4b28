"""The two replacements of the discounted hypergradient, and the error of each."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.discount import BENT, TWO_BENDS, Bent, bent
from quadmeta.claims.yakovlev2023 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Instance, Values


class Yakovlev2023Approximation(Claim):
    """ghat - g = sum_{0<k<T} gamma^k B_{T-k} (g_{T-k} - g_T) + sum_{0<k<T} B_{T-k} (gamma^k - P_k)
    g_T, P_k = A_{T-k+1} ... A_T, without the direct term, which is common.

    The approximation replaces k Jacobians by gamma^k and g_T by g_t: the second sum is due to the
    one and the first to the other. Assumptions 1 to 6 are not needed; at T = 1 nothing is
    replaced. Instances: J = -I.

    Proof. Add and subtract gamma^k B_{T-k} g_T in each term; both terms at k = 0 are 0.
    """

    reference = "Yakovlev et al. 2023, approximation"
    source = SOURCE
    standing = "formula"
    strength = "identity"
    draws = 60
    forms = {
        "stated": Form(
            r"\hat g-g=\sum_{k=1}^{T-1}\gamma^kB_{T-k}(g_{T-k}-g_T)+\sum_{k=1}^{T-1}B_{T-k}\big("
            r"\gamma^kI-A_{T-k+1}\cdots A_T\big)g_T",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = BENT

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """An instance is what it says."""
        return {
            "0 <= c_j <= h_j": min(*x["levels"], *(x["heights"] - x["levels"])),
            "mu > 0": 1 - x["q"],
            "gamma < 1": 1 - x["gamma"],
        }

    def prepare(self, x: Instance) -> Instance:
        """Levels into their range, gamma where it was drawn."""
        return {**bent(x), "gamma": x["gamma"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """ghat - g by loops, and the two sums."""
        run = Bent(x)
        gradients = run.gradients
        v = run.gradients[-1]
        moved = replaced = 0 * v
        for k in range(1, run.T):
            v = run.step(run.states[run.T - k], v)
            moved = moved + run.gamma**k * (gradients[run.T - k] - gradients[-1])
            replaced = replaced + run.gamma**k * gradients[-1] - v
        return run.bias(), run.eta * (moved + replaced)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two bends that do not commute; one step."""
        bends = {
            **TWO_BENDS,
        }
        yield bends
        yield {**bends, "gamma": 0, "steps": 1}
