"""Where alternating updates of weights and parameters stop: inner steps do not matter, the filter
does.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims.families.alternation import ALTERNATION, Alternation
from quadmeta.claims.families.auxiliary import neumann
from quadmeta.claims.families.collapse import TASKS, Tasks, diagonal, inverse, least
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedAlternationFixedPoints(Claim):
    """T gradient steps of size eta on L_T(., phi), then phi <- max(0, phi - beta ghat), with J + 1
    Neumann terms.

    ghat_k = -grad L_A(w)' f(H(phi)) grad ell_k(w), f(H) = nu sum_{j <= J} (I - nu H)^j. (w, phi) is
    a fixed point iff w = w_*(phi) and, for each k, ghat_k = 0, or phi_k = 0 and ghat_k >= 0,
    provided that 0 < eta lambda_max(H) < 2. So fixed points do not depend on T, eta and
    beta (a short inner loop does no harm), but on J and nu. Compared are 1 (fixed) or 0 for T, eta,
    beta with the same for T', eta', beta', and with the condition.

    Proof. w^+ - w_* = (I - eta H)^T (w - w_*) and 1 is no eigenvalue of (I - eta H)^T, so w^+ = w
    iff w = w_*. At w_*, phi_k = max(0, phi_k - beta ghat_k) iff ghat_k = 0, or phi_k = 0 <= ghat_k.
    """

    reference = "derived; on training in two stages in turn"
    strength = "identity"
    draws = 100
    forms = {
        "stated": Form(
            r"(w,\phi)^+=(w,\phi)\iff w=w_*(\phi),\ \hat g_k=0\text{ or }(\phi_k=0,\ \hat g_k\ge0)"
            r"\text{ for each }k:\text{ whatever }T,\eta,\beta",
            "holds",
            "proof + exact",
            proved=True,
            attained=True,
        )
    }
    domain = {
        **TASKS,
        **ALTERNATION,
        **{key + "2": ALTERNATION[key] for key in ("eta", "steps", "beta")},
    }

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Both inner step sizes below 2/lambda_max(H)."""
        H = Tasks.of(x).hessian(x["weights"])
        room = {key: least(2 * diagonal(1, 1) - x[key] * H) for key in ("eta", "eta2")}
        return {
            "eta > 0": x["eta"],
            "eta' > 0": x["eta2"],
            "eta lambda_max(H) < 2": room["eta"],
            "eta' lambda_max(H) < 2": room["eta2"],
        }

    def prepare(self, x: Instance) -> Instance:
        """Few, stable steps; for even T a fixed point, v orthogonal to f(H) u_1 and other tasks at
        0.
        """
        if not x["steps"] % 2:
            alike = {
                key: x[key][:1] + x[key][1:2] * (len(x[key]) - 1)
                for key in TASKS
                if key not in ("p", "q")
            }
            x = {**x, **alike, "weights": (x["weights"][0], *(0 * f for f in x["weights"][1:]))}
        run = Alternation.of(arrays(x))
        phi = arrays(x)["weights"]
        H = run.tasks.hessian(phi)
        top = 2 / (H[0, 0] + H[1, 1])
        x = {
            **x,
            "eta": min(x["eta"], top),
            "eta2": min(x["eta2"], top),
            "steps": min(x["steps"], 4),
            "steps2": min(x["steps2"], 4),
        }
        if x["steps"] % 2:
            return x
        w = run.tasks.solution(phi)
        filtered = neumann(H, run.tasks.slopes(w), run.nu, run.J)
        v = np.array([-filtered[1, 0], filtered[0, 0]])
        b = w - inverse(run.A) @ (-v if v @ filtered[:, -1] > 0 else v)
        return {**x, "w1": w[0], "w2": w[1], "aim1": b[0], "aim2": b[1]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Whether (w, phi) is fixed, twice; whether it is with the other steps, and the
        condition.
        """
        run = Alternation.of(x)
        w = np.array([x["w1"], x["w2"]])
        phi = x["weights"]
        other = run._replace(eta=x["eta2"], T=x["steps2"], beta=x["beta2"])
        stops = [
            all(
                after == before
                for after, before in zip(np.concatenate(one(w, phi)), (*w, *phi), strict=True)
            )
            for one in (run, other)
        ]
        flat = all(
            g == 0 or (f == 0 and g > 0) for f, g in zip(phi, run.slopes(w, phi), strict=True)
        )
        condition = flat and not any(w - run.tasks.solution(phi))
        sides = np.array([[stops[0], stops[0]], [stops[1], condition]], dtype=object) + 0
        return sides[0], sides[1]

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """An interior fixed point; one at phi = 0; the inner solution at other weights."""
        base = {
            "p": 1,
            "q": 2,
            "low": (1,),
            "high": (2,),
            "turn": (1,),
            "x": (1,),
            "y": (2,),
            "weights": (1,),
            "spread": 1,
            "tilt": 0,
            "aim1": 0,
            "aim2": 0,
            "w1": 0,
            "w2": 0,
            "nu": "1/8",
            "products": 1,
            "eta": "1/10",
            "steps": 2,
            "beta": 1,
            "eta2": "1/5",
            "steps2": 3,
            "beta2": 2,
        }
        yield self.prepare(self.read(base))
        yield {**base, "weights": (0,), "aim1": -1}
        yield {**base, "w1": "1/2", "w2": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """An inner iteration that swings from one side to the other, or rests."""
        swing = {**list(self.cases("stated"))[1], "w1": 0, "w2": 1, "aim1": 0, "aim2": 1}
        yield {**swing, "eta": "1/2", "steps": 2}
        yield {**swing, "eta2": "1/2", "steps2": 2}
        yield {**swing, "eta": 0}
        yield {**swing, "eta2": 0}
