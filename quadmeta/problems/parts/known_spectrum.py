"""What a quadratic of known spectrum keeps, how its parts are checked, and what it answers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from quadmeta._types import Array, Numbers, Spectrum
from quadmeta._validate import finite, flag, frozen, shaped
from quadmeta._validate.matrices import (
    CONSISTENT,
    require_nonnegative,
    require_orthonormal,
    require_positive,
    symmetrised,
)
from quadmeta.problems.parts.base import Modes, QuadraticProblem, apply, point
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.scale import (
    WEIGHTS,
    error_of,
    moderate,
    require_range,
    spectral_weights,
    split_weights,
)

POSITIVE = "add a ridge or drop null directions"
"""What to do about eigenvalues that are not positive."""
_ZERO = frozen(np.array(0.0))


@dataclass(frozen=True, eq=False, init=False)
class KnownSpectrum(QuadraticProblem):
    """f(w) = floor + (w - w_*)' H (w - w_*) / 2 with H = Q diag(lambda) Q', one or a batch of them.

    The constructor takes parts that describe one problem and checks them against each other.
    """

    eigenvalues: Array
    """(..., d) eigenvalues of H, ascending if a ``from_...`` constructor made them."""
    error: Array
    """(..., d) e_0 = Q'(w_0 - w_*)."""
    basis: Array | None
    """(..., D, d) eigenvectors Q as columns, D >= d; None: the coordinates are the
    eigen-coordinates, D = d.
    """
    hessian: Array | None
    """(..., D, D) H itself where it was given as a matrix: loops then never touch the
    eigendecomposition.
    """
    minimizer: Array
    """(..., D) w_*, or one number for all its entries."""
    floor: Array
    """(...) f(w_*), or one number for all tasks."""
    active: bool
    """Whether inactive modes were dropped on purpose."""
    weights: Array | None
    """(..., d) spectral weights omega, where they are the data and the error is sqrt(2 omega /
    lambda).
    """

    def __init__(
        self,
        eigenvalues: Spectrum,
        error: Numbers,
        basis: Numbers | None = None,
        hessian: Numbers | None = None,
        minimizer: Numbers = 0.0,
        floor: Numbers = 0.0,
        active: bool = False,
        weights: Numbers | None = None,
    ) -> None:
        lam = finite("eigenvalues", eigenvalues)
        e = finite("error", error)
        if lam.shape != e.shape or lam.ndim < 1:
            raise ValueError(
                f"error has shape {e.shape}, eigenvalues {lam.shape}: pass one error an eigenvalue"
            )
        if lam.shape[-1] == 0:
            raise ValueError("d = 0: pass at least one eigenvalue")
        keep(self, eigenvalues=lam, error=e, active=flag("active", active))
        keep(self, basis=None, hessian=None, weights=None)
        tasks = lam.shape[:-1]
        d = lam.shape[-1]
        D = d
        if basis is not None:
            meaning = f"(..., D, {d}), an eigenvector of length D for each of {d} eigenvalues"
            Q = shaped("basis", basis, (*tasks, -1, d), meaning)
            D = Q.shape[-2]
            keep(self, basis=Q)
        if hessian is not None:
            keep(self, hessian=shaped("hessian", hessian, (*tasks, D, D)))
        keep(
            self,
            minimizer=spread("minimizer", minimizer, (*tasks, D)),
            floor=spread("floor", floor, tasks),
        )
        if weights is not None:
            omega = shaped("weights", weights, lam.shape)
            require_nonnegative("weights", omega, "pass spectral weights")
            keep(self, weights=omega)
        self._require_ranges()
        self._require_consistent()

    @classmethod
    def _of(
        cls,
        eigenvalues: Array,
        error: Array,
        basis: Array | None = None,
        hessian: Array | None = None,
        minimizer: Array = _ZERO,
        floor: Array = _ZERO,
        active: bool = False,
        weights: Array | None = None,
        plain: bool = False,
    ) -> Self:
        """From parts that were derived from each other, arrays of nobody else: only what the data
        decide is checked, in O(d).

        ``plain``: it is known that eigenvalues and sizes of errors are moderate.
        """
        problem = object.__new__(cls)
        keep(
            problem,
            eigenvalues=eigenvalues,
            error=error,
            basis=basis,
            hessian=hessian,
            minimizer=minimizer,
            floor=floor,
            active=active,
            weights=weights,
        )
        if plain:
            problem._take_plain_weights()
        else:
            problem._require_ranges()
        return problem

    def _require_ranges(self) -> None:
        """Positive eigenvalues, magnitudes whose products keep their digits, active extremes."""
        lam = self.eigenvalues
        error = self.error
        if self.weights is None and moderate(lam) and moderate(np.abs(error)):
            self._take_plain_weights()
            return
        require_positive("eigenvalues", lam, POSITIVE)
        require_range("eigenvalues", lam)
        if self.weights is None:
            require_range("error", error)
        else:
            require_range("weights", self.weights, WEIGHTS)
        on = error != 0
        lowest = np.where(on, lam, np.inf).min(-1)
        highest = np.where(on, lam, 0).max(-1)
        inactive = on.any(-1) & ((lowest > lam.min(-1)) | (highest < lam.max(-1)))
        if not self.active and inactive.any():
            raise ValueError(
                "error is zero along an extreme eigenvector, so (mu, L) are not those of H: "
                "pass active=True to keep the active modes only, or another start"
            )
        _ = self._modes  # refuses weights that span too much

    def _take_plain_weights(self) -> None:
        """Of moderate data: every mode is active, and no weight comes near an end of float64."""
        omega = self.eigenvalues * self.error**2 / 2
        omega.setflags(write=False)
        vars(self)["_modes"] = Modes(self.eigenvalues, self.error, omega)

    def _require_consistent(self) -> None:
        """Basis, Hessian and weights against the eigenvalues and the error."""
        lam = self.eigenvalues
        Q = self.basis
        if Q is not None:
            require_orthonormal("basis", Q)
        if self.hessian is not None:
            H = symmetrised("hessian", self.hessian)
            if Q is None:
                Q = np.eye(lam.shape[-1])
            difference = np.abs(H @ Q - Q * lam[..., None, :]).max(axis=(-1, -2))
            gap = (difference / np.abs(H).max(axis=(-1, -2), initial=1e-300)).max()
            if gap > CONSISTENT:
                raise ValueError(
                    f"hessian H has H Q - Q diag(eigenvalues) of {gap:.3g} of its largest entry, "
                    f"more than {CONSISTENT:g}: leave it out, or build the problem with from_matrix"
                )
        if self.weights is not None:
            e = np.abs(self.error)
            wanted = error_of(self.weights, lam)
            bad = np.abs(e - wanted) > CONSISTENT * wanted
            if bad.any():
                raise ValueError(
                    f"weights contradict error: |e| = {e[bad].flat[0]:.6g} where sqrt(2 weight / "
                    f"eigenvalue) = {wanted[bad].flat[0]:.6g}; use from_spectrum with one of the "
                    "two"
                )

    @cached_property
    def start(self) -> Array:
        """(..., D) w_0."""
        move = self.error
        if self.basis is not None:
            move = apply(self.basis, self.error)
        return frozen(self.minimizer + move)

    @property
    def mu(self) -> Array:
        """Smallest active eigenvalue of each task."""
        lowest: Array = np.where(self._on(), self.eigenvalues, np.inf).min(axis=-1)
        return lowest

    @property
    def L(self) -> Array:
        """Largest active eigenvalue of each task."""
        highest: Array = np.where(self._on(), self.eigenvalues, 0).max(axis=-1)
        return highest

    @property
    def kappa(self) -> Array:
        """Condition number L / mu of each task."""
        return self.L / self.mu

    def _on(self) -> Array:
        on: Array = self.error != 0
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
        if self.weights is None:
            omega, k = spectral_weights(self.eigenvalues, self.error)
        else:
            omega, k = split_weights(self.weights)
        given = self.weights is not None
        return Modes(self.eigenvalues, self.error, frozen(omega), given, k)

    def loss(self, w: Array) -> Array:
        """f(w) of each task, for w (..., D)."""
        w = point("w", w, self.start.shape[-1])
        gap: Array = (self.gradient(w) * (w - self.minimizer)).sum(axis=-1) / 2
        return self.floor + gap

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
        tasks = ""
        if self.eigenvalues.ndim > 1:
            tasks = f"tasks={'x'.join(map(str, self.eigenvalues.shape[:-1]))}, "
        head = f"{type(self).__name__}({tasks}d={self.eigenvalues.shape[-1]}"
        if not (self.error != 0).any(axis=-1).all():
            return f"{head}, at the minimiser)"
        note = ", active modes" if self.active else ""
        return (
            f"{head}, mu={self.mu.min():.6g}, L={self.L.max():.6g}, "
            f"kappa={self.kappa.max():.6g}{note})"
        )


def spread(name: str, value: Numbers, shape: tuple[int, ...]) -> Array:
    """Finite numbers that broadcast to ``shape``."""
    array = finite(name, value)
    if array.shape == shape:
        return array
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}: pass shape {shape} or one number")
    return array
