"""Moments of the loss at a normal step size, F(eta + sigma xi), in logarithms.

With s_i = sigma lambda_i the factor of mode i is a_i - s_i xi, and

    F_sigma(eta) = E F(eta + sigma xi) = sum_i omega_i M_2T(a_i, s_i),
    F_sigma'(eta) = -2T sum_i omega_i lambda_i M_(2T-1)(a_i, s_i),

M_n the moments of ``gaussian_moment``.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.gaussian import expected, nodes, signed_moment
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts.spectra import Spectrum


def slope(run: Spectrum, sigma: float) -> SignLog:
    """F_sigma'."""
    T = run.steps
    moment = signed_moment(2 * T - 1, run.factors, sigma * run.lam)
    return -2 * T * run.weighed(moment * run.lam)


def antithetic_square(run: Spectrum, sigma: float, steps: list[int] | None = None) -> SignLog:
    """E xi^2 (F(eta + sigma xi) - F(eta - sigma xi))^2 / (4 sigma^2), F the loss after T steps, or
    the sum of those after several numbers of ``steps``, T at most.
    """
    xi, weights = nodes(4 * run.steps + 2)
    first, *others = steps or [run.steps]
    difference = _difference(run.of_length(first), sigma * xi)
    for other in others:
        difference = difference + _difference(run.of_length(other), sigma * xi)
    square = expected(difference * difference * SignLog.of(xi * xi), weights)
    return square / (4 * SignLog.of(sigma) ** 2)


def plain_square(run: Spectrum, sigma: float) -> SignLog:
    """E xi^2 F(eta + sigma xi)^2 / sigma^2, both signs of xi together."""
    xi, weights = nodes(4 * run.steps + 2)
    upper = _loss(run, sigma * xi)
    lower = _loss(run, -sigma * xi)
    both = (upper * upper + lower * lower) / 2
    return expected(both * SignLog.of(xi * xi), weights) / SignLog.of(sigma) ** 2


def _loss(run: Spectrum, shift: Array) -> SignLog:
    """F(eta + shift), one entry a shift."""
    a = run.factors - shift[:, None] * run.lam
    return run.weighed(SignLog.of(a) ** (2 * run.steps))


def _difference(run: Spectrum, shift: Array) -> SignLog:
    """F(eta + shift) - F(eta - shift) for shift > 0, mode by mode without cancellation.

    With y = lambda shift, log |a + y| - log |a - y| = -log(1 - 2 min(|a|, y) / (|a| + y)) up to the
    sign of a.
    """
    a = run.factors
    y = shift[:, None] * run.lam
    size = np.abs(a)
    with np.errstate(divide="ignore"):
        # log of the larger power, and by how much the smaller one lies below it
        high = 2 * run.steps * np.log(size + y)
        below = 2 * run.steps * np.log1p(-2 * np.minimum(size, y) / (size + y))
        log = high + np.log(-np.expm1(below))
    # a > 0: |a + y| is the larger one, which F(eta - shift) has
    sign = np.where(log == -np.inf, 0.0, -np.sign(a))
    log = np.where(sign == 0, -np.inf, log)
    return run.weighed(SignLog(sign, log))
