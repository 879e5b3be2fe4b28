"""Descent and Newton's method on the optimizer's parameters and the hyperparameters together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import choice, instance, natural, number, show
from quadmeta.objectives.joint_loss import JointLoss

METHODS = ("newton", "gradient")


class Tuned(NamedTuple):
    """Where a descent on a ``JointLoss`` ended."""

    theta: Array
    """(k + h,)."""
    value: float
    gradient: Array
    """(k + h,), in theta."""
    reason: str
    """Why it stopped: "stationary", "rounding" (no step lowers the value in float64) or "steps" (as
    many as were allowed).
    """
    path: Array
    """theta after 0, 1, 2, ... steps, (steps + 1, k + h)."""
    values: Array
    """The loss there, (steps + 1,), strictly falling."""


@np.errstate(under="ignore")
def joint_descent(
    loss: JointLoss,
    start: Numbers,
    method: str = "newton",
    steps: int = 100,
    only: Sequence[str] | None = None,
    tolerance: float = 1e-10,
) -> Tuned:
    """Tune the optimizer's parameters and the hyperparameters together.

    Every step minimises a quadratic model of the loss within a trust region, is projected onto
    ``loss.bounds`` and is taken only if it lowers the loss; where it does not, the region shrinks.
    A step size is moved by its logarithm, so that it stays positive. ``newton`` models with the
    exact Hessian, whose negative curvature it follows downhill; ``gradient`` with the gradient
    alone. What it finds is a local minimum, of which a momentum has many: start from several
    points. (It stays at a saddle only where it starts at one.)

    Parameters
    ----------
    loss
        what to tune.
    start
        (k + h,), with positive step sizes, where training does not diverge.
    method
        "newton" or "gradient".
    steps
        at most as many; each takes one gradient, and one Hessian for ``newton``.
    only
        names of what is moved, from ``loss.names``; "alpha" stands for every hyperparameter. By
        default everything is.
    tolerance
        it is stationary where no derivative that a bound leaves free exceeds this times the loss,
        in the logarithm of a step size and in each other entry.

    Raises
    ------
    ValueError
        a start out of bounds, an unknown name or method, or a Hessian that is not known
        (``JointLoss.curvature``).
    OverflowError
        training diverges at the start.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Ridge(train=([[1.0], [2.0]], [1.0, 3.0]), validation=([[1.0]], [1.2]))
    >>> loss = qm.JointLoss(problem, qm.HeavyBall(steps=2))
    >>> found = qm.joint_descent(loss, [0.1, 0.0, 0.1])
    >>> bool(found.value < 1e-12 * found.values[0])
    True
    """
    instance("loss", loss, JointLoss, "JointLoss(problem, HeavyBall(steps=50))")
    choice("method", method, METHODS)
    steps = natural("steps", steps, least=0)
    tolerance = number("tolerance", tolerance, least=0)
    space = _Space(loss, start, only)
    x = space.start
    value = loss(space.theta(x))
    first = value
    path = [space.theta(x)]
    values = [value]
    # a model that falls by the whole loss has this length
    radius = float(np.sqrt(2 * abs(value))) or 1.0
    reason = "steps"
    while len(path) <= steps:
        slope, bend = space.model(x, method)
        free = space.free(x, slope)
        if not np.abs(slope[free]).max(initial=0.0) > tolerance * max(abs(value), _TINY * first):
            reason = "stationary"
            break
        x, moved, radius = _step(space, x, value, slope, bend, free, radius)
        if moved == value:
            reason = "rounding"
            break
        value = moved
        path.append(space.theta(x))
        values.append(value)
    gradient = loss.gradient(path[-1])
    return Tuned(path[-1], value, gradient, reason, np.array(path), np.array(values))


# of the loss at the start: what is this small is 0
_TINY = np.finfo(float).eps ** 2


class _Space:
    """The entries that are moved, each by itself or by its logarithm, within their bounds."""

    def __init__(self, loss: JointLoss, start: Numbers, only: Sequence[str] | None) -> None:
        self.loss = loss
        own, alpha = loss.read(start, "start")
        self.origin = np.concatenate([own, alpha])
        self.moved = _chosen(loss.names, only)
        self.learned = bool((self.moved >= len(own)).any())
        bounds = loss.bounds[self.moved].copy()
        first = self.origin[self.moved]
        self.logarithmic = np.array([loss.names[i] == "step_size" for i in self.moved], dtype=bool)
        if not (first[self.logarithmic] > 0).all():
            raise ValueError("start has the step_size 0, whose logarithm is moved: pass one > 0")
        self.low, self.high = bounds.T
        self.low[self.logarithmic] = -np.inf
        if (first < self.low).any() or (first > self.high).any():
            raise ValueError(f"start = {show(np.asarray(start))} is out of bounds: see loss.bounds")
        self.start = np.where(self.logarithmic, np.log(np.where(self.logarithmic, first, 1)), first)

    def theta(self, x: Array) -> Array:
        """All of theta (k + h,) at coordinates x."""
        found = self.origin.copy()
        values = np.where(self.logarithmic, np.exp(np.minimum(x, 700)), x)
        found[self.moved] = np.where(x == self.start, found[self.moved], values)
        return found

    def value(self, x: Array) -> float:
        """The loss at coordinates x, infinite where training diverges."""
        try:
            return self.loss(self.theta(x))
        except OverflowError:
            return np.inf

    def model(self, x: Array, method: str) -> tuple[Array, Array]:
        """Gradient and Hessian in the coordinates, the latter 0 for ``gradient``.

        With theta = e^x one has F_x = theta F_theta and F_xx = theta^2 F_thetatheta + F_x.
        """
        theta = self.theta(x)
        scale = np.where(self.logarithmic, theta[self.moved], 1.0)
        if method == "newton":
            gradient, hessian = self.loss.gradient_and_curvature(theta, self.learned)
        else:
            gradient = self.loss.gradient(theta)
            hessian = np.zeros((len(gradient), len(gradient)))
        slope = scale * gradient[self.moved]
        part = hessian[np.ix_(self.moved, self.moved)]
        bend = scale[:, None] * part * scale
        if method == "newton":
            bend += np.diag(np.where(self.logarithmic, slope, 0))
        return slope, bend

    def free(self, x: Array, slope: Array) -> Array:
        """Which coordinates may follow -slope."""
        blocked: Array = (x <= self.low) & (slope >= 0) | (x >= self.high) & (slope <= 0)
        return ~blocked

    def clipped(self, x: Array) -> Array:
        """The nearest point within the bounds."""
        found: Array = np.clip(x, self.low, self.high)
        return found


def _chosen(names: tuple[str, ...], only: Sequence[str] | None) -> Array:
    """The places of the entries that are moved."""
    if only is None:
        return np.arange(len(names))
    if isinstance(only, str) or not isinstance(only, Sequence) or not only:
        raise ValueError(f"only = {show(only)} must be a list of names: pass some of loss.names")
    known = {*names, *(name.split("[")[0] for name in names)}
    for name in only:
        if name not in known:
            raise ValueError(f"only: {show(name)} is no name of this loss: see loss.names")
    return np.array(
        [i for i, name in enumerate(names) if name in only or name.split("[")[0] in only]
    )


_FLAT = 0.1
"""Of the largest axis D: none counts as shorter."""


def _step(
    space: _Space,
    x: Array,
    value: float,
    slope: Array,
    bend: Array,
    free: Array,
    radius: float,
) -> tuple[Array, float, float]:
    """(where it leads, loss there, next radius): the first step of a shrinking region that lowers
    the loss by a share of what the model says.

    Lengths are those of D step, D the roots of the diagonal of the Hessian, so that no unit of a
    parameter matters, unless it is flat. The loss is that of before where no step does.
    """
    D = np.sqrt(np.abs(np.diag(bend)))
    D = np.maximum(D, _FLAT * D.max()) if D.any() else np.ones(len(x))
    axes = D[free]
    lam, Q = np.linalg.eigh(bend[np.ix_(free, free)] / (axes[:, None] * axes))
    turned = Q.T @ (slope[free] / axes)
    least = np.finfo(float).eps * float(np.linalg.norm(D * (1 + np.abs(x))))
    while radius > least:
        step = np.zeros(len(x))
        step[free] = -(Q @ _within(lam, turned, radius)) / axes
        point = space.clipped(x + step)
        step = point - x
        length = float(np.linalg.norm(D * step))
        promised = -float(slope @ step + step @ bend @ step / 2)
        if promised > 0:
            moved = space.value(point)
            ratio = (value - moved) / promised
            if ratio > 0.75 and length > 0.9 * radius:
                return point, moved, 2 * radius
            if ratio > 1e-4 and moved < value:
                return point, moved, radius if ratio > 0.25 else length / 2
        radius = min(radius, max(length, radius / 4)) / 4
    return x, value, radius


def _within(lam: Array, slope: Array, radius: float) -> Array:
    """The minimiser s = (lam + shift)^-1 slope of the model along -s with |s| <= radius, shift >= 0
    as small as possible and lam + shift > 0.
    """
    least = float(lam.min(initial=np.inf))
    size = float(np.linalg.norm(slope))

    def solved(shift: float) -> Array:
        return slope / (lam + shift)

    if least > 0 and np.linalg.norm(solved(0.0)) <= radius:
        return solved(0.0)
    # |s| falls in the shift, from above the radius or from the pole down to below it
    low = max(0.0, -least)
    high = low + size / radius
    for _ in range(80):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if np.linalg.norm(solved(middle)) > radius:
            low = middle
        else:
            high = middle
    return solved(high)
