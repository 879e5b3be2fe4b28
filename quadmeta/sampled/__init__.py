"""Estimators that draw: one a file. Each draws estimates, and says what it has on average, how
much it scatters and what it costs, exactly.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.sampled.evolution_strategies import EvolutionStrategies as EvolutionStrategies
    from quadmeta.sampled.noise_reuse import NoiseReuse as NoiseReuse
    from quadmeta.sampled.parts.base import (
        Draws as Draws,
        Moments as Moments,
        SampledEstimator as SampledEstimator,
        draws as draws,
        moments as moments,
    )
    from quadmeta.sampled.persistent_evolution import PersistentEvolution as PersistentEvolution
    from quadmeta.sampled.simultaneous_perturbation import (
        SimultaneousPerturbation as SimultaneousPerturbation,
    )
    from quadmeta.sampled.single_evolution import SingleEvolution as SingleEvolution
    from quadmeta.sampled.truncated_evolution import TruncatedEvolution as TruncatedEvolution
else:
    from quadmeta._registry import family

    _SHARED = {
        "Draws": "parts.base",
        "Moments": "parts.base",
        "SampledEstimator": "parts.base",
        "draws": "parts.base",
        "moments": "parts.base",
    }
    __getattr__, __dir__ = family("sampled", _SHARED)
