"""Population risk: the excess risk E ||w_T - w_*||^2 of the trained weights under isotropic
features.
"""

from dataclasses import dataclass

from quadmeta.objectives.parts.outer import OuterObjective


@dataclass(frozen=True, eq=False, repr=False)
class PopulationRisk(OuterObjective):
    """||w_T - w_*||^2, the mean over tasks; test root mean square error is sqrt(sigma^2 + risk).

    Raises
    ------
    ValueError
        w_* is unknown (real data).
    """

    outer = "population"
