"""The outer loss of a bilevel problem after T inner steps, L_2(w_T(alpha)), as a function of the
hyperparameters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import instance, shaped, show
from quadmeta.arithmetic.residual import factor, log_abs, power_difference
from quadmeta.arithmetic.response import response
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.problems.parts.bilevel import BilevelProblem, QuadraticBound

Array = Any


@dataclass(frozen=True, eq=False)
class OuterLoss:
    """F(alpha) = L_2(w_T(alpha)) for gradient descent with a given step size on L_1(., alpha).

    On a quadratic L_1 the exact unrolled hypergradient costs O(p^3) whatever T. With H = Q
    diag(lambda) Q', a = 1 - eta lambda, E = Q'(W_0 - W_*), G = Q' grad L_2(W_T), S_i = sum_{k<T}
    a_i^k and the divided differences D_ij = (a_i^T - a_j^T) / (a_i - a_j),

        F'_k = -eta (<H_k, V W_*' + Q (D o G E') Q'> - <b_k, V>),   V = Q (S o G).

    Where H is singular or its condition number above 1e5, a form without W_* takes its place,
    which holds there too; singular values of the weighted data up to max(n, p) eps of the largest
    then count as 0.

    Parameters
    ----------
    problem
        a bilevel problem.
    optimizer
        gradient descent with a step size, without momentum, noise or schedule.

    Raises
    ------
    ValueError
        another optimizer, or one whose step size is free.
    """

    problem: BilevelProblem
    optimizer: GradientDescent

    def __post_init__(self) -> None:
        instance("problem", self.problem, BilevelProblem, "Ridge(train, validation)")
        optimizer = self.optimizer
        plain = (
            isinstance(optimizer, GradientDescent) and type(optimizer).run is GradientDescent.run
        )
        if isinstance(optimizer, Optimizer) and not plain:
            raise ValueError(
                f"optimizer = {show(optimizer)} is not plain gradient descent, the only one that "
                "OuterLoss unrolls (no momentum, noise or schedule): pass GradientDescent(steps, "
                "step_size)"
            )
        instance(
            "optimizer", optimizer, GradientDescent, "GradientDescent(steps=100, step_size=0.1)"
        )
        if optimizer.step_size is None:
            raise ValueError(
                f"optimizer = {optimizer!r} leaves its step size free: pass GradientDescent(steps, "
                "step_size)"
            )

    @property
    def step_size(self) -> float:
        """eta."""
        return float(self.optimizer.step_size or 0.0)

    def largest_step_size(self, alpha: Array) -> float:
        """2 / L at these hyperparameters, beyond which inner training (and a Neumann series) on a
        quadratic diverges.

        Infinite where the inner loss is not quadratic, so that it is not known, and where the
        Hessian is 0.
        """
        bound = self.problem.at(alpha)
        if isinstance(bound, QuadraticBound):
            L = float(np.linalg.eigvalsh(bound.H)[-1])
        else:
            L = 0.0
        return 2 / L if L > 0 else np.inf

    def diverges(self, alpha: Array) -> bool:
        """Whether the step size exceeds the largest one."""
        return self.step_size > self.largest_step_size(alpha)

    def _start(self, start: Array) -> Array:
        shape = self.problem.start.shape
        if start is None:
            return self.problem.start
        return shaped("start", start, shape, f"{shape}, a flat w_0")

    def trained(self, alpha: Array, start: Array = None) -> Array:
        """w_T by the loop, from ``start`` (default: the problem's)."""
        bound = self.problem.at(alpha)
        w = self._start(start)
        with np.errstate(over="ignore", invalid="ignore"):
            for w in self.optimizer.run(bound.gradient, w, self.step_size):
                pass
        if not np.isfinite(w).all():
            raise OverflowError(
                f"training with step_size = {self.step_size:.6g} diverges: pass one below 2 / L"
            )
        return w

    def __call__(self, alpha: Array, start: Array = None) -> float:
        """L_2(w_T)."""
        return float(self.problem.outer(self.trained(alpha, start)))

    def gradient(self, alpha: Array, start: Array = None) -> Array:
        """Exact unrolled hypergradient (h,): the closed form on a quadratic, singular or not,
        reverse mode elsewhere.

        Raises
        ------
        OverflowError
            a component that float64 cannot hold; ``signed_gradient`` holds it.
        """
        bound = self.problem.at(alpha)
        if not isinstance(bound, QuadraticBound):
            return self.definition(alpha, start)
        return self._closed(bound, start).to_float()

    def signed_gradient(self, alpha: Array, start: Array = None) -> SignLog:
        """The closed form as SignLog: diverging runs (eta > 2/L) do not overflow. Quadratic
        problems only.
        """
        bound = self.problem.at(alpha)
        if not isinstance(bound, QuadraticBound):
            raise ValueError(
                "the inner loss is not quadratic, so it has no closed form: use gradient or "
                "definition"
            )
        return self._closed(bound, start)

    def _closed(self, bound: QuadraticBound, start: Array) -> SignLog:
        W0 = self._start(start).reshape(bound.B.shape)
        if self._settled(bound):
            return self._from_minimum(bound, W0)
        return self._from_start(bound, W0)

    def _settled(self, bound: QuadraticBound) -> bool:
        """Whether W_* may enter: where the rows do not span, the condition number counts twice in
        it.
        """
        if not bound.firm or bound.rows is None:
            return bound.firm
        lam = bound.eigen[0]
        return bool(lam[0] >= 1e-2 * lam[-1]) or bound.rows.rank == len(lam)

    def _from_minimum(self, bound: QuadraticBound, W0: Array) -> SignLog:
        T = self.optimizer.steps
        eta = self.step_size
        problem = bound.problem
        (lam, Q) = bound.spectrum
        W = bound.minimizer
        rows = factor(np.float64(eta), np.append(lam, 0.0)[:, None])
        a = factor(np.float64(eta), lam)
        E = Q.T @ (W0 - W)
        # every power is divided by e^shift = max(1, |a|^T), so that products hold e^(2 shift) in
        # common
        log = T * log_abs(a)
        shift = max(0.0, float(log.max()))
        common = np.exp(-shift)
        power = (np.sign(a.value) ** T * np.exp(log - shift))[:, None]
        # the last row is for a = 1: (1 - a^T) / (1 - a)
        differences = power_difference(rows, a, T)
        D = differences.sign * np.exp(differences.log - shift)
        D, S = D[:-1], D[-1][:, None]
        G = Q.T @ (
            problem.outer_hessian @ (common * W + Q @ (power * E)) - common * problem.outer_linear
        )
        V = Q @ (S * G)
        X = V @ W.T + Q @ (D * (G @ E.T)) @ Q.T
        return SignLog.of(-eta * problem.pair(bound.alpha, X, V)) * SignLog(1.0, 2 * shift)

    def _from_start(self, bound: QuadraticBound, W0: Array) -> SignLog:
        """The same without W_* and without 1 / lambda, for singular H too.

        With S(lambda) = eta sum_{k<T} a^k, its divided differences S[lambda_i, lambda_j] and R =
        Q'(H W_0 - B),

            W_T = W_0 - Q (S o R),   F'_k = -<H_k W_0 - b_k, V> - <H_k, Q (S[.,.] o G R') Q'>,   V
                = Q (S o G).
        """
        problem = bound.problem
        (lam, Q, inside, R) = bound.modes(W0)
        S, slopes, shift = response(self.step_size, lam, self.optimizer.steps)
        common = np.exp(-shift)
        S = S[:, None]
        G = Q.T @ (
            problem.outer_hessian @ (common * W0 - Q @ (S * R)) - common * problem.outer_linear
        )
        if bound.rows is not None and bound.rows.spanned:
            # no H_k leads out of the space of the rows: 0 exactly, where rounding would be
            # multiplied by T
            slopes[:inside, inside:] = slopes[inside:, :inside] = 0
            if problem.inside:
                Q = Q[:, :inside]
                S = S[:inside]
                G = G[:inside]
                R = R[:inside]
                slopes = slopes[:inside, :inside]
        V = Q @ (S * G)
        X = V @ W0.T + Q @ (slopes * (G @ R.T)) @ Q.T
        return SignLog.of(-problem.pair(bound.alpha, X, V)) * SignLog(1.0, 2 * shift)

    def implicit(self, alpha: Array) -> Array:
        """Exact implicit hypergradient -J(w_*) H^-1 grad L_2(w_*) (h,), the limit T -> infinity,
        of a quadratic.

        Where float64 may lose all but ten digits of it, which happens where the data do not
        determine w_* and the ridge is small, it is computed in whole numbers from the data as they
        are, at a cost of about min(n, p)^3 / 10^7 seconds: the relative error is then below 1e-14,
        whatever the condition number.

        Raises
        ------
        ValueError
            H is singular to rounding, or an inner loss that is not quadratic.
        OverflowError
            a component that float64 cannot hold.
        """
        bound = self.problem.at(alpha)
        if not isinstance(bound, QuadraticBound):
            raise ValueError(
                "the inner loss is not quadratic: estimate with Implicit() after enough steps"
            )
        value = bound.rounded_implicit()
        return -(bound.exact_implicit() if value is None else value)

    def definition(self, alpha: Array, start: Array = None) -> Array:
        """Reverse mode by loops: sum_t B_t A_{t+1} ... A_T grad L_2(w_T)."""
        bound = self.problem.at(alpha)
        eta = self.step_size
        states = list(self.optimizer.run(bound.gradient, self._start(start), eta))
        b = self.problem.outer_gradient(states[-1])
        gradient = np.zeros(self.problem.hyperparameters)
        for w in reversed(states[:-1]):
            gradient = gradient - eta * bound.mixed(w, b)
            b = b - eta * bound.hvp(w, b)
        return gradient
