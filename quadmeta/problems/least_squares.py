"""Finite-sample least squares f(w) = ||Xw - y||^2 / (2n), trained from w_0 = 0: one task or a
batch.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quadmeta._validate import choice, finite, flag, natural, number, pair, seeded, shaped
from quadmeta.problems.parts.base import Modes, apply
from quadmeta.problems.parts.losses import DenseLoss, SeparableLoss
from quadmeta.problems.parts.regression import RegressionProblem
from quadmeta.problems.parts.scale import require_range

Array = Any
_LIMITS = 1e-75, 1e75  # magnitudes of data whose products of four stay in float64
_SQUARED = 1e8
_DRAWN = 1e12
"""Largest kappa(X)^2 for which given data, and drawn data, go through X'X."""
_EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class LeastSquares(RegressionProblem):
    """The spectral record of one or many tasks; build it with ``draw`` or ``from_data``, all d-
    and n-vectors are gone.

    With X'X / n = V diag(lambda) V' over the r modes of positive eigenvalue, the minimum-norm
    solution is fitted = signal + sigma * noise in coordinates V, where signal = V'w_* and noise_i
    = u_i'xi / sqrt(n lambda_i) for y = X w_* + sigma xi. One decomposition therefore serves every
    sigma (``at_sigma``) and every step size.
    """

    eigenvalues: Array
    """(..., r)"""
    signal: Array
    """(..., r) V'w_*; the fitted coefficients themselves where w_* is unknown."""
    noise: Array
    """(..., r) fitted noise at sigma = 1."""
    residual: Array
    """(...) floor / sigma^2: half the mean squared residual of the unit noise."""
    null_signal: Array
    """(...) squared norm of w_* outside the row space of X, which training never enters."""
    samples: int
    dimension: int
    sigma: float = 1.0
    validation: tuple[Array, ...] | None = None
    """(X_2 V, X_2 w_*, xi_2, mean ||x||^2 / d) of a validation set, or None."""
    known: bool = True
    """Whether w_* is known, so that the population risk is."""

    @classmethod
    def draw(
        cls,
        n: int,
        d: int,
        sigma: float,
        norm: float = 1.0,
        seed: int = 0,
        tasks: int | None = None,
        validation: int = 0,
    ) -> "LeastSquares":
        """Tasks with w_* uniform on the sphere of radius ``norm``, x ~ N(0, I_d), noise of
        deviation ``sigma``.

        Eigenvalues come from X'X or XX', with the error eps lambda_max, up to kappa(X) = 1e6 (see
        ``from_data``).

        Parameters
        ----------
        n, d
            samples and dimension.
        tasks
            number of independent tasks; None for one without a task axis. Task k of a seed is
            always the same.
        validation
            n_2 further samples of each task.
        """
        n = natural("n", n)
        d = natural("d", d)
        seed = seeded("seed", seed)
        norm = number("norm", norm, least=0.0, remedy="pass the norm of w_*")
        sigma = _noise_level(sigma)
        require_range("norm", np.array(norm), _LIMITS)
        held_out = natural("validation", validation, "pass a whole number >= 0", least=0)
        records = [
            _draw(n, d, norm, held_out, np.random.default_rng([seed, k]))
            for k in range(1 if tasks is None else natural("tasks", tasks))
        ]
        if tasks is None:
            columns = records[0]
        else:
            columns = [np.array(column) for column in zip(*records, strict=True)]
        lam, signal, noise, residual, null, *held = columns
        return cls(
            lam, signal, noise, residual, null, n, d, sigma, tuple(held) if held_out else None
        )

    @classmethod
    def from_data(
        cls, X: Array, y: Array, validation: tuple[Array, Array] | None = None
    ) -> "LeastSquares":
        """One task from real data X (n, d), y (n,), with an optional validation set (X_2, y_2);
        w_* is unknown.

        With a leading axis on all of them, a batch of tasks of equal rank.

        Rank-deficient X and constant columns are fine: the minimum-norm solution is what training
        from 0 tends to. A singular value below max(n, d) eps of the largest one is null. Up to
        kappa(X) = 1e4 the eigenvalues come from X'X or XX', with a relative error of a few eps
        kappa(X)^2 <= 1e-7; beyond that from the singular values of X, with a few eps kappa(X).
        """
        X = finite("X", X)
        y = finite("y", y)
        if X.ndim not in (2, 3) or not X.size or y.shape != X.shape[:-1]:
            raise ValueError(
                f"X has shape {X.shape} and y {y.shape}: pass X (n, d) and y (n,) with n, d >= 1"
            )
        n, d = X.shape[-2:]
        require_range("X", np.abs(X).max(axis=(-1, -2)), _LIMITS)
        require_range("y", np.abs(y).max(axis=-1), _LIMITS)
        held = None
        if validation is not None:
            given = pair("validation", validation, "(X2, y2)")
            X2 = finite("validation X", given[0])
            y2 = finite("validation y", given[1])
            if (
                X2.ndim != X.ndim
                or not X2.size
                or X2.shape[:-2] != X.shape[:-2]
                or X2.shape[-1] != d
                or y2.shape != X2.shape[:-1]
            ):
                raise ValueError(
                    f"validation has shapes {X2.shape}, {y2.shape}: pass (n2, {d}) and (n2,), n2 "
                    "> 0" + (f", for each of {len(X)} tasks" if X.ndim == 3 else "")
                )
            held = X2, y2
        lam, fitted, floor, *parts = _real(X, y, held)
        return cls(
            lam,
            fitted,
            np.zeros_like(lam),
            floor,
            np.zeros_like(floor),
            n,
            d,
            1.0,
            tuple(parts) or None,
            False,
        )

    def __post_init__(self) -> None:
        lam = finite("eigenvalues", self.eigenvalues)
        if not lam.ndim or lam.shape[-1] == 0:
            raise ValueError(
                "eigenvalues: X is zero, so there is nothing to train: pass at least one nonzero "
                "column"
            )
        if not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has the entry {lam[lam <= 0].flat[0]}, every one must be > 0: "
                "leave out "
                "null directions"
            )
        tasks = lam.shape[:-1]
        parts = {
            "eigenvalues": lam,
            "sigma": _noise_level(self.sigma),
            "known": flag("known", self.known),
            "samples": natural("samples", self.samples),
            "dimension": natural("dimension", self.dimension),
        }
        for name in ("signal", "noise"):
            parts[name] = shaped(
                name, getattr(self, name), lam.shape, f"{lam.shape}, one an eigenvalue"
            )
        for name in ("residual", "null_signal"):
            parts[name] = _nonnegative(
                name, shaped(name, getattr(self, name), tasks, f"{tasks}, one a task")
            )
        if lam.shape[-1] > min(self.samples, self.dimension):
            raise ValueError(
                f"eigenvalues has {lam.shape[-1]} modes, samples = {self.samples} and dimension = "
                f"{self.dimension} allow fewer: build the problem with draw or from_data"
            )
        if self.validation is not None:
            parts["validation"] = _held(self.validation, lam.shape)
        for name, value in parts.items():
            object.__setattr__(self, name, value)

    def at_sigma(self, sigma: float) -> "LeastSquares":
        """The same tasks at another noise level: no decomposition is computed again."""
        if not self.known:
            raise ValueError("sigma of real data is part of the data: draw tasks to vary it")
        return replace(self, sigma=_noise_level(sigma))

    @property
    def fitted(self) -> Array:
        """(..., r) minimum-norm solution in the eigenbasis."""
        return self.signal + self.sigma * self.noise

    @property
    def floor(self) -> Array:
        """(...) training loss of the least-squares solution."""
        return self.residual * self.sigma**2

    def modes(self) -> Modes:
        """Eigenvalues, error -fitted and weights lambda fitted^2 / 2: the training loss is floor +
        sum weights q^2.
        """
        return Modes(self.eigenvalues, -self.fitted, self.eigenvalues * self.fitted**2 / 2)

    def outer(self, name: str) -> SeparableLoss | DenseLoss:
        """The loss "train", "population" (excess risk ||w - w_*||^2) or "validation" (mean squared
        error / 2).

        Raises
        ------
        ValueError
            population risk of real data, or validation without a validation set.
        """
        zero = np.zeros_like(self.signal)
        name = choice("name", name, ("train", "population", "validation"))
        if name == "train":
            weights = self.modes().weights
            energy = self.floor + weights.sum(axis=-1)
            slope = self.eigenvalues.sum(axis=-1) / (2 * self.dimension)
            return SeparableLoss(weights, zero, zero, self.floor, (energy, slope))
        if name == "population":
            if not self.known:
                raise ValueError(
                    "w_* of real data is unknown, so is its population risk: use a validation set"
                )
            noise = self.sigma * self.noise
            total = self.null_signal + (self.signal**2).sum(axis=-1)
            return SeparableLoss(
                self.signal**2,
                -2 * self.signal * noise,
                noise**2,
                self.null_signal,
                (total, np.ones_like(total)),
            )
        if self.validation is None:
            raise ValueError(
                "n2 = 0: the problem has no validation set, draw it with validation=n2 or pass one"
            )
        features, clean, unit, trace = self.validation
        return DenseLoss(self.fitted, features, clean + self.sigma * unit, trace)

    def __repr__(self) -> str:
        if self.eigenvalues.ndim > 1:
            tasks = f"tasks={self.eigenvalues[..., 0].size}, "
        else:
            tasks = ""
        if self.validation is None:
            held = ""
        else:
            held = f", n2={self.validation[1].shape[-1]}"
        if self.known:
            level = f", sigma={self.sigma:.6g}"
        else:
            level = ""
        return f"LeastSquares({tasks}n={self.samples}, d={self.dimension}{level}{held})"


def _noise_level(sigma: Any) -> float:
    value = number("sigma", sigma, least=0.0, remedy="pass a standard deviation")
    require_range("sigma", np.array(value), _LIMITS)
    return value


def _nonnegative(name: str, array: Array) -> Array:
    if (array < 0).any():
        raise ValueError(
            f"{name} has the negative entry {array[array < 0].flat[0]}: pass numbers >= 0"
        )
    return array


def _held(validation: Any, shape: tuple[int, ...]) -> tuple[Array, ...]:
    """The four arrays of a validation set for modes of ``shape`` (..., r)."""
    if not isinstance(validation, tuple) or len(validation) != 4:
        raise ValueError(
            "validation must hold (X_2 V, X_2 w_*, xi_2, mean ||x||^2 / d): build the problem "
            "with draw "
            "or from_data, which take (X2, y2)"
        )
    tasks = shape[:-1]
    r = shape[-1]
    features = shaped("validation[0]", validation[0], (*tasks, -1, r))
    clean, unit = (shaped(f"validation[{k}]", validation[k], features.shape[:-1]) for k in (1, 2))
    return (
        features,
        clean,
        unit,
        _nonnegative("validation[3]", shaped("validation[3]", validation[3], tasks)),
    )


def _draw(n: int, d: int, norm: float, held_out: int, rng: np.random.Generator) -> list[Any]:
    """Columns of one random task: lambda, signal, unit noise, residual, null signal, then the
    validation set.
    """
    w = rng.standard_normal(d)
    w *= norm / np.linalg.norm(w)
    X = rng.standard_normal((n, d))
    xi = rng.standard_normal(n)
    lam, signal, noise, left, basis = _decompose(X, X @ w, xi, _DRAWN)
    if len(lam) == n:
        residual = 0.0
    else:
        residual = float(np.sum((xi - left @ (left.T @ xi)) ** 2) / (2 * n))
    if len(lam) < d:
        null = max(float(w @ w - signal @ signal), 0.0)
    else:
        null = 0.0
    columns = [lam, signal, noise, residual, null]
    if held_out:
        X2 = rng.standard_normal((held_out, d))
        xi2 = rng.standard_normal(held_out)
        columns += [X2 @ basis(), X2 @ w, xi2, float(np.mean(X2**2))]
    return columns


def _real(X: Array, y: Array, held: tuple[Array, Array] | None) -> list[Any]:
    """Columns of real data, one task or a batch: lambda, fitted, floor, then the validation set."""
    n = X.shape[-2]
    lam, fitted, _, left, basis = _decompose(X, y, np.zeros_like(y), _SQUARED)
    outside = y - apply(left, apply(_transposed(left), y))
    if lam.shape[-1] == n:
        floor = np.zeros(y.shape[:-1])
    else:
        floor = (outside**2).sum(axis=-1) / (2 * n)
    if held is None:
        return [lam, fitted, floor]
    X2, y2 = held
    return [lam, fitted, floor, X2 @ basis(), y2, np.zeros_like(y2), (X2**2).mean(axis=(-1, -2))]


def _decompose(
    X: Array, signal: Array, noise: Array, squared: float
) -> tuple[Array, Array, Array, Array, Any]:
    """(lambda, V'X^+ signal, V'X^+ noise, left singular vectors, a function that returns V),
    lambda ascending.

    From the smaller Gram side where kappa(X)^2 is at most ``squared``, else from the singular
    values of X, which also decide the rank: those below max(n, d) eps of the largest are null.
    """
    n, d = X.shape[-2:]
    transposed = _transposed(X)
    lam, Q = np.linalg.eigh((X @ transposed if n <= d else transposed @ X) / n)
    small = lam * squared <= lam[..., -1:]
    if small.any():
        left, s, right = np.linalg.svd(X, full_matrices=False)
        null = (s <= max(n, d) * _EPS * s[..., :1]).sum(axis=-1)
        if null.min() < null.max():
            raise ValueError("the tasks have designs of different rank: pass them one by one")
        r = s.shape[-1] - int(null.max())
        if (small.sum(axis=-1) > null).any():
            s = s[..., :r][..., ::-1]
            left = left[..., :r][..., ::-1]
            V = _transposed(right[..., :r, :][..., ::-1, :])
            rows = _transposed(left)
            return s**2 / n, apply(rows, signal) / s, apply(rows, noise) / s, left, lambda: V
        lam = lam[..., lam.shape[-1] - r :]
        Q = Q[..., Q.shape[-1] - r :]
    scale = np.sqrt(n * lam)
    if n <= d:
        left = Q
    else:
        left = X @ Q / scale[..., None, :]
    rows = _transposed(left)
    return (
        lam,
        apply(rows, signal) / scale,
        apply(rows, noise) / scale,
        left,
        lambda: Q if n > d else transposed @ Q / scale[..., None, :],
    )


def _transposed(matrix: Array) -> Array:
    return np.swapaxes(matrix, -1, -2)
