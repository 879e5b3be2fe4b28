"""Short horizons on a noisy quadratic: the schedule that minimises the loss after the next step,
and the one that minimises the loss at the end. The best constant step is the ``minimizer`` of
``NaiveObjective(problem, StochasticGradientDescent(T))``.

With v_i = E e_i^2 of the error in mode i and s_i the variance of the gradient noise there, a step
of size eta takes

    v_i <- (1 - eta lambda_i)^2 v_i + eta^2 s_i,   E f - floor = sum_i lambda_i v_i / 2.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance, natural, numbers
from quadmeta.objectives.naive_objective import NaiveObjective
from quadmeta.optimizers.stochastic_gradient_descent import StochasticGradientDescent
from quadmeta.problems.noisy_quadratic import NoisyQuadratic

_REMEDY = "NoisyQuadratic([0.1, 1.0], error=[1.0, 1.0], noise=[0.1, 1.0])"
_STEP = 1 / 32
"""Of the trapezoidal rule in log tau; half of it gives the same digits."""
_LARGE = 1e100
"""A loss that no schedule is allowed."""


class Run(NamedTuple):
    """A schedule and what it does, in expectation."""

    step_sizes: Array
    """(T,) eta_0, ..., eta_(T-1)."""
    losses: Array
    """(T + 1,) E f - floor at the start and after each step."""


class GreedyRate(NamedTuple):
    """Where the greedy schedule ends up: t eta_t -> alpha, T F_T -> loss."""

    alpha: float
    """Unit 1/lambda, in (1 / 2 mu, 1 / mu]."""
    loss: float


def _read(problem: NoisyQuadratic) -> tuple[Array, Array, Array]:
    """Eigenvalues, v_0 and variances of the noise, in the arithmetic that they were given in."""
    instance("problem", problem, NoisyQuadratic, _REMEDY)
    return problem.eigenvalues, problem.error**2, problem.noise


def _driven(problem: NoisyQuadratic) -> tuple[Array, Array]:
    """Eigenvalues and variances as float64, where every mode is driven by noise.

    Raises
    ------
    ValueError
        a mode without noise, or a start at the minimum, which greedy steps never leave.
    """
    lam, v, s = (np.asarray(x, dtype=float) for x in _read(problem))
    if (s == 0).any():
        raise ValueError(
            f"noise has a 0 in mode {int(np.argmin(s))}: the law needs noise in every mode, pass "
            "variances > 0"
        )
    if not v.any():
        raise ValueError("error is 0, where greedy steps are 0: pass a start off the minimum")
    return lam, s


def after(problem: NoisyQuadratic, step_sizes: Numbers) -> Array:
    """E f - floor at the start and after each step of a schedule, (T + 1,).

    Parameters
    ----------
    problem
        a quadratic with additive noise; Fractions stay exact, with step sizes that are Fractions.
    step_sizes
        (T,), T >= 1.

    Raises
    ------
    ValueError
        another problem, or step sizes that are no vector of numbers >= 0.
    FloatingPointError
        losses beyond float64.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.NoisyQuadratic([1.0, 4.0], error=[1.0, 1.0], noise=[0.1, 0.1])
    >>> qm.short_horizon.after(problem, [0.25, 0.1])
    array([2.5       , 0.296875  , 0.23734375])
    """
    lam, v, s = _read(problem)
    steps = numbers("step_sizes", step_sizes, least=0)
    if np.ndim(steps) != 1 or not len(steps):
        raise ValueError(
            f"step_sizes has shape {np.shape(steps)}: pass a vector of one step size or more"
        )
    losses = [(lam * v).sum() / 2]
    with np.errstate(over="raise", invalid="raise"):
        for eta in steps:
            v = (1 - eta * lam) ** 2 * v + eta * eta * s
            losses.append((lam * v).sum() / 2)
    return np.array(losses)


def greedy(problem: NoisyQuadratic, steps: int) -> Run:
    """The schedule each of whose steps minimises the expected loss right after it,

        eta = sum_i lambda_i^2 v_i / sum_i lambda_i (lambda_i^2 v_i + s_i).

    With one eigenvalue no schedule is better, at any horizon; with several it stalls, see
    ``greedy_rate``.

    Parameters
    ----------
    problem
        a quadratic with additive noise; Fractions stay exact.
    steps
        T >= 1.

    Raises
    ------
    ValueError
        another problem, or no steps.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.NoisyQuadratic([0.1, 1.0], error=[1.0, 1.0], noise=[0.1, 1.0])
    >>> run = qm.short_horizon.greedy(problem, steps=1000)
    >>> run.step_sizes[:2].round(6), round(float(1000 * run.losses[-1]), 4)
    (array([0.502238, 0.337064]), 8.505)
    """
    lam, v, s = _read(problem)
    T = natural("steps", steps)
    step_sizes = []
    losses = [(lam * v).sum() / 2]
    for _ in range(T):
        least = (lam**3 * v).sum() + (lam * s).sum()
        # at the minimum without noise any step is as good
        eta = (lam**2 * v).sum() / least if least else least
        v = (1 - eta * lam) ** 2 * v + eta * eta * s
        step_sizes.append(eta)
        losses.append((lam * v).sum() / 2)
    return Run(np.array(step_sizes), np.array(losses))


def greedy_rate(problem: NoisyQuadratic) -> GreedyRate:
    """What greedy steps tend to: t eta_t -> alpha and T F_T -> sum_i lambda_i alpha^2 s_i / (2
    alpha lambda_i - 1) / 2, where alpha is the root of

        sum_i lambda_i s_i (alpha lambda_i - 1) / (2 alpha lambda_i - 1) = 0   in (1/2 mu, 1/mu].

    For kappa >> 1 the limit is about sum_i lambda_i s_i / (8 mu^2), of order kappa^2 times
    ``optimal_rate``. It follows from putting v = V / t into the recursion; that the recursion tends
    to it is observed, not proved.

    Raises
    ------
    ValueError
        another problem, a mode without noise, or a start at the minimum.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.NoisyQuadratic([0.1, 1.0], error=[1.0, 1.0], noise=[0.1, 1.0])
    >>> rate = qm.short_horizon.greedy_rate(problem)
    >>> round(rate.alpha, 8), round(rate.loss, 8)
    (5.05554053, 12.90703746)
    """
    from scipy.optimize import brentq

    lam, s = _driven(problem)
    mu = lam.min()
    weights = lam * s
    # alpha = (1 + u) / (2 mu): 2 alpha lambda - 1 = x + (1 + x) u with x = lambda / mu - 1 >= 0,
    # and (alpha lambda - 1) / (2 alpha lambda - 1) = (1 - 1 / (2 alpha lambda - 1)) / 2
    x = (lam - mu) / mu

    def balance(u: float) -> float:
        return float((weights * (1 - 1 / (x + (1 + x) * u))).sum())

    # the slowest modes, with 1 - 1/u, outweigh the others, with at most 1, up to here
    low = float(weights[x == 0].sum() / weights.sum()) * (1 - 1e-9)
    u = 1.0
    if balance(1.0) > 0:
        u = float(brentq(balance, low, 1.0, xtol=1e-300, rtol=1e-15))
    alpha = (1 + u) / (2 * mu)
    return GreedyRate(float(alpha), float((weights / (x + (1 + x) * u)).sum() * alpha**2 / 2))


def _later(lam: Array, s: Array, tau: Array) -> Array:
    """sqrt(sum_i lambda_i s_i e^(-2 lambda_i tau) / 2) at tau (n,): to what a unit of noise comes
    when the later steps sum to tau, up to the step size.
    """
    found: Array = np.sqrt((lam * s * np.exp(-2 * tau[:, None] * lam)).sum(axis=-1) / 2)
    return found


def _remaining(lam: Array) -> Array:
    """Sums tau of later steps, geometric, from no time at all to where nothing is left."""
    first = np.log(1 / lam.max()) - 40
    last = np.log(50 / lam.min())
    return np.exp(np.arange(first, last, _STEP))


def optimal_rate(problem: NoisyQuadratic) -> float:
    """The limit of T F_T for the best schedule of T steps,

        (int_0^inf sqrt(sum_i lambda_i s_i e^(-2 lambda_i tau) / 2) d tau)^2,

    between sum s_i / 2 lambda_i and (sum sqrt(s_i / 2 lambda_i))^2. It is that of continuous time;
    where the start is, does not matter.

    Raises
    ------
    ValueError
        another problem, a mode without noise, or a start at the minimum.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.NoisyQuadratic([0.1, 1.0], error=[1.0, 1.0], noise=[0.1, 1.0])
    >>> round(qm.short_horizon.optimal_rate(problem), 8)
    1.53897613
    """
    lam, s = _driven(problem)
    tau = _remaining(lam)
    # d tau = tau d log tau
    return float((_later(lam, s, tau) * tau).sum() * _STEP) ** 2


def optimal(problem: NoisyQuadratic, steps: int) -> Run:
    """A schedule of T steps with a low expected loss at the end: a local minimum over all step
    sizes, found by L-BFGS from the best of the greedy schedule, the best constant step, the law of
    continuous time, and inverse eigenvalues before that law. It is no worse than any of them; that
    nothing is below it is not proved.

    Parameters
    ----------
    problem
        a quadratic with additive noise in every mode.
    steps
        T >= 1; 1000 take about a second.

    Raises
    ------
    ValueError
        another problem, no steps, a mode without noise, or a start at the minimum.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.NoisyQuadratic([0.1, 1.0], error=[1.0, 1.0], noise=[0.1, 1.0])
    >>> run = qm.short_horizon.optimal(problem, steps=100)
    >>> greedy = qm.short_horizon.greedy(problem, steps=100)
    >>> round(float(run.losses[-1]), 6), round(float(greedy.losses[-1]), 6)
    (0.01406, 0.026362)
    """
    from scipy.optimize import minimize

    lam, s = _driven(problem)
    T = natural("steps", steps)
    start = np.asarray(problem.error, dtype=float) ** 2

    def value(logs: Array) -> tuple[float, Array]:
        """The logarithm of the loss at the end, and its derivative in those of the steps."""
        eta = np.exp(logs)
        a = 1 - eta[:, None] * lam
        v = [start]
        for t in range(T):
            v.append(a[t] ** 2 * v[t] + eta[t] ** 2 * s)
        loss = float((lam * v[-1]).sum() / 2)
        if not loss < _LARGE:
            return np.log(_LARGE), np.zeros(T)
        # d loss / d v_(t+1) = lambda / 2 times the later factors
        later = np.ones((T, len(lam)))
        later[:-1] = np.cumprod(a[:0:-1] ** 2, axis=0)[::-1]
        slope = (lam * later * (eta[:, None] * s - lam * a * np.array(v[:-1]))).sum(axis=-1)
        return np.log(loss), eta * slope / loss

    starts = _starts(problem, lam, s, T)
    first = np.log(min(starts, key=lambda steps: after(problem, steps)[-1]))
    options = {"maxiter": 1000, "maxfun": 1500, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-10}
    # a line search that goes too far comes back from there
    with np.errstate(over="ignore", invalid="ignore"):
        found = minimize(value, first, jac=True, method="L-BFGS-B", options=options)
    step_sizes: Array = np.exp(found.x)
    return Run(step_sizes, after(problem, step_sizes))


def _starts(problem: NoisyQuadratic, lam: Array, s: Array, T: int) -> list[Array]:
    """Schedules (T,) to descend from, with steps > 0."""
    constant = NaiveObjective(problem, StochasticGradientDescent(T)).minimizer()
    found = [
        np.asarray(greedy(problem, T).step_sizes, dtype=float),
        np.full(T, float(constant)),
        _continuous(lam, s, T),
    ]
    inverse = 1 / np.unique(lam)
    if len(inverse) <= T:
        # the largest first: the later ones take away what its noise leaves in the fast modes
        found.append(np.append(inverse, _continuous(lam, s, T))[:T])
    return found


def _continuous(lam: Array, s: Array, T: int) -> Array:
    """(T,) the best steps of continuous time, eta = c / h(tau) for the sum tau of the later ones,
    at most 1 / L.
    """
    tau = _remaining(lam)
    h = _later(lam, s, tau)
    # T eta(0) = int h / h(0)
    scale = float((h * tau).sum() * _STEP) / T
    step_sizes = np.empty(T)
    left = 0.0
    for t in range(T - 1, -1, -1):
        weight = float(_later(lam, s, np.array([left]))[0])
        step_sizes[t] = min(scale / weight, 1 / lam.max()) if weight else 1 / lam.max()
        left = left + step_sizes[t]
    return step_sizes
