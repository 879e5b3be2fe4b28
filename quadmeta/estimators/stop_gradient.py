"""The biased estimator that treats the inner gradients as constants in eta."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.estimators.parts.base import Estimator
from quadmeta.estimators.parts.step_size_tape import StepSizeTape
from quadmeta.estimators.parts.tape import Tape


@dataclass(frozen=True)
class StopGradient(Estimator):
    """<outer gradient, (w_T - w_0) / eta>: d w_T / d eta is replaced by -sum_t grad f(w_t), at no
    product at all.

    For the log objective it is (2 / (eta T)) (1 - E_pi[a^-T]) against the exact (2 / eta) (1 -
    E_pi[a^-1]): for even T it is negative on all of (0, 2/L], so descent along it runs to the edge
    of stability.

    Raises
    ------
    ValueError
        a step size of 0.
    """

    reference = (
        "TensorFlow script released with Wang, Yuan, Wu, Ge 2021, where detaching is the default"
    )

    def estimate(self, tape: Tape) -> Any:
        """<outer gradient, (w_T - w_0) / eta>."""
        if not isinstance(tape, StepSizeTape):
            raise ValueError(
                "stop-gradient is an estimator for the step size: use OneStep or Discounted for "
                "hyperparameters"
            )
        if (tape.theta == 0).any():
            raise ValueError(
                "step_size = 0: the stop-gradient estimator divides by it, pass step sizes > 0"
            )
        for _ in tape.stream():
            pass
        return (tape.outer_gradient() * ((tape.state(tape.steps) - tape.start) / tape.eta)).sum(
            axis=-1
        )

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """One outer gradient and w_0."""
        return {"hvps": 0, "mixed": 0, "outer_gradients": 1, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """At T = 1."""
        return T == 1
