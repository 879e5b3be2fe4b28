"""Data of related linear regressions: random ones whose truth is known, and real ones with several
targets.
"""

from typing import Any

import numpy as np

from quadmeta._validate import natural, seeded, shaped
from quadmeta.theory.spectra import rotation
from quadmeta.theory.task_risk import TaskRisk

Array = Any


def drawn(
    d: int,
    n: list[int],
    sigma: Array,
    delta: Array,
    seed: int,
    shared: bool,
    held_out: int,
    spectrum: Array,
    opposite: bool,
    fixed: bool,
    rho: float,
) -> tuple[list[tuple[Array, Array]], tuple[Array, Array], TaskRisk]:
    """(data of each task, held-out data, expected risk), as ``AuxiliaryTasks.draw`` says."""
    rng = np.random.default_rng([seed, 0])
    basis = rotation(d, rng)
    if spectrum is None:
        values = np.ones(d)
    else:
        values = shaped("covariance", spectrum, (d,), f"({d},), eigenvalues > 0")
    if not (values > 0).all():
        raise ValueError(f"covariance has the entry {values.min()!r}: pass {d} eigenvalues > 0")
    root = basis * np.sqrt(values) @ basis.T
    truth = _unit(rng.standard_normal(d))
    sets: list[tuple[Array, Array]] = []
    offsets = [np.zeros(d)]
    for k, samples in enumerate(n):
        own = np.random.default_rng([seed, 1, k])
        if shared and k:
            X = sets[0][0]
        else:
            X = _design(own, samples, d, root, fixed)
        if k:
            # offset' Sigma offset = Delta^2
            along = _unit(own.standard_normal(d))
            if opposite and k % 2 == 0 and np.any(offsets[-1]):
                along = -_unit(root @ offsets[-1])
            offsets.append(np.linalg.solve(root, delta[k - 1] * along))
        sets.append((X, X @ (truth + offsets[-1]) + sigma[k] * own.standard_normal(samples)))
    covariance = root @ root
    grams = np.array([X.T @ X / len(X) for X, _ in sets])
    risk = TaskRisk(grams, sigma**2 / np.array(n), np.array(offsets), truth, covariance, rho)
    return (
        sets,
        _held_out(np.random.default_rng([seed, 2]), held_out, root, truth, float(sigma[0])),
        risk,
    )


def _design(rng: np.random.Generator, n: int, d: int, root: Array, fixed: bool) -> Array:
    X = rng.standard_normal((n, d))
    if not fixed:
        return X @ root
    if n < d:
        raise ValueError(
            f"samples = {n} must be at least d = {d} for a design with X'X / n = Sigma"
        )
    return np.sqrt(n) * np.linalg.qr(X)[0] @ root


def _held_out(
    rng: np.random.Generator, n: int, root: Array, truth: Array, sigma: float
) -> tuple[Array, Array]:
    """n fresh samples; or, for n = 0, d + 1 rows whose mean loss is the population's (w - truth)'
    Sigma (w - truth) / 2 + sigma^2 / 2 for every w: the rows of sqrt(d + 1) Sigma^(1/2), and one
    with x = 0, y = sqrt(d + 1) sigma.
    """
    d = len(root)
    if n:
        X = rng.standard_normal((n, d)) @ root
        return X, X @ truth + sigma * rng.standard_normal(n)
    scale = np.sqrt(d + 1)
    X = scale * np.vstack([root, np.zeros(d)])
    return X, X @ truth + scale * sigma * np.eye(d + 1)[d]


def standardised(
    X: Array, Y: Array, main: int, held_out: int, seed: int
) -> tuple[tuple[Array, ...], ...]:
    """Training and held-out rows, both standardised with the training means and deviations."""
    n = len(X)
    seed = seeded("seed", seed)
    if natural("main", main) < 2 or natural("held_out", held_out) + main > n:
        raise ValueError(
            f"main = {main!r}, held_out = {held_out!r}: pass at least 2 and 1, together at most {n}"
        )
    order = np.random.default_rng(seed).permutation(n)
    train = order[:main]
    rest = order[main : main + held_out]
    scales = [Z[train].std(axis=0) for Z in (X, Y)]
    # the deviation of equal numbers can be rounding, that of tiny ones 0
    if not all(
        (np.ptp(Z[train], axis=0) > 0).all() and (scale > 0).all()
        for Z, scale in zip((X, Y), scales)
    ):
        raise ValueError(
            f"main = {main} training rows leave a column constant: pass more, or another seed"
        )
    return tuple(
        tuple(
            (Z[part] - Z[train].mean(axis=0)) / scale
            for Z, scale in zip((X, Y), scales, strict=True)
        )
        for part in (train, rest)
    )


def _unit(x: Array) -> Array:
    return x / np.linalg.norm(x)
