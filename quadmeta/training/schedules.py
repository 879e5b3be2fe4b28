"""Step-size schedules: Chebyshev's, the order in which to run it, its exact instance, and descent
on a schedule.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers, Spectrum, StepSizes
from quadmeta._validate import choice, finite, instance, natural, number, shaped
from quadmeta.arithmetic.residual import factor, log_abs
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.transformed import TransformedObjective
from quadmeta.optimizers.schedule import Schedule

METHODS = ("BFGS", "newton", "gradient")


def _interval(mu: Numbers, L: Numbers) -> tuple[float, float]:
    low = number("mu", mu)
    high = number("L", L)
    if not 0 < low <= high:
        raise ValueError(
            f"mu = {low!r} and L = {high!r} must satisfy 0 < mu <= L: swap or rescale them"
        )
    return low, high


def constant(step_size: float, steps: int) -> Array:
    """The schedule (eta, ..., eta) of T = ``steps`` steps, shape (T,).

    Examples
    --------
    >>> from quadmeta.training.schedules import constant
    >>> constant(0.5, steps=3)
    array([0.5, 0.5, 0.5])
    """
    return np.full(natural("steps", steps), number("step_size", step_size, least=0))


def chebyshev(mu: Numbers, L: Numbers, steps: int) -> Array:
    """The schedule with the best worst case over all spectra in [mu, L], in ascending order.

    The steps are the inverse roots of the Chebyshev polynomial of [mu, L],

        1/eta_t = (L + mu)/2 + (L - mu)/2 cos((2t - 1) pi / 2T),   t = 1..T.

    They minimise max |p_T| over [mu, L], not the loss of a given problem.

    Parameters
    ----------
    mu, L
        0 < mu <= L, least and greatest eigenvalue.
    steps
        T >= 1.

    Returns
    -------
    Step sizes (T,).

    References
    ----------
    Young 1953.

    Examples
    --------
    >>> from quadmeta.training.schedules import chebyshev
    >>> chebyshev(1.0, 3.0, steps=2).round(4)
    array([0.3694, 0.7735])
    """
    low, high = _interval(mu, L)
    T = natural("steps", steps)
    # with the half angle x = (2t - 1) pi / 4T: (1 + cos 2x)/2 = cos^2 x, (1 - cos 2x)/2 = sin^2 x
    half = (2 * np.arange(1, T + 1) - 1) * np.pi / (4 * T)
    return 1 / (high * np.cos(half) ** 2 + low * np.sin(half) ** 2)


def lebedev_finogenov(steps: int) -> Array:
    """The order in which to run an ascending schedule of T = 2^m steps so that nothing grows.

    Use it as ``schedule[order]``. Counted from 1, an order of n steps becomes one of 2n by
    k -> (k, 2n + 1 - k), from (1).

    Parameters
    ----------
    steps
        T, a power of two.

    Returns
    -------
    Positions (T,), counted from 0.

    Raises
    ------
    ValueError
        T is not a power of two.

    References
    ----------
    Lebedev, Finogenov 1971.

    Examples
    --------
    >>> from quadmeta.training.schedules import lebedev_finogenov
    >>> lebedev_finogenov(4)
    array([0, 3, 1, 2])
    """
    T = natural("steps", steps)
    if T & (T - 1):
        raise ValueError(
            f"steps = {T} must be a power of two: pass {2 ** T.bit_length()}, or keep another order"
        )
    order = np.array([0])
    while len(order) < T:
        order = np.stack([order, 2 * len(order) - 1 - order], axis=-1).ravel()
    return order


def growth(schedule: StepSizes, eigenvalues: Spectrum) -> SignLog:
    """By how much a schedule magnifies rounding errors, in the order in which it is run.

    It is the maximum over t = 0..T of

        max_i |prod_{s <= t} (1 - eta_s lambda_i)| * max_j |prod_{s > t} (1 - eta_s lambda_j)|.

    The first factor is the size that iterates have reached, the second what the later steps make of
    a rounding error of that size: a run from w_0 ends with an error of about
    eps growth ||w_0 - w_*||. Growing orders fail by the second (their partial products stay below
    1), falling ones by the first.

    Parameters
    ----------
    schedule
        (T,) step sizes in the order in which they run.
    eigenvalues
        (d,) positive.

    Examples
    --------
    >>> from quadmeta.training.schedules import chebyshev, growth, lebedev_finogenov
    >>> eta = chebyshev(1.0, 100.0, steps=16)
    >>> ascending = growth(eta, [1.0, 10.0, 100.0]).to_float()
    >>> good = growth(eta[lebedev_finogenov(16)], [1.0, 10.0, 100.0]).to_float()
    >>> bool(good < 1000 < ascending)
    True
    """
    eta = finite("schedule", schedule)
    lam = finite("eigenvalues", eigenvalues)
    if eta.ndim != 1 or lam.ndim != 1 or not eta.size or not lam.size or not (lam > 0).all():
        raise ValueError(
            f"schedule has shape {eta.shape}, eigenvalues {lam.shape}: pass (T,) and (d,) > 0, "
            "not empty"
        )
    logs = log_abs(factor(eta[:, None], lam))
    # log of both factors for t = 0..T; the empty product is 1
    done = np.append(0, np.cumsum(logs, axis=0).max(axis=-1))
    left = np.append(0, np.cumsum(logs[::-1], axis=0).max(axis=-1))[::-1]
    largest = float((done + left).max())
    return SignLog(float(largest > -np.inf), largest)


class ChebyshevInstance(NamedTuple):
    """A spectrum on which the best schedule of T < N steps is ``chebyshev(mu, L, T)``."""

    eigenvalues: Array
    """(N,) ascending."""
    weights: Array
    """(N,) omega = 1 / lambda."""
    log_minima: Array
    """(N,) log of the least loss for T = 0, ..., N - 1."""


def chebyshev_instance(mu: float, L: float, nodes: int) -> ChebyshevInstance:
    """The problem on which Chebyshev's schedules are the best ones, with its least losses.

    It has N = ``nodes`` >= 2 eigenvalues in [mu, L], mu < L, with weights 1/lambda_j:

        lambda_j = (L + mu)/2 + (L - mu)/2 cos((2j - 1) pi / 2N).

    With cosh v = (L + mu) / (L - mu), the least loss after T < N steps is

        2N / (L - mu) sinh((N - T) v) / (sinh v cosh(N v) cosh(T v)),

    by the discrete orthogonality of the Chebyshev polynomials on these nodes.

    Examples
    --------
    >>> from quadmeta.training.schedules import chebyshev_instance
    >>> instance = chebyshev_instance(1.0, 3.0, nodes=2)
    >>> (instance.eigenvalues * instance.weights).round(12)
    array([1., 1.])
    """
    mu, L = _interval(mu, L)
    N = natural("nodes", nodes)
    if N < 2 or mu == L:
        raise ValueError(
            f"nodes = {N}, mu = {mu!r}, L = {L!r} hold one eigenvalue: pass nodes >= 2 and mu < L"
        )
    lam = 1 / chebyshev(mu, L, N)[::-1]
    v = 2 * np.arctanh(np.sqrt(mu / L))
    T = np.arange(N)
    # sinh(a) = e^a (1 - e^-2a) / 2, cosh(a) = e^a (1 + e^-2a) / 2; the exponents of the four add up
    # to (N - T) - 1 - N - T = -(2T + 1) times v, the powers of 2 to 4
    rest = (
        np.log(-np.expm1(-2 * (N - T) * v))
        - np.log(-np.expm1(-2 * v))
        - np.log1p(np.exp(-2 * N * v))
        - np.log1p(np.exp(-2 * T * v))
    )
    log_minima = np.log(8 * N / (L - mu)) - (2 * T + 1) * v + rest
    return ChebyshevInstance(lam, 1 / lam, log_minima)


class Stationary(NamedTuple):
    """Where a descent on a schedule ended."""

    step_sizes: Array
    value: float
    gradient_norm: float
    morse_index: int
    """Number of negative eigenvalues of the Hessian: 0 at a minimum, more at a saddle."""


def descend(
    objective: TransformedObjective,
    start: StepSizes,
    method: str = "BFGS",
    iterations: int = 10_000,
) -> Stationary:
    """Optimise every step size of a schedule, with the exact gradient and Hessian.

    Every local minimum is global. But started on a constant schedule, ``BFGS`` and ``gradient``
    stay constant and end at the best constant schedule, a saddle of Morse index T - 1, which is
    reported as such: start from distinct steps.

    Parameters
    ----------
    objective
        LogObjective or RootObjective, with a schedule shorter than the number of distinct
        eigenvalues.
    start
        (T,) step sizes >= 0.
    method
        "BFGS", "newton" (exact trust region) or "gradient" (step halving and doubling).

    Raises
    ------
    ValueError
        another objective or optimizer, unknown method, or a start of the wrong shape.
    ArithmeticError
        d objective / d log eta is above 1e-5 kappa after ``iterations``: often so from beyond
        1/mu.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic([1.0, 2.0, 4.0], [1.0, 1.0, 1.0])
    >>> objective = qm.LogObjective(problem, qm.Schedule(steps=2))
    >>> qm.descend(objective, [0.3, 0.8]).morse_index
    0
    """
    from scipy.optimize import minimize

    instance(
        "objective", objective, TransformedObjective, "LogObjective(problem, Schedule(steps=3))"
    )
    if not isinstance(objective.optimizer, Schedule) or not objective.logarithmic:
        raise ValueError(
            f"objective = {objective!r}: descend on LogObjective or RootObjective of a Schedule"
        )
    choice("method", method, METHODS)
    iterations = natural("iterations", iterations)
    # in units of 1/L every step size is of order 1
    unit = 1 / float(objective.spectrum()[0].max())
    x = shaped("start", start, (objective.optimizer.steps,)) / unit
    if (x < 0).any():
        raise ValueError(
            f"start has the negative entry {x[x < 0][0] * unit:g}: pass step sizes >= 0"
        )

    def value(x: Array) -> float:
        return float(objective(x * unit))

    def slope(x: Array) -> Array:
        found: Array = objective.gradient(x * unit) * unit
        return found

    def hessian(x: Array) -> Array:
        found: Array = objective.curvature(x * unit) * unit**2
        return found

    options = {"gtol": 1e-10, "maxiter": iterations}
    if method == "gradient":
        x = _steepest(value, slope, x, iterations)
    elif method == "BFGS":
        x = minimize(value, x, jac=slope, method="BFGS", options=options).x
    else:
        x = minimize(value, x, jac=slope, hess=hessian, method="trust-exact", options=options).x
    g = slope(x)
    # far out the gradient vanishes like 1/eta without a minimum near
    size = float(np.linalg.norm(g * np.maximum(1, np.abs(x))))
    kappa = 1 / (unit * float(objective.spectrum()[0].min()))
    if not size <= 1e-5 * max(1, kappa):
        raise ArithmeticError(
            f"descend: gradient {size:.3g} / L after {iterations} iterations of {method}: start "
            "within (0, 1/mu), use method='newton', or fewer steps, which float64 can hold better"
        )
    curvatures = np.linalg.eigvalsh(objective.curvature(x * unit)) * unit**2
    negative = int((curvatures < -1e-9 * np.abs(curvatures).max()).sum())
    return Stationary(x * unit, value(x), float(np.linalg.norm(g)) / unit, negative)


def _steepest(
    value: Callable[[Array], float], slope: Callable[[Array], Array], x: Array, iterations: int
) -> Array:
    """Steepest descent.

    A step is halved until it decreases the value enough (Armijo), then doubled.
    """
    now = value(x)
    step = 1.0
    for _ in range(iterations):
        g = slope(x)
        square = float(g @ g)
        if square <= 1e-14:
            break
        while step > 1e-12 and value(x - step * g) > now - step * square / 10**4:
            step = step / 2
        if step <= 1e-12:
            break
        x = x - step * g
        now = value(x)
        step = 2 * step
    return x
