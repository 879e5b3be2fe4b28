"""The high-dimensional limit of least squares, d, n -> infinity at fixed d / n: just another
problem.
"""

from dataclasses import dataclass
from typing import Any

from quadmeta._validate import natural, number
from quadmeta.problems.parts.averaged import AveragedProblem, levels
from quadmeta.theory import spectra

Array = Any


@dataclass(frozen=True, eq=False, repr=False)
class MarchenkoPastur(AveragedProblem):
    """Risk and training loss of gradient descent on least squares, averaged over tasks, as d, n
    grow at d / n = aspect.

    The N ``nodes`` of the exact quadrature of the Marchenko-Pastur law are the modes. For T steps
    the population risk is exact for N >= T and the training loss for N >= T + 1; ``exact_steps`` =
    N - 1 guards both. Build it with ``of``.
    """

    aspect: float = 1.0

    @classmethod
    def of(cls, aspect: float, sigma: float, steps: int, norm: float = 1.0) -> "MarchenkoPastur":
        """Limit problem for up to ``steps`` steps.

        Parameters
        ----------
        aspect
            d / n > 0.
        sigma
            noise standard deviation >= 0.
        steps
            largest T it will be asked for; it gets T + 1 nodes.
        norm
            ||w_*||.
        """
        aspect = _aspect(aspect)
        steps = natural("steps", steps)
        sigma, norm = levels(sigma, norm)
        l, omega, null, empty = spectra.marchenko_pastur(aspect, steps + 1)
        return cls(
            l,
            norm**2 * omega / l,
            sigma**2 * aspect * omega / l,
            norm**2 * null,
            sigma**2 * empty,
            sigma,
            steps,
            aspect,
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "aspect", _aspect(self.aspect))

    def __repr__(self) -> str:
        return f"MarchenkoPastur(aspect={self.aspect:.6g}, sigma={self.sigma:.6g}, up to T={self.exact_steps})"


def _aspect(value: Any) -> float:
    return number("aspect", value, least=1e-75, most=1e75, remedy="pass d / n")
