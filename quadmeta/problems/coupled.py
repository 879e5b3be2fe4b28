"""Quadratic inner loss with a constant cross term: L_1 = w'Hw / 2 - w'(b + C alpha)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import finite, natural, number, seeded, shaped
from quadmeta.problems.parts.bilevel import require_symmetric
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss

Array = Any


@dataclass(frozen=True, eq=False)
class Coupled(QuadraticBilevel):
    """J(w) = -C' for every w, so each estimator has a closed form of its own.

    Parameters
    ----------
    hessian
        H (P, P), symmetric positive definite, or semidefinite to rounding.
    cross
        C (P, h).
    linear
        b (P,).
    outer_hessian, outer_linear
        L_2 = w'H_2 w / 2 - b_2'w.
    start
        w_0 (P,), default 0.
    """

    hessian: Array
    cross: Array
    linear: Array
    outer_hessian: Array
    outer_linear: Array
    start: Array = None
    outer_constant: float = 0.0
    inside = False

    def __post_init__(self) -> None:
        b = shaped("linear", self.linear, (-1,), "(P,)")
        P = len(b)
        H, H2 = (
            shaped(name, getattr(self, name), (P, P), f"(P, P) for P = {P} entries of linear")
            for name in ("hessian", "outer_hessian")
        )
        C = shaped("cross", self.cross, (P, -1), f"(P, h) for P = {P} entries of linear")
        b2 = finite("outer_linear", self.outer_linear)
        b2 = shaped(
            "outer_linear", b2[:, 0] if b2.shape == (P, 1) else b2, (P,), f"(P,) for P = {P}"
        )
        if self.start is None:
            w0 = np.zeros(P)
        else:
            w0 = shaped("start", self.start, (P,), f"(P,) for P = {P}")
        for name, x in (("hessian", H), ("outer_hessian", H2)):
            require_symmetric(name, x)
        lam = np.linalg.eigvalsh(H)
        if lam[0] < -4 * P * np.finfo(float).eps * np.abs(lam).max():
            raise ValueError(
                f"hessian has the negative eigenvalue {lam[0]:.6g}: pass a positive definite "
                "one, of an "
                "inner loss that has a minimum"
            )
        self._keep(
            hessian=H,
            cross=C,
            linear=b,
            outer_hessian=H2,
            outer_linear=b2.reshape(-1, 1),
            start=w0,
            outer_constant=number("outer_constant", self.outer_constant),
        )

    @classmethod
    def random(cls, eigenvalues: Array, h: int, seed: int) -> "Coupled":
        """Prescribed inner spectrum in a random basis; Gaussian C, b, b_2, w_0; H_2 with a
        spectrum within the same.
        """
        from quadmeta.theory.spectra import rotation

        lam = shaped("eigenvalues", eigenvalues, (-1,), "(P,)")
        h = natural("h", h)
        if not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has the entry {lam[lam <= 0][0]}, every one must be > 0: the inner "
                "loss "
                "needs a minimum"
            )
        rng = np.random.default_rng(seeded("seed", seed))
        P = len(lam)
        Q = rotation(P, rng)
        Q2 = rotation(P, rng)
        H, H2 = (U * x @ U.T for U, x in ((Q, lam), (Q2, rng.uniform(lam.min(), lam.max(), P))))
        return cls(
            (H + H.T) / 2,
            rng.standard_normal((P, h)),
            rng.standard_normal(P),
            (H2 + H2.T) / 2,
            rng.standard_normal(P),
            rng.standard_normal(P),
        )

    @property
    def hyperparameters(self) -> int:  # type: ignore[override]
        """Columns of C."""
        return int(self.cross.shape[1])

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H and b + C alpha."""
        return QuadraticInnerLoss(
            self.hessian, (self.linear + self.cross @ alpha)[:, None], self, alpha
        )

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """-C'V."""
        return -(self.cross.T @ V)[:, 0]

    def doubt(
        self, inner: QuadraticInnerLoss, W: tuple[float, float], V: tuple[float, float]
    ) -> Array:
        """||C_k|| times the error of V."""
        return np.linalg.norm(self.cross, axis=0) * (V[1] + 4 * np.finfo(float).eps * V[0])

    def rows(self, alpha: Array, W: Array) -> Array:
        """-C'."""
        return -self.cross.T[:, :, None] * np.ones_like(W)

    def __repr__(self) -> str:
        return f"Coupled(P={len(self.linear)}, h={self.hyperparameters})"
