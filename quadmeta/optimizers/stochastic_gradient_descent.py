"""Stochastic gradient descent with a constant step size: w_{t+1} = w_t - eta g_t(w_t) with E g_t =
grad f.
"""

from dataclasses import dataclass

from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.optimizers.parts.constant import ConstantStep


@dataclass(frozen=True, repr=False)
class StochasticGradientDescent(ConstantStep, Optimizer):
    """T = ``steps`` steps along noisy gradients; without ``step_size``, eta (unit 1/lambda) is
    tuned.

    It has no residual polynomial: expected losses follow from the moments of the problem's noise.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or ``step_size`` is not a number > 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.NoisyQuadratic(eigenvalues=[1.0, 4.0], error=[1.0, 1.0], noise=[0.1, 0.1])
    >>> F = qm.NaiveObjective(problem, qm.StochasticGradientDescent(steps=10))
    >>> round(F(0.3).to_float(), 6), round(F(0.0).to_float(), 6)
    (0.027965, 2.5)
    """

    noisy = True
