"""Gradient descent with a constant step size: p_T(lambda) = (1 - eta lambda)^T."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Floats
from quadmeta.arithmetic.residual import factor, log_abs, log_ratio, pick, scaled, take
from quadmeta.arithmetic.response import response
from quadmeta.arithmetic.scan import short_power
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers.parts.balance import balanced_step
from quadmeta.optimizers.parts.base import LogLoss, Measure, PolynomialOptimizer, Response
from quadmeta.optimizers.parts.constant import ConstantStep
from quadmeta.optimizers.parts.grid import largest_factor, log_losses
from quadmeta.optimizers.parts.moments import (
    LogMoments as LogMoments,
    finite,
    log_loss_of,
    variance_of,
)
from quadmeta.optimizers.parts.one_step import one_step
from quadmeta.optimizers.parts.one_task import OneTask
from quadmeta.optimizers.parts.transition import PlainStep

# times max |a|, if that is below 1: beyond this T the rounding of a leaves few digits
_LONGEST = 10**13


@dataclass(frozen=True, repr=False)
class GradientDescent(ConstantStep, PolynomialOptimizer):
    """w_{t+1} = w_t - eta grad f(w_t) for t < T = ``steps``; without ``step_size``, eta (unit
    1/lambda) is tuned.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or ``step_size`` is not a number > 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 4.0], weights=[1.0, 1.0])
    >>> G = qm.LogObjective(problem, qm.GradientDescent(steps=10))
    >>> round(G(0.3), 6), round(G.minimizer(), 6)
    (-0.71335, 0.391436)
    """

    def residual(self, eigenvalues: Arithmetic, theta: Arithmetic) -> tuple[Any, Any, Any]:
        """p = a^T, p' = -T lambda a^(T-1), p'' = T (T-1) lambda^2 a^(T-2) with a = 1 - eta lambda.

        Plain ``+ - * **``: float64, SignLog, Interval, Fraction and mpf alike; cancels near a = 0
        in rounded types.
        """
        T = self.steps
        a = 1 - theta * eigenvalues
        second = T * (T - 1) * eigenvalues**2 * a ** max(T - 2, 0)
        return a**T, -T * eigenvalues * a ** (T - 1), second

    def response(self, eigenvalues: Array) -> Response:
        """S = eta sum_{k<T} a^k, S[x, y] = -eta^2 h_{T-2}(1, a_x, a_y), in O(d^2) whatever T."""
        eta = np.float64(self.given)
        moved, slopes, shift = response(eta, eigenvalues, self.steps)
        a = factor(eta, eigenvalues)
        with np.errstate(divide="ignore"):
            power = np.sign(a.value) ** self.steps * np.exp(self.steps * log_abs(a) - shift)
        return Response(power, moved, slopes, shift)

    def transition(self) -> PlainStep:
        """The weights alone; A v = v - eta H v."""
        return PlainStep(self.given)

    def signed_residual(
        self, eigenvalues: Array, theta: Array, order: int = 2
    ) -> tuple[SignLog, ...]:
        """The same up to this order as SignLog from the accurate log |a|, so that 1 - p_T keeps its
        digits for tiny eta lambda.

        Args as for ``log_moments``; the relative error of each is about eps max(1, T |log |a||).
        """
        T = self.steps
        x = factor(np.asarray(theta)[..., None], eigenvalues)
        a = SignLog(np.sign(x.value), log_abs(x))
        if order == 0:
            return (a**T,)
        lam = SignLog.of(np.broadcast_to(eigenvalues, x.value.shape))
        first: SignLog = -T * lam * a ** (T - 1)
        if order == 1:
            return a**T, first
        return a**T, first, T * (T - 1) * lam**2 * a ** max(T - 2, 0)

    def log_moments(
        self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2
    ) -> LogMoments:
        """log F, E_pi[u], Var_pi(u) with u = lambda / a, in O(d) whatever T; no power a^(2T) is
        ever formed.

        Parameters
        ----------
        eigenvalues
            (..., d), positive.
        weights
            (..., d) spectral weights omega > 0 (0: ignored).
        theta
            (...) step sizes that broadcast against the leading axes.
        order
            without derivatives of order 2 the variance is None.

        Where F = 0 (one distinct eigenvalue and eta = 1/lambda) the level is -inf and the moments
        are 0.
        """
        T = self.steps
        x = factor(np.asarray(theta)[..., None], eigenvalues)
        with np.errstate(divide="ignore"):
            score = np.log(weights) + 2 * T * np.log(np.abs(x.value))
        index = np.argmax(score, axis=-1, keepdims=True)
        r = take(x, index)
        omega_r = pick(weights, index)
        vanished = r.value[..., 0] == 0
        r = r._replace(value=np.where(r.value == 0, 1, r.value))
        exponent = 2 * T * log_ratio(x, r)
        v = scaled(weights, omega_r, exponent)
        total = np.where(vanished, 1, v.sum(axis=-1))
        level = np.where(
            vanished, -np.inf, 2 * T * log_abs(r)[..., 0] + np.log(omega_r[..., 0])
        ) + np.log(total)
        # at a = 0, v u and v u^2 are 0 for T >= 2; for T = 1 they are omega lambda a and omega
        # lambda^2 over F
        a = np.where(x.value == 0, 1, x.value)
        mean = (v * (x.eigenvalue / a)).sum(axis=-1) / total
        if order < 2:
            return LogMoments(level, np.where(vanished, 0, mean), None)
        if T == 1:
            variance = one_step(weights, x).spread
        else:
            # u_i - u_r = (lambda_i - lambda_r) / (a_i a_r): a variance of rounded u loses eps
            # sqrt(T)
            with np.errstate(all="ignore"):
                shift = (x.eigenvalue - r.eigenvalue) / (a * r.value)
            variance = variance_of(shift, v, total, weights, omega_r, exponent)
        return LogMoments(level, np.where(vanished, 0, mean), np.where(vanished, 0, variance))

    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """F'/F = -2T E[u], F''/F = 2T (2T - 1) (Var(u) + E[u]^2), R''/R = (2T - 1) Var(u): sums
        without cancellation.

        (log F)'' = 2T ((2T - 1) Var(u) - E[u]^2) is a difference. For T >= 2 its error is below
        1e-14 of the sum 2T ((2T - 1) Var(u) + E[u]^2); at T = 1, where it changes sign next to a
        cluster of eigenvalues, it is right to 1e-15 of itself. At T = 1 and F = 0, where F'' is
        not 0, F''/F is infinite and given as 0.

        Raises
        ------
        OverflowError
            F''/F exceeds float64.
        """
        T = self.steps
        if order == 2 and T == 1:
            level, mean, _ = self.log_moments(eigenvalues, weights, theta, 1)
            one = one_step(weights, factor(np.asarray(theta)[..., None], eigenvalues))
            with np.errstate(over="ignore"):
                return finite(
                    LogLoss(
                        level,
                        -2 * mean,
                        2 * (one.spread + one.square),
                        2 * one.difference,
                        one.spread,
                    )
                )
        return log_loss_of(self.log_moments(eigenvalues, weights, theta, order), T)

    def one_task(self, eigenvalues: Array, weights: Array) -> OneTask | None:
        """The same function of a float step size, prepared for one task (d,); None for a class
        whose loss is another one, or modes out of its domain.
        """
        own = type(self)
        if (own.log_loss, own.log_moments) == _DEFINED:
            return OneTask.of(self.steps, eigenvalues, weights)
        return None

    def short_log_loss(self, measure: Measure, theta: Floats) -> LogLoss:
        """log F and F'/F by b = a / rho, rho = max |a|, which is at an end of the spectrum: no
        b^(2T) overflows.

        F = rho^(2T) sum omega b^(2T), F' = -2T rho^(2T-1) sum omega lambda b^(2T-1). The rounding
        of 1 - eta lambda counts 2T times: the error of log F is about 20 T eps E[1 + 1/|a| + |log
        rho|], that of F'/F about 20 T^2 eps E[|u| (1 + 1/|a|)], means over pi.
        """
        T = self.steps
        if not isinstance(theta, float) or measure.wide:
            return super().short_log_loss(measure, theta)
        rho: float = max(abs(1 - theta * measure.low), abs(1 - theta * measure.high))
        if T > _LONGEST * min(1.0, rho):
            return super().short_log_loss(measure, theta)
        # b = offset + slope lambda
        offset = 1 / rho
        slope = -theta / rho
        b = slope * measure.eigenvalues
        b += offset
        power = short_power(b, 2 * T - 1, np.empty_like(b))
        first = power.dot(measure.mass)
        total = offset * power.dot(measure.weights) + slope * first
        return LogLoss(2 * T * np.log(rho) + np.log(total), first / (rho * total) * (-2 * T))

    def short_scan(self, measure: Measure, theta: Array) -> LogLoss:
        """The same for all tasks at once, to the same error, by sums over the modes that still
        count.
        """
        T = self.steps
        if not theta.size or T > _LONGEST:
            return super().short_scan(measure, theta)
        eta = theta.T
        with np.errstate(all="ignore"):  # what is not finite is replaced
            rho = largest_factor(measure.ladder, eta)
            level, slope = (x.T for x in log_losses(measure.ladder, eta, rho, T))
        rough = (T > _LONGEST * rho.min(axis=1)) | measure.wide
        if rough.any():
            for k in np.flatnonzero(rough).tolist():
                found = super().short_scan(measure.task(k), theta[:, k : k + 1])
                level[:, k : k + 1] = found.level
                slope[:, k : k + 1] = found.slope
        return LogLoss(level, slope)

    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """eta*_T of each row, relative error about 1e-15, by a safeguarded Newton iteration (cap
        200).

        It is the root of h = log S_- - log S_+ with S_+- = sum over +-a_i > 0 of omega_i lambda_i
        |a_i|^(2T-1), which increases from -inf at 1/L to +inf at 1/mu; (0, 2/L) need not contain
        it. One distinct eigenvalue: 1/lambda.
        """
        return balanced_step(eigenvalues, weights, 2 * self.steps - 1)


# what ``one_task`` is a short form of
_DEFINED = (GradientDescent.log_loss, GradientDescent.log_moments)
