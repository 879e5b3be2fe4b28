"""Wrong estimators, each with its exact law: what a tested code may be instead."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quadmeta.conformance.stochastic.case import StochasticCase
from quadmeta.conformance.stochastic.enumeration import Beyond
from quadmeta.conformance.stochastic.expected import Expected, expected, without_fourth
from quadmeta.conformance.stochastic.law import Law, directions, enumerated
from quadmeta.sampled.evolution_strategies import EvolutionStrategies
from quadmeta.sampled.noise_reuse import NoiseReuse
from quadmeta.sampled.parts import episodes
from quadmeta.sampled.parts.base import SampledEstimator
from quadmeta.sampled.persistent_evolution import PersistentEvolution
from quadmeta.sampled.single_evolution import SingleEvolution
from quadmeta.sampled.truncated_evolution import TruncatedEvolution

Rule = Callable[[StochasticCase, Expected], Law | None]


@dataclass(frozen=True)
class Mistake:
    """A name and the law that it predicts for a case; None where it predicts nothing."""

    name: str
    law: Rule
    rough: Rule | None = None
    """The same without fourth moments, where those cost."""


def mistakes(reference: SampledEstimator) -> Iterator[Mistake]:
    """What code that is meant to be the reference may be."""
    yield Mistake("factor 1/2 of the antithetic difference missing", _scaled(2.0))
    yield Mistake("half of the estimate", _scaled(0.5))
    yield Mistake("the other sign", _scaled(-1.0))
    yield Mistake("the average of two draws: variance of a pair, not of a draw", _averaged)
    yield Mistake("the exact derivative, without noise", _exact)
    sigma = getattr(reference, "sigma", None)
    if sigma is not None:
        yield Mistake("division by sigma missing", _scaled(sigma))
        yield Mistake("divided by sigma twice", _scaled(1 / sigma))
        root = replace(reference, sigma=sigma**0.5)  # type: ignore[call-arg]
        yield _other("sigma taken for a variance", root)
    if isinstance(reference, EvolutionStrategies):
        name = "one side of the difference" if reference.antithetic else "an antithetic difference"
        yield _other(name, replace(reference, antithetic=not reference.antithetic))
    if isinstance(reference, episodes.WindowedEstimator):
        yield from _windowed(reference)


def _windowed(reference: episodes.WindowedEstimator) -> Iterator[Mistake]:
    if reference.loss == "sum":
        name = "mean instead of sum of windows"
        if isinstance(reference, NoiseReuse):
            name = "factor N of the drawn window missing"
        yield Mistake(name, _per_window(reference.window))
    settings = (reference.sigma, reference.window)
    if isinstance(reference, PersistentEvolution):
        yield _other(
            "one perturbation for all windows", SingleEvolution(*settings, loss=reference.loss)
        )
        yield Mistake("accumulator without its own window", _earlier(reference))
    if isinstance(reference, SingleEvolution):
        yield _other(
            "a fresh perturbation each window, weighed by their sum",
            PersistentEvolution(*settings, loss=reference.loss),
        )
    if isinstance(reference, PersistentEvolution | SingleEvolution):
        for loss, name in _LOSSES.items():
            # with one perturbation the changes add up to the final loss
            same = isinstance(reference, SingleEvolution) and loss == "telescoped"
            if loss != reference.loss and not same:
                yield _other(name, replace(reference, loss=loss))
        for states, name in _STATES.items():
            yield _other(name, TruncatedEvolution(*settings, states=states))


_LOSSES = {
    "final": "the final loss alone",
    "sum": "the sum of the losses of all windows",
    "telescoped": "telescoped: the changes of the loss",
}
_STATES = {
    "own": "accumulator missing: each window weighed by its own perturbation",
    "mean": "windows that begin on the unperturbed run, weighed by their own perturbation",
}


def _scaled(factor: float) -> Rule:
    return lambda case, right: right.law.scaled(factor)


def _averaged(case: StochasticCase, right: Expected) -> Law:
    return right.law.averaged(2)


def _exact(case: StochasticCase, right: Expected) -> Law:
    size = len(right.truth)
    return Law(right.truth, np.zeros((size, size)), np.zeros(len(directions(size))))


def _per_window(window: int) -> Rule:
    return lambda case, right: right.law.scaled(window / case.steps)


def _other(name: str, estimator: SampledEstimator) -> Mistake:
    def law(case: StochasticCase, right: Expected) -> Law | None:
        try:
            return expected(estimator, case).law
        except (ValueError, OverflowError):
            return None

    def rough(case: StochasticCase, right: Expected) -> Law | None:
        try:
            return without_fourth(estimator.moments(case.objective, case.theta))
        except (ValueError, OverflowError):
            return None

    return Mistake(name, law, rough)


def _earlier(reference: PersistentEvolution) -> Rule:
    """Weighed by xi_1 + ... + xi_(n-1)."""

    def law(case: StochasticCase, right: Expected) -> Law | None:
        windows = reference.windows(case.objective, case.theta)

        def draw(random: Any) -> float:
            xi = random.standard_normal(windows.count)
            values = episodes.changes(episodes.episode(windows, xi), reference.loss)
            return float((np.cumsum(xi) - xi) @ values / (2 * reference.sigma))

        try:
            return enumerated(draw, case.steps)
        except Beyond:
            return None

    return law
