"""Mistakes that can be made with any kind: in a derivative, a factor, the data.

Each is the problem of a case with one thing changed; the right rule then gives the wrong value.
"""

from collections.abc import Callable
from functools import cached_property

from quadmeta._types import Array
from quadmeta.conformance.case import Case
from quadmeta.conformance.problem import ExactProblem, shared
from quadmeta.conformance.rational import identity

Alteration = Callable[[Case], ExactProblem | None]
"""The changed problem, or None where the mistake has no meaning."""


class _Misread(ExactProblem):
    """A wrong derivative of the right losses: the run is the right one."""

    @cached_property
    def states(self) -> list[Array]:
        return shared(self.case).states

    @cached_property
    def minimum(self) -> Array:
        return shared(self.case).minimum


class _NoDirectTerm(_Misread):
    def direct(self, w: Array) -> Array:
        return 0 * self.alpha


class _ExpForgotten(_Misread):
    def hessian_part(self, w: Array) -> Array:
        self.scale_slopes = self.array(identity(1)[0].repeat(len(self.alpha)))
        return super().hessian_part(w)


class _ConstantHessian(_Misread):
    def jacobian(self, w: Array) -> Array:
        return -self.cross.T


class _ConstantLinearTerm(_Misread):
    def jacobian(self, w: Array) -> Array:
        return self.hessian_part(w)


class _Untransposed(_Misread):
    def jacobian(self, w: Array) -> Array:
        return super().jacobian(w).T


class _DoubledHessianPart(_Misread):
    def jacobian(self, w: Array) -> Array:
        return 2 * self.hessian_part(w) - self.cross.T


def only_direct(problem: ExactProblem) -> Array:
    """What is left where alpha is detached: the direct term at w_T."""
    return problem.direct(problem.states[-1])


def no_direct_term(case: Case) -> ExactProblem | None:
    """The derivative of the outer loss in alpha itself is missing."""
    return _NoDirectTerm(case) if case.direct else None


def exp_forgotten(case: Case) -> ExactProblem | None:
    """The derivative is the one in exp(alpha)."""
    return _ExpForgotten(case) if case.exponential else None


def constant_hessian(case: Case) -> ExactProblem | None:
    """dH / d alpha is left out."""
    return _ConstantHessian(case) if case.slopes else None


def constant_linear_term(case: Case) -> ExactProblem | None:
    """db / d alpha is left out."""
    return _ConstantLinearTerm(case) if case.cross.any() else None


def untransposed(case: Case) -> ExactProblem | None:
    """J(w)' in the place of J(w), which goes unnoticed unless h = P > 1."""
    square = case.size == case.hyperparameters > 1
    return _Untransposed(case) if square else None


def doubled_hessian_part(case: Case) -> ExactProblem | None:
    """The derivative of alpha w'M w where the loss has alpha w'M w / 2."""
    return _DoubledHessianPart(case) if case.slopes else None


def inner_doubled(case: Case) -> ExactProblem | None:
    """The inner loss without its 1/2."""
    return ExactProblem(
        case.but(
            hessian=2 * case.hessian,
            linear=2 * case.linear,
            cross=2 * case.cross,
            slopes=tuple(2 * slope for slope in case.slopes),
        )
    )


def inner_sum(case: Case) -> ExactProblem | None:
    """The sum of the samples' losses in the place of their mean; the ridge stays."""
    data = case.regression
    if data is None:
        return None
    n = len(data.targets)
    if data.weighted:
        return ExactProblem(
            case.but(slopes=tuple(n * slope for slope in case.slopes), cross=n * case.cross)
        )
    return ExactProblem(case.but(hessian=n * case.hessian, linear=n * case.linear))


def outer_sum(case: Case) -> ExactProblem | None:
    """The sum over the validation samples in the place of their mean."""
    data = case.regression
    if data is None:
        return None
    n = len(data.validation_targets)
    return ExactProblem(
        case.but(outer_hessian=n * case.outer_hessian, outer_linear=n * case.outer_linear)
    )


def swapped(case: Case) -> ExactProblem | None:
    """Training on the validation data, and the other way round."""
    data = case.regression
    if data is None or data.weighted:
        return None
    return ExactProblem(
        case.but(
            hessian=case.outer_hessian,
            linear=case.outer_linear,
            outer_hessian=case.hessian,
            outer_linear=case.linear,
        )
    )


ALTERATIONS: dict[str, Alteration] = {
    "direct term missing": no_direct_term,
    "outer sum for mean": outer_sum,
    "inner sum for mean": inner_sum,
    "train and validation swapped": swapped,
    "derivative of exp dropped": exp_forgotten,
    "dH/dalpha dropped": constant_hessian,
    "db/dalpha dropped": constant_linear_term,
    "Jacobian not transposed": untransposed,
    "J doubled (alpha w'w for alpha w'w / 2)": doubled_hessian_part,
}
"""Those that every kind can show."""
INNER_DOUBLED = "inner loss doubled (missing 1/2)"
"""Not visible to exact implicit differentiation, which a factor in L_1 does not change."""
