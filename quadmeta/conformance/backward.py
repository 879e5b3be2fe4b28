"""Back-propagation through the run of a case, with every part of it replaceable.

The right rule starts from lambda_T = g(w_T) and goes t = T-1, ..., 0:

    u        = S' lambda_{t+1}
    out     -= eta_t J(w_t) u
    lambda_t = (1 + beta) lambda_{t+1} - eta_t H u - beta lambda_{t+2},    lambda_{T+1} = 0

    value = out + D'(lambda_0 - beta lambda_1) + direct(w_T)

since w_{-1} = w_0 makes the last carry belong to w_0. A wrong formula is this rule with one part
changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quadmeta._types import Array
from quadmeta.conformance.problem import ExactProblem

Problem = ExactProblem


def outer_at_the_end(problem: Problem) -> Array:
    """g(w_T)."""
    return problem.outer_gradient(problem.states[-1])


def direct_at_the_end(problem: Problem) -> Array:
    """The derivative of the outer loss in alpha alone, at w_T."""
    return problem.direct(problem.states[-1])


@dataclass(frozen=True)
class Backward:
    """The parts of back-propagation; each is called with the problem first."""

    seed: Callable[[Problem], Array] = outer_at_the_end
    """lambda_T."""
    pull: Callable[[Problem, Array], Array] = lambda p, adjoint: p.preconditioner.T @ adjoint
    """S' lambda."""
    weight: Callable[[Problem, int], Any] = lambda p, t: p.step_sizes[t]
    """eta_t in front of J."""
    step: Callable[[Problem, int], Any] = lambda p, t: p.step_sizes[t]
    """eta_t in front of H."""
    jacobian: Callable[[Problem, int], Array] = lambda p, t: p.jacobian(p.states[t])
    """J of step t, (h, P)."""
    product: Callable[[Problem, Array], Array] = lambda p, pulled: p.hessian @ pulled
    """H u."""
    momentum: Callable[[Problem], Any] = lambda p: p.momentum
    """beta of the carry."""
    early: bool = False
    """Whether the carry comes before the parameter product, one A too many."""
    terms: Callable[[Problem], int] = lambda p: len(p.step_sizes)
    """How many of the last steps enter ``out``."""
    start: bool = True
    """Whether what comes through the start is added."""
    direct: Callable[[Problem], Array] = direct_at_the_end

    def __call__(self, problem: Problem) -> Array:
        """The value that this rule gives, (h,)."""
        T = len(problem.step_sizes)
        beta = self.momentum(problem)
        later = 0 * problem.start
        adjoint = self.seed(problem)
        out = 0 * problem.alpha
        for t in reversed(range(T - self.terms(problem), T)):
            pulled = self.pull(problem, adjoint)
            carried = (
                (1 + beta) * adjoint
                - self.step(problem, t) * self.product(problem, pulled)
                - beta * later
            )
            if self.early:
                pulled = self.pull(problem, carried)
            out = out - self.weight(problem, t) * (self.jacobian(problem, t) @ pulled)
            later = adjoint
            adjoint = carried
        if self.start:
            out = out + problem.start_slope.T @ (adjoint - beta * later)
        return out + self.direct(problem)


unrolled = Backward()
truncated = Backward(terms=lambda p: p.case.last, start=False)
one_step = Backward(terms=lambda p: 1, start=False)


@dataclass(frozen=True)
class Discounted:
    """-sum_t gamma^(T-t) eta_t J(w_{t-1}) g(w_t) + direct(w_T), t = 1, ..., T, part by part."""

    discount: Callable[[Problem, int], Any] = lambda p, t: _gamma(p) ** (len(p.step_sizes) - t)
    weight: Callable[[Problem, int], Any] = lambda p, t: p.step_sizes[t - 1]
    jacobian: Callable[[Problem, int], Array] = lambda p, t: p.jacobian(p.states[t - 1])
    gradient: Callable[[Problem, int], Array] = lambda p, t: p.outer_gradient(p.states[t])
    direct: Callable[[Problem], Array] = direct_at_the_end

    def __call__(self, problem: Problem) -> Array:
        """The value that this rule gives, (h,)."""
        out = self.direct(problem)
        for t in range(1, len(problem.step_sizes) + 1):
            step = self.weight(problem, t) * (self.jacobian(problem, t) @ self.gradient(problem, t))
            out = out - self.discount(problem, t) * step
        return out


def _gamma(problem: Problem) -> Any:
    return problem.scalar(problem.case.gamma)


discounted = Discounted()
