"""Implicit differentiation at w_T with a truncated Neumann series for the inverse Hessian."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta._validate import natural
from quadmeta.estimators.parts.base import Estimator, Spectral
from quadmeta.objectives.parts.tape import Derivative, Tape
from quadmeta.theory import filters


@dataclass(frozen=True)
class Neumann(Estimator):
    """Implicit differentiation at w_T with a Neumann series cut after the power N = ``order``.

    It is -J(w_T) eta sum_{j <= N} (I - eta H(w_T))^j g_T: N + 1 terms, from N Hessian products and
    one mixed product.

    With ``estimates`` = K > 1 it is the mean of such estimates at the last K states, IFT(N, K) at
    fixed alpha, at K times the cost. It diverges in N where eta > 2/L: a truncated run of reverse
    mode through gradient descent at w_T has the same filter.

    eta is the step size of the run, under momentum as well: its filter is that of gradient descent,
    not of the momentum method, whose own step size may be beyond 2/L. Where the optimizer has no
    step size of its own (schedules, adaptive methods) eta is 1/L.

    Parameters
    ----------
    order
        N >= 0, the highest power of I - eta H.
    estimates
        K >= 1, at most T.

    Raises
    ------
    ValueError
        order < 0, estimates < 1 or > T, the step size as parameter, an optimizer without a step
        size where L is not known, or one whose fixed point is no minimum.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Neumann(order=9))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (9, 1, 1, 1)
    """

    order: int
    estimates: int = 1
    reference = "Lorraine, Vicol, Duvenaud 2020; IFT(N, K): Lee, Lee, Shin, Lee 2022"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "order", natural("order", self.order, least=0))
        object.__setattr__(self, "estimates", natural("estimates", self.estimates))

    def estimate(self, tape: Tape) -> Derivative:
        """Mean over the last states of B(w_t) sum_j A(w_t)^j g_t."""
        if tape.step_size_is_tuned:
            raise ValueError(
                "implicit differentiation of the step size is 0 at the inner minimum: use "
                "Reverse instead"
            )
        T = tape.steps
        K = self.estimates
        if K > T:
            raise ValueError(
                f"estimates = {K} exceeds the T = {T} steps of the run: pass at most T"
            )
        tape = tape.plain(series=True)
        total = tape.product_sum()
        for t in tape.stream():
            if t + 1 > T - K:
                v = tape.outer_gradient(t + 1)
                p = v
                for _ in range(self.order):
                    v = tape.A(t + 1, v)
                    p = p + v
                total.add(t + 1, p)
        return total.value() / K

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """(N + 1) K products, K outer gradients."""
        N = self.order
        K = self.estimates
        return {"hvps": N * K, "mixed": K, "outer_gradients": K, "stored_vectors": 1}

    def filter_at(self, at: Spectral) -> Any:
        """eta S_(N+1)(1 - eta lambda)."""
        return filters.neumann(at.lam, at.step_size, self.order)

    def filter_error_at(self, at: Spectral) -> Any:
        """(1 - eta lambda)^(N+1)."""
        return filters.neumann_residual(at.lam, at.step_size, self.order)
