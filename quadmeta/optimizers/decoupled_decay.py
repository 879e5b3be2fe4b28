"""Gradient steps with momentum and decoupled weight decay: the weights shrink beside the step."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from quadmeta._types import Arithmetic, Array, StepSizes
from quadmeta._validate import natural, number, show
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.expansion import products, total as summed_exactly
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers.parts.along.affine import AffineOptimizer, AffineResponse
from quadmeta.optimizers.parts.companion import Powers, started, summed
from quadmeta.optimizers.parts.constant import in_arithmetic
from quadmeta.optimizers.parts.linear_transition import LinearStep, LinearTransition
from quadmeta.optimizers.parts.responses.two_term import amplification, differenced

_NAMES = ("step_size", "momentum", "decay")


@dataclass(frozen=True, repr=False)
class DecoupledDecay(AffineOptimizer):
    """m <- beta m + eta grad f(w), w <- (1 - omega) w - m from m = 0, for t < T = ``steps``.

    Of ``step_size`` eta > 0 (unit 1/lambda), ``momentum`` 0 <= beta < 1 and ``decay`` 0 <= omega <
    1, those left out are tuned, in this order. Without momentum it is L2 decay of rho = omega /
    eta. With momentum the run tends to the minimum of f + rho ||w||^2 / 2 with rho = omega (1 -
    beta) / eta, and no L2 decay makes the same run.

    Source: Loshchilov and Hutter 2019.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.Ridge(([[1.0], [2.0]], [1.0, 3.0]), ([[1.0]], [1.2]))
    >>> loss = qm.OuterLoss(problem, qm.DecoupledDecay(20, 0.3, momentum=0.5, decay=0.01))
    >>> bool(np.allclose(loss.gradient([0.1]), loss.definition([0.1])))
    True
    """

    steps: int
    step_size: float | None = None
    momentum: float | None = None
    decay: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        if self.step_size is not None:
            eta = number("step_size", self.step_size, above=0, remedy="pass None to tune it")
            object.__setattr__(self, "step_size", eta)
        for name in ("momentum", "decay"):
            if (given := getattr(self, name)) is not None:
                value = number(name, given)
                if not 0 <= value < 1:
                    raise ValueError(
                        f"{name} = {show(given)} is outside [0, 1): pass 0 <= {name} < 1, or None "
                        "to tune it"
                    )
                object.__setattr__(self, name, value)

    @property
    def free(self) -> tuple[str, ...]:
        """Those of "step_size", "momentum" and "decay" that are not given."""
        return tuple(name for name in _NAMES if getattr(self, name) is None)

    @property
    def ridge(self) -> float:
        """omega (1 - beta) / eta.

        Raises
        ------
        ValueError
            a parameter that is free.
        """
        self.require_given()
        eta, beta, omega = self._parameters((), 0.0)
        return float(omega * (1 - beta) / eta)

    def __repr__(self) -> str:
        given = (f", {name}={x:.6g}" for name in _NAMES if (x := getattr(self, name)) is not None)
        return f"DecoupledDecay(steps={self.steps}{''.join(given)})"

    def _parameters(self, theta: Any, like: Any) -> list[Any]:
        """[eta, beta, omega], the free ones from theta, the given ones in the arithmetic of
        ``like``.
        """
        free = iter(theta if self.shape else [theta])
        values = (getattr(self, name) for name in _NAMES)
        return [next(free) if x is None else in_arithmetic(x, like) for x in values]

    def read(self, theta: StepSizes) -> Array:
        """theta, checked.

        Raises
        ------
        ValueError
            NaN, infinity, a negative number, a momentum or decay of at least 1, or a wrong last
            axis.
        """
        array = super().read(theta)
        for k, name in enumerate(self.free):
            entries = array[..., k] if self.shape else array
            if name != "step_size" and (entries >= 1).any():
                raise ValueError(
                    f"{name} = {show(entries)} is outside [0, 1): pass 0 <= {name} < 1"
                )
        return array

    def run(
        self,
        gradient: Callable[[Any], Any],
        start: Arithmetic,
        theta: Arithmetic | Sequence[Arithmetic],
    ) -> Iterator[Any]:
        """The T + 1 iterates from ``start`` (..., d), for theta of what is free."""
        eta, beta, omega = self._parameters(theta, start)
        w: Any = start
        m: Any = start * 0
        yield w
        for _ in range(self.steps):
            m = beta * m + eta * gradient(w)
            w = (1 - omega) * w - m
            yield w

    def response(self, eigenvalues: Array) -> AffineResponse:
        """P = s_T - beta s_{T-1} and S = eta (s_0 + ... + s_{T-1}) with the impulse response s of
        z_{t+1} = h z_t - b z_{t-1}, h = 1 - omega + beta - eta lambda, b = beta (1 - omega): in
        O(d log T + d^2).

        Raises
        ------
        ValueError
            a parameter that is free.
        """
        self.require_given()
        if self.steps == 1:
            return super().response(eigenvalues)
        eta, beta, omega = self._parameters((), 0.0)

        def total(lam: Jet) -> Powers:
            recursion, _ = _companion(eta, beta, omega, lam)
            return summed(*recursion, self.steps)

        def free(lam: Jet) -> Powers:
            recursion, tilt = _companion(eta, beta, omega, lam)
            return started(*recursion, self.steps, tilt)

        K = amplification(self.steps, beta * (1 - omega))
        A = differenced(total, eigenvalues, eta, K)
        P = differenced(free, eigenvalues, eta, K)
        top = max(A.exponent, P.exponent)
        moved, slopes = A.over(top)
        return AffineResponse(*P.over(top), eta * moved, eta * slopes, top * math.log(2))

    def transition(self) -> LinearTransition:
        """On (w, m); the run tends to a minimum with the ridge omega (1 - beta) / eta."""
        self.require_given()
        eta, beta, omega = self._parameters((), 0.0)
        step = LinearStep(((1 - omega, -beta), (0, beta)), (-eta, eta))
        return LinearTransition(step, rest=(1, 0), step_size=eta, ridge=self.ridge)


def _companion(
    eta: float, beta: float, omega: float, lam: Jet
) -> tuple[tuple[Jet, Jet, Jet, Jet, DoubleDouble], Jet]:
    """h, b, g = h - 2 b, x = 1 - h + b and D = h^2 - 4 b at eigenvalues; and h - 2 beta."""
    step: Any = lam * DoubleDouble.of(eta)
    kept = 1 - DoubleDouble.of(omega)
    h = (kept + beta) - step
    # every Jet in the common shape
    b = h * 0 + kept * beta
    x = step + (1 - DoubleDouble.of(beta)) * omega
    # D = (1 - omega - beta)^2 - 2 (1 - omega + beta) eta lambda + (eta lambda)^2
    pair = (step.value.hi, step.value.lo)
    apart = (1.0, -omega, -beta)
    both = (-2.0, 2 * omega, -2 * beta)
    gap = summed_exactly([*products(apart, apart), *products(both, pair), *products(pair, pair)])
    return (h, b, h - b * 2, x, gap), h - 2 * beta
