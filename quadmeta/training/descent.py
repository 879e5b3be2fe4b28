"""Meta-gradient descent on the step size, eta_{k+1} = max(0, eta_k - s G'(eta_k) / sqrt(k))."""

from collections.abc import Iterator

import numpy as np

from quadmeta._types import Array, Numbers, StepSizes
from quadmeta._validate import finite, instance, number, step_sizes
from quadmeta.objectives.log_objective import LogObjective
from quadmeta.objectives.parts.transformed import TransformedObjective


def meta_descent(
    objective: TransformedObjective, start: StepSizes, scale: Numbers = 1.0
) -> Iterator[Array]:
    """The step sizes that gradient descent on a meta-objective visits, without end.

    eta_1 = start and eta_{k+1} = max(0, eta_k - s G'(eta_k) / sqrt(k)), for many starts and (with
    ``pooled=False``) many tasks at once. It converges to eta*_T = ``objective.minimizer()``.

    Parameters
    ----------
    objective
        one whose gradient is float64: LogObjective, RootObjective or MeanLogObjective.
    start
        eta_1 >= 0.
    scale
        s > 0, of unit 1/lambda^2. As printed s = 1; in the paper's figure s = 1/100; only s = c /
        L^2 makes runs covariant under lambda -> c lambda, eta -> eta / c.

    Returns
    -------
    An iterator of arrays of the shape to which ``start`` and ``scale`` broadcast.

    Raises
    ------
    ValueError
        the naive objective, or an argument out of its range.

    References
    ----------
    Wang, Yuan, Wu, Ge 2021, Theorem 4.

    Examples
    --------
    >>> import quadmeta as qm
    >>> from itertools import islice
    >>> problem = qm.Quadratic([1.0, 2.0], [1.0, 1.0])
    >>> objective = qm.LogObjective(problem, qm.GradientDescent(steps=3))
    >>> *_, last = islice(qm.meta_descent(objective, 0.1, scale=0.1), 200)
    >>> bool(abs(last - objective.minimizer()) < 1e-3)
    True
    """
    instance(
        "objective",
        objective,
        TransformedObjective,
        "LogObjective(problem, GradientDescent(steps=10))",
    )
    if not objective.logarithmic:
        raise ValueError(
            "objective: the naive objective's gradient leaves float64: descend on LogObjective or "
            "RootObjective"
        )
    s = finite("scale", scale)
    if not (s > 0).all():
        raise ValueError(f"scale = {s!r} must be > 0")
    eta = step_sizes("start", start)
    try:
        np.broadcast_shapes(eta.shape, s.shape)
    except ValueError:
        raise ValueError(
            f"start has shape {eta.shape} and scale {s.shape}: pass shapes that broadcast"
        ) from None
    return _iterates(objective, eta, s)


def _iterates(objective: TransformedObjective, eta: Array, scale: Array) -> Iterator[Array]:
    k = 1
    while True:
        yield eta
        eta = np.maximum(0, eta - scale / np.sqrt(k) * objective.gradient(eta))
        k = k + 1


def iteration_bound(objective: LogObjective, start: float, scale: float, epsilon: float) -> int:
    """After how many steps ``meta_descent`` is sure to stay within epsilon of the minimiser.

    That is a k' such that |eta_k - eta*_T| <= epsilon for every k >= k', all constants explicit.
    With e_1 = |start - eta*|, B >= sup |G'|, D = max(e_1, s B), the secant slopes s_+- = (R(eta*
    +- epsilon) - R(eta*)) / epsilon of the root objective R and g = min over +- of 2 s_+- /
    (R(eta*) + s_+- D):

        k' = ceil((sqrt(k_0) + D / (2 s g))^2),   k_0 = ceil((s B / epsilon)^2).

    Proof: sign G' = sign(eta - eta*) and clipping helps as eta* > 0, so e_{k+1} <= max(e_k - s
    k^-1/2 |G'|, s k^-1/2 B) and e_k <= D. Where e_k >= epsilon, convexity of R gives |G'| =
    2|R'|/R >= g. From k_0 on an overshoot lands within epsilon, so epsilon is never left again;
    else e_k falls by s g k^-1/2, and the sum of j^-1/2 from k_0 to k - 1 is at least 2 (sqrt k -
    sqrt k_0).

    Parameters
    ----------
    objective
        a LogObjective of one spectrum (or pooled).
    start
        eta_1 >= 0.
    scale
        s > 0, as in ``meta_descent``.
    epsilon
        0 < epsilon < eta*.

    Raises
    ------
    ValueError
        an objective with one minimiser a task, or an argument out of its range.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic([1.0, 2.0], [1.0, 1.0])
    >>> objective = qm.LogObjective(problem, qm.GradientDescent(steps=3))
    >>> qm.iteration_bound(objective, start=0.1, scale=0.25, epsilon=0.1) > 1
    True
    """
    instance(
        "objective", objective, LogObjective, "LogObjective(problem, GradientDescent(steps=10))"
    )
    start = number("start", start, least=0)
    scale = number("scale", scale, above=0)
    bound = objective.gradient_bound()
    best = objective.minimizer()
    if np.ndim(best):
        raise ValueError(
            f"objective = {objective!r} has one minimiser a task: pass pooled=True, or one task"
        )
    epsilon = number(
        "epsilon", epsilon, above=0, below=best, remedy="pass a distance below the minimiser"
    )
    # R = e^{G/2} at the minimiser and at epsilon on either side of it
    R, right, left = (np.exp(objective(best + x) / 2) for x in (0.0, epsilon, -epsilon))
    D = max(abs(start - best), scale * bound)
    # s_+- as slopes away from the minimiser, both > 0
    slopes = [(right - R) / epsilon, (left - R) / epsilon]
    g = min(2 * slope / (R + slope * D) for slope in slopes)
    k0 = np.ceil((scale * bound / epsilon) ** 2)
    return int(np.ceil((np.sqrt(k0) + D / (2 * scale * g)) ** 2))
