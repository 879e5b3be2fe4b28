"""RMSprop: steps divided by the root of a running mean of squares that starts at 0."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.optimizers.parts.adaptive.base import Adaptive
from quadmeta.optimizers.parts.adaptive.normalised import Rates


@dataclass(frozen=True, repr=False)
class RmsProp(Adaptive):
    """w <- w - eta g / (sqrt(v + root_epsilon) + epsilon), v <- beta2 v + (1 - beta2) g^2.

    ``step_size`` eta > 0, ``beta2`` in [0, 1), ``epsilon`` >= 0 outside and ``root_epsilon`` >= 0
    inside the root.

    Source: Tieleman and Hinton 2012.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> rmsprop = qm.RmsProp(steps=1, step_size=0.1, beta2=0.75)
    >>> *_, w = rmsprop.run(lambda w: np.array([5.0, -0.2]), np.zeros(2), rmsprop.given)
    >>> w.round(6)
    array([-0.2,  0.2])
    """

    beta2: float = 0.99
    epsilon: float = 1e-8
    root_epsilon: float = 0.0

    def rates(self, t: int, theta: Mapping[str, Any]) -> Rates:
        """The gradient itself, over a mean of squares that starts at 0."""
        beta2 = theta["beta2"]
        return Rates(keep_1=0, take_1=1, scale_1=1, keep_2=beta2, take_2=1 - beta2, scale_2=1)
