"""Chebyshev's semi-iteration: p_T = T_T(x) / T_T(sigma), the smallest polynomial on an interval."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, StepSizes
from quadmeta._validate import flag, natural, number, show
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers.parts.along.direction import hessian_of, pair_of
from quadmeta.optimizers.parts.along.following import FollowingStep
from quadmeta.optimizers.parts.base import PolynomialOptimizer, Response
from quadmeta.optimizers.parts.constant import in_arithmetic
from quadmeta.optimizers.parts.linear_transition import LinearStep, LinearTransition
from quadmeta.optimizers.parts.responses.chebyshev import Interval, bound_slopes, table
from quadmeta.optimizers.parts.transition import Inner, Transition

_EQUAL = 1e-10  # of the largest eigenvalue: closer ones count as equal
_APART = 1e-6  # how far the rates of equal ones may be from each other, relative


@dataclass(frozen=True, repr=False)
class ChebyshevIteration(PolynomialOptimizer):
    """The T = ``steps`` steps of Chebyshev's semi-iteration on [``smallest``, ``largest``] = [m,
    M], in units of lambda: p_T(lambda) = T_T(x) / T_T(sigma), x = (M + m - 2 lambda) / (M - m),
    sigma = (M + m) / (M - m).

    Of the bounds 0 <= m < M those left out are tuned; with both left out theta = (m, M). With
    ``spectrum`` they are the extreme eigenvalues of the inner Hessian at the hyperparameters, and
    the exact hypergradient knows that they move.

    Source: Golub and Varga 1961.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, bounds that are not 0 <= m < M, or bounds
        beside ``spectrum``; with it, where it runs, an inner loss that is not quadratic, or an
        extreme eigenvalue that has no derivative.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.1, 0.5, 1.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.ChebyshevIteration(8, smallest=0.1, largest=1.0))
    >>> bool(np.allclose(loss.gradient([0.1, 0.2]), loss.definition([0.1, 0.2])))
    True
    """

    steps: int
    smallest: float | None = None
    largest: float | None = None
    spectrum: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        flag("spectrum", self.spectrum)
        for name in ("smallest", "largest"):
            if (given := getattr(self, name)) is not None:
                bound = number(name, given, least=0, remedy="pass a bound of the eigenvalues")
                object.__setattr__(self, name, bound)
        if self.spectrum and not (self.smallest is None and self.largest is None):
            raise ValueError(
                f"spectrum = True takes the bounds from the Hessian: leave smallest = "
                f"{self.smallest} and largest = {self.largest} out"
            )
        if self.smallest is not None and self.largest is not None:
            if self.smallest >= self.largest:
                raise ValueError(
                    f"smallest = {self.smallest:.6g} must be below largest = {self.largest:.6g}: "
                    "pass an interval of eigenvalues, or GradientDescent for one eigenvalue"
                )

    @property
    def free(self) -> tuple[str, ...]:
        """Those of "smallest" and "largest" that are not given."""
        if self.spectrum:
            return ()
        return tuple(name for name in ("smallest", "largest") if getattr(self, name) is None)

    @property
    def follows(self) -> bool:
        """Whether its bounds are those of the inner Hessian."""
        return self.spectrum

    def __repr__(self) -> str:
        given = "".join(
            f", {name}={x:.6g}"
            for name in ("smallest", "largest")
            if (x := getattr(self, name)) is not None
        )
        if self.spectrum:
            given = ", spectrum=True"
        return f"ChebyshevIteration(steps={self.steps}{given})"

    @property
    def given(self) -> Any:
        """Nothing: given bounds are not read from theta.

        Raises
        ------
        ValueError
            a bound that is free, or that is not known without a Hessian.
        """
        self._interval()
        return ()

    def between(self, smallest: float, largest: float) -> "ChebyshevIteration":
        """The same on a given interval.

        Raises
        ------
        ValueError
            one that is empty.
        """
        return replace(self, smallest=smallest, largest=largest, spectrum=False)

    def _bounds(self, theta: Any, like: Any) -> tuple[Any, Any]:
        """(m, M), the free ones from theta."""
        if self.spectrum:
            low, high = theta
            return low, high
        free = iter(theta if self.shape else [theta])
        low, high = (
            next(free) if x is None else in_arithmetic(x, like)
            for x in (self.smallest, self.largest)
        )
        return low, high

    def read(self, theta: StepSizes) -> Array:
        """theta, checked.

        Raises
        ------
        ValueError
            NaN, infinity, a negative bound, a wrong last axis, or bounds that are not m < M.
        """
        array = super().read(theta)
        low, high = self._bounds(np.moveaxis(array, -1, 0) if self.shape else array, 0.0)
        bad = np.greater_equal(low, high)
        if bad.any():
            raise ValueError(
                f"{' and '.join(self.free)} = {show(array)} must leave smallest below largest: "
                "pass an interval of eigenvalues"
            )
        return array

    def run(
        self,
        gradient: Callable[[Any], Any],
        start: Arithmetic,
        theta: Arithmetic | Sequence[Arithmetic],
    ) -> Iterator[Any]:
        """The T + 1 iterates from ``start`` (..., d), for theta of what is free, or (m, M) with
        ``spectrum``.
        """
        low, high = self._bounds(theta, start)
        step = 2 / (high + low)
        quarter = ((high - low) / (high + low)) ** 2 / 4
        before: Any = start
        w: Any = start
        weight: Any = 2
        yield w
        for t in range(self.steps):
            moved = w - step * gradient(w)
            after = moved
            if t:
                weight = 1 / (1 - weight * quarter)
                after = weight * moved + (1 - weight) * before
            before = w
            w = after
            yield w

    def _interval(self) -> Interval:
        self.require_given()
        if self.smallest is None or self.largest is None:
            raise ValueError(
                f"optimizer = {self!r} takes its bounds from an inner Hessian: pass smallest and "
                "largest"
            )
        return Interval(self.smallest, self.largest, self.steps)

    def response(self, eigenvalues: Array) -> Response:
        """By products of Chebyshev polynomials and a series, in O(d^2) whatever T; eigenvalues
        outside [m, M] too.

        Raises
        ------
        ValueError
            a bound that is free, or that is not known without a Hessian.
        """
        return Response(*table(self._interval(), eigenvalues))

    def bound_slopes(self, eigenvalues: Array) -> tuple[Array, Array]:
        """(dS / dm, dS / dM) at eigenvalues (d,) in [m, M], in O(d^2) whatever T.

        Raises
        ------
        ValueError
            as for ``response``.
        """
        return bound_slopes(self._interval(), eigenvalues)

    def given_on(self, inner: Inner) -> Any:
        """The bounds, with ``spectrum`` those of the inner Hessian.

        Raises
        ------
        ValueError
            an inner loss that is not quadratic, or one eigenvalue alone.
        """
        if not self.spectrum:
            return self.given
        lam = np.linalg.eigvalsh(hessian_of(inner, self))
        at = self.between(max(float(lam[0]), 0.0), float(lam[-1]))
        return at.smallest, at.largest

    def moving_on(self, inner: Inner) -> Any:
        """The same with their derivatives."""
        bounds = self.given_on(inner)
        if not self.spectrum:
            return bounds
        rates = self.rates_of_bounds(inner)
        return tuple(Jet(x, (rate[:, None],), ()) for x, rate in zip(bounds, rates, strict=True))

    def rates_of_bounds(self, inner: Inner) -> tuple[Array, Array]:
        """(dm / d alpha, dM / d alpha), each (h,): q' H_k q of the extreme eigenvectors.

        Raises
        ------
        ValueError
            a repeated extreme eigenvalue that splits, so that it has no derivative.
        """
        pair = pair_of(inner, self)
        lam, Q = np.linalg.eigh(hessian_of(inner, self))
        close = _EQUAL * lam[-1]
        low = _rate(pair, Q[:, lam <= lam[0] + close], "smallest")
        high = _rate(pair, Q[:, lam >= lam[-1] - close], "largest")
        return low, high

    def transition(self) -> Transition:
        """On (w_t, w_{t-1}), with the numbers of each step."""
        if self.spectrum:
            return FollowingStep(self)
        on = self._interval()
        return self.two_term(on.low, on.high)

    def two_term(self, low: float, high: float) -> LinearTransition:
        """The steps on given bounds."""
        table = self.numbers(low, high)

        def numbers(t: int) -> LinearStep:
            x, y = table[t]
            return LinearStep(((x, 1 - x), (1, 0)), (-y, 0))

        return LinearTransition(numbers, rest=(1, 1))

    def numbers(self, low: Any, high: Any) -> list[tuple[Any, Any]]:
        """(x, y) of each step w' = x w + (1 - x) w_before - y grad f(w), in any arithmetic."""
        step = 2 / (high + low)
        quarter = ((high - low) / (high + low)) ** 2 / 4
        x = 0 * step + 1
        found = [(x, step)]
        weight: Any = 2
        for _ in range(1, self.steps):
            weight = 1 / (1 - weight * quarter)
            found.append((weight, weight * step))
        return found


def _rate(pair: Callable[[Array], Array], Q: Array, name: str) -> Array:
    """q' H_k q for the eigenvectors (p, g) of one eigenvalue, on which H_k must be a multiple of
    the identity.
    """
    n = Q.shape[1]
    blocks = np.stack(
        [np.stack([pair(np.outer(Q[:, i], Q[:, j])) for j in range(n)]) for i in range(n)]
    )
    diagonal = blocks[np.arange(n), np.arange(n)]
    rate: Array = diagonal.mean(axis=0)
    apart = np.abs(blocks - np.eye(n)[:, :, None] * rate).max()
    if apart > _APART * max(np.abs(blocks).max(), np.finfo(float).tiny):
        raise ValueError(
            f"the {name} eigenvalue of the inner Hessian is repeated {n} times and splits, so that "
            "it has no derivative: pass the bounds smallest and largest"
        )
    return rate
