"""Least squares averaged over the noise and an isotropic w_*."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Scalar
from quadmeta._validate import choice, natural, number, shaped
from quadmeta._validate.matrices import require_nonnegative, require_positive
from quadmeta.problems.parts.base import Modes
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.losses import OUTERS, SeparableLoss
from quadmeta.problems.parts.regression import RegressionProblem
from quadmeta.problems.parts.scale import LIMITS, require_range


def levels(sigma: Scalar, norm: Scalar) -> tuple[float, float]:
    """The noise deviation and the norm of w_*, both >= 0 and with squares inside float64."""
    return _level("sigma", sigma), _level("norm", norm)


def _level(name: str, value: Scalar) -> float:
    level = number(name, value, least=0.0)
    require_range(name, np.array(level), LIMITS)
    return level


@dataclass(frozen=True, eq=False, repr=False)
class AveragedProblem(RegressionProblem):
    """Least squares in the mean over w_* and the noise.

    With modes lambda_k of signal mass b_k and noise mass c_k, the null-space signal b_0, the noise
    floor c_0 and the residuals q_k = p_T(lambda_k)

        E ||w_T - w_*||^2 = b_0 + sum b_k q_k^2 + sum c_k (1 - q_k)^2 / lambda_k
        2 E train         = c_0 + sum (b_k lambda_k + c_k) q_k^2
        2 E validation    = E ||w_T - w_*||^2 + sigma^2
    """

    eigenvalues: Array
    """(r,) lambda > 0."""
    signal: Array
    """(r,) b >= 0."""
    noise: Array
    """(r,) c >= 0."""
    null_signal: float
    """b_0."""
    noise_floor: float
    """c_0."""
    sigma: float
    """Standard deviation of the label noise."""
    exact_steps: int | None = None
    """Largest T for which the modes represent the problem; None: every T."""

    def __post_init__(self) -> None:
        lam = shaped("eigenvalues", self.eigenvalues, (-1,))
        require_positive("eigenvalues", lam, "leave out null directions")
        masses = {}
        for name, value in (("signal", self.signal), ("noise", self.noise)):
            x = shaped(name, value, lam.shape, f"{lam.shape}, one an eigenvalue")
            require_nonnegative(name, x, "pass masses >= 0")
            masses[name] = x
        keep(
            self,
            eigenvalues=lam,
            **masses,
            null_signal=number("null_signal", self.null_signal, least=0.0),
            noise_floor=number("noise_floor", self.noise_floor, least=0.0),
            sigma=number("sigma", self.sigma, least=0.0),
        )
        if self.exact_steps is not None:
            keep(self, exact_steps=natural("exact_steps", self.exact_steps))

    def require(self, steps: int) -> None:
        """Refuse more steps than the quadrature is exact for."""
        if self.exact_steps is not None and steps > self.exact_steps:
            raise ValueError(
                f"steps = {steps} exceeds the {self.exact_steps} that the quadrature is exact for: "
                f"build the problem with steps={steps}"
            )

    @property
    def floor(self) -> float:  # type: ignore[override]
        """c_0 / 2."""
        return self.noise_floor / 2

    @property
    def fitted(self) -> Array:
        """Root mean square of the fitted coefficients, sqrt(b + c / lambda)."""
        root: Array = np.sqrt(self.signal + self.noise / self.eigenvalues)
        return root

    def modes(self) -> Modes:
        """Weights (b lambda + c) / 2 of the training loss."""
        weights = (self.signal * self.eigenvalues + self.noise) / 2
        return Modes(self.eigenvalues, -self.fitted, weights, given=True)

    def outer(self, name: str) -> SeparableLoss:
        """The averaged "train", "population" (excess risk) or "validation" loss.

        The number of validation samples plays no part in a mean.
        """
        name = choice("name", name, OUTERS)
        zero = np.zeros_like(self.eigenvalues)
        if name == "train":
            return SeparableLoss(self.modes().weights, zero, zero, self.floor)
        noise = self.noise / self.eigenvalues
        if name == "population":
            return SeparableLoss(self.signal, zero, noise, self.null_signal)
        constant = (self.null_signal + self.sigma**2) / 2
        return SeparableLoss(self.signal / 2, zero, noise / 2, constant)
