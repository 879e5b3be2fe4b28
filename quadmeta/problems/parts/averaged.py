"""Least squares averaged over the noise and an isotropic w_*: a record of modes with signal and
noise masses.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import choice, natural, number, shaped
from quadmeta.problems.parts.base import Modes
from quadmeta.problems.parts.losses import SeparableLoss
from quadmeta.problems.parts.regression import RegressionProblem
from quadmeta.problems.parts.scale import require_range

Array = Any


def levels(sigma: Any, norm: Any) -> tuple[float, float]:
    """The noise deviation and the norm of w_*, both >= 0 and with squares inside float64."""
    found = [number(name, x, least=0.0) for name, x in (("sigma", sigma), ("norm", norm))]
    for name, x in zip(("sigma", "norm"), found, strict=True):
        require_range(name, np.array(x), (1e-75, 1e75))
    return found[0], found[1]


@dataclass(frozen=True, eq=False, repr=False)
class AveragedProblem(RegressionProblem):
    """Modes lambda_k of signal mass b_k, noise mass c_k; null-space signal b_0, noise floor c_0;
    q_k = p_T(lambda_k).

        E ||w_T - w_*||^2 = b_0 + sum b_k q_k^2 + sum c_k (1 - q_k)^2 / lambda_k
        2 E train = c_0 + sum (b_k lambda_k + c_k) q_k^2,     2 E validation = E ||w_T - w_*||^2 +
            sigma^2
    """

    eigenvalues: Array
    signal: Array
    noise: Array
    null_signal: float
    noise_floor: float
    sigma: float
    exact_steps: int | None = None
    """Largest T for which the modes represent the problem; None: every T."""

    def __post_init__(self) -> None:
        lam = shaped("eigenvalues", self.eigenvalues, (-1,))
        if not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has the entry {lam[lam <= 0][0]}, every one must be > 0: leave out "
                "null "
                "directions"
            )
        parts: dict[str, Any] = {"eigenvalues": lam}
        for name in ("signal", "noise"):
            x = shaped(name, getattr(self, name), lam.shape, f"{lam.shape}, one an eigenvalue")
            if (x < 0).any():
                raise ValueError(f"{name} has the negative entry {x[x < 0][0]}: pass masses >= 0")
            parts[name] = x
        for name in ("null_signal", "noise_floor", "sigma"):
            parts[name] = number(name, getattr(self, name), least=0.0)
        if self.exact_steps is not None:
            parts["exact_steps"] = natural("exact_steps", self.exact_steps)
        for name, value in parts.items():
            object.__setattr__(self, name, value)

    def require(self, steps: int) -> None:
        """Refuse more steps than the quadrature is exact for."""
        if self.exact_steps is not None and steps > self.exact_steps:
            raise ValueError(
                f"steps = {steps} exceeds the {self.exact_steps} that the quadrature is exact for: "
                f"build the problem with steps={steps}"
            )

    @property
    def floor(self) -> float:
        """c_0 / 2."""
        return self.noise_floor / 2

    @property
    def fitted(self) -> Array:
        """Root mean square of the fitted coefficients, sqrt(b + c / lambda)."""
        return np.sqrt(self.signal + self.noise / self.eigenvalues)

    def modes(self) -> Modes:
        """Weights (b lambda + c) / 2 of the training loss."""
        return Modes(
            self.eigenvalues, -self.fitted, (self.signal * self.eigenvalues + self.noise) / 2, True
        )

    def outer(self, name: str) -> SeparableLoss:
        """The averaged "train", "population" (excess risk) or "validation" loss; n_2 plays no part
        in a mean.
        """
        name = choice("name", name, ("train", "population", "validation"))
        zero = np.zeros_like(self.eigenvalues)
        if name == "train":
            return SeparableLoss(self.modes().weights, zero, zero, self.floor)
        noise = self.noise / self.eigenvalues
        if name == "population":
            return SeparableLoss(self.signal, zero, noise, self.null_signal)
        return SeparableLoss(
            self.signal / 2, zero, noise / 2, (self.null_signal + self.sigma**2) / 2
        )
