"""The wrong rules of each kind: the right one with a part changed, or another kind's."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from quadmeta._types import Array
from quadmeta.conformance import kinds
from quadmeta.conformance.backward import discounted, one_step, truncated, unrolled
from quadmeta.conformance.implicit import Implicit, implicit, implicit_at, neumann, series
from quadmeta.conformance.mistakes import backward, solvers
from quadmeta.conformance.problem import ExactProblem
from quadmeta.conformance.step_size import excess, log_step_size, loss, step_size, tangent
from quadmeta.conformance.values import Rule


def _solvers(rule: Implicit) -> dict[str, Rule]:
    return {name: replace(rule, inverse=inverse) for name, inverse in solvers.SOLVERS.items()}


def _terms(more: int) -> Rule:
    return replace(neumann, inverse=series(lambda p: max(p.case.products + 1 + more, 0)))


def _last_term(problem: ExactProblem, right: Array) -> Array:
    products = problem.case.products
    whole = series(lambda p: products + 1)(problem, right)
    last: Array = whole - series(lambda p: products)(problem, right)
    return last


def _plus(problem: ExactProblem, right: Array) -> Array:
    nu = problem.step_sizes[0]
    term = right
    total = 0 * right
    for _ in range(problem.case.products + 1):
        total = total + term
        term = term + nu * (problem.hessian @ term)
    found: Array = nu * total
    return found


def _unit_step(problem: ExactProblem, right: Array) -> Array:
    case = problem.case
    ones = case.but(step_sizes=(Fraction(1),) * case.steps)
    return series(lambda p: case.products + 1)(ExactProblem(ones), right)


def _rescaled(power: int) -> Rule:
    right = neumann.inverse
    return replace(neumann, inverse=lambda p, g: p.step_sizes[0] ** power * right(p, g))


def _normalised(problem: ExactProblem) -> Array:
    gamma = problem.scalar(problem.case.gamma)
    total = sum(gamma**k for k in range(len(problem.step_sizes)))
    direct = discounted.direct(problem)
    found: Array = direct + (discounted(problem) - direct) / total
    return found


ONE_TERM_LESS = "one term of the series too few"
FAMILIES: Mapping[str, dict[str, Rule]] = {
    kinds.UNROLLED: backward.changed(unrolled) | backward.unrolled_only(unrolled),
    kinds.TRUNCATED: backward.changed(truncated) | backward.truncated_only(truncated),
    kinds.ONE_STEP: backward.changed(one_step) | {"all steps": unrolled},
    kinds.DISCOUNTED: {
        "step size factor lost": replace(discounted, weight=lambda p, t: 1),
        "step size factor twice": replace(discounted, weight=lambda p, t: p.step_sizes[t - 1] ** 2),
        "gamma^t for gamma^(T-t)": replace(
            discounted, discount=lambda p, t: p.scalar(p.case.gamma) ** t
        ),
        "one power of gamma too many": replace(
            discounted,
            discount=lambda p, t: p.scalar(p.case.gamma) ** (len(p.step_sizes) - t + 1),
        ),
        "g_T for g_t": replace(discounted, gradient=lambda p, t: p.outer_gradient(p.states[-1])),
        "J at w_t for w_(t-1)": replace(discounted, jacobian=lambda p, t: p.jacobian(p.states[t])),
        "J at w_T throughout": replace(discounted, jacobian=lambda p, t: p.jacobian(p.states[-1])),
        "g at w_(t-1) for w_t": replace(
            discounted, gradient=lambda p, t: p.outer_gradient(p.states[t - 1])
        ),
        "outer gradient of the inner loss": replace(
            discounted, gradient=lambda p, t: p.gradient(p.states[t])
        ),
        "normalised by the sum of weights": _normalised,
        "gamma = 1": replace(discounted, discount=lambda p, t: 1),
        "gamma = 0 (last step only)": one_step,
        "full reverse": unrolled,
        "implicit at w_*": implicit,
    },
    kinds.IMPLICIT: _solvers(implicit)
    | {"unrolled at w_T": unrolled, "at w_T for w_*": Implicit(at=backward.at_the_end)},
    kinds.SOLVED: _solvers(implicit)
    | {"unrolled at w_T": unrolled, "at w_T for w_*": Implicit(at=backward.at_the_end)},
    kinds.IMPLICIT_AT: _solvers(implicit_at)
    | {
        "at w_* for the given w": implicit,
        "at w_T for the given w": Implicit(at=backward.at_the_end),
        "outer gradient of the inner loss": replace(
            implicit_at, gradient=lambda p, w: p.gradient(w)
        ),
    },
    kinds.NEUMANN: {
        ONE_TERM_LESS: _terms(-1),
        "one term of the series too many": _terms(1),
        "step size factor lost": _rescaled(-1),
        "step size factor twice": _rescaled(1),
        "last term instead of the sum": replace(neumann, inverse=_last_term),
        "series of (I + nu H)": replace(neumann, inverse=_plus),
        "exact solve": implicit_at,
        "at w_* for the given w": replace(neumann, at=lambda p: p.minimum),
        "H left out (identity)": replace(neumann, inverse=solvers.SOLVERS["H left out (identity)"]),
        "step size 1 in the series": replace(neumann, inverse=_unit_step),
        "outer gradient of the inner loss": replace(neumann, gradient=lambda p, w: p.gradient(w)),
    },
    kinds.STEP_SIZE: {
        "stop-gradient through the step (A = I)": replace(
            step_size, moved=lambda p: tangent(p, through=False)
        ),
        "per log step size": replace(step_size, scale=lambda p: 1 / p.step_sizes[0]),
        "inner loss for the outer one": replace(
            step_size, gradient=lambda p: p.gradient(p.states[-1])
        ),
        "outer loss for the inner one": replace(
            step_size, gradient=lambda p: p.outer_gradient(p.states[-1])
        ),
        "divided by T": replace(step_size, scale=lambda p: len(p.step_sizes)),
        "logarithm of the loss": log_step_size,
    },
    kinds.LOG_STEP_SIZE: {
        "stop-gradient through the step (A = I)": replace(
            log_step_size, moved=lambda p: tangent(p, through=False)
        ),
        "minimum not subtracted": replace(
            log_step_size, scale=lambda p: len(p.step_sizes) * loss(p, p.states[-1])
        ),
        "missing 1/T": replace(log_step_size, scale=excess),
        "no logarithm": step_size,
        "per log step size": replace(
            log_step_size,
            scale=lambda p: len(p.step_sizes) * excess(p) / p.step_sizes[0],
        ),
    },
}
"""The wrong rules of a kind, by what is wrong with them."""
