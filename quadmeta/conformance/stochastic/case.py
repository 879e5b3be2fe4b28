"""Small problems on which stochastic estimators are drawn, as data."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import instance
from quadmeta.objectives.naive_objective import NaiveObjective
from quadmeta.objectives.parts.base import Objective
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.quadratic import Quadratic


@dataclass(frozen=True, eq=False)
class StochasticCase:
    """A problem, as a tested code is given it: ``g``.

    The run of the package's own cases is ``w``, ``gradient``, ``loss``, ``step_size`` and
    ``steps``; they differentiate the final loss in the step size. A case of one's own with another
    objective has ``objective`` and ``theta``, whose data the code reads.

    Parameters
    ----------
    name
        of the case.
    objective
        what is differentiated, for one's own cases any ``Objective``.
    theta
        where: a step size, or hyperparameters.
    catches
        what it is there for.

    Raises
    ------
    ValueError
        an objective of another kind.

    Examples
    --------
    >>> from quadmeta import conformance
    >>> case = conformance.STOCHASTIC_CASES[1]
    >>> case.name, case.steps, case.step_size, case.w.tolist()
    ('two_steps', 2, 0.5, [2.0, 1.5])
    >>> round(case.loss(case.w), 6)
    0.875
    """

    name: str
    objective: Any
    theta: Any
    catches: str = ""

    def __post_init__(self) -> None:
        remedy = "NaiveObjective(problem, GradientDescent(4))"
        instance("objective", self.objective, Objective, remedy)

    @property
    def steps(self) -> int:
        """T, and 1 where the objective has no steps."""
        # a sampled bilevel problem has its inner run itself
        run = getattr(self.objective, "optimizer", self.objective)
        return int(getattr(run, "steps", 1))

    @property
    def step_size(self) -> float:
        """eta, where the derivative in the step size is asked for."""
        return float(self.theta)

    @property
    def hessian(self) -> Array:
        """H (d, d)."""
        lam = self.objective.source.spectrum[0]
        Q = turned(len(lam))
        found: Array = (Q * lam) @ Q.T
        return found

    @property
    def minimum(self) -> Array:
        """w_* (d,)."""
        return np.ones(len(self.objective.source.spectrum[0]))

    @property
    def w(self) -> Array:
        """Where the run begins (d,)."""
        lam, omega = self.objective.source.spectrum
        # omega_i = lambda_i e_i^2 / 2 for the error e of mode i
        error = np.sqrt(2 * np.ldexp(omega, self.objective.source.exponent) / lam)
        found: Array = self.minimum + turned(len(lam)) @ error
        return found

    def gradient(self, w: Array) -> Array:
        """H (w - w_*), for w (d,) or rows (n, d)."""
        found: Array = (np.asarray(w) - self.minimum) @ self.hessian
        return found

    def loss(self, w: Array) -> Any:
        """(w - w_*)'H (w - w_*) / 2, of each row."""
        apart = np.asarray(w) - self.minimum
        found = ((apart @ self.hessian) * apart).sum(axis=-1) / 2
        return found if np.ndim(found) else float(found)

    def __repr__(self) -> str:
        return f"StochasticCase({self.name!r})"


def turned(size: int) -> Array:
    """A reflection I - 2 v v' / v'v, v = (1, 2, ..): the eigenvectors of the cases with d > 2;
    else the unit vectors.
    """
    if size <= 2:
        return np.eye(size)
    v = np.arange(1.0, size + 1)
    return np.eye(size) - 2 * np.outer(v, v) / (v @ v)


def _case(
    name: str, catches: str, spectrum: list[float], error: list[float], step_size: float, steps: int
) -> StochasticCase:
    problem = Quadratic.from_spectrum(spectrum, error=error)
    return StochasticCase(name, NaiveObjective(problem, GradientDescent(steps)), step_size, catches)


STOCHASTIC_CASES = (
    _case("one_step", "a wrong factor: one step is quadratic in eta", [1, 3], [1, 1], 0.5, 1),
    _case("two_steps", "windows that do not remember: two of one step", [1, 3], [1, 0.5], 0.5, 2),
    _case("three_steps", "a weight of the windows: three of one step", [0.5, 2], [1, 1], 0.4, 3),
    _case("four_steps", "windows of one and of two steps", [0.25, 0.5, 1], [2, 1, 1], 0.8, 4),
    _case("six_steps", "windows of two and of three steps", [0.2, 0.4, 0.8], [1, 2, 1], 1.0, 6),
    _case("too_far", "a sign: the step size is too large", [0.5, 1, 1.5], [1, 1, 1], 1.6, 4),
    _case("steep", "draws that see nothing of the mean", [1, 20], [1, 1], 0.1, 6),
)
"""From one step to six, with two and three modes."""
