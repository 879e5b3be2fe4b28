"""Optimizers that are more than steps along the gradient of the whole inner loss: what OuterLoss
asks of their runs.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.optimizers.parts.transition import Blocks, Transition
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss


class Backward(NamedTuple):
    """What reverse mode finds."""

    value: Array
    """(h,) the derivative in alpha, without what comes through the start or directly."""
    start: Array
    """The derivative in w_0."""
    last: Array
    """w_T."""


def backward(
    problem: BilevelProblem, optimizer: Optimizer, inner: InnerLoss, alpha: Array, start: Array
) -> Backward:
    """Reverse mode through the steps of ``transition``: T states are kept, and the cost is that of
    three runs, whatever h.
    """
    transition: Transition = optimizer.own_transition()
    states = [transition.state0(start)]
    for t in range(optimizer.steps):
        states.append(transition.next_state(t, states[-1], inner))
    last = states.pop()
    g = problem.outer_gradient(last[0], alpha)
    v: Blocks = (g, *(0 * block for block in last[1:]))
    value = np.zeros(problem.hyperparameters)
    for t, state in reversed(list(enumerate(states))):
        value = value + transition.parameter(t, v, state, inner)
        v = transition.pull(t, v, state, inner)
    return Backward(value, v[0], last[0])


class OwnRun(ABC):
    """The run of an optimizer on a bilevel problem, with its derivatives.

    Parameters
    ----------
    problem
        the bilevel problem.
    optimizer
        its optimizer.
    """

    def __init__(self, problem: BilevelProblem, optimizer: Optimizer) -> None:
        self.problem = problem
        self.optimizer = optimizer

    @abstractmethod
    def require(self, inner: InnerLoss, start: Array) -> None:
        """Refuse an inner loss on which w_T has no derivative, or that the optimizer cannot take.

        Raises
        ------
        ValueError
            with the reason.
        """

    def transition(self, inner: InnerLoss, start: Array) -> Transition:
        """A step as tapes see it."""
        self.require(inner, start)
        return self.optimizer.own_transition()

    @abstractmethod
    def trained(self, inner: InnerLoss, start: Array) -> Array:
        """w_T."""

    @abstractmethod
    def gradient(self, inner: InnerLoss, alpha: Array, start: Array, moving: Array) -> Array:
        """The exact derivative without its direct term, from w_0 = ``start`` with the rows
        ``moving`` = d w_0 / d alpha_k (h, P).
        """

    def backward(self, inner: InnerLoss, alpha: Array, start: Array) -> Backward:
        """Reverse mode by the loop: T states are kept."""
        return backward(self.problem, self.optimizer, inner, alpha, start)

    def definition(self, inner: InnerLoss, alpha: Array, start: Array, moving: Array) -> Array:
        """The derivative by reverse mode, with its direct term."""
        self.require(inner, start)
        found = self.backward(inner, alpha, start)
        value: Array = found.value + moving @ found.start
        if self.problem.has_direct:
            value = value + self.problem.direct(found.last, alpha)
        return value
