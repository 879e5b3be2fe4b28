"""Least squares given the spectrum of one design, averaged over the noise and an isotropic w_*."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Scalar, Spectrum
from quadmeta._validate import natural, shaped
from quadmeta.problems.parts.averaged import AveragedProblem, levels


@dataclass(frozen=True, eq=False, repr=False)
class AveragedLeastSquares(AveragedProblem):
    """Least squares on one design in the mean over the noise and over w_*; build it with ``of``.

    For r eigenvalues > 0 of X'X / n the masses are b_k = norm^2 / d, c_k = sigma^2 / n, b_0 =
    norm^2 (1 - r/d) and c_0 = sigma^2 (1 - r/n).

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.AveragedLeastSquares.of([0.5, 2.0], n=8, d=4, sigma=1.0)
    >>> problem.floor  # sigma^2 (1 - r/n) / 2
    0.375
    """

    @classmethod
    def of(
        cls, eigenvalues: Spectrum, n: int, d: int, sigma: Scalar, norm: Scalar = 1.0
    ) -> "AveragedLeastSquares":
        """From the positive eigenvalues of X'X / n.

        Parameters
        ----------
        eigenvalues
            (r,) with 1 <= r <= min(n, d).
        n, d
            samples and dimension.
        sigma
            standard deviation of the label noise, >= 0.
        norm
            ||w_*||.

        Raises
        ------
        ValueError
            too many eigenvalues, one <= 0, or numbers out of range.
        """
        n = natural("n", n)
        d = natural("d", d)
        lam = shaped("eigenvalues", eigenvalues, (-1,), "(r,) with r >= 1")
        r = len(lam)
        if r > min(n, d) or not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has shape {lam.shape} and the least entry {lam.min():.6g}: pass 1 to "
                f"min(n, d) = {min(n, d)} positive numbers"
            )
        sigma, norm = levels(sigma, norm)
        one = np.ones_like(lam)
        return cls(
            eigenvalues=lam,
            signal=norm**2 / d * one,
            noise=sigma**2 / n * one,
            null_signal=norm**2 * (d - r) / d,
            noise_floor=sigma**2 * (n - r) / n,
            sigma=sigma,
        )

    def __repr__(self) -> str:
        return f"AveragedLeastSquares(r={len(self.eigenvalues)}, sigma={self.sigma:.6g})"
