"""A quadratic form in w: what its matrix and its linear term alone say, and how the two depend on
hyperparameters.
"""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.factored import Factored
from quadmeta.arithmetic.largest_eigenvalue import largest_eigenvalue
from quadmeta.arithmetic.null_space import share_of_null_space
from quadmeta.problems.parts.bilevel import InnerLoss
from quadmeta.problems.parts.rows import Modes, Rows


class QuadraticForm(InnerLoss):
    """<W, H W> / 2 - <B, W> with W (p, outputs), the matrix of the flat w."""

    H: Array
    """(p, p), symmetric and positive semidefinite."""
    B: Array
    """(p, outputs)."""
    rows: Rows | None
    """The same as a sum over weighted rows of data, where it is one."""

    def matrix(self, w: Array) -> Array:
        """Flat w (..., P) as (..., p, outputs)."""
        return np.reshape(w, (*np.shape(w)[:-1], *self.B.shape))

    def flat(self, W: Array) -> Array:
        """The other way round."""
        return W.reshape(*W.shape[:-2], -1)

    def gradient(self, w: Array) -> Array:
        """H W - B."""
        return self.flat(self.H @ self.matrix(w) - self.B)

    def hvp(self, w: Array, v: Array) -> Array:
        """H V."""
        return self.flat(self.H @ self.matrix(v))

    def largest_step_size(self) -> float:
        """2 / L; infinity where H is 0."""
        if self._largest > 0:
            return 2 / self._largest
        return np.inf

    @cached_property
    def _largest(self) -> float:
        """L."""
        return largest_eigenvalue(self.H)

    def curvatures(self) -> tuple[float, float] | None:
        """The ends of the spectrum of H."""
        lam = self.eigen[0]
        return float(lam[0]), float(lam[-1])

    def null_share(self, v: Array) -> tuple[float, float] | None:
        """From the eigenvalues of H."""
        lam, Q = self.eigen
        return share_of_null_space(lam, Q, self.matrix(v))

    @cached_property
    def eigen(self) -> tuple[Array, Array]:
        """(lambda, Q) of H, ascending, singular or not: lambda is right to rounding of the largest
        one.
        """
        lam, Q = np.linalg.eigh(self.H)
        return lam, Q

    @property
    def singular(self) -> bool:
        """Whether H is singular to rounding."""
        lam = self.eigen[0]
        return bool(lam[0] <= len(lam) * np.finfo(float).eps * lam[-1])

    @property
    def firm(self) -> bool:
        """Whether the condition number of H is at most 1e5, so that rounding of H and B takes no
        more digits than 5.
        """
        lam = self.eigen[0]
        return bool(lam[0] >= 1e-5 * lam[-1] > 0)

    @property
    def well_conditioned(self) -> bool:
        """Whether the condition number of H is at most 100."""
        lam = self.eigen[0]
        return bool(lam[0] >= 1e-2 * lam[-1] > 0)

    @property
    def spectrum(self) -> tuple[Array, Array]:
        """(lambda, Q) of H, ascending.

        Raises
        ------
        ValueError
            H is singular to rounding.
        """
        lam = self.eigen[0]
        if self.singular:
            raise ValueError(
                f"the inner Hessian is singular to rounding (eigenvalue {lam[0]:.3g} next to "
                f"{lam[-1]:.3g}): add a ridge, or give samples or tasks positive weights of "
                "closer size"
            )
        return self.eigen

    def modes(self, start: Array) -> Modes:
        """H by its eigenvalues, singular or not, and the gradient at W_0 = ``start`` (p, outputs)
        in its eigenbasis.

        From the rows where there are any and H is not well conditioned: small eigenvalues keep
        their digits as squares of singular values, large ones lose some. Without rows those at
        rounding count as 0.
        """
        if self.rows is not None and not self.well_conditioned:
            return self.rows.modes(start)
        lam, Q = self.eigen
        lam = np.where(lam > 4 * len(lam) * np.finfo(float).eps * lam[-1], lam, 0.0)
        return Modes(lam, Q, len(lam), Q.T @ (self.H @ start - self.B))

    @cached_property
    def minimizer(self) -> Array:
        """W_* = H^-1 B, shape (p, outputs).

        Raises
        ------
        ValueError
            H is singular to rounding.
        """
        if self.rows is not None and not self.firm and (self.rows.rho > 0 or not self.singular):
            rows_minimizer: Array = self.rows.minimizer()
            return rows_minimizer
        lam, Q = self.spectrum
        minimizer: Array = Q @ ((Q.T @ self.B) / lam[:, None])
        return minimizer

    @cached_property
    def factored(self) -> Factored | None:
        """H by its Cholesky factor, or None where it is not positive definite."""
        try:
            return Factored(self.H)
        except np.linalg.LinAlgError:
            return None


class Dependence(ABC):
    """How H(alpha) and b(alpha) of a quadratic form depend on alpha, with the first and second
    derivatives H_k, b_k and H_kl, b_kl.
    """

    affine = False
    """Whether H and b are affine in alpha, so that H_kl = 0 and b_kl = 0."""

    @property
    def least(self) -> float:
        """The least value of a hyperparameter that the problem takes."""
        return -np.inf

    @abstractmethod
    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """k -> <dH/d alpha_k, X> - <dB/d alpha_k, V> for X (p, p), V (p, outputs), shape (h,).

        All that a hypergradient needs of the family; <A, B> is the sum of the products of entries.
        """

    def bend(self, alpha: Array, X: Array, V: Array) -> Array:
        """(k, l) -> <H_kl, X> - <b_kl, V>, the derivative of ``pair`` in alpha, shape (h, h): what
        second derivatives of an outer loss need beside ``pair``.

        Raises
        ------
        ValueError
            H and b are not affine in alpha, and the problem does not define it.
        """
        if not self.affine:
            raise ValueError(
                f"{type(self).__name__} has no second derivatives in alpha: define bend(alpha, X, "
                "V), or set affine = True where H and b are affine in alpha"
            )
        h = len(alpha)
        return np.zeros((h, h))

    def derivatives(self, alpha: Array, shape: tuple[int, int]) -> tuple[Array, Array]:
        """H_k (h, p, p) and b_k (h, p, outputs) for ``shape`` = (p, outputs), by default entry by
        entry from ``pair``.
        """
        p, outputs = shape
        nothing = np.zeros(shape)
        square = np.zeros((p, p))
        units = np.eye(p * p).reshape(-1, p, p)
        columns = np.eye(p * outputs).reshape(-1, p, outputs)
        H = [self.pair(alpha, unit, nothing) for unit in units]
        b = [-self.pair(alpha, square, unit) for unit in columns]
        return np.stack(H, axis=-1).reshape(-1, p, p), np.stack(b, axis=-1).reshape(-1, p, outputs)

    def shifts(self, alpha: Array) -> Array | None:
        """c_k (h,) where H_k = c_k I for every k, so that the modes of H stay where they are; None
        elsewhere.
        """
        return None
