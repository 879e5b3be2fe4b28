"""Estimators of a hypergradient from samples: what they share, and the exact moments of those that
end in -J_i(w_T) K g_j(w_T) with a random matrix K.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import flag, instance, natural
from quadmeta.sampled.parts.base import Moments, SampledEstimator
from quadmeta.sampled.parts.bilevel import EXAMPLE, SampledBilevel, Samples, positive, require_batch
from quadmeta.sampled.parts.laws import (
    Batches,
    fourth_moment,
    mean,
    mean_square_radius,
    second_moment,
    square,
)
from quadmeta.sampled.parts.sampled_tape import SampledTape, from_generator

FEW = 20
"""Most parameters for which the stability of the inner run is computed."""
MOST = 13
"""Longest state whose fourth moments are computed."""


@dataclass(frozen=True)
class SampledHypergradient(SampledEstimator):
    """An estimator that sees a ``SampledTape`` and nothing else, so that it can be drawn, and run
    on every sequence of samples.
    """

    @abstractmethod
    def estimate(self, tape: SampledTape) -> Array:
        """The estimate (h,) from the oracles of a tape."""

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> Array:
        """From a run in float64 whose samples the generator draws."""
        loss = sampled(objective).rounded
        self.check(loss)
        return self.estimate(SampledTape(loss, theta, from_generator(random)))

    def check(self, loss: SampledBilevel) -> None:
        """Refuse a problem with fewer samples than are drawn without replacement."""


class RandomInverse(NamedTuple):
    """A random matrix K in place of the inverse Hessian."""

    mean: Array
    """E[K] (P, P)."""
    square: Callable[[Array], Array]
    """V (..., P, P) -> E[K V K']."""


@dataclass(frozen=True, kw_only=True)
class InverseEstimator(SampledHypergradient):
    """-J_i(w_T) K g_j(w_T) with samples i, j and a matrix K that are independent of w_T and of each
    other; K has a step size.
    """

    step_size: Any = None

    def __post_init__(self) -> None:
        if self.step_size is not None:
            object.__setattr__(self, "step_size", positive("step_size", self.step_size))

    def step(self, loss: SampledBilevel) -> Any:
        """The step size of K, by default that of the inner run."""
        if self.step_size is None:
            return loss.step_size
        return loss.number("step_size", self.step_size)

    @abstractmethod
    def solved(self, tape: SampledTape, g: Array) -> Array:
        """K g, by products with sampled Hessians."""

    @abstractmethod
    def law(self, loss: SampledBilevel, H: Array) -> RandomInverse:
        """The first two moments of K for the samples H_i (n, P, P)."""

    @abstractmethod
    def samples_used(self) -> float:
        """Products with Hessians of samples, on average."""

    def estimate(self, tape: SampledTape) -> Array:
        """A run, one outer sample, K, one inner sample."""
        w = tape.run()
        v = self.solved(tape, tape.outer_gradient(w, tape.outer()))
        return -tape.mixed(w, v, tape.inner())

    def cost(self, objective: Any) -> Mapping[str, float]:
        """The run, a gradient, a mixed product, and the products of K."""
        loss = sampled(objective)
        return {
            "inner_gradients": float(loss.steps * loss.batch),
            "hvps": float(self.samples_used()),
            "mixed": 1.0,
            "outer_gradients": 1.0,
        }

    @np.errstate(over="ignore", invalid="ignore")
    def mean(self, objective: Any, theta: Any) -> Array:
        """The exact mean (h,) alone, for any P: O(n P^3) a step."""
        loss = sampled(objective)
        self.check(loss)
        samples = loss.samples(theta)
        S = second_moment(*inner_law(loss, samples), loss.steps, _share(loss))
        return require_held(loss, _mean(samples, self.law(loss, samples.H).mean, S))

    @np.errstate(over="ignore", invalid="ignore")
    def moments(self, objective: Any, theta: Any) -> Moments:
        """By the second moments of (w_T, 1) where J_i does not depend on w, else the fourth.

        Raises
        ------
        ValueError
            fourth moments for P > 12: the remedies are ``mean``, a problem whose mixed derivative
            is constant (no hessian_slopes), and ``qm.draws``.
        OverflowError
            moments beyond float64.
        """
        loss = sampled(objective)
        self.check(loss)
        samples = loss.samples(theta)
        matrices, start = inner_law(loss, samples)
        share = _share(loss)
        K = self.law(loss, samples.H)
        S = second_moment(matrices, start, loss.steps, share)
        average = _mean(samples, K.mean, S)
        if (loss.hessian_slopes == 0).all():
            # J_i = (0, j_i): E[hh'] = E[j_i E[K X K'] j_i'], X = E[g_j g_j']
            X = square(samples.G, S, loss.ratio(1, 1))
            second = square(samples.J[..., -1], K.square(X), loss.ratio(1, 1))
        else:
            M4 = fourth(loss, matrices, start)
            # indices c, d of (w, 1) in J_i, e and f in g_j
            V = square(samples.G, M4.transpose(0, 2, 1, 3), loss.ratio(1, 1))
            Z = K.square(V)
            P = len(start) - 1
            paired = Z.transpose(2, 0, 3, 1).reshape(P * (P + 1), P * (P + 1))
            J = samples.J.reshape(len(samples.J), loss.hyperparameters, -1)
            second = square(J, paired, loss.ratio(1, 1))
        return gathered(loss, theta, average, second, self.cost(loss))


def gathered(
    loss: SampledBilevel, theta: Any, average: Array, second: Array, cost: Mapping[str, float]
) -> Moments:
    """Moments from a mean and second moments.

    Of few parameters the notes have ``mean_square_radius``, the factor that a step of the inner
    run puts on the second moments of its error in the long run: above 1 the variance grows with T.
    """
    covariance = second - average[:, None] * average[None, :]
    require_held(loss, covariance)
    notes = {}
    if loss.parameters <= FEW:
        steps = np.eye(loss.parameters) - float(loss.step_size) * loss.rounded.samples(theta).H
        notes["mean_square_radius"] = mean_square_radius(steps, float(_share(loss)))
    truth = loss.gradient(theta)
    return Moments(average, covariance, target=None, truth=truth, cost=cost, notes=notes)


def require_held(loss: SampledBilevel, found: Array) -> Array:
    """Moments that float64 holds."""
    if not loss.exact and not np.isfinite(found).all():
        raise OverflowError(
            f"the moments after {loss.steps} steps of size {loss.step_size:g} are beyond float64: "
            f"take smaller or fewer steps"
        )
    return found


def sampled(objective: Any) -> SampledBilevel:
    """The objective of these estimators."""
    return instance("objective", objective, SampledBilevel, EXAMPLE)


def inner_law(loss: SampledBilevel, samples: Samples) -> tuple[Array, Array]:
    """The matrices of a step on (w, 1), one a sample, and the start."""
    n, P = samples.b.shape
    eta = loss.step_size
    matrices = np.zeros((n, P + 1, P + 1), dtype=samples.H.dtype)
    matrices[...] = loss.ratio(0, 1)
    matrices[:, :P, :P] = np.eye(P, dtype=int) - eta * samples.H
    matrices[:, :P, P] = eta * samples.b
    matrices[:, P, P] = loss.ratio(1, 1)
    return matrices, np.append(loss.start, loss.ratio(1, 1))


def require_short(length: int) -> None:
    """Fourth moments of a state of this length are within reach."""
    if length > MOST:
        raise ValueError(
            f"a covariance needs the fourth moments of a state of length {length}, at most "
            f"{MOST} is computed: take estimator.mean, a problem whose hessian_slopes are 0, or "
            f"qm.draws"
        )


def fourth(loss: SampledBilevel, matrices: Array, start: Array) -> Array:
    """Fourth moments of the state at the end of the run."""
    require_short(len(start))
    return fourth_moment(matrices, start, loss.steps, Batches(loss.batch, loss.replace), loss)


def _share(loss: SampledBilevel) -> Any:
    return Batches(loss.batch, loss.replace).share(len(loss.hessians), loss)


def _mean(samples: Samples, K: Array, S: Array) -> Array:
    """-sum J_k' K G S over the matrices J_k (P, P + 1) of the mean mixed derivative."""
    return np.asarray(-np.einsum("kac,ac->k", mean(samples.J), K @ mean(samples.G) @ S))


@dataclass(frozen=True, kw_only=True)
class SeriesEstimator(InverseEstimator):
    """One whose K is made of batches of Hessians."""

    replace: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "replace", flag("replace", self.replace))

    def sizes(self) -> tuple[int, ...]:
        """All sizes of batches."""
        return ()

    def check(self, loss: SampledBilevel) -> None:
        """No batch is larger than the data without replacement."""
        for size in self.sizes():
            require_batch("batch", size, len(loss.hessians), self.replace)

    def factors(self, loss: SampledBilevel, H: Array) -> Array:
        """A_i = I - eta H_i."""
        return np.asarray(np.eye(H.shape[-1], dtype=int) - self.step(loss) * H)


def counted(name: str, value: Any) -> int:
    """A batch: at least one sample."""
    return natural(name, value, "pass the number of samples of a batch, at least 1")
