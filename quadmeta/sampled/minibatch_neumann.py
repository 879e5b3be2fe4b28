"""The Neumann series as a chain of products with sampled Hessians, as stocBiO takes it."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import flag, natural, show
from quadmeta.sampled.parts.bilevel import SampledBilevel
from quadmeta.sampled.parts.hypergradients import RandomInverse, SeriesEstimator, counted
from quadmeta.sampled.parts.laws import Batches, mean, square
from quadmeta.sampled.parts.sampled_tape import SampledTape


@dataclass(frozen=True)
class MinibatchNeumann(SeriesEstimator):
    """K = eta sum_{q <= Q} A_q ... A_1 with A_q = I - eta H^_q, H^_q the mean of a batch: r <- A r,
    p <- p + r from r = p = g_j(w_T), and -J_i(w_T) eta p.

    Its mean is that of ``LinearSystemSgd`` with as many steps, its K has the law of the transpose.

    Parameters
    ----------
    products
        Q >= 0, factors of the longest term.
    step_size
        eta > 0, default that of the inner run.
    replace
        whether the samples of one batch are drawn with replacement.
    batch
        samples of each factor, or Q numbers, that of A_1 first.
    reuse
        one batch for all factors: biased whatever Q, since the inverse of a mean is not the mean
        of inverses.

    Raises
    ------
    ValueError
        a batch below 1, Q numbers that are not Q, or several sizes of one batch that is reused.

    Examples
    --------
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=20, step_size=0.25)
    >>> fresh = qm.moments(loss, [0.5], qm.MinibatchNeumann(products=20))
    >>> reused = qm.moments(loss, [0.5], qm.MinibatchNeumann(products=20, reuse=True))
    >>> [round(float(x[0]), 3) for x in (fresh.truth, fresh.mean, reused.mean)]
    [0.074, 0.068, 0.09]
    """

    products: int
    batch: int | tuple[int, ...] = 1
    reuse: bool = False
    reference = "Ji, Yang, Liang 2021 (stocBiO)"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "products", natural("products", self.products, least=0))
        object.__setattr__(self, "reuse", flag("reuse", self.reuse))
        if not isinstance(self.batch, tuple | list):
            object.__setattr__(self, "batch", counted("batch", self.batch))
            return
        object.__setattr__(self, "batch", tuple(counted("batch", b) for b in self.batch))
        if self.reuse or len(self.sizes()) != self.products:
            raise ValueError(
                f"batch = {show(self.batch)} must be one number, or products = {self.products} of "
                f"them with reuse=False: pass one size for each factor"
            )

    def sizes(self) -> tuple[int, ...]:
        """That of each factor."""
        if isinstance(self.batch, tuple):
            return self.batch
        return (self.batch,) * (1 if self.reuse else self.products)

    def solved(self, tape: SampledTape, g: Array) -> Array:
        """Products one after the other, the sum of all of them."""
        eta = self.step(tape.objective)
        r = p = g
        batches = [tape.inner(size, self.replace) for size in self.sizes()]
        if self.reuse:
            batches = batches * self.products
        for batch in batches:
            r = r - eta * tape.hvp(r, batch)
            p = p + r
        return np.asarray(eta * p)

    def samples_used(self) -> float:
        """Of a reused batch every sample in each factor."""
        if self.reuse:
            return self.products * self.sizes()[0]
        return sum(self.sizes())

    def law(self, loss: SampledBilevel, H: Array) -> RandomInverse:
        """Fresh batches: r r', r p', p r' and p p' from V, step by step."""
        if self.reuse:
            return self._reused(loss, H)
        eta = self.step(loss)
        A = self.factors(loss, H)
        average = mean(A)
        shares = [Batches(b, self.replace).share(len(H), loss) for b in self.sizes()]
        power = total = np.eye(len(average), dtype=int)
        for _ in shares:
            power = average @ power
            total = total + power

        def squared(V: Array) -> Array:
            rr = rp = pr = pp = V
            for share in shares:
                rr = square(A, rr, share)
                forth = average @ rp
                back = pr @ average
                pp = pp + forth + back + rr
                rp = forth + rr
                pr = back + rr
            return np.asarray(eta * eta * pp)

        return RandomInverse(eta * total, squared)

    def _reused(self, loss: SampledBilevel, H: Array) -> RandomInverse:
        """The mean over every batch of the series of its Hessian."""
        eta = self.step(loss)
        A = self.factors(loss, H)
        inverses = []
        chances = []
        for batch, chance in Batches(self.sizes()[0], self.replace).atoms(len(H), loss):
            factor = mean(A[list(batch)])
            power = total = np.eye(len(factor), dtype=int)
            for _ in range(self.products):
                power = factor @ power
                total = total + power
            inverses.append(eta * total)
            chances.append(chance)

        weighed = list(zip(chances, inverses, strict=True))

        def squared(V: Array) -> Array:
            return np.asarray(sum(p * (K @ V @ K.T) for p, K in weighed))

        return RandomInverse(np.asarray(sum(p * K for p, K in weighed)), squared)
