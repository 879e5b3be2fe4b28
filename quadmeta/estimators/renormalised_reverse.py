"""Reverse mode that cannot overflow: states are divided by detached powers of two, contributions summed by Kahan."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta.estimators._base import Estimator
from quadmeta.estimators._tape import Tape


@dataclass(frozen=True)
class RenormalisedReverse(Estimator):
    """Reverse mode on a renormalised tape (log objective only): no intermediate exceeds O(1 / (T chi)).

    chi is the share of the mode that carries the adjoint in the state. On a log objective b_t' w_t = 2/T for every t
    (log F is log-homogeneous of degree 2 in w_t), so ``notes["drift"]`` = max_t |T b_t' w_t / 2 - 1| is a free estimate
    of the rounding error. All T contributions are nearly equal: plain summation in float32 would lose more than the
    rest together.
    """

    renormalised = True
    reference = "derived: log F = log f(w_T / 2^K) + 2 K log 2 with K locally constant"

    def estimate(self, tape: Tape) -> Any:
        """Compensated sum over t of B_t b_{t+1}."""
        tape.record()
        b = tape.outer_gradient()
        gradient, lost, drift = np.zeros_like(b[..., 0]), np.zeros_like(b[..., 0]), np.zeros(b.shape[:-1])
        for t in reversed(range(tape.steps)):
            term = tape.B(t, b) - lost
            total = gradient + term
            gradient, lost = total, (total - gradient) - term
            if t:
                b = tape.A(t, b)
                drift = np.maximum(drift, np.abs(tape.steps / 2 * (b * tape.state(t)).sum(axis=-1) - 1))
        tape.notes["drift"] = drift[()]
        return gradient

    def cost(self, T: int) -> Mapping[str, int]:
        """As reverse mode."""
        return {"hvps": T - 1, "mixed": T, "outer_gradients": 1, "stored_vectors": T}

    def exact_when(self, T: int, eta: float) -> bool:
        """Always."""
        return True
