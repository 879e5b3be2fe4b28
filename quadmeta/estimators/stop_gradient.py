"""The biased estimator that treats the inner gradients as constants in eta."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators.parts.base import Estimator
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class StopGradient(Estimator):
    """The biased estimator that takes the inner gradients for constants in the step size.

    It is <outer gradient, (w_T - w_0) / eta>: d w_T / d eta is replaced by -sum_t grad f(w_t), at
    no product at all.

    For the log objective it is (2 / (eta T)) (1 - E_pi[a^-T]) against the exact (2 / eta) (1 -
    E_pi[a^-1]): for even T it is negative on all of (0, 2/L], so descent along it runs to the edge
    of stability.

    Raises
    ------
    ValueError
        a step size of 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> objective = qm.LogObjective(problem, qm.GradientDescent(steps=10))
    >>> qm.hypergradient(objective, 0.3, qm.StopGradient()).jvps
    0
    """

    reference = (
        "TensorFlow script released with Wang, Yuan, Wu, Ge 2021, where detaching is the default"
    )

    def estimate(self, tape: Tape) -> Derivative:
        """<outer gradient, (w_T - w_0) / eta>."""
        if not tape.step_size_is_tuned:
            raise ValueError(
                "stop-gradient is an estimator for the step size: use OneStep or Discounted for "
                "hyperparameters"
            )
        if np.any(tape.theta == 0):
            raise ValueError(
                "step_size = 0: the stop-gradient estimator divides by it, pass step sizes > 0"
            )
        for _ in tape.stream():
            pass
        moved = (tape.last_weights() - tape.start) / tape.step_size
        estimate: Array = (tape.outer_gradient() * moved).sum(axis=-1)
        return estimate

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """One outer gradient and w_0."""
        return {"hvps": 0, "mixed": 0, "outer_gradients": 1, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """At T = 1."""
        return T == 1
