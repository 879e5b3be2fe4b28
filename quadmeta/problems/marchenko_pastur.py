"""The high-dimensional limit of least squares, d, n -> infinity at fixed d / n."""

from dataclasses import dataclass

from quadmeta._types import Scalar
from quadmeta._validate import natural, number
from quadmeta.problems.parts.averaged import AveragedProblem, levels
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.scale import LIMITS
from quadmeta.theory import spectra


@dataclass(frozen=True, eq=False, repr=False)
class MarchenkoPastur(AveragedProblem):
    """Least squares averaged over tasks as d, n grow at d / n = aspect; build it with ``of``.

    The N ``nodes`` of the exact quadrature of the Marchenko-Pastur law are the modes. For T steps
    the population risk is exact for N >= T and the training loss for N >= T + 1; ``exact_steps`` =
    N - 1 guards both.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.MarchenkoPastur.of(aspect=0.5, sigma=0.1, steps=20)
    >>> problem
    MarchenkoPastur(aspect=0.5, sigma=0.1, up to T=20)
    >>> risk = qm.PopulationRisk(problem, qm.GradientDescent(steps=20))
    """

    aspect: float = 1.0
    """d / n."""

    @classmethod
    def of(cls, aspect: Scalar, sigma: Scalar, steps: int, norm: Scalar = 1.0) -> "MarchenkoPastur":
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
        lam, omega, null, empty = spectra.marchenko_pastur(aspect, steps + 1)
        return cls(
            eigenvalues=lam,
            signal=norm**2 * omega / lam,
            noise=sigma**2 * aspect * omega / lam,
            null_signal=norm**2 * null,
            noise_floor=sigma**2 * empty,
            sigma=sigma,
            exact_steps=steps,
            aspect=aspect,
        )

    def __post_init__(self) -> None:
        super().__post_init__()
        keep(self, aspect=_aspect(self.aspect))

    def __repr__(self) -> str:
        return (
            f"MarchenkoPastur(aspect={self.aspect:.6g}, sigma={self.sigma:.6g}, "
            f"up to T={self.exact_steps})"
        )


def _aspect(value: Scalar) -> float:
    return number("aspect", value, least=LIMITS[0], most=LIMITS[1], remedy="pass d / n")
