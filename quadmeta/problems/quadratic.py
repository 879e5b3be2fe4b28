"""Quadratic inner problem f(w) = floor + (w - w_*)' H (w - w_*) / 2 with H positive definite."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers, Scalar, Spectrum
from quadmeta._validate import finite, flag, instance, natural, number, seeded, show
from quadmeta._validate.matrices import require_positive
from quadmeta.problems.parts.base import apply
from quadmeta.problems.parts.dense import (
    diagonalised,
    error_by_distance,
    error_by_gradient,
    solution,
    vector,
)
from quadmeta.problems.parts.design import Design
from quadmeta.problems.parts.known_spectrum import POSITIVE, KnownSpectrum, spread
from quadmeta.problems.parts.scale import WEIGHTS, error_of, moderate, require_range


class Quadratic(KnownSpectrum):
    """A quadratic inner problem with a known spectrum, or a batch of them along leading axes.

    Build it with a ``from_...`` constructor, ``random`` or ``stack``. ``mu`` and ``L`` are the
    extreme *active* eigenvalues, those with a nonzero initial error. An inactive extreme is an
    error, because theory would then speak of another problem, unless ``active=True`` drops the
    inactive modes.

    The constructor itself takes parts that describe one problem and checks them against each
    other: basis orthonormal, H Q = Q diag(lambda) and omega = lambda e^2 / 2 to 1e-10, relative.
    Eigenvalues and errors lie in 1e-150..1e150, given weights in 1e-300..1e300; the weights of one
    problem span at most 600 decades.

    Raises
    ------
    ValueError
        a part of another shape, outside its range, or one that contradicts another.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([1.0, 4.0], error=[1.0, 1.0])
    >>> problem
    Quadratic(d=2, mu=1, L=4, kappa=4)
    >>> problem.modes().weights.tolist()
    [0.5, 2.0]
    """

    @classmethod
    def from_spectrum(
        cls,
        eigenvalues: Spectrum,
        error: Numbers | None = None,
        weights: Numbers | None = None,
        seed: int | None = None,
        active: bool = False,
    ) -> "Quadratic":
        """From the eigenvalues of H and where training starts, in eigen-coordinates with w_* = 0.

        Parameters
        ----------
        eigenvalues
            (..., d) positive.
        error
            (..., d) initial error e_0 = w_0; or
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
        if lam.ndim and lam.shape[-1]:
            require_positive("eigenvalues", lam, POSITIVE)
        require_range("eigenvalues", lam)
        omega = None
        if weights is not None:
            omega = finite("weights", weights)
            if omega.shape != lam.shape or (omega < 0).any():
                raise ValueError(
                    f"weights = {show(omega)} must be >= 0, one for each of eigenvalues, shape "
                    f"{lam.shape}: pass spectral weights"
                )
            require_range("weights", omega, WEIGHTS)
            error = error_of(omega, lam)
        elif seed is not None:
            error = _unit(np.random.default_rng(seeded("seed", seed)), lam.shape)
        e = finite("error", error)
        if not lam.ndim or not lam.size or e.shape != lam.shape:
            return cls(lam, e, active=active)  # raises with the shapes
        order = np.argsort(lam, axis=-1, kind="stable")
        if omega is not None:
            omega = np.take_along_axis(omega, order, -1)
        return cls._of(
            np.take_along_axis(lam, order, -1),
            np.take_along_axis(e, order, -1),
            active=active,
            weights=omega,
        )

    @classmethod
    def from_matrix(
        cls,
        hessian: Numbers,
        *,
        start: Numbers,
        minimizer: Numbers | None = None,
        floor: Numbers = 0.0,
        active: bool = False,
    ) -> "Quadratic":
        """From a Hessian, a start and a minimiser; for a linear system see ``from_system``.

        Leading axes of all three, and of ``floor`` if it is not one number, make a batch of tasks.
        Components of w_0 - w_* below 8 d eps of its norm along an eigenvector are taken as zero:
        they are rounding.

        Parameters
        ----------
        hessian
            H (..., d, d), symmetric positive definite.
        start
            w_0 (..., d).
        minimizer
            w_* (..., d), default 0.
        floor
            f(w_*).
        active
            as in ``from_spectrum``.

        Raises
        ------
        ValueError
            not square, not symmetric (beyond 1e-12 of its largest entry), not positive definite.
        """
        H, lam, Q = diagonalised(hessian)
        shape = H.shape[:-1]
        w0 = vector("start", start, shape)
        w = vector("minimizer", minimizer, shape)
        level = spread("floor", floor, shape[:-1])
        distance = w0
        if minimizer is not None:
            distance = w0 - w
        error, plain = error_by_distance(Q, distance)
        return cls._of(
            lam,
            error,
            Q,
            H,
            w,
            level,
            flag("active", active),
            plain=plain and moderate(lam),
        )

    @classmethod
    def from_system(
        cls,
        hessian: Numbers,
        b: Numbers,
        *,
        start: Numbers | None = None,
        active: bool = False,
    ) -> "Quadratic":
        """From the linear system H w_* = b, with f(w) = w'Hw/2 - b'w and floor = -b'w_*/2.

        Leading axes of all of them make a batch of tasks. w_* is solved for and refined until its
        error is rounding, eps ||w_*||, whatever the condition number kappa. The error e_0 is taken
        from w_0 - w_* or from the gradient, e_i = q_i'(H w_0 - b) / lambda_i, whichever has less
        rounding in that mode; an eigenvalue has the error eps L, so the smallest ones eps kappa of
        themselves.

        Parameters
        ----------
        hessian
            H (..., d, d), symmetric positive definite.
        b
            (..., d).
        start
            w_0 (..., d), default 0.
        active
            as in ``from_spectrum``.

        Raises
        ------
        ValueError
            as in ``from_matrix``: a singular H is not positive definite; a kappa next to 1/eps.
        """
        H, lam, Q = diagonalised(hessian)
        shape = H.shape[:-1]
        right = vector("b", b, shape)
        w0 = vector("start", start, shape)
        require_range("b", np.abs(right).max(axis=-1))
        w = solution(H, right)
        error = error_by_gradient(lam, Q, w0 - w, apply(H, w0) - right)
        floor = np.asarray(-(right * w).sum(axis=-1) / 2)
        return cls._of(lam, error, Q, H, w, floor, flag("active", active))

    @classmethod
    def random(cls, d: int, seed: int, tasks: int | None = None) -> "Quadratic":
        """H = X'X with X a d x d standard Gaussian matrix, w_* = 0, w_0 uniform on the unit sphere.

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
    def from_design(cls, X: Numbers, y: Numbers, ridge: Scalar = 0.0) -> "Quadratic":
        """Least squares ||Xw - y||^2 / (2n) + ridge ||w||^2 / 2, trained from w_0 = 0.

        The floor is the loss at the minimum-norm minimiser w_*. Directions that gradient descent
        from 0 never enters (null or unexcited ones) are dropped, so L and mu are the active
        extremes whatever the rank of X.

        A singular value below max(n, d) eps of the largest one is null. Up to kappa(X) = 100 the
        eigenvalues come from X'X / n, with a relative error of a few eps kappa(X)^2 <= 1e-11;
        beyond that from the singular values of X, with a few eps kappa(X). ``hessian`` is X'X / n
        + ridge I, rounded.

        Parameters
        ----------
        X
            design matrix (n, d).
        y
            targets (n,).
        ridge
            regularisation weight >= 0.

        Raises
        ------
        ValueError
            wrong shapes, a negative ridge, y orthogonal to every column.
        """
        remedy = "pass a regularisation weight"
        design = Design.of(X, y, number("ridge", ridge, least=0.0, remedy=remedy))
        Q = design.basis
        return cls._of(
            eigenvalues=design.eigenvalues,
            error=-design.optimum,
            basis=Q,
            hessian=design.hessian,
            minimizer=Q @ design.optimum,
            floor=np.array(design.floor),
            active=True,
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
        weights = [p.weights for p in problems if p.weights is not None]
        return cls._of(
            eigenvalues=np.stack([p.eigenvalues for p in problems]),
            error=np.stack([p.error for p in problems]),
            basis=_stacked([p.basis for p in problems]),
            hessian=_stacked([p.hessian for p in problems]),
            minimizer=np.stack([np.broadcast_to(p.minimizer, p.start.shape) for p in problems]),
            floor=np.stack([np.broadcast_to(p.floor, p.eigenvalues.shape[:-1]) for p in problems]),
            active=any(p.active for p in problems),
            weights=np.stack(weights) if len(weights) == len(problems) else None,
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
            flat = np.broadcast_to(x, (*tasks, *shape)).reshape(-1, *shape)
            return np.array(flat[chosen])

        def pick_known(x: Array | None, shape: tuple[int, ...]) -> Array | None:
            return x if x is None else pick(x, shape)

        D = self.start.shape[-1]
        d = self.eigenvalues.shape[-1]
        return Quadratic._of(
            eigenvalues=pick(self.eigenvalues, (d,)),
            error=pick(self.error, (d,)),
            basis=pick_known(self.basis, (D, d)),
            hessian=pick_known(self.hessian, (D, D)),
            minimizer=pick(self.minimizer, (D,)),
            floor=pick(self.floor, ()),
            active=self.active,
            weights=pick_known(self.weights, (d,)),
        )


def _unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Uniform on the unit sphere, along the last axis."""
    x = rng.standard_normal(shape)
    unit: Array = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return unit


def _stacked(parts: Sequence[Array | None]) -> Array | None:
    """Arrays of all tasks as one; None where no task has one."""
    known = [x for x in parts if x is not None]
    if known and len(known) < len(parts):
        raise ValueError("problems mix matrices with spectra: build them all the same way")
    return np.stack(known) if known else None
