"""A strongly convex inner loss that is not quadratic, with a known Hessian-Lipschitz constant.

L_1 = mu ||w||^2 / 2 + sum_j s_j log cosh(z_j'w) - w'(b + C alpha),   L_2 = w'H_2 w / 2 - b_2'w
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import natural, number, seeded, shaped
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss, require_symmetric

Array = Any


@dataclass(frozen=True, eq=False)
class LogCoshInnerLoss(InnerLoss):
    """L_1 at linear term ``linear`` = b + C alpha."""

    problem: "LogCosh"
    linear: Array

    def gradient(self, w: Array) -> Array:
        """mu w + Z' (s tanh(Zw)) - b - C alpha."""
        p = self.problem
        return p.mu * w + p.features.T @ (p.scale * np.tanh(p.features @ w)) - self.linear

    def hvp(self, w: Array, v: Array) -> Array:
        """mu v + Z' (s sech^2(Zw) o Zv)."""
        p = self.problem
        curvature = p.scale * (1 - np.tanh(p.features @ w) ** 2)
        return p.mu * v + ((v @ p.features.T) * curvature) @ p.features

    def mixed(self, w: Array, v: Array) -> Array:
        """-C'v."""
        return -(self.problem.cross.T @ v)

    def jacobian(self, w: Array) -> Array:
        """-C'."""
        return -self.problem.cross.T


@dataclass(frozen=True, eq=False)
class LogCosh(BilevelProblem):
    """mu-strongly convex, L = mu + ||Z' diag(s) Z||, Hessian Lipschitz with (4 / 3 sqrt 3) ||Z'
    diag(s |z|) Z||.

    Parameters
    ----------
    features
        Z (m, P).
    scale
        s (m,) >= 0.
    mu
        > 0.
    cross, linear
        C (P, h), b (P,).
    outer_hessian, outer_linear
        of L_2.
    start
        w_0 (P,).
    """

    features: Array
    scale: Array
    mu: float
    cross: Array
    linear: Array
    outer_hessian: Array
    outer_linear: Array
    start: Array

    def __post_init__(self) -> None:
        Z = shaped("features", self.features, (-1, -1), "(m, P)")
        m, P = Z.shape
        scale = shaped("scale", self.scale, (m,), f"({m},), one a row of features")
        if (scale < 0).any():
            raise ValueError(
                f"scale has the negative entry {scale[scale < 0][0]}: pass numbers >= 0"
            )
        C = shaped("cross", self.cross, (P, -1), f"({P}, h) for features of {P} columns")
        H2 = shaped(
            "outer_hessian", self.outer_hessian, (P, P), f"({P}, {P}) for features of {P} columns"
        )
        require_symmetric("outer_hessian", H2)
        rest = {
            name: shaped(name, getattr(self, name), (P,), f"({P},) for features of {P} columns")
            for name in ("linear", "outer_linear", "start")
        }
        self._keep(
            features=Z,
            scale=scale,
            cross=C,
            outer_hessian=H2,
            mu=number("mu", self.mu, above=0),
            **rest,
        )

    @classmethod
    def random(cls, P: int, h: int, seed: int, mu: float = 0.2) -> "LogCosh":
        """Gaussian everything, curvature above mu of order 1."""
        P = natural("P", P)
        h = natural("h", h)
        rng = np.random.default_rng(seeded("seed", seed))
        Z = rng.standard_normal((P + 1, P)) / np.sqrt(P)
        A = rng.standard_normal((P, P)) / np.sqrt(P)
        return cls(
            Z,
            rng.uniform(0.2, 1, P + 1),
            mu,
            rng.standard_normal((P, h)),
            rng.standard_normal(P),
            A @ A.T,
            rng.standard_normal(P),
            2 * rng.standard_normal(P),
        )

    @property
    def hyperparameters(self) -> int:  # type: ignore[override]
        """Columns of C."""
        return int(self.cross.shape[1])

    @property
    def L(self) -> float:
        """Largest curvature."""
        return float(
            self.mu
            + np.linalg.eigvalsh(self.features.T @ (self.scale[:, None] * self.features))[-1]
        )

    @property
    def hessian_lipschitz(self) -> float:
        """max |(log cosh)'''| = 4 / (3 sqrt 3), times ||Z' diag(s_j |z_j|) Z||."""
        weighted = (self.scale * np.linalg.norm(self.features, axis=1))[:, None] * self.features
        return float(4 / (3 * np.sqrt(3)) * np.linalg.eigvalsh(self.features.T @ weighted)[-1])

    def bind(self, alpha: Array) -> LogCoshInnerLoss:
        """b + C alpha."""
        return LogCoshInnerLoss(self, self.linear + self.cross @ alpha)

    def outer(self, w: Array, alpha: Array | None = None) -> float:
        """w'H_2 w / 2 - b_2'w."""
        w = shaped("w", w, self.start.shape, "(P,)")
        return float(w @ self.outer_hessian @ w / 2 - self.outer_linear @ w)

    def outer_gradient(self, w: Array, alpha: Array | None = None) -> Array:
        """H_2 w - b_2."""
        return self.outer_hessian @ w - self.outer_linear

    def __repr__(self) -> str:
        return f"LogCosh(P={len(self.linear)}, h={self.hyperparameters}, mu={self.mu:.6g}, L={self.L:.6g})"
