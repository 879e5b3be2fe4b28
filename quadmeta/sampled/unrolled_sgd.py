"""Back-propagation through a run of stochastic gradient descent, along its own samples."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.sampled.parts.base import Moments
from quadmeta.sampled.parts.bilevel import SampledBilevel, Samples
from quadmeta.sampled.parts.hypergradients import (
    SampledHypergradient,
    fourth,
    gathered,
    inner_law,
    require_held,
    sampled,
)
from quadmeta.sampled.parts.laws import Batches, mean, second_moment, square
from quadmeta.sampled.parts.sampled_tape import SampledTape


@dataclass(frozen=True)
class UnrolledSgd(SampledHypergradient):
    """The exact derivative of one sampled outer loss of w_T, the samples held fixed.

    It is unbiased for the derivative of the expected outer loss E L_2(w_T), not for the unrolled
    hypergradient of L_2(E w_T): their signs can differ.

    Examples
    --------
    >>> import quadmeta as qm
    >>> loss = qm.SampledBilevel.ridge(
    ...     [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=20, step_size=0.25)
    >>> found = qm.moments(loss, [0.5], qm.UnrolledSgd())
    >>> round(float(found.mean[0]), 4), round(float(found.truth[0]), 4)
    (0.066, 0.0741)
    """

    reference = "Ji, Yang, Liang 2021; derived here"

    def estimate(self, tape: SampledTape) -> Array:
        """Reverse mode through the states and batches that the tape has kept."""
        r = tape.outer_gradient(tape.run(), tape.outer())
        eta = tape.objective.step_size
        total: Any = 0
        for w, batch in zip(tape.states[-2::-1], tape.batches[::-1], strict=True):
            total = total - eta * tape.mixed(w, r, batch)
            r = r - eta * tape.hvp(r, batch)
        return np.asarray(total)

    def cost(self, objective: Any) -> Mapping[str, float]:
        """The run, and as many products of either kind."""
        loss = sampled(objective)
        used = float(loss.steps * loss.batch)
        return {"inner_gradients": used, "hvps": used, "mixed": used, "outer_gradients": 1.0}

    @np.errstate(over="ignore", invalid="ignore")
    def mean(self, objective: Any, theta: Any) -> Array:
        """The exact mean (h,) alone, for P (h + 1) of hundreds: the tangent of the second moment
        of w_T.
        """
        loss = sampled(objective)
        samples = loss.samples(theta)
        share = Batches(loss.batch, loss.replace).share(len(samples.H), loss)
        matrices, start = _tangent_law(loss, samples)
        S = second_moment(matrices, start, loss.steps, share)
        return require_held(loss, _mean(loss, samples, S))

    @np.errstate(over="ignore", invalid="ignore")
    def moments(self, objective: Any, theta: Any) -> Moments:
        """By the second and fourth moments of (w_T, dw_T / d alpha, 1).

        Raises
        ------
        ValueError
            fourth moments of a state of length P (h + 1) + 1 > 13: the remedies are ``mean`` and
            ``qm.draws``.
        OverflowError
            moments beyond float64.
        """
        loss = sampled(objective)
        samples = loss.samples(theta)
        M4 = fourth(loss, *_tangent_law(loss, samples))
        average = self.mean(loss, theta)
        h, P = loss.hyperparameters, loss.parameters
        lifted = [*range(P), P * (h + 1)]
        # E[D_kp D_lq (w, 1)_e (w, 1)_f], then over the outer samples that give g_p g_q
        slopes = M4[P : P * (h + 1), P : P * (h + 1)][:, :, lifted][:, :, :, lifted]
        paired = square(samples.G, slopes.reshape(h, P, h, P, P + 1, P + 1), loss.ratio(1, 1))
        second = np.einsum("kplqpq->kl", paired)
        found = gathered(loss, theta, average, second, self.cost(loss))
        return replace(found, target=found.mean)


def _tangent_law(loss: SampledBilevel, samples: Samples) -> tuple[Array, Array]:
    """A step on (w, D_1, ..., D_h, 1): D_k <- D_k - eta (H_i D_k + J_ik (w, 1))."""
    n, h, P, _ = samples.J.shape
    plain, _ = inner_law(loss, samples)
    size = P * (h + 1) + 1
    zero = loss.ratio(0, 1)
    matrices = np.full((n, size, size), zero)
    lifted = [*range(P), size - 1]
    matrices[np.ix_(range(n), lifted, lifted)] = plain
    for k in range(h):
        own = range(P * (k + 1), P * (k + 2))
        matrices[np.ix_(range(n), own, own)] = plain[:, :P, :P]
        matrices[np.ix_(range(n), own, lifted)] = -loss.step_size * samples.J[:, k]
    start = np.full(size, zero)
    start[:P] = loss.start
    start[-1] = loss.ratio(1, 1)
    return matrices, start


def _mean(loss: SampledBilevel, samples: Samples, S: Array) -> Array:
    """E sum_p D_kp (G (w, 1))_p."""
    h, P = loss.hyperparameters, loss.parameters
    lifted = [*range(P), P * (h + 1)]
    slopes = S[P : P * (h + 1)][:, lifted].reshape(h, P, P + 1)
    return np.asarray(np.einsum("kpe,pe->k", slopes, mean(samples.G)))
