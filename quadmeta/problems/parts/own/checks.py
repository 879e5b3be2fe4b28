"""Are the derivatives of a bilevel problem what they are called? Each compared with differences.

Steps are u^(1/3) for first differences and u^(1/4) for kinks, with u = 2^-53, along random unit
vectors. Bounds are some hundred times what rounding and curvature leave of a right derivative: a
wrong one is off by its own size.
"""

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import seeded, shaped
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss
from quadmeta.problems.parts.check_table import Check, Checks

UNIT = 2.0**-53
STEP = UNIT ** (1 / 3)
KINK_STEP = UNIT ** (1 / 4)
DRAWS = 3
"""Random directions of each check, of which the worst counts."""
POWER_ITERATIONS = 60
LARGEST_SPECTRUM = 400
"""Weights up to which the smallest eigenvalue is computed."""


def checked(
    problem: BilevelProblem, alpha: Numbers, w: Numbers | None = None, seed: int = 0
) -> Checks:
    """See ``BilevelProblem.check``."""
    problem.require_complete()
    alpha = problem.read(alpha)
    at = problem.start_of(alpha)
    if w is not None:
        at = shaped("w", w, at.shape, f"{at.shape}, as the start")
    with np.errstate(all="ignore"):
        return _Examiner(problem, alpha, at, seeded("seed", seed)).checks()


class _Examiner:
    """The checks at one point (w, alpha)."""

    def __init__(self, problem: BilevelProblem, alpha: Array, w: Array, seed: int) -> None:
        self.problem = problem
        self.alpha = alpha
        self.w = w
        self.rng = np.random.default_rng(seed)
        self.inner = problem.bound(alpha)
        self.gradient = self.inner.gradient(w)
        self.largest = self._power()
        self.rows: list[Check] = []

    def unit(self, size: int) -> Array:
        """A random unit vector."""
        v = self.rng.standard_normal(size)
        scaled: Array = v / np.linalg.norm(v)
        return scaled

    def shifted(self, step: Array) -> InnerLoss:
        """L_1 at other hyperparameters."""
        return self.problem.bound(self.problem.read(self.alpha + step))

    def _power(self) -> float:
        v = self.unit(len(self.w))
        size = 0.0
        for _ in range(POWER_ITERATIONS):
            v = self.inner.hvp(self.w, v)
            size = float(np.linalg.norm(v))
            if not 0 < size < np.inf:
                break
            v = v / size
        return size

    def add(self, name: str, draw: list[tuple[float, float]], meaning: str) -> None:
        """A check whose worst (value, bound) of several draws counts; what is no number fails."""
        pairs = [(v if np.isfinite(v) else np.inf, b) for v, b in draw]
        value, bound = max(pairs, key=lambda pair: pair[0] - pair[1])
        self.rows.append(Check(name, value, bound, meaning))

    def checks(self) -> Checks:
        """All of them."""
        self._values()
        if not self.failed:
            self._of_inner()
            self._of_outer()
            self._of_start()
        facts = {} if self.failed else self._facts()
        return Checks(repr(self.problem), tuple(self.rows), facts)

    @property
    def failed(self) -> bool:
        """Whether there are no numbers to go on with."""
        return not np.isfinite(self.gradient).all() or not np.isfinite(self.largest)

    def _values(self) -> None:
        again = self.problem.bound(self.alpha).gradient(self.w)
        self.add(
            "finite",
            [(float(np.sum(~np.isfinite(self.gradient))), 0.0)],
            "the gradient is inf or nan: pass a point w inside the domain of the loss",
        )
        changed = float(np.sum(again != self.gradient)) if np.isfinite(again).all() else 0.0
        self.add(
            "repeatable",
            [(changed, 0.0)],
            "the same gradient differs from call to call: fix the key or seed inside",
        )
        # only entries that vary: a constant slope may be a short number
        near, nearer = (self.inner.gradient(self.w + self.unit(len(self.w)) / k) for k in (10, 20))
        varied = near[near != nearer]
        short = len(varied) and np.array_equal(varied.astype(np.float32), varied)
        self.add(
            "64 bits",
            [(float(short), 0.0)],
            "the gradient has the bits of float32: keep data and constants in float64",
        )

    def _scales(self, v: Array) -> tuple[float, float]:
        """(size of the gradient, of the Hessian), at w and a step of length 1 beside it."""
        beside = self.w + v
        slopes = [self.gradient, self.inner.gradient(beside)]
        bends = [self.inner.hvp(self.w, v), self.inner.hvp(beside, v)]
        bend = max(self.largest, _size(bends))
        return _size(slopes), bend * (1 + float(np.linalg.norm(self.w)))

    def _of_inner(self) -> None:
        P = len(self.w)
        values = []
        bends = []
        crossed = []
        kinks = []
        mixes = []
        for _ in range(DRAWS):
            v = self.unit(P)
            z = self.unit(P)
            a = self.unit(len(self.alpha))
            slope, bend = self._scales(v)
            Hv = self.inner.hvp(self.w, v)
            Hz = self.inner.hvp(self.w, z)
            crossed.append((abs(z @ Hv - v @ Hz), 1e3 * UNIT * np.sqrt(P) * _size([Hv, Hz])))
            upper = self.inner.gradient(self.w + STEP * v)
            lower = self.inner.gradient(self.w - STEP * v)
            numeric = (upper - lower) / (2 * STEP)
            bends.append((float(np.linalg.norm(Hv - numeric)), 100 * STEP**2 * (slope + bend)))
            mixed = self.inner.mixed(self.w, v)
            above = self.shifted(STEP * a).gradient(self.w)
            below = self.shifted(-STEP * a).gradient(self.w)
            numeric = v @ (above - below) / (2 * STEP)
            moves = _size([above - self.gradient, below - self.gradient]) / STEP
            size = slope + bend + float(np.linalg.norm(mixed)) + moves
            size *= 1 + float(np.linalg.norm(self.alpha))
            mixes.append((abs(a @ mixed - numeric), 100 * STEP**2 * size))
            if self.inner.value(self.w) is not None:
                values.append(self._slope(v, slope, bend))
                kinks.append(self._kink(v))
        if values:
            self.add(
                "gradient",
                values,
                "it is not the derivative of inner: look for stop_gradient, detach, a custom "
                "rule, or float32 inside",
            )
            self.add(
                "no kink",
                kinks,
                "inner is not differentiable at w: start elsewhere, or smooth it",
            )
        self.add("symmetric Hessian", crossed, "v'Hz is not z'Hv: look for a custom rule")
        self.add(
            "hvp",
            bends,
            "it is not the derivative of the gradient: inner is not twice differentiable here, or "
            "part of it is detached",
        )
        self.add(
            "mixed",
            mixes,
            "it is not the derivative of the gradient in alpha: a factor is missing, or alpha is "
            "detached",
        )
        if type(self.inner).jacobian is not InnerLoss.jacobian:
            J = self.inner.jacobian(self.w)
            v = self.unit(P)
            error = float(np.linalg.norm(J @ v - self.inner.mixed(self.w, v)))
            bound = 1e3 * UNIT * np.sqrt(J.size) * float(np.linalg.norm(J))
            self.add("jacobian", [(error, bound)], "J v is not mixed(v): one of the two is wrong")

    def _loss(self, w: Array) -> float:
        value = self.inner.value(w)
        return np.nan if value is None else value

    def _slope(self, v: Array, slope: float, bend: float) -> tuple[float, float]:
        """The error of the slope along v. Rounding moves w +- STEP v by up to u |w|, at which the
        value moves by ``slope`` times that.
        """
        upper = self._loss(self.w + STEP * v)
        lower = self._loss(self.w - STEP * v)
        error = abs(v @ self.gradient - (upper - lower) / (2 * STEP))
        size = slope * (1 + float(np.linalg.norm(self.w))) + bend
        return error, 100 * STEP**2 * (size + abs(upper) + abs(lower))

    def _kink(self, v: Array) -> tuple[float, float]:
        """The jump of the slope along v: what second differences leave that falls like the step."""
        here = self._loss(self.w)
        h = KINK_STEP
        steps = np.array([h, h / 2])
        ends = np.array([[self._loss(self.w + s * v), self._loss(self.w - s * v)] for s in steps])
        second = ends.sum(axis=1) - 2 * here
        jump = abs(4 * second[1] - second[0]) / h
        bend = self.largest + float(np.linalg.norm(self.inner.hvp(self.w + h * v, v)))
        return jump, h * bend + 100 * UNIT * float(np.abs(ends).max()) / h

    def _of_outer(self) -> None:
        slopes = []
        directs = []
        outer = self.problem.outer
        gradient = self.problem.outer_gradient(self.w, self.alpha)
        direct = self.problem.direct(self.w, self.alpha)
        reach = 1 + float(np.linalg.norm(self.w)) + float(np.linalg.norm(self.alpha))
        for _ in range(DRAWS):
            v = self.unit(len(self.w))
            a = self.unit(len(self.alpha))
            sides = [outer(self.w + s * v, self.alpha) for s in (STEP, -STEP)]
            beside = self.problem.outer_gradient(self.w + v, self.alpha)
            size = reach * _size([gradient, beside]) + max(map(abs, sides))
            error = abs(v @ gradient - (sides[0] - sides[1]) / (2 * STEP))
            slopes.append((error, 100 * STEP**2 * size))
            sides = [outer(self.w, self.problem.read(self.alpha + s * a)) for s in (STEP, -STEP)]
            size = reach * _size([direct, gradient]) + max(map(abs, sides))
            error = abs(a @ direct - (sides[0] - sides[1]) / (2 * STEP))
            directs.append((error, 100 * STEP**2 * size))
        self.add("outer gradient", slopes, "it is not the derivative of outer in w")
        self.add(
            "direct term",
            directs,
            "outer depends on alpha otherwise than direct says: pass direct, or mend it",
        )

    def _of_start(self) -> None:
        if not self.problem.start_moves:
            return
        rows = self.problem.start_jacobian(self.alpha)
        errors = []
        for _ in range(DRAWS):
            a = self.unit(len(self.alpha))
            sides = [
                self.problem.start_of(self.problem.read(self.alpha + s * a)) for s in (STEP, -STEP)
            ]
            error = float(np.linalg.norm(a @ rows - (sides[0] - sides[1]) / (2 * STEP)))
            size = (1 + float(np.linalg.norm(self.alpha))) * (
                float(np.linalg.norm(rows)) + _size(sides)
            )
            errors.append((error, 100 * STEP**2 * size))
        self.add("start", errors, "start_jacobian is not the derivative of start in alpha")

    def _facts(self) -> dict[str, float | bool]:
        v = self.unit(len(self.w))
        here = self.inner.hvp(self.w, v)
        there = self.inner.hvp(self.w + self.unit(len(self.w)), v)
        apart = float(np.linalg.norm(there - here))
        facts: dict[str, float | bool] = {
            "quadratic in w": bool(apart <= 1e3 * UNIT * len(v) * self.largest),
            "alpha used by inner": bool(self.inner.mixed(self.w, v).any()),
            "alpha used by outer": bool(self.problem.direct(self.w, self.alpha).any()),
            "L": self.largest,
            "2/L": 2 / self.largest if self.largest else np.inf,
        }
        if len(v) <= LARGEST_SPECTRUM:
            H = self.inner.hvp(self.w, np.eye(len(v)))
            facts["mu"] = float(np.linalg.eigvalsh((H + H.T) / 2)[0])
        return facts


def _size(vectors: list[Array]) -> float:
    """The largest norm among those that are finite."""
    norms = [float(np.linalg.norm(vector)) for vector in vectors]
    return max((norm for norm in norms if np.isfinite(norm)), default=0.0)
