"""Moments of products of independent random matrices, in float64 and in fractions alike.

A batch of b samples has the mean matrix M^ = (M_1 + ... + M_b) / b. With M its mean,
E[M^ V M^'] = M V M' + share (E[M_i V M_i'] - M V M'), where share = 1 / b with replacement and
(n - b) / (b (n - 1)) without.
"""

import math
from collections.abc import Iterator
from itertools import combinations, combinations_with_replacement, product
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.sampled.parts.bilevel import SampledBilevel

MOST_ATOMS = 5000
"""Most different batches that are enumerated."""


class Batches(NamedTuple):
    """How the mean of a batch is drawn."""

    size: int = 1
    replace: bool = True

    def share(self, n: int, loss: SampledBilevel) -> Any:
        """What a batch of n samples keeps of the variance of one."""
        if self.replace:
            return loss.ratio(1, self.size)
        return loss.ratio(n - self.size, self.size * max(n - 1, 1))

    def atoms(self, n: int, loss: SampledBilevel) -> list[tuple[tuple[int, ...], Any]]:
        """Every batch with its probability.

        Raises
        ------
        ValueError
            too many of them.
        """
        b = self.size
        count = math.comb(n + b - 1, b) if self.replace else math.comb(n, b)
        _require_few(count, f"{b} of {n} samples")
        if not self.replace:
            return [(batch, loss.ratio(1, count)) for batch in combinations(range(n), b)]
        return [
            (batch, loss.ratio(_orders(batch), n**b))
            for batch in combinations_with_replacement(range(n), b)
        ]


def _orders(batch: tuple[int, ...]) -> int:
    """In how many orders these indices can be drawn."""
    repeats = (math.factorial(batch.count(i)) for i in set(batch))
    return math.factorial(len(batch)) // math.prod(repeats)


def _require_few(count: int, what: str) -> None:
    if count > MOST_ATOMS:
        raise ValueError(
            f"{what} make {count} different batches, at most {MOST_ATOMS} are enumerated: take "
            f"smaller batches, or qm.draws"
        )


def mean(matrices: Array) -> Array:
    """The mean over samples, the first axis."""
    return np.asarray(matrices.sum(axis=0) / len(matrices))


def square(matrices: Array, V: Array, share: Any) -> Array:
    """E[M^ V M^'] for M_i (n, p, q) and V (..., q, q): shape (..., p, p)."""
    average = mean(matrices)
    whole: Array = average @ V @ average.T
    if share == 0:
        return whole
    if V.ndim == 2:
        # the sum over samples within one product
        single = np.tensordot(matrices @ V, matrices, axes=((0, 2), (0, 2))) / len(matrices)
    else:
        single = sum(M @ V @ M.T for M in matrices) / len(matrices)
    return np.asarray(whole + share * (single - whole))


def mean_square_radius(matrices: Array, share: float) -> float:
    """The spectral radius of V -> E[A V A] on symmetric V, A the mean of a batch of symmetric A_i
    (n, P, P): second moments grow in the long run where it is above 1.
    """
    A = np.asarray(matrices, dtype=float)
    P = A.shape[-1]
    i, j = np.triu_indices(P)
    units = np.zeros((len(i), P, P))
    units[np.arange(len(i)), i, j] = 1
    units[np.arange(len(i)), j, i] = 1
    images = square(A, units, float(share))[:, i, j]
    return float(np.abs(np.linalg.eigvals(images.T)).max())


def second_moment(matrices: Array, z: Array, steps: int, share: Any) -> Array:
    """E[z_T z_T'] (s, s) for z <- M^ z, from z."""
    S: Array = np.multiply.outer(z, z)
    for _ in range(steps):
        S = square(matrices, S, share)
    return S


class Source(NamedTuple):
    """Matrices (n, s, s), one a sample: a batch of them is one of several independent terms of a
    step.
    """

    matrices: Array
    batches: Batches

    def means(self) -> Array:
        """The mean of each batch that can be drawn, all equally likely."""
        b = self.batches.size
        n = len(self.matrices)
        ordered = n**b if self.batches.replace else math.comb(n, b)
        _require_few(ordered, f"{b} of {n} samples")
        if self.batches.replace:
            batches: Iterator[tuple[int, ...]] = product(range(n), repeat=b)
        else:
            batches = combinations(range(n), b)
        return np.array([mean(self.matrices[list(batch)]) for batch in batches])


def second_of_sources(sources: list[Source], z: Array, steps: int, loss: SampledBilevel) -> Array:
    """E[z_T z_T'] for z <- (sum of the sources) z."""
    average = np.sum([mean(source.matrices) for source in sources], axis=0)
    S: Array = np.multiply.outer(z, z)
    for _ in range(steps):
        moved = average @ S @ average.T
        for matrices, batches in sources:
            # rows of a state that the source does not move are 0, and columns that it does not read
            rows = np.flatnonzero((matrices != 0).any(axis=(0, 2)))
            columns = np.flatnonzero((matrices != 0).any(axis=(0, 1)))
            part = matrices[:, rows][:, :, columns]
            seen = S[np.ix_(columns, columns)]
            own = mean(part)
            share = batches.share(len(part), loss)
            moved[np.ix_(rows, rows)] += square(part, seen, share) - own @ seen @ own.T
        S = moved
    return S


def fourth_of_sources(sources: list[Source], z: Array, steps: int, loss: SampledBilevel) -> Array:
    """E[z_T (x) z_T (x) z_T (x) z_T] for z <- (sum of the sources) z, from all combinations."""
    combined = [source.means() for source in sources]
    _require_few(math.prod(map(len, combined)), "the samples of a step")
    matrices = combined[0]
    for other in combined[1:]:
        matrices = (matrices[:, None] + other[None]).reshape(-1, len(z), len(z))
    return fourth_moment(matrices, z, steps, Batches(), loss)


def fourth_moment(
    matrices: Array, z: Array, steps: int, batches: Batches, loss: SampledBilevel
) -> Array:
    """E[z_T (x) z_T (x) z_T (x) z_T] (s, s, s, s) for z <- M^ z, from z."""
    if not batches.replace and batches.size > 1:
        atoms = batches.atoms(len(matrices), loss)
        matrices = np.array([mean(matrices[list(batch)]) for batch, _ in atoms])
        batches = Batches()
    outer = np.multiply.outer(z, z)
    M4 = np.multiply.outer(outer, outer)
    for _ in range(steps):
        M4 = _fourth_step(matrices, M4, batches.size, loss)
    return M4


def _fourth_step(matrices: Array, M4: Array, b: int, loss: SampledBilevel) -> Array:
    """One step: the four factors fall on equal and on different samples of the batch.

    A partition of the factors into k sets of equal samples has b (b - 1) ... (b - k + 1) / b^4 of
    the terms.
    """
    total: Any = 0
    for partition in _partitions((0, 1, 2, 3)):
        terms = math.perm(b, len(partition))
        if terms:
            moved = M4
            for axes in partition:
                moved = sum(_on_axes(M, moved, axes) for M in matrices) / len(matrices)
            total = total + loss.ratio(terms, b**4) * moved
    return np.asarray(total)


def _on_axes(M: Array, tensor: Array, axes: tuple[int, ...]) -> Any:
    """M applied along each of the axes."""
    for axis in axes:
        tensor = np.moveaxis(np.tensordot(M, tensor, axes=(1, axis)), 0, axis)
    return tensor


def _partitions(items: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    """Every partition of the items into sets."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for partition in _partitions(rest):
        yield [(first,), *partition]
        for k, block in enumerate(partition):
            yield [*partition[:k], (first, *block), *partition[k + 1 :]]
