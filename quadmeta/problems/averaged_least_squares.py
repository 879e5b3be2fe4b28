"""Least squares given the spectrum of one design, averaged over the noise and an isotropic w_*."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import natural, shaped
from quadmeta.problems.parts.averaged import AveragedProblem, levels

Array = Any


@dataclass(frozen=True, eq=False, repr=False)
class AveragedLeastSquares(AveragedProblem):
    """b_k = norm^2 / d, c_k = sigma^2 / n, b_0 = norm^2 (1 - r/d), c_0 = sigma^2 (1 - r/n) for r
    eigenvalues > 0.
    """

    @classmethod
    def of(
        cls, eigenvalues: Array, n: int, d: int, sigma: float, norm: float = 1.0
    ) -> "AveragedLeastSquares":
        """From the r <= min(n, d) positive eigenvalues of X'X / n."""
        n = natural("n", n)
        d = natural("d", d)
        lam = shaped("eigenvalues", eigenvalues, (-1,), "(r,) with r >= 1")
        if len(lam) > min(n, d) or not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has shape {lam.shape} and the least entry {lam.min():.6g}: pass 1 to "
                f"min(n, d) = {min(n, d)} positive numbers"
            )
        sigma, norm = levels(sigma, norm)
        one = np.ones_like(lam)
        r = len(lam)
        return cls(
            lam,
            norm**2 / d * one,
            sigma**2 / n * one,
            norm**2 * (d - r) / d,
            sigma**2 * (n - r) / n,
            sigma,
        )

    def __repr__(self) -> str:
        return f"AveragedLeastSquares(r={len(self.eigenvalues)}, sigma={self.sigma:.6g})"
