"""The Jacobian of alternating updates at an interior fixed point, from which their linear rate
follows.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.arithmetic.powers import complete_homogeneous, geometric_sum
from quadmeta.claims.families.alternation import ALTERNATION, Alternation
from quadmeta.claims.families.collapse import TASKS, Tasks, diagonal, jacobian
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import arrays
from quadmeta.verification.parameters import Instance, Values


class DerivedAlternationRate(Claim):
    """T steps of size eta on L_T(., phi), then phi <- max(0, phi - beta ghat), J + 1 Neumann
    terms; w = w_*(phi).

    With P = (I - eta H)^T, S = -H^-1 U and v = grad L_A(w_*) the Jacobian of one round in (w, phi)
    is

        [ P,              (I - P) S                               ]
        [ -beta G_w P,    I - beta (G_w (I - P) S + G_phi)        ],   (G_w)_k = -u_k' f(H) A_A -
            v' f(H) A_k,

    (G_phi)_kj = -v' Df(H)[A_j] u_k, where Df(H)[A] has the entries f[l_a, l_b] A_ab in the
    eigenbasis of H, and f[l_a, l_b] = -nu^2 sum_{i<J} h_i(1 - nu l_a, 1 - nu l_b). Its spectral
    radius is the linear rate. For f = 1/l, f[l_a, l_b] = -1/(l_a l_b), G_w S + G_phi is the
    Hessian of F: T -> infinity leaves I - beta Hess F, stable iff 0 < beta Hess F < 2. Sides: the
    derivative of one round by dual numbers and the blocks; the Hessian of F and G_w S + G_phi.

    Proof. w^+ = w_* + P (w - w_*), so at w_* dw^+ = P dw + (I - P) S dphi. ghat = -v'f(H)u has the
    derivatives G_w in w^+ (du_k = A_k dw) and G_phi in phi (Daleckii and Krein). For f = 1/l ghat
    is grad F at w_*(phi); dw_* = S dphi.
    """

    reference = "derived; on training in two stages in turn"
    strength = "identity"
    draws = 30
    forms = {
        "stated": Form(
            r"\partial(w,\phi)^+=\begin{pmatrix}P&(I-P)S\\-\beta G_wP&I-\beta(G_w(I-P)S+G_\phi)"
            r"\end{pmatrix},\quad f=1/\lambda:\ G_wS+G_\phi=\nabla^2F",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {**TASKS, **ALTERNATION}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """The inner solution, no weight at its border."""
        run = of(x)
        phi = x["weights"]
        inside = phi - run.beta * run.slopes(run.tasks.solution(phi), phi)
        return {"w = w_*": x["w1"] ** 2 + x["w2"] ** 2, "phi - beta ghat > 0": min(inside)}

    def prepare(self, x: Instance) -> Instance:
        """w = w_*; weights that leave half of H to the main task; small T and beta."""
        sizes = sum(
            f * (a**2 + b**2) for f, a, b in zip(x["weights"], x["low"], x["high"], strict=True)
        )
        if sizes:
            scale = min(1, min(x["p"], x["q"]) ** 2 / 2 / sizes)
        else:
            scale = 1
        x = {
            **x,
            "w1": 0 * x["w1"],
            "w2": 0 * x["w2"],
            "weights": tuple(scale * f for f in x["weights"]),
            "steps": min(x["steps"], 4),
        }
        run = of(arrays(x))
        phi = x["weights"]
        g = run.slopes(run.tasks.solution(phi), phi)
        bound = min((f / s / 2 for f, s in zip(phi, g, strict=True) if s > 0), default=x["beta"])
        return {**x, "beta": min(x["beta"], bound) if bound else x["beta"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Entries of the derivative of a round, and of the Hessian of F; those of the blocks, and
        of G_w S + G_phi.
        """
        run = of(x)
        phi = x["weights"]
        eigenvalues = (x["p"] ** 2, x["q"] ** 2)
        w = run.tasks.solution(phi)
        state = np.array([w[0] + x["w1"], w[1] + x["w2"], *phi])
        found = jacobian(lambda z: np.concatenate(run(z[:2], z[2:])), state)
        hessian = jacobian(lambda z: jacobian(run.outer, z), phi)
        flat = [1 - run.nu * value for value in eigenvalues]
        sums = run.nu * diagonal(*(geometric_sum(a, run.J + 1) for a in flat))
        divided = [
            [
                -(run.nu**2)
                * sum((complete_homogeneous([a, b], i) for i in range(run.J)), Fraction(0))
                for b in flat
            ]
            for a in flat
        ]
        P = diagonal(*((1 - run.eta * value) ** run.T for value in eigenvalues))
        Q = diagonal(Fraction(1), Fraction(1)) - P
        backward = diagonal(*(1 / value for value in eigenvalues))
        S = -backward @ run.tasks.slopes(w)
        along, own = run.parts(w, sums, np.array(divided, dtype=object))
        last = -run.beta * (along @ Q @ S + own)
        last[np.diag_indices(len(last))] += 1
        blocks = np.block([[P, Q @ S], [-run.beta * along @ P, last]])
        along, own = run.parts(w, backward, -1 / np.outer(eigenvalues, eigenvalues))
        return np.array([*found.flat, *hessian.flat]), np.array(
            [*blocks.flat, *(along @ S + own).flat]
        )

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """Two tasks that do not commute, J = 3; equal eigenvalues of H."""
        base = {
            "p": 2,
            "q": 3,
            "low": (0, 1),
            "high": (1, "1/2"),
            "turn": ("1/2", "1/3"),
            "x": (1, 2),
            "y": (2, -1),
            "weights": (1, 1),
            "spread": 2,
            "tilt": 1,
            "aim1": 1,
            "aim2": 0,
            "w1": 0,
            "w2": 0,
            "nu": "1/10",
            "products": 3,
            "eta": "1/10",
            "steps": 3,
            "beta": "1/10",
        }
        yield base
        yield {**base, "q": 2, "products": 2, "steps": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """Away from w_*; a weight that is cut off."""
        base = next(iter(self.cases("stated")))
        yield {**base, "w1": 1}
        yield from ({**base, "beta": 100, "aim1": sign} for sign in (2, -2))


def of(x: Values) -> Alternation:
    """The instance with H = diag(p^2, q^2), so that A_0 = H - sum_k phi_k A_k."""
    tasks = Tasks.of(x)
    main = tasks.A[0] - sum(f * A for f, A in zip(x["weights"], tasks.A[1:], strict=True))
    return Alternation.of(x)._replace(tasks=tasks._replace(A=np.stack([main, *tasks.A[1:]])))
