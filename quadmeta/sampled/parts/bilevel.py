"""A bilevel problem whose two losses are finite sums, of which an estimator sees samples."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from numbers import Rational
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, flag, frozen, instance, natural, number, show, unrounded
from quadmeta.objectives.parts.base import Objective
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel
from quadmeta.sampled.parts.linear import solve
from quadmeta.sampled.parts.linearised import linearised

INNER = {
    "hessians": (2, "H_i (n, P, P)"),
    "linear": (1, "b_i (n, P)"),
    "hessian_slopes": (3, "dH_i / d alpha_k (n, h, P, P)"),
    "linear_slopes": (2, "db_i / d alpha_k (n, h, P)"),
}
OUTER = {"outer_hessians": (2, "G_j (m, P, P)"), "outer_linear": (1, "g_j (m, P)")}

EXAMPLE = "SampledBilevel.ridge(X, y, X_outer, y_outer, steps=10, step_size=0.1)"


class Samples(NamedTuple):
    """The samples at fixed hyperparameters, all in one arithmetic."""

    H: Array
    """H_i (n, P, P)."""
    b: Array
    """b_i (n, P)."""
    J: Array
    """(n, h, P, P + 1): J_i(w) = J_i (w, 1), the mixed derivative of sample i."""
    G: Array
    """(m, P, P + 1): the outer gradient of sample j is G_j (w, 1)."""


@dataclass(frozen=True, eq=False, init=False)
class SampledBilevel(Objective):
    """F(alpha) = L_2(w_*(alpha)) for losses that are means over samples, all of them quadratic.

    Inner sample i of n has the loss w'H_i w / 2 - b_i'w, outer sample j of m the loss w'G_j w / 2
    - g_j'w. H_i and b_i are affine in alpha: H_i + sum_k alpha_k dH_i/d alpha_k. An estimator
    trains w by T steps of stochastic gradient descent and sees samples alone; the derivative that
    it estimates is the implicit one.

    Where one argument has fractions everything is computed in fractions, machine numbers at their
    exact value; draws are always made in float64.

    Parameters
    ----------
    hessians, linear
        H_i (n, P, P), symmetric, and b_i (n, P), at alpha = 0.
    hessian_slopes, linear_slopes
        their derivatives in alpha, (n, h, P, P) and (n, h, P).
    outer_hessians, outer_linear
        G_j (m, P, P), symmetric, and g_j (m, P).
    steps, step_size
        T >= 1 and eta > 0 of the inner run.
    start
        w_0 (P,), default 0.
    batch
        samples of an inner step.
    replace
        whether the samples of one batch are drawn with replacement; batches are independent.

    Raises
    ------
    ValueError
        arrays that do not fit together, a matrix that is not symmetric, no step, or a batch larger
        than the data without replacement.

    Examples
    --------
    Two samples, a ridge alpha, and one held-out loss:

    >>> from fractions import Fraction as F
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1], [2]], [1, F(1, 2)], [[1]], [1], steps=2, step_size=F(1, 4))
    >>> loss.gradient([F(1, 2)])
    array([Fraction(2, 27)], dtype=object)
    >>> found = qm.moments(loss, [F(1, 2)], qm.MinibatchNeumann(products=1))
    >>> found.mean[0], found.truth[0]
    (Fraction(1055, 16384), Fraction(2, 27))
    """

    hessians: Array
    linear: Array
    hessian_slopes: Array
    linear_slopes: Array
    outer_hessians: Array
    outer_linear: Array
    start: Array
    steps: int
    step_size: Any
    batch: int
    replace: bool

    def __init__(
        self,
        hessians: Numbers,
        linear: Numbers,
        hessian_slopes: Numbers,
        linear_slopes: Numbers,
        outer_hessians: Numbers,
        outer_linear: Numbers,
        *,
        steps: int,
        step_size: Any,
        start: Numbers | None = None,
        batch: int = 1,
        replace: bool = True,
    ) -> None:
        given = {
            "hessians": hessians,
            "linear": linear,
            "hessian_slopes": hessian_slopes,
            "linear_slopes": linear_slopes,
            "outer_hessians": outer_hessians,
            "outer_linear": outer_linear,
        }
        read = {name: _read(name, value) for name, value in given.items()}
        _require_shapes(read)
        P = read["hessians"].shape[-1]
        read["start"] = np.zeros(P)
        if start is not None:
            read["start"] = _read("start", start)
        if read["start"].shape != (P,):
            raise ValueError(f"start has shape {read['start'].shape}: pass w_0 of shape ({P},)")
        eta = positive("step_size", step_size)
        exact = isinstance(eta, Fraction) or any(a.dtype == object for a in read.values())
        for name, array in read.items():
            object.__setattr__(self, name, frozen(_in_arithmetic(name, array, exact)))
        for name in ("hessians", "hessian_slopes", "outer_hessians"):
            _require_symmetric(name, getattr(self, name))
        object.__setattr__(self, "steps", natural("steps", steps))
        object.__setattr__(self, "step_size", self.number("step_size", eta))
        object.__setattr__(self, "batch", natural("batch", batch))
        object.__setattr__(self, "replace", flag("replace", replace))
        require_batch("batch", self.batch, len(self.hessians), self.replace)

    @classmethod
    def ridge(
        cls,
        X: Numbers,
        y: Numbers,
        X_outer: Numbers,
        y_outer: Numbers,
        **run: Any,
    ) -> "SampledBilevel":
        """Least squares, a row a sample: (x_i'w - y_i)^2 / 2 + alpha ||w||^2 / 2, and held-out
        rows.

        Parameters
        ----------
        X, y
            (n, P) and (n,).
        X_outer, y_outer
            (m, P) and (m,).
        run
            steps, step_size, start, batch, replace as for the class.

        Raises
        ------
        ValueError
            as for the class.
        """
        H, b = _rows("X", X, "y", y)
        G, g = _rows("X_outer", X_outer, "y_outer", y_outer)
        if b.shape[1] != g.shape[1]:
            raise ValueError(
                f"X_outer has {g.shape[1]} columns, X {b.shape[1]}: pass rows of equal length"
            )
        n, P = b.shape
        eye = np.broadcast_to(np.eye(P), (n, 1, P, P))
        return cls(H, b, eye, np.zeros((n, 1, P)), G, g, **run)

    @classmethod
    def at(cls, problem: QuadraticBilevel, alpha: Numbers, **run: Any) -> "SampledBilevel":
        """The samples of a problem of this package, linearised at ``alpha``: every estimate at
        this alpha, and its moments, are those of the problem.

        A training row is an inner sample, a held-out row an outer one; a problem that is no sum
        over rows is one sample.

        Parameters
        ----------
        problem
            ``Ridge``, ``DataCleaning``, ``TaskWeights``, ``Coupled`` or another quadratic one.
        alpha
            hyperparameters (h,).
        run
            steps, step_size, batch, replace as for the class; w_0 is that of the problem.

        Raises
        ------
        ValueError
            several outputs, or an outer loss that depends on alpha also directly.

        Examples
        --------
        >>> import quadmeta as qm
        >>> ridge = qm.Ridge(train=([[1.0], [2.0]], [1.0, 3.0]), validation=([[1.0]], [1.2]))
        >>> loss = qm.SampledBilevel.at(ridge, [0.1], steps=10, step_size=0.3)
        >>> qm.hypergradient(qm.OuterLoss(ridge, qm.GradientDescent(500, 0.3)), [0.1],
        ...                  qm.Implicit()).value.round(6) == loss.gradient([0.1]).round(6)
        array([ True])
        """
        instance("problem", problem, QuadraticBilevel, "Ridge(train, validation)")
        arrays, start = linearised(problem, alpha)
        return cls(*arrays, start=start, **run)

    @property
    def exact(self) -> bool:
        """Whether it is computed in fractions."""
        return bool(self.hessians.dtype == object)

    @property
    def parameters(self) -> int:
        """P, the length of w."""
        return int(self.hessians.shape[-1])

    @property
    def hyperparameters(self) -> int:
        """h, the length of alpha."""
        return int(self.hessian_slopes.shape[1])

    @cached_property
    def rounded(self) -> "SampledBilevel":
        """The same in float64."""
        if not self.exact:
            return self
        arrays = [np.asarray(getattr(self, name), dtype=float) for name in (*INNER, *OUTER)]
        return SampledBilevel(
            *arrays,
            steps=self.steps,
            step_size=float(self.step_size),
            start=np.asarray(self.start, dtype=float),
            batch=self.batch,
            replace=self.replace,
        )

    def number(self, name: str, value: Any) -> Any:
        """A number in the arithmetic of the problem."""
        return _in_arithmetic(name, _read(name, value), self.exact)[()]

    def ratio(self, p: int, q: int) -> Any:
        """p / q in the arithmetic of the problem."""
        if self.exact:
            return Fraction(p, q)
        return p / q

    def samples(self, alpha: Numbers) -> Samples:
        """The samples at ``alpha`` (h,).

        Raises
        ------
        ValueError
            hyperparameters of another length.
        """
        read = _read("alpha", alpha)
        if read.shape != (self.hyperparameters,):
            raise ValueError(
                f"alpha has shape {read.shape}: pass {self.hyperparameters} hyperparameters, "
                f"shape ({self.hyperparameters},)"
            )
        a = _in_arithmetic("alpha", read, self.exact)
        H = self.hessians + np.einsum("k,nkpq->npq", a, self.hessian_slopes)
        b = self.linear + np.einsum("k,nkp->np", a, self.linear_slopes)
        J = np.concatenate([self.hessian_slopes, -self.linear_slopes[..., None]], axis=-1)
        G = np.concatenate([self.outer_hessians, -self.outer_linear[..., None]], axis=-1)
        return Samples(H, b, J, G)

    def _solved(self, alpha: Numbers) -> tuple[Samples, Array]:
        """The samples, and (w_*, 1)."""
        samples = self.samples(alpha)
        w = solve(_mean(samples.H), _mean(samples.b))
        return samples, np.append(w, self.ratio(1, 1))

    def __repr__(self) -> str:
        n, h, P, _ = self.hessian_slopes.shape
        return (
            f"SampledBilevel(samples={n}, outer samples={len(self.outer_linear)}, P={P}, h={h}, "
            f"steps={self.steps}, step_size={self.step_size}, batch={self.batch})"
        )

    def __call__(self, theta: Numbers) -> Any:
        """L_2(w_*), without the constant of the held-out loss."""
        samples, w = self._solved(theta)
        G = _mean(samples.G)
        return (w[:-1] @ (G @ w) - w[:-1] @ _mean(self.outer_linear)) / 2

    def gradient(self, theta: Numbers) -> Array:
        """-J(w_*) H^-1 grad L_2(w_*), shape (h,)."""
        samples, w = self._solved(theta)
        v = solve(_mean(samples.H), _mean(samples.G) @ w)
        return np.asarray(-(_mean(samples.J) @ w) @ v)


def require_batch(name: str, size: int, samples: int, replace: bool) -> None:
    """A batch without replacement is no larger than the data."""
    if not replace and size > samples:
        raise ValueError(
            f"{name} = {size} is larger than the {samples} samples that it is drawn from without "
            f"replacement: pass at most {samples}, or replace=True"
        )


def _mean(array: Array) -> Array:
    """The mean over samples, exact in fractions."""
    return np.asarray(array.sum(axis=0) / len(array))


def _rows(name: str, X: Numbers, label: str, y: Numbers) -> tuple[Array, Array]:
    """x_i x_i' and y_i x_i."""
    rows = _read(name, X)
    targets = _read(label, y)
    if rows.ndim != 2 or targets.shape != rows.shape[:1] or rows.size == 0:
        raise ValueError(
            f"{name} has shape {rows.shape}, {label} {targets.shape}: pass rows (n, P) and "
            f"targets (n,)"
        )
    exact = object in (rows.dtype, targets.dtype)
    x = _in_arithmetic(name, rows, exact)
    return x[:, :, None] * x[:, None, :], _in_arithmetic(label, targets, exact)[:, None] * x


def positive(name: str, value: Any) -> Any:
    """A number above 0: a fraction as it is, anything else in float64."""
    rounded = number(name, value, above=0)
    if isinstance(value, Fraction):
        return value
    return rounded


def _read(name: str, value: Any) -> Array:
    """Finite numbers of any shape, fractions as they are."""
    finite(name, value)
    return unrounded(name, value)


def _in_arithmetic(name: str, array: Array, exact: bool) -> Array:
    """An array as fractions, or as float64."""
    for entry in _numbers(array):
        if not isinstance(entry, Rational | float):
            raise ValueError(
                f"{name} has the entry {show(entry)}: pass floats, whole numbers or fractions"
            )
    if not exact:
        return array.astype(float)
    out = np.empty(array.shape, dtype=object)
    out[...] = np.reshape([Fraction(entry) for entry in _numbers(array)], array.shape)
    return out


def _numbers(array: Array) -> Iterable[Any]:
    """The entries as Python numbers."""
    return array.ravel().tolist()


def _require_symmetric(name: str, array: Array) -> None:
    if (array != np.swapaxes(array, -1, -2)).any():
        raise ValueError(f"{name} has a matrix that is not symmetric: pass (A + A') / 2")


def _require_shapes(read: dict[str, Array]) -> None:
    """n, h, P and m are the same wherever they stand."""
    shape = read["hessian_slopes"].shape
    if len(shape) != 4 or 0 in shape:
        raise ValueError(
            f"hessian_slopes has shape {shape}: pass dH_i / d alpha_k of shape (n, h, P, P)"
        )
    n, h, P, _ = shape
    m = np.atleast_1d(read["outer_linear"]).shape[0]
    wanted = {
        "hessians": (n, P, P),
        "linear": (n, P),
        "hessian_slopes": (n, h, P, P),
        "linear_slopes": (n, h, P),
        "outer_hessians": (m, P, P),
        "outer_linear": (m, P),
    }
    for name, expected in wanted.items():
        if read[name].shape != expected or m == 0:
            raise ValueError(
                f"{name} has shape {read[name].shape}, hessian_slopes {shape}: pass shape "
                f"{expected}, {(INNER | OUTER)[name][1]}"
            )
