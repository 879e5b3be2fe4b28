"""Step-size schedules: Chebyshev's, the order in which to run it, its exact instance, and descent
on a schedule.
"""

from typing import Any, NamedTuple

import numpy as np

from quadmeta._validate import choice, finite, instance, natural, number, shaped
from quadmeta.arithmetic.residual import factor, log_abs
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.transformed import TransformedObjective
from quadmeta.optimizers.schedule import Schedule

Array = Any
METHODS = ("BFGS", "newton", "gradient")


def _interval(mu: float, L: float) -> tuple[float, float]:
    mu = number("mu", mu)
    L = number("L", L)
    if not 0 < mu <= L:
        raise ValueError(
            f"mu = {mu!r} and L = {L!r} must satisfy 0 < mu <= L: swap or rescale them"
        )
    return mu, L


def constant(step_size: float, steps: int) -> Array:
    """The schedule (eta, ..., eta) of T = ``steps`` steps."""
    return np.full(natural("steps", steps), number("step_size", step_size, least=0))


def chebyshev(mu: float, L: float, steps: int) -> Array:
    """1/eta_t = (L + mu)/2 + (L - mu)/2 cos((2t - 1) pi / 2T), t = 1..T: ascending steps, the
    inverse Chebyshev roots.

    They minimise the worst case max |p_T| over [mu, L], not the loss of a given problem. Source:
    Young 1953.
    """
    (mu, L) = _interval(mu, L)
    T = natural("steps", steps)
    half = (2 * np.arange(1, T + 1) - 1) * np.pi / (4 * T)
    return 1 / (L * np.cos(half) ** 2 + mu * np.sin(half) ** 2)


def lebedev_finogenov(steps: int) -> Array:
    """Positions (0, 3, 1, 2) of T = 4, ... in which an ascending schedule of T = 2^m steps runs
    without growth.

    Counted from 1, an order of n steps becomes one of 2n by k -> (k, 2n + 1 - k), from (1). Use
    ``schedule[order]``. Source: Lebedev, Finogenov 1971.

    Raises
    ------
    ValueError
        T is not a power of two.
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


def growth(schedule: Array, eigenvalues: Array) -> SignLog:
    """max over t = 0..T of max_i |prod_{s <= t} (1 - eta_s lambda_i)| times max_j |prod_{s > t} (1
    - eta_s lambda_j)|.

    The first is the size that iterates have reached, the second what the later steps make of a
    rounding error of that size: a run from w_0 ends with an error of about eps growth ||w_0 -
    w_*||. Growing orders fail by the second (their partial products stay below 1), falling ones by
    the first.

    Parameters
    ----------
    schedule
        (T,) step sizes in the order in which they run.
    eigenvalues
        (d,) positive.
    """
    eta = finite("schedule", schedule)
    lam = finite("eigenvalues", eigenvalues)
    if eta.ndim != 1 or lam.ndim != 1 or not eta.size or not lam.size or not (lam > 0).all():
        raise ValueError(
            f"schedule has shape {eta.shape}, eigenvalues {lam.shape}: pass (T,) and (d,) > 0, "
            "not empty"
        )
    logs = log_abs(factor(eta[:, None], lam))
    done, left = (np.append(0, np.cumsum(x, axis=0).max(axis=-1)) for x in (logs, logs[::-1]))
    largest = float((done + left[::-1]).max())
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
    """lambda_j = (L + mu)/2 + (L - mu)/2 cos((2j - 1) pi / 2N) and omega_j = 1/lambda_j, N =
    ``nodes`` >= 2, mu < L.

    With cosh v = (L + mu) / (L - mu), the least loss after T < N steps is

        2N / (L - mu) sinh((N - T) v) / (sinh v cosh(N v) cosh(T v)),

    by the discrete orthogonality of the Chebyshev polynomials on these nodes.
    """
    (mu, L) = _interval(mu, L)
    N = natural("nodes", nodes)
    if N < 2 or mu == L:
        raise ValueError(
            f"nodes = {N}, mu = {mu!r}, L = {L!r} hold one eigenvalue: pass nodes >= 2 and mu < L"
        )
    lam = 1 / chebyshev(mu, L, N)[::-1]
    v = 2 * np.arctanh(np.sqrt(mu / L))
    T = np.arange(N)
    # sinh(a) = e^a (1 - e^-2a) / 2, cosh(a) = e^a (1 + e^-2a) / 2; the exponents add up to -(2T +
    # 1) v
    rest = (
        np.log(-np.expm1(-2 * (N - T) * v))
        - np.log(-np.expm1(-2 * v))
        - np.log1p(np.exp(-2 * N * v))
        - np.log1p(np.exp(-2 * T * v))
    )
    return ChebyshevInstance(lam, 1 / lam, np.log(8 * N / (L - mu)) - (2 * T + 1) * v + rest)


class Stationary(NamedTuple):
    """Where a descent on a schedule ended."""

    step_sizes: Array
    value: float
    gradient_norm: float
    morse_index: int
    """Number of negative eigenvalues of the Hessian: 0 at a minimum, more at a saddle."""


def descend(
    objective: TransformedObjective, start: Array, method: str = "BFGS", iterations: int = 10_000
) -> Stationary:
    """A stationary point of an objective of a ``Schedule``, from ``start`` (T,), with the exact
    gradient and Hessian.

    Every local minimum is global. But started on a constant schedule, ``BFGS`` and ``gradient``
    stay constant and end at the best constant schedule, a saddle of Morse index T - 1, which is
    reported as such: start from distinct steps.

    Parameters
    ----------
    objective
        LogObjective or RootObjective, with a schedule shorter than the number of distinct
        eigenvalues.
    method
        "BFGS", "newton" (exact trust region) or "gradient" (step halving and doubling).

    Raises
    ------
    ValueError
        another objective or optimizer, unknown method, or a start of the wrong shape.
    ArithmeticError
        d objective / d log eta is above 1e-5 kappa after ``iterations``: often so from beyond
        1/mu.
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
    unit = 1 / float(objective.spectrum()[0].max())
    x = shaped("start", start, (objective.optimizer.steps,)) / unit
    if (x < 0).any():
        raise ValueError(
            f"start has the negative entry {x[x < 0][0] * unit:g}: pass step sizes >= 0"
        )
    scaled = {
        "fun": lambda x: objective(x * unit),
        "jac": lambda x: objective.gradient(x * unit) * unit,
    }
    if method == "gradient":
        x = _steepest(scaled["fun"], scaled["jac"], x, iterations)
    elif method == "BFGS":
        x = minimize(
            **scaled, x0=x, method="BFGS", options={"gtol": 1e-10, "maxiter": iterations}
        ).x
    else:
        x = minimize(
            **scaled,
            x0=x,
            method="trust-exact",
            options={"gtol": 1e-10, "maxiter": iterations},
            hess=lambda x: objective.curvature(x * unit) * unit**2,
        ).x
    slope = scaled["jac"](x)
    # far out the gradient vanishes like 1/eta without a minimum near
    size = float(np.linalg.norm(slope * np.maximum(1, np.abs(x))))
    if not size <= 1e-5 * max(1, 1 / (unit * float(objective.spectrum()[0].min()))):
        raise ArithmeticError(
            f"descend: gradient {size:.3g} / L after {iterations} iterations of {method}: start "
            "within (0, 1/mu), use method='newton', or fewer steps, which float64 can hold better"
        )
    spectrum = np.linalg.eigvalsh(objective.curvature(x * unit)) * unit**2
    negative = int((spectrum < -1e-9 * np.abs(spectrum).max()).sum())
    return Stationary(
        x * unit, float(objective(x * unit)), float(np.linalg.norm(slope)) / unit, negative
    )


def _steepest(value: Any, slope: Any, x: Array, iterations: int) -> Array:
    """Steepest descent; the step is halved until it decreases the value enough (Armijo), then
    doubled.
    """
    now = value(x)
    step = 1.0
    for _ in range(iterations):
        g = slope(x)
        square = float(g @ g)
        while square > 1e-14 and value(x - step * g) > now - step * square / 10**4 and step > 1e-12:
            step = step / 2
        if square <= 1e-14 or step <= 1e-12:
            break
        x = x - step * g
        now = value(x)
        step = 2 * step
    return x
