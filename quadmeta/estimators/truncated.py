"""K-truncated reverse mode: back-propagation through the last K steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta._validate import natural
from quadmeta.estimators.parts.base import Estimator
from quadmeta.estimators.parts.tape import Tape

Array = Any


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

    def estimate(self, tape: Tape) -> Array:
        """Reverse loop for K steps."""
        T = tape.steps
        if self.K > T:
            raise ValueError(f"K = {self.K} exceeds the T = {T} steps of the run: pass K <= T")
        tape.record(self.K)
        v = tape.outer_gradient()
        total = 0
        for t in reversed(range(T - self.K, T)):
            total = total + tape.B(t, v)
            if t > T - self.K:
                v = tape.A(t, v)
            else:
                v = v
        return total

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """2K - 1 products, K stored vectors."""
        return {"hvps": self.K - 1, "mixed": self.K, "outer_gradients": 1, "stored_vectors": self.K}

    def exact_when(self, T: int) -> bool:
        """At K = T."""
        return self.K == T
