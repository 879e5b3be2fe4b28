"""Adam at a zero gradient, where its derivative exists and automatic differentiation returns nan.

One weight starts at the minimum, L_1 = lambda (w - alpha)^2 / 2 with w_0 = alpha's value, so that
every gradient is exactly 0. A step is

    m_t = b_1 m_{t-1} + (1 - b_1) g,   v_t = b_2 v_{t-1} + (1 - b_2) g^2
    w_t = w_{t-1} - s (m_t / (1 - b_1^t)) / (sqrt(v_t / (1 - b_2^t) + root) + epsilon)

Since sqrt(v_t) is of first order in a change of alpha, it adds nothing to the derivative: the
denominator is the constant e = epsilon + sqrt(root), and the derivative is the linear recursion

    m'_t = b_1 m'_{t-1} + (1 - b_1) lambda (w'_{t-1} - 1)
    w'_t = w'_{t-1} - (s / e_t) m'_t / (1 - b_1^t)

The older form, with epsilon outside the correction of the bias, has the denominator
e_t = epsilon / sqrt(1 - b_2^t).
"""

from typing import Any

import mpmath
import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.problem import ExactProblem
from quadmeta.conformance.rational import high_precision
from quadmeta.conformance.settings import Adam


def through_adam(problem: ExactProblem) -> Array:
    """d L_2(w_T) / d alpha through T steps of Adam, for one weight that starts at its minimum.

    Raises
    ------
    ValueError
        another case: there Adam has no closed form.
    """
    settings = problem.case.adam
    single = problem.case.size == problem.case.hyperparameters == 1
    if settings is None or not single or problem.gradient(problem.start).any():
        raise ValueError(f"{problem.case!r} is not one weight that starts at its minimum")
    curvature = high_precision(problem.hessian[0, 0])
    push = high_precision(problem.jacobian(problem.start)[0, 0])
    first = high_precision(settings.first)
    moment = mpmath.mpf(0)
    slope = mpmath.mpf(0)
    for t in range(1, problem.case.steps + 1):
        moment = first * moment + (1 - first) * (curvature * slope + push)
        size = high_precision(settings.step_size) / _floor(settings, t)
        slope = slope - size * moment / (1 - first**t)
    outer = high_precision(problem.outer_gradient(problem.start)[0])
    return np.array([outer * slope], dtype=object)


def _floor(settings: Adam, t: int) -> Any:
    """e_t, the denominator where v is 0."""
    if settings.uncorrected:
        return high_precision(settings.epsilon) / mpmath.sqrt(
            1 - high_precision(settings.second) ** t
        )
    return high_precision(settings.epsilon) + mpmath.sqrt(high_precision(settings.root))
