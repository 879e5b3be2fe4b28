"""Gradient descent with a step size for each step: p_T(lambda) = prod_t (1 - eta_t lambda)."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Floats, Numbers
from quadmeta._validate import natural, shaped
from quadmeta.arithmetic.residual import Factor, factor, log_abs, log_ratio, scaled
from quadmeta.optimizers.parts.base import LogLoss, Measure, PolynomialOptimizer
from quadmeta.optimizers.parts.linear_transition import LinearStep, LinearTransition
from quadmeta.optimizers.parts.one_step import one_step

_FACTORS = 64  # factors 1 - eta lambda multiplied before a logarithm is taken, at most
_DECADES = 140  # that such a product may span


@dataclass(frozen=True, repr=False)
class Schedule(PolynomialOptimizer):
    """w_{t+1} = w_t - eta_{t+1} grad f(w_t) for t < T = ``steps``; without ``step_sizes``, theta =
    (eta_1, ..., eta_T), T real numbers (unit 1/lambda), is tuned.

    Objectives do not depend on the order of the step sizes, floating-point runs do:
    ``schedules.lebedev_finogenov``.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or ``step_sizes`` are not T real numbers.

    Examples
    --------
    Two eigenvalues, two steps: the best schedule takes one step of 1/lambda for each.

    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 4.0], weights=[1.0, 1.0])
    >>> qm.NaiveObjective(problem, qm.Schedule(steps=2)).minimizer()
    array([0.25, 1.  ])
    """

    steps: int
    step_sizes: Numbers | None = None

    nonnegative = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        if self.step_sizes is not None:
            sizes = shaped("step_sizes", self.step_sizes, (self.steps,), "(T,), one a step")
            object.__setattr__(self, "step_sizes", tuple(sizes.tolist()))

    @property
    def free(self) -> tuple[str, ...]:
        """("step_sizes",) unless they are given."""
        if self.step_sizes is None:
            return ("step_sizes",)
        return ()

    @property
    def shape(self) -> tuple[int, ...]:
        """(T,), or (0,) where the step sizes are given."""
        if self.step_sizes is None:
            return (self.steps,)
        return (0,)

    @property
    def given(self) -> Any:
        """(eta_1, ..., eta_T).

        Raises
        ------
        ValueError
            they are free.
        """
        self.require_given()
        return self.step_sizes

    def __repr__(self) -> str:
        given = "" if self.step_sizes is None else ", step_sizes=(...)"
        return f"Schedule(steps={self.steps}{given})"

    def with_steps(self, steps: int) -> "Schedule":
        """The first of the given step sizes; a schedule of another length where none are given.

        Raises
        ------
        ValueError
            ``steps`` is not a whole number of at least 1, or more than there are step sizes.
        """
        steps = natural("steps", steps)
        if self.step_sizes is None:
            return Schedule(steps)
        if steps > self.steps:
            raise ValueError(
                f"steps = {steps} exceeds the {self.steps} step sizes of the schedule: pass at "
                "most that many"
            )
        return Schedule(steps, np.asarray(self.step_sizes)[:steps])

    def _entries(self, theta: Sequence[Arithmetic] | Array) -> Sequence[Any] | Array:
        if len(theta) != self.steps:
            raise ValueError(
                f"step_sizes has {len(theta)} entries, the schedule {self.steps} steps: pass one "
                "a step"
            )
        return theta

    def run(
        self, gradient: Callable[[Any], Any], start: Arithmetic, theta: Sequence[Arithmetic] | Array
    ) -> Iterator[Any]:
        """The T + 1 iterates from ``start`` (..., d), for T step sizes that are scalars or (...,
        1) each.
        """
        w = start
        yield w
        for eta in self._entries(theta):
            w = w - eta * gradient(w)
            yield w

    def transition(self) -> LinearTransition:
        """The weights alone, with the step size of each step."""
        sizes = self.given
        return LinearTransition(lambda t: LinearStep(((1,),), (-sizes[t],)))

    def residual(
        self, eigenvalues: Arithmetic, theta: Sequence[Arithmetic] | Array
    ) -> tuple[Any, Any, Any]:
        """p, dp/deta_t = -lambda prod_{s != t} a_s and lambda^2 prod_{r != s, t} a_r, in plain
        arithmetic, O(T^2 d).

        Products that leave factors out, no quotients: right where a factor is 0.
        """
        T = self.steps
        a = [1 - eta * eigenvalues for eta in self._entries(theta)]
        one = eigenvalues * 0 + 1
        left = [one]
        right = [one]
        for x, y in zip(a, reversed(a), strict=True):
            left.append(left[-1] * x)
            right.append(right[-1] * y)
        right.reverse()  # left[t] = a_0 ... a_{t-1}, right[t] = a_t ... a_{T-1}
        second = [[one * 0] * T for _ in range(T)]
        for s in range(T):
            inner = left[s] * eigenvalues**2
            for t in range(s + 1, T):
                second[s][t] = second[t][s] = inner * right[t + 1]
                inner = inner * a[t]
        first = tuple(-eigenvalues * left[t] * right[t + 1] for t in range(T))
        return left[-1], first, tuple(map(tuple, second))

    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """log F, its gradient -2 E[U] in O(dT), its Hessian 4 Cov(U) - 2 diag(E[U_t^2]) as a
        product in O(dT^2).

        U_t = lambda / a_t under pi_i = omega_i prod_t a_ti^2 / F. An eigenvalue with one factor
        a_ti = 0 has pi_i = 0 and counts omega_i lambda_i^2 prod_{s != t} a_si^2 / F in E[U_t^2]
        alone; with more of them it counts nothing.

        The error of an entry (s, t) is below 1e-13 times 4 E|U_s U_t| + 4 E|U_s| E|U_t|; at T = 1
        the second derivative is that of ``GradientDescent``, to all its digits.

        Args as in the base class; theta (..., T).

        Raises
        ------
        OverflowError
            F''/F exceeds float64.
        """
        T = self.steps
        x = factor(theta[..., None, :], eigenvalues[..., None])
        zero = x.value == 0
        zeros = zero.sum(axis=-1)
        weights = np.broadcast_to(weights, zeros.shape)
        with np.errstate(divide="ignore"):
            logs = np.log(np.abs(x.value)).sum(axis=-1)
            index = np.argmax(np.log(weights) / 2 + logs, axis=-1, keepdims=True)
        r = Factor(x.eta, *(_row(part, index) for part in x[1:]))
        vanished = (zeros > 0).all(axis=-1)[..., None]
        r = r._replace(value=np.where(r.value == 0, 1, r.value))
        with np.errstate(divide="ignore", over="ignore"):
            exponent = 2 * np.where(zero, -log_abs(r), log_ratio(x, r)).sum(axis=-1)
        omega_r = np.take_along_axis(weights, index, axis=-1)
        exclusive = scaled(weights, omega_r, exponent)
        v = np.where(zeros == 0, exclusive, 0)
        total = np.where(vanished, 1, v.sum(axis=-1, keepdims=True))
        level = 2 * log_abs(r).sum(axis=-1) + np.log(omega_r) + np.log(total)
        level = np.where(vanished, -np.inf, level)[..., 0]
        if order == 0:
            return LogLoss(level)
        pi = v / total
        a = np.where(zero, 1, x.value)
        u = x.eigenvalue / a
        mean = (pi[..., None] * u).sum(axis=-2)
        if order == 1:
            return LogLoss(level, -2 * mean)
        # u_i - u_r = (lambda_i - lambda_r) / (a_i a_r): a covariance of rounded u loses eps T
        shift = (x.eigenvalue - r.eigenvalue) / (a * r.value)
        root = np.sqrt(pi)[..., None]
        shift = root * (shift - (pi[..., None] * shift).sum(axis=-2, keepdims=True))
        with np.errstate(over="ignore", invalid="ignore"):
            curvature = 4 * np.swapaxes(shift, -1, -2) @ shift
            # E[U U'] by itself: a sum of Cov(U) and E[U] E[U]' cancels where U_s and U_t are large
            # in different modes
            u = root * u
            second = 4 * np.swapaxes(u, -1, -2) @ u
            lone = np.where((zeros == 1) & ~vanished, exclusive / total * eigenvalues**2, 0)
            alone = np.where(zero, lone[..., None], 0).sum(axis=-2)
            # the diagonal 4 Var - 2 E[U^2] = 2 Var - 2 E[U]^2, and 2 E[U^2] more from single zeros
            t = np.arange(T)
            curvature[..., t, t] = curvature[..., t, t] / 2 - 2 * mean**2 + 2 * alone
            second[..., t, t] = second[..., t, t] / 2 + 2 * alone
            slope = -2 * mean
            square = slope[..., :, None] * slope[..., None, :]
        if T == 1:
            one = one_step(weights, factor(theta, eigenvalues))
            second, curvature = (
                (2 * part)[..., None, None] for part in (one.spread + one.square, one.difference)
            )
        if not all(np.isfinite(part).all() for part in (second, curvature, square)):
            raise OverflowError(
                "a derivative of the loss relative to the loss exceeds float64: use "
                "objective.exactly"
            )
        return LogLoss(level, slope, second, curvature, (curvature + square / (2 * T)) / (2 * T))

    def short_log_loss(self, measure: Measure, theta: Floats) -> LogLoss:
        """log F and its gradient -2 E[U], U_t = lambda / a_t: a product and a division a factor, a
        logarithm for 64 (for fewer of large ones).

        F is good to about 4 T eps, the gradient to that times 2 E|U_t|; where a factor is 0 or a
        product may leave float64, as accurate as ``log_loss``.
        """
        if measure.wide:
            return super().short_log_loss(measure, theta)
        lam = measure.eigenvalues
        T = self.steps
        batch = np.shape(theta)[:-1]
        # [1 eta] times [1; -lambda]; further steps of size 0 change nothing
        left = np.ones((*batch, T + -T % _FACTORS, 2))
        left[..., :T, 1] = theta
        left[..., T:, 1] = 0
        right = np.ones((2, len(lam)))
        np.negative(lam, out=right[1])
        a = left @ right
        largest = 1 + float(np.abs(theta).max()) * measure.high
        factors = _FACTORS
        while factors > 1 and factors * math.log(largest) > _DECADES * math.log(10):
            factors = factors // 2
        product = np.multiply.reduce(a.reshape(*batch, factors, -1, len(lam)), axis=-3)
        np.abs(product, out=product)
        # nor does a partial product underflow, which the other factors multiply to this one
        if not product.min() > 1e-290 * largest**factors:
            return super().short_log_loss(measure, theta)
        score = 2 * np.log(product, out=product).sum(axis=-2)
        top = score.max(axis=-1, keepdims=True)
        pi = measure.weights * np.exp(score - top)
        total = pi.sum(axis=-1, keepdims=True)
        a = a[..., :T, :]
        np.divide(1.0, a, out=a)
        mean = (a @ (pi / total * lam)[..., None])[..., 0]
        return LogLoss((top + np.log(total))[..., 0], -2 * mean)

    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """The best schedule, ascending: its T-th iterate is that of conjugate gradients, so eta_t
        = 1 / theta_t.

        theta_t are the Ritz values: eigenvalues of the T x T Lanczos matrix of the measure omega_i
        lambda_i, made with full reorthogonalisation. Unique up to order while T is below the
        number n of distinct eigenvalues; from T = n on the loss is 0 at 1/lambda_i, and the T - n
        spare steps, which are free, repeat 1/lambda_max.

        The loss reacts to the rounding of the steps themselves, the more the better it is: beyond
        T of about 20 on a Hessian of real data, earlier for kappa of 1e6 and more, the best steps
        in float64 lose digits of it, or all.
        """
        shape = np.broadcast_shapes(np.shape(eigenvalues), np.shape(weights))
        lam, omega = (
            np.broadcast_to(x, shape).reshape(-1, shape[-1]) for x in (eigenvalues, weights)
        )
        rows = [
            np.sort(1 / self._ritz(x[o > 0], o[o > 0])) for x, o in zip(lam, omega, strict=True)
        ]
        return np.array(rows).reshape(shape[:-1] + self.shape)

    def _ritz(self, lam: Array, omega: Array) -> Array:
        distinct, place = np.unique(lam, return_inverse=True)
        T = self.steps
        n = len(distinct)
        if n <= T:
            return np.concatenate([distinct, np.full(T - n, distinct[-1])])
        mass = np.bincount(place, omega * lam)
        basis = np.zeros((T, n))
        diagonal = np.zeros(T)
        off = np.zeros(T)
        v = np.sqrt(mass / mass.sum())
        for t in range(T):
            basis[t] = v
            w = distinct * v
            diagonal[t] = v @ w
            for _ in range(2):
                w = w - basis[: t + 1].T @ (basis[: t + 1] @ w)
            off[t] = np.linalg.norm(w)
            v = w / off[t]
        matrix = np.diag(diagonal) + np.diag(off[:-1], 1) + np.diag(off[:-1], -1)
        return np.linalg.eigvalsh(matrix)


def _row(x: Array, index: Array) -> Array:
    """The row (..., 1, T) of x (..., d, T) or (..., d, 1) at index (..., 1)."""
    return np.take_along_axis(x, index[..., None], axis=-2)
