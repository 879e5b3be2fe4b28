"""Objectives that are a named loss of the trained weights: train, validation or population, as
they are.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta import _validate
from quadmeta._types import Array, Numbers
from quadmeta._validate import natural, number, plain
from quadmeta.arithmetic.exact import evaluate
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.base import Value
from quadmeta.objectives.parts.expected import ExpectedLoss
from quadmeta.objectives.parts.minima import Minima, Stationary, scanned, stationary
from quadmeta.objectives.parts.outer_grid import values_and_slopes
from quadmeta.objectives.parts.polynomial import PolynomialLoss, broadcast
from quadmeta.objectives.parts.short_losses import short_loss
from quadmeta.objectives.parts.slope_signs import ShortSlopes
from quadmeta.objectives.parts.tape import Tape
from quadmeta.objectives.parts.tuned import OptimizerObjective
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.parts.base import BLOCK
from quadmeta.problems.parts.losses import SeparableLoss
from quadmeta.problems.parts.regression import RegressionProblem
from quadmeta.problems.parts.stochastic import StochasticProblem


@dataclass(frozen=True, eq=False, repr=False)
class OuterObjective(OptimizerObjective):
    """The loss ``outer`` of w_T for a least-squares problem, mean over tasks (or each task),
    always as ``SignLog``.

    Parameters
    ----------
    truncation
        radius at which a diverging task is frozen, as in the paper's protocol (40 sigma there):
        from the first step with ||w_t|| >= radius it stays at that radius in a random direction,
        over which the loss is averaged. Values then jump at the edge and derivatives beyond it are
        0. None: no truncation.
    """

    problem: RegressionProblem | StochasticProblem
    truncation: float | None = None
    outer = "train"
    """Name of the loss of w_T: "train", "validation" or "population"."""

    def __post_init__(self) -> None:
        self._read_arguments()
        if self.truncation is not None:
            radius = number(
                "truncation", self.truncation, above=0, remedy="pass a radius > 0, or None"
            )
            object.__setattr__(self, "truncation", radius)
        if isinstance(self.problem, StochasticProblem):
            super().__post_init__()
            if self.truncation is not None:
                raise ValueError(
                    "truncation needs realised tasks: an expected loss of SGD has none, leave it "
                    "off"
                )
            self.problem.expected(1, 0.0, self.outer)  # refuses an outer loss that is not defined
            return
        if not isinstance(self.problem, RegressionProblem):
            raise ValueError(
                f"{type(self).__name__} needs a least-squares problem, not {self.problem!r}: use "
                "NaiveObjective or LogObjective"
            )
        super().__post_init__()
        if self.optimizer.shape:
            raise ValueError(
                f"{type(self).__name__} tunes one number, {self.optimizer!r} leaves "
                f"{self.optimizer.shape[0]} free: give all but one, or use NaiveObjective"
            )
        if self.truncation is not None and not isinstance(self.optimizer, GradientDescent):
            raise ValueError(
                f"truncation follows gradient descent, not {self.optimizer!r}: leave it off"
            )
        self.problem.require(self.optimizer.steps)
        loss = self.problem.outer(self.outer)
        if self.truncation is not None:
            if loss.frozen is None:
                raise ValueError(
                    "truncation needs realised tasks: draw LeastSquares, or leave it off"
                )
        object.__setattr__(self, "_loss", loss)

    @cached_property
    def source(self) -> PolynomialLoss | ExpectedLoss:
        """As for every objective; an expected training loss is taken with its floor."""
        if isinstance(self.problem, StochasticProblem):
            floor = float(self.problem.floor) if self.outer == "train" else 0.0
            return ExpectedLoss(self.problem, self.optimizer, self.outer, floor)
        return super().source

    @property
    def _regression(self) -> RegressionProblem:
        if not isinstance(self.problem, RegressionProblem):
            raise ValueError(
                f"{self.problem!r} has noisy gradients and no modes: of values, derivatives and "
                "minimizer "
                "its objectives have no more"
            )
        return self.problem

    def _require_gradient_descent(self) -> None:
        if not isinstance(self.optimizer, GradientDescent):
            raise ValueError(
                f"minima are searched for GradientDescent, not {self.optimizer!r}: scan the "
                "values, which "
                "have many local minima"
            )

    def tape(
        self,
        theta: Numbers,
        *,
        dtype: str = "float64",
        start: Numbers | None = None,
        renormalised: bool = False,
    ) -> Tape:
        """None: a tape of the step size knows the inner loss alone.

        Raises
        ------
        ValueError
            always.
        """
        raise ValueError(
            f"{type(self).__name__} scores w_T by another loss than the inner one, a tape of the "
            "step size knows the inner one: use its own gradient"
        )

    def __call__(self, theta: Numbers) -> SignLog:
        """The loss of w_T at step sizes ``theta`` of any shape."""
        value: SignLog = super().__call__(theta)
        return value

    def gradient(self, theta: Numbers) -> SignLog:
        """Its derivative in the step size: the exact meta-gradient."""
        value: SignLog = super().gradient(theta)
        return value

    def _at(self, theta: Numbers, order: int) -> Value:
        if isinstance(self.source, ExpectedLoss):
            return self.source.value(theta, order)
        points, lam, shape = self._points(theta)
        signs = np.empty(points.shape)
        logs = np.empty(points.shape)
        loss: Any = getattr(self, "_loss")
        size = max(1, BLOCK // loss.width)
        if self.truncation is None:
            # tasks at once, where the points of one do not fill a block
            many = max(1, size // max(1, len(points)))
            for k in range(0, len(lam), many):
                tasks = slice(k, k + many)
                some = loss.task(tasks)
                for start in range(0, len(points), size):
                    part = slice(start, start + size), tasks
                    q = self.polynomial.signed_residual(lam[tasks], points[part], order)
                    value = some.derivative(q, order)
                    signs[part], logs[part] = value.sign, value.log
        else:
            for k in range(len(lam)):
                one = loss.task(k)
                for start in range(0, len(points), size):
                    block = slice(start, start + size)
                    value = self._task(one, lam[k], points[block, k], order, k)
                    signs[block, k], logs[block, k] = value.sign, value.log
        values = SignLog(signs, logs)
        if self.pooled:
            values = values.sum(axis=-1) / len(lam)
        return values.reshape(shape)

    def scan(self, theta: Numbers) -> tuple[Array, ...]:
        """(J, J') at once in float64 by a short kernel, to draw or to search on a grid; shapes as
        for the two calls.

        Gradient descent without truncation on realised or averaged tasks; others as the two calls.
        The rounding of 1 - eta lambda counts T times: errors are about 4 T eps times the sum of
        the magnitudes that are added.

        Raises
        ------
        OverflowError
            a diverging value that float64 cannot hold; the objective itself holds it as
            ``SignLog``.
        """
        short = not isinstance(self.source, ExpectedLoss) and isinstance(
            self.optimizer, GradientDescent
        )
        if not short or self.truncation is not None:
            return self(theta).to_float(), self.gradient(theta).to_float()
        points, lam, shape = self._points(theta)
        loss = getattr(self, "_loss")
        value, slope = (x.T for x in values_and_slopes(loss, lam, points.T, self.optimizer.steps))
        if not (np.isfinite(value).all() and np.isfinite(slope).all()):
            raise OverflowError(
                "the loss of a diverging run exceeds float64: pass smaller step sizes, or call the "
                "objective, whose values are SignLog"
            )
        if self.pooled:
            value = value.mean(axis=-1)
            slope = slope.mean(axis=-1)
        return plain(value.reshape(shape)), plain(slope.reshape(shape))

    def _points(self, theta: Numbers) -> tuple[Array, Array, tuple[int, ...]]:
        """One row of points for each task, (P, tasks); eigenvalues (tasks, r); the shape of the
        result.
        """
        eta = self.optimizer.read(theta)
        lam = self._regression.modes().eigenvalues
        tasks = lam.shape[:-1]
        lam = lam.reshape(-1, lam.shape[-1])
        if self.pooled:
            return np.broadcast_to(eta.reshape(-1, 1), (eta.size, len(lam))), lam, eta.shape
        shape = broadcast(eta.shape, tasks, self.polynomial)
        return np.broadcast_to(eta, shape).reshape(-1, len(lam)), lam, shape  # task axes last

    def _task(self, loss: Any, lam: Array, eta: Array, order: int, k: int) -> SignLog:
        value: SignLog = loss.derivative(self.polynomial.signed_residual(lam, eta, order), order)
        lost = self.frozen(lam, self._regression.fitted.reshape(-1, len(lam))[k], eta)
        offset, slope = loss.frozen
        instead = SignLog.of(
            np.where(lost & (order == 0), offset + slope * (self.truncation or 0.0) ** 2, 0.0)
        )
        return SignLog(
            np.where(lost, instead.sign, value.sign), np.where(lost, instead.log, value.log)
        )

    def frozen(self, lam: Array, fitted: Array, eta: Array) -> Array:
        """Whether ||w_t|| reaches the truncation radius at some t <= T, for one task (r,) at step
        sizes (P,).
        """
        lost = np.zeros(eta.shape, dtype=bool)
        a = 1 - np.multiply.outer(eta, lam)
        q = np.ones_like(a)
        size2 = float(self.truncation or 0.0) ** 2
        # |1 - q_t| <= 2 while |a| <= 1, so a stable step size cannot reach twice the norm of the
        # solution
        open_ = (np.abs(a).max(axis=-1) > 1) | (4 * (fitted**2).sum() >= size2)
        for _ in range(self.optimizer.steps):
            if not open_.any():
                break
            q = q * a
            lost |= open_ & ((((1 - q) * fitted) ** 2).sum(axis=-1) >= size2)
            open_ &= ~lost
            q[~open_] = 0.0
        return lost

    def exactly(
        self, theta: Numbers, order: int = 0, kind: str = "fraction", digits: int = 50
    ) -> Value:
        """As for other objectives, for one task with a separable loss."""
        order = _validate.order(order)
        if isinstance(theta, tuple):
            theta = list(theta)
        if isinstance(self.source, ExpectedLoss):
            return self.source.exactly(_last, theta, order, kind, digits)
        loss: Any = getattr(self, "_loss")
        if not isinstance(loss, SeparableLoss) or loss.signal.ndim > 1:
            raise ValueError(
                "exact arithmetic needs one task and a separable loss: a realised validation set "
                "has none"
            )
        self.optimizer.read(theta)

        def formula(
            lam: Array, signal: Array, cross: Array, noise: Array, constant: Array, eta: Array
        ) -> Value:
            residual = self.polynomial.residual(lam, eta[..., None] if np.ndim(eta) else eta)
            return SeparableLoss(signal, cross, noise, constant).derivative(residual, order)

        return evaluate(
            formula,
            self._regression.modes().eigenvalues,
            loss.signal,
            loss.cross,
            loss.noise,
            float(loss.constant),
            theta,
            kind=kind,
            digits=digits,
        )

    def definition(self, theta: Numbers, order: int = 0) -> Value:
        """The same by T steps on the mode residuals, from q_0 = 1, with the derivatives of every
        iterate.
        """
        order = _validate.order(order)
        if isinstance(self.source, ExpectedLoss):
            return plain(_last(self.source.definition(theta, order)))
        eta = number("step_size", theta, least=0 if self.optimizer.nonnegative else -np.inf)
        lam = self._regression.modes().eigenvalues
        jet = Jet.parameters([eta])[0]
        q: Any = np.ones_like(lam)
        along = self.polynomial.along(lam, jet)
        for iterate in self.optimizer.run(along, np.ones_like(lam), jet):
            q = iterate
        d = lam.shape[-1]
        loss = getattr(self, "_loss")
        rows = [
            np.broadcast_to(x, lam.shape).reshape(-1, d)
            for x in (q.value, q.first[0], q.second[0][0])
        ]
        each = [
            float(
                loss.task(k)
                .derivative(tuple(SignLog.of(x[k : k + 1]) for x in rows), order)
                .to_float()[0]
            )
            for k in range(len(rows[0]))
        ]
        if self.pooled or lam.ndim == 1:
            return float(np.mean(each))
        return np.reshape(each, lam.shape[:-1])

    def minimizer(self) -> Value:
        """The best of ``minima()``; of SGD the best below the mean-square limit."""
        if isinstance(self.source, ExpectedLoss):
            return self.source.minimizer()
        return self._stationary().lowest(self)

    def scanned(self, rounds: int = 4) -> float:
        """The best stable step size (eta < 2 / lambda_max) by a scan of 61 points, then ``rounds``
        - 1 scans of 21 around the best: values only, cheap for many tasks, to about 1e-4.
        ``minimizer`` is exact, knows all minima.
        """
        self._require_gradient_descent()
        rounds = natural("rounds", rounds)
        high = 2 / float(np.max(self._regression.modes().eigenvalues))
        plain_mean = self.pooled and self.truncation is None
        return scanned(self, self._short if plain_mean else None, high, rounds)

    def minima(self) -> Minima:
        """All local minima found in eta >= 0, pooled: sign changes of the derivative on a grid,
        bisected to rounding.

        Neither train-by-validation nor the population risk is unimodal: for even T the mirror
        image of the best step, beyond 1/lambda, can be a second minimum. The grid has 600 points
        even in log eta from 1e-6 / (T lambda_max), 600 even ones, and 600 approaching 2 /
        lambda_max; a pair of stationary points between two of them is missed.
        """
        return self._stationary().described(self)

    def _stationary(self) -> Stationary:
        if not self.pooled or self.truncation is not None:
            raise ValueError(
                "minima are those of the pooled objective without truncation: leave both as they "
                "are"
            )
        lam = self._regression.modes().eigenvalues
        self._require_gradient_descent()
        return stationary(self, self._short, self.optimizer.steps, float(lam.max()))

    @cached_property
    def _short(self) -> ShortSlopes:
        """Values and signs of the derivative without their last digits."""
        lam = self._regression.modes().eigenvalues
        lam = lam.reshape(-1, lam.shape[-1])
        T = self.optimizer.steps
        loss = short_loss(getattr(self, "_loss"), -T / lam.max() * lam)
        return ShortSlopes(loss, lam if loss.apart else lam.reshape(1, -1), T)


def _last(derivatives: tuple[Array, ...]) -> Array:
    """The last of F, F', ...: the objective is the loss itself."""
    return derivatives[-1]
