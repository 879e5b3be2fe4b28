"""Estimators that draw: one a file. Each draws estimates, and says what it has on average, how
much it scatters and what it costs, exactly.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.sampled.evolution_strategies import EvolutionStrategies as EvolutionStrategies
    from quadmeta.sampled.linear_system_sgd import LinearSystemSgd as LinearSystemSgd
    from quadmeta.sampled.minibatch_neumann import MinibatchNeumann as MinibatchNeumann
    from quadmeta.sampled.noise_reuse import NoiseReuse as NoiseReuse
    from quadmeta.sampled.parts.base import (
        Draws as Draws,
        Moments as Moments,
        SampledEstimator as SampledEstimator,
        draws as draws,
        moments as moments,
    )
    from quadmeta.sampled.parts.bilevel import SampledBilevel as SampledBilevel
    from quadmeta.sampled.parts.enumeration import (
        Enumeration as Enumeration,
        enumerate_draws as enumerate_draws,
    )
    from quadmeta.sampled.parts.hypergradients import SampledHypergradient as SampledHypergradient
    from quadmeta.sampled.parts.sampled_tape import SampledTape as SampledTape
    from quadmeta.sampled.penalty import Penalty as Penalty
    from quadmeta.sampled.persistent_evolution import PersistentEvolution as PersistentEvolution
    from quadmeta.sampled.random_length_neumann import RandomLengthNeumann as RandomLengthNeumann
    from quadmeta.sampled.sampled_one_step import SampledOneStep as SampledOneStep
    from quadmeta.sampled.sampled_reverse import SampledReverse as SampledReverse
    from quadmeta.sampled.simultaneous_perturbation import (
        SimultaneousPerturbation as SimultaneousPerturbation,
    )
    from quadmeta.sampled.single_evolution import SingleEvolution as SingleEvolution
    from quadmeta.sampled.truncated_evolution import TruncatedEvolution as TruncatedEvolution
    from quadmeta.sampled.unrolled_sgd import UnrolledSgd as UnrolledSgd
    from quadmeta.sampled.windowed_reverse import WindowedReverse as WindowedReverse
else:
    from quadmeta._registry import family

    _SHARED = {
        "Draws": "parts.base",
        "Enumeration": "parts.enumeration",
        "Moments": "parts.base",
        "SampledBilevel": "parts.bilevel",
        "SampledEstimator": "parts.base",
        "SampledHypergradient": "parts.hypergradients",
        "SampledTape": "parts.sampled_tape",
        "draws": "parts.base",
        "enumerate_draws": "parts.enumeration",
        "moments": "parts.base",
    }
    __getattr__, __dir__ = family("sampled", _SHARED)
