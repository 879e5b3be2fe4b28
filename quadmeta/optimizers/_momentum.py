"""What heavy ball and Nesterov share: z_{t+1} = h z_t - b z_{t-1} for each eigenvalue, z_{-1} = z_0 = 1, p_T = z_T."""
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from quadmeta._validate import finite, natural, show, step_sizes
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers._base import LogLoss, PolynomialOptimizer
from quadmeta.optimizers._companion import log_loss, power, signlog
from quadmeta.optimizers._newton import descend_in_box, lowest

Array = Any
_LAST = 1 - 2.0**-53  # the largest momentum below 1


@dataclass(frozen=True, repr=False)
class Momentum(PolynomialOptimizer):
    """A two-term method of T = ``steps`` steps; what is not given is tuned, in the order (step_size, momentum)."""

    steps: int
    step_size: float | None = None
    momentum: float | None = None

    nonnegative = False  # ``read`` checks each parameter by itself

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        for name, check in (("step_size", _positive), ("momentum", _momentum)):
            if (value := getattr(self, name)) is not None:
                if np.ndim(value):
                    raise ValueError(f"{name} = {show(value)} must be one number, or None to tune it")
                object.__setattr__(self, name, float(check(value)))

    @abstractmethod
    def step(self, gradient: Callable[[Array], Array], w: Array, before: Array, eta: Array, beta: Array) -> Array:
        """w_{t+1} from w_t and w_{t-1}."""

    @abstractmethod
    def coefficients(self, x: Array, beta: Array) -> tuple[Array, Array]:
        """(h, b) at x = eta lambda."""

    @abstractmethod
    def tilt(self, x: Array, beta: Array) -> Array:
        """g = h - 2 b, from 1 - beta as one number, so that no digit is lost for a momentum next to 1."""

    @abstractmethod
    def gap(self, x: DoubleDouble, beta: Array) -> DoubleDouble:
        """h^2 - 4 b for a product x of two floats and a float beta, relative error of a few 2^-104."""

    @abstractmethod
    def limit(self, beta: Array) -> Array:
        """The method converges if and only if 0 < eta lambda < limit for every eigenvalue."""

    @property
    def free(self) -> tuple[str, ...]:
        """Those of "step_size" and "momentum" that are not given."""
        return tuple(name for name in ("step_size", "momentum") if getattr(self, name) is None)

    def __repr__(self) -> str:
        given = (f", {name}={x:.6g}" for name in ("step_size", "momentum") if (x := getattr(self, name)) is not None)
        return f"{type(self).__name__}(steps={self.steps}{''.join(given)})"

    def read(self, theta: Array) -> Array:
        """theta, checked.

        Raises:
            ValueError: NaN, infinity, a negative step size, a momentum outside [0, 1) or a wrong last axis.
        """
        array = super().read(theta)
        for k, name in enumerate(self.free):
            values = array[..., k] if self.shape else array
            step_sizes(name, values) if name == "step_size" else _momentum(values)
        return array

    def stable(self, eigenvalues: Array, theta: Array = ()) -> Array:
        """Whether w_t converges for every start: 0 < eta lambda < limit(beta) at all eigenvalues (last axis).

        ``theta`` holds what is free: nothing, if both parameters are given.
        """
        theta = self.read(theta)
        eta, beta = self._pair(np.moveaxis(theta, -1, 0) if self.shape else theta, theta)
        x = np.asarray(eta)[..., None] * finite("eigenvalues", eigenvalues)
        return ((x > 0) & (x < self.limit(np.asarray(beta)[..., None]))).all(axis=-1)[()]

    def run(self, gradient: Callable[[Array], Array], start: Array, theta: Array) -> Iterator[Array]:
        """The T + 1 iterates from ``start`` (..., d), w_{-1} = w_0, at one theta: a number, or a pair of them."""
        eta, beta = self._pair(theta, start)
        before, w = start, start
        yield w
        for _ in range(self.steps):
            before, w = w, self.step(gradient, w, before, eta, beta)
            yield w

    def residual(self, eigenvalues: Array, theta: Array) -> tuple[Array, Array, Array]:
        """p_T and its derivatives by the three-term recursion, O(T), plain ``+ - *`` in every arithmetic."""
        jets = Jet.parameters(theta if self.shape else (theta,))
        eta, beta = self._pair(jets if self.shape else jets[0], eigenvalues)
        h, b = self.coefficients(eta * eigenvalues, beta)
        before: Array = 1
        z = before
        for _ in range(self.steps):
            before, z = z, h * z - b * before
        z = z.map(lambda x: x)
        return z.value, *((z.first, z.second) if self.shape else (z.first[0], z.second[0][0]))

    def signed_residual(self, eigenvalues: Array, theta: Array) -> tuple[SignLog, SignLog, SignLog]:
        """The same three for one free parameter (...) that broadcasts over the leading axes, for every T.

        p_T has a relative error of about eps |log |p_T||, and 1 - p_T keeps its digits where p_T is next to 1.

        Raises:
            ValueError: step size and momentum are both free.
        """
        if self.shape:
            raise ValueError(f"{self!r} has a vector of parameters, whose derivatives are not held as SignLog: use "
                             "objective.exactly, or give one of step_size and momentum")
        p, exponent = self._power(eigenvalues, theta, 2)
        signed = [signlog(x, exponent) for x in (p.value, p.first[0], p.second[0][0])]
        return signed[0], signed[1], signed[2]

    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """log F and the relative derivatives of F, in O(d log T).

        Errors in every regime, next to equal roots as elsewhere: about eps max(1, |log F|) for log F, 1e-15 of
        E|p_a / p| for the slope, 1e-14 of E|p_a p_b / p^2| + E|p_ab / p| for second derivatives. T above 2^50 adds
        8 T 2^-104 to each (2e-15 at 2^53).

        Raises:
            OverflowError: a relative derivative exceeds float64.
        """
        return log_loss(*self._power(eigenvalues, theta, order), weights, self.steps, bool(self.shape))

    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """The best theta found, one for each row of spectra: F has many local minima, their number grows with T.

        Searched are 0 < eta <= 4 / mu and 0 <= beta < 1, which contain every minimiser: a grid with up to 1000 points
        in the angle of the complex roots (fewer where both are free), then Newton's method on R = F^(1/2T) from the
        best local minima of the grid. Where minima are narrow (few eigenvalues, a momentum next to 1, T above about
        250) another one may be lower, in log F by a few units.
        """
        shape = np.broadcast_shapes(np.shape(eigenvalues), np.shape(weights))
        lam, omega = (np.broadcast_to(x, shape).reshape(-1, shape[-1]) for x in (eigenvalues, weights))
        best = [self._best(x[o > 0], o[o > 0]) for x, o in zip(lam, omega, strict=True)]
        return np.array(best).reshape(shape[:-1] + self.shape)

    def _best(self, lam: Array, omega: Array) -> Array:
        grid = self._grid(lam.min(), lam.max())
        low, high = (np.array([x[name] for name in self.free])
                     for x in ({"step_size": 0.0, "momentum": 0.0}, {"step_size": 4 / lam.min(), "momentum": _LAST}))

        def loss(points: Array, order: int = 2) -> LogLoss:
            found = self.log_loss(lam, omega, points if self.shape else points[:, 0], order)
            if self.shape or order == 0:
                return found
            return LogLoss(found.level, found.slope[:, None], *(x[:, None, None] for x in found[2:]))
        flat, size = grid.reshape(-1, grid.shape[-1]), max(1, 2**16 // len(lam))
        level = np.concatenate([loss(flat[k:k + size], 0).level for k in range(0, len(flat), size)])
        return descend_in_box(loss, lowest(level.reshape(grid.shape[:2]), grid, 16), low, high, self.steps)

    def _grid(self, mu: float, L: float) -> Array:
        """(lines, points, k): step sizes where the roots at L or at mu have evenly spaced angles, and a wide range."""
        n = min(self.steps, 250)
        best = 1 - 2 / (1 + math.sqrt(L / mu))  # sqrt(beta) of the optimal tuning
        if self.step_size is not None:
            return self._momenta(mu, L, n, best**2)[None, :, None]
        if self.momentum is None:
            root, angles = np.append(1 - np.geomspace(0.1 / n, 1, 24), best)[:, None], min(n, 24) + 8
        else:
            root, angles = np.array([[math.sqrt(self.momentum)]]), 4 * n + 8
        x = 1 + root**2 - 2 * root * np.cos(np.linspace(0, np.pi, angles))
        wide = np.broadcast_to(np.geomspace(0.01 / L, 4 / mu, 60), (len(root), 60))
        eta = np.sort(np.concatenate([x / L, x / mu, wide], axis=-1), axis=-1)
        return np.stack(np.broadcast_arrays(eta, root**2), axis=-1)[..., :len(self.free)]

    def _momenta(self, mu: float, L: float, n: int, best: float) -> Array:
        """Momenta r^2 where roots at L or mu have even angles, 1 + r^2 - eta lambda = 2 r cos(angle); and even ones."""
        cosines, roots = np.cos(np.linspace(0, np.pi, 8 * n + 8)), []
        for lam in (mu, L):
            square = cosines**2 - (1 - self.step_size * lam)  # type: ignore[operator]
            side = np.sqrt(np.where(square < 0, np.nan, square))
            roots += [cosines + side, cosines - side]
        r, even = np.concatenate(roots), np.linspace(0, 1, 4 * n + 8)[:-1]
        return np.unique(np.concatenate([r[(r >= 0) & (r < 1)] ** 2, even, even**2, [best, _LAST]]))

    def _pair(self, theta: Array, like: Array) -> tuple[Array, Array]:
        """(eta, beta): the free ones from theta, the given ones in the number type of the array ``like``."""
        free = iter(theta if self.shape else (theta,))
        eta, beta = (next(free) if x is None else _constant(x, like) for x in (self.step_size, self.momentum))
        return eta, beta

    def _power(self, eigenvalues: Array, theta: Array, order: int) -> tuple[Jet, Array]:
        """(p, k) with p_T = p 2^k as Jet of DoubleDouble."""
        theta = np.asarray(theta, dtype=float)
        columns = np.moveaxis(theta, -1, 0) if self.shape else [theta]
        jets = Jet.parameters([DoubleDouble.of(x[..., None]) for x in columns], order)
        if order == 0:
            jets = tuple(Jet(x.value, (), ()) for x in jets)
        free = iter(jets)
        eta, beta = (next(free) if x is None else DoubleDouble.of(x) for x in (self.step_size, self.momentum))
        x = eta * eigenvalues
        h, b = self.coefficients(x, beta)
        blank = h * 0  # every Jet in the common shape, with all its derivatives
        h, b, g, x = (blank + y for y in (h, b, self.tilt(x, beta), x))
        momentum = beta.value if isinstance(beta, Jet) else beta
        return power(h, b, g, x, self.gap(x.value, momentum.hi), self.steps)


def _constant(value: float, like: Array) -> Array:
    """The float as exact number of the type that an object array holds; elsewhere it is one already."""
    if getattr(like, "dtype", None) != object:
        return value
    top, bottom = value.as_integer_ratio()
    return (like * 0 + top) / bottom


def _positive(value: Any) -> Array:
    array = step_sizes("step_size", value)
    if (array == 0).any():
        raise ValueError(f"step_size = {show(value)} must be > 0: pass one number, or None to tune it")
    return array


def _momentum(value: Any) -> Array:
    array = finite("momentum", value)
    bad = (array < 0) | (array >= 1)
    if bad.any():
        raise ValueError(f"momentum has the entry {array[bad].flat[0]}, outside [0, 1): pass 0 <= momentum < 1")
    return array
