"""When the dot product of two gradients has the sign of the exact hypergradient."""

from collections.abc import Iterable, Mapping
from typing import Any

from quadmeta.claims.families.auxiliary import SPECTRUM, reflection, solve, turned
from quadmeta.claims.reductions.angles import opposed, signs
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedGradientSign(Claim):
    """v'u_k has the sign of v' H^-1 u_k whenever |cos(v, u_k)| > (kappa - 1)/(kappa + 1): no
    Hessian product is spent.

    Sides: the squared cosine, > 0 only where the signs differ (negative where they agree), against
    the squared threshold, denominators cleared. Strict: on the border v' H^-1 u_k may vanish while
    v'u_k does not.

    Proof. Unit v and u, m the middle of the spectrum of H^-1: v' H^-1 u = m v'u + v' (H^-1 - m I)
    u, and the last term is at most (1/mu - 1/L)/2 = m (kappa - 1)/(kappa + 1). Equality in the
    plane of the extreme eigenvectors.
    """

    reference = "derived; on the condition for a weight to grow"
    strength = "tight"
    draws = 100
    forms = {
        "stated": Form(
            r"|\cos(v,u_k)|>\tfrac{\kappa-1}{\kappa+1}\ \Rightarrow\ \operatorname{sign}(v^\top "
            r"u_k)="
            r"\operatorname{sign}(v^\top H^{-1}u_k)",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {key: SPECTRUM[key] for key in ("eigenvalues", "turn", "outer", "task")}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """None beyond the domain, H > 0."""
        return {}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """(v'u)^2 (L + mu)^2 with its sign, and |v|^2 |u|^2 (L - mu)^2."""
        lam = x["eigenvalues"]
        v = x["outer"]
        u = x["task"]
        cheap = u @ v
        exact = u @ solve(turned(lam, x["turn"]), v)
        low = min(lam)
        high = max(lam)
        differ = 1 if cheap * exact <= 0 else -1
        return differ * cheap**2 * (high + low) ** 2, (v @ v) * (u @ u) * (high - low) ** 2

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """On the border, v' H^-1 u = 0 and v'u = 3; the same with a mode in between, and turned; a
        certified sign.
        """
        yield {"eigenvalues": (1, 4), "turn": (0, 0), "outer": (1, 2), "task": (-1, 2)}
        yield {"eigenvalues": (1, 2, 4), "turn": (0, 1, 0), "outer": (1, 0, 2), "task": (-1, 0, 2)}
        yield {"eigenvalues": (1, 4), "turn": (2, 1), "outer": ("-11/10", "1/5"), "task": (-1, 2)}
        yield {"eigenvalues": (1, 4), "turn": (1, 2), "outer": (1, 2), "task": (2, 1)}

    def boxes(self, form: str) -> Iterable[Box]:
        """In the eigenbasis, with the spectrum of H: the triangle of the proof, cleared of its
        norms.
        """

        def reduce(instance: Instance) -> list[Reduced]:
            x = arrays(instance)
            lam = x["eigenvalues"]
            R = reflection(x["turn"])
            return signs(0 * lam + 1, R @ x["outer"], R @ x["task"], min(lam), max(lam))

        yield opposed(reduce)
