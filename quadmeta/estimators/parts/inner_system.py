"""The linear system of implicit differentiation, H(w_T) x = g_T, by products that a tape counts."""

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators.parts.solvable import require_digits
from quadmeta.objectives.parts.tape import Derivative, Tape


def require_hyperparameters(tape: Tape, why: str) -> None:
    """Refuse the step size as parameter.

    Raises
    ------
    ValueError
        with the reason ``why``.
    """
    if tape.step_size_is_tuned:
        raise ValueError(f"the parameter is the step size, {why}: use Reverse instead")


class InnerSystem:
    """M x = g with M = I - A = eta H(w_T), g the outer gradient and -J(w_T) H^-1 g = B x.

    Making one makes the run, and spends an outer gradient and nothing else.

    Raises
    ------
    ValueError
        the step size as parameter, or a run that diverged.
    """

    g: Array
    """(P,)."""
    step_size: float
    """eta, by which eigenvalues of H become those of M; 1 on a tape that has none, where H is M."""

    def __init__(self, tape: Tape) -> None:
        require_hyperparameters(tape, "whose implicit differentiation is 0 at the inner minimum")
        plain = tape.plain()
        self.tape = plain
        for _ in plain.stream():
            pass
        self.g = plain.outer_gradient()
        if not np.isfinite(self.g).all():
            raise ValueError(plain.diverged())
        self.step_size = float(getattr(plain, "step_size", 1.0))

    def times(self, v: Array) -> Array:
        """M v, for one vector (P,) or rows of them (n, P), counted one by one."""
        return v - self.tape.A(self.tape.steps, v)

    def estimate(self, x: Array) -> Derivative:
        """B x, one mixed product."""
        return self.tape.B(self.tape.steps, x)

    def estimate_of_solution(self, x: Array) -> Derivative:
        """B x for an x that is meant to be M^-1 g.

        Raises
        ------
        ValueError
            rounding of the products with A, which is relative to 1, counts more than 1e-6 in x.
        """
        require_digits(1.0, x, self.g)
        return self.estimate(x)

    def curvatures(self) -> tuple[float, float] | None:
        """The least and the largest eigenvalue of H, where they are known."""
        return self.tape.curvatures()

    def require_rank(self, name: str, rank: int) -> None:
        """Refuse more vectors than there are weights.

        Raises
        ------
        ValueError
            with both numbers.
        """
        P = len(self.g)
        if rank > P:
            raise ValueError(f"{name} = {rank} exceeds the P = {P} weights: pass at most P")
