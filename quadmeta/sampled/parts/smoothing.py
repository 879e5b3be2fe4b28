"""Moments of the loss at a normal step size, F(eta + sigma xi), in logarithms.

With s_i = sigma lambda_i the factor of mode i is a_i - s_i xi, and

    F_sigma(eta) = E F(eta + sigma xi) = sum_i omega_i M_2T(a_i, s_i),
    F_sigma'(eta) = -2T sum_i omega_i lambda_i M_(2T-1)(a_i, s_i),

M_n the moments of ``gaussian_moment``.
"""

import math
from statistics import NormalDist

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.gaussian import expected, nodes, signed_moment
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts.panels import END, graded
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


def visible_slope(run: Spectrum, sigma: float, draws: int) -> SignLog:
    """E of an antithetic draw where |xi| stays below what is exceeded once in so many draws."""
    end = NormalDist().inv_cdf(1 - 0.5 / draws)
    # towards the end the integrand may grow like e^(2 T sigma L xi / min |a|)
    xi, weights = graded(end, (0.0, end), 1e-3 * end / run.steps)
    log_weights = np.log(2 * weights / math.sqrt(2 * math.pi)) - xi * xi / 2
    values = _difference(run, sigma * xi) * SignLog.of(xi)
    return expected(values, log_weights) / (2 * SignLog.of(sigma))


def of_logarithm(run: Spectrum, sigma: float) -> tuple[float, float]:
    """(E g, var g) of antithetic draws g = xi (G(eta + sigma xi) - G(eta - sigma xi)) / (2 sigma)
    for G = log F / T.

    G has a bend of the width 1 / (T L) where the largest and the smallest eigenvalue change places,
    at 2 / (L + mu), and at 0.
    """
    high, low = float(run.lam.max()), float(run.lam.min())
    bends = [abs(x - run.eta) / sigma for x in (2 / (high + low), 0.0)]
    # of a small sigma the density alone asks for panels
    finest = min(1e-2 / (run.steps * high * sigma), 1.0)
    xi, weights = graded(END, (0.0, *bends), finest)
    density = 2 * weights * np.exp(-xi * xi / 2) / math.sqrt(2 * math.pi)
    values = xi * log_ratio(run, sigma * xi) / (2 * sigma * run.steps)
    mean = float(density @ values)
    # of a large sigma g is nearly constant: a mean square less a squared mean has no digits left
    return mean, float(density @ (values - mean) ** 2)


def log_ratio(run: Spectrum, shift: Array) -> Array:
    """log F(eta + shift) - log F(eta - shift) for shift > 0, to rounding of itself also where both
    are nearly equal.
    """
    lower = _loss(run, -shift)
    apart = (_loss(run, shift) / lower).log
    near = np.abs(apart) < 1
    gained = _difference(run, shift) / lower
    close = np.log1p(gained.sign * np.exp(np.where(near, gained.log, -np.inf)))
    return np.where(near, close, apart)


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
    """F(eta + shift) - F(eta - shift) for shift > 0, mode by mode without cancellation."""
    return run.weighed(differences(run, shift[:, None], np.array([run.steps])[:, None]))


def differences(run: Spectrum, shift: Array, steps: Array) -> SignLog:
    """(a - y)^(2 steps) - (a + y)^(2 steps) with y = lambda shift for shift > 0, by modes: (n, d)
    for columns (n, 1).

    log |a + y| - log |a - y| = -log(1 - 2 min(|a|, y) / (|a| + y)) up to the sign of a.
    """
    a = run.factors
    y = shift * run.lam
    size = np.abs(a)
    with np.errstate(divide="ignore"):
        # log of the larger power, and by how much the smaller one lies below it
        high = 2 * steps * np.log(size + y)
        below = 2 * steps * np.log1p(-2 * np.minimum(size, y) / (size + y))
        log = high + np.log(-np.expm1(below))
    # a > 0: |a + y| is the larger one, which F(eta - shift) has
    sign = np.where(log == -np.inf, 0.0, -np.sign(a))
    log = np.where(sign == 0, -np.inf, log)
    return SignLog(sign, log)
