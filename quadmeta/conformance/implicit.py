"""Implicit differentiation at a point of a case, with every part of it replaceable:

value = -J(w) x + direct(w),   x = H^-1 g(w), or what a linear solver makes of it
"""

from collections.abc import Callable
from dataclasses import dataclass

from quadmeta._types import Array
from quadmeta.conformance.problem import ExactProblem

Problem = ExactProblem


@dataclass(frozen=True)
class Implicit:
    """The parts of implicit differentiation; each is called with the problem first."""

    at: Callable[[Problem], Array] = lambda p: p.minimum
    """w."""
    gradient: Callable[[Problem, Array], Array] = lambda p, w: p.outer_gradient(w)
    """g(w)."""
    inverse: Callable[[Problem, Array], Array] = lambda p, right: p.solve(right)
    """x from g."""
    jacobian: Callable[[Problem, Array], Array] = lambda p, w: p.jacobian(w)
    """J(w), (h, P)."""
    direct: Callable[[Problem, Array], Array] = lambda p, w: p.direct(w)

    def __call__(self, problem: Problem) -> Array:
        """The value that this rule gives, (h,)."""
        w = self.at(problem)
        x = self.inverse(problem, self.gradient(problem, w))
        found: Array = self.direct(problem, w) - self.jacobian(problem, w) @ x
        return found


def series(terms: Callable[[Problem], int]) -> Callable[[Problem, Array], Array]:
    """nu (g + A g + ... + A^(terms-1) g) with A = I - nu H."""

    def inverse(problem: Problem, right: Array) -> Array:
        nu = problem.step_sizes[0]
        term = right
        total = 0 * right
        for _ in range(terms(problem)):
            total = total + term
            term = term - nu * (problem.hessian @ term)
        found: Array = nu * total
        return found

    return inverse


def at_the_given_point(problem: Problem) -> Array:
    """The w that is handed over."""
    return problem.point


implicit = Implicit()
implicit_at = Implicit(at=at_the_given_point)
neumann = Implicit(at=at_the_given_point, inverse=series(lambda p: p.case.products + 1))
