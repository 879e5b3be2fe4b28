"""Training of auxiliary weights other than by hypergradients: joint descent, which must fail, and
a grid.

Two-stage training, W <- argmin L_T(W; phi) and phi <- max(0, phi - beta g), is
``bilevel_descent(OuterLoss(problem, GradientDescent(1, nu)), phi, Neumann(order=J),
Gradient(beta), lower=0.0, exact=True)`` with any estimator.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import instance, natural, number, shaped
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.auxiliary_tasks import AuxiliaryTasks
from quadmeta.training.optimal_weights import outer_loss


@dataclass(frozen=True, eq=False)
class Joint:
    """A state of joint training."""

    phi: Array
    """(K,) weights of the auxiliary tasks after this update."""
    w: Array
    """(P,) what training reached before it."""
    step: int
    """Number of updates."""
    losses: Array
    """(K,) l_k(w) of the auxiliary tasks, the derivative of L_T in phi_k."""


def joint_training(
    problem: AuxiliaryTasks,
    phi: Numbers,
    step: float,
    optimizer: GradientDescent | None = None,
    start: Numbers | None = None,
) -> Iterator[Joint]:
    """Descent of the training loss L_T in the weights together with w, without end.

    Each update is phi_k <- max(0, phi_k - step l_k(w)). No held-out data are used: a weight is
    lowered as long as its task has any loss left. Where c_k = min l_k > 0 it is 0 after at most
    ceil(phi_k / (step c_k)) steps.

    Parameters
    ----------
    problem
        weights themselves are learned (``softplus=False``).
    phi
        initial weights >= 0 (K,).
    step
        beta > 0.
    optimizer
        gradient descent with a step size, run before each update; None solves for w.
    start
        w_0 (P,) of the first run.

    Raises
    ------
    ValueError
        a problem with ``softplus``, an optimizer without a step size, or an argument out of its
        range.
    FloatingPointError
        while iterating: inner training diverges.

    Examples
    --------
    >>> import quadmeta as qm
    >>> from quadmeta.training.auxiliary import joint_training
    >>> problem = qm.AuxiliaryTasks.diabetes()
    >>> start = [1.0] * problem.hyperparameters
    >>> first = next(joint_training(problem, start, step=0.1))
    >>> bool((first.phi < 1).all())
    True
    """
    require_weights(problem)
    weights = shaped("phi", phi, (problem.hyperparameters,), "(K,), one weight an auxiliary task")
    if (weights < 0).any():
        raise ValueError(f"phi has the negative entry {weights[weights < 0][0]}: pass weights >= 0")
    step = number("step", step, above=0)
    if optimizer is not None:
        instance(
            "optimizer", optimizer, GradientDescent, "GradientDescent(steps=10, step_size=0.1)"
        )
        if optimizer.step_size is None:
            raise ValueError(
                f"optimizer = {optimizer!r} leaves its step size free: pass GradientDescent(steps, "
                "step_size)"
            )
    if start is None:
        w = problem.start
    else:
        w = shaped("start", start, problem.start.shape, "(P,), a flat w_0")
    return _states(problem, weights, step, optimizer, w)


def require_weights(problem: AuxiliaryTasks) -> None:
    """Refuse what is not a problem of auxiliary tasks whose weights themselves are learned."""
    instance("problem", problem, AuxiliaryTasks, "AuxiliaryTasks.diabetes()")
    if problem.softplus:
        raise ValueError(
            "problem: softplus = True learns another parameter than the weights: build it without"
        )


def _states(
    problem: AuxiliaryTasks, phi: Array, step: float, optimizer: GradientDescent | None, w: Array
) -> Iterator[Joint]:
    k = 0
    while True:
        bound = problem.at(phi)
        if optimizer is None:
            w = bound.minimizer.ravel()
        else:
            *_, w = optimizer.run(bound.gradient, w, optimizer.step_size or 0.0)
        losses = problem.losses(w)[1:] if np.isfinite(w).all() else w
        if not np.isfinite(losses).all():
            raise FloatingPointError(
                f"step {k + 1}: inner training diverges: pass a step size below 2/L"
            )
        phi = np.maximum(0, phi - step * losses)
        k = k + 1
        yield Joint(phi, w, k, losses)


class Searched(NamedTuple):
    """The best point of a grid, and what it cost."""

    phi: Array
    """(K,)"""
    value: float
    """F at phi."""
    solves: int
    """Inner problems solved."""


def grid_search(problem: AuxiliaryTasks, points: int) -> Searched:
    """The best weights on a grid.

    Along each of K axes it has ``points`` weights phi = tau / (1 - tau) with tau evenly spaced in
    [0, 1), and each of its points^K points costs a solve.

    Examples
    --------
    >>> import quadmeta as qm
    >>> from quadmeta.training.auxiliary import grid_search
    >>> problem = qm.AuxiliaryTasks.diabetes()
    >>> grid_search(problem, points=2).solves == 2**problem.hyperparameters
    True
    """
    require_weights(problem)
    p = natural("points", points)
    K = problem.hyperparameters
    axis = np.arange(p) / p
    best = Searched(np.zeros(K), np.inf, p**K)
    for corner in product(axis / (1 - axis), repeat=K):
        value = outer_loss(problem, np.array(corner))
        if value < best.value:
            best = Searched(np.array(corner), value, p**K)
    return best
