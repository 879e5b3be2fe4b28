"""Damped Newton steps, p_T(lambda) = (1 - eta lambda / (lambda + delta))^T: gradient descent on the
eigenvalues lambda / (lambda + delta).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array
from quadmeta._validate import natural, number
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.residual import factor, log_abs
from quadmeta.arithmetic.response import response
from quadmeta.optimizers.parts.along.direction import (
    DirectedTransition,
    Preconditioned,
    Preconditioner,
    hessian_of,
)
from quadmeta.optimizers.parts.base import PolynomialOptimizer, Response
from quadmeta.optimizers.parts.constant import in_arithmetic
from quadmeta.optimizers.parts.transition import Inner, PlainStep


@dataclass(frozen=True, repr=False)
class DampedNewton(PolynomialOptimizer):
    """w_{t+1} = w_t - eta (H + delta I)^-1 grad f(w_t) for t < T = ``steps``.

    Of ``step_size`` eta > 0 (without a unit) and ``damping`` delta >= 0 (in units of lambda), those
    left out are tuned; with both left out theta = (eta, delta). The damping is fixed, and the
    preconditioner follows the hyperparameters through H: the exact hypergradient knows it.

    Raises
    ------
    ValueError
        ``steps`` is not a whole number of at least 1, or a parameter lies outside its range; where
        it runs, an inner loss that is not quadratic, or a singular H with delta = 0.

    Examples
    --------
    Without damping one full step is the minimum, and its derivative the implicit one:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.01, 1.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.DampedNewton(steps=1, step_size=1.0, damping=0.0))
    >>> bool(np.allclose(loss.gradient([0.0, 0.0]), loss.implicit([0.0, 0.0])))
    True
    """

    steps: int
    step_size: float | None = None
    damping: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        if self.step_size is not None:
            eta = number("step_size", self.step_size, above=0, remedy="pass None to tune it")
            object.__setattr__(self, "step_size", eta)
        if self.damping is not None:
            delta = number("damping", self.damping, least=0, remedy="pass None to tune it")
            object.__setattr__(self, "damping", delta)

    @property
    def free(self) -> tuple[str, ...]:
        """Those of "step_size" and "damping" that are not given."""
        return tuple(name for name in ("step_size", "damping") if getattr(self, name) is None)

    def __repr__(self) -> str:
        given = (
            f", {name}={x:.6g}"
            for name in ("step_size", "damping")
            if (x := getattr(self, name)) is not None
        )
        return f"DampedNewton(steps={self.steps}{''.join(given)})"

    def _pair(self, theta: Any, like: Any) -> tuple[Any, Any]:
        """(eta, delta), the free ones from theta, the given ones in the arithmetic of ``like``."""
        free = iter(theta if self.shape else [theta])
        eta, delta = (
            next(free) if x is None else in_arithmetic(x, like)
            for x in (self.step_size, self.damping)
        )
        return eta, delta

    def scale(self, eigenvalues: Any, theta: Any) -> Any:
        """1 / (lambda + delta)."""
        return 1 / (eigenvalues + self._pair(theta, eigenvalues)[1])

    def run(
        self,
        gradient: Callable[[Any], Any],
        start: Arithmetic,
        theta: Arithmetic | Sequence[Arithmetic],
    ) -> Iterator[Any]:
        """The T + 1 iterates; ``gradient`` gives (H + delta I)^-1 grad f, as ``direction`` and
        ``along`` do.
        """
        eta, _ = self._pair(theta, start)
        w = start
        yield w
        for _ in range(self.steps):
            w = w - eta * gradient(w)
            yield w

    def residual(
        self, eigenvalues: Arithmetic, theta: Arithmetic | Sequence[Arithmetic]
    ) -> tuple[Any, Any, Any]:
        """p = a^T with a = 1 - eta lambda / (lambda + delta), and its derivatives, in every
        arithmetic, whatever T.
        """
        if self.shape:
            jets: Any = Jet.parameters(list(theta))  # type: ignore[arg-type]
        else:
            (jets,) = Jet.parameters([theta])
        eta, delta = self._pair(jets, eigenvalues)
        power = (1 - eta * (eigenvalues / (delta + eigenvalues))) ** self.steps
        # a derivative that is the int 0 takes the shape of the modes
        p = power.map(lambda x: x)
        if self.shape:
            return p.value, p.first, p.second
        return p.value, p.first[0], p.second[0][0]

    def response(self, eigenvalues: Array) -> Response:
        """With s the response of gradient descent at mu = lambda / (lambda + delta): S = s(mu) /
        (lambda + delta), in O(d^2) whatever T.

        S[x, y] = (delta s[mu_x, mu_y] / (y + delta) - s(mu_x)) / ((x + delta) (y + delta)), in
        which no two terms cancel.
        """
        self.require_given()
        eta, delta = self._pair((), 0.0)
        eta = np.float64(eta)
        shifted = eigenvalues + delta
        _require_regular(self, float(shifted.min()))
        mu = eigenvalues / shifted
        moved, slopes, shift = response(eta, mu, self.steps)
        between = (delta * slopes / shifted - moved[:, None]) / np.multiply.outer(shifted, shifted)
        a = factor(eta, mu)
        with np.errstate(divide="ignore"):
            power = np.sign(a.value) ** self.steps * np.exp(self.steps * log_abs(a) - shift)
        return Response(power, moved / shifted, between, shift)

    def preconditioner(self, inner: Inner) -> Preconditioner:
        """H + delta I.

        Raises
        ------
        ValueError
            an inner loss that is not quadratic, or a matrix that is singular.
        """
        _, delta = self._pair((), 0.0)
        H = hessian_of(inner, self)
        if not delta:
            _require_regular(self, float(np.linalg.eigvalsh(H)[0]))
        return Preconditioner(H + delta * np.eye(len(H)), _whole)

    def direction(self, inner: Inner) -> Preconditioned:
        """(H + delta I)^-1 grad f."""
        return Preconditioned(inner, self.preconditioner(inner))

    def transition(self) -> DirectedTransition:
        """A plain step along (H + delta I)^-1 grad f."""
        self.require_given()
        return DirectedTransition(PlainStep(float(self.step_size or 0.0)), self.direction)


def _whole(X: Array) -> Array:
    """All of a matrix, made symmetric."""
    half: Array = (X + X.T) / 2
    return half


def _require_regular(optimizer: DampedNewton, lowest: float) -> None:
    if lowest <= 0:
        raise ValueError(
            f"optimizer = {optimizer!r} inverts H + damping I, whose smallest eigenvalue is "
            f"{lowest:.3g}: pass a damping > 0, or add a ridge"
        )
