"""Spectral weights lambda e^2 / 2 as numbers of float64 times one power of two, so that none over-
or underflows.

Eigenvalues and errors may lie anywhere in 1e-150..1e150, so that the weights leave float64 long
before the data do.
"""

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import show
from quadmeta.arithmetic.extremes import extremes

RANGE = 1e-150, 1e150
"""Where eigenvalues and errors may lie: products of two keep every digit."""
WEIGHTS = 1e-300, 1e300
"""Where spectral weights may lie that are themselves the data."""
LIMITS = 1e-75, 1e75
"""Where data may lie whose products of four stay in float64."""
_PLAIN = 400
"""Weights between 2^-400 and 2^400 need no scale: their products with eigenvalues stay in float64
as well.
"""
_SPAN = 1993
"""log2 of 1e600, the largest ratio of two weights of one problem."""


def require_range(name: str, values: Array, limits: tuple[float, float] = RANGE) -> None:
    """Every entry is 0 or has a magnitude inside ``limits``."""
    size = np.abs(values)
    bad = (size != 0) & ~((size >= limits[0]) & (size <= limits[1]))
    if bad.any():
        raise ValueError(
            f"{name} has the entry {np.asarray(values)[bad].flat[0]:.6g}, which leaves the range "
            f"{limits[0]:g}..{limits[1]:g}: rescale the problem"
        )


def largest(matrices: Array) -> Array:
    """The largest magnitude in each matrix (..., m, n), by two readings and no copy."""
    axes = (-1, -2)
    size: Array = np.maximum(matrices.max(axis=axes), -matrices.min(axis=axes))
    return size


def moderate(values: Array) -> bool:
    """Whether every entry lies in 1e-30..1e30, so that products of a few need no scale."""
    return within(extremes(values))


def within(ends: tuple[float, float]) -> bool:
    """``moderate`` of numbers whose smallest and largest are these."""
    return 1e-30 <= ends[0] and ends[1] <= 1e30


def spectral_weights(eigenvalues: Array, error: Array) -> tuple[Array, int]:
    """(omega / 2^k, k) with omega = lambda e^2 / 2; k = 0 where no omega comes near an end of
    float64.

    Raises
    ------
    ValueError
        the weights span more than 600 decades, the width of float64.
    """
    # lambda e^2 / 2 = (m_lambda m_e^2 / 2) 2^(k_lambda + 2 k_e): the mantissas give the digits of
    # the plain product
    lam, lam_power = np.frexp(eigenvalues)
    e, e_power = np.frexp(error)
    return centred(lam * e**2 / 2, lam_power + 2 * e_power.astype(int))


def split_weights(weights: Array) -> tuple[Array, int]:
    """(omega / 2^k, k) of weights that are the data."""
    mantissa, power = np.frexp(weights)
    return centred(mantissa, power.astype(int))


def centred(mantissa: Array, power: Array) -> tuple[Array, int]:
    """(omega / 2^k, k) of omega = mantissa 2^power, with mantissas between 1/16 and 1 or 0."""
    on = mantissa != 0
    low = 0
    high = 0
    if on.any():
        low = int(power[on].min())
        high = int(power[on].max())
    if high - low > _SPAN:
        raise ValueError(
            f"the spectral weights lambda e^2 / 2 span {(high - low) * np.log10(2):.0f} decades, "
            "float64 holds 600: set the error of the lightest modes to 0 (with active=True), or "
            "rescale them"
        )
    if -_PLAIN < low and high < _PLAIN:
        k = 0
    else:
        k = (low + high) // 2
    return np.ldexp(mantissa, np.where(on, power - k, 0)), k


def error_of(weights: Array, eigenvalues: Array) -> Array:
    """e = sqrt(2 omega / lambda), also where 2 omega / lambda leaves float64."""
    # omega = m 4^k: the root of 4^k is a power of two, which rounds nothing
    power = np.frexp(weights)[1]
    power = power - power % 2
    root = np.sqrt(2 * np.ldexp(weights, -power) / eigenvalues)
    error: Array = np.ldexp(root, power // 2)
    return error


def unscaled(weights: Array, exponent: int) -> Array:
    """omega = weights 2^exponent.

    Raises
    ------
    ValueError
        an omega that float64 does not hold to all digits.
    """
    if not exponent:
        return weights
    with np.errstate(over="ignore", under="ignore"):
        omega = np.ldexp(weights, exponent)
    if not (np.isfinite(omega) & (np.ldexp(omega, -exponent) == weights)).all():
        bad = np.log10(weights[weights > 0]) + exponent * np.log10(2)
        raise ValueError(
            f"a spectral weight of about 1e{show(int(bad[np.argmax(np.abs(bad))]))} leaves "
            "float64: rescale the problem to see its weights"
        )
    return omega
