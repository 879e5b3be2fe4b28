"""The exact problem of a case: its losses' derivatives and its run, in Fractions or mpf."""

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from quadmeta._types import Array
from quadmeta.conformance.case import Case
from quadmeta.conformance.rational import high_precision, identity, mapped, solve, zeros

DIGITS = 60
"""Decimal digits where an exponential leaves the Fractions."""


class ExactProblem:
    """What a case asks about, evaluated without rounding.

    Parameters
    ----------
    case
        its data.
    number
        converts a Fraction; by default Fractions stay what they are, and cases with an exponential
        become mpf. Evaluate those at a working precision of ``DIGITS``.
    """

    def __init__(self, case: Case, number: Callable[[Fraction], Any] | None = None) -> None:
        self.case = case
        if number is None and case.exponential:
            number = high_precision
        self._number = number
        self.alpha = self.array(case.alpha)
        self.cross = self.array(case.cross)
        self.slopes = tuple(self.array(slope) for slope in case.slopes)
        self.outer_hessian = self.array(case.outer_hessian)
        self.outer_linear = self.array(case.outer_linear)
        self.step_sizes = tuple(self.scalar(size) for size in case.step_sizes)
        self.momentum = self.scalar(case.momentum)
        self.linear = self.array(case.linear) + self.cross @ self.alpha
        if case.exponential:
            import mpmath

            self.scales = mapped(mpmath.exp, self.alpha)
            self.scale_slopes = self.scales
        else:
            self.scales = self.alpha
            self.scale_slopes = self.array(identity(1)[0].repeat(len(self.alpha)))
        self.hessian = self.array(case.hessian)
        for scale, slope in zip(self.scales, self.slopes, strict=False):
            self.hessian = self.hessian + scale * slope

    def array(self, values: Array) -> Array:
        """Data of the case in the number type of this problem."""
        return values if self._number is None else mapped(self._number, values)

    def scalar(self, value: Fraction) -> Any:
        """A number of the case in the number type of this problem."""
        return value if self._number is None else self._number(value)

    @cached_property
    def preconditioner(self) -> Array:
        """S, the identity unless the case has another."""
        if self.case.preconditioner is None:
            return self.array(identity(self.case.size))
        return self.array(self.case.preconditioner)

    @cached_property
    def start_slope(self) -> Array:
        """D (P, h)."""
        slope = self.case.start_slope
        return self.array(self.case.no_cross() if slope is None else slope)

    @cached_property
    def outer_cross(self) -> Array:
        """N (P, h)."""
        cross = self.case.outer_cross
        return self.array(self.case.no_cross() if cross is None else cross)

    @cached_property
    def start(self) -> Array:
        """w_0 at these hyperparameters."""
        moved: Array = self.array(self.case.start) + self.start_slope @ self.alpha
        return moved

    @cached_property
    def point(self) -> Array:
        """The given w."""
        return self.array(self.case.point)

    @cached_property
    def minimum(self) -> Array:
        """w_* = H^-1 b."""
        return self.solve(self.linear)

    def solve(self, right: Array, matrix: Array | None = None) -> Array:
        """H^-1 right, or another matrix's."""
        return solve(self.hessian if matrix is None else matrix, right)

    def gradient(self, w: Array) -> Array:
        """grad L_1 = H w - b."""
        found: Array = self.hessian @ w - self.linear
        return found

    def hessian_part(self, w: Array) -> Array:
        """Rows f'(alpha_k) M_k w of the mixed derivative, (h, P)."""
        rows = self.array(zeros(len(self.alpha), len(w)))
        for k, slope in enumerate(self.slopes):
            rows[k] = self.scale_slopes[k] * (slope @ w)
        return rows

    def jacobian(self, w: Array) -> Array:
        """The mixed derivative J(w) = d^2 L_1 / d alpha d w', (h, P)."""
        return self.hessian_part(w) - self.cross.T

    def outer_gradient(self, w: Array) -> Array:
        """g(w) = H_2 w - b_2 + N alpha."""
        constant = self.outer_linear - self.outer_cross @ self.alpha
        found: Array = self.outer_hessian @ w - constant
        return found

    def direct(self, w: Array) -> Array:
        """d L_2 / d alpha at fixed w: tau alpha + N'w."""
        curvature = self.scalar(self.case.outer_curvature)
        found: Array = curvature * self.alpha + self.outer_cross.T @ w
        return found

    def inner(self, w: Array) -> Any:
        """L_1."""
        return w @ (self.hessian @ w) / 2 - w @ self.linear

    def outer(self, w: Array) -> Any:
        """L_2."""
        square = self.alpha @ self.alpha
        return (
            w @ (self.outer_hessian @ w) / 2
            - self.outer_linear @ w
            + w @ (self.outer_cross @ self.alpha)
            + self.scalar(self.case.outer_curvature) * square / 2
        )

    @cached_property
    def states(self) -> list[Array]:
        """w_0, ..., w_T."""
        found = [self.start]
        before = self.start
        for size in self.step_sizes:
            w = found[-1]
            pace = self.momentum * (w - before)
            found.append(w - size * (self.preconditioner @ self.gradient(w)) + pace)
            before = w
        return found


@lru_cache(maxsize=128)
def shared(case: Case) -> ExactProblem:
    """The exact problem of a case with what it has worked out so far; do not change it.

    What it works out later needs a working precision of ``DIGITS`` too.
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        return ExactProblem(case)
