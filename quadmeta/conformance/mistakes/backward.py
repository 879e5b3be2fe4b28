"""Mistakes in back-propagation: the right rule with one part changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath

from quadmeta._types import Array
from quadmeta.conformance.backward import Backward
from quadmeta.conformance.case import Case
from quadmeta.conformance.implicit import Implicit, implicit
from quadmeta.conformance.problem import ExactProblem
from quadmeta.conformance.rational import high_precision

Problem = ExactProblem
Rule = Callable[[Problem], Array]


def _transposed(rule: Backward) -> Backward:
    """S for S', in both places where it stands."""
    return replace(rule, pull=lambda p, adjoint: p.preconditioner @ adjoint)


def at_the_end(problem: Problem) -> Array:
    """w_T."""
    return problem.states[-1]


def ridge(problem: Problem) -> Array | None:
    """The part of H that is a ridge, where the case has one."""
    case = problem.case
    if case.ridge is not None:
        return problem.array(case.ridge)
    if case.regression is not None:
        return problem.hessian - problem.array(case.hessian)
    return None


def _products(factor: int) -> Callable[[Problem, Array], Array]:
    """H u with the ridge ``factor`` times more often than once."""

    def product(problem: Problem, pulled: Array) -> Array:
        found = problem.hessian @ pulled
        part = ridge(problem)
        return found if part is None else found + factor * (part @ pulled)

    return product


def changed(rule: Backward) -> dict[str, Rule]:
    """Wrong rules by name, from the right one of unrolled, truncated or one step."""
    return {
        "step size factor lost": replace(rule, weight=lambda p, t: 1),
        "step size factor twice": replace(rule, weight=lambda p, t: p.step_sizes[t] ** 2),
        "J at w_t for w_(t-1)": replace(rule, jacobian=lambda p, t: p.jacobian(p.states[t + 1])),
        "J at w_T throughout": replace(rule, jacobian=lambda p, t: p.jacobian(p.states[-1])),
        "outer gradient at w_(T-1)": replace(rule, seed=lambda p: p.outer_gradient(p.states[-2])),
        "outer gradient of the inner loss": replace(rule, seed=lambda p: p.gradient(p.states[-1])),
        "stop-gradient through the step (A = I)": replace(rule, step=lambda p, t: 0),
        "one A too many": replace(rule, early=True),
        "H applied with +": replace(rule, step=lambda p, t: -p.step_sizes[t]),
        "step sizes reversed in the backward pass": replace(
            rule,
            weight=lambda p, t: p.step_sizes[-1 - t],
            step=lambda p, t: p.step_sizes[-1 - t],
        ),
        "momentum missing in the backward pass": replace(rule, momentum=lambda p: 0),
        "A of the step transposed": _transposed(rule),
        "implicit at w_T": Implicit(at=at_the_end),
        "implicit at w_*": implicit,
        "ridge twice in the products": replace(rule, product=_products(1)),
        "ridge missing in the products": replace(rule, product=_products(-1)),
    }


def unrolled_only(rule: Backward) -> dict[str, Rule]:
    """Mistakes in the number of terms, the start and the run itself."""
    return {
        "one term too few": replace(rule, terms=lambda p: len(p.step_sizes) - 1),
        "last step only": replace(rule, terms=lambda p: 1),
        "start detached": replace(rule, start=False),
        "accelerated (FISTA) inner run": accelerated,
    }


def truncated_only(rule: Backward) -> dict[str, Rule]:
    """Mistakes in the number of terms."""

    def kept(more: int) -> Backward:
        return replace(rule, terms=lambda p: min(p.case.last + more, len(p.step_sizes)))

    return {
        "K-1 terms": kept(-1),
        "K+1 terms": kept(1),
        "last step only": replace(rule, terms=lambda p: 1),
        "all steps": replace(rule, terms=lambda p: len(p.step_sizes)),
    }


def with_steps(case: Case, more: int) -> Case:
    """The case with another number of steps; a step more repeats the last step size."""
    sizes = case.step_sizes
    return case.but(step_sizes=(*sizes, sizes[-1]) if more > 0 else sizes[:-1])


def accelerated(problem: Problem) -> Array:
    """The derivative through Nesterov's accelerated descent, as FISTA takes its steps.

    x_{k+1} = y_k - eta grad L_1(y_k), y_{k+1} = x_{k+1} + (t_k - 1)/t_{k+1} (x_{k+1} - x_k) with
    t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2: another method than gradient descent, differentiated
    rightly.
    """
    if problem.momentum != 0 or problem.case.preconditioner is not None:
        return Backward()(problem)
    exact = ExactProblem(problem.case, high_precision)
    x = exact.start
    y = x
    x_slope = exact.start_slope
    y_slope = x_slope
    pace: Any = mpmath.mpf(1)
    for size in exact.step_sizes:
        new = y - size * exact.gradient(y)
        new_slope = y_slope - size * (exact.hessian @ y_slope + exact.jacobian(y).T)
        later = (1 + mpmath.sqrt(1 + 4 * pace**2)) / 2
        share = (pace - 1) / later
        y = new + share * (new - x)
        y_slope = new_slope + share * (new_slope - x_slope)
        x = new
        x_slope = new_slope
        pace = later
    return x_slope.T @ exact.outer_gradient(x) + exact.direct(x)
