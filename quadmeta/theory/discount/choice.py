"""Which discount gamma has the least bias.

S_T(x) = sum_{k<T} x^k, a_mu = 1 - eta mu, a_L = 1 - eta L.
"""

from typing import Any

from quadmeta._types import Numbers, Scalar, Spectrum
from quadmeta._validate import flag, natural, quantity, show
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.theory.discount.difference import read_modes


def minimax_gamma(
    eta: Scalar, mu: Scalar, L: Scalar, steps: int | None = None, relative: bool = False
) -> Any:
    """The discount of the least worst case over curvatures in [mu, L], where J'J is proportional
    to I.

    Absolute: 1 - 2 eta mu L/(mu + L), and at T steps the root of S_T(gamma) = (S_T(a_mu) +
    S_T(a_L))/2. Relative (of |ghat - g| / |g|): 1 - eta (mu + L)/2 as T -> infinity, with the
    worst case (L - mu)/(L + mu).

    Parameters
    ----------
    eta
        step size, in (0, 1/L].
    mu, L
        bounds of the eigenvalues.
    steps
        T; None for the limit T -> infinity.
    relative
        of the relative bias, in the limit alone.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from quadmeta.theory.discount import minimax_gamma
    >>> minimax_gamma(eta=1, mu=Fraction(1, 10), L=1)
    Fraction(9, 11)
    """
    mu = quantity("mu", mu)
    L = quantity("L", L)
    eta = quantity("eta", eta)
    if not (0 < mu <= L and 0 < eta * L <= 1 + 4e-16):
        raise ValueError(
            f"eta = {show(eta)} must lie in (0, 1/L] and 0 < mu = {show(mu)} <= L = {show(L)}: "
            "pass a smaller step size, or bounds of the eigenvalues"
        )
    if steps is not None:
        steps = natural("steps", steps)
    if flag("relative", relative):
        if steps is not None:
            raise ValueError(
                "relative has no closed form at a finite number of steps: pass steps=None"
            )
        return 1 - eta * (mu + L) / 2
    if steps is None:
        return 1 - 2 * eta * mu * L / (mu + L)
    slow = geometric_sum(1 - eta * mu, steps)
    fast = geometric_sum(1 - eta * L, steps)
    return _with_sum((slow + fast) / 2, steps)


def best_gamma(
    eigenvalues: Spectrum,
    cross: Numbers,
    gradient: Numbers,
    eta: Scalar,
    steps: int | None = None,
) -> Any:
    """The discount in [0, 1) of least bias on one instance at w_0 = w_*: S_T(gamma) C'g is nearest
    to C' S_T(A) g.

    Parameters
    ----------
    eigenvalues
        lambda (P,) of the inner Hessian.
    cross
        C (P, h), or (P,).
    gradient
        g (P,), the gradient of the outer loss at w_*.
    eta
        step size > 0.
    steps
        T; None for the limit T -> infinity.

    Raises
    ------
    ValueError
        C'g = 0, where no discount is best.
    """
    lam, C, g = read_modes(eigenvalues, cross, gradient)
    step: Any = quantity("eta", eta, above=0)
    # S_T(A) in the eigenbasis, and its limit
    if steps is None:
        sums = 1 / lam / step
    else:
        steps = natural("steps", steps)
        sums = geometric_sum(1 - step * lam, steps)
    near = C.T @ g
    far = C.T @ (sums * g)
    size = near @ near
    if size == 0:
        raise ValueError("C' g is 0: every discounted estimate is 0, so no discount is best")
    s = near @ far / size
    if steps is not None:
        return _with_sum(s, steps)
    # the limit 1 / (1 - gamma) = s
    if s > 1:
        return 1 - 1 / s
    return 0 * s


def _with_sum(total: Scalar, steps: int) -> float:
    """gamma in [0, 1] with S_T(gamma) = total, nearest where there is none."""
    from scipy.optimize import brentq

    if steps == 1 or total <= 1 or total >= steps:
        return float(steps > 1 and total >= steps)
    return float(
        brentq(lambda x: float(geometric_sum(x, steps) - total), 0.0, 1.0, xtol=1e-16, rtol=1e-15)
    )
