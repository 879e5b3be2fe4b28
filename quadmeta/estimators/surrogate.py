"""Reverse mode through a shorter run that is nearly the unrolled one: a Chebyshev series of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import natural
from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.estimators.parts.inner_system import require_hyperparameters
from quadmeta.objectives.parts.tape import Derivative, State, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class Surrogate(Estimator):
    """Reverse mode through a Chebyshev series of the T steps of gradient descent, cut at the degree
    K: 2 K + 1 products, with K about sqrt(2 T ln(2 / epsilon)), where reverse mode takes 2 T - 1.

    The weights w_T = w_0 - S(H) grad L_1(w_0) are those of S = eta sum_{j<T} a^j, a = 1 - eta
    lambda. Its series in Chebyshev polynomials of a, cut after the degree K, is within epsilon eta
    T of it on 0 <= eta lambda <= 2 if K >= sqrt(2 (T - 1) ln(2 / epsilon)). The cut series is a run
    of its own, of K + 1 gradients z_{k+1} = 2 Phi(z_k) - z_{k-1} with Phi a step of gradient
    descent, and what is returned is its exact hypergradient. It needs to know nothing about the
    spectrum but eta L <= 2.

    Parameters
    ----------
    degree
        K >= 0; from T - 1 on nothing is cut.

    Raises
    ------
    ValueError
        degree < 0, another optimizer than gradient descent with a constant step, an inner loss that
        is not quadratic, eta L > 2, or the step size as parameter.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.001, 0.1, 1.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=2000, step_size=1.0))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Surrogate(degree=250))
    >>> bool(abs(found.value / loss.gradient([0.1, -0.2]) - 1).max() < 1e-6)
    True
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (250, 251, 1, 251)
    """

    degree: int
    reference = "derived; of powers: Sachdeva, Vishnoi 2014"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "degree", natural("degree", self.degree, least=0))

    def estimate(self, tape: Tape) -> Derivative:
        """The hypergradient of w = sum_k d_k z_k, backwards through the recurrence of the z_k."""
        self._require_descent(tape)
        weights = run_weights(tape.steps, self._cut(tape.steps))
        states = self._run(tape, len(weights) - 1)
        w = sum(d * z for d, z in zip(weights, states, strict=True))
        g = tape.outer_gradient(at=w)
        total = tape.product_sum()
        # cotangents of z_k and z_{k-1}
        v = weights[-1] * g
        below = weights[-2] * g
        for k in range(len(weights) - 1, 1, -1):
            # z_k = 2 Phi(z_{k-1}) - z_{k-2}
            total.add(0, 2 * v, states[k - 1])
            below = below + 2 * tape.A(0, v, states[k - 1])
            v, below = below, weights[k - 2] * g - v
        # z_1 = Phi(z_0)
        total.add(0, v, states[0])
        found = total.value()
        if tape.start_moves:
            return found + tape.start_product(below + tape.A(0, v, states[0]))
        return found

    def _cut(self, T: int) -> int:
        """K, at most T - 1."""
        return min(self.degree, T - 1)

    def _run(self, tape: Tape, steps: int) -> list[State]:
        """z_0, ..., z_N."""
        tape.keep(steps)
        states = [tape.initial_state()]
        states.append(tape.next_state(0, states[0]))
        for k in range(2, steps + 1):
            states.append(2 * tape.next_state(0, states[k - 1]) - states[k - 2])
        if steps > 1:
            _require_linear(tape, states)
        return states

    def _require_descent(self, tape: Tape) -> None:
        """Refuse what is no run of gradient descent on a quadratic with eta L <= 2."""
        require_hyperparameters(tape, "and the surrogate is one of a run at given hyperparameters")
        first = tape.initial_state()
        if tape.weights(first).shape != np.shape(first) or tape.plain() is not tape:
            raise ValueError(
                "the inner optimizer is not gradient descent with a constant step size, whose "
                "series the surrogate cuts: use Truncated, which runs on every tape"
            )
        if tape.notes.get("diverges"):
            raise ValueError(
                f"the step size exceeds 2/L = {tape.notes['2/L']:.6g}, beyond which the Chebyshev "
                "series grows: pass a smaller step size, or use Reverse"
            )

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """2 K + 1 products and K + 1 stored vectors, with K at most T - 1."""
        K = self._cut(T)
        return {"hvps": K, "mixed": K + 1, "outer_gradients": 1, "stored_vectors": K + 1}

    def exact_when(self, T: int) -> bool:
        """At K >= T - 1, on quadratics."""
        return self.degree >= T - 1

    def filter_at(self, at: Spectral) -> Any:
        """eta sum_{k<=K} c_k T_k(1 - eta lambda), the series of ``unrolled``."""
        return filters.surrogate(at.lam, at.step_size, at.steps, self.degree)


def run_weights(T: int, K: int) -> Array:
    """d_0, ..., d_{K+1}, whose sum is 1, with 1 - (1 - a) sum_{k<=K} c_k T_k(a) = sum_k d_k T_k(a).

    That is the residual polynomial of the surrogate.
    """
    c = filters.chebyshev_series(T, K)
    # (1 - a) T_k = T_k - (T_{k+1} + T_{|k-1|}) / 2
    d = np.zeros(K + 2)
    d[: K + 1] -= c
    d[1:] += c / 2
    d[:K] += c[1:] / 2
    d[1] += c[0] / 2
    d[0] += 1
    return d


def _require_linear(tape: Tape, states: list[State]) -> None:
    """Refuse a step that does not map the mean of two states to the mean of their images."""
    z, y = states[0], states[1]
    image = tape.next_state(0, (z + y) / 2)
    # Phi(z_1) from the recurrence
    mean = (y + (states[2] + z) / 2) / 2
    size = np.abs(y - z).max() + np.finfo(float).eps * np.abs(z).max() / 1e-8
    if not np.abs(image - mean).max() <= 1e-8 * size:
        raise ValueError(
            "the inner loss is not quadratic, so that its steps have no series: use Truncated or "
            "Reverse"
        )
