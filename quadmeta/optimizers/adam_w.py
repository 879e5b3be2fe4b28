"""AdamW: Adam whose weights decay by themselves, not by a term of the loss."""

from dataclasses import dataclass

from quadmeta.optimizers.parts.adaptive.corrected import Corrected


@dataclass(frozen=True, repr=False)
class AdamW(Corrected):
    """w <- (1 - eta weight_decay) w - eta m_hat / (sqrt(v_hat + root_epsilon) + epsilon).

    Moments and parameters as in ``InnerAdam``; ``weight_decay`` >= 0 is multiplied by the step
    size, as in PyTorch and optax; ``DecoupledDecay`` takes the product. The decay is weighed
    against a normalised direction, so that a long run tends to no minimum of a ridge.

    Source: Loshchilov and Hutter 2019, Algorithm 2.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> adam = qm.AdamW(steps=1, step_size=0.5, weight_decay=0.5)
    >>> *_, w = adam.run(lambda w: 0 * w, np.array([1.0, -2.0]), adam.given)
    >>> w
    array([ 0.75, -1.5 ])
    """

    weight_decay: float = 0.01
