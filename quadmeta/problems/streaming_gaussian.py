"""Streaming linear regression: SGD on a fresh Gaussian sample each step.

x_t ~ N(0, S), y_t = w_*'x_t + xi_t with Var xi = sigma^2, w_{t+1} = w_t - eta (x_t'w_t - y_t) x_t.
As E[xx'Vxx'] = 2 S V S + tr(SV) S, the variances v_i = E e_i^2 of the error e = w - w_* in the
eigenbasis of S close:

    v' = (I - 2 eta Lambda + eta^2 (2 Lambda^2 + lambda lambda')) v + eta^2 sigma^2 lambda
    E f(w_T) - sigma^2/2 = lambda'v_T / 2
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Numbers, Scalar, Spectrum
from quadmeta._validate import frozen, number, show
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.base import point
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.rotated import RotatedProblem, diagonalised, given
from quadmeta.problems.parts.scale import LIMITS, require_range
from quadmeta.problems.parts.stochastic import Moments

_DENSE = 100
"""Up to so many moments of fourth order their recursion is decomposed as a matrix."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class StreamingGaussian(RotatedProblem):
    """Linear regression on a stream of Gaussian samples, with w_* = 0.

    Build it with ``from_spectrum`` or ``from_covariance``. "train" is E f(w_T) - sigma^2/2 = E
    (w_T - w_*)'S(w_T - w_*) / 2 and "population" the excess risk, twice that.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.StreamingGaussian.from_spectrum([1.0, 1.0], error=[1.0, 1.0], sigma=0.1)
    >>> problem
    StreamingGaussian(d=2, sigma=0.1, limit=0.5)
    >>> problem.steady_state(step_size=0.1).shape
    (2,)
    """

    eigenvalues: Array
    """(d,) eigenvalues of S, positive."""
    error: Array
    """(d,) w_0 - w_* in the eigenbasis of S."""
    sigma: Scalar
    """Standard deviation of the label noise."""
    basis: Array | None
    """(d, d) eigenvectors as columns; None: the coordinates are the eigen-coordinates."""

    outers = ("train", "population")

    def __init__(
        self,
        eigenvalues: Spectrum,
        error: Numbers,
        sigma: Scalar = 0.0,
        basis: Numbers | None = None,
    ) -> None:
        self._store(eigenvalues, error, basis)
        deviation = given("sigma", sigma)
        if deviation.ndim or deviation < 0:
            raise ValueError(
                f"sigma = {show(sigma)} must be one number >= 0: pass a standard deviation"
            )
        require_range("sigma", np.asarray(deviation, dtype=float), LIMITS)
        keep(self, sigma=deviation.item())

    @classmethod
    def from_spectrum(
        cls, eigenvalues: Spectrum, error: Numbers, sigma: Scalar = 0.0
    ) -> "StreamingGaussian":
        """From the spectrum of the features, in eigen-coordinates with w_* = 0, so w_0 = error.

        Fractions stay exact in ``recursion``.

        Parameters
        ----------
        eigenvalues
            (d,) positive eigenvalues of the feature covariance S.
        error
            (d,) w_0 - w_*.
        sigma
            standard deviation of the label noise, >= 0.
        """
        return cls(eigenvalues, error, sigma)

    @classmethod
    def from_covariance(
        cls, S: Numbers, error: Numbers, sigma: Scalar = 0.0
    ) -> "StreamingGaussian":
        """From the covariance of the features, in any coordinates.

        Parameters
        ----------
        S
            feature covariance (d, d), symmetric positive definite.
        error
            (d,) w_0 - w_*.
        sigma
            standard deviation of the label noise, >= 0.
        """
        lam, e, Q = diagonalised("S", S, "error", error)
        return cls(lam, e, sigma, Q)

    @property
    def floor(self) -> Scalar:  # type: ignore[override]
        """sigma^2 / 2."""
        return self.sigma**2 / 2

    def noisy_gradient(self, w: Array, rng: np.random.Generator) -> Array:
        """(x'w - y) x for one fresh sample (x, y) a path."""
        w = point("w", w, self._lam.size)
        rng = self._generator(rng)
        x: Array = rng.standard_normal(w.shape) * np.sqrt(self._lam)
        if self.basis is not None:
            x = x @ self.basis.T
        noise = float(self.sigma) * rng.standard_normal(w.shape[:-1])
        residual: Array = (x * w).sum(axis=-1) - noise
        return residual[..., None] * x

    def mean_square_limit(self) -> float:
        """Root of B = sum_i eta lambda_i / (2 (1 - eta lambda_i)) = 1; isotropic S: 2 / ((d + 2)
        lambda).

        The matrix of the recursion is positive definite, so it contracts iff I minus it, a
        diagonal minus a rank-one matrix, is positive definite: that is Sylvester's criterion for
        this sum.
        """
        from scipy.optimize import brentq

        low, high = self.mean_square_bounds()
        if not low < high * (1 - 1e-14):
            return (low + high) / 2
        low = low * (1 - 1e-14)
        high = high * (1 + 1e-14)
        return float(brentq(lambda eta: self._strain(eta) - 1, low, high, xtol=1e-300, rtol=1e-15))

    def mean_square_bounds(self) -> tuple[float, float]:
        """2 / (tr S + 2 lambda_max) <= eta_ms <= 2 / (tr S + 2 tr S^2 / tr S).

        They are equal for isotropic S.
        """
        lam = self._lam
        trace = lam.sum()
        low = 2 / (trace + 2 * lam.max())
        high = 2 / (trace + 2 * (lam * (lam / trace)).sum())
        return float(low), float(high)

    def _strain(self, eta: float) -> float:
        """B of ``mean_square_limit``."""
        x = eta * self._lam
        return float((x / (2 * (1 - x))).sum())

    def steady_state(self, step_size: Scalar) -> Array:
        """The variances that SGD ends at, lim v_T (d,), below the mean-square limit.

        lim v_T = eta (J + sigma^2) / (2 (1 - eta lambda)) with J = lambda'v = sigma^2 B / (1 - B)
        and the sum B of ``mean_square_limit``; the limit of the train loss is J / 2.

        Raises
        ------
        ValueError
            a step size outside (0, eta_ms).
        """
        eta = number("step_size", step_size)
        if not 0 < eta < self.mean_square_limit():
            raise ValueError(
                f"step_size = {eta!r} must lie in (0, {self.mean_square_limit():.6g}), below the "
                "mean-square limit: pass another one"
            )
        # J + sigma^2 = sigma^2 / (1 - B)
        driven = eta * float(self.sigma) ** 2 / (1 - self._strain(eta))
        variances: Array = driven / (2 * (1 - eta * self._lam))
        return variances

    def fourth_moment_limit(self) -> float:
        """eta_4, the step size below which sample means of the loss, and meta-gradients of single
        runs, have a variance that stays bounded.

        Below it E ||e_T||^4 does not grow. It lies inside the mean-square limit. Isotropic S and
        sigma = 0: E ||e_T||^4 = q_4^T ||e_0||^4 with q_4 = 1 - 4x + 2(d+8) x^2 - 12(d+4) x^3 +
        3(d+4)(d+6) x^4, x = eta lambda; eta_4 is the root of q_4 = 1 (q_4 is convex), and the mean
        of N paths has the relative standard error sqrt(((q_4 / q^2)^T - 1) / N). Otherwise it is
        where the largest eigenvalue of the recursion of E e_i^2 e_j^2 is 1, to 1e-12 or so.

        Examples
        --------
        >>> import quadmeta as qm
        >>> problem = qm.StreamingGaussian.from_spectrum([0.1, 1.0], error=[1.0, 1.0])
        >>> round(problem.fourth_moment_limit(), 10), round(problem.mean_square_limit(), 10)
        (0.3830346693, 0.658643844)
        """
        from scipy.optimize import brentq

        lam = self._lam
        d = len(lam)
        if lam.max() > lam.min() * (1 + 1e-12):
            # isotropic features of the largest eigenvalue have the smaller limit
            low = _isotropic_limit(d) / lam.max()
            high = self.mean_square_limit()
            unit = lam.max()
            root = brentq(
                lambda x: _fourth_growth(lam / unit, x) - 1, low * unit, high * unit, rtol=1e-14
            )
            return float(root / unit)
        return float(_isotropic_limit(d) / lam.mean())

    @cached_property
    def _moments(self) -> Moments:
        lam = self._lam
        none = np.zeros(0)
        return Moments(
            L=frozen(2 * lam),
            Q=frozen(np.diag(2 * lam**2) + lam[:, None] * lam),
            start=frozen(self._error**2),
            N=frozen(float(self.sigma) ** 2 * lam),
            eigenvalues=frozen(none),
            mean=frozen(none),
            C=frozen(np.zeros((len(lam), 0))),
        )

    @staticmethod
    def _share(outer: str) -> int:
        """What lambda'v_T is divided by: the excess risk is twice the train loss."""
        return 2 if outer == "train" else 1

    def _expected(self, steps: int, eta: Array, outer: str, order: int) -> Iterator[SignLog]:
        weights = self._lam / self._share(outer)
        return self._moments.after(steps, eta, order, weights, np.zeros(0), 0.0)

    def _data(self, outer: str, exact: bool) -> tuple[Array, Array, Array, int]:
        return self.eigenvalues, self.error, np.asarray(self.sigma), self._share(outer)

    def _recursion(
        self, steps: int, eta: Arithmetic, data: tuple[Array, Array, Array, int], order: int
    ) -> Any:
        lam, error, sigma, share = data
        # v_t and its derivative in eta
        v = error * error
        slope = error * 0
        x = eta * lam
        noise = sigma * sigma
        kept = 1 - 2 * x + 2 * x * x
        for _ in range(steps):
            J = (lam * v).sum() + noise
            # in this order: certificates hold the program of a claim step by step
            decayed = kept * slope
            coupled = eta * x * (lam * slope).sum()
            slope = decayed + coupled + (4 * x - 2) * lam * v + 2 * x * J
            v = kept * v + eta * x * J
        asked = slope if order else v
        return (lam * asked).sum() / share

    def __repr__(self) -> str:
        limit = self.mean_square_limit()
        d = len(self._lam)
        return f"StreamingGaussian(d={d}, sigma={float(self.sigma):.6g}, limit={limit:.6g})"


def _isotropic_limit(d: int) -> float:
    """eta_4 lambda of d equal eigenvalues lambda."""
    from scipy.optimize import brentq

    rest = np.polynomial.Polynomial([-4, 2 * (d + 8), -12 * (d + 4), 3 * (d + 4) * (d + 6)])
    return float(brentq(rest, 0, 2 / (d + 2), xtol=1e-300, rtol=1e-15))


def _fourth_growth(lam: Array, eta: float) -> float:
    """The largest eigenvalue of the recursion of M_ij = E e_i^2 e_j^2 without label noise."""
    from scipy.sparse.linalg import LinearOperator, eigs

    d = len(lam)
    i, j = np.triu_indices(d)
    size = len(i)

    def product(entries: Array) -> Array:
        M = np.zeros((d, d))
        M[i, j] = M[j, i] = np.ravel(entries)
        found: Array = _fourth_step(lam, eta, M)[i, j]
        return found

    if size <= _DENSE:
        matrix = np.array([product(row) for row in np.eye(size)]).T
        return float(np.linalg.eigvals(matrix).real.max())
    operator = LinearOperator((size, size), matvec=product, dtype=float)
    found = eigs(operator, k=1, which="LR", v0=np.ones(size), return_eigenvectors=False, tol=1e-14)
    return float(found[0].real)


def _fourth_step(lam: Array, eta: float, M: Array) -> Array:
    """E e_i^2 e_j^2 after a step e <- e - eta (x'e) x, from its values M (d, d) before.

    With y = x'e of variance r = sum_k lambda_k e_k^2: powers of y and x have the moments of normal
    variables, u_i = E r e_i^2 = sum_k lambda_k M_ki, z = E r^2.
    """
    u = M @ lam
    z = lam @ u
    x = eta * lam
    a, b = x[:, None], x
    ab = a * b
    # off the diagonal
    kept = 1 - 2 * (a + b) + 2 * a * a + 2 * b * b + 8 * ab - 12 * ab * (a + b) + 24 * ab * ab
    v = eta * u
    w = eta**2 * z
    p, q = v[:, None], v
    found: Array = (
        M * kept + b * p + a * q - 6 * ab * (p + q) + 3 * ab * w + 12 * ab * b * q + 12 * ab * a * p
    )
    own = 1 - 4 * x + 12 * x**2 - 24 * x**3 + 24 * x**4
    diagonal = np.diag(M) * own + 6 * x * v - 36 * x**2 * v + 9 * x**2 * w + 72 * x**3 * v
    found[np.diag_indices(len(lam))] = diagonal
    return found
