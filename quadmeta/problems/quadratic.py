"""Quadratic inner problem f(w) = floor + (w - w_*)' H (w - w_*) / 2 with H positive definite."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._validate import finite, flag, frozen, instance, natural, number, seeded, shaped, show
from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.problems.parts.base import Modes, QuadraticProblem, apply, point
from quadmeta.problems.parts.design import Design
from quadmeta.problems.parts.scale import (
    WEIGHTS,
    error_of,
    require_range,
    spectral_weights,
    split_weights,
)

Array = Any
_EPS = float(np.finfo(float).eps)
_CONSISTENT = 1e-10
"""How far given eigenvectors may be from orthonormal, and H, the eigenpairs and the weights from
each other.
"""


@dataclass(frozen=True, eq=False)
class Quadratic(QuadraticProblem):
    """One quadratic, or a batch of them along leading axes (``stack``); build it with a
    ``from_...`` constructor.

    ``mu`` and ``L`` are the extreme *active* eigenvalues, those with a nonzero initial error. An
    inactive extreme is an error, because theory would then speak of another problem, unless
    ``active=True`` drops the inactive modes.

    Eigenvalues and errors lie in 1e-150..1e150, given weights in 1e-300..1e300; the weights of one
    problem span at most 600 decades. The constructor takes parts that describe one problem and
    checks them against each other: basis orthonormal, H Q = Q diag(lambda) and omega = lambda e^2
    / 2 to 1e-10, relative.

    Raises
    ------
    ValueError
        a part of another shape, outside its range, or one that contradicts another.
    """

    eigenvalues: Array
    """(..., d) eigenvalues of H, ascending if a ``from_...`` constructor made them."""
    error: Array
    """(..., d) e_0 = Q'(w_0 - w_*)."""
    basis: Array = None
    """(..., D, d) eigenvectors Q as columns, D >= d; None: the coordinates are the
    eigen-coordinates, D = d.
    """
    hessian: Array = None
    """(..., D, D) H itself where it was given as a matrix: loops then never touch the
    eigendecomposition.
    """
    minimizer: Array = 0.0
    """(..., D) w_*, or one number for all its entries."""
    floor: Array = 0.0
    """(...) f(w_*), or one number for all tasks."""
    active: bool = False
    """Whether inactive modes were dropped on purpose."""
    weights: Array = None
    """(..., d) spectral weights omega, where they are the data and the error is sqrt(2 omega /
    lambda).
    """

    def __post_init__(self) -> None:
        parts = self._read()
        for name, value in parts.items():
            object.__setattr__(self, name, value)
        self._require_ranges()
        self._require_consistent()

    def _read(self) -> dict[str, Any]:
        """The fields, each checked by itself."""
        lam = finite("eigenvalues", self.eigenvalues)
        error = finite("error", self.error)
        if lam.shape != error.shape or lam.ndim < 1:
            raise ValueError(
                f"error has shape {error.shape}, eigenvalues {lam.shape}: pass one error an "
                "eigenvalue"
            )
        if lam.shape[-1] == 0:
            raise ValueError("d = 0: pass at least one eigenvalue")
        tasks = lam.shape[:-1]
        d = lam.shape[-1]
        parts: dict[str, Any] = {
            "eigenvalues": lam,
            "error": error,
            "active": flag("active", self.active),
        }
        if self.basis is not None:
            parts["basis"] = shaped(
                "basis",
                self.basis,
                (*tasks, -1, d),
                f"(..., D, {d}), an eigenvector of length D for each of {d} eigenvalues",
            )
        if self.basis is None:
            D = d
        else:
            D = parts["basis"].shape[-2]
        if self.hessian is not None:
            parts["hessian"] = shaped("hessian", self.hessian, (*tasks, D, D))
        parts["minimizer"] = _spread("minimizer", self.minimizer, (*tasks, D))
        parts["floor"] = _spread("floor", self.floor, tasks)
        if self.weights is not None:
            parts["weights"] = _nonnegative("weights", shaped("weights", self.weights, lam.shape))
        return parts

    @classmethod
    def _of(
        cls,
        eigenvalues: Array,
        error: Array,
        basis: Array = None,
        hessian: Array = None,
        minimizer: Array = 0.0,
        floor: Array = 0.0,
        active: bool = False,
        weights: Array = None,
    ) -> "Quadratic":
        """From parts that were derived from each other: only what the data decide is checked, in
        O(d).
        """
        problem = object.__new__(cls)
        arrays = {
            "eigenvalues": eigenvalues,
            "error": error,
            "basis": basis,
            "hessian": hessian,
            "minimizer": minimizer,
            "floor": floor,
            "weights": weights,
        }
        for name, x in arrays.items():
            object.__setattr__(problem, name, None if x is None else frozen(x))
        object.__setattr__(problem, "active", active)
        problem._require_ranges()
        return problem

    def _require_ranges(self) -> None:
        """Positive eigenvalues, magnitudes whose products keep their digits, and active extremes."""
        lam = self.eigenvalues
        error = self.error
        if not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has the entry {lam[lam <= 0].flat[0]}, every one must be > 0: "
                "add a ridge or drop null directions"
            )
        require_range("eigenvalues", lam)
        if self.weights is None:
            require_range("error", error)
        else:
            require_range("weights", self.weights, WEIGHTS)
        on = error != 0
        ends = np.where(on, lam, np.inf).min(-1), np.where(on, lam, 0).max(-1)
        if (
            not self.active
            and (on.any(-1) & ((ends[0] > lam.min(-1)) | (ends[1] < lam.max(-1)))).any()
        ):
            raise ValueError(
                "error is zero along an extreme eigenvector, so (mu, L) are not those of H: "
                "pass active=True to keep the active modes only, or another start"
            )
        _ = self._modes  # refuses weights that span too much

    def _require_consistent(self) -> None:
        """Basis, Hessian and weights against the eigenvalues and the error."""
        lam = self.eigenvalues
        Q = self.basis
        H = self.hessian
        if Q is not None:
            gap = np.abs(np.swapaxes(Q, -1, -2) @ Q - np.eye(lam.shape[-1])).max()
            if gap > _CONSISTENT:
                raise ValueError(
                    f"basis is off orthonormal columns by {gap:.3g}, more than {_CONSISTENT:g}: "
                    "pass "
                    "eigenvectors, or build the problem with from_matrix"
                )
        if H is not None:
            H = _symmetric("hessian", H)
            if Q is None:
                vectors = np.eye(lam.shape[-1])
            else:
                vectors = Q
            gap = (
                np.abs(H @ vectors - vectors * lam[..., None, :]).max(axis=(-1, -2))
                / np.abs(H).max(axis=(-1, -2), initial=1e-300)
            ).max()
            if gap > _CONSISTENT:
                raise ValueError(
                    f"hessian H has H Q - Q diag(eigenvalues) of {gap:.3g} of its largest entry, "
                    "more "
                    f"than {_CONSISTENT:g}: leave it out, or build the problem with from_matrix"
                )
        if self.weights is not None:
            e = np.abs(self.error)
            wanted = error_of(self.weights, lam)
            bad = np.abs(e - wanted) > _CONSISTENT * wanted
            if bad.any():
                raise ValueError(
                    f"weights contradict error: |e| = {e[bad].flat[0]:.6g} where sqrt(2 weight / "
                    f"eigenvalue) = {wanted[bad].flat[0]:.6g}; use from_spectrum with one of the "
                    "two"
                )

    @classmethod
    def from_spectrum(
        cls,
        eigenvalues: Array,
        error: Array = None,
        weights: Array = None,
        seed: int | None = None,
        active: bool = False,
    ) -> "Quadratic":
        """Eigen-coordinates with w_* = 0, so w_0 = error.

        Parameters
        ----------
        eigenvalues
            (..., d) positive.
        error
            (..., d) initial error e_0; or
        weights
            (..., d) spectral weights omega >= 0, then e_0 = sqrt(2 omega / lambda); or
        seed
            e_0 uniform on the unit sphere. Exactly one of the three.
        active
            whether modes of zero error may be extreme; they are then left out of mu and L.

        Raises
        ------
        ValueError
            wrong shapes, an eigenvalue <= 0, a negative weight, or numbers out of range.
        """
        lam = finite("eigenvalues", eigenvalues)
        active = flag("active", active)
        if sum(x is not None for x in (error, weights, seed)) != 1:
            raise ValueError("error, weights, seed: pass exactly one of them")
        if lam.ndim and lam.shape[-1] and not (lam > 0).all():
            raise ValueError(
                f"eigenvalues has the entry {lam[lam <= 0].flat[0]}, every one must be > 0: "
                "add a ridge or drop null directions"
            )
        require_range("eigenvalues", lam)
        if weights is not None:
            weights = finite("weights", weights)
            if weights.shape != lam.shape or (weights < 0).any():
                raise ValueError(
                    f"weights = {show(weights)} must be >= 0, one for each of eigenvalues, shape "
                    f"{lam.shape}: pass spectral weights"
                )
            require_range("weights", weights, WEIGHTS)
            error = error_of(weights, lam)
        elif seed is not None:
            error = _unit(np.random.default_rng(seeded("seed", seed)), lam.shape)
        error = finite("error", error)
        if not lam.ndim or not lam.size or error.shape != lam.shape:
            return cls(lam, error, active=active)  # raises with the shapes
        order = np.argsort(lam, axis=-1, kind="stable")
        lam = np.take_along_axis(lam, order, -1)
        error = np.take_along_axis(error, order, -1)
        if weights is not None:
            weights = np.take_along_axis(weights, order, -1)
        return cls._of(lam, error, active=active, weights=weights)

    @classmethod
    def from_matrix(
        cls,
        hessian: Array,
        *,
        start: Array,
        minimizer: Array = None,
        floor: Array = 0.0,
        active: bool = False,
    ) -> "Quadratic":
        """From a symmetric positive definite (d, d) ``hessian``, ``start`` w_0 (d,) and
        ``minimizer`` w_* (default 0).

        Leading axes of all three, and of ``floor`` if it is not one number, make a batch of tasks.
        For a linear system H w_* = b see ``from_system``.

        Components of w_0 - w_* below 8 d eps of its norm along an eigenvector are taken as zero:
        they are rounding.

        Raises
        ------
        ValueError
            not square, not symmetric (beyond 1e-12 of its largest entry), not positive definite.
        """
        H, lam, Q = _diagonalised(hessian)
        shape = H.shape[:-1]
        d = H.shape[-1]
        w0 = _vector("start", start, shape)
        if minimizer is None:
            w = np.zeros(shape)
        else:
            w = _vector("minimizer", minimizer, shape)
        error = apply(np.swapaxes(Q, -1, -2), w0 - w)
        error[np.abs(error) <= 8 * d * _EPS * np.linalg.norm(error, axis=-1, keepdims=True)] = 0
        return cls._of(
            lam, error, Q, H, w, _spread("floor", floor, shape[:-1]), flag("active", active)
        )

    @classmethod
    def from_system(
        cls, hessian: Array, b: Array, *, start: Array = None, active: bool = False
    ) -> "Quadratic":
        """f(w) = w'Hw/2 - b'w of the linear system H w_* = b, from ``start`` w_0 (default 0);
        floor = -b'w_*/2.

        Leading axes of all of them make a batch of tasks.

        w_* is solved for and refined until its error is rounding, eps ||w_*||, whatever the
        condition number kappa. The error e_0 is taken from w_0 - w_* or from the gradient, e_i =
        q_i'(H w_0 - b) / lambda_i, whichever has less rounding in that mode; an eigenvalue has the
        error eps L, so the smallest ones eps kappa of themselves.

        Raises
        ------
        ValueError
            as in ``from_matrix``: a singular H is not positive definite; a kappa next to 1/eps.
        """
        H, lam, Q = _diagonalised(hessian)
        shape = H.shape[:-1]
        d = H.shape[-1]
        b = _vector("b", b, shape)
        if start is None:
            w0 = np.zeros(shape)
        else:
            w0 = _vector("start", start, shape)
        require_range("b", np.abs(b).max(axis=-1))
        w = _solution(H, b)
        rows = np.swapaxes(Q, -1, -2)
        gradient = apply(H, w0) - b
        by_distance = apply(rows, w0 - w)
        by_gradient = apply(rows, gradient) / lam
        # rounding of either, in units of 8 d eps
        far = np.linalg.norm(by_distance, axis=-1, keepdims=True)
        steep = np.linalg.norm(gradient, axis=-1, keepdims=True) / lam
        error = np.where(steep < far, by_gradient, by_distance)
        error[np.abs(error) <= 8 * d * _EPS * np.minimum(far, steep)] = 0
        return cls._of(lam, error, Q, H, w, -(b * w).sum(axis=-1) / 2, flag("active", active))

    @classmethod
    def random(cls, d: int, seed: int, tasks: int | None = None) -> "Quadratic":
        """H = X'X with X a d x d standard Gaussian matrix, w_* = 0, w_0 uniform on the unit
        sphere.

        ``tasks`` independent draws make a batch; the draw number k of ``seed`` is the same for
        every ``tasks`` > k.
        """
        d = natural("d", d)
        seed = seeded("seed", seed)

        def one(k: int) -> "Quadratic":
            rng = np.random.default_rng([seed, k])
            X = rng.standard_normal((d, d))
            return cls.from_matrix(X.T @ X, start=_unit(rng, (d,)), active=True)

        if tasks is None:
            return one(0)
        return cls.stack([one(k) for k in range(natural("tasks", tasks))])

    @classmethod
    def from_design(cls, X: Array, y: Array, ridge: float = 0.0) -> "Quadratic":
        """Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2 from w_0 = 0, for a design matrix
        X (n, d), y (n,).

        The floor is the loss at the minimum-norm minimiser w_*. Directions that gradient descent
        from 0 never enters (null or unexcited ones) are dropped, so L and mu are the active
        extremes whatever the rank of X.

        A singular value below max(n, d) eps of the largest one is null. Up to kappa(X) = 100 the
        eigenvalues come from X'X / n, with a relative error of a few eps kappa(X)^2 <= 1e-11;
        beyond that from the singular values of X, with a few eps kappa(X). ``hessian`` is X'X / n
        + ridge I, rounded.

        Raises
        ------
        ValueError
            wrong shapes, a negative ridge, y orthogonal to every column.
        """
        design = Design.of(
            X, y, number("ridge", ridge, least=0.0, remedy="pass a regularisation weight")
        )
        optimum = design.optimum
        Q = design.basis
        return cls._of(
            design.eigenvalues, -optimum, Q, design.hessian, Q @ optimum, design.floor, True
        )

    @classmethod
    def stack(cls, problems: "Sequence[Quadratic]") -> "Quadratic":
        """A batch of tasks of equal dimension along a new leading axis.

        Raises
        ------
        ValueError
            none at all, something else than a Quadratic, different shapes, or matrices beside
            spectra.
        """
        if isinstance(problems, Quadratic) or not isinstance(problems, Iterable):
            raise ValueError(
                f"problems = {show(problems)} must be a list of Quadratic: pass [first, second, "
                "...]"
            )
        problems = [
            instance(f"problems[{k}]", p, Quadratic, "Quadratic.random(5, seed=0)")
            for k, p in enumerate(problems)
        ]
        shapes = {(p.eigenvalues.shape, p.start.shape) for p in problems}
        if len(shapes) != 1:
            raise ValueError(
                f"problems have the shapes {sorted(x for x, _ in shapes)} of eigenvalues and "
                f"{sorted(x for _, x in shapes)} of w: pass at least one, all of the same shape"
            )
        parts = {}
        for name in ("basis", "hessian"):
            known = [getattr(p, name) for p in problems if getattr(p, name) is not None]
            if known and len(known) < len(problems):
                raise ValueError("problems mix matrices with spectra: build them all the same way")
            parts[name] = np.stack(known) if known else None
        weights = [p.weights for p in problems if p.weights is not None]
        return cls._of(
            np.stack([p.eigenvalues for p in problems]),
            np.stack([p.error for p in problems]),
            parts["basis"],
            parts["hessian"],
            np.stack([np.broadcast_to(p.minimizer, p.start.shape) for p in problems]),
            np.stack([np.broadcast_to(p.floor, p.eigenvalues.shape[:-1]) for p in problems]),
            any(p.active for p in problems),
            np.stack(weights) if len(weights) == len(problems) else None,
        )

    def __getitem__(self, k: Any) -> "Quadratic":
        """Task k of a batch; a slice or a list makes a smaller batch.

        Raises
        ------
        IndexError
            not a batch, or no such task.
        """
        tasks = self.eigenvalues.shape[:-1]
        if not tasks:
            raise IndexError(
                "this problem is one task: index a batch, for example one made by stack"
            )
        # an index of task axes alone: one more axis would pick modes
        chosen = np.arange(np.prod(tasks)).reshape(tasks)[k]

        def pick(x: Array, shape: tuple[int, ...]) -> Array:
            if x is None:
                return None
            return np.broadcast_to(x, (*tasks, *shape)).reshape(-1, *shape)[chosen]

        D = self.start.shape[-1]
        d = self.eigenvalues.shape[-1]
        return Quadratic._of(
            pick(self.eigenvalues, (d,)),
            pick(self.error, (d,)),
            pick(self.basis, (D, d)),
            pick(self.hessian, (D, D)),
            pick(self.minimizer, (D,)),
            pick(self.floor, ()),
            self.active,
            pick(self.weights, (d,)),
        )

    @cached_property
    def start(self) -> Array:
        """(..., D) w_0."""
        return frozen(
            self.minimizer + (self.error if self.basis is None else apply(self.basis, self.error))
        )

    @property
    def mu(self) -> Array:
        """Smallest active eigenvalue of each task."""
        return np.where(self._on(), self.eigenvalues, np.inf).min(axis=-1)

    @property
    def L(self) -> Array:
        """Largest active eigenvalue of each task."""
        return np.where(self._on(), self.eigenvalues, 0).max(axis=-1)

    @property
    def kappa(self) -> Array:
        """Condition number L / mu of each task."""
        return self.L / self.mu

    def _on(self) -> Array:
        on = self.error != 0
        if not on.any(axis=-1).all():
            raise ValueError(
                "error is zero (w_0 = w_*), so no eigenvalue is active: start elsewhere"
            )
        return on

    def modes(self) -> Modes:
        """Eigenvalues, initial error and spectral weights."""
        return self._modes

    @cached_property
    def _modes(self) -> Modes:
        given = self.weights is not None
        omega, k = (
            split_weights(self.weights) if given else spectral_weights(self.eigenvalues, self.error)
        )
        return Modes(self.eigenvalues, self.error, frozen(omega), given, k)

    def loss(self, w: Array) -> Array:
        """f(w) of each task, for w (..., D)."""
        w = point("w", w, self.start.shape[-1])
        return self.floor + (self.gradient(w) * (w - self.minimizer)).sum(axis=-1) / 2

    def gradient(self, w: Array) -> Array:
        """H (w - w_*), for w (..., D)."""
        w = point("w", w, self.start.shape[-1])
        return self.hvp(w, w - self.minimizer)

    def hvp(self, w: Array, v: Array) -> Array:
        """H v for v (..., D); w is not used, the Hessian is constant."""
        v = point("v", v, self.start.shape[-1])
        if self.hessian is None:
            return self.eigenvalues * v
        return apply(self.hessian, v)

    def __repr__(self) -> str:
        if self.eigenvalues.ndim == 1:
            tasks = ""
        else:
            tasks = f"tasks={'x'.join(map(str, self.eigenvalues.shape[:-1]))}, "
        if not (self.error != 0).any(axis=-1).all():
            return f"Quadratic({tasks}d={self.eigenvalues.shape[-1]}, at the minimiser)"
        if self.active:
            note = ", active modes"
        else:
            note = ""
        return (
            f"Quadratic({tasks}d={self.eigenvalues.shape[-1]}, mu={self.mu.min():.6g}, "
            f"L={self.L.max():.6g}, "
            f"kappa={self.kappa.max():.6g}{note})"
        )


def _unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def _spread(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Finite numbers that broadcast to ``shape``."""
    array = finite(name, value)
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}: pass shape {shape} or one number")
    return array


def _nonnegative(name: str, array: Array) -> Array:
    if (array < 0).any():
        raise ValueError(
            f"{name} has the entry {array[array < 0].flat[0]}, it must be >= 0: pass spectral "
            "weights"
        )
    return array


def _symmetric(name: str, H: Array) -> Array:
    """(H + H') / 2 of matrices (..., d, d) that are symmetric to 1e-12 of their largest entries."""
    transposed = np.swapaxes(H, -1, -2)
    gap = np.abs(H - transposed).max(axis=(-1, -2))
    if (gap > 1e-12 * np.abs(H).max(axis=(-1, -2))).any():
        raise ValueError(
            f"{name} is asymmetric by {gap.max():.3g}: pass (H + H.T) / 2 if that is what you mean"
        )
    return (H + transposed) / 2


def _diagonalised(hessian: Array) -> tuple[Array, Array, Array]:
    """(H symmetric to the bit, eigenvalues, eigenvectors) of positive definite matrices (..., d,
    d).
    """
    H = finite("hessian", hessian)
    if H.ndim < 2 or H.shape[-1] != H.shape[-2] or not H.size:
        raise ValueError(
            f"hessian has shape {H.shape}, it must be square with d >= 1: pass a (d, d) matrix"
        )
    require_range("hessian", np.abs(H).max(axis=(-1, -2)))
    H = _symmetric("hessian", H)
    lam, Q = np.linalg.eigh(H)
    bad = lam[..., 0] <= H.shape[-1] * _EPS * np.maximum(lam[..., -1], 0.0)
    if bad.any():
        low, high = lam[bad][0, [0, -1]]
        raise ValueError(
            f"hessian has the eigenvalue {low:.3g} next to {high:.3g}, it must be positive "
            "definite: add a ridge, or use from_design for a least-squares problem"
        )
    return H, lam, Q


def _vector(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """A vector for each matrix of a batch; ``shape`` is (..., d)."""
    x = finite(name, value)
    d = shape[-1]
    if x.shape != shape:
        if shape[:-1]:
            tasks = f" for each of {shape[:-1]} tasks"
        else:
            tasks = ""
        raise ValueError(
            f"{name} has shape {x.shape}, hessian is {d} x {d}{tasks}: pass a vector of length "
            f"{d}{tasks}"
        )
    return x


def _product(H: Array, w: DoubleDouble) -> DoubleDouble:
    """H w with twice the digits of float64, for magnitudes around 1."""
    total = DoubleDouble.of(np.zeros(w.hi.shape))
    for j in range(H.shape[-1]):
        total = total + DoubleDouble(w.hi[..., j, None], w.lo[..., j, None]) * H[..., j]
    return total


def _solution(H: Array, b: Array) -> Array:
    """w with H w = b: each round of refinement multiplies the error by about eps kappa.

    Raises
    ------
    ValueError
        the rounds do not converge, kappa is too close to 1/eps.
    """
    # powers of two, so that scaling rounds nothing
    h, s = (
        np.frexp(np.abs(x).max(axis=-1, keepdims=True))[1]
        for x in (H.reshape(*b.shape[:-1], -1), b)
    )
    H = np.ldexp(H, -h[..., None])
    b = np.ldexp(b, -s)
    inverse = np.linalg.inv(H)
    w = DoubleDouble.of(apply(inverse, b))
    for _ in range(20):
        step = apply(inverse, (b - _product(H, w)).hi)
        w = w + step
        change, size = (np.linalg.norm(x, axis=-1) for x in (step, w.hi))
        if (change <= _EPS / 8 * size).all():
            return np.ldexp(w.hi, s - h)
    raise ValueError(
        f"hessian has the condition number {np.linalg.cond(H).max():.3g}, too large to solve H w "
        "= b: "
        "add a ridge"
    )
