"""The moments of Adam and AdamW: running means whose bias is corrected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.optimizers.parts.adaptive.base import Adaptive
from quadmeta.optimizers.parts.adaptive.normalised import Rates


@dataclass(frozen=True, repr=False)
class Corrected(Adaptive):
    """m_hat = m / (1 - beta1^t), v_hat = v / (1 - beta2^t), both means of the past by weights that
    sum to 1.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    root_epsilon: float = 0.0

    def rates(self, t: int, theta: Mapping[str, Any]) -> Rates:
        """Means of past gradients and squares, with weights that sum to 1."""
        beta1 = theta["beta1"]
        beta2 = theta["beta2"]
        return Rates(
            keep_1=beta1,
            take_1=1 - beta1,
            scale_1=1 - beta1**t,
            keep_2=beta2,
            take_2=1 - beta2,
            scale_2=1 - beta2**t,
        )
