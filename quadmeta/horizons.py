"""The step at which back-propagation through the log objective first fails in a floating-point format.

Reverse mode forms w_t ~ rho^t, F ~ rho^(2T), (1/T)/F and b_t ~ rho^-t. A format overflows at 2^E and its smallest
subnormal is 2^Z. Hand-written reverse mode, elementwise in eigen-coordinates and in this order,

    w -= eta*(lam*w);  F = sum(lam*(w*w))/2;  b = ((1/T)/F)*(lam*w);  g -= sum(b*(lam*w_t));  b -= lam*(eta*b)

returns nan or inf first when   F_T < max(2^(Z-1), 2^-E / T)                                         (rho < 1)
                         or     max_i max(max(1, lam_i) |w_T,i|, eta lam_i |w_T-1,i|) >= 2^E         (rho > 1)
and a silent zero first when    max(2 F_T, max_i w_T,i^2) >= 2^E                                     (rho > 1).

This is exact to the step in binary32 and binary64 while the accumulated rounding T eps is far below |log rho|.
"""
from typing import Any, NamedTuple

import numpy as np

from quadmeta._registry import unknown
from quadmeta._validate import natural, step_sizes
from quadmeta.arithmetic.residual import factor, log_abs
from quadmeta.problems._base import QuadraticProblem

Array = Any
FORMATS = {"float16": (16, -24), "float32": (128, -149), "float64": (1024, -1074)}
"""Format -> (E, Z): overflow at 2^E, smallest subnormal 2^Z."""
_BLOCK = 2**17  # numbers in one temporary array


class Horizon(NamedTuple):
    """First numbers of steps T at which reverse mode fails; None: not up to the limit."""

    nonfinite: int | None
    """G' is nan or inf."""
    silent_zero: int | None
    """G' is 0 although it should not be, and finite until ``nonfinite``."""


def failure_horizon(problem: QuadraticProblem, step_size: float, dtype: str = "float32",
                    limit: int = 10**6) -> Horizon:
    """Predict the first failing T in 1..``limit`` for one task, from the *stored* eta, lambda and w_0 - w_*.

    Args:
        problem: one quadratic task; its eigenvalues and initial error are rounded to ``dtype`` as the algorithm would.
        step_size: eta >= 0, rounded to ``dtype``.
        dtype: "float16", "float32" or "float64".
        limit: largest T looked at; cost O(d T) up to the answer.

    Source: sharpens Wang, Yuan, Wu, Ge 2021, Corollary 1.
    """
    if dtype not in FORMATS:
        raise ValueError(unknown("dtype", dtype, FORMATS))
    E, Z = FORMATS[dtype]
    modes, limit = problem.modes(), natural("limit", limit)
    if modes.eigenvalues.ndim > 1:
        raise ValueError(f"problem has {modes.eigenvalues[..., 0].size} tasks: pass one at a time")
    eta, lam, error = (np.asarray(x).astype(dtype).astype(float)
                       for x in (step_sizes("step_size", step_size), modes.eigenvalues, modes.error))
    on = error != 0
    lam, error = lam[on], error[on]
    with np.errstate(divide="ignore"):
        log_a = log_abs(factor(eta, lam)) / np.log(2)
        log_c, log_l, log_eta = np.log2(np.abs(error)), np.log2(lam), np.log2(eta)
    contracting = bool((log_a < 0).all())
    nonfinite = silent = None
    size = max(1, _BLOCK // lam.size)
    for first in range(1, limit + 1, size):
        T = np.arange(first, min(first + size, limit + 1))[:, None]
        with np.errstate(invalid="ignore"):  # T - 1 = 0 times log 0
            w, before = log_c + T * log_a, log_c + np.where(T > 1, (T - 1) * log_a, 0)
        loss = np.logaddexp2.reduce(log_l - 1 + 2 * w, axis=-1)
        if contracting:
            fails = loss < np.maximum(Z - 1, -E - np.log2(T[:, 0]))
        else:
            fails = np.maximum(np.maximum(log_l, 0) + w, log_eta + log_l + before).max(axis=-1) >= E
            zero = np.maximum(loss + 1, 2 * w.max(axis=-1)) >= E
            if silent is None and zero.any():
                silent = first + int(np.argmax(zero))
        if fails.any():
            nonfinite = first + int(np.argmax(fails))
            break
    if silent is not None and nonfinite is not None and silent >= nonfinite:
        silent = None
    return Horizon(nonfinite, silent)
