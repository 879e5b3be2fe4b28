"""What a meta-objective is: a transform of the inner loss after T steps, as a function of the step size.

F(eta) = f(w_T) - floor = sum_i omega_i p_T(lambda_i; eta)^2. Several tasks are pooled: F is the mean over tasks, which
is one task with the union of the spectra and weights omega / m. With ``pooled=False`` each task keeps its own value.
"""
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._validate import plain, step_sizes
from quadmeta.arithmetic.exact import evaluate
from quadmeta.optimizers._base import LogMoments, Optimizer
from quadmeta.problems._base import QuadraticProblem

Array = Any
BLOCK = 2**14  # numbers in one temporary array, so that a block of a grid stays in cache


def energy(weights: Array, residual: tuple[Array, Array, Array], order: int) -> Array:
    """Derivative number ``order`` (0, 1, 2) of F = sum_i omega_i p_i^2 over the last axis, in any arithmetic."""
    p, p1, p2 = residual
    return (weights * (p * p, 2 * p * p1, 2 * (p1 * p1 + p * p2))[order]).sum(axis=-1)


@dataclass(frozen=True, eq=False)
class Objective(ABC):
    """Transform of F(eta), vectorised over step sizes and tasks, at a cost of O(d) a point whatever T.

    Args:
        problem: a quadratic inner problem, or a batch of m of them.
        optimizer: an inner optimizer whose step size is left free.
        pooled: average the losses of the tasks (scalar result a step size); False keeps the task axes, and step
            sizes broadcast against them.

    Temporary arrays hold at most ``BLOCK`` numbers (or one point's modes, if there are more).
    """

    problem: QuadraticProblem
    optimizer: Optimizer
    pooled: bool = True

    def __post_init__(self) -> None:
        if not self.optimizer.free:
            raise ValueError(f"{self.optimizer!r} has no free parameter: leave step_size out to tune it, or use "
                             "OuterLoss to tune a problem's hyperparameters")
        lam, omega = self.spectrum()
        if self.logarithmic:
            on = omega > 0
            if not on.any(axis=-1).all():
                raise ValueError(f"{type(self).__name__}: the initial error is zero, so the loss has no logarithm: "
                                 "start elsewhere, or use NaiveObjective")
            if (lam.max(axis=-1) == lam.min(axis=-1)).any():
                raise ValueError(f"{type(self).__name__}: kappa = 1, so the loss reaches 0 at eta = 1/L and its "
                                 "logarithm has a pole: pass two distinct active eigenvalues, or use NaiveObjective")

    logarithmic = False
    outer = "train"
    """The loss of w_T that is transformed: "train" is the inner loss itself."""

    @abstractmethod
    def transform(self, moments: LogMoments, order: int) -> Array:
        """The objective (order 0) or its derivative (1, 2) in eta from the moments of the loss."""

    @abstractmethod
    def chain(self, loss: Array) -> Array:
        """Derivative of the objective with respect to the loss F, in the arithmetic of ``loss``."""

    @abstractmethod
    def compose(self, derivatives: tuple[Array, ...]) -> Array:
        """The last of the objective's derivatives, from F, F', ... in plain arithmetic (and logarithms or roots)."""

    def __call__(self, theta: Array) -> Array:
        """The objective at step sizes ``theta`` >= 0 of any shape."""
        return self._at(theta, 0)

    def gradient(self, theta: Array) -> Array:
        """d/d eta of the objective: the exact meta-gradient."""
        return self._at(theta, 1)

    def curvature(self, theta: Array) -> Array:
        """d^2/d eta^2 of the objective."""
        return self._at(theta, 2)

    def minimizer(self) -> Array:
        """eta*_T, the step size that minimises the loss after T steps (the same for every monotone transform)."""
        return plain(self.optimizer.minimizer(*self.spectrum()))

    def spectrum(self) -> tuple[Array, Array]:
        """(eigenvalues, weights) of the loss: (D,) with active modes only where pooled, else (..., d) as batched."""
        return self._spectrum

    @cached_property
    def _spectrum(self) -> tuple[Array, Array]:
        modes = self.problem.modes()
        lam, omega = modes.eigenvalues, modes.weights
        if self.pooled:
            omega = omega / (omega.size // omega.shape[-1])
            on = omega.ravel() > 0
            return (lam.ravel()[on], omega.ravel()[on]) if on.any() else (lam.ravel()[:1], omega.ravel()[:1])
        # an inactive mode takes an active eigenvalue, so that no power of an irrelevant one overflows
        representative = np.take_along_axis(lam, np.argmax(omega, axis=-1)[..., None], axis=-1)
        return np.where(omega > 0, lam, representative), omega

    def moments(self, theta: Array) -> LogMoments:
        """Moments of the loss at step sizes >= 0, block by block."""
        eta = step_sizes("step_size", theta)
        lam, omega = self.spectrum()
        try:
            shape = np.broadcast_shapes(eta.shape, lam.shape[:-1])
        except ValueError:
            raise ValueError(f"step_size has shape {eta.shape}, the tasks {lam.shape[:-1]}: pass shapes that broadcast "
                             "(a new last axis for a grid over all tasks)") from None
        if eta.size and eta.max() * lam.max() > 1e150:
            raise ValueError(f"step_size = {eta.max():.3g} times the largest eigenvalue {lam.max():.3g} exceeds 1e150, "
                             "where products lose digits: rescale the problem")
        dead = np.broadcast_to(~omega.any(axis=-1), shape)  # w_0 = w_*: F = 0
        omega = np.where(omega.any(axis=-1, keepdims=True), omega, 1.0)
        eta = np.broadcast_to(eta, shape).ravel()
        rows = np.broadcast_to(np.arange(lam.size // lam.shape[-1]).reshape(lam.shape[:-1]), shape).ravel()
        lam, omega = (x.reshape(-1, x.shape[-1]) for x in (lam, omega))
        size = max(1, BLOCK // lam.shape[-1])
        parts = []
        for k in range(0, max(eta.size, 1), size):
            row = rows[k:k + size] if len(lam) > 1 else slice(None)
            parts.append(self.optimizer.log_moments(lam[row], omega[row], eta[k:k + size]))
        level, mean, variance = (np.concatenate(part).reshape(shape) for part in zip(*parts, strict=True))
        return LogMoments(np.where(dead, -np.inf, level), mean, variance)

    def _at(self, theta: Array, order: int) -> Array:
        return plain(self.transform(self.moments(theta), order))

    def exactly(self, theta: Array, order: int = 0, kind: str = "fraction", digits: int = 50) -> Array:
        """Derivative number ``order`` by the plain formula in another arithmetic: the data are taken as exact.

        Args:
            theta: step sizes; pass ``Fraction`` for exact ones.
            kind: "float64", "signlog", "interval", "fraction" or "mpmath" (at ``digits`` digits). Logarithms and
                roots themselves need "float64" or "mpmath"; their derivatives are rational.
        """
        modes = self.problem.modes()
        lam, data, tasks = modes.eigenvalues, modes.weights if modes.given else modes.error, 1
        if self.pooled:
            tasks, lam, data = lam.size // lam.shape[-1], lam.ravel(), data.ravel()

        def formula(lam: Array, data: Array, eta: Array) -> Array:
            omega = (data if modes.given else lam * data * data / 2) / tasks
            residual = self.optimizer.residual(lam, eta[..., None] if np.ndim(eta) else eta)
            return self.compose(tuple(energy(omega, residual, k) for k in range(order + 1)))
        return evaluate(formula, lam, data, theta, kind=kind, digits=digits)

    def definition(self, theta: Array, order: int = 0) -> Array:
        """The same quantity by T steps of the optimizer and its tangents: z = dw/d eta, y = d^2w/d eta^2, in float64.

        One step size; O(T d^2); overflows and underflows where the closed form does not.
        """
        eta = float(step_sizes("step_size", theta))
        problem = self.problem
        zero = np.zeros_like(problem.start)
        z, y, w = zero, zero, zero
        for t, new in enumerate(self.optimizer.run(problem.gradient, problem.start, eta)):
            if t:
                y = y - 2 * problem.hvp(w, z) - eta * problem.hvp(w, y)
                z = z - problem.gradient(w) - eta * problem.hvp(w, z)
            w = new
        g, hz = problem.gradient(w), problem.hvp(w, z)
        loss = (problem.loss(w) - problem.floor, (g * z).sum(axis=-1), (z * hz + g * y).sum(axis=-1))
        if self.pooled:
            loss = tuple(np.mean(x) for x in loss)
        return plain(self.compose(loss[:order + 1]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.problem!r}, {self.optimizer!r}{'' if self.pooled else ', each task'})"
