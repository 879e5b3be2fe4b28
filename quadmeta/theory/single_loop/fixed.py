"""Exact errors of estimates of v_* = H^-1 g(w_*) while sampled gradients train the weights.

Units are such that the mean Hessian is the identity: x is the step size in units of 1 / lam, nu the
relative variance of a sample Hessian. The outer gradient is exact, g(w) = v_* + phi (w - w_*). A
sampled inner gradient at w_* has mean zero and mean square ``noise`` (sigma^2 d / (b lam) of labels
with variance sigma^2), and ``start`` is ||w_0 - w_*||^2, the difference orthogonal to v_*. Every
recursion runs in any arithmetic, on one number or on arrays of them.

Source: derived.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from quadmeta._types import Arithmetic
from quadmeta._validate import flag, instance, natural, numbers, quantity
from quadmeta.theory.sampled_solves import RelativeError


@dataclass(frozen=True)
class SplitError:
    """E ||v - v_*||^2 in two parts."""

    bias_square: Any
    """||E v - v_*||^2."""
    variance: Any
    """E ||v - E v||^2."""

    @property
    def mean_square(self) -> Any:
        """The sum of both."""
        return self.bias_square + self.variance


class _Error(NamedTuple):
    """An error with the mean along v_* + across (w_0 - w_*), and E ||error - its mean||^2."""

    along: Any
    across: Any
    variance: Any


@dataclass(frozen=True)
class _Run:
    """Checked arguments that the functions here share."""

    x: Any
    nu: Any
    coupling: Any
    noise: Any
    start: Any
    target: Any

    @classmethod
    def of(
        cls, x: Any, nu: Any, coupling: Any = 0, noise: Any = 0, start: Any = 0, target: Any = 1
    ) -> "_Run":
        """Checked arguments."""
        return cls(
            numbers("x", x, above=0.0),
            numbers("nu", nu, least=0.0),
            numbers("coupling", coupling, least=0.0),
            numbers("noise", noise, least=0.0),
            numbers("start", start, least=0.0),
            numbers("target", target, above=0.0),
        )

    @property
    def rate(self) -> Any:
        """a = 1 - x."""
        return 1 - self.x

    @property
    def scatter(self) -> Any:
        """x^2 nu."""
        return self.x * self.x * self.nu

    def scattered(self, rate: Any, along: Any, across: Any, variance: Any) -> Any:
        """E ||(rate + x (1 - h)) error||^2 less the square of its mean, for an error with the mean
        along v_* + across (w_0 - w_*): rate^2 variance + x^2 nu E ||error||^2.
        """
        m = rate * rate + self.scatter
        seen = along * along * self.target + across * across * self.start
        return m * variance + self.scatter * seen

    def descent(self, rate: Any, drift: Any = 0) -> Iterator[_Error]:
        """The error of weights from w_0 on, after 0, 1, ... steps error <- (rate + x (1 - h)) error
        + drift v_* + x (noise of the sampled gradient).
        """
        along = 0 * rate
        across = 1 + 0 * rate
        variance = 0 * rate
        while True:
            yield _Error(along, across, variance)
            kept = self.scattered(rate, along, across, variance)
            variance = kept + self.x * self.x * self.noise
            along = rate * along + drift
            across = rate * across


def _after(errors: Iterator[_Error], steps: int) -> _Error:
    """The error after so many steps."""
    return next(islice(errors, natural("steps", steps, least=0), None))


def inner_error(
    x: Arithmetic, nu: Arithmetic, noise: Arithmetic, start: Arithmetic, steps: int
) -> SplitError:
    """Of w_T - w_* after T = ``steps`` >= 0 sampled gradient steps; arguments as in the module.

    Raises
    ------
    ValueError
        an argument outside its range.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> from quadmeta.theory import single_loop
    >>> found = single_loop.inner_error(F(1, 2), nu=1, noise=1, start=1, steps=1)
    >>> print(found.bias_square, found.variance)
    1/4 1/2
    """
    run = _Run.of(x, nu, noise=noise, start=start)
    w = _after(run.descent(run.rate), steps)
    return SplitError(w.across * w.across * run.start, w.variance)


def after_inner(
    solve: RelativeError, inner: SplitError, coupling: Arithmetic, target: Arithmetic = 1
) -> SplitError:
    """Of v = K g(w_T), when the solve K draws after the inner steps: chain, Horner, random length.

    Parameters
    ----------
    solve
        of K, from ``sampled_solves``.
    inner
        of w_T, from ``inner_error``.
    coupling
        phi >= 0.
    target
        ||v_*||^2 > 0.

    Raises
    ------
    ValueError
        an argument of another kind or outside its range.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> from quadmeta.theory import sampled_solves, single_loop
    >>> inner = single_loop.inner_error(F(1, 2), nu=1, noise=1, start=1, steps=1)
    >>> solve = sampled_solves.series(F(1, 2), nu=1, products=1)
    >>> print(single_loop.after_inner(solve, inner, coupling=1).mean_square)
    19/32
    """
    instance("solve", solve, RelativeError, "sampled_solves.series(0.05, nu=2.0, products=20)")
    instance("inner", inner, SplitError, "single_loop.inner_error(...)")
    phi = numbers("coupling", coupling, least=0.0)
    target = numbers("target", target, above=0.0)
    mean = 1 + solve.bias
    # E ||g||^2 = target + phi^2 E ||e||^2, and E K = mean I
    moved = phi * phi * inner.bias_square
    spread = phi * phi * inner.variance
    bias = solve.bias * solve.bias * target + mean * mean * moved
    variance = solve.variance * (target + moved + spread) + mean * mean * spread
    return SplitError(bias, variance)


def beside_inner(
    x: Arithmetic,
    nu: Arithmetic,
    coupling: Arithmetic,
    noise: Arithmetic,
    start: Arithmetic,
    steps: int,
    target: Arithmetic = 1,
    shared: bool = True,
) -> SplitError:
    """Of SOBA's v after T = ``steps`` >= 0 steps v <- v - eta (h v - g(w)) from 0, while w moves.

    ``shared``: one sample Hessian serves w and v; otherwise each draws its own.

    Raises
    ------
    ValueError
        an argument outside its range.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> from quadmeta.theory import single_loop
    >>> found = single_loop.beside_inner(F(1, 2), 1, coupling=1, noise=1, start=1, steps=2)
    >>> print(found.bias_square, found.variance)
    5/16 1/4
    """
    run = _Run.of(x, nu, coupling, noise, start, target)
    a = run.rate
    step = run.x * run.coupling
    common = run.scatter if flag("shared", shared) else 0
    # e = w - w_* and d = v - v_*; E d = along v_* + across (w_0 - w_*), so that E v has 1 + along
    along = -1 + 0 * a
    across = 0 * a
    variance = 0 * a
    # E <e - E e, d - E d>
    cross = 0 * a
    for e in islice(run.descent(a), natural("steps", steps, least=0)):
        kept = run.scattered(a, 1 + along, across, variance)
        variance = kept + step * (2 * a * cross + step * e.variance)
        # of one shared sample the same deviation meets e and v
        both = common * (cross + e.across * across * run.start)
        cross = a * a * cross + step * a * e.variance + both
        across = a * across + step * e.across
        along = a * along
    return SplitError(along * along * run.target + across * across * run.start, variance)


def beside_limit(
    x: Arithmetic,
    nu: Arithmetic,
    coupling: Arithmetic,
    noise: Arithmetic,
    target: Arithmetic = 1,
    shared: bool = True,
) -> tuple[Any, Any, Any]:
    """E ||w - w_*||^2, E <w - w_*, v - v_*> and E ||v - v_*||^2 of SOBA at rest: biases are 0.

    Raises
    ------
    ValueError
        an argument outside its range, or x (1 + nu) >= 2, where nothing comes to rest.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> from quadmeta.theory import single_loop
    >>> print(*single_loop.beside_limit(F(1, 6), 2, coupling=2, noise=F(1, 4), target=16))
    1/36 5/162 2651/729
    """
    x = quantity("x", x, above=0.0)
    nu = quantity("nu", nu, least=0.0)
    run = _Run.of(x, nu, coupling, noise, 0, target)
    left = 2 - x * (1 + nu)
    if not left > 0:
        raise ValueError(f"x (1 + nu) = {float(2 - left):.6g} must be < 2: shorten the step")
    a = run.rate
    step = run.x * run.coupling
    square = run.x * run.noise / left
    # 1 - a^2 - x^2 nu = x left, 1 - a^2 = x (2 - x)
    cross = run.coupling * a * square / (left if flag("shared", shared) else 2 - x)
    total = 2 * step * a * cross + step * step * square + run.scatter * run.target
    return square, cross, total / (x * left)


def penalty_error(
    strength: Arithmetic,
    x: Arithmetic,
    nu: Arithmetic,
    coupling: Arithmetic,
    noise: Arithmetic,
    start: Arithmetic,
    steps: int,
    target: Arithmetic = 1,
) -> SplitError:
    """Of F2SA's s (w - y) after T = ``steps`` >= 0 steps of y and w, both from w_0.

    Raises
    ------
    ValueError
        an argument outside its range.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> from quadmeta.theory import single_loop
    >>> found = single_loop.penalty_error(4, F(1, 2), 1, coupling=1, noise=1, start=1, steps=1)
    >>> print(found.bias_square, found.variance)
    1/2 16
    """
    s = numbers("strength", strength, above=0.0)
    run = _Run.of(x, nu, coupling, noise, start, target)
    bent = run.rate - run.x * run.coupling / s
    # the errors of y and of w; the one of w is 0 along v_*
    y = _after(run.descent(bent, -run.x / s), steps)
    w = _after(run.descent(run.rate), steps)
    missed = 1 + s * y.along
    apart = s * (w.across - y.across)
    bias = missed * missed * run.target + apart * apart * run.start
    return SplitError(bias, s * s * (y.variance + w.variance))
