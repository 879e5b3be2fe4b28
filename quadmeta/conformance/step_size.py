"""The derivative of the loss of w_T in the step size, and of its logarithm."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.problem import ExactProblem

Problem = ExactProblem


def loss_gradient(problem: Problem, w: Array) -> Array:
    """The gradient of the loss that the case names."""
    inner = problem.case.loss == "inner"
    return problem.gradient(w) if inner else problem.outer_gradient(w)


def tangent(problem: Problem, through: bool = True) -> Array:
    """d w_T / d eta by w'_{t+1} = (I - eta H) w'_t - grad L_1(w_t).

    With ``through`` false the first term is w'_t: the gradient is stopped.
    """
    moved = 0 * problem.start
    for t, size in enumerate(problem.step_sizes):
        carried = moved
        if through:
            carried = moved - size * (problem.hessian @ moved)
        moved = carried - problem.gradient(problem.states[t])
    return moved


def loss(problem: Problem, w: Array) -> Any:
    """The loss that the case names, at w."""
    return problem.inner(w) if problem.case.loss == "inner" else problem.outer(w)


def floor(problem: Problem) -> Any:
    """The minimum of that loss over w."""
    if problem.case.loss == "inner":
        return loss(problem, problem.minimum)
    # H_2 w = b_2 - N alpha
    linear = problem.outer_linear - problem.outer_cross @ problem.alpha
    return loss(problem, problem.solve(linear, problem.outer_hessian))


def excess(problem: Problem) -> Any:
    """The loss of w_T minus its minimum."""
    return loss(problem, problem.states[-1]) - floor(problem)


@dataclass(frozen=True)
class StepSize:
    """F'(eta), or F' over what ``scale`` says; the value has the shape (1,)."""

    scale: Callable[[Problem], Any] = lambda p: 1
    moved: Callable[[Problem], Array] = tangent
    gradient: Callable[[Problem], Array] = lambda p: loss_gradient(p, p.states[-1])

    def __call__(self, problem: Problem) -> Array:
        """The value that this rule gives, (1,)."""
        slope = self.gradient(problem) @ self.moved(problem)
        return np.array([slope / self.scale(problem)], dtype=object)


step_size = StepSize()
log_step_size = StepSize(scale=lambda p: len(p.step_sizes) * excess(p))
