"""Gradient flow on least squares in the high-dimensional limit, its optimal stopping time, and
ridge beside it.

As T grows with tau = eta T fixed, (1 - eta l)^T -> exp(-tau l). With psi = d/n, R = ||w_*||, delta
= sigma^2 psi / R^2 and the Laplace transform of l dMP(l), I_1 the modified Bessel function,

    K(u) = exp(-(1 + psi) u) I_1(2 sqrt(psi) u) / (sqrt(psi) u),   K(0) = 1,   int_0^inf K = min(1,
        1/psi),
    E(tau) = R^2 (1 - int_0^2tau K) + sigma^2 psi int_0^2tau K(u) min(u, 2 tau - u) du,

which is unimodal for sigma > 0 with its minimum where K(2 tau) = delta int_tau^2tau K.
"""

from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, number
from quadmeta.theory.spectra import marchenko_pastur

_LATEST = 1e9
"""Largest tau sqrt(psi), for which the quadrature has 300,000 nodes."""


class Setting(NamedTuple):
    """(psi, s = sigma^2 / R^2, delta = s psi), R = 1: every risk here is in units of ||w_*||^2."""

    aspect: float
    noise: float
    delta: float


def setting(aspect: float, noise: float) -> Setting:
    """Validated (d / n, sigma^2 / ||w_*||^2)."""
    psi = number("aspect", aspect, least=1e-100, most=1e100, remedy="pass d / n")
    s = number("noise", noise, least=0.0, most=1e100, remedy="pass sigma^2 / norm^2")
    if 0 < s < 1e-100:
        raise ValueError(f"noise = {s:g} must be 0 or at least 1e-100: pass sigma^2 / norm^2")
    return Setting(psi, s, s * psi)


def kernel(aspect: float, u: Numbers) -> Any:
    """K(u) for u >= 0, without overflow: I_1(x) e^-x is scipy's ive, and e^(-(1 - sqrt psi)^2 u)
    remains.

    Examples
    --------
    >>> from quadmeta.theory.gradient_flow import kernel
    >>> round(float(kernel(aspect=0.5, u=1.0)), 6)
    0.28376
    """
    from scipy.special import ive

    root = np.sqrt(setting(aspect, 0).aspect)
    u = finite("u", u)
    if (u < 0).any():
        raise ValueError(f"u has the negative entry {u[u < 0].flat[0]}: pass times >= 0")
    x = 2 * root * u
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(x < 1e-8, 1.0 - x, 2 * ive(1, x) / np.where(x == 0, 1, x))
    return ratio * np.exp(-((1 - root) ** 2) * u)


def _rule(aspect: float, tau: float) -> tuple[Array, Array]:
    if tau * np.sqrt(aspect) > _LATEST:
        raise ValueError(
            f"tau = {tau:.3g} times sqrt(aspect) exceeds {_LATEST:g}, too late for the "
            "quadrature: pass "
            "an earlier time, more noise, or an aspect further from 1"
        )
    # polynomials of degree 2N - 1 resolve exp(-2 tau l) over the bulk of width 4 sqrt psi for N of
    # this order
    l, omega, _, _ = marchenko_pastur(aspect, int(30 + 9 * np.sqrt(tau * np.sqrt(aspect))))
    return l, omega


def flow_risk(aspect: float, noise: float, tau: float) -> float:
    """E(tau) / R^2 for tau >= 0 by quadrature of l dMP(l): 1 - 2 E[h] + E[(l + delta) h^2], h = (1
    - e^-tau l) / l.

    Equal to the Bessel form to rounding; cost O(sqrt tau).

    Examples
    --------
    >>> from quadmeta.theory.gradient_flow import flow_risk
    >>> round(flow_risk(aspect=0.5, noise=1.0, tau=1.0), 6)
    0.428956
    """
    psi, _, delta = setting(aspect, noise)
    tau = number("tau", tau, least=0.0, remedy="pass eta T")
    l, omega = _rule(psi, tau)
    h = -np.expm1(-tau * l) / l
    # 1 - 2 E[h] + E[l h^2] = 1 - E[(1 - e^-2 tau l) / l] exactly
    return float(1 - (omega * -np.expm1(-2 * tau * l) / l).sum() + delta * (omega * h**2).sum())


def optimal_time(aspect: float, noise: float) -> float:
    """tau_* = lim eta*_valid T, the unique root of K(2 tau) = delta int_tau^2tau K, in its
    bracket, for noise > 0.

    log(1 + l_+/delta) / l_+ <= tau_* <= log(1 + l_-/delta) / l_- <= 1/delta, l_+- = (1 +- sqrt
    psi)^2.

    Examples
    --------
    >>> from quadmeta.theory.gradient_flow import optimal_time
    >>> round(optimal_time(aspect=0.5, noise=1.0), 6)
    1.237048
    """
    from scipy.optimize import brentq

    psi, s, delta = setting(aspect, noise)
    if s == 0:
        raise ValueError(
            "noise = 0: the flow is best stopped never, tau = infinity; pass noise > 0"
        )
    low_edge = (1 - np.sqrt(psi)) ** 2
    high_edge = (1 + np.sqrt(psi)) ** 2
    low = np.log1p(high_edge / delta) / high_edge
    if low_edge > 1e-12 * delta:
        high = np.log1p(low_edge / delta) / low_edge
    else:
        high = 1 / delta

    def balance(tau: float) -> float:
        l, omega = _rule(psi, tau)
        # e^(l_- tau) times the difference: E[e^-2 tau l - delta e^-tau l (1 - e^-tau l) / l]
        shift = np.exp(-tau * (l - low_edge))
        return float((omega * shift * (np.exp(-tau * l) - delta * -np.expm1(-tau * l) / l)).sum())

    low = low * (1 - 1e-12)
    high = high * (1 + 1e-12)
    # a bracket as narrow as the rounding of the balance holds the root to rounding
    if balance(low) <= 0 or balance(high) >= 0:
        return float(low if balance(low) <= 0 else high)
    return float(brentq(balance, low, high, xtol=1e-300, rtol=1e-15, maxiter=500))


def ridge_risk(aspect: float, noise: float) -> float:
    """Risk / R^2 of the best ridge estimate (penalty delta): zeta^2 + (nu + s - 1) zeta - s = 0
    with nu = n / d.

    No linear spectral filter of the same samples does better; it is the Bayes risk under an
    isotropic Gaussian prior.

    Examples
    --------
    >>> from quadmeta.theory.gradient_flow import ridge_risk
    >>> round(ridge_risk(aspect=0.5, noise=1.0), 6)
    0.414214
    """
    psi, s, _ = setting(aspect, noise)
    half = 1 - 1 / psi - s
    root = np.hypot(half, 2 * np.sqrt(s))
    return float((half + root) / 2 if half >= 0 else 2 * s / (root - half))
