"""SGD on a finite sample, one row drawn uniformly with replacement a step: exact expected losses.

With the rows x_k of X, e = w - c for the minimiser c that training tends to, r = y - Xc, S =
X'X/n, V = E[ee']:

    E e' = (I - eta S) E e
    V'   = V - eta (SV + VS) + eta^2 mean_k x_k x_k' (x_k'V x_k - 2 r_k x_k'E e + r_k^2)

On symmetric matrices over the row space the homogeneous part is I - eta L + eta^2 Q with
self-adjoint L(M) = SM + MS and Q(M) = mean_k x_k x_k' (x_k'M x_k).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array, Numbers
from quadmeta._validate import finite, pair
from quadmeta._validate.matrices import require_samples
from quadmeta.arithmetic.exact import convert
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.base import point
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.rotated import given
from quadmeta.problems.parts.sampling import RowSpace, Slope, State, solve, step, vector
from quadmeta.problems.parts.scale import require_range
from quadmeta.problems.parts.stochastic import StochasticProblem

_LIMITS = 1e-70, 1e70
"""Sizes of X, y and w_0 whose products of four stay in float64."""
CLOSED = 30
"""Largest rank of the closed form, an eigendecomposition of size rank (rank + 1) / 2 a step size.
"""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class SampledRows(StochasticProblem):
    """Least squares on given samples, trained by SGD that draws one of them each step.

    f(w) = ||Xw - y||^2 / (2n); n < d and rank-deficient X are fine. "train" is E f(w_T) minus the
    least training loss, "validation" E ||X2 w_T - y2||^2 / (2 n2), "population" the excess risk
    E ||w_T - w_*||^2 under isotropic features. Residuals below 8 max(n, d) eps ||y - X w_0|| are
    rounding and taken as zero. Fractions stay exact in ``recursion``.

    Raises
    ------
    ValueError
        wrong shapes, X = 0, or numbers out of range.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.SampledRows(np.eye(2), np.array([1.0, 2.0]))
    >>> problem
    SampledRows(n=2, d=2, rank=2)
    >>> bool(problem.expected(steps=10, step_size=0.5).log < 0)
    True
    """

    X: Array
    """(n, d)"""
    y: Array
    """(n,)"""
    validation: tuple[Array, Array] | None
    """(X2 (n2, d), y2 (n2,))"""
    truth: Array | None
    """(d,) w_*."""
    initial: Array
    """(d,) w_0."""

    def __init__(
        self,
        X: Numbers,
        y: Numbers,
        validation: tuple[Numbers, Numbers] | None = None,
        truth: Numbers | None = None,
        initial: Numbers | None = None,
    ) -> None:
        rows = given("X", X)
        labels = given("y", y)
        require_samples(rows, labels)
        if not (rows != 0).any():
            raise ValueError(
                "X is zero, so there is nothing to train: pass at least one nonzero row"
            )
        d = rows.shape[1]
        w0 = np.zeros(d)
        if initial is not None:
            w0 = _point("initial", initial, d)
        keep(self, X=np.array(rows), y=np.array(labels), initial=w0, truth=None, validation=None)
        if truth is not None:
            keep(self, truth=_point("truth", truth, d))
        if validation is not None:
            held = pair("validation", validation, "(X2, y2)")
            X2 = given("validation X", held[0])
            y2 = given("validation y", held[1])
            if X2.ndim != 2 or not X2.size or X2.shape[1] != d or y2.shape != X2.shape[:1]:
                raise ValueError(
                    f"validation has shapes {X2.shape}, {y2.shape}: pass (n2, {d}) and (n2,), "
                    "n2 >= 1"
                )
            keep(self, validation=(np.array(X2), np.array(y2)))
        for name, data in (("X", self._features), ("y", self._labels), ("initial", self.start)):
            require_range(name, np.abs(data).max(), _LIMITS)

    @cached_property
    def _features(self) -> Array:
        return finite("X", self.X)

    @cached_property
    def _labels(self) -> Array:
        return finite("y", self.y)

    @cached_property
    def row_space(self) -> RowSpace:
        """Rows, errors and residuals in the eigenbasis of X'X / n."""
        return RowSpace.of(self._features, self._labels, self.start)

    @property
    def outers(self) -> tuple[str, ...]:  # type: ignore[override]
        """ "train", and "validation" and "population" where their data are given."""
        known = ("validation", self.validation), ("population", self.truth)
        return ("train", *(name for name, data in known if data is not None))

    @cached_property
    def start(self) -> Array:
        """(d,) w_0."""
        return finite("initial", self.initial)

    @property
    def floor(self) -> float:  # type: ignore[override]
        """Least training loss ||r||^2 / (2n)."""
        return float((self.row_space.residual**2).mean() / 2)

    def _residual(self, w: Array) -> Array:
        fitted: Array = point("w", w, self._features.shape[1]) @ self._features.T
        return fitted - self._labels

    def loss(self, w: Array) -> Array:
        """||Xw - y||^2 / (2n) for w (..., d)."""
        mean: Array = (self._residual(w) ** 2).mean(axis=-1)
        return mean / 2

    def gradient(self, w: Array) -> Array:
        """X'(Xw - y) / n."""
        total: Array = self._residual(w) @ self._features
        return total / len(self._labels)

    def hvp(self, w: Array, v: Array) -> Array:
        """X'X v / n."""
        X = self._features
        total: Array = point("v", v, X.shape[1]) @ X.T @ X
        return total / len(X)

    def noisy_gradient(self, w: Array, rng: np.random.Generator) -> Array:
        """(x_k'w - y_k) x_k for one uniformly drawn row k a path."""
        w = point("w", w, self._features.shape[1])
        k = self._generator(rng).integers(len(self._labels), size=w.shape[:-1])
        rows: Array = self._features[k]
        residual: Array = (rows * w).sum(axis=-1) - self._labels[k]
        return residual[..., None] * rows

    def mean_square_limit(self) -> float:
        """1 / lambda_max(Q, L) over the symmetric matrices on the row space.

        The second moment is mapped by M -> E (I - eta xx') M (I - eta xx'), which keeps the
        positive semidefinite cone: its spectral radius is an eigenvalue (Perron, Frobenius), and
        it is self-adjoint, so it contracts iff eta L - eta^2 Q is positive definite.
        """
        return self._limit

    @cached_property
    def _limit(self) -> float:
        return self.row_space.limit()

    def mean_square_bounds(self) -> tuple[float, float]:
        """2 / max ||x_k||^2 <= eta_ms <= min(2 tr S / mean ||x||^4, 2 v'Sv / mean (x'v)^4).

        v runs over the unit eigenvectors of S and the rows divided by their norms; the upper
        bounds are Rayleigh quotients of (L, Q) at I and at vv'. All are equal for n = 1.
        """
        return self.row_space.bounds()

    def form(self, outer: str, kind: str, X: Array, center: Array) -> tuple[Array, Array, int]:
        """(A, u, m) with outer(w) = ||A (w - center) + u||^2 / m, in the number type ``kind``."""
        if outer == "train":
            return X, X[:, 0] * 0, 2 * len(X)
        if outer == "population":
            return convert(kind, np.eye(X.shape[1])), center - convert(kind, self.truth), 1
        A, b = (convert(kind, x) for x in self.validation or ())
        return A, A @ center - b, 2 * len(b)

    def _expected(self, steps: int, eta: Array, outer: str, order: int) -> Iterator[SignLog]:
        rows = self.row_space
        A, u, m = self.form(outer, "float64", self._features, rows.center)
        # ||A e + u||^2 / m = <A'A / m, ee'> + 2 u'A e / m + u'u / m, e in the row space
        A = A @ rows.basis
        if len(rows.eigenvalues) > CLOSED:
            yield from (rows.recursion(steps, float(x), order, A, u, m).reshape(1) for x in eta)
            return
        weights = vector(A.T @ A / m)
        yield from rows.moments.after(steps, eta, order, weights, 2 * (u @ A) / m, float(u @ u) / m)

    def _data(self, outer: str, exact: bool) -> tuple[Array, Array, Array, Array, Array, int]:
        kind = "fraction" if exact else "float64"
        X, y, start = (convert(kind, x) for x in (self.X, self.y, self.initial))
        if exact:
            # X'X (center - start) = X'(y - X start) with center - start = X'u in the row space
            center = start + X.T @ solve(X.T @ X @ X.T, X.T @ (y - X @ start))
            residual = y - X @ center
        else:
            center = self.row_space.center
            residual = self.row_space.residual
        return X, start - center, residual, *self.form(outer, kind, X, center)

    def _recursion(
        self,
        steps: int,
        eta: Arithmetic,
        data: tuple[Array, Array, Array, Array, Array, int],
        order: int,
    ) -> Any:
        X, e, r, A, u, m = data
        V = e[:, None] * e
        one: Any = 1
        state: State = (V, e, one)
        slope: Slope | None = (V * 0, e * 0) if order else None
        for _ in range(steps):
            state, slope = step(X, r, eta, state, slope)
        V, e = state[:2] if slope is None else slope
        total = ((A @ V) * A).sum() + 2 * (u * (A @ e)).sum()
        # E ||A e + u||^2 / m, or its derivative, which has no constant
        if slope is None:
            total = total + (u * u).sum()
        return total / m

    def __repr__(self) -> str:
        n, d = self.X.shape
        held = ""
        if self.validation is not None:
            held = f", n2={len(self.validation[1])}"
        return f"SampledRows(n={n}, d={d}, rank={len(self.row_space.eigenvalues)}{held})"


def _point(name: str, value: Numbers, d: int) -> Array:
    """A copy of a vector of length d."""
    w = given(name, value)
    if w.shape != (d,):
        raise ValueError(
            f"{name} has shape {w.shape}, X has {d} columns: pass a vector of length {d}"
        )
    return np.array(w)
