"""A weighted sum of least-squares tasks: L_1 = sum_k alpha_k ||X_k W - Y_k||^2 / (2 n_k) + rho ||W||^2 / 2."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import finite
from quadmeta.problems._bilevel import QuadraticBilevel, QuadraticBound
from quadmeta.problems._weighted import design, mean_square

Array = Any


@dataclass(frozen=True, eq=False)
class TaskWeights(QuadraticBilevel):
    """One weight alpha_k >= 0 a task; L_2 is the mean squared error / 2 on a validation set.

    Args:
        tasks: (X_k (n_k, p), Y_k) for each task, equal p and outputs.
        validation: (X (n_2, p), Y).
        rho: ridge >= 0, not learned.
    """

    tasks: Sequence[tuple[Array, Array]]
    validation: tuple[Array, Array]
    rho: float = 0.0

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ValueError("tasks is empty: pass at least one (X, Y)")
        forms = [mean_square(*design(f"task {k}", *task)) for k, task in enumerate(self.tasks)]
        H2, B2, c2 = mean_square(*design("validation", *self.validation))
        for k, (gram, moment, _) in enumerate(forms):
            if gram.shape != H2.shape or moment.shape != B2.shape:
                raise ValueError(f"task {k} has p x outputs = {moment.shape}, validation {B2.shape}: pass equal ones")
        if not finite("rho", self.rho) >= 0:
            raise ValueError(f"rho = {self.rho!r} must be >= 0")
        for name, x in (("grams", np.array([f[0] for f in forms])), ("moments", np.array([f[1] for f in forms])),
                        ("outer_hessian", H2), ("outer_linear", B2), ("outer_constant", c2),
                        ("start", np.zeros(B2.size))):
            object.__setattr__(self, name, x)

    @property
    def hyperparameters(self) -> int:  # type: ignore[override]
        """Number of tasks."""
        return len(self.tasks)

    def bind(self, alpha: Array) -> QuadraticBound:
        """H = sum alpha_k X_k'X_k / n_k + rho I."""
        if (alpha < 0).any() or not alpha.any() and not self.rho:
            raise ValueError(f"alpha has the least entry {alpha.min()!r}: pass weights >= 0, not all 0 without a ridge")
        H = np.tensordot(alpha, getattr(self, "grams"), 1) + self.rho * np.eye(len(self.outer_hessian))
        return QuadraticBound(H, np.tensordot(alpha, getattr(self, "moments"), 1), self, alpha)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """<X_k'X_k / n_k, X> - <X_k'Y_k / n_k, V>."""
        return np.tensordot(getattr(self, "grams"), X, 2) - np.tensordot(getattr(self, "moments"), V, 2)

    def rows(self, alpha: Array, W: Array) -> Array:
        """Gradients of the tasks at W."""
        return getattr(self, "grams") @ W - getattr(self, "moments")

    def __repr__(self) -> str:
        return f"TaskWeights(tasks={len(self.tasks)}, p={self.outer_linear.shape[0]}, rho={self.rho:.6g})"
