"""SOBA with constant steps on any small finite sum of quadratics: exact first and second moments.

Samples i = 1..n of the inner loss <w, H_i w> / 2 - <w, C_i alpha + b_i>, samples j = 1..m of the
outer loss <w, G_j w> / 2 - <g_j, w> + <alpha, R_j alpha> / 2 - <r_j, alpha>; v goes to -H^-1 of
the outer gradient. With u = (w, v, alpha, 1) a step adds X_i + Y_j to the identity,

    X_i u = (-rho (H_i w - C_i alpha - b_i), -rho H_i v, gamma C_i' v, 0),
    Y_j u = (0, -rho (G_j w - g_j), -gamma (R_j alpha - r_j), 0),

so that E u and E u u' follow linear recursions.

Source: derived; the directions are those of Dagreou, Ablin, Vaiter and Moreau 2022.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers, Scalar
from quadmeta._validate import flag, natural, number, numbers

LARGEST = 24
"""Of N = 2 P + h: the operator on second moments is a dense matrix of order N (N + 1) / 2."""


@dataclass(frozen=True, eq=False)
class SingleLoop:
    """The linear system of SOBA's (w, v, alpha); lists of fractions keep it exact.

    Parameters
    ----------
    hessians
        H_i, (n, P, P).
    crossed
        C_i, (n, P, h).
    linear
        b_i, (n, P).
    outer_hessians
        G_j, (m, P, P).
    outer_linear
        g_j, (m, P).
    rho, gamma
        step sizes of w and v, and of alpha, > 0.
    direct_hessians
        R_j, (m, h, h); zeros where there are none.
    direct_linear
        r_j, (m, h); zeros where there are none.
    shared
        whether one sample of the inner loss serves all three directions, as published, or three are
        drawn. One outer sample serves v and alpha either way.

    Raises
    ------
    ValueError
        shapes that do not fit each other, or an argument outside its range.

    Examples
    --------
    One weight, one hyperparameter, two samples each:

    >>> from quadmeta.theory import single_loop
    >>> loop = single_loop.SingleLoop(
    ...     [[[0.5]], [[1.5]]], [[[0.5]], [[1.5]]], [[0.25], [-0.5]],
    ...     [[[1.0]], [[2.0]]], [[1.0], [-1.0]], rho=0.25, gamma=0.125,
    ...     direct_hessians=[[[0.5]], [[0.5]]],
    ... )
    >>> mean, second = loop.moments(3, [0.0, 0.0, 1.0])
    >>> mean.tolist() == [475 / 1024, -51 / 256, 3333 / 4096]
    True
    >>> loop.mean_square_radius < 1
    True
    """

    hessians: Numbers
    crossed: Numbers
    linear: Numbers
    outer_hessians: Numbers
    outer_linear: Numbers
    rho: Scalar
    gamma: Scalar
    direct_hessians: Numbers | None = None
    direct_linear: Numbers | None = None
    shared: bool = True

    def __post_init__(self) -> None:
        H = _array("hessians", self.hessians, (None, None, None))
        n, P, _ = H.shape
        C = _array("crossed", self.crossed, (n, P, None))
        h = C.shape[2]
        G = _array("outer_hessians", self.outer_hessians, (None, P, P))
        m = len(G)
        found = {
            "hessians": _array("hessians", H, (n, P, P)),
            "crossed": C,
            "linear": _array("linear", self.linear, (n, P)),
            "outer_hessians": G,
            "outer_linear": _array("outer_linear", self.outer_linear, (m, P)),
        }
        for name, shape in (("direct_hessians", (m, h, h)), ("direct_linear", (m, h))):
            given = getattr(self, name)
            zeros = np.zeros(shape, dtype=int)
            found[name] = zeros if given is None else _array(name, given, shape)
        for name, value in found.items():
            object.__setattr__(self, name, value)
        for name in ("rho", "gamma"):
            number(name, getattr(self, name), above=0.0)
        flag("shared", self.shared)

    @property
    def sizes(self) -> tuple[int, int]:
        """(P, h)."""
        _, P, h = np.asarray(self.crossed).shape
        return P, h

    @property
    def groups(self) -> list[Array]:
        """Random increments that are drawn independently of each other, (samples, N, N) each with
        N = 2 P + h + 1.
        """
        P, h = self.sizes
        H, C, b = (np.asarray(x) for x in (self.hessians, self.crossed, self.linear))
        n, m = len(H), len(np.asarray(self.outer_hessians))
        w, v, alpha = slice(0, P), slice(P, 2 * P), slice(2 * P, 2 * P + h)
        parts = [self._empty(n) for _ in range(3)]
        parts[0][:, w, w] = -self.rho * H
        parts[0][:, w, alpha] = self.rho * C
        parts[0][:, w, -1] = self.rho * b
        parts[1][:, v, v] = -self.rho * H
        parts[2][:, alpha, v] = self.gamma * C.transpose(0, 2, 1)
        outer = self._empty(m)
        outer[:, v, w] = -self.rho * np.asarray(self.outer_hessians)
        outer[:, v, -1] = self.rho * np.asarray(self.outer_linear)
        outer[:, alpha, alpha] = -self.gamma * np.asarray(self.direct_hessians)
        outer[:, alpha, -1] = self.gamma * np.asarray(self.direct_linear)
        if self.shared:
            return [parts[0] + parts[1] + parts[2], outer]
        return [*parts, outer]

    def moments(self, steps: int, start: Numbers) -> tuple[Array, Array]:
        """E u (2P + h,) and E u u' (2P + h, 2P + h) of (w, v, alpha) after ``steps`` >= 0 steps.

        Parameters
        ----------
        steps
            how many.
        start
            (w, v, alpha), (2P + h,).

        Raises
        ------
        ValueError
            a start of another shape.
        OverflowError
            moments beyond float64; pass fractions.
        """
        T = natural("steps", steps, least=0)
        P, h = self.sizes
        first = np.append(_array("start", start, (2 * P + h,)), 1)
        groups = self.groups
        M = self._mean(groups)
        apart = [group - group.sum(axis=0) / len(group) for group in groups]
        second = np.outer(first, first)
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(T):
                first = M @ first
                second = M @ second @ M.T + _scattered(apart, second)
        if second.dtype != object and not np.isfinite(second).all():
            raise OverflowError(f"steps = {T}: the moments are beyond float64; pass fractions")
        return first[:-1], second[:-1, :-1]

    @property
    def mean_radius(self) -> float:
        """Spectral radius of the mean step on (w, v, alpha): means converge below 1."""
        M = self._mean(self.groups)[:-1, :-1].astype(float)
        return float(np.abs(np.linalg.eigvals(M)).max())

    @property
    def mean_square_radius(self) -> float:
        """Spectral radius of the step on second moments: they converge below 1."""
        return float(np.abs(np.linalg.eigvals(self._operator())).max())

    def steady_state(self) -> tuple[Array, Array]:
        """Mean (2P + h,) and covariance (2P + h, 2P + h) of (w, v, alpha) at rest, in float64.

        Raises
        ------
        ValueError
            steps past the mean-square limit, or more than 24 unknowns.
        """
        operator = self._operator()
        radius = float(np.abs(np.linalg.eigvals(operator)).max())
        if radius >= 1:
            raise ValueError(
                f"rho = {float(self.rho):g}, gamma = {float(self.gamma):g}: second moments grow, "
                f"their radius is {radius:.6g}: shorten the steps"
            )
        groups = [group.astype(float) for group in self.groups]
        M = self._mean(groups)
        size = len(M) - 1
        mean = np.linalg.solve(np.eye(size) - M[:-1, :-1], M[:-1, -1])
        whole = np.append(mean, 1.0)
        apart = [group - group.mean(axis=0) for group in groups]
        source = _scattered(apart, np.outer(whole, whole))[:-1, :-1]
        rows, columns = np.triu_indices(size)
        found = np.linalg.solve(np.eye(len(rows)) - operator, source[rows, columns])
        covariance = np.empty((size, size))
        covariance[rows, columns] = found
        covariance[columns, rows] = found
        return mean, covariance

    def _operator(self) -> Array:
        """The step on covariances, on the upper triangle."""
        groups = [group.astype(float) for group in self.groups]
        M = self._mean(groups)[:-1, :-1]
        size = len(M)
        if size > LARGEST:
            raise ValueError(
                f"hessians: 2 P + h = {size} must be <= {LARGEST}: use moments(steps, start)"
            )
        apart = [(group - group.mean(axis=0))[:, :-1, :-1] for group in groups]
        rows, columns = np.triu_indices(size)
        images = []
        for i, j in zip(rows, columns, strict=True):
            unit = np.zeros((size, size))
            unit[i, j] = unit[j, i] = 1.0
            images.append((M @ unit @ M.T + _scattered(apart, unit))[rows, columns])
        return np.array(images).T

    def _mean(self, groups: list[Array]) -> Array:
        identity = np.eye(len(groups[0][0]), dtype=int)
        return sum((group.sum(axis=0) / len(group) for group in groups), start=identity)

    def _empty(self, count: int) -> Array:
        P, h = self.sizes
        given = (getattr(self, name) for name in self.__dataclass_fields__)
        exact = any(np.asarray(value).dtype == object for value in given if value is not None)
        return np.zeros((count, 2 * P + h + 1, 2 * P + h + 1), dtype=object if exact else float)


def _array(name: str, value: Any, shape: tuple[int | None, ...]) -> Array:
    """Numbers of a shape; None stands for any length of at least 1."""
    array = np.asarray(numbers(name, value))
    if set(map(type, array.flat)) == {float}:
        array = array.astype(float)  # nested lists
    fits = array.ndim == len(shape) and all(
        n == wanted or wanted is None and n > 0
        for n, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{name} has shape {array.shape}: pass shape ({wanted})")
    return array


def _scattered(apart: list[Array], second: Array) -> Array:
    """The sum over groups of the mean of D S D', D the deviation of an increment from its mean."""
    total = 0 * second
    for group in apart:
        images = (group @ second) @ group.transpose(0, 2, 1)
        total = total + images.sum(axis=0) / len(group)
    return total
