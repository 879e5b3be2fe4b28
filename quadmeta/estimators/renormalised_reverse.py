"""Reverse mode that cannot overflow: detached powers of two, Euler-normalised contributions,
compensated sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quadmeta.estimators.parts.base import Estimator
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class RenormalisedReverse(Estimator):
    """Reverse mode on a renormalised tape (log objective only): no adjoint exceeds
    4 sqrt(kappa) |c| / (T |c_dom|), for every T and step size.

    c is w_0 - w_*, c_dom its part in the modes with the largest |1 - eta lambda|; the bound is
    proved in the claim ``wang2021_backprop_intermediates``. log F is
    log-homogeneous of degree 2 in w_t, so T <b_t, w_t> / 2 = 1 for every t (Euler). Rounding makes
    it drift, and where one mode dominates rounding locks into a cycle and the drift grows like T;
    dividing each contribution by the invariant removes it, because to first order

        delta G' = -2 E_pi[u zeta],  drift = E_pi[zeta],  after division  -2 Cov_pi(u, zeta),

    which is exponentially small away from the crossing. ``notes["drift"]`` = max_t |T <b_t, w_t> /
    2 - 1|. The T contributions are nearly equal: plain summation in float32 would lose more than
    all the rest together.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> objective = qm.LogObjective(problem, qm.GradientDescent(steps=10))
    >>> qm.hypergradient(objective, 0.3, qm.RenormalisedReverse(dtype="float32")).status
    'ok'
    """

    renormalised = True
    reference = "derived: log F = log f(w_T / 2^K) + 2 K log 2 with K locally constant"

    def estimate(self, tape: Tape) -> Derivative:
        """Kahan sum over t of B_t b_{t+1} / (T <b_{t+1}, w_{t+1}> / 2)."""
        tape.record()
        b = tape.outer_gradient()
        gradient = np.zeros_like(b[..., 0])
        lost = np.zeros_like(gradient)
        drift = np.zeros(b.shape[:-1])
        half = b.dtype.type(tape.steps / 2)
        for t in reversed(range(tape.steps)):
            invariant = half * (b * tape.weights(tape.state(t + 1))).sum(axis=-1)
            drift = np.maximum(drift, np.abs(invariant - 1))
            term = tape.B(t, b) / invariant - lost
            total = gradient + term
            lost = (total - gradient) - term
            gradient = total
            if t:
                b = tape.A(t, b)
        tape.notes["drift"] = drift[()]
        return gradient

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """As reverse mode."""
        return {"hvps": T - 1, "mixed": T, "outer_gradients": 1, "stored_vectors": T}

    def exact_when(self, T: int) -> bool:
        """Always."""
        return True
