"""A strongly convex inner loss that is not quadratic, with a known Hessian-Lipschitz constant.

L_1 = mu ||w||^2 / 2 + sum_j s_j log cosh(z_j'w) - w'(b + C alpha),   L_2 = w'H_2 w / 2 - b_2'w
"""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Numbers, Scalar
from quadmeta._validate import natural, number, seeded, shaped
from quadmeta._validate.matrices import require_nonnegative, require_symmetric
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss


@dataclass(frozen=True, eq=False)
class LogCoshInnerLoss(InnerLoss):
    """L_1 at linear term ``linear`` = b + C alpha."""

    problem: "LogCosh"
    linear: Array

    def gradient(self, w: Array) -> Array:
        """mu w + Z' (s tanh(Zw)) - b - C alpha."""
        p = self.problem
        pull: Array = p.features.T @ (p.scale * np.tanh(p.features @ w))
        return p.mu * w + pull - self.linear

    def hvp(self, w: Array, v: Array) -> Array:
        """mu v + Z' (s sech^2(Zw) o Zv)."""
        p = self.problem
        curvature = p.scale * (1 - np.tanh(p.features @ w) ** 2)
        bent: Array = ((v @ p.features.T) * curvature) @ p.features
        return p.mu * v + bent

    def mixed(self, w: Array, v: Array) -> Array:
        """-C'v."""
        product: Array = self.problem.cross.T @ v
        return -product

    def jacobian(self, w: Array) -> Array:
        """-C'."""
        return -self.problem.cross.T


@dataclass(frozen=True, eq=False, init=False)
class LogCosh(BilevelProblem):
    """A strongly convex inner loss that is not quadratic, and a quadratic outer one.

    The inner loss is mu-strongly convex with the largest curvature L = mu + ||Z' diag(s) Z||, and
    its Hessian is Lipschitz with the constant (4 / 3 sqrt 3) ||Z' diag(s |z|) Z||.

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

    Raises
    ------
    ValueError
        wrong shapes, a negative scale, mu <= 0, or an asymmetric ``outer_hessian``.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.LogCosh.random(P=4, h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=50, step_size=1 / problem.L))
    >>> loss.gradient([0.0, 0.0]).shape
    (2,)
    """

    features: Array
    scale: Array
    mu: float
    cross: Array
    linear: Array
    outer_hessian: Array
    outer_linear: Array
    start: Array

    def __init__(
        self,
        features: Numbers,
        scale: Numbers,
        mu: Scalar,
        cross: Numbers,
        linear: Numbers,
        outer_hessian: Numbers,
        outer_linear: Numbers,
        start: Numbers,
    ) -> None:
        Z = shaped("features", features, (-1, -1), "(m, P)")
        m, P = Z.shape
        s = shaped("scale", scale, (m,), f"({m},), one a row of features")
        require_nonnegative("scale", s, "pass numbers >= 0")
        columns = f"for features of {P} columns"
        C = shaped("cross", cross, (P, -1), f"({P}, h) {columns}")
        H2 = shaped("outer_hessian", outer_hessian, (P, P), f"({P}, {P}) {columns}")
        require_symmetric("outer_hessian", H2)
        self._keep(
            hyperparameters=C.shape[1],
            features=Z,
            scale=s,
            cross=C,
            outer_hessian=H2,
            linear=shaped("linear", linear, (P,), f"({P},) {columns}"),
            outer_linear=shaped("outer_linear", outer_linear, (P,), f"({P},) {columns}"),
            start=shaped("start", start, (P,), f"({P},) {columns}"),
            mu=number("mu", mu, above=0),
        )

    @classmethod
    def random(cls, P: int, h: int, seed: int, mu: Scalar = 0.2) -> "LogCosh":
        """Gaussian everything, curvature above mu of order 1."""
        P = natural("P", P)
        h = natural("h", h)
        rng = np.random.default_rng(seeded("seed", seed))
        Z = rng.standard_normal((P + 1, P)) / np.sqrt(P)
        A = rng.standard_normal((P, P)) / np.sqrt(P)
        # drawn in the order of the fields
        return cls(
            features=Z,
            scale=rng.uniform(0.2, 1, P + 1),
            mu=mu,
            cross=rng.standard_normal((P, h)),
            linear=rng.standard_normal(P),
            outer_hessian=A @ A.T,
            outer_linear=rng.standard_normal(P),
            start=2 * rng.standard_normal(P),
        )

    @property
    def L(self) -> float:
        """Largest curvature, mu + ||Z' diag(s) Z||: log cosh has at most the curvature 1."""
        Z = self.features
        return float(self.mu + np.linalg.eigvalsh(Z.T @ (self.scale[:, None] * Z))[-1])

    @property
    def hessian_lipschitz(self) -> float:
        """max |(log cosh)'''| = 4 / (3 sqrt 3), times ||Z' diag(s_j |z_j|) Z||."""
        Z = self.features
        weighted = (self.scale * np.linalg.norm(Z, axis=1))[:, None] * Z
        return float(4 / (3 * np.sqrt(3)) * np.linalg.eigvalsh(Z.T @ weighted)[-1])

    def bind(self, alpha: Array) -> LogCoshInnerLoss:
        """b + C alpha."""
        return LogCoshInnerLoss(self, self.linear + self.cross @ alpha)

    def outer(self, w: Array, alpha: Array | None = None) -> float:
        """w'H_2 w / 2 - b_2'w."""
        w = shaped("w", w, self.start.shape, "(P,)")
        return float(w @ self.outer_hessian @ w / 2 - self.outer_linear @ w)

    def outer_gradient(self, w: Array, alpha: Array | None = None) -> Array:
        """H_2 w - b_2."""
        gradient: Array = self.outer_hessian @ w - self.outer_linear
        return gradient

    def __repr__(self) -> str:
        P = len(self.linear)
        return f"LogCosh(P={P}, h={self.hyperparameters}, mu={self.mu:.6g}, L={self.L:.6g})"
