"""The step at which back-propagation through the log objective first fails in a floating-point
format.

Reverse mode forms w_t ~ rho^t, F ~ rho^(2T), (1/T)/F and b_T ~ rho^-T. A format overflows at 2^E
and its smallest subnormal is 2^Z. Hand-written reverse mode, elementwise in eigen-coordinates and
in this order,

    w -= eta*(lam*w);  F = sum(lam*(w*w))/2;  b = ((1/T)/F)*(lam*w);  g -= sum(b*(lam*w_t));  b -=
    lam*(eta*b)

returns nan or inf first when   F_T < max(2^(Z-1), 2^-E / T), or every w_T,i^2 < 2^(Z-1)
    (rho < 1)
                         or     max_i max(max(1, lam_i) |w_T,i|, eta lam_i |w_T-1,i|) >= 2^E
                             (rho > 1)
and a silent zero first when    max(2 F_T, max_i lam_i w_T,i^2, max_i w_T,i^2) >= 2^E
    (rho > 1).

These laws hold up to the accumulated rounding, T eps / |log rho| steps. The prediction is exact:
it runs w once, in the format itself, and looks at what F and b_T would be at every T. Of the way
back it needs no more than the first product b_T (lam w_T-1), because b_t w_t is the same for every
t up to rounding.
"""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import choice, instance, natural, number
from quadmeta.problems.parts.base import QuadraticProblem

FORMATS = {"float16": (16, -24), "float32": (128, -149), "float64": (1024, -1074)}
"""Format -> (E, Z): overflow at 2^E, smallest subnormal 2^Z."""
_BLOCK = 4096  # steps at most that are run before their outcomes are looked at


class Horizon(NamedTuple):
    """First numbers of steps T at which reverse mode fails; None: not up to the limit."""

    nonfinite: int | None
    """G' is nan or inf."""
    silent_zero: int | None
    """G' is 0 although it should not be, and finite until ``nonfinite``."""


def failure_horizon(
    problem: QuadraticProblem, step_size: float, dtype: str = "float32", limit: int = 10**6
) -> Horizon:
    """The first failing T in 1..``limit`` for one task, from the *stored* eta, lambda and w_0 -
    w_*.

    It is the T at which ``Reverse`` first fails on the ``LogObjective`` of ``problem``, at every
    scale of eta, lambda and w. Longer runs may be right again: where only the loss of the first
    steps exceeds the format, and in float16 next to the border, where (1/T)/F falls as T grows and
    w no longer moves.

    Parameters
    ----------
    problem
        one quadratic task; its eigenvalues and initial error are rounded to ``dtype`` as the
        algorithm would.
    step_size
        eta >= 0, rounded to ``dtype``; it may overflow there, and reverse mode then fails at once.
    dtype
        "float16", "float32" or "float64".
    limit
        largest T looked at; cost O(d T) up to the answer, some seconds a million steps.

    Raises
    ------
    ValueError
        several tasks, a negative or non-finite step size, an unknown format, a limit below 1.

    Source: sharpens Wang, Yuan, Wu, Ge 2021, Corollary 1.
    """
    instance("problem", problem, QuadraticProblem, "Quadratic.from_spectrum([1, 10], seed=0)")
    step_size = number("step_size", step_size, least=0)
    E, _ = FORMATS[choice("dtype", dtype, FORMATS)]
    modes = problem.modes()
    limit = natural("limit", limit)
    if modes.eigenvalues.ndim > 1:
        raise ValueError(f"problem has {modes.eigenvalues[..., 0].size} tasks: pass one at a time")
    silent = None
    with np.errstate(all="ignore"):  # what overflows here is the answer
        eta, lam, w = (
            np.atleast_1d(np.asarray(x)).astype(dtype)
            for x in (step_size, modes.eigenvalues, modes.error)
        )
        first = 1
        while first <= limit:
            states = _run(w, eta, lam, min(_BLOCK, 64 + first, limit + 1 - first))
            fails, zero = _outcomes(states, lam, first, E)
            if silent is None and zero.any():
                silent = first + int(np.argmax(zero))
            if fails.any():
                nonfinite = first + int(np.argmax(fails))
                return Horizon(
                    nonfinite, silent if silent is not None and silent < nonfinite else None
                )
            first = first + len(states) - 1
            w = states[-1]
    return Horizon(None, silent)


def _run(w: Array, eta: Array, lam: Array, steps: int) -> Array:
    """w and the next iterates, (steps + 1, d), in the format and the order of operations of the
    algorithm.
    """
    states = np.empty((steps + 1, w.size), dtype=w.dtype)
    update = np.empty_like(w)
    states[0] = w
    rows = list(states)
    for t, (row, after) in enumerate(zip(rows, rows[1:], strict=False)):
        np.multiply(lam, row, update)
        np.multiply(eta, update, update)
        np.subtract(row, update, after)
        if t == 1 and (rows[0] == rows[2]).all():  # of period two, hence for good
            states[3::2], states[4::2] = rows[1], rows[2]
            break
    return states


def _outcomes(states: Array, lam: Array, first: int, E: int) -> tuple[Array, Array]:
    """Whether G' is not finite and whether it is 0, for T = first, first + 1, ... at states[1],
    states[2], ...
    """
    before = states[:-1]
    w = states[1:]
    T = np.arange(first, first + len(w))
    loss = (lam * (w * w)).sum(axis=-1) / 2
    b = (loss**0 / T.astype(w.dtype) / loss)[:, None] * (lam * w)
    products = b * (lam * before)
    # all T products of the way back are about equal
    size = np.abs(products.sum(axis=-1).astype(float)) * T
    fails = (
        ~np.isfinite(b).all(axis=-1)
        | ~np.isfinite(products).all(axis=-1)
        | ~(size < 2.0 ** min(E, 1023))
    )
    return fails, (products == 0).all(axis=-1)
