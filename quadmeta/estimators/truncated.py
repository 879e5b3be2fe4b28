"""K-truncated reverse mode: back-propagation through the last K steps."""

from collections.abc import Mapping
from dataclasses import dataclass

from quadmeta._validate import natural
from quadmeta.estimators.parts.unrolled import UnrolledFilter
from quadmeta.objectives.parts.tape import Derivative, Tape, back_propagated


@dataclass(frozen=True)
class Truncated(UnrolledFilter):
    """Back-propagation through the last K steps.

    It is the sum over them of B_t A_{t+1} ... A_T g_T; under gradient descent its error falls like
    (1 - eta mu)^K / mu. Whatever else the optimizer carries (a velocity, moments) is part of what
    is differentiated, so that at an inner minimum its filter is S_K(lambda) = (1 - p_K) / lambda
    with the residual polynomial p_K of the method itself.

    Raises
    ------
    ValueError
        K < 1, or K > T when it is run.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.Truncated(K=5))
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (4, 5, 1, 5)
    """

    K: int
    reference = "Shaban, Cheng, Hatch, Boots 2019"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "K", natural("K", self.K))

    def estimate(self, tape: Tape) -> Derivative:
        """Sum over the last K steps of B_t b_{t+1}."""
        T = tape.steps
        if self.K > T:
            raise ValueError(f"K = {self.K} exceeds the T = {T} steps of the run: pass K <= T")
        return back_propagated(tape, self.K)

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """2K - 1 products, K stored vectors."""
        return {"hvps": self.K - 1, "mixed": self.K, "outer_gradients": 1, "stored_vectors": self.K}

    def exact_when(self, T: int) -> bool:
        """At K = T."""
        return self.K == T

    def steps_back(self, T: int) -> int:
        """K."""
        return self.K
