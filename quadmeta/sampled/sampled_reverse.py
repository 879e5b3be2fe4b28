"""The minibatch meta-gradient: reverse mode along one run of SGD."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import natural, show
from quadmeta.objectives.naive_objective import NaiveObjective
from quadmeta.problems.noisy_quadratic import NoisyQuadratic
from quadmeta.problems.streaming_gaussian import StreamingGaussian
from quadmeta.sampled.parts import additive, streaming
from quadmeta.sampled.parts.base import Moments, SampledEstimator


@dataclass(frozen=True)
class SampledReverse(SampledEstimator):
    """<grad f(w_T), d w_T / d eta> along one run of SGD, its samples taken as fixed: the derivative
    of the loss that this run ends at.

    It is unbiased for the derivative of the expected loss. Under additive noise mean and variance
    stay bounded for the same step sizes. Under streaming features the variance diverges first, at
    ``fourth_moment_limit``, below the ``mean_square_limit`` up to which the mean converges.

    Parameters
    ----------
    K
        how many of the last steps are differentiated; None for all of them. With fewer it is
        truncated, and under noise pushes the step size to 0.

    Raises
    ------
    ValueError
        K < 1, K > T, or a problem other than ``NoisyQuadratic`` and ``StreamingGaussian``.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.StreamingGaussian.from_spectrum([1.0], error=[1.0], sigma=0.5)
    >>> loss = qm.NaiveObjective(problem, qm.StochasticGradientDescent(steps=100))
    >>> found = qm.moments(loss, 0.4, qm.SampledReverse())
    >>> round(found.mean.to_float(), 6), f"{found.variance.to_float() ** 0.5:.3g}"
    (0.390625, '1.03e+05')
    """

    K: int | None = None
    reference = "Franceschi, Donini, Frasconi, Pontil 2017"

    def __post_init__(self) -> None:
        if self.K is not None:
            object.__setattr__(self, "K", natural("K", self.K))

    def _read(self, objective: Any, theta: Any) -> tuple[Any, float, int]:
        """The problem, the step size, and the first step that is differentiated."""
        kinds = NoisyQuadratic | StreamingGaussian
        if not isinstance(objective, NaiveObjective) or not isinstance(objective.problem, kinds):
            raise ValueError(
                f"objective = {show(objective)} has no runs here: pass NaiveObjective(problem, "
                "StochasticGradientDescent(steps)) of a NoisyQuadratic or StreamingGaussian"
            )
        eta = objective.optimizer.read(theta)
        if eta.ndim:
            raise ValueError(f"step_size has shape {eta.shape}: pass one number")
        T = objective.optimizer.steps
        last = T if self.K is None else self.K
        if last > T:
            raise ValueError(f"K = {last} exceeds the T = {T} steps of the run: pass K <= T")
        return objective.problem, float(eta), T - last

    def draw(self, objective: Any, theta: Any, random: np.random.Generator) -> float:
        """From one run, with its tangent carried along: the same number as backwards."""
        problem, eta, first = self._read(objective, theta)
        w = problem.start
        tangent = np.zeros_like(w)
        for t in range(objective.optimizer.steps):
            if t == first:
                tangent = np.zeros_like(w)
            gradient, product = _sampled(problem, w, tangent, random)
            tangent = tangent - eta * product - gradient
            w = w - eta * gradient
        return float(problem.gradient(w) @ tangent)

    def moments(self, objective: Any, theta: Any) -> Moments:
        """Under additive noise from the joint normal law of w_T and its tangent, T products of
        matrices (d, d); under streaming isotropic features from the fourth moments of two runs with
        the same samples, T products of matrices (7, 7).
        """
        problem, eta, first = self._read(objective, theta)
        T = objective.optimizer.steps
        part = additive if isinstance(problem, NoisyQuadratic) else streaming
        mean, second = part.moments(problem, eta, T, first)
        target = None if first else mean
        return Moments(
            mean=mean,
            variance=second,
            target=target,
            truth=objective.gradient(eta),
            cost=self.cost(objective),
            notes={"diverges": bool(eta >= part.limit(problem))},
        )

    def cost(self, objective: Any) -> Mapping[str, float]:
        """One run and its reverse."""
        T = objective.optimizer.steps
        last = T if self.K is None else self.K
        return {
            "inner_gradients": float(T),
            "hvps": float(last - 1),
            "mixed": float(last),
            "outer_gradients": 1.0,
        }


def _sampled(problem: Any, w: Any, tangent: Any, random: np.random.Generator) -> tuple[Any, Any]:
    """The gradient of one sample at w, and the product of its Hessian with the tangent."""
    if isinstance(problem, NoisyQuadratic):
        return problem.noisy_gradient(w, random), problem.gradient(tangent)
    x = random.standard_normal(w.shape) * np.sqrt(problem.eigenvalues.astype(float))
    if problem.basis is not None:
        x = problem.basis @ x
    residual = x @ w - float(problem.sigma) * random.standard_normal()
    return residual * x, (x @ tangent) * x
