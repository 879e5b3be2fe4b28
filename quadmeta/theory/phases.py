"""Phase borders between train-by-train, train-by-validation and not training, in closed form.

High-dimensional limit, T = infinity, noise s = sigma^2 / ||w_*||^2 and nu = n / d. Risks are in
units of ||w_*||^2; a border is the value of s at which two risks are equal. Train-by-validation is
gradient descent with its step size tuned on validation samples, at T = infinity gradient flow
stopped at its best time; ridge with the best penalty is below it, and its borders have closed
forms.
"""

import numpy as np

from quadmeta._validate import number
from quadmeta.theory.gradient_flow import flow_risk, optimal_time, setting


def _ratio(nu: float) -> float:
    return number("nu", nu, least=1e-100, most=1e100, remedy="pass n / d")


def train_by_train_risk(nu: float, noise: float) -> float:
    """s / (nu - 1) for nu > 1, 1 - nu + s nu / (1 - nu) for nu < 1: the minimum-norm least-squares
    solution.

    Raises
    ------
    ValueError
        nu = 1, where it is infinite.

    Examples
    --------
    >>> from quadmeta.theory.phases import train_by_train_risk
    >>> train_by_train_risk(nu=2.0, noise=1.0)
    1.0
    """
    nu = _ratio(nu)
    s = setting(1.0, noise).noise
    if nu == 1:
        raise ValueError(
            "nu = 1: the risk of train-by-train is infinite there, use a finite number of steps"
        )
    if nu > 1:
        return s / (nu - 1)
    return 1 - nu + s * nu / (1 - nu)


def worse_than_zero(nu: float) -> float:
    """Train-by-train loses to not training at all for s above |1 - nu|.

    Examples
    --------
    >>> from quadmeta.theory.phases import worse_than_zero
    >>> worse_than_zero(nu=2.0)
    1.0
    """
    return abs(1 - _ratio(nu))


def same_size(nu: float, ratio: float) -> float:
    """The s at which train-by-train's risk is ``ratio`` > 1 times the ridge risk of the same n
    samples.

    nu > 1: G (G - 1) (nu - 1)^2 / (1 + G (nu - 1)). nu < 1, with D = 1 - nu: the positive root of
    nu (nu + G D) / D^2 s^2 - (G - 1) (G + 2 nu) s - (G - 1) D^2 = 0.

    Examples
    --------
    >>> from quadmeta.theory.phases import same_size
    >>> same_size(nu=2.0, ratio=3.0)
    1.5
    """
    nu = _ratio(nu)
    G = number(
        "ratio", ratio, above=1.0, most=1e100, remedy="ridge never loses on the same samples"
    )
    if nu >= 1:
        return G * (G - 1) * (nu - 1) ** 2 / (1 + G * (nu - 1))
    D = 1 - nu
    a = nu * (nu + G * D) / D**2
    b = (G - 1) * (G + 2 * nu)
    c = (G - 1) * D**2
    return float((b + np.sqrt(b * b + 4 * a * c)) / (2 * a))


def fair_split(nu: float, fraction: float = 0.5) -> float:
    """Ridge on n_1 = fraction * n samples, its penalty validated on the rest, beats train-by-train
    on all n for s above this.

    nu > 1: (1 - f) (nu - 1); nu < 1: (1 - nu) / 2 ((1 - f) nu + sqrt((1 - f)^2 nu^2 + 4 (1 - f) (1
    - nu))). The risk is reported at n_1, without retraining; at n = d it is 0. Of gradient descent
    only this is true: up to here a step size tuned on the rest loses as well, whatever T is. Its
    own border is ``fair_split_flow``.

    Examples
    --------
    >>> from quadmeta.theory.phases import fair_split
    >>> fair_split(nu=2.0)
    0.5
    """
    nu = _ratio(nu)
    f = number("fraction", fraction, above=0.0, below=1.0, remedy="pass n_1 / n")
    g = 1 - f
    return float(
        g * (nu - 1)
        if nu > 1
        else (1 - nu) / 2 * (g * nu + np.sqrt((g * nu) ** 2 + 4 * g * (1 - nu)))
    )


def fair_split_flow(nu: float, fraction: float = 0.5) -> float:
    """Gradient flow on n_1 = fraction * n samples, stopped at the time that is best on the rest,
    beats train-by-train on all n for s above this.

    It is the limit of gradient descent with a tuned step size as T grows. The border exists and is
    unique: the best risk is the least of functions affine in s, hence concave, that of
    train-by-train is affine and lower near s = 0. It lies above ``fair_split``, since ridge is
    better than every stopping time, and not above the border of one step of the best size, of
    risk (1 + s)/(1 + f nu + s). The root between the two is found to a relative accuracy of about
    1e-14/(1 - fraction)^2; at n = d it is 0.

    Raises
    ------
    ValueError
        n_1 so near d, or so little noise at the border, that the best time is beyond the
        quadrature.

    Examples
    --------
    >>> from quadmeta.theory.phases import fair_split_flow
    >>> round(fair_split_flow(nu=2.0), 4)
    0.514
    """
    from scipy.optimize import brentq

    low = fair_split(nu, fraction)
    if nu == 1:
        return 0.0
    part = number("n_1 / d", fraction * nu, least=1e-100, most=1e100, remedy="pass a larger split")
    D = abs(1 - nu)
    # one step beats train-by-train where s^2 + b s - c > 0
    if nu > 1:
        b = 2 + part - nu
        c = D
    else:
        b = part + nu
        c = D * (1 - fraction + part)
    root = np.hypot(b, 2 * np.sqrt(c))
    if b > 0:
        high = 2 * c / (root + b)
    else:
        high = (root - b) / 2

    def gain(s: float) -> float:
        return train_by_train_risk(nu, s) - flow_risk(1 / part, s, optimal_time(1 / part, s))

    # a bracket as narrow as the rounding of the risks holds the root to rounding
    if gain(low) >= 0 or gain(high) <= 0:
        return float(low if gain(low) >= 0 else high)
    return float(brentq(gain, low, high, xtol=1e-15 * high, rtol=1e-15, maxiter=1000))
