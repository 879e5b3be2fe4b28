"""Adam as an inner optimizer: both moments are means whose bias is corrected."""

from dataclasses import dataclass

from quadmeta.optimizers.parts.adaptive.corrected import Corrected


@dataclass(frozen=True, repr=False)
class InnerAdam(Corrected):
    """w <- w - eta m_hat / (sqrt(v_hat + root_epsilon) + epsilon), for t = 1, ..., T = ``steps``.

        m <- beta1 m + (1 - beta1) g,      m_hat = m / (1 - beta1^t),
        v <- beta2 v + (1 - beta2) g^2,    v_hat = v / (1 - beta2^t)

    ``step_size`` eta > 0, ``beta1`` and ``beta2`` in [0, 1), ``epsilon`` >= 0 outside the root (in
    the unit of a gradient), ``root_epsilon`` >= 0 inside it (unit of a squared one). A run of the
    loss c f with c epsilon and c^2 root_epsilon is the same run.

    ``Adam`` is the rule by which an outer loop moves hyperparameters.

    Source: Kingma and Ba 2015, Algorithm 1; ``root_epsilon`` as ``eps_root`` of optax.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range.

    Examples
    --------
    The first step is one of length eta along the sign of the gradient, if epsilon is small:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> adam = qm.InnerAdam(steps=1, step_size=0.1)
    >>> *_, w = adam.run(lambda w: np.array([5.0, -0.2]), np.zeros(2), adam.given)
    >>> w.round(6)
    array([-0.1,  0.1])
    """
