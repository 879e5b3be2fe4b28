"""Quadratic inner problem f(w) = floor + (w - w_*)' H (w - w_*) / 2 with H positive definite."""
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._validate import finite, frozen, natural, show
from quadmeta.problems._base import Modes, QuadraticProblem, apply

Array = Any
_RANGE = 1e-150, 1e150  # where products of two keep every digit


@dataclass(frozen=True, eq=False)
class Quadratic(QuadraticProblem):
    """One quadratic, or a batch of them along leading axes (``stack``); build it with a ``from_...`` constructor.

    ``mu`` and ``L`` are the extreme *active* eigenvalues, those with a nonzero initial error. An inactive extreme is
    an error, because theory would then speak of another problem, unless ``active=True`` drops the inactive modes.
    """

    eigenvalues: Array
    """(..., d) eigenvalues of H, ascending."""
    error: Array
    """(..., d) e_0 = Q'(w_0 - w_*)."""
    basis: Array = None
    """(..., d, d) eigenvectors Q as columns; None: the coordinates are the eigen-coordinates."""
    hessian: Array = None
    """(..., d, d) H itself where it was given as a matrix: loops then never touch the eigendecomposition."""
    minimizer: Array = 0.0
    """(..., d) w_*."""
    floor: Array = 0.0
    """(...) f(w_*)."""
    active: bool = False
    """Whether inactive modes were dropped on purpose."""
    weights: Array = None
    """(..., d) spectral weights omega, where they are the data and the error is sqrt(2 omega / lambda)."""

    def __post_init__(self) -> None:
        lam, error = finite("eigenvalues", self.eigenvalues), finite("error", self.error)
        if lam.shape != error.shape or lam.ndim < 1:
            raise ValueError(f"error has shape {error.shape}, eigenvalues {lam.shape}: pass one error an eigenvalue")
        if lam.shape[-1] == 0:
            raise ValueError("d = 0: pass at least one eigenvalue")
        if not (lam > 0).all():
            raise ValueError(f"eigenvalues has the entry {lam[lam <= 0].flat[0]!r}, every one must be > 0: "
                             "add a ridge or drop null directions")
        for name, x in (("eigenvalues", lam), ("error", np.abs(error[error != 0]))):
            if ((x < _RANGE[0]) | (x > _RANGE[1])).any():
                raise ValueError(f"{name} leaves the range 1e-150..1e150: rescale the problem")
        on = error != 0
        ends = np.where(on, lam, np.inf).min(-1), np.where(on, lam, 0).max(-1)
        if not self.active and (on.any(-1) & ((ends[0] > lam.min(-1)) | (ends[1] < lam.max(-1)))).any():
            raise ValueError("error is zero along an extreme eigenvector, so (mu, L) are not those of H: "
                             "pass active=True to keep the active modes only, or another start")
        for name in ("eigenvalues", "error", "minimizer", "floor", "weights"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, frozen(finite(name, getattr(self, name))))

    @classmethod
    def from_spectrum(cls, eigenvalues: Array, error: Array = None, weights: Array = None, seed: int | None = None,
                      active: bool = False) -> "Quadratic":
        """Eigen-coordinates with w_* = 0, so w_0 = error.

        Args:
            eigenvalues: (..., d) positive.
            error: (..., d) initial error e_0; or
            weights: (..., d) spectral weights omega >= 0, then e_0 = sqrt(2 omega / lambda); or
            seed: e_0 uniform on the unit sphere. Exactly one of the three.
        """
        lam = finite("eigenvalues", eigenvalues)
        if sum(x is not None for x in (error, weights, seed)) != 1:
            raise ValueError("error, weights, seed: pass exactly one of them")
        if lam.ndim and lam.shape[-1] and not (lam > 0).all():
            raise ValueError(f"eigenvalues has the entry {lam[lam <= 0].flat[0]!r}, every one must be > 0: "
                             "add a ridge or drop null directions")
        if weights is not None:
            weights = finite("weights", weights)
            if weights.shape != lam.shape or (weights < 0).any():
                raise ValueError(f"weights = {show(weights)} must be >= 0, one an eigenvalue {lam.shape}")
            error = np.sqrt(2 * weights / lam)
        elif seed is not None:
            error = _unit(np.random.default_rng(seed), lam.shape)
        error = finite("error", error)
        if not lam.ndim or error.shape != lam.shape:
            return cls(lam, error, active=active)  # raises with the shapes
        order = np.argsort(lam, axis=-1, kind="stable")
        lam, error, weights = (x if x is None else np.take_along_axis(x, order, -1) for x in (lam, error, weights))
        return cls(lam, error, active=active, weights=weights)

    @classmethod
    def from_matrix(cls, hessian: Array, start: Array, minimizer: Array = None, floor: float = 0.0,
                    active: bool = False) -> "Quadratic":
        """From a symmetric positive definite (d, d) ``hessian``, ``start`` w_0 (d,) and ``minimizer`` w_* (default 0).

        Leading axes of all three make a batch of tasks.

        Components of w_0 - w_* below 8 d eps of its norm along an eigenvector are taken as zero: they are rounding.

        Raises:
            ValueError: not square, not symmetric (beyond 1e-12 of its largest entry), not positive definite.
        """
        H = finite("hessian", hessian)
        if H.ndim < 2 or H.shape[-1] != H.shape[-2] or not H.size:
            raise ValueError(f"hessian has shape {H.shape}, it must be square with d >= 1: pass a (d, d) matrix")
        shape, d, eps = H.shape[:-1], H.shape[-1], np.finfo(float).eps
        transposed = np.swapaxes(H, -1, -2)
        gap = np.abs(H - transposed).max(axis=(-1, -2))
        if (gap > 1e-12 * np.abs(H).max(axis=(-1, -2))).any():
            raise ValueError(f"hessian is asymmetric by {gap.max():.3g}: pass (H + H.T) / 2 if that is what you mean")
        w0 = finite("start", start)
        w = np.zeros(shape) if minimizer is None else finite("minimizer", minimizer)
        for name, x in (("start", w0), ("minimizer", w)):
            if x.shape != shape:
                tasks = f" for each of {shape[:-1]} tasks" if shape[:-1] else ""
                raise ValueError(f"{name} has shape {x.shape}, hessian is {d} x {d}{tasks}: pass a vector of length "
                                 f"{d}{tasks}")
        H = (H + transposed) / 2
        lam, Q = np.linalg.eigh(H)
        bad = lam[..., 0] <= d * eps * np.maximum(lam[..., -1], 0.0)
        if bad.any():
            low, high = lam[bad][0, [0, -1]]
            raise ValueError(f"hessian has the eigenvalue {low:.3g} next to {high:.3g}, it must be positive "
                             "definite: add a ridge, or use from_design for a least-squares problem")
        error = apply(np.swapaxes(Q, -1, -2), w0 - w)
        error[np.abs(error) <= 8 * d * eps * np.linalg.norm(error, axis=-1, keepdims=True)] = 0
        return cls(lam, error, frozen(Q), frozen(H), w, floor, active)

    @classmethod
    def random(cls, d: int, seed: int, tasks: int | None = None) -> "Quadratic":
        """H = X'X with X a d x d standard Gaussian matrix, w_* = 0, w_0 uniform on the unit sphere.

        ``tasks`` independent draws make a batch; the draw number k of ``seed`` is the same for every ``tasks`` > k.
        """
        d = natural("d", d)

        def one(k: int) -> "Quadratic":
            rng = np.random.default_rng([seed, k])
            X = rng.standard_normal((d, d))
            return cls.from_matrix(X.T @ X, _unit(rng, (d,)), active=True)
        return one(0) if tasks is None else cls.stack([one(k) for k in range(natural("tasks", tasks))])

    @classmethod
    def from_design(cls, X: Array, y: Array, ridge: float = 0.0) -> "Quadratic":
        """Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2 from w_0 = 0, for a design matrix X (n, d), y (n,).

        The floor is the loss at the minimum-norm minimiser w_*. Directions that gradient descent from 0 never enters
        (null or unexcited ones) are dropped, so L and mu are the active extremes whatever the rank of X.
        """
        X, y = finite("X", X), finite("y", y)
        if X.ndim != 2 or not X.size or y.shape != X.shape[:1]:
            raise ValueError(f"X has shape {X.shape} and y {y.shape}: pass X (n, d) and y (n,) with n, d >= 1")
        if not finite("ridge", ridge) >= 0:
            raise ValueError(f"ridge = {ridge!r} must be >= 0")
        n, d = X.shape
        eps = np.finfo(float).eps
        gram, moment = X.T @ X / n, X.T @ y / n
        lam, Q = np.linalg.eigh(gram)
        lam = np.where(lam > max(n, d) * eps * lam[-1], lam, 0) + ridge
        pull = Q.T @ moment
        on = (lam > 0) & (np.abs(pull) > 8 * d * eps * np.linalg.norm(pull))
        if not on.any():
            raise ValueError("y is orthogonal to every column of X, so w_0 = 0 is the minimiser: pass other data")
        lam, Q = lam[on], Q[:, on]
        optimum = pull[on] / lam
        w = Q @ optimum
        floor = float(np.sum((X @ w - y) ** 2) / (2 * n) + ridge * np.sum(w**2) / 2)
        return cls(lam, -optimum, frozen(Q), frozen(gram + ridge * np.eye(d)), w, floor, True)

    @classmethod
    def stack(cls, problems: "Sequence[Quadratic]") -> "Quadratic":
        """A batch of tasks of equal dimension along a new leading axis."""
        shapes = {p.eigenvalues.shape for p in problems}
        if len(shapes) != 1:
            raise ValueError(f"problems have the shapes {sorted(shapes)}: pass at least one, all of the same shape")
        dense = [p for p in problems if p.basis is not None]
        full = len(dense) == len(problems)
        if dense and not full:
            raise ValueError("problems mix matrices with spectra: build them all the same way")
        d = problems[0].start.shape[-1]
        return cls(np.stack([p.eigenvalues for p in problems]), np.stack([p.error for p in problems]),
                   frozen(np.stack([p.basis for p in problems])) if full else None,
                   frozen(np.stack([p.hessian for p in problems])) if full else None,
                   np.stack([np.broadcast_to(p.minimizer, p.start.shape[:-1] + (d,)) for p in problems]),
                   np.stack([p.floor for p in problems]), any(p.active for p in problems),
                   np.stack([p.modes().weights for p in problems]) if problems[0].weights is not None else None)

    def __getitem__(self, k: Any) -> "Quadratic":
        """Task k of a batch."""
        if self.eigenvalues.ndim == 1:
            raise IndexError("this problem is one task: index a batch, for example one made by stack")
        parts = {name: None if (x := getattr(self, name)) is None else x[k]
                 for name in ("basis", "hessian", "weights")}
        w = np.broadcast_to(self.minimizer, self.start.shape)[k]
        floor = np.broadcast_to(self.floor, self.eigenvalues.shape[:-1])[k]
        return Quadratic(self.eigenvalues[k], self.error[k], parts["basis"], parts["hessian"], w, floor, self.active,
                         parts["weights"])

    @cached_property
    def start(self) -> Array:
        """(..., d) w_0."""
        return self.minimizer + (self.error if self.basis is None else apply(self.basis, self.error))

    @property
    def mu(self) -> Array:
        """Smallest active eigenvalue of each task."""
        return np.where(self._on(), self.eigenvalues, np.inf).min(axis=-1)

    @property
    def L(self) -> Array:
        """Largest active eigenvalue of each task."""
        return np.where(self._on(), self.eigenvalues, 0).max(axis=-1)

    @property
    def kappa(self) -> Array:
        """Condition number L / mu of each task."""
        return self.L / self.mu

    def _on(self) -> Array:
        on = self.error != 0
        if not on.any(axis=-1).all():
            raise ValueError("error is zero (w_0 = w_*), so no eigenvalue is active: start elsewhere")
        return on

    def modes(self) -> Modes:
        """Eigenvalues, initial error and spectral weights."""
        if self.weights is not None:
            return Modes(self.eigenvalues, self.error, self.weights, True)
        return Modes(self.eigenvalues, self.error, self.eigenvalues * self.error**2 / 2)

    def loss(self, w: Array) -> Array:
        """f(w) of each task."""
        return self.floor + (self.gradient(w) * (w - self.minimizer)).sum(axis=-1) / 2

    def gradient(self, w: Array) -> Array:
        """H (w - w_*)."""
        return self.hvp(w, w - self.minimizer)

    def hvp(self, w: Array, v: Array) -> Array:
        """H v; w is not used, the Hessian is constant."""
        return self.eigenvalues * v if self.hessian is None else apply(self.hessian, v)

    def __repr__(self) -> str:
        tasks = "" if self.eigenvalues.ndim == 1 else f"tasks={'x'.join(map(str, self.eigenvalues.shape[:-1]))}, "
        if not (self.error != 0).any(axis=-1).all():
            return f"Quadratic({tasks}d={self.eigenvalues.shape[-1]}, at the minimiser)"
        note = ", active modes" if self.active else ""
        return (f"Quadratic({tasks}d={self.eigenvalues.shape[-1]}, mu={self.mu.min():.6g}, L={self.L.max():.6g}, "
                f"kappa={self.kappa.max():.6g}{note})")


def _unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)
