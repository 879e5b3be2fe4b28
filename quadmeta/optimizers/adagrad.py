"""Adagrad: steps divided by the root of the sum of all past squares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadmeta.optimizers.parts.adaptive.base import Adaptive
from quadmeta.optimizers.parts.adaptive.normalised import Rates


@dataclass(frozen=True, repr=False)
class Adagrad(Adaptive):
    """w <- w - eta g / (sqrt(v + root_epsilon) + epsilon), v <- v + g^2, from v = 0.

    ``step_size`` eta > 0, ``epsilon`` >= 0 outside and ``root_epsilon`` >= 0 inside the root, which
    is also what an accumulator starts with in libraries.

    Source: Duchi, Hazan and Singer 2011.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> adagrad = qm.Adagrad(steps=4, step_size=0.1)
    >>> *_, w = adagrad.run(lambda w: np.array([5.0]), np.zeros(1), adagrad.given)
    >>> w.round(6)  # 1 + 1/sqrt(2) + 1/sqrt(3) + 1/2
    array([-0.278446])
    """

    epsilon: float = 1e-8
    root_epsilon: float = 0.0

    def rates(self, t: int, theta: Mapping[str, Any]) -> Rates:
        """The gradient itself, over a sum of squares."""
        return Rates(keep_1=0, take_1=1, scale_1=1, keep_2=1, take_2=1, scale_2=1)
