"""Weighted sums of least-squares tasks: L_1 = sum_k phi_k(alpha) ||X_k W - Y_k||^2 / (2 n_k) + rho ||W||^2 / 2."""
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from quadmeta._validate import finite
from quadmeta.problems._bilevel import QuadraticBilevel, QuadraticBound
from quadmeta.problems._weighted import design, mean_square

Array = Any


class WeightedTasks(QuadraticBilevel):
    """The task k has the Gram matrix X_k'X_k / n_k, the moment X_k'Y_k / n_k and a weight phi_k >= 0."""

    grams: Array
    """(tasks, p, p)"""
    moments: Array
    """(tasks, p, outputs)"""
    constants: Array
    """(tasks,) ||Y_k||^2 / (2 n_k)."""
    rho: float

    def _store(self, tasks: Sequence[tuple[Array, Array]], outer: str, held_out: tuple[Array, Array]) -> None:
        forms = [mean_square(*design(f"task {k}", *task)) for k, task in enumerate(tasks)]
        H2, B2, c2 = mean_square(*design(outer, *held_out))
        for k, (gram, moment, _) in enumerate(forms):
            if gram.shape != H2.shape or moment.shape != B2.shape:
                raise ValueError(f"task {k} has p x outputs = {moment.shape}, {outer} {B2.shape}: pass equal ones")
        if not finite("rho", self.rho) >= 0:
            raise ValueError(f"rho = {self.rho!r} must be >= 0")
        grams, moments, constants = (np.array(part) for part in zip(*forms, strict=True))
        for name, x in (("grams", grams), ("moments", moments), ("constants", constants), ("outer_hessian", H2),
                        ("outer_linear", B2), ("outer_constant", c2), ("start", np.zeros(B2.size))):
            object.__setattr__(self, name, x)

    @abstractmethod
    def weights(self, alpha: Array) -> Array:
        """phi (tasks,), refused if one is negative."""

    @abstractmethod
    def _chain(self, alpha: Array, values: Array) -> Array:
        """d phi_k / d alpha_k times one value (or array) for each task, learned tasks only."""

    def bind(self, alpha: Array) -> QuadraticBound:
        """H = sum phi_k X_k'X_k / n_k + rho I."""
        phi = self.weights(alpha)
        H = np.tensordot(phi, self.grams, 1) + self.rho * np.eye(len(self.outer_hessian))
        return QuadraticBound(H, np.tensordot(phi, self.moments, 1), self, alpha)

    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """phi_k' (<X_k'X_k / n_k, X> - <X_k'Y_k / n_k, V>)."""
        return self._chain(alpha, np.tensordot(self.grams, X, 2) - np.tensordot(self.moments, V, 2))

    def rows(self, alpha: Array, W: Array) -> Array:
        """phi_k' times the gradient of task k at W."""
        return self._chain(alpha, self.grams @ W - self.moments)

    def losses(self, w: Array) -> Array:
        """||X_k W - Y_k||^2 / (2 n_k) of every task, shape (tasks,)."""
        W = np.reshape(w, self.outer_linear.shape)
        return ((W * (self.grams @ W)) / 2 - self.moments * W).sum(axis=(1, 2)) + self.constants
