"""Where both parameters of a two-term method are free: starting points next to all the local
minima of F.

**The plane.** In suitable parameters (X, S) the phase of the complex roots r e^(+-i phi) of every
eigenvalue is linear,

    sin^2(phi / m) = X lambda - S,

for heavy ball with m = 2, X = eta / (4 r), S = sinh^2(tau / 2), beta = r^2 = e^(-2 tau); for
Nesterov with m = 1, X = eta cosh^2 tau, S = sinh^2 tau, beta = e^(-2 tau). Roots are complex where
0 < X lambda - S < 1; outside, they are real and one of them is larger.

**The lattice.** Where lambda_i is the smallest and lambda_j the largest eigenvalue of complex
roots, put a = phi_i / m and b = phi_j / m. The squares sin^2(phi / m) between are means of the two
at the ends, and sin(2 phi / m), a concave function of them, divides their changes: so da and db
turn every phase between by at most |da| + |db|. As p_T is a wave in T phi, a lattice even in a and
b and finer than pi / mT meets every trough. For given b, S goes from 0 (a momentum of 1) to S_0 =
lambda_i sin^2 b / (lambda_j - lambda_i) (a = 0), along a quarter of a circle:

    S = S_0 cos^2 psi,   sin a = sin(a_0) sin psi,   sin^2 a_0 = lambda_i sin^2 b / lambda_j,

even in psi. It ends where lambda_(i-1) becomes complex, at the S_0 of (i - 1, j), the same psi for
every b. Of the values of b those count at which lambda_(j+1) is not complex. The pairs (i, j) so
cover the plane once.

**The descent.** Values on the lattice say little of a minimum where one mode is next to 0 and the
others are smaller by powers of ten: it lies in a canyon that every line of the lattice crosses. So
each lowest crossing of a line, in either direction, is the start of a Gauss-Newton descent on v_i
= sqrt(omega_i) p_i in lattice units, in float64; the better ones go on.
"""

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from quadmeta._types import Array
from quadmeta.optimizers.parts.two_term import TwoTerm, dot, float_run, parts, rough

_LINES = 3.0  # lattice points in half a turn of a phase T phi
_MOST = 20000  # descents
_TILES = 12  # of more eigenvalues than these only as many bound the pieces of the plane
_STEPS = 100
_CULLS = {3: 4000, 8: 1500, 16: 400, 40: 80}  # how many go on after so many steps
# steps without gain; differences for slopes and the longest step, in the frame
_PATIENCE = 3
_STEP = 1e-6
_REACH = 0.7


class Folded(TwoTerm, Protocol):
    """A two-term method with the plane above."""

    @property
    def fold(self) -> int:
        """m."""

    def unfold(self, X: Array, S: Array) -> tuple[Array, Array]:
        """(eta, beta)."""


def starts(
    method: Folded, lam: Array, omega: Array, grids: list[Array], high: Array, count: int
) -> Array:
    """The ``count`` lowest ends (n, 2) of the descents from all lattices and ``grids``, in 0 <=
    theta <= ``high``.

    Grids (lines, points, 2) go where the lattices do not: at most one eigenvalue has complex
    roots.
    """
    points = []
    frames = []
    levels = []
    for theta, inside in [
        *_lattices(method, lam),
        *((grid, np.ones(grid.shape[:2], dtype=bool)) for grid in grids),
    ]:
        level = np.full(inside.shape, np.inf)
        inside = inside & ~_diverged(method, lam, omega, theta)
        level[inside] = rough(method, lam, omega, theta[inside])
        minima = np.nonzero(_minima(level))
        points.append(theta[minima])
        levels.append(level[minima])
        frames.append(_frame(theta, *minima))
    level = np.concatenate(levels)
    order = np.argsort(level, kind="stable")[: _fewer(_MOST, len(lam))]
    theta, frame = (np.concatenate(x)[order] for x in (points, frames))
    theta, level = _descend(method, lam, omega, theta, frame, level[order], high)
    order = np.argsort(level, kind="stable")
    theta = theta[order]
    # many descents end at one minimum
    _, first = np.unique(np.round(np.log(theta + 1e-300), 5), axis=0, return_index=True)
    return theta[np.sort(first)[:count]]


def _diverged(method: Folded, lam: Array, omega: Array, theta: Array) -> Array:
    """Where the largest eigenvalue alone makes F more than e^20 times F(0), points (..., 2)."""
    grown = method.growth(theta[..., 0] * lam[-1], theta[..., 1])
    least = (math.log(omega.sum()) + 20 - math.log(omega[-1])) / (2 * method.steps)
    diverged: Array = np.log(np.maximum(grown, 1)) > least
    return diverged


def _fewer(count: int, d: int) -> int:
    """In proportion for more than ten eigenvalues, but 80 at least."""
    return max(80, min(count, 10 * count // d))


def _minima(level: Array) -> Array:
    """Which finite entries are no higher than the two next to them along the rows, or along the
    columns.
    """
    padded = np.pad(level, 1, constant_values=np.inf)
    rows = np.minimum(padded[1:-1, :-2], padded[1:-1, 2:])
    columns = np.minimum(padded[:-2, 1:-1], padded[2:, 1:-1])
    minima: Array = ((level <= rows) | (level <= columns)) & np.isfinite(level)
    return minima


def _frame(theta: Array, row: Array, column: Array) -> Array:
    """Half the way between the neighbours along rows and columns, (n, 2, 2), the last axis over
    the two; at an edge the way to the one neighbour.
    """
    lines, points = theta.shape[:2]
    before, after = np.maximum(row - 1, 0), np.minimum(row + 1, lines - 1)
    down = (theta[after, column] - theta[before, column]) / (after - before)[:, None]
    before, after = np.maximum(column - 1, 0), np.minimum(column + 1, points - 1)
    along = (theta[row, after] - theta[row, before]) / (after - before)[:, None]
    return np.stack([down, along], axis=-1)


def _lattices(method: Folded, lam: Array) -> Iterator[tuple[Array, Array]]:
    """(theta, inside) of each pair: (lines, points, 2), and which of them count."""
    T = min(method.steps, 200, round(500 / math.sqrt(len(lam))))
    lam = lam[np.unique(np.rint(np.linspace(0, len(lam) - 1, _TILES)).astype(int))]
    d = len(lam)
    turns = _LINES * T * method.fold / math.pi  # lattice points in a unit of a or b
    b = np.linspace(0, np.pi / 2, round(turns * np.pi / 2) + 5)[1:, None]
    square = np.sin(b) ** 2
    for j in range(1, d):
        lower = 0.0  # S_0 / sin^2 b of the pair (i - 1, j)
        for i in range(j):
            upper = lam[i] / (lam[j] - lam[i])
            end = math.acos(math.sqrt(lower / upper))
            width = math.asin(math.sqrt(lam[i] / lam[j]))
            psi = np.linspace(0, end, math.ceil(turns * width * end / (np.pi / 2)) + 4)
            S = square * upper * np.cos(psi) ** 2
            lower = upper
            X = (square + S) / lam[j]
            theta = np.stack(method.unfold(X, S), axis=-1)
            if j == d - 1:
                inside = np.ones(S.shape, dtype=bool)
            else:
                inside = X * lam[j + 1] - S >= 1
            if inside.any():
                yield theta, inside


def _descend(
    method: Folded,
    lam: Array,
    omega: Array,
    theta: Array,
    frame: Array,
    level: Array,
    high: Array,
) -> tuple[Array, Array]:
    """The best points (n, 2) of Gauss-Newton runs in the coordinates of ``frame`` (n, 2, 2), and
    log F there.

    Minima lie in canyons along which one mode vanishes, curved and as narrow as the other modes
    are small. So a run may rise for a few steps, which lead back to the bottom; after
    ``_PATIENCE`` it starts again at its best, shorter.
    """
    theta = np.clip(theta, 0, high)
    unit = level / 2
    root = np.sqrt(omega)
    best = theta.copy()
    size = np.full(len(theta), np.inf)
    reach = np.full(len(theta), _REACH)
    late = np.zeros(len(theta), dtype=int)
    busy = np.arange(len(theta))

    def v(points: Array, which: Array) -> Array:
        """sqrt(omega_i) p_i at the points (n, 2), in units of their own: (n, d)."""
        found = np.empty((len(points), len(lam)))
        for part in parts(len(points), len(lam)):
            value, scale = float_run(method, lam, *points[part].T[..., None])
            value *= np.exp(method.steps * scale - unit[which[part], None])
            np.multiply(value, root, out=found[part])
        return found

    with np.errstate(all="ignore"):
        for count in range(_STEPS):
            if count in _CULLS:
                level = np.log(size[busy]) + 2 * unit[busy]
                busy = busy[np.argsort(level, kind="stable")[: _fewer(_CULLS[count], len(lam))]]
            here = theta[busy]
            sides = frame[busy]
            # here, and a little along each axis of the frame
            beside = [here + _STEP * sides[..., k] for k in range(2)]
            now, *there = v(np.concatenate([here, *beside]), np.tile(busy, 3)).reshape(
                3, len(busy), -1
            )
            new = dot(now, now)
            better = new < size[busy] * (1 - 1e-9)
            best[busy[better]] = here[better]
            size[busy[better]] = new[better]
            late[busy] = np.where(better, 0, late[busy] + 1)
            reach[busy] = np.where(better, np.minimum(2 * reach[busy], _REACH), reach[busy])
            J = [(x - now) / _STEP for x in there]
            # the normal equations [aa ab; ab bb] move = -(av, bv)' by Cramer's rule
            aa = dot(J[0], J[0])
            ab = dot(J[0], J[1])
            bb = dot(J[1], J[1])
            av = dot(J[0], now)
            bv = dot(J[1], now)
            minors = np.stack([ab * bv - bb * av, ab * av - aa * bv], axis=-1)
            move = minors / (aa * bb - ab * ab)[:, None]
            move = np.where(np.isfinite(move), move, 0)
            move *= np.minimum(1, reach[busy] / np.abs(move).max(axis=-1))[:, None]
            shift = (sides @ move[..., None])[..., 0]
            # along a bound of the momentum only the step size moves
            beta = here[:, 1]
            held = (beta >= high[1]) & (shift[:, 1] > 0) | (beta <= 0) & (shift[:, 1] < 0)
            if held.any():
                width = np.abs(sides[held, 0]).max(axis=-1) * np.array([[1.0], [0.0]])
                slope = (v(here[held] + _STEP * width.T, busy[held]) - now[held]) / _STEP
                along = -(slope * now[held]).sum(axis=-1) / (slope * slope).sum(axis=-1)
                along = np.where(np.isfinite(along), along, 0)
                limit = reach[busy[held]]
                shift[held] = (np.clip(along, -limit, limit) * width).T
            theta[busy] = np.clip(here + shift, 0, high)
            lost = busy[late[busy] > _PATIENCE]
            theta[lost] = best[lost]
            reach[lost] = reach[lost] / 4
            late[lost] = 0
        return best, np.log(size) + 2 * unit
