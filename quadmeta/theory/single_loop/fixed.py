"""Exact errors of estimates of v_* = H^-1 g(w_*) while sampled gradients train the weights.

Units are such that the mean Hessian is the identity: x is the step size in units of 1 / lam, nu the
relative variance of a sample Hessian. The outer gradient is exact, g(w) = v_* + phi (w - w_*). A
sampled inner gradient at w_* has mean zero and mean square ``noise`` (sigma^2 d / (b lam) of labels
with variance sigma^2), and ``start`` is ||w_0 - w_*||^2, the difference orthogonal to v_*. Every
recursion runs in any arithmetic, on one number or on arrays of them.

Source: derived.
"""

from dataclasses import dataclass
from typing import Any

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
    a = run.rate
    m = a * a + run.scatter
    square = run.start + 0 * a
    variance = 0 * a
    for _ in range(natural("steps", steps, least=0)):
        variance = m * variance + run.scatter * square + run.x * run.x * run.noise
        square = a * a * square
    return SplitError(square, variance)


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
    m = a * a + run.scatter
    step = run.x * run.coupling
    common = run.scatter if flag("shared", shared) else 0
    # errors e = w - w_* and d = v - v_*; E e = weight (w_0 - w_*),
    # E d = along v_* + across (w_0 - w_*), E v = (1 + along) v_* + across (w_0 - w_*)
    weight = 1 + 0 * a
    along = -1 + 0 * a
    across = 0 * a
    # variances of e and d, and E <e - E e, d - E d>
    spread = 0 * a
    variance = 0 * a
    cross = 0 * a
    for _ in range(natural("steps", steps, least=0)):
        seen = (1 + along) * (1 + along) * run.target + across * across * run.start
        variance = m * variance + run.scatter * seen + step * (2 * a * cross + step * spread)
        # of one shared sample the same deviation meets e and v
        both = common * (cross + weight * across * run.start)
        cross = a * a * cross + step * a * spread + both
        spread = m * spread + run.scatter * weight * weight * run.start + run.x * run.x * run.noise
        across = a * across + step * weight
        weight = a * weight
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
    m = a * a + run.scatter
    step = run.x * run.coupling
    square = run.x * run.noise / left
    cross = step * a * square / (1 - (m if flag("shared", shared) else a * a))
    total = 2 * step * a * cross + step * step * square + run.scatter * run.target
    return square, cross, total / (1 - m)


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
    T = natural("steps", steps, least=0)
    a = run.rate
    bent = a - run.x * run.coupling / s
    m = bent * bent + run.scatter
    # y - w_* has the mean along v_* + across (w_0 - w_*)
    along = 0 * bent
    across = 1 + 0 * bent
    variance = 0 * bent
    weight = 1 + 0 * a
    for _ in range(T):
        seen = along * along * run.target + across * across * run.start
        variance = m * variance + run.scatter * seen + run.x * run.x * run.noise
        along = bent * along - run.x / s
        across = bent * across
        weight = a * weight
    plain = inner_error(x, nu, noise, start, T)
    missed = 1 + s * along
    apart = s * (weight - across)
    bias = missed * missed * run.target + apart * apart * run.start
    return SplitError(bias, s * s * (variance + plain.variance))
