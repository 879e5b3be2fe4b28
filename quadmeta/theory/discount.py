"""The discounted hypergradient of a bilevel problem: its exact bias, bounds of it, its limits, the
choice of gamma.

    g = sum_t B_t A_{t+1}...A_T g_T,  ghat = sum_t gamma^(T-t) B_t g_t,  A_t = I - eta H(w_{t-1}),
    B_t = -eta J(w_{t-1})

Each bound of ||ghat - g|| is eta B {transient + ||g_T|| jacobian}: the transient part is due to
    g_t in place of g_T,
the other to gamma^k in place of k factors A. Plain arithmetic, so that fractions stay exact. a_L =
    1 - eta L, a_mu = 1
- eta mu, S_T(x) = sum_{k<T} x^k, D_T(x, y) = sum_{k<T} x^k y^(T-1-k), h_n complete homogeneous.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np

from quadmeta._validate import choice, flag, instance, natural, numbers, quantity, show
from quadmeta.arithmetic.powers import complete_homogeneous, divided_difference, geometric_sum

Array = Any


@dataclass(frozen=True)
class Scales:
    """What a bound may know of an instance, in floats or fractions: mu <= H <= L and the rest by
    norms.

    Parameters
    ----------
    mu, L
        curvature of the inner loss.
    eta, gamma, steps
        step size > 0, discount in [0, 1), number T >= 1 of inner steps.
    L2
        smoothness of the outer loss.
    R
        ||w_0 - w_*||.
    G
        ||g_T||, gradient of the outer loss at w_T.
    B
        largest ||J(w_t)||, t < T.
    H_w
        Lipschitz constant of H, only for ``bound_bp``, ``bound_p``, ``bound_e`` and ``printed``.
    M_b
        Lipschitz constant of J, only for ``bound_e``.
    q
        sqrt(1 - eta mu), only for ``bound_p`` and ``printed``: give it with fractions, default by
        ``math.sqrt``.
    """

    mu: Any
    L: Any
    eta: Any
    gamma: Any
    steps: int
    L2: Any = 1
    R: Any = 1
    G: Any = 1
    B: Any = 1
    H_w: Any = 0
    M_b: Any = 0
    q: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        for name in ("mu", "L", "eta", "gamma", "L2", "R", "G", "B", "H_w", "M_b"):
            object.__setattr__(self, name, quantity(name, getattr(self, name)))
        if not (0 < self.mu <= self.L and self.eta > 0):
            raise ValueError(
                f"mu = {show(self.mu)}, L = {show(self.L)}, eta = {show(self.eta)} must meet "
                "0 < mu <= L and eta > 0: pass eigenvalue bounds and a step size"
            )
        if not 0 <= self.gamma < 1:
            raise ValueError(f"gamma = {show(self.gamma)} must lie in [0, 1): pass a discount")
        for name in ("L2", "R", "G", "B", "H_w", "M_b"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} = {show(getattr(self, name))} must be >= 0: pass a norm")
        if self.q is not None:
            object.__setattr__(self, "q", quantity("q", self.q))
            if not (self.q > 0 and abs(self.q**2 - self.a_mu) <= 1e-12):
                raise ValueError(
                    f"q = {show(self.q)} must be sqrt(1 - eta mu): pass None, or its exact value"
                )

    @property
    def a_mu(self) -> Any:
        """1 - eta mu."""
        return 1 - self.eta * self.mu

    @property
    def a_L(self) -> Any:
        """1 - eta L."""
        return 1 - self.eta * self.L

    def _root(self) -> Any:
        if not self.a_mu > 0:
            raise ValueError(f"eta mu = {show(self.eta * self.mu)} must be < 1: pass a smaller eta")
        if self.q is None:
            return sqrt(self.a_mu)
        return self.q

    def _sums(self, *points: Any) -> list[Any]:
        return [geometric_sum(point, self.steps) for point in points]

    def _drift(self) -> Any:
        # gamma a_mu D_{T-1}(gamma, a_mu), for every J
        return self.gamma * self.a_mu * divided_difference(self.gamma, self.a_mu, self.steps - 1)

    def _path(self) -> Any:
        # the same off quadratics: distances to w_*, or the length of the path
        a = self.a_mu
        T = self.steps
        return sum(
            self.gamma**k * a ** (T - k) * min(1 + a**k, self.L / self.mu * (1 - a**k))
            for k in range(1, T)
        )

    def _spread(self) -> Any:
        low = self.a_L
        gamma = self.gamma
        high = self.a_mu
        return sum(
            max(abs(high**k - gamma**k), abs(gamma**k - low**k)) for k in range(1, self.steps)
        )

    def _need(self, curvature: Any, what: str, between: bool = False) -> None:
        # a few ulp: 1/L is rounded in floats
        if self.eta * curvature > 1 + 4e-16:
            raise ValueError(
                f"eta = {show(self.eta)} must be at most {what}: this bound says nothing beyond"
            )
        if between and not self.a_L - 1e-15 <= self.gamma <= self.a_mu + 1e-15:
            raise ValueError(
                f"gamma = {show(self.gamma)} must lie in [1 - eta L, 1 - eta mu]: or use bound_a"
            )

    def _total(self, transient: Any, jacobian: Any) -> Any:
        return self.eta * self.B * (self.L2 * self.R * transient + self.G * jacobian)


def bias(
    eigenvalues: Array,
    cross: Array,
    outer_hessian: Array,
    error: Array,
    gradient: Array,
    eta: Any,
    gamma: Any,
    steps: int,
) -> Array:
    """ghat - g for a quadratic inner loss with J = -C', without cancellation; all in the
    eigenbasis of H.

        eta C' {(gamma - a) h_{T-2}(1, gamma, a) g_T + gamma H_2 [a (1 - a) h_{T-2}(a, gamma a,
        gamma) (w_0 - w_*)]}

    since S_T(gamma) - S_T(a) = (gamma - a) h_{T-2}(1, gamma, a), and sum_{0<k<T} gamma^k (a^(T-k)
    - a^T) is the other.

    Arguments: lambda (P,), C (P, h), H_2 (P, P), w_0 - w_* (P,), g_T (P,); no restriction on eta
    and gamma.
    """
    lam, C, g = _modes(eigenvalues, cross, gradient)
    H2 = _shaped("outer_hessian", outer_hessian, lam.shape * 2)
    error = _shaped("error", error, lam.shape)
    eta = quantity("eta", eta)
    T = natural("steps", steps)
    z = eta * lam
    a = 1 - z
    gamma = quantity("gamma", gamma) + 0 * z
    # gamma - a without the rounding of a
    last = (gamma - 1 + z) * complete_homogeneous((a * 0 + 1, gamma, a), T - 2) * g
    return eta * (C.T @ (last + H2 @ (transient(z, gamma, T) * error)))


def transient(z: Any, gamma: Any, steps: int) -> Any:
    """s(a) = gamma a (1 - a) h_{T-2}(a, gamma a, gamma) = sum_{0<k<T} gamma^k (a^(T-k) - a^T) at a
    = 1 - z.
    """
    z = numbers("z", z)
    gamma = numbers("gamma", gamma)
    a = 1 - z
    return gamma * a * z * complete_homogeneous((a, gamma * a, gamma), natural("steps", steps) - 2)


def largest_transient(low: Any, high: Any, gamma: Any, steps: int, halvings: int = 40) -> Any:
    """An upper bound of max s(a) over 0 <= low <= a <= high: exact at an end, else too large by
    2^-halvings or so.

    s is unimodal: s'/a^(T-1) = sum gamma^k ((T - k) a^-k - T) decreases in a.
    """
    low = quantity("low", low, least=0)
    high = quantity("high", high, least=0)
    gamma = quantity("gamma", gamma, least=0)
    T = natural("steps", steps)
    halvings = natural("halvings", halvings)
    total = sum(gamma**k for k in range(1, T))

    def rises(a: Any) -> bool:
        return bool(
            sum(gamma**k * (T - k) * a ** (T - 1 - k) for k in range(1, T))
            > T * a ** (T - 1) * total
        )

    if high == low or rises(high):
        return transient(1 - high, gamma, T)
    if not rises(low):
        return transient(1 - low, gamma, T)
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) else (low, middle)
    return transient(1 - high, gamma, T) + total * (high**T - low**T)


def bound_a(x: Scales, halvings: int = 40) -> Any:
    """Tight: quadratic losses, J constant, eta <= 1/L. max s and max |S_T(a) - S_T(gamma)| over a
    in [a_L, a_mu].
    """
    _scales(x)
    x._need(x.L, "1/L")
    low, gamma, high = x._sums(x.a_L, x.gamma, x.a_mu)
    most = largest_transient(max(x.a_L, 0 * x.a_L), x.a_mu, x.gamma, x.steps, halvings)
    return x._total(most, max(abs(high - gamma), abs(gamma - low)))


def bound_a_simple(x: Scales) -> Any:
    """Quadratic inner loss, any J, eta <= 1/L, gamma in [a_L, a_mu]: drift and S_T(a_mu) -
    S_T(a_L).
    """
    _scales(x)
    x._need(x.L, "1/L", between=True)
    low, high = x._sums(x.a_L, x.a_mu)
    return x._total(x._drift(), high - low)


def bound_a2(x: Scales) -> Any:
    """Quadratic inner loss, any J, eta <= 1/L: drift and the maximum taken for each k."""
    _scales(x)
    x._need(x.L, "1/L")
    return x._total(x._drift(), x._spread())


def bound_b(x: Scales) -> Any:
    """Any inner loss with mu <= H <= L, Lipschitz or not, eta <= 2/(L + mu), c = 1 - eta (L +
    mu)/2.
    """
    _scales(x)
    x._need((x.L + x.mu) / 2, "2/(L + mu)")
    middle, gamma, high = x._sums(1 - x.eta * (x.L + x.mu) / 2, x.gamma, x.a_mu)
    return x._total(x._path(), abs(gamma - middle) + high - middle)


def bound_bp(x: Scales) -> Any:
    """The printed theorem corrected: H is H_w-Lipschitz, eta <= 1/L."""
    _scales(x)
    x._need(x.L, "1/L")
    a = x.a_mu
    T = x.steps
    return x._total(
        x._path(),
        x._spread() + x.H_w * x.R / x.mu * a ** (T - 1) * sum(1 - a**k for k in range(2, T)),
    )


def bound_p(x: Scales) -> Any:
    """The printed shape made sound: the conditions of ``bound_bp`` and gamma in [a_L, a_mu]."""
    _scales(x)
    x._need(x.L, "1/L", between=True)
    q = x._root()
    a = x.a_mu
    T = x.steps
    lost = (T - 1) * q**T - (q ** (T - 1) - a ** (T - 1)) * q / (1 - q)
    return x._total(
        2 * (q**T - q ** (2 * T - 1)) * q / (1 - q),
        (1 / x.mu - 1 / x.L + a**T / x.L) / x.eta + 2 * x.eta * x.H_w * x.R / (q * (1 - q)) * lost,
    )


def bound_e(x: Scales) -> Any:
    """Of the matrix discount instead: eta <= 1/L where H_w = M_b = 0 (quadratic, J constant), else
    2/(L + mu).
    """
    _scales(x)
    a = x.a_mu
    T = x.steps
    if x.H_w == 0 and x.M_b == 0:
        x._need(x.L, "1/L")
        return x._total((T - 1) * a**T, 0)
    x._need((x.L + x.mu) / 2, "2/(L + mu)")
    moved = x.B * x.H_w / x.mu * (T - 1 - a * geometric_sum(a, T - 1))
    return 2 * x.eta * x.R * a ** (T - 1) * (x.G * (x.M_b * T + moved) + x.B * x.L2 * a * (T - 1))


def printed(x: Scales, reading: str = "step") -> Any:
    """The bound as printed, B being a bound of eta ||J|| (reading "step") or of ||J|| ("cross");
    may be negative.
    """
    choice("reading", reading, ("step", "cross"))
    _scales(x)
    q = x._root()
    a = x.a_mu
    T = x.steps
    bracket = (1 / x.mu - 1 / x.L + a**T / x.L) / x.eta + 2 * x.eta * x.H_w * printed_bracket(q, T)
    return (
        (x.eta if reading == "step" else 1)
        * x.B
        * (2 * x.L2 * x.R * q ** (T + 1) / (1 - q) + x.G * bracket)
    )


def printed_bracket(q: Any, steps: int) -> Any:
    """(T-1) q^T - (q^(T-1) - q^2T) / (1/q - 1), the printed factor of H_w: q^T (T - 1 -
    S_{T+1}(q)).
    """
    q = numbers("q", q)
    T = natural("steps", steps)
    return q**T * (T - 1 - geometric_sum(q, T + 1))


def tightness(x: Scales, mu2: Any = 0) -> tuple[float, float]:
    """(lower, upper) of the worst bias over quadratics of these scales, mu2 <= H_2 <= L2: their
    ratio >= 1/sqrt 2.
    """
    _scales(x)
    mu2 = quantity("mu2", mu2, least=0)
    if mu2 > x.L2:
        raise ValueError(
            f"mu2 = {show(mu2)} must be at most L2 = {show(x.L2)}: it bounds H_2 from below"
        )
    gradient = bound_a(replace(x, R=0))
    distance = bound_a(replace(x, G=0, L2=1))
    lower = sqrt(gradient**2 + ((x.L2 + mu2) / 2 * distance) ** 2) + (x.L2 - mu2) / 2 * distance
    return float(lower), float(gradient + x.L2 * distance)


def limit_bias(eigenvalues: Array, cross: Array, gradient: Array, eta: Any, gamma: Any) -> Array:
    """ghat - g as T -> infinity, C' (eta/(1 - gamma) - 1/lambda) g_*: 0 iff gamma = 1 - eta lambda
    where it counts.
    """
    lam, C, g = _modes(eigenvalues, cross, gradient)
    eta = quantity("eta", eta, above=0)
    gamma = quantity("gamma", gamma, least=0, below=1)
    return C.T @ ((eta / (1 - gamma) - 1 / lam) * g)


def floor(x: Scales, limit: bool = False) -> Any:
    """What no scalar weights of the T terms go below in the worst case: eta B G (S_T(a_mu) -
    S_T(a_L)) / 2.
    """
    _scales(x)
    x._need(x.L, "1/L")
    low, high = (1 / x.L / x.eta, 1 / x.mu / x.eta) if limit else x._sums(x.a_L, x.a_mu)
    return x._total(0, (high - low) / 2)


def minimax_gamma(
    eta: Any, mu: Any, L: Any, steps: int | None = None, relative: bool = False
) -> Any:
    """The discount of the least worst case over curvatures in [mu, L], J'J proportional to I;
    ``steps`` None: T -> oo.

    absolute: 1 - 2 eta mu L/(mu + L), at T steps the root of S_T(gamma) = (S_T(a_mu) +
    S_T(a_L))/2, eta <= 1/L; relative (of |ghat - g| / |g|): 1 - eta (mu + L)/2, T -> infinity,
    worst case (L - mu)/(L + mu).
    """
    mu = quantity("mu", mu)
    L = quantity("L", L)
    eta = quantity("eta", eta)
    if not (0 < mu <= L and 0 < eta * L <= 1 + 4e-16):
        raise ValueError(
            f"eta = {show(eta)} must lie in (0, 1/L] and 0 < mu = {show(mu)} <= L = {show(L)}: "
            "pass a "
            "smaller step size, or bounds of the eigenvalues"
        )
    if steps is None:
        steps = None
    else:
        steps = natural("steps", steps)
    relative = flag("relative", relative)
    if relative and steps is not None:
        raise ValueError("relative has no closed form at a finite number of steps: pass steps=None")
    if relative or steps is None:
        if relative:
            return 1 - eta * (mu + L) / 2
        return 1 - 2 * eta * mu * L / (mu + L)
    return _solve(
        (geometric_sum(1 - eta * mu, steps) + geometric_sum(1 - eta * L, steps)) / 2, steps
    )


def best_gamma(
    eigenvalues: Array, cross: Array, gradient: Array, eta: Any, steps: int | None = None
) -> Any:
    """The discount in [0, 1) of least bias on one instance at w_0 = w_*: S_T(gamma) C'g is nearest
    to C' S_T(A) g.
    """
    lam, C, g = _modes(eigenvalues, cross, gradient)
    eta = quantity("eta", eta, above=0)
    if steps is None:
        steps = None
    else:
        steps = natural("steps", steps)
    # S_T(A) in the eigenbasis, and its limit
    if steps is None:
        sums = 1 / lam / eta
    else:
        sums = geometric_sum(1 - eta * lam, steps)
    near = C.T @ g
    far = C.T @ (sums * g)
    size = near @ near
    if size == 0:
        raise ValueError("C' g is 0: every discounted estimate is 0, so no discount is best")
    s = near @ far / size
    if steps is not None:
        return _solve(s, steps)
    if s > 1:
        return 1 - 1 / s
    return 0 * s


def _scales(x: Any) -> None:
    instance("x", x, Scales, "Scales(mu=0.1, L=1.0, eta=1.0, gamma=0.9, steps=10)")


def _shaped(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    array = numbers(name, value)
    if np.shape(array) != shape:
        raise ValueError(
            f"{name} has shape {np.shape(array)}: pass shape {shape}, in the eigenbasis"
        )
    return array


def _modes(eigenvalues: Any, cross: Any, gradient: Any) -> tuple[Array, Array, Array]:
    """lambda > 0 (P,), C (P, h), g (P,) in the eigenbasis."""
    lam = numbers("eigenvalues", eigenvalues, above=0)
    C = numbers("cross", cross)
    if np.ndim(lam) != 1 or not len(lam):
        raise ValueError(f"eigenvalues has shape {np.shape(lam)}: pass a vector of at least one")
    if np.ndim(C) not in (1, 2) or len(C) != len(lam):
        raise ValueError(
            f"cross has shape {np.shape(C)}: pass shape ({len(lam)}, h), one row an eigenvalue"
        )
    return lam, C, _shaped("gradient", gradient, np.shape(lam))


def _solve(total: Any, steps: int) -> float:
    """gamma in [0, 1] with S_T(gamma) = total, nearest where there is none."""
    from scipy.optimize import brentq

    if steps == 1 or total <= 1 or total >= steps:
        return float(steps > 1 and total >= steps)
    return float(
        brentq(lambda x: float(geometric_sum(x, steps) - total), 0.0, 1.0, xtol=1e-16, rtol=1e-15)
    )
