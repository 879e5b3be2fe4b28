"""K-truncated reverse mode: back-propagation through the last K steps."""

from collections.abc import Mapping
from dataclasses import dataclass

from quadmeta._validate import natural
from quadmeta.estimators.parts.backward import back_propagated
from quadmeta.estimators.parts.base import Estimator
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class Truncated(Estimator):
    """sum over the last K steps of B_t A_{t+1} ... A_T g_T; its error falls like (1 - eta mu)^K /
    mu.

    Raises
    ------
    ValueError
        K < 1, or K > T when it is run.
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
