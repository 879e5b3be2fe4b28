"""Mean and variance of sampled solutions of H v = g, relative to the solution, in closed form.

A sample Hessian h has E h = H = lam I, and E h V h = lam^2 (1 + nu) V in trace: nu is its relative
variance, (d + 1) / b for b rows drawn from an isotropic Gaussian. Then all that counts is nu and
x = eta lam, the step size eta in units of 1 / lam. With a = 1 - x and m = a^2 + x^2 nu, which is
E (1 - eta h)^2, errors are relative to v_* = g / lam:

    series of Q products      bias -a^(Q+1),  variance x^2 nu sum_{i=1..Q} m^(Q-i) (1 - a^i)^2
    random length, k terms    bias -a^k,      variance x^2 (k sum_{p<k} m^p - (sum_{p<k} a^p)^2)
    penalty of strength s     bias -phi / (s + phi), in units in which lam = 1

The series is that of stocBiO, whose residual meets one new batch after the other, and that of
AmIGO, which iterates v <- v - eta (h v - g) from eta g: where H is a multiple of the identity the
two have the same second moment.

Source: derived; the estimators are those of Ghadimi and Wang 2018 (random length), Ji, Yang and
Liang 2021, Arbel and Mairal 2022 (series), Kwon et al. 2023 (penalty).
"""

import math
from dataclasses import dataclass
from typing import Any

from quadmeta._types import Arithmetic, Scalar
from quadmeta._validate import natural, number, numbers, quantity


@dataclass(frozen=True)
class RelativeError:
    """Bias and variance of an estimate of v_*, in units of ||v_*|| and ||v_*||^2."""

    bias: Any
    """Its sign is that of (E v - v_*) along v_*."""
    variance: Any
    """The trace of the covariance."""

    @property
    def mean_square(self) -> Any:
        """E ||v - v_*||^2 / ||v_*||^2."""
        return self.variance + self.bias * self.bias


def series(x: Arithmetic, nu: Arithmetic, products: int) -> RelativeError:
    """The Neumann series of Q = ``products`` >= 0 products, each with a new sampled Hessian:
    stocBiO's and, from eta g, AmIGO's.

    The variance is a sum of positive terms, in any arithmetic: floats, fractions, ``SignLog``.

    Parameters
    ----------
    x
        eta lam > 0, one number or an array.
    nu
        relative variance of a sample Hessian, >= 0, one number or an array.
    products
        Q >= 0; one product with a sampled Hessian each.

    Raises
    ------
    ValueError
        an argument outside its range.
    OverflowError
        a variance beyond float64, past x (1 + nu) = 2; pass ``SignLog`` there.

    Examples
    --------
    >>> from quadmeta.theory.sampled_solves import series
    >>> round(series(0.05, nu=11.0, products=50).mean_square, 12)
    0.274747112701
    """
    x, nu = _setting(x, nu)
    a = 1 - x
    m = a * a + x * x * nu
    power = a
    variance = 0 * x
    for _ in range(natural("products", products, least=0)):
        mean = 1 - power
        variance = m * variance + x * x * nu * mean * mean
        power = power * a
    return RelativeError(-power, _within(variance))


def series_limit(x: Arithmetic, nu: Arithmetic) -> Any:
    """Relative mean-square error x nu / (2 - x (1 + nu)) of endlessly many products.

    Raises
    ------
    ValueError
        x (1 + nu) >= 2: the variance has no limit.

    Examples
    --------
    >>> from quadmeta.theory.sampled_solves import series_limit
    >>> round(series_limit(0.05, nu=11.0), 12) == round(11 / 28, 12)
    True
    """
    x = quantity("x", x, above=0.0)
    nu = quantity("nu", nu, least=0.0)
    left = 2 - x * (1 + nu)
    if not left > 0:
        raise ValueError(
            f"x (1 + nu) = {float(2 - left):.6g} must be < 2, no moment converges: shorten the step"
        )
    return x * nu / left


def random_length(x: Arithmetic, nu: Arithmetic, terms: int) -> RelativeError:
    """One draw of (k / L) A_p ... A_1 g, p uniform on 0 .. k - 1 with k = ``terms``, and x = lam/L.

    It takes (k - 1) / 2 products on average. The mean of n draws has the variance over n. Up to
    x = 1 the variance is a sum of positive terms, in any arithmetic.

    Raises
    ------
    ValueError
        an argument outside its range.
    OverflowError
        a variance beyond float64; pass ``SignLog`` there.

    Examples
    --------
    Exact Hessians, and the best number of terms at condition number 10:

    >>> from quadmeta.theory.sampled_solves import random_length
    >>> round(random_length(0.1, nu=0.0, terms=12).mean_square, 12)
    0.146059214177
    """
    x, nu = _setting(x, nu)
    a = 1 - x
    m = a * a + x * x * nu
    k = natural("terms", terms)
    power = 1 + 0 * x
    # of sample Hessians: m^p - a^(2p), and its sum over p < k
    spread = 0 * x * nu
    scatter = 0 * x * nu
    # of the length, sum_{r<p} (a^r - a^p) and sum_{r<p} (a^r - a^p)^2, and the sum of these
    apart = 0 * x
    square = 0 * x
    lengths = 0 * x
    for p in range(k):
        scatter = scatter + spread
        lengths = lengths + square
        spread = m * spread + x * x * nu * power * power
        # every a^r - a^p grows by a^p - a^(p+1) = x a^p
        less = x * power
        square = square + 2 * less * apart + (p + 1) * less * less
        apart = apart + (p + 1) * less
        power = power * a
    # k sum a^2p - (sum a^p)^2 = sum_{r<p} (a^r - a^p)^2
    return RelativeError(-power, _within(x * x * (k * scatter + lengths)))


def random_length_law(t: Scalar) -> float:
    """R(t) = t/2 (1 - e^(-2t)) - 1 + 2 e^(-t): relative mean-square error of one draw at the least
    eigenvalue, exact Hessians, of t kappa terms as the condition number kappa grows; t > 0.

    Raises
    ------
    ValueError
        t <= 0.

    Examples
    --------
    >>> from quadmeta.theory.sampled_solves import random_length_law
    >>> round(random_length_law(1.0), 12)
    0.168091240725
    """
    t = number("t", t, above=0.0, remedy="pass terms / kappa")
    return -t / 2 * math.expm1(-2 * t) - 1 + 2 * math.exp(-t)


def random_length_floor() -> tuple[float, float]:
    """Where R(t) is least, and what it is there: no number of terms brings the root mean-square
    error of one draw below the root of that, 38.3 %.

    Examples
    --------
    >>> from quadmeta.theory.sampled_solves import random_length_floor
    >>> [round(value, 12) for value in random_length_floor()]
    [1.271805418578, 0.14658223496]
    """
    t = 1.25
    for _ in range(8):
        # R' = (1 - e^(-2t)) / 2 + t e^(-2t) - 2 e^(-t)
        small = math.exp(-t)
        slope = (1 - small * small) / 2 + t * small * small - 2 * small
        bend = 2 * small * small * (1 - t) + 2 * small
        t -= slope / bend
    return t, random_length_law(t)


def penalty(
    strength: Arithmetic,
    x: Arithmetic,
    nu: Arithmetic,
    coupling: Arithmetic,
    noise: Arithmetic,
    target: Arithmetic = 1,
) -> RelativeError:
    """s (w - y) at rest, the estimate of v_* of F2SA: w and y follow sampled gradients of the inner
    loss, y those of the outer loss over s as well, with samples of their own.

    Units are such that the mean Hessian is the identity, and the outer loss has the Hessian
    phi I. With q = (1 - x - x phi / s)^2 + x^2 nu and delta = ||v_*|| / (s + phi),

        variance  s^2 ((x^2 nu delta^2 + x^2 noise) / (1 - q) + x noise / (2 - x (1 + nu))).

    Parameters
    ----------
    strength
        s > 0.
    x, nu
        as for ``series``.
    coupling
        phi >= 0.
    noise
        E of the squared norm of a sampled inner gradient at the minimum, over lam^2, >= 0.
    target
        ||v_*||^2 > 0.

    Raises
    ------
    ValueError
        an argument outside its range, or a step past a mean-square limit.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> from quadmeta.theory.sampled_solves import penalty
    >>> found = penalty(10, F(1, 20), nu=3, coupling=1, noise=1)
    >>> print(found.bias, found.variance)
    -1/11 23196475/4333131
    """
    s = quantity("strength", strength, above=0.0)
    x = quantity("x", x, above=0.0)
    nu = quantity("nu", nu, least=0.0)
    s = s + 0 * x
    phi = quantity("coupling", coupling, least=0.0)
    noise = quantity("noise", noise, least=0.0)
    target = quantity("target", target, above=0.0)
    # 1 - (1 - bend)^2 = bend (2 - bend)
    bend = x + x * phi / s
    left = bend * (2 - bend) - x * x * nu
    if not left > 0:
        raise ValueError(
            f"(1 - x - x phi / s)^2 + x^2 nu = {float(1 - left):.6g} must be < 1: shorten the step"
        )
    plain = 2 - x * (1 + nu)
    if not plain > 0:
        raise ValueError(f"x (1 + nu) = {float(2 - plain):.6g} must be < 2: shorten the step")
    moved = x * x * nu * target / ((s + phi) * (s + phi))
    variance = s * s * ((moved + x * x * noise) / left + x * noise / plain)
    return RelativeError(-phi / (s + phi), variance / target)


def _setting(x: Arithmetic, nu: Arithmetic) -> tuple[Any, Any]:
    """x > 0 and nu >= 0, numbers or arrays."""
    return numbers("x", x, above=0.0), numbers("nu", nu, least=0.0)


def _within(variance: Any) -> Any:
    """A variance that float64 holds."""
    if isinstance(variance, float) and not math.isfinite(variance):
        raise OverflowError("the variance is beyond float64: pass x and nu as SignLog.of(...)")
    return variance
