"""What heavy ball and Nesterov share: z_{t+1} = h z_t - b z_{t-1} for each eigenvalue, z_{-1} =
z_0 = 1, p_T = z_T.
"""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from quadmeta._validate import finite, natural, number, shaped, show, step_sizes
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.optimizers.parts.base import LogLoss, PolynomialOptimizer
from quadmeta.optimizers.parts.companion import log_loss, power, signlog
from quadmeta.optimizers.parts.isolate import Boxes, Search, rough, search
from quadmeta.optimizers.parts.lattice import starts
from quadmeta.optimizers.parts.newton import descend_in_box, lowest

Array = Any
_LAST = 1 - 2.0**-53  # the largest momentum below 1


class Minimum(NamedTuple):
    """The best parameters found, and what is proved of them."""

    theta: Array
    """A number, or a vector (k,) of the free parameters."""
    level: float
    """log F there."""
    lower: float
    """No admitted parameters have a smaller log F than this; -inf where nothing is proved."""
    boxes: int
    """How many boxes of parameters were looked at."""

    @property
    def proved(self) -> bool:
        """Whether no admitted parameters are better by more than 1e-6 in log F (and the rounding
        of log F).
        """
        return self.lower >= self.level - 1e-6 - 1e-14 * abs(self.level)


@dataclass(frozen=True, repr=False)
class Momentum(PolynomialOptimizer):
    """A two-term method of T = ``steps`` steps; what is not given is tuned, in the order
    (step_size, momentum).
    """

    steps: int
    step_size: float | None = None
    momentum: float | None = None

    nonnegative = False  # ``read`` checks each parameter by itself

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        for name, check in (("step_size", _positive), ("momentum", _momentum)):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, float(check(number(name, value))))

    @property
    @abstractmethod
    def fold(self) -> int:
        """m of the plane of ``_lattice``, in which all phases are linear."""

    @abstractmethod
    def unfold(self, X: Array, S: Array) -> tuple[Array, Array]:
        """(eta, beta) at a point of that plane."""

    @abstractmethod
    def step(
        self, gradient: Callable[[Array], Array], w: Array, before: Array, eta: Array, beta: Array
    ) -> Array:
        """w_{t+1} from w_t and w_{t-1}."""

    @abstractmethod
    def coefficients(self, x: Array, beta: Array) -> tuple[Array, Array]:
        """(h, b) at x = eta lambda."""

    @abstractmethod
    def tilt(self, x: Array, beta: Array) -> Array:
        """g = h - 2 b, from 1 - beta as one number, so that no digit is lost for a momentum next
        to 1.
        """

    @abstractmethod
    def gap(self, x: DoubleDouble, beta: Array) -> DoubleDouble:
        """h^2 - 4 b for a product x of two floats and a float beta, relative error of a few
        2^-104.
        """

    @abstractmethod
    def spread(self, x: Array, beta: Array, dx: Array, dbeta: Array) -> tuple[Array, Array]:
        """How far h and b move at most where x and beta move by at most dx and dbeta, in the
        complex plane.
        """

    @abstractmethod
    def growth(self, x: Array, beta: Array) -> Array:
        """|h| - |b| for x beyond the stability limit: |p_T| is at least its power T, where it is
        at least 1.
        """

    @abstractmethod
    def limit(self, beta: Array) -> Array:
        """The method converges if and only if 0 < eta lambda < limit for every eigenvalue."""

    @property
    def free(self) -> tuple[str, ...]:
        """Those of "step_size" and "momentum" that are not given."""
        return tuple(name for name in ("step_size", "momentum") if getattr(self, name) is None)

    def __repr__(self) -> str:
        given = (
            f", {name}={x:.6g}"
            for name in ("step_size", "momentum")
            if (x := getattr(self, name)) is not None
        )
        return f"{type(self).__name__}(steps={self.steps}{''.join(given)})"

    def read(self, theta: Array) -> Array:
        """theta, checked.

        Raises
        ------
        ValueError
            NaN, infinity, a negative step size, a momentum outside [0, 1) or a wrong last axis.
        """
        array = super().read(theta)
        for k, name in enumerate(self.free):
            if self.shape:
                values = array[..., k]
            else:
                values = array
            step_sizes(name, values) if name == "step_size" else _momentum(values)
        return array

    def stable(self, eigenvalues: Array, theta: Array = ()) -> Array:
        """Whether w_t converges for every start: 0 < eta lambda < limit(beta) at all eigenvalues
        (last axis).

        ``theta`` holds what is free: nothing, if both parameters are given.
        """
        theta = self.read(theta)
        eta, beta = self._pair(np.moveaxis(theta, -1, 0) if self.shape else theta, theta)
        x = np.asarray(eta)[..., None] * finite("eigenvalues", eigenvalues)
        return ((x > 0) & (x < self.limit(np.asarray(beta)[..., None]))).all(axis=-1)[()]

    def run(
        self, gradient: Callable[[Array], Array], start: Array, theta: Array
    ) -> Iterator[Array]:
        """The T + 1 iterates from ``start`` (..., d), w_{-1} = w_0, at one theta: a number, or a
        pair of them.
        """
        eta, beta = self._pair(theta, start)
        before = start
        w = start
        yield w
        for _ in range(self.steps):
            before, w = w, self.step(gradient, w, before, eta, beta)
            yield w

    def residual(self, eigenvalues: Array, theta: Array) -> tuple[Array, Array, Array]:
        """p_T and its derivatives by the three-term recursion, O(T), plain ``+ - *`` in every
        arithmetic.
        """
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
        """The same three for one free parameter (...) that broadcasts over the leading axes, for
        every T.

        p_T has a relative error of about eps |log |p_T||, and 1 - p_T keeps its digits where p_T
        is next to 1.

        Raises
        ------
        ValueError
            step size and momentum are both free.
        """
        if self.shape:
            raise ValueError(
                f"{self!r} has a vector of parameters, whose derivatives are not held as "
                "SignLog: use "
                "objective.exactly, or give one of step_size and momentum"
            )
        p, exponent = self._power(eigenvalues, theta, 2)
        signed = [signlog(x, exponent) for x in (p.value, p.first[0], p.second[0][0])]
        return signed[0], signed[1], signed[2]

    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """log F and the relative derivatives of F, in O(d log T).

        Errors in every regime, next to equal roots as elsewhere: about eps max(1, |log F|) for log
        F, 1e-15 of E|p_a / p| for the slope, 1e-14 of E|p_a p_b / p^2| + E|p_ab / p| for second
        derivatives. T above 2^50 adds 8 T 2^-104 to each (2e-15 at 2^53).

        Raises
        ------
        OverflowError
            a relative derivative exceeds float64.
        """
        return log_loss(
            *self._power(eigenvalues, theta, order), weights, self.steps, bool(self.shape)
        )

    def minimizer(self, eigenvalues: Array, weights: Array) -> Array:
        """The best theta found, one for each row of spectra; ``minimum`` says whether it is proved
        to be the best.

        One free parameter: the global minimiser, by branch and bound (see ``minimum``). Both free:
        the best local minimum found, not proved. Measured on 160 random draws (2 to 10
        eigenvalues, condition number 2 to 10^4, weights over up to eight decades, T <= 160)
        against half a million random pairs each, the best 12000 of them refined: no pair was lower
        by 1e-6 in log F in 158 draws. The two others have log F < -130: so close to 0, minima are
        canyons about as narrow as the spacing of floats, and the lowest value met is returned.
        """
        shape = np.broadcast_shapes(np.shape(eigenvalues), np.shape(weights))
        lam, omega = (
            np.broadcast_to(x, shape).reshape(-1, shape[-1]) for x in (eigenvalues, weights)
        )
        boxes = 0 if self.shape else None
        best = [self.minimum(x, o, boxes).theta for x, o in zip(lam, omega, strict=True)]
        return np.array(best).reshape(shape[:-1] + self.shape)

    def minimum(self, eigenvalues: Array, weights: Array, boxes: int | None = None) -> Minimum:
        """The best theta found for one spectrum (d,), and a lower bound of log F over every
        admitted theta.

        F has many local minima, their number grows with T. Newton's method on R = F^(1/2T) starts
        from the best local minima of a grid in the angles of the complex roots; where both
        parameters are free, from the ends of descents on lattices that resolve every phase
        (``_lattice``). Then branch and bound (``_isolate``) goes through all of 0 <= eta <= 4 / mu
        and 0 <= beta <= 1, beyond which F is at least F(0), starting Newton's method again where a
        box is lower. It ends when every box is above the best value less 1e-9 of F, or at
        ``boxes`` boxes.

        Parameters
        ----------
        eigenvalues
            lambda (d,), positive.
        weights
            omega (d,), nonnegative, not all zero.
        boxes
            how many boxes are looked at, at most; None stands for 2^20 / d, at least 2^14. One
            free parameter needs a few thousand at T = 160 and d = 10; both need some 10^3 T^2.
        """
        if boxes is None:
            cap = None
        else:
            cap = natural("boxes", boxes, least=0)
        spectrum = shaped("eigenvalues", eigenvalues, (-1,), "(d,), one spectrum")
        masses = shaped("weights", weights, spectrum.shape)
        if not (spectrum > 0).all() or (masses < 0).any() or not masses.any():
            raise ValueError(
                f"eigenvalues = {show(spectrum)} must be > 0 and weights = {show(masses)} >= 0, "
                "not all 0"
            )
        on = masses > 0
        lam, place = np.unique(spectrum[on], return_inverse=True)
        omega = np.bincount(place, masses[on])
        if self.steps == 1 and self.momentum is None:
            # w_{-1} = w_0: one step has no momentum
            still = replace(self, momentum=0.0)
            if self.step_size is None:
                one = still.minimum(lam, omega, boxes)
                return one._replace(theta=np.array([one.theta, 0.0]))
            level = float(self.log_loss(lam, omega, np.float64(0.0), 0).level)
            return Minimum(0.0, level, level, 0)
        low, high = (
            np.array([x[name] for name in self.free])
            for x in (
                {"step_size": 0.0, "momentum": 0.0},
                {"step_size": 4 / lam[0], "momentum": _LAST},
            )
        )

        def loss(points: Array, order: int = 2) -> LogLoss:
            found = self.log_loss(lam, omega, points if self.shape else points[:, 0], order)
            if self.shape or order == 0:
                return found
            return LogLoss(
                found.level, found.slope[:, None], *(x[:, None, None] for x in found[2:])
            )

        def polish(points: Array) -> tuple[Array, float]:
            theta = descend_in_box(loss, points, low, high, self.steps)
            return theta, float(loss(theta[None], 0).level[0])

        grids = self._grids(lam[0], lam[-1])
        given = np.array([np.nan if x is None else x for x in (self.step_size, self.momentum)])
        free = tuple(np.flatnonzero(np.isnan(given)).tolist())
        if self.shape and len(lam) > 1:
            first = starts(self, lam, omega, grids, high, 16)
        else:
            levels = []
            for grid in grids:
                points = np.broadcast_to(given, (*grid.shape[:-1], 2)).copy()
                points[..., free] = grid
                levels.append(
                    rough(self, lam, omega, points.reshape(-1, 2)).reshape(grid.shape[:2])
                )
            first = lowest(levels, grids, 48)
        theta, best = polish(first)
        if cap is None:
            cap = max(2**14, 2**20 // len(lam))
        else:
            cap = cap
        if best == -math.inf or len(lam) == 1 and "step_size" in self.free:
            # F >= 0; one eigenvalue: p_T has a root in eta
            found = Search(theta, best, best, 0)
        else:
            found = search(
                self, lam, omega, self._root(lam[0], given), free, (theta, best), polish, cap
            )
        return Minimum(
            found.theta if self.shape else float(found.theta[0]),
            found.level,
            found.lower,
            found.boxes,
        )

    def _root(self, mu: float, given: Array) -> Boxes:
        """One dyadic box that holds 0 <= eta <= 4 / mu and 0 <= beta <= 1, of width 0 in what is
        given.
        """
        half = np.array([math.ldexp(1.0, math.frexp(4 / mu)[1]), 1.0]) / 2
        free = [x is None for x in (self.step_size, self.momentum)]
        return Boxes(
            np.where(free, half, given)[None],
            np.where(free, half, 0.0)[None],
            np.zeros((1, 2), dtype=int),
        )

    def _grids(self, mu: float, L: float) -> list[Array]:
        """Lattices (lines, points, k): step sizes where the roots at L or at mu have even angles,
        and a wide range.
        """
        n = min(self.steps, 250)
        best = 1 - 2 / (1 + math.sqrt(L / mu))  # sqrt(beta) of the optimal tuning
        if self.step_size is not None:
            return [self._momenta(mu, L, n, best**2)[None, :, None]]
        if self.momentum is None:
            root = np.sort(np.append(1 - np.geomspace(0.1 / n, 1, 100), best))[:, None]
            angles = 2 * min(n, 60) + 40
        else:
            root = np.array([[math.sqrt(self.momentum)]])
            angles = 4 * n + 8
        x = 1 + root**2 - 2 * root * np.cos(np.linspace(0, np.pi, angles))
        wide = np.broadcast_to(np.geomspace(0.01 / L, 4 / mu, 60), (len(root), 60))
        lattices = [x / L, x / mu, wide]
        if self.momentum is not None:
            lattices = [np.sort(np.concatenate(lattices, axis=-1), axis=-1)]
        return [
            np.stack(np.broadcast_arrays(eta, root**2), axis=-1)[..., : len(self.free)]
            for eta in lattices
        ]

    def _momenta(self, mu: float, L: float, n: int, best: float) -> Array:
        """Momenta r^2 where roots at L or mu have even angles, 1 + r^2 - eta lambda = 2 r
        cos(angle); and even ones.
        """
        cosines = np.cos(np.linspace(0, np.pi, 8 * n + 8))
        roots = []
        for lam in (mu, L):
            square = cosines**2 - (1 - self.step_size * lam)  # type: ignore[operator]
            side = np.sqrt(np.where(square < 0, np.nan, square))
            roots += [cosines + side, cosines - side]
        r = np.concatenate(roots)
        even = np.linspace(0, 1, 4 * n + 8)[:-1]
        return np.unique(np.concatenate([r[(r >= 0) & (r < 1)] ** 2, even, even**2, [best, _LAST]]))

    def _pair(self, theta: Array, like: Array) -> tuple[Array, Array]:
        """(eta, beta): the free ones from theta, the given ones in the number type of the array
        ``like``.
        """
        free = iter(theta if self.shape else (theta,))
        eta, beta = (
            next(free) if x is None else _constant(x, like) for x in (self.step_size, self.momentum)
        )
        return eta, beta

    def _power(self, eigenvalues: Array, theta: Array, order: int) -> tuple[Jet, Array]:
        """(p, k) with p_T = p 2^k as Jet of DoubleDouble."""
        theta = np.asarray(theta, dtype=float)
        if self.shape:
            columns = np.moveaxis(theta, -1, 0)
        else:
            columns = [theta]
        jets = Jet.parameters([DoubleDouble.of(x[..., None]) for x in columns], order)
        if order == 0:
            jets = tuple(Jet(x.value, (), ()) for x in jets)
        free = iter(jets)
        eta, beta = (
            next(free) if x is None else DoubleDouble.of(x) for x in (self.step_size, self.momentum)
        )
        x = eta * eigenvalues
        h, b = self.coefficients(x, beta)
        blank = h * 0  # every Jet in the common shape, with all its derivatives
        h, b, g, x = (blank + y for y in (h, b, self.tilt(x, beta), x))
        if isinstance(beta, Jet):
            momentum = beta.value
        else:
            momentum = beta
        return power(h, b, g, x, self.gap(x.value, momentum.hi), self.steps)


def _constant(value: float, like: Array) -> Array:
    """The float as exact number of the type that an object array holds; elsewhere it is one
    already.
    """
    if getattr(like, "dtype", None) != object:
        return value
    top, bottom = value.as_integer_ratio()
    return (like * 0 + top) / bottom


def _positive(value: Any) -> Array:
    array = step_sizes("step_size", value)
    if (array == 0).any():
        raise ValueError(
            f"step_size = {show(value)} must be > 0: pass one number, or None to tune it"
        )
    return array


def _momentum(value: Any) -> Array:
    array = finite("momentum", value)
    bad = (array < 0) | (array >= 1)
    if bad.any():
        raise ValueError(
            f"momentum has the entry {array[bad].flat[0]}, outside [0, 1): pass 0 <= momentum < 1"
        )
    return array
