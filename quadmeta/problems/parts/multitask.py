"""Data of related linear regressions, random ones whose truth is known and real ones."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Spectrum
from quadmeta._validate import natural, seeded, shaped
from quadmeta._validate.matrices import require_positive
from quadmeta.theory.spectra import rotation
from quadmeta.theory.task_risk import TaskRisk


@dataclass(frozen=True, eq=False)
class RelatedTasks:
    """What random related tasks are drawn from: y_k = x'(truth + offset_k) + sigma_k noise."""

    d: int
    """Dimension."""
    samples: list[int]
    """n_k of each task, the main one first."""
    sigma: Array
    """(K + 1,) noise deviations."""
    unrelatedness: Array
    """(K,) Delta_k with offset_k' Sigma offset_k = Delta_k^2."""
    seed: int
    shared: bool
    """Whether all tasks have the inputs of the main one."""
    opposite: bool
    """Whether offset_2j points against offset_(2j-1)."""
    fixed: bool
    """Whether X'X / n = Sigma exactly."""

    def draw(
        self, spectrum: Spectrum | None, held_out: int, rho: float
    ) -> tuple[list[tuple[Array, Array]], tuple[Array, Array], TaskRisk]:
        """(data of each task, held-out data, expected risk); ``spectrum`` is that of Sigma.

        The offsets are random in direction, or opposite to the one before.
        """
        d = self.d
        rng = np.random.default_rng([self.seed, 0])
        root = self._root(rotation(d, rng), spectrum)
        truth = _unit(rng.standard_normal(d))
        sets: list[tuple[Array, Array]] = []
        offsets = [np.zeros(d)]
        for k, samples in enumerate(self.samples):
            own = np.random.default_rng([self.seed, 1, k])
            if self.shared and k:
                X = sets[0][0]
            else:
                X = _design(own, samples, d, root, self.fixed)
            if k:
                along = _unit(own.standard_normal(d))
                if self.opposite and k % 2 == 0 and np.any(offsets[-1]):
                    along = -_unit(root @ offsets[-1])
                offsets.append(np.linalg.solve(root, self.unrelatedness[k - 1] * along))
            noise = self.sigma[k] * own.standard_normal(samples)
            sets.append((X, X @ (truth + offsets[-1]) + noise))
        grams = np.array([X.T @ X / len(X) for X, _ in sets])
        variances = self.sigma**2 / np.array(self.samples)
        risk = TaskRisk(grams, variances, np.array(offsets), truth, root @ root, rho)
        fresh = np.random.default_rng([self.seed, 2])
        return sets, _held_out(fresh, held_out, root, truth, float(self.sigma[0])), risk

    def _root(self, basis: Array, spectrum: Spectrum | None) -> Array:
        """Sigma^(1/2) from the eigenvectors and eigenvalues of Sigma, None for I."""
        values = np.ones(self.d)
        if spectrum is not None:
            values = shaped("covariance", spectrum, (self.d,), f"({self.d},), eigenvalues > 0")
        require_positive("covariance", values, f"pass {self.d} eigenvalues > 0")
        root: Array = basis * np.sqrt(values) @ basis.T
        return root


def _design(rng: np.random.Generator, n: int, d: int, root: Array, fixed: bool) -> Array:
    """n samples of covariance root^2; with X'X / n equal to it where ``fixed``."""
    X: Array = rng.standard_normal((n, d))
    if fixed:
        if n < d:
            raise ValueError(
                f"samples = {n} must be at least d = {d} for a design with X'X / n = Sigma"
            )
        X = np.sqrt(n) * np.linalg.qr(X)[0]
    samples: Array = X @ root
    return samples


def _held_out(
    rng: np.random.Generator, n: int, root: Array, truth: Array, sigma: float
) -> tuple[Array, Array]:
    """n fresh samples; or, for n = 0, d + 1 rows whose mean loss is the population's.

    (w - truth)' Sigma (w - truth) / 2 + sigma^2 / 2 is the mean loss, for every w, of the rows of
    sqrt(d + 1) Sigma^(1/2) and one with x = 0, y = sqrt(d + 1) sigma.
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
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Training and held-out rows, both standardised with the training means and deviations."""
    n = len(X)
    seed = seeded("seed", seed)
    if natural("main", main) < 2 or natural("held_out", held_out) + main > n:
        raise ValueError(
            f"main = {main!r}, held_out = {held_out!r}: pass at least 2 and 1, together at most {n}"
        )
    order = np.random.default_rng(seed).permutation(n)
    parts = (order[:main], order[main : main + held_out])
    (train_X, rest_X), (train_Y, rest_Y) = (_scaled(Z, *parts) for Z in (X, Y))
    return (train_X, train_Y), (rest_X, rest_Y)


def _scaled(Z: Array, train: Array, rest: Array) -> tuple[Array, Array]:
    """Rows ``train`` and ``rest`` of Z, less the mean and over the deviation of the first."""
    known = Z[train]
    deviation = known.std(axis=0)
    # the deviation of equal numbers can be rounding, that of tiny ones 0
    if not (np.ptp(known, axis=0) > 0).all() or not (deviation > 0).all():
        raise ValueError(
            f"main = {len(train)} training rows leave a column constant: pass more, or another seed"
        )
    mean = known.mean(axis=0)
    return (known - mean) / deviation, (Z[rest] - mean) / deviation


def _unit(x: Array) -> Array:
    unit: Array = x / np.linalg.norm(x)
    return unit
