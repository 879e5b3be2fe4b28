"""What wrong linear solvers make of H x = g: mistakes in conjugate gradients, other matrices."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.mistakes.backward import ridge
from quadmeta.conformance.problem import ExactProblem
from quadmeta.conformance.rational import high_precision, identity

Inverse = Callable[[ExactProblem, Array], Array]

_ENDED = Fraction(1, 10**90)
"""An mpf residual below this, squared and relative, is 0."""


def conjugate_gradients(
    matrix: Array, right: Array, count: int | None = None, stale: bool = False, scale: Any = 1
) -> list[Array]:
    """The iterates x_0 = 0, x_1, ... until the residual is 0, or ``count`` of them.

    Parameters
    ----------
    stale
        the direction takes the residual of the step before, p <- r_k + beta_k p.
    scale
        c of a step |r|^2 / (c p'H p).
    """
    x = 0 * right
    residual = right
    direction = right
    found = [x]
    square = residual @ residual
    first = square
    while (count is None and len(found) <= len(right)) or (
        count is not None and len(found) <= count
    ):
        if square <= _limit(first) * first:
            break
        product = matrix @ direction
        curvature = scale * (direction @ product)
        if curvature == 0:
            break
        size = square / curvature
        x = x + size * direction
        found.append(x)
        new = residual - size * product
        new_square = new @ new
        direction = (residual if stale else new) + new_square / square * direction
        residual = new
        square = new_square
    return found


def _limit(first: Any) -> Any:
    if isinstance(first, Fraction | int):
        return 0
    return high_precision(_ENDED)


def _last_step_lost(problem: ExactProblem, right: Array) -> Array:
    found = conjugate_gradients(problem.hessian, right)
    return found[max(len(found) - 2, 0)]


def _normal_last_step_lost(problem: ExactProblem, right: Array) -> Array:
    H = problem.hessian
    found = conjugate_gradients(H @ H, H @ right)
    return found[max(len(found) - 2, 0)]


def _stale(share: Fraction) -> Inverse:
    def inverse(problem: ExactProblem, right: Array) -> Array:
        count = max(int(share * len(right)), 1)
        return conjugate_gradients(problem.hessian, right, count, stale=True)[-1]

    return inverse


def _scaled(problem: ExactProblem, right: Array) -> Array:
    c = problem.scalar(Fraction(1, 2))
    found: Array = c * conjugate_gradients(problem.hessian, right, len(right), scale=c)[-1]
    return found


def _one_step(problem: ExactProblem, right: Array) -> Array:
    return conjugate_gradients(problem.hessian, right, 1)[-1]


def _damped(size: Fraction) -> Inverse:
    def inverse(problem: ExactProblem, right: Array) -> Array:
        damping = problem.scalar(size) * problem.array(identity(len(right)))
        return problem.solve(right, problem.hessian + damping)

    return inverse


def _with_ridge(factor: int) -> Inverse:
    def inverse(problem: ExactProblem, right: Array) -> Array:
        part = ridge(problem)
        if part is None:
            return problem.solve(right)
        return problem.solve(right, problem.hessian + factor * part)

    return inverse


CG = "CG"
"""How the names begin whose solvers stop after as many steps as there are eigenvalues."""

SOLVERS: dict[str, Inverse] = {
    "H left out (identity)": lambda p, right: right,
    "step size for the inverse (T1-T2)": lambda p, right: p.step_sizes[0] * right,
    "H for its inverse": lambda p, right: p.hessian @ right,
    "H inverted twice": lambda p, right: p.solve(p.solve(right)),
    "CG: last step lost": _last_step_lost,
    "CG: residual of the step before in the direction, d steps": _stale(Fraction(1)),
    "CG: residual of the step before in the direction, 1/2 d steps": _stale(Fraction(1, 2)),
    "CG: scale 1/2 in the denominator only, d steps": _scaled,
    "CG on the normal equations: last step lost": _normal_last_step_lost,
    "CG: one step": _one_step,
    "Hessian of the outer loss": lambda p, right: p.solve(right, p.outer_hessian),
    "diagonal of H": lambda p, right: right / np.diag(p.hessian),
    "damping 1e-3": _damped(Fraction(1, 1000)),
    "damping 1e-2": _damped(Fraction(1, 100)),
    "damping 1": _damped(Fraction(1)),
    "ridge twice in the solve": _with_ridge(1),
    "ridge missing in the solve": _with_ridge(-1),
}
