"""A quadratic inner loss whose hyperparameters move its linear term: w'Hw / 2 - w'(b + C alpha)."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Numbers, Scalar, Spectrum
from quadmeta._validate import finite, natural, number, seeded, shaped
from quadmeta._validate.matrices import require_positive, require_symmetric
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss
from quadmeta.theory.spectra import rotation


@dataclass(frozen=True, eq=False, init=False)
class Coupled(QuadraticBilevel):
    """A quadratic inner loss with a constant mixed derivative, for which estimators are formulas.

    L_1 = w'Hw / 2 - w'(b + C alpha) has J(w) = -C' for every w. L_2 = w'H_2 w / 2 - b_2'w + c_2.

    Parameters
    ----------
    hessian
        H (P, P), symmetric positive definite, or semidefinite to rounding.
    cross
        C (P, h).
    linear
        b (P,).
    outer_hessian, outer_linear, outer_constant
        H_2 (P, P), b_2 (P,) and c_2.
    start
        w_0 (P,), default 0.

    Raises
    ------
    ValueError
        wrong shapes, an asymmetric matrix, or a ``hessian`` with a negative eigenvalue.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([1.0, 2.0, 4.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=50, step_size=0.2))
    >>> qm.hypergradient(loss, [0.0, 0.0], qm.Implicit()).value.shape
    (2,)
    """

    hessian: Array
    cross: Array
    linear: Array
    outer_hessian: Array
    outer_linear: Array
    start: Array
    outer_constant: float
    inside = False
    affine = True

    def __init__(
        self,
        hessian: Numbers,
        cross: Numbers,
        linear: Numbers,
        outer_hessian: Numbers,
        outer_linear: Numbers,
        start: Numbers | None = None,
        outer_constant: Scalar = 0.0,
    ) -> None:
        b = shaped("linear", linear, (-1,), "(P,)")
        P = len(b)
        entries = f"for P = {P} entries of linear"
        H = shaped("hessian", hessian, (P, P), f"(P, P) {entries}")
        H2 = shaped("outer_hessian", outer_hessian, (P, P), f"(P, P) {entries}")
        C = shaped("cross", cross, (P, -1), f"(P, h) {entries}")
        b2 = finite("outer_linear", outer_linear)
        if b2.shape == (P, 1):
            b2 = b2[:, 0]
        b2 = shaped("outer_linear", b2, (P,), f"(P,) for P = {P}")
        w0 = np.zeros(P)
        if start is not None:
            w0 = shaped("start", start, (P,), f"(P,) for P = {P}")
        require_symmetric("hessian", H)
        require_symmetric("outer_hessian", H2)
        lam = np.linalg.eigvalsh(H)
        if lam[0] < -4 * P * np.finfo(float).eps * np.abs(lam).max():
            raise ValueError(
                f"hessian has the negative eigenvalue {lam[0]:.6g}: pass a positive definite "
                "one, of an inner loss that has a minimum"
            )
        self._keep(
            hyperparameters=C.shape[1],
            hessian=H,
            cross=C,
            linear=b,
            outer_hessian=H2,
            outer_linear=b2.reshape(-1, 1),
            start=w0,
            outer_constant=number("outer_constant", outer_constant),
        )

    @classmethod
    def random(cls, eigenvalues: Spectrum, h: int, seed: int) -> "Coupled":
        """A prescribed inner spectrum in a random basis, everything else random.

        C, b, b_2 and w_0 are Gaussian; the eigenvalues of H_2 lie between those of H.

        Parameters
        ----------
        eigenvalues
            (P,) of H, positive.
        h
            number of hyperparameters.
        seed
            of the random stream.
        """
        lam = shaped("eigenvalues", eigenvalues, (-1,), "(P,)")
        h = natural("h", h)
        require_positive("eigenvalues", lam, "the inner loss needs a minimum")
        rng = np.random.default_rng(seeded("seed", seed))
        P = len(lam)
        Q = rotation(P, rng)
        Q2 = rotation(P, rng)
        lam2 = rng.uniform(lam.min(), lam.max(), P)
        H = Q * lam @ Q.T
        H2 = Q2 * lam2 @ Q2.T
        # drawn in the order of the fields
        return cls(
            hessian=(H + H.T) / 2,
            cross=rng.standard_normal((P, h)),
            linear=rng.standard_normal(P),
            outer_hessian=(H2 + H2.T) / 2,
            outer_linear=rng.standard_normal(P),
            start=rng.standard_normal(P),
        )

    def bind(self, alpha: Array) -> QuadraticInnerLoss:
        """H and b + C alpha."""
        return QuadraticInnerLoss(
            self.hessian, (self.linear + self.cross @ alpha)[:, None], self, alpha
        )

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """-C'V."""
        product: Array = self.cross.T @ V
        return -product[:, 0]

    def doubt(
        self, inner: QuadraticInnerLoss, W: tuple[float, float], V: tuple[float, float]
    ) -> Array:
        """||C_k|| times the error of V."""
        norms: Array = np.linalg.norm(self.cross, axis=0)
        size, error = V
        return norms * (error + 4 * np.finfo(float).eps * size)

    def rows(self, alpha: Array, W: Array) -> Array:
        """-C'."""
        return -self.cross.T[:, :, None] * np.ones_like(W)

    def __repr__(self) -> str:
        return f"Coupled(P={len(self.linear)}, h={self.hyperparameters})"
