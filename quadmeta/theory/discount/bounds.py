"""Bounds of ||ghat - g||, named by what they assume.

Each is eta B {transient + ||g_T|| jacobian}: the transient part is due to g_t in place of g_T, the
other to gamma^k in place of k factors A. With a_L = 1 - eta L, a_mu = 1 - eta mu,

    S_T(x) = sum_{k<T} x^k,   D_T(x, y) = sum_{k<T} x^k y^(T-1-k),   s(a) as in ``difference``.
"""

from dataclasses import replace
from math import sqrt
from typing import Any

from quadmeta._types import Numbers, Scalar
from quadmeta._validate import choice, natural, numbers, quantity, show
from quadmeta.arithmetic.powers import divided_difference, geometric_sum
from quadmeta.theory.discount.difference import largest_transient
from quadmeta.theory.discount.scales import Scales, require_scales


def bias_bound_quadratic(x: Scales, halvings: int = 40) -> Any:
    """The tight bound for quadratic losses and a constant J, eta <= 1/L.

    It takes the maxima of s and of |S_T(a) - S_T(gamma)| over a in [a_L, a_mu]; ``halvings`` as in
    ``largest_transient``. Bound A of the derivation.

    Examples
    --------
    >>> from quadmeta.theory.discount import Scales, bias_bound_quadratic
    >>> x = Scales(mu=0.1, L=1.0, eta=1.0, gamma=0.9, steps=100)
    >>> round(float(bias_bound_quadratic(x)), 4)
    9.0021
    """
    require_scales(x)
    x.require_step(x.L, "1/L")
    low, gamma, high = _sums(x, x.a_L, x.gamma, x.a_mu)
    most = largest_transient(max(x.a_L, 0 * x.a_L), x.a_mu, x.gamma, x.steps, halvings)
    return _total(x, most, max(abs(high - gamma), abs(gamma - low)))


def bias_bound_quadratic_inner(x: Scales) -> Any:
    """For a quadratic inner loss and any J, eta <= 1/L: the maximum is taken for each power k.

    The transient part is gamma a_mu D_{T-1}(gamma, a_mu). Bound A2 of the derivation.
    """
    require_scales(x)
    x.require_step(x.L, "1/L")
    return _total(x, _drift(x), _spread(x))


def bias_bound_quadratic_inner_simple(x: Scales) -> Any:
    """The same in two sums, S_T(a_mu) - S_T(a_L), where gamma lies in [a_L, a_mu]; eta <= 1/L.

    Bound A, simple form, of the derivation.

    Examples
    --------
    >>> from quadmeta.theory.discount import Scales, bias_bound_quadratic_inner_simple
    >>> x = Scales(mu=0.1, L=1.0, eta=1.0, gamma=0.9, steps=100)
    >>> round(float(bias_bound_quadratic_inner_simple(x)), 4)
    9.0024
    """
    require_scales(x)
    x.require_step(x.L, "1/L")
    x.require_discount_between()
    low, high = _sums(x, x.a_L, x.a_mu)
    return _total(x, _drift(x), high - low)


def bias_bound_any_curvature(x: Scales) -> Any:
    """For any inner loss with mu <= H <= L, Lipschitz or not, eta <= 2/(L + mu).

    All factors A lie within eta (L - mu)/2 of c = 1 - eta (L + mu)/2. Bound B of the derivation.

    Examples
    --------
    >>> from quadmeta.theory.discount import Scales, bias_bound_any_curvature
    >>> x = Scales(mu=0.1, L=1.0, eta=1.0, gamma=0.9, steps=100)
    >>> round(float(bias_bound_any_curvature(x)), 4)
    16.3659
    """
    require_scales(x)
    x.require_step((x.L + x.mu) / 2, "2/(L + mu)")
    middle, gamma, high = _sums(x, 1 - x.eta * (x.L + x.mu) / 2, x.gamma, x.a_mu)
    return _total(x, _path(x), abs(gamma - middle) + high - middle)


def bias_bound_lipschitz_hessian(x: Scales) -> Any:
    """The printed theorem corrected: H is H_w-Lipschitz, eta <= 1/L. Bound B' of the derivation."""
    require_scales(x)
    x.require_step(x.L, "1/L")
    a = x.a_mu
    T = x.steps
    return _total(
        x,
        _path(x),
        _spread(x) + x.H_w * x.R / x.mu * a ** (T - 1) * sum(1 - a**k for k in range(2, T)),
    )


def bias_bound_minimal_repair(x: Scales) -> Any:
    """The printed shape with the least changes that make it true: H is H_w-Lipschitz, eta <= 1/L,
    gamma in [a_L, a_mu].

    In powers of q = sqrt(1 - eta mu) like the printed bound. Bound P of the derivation.
    """
    require_scales(x)
    x.require_step(x.L, "1/L")
    x.require_discount_between()
    q = x.root()
    a = x.a_mu
    T = x.steps
    lost = (T - 1) * q**T - (q ** (T - 1) - a ** (T - 1)) * q / (1 - q)
    return _total(
        x,
        2 * (q**T - q ** (2 * T - 1)) * q / (1 - q),
        (1 / x.mu - 1 / x.L + a**T / x.L) / x.eta + 2 * x.eta * x.H_w * x.R / (q * (1 - q)) * lost,
    )


def bias_bound_matrix_discount(x: Scales) -> Any:
    """Of the matrix discount in place of gamma: v_t = (I - eta H(w_t)) v_{t-1} + g_t.

    eta <= 1/L where H_w = M_b = 0 (quadratic inner loss, J constant), else eta <= 2/(L + mu).
    B bounds ||J(w_t)|| for t <= T. Bound E of the derivation, with 1 + a_mu for its factor 2.
    """
    require_scales(x)
    a = x.a_mu
    T = x.steps
    if x.H_w == 0 and x.M_b == 0:
        x.require_step(x.L, "1/L")
        return _total(x, (T - 1) * a**T, 0)
    x.require_step((x.L + x.mu) / 2, "2/(L + mu)")
    moved = x.B * x.H_w / x.mu * (T - 1 - a * geometric_sum(a, T - 1))
    return (
        (1 + a)
        * x.eta
        * x.R
        * a ** (T - 1)
        * (x.G * (x.M_b * T + moved) + x.B * x.L2 * a * (T - 1))
    )


def bias_bound_as_printed(x: Scales, reading: str = "step") -> Any:
    """The bound as printed, which may be negative and is not always a bound.

    Parameters
    ----------
    x
        what is known; B bounds eta ||J|| in the reading "step", ||J|| in the reading "cross".
    reading
        "step" or "cross".

    References
    ----------
    Yakovlev et al. 2023, theorem on the bias.

    Examples
    --------
    >>> from quadmeta.theory.discount import Scales, bias_bound_as_printed
    >>> x = Scales(mu=0.1, L=1.0, eta=1.0, gamma=0.9, steps=100)
    >>> round(float(bias_bound_as_printed(x)), 4)
    9.1906
    """
    choice("reading", reading, ("step", "cross"))
    require_scales(x)
    q = x.root()
    a = x.a_mu
    T = x.steps
    bracket = (1 / x.mu - 1 / x.L + a**T / x.L) / x.eta + 2 * x.eta * x.H_w * printed_bracket(q, T)
    if reading == "step":
        unit = x.eta
    else:
        unit = 1
    return unit * x.B * (2 * x.L2 * x.R * q ** (T + 1) / (1 - q) + x.G * bracket)


def printed_bracket(q: Numbers, steps: int) -> Any:
    """(T-1) q^T - (q^(T-1) - q^2T) / (1/q - 1), the printed factor of H_w: q^T (T - 1 -
    S_{T+1}(q)), negative for small T.
    """
    root: Any = numbers("q", q)
    T = natural("steps", steps)
    return root**T * (T - 1 - geometric_sum(root, T + 1))


def tightness(x: Scales, mu2: Scalar = 0) -> tuple[float, float]:
    """(lower, upper) of the worst bias over quadratics of these scales with mu2 <= H_2 <= L2: their
    ratio is at least 1/sqrt 2.
    """
    require_scales(x)
    mu2 = quantity("mu2", mu2, least=0)
    if mu2 > x.L2:
        raise ValueError(
            f"mu2 = {show(mu2)} must be at most L2 = {show(x.L2)}: it bounds H_2 from below"
        )
    gradient = bias_bound_quadratic(replace(x, R=0))
    distance = bias_bound_quadratic(replace(x, G=0, L2=1))
    # the transient error turned across g_T by the mean curvature of L_2, and along it by the rest
    across = (x.L2 + mu2) / 2 * distance
    along = (x.L2 - mu2) / 2 * distance
    return float(sqrt(gradient**2 + across**2) + along), float(gradient + x.L2 * distance)


def floor(x: Scales, limit: bool = False) -> Any:
    """What no scalar weights of the T terms go below in the worst case: eta B G (S_T(a_mu) -
    S_T(a_L)) / 2, or (``limit``) this as T -> infinity.
    """
    require_scales(x)
    x.require_step(x.L, "1/L")
    if limit:
        low = 1 / x.L / x.eta
        high = 1 / x.mu / x.eta
    else:
        low, high = _sums(x, x.a_L, x.a_mu)
    return _total(x, 0, (high - low) / 2)


def _sums(x: Scales, *points: Scalar) -> list[Any]:
    """S_T at each point."""
    return [geometric_sum(point, x.steps) for point in points]


def _drift(x: Scales) -> Any:
    """gamma a_mu D_{T-1}(gamma, a_mu), the transient part for every J on a quadratic."""
    return x.gamma * x.a_mu * divided_difference(x.gamma, x.a_mu, x.steps - 1)


def _path(x: Scales) -> Any:
    """The transient part for every inner loss: by the distances to w_*, or the length of the path,
    whichever is less.
    """
    a = x.a_mu
    T = x.steps
    return sum(
        x.gamma**k * a ** (T - k) * min(1 + a**k, x.L / x.mu * (1 - a**k)) for k in range(1, T)
    )


def _spread(x: Scales) -> Any:
    """sum_{0<k<T} of the largest |a^k - gamma^k| over a in [a_L, a_mu]."""
    low = x.a_L
    gamma = x.gamma
    high = x.a_mu
    return sum(max(abs(high**k - gamma**k), abs(gamma**k - low**k)) for k in range(1, x.steps))


def _total(x: Scales, transient: Scalar, jacobian: Scalar) -> Any:
    """eta B {L_2 R transient + G jacobian}."""
    return x.eta * x.B * (x.L2 * x.R * transient + x.G * jacobian)
