"""The search for the best step size and momentum: where it starts, what is proved at its end."""

import math
from typing import Any, NamedTuple, Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.boxes import Boxes
from quadmeta.optimizers.parts.isolate import Search, search
from quadmeta.optimizers.parts.lattice import Folded, starts
from quadmeta.optimizers.parts.loss import LogLoss
from quadmeta.optimizers.parts.newton import descend_in_box, lowest
from quadmeta.optimizers.parts.two_term import rough

LAST = 1 - 2.0**-53
"""The largest momentum below 1."""


class Minimum(NamedTuple):
    """The best parameters found, and what is proved of them."""

    theta: Any
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


class Tuned(Folded, Protocol):
    """What is asked of a method whose step size, momentum or both are free."""

    @property
    def step_size(self) -> float | None:
        """eta, if it is given."""

    @property
    def momentum(self) -> float | None:
        """beta, if it is given."""

    @property
    def shape(self) -> tuple[int, ...]:
        """() for one free parameter, (2,) for both."""

    def log_loss(self, eigenvalues: Array, weights: Array, theta: Array, order: int = 2) -> LogLoss:
        """log F and its relative derivatives."""


def best_of(method: Tuned, lam: Array, omega: Array, boxes: int | None) -> Minimum:
    """The best parameters for distinct eigenvalues (d,), ascending, and weights (d,) > 0.

    At most ``boxes`` boxes are looked at; None stands for 2^20 / d, at least 2^14.
    """
    if boxes is None:
        boxes = max(2**14, 2**20 // len(lam))
    both = bool(method.shape)
    given = np.array([np.nan if x is None else x for x in (method.step_size, method.momentum)])
    free = np.flatnonzero(np.isnan(given)).tolist()
    high = np.array([4 / lam[0], LAST])[free]
    low = np.zeros(len(free))

    def loss(points: Array, order: int = 2) -> LogLoss:
        """The loss at points (n, k), with the axes of k parameters for one parameter too."""
        found = method.log_loss(lam, omega, points if both else points[:, 0], order)
        if both or order == 0:
            return found
        second = (x[:, None, None] for x in found[2:])
        return LogLoss(found.level, found.slope[:, None], *second)

    def polish(points: Array) -> tuple[Array, float]:
        """The best local minimum near the points, and log F there."""
        theta = descend_in_box(loss, points, low, high, method.steps)
        return theta, float(loss(theta[None], 0).level[0])

    theta, level = polish(_first_points(method, lam, omega, given, free, high))
    if level == -math.inf or len(lam) == 1 and method.step_size is None:
        # F >= 0; one eigenvalue: p_T has a root in eta
        found = Search(theta, level, level, 0)
    else:
        root = _root(lam[0], given)
        best = (theta, level)
        found = search(method, lam, omega, root, tuple(free), best, polish, boxes)
    if both:
        return Minimum(found.theta, found.level, found.lower, found.boxes)
    return Minimum(float(found.theta[0]), found.level, found.lower, found.boxes)


def _first_points(
    method: Tuned, lam: Array, omega: Array, given: Array, free: list[int], high: Array
) -> Array:
    """Points (n, k) from which Newton's method starts."""
    grids = _grids(method, lam[0], lam[-1])
    if method.shape and len(lam) > 1:
        return starts(method, lam, omega, grids, high, 16)
    levels = []
    for grid in grids:
        points = np.broadcast_to(given, (*grid.shape[:-1], 2)).copy()
        points[..., free] = grid
        levels.append(rough(method, lam, omega, points.reshape(-1, 2)).reshape(grid.shape[:2]))
    return lowest(levels, grids, 48)


def _root(mu: float, given: Array) -> Boxes:
    """One dyadic box that holds 0 <= eta <= 4 / mu and 0 <= beta <= 1, of width 0 in what is
    given.
    """
    half = np.array([math.ldexp(1.0, math.frexp(4 / mu)[1]), 1.0]) / 2
    free = np.isnan(given)
    center = np.where(free, half, given)[None]
    radius = np.where(free, half, 0.0)[None]
    return Boxes(center, radius, np.zeros((1, 2), dtype=int))


def _grids(method: Tuned, mu: float, L: float) -> list[Array]:
    """Lattices (lines, points, k): step sizes where the roots at L or at mu have even angles, and
    a wide range.

    Complex roots r e^(+-i phi) of heavy ball, r^2 = beta, have 1 + r^2 - eta lambda = 2 r cos phi.
    """
    n = min(method.steps, 250)
    best = 1 - 2 / (1 + math.sqrt(L / mu))  # sqrt(beta) of the optimal tuning
    if method.step_size is not None:
        return [_momenta(method.step_size, mu, L, n, best**2)[None, :, None]]
    if method.momentum is None:
        r = np.sort(np.append(1 - np.geomspace(0.1 / n, 1, 100), best))[:, None]
        angles = 2 * min(n, 60) + 40
    else:
        r = np.array([[math.sqrt(method.momentum)]])
        angles = 4 * n + 8
    x = 1 + r**2 - 2 * r * np.cos(np.linspace(0, np.pi, angles))
    wide = np.broadcast_to(np.geomspace(0.01 / L, 4 / mu, 60), (len(r), 60))
    lattices = [x / L, x / mu, wide]
    if method.momentum is None:
        return [np.stack(np.broadcast_arrays(eta, r**2), axis=-1) for eta in lattices]
    # one line of step sizes
    return [np.sort(np.concatenate(lattices, axis=-1), axis=-1)[..., None]]


def _momenta(eta: float, mu: float, L: float, n: int, best: float) -> Array:
    """Momenta r^2 where roots at L or mu have even angles, 1 + r^2 - eta lambda = 2 r cos(angle);
    and even ones.
    """
    cosines = np.cos(np.linspace(0, np.pi, 8 * n + 8))
    roots = []
    for lam in (mu, L):
        # r = cos +- sqrt(cos^2 - (1 - eta lambda))
        square = cosines**2 - (1 - eta * lam)
        side = np.sqrt(np.where(square < 0, np.nan, square))
        roots += [cosines + side, cosines - side]
    r = np.concatenate(roots)
    even = np.linspace(0, 1, 4 * n + 8)[:-1]
    resonant = r[(r >= 0) & (r < 1)] ** 2
    return np.unique(np.concatenate([resonant, even, even**2, [best, LAST]]))
