"""The outer loss of a bilevel problem as a function of the optimizer's parameters and of the
hyperparameters together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, instance, show
from quadmeta.objectives.parts.base import Objective
from quadmeta.objectives.parts.closed.closed_forms import holds_slopes
from quadmeta.objectives.parts.joint import definition as by_steps
from quadmeta.objectives.parts.joint.form import JointForm
from quadmeta.objectives.parts.joint.response import Linear
from quadmeta.optimizers.l2_decay import L2Decay
from quadmeta.optimizers.parts.along.affine import AffineOptimizer
from quadmeta.optimizers.parts.base import PolynomialOptimizer
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel


@dataclass(frozen=True, eq=False)
class JointLoss(Objective):
    """F(theta) = L_2(w_T(theta), alpha): what an optimizer leaves free and what is learned of a
    problem, tuned together.

    theta is one vector: the free parameters of the optimizer in their order, then alpha. Value,
    gradient and Hessian are exact derivatives of T unrolled steps, from the eigenvectors of the
    inner Hessian: O(p^3 + T p) for a value, T p^2 more for a gradient, T p^3 more for a Hessian (T
    p where all that is learned is a ridge). Beyond 100 steps of gradient descent, heavy ball or
    Nesterov, with or without decay, log T stands for T.

    Parameters
    ----------
    problem
        a bilevel problem with quadratic losses.
    optimizer
        a linear method along exact gradients, with momentum, decay (``DecoupledDecay``,
        ``L2Decay``), damping (``DampedNewton``) or bounds (``ChebyshevIteration``); parameters that
        are given are not tuned.

    Raises
    ------
    ValueError
        another problem or optimizer, bounds that follow the Hessian, or a problem whose parts do
        not belong together.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Ridge(train=([[1.0], [2.0]], [1.0, 3.0]), validation=([[1.0]], [1.2]))
    >>> loss = qm.JointLoss(problem, qm.HeavyBall(steps=2))
    >>> loss.names
    ('step_size', 'momentum', 'alpha')
    >>> theta = [0.3, 0.1, 0.5]
    >>> loss.gradient(theta).round(4)
    array([ 0.063 ,  0.063 , -0.0189])
    >>> loss.curvature(theta).shape
    (3, 3)
    """

    problem: QuadraticBilevel
    optimizer: Linear

    def __post_init__(self) -> None:
        instance("problem", self.problem, QuadraticBilevel, "Ridge(train, validation)")
        linear = (PolynomialOptimizer, AffineOptimizer, L2Decay)
        instance("optimizer", self.optimizer, linear, "HeavyBall(steps=50)")
        if self.optimizer.follows:
            raise ValueError(
                f"optimizer = {self.optimizer!r} takes parameters from the inner Hessian: leave "
                "its bounds free, or pass them as numbers"
            )
        self.problem.require_complete()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """One for each entry of theta."""
        own = _numbered(self.optimizer.free, self._own)
        return own + _numbered(("alpha",), self.problem.hyperparameters)

    @property
    def _own(self) -> int:
        """k, the number of parameters that the optimizer leaves free."""
        shape = self.optimizer.shape
        return shape[0] if shape else 1

    @cached_property
    def bounds(self) -> Array:
        """Least and greatest value of each entry, (k + h, 2): a step size and an L2 decay are at
        least 0, a momentum and a decoupled decay at least 0 and below 1, and a problem may restrict
        what is learned.
        """
        optimizer = self.optimizer
        lowest = 0.0 if optimizer.nonnegative else -np.inf
        found = np.full((self._own + self.problem.hyperparameters, 2), (lowest, np.inf))
        for place, name in enumerate(self.names[: self._own]):
            found[place] = _RANGES.get(name, found[place])
            if name == "decay" and isinstance(optimizer, L2Decay):
                found[place] = (0.0, np.inf)
        found[self._own :, 0] = self.problem.least
        found.setflags(write=False)
        return found

    def read(self, theta: Numbers, name: str = "theta") -> tuple[Array, Array]:
        """theta (k + h,) as the parameters (k,) of the optimizer and alpha (h,), checked; errors
        call it ``name``.

        Raises
        ------
        ValueError
            NaN, infinity, a wrong length, or a parameter outside its range.
        """
        found = finite(name, theta)
        k = self._own
        h = self.problem.hyperparameters
        if found.shape != (k + h,):
            raise ValueError(
                f"{name} has shape {found.shape}: pass a vector of {k + h}, {k} parameters of the "
                f"optimizer and {h} hyperparameters"
            )
        own = found[:k]
        self.optimizer.read(own if self.optimizer.shape else own[0])
        low, high = self.bounds[:k].T
        for place in np.flatnonzero((own < low) | (own > high)):
            raise ValueError(
                f"{name}: {self.names[place]} = {own[place]:.6g} is out of bounds: pass one of "
                f"{low[place]:.6g} to {high[place]:.6g}"
            )
        return own, self.problem.read(found[k:])

    def at(self, theta: Numbers, order: int = 0, learned: bool = True) -> JointForm:
        """The run at theta, from which value and derivatives up to this order follow; without
        ``learned`` those in the optimizer's parameters alone.

        Raises
        ------
        OverflowError
            weights that float64 cannot hold; derivatives where the largest entry of H is beyond
            1e-100 to 1e100.
        """
        own, alpha = self.read(theta)
        form = JointForm(self.problem, self.optimizer, own, alpha, order, learned)
        if not form.finite:
            raise self._diverges(np.concatenate([own, alpha]))
        if order and not holds_slopes(form.inner):
            raise OverflowError(
                "the largest entry of the inner Hessian is beyond 1e-100 to 1e100, where float64 "
                "does not hold derivatives: scale the inner loss, and step sizes inversely"
            )
        return form

    def trained(self, theta: Numbers) -> Array:
        """w_T (P,)."""
        return self.at(theta).W.ravel()

    def __call__(self, theta: Numbers) -> float:
        """L_2(w_T, alpha)."""
        return self._value(self.at(theta))

    def gradient(self, theta: Numbers) -> Array:
        """Its derivative, (k + h,)."""
        return self.at(theta, 1).gradient()

    def value_and_gradient(self, theta: Numbers) -> tuple[float, Array]:
        """Both from one run."""
        form = self.at(theta, 1)
        return self._value(form), form.gradient()

    def _value(self, form: JointForm) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            value = float(self.problem.outer(form.W.ravel(), form.alpha))
        if not np.isfinite(value):
            raise self._diverges(np.concatenate([form.theta, form.alpha]))
        return value

    def _diverges(self, theta: Array) -> OverflowError:
        return OverflowError(f"theta = {show(theta)}: training diverges: pass a smaller step size")

    def curvature(self, theta: Numbers) -> Array:
        """The Hessian (k + h, k + h), symmetric.

        Raises
        ------
        ValueError
            a problem whose second derivatives in alpha are not known: one with ``direct``, with a
            start that moves, or without ``bend``.
        """
        self._require_second()
        return self.at(theta, 2).curvature()

    def own_curvature(self, theta: Numbers) -> Array:
        """The Hessian (k, k) in the optimizer's parameters alone, at O(T p)."""
        return self.at(theta, 2, learned=False).own_curvature()

    def gradient_and_curvature(self, theta: Numbers, learned: bool = True) -> tuple[Array, Array]:
        """Both from one run; without ``learned`` in the optimizer's parameters alone, (k,) and (k,
        k).
        """
        if learned:
            self._require_second()
        form = self.at(theta, 2, learned)
        if learned:
            return form.gradient(), form.curvature()
        return form.own_gradient(), form.own_curvature()

    def _require_second(self) -> None:
        name = type(self.problem).__name__
        if self.problem.start_moves:
            raise ValueError(
                f"{name} has a start that depends on alpha, whose second derivatives are not "
                "known: use gradient, or a fixed start"
            )
        if self.problem.has_direct:
            raise ValueError(
                f"{name} has an outer loss that depends on alpha directly, whose second "
                "derivatives are not known: use gradient"
            )

    def definition(
        self, theta: Numbers, order: int = 0, kind: str = "float64", digits: int = 50
    ) -> Any:
        """The same by T steps of the optimizer on jets, which carry the derivatives of every
        iterate in all k + h parameters, O(T (k + h)^2).

        H, b and their derivatives at alpha are taken as exact, so that fractions give the exact
        derivatives where H and b are affine in alpha.

        Parameters
        ----------
        theta
            (k + h,); pass ``Fraction`` for exact ones.
        order
            0 for the value, 1 for the gradient (k + h,), 2 for the Hessian.
        kind
            "float64", "fraction" or "mpmath" (at ``digits`` digits).

        Raises
        ------
        ValueError
            theta as for ``gradient``; a Hessian as for ``curvature``.
        """
        if order == 2:
            self._require_second()
        return by_steps.evaluated(self, theta, order, kind, digits)


_BELOW_1 = (0.0, float(np.nextafter(1.0, 0.0)))
_RANGES = {
    "step_size": (0.0, np.inf),
    "damping": (0.0, np.inf),
    "momentum": _BELOW_1,
    "decay": _BELOW_1,
}


def _numbered(names: Sequence[str], count: int) -> tuple[str, ...]:
    """The names, or as many as ``count`` of the one there is."""
    if len(names) == count:
        return tuple(names)
    return tuple(f"{names[0]}[{i}]" for i in range(count))
