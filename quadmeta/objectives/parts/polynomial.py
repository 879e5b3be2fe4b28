"""The loss of a quadratic problem after T steps of a method with a residual polynomial, F = sum_i
omega_i p_i^2.

Several tasks are pooled: F is the mean over tasks, one task with the union of the spectra and
weights omega / m.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta.arithmetic.container import Container
from quadmeta.arithmetic.exact import evaluate
from quadmeta.arithmetic.jet import Jet
from quadmeta.objectives.parts.base import Value
from quadmeta.optimizers.parts.base import BLOCK, LogLoss, Measure, OneTask, PolynomialOptimizer
from quadmeta.optimizers.parts.generic import residual_of_run
from quadmeta.problems.parts.base import QuadraticProblem

# so many tasks take less time one after the other than as an array, at one step size
FEW = 8


def energy(weights: Array, residual: tuple[Any, ...], order: int) -> Value:
    """Derivative number ``order`` (0, 1, 2) of F = sum_i omega_i p_i^2 over the last axis, in any
    arithmetic.

    Derivatives of p in a vector of k parameters are sequences; the result then has further leading
    axes of length k.
    """
    p = residual[0]
    if not order:
        return (weights * (p * p)).sum(axis=-1)
    p1 = residual[1]
    if order == 1 and isinstance(p1, Sequence):
        return _stack([2 * (weights * p * a).sum(axis=-1) for a in p1])
    if order == 1:
        return (weights * (2 * p * p1)).sum(axis=-1)
    p2 = residual[2]
    if not isinstance(p1, Sequence):
        return (weights * (2 * (p1 * p1 + p * p2))).sum(axis=-1)
    rows = [
        [2 * (weights * (a * b + p * ab)).sum(axis=-1) for b, ab in zip(p1, row, strict=True)]
        for a, row in zip(p1, p2, strict=True)
    ]
    return _stack([_stack(row) for row in rows])


def broadcast(
    batch: tuple[int, ...], tasks: tuple[int, ...], optimizer: PolynomialOptimizer
) -> tuple[int, ...]:
    """Common shape of a batch of parameters and the task axes."""
    try:
        return np.broadcast_shapes(batch, tasks)
    except ValueError:
        raise ValueError(
            f"{' and '.join(optimizer.free)} has shape {batch}, the tasks {tasks}: pass shapes "
            "that "
            "broadcast (a new last axis for a grid over all tasks)"
        ) from None


def _stack(values: Sequence[Array]) -> Array:
    first = values[0]
    if isinstance(first, Container):
        return first._make(
            *(np.stack(parts) for parts in zip(*(v._parts for v in values), strict=True))
        )
    return np.array(values)


@dataclass(frozen=True, eq=False)
class PolynomialLoss:
    """F of a problem and an optimizer, mean over tasks or (``pooled=False``) each task."""

    problem: QuadraticProblem
    optimizer: PolynomialOptimizer
    pooled: bool

    def require_logarithm(self, name: str) -> None:
        """Refuse a loss that is 0 at w_0, or at eta = 1/L."""
        lam, omega = self.spectrum
        if lam.ndim == 1 and omega[0] > 0 and lam[0] != lam[-1]:
            return
        if not (omega > 0).any(axis=-1).all():
            raise ValueError(
                f"{name}: the initial error is zero, so the loss has no logarithm: start "
                "elsewhere, or "
                "use NaiveObjective"
            )
        if (lam.max(axis=-1) == lam.min(axis=-1)).any():
            raise ValueError(
                f"{name}: kappa = 1, so the loss reaches 0 at eta = 1/L and its logarithm has a "
                "pole: "
                "pass two distinct active eigenvalues, or use NaiveObjective"
            )

    def minimizer(self) -> Array:
        """theta*, one for each task that is not pooled."""
        return np.array(self._best)

    @cached_property
    def _best(self) -> Array:
        """The minimiser, which several bounds ask for."""
        return self.optimizer.minimizer(*self.spectrum)

    @cached_property
    def exponent(self) -> int:
        """The weights of ``spectrum`` are in units of 2^exponent, and so is an optimizer's F."""
        return self.problem.modes().exponent

    @cached_property
    def spectrum(self) -> tuple[Array, Array]:
        """(eigenvalues, weights): (D,) with active modes only where pooled, else (..., d) as
        batched.
        """
        modes = self.problem.modes()
        lam = modes.eigenvalues
        omega = modes.weights
        if self.pooled and omega.ndim == 1 and np.count_nonzero(omega) == omega.size:
            return lam, omega
        if self.pooled:
            omega = omega / (omega.size // omega.shape[-1])
            on = omega.ravel() > 0
            if on.any():
                return (lam.ravel()[on], omega.ravel()[on])
            return (lam.ravel()[:1], omega.ravel()[:1])
        # an inactive mode takes an active eigenvalue, so that no power of an irrelevant one
        # overflows
        representative = np.take_along_axis(lam, np.argmax(omega, axis=-1)[..., None], axis=-1)
        return np.where(omega > 0, lam, representative), omega

    @cached_property
    def _tasks(self) -> tuple[OneTask, ...]:
        """The loss of each of few tasks at one number; none where the optimizer has no short form
        of one.
        """
        lam, omega = (x.reshape(-1, x.shape[-1]) for x in self.spectrum)
        if self.optimizer.shape or len(lam) > FEW:
            return ()
        found = [self.optimizer.one_task(*modes) for modes in zip(lam, omega, strict=True)]
        return tuple(task for task in found if task is not None and None not in found)

    @cached_property
    def one_task(self) -> OneTask | None:
        """The loss of the only task at one number, where there is a short form of it."""
        if self._tasks and self.spectrum[0].ndim == 1:
            return self._tasks[0]
        return None

    def _one_by_one(self, theta: float, order: int) -> LogLoss | None:
        """``log_loss`` of one number, task by task; None where the optimizer is to be asked."""
        if self.one_task is not None:
            return self.one_task.log_loss(theta, order)
        found = [task.log_loss(theta, order) for task in self._tasks]
        if not found or None in found:
            return None
        tasks = self.spectrum[0].shape[:-1]
        return LogLoss(
            *(
                None if part[0] is None else np.reshape(part, tasks)
                for part in zip(*found, strict=True)
            )
        )

    def log_loss(self, theta: Numbers, order: int = 2) -> LogLoss:
        """log F and the relative derivatives of F at ``theta``, block by block."""
        if isinstance(theta, float):
            found = self._one_by_one(float(theta), order)
            if found is not None:
                return self._scaled(found)
        shape_of_one = self.optimizer.shape
        theta = self.optimizer.read(theta)
        batch = theta.shape[: theta.ndim - len(shape_of_one)]
        lam, omega = self.spectrum
        shape = broadcast(batch, lam.shape[:-1], self.optimizer)
        self._require_range(theta)
        dead = np.broadcast_to(~omega.any(axis=-1), shape)  # w_0 = w_*: F = 0
        omega = np.where(omega.any(axis=-1, keepdims=True), omega, 1.0)
        theta = np.broadcast_to(theta, (*shape, *shape_of_one)).reshape(-1, *shape_of_one)
        rows = np.broadcast_to(
            np.arange(lam.size // lam.shape[-1]).reshape(lam.shape[:-1]), shape
        ).ravel()
        lam, omega = (x.reshape(-1, x.shape[-1]) for x in (lam, omega))
        size = max(1, BLOCK // (lam.shape[-1] * math.prod(shape_of_one)))
        parts = []
        for k in range(0, max(len(theta), 1), size):
            row = rows[k : k + size] if len(lam) > 1 else slice(None)
            parts.append(self.optimizer.log_loss(lam[row], omega[row], theta[k : k + size], order))
        joined = LogLoss(
            *(
                None
                if part[0] is None
                else np.concatenate(part).reshape((*shape, *part[0].shape[1:]))
                for part in zip(*parts, strict=True)
            )
        )
        return self._scaled(joined._replace(level=np.where(dead, -np.inf, joined.level)))

    def _scaled(self, loss: LogLoss) -> LogLoss:
        """The loss in its own units: its logarithm gains that of 2^exponent, relative derivatives
        stay.
        """
        if self.exponent:
            return loss._replace(level=loss.level + self.exponent * math.log(2))
        return loss

    @cached_property
    def measure(self) -> Measure:
        """The spectral measure of each task, on one axis, or the one of all where pooled."""
        lam, omega = self.spectrum
        if lam.ndim == 1:
            return Measure.of(lam, omega)
        return Measure.of(*(x.reshape(-1, x.shape[-1]) for x in (lam, omega)))

    @cached_property
    def largest(self) -> float:
        """The largest parameter whose products keep their digits."""
        high = self.measure.high
        if isinstance(high, float):
            return 1e150 / high
        return 1e150 / float(high.max())

    def short_log_loss(self, theta: Numbers) -> LogLoss:
        """log F and F'/F at ``theta`` by the optimizer's short kernel."""
        one = self.optimizer.shape
        measure = self.measure
        alone = measure.eigenvalues.ndim == 1
        if alone and not one and isinstance(theta, float) and 0 <= theta * measure.high <= 1e150:
            return self._scaled(self.optimizer.short_log_loss(measure, theta))
        theta = self.optimizer.read(theta)
        if alone and one and theta.shape == one:
            self._require_range(theta)
            return self._scaled(self.optimizer.short_log_loss(measure, theta))
        tasks = self.spectrum[0].shape[:-1]
        shape = broadcast(theta.shape[: theta.ndim - len(one)], tasks, self.optimizer)
        self._require_range(theta)
        # task axes last, so that column k holds the parameters of task k
        theta = np.broadcast_to(theta, (*shape, *one)).reshape(-1, math.prod(tasks), *one)
        found = self.optimizer.short_scan(measure, theta)
        slope = found.slope.reshape((*shape, *one))
        return self._scaled(LogLoss(found.level.reshape(shape), slope))

    def _require_range(self, theta: Array) -> None:
        if theta.size and np.abs(theta).max() > self.largest:
            raise ValueError(
                f"step_size = {np.abs(theta).max():.3g} times the largest eigenvalue "
                f"{1e150 / self.largest:.3g} exceeds 1e150, where products lose digits: rescale "
                "the "
                "problem"
            )

    def exactly(
        self,
        compose: Callable[[tuple[Array, ...]], Value],
        theta: Numbers,
        order: int,
        kind: str,
        digits: int,
    ) -> Value:
        """``compose`` of F and its derivatives up to ``order``, in one arithmetic with the data
        taken as exact.
        """
        if isinstance(theta, tuple):
            theta = list(theta)
        shape = self.optimizer.read(theta).shape
        if len(shape) > 1 and self.optimizer.shape:
            raise ValueError(
                f"theta has shape {shape}: exact arithmetic takes one vector of parameters"
            )
        modes = self.problem.modes()
        lam = modes.eigenvalues
        if modes.given:
            data = modes.unscaled
        else:
            data = modes.error
        tasks = 1
        if self.pooled:
            tasks = lam.size // lam.shape[-1]
            lam = lam.ravel()
            data = data.ravel()

        def formula(lam: Array, data: Array, eta: Array) -> Value:
            omega = (data if modes.given else lam * data * data / 2) / tasks
            spread = np.ndim(eta) > len(self.optimizer.shape)
            at = eta[..., None] if spread else eta
            residual = self.optimizer.short_residual(lam, at, order)
            return compose(tuple(energy(omega, residual, k) for k in range(order + 1)))

        return evaluate(formula, lam, data, theta, kind=kind, digits=digits)

    def definition(self, theta: Numbers, order: int) -> tuple[Array, ...]:
        """F and its derivatives by T steps of the optimizer with the derivatives of every iterate,
        in float64.
        """
        read = self.optimizer.read(theta)
        if read.shape != self.optimizer.shape:
            raise ValueError(f"theta has shape {read.shape}: a definition takes one theta")
        if self.optimizer.preconditions:
            return self._by_modes(read, order)
        problem = self.problem
        vector = bool(self.optimizer.shape)
        jets = Jet.parameters(np.atleast_1d(read).tolist())

        def of_jet(w: Jet) -> Jet:
            tangent = w.map(lambda v: problem.hvp(w.value, v))
            return Jet(problem.gradient(w.value), tangent.first, tangent.second)

        def gradient(w: Array | Jet) -> Array | Jet:
            if isinstance(w, Jet):
                return of_jet(w)
            return problem.gradient(w)

        last: Any = problem.start
        for iterate in self.optimizer.run(gradient, problem.start, jets if vector else jets[0]):
            last = iterate
        # F' = <g, w'>, F'' = <w', H w'> + <g, w''>
        g = problem.gradient(last.value)
        Hw = of_jet(last)
        slope = [(g * z).sum(axis=-1) for z in last.first]
        second = [
            [
                (z * Hy).sum(axis=-1) + (g * zy).sum(axis=-1)
                for Hy, zy in zip(Hw.first, row, strict=True)
            ]
            for z, row in zip(last.first, last.second, strict=True)
        ]
        loss: list[Any] = [problem.loss(last.value) - problem.floor, slope, second]
        if not vector:
            loss[1:] = slope[0], second[0][0]
        derivatives = tuple(np.asarray(x) for x in loss[: order + 1])
        if self.pooled:
            derivatives = tuple(
                x.reshape(*x.shape[: k * vector], -1).mean(axis=-1)
                for k, x in enumerate(derivatives)
            )
        return derivatives

    def _by_modes(self, theta: Array, order: int) -> tuple[Array, ...]:
        """The same by the steps in the coordinates of the eigenvectors, for a method that
        preconditions by H.
        """
        lam, omega = self.spectrum
        residual = residual_of_run(self.optimizer, lam, theta)
        scale = 2.0**self.exponent
        return tuple(np.asarray(scale * energy(omega, residual, k)) for k in range(order + 1))
