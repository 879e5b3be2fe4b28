"""A quadratic with additive gradient noise, w_{t+1} = w_t - eta (H (w_t - w_*) + zeta_t).

With E zeta zeta' = Sigma, a = 1 - eta lambda and s the diagonal of Sigma in the eigenbasis of H,
the modes decouple:

    E e_T^2         = a^(2T) e_0^2 + eta^2 s (1 + a^2 + ... + a^(2T-2))
    E f(w_T) - floor = sum lambda E e_T^2 / 2
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Numbers, Spectrum
from quadmeta._validate import finite, frozen, shaped
from quadmeta._validate.matrices import CONSISTENT, require_nonnegative
from quadmeta.arithmetic.affine import second_difference, signed
from quadmeta.arithmetic.residual import factor, power_difference
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.base import point
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.rotated import RotatedProblem, covariance, diagonalised, given
from quadmeta.problems.parts.scale import LIMITS, require_range


@dataclass(frozen=True, eq=False, init=False, repr=False)
class NoisyQuadratic(RotatedProblem):
    """A quadratic whose gradients carry additive noise, with w_* = 0 and floor 0.

    The constructor takes eigen-coordinates, ``from_matrix`` any others. Fractions stay exact in
    ``recursion``.

    Raises
    ------
    ValueError
        parts of different shapes, eigenvalues <= 0, negative variances, numbers out of range.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.NoisyQuadratic([1.0, 4.0], error=[1.0, 1.0], noise=[0.1, 0.1])
    >>> problem.mean_square_limit()
    0.5
    >>> bool(problem.expected(steps=10, step_size=0.1).log < 0)
    True
    """

    eigenvalues: Array
    """(d,) eigenvalues of H, positive."""
    error: Array
    """(d,) w_0 - w_* in the eigenbasis of H."""
    noise: Array
    """(d,) variances of the gradient noise in the eigenbasis."""
    basis: Array | None
    """(d, d) eigenvectors as columns; None: the coordinates are the eigen-coordinates."""
    root: Array | None
    """(d, d) a square root R of Sigma = R R' in the coordinates of w; None: sqrt(noise) on the
    diagonal.
    """

    floor = 0.0

    def __init__(
        self,
        eigenvalues: Spectrum,
        error: Numbers,
        noise: Numbers,
        basis: Numbers | None = None,
        root: Numbers | None = None,
    ) -> None:
        self._store(eigenvalues, error, basis)
        variances = given("noise", noise)
        if variances.shape != self.eigenvalues.shape:
            raise ValueError(
                f"noise has shape {variances.shape}, eigenvalues {self.eigenvalues.shape}: "
                "pass one variance an eigenvalue"
            )
        require_nonnegative("noise", variances, "pass variances")
        keep(self, noise=np.array(variances), root=None)
        require_range("noise", self._variances, (LIMITS[0] ** 2, LIMITS[1] ** 2))
        if root is not None:
            d = variances.size
            R = shaped("root", root, (d, d))
            # the diagonal of Q'RR'Q
            turned = R if self.basis is None else self.basis.T @ R
            spread = (turned**2).sum(axis=1)
            gap = np.abs(spread - self._variances).max()
            if gap > CONSISTENT * spread.max():
                raise ValueError(
                    f"root has variances Q'RR'Q that differ from noise by {gap:.3g}: build the "
                    "problem with from_matrix"
                )
            keep(self, root=R)

    @cached_property
    def _variances(self) -> Array:
        return finite("noise", self.noise)

    @classmethod
    def from_matrix(cls, hessian: Numbers, start: Numbers, noise: Numbers) -> "NoisyQuadratic":
        """From matrices in any coordinates.

        Parameters
        ----------
        hessian
            H (d, d), symmetric positive definite.
        start
            w_0 - w_* (d,).
        noise
            covariance Sigma (d, d) of the gradient noise.

        Raises
        ------
        ValueError
            different shapes, an asymmetric or indefinite matrix.
        """
        lam, error, Q = diagonalised("hessian", hessian, "start", start)
        Sigma = covariance("noise", noise)
        if Sigma.shape != Q.shape:
            raise ValueError(
                f"noise has shape {Sigma.shape}, hessian {Q.shape}: pass a covariance of the "
                "same shape"
            )
        spread, P = np.linalg.eigh(Sigma)
        root = P * np.sqrt(np.maximum(spread, 0))
        variances = ((Q.T @ root) ** 2).sum(axis=1)
        return cls(lam, error, variances, Q, frozen(root))

    def noisy_gradient(self, w: Array, rng: np.random.Generator) -> Array:
        """H (w - w_*) + zeta with Gaussian zeta.

        The expected loss holds for any distribution of this covariance.
        """
        w = point("w", w, self._lam.size)
        z = self._generator(rng).standard_normal(w.shape)
        if self.root is None:
            zeta = z * np.sqrt(self._variances)
        else:
            zeta = z @ self.root.T
        return self.gradient(w) + zeta

    def mean_square_limit(self) -> float:
        """2 / lambda_max, that of gradient descent."""
        return float(2 / self._lam.max())

    def mean_square_bounds(self) -> tuple[float, float]:
        """The limit itself, twice."""
        return self.mean_square_limit(), self.mean_square_limit()

    def _expected(self, steps: int, eta: Array, outer: str, order: int) -> Iterator[SignLog]:
        for x in eta:
            yield self._at(steps, float(x), order).reshape(1)

    def _at(self, steps: int, eta: float, order: int) -> SignLog:
        """sum lambda E e_T^2 / 2 with E e_T^2 and its derivative in eta.

        With x = eta lambda, a = 1 - x and the geometric sum g = 1 + a^2 + ... + a^(2T-2), a
        divided difference of s^T at s = a^2 and 1, the derivative of E e_T^2 is

            -2 T lambda a^(2T-1) e_0^2 + 2 eta s g - 2 eta^2 s lambda a dg/ds
        """
        T = steps
        lam = self._lam
        error = self._error
        noise = self._variances
        a = factor(eta, lam)
        x = eta * lam
        # 1 - a^2 = x (2 - x), without the difference
        square = factor(1.0, x * (2 - x))
        one = factor(1.0, np.zeros_like(x))
        total = power_difference(square, one, T)
        if order == 0:
            start = SignLog.of(error**2) * signed(a) ** (2 * T)
            terms = start + SignLog.of(eta**2 * noise) * total
        else:
            start = SignLog.of(-2 * T * lam * error**2) * signed(a) ** (2 * T - 1)
            bend = second_difference(square, one, square, T)
            terms = (
                start
                + SignLog.of(2 * eta * noise) * total
                + SignLog.of(-2 * eta**2 * noise * lam * a.value) * bend
            )
        return (SignLog.of(lam / 2) * terms).sum()

    def _data(self, outer: str, exact: bool) -> tuple[Array, Array, Array]:
        return self.eigenvalues, self.error, self.noise

    def _recursion(
        self, steps: int, eta: Arithmetic, data: tuple[Array, Array, Array], order: int
    ) -> Any:
        lam, error, noise = data
        # E e_t^2 and its derivative in eta
        v = error * error
        slope = error * 0
        a = 1 - eta * lam
        for _ in range(steps):
            slope = a * a * slope - 2 * lam * a * v + 2 * eta * noise
            v = a * a * v + eta * eta * noise
        asked = slope if order else v
        return (lam * asked).sum() / 2

    def _remedy(self, outer: str) -> str:
        return "it has no data, use 'train'"

    def __repr__(self) -> str:
        trace = self._variances.sum()
        return f"NoisyQuadratic(d={len(self._lam)}, tr Sigma={trace:.6g}, L={self._lam.max():.6g})"
