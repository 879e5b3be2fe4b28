"""The rows of the figure on evolution strategies."""

import math
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta.typing import Array

LAM = np.geomspace(0.05, 1.0, 8)
HORIZONS = (3, 1000)
SEEN = {"eta": 0.8, "sigma": 0.1}
SCALE = {"eta": 1.9, "T": 100, "window": 5}
WINDOW = {"eta": 1.9, "T": 60, "sigma": 0.003}
LENGTHS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)
PART = 10**4
"""Draws that are made at a time."""


def objective(T: int) -> qm.NaiveObjective:
    """The loss after T steps, weights lambda / 2."""
    problem = qm.Quadratic.from_spectrum(LAM, error=np.ones(len(LAM)))
    return qm.NaiveObjective(problem, qm.GradientDescent(T))


def row(part: str, **given: Any) -> dict[str, Any]:
    """A row of the table; ``log`` are decimal logarithms."""
    empty = dict.fromkeys(("name", "x", "truth", "mean", "seen", "sample", "error", "value"))
    return {"part": part} | empty | given


def seen(draws: int, size: int, seed: int) -> Rows:
    """Derivative, mean, visible part, and the mean of draws, each divided by -1, against T."""
    eta, sigma = SEEN["eta"], SEEN["sigma"]
    horizons = np.unique(np.rint(np.geomspace(*HORIZONS, size)).astype(int)).tolist()
    found = []
    for T in horizons:
        loss = objective(T)
        estimator = qm.EvolutionStrategies(sigma)
        exact = qm.moments(loss, eta, estimator)
        visible = estimator.visible(loss, eta, max(draws, 2))
        values = drawn(T, eta, sigma, draws, np.random.default_rng([seed, T]))
        found.append(
            row(
                "seen",
                x=T,
                truth=float((-exact.truth).log10_abs),
                mean=float((-exact.mean).log10_abs),
                seen=float((-visible).log10_abs),
                sample=float(-values.mean()),
                error=float(values.std(ddof=1) / math.sqrt(draws)),
                value=float(exact.variance.log10_abs) / 2,
            )
        )
    return found


def drawn(T: int, eta: float, sigma: float, count: int, random: np.random.Generator) -> Array:
    """Antithetic draws as they are defined, many at a time."""
    parts = []
    for start in range(0, count, PART):
        xi = random.standard_normal(min(PART, count - start))
        sides = [
            (LAM / 2 * (1 - (eta + side * sigma * xi)[:, None] * LAM) ** (2 * T)).sum(axis=-1)
            for side in (1, -1)
        ]
        parts.append(xi * (sides[0] - sides[1]) / (2 * sigma))
    return np.concatenate(parts)


def scales(size: int) -> Rows:
    """Bias and spread over |F'| against sigma."""
    loss = objective(int(SCALE["T"]))
    window = int(SCALE["window"])
    found = []
    for sigma in np.geomspace(1e-4, 3e-2, size):
        estimators = {
            "ES-Single": qm.SingleEvolution(sigma, window),
            "PES": qm.PersistentEvolution(sigma, window),
            "PES, telescoped": qm.PersistentEvolution(sigma, window, loss="telescoped"),
        }
        for name, estimator in estimators.items():
            exact = qm.moments(loss, SCALE["eta"], estimator)
            found.append(
                row(
                    "scale",
                    name=name,
                    x=float(sigma),
                    truth=float(exact.truth.log10_abs),
                    mean=float(exact.bias.log10_abs - exact.truth.log10_abs),
                    value=float(exact.variance.log10_abs / 2 - exact.truth.log10_abs),
                )
            )
    return found


def windows() -> Rows:
    """The mean over the derivative of the sum of the losses against the length of the windows."""
    loss = objective(int(WINDOW["T"]))
    sigma = WINDOW["sigma"]
    found = []
    for K in LENGTHS:
        estimators: dict[str, qm.SampledEstimator] = {
            "ES-Single": qm.SingleEvolution(sigma, K, loss="sum"),
            "PES": qm.PersistentEvolution(sigma, K, loss="sum"),
            "truncated": qm.TruncatedEvolution(sigma, K),
            "truncated, own states": qm.TruncatedEvolution(sigma, K, states="own"),
        }
        for name, estimator in estimators.items():
            exact = qm.moments(loss, WINDOW["eta"], estimator)
            ratio = (exact.mean / exact.truth).to_float()
            found.append(row("window", name=name, x=K, value=float(ratio)))
    return found
