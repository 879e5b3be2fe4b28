"""Which auxiliary weights grow in a gradient step."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta.claims.families.auxiliary import Family, family, slope, solve
from quadmeta.claims.navon2021 import SOURCE
from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.parameters import Parameter, Quantity, Values


class Navon2021SignCondition(Claim):
    """phi_k^+ = max(0, phi_k - beta g_k): phi_k grows iff v' H^-1 u_k > 0, at (w_*(phi), phi), for
    any beta > 0.

    The note says of one task that the product must be positive for phi to grow; read as one step of
    any size of clipped gradient descent on F, for each of several tasks, and in both directions:
    phi_k falls iff the product is < 0 and phi_k > 0; at 0 clipping keeps it. This is about the
    step: F itself need not fall for a large beta.

    Proof. g_k = -v' H^-1 u_k (navon2021_implicit_hypergradient), so the step -beta g_k has the
    sign of the product. Clipping moves a point that fell below 0 to 0, which is below phi_k, or
    phi_k itself if that is 0.
    """

    reference = "Note on Navon et al. 2021, condition for a weight to grow"
    source = SOURCE
    standing = "sentence"
    strength = "identity"
    draws = 100
    forms = {
        "reading": Form(
            r"\phi_k^+>\phi_k\iff\nabla L_A^\top(\nabla_w^2L_T)^{-1}\nabla\ell_k>0;\quad\phi_k^+<"
            r"\phi_k\iff\cdots<0<\phi_k",
            "holds",
            "proof + exact",
            proved=True,
        )
    }
    domain = {**family(2), "beta": Parameter(r"\beta", reach=4)}

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """An inner problem with one minimiser, and a step."""
        f = Family.of(x)
        return {"H(phi) > 0": f.convexity(f.phi), "beta > 0": x["beta"]}

    def sides(self, x: Values, form: str) -> tuple[Any, Any]:
        """Signs of phi_k^+ - phi_k with g by dual numbers, and those that the product predicts."""
        f = Family.of(x)
        w = f.minimiser(f.phi)
        adjoint = solve(f.hessian(f.phi), f.outer.gradient(w))
        stepped = [
            max(0 * p, p - x["beta"] * slope(f.value, f.phi, k)) for k, p in enumerate(f.phi)
        ]
        products: list[Any] = [adjoint @ task.gradient(w) for task in f.tasks[1:]]
        moved = [sign(new - old) for new, old in zip(stepped, f.phi, strict=True)]
        predicted = [
            sign(q if old > 0 else max(q, 0)) for q, old in zip(products, f.phi, strict=True)
        ]
        return np.array(moved), np.array(predicted)

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """A weight at 0 that stays and one that grows; the same inside; steps that clip; a task
        without effect.
        """
        zero = {
            "rho": 0,
            "s0": (1, 1),
            "p0": (0, 0),
            "b0": (0, 0),
            "s1": (1, 0),
            "p1": (0, 0),
            "b1": (1, 0),
            "s2": (1, 0),
            "p2": (1, 1),
            "b2": (-1, 0),
            "sA": (1, 1),
            "pA": (0, 0),
            "bA": (1, 0),
            "phi1": 0,
            "phi2": 0,
            "beta": "1/2",
        }
        yield zero
        yield {**zero, "phi1": 1, "phi2": 1, "beta": "1/100"}
        yield {**zero, "phi2": "1/2", "beta": 4}
        yield {**zero, "b1": (0, 0), "phi1": 1}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """No step."""
        yield {**next(iter(self.cases("reading"))), "beta": 0}


def sign(x: Quantity) -> Fraction:
    """-1, 0 or 1."""
    return Fraction((x > 0) - (x < 0))
