"""The rows of the figure on short horizons."""

from typing import Any

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta.typing import Array

LONGEST = {"greedy": 10**5, "optimal": 1000}
"""Numbers of steps up to which schedules are run."""
WINDOW = 5
"""K."""
VARIANCE = 0.25
"""Of the label noise of streaming features."""


def noisy(kappa: float) -> qm.NoisyQuadratic:
    """Two modes, 1 / kappa and 1, errors 1, noise a hundredth of the eigenvalues."""
    lam = np.array([1 / kappa, 1.0])
    return qm.NoisyQuadratic(lam, error=[1.0, 1.0], noise=0.01 * lam)


def streaming() -> qm.StreamingGaussian:
    """One feature with label noise."""
    return qm.StreamingGaussian.from_spectrum([1.0], error=[1.0], sigma=VARIANCE**0.5)


def row(part: str, name: str, x: float, value: float, **given: Any) -> dict[str, Any]:
    """A row of the table."""
    return {"part": part, "name": name, "x": x, "value": float(value), "T": None} | given


def whole(low: float, high: float, size: int) -> list[int]:
    """Whole numbers, about geometric."""
    found: list[int] = np.unique(np.rint(np.geomspace(low, high, size)).astype(int)).tolist()
    return found


def best_step(problem: qm.NoisyQuadratic, T: int) -> tuple[float, float]:
    """The best constant step and the loss that it ends at."""
    loss = qm.NaiveObjective(problem, qm.StochasticGradientDescent(T))
    eta = float(loss.minimizer())
    return eta, loss(eta).to_float()


def schedules(size: int) -> Rows:
    """Losses against the number of steps, and the rates that they tend to."""
    problem = noisy(30.0)
    run = qm.short_horizon.greedy(problem, LONGEST["greedy"])
    found = []
    for t in whole(1, LONGEST["greedy"], 5 * size):
        found.append(row("schedule", "greedy", t, run.losses[t]))
    for t in whole(1, LONGEST["greedy"], size):
        found.append(row("schedule", "constant", t, best_step(problem, t)[1]))
    for t in whole(1, LONGEST["optimal"], size):
        best = qm.short_horizon.optimal(problem, t)
        found.append(row("schedule", "optimal", t, best.losses[-1]))
    rates = {
        "greedy law": qm.short_horizon.greedy_rate(problem).loss,
        "optimal law": qm.short_horizon.optimal_rate(problem),
    }
    for name, rate in rates.items():
        for t in (30, LONGEST["greedy"]):
            found.append(row("schedule", name, t, rate / t))
    return found


def constants(size: int) -> Rows:
    """The best constant step against the horizon, with noise and without, and its tail."""
    problem = noisy(100.0)
    quiet = qm.Quadratic.from_spectrum(problem.eigenvalues, error=problem.error)
    mu = float(problem.eigenvalues.min())
    trace = float(problem.noise.sum())
    found = []
    for T in whole(1, 10**5, size):
        still = qm.NaiveObjective(quiet, qm.GradientDescent(T)).minimizer()
        found.append(row("constant", "noise", T, best_step(problem, T)[0]))
        found.append(row("constant", "no noise", T, float(still)))
        # log(8 mu T omega / tr Sigma) / (2 mu T) with omega = mu / 2
        if 4 * mu * mu * T > 2 * trace:
            tail = np.log(4 * mu * mu * T / trace) / (2 * mu * T)
            found.append(row("constant", "tail", T, tail))
    return found


def windows(size: int) -> Rows:
    """Where the sum of losses at the ends of N windows has no derivative, truncated or not."""
    from scipy.optimize import brentq

    problem = qm.Quadratic.from_spectrum([0.01, 1.0], error=[1.0, 1.0])
    found = []
    for N in whole(1, 10**4, size):
        for name, kind in (("loss", qm.NaiveObjective), ("log loss", qm.LogObjective)):
            objective = kind(problem, qm.GradientDescent(N * WINDOW))
            for field in ("mean", "truth"):

                def slope(eta: float, objective: Any = objective, field: str = field) -> float:
                    exact = qm.moments(objective, eta, qm.WindowedReverse(WINDOW))
                    return float(getattr(exact, field).to_float())

                eta = brentq(slope, 1.01, 2 / 1.01, xtol=1e-12)
                full = "truncated" if field == "mean" else "whole"
                found.append(row("window", f"{name}, {full}", N, eta))
    return found


def singles(size: int) -> Rows:
    """Powers of ten of |F'| and of the standard deviation of its estimate against the step."""
    problem = streaming()
    limits: Array = np.array([problem.fourth_moment_limit(), problem.mean_square_limit()])
    found = [
        row("single", "eta_4", 0.0, limits[0]),
        row("single", "eta_ms", 0.0, limits[1]),
    ]
    for T in (10, 100, 1000):
        loss = qm.NaiveObjective(problem, qm.StochasticGradientDescent(T))
        for eta in np.linspace(0.05, 0.72, size):
            exact = qm.moments(loss, eta, qm.SampledReverse())
            deviation = float(exact.variance.log10_abs) / 2
            found.append(row("single", "derivative", eta, float(exact.truth.log10_abs), T=T))
            found.append(row("single", "deviation", eta, deviation, T=T))
    return found
