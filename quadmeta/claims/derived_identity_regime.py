"""With a small scale and few terms the Neumann hypergradient is a product of gradients, without any curvature."""
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from quadmeta.claims._auxiliary import neumann, SPECTRUM, turned
from quadmeta.claims._base import Claim, Form
from quadmeta.claims._domain import Instance

Array = Any


class DerivedIdentityRegime(Claim):
    """x_J = f_J(H) v, ghat_k = -u_k'x_J for nu L <= 1: how far from (J + 1) nu times the identity?

    With r = f_J(mu)/f_J(L) >= 1 and n = J + 1

        n (|v|^2 - J nu v'Hv/2) <= v'x_J/nu <= n |v|^2,      cos(x_J, v) >= 2 sqrt(r)/(1 + r),
        |ghat_k + n nu v'u_k| <= n J nu^2 L |v| |u_k|/2.

    So for J nu L << 1 the sign of ghat_k is that of the plain product -v'u_k. Sides: the squares of the last two.

    Proof. f_J(l)/nu = sum_{j<=J} (1 - nu l)^j is between n (1 - J nu l/2), by Bernoulli term by term, and n for 0 <= nu
    l <= 1; the second line is nu |v| |u_k| times the largest n - f_J/nu. cos: Kantorovich's inequality for f_J(H),
    which decreases in l.
    """

    reference = "derived; on Navon et al. 2021, Algorithm 2"
    strength = "lower"
    draws = 80
    forms = {"printed": Form(r"\nu L\le1:\quad(J+1)\big(1-\tfrac{J\nu\lambda}2\big)\le\tfrac{f_J(\lambda)}\nu\le J+1,\ "
                             r"\cos(x_J,v)\ge\tfrac{2\sqrt r}{1+r},\quad|\hat g_k+(J+1)\nu v^\top u_k|\le\tfrac{(J+1)J"
                             r"\nu^2L}2\|v\|\|u_k\|", "holds", "proof + exact", proved=True, attained=True)}
    domain = SPECTRUM

    def assumptions(self, x: Any, form: str) -> Mapping[str, Array]:
        """A small scale."""
        return {"nu > 0": x["nu"], "nu L <= 1": 1 - x["nu"] * max(x["eigenvalues"])}

    def prepare(self, x: Instance) -> Instance:
        """nu within its range."""
        top = x["nu"] * max(x["eigenvalues"])
        return {**x, "nu": x["nu"] / (1 + top)} if top > 1 else x

    def sides(self, x: Any, form: str) -> tuple[Array, Array]:
        """v'x/nu, n |v|^2, squared cosine, squared bound; what each is at least."""
        lam, v, u, nu, J = (x[key] for key in ("eigenvalues", "outer", "task", "nu", "products"))
        H, n, f = turned(lam, x["turn"]), J + 1, 1 - (1 - nu * lam) ** (J + 1)
        y, r = neumann(H, v, nu, J), f[np.argmin(lam)] / min(lam) / (f[np.argmax(lam)] / max(lam))
        error, bound = n * nu * (v @ u) - u @ y, n * J * nu**2 * max(lam) / 2
        return (np.array([v @ y / nu, n * (v @ v), (v @ y) ** 2 * (1 + r) ** 2, bound**2 * (v @ v) * (u @ u)]),
                np.array([n * (v @ v - J * nu * (v @ (H @ v)) / 2), v @ y / nu, 4 * r * (y @ y) * (v @ v), error**2]))

    def cases(self, form: str) -> Iterable[Mapping[str, Any]]:
        """One term; two along the top eigenvector; Kantorovich's equality, 16/9 : 1 and v = (3, 4)."""
        top = {"eigenvalues": (1, 2), "turn": (0, 0), "outer": (0, 1), "task": (0, 3), "nu": "1/2", "products": 1}
        yield {**top, "outer": (1, 1), "products": 0}
        yield top
        yield {**top, "eigenvalues": ("2/9", 1), "outer": (3, 4), "task": (1, 1), "nu": 1}
        yield {**top, "outer": (2, 1), "nu": "1/1000", "products": 3}

    def without(self, assumption: str) -> Iterable[Mapping[str, Any]]:
        """A larger scale: a term beyond 1, which Bernoulli's inequality does not cover in both directions."""
        yield {"eigenvalues": (1,), "turn": (0,), "outer": (1,), "task": (1,), "nu": 3, "products": 2}
