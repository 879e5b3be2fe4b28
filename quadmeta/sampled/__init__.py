"""Estimators that draw: one a file. Each draws estimates, and says what it has on average, how
much it scatters and what it costs, exactly.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.sampled.evolution_strategies import EvolutionStrategies as EvolutionStrategies
    from quadmeta.sampled.parts.base import (
        Draws as Draws,
        Moments as Moments,
        SampledEstimator as SampledEstimator,
        draws as draws,
        moments as moments,
    )
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
