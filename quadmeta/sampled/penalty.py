"""Two runs, one of them penalised by the outer loss, and no product with a Hessian, as F2SA."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import flag
from quadmeta.sampled.parts.base import Moments
from quadmeta.sampled.parts.bilevel import SampledBilevel, Samples, positive
from quadmeta.sampled.parts.hypergradients import (
    SampledHypergradient,
    gathered,
    inner_law,
    require_held,
    require_short,
    sampled,
)
from quadmeta.sampled.parts.laws import (
    Batches,
    Source,
    fourth_of_sources,
    second_of_sources,
    square,
)
from quadmeta.sampled.parts.sampled_tape import SampledTape


@dataclass(frozen=True)
class Penalty(SampledHypergradient):
    """s (d_alpha L_i(y_T) - d_alpha L_i(w_T)), the difference of two runs from one start:

    y <- y - eta (grad L_i(y) + g_j(y) / s),   w <- w - eta grad L_i'(w)

    At exact minimisers and with a constant mixed derivative it is C'(H + G / s)^-1 g(w_*), a bias
    of order 1 / s. With independent samples the variance grows like s^2; with the same samples in
    both runs s (y - w) runs as a linear system of its own, and the variance stays bounded.

    Parameters
    ----------
    strength
        s > 0.
    shared
        the same inner samples in both runs.

    Raises
    ------
    ValueError
        a strength that is not > 0.

    Examples
    --------
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=20, step_size=0.25)
    >>> apart = qm.moments(loss, [0.5], qm.Penalty(strength=100.0))
    >>> together = qm.moments(loss, [0.5], qm.Penalty(strength=100.0, shared=True))
    >>> [round(float(np.sqrt(x.variance[0, 0])), 2) for x in (apart, together)]
    [7.52, 0.06]
    """

    strength: Any
    shared: bool = False
    reference = "Kwon, Kwon, Wright, Nowak 2023 (F2SA)"

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", positive("strength", self.strength))
        object.__setattr__(self, "shared", flag("shared", self.shared))

    def estimate(self, tape: SampledTape) -> Array:
        """Both runs step by step, then one sample for both derivatives in alpha."""
        loss = tape.objective
        s = loss.number("strength", self.strength)
        y = w = loss.start
        for _ in range(loss.steps):
            batch = tape.inner(loss.batch, loss.replace)
            other = batch
            if not self.shared:
                other = tape.inner(loss.batch, loss.replace)
            pull = tape.outer_gradient(y, tape.outer()) / s
            y = y - loss.step_size * (tape.inner_gradient(y, batch) + pull)
            w = w - loss.step_size * tape.inner_gradient(w, other)
        last = tape.inner()
        return np.asarray(s * (tape.slope(y, last) - tape.slope(w, last)))

    def cost(self, objective: Any) -> Mapping[str, float]:
        """Two runs and an outer gradient a step; a derivative in alpha counts as a gradient."""
        loss = sampled(objective)
        return {
            "inner_gradients": float(2 * loss.steps * loss.batch + 2),
            "hvps": 0.0,
            "mixed": 0.0,
            "outer_gradients": float(loss.steps),
        }

    @np.errstate(over="ignore", invalid="ignore")
    def mean(self, objective: Any, theta: Any) -> Array:
        """The exact mean (h,) alone: second moments of (y_T, w_T, 1)."""
        loss = sampled(objective)
        samples = loss.samples(theta)
        forms = self._forms(loss, samples)
        return _mean(loss, forms, second_of_sources(*self._law(loss, samples), loss.steps, loss))

    @np.errstate(over="ignore", invalid="ignore")
    def moments(self, objective: Any, theta: Any) -> Moments:
        """By the second moments of (y_T, w_T, 1) where the mixed derivative is constant, else the
        fourth.

        Raises
        ------
        ValueError
            fourth moments of a state of length 2P + 1 > 13, or of too many combinations of
            samples in a step: the remedies are ``mean`` and ``qm.draws``.
        OverflowError
            moments beyond float64.
        """
        loss = sampled(objective)
        samples = loss.samples(theta)
        sources, start = self._law(loss, samples)
        forms = self._forms(loss, samples)
        n, h, size, _ = forms.shape
        S = second_of_sources(sources, start, loss.steps, loss)
        if (loss.hessian_slopes == 0).all():
            # z'B z = 2 z'b for B with the column b in the place of the 1
            lines = 2 * forms[..., -1]
            second = square(lines, S, loss.ratio(1, 1))
        else:
            require_short(size)
            M4 = fourth_of_sources(sources, start, loss.steps, loss)
            paired = M4.reshape(size * size, size * size)
            second = square(forms.reshape(n, h, size * size), paired, loss.ratio(1, 1))
        return gathered(loss, theta, _mean(loss, forms, S), second, self.cost(loss))

    def _law(self, loss: SampledBilevel, samples: Samples) -> tuple[list[Source], Array]:
        """What each sample adds to a step on (y, w, 1), and the start."""
        P = loss.parameters
        one = loss.ratio(1, 1)
        plain, _ = inner_law(loss, samples)
        pull = -loss.step_size / loss.number("strength", self.strength) * samples.G
        first = _placed(plain[:, :P], 0, P, loss)
        second = _placed(plain[:, :P], P, P, loss)
        outer = _placed(pull, 0, P, loss)
        # the last row, which keeps the 1, belongs to no sample
        outer[:, -1, -1] = one
        inner = Batches(loss.batch, loss.replace)
        sources = [Source(outer, Batches()), Source(first, inner), Source(second, inner)]
        if self.shared:
            sources = [Source(outer, Batches()), Source(first + second, inner)]
        return sources, np.concatenate([loss.start, loss.start, [one]])

    def _forms(self, loss: SampledBilevel, samples: Samples) -> Array:
        """B_ik (n, h, 2P + 1, 2P + 1), symmetric: sample i makes the estimate z'B_ik z."""
        n, h, P, _ = samples.J.shape
        half = loss.number("strength", self.strength) * samples.J * loss.ratio(1, 2)
        forms = np.full((n, h, 2 * P + 1, 2 * P + 1), loss.ratio(0, 1))
        for sign, own in ((1, slice(0, P)), (-1, slice(P, 2 * P))):
            forms[:, :, own, own] = sign * half[..., :P]
            forms[:, :, own, -1] = sign * half[..., P]
            forms[:, :, -1, own] = sign * half[..., P]
        return forms


def _mean(loss: SampledBilevel, forms: Array, S: Array) -> Array:
    """E z'B_i z."""
    return require_held(loss, np.einsum("nkab,ab->k", forms, S) / len(forms))


def _placed(rows: Array, place: int, P: int, loss: SampledBilevel) -> Array:
    """Matrices (n, P, P + 1) on (w, 1) as ones on (y, w, 1), in the rows and columns of one of the
    two.
    """
    found = np.full((len(rows), 2 * P + 1, 2 * P + 1), loss.ratio(0, 1))
    found[:, place : place + P, place : place + P] = rows[..., :P]
    found[:, place : place + P, -1] = rows[..., P]
    return found
