"""Population risk: the excess risk E ||w_T - w_*||^2 of the trained weights under isotropic
features.
"""

from dataclasses import dataclass

from quadmeta.objectives.parts.outer import OuterObjective


@dataclass(frozen=True, eq=False, repr=False)
class PopulationRisk(OuterObjective):
    """The excess risk of the trained weights under isotropic features.

    It is ||w_T - w_*||^2, the mean over tasks; test root mean square error is sqrt(sigma^2 + risk).

    Raises
    ------
    ValueError
        w_* is unknown (real data).

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.LeastSquares.draw(20, 5, 1.0, seed=0, validation=10)
    >>> objective = qm.PopulationRisk(problem, qm.GradientDescent(steps=10))
    >>> round(objective.minimizer(), 6)
    0.123966
    """

    outer = "population"
