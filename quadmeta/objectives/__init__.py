"""Meta-objectives: one a file. Here a problem and an optimizer meet."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.objectives.joint_loss import JointLoss as JointLoss
    from quadmeta.objectives.log_objective import LogObjective as LogObjective
    from quadmeta.objectives.mean_log_objective import MeanLogObjective as MeanLogObjective
    from quadmeta.objectives.naive_objective import NaiveObjective as NaiveObjective
    from quadmeta.objectives.outer_loss import OuterLoss as OuterLoss
    from quadmeta.objectives.parts.base import Objective as Objective
    from quadmeta.objectives.parts.transformed import TransformedObjective as TransformedObjective
    from quadmeta.objectives.population_risk import PopulationRisk as PopulationRisk
    from quadmeta.objectives.root_objective import RootObjective as RootObjective
    from quadmeta.objectives.train_by_train import TrainByTrain as TrainByTrain
    from quadmeta.objectives.train_by_validation import TrainByValidation as TrainByValidation
else:
    from quadmeta._registry import family

    _SHARED = {
        "Objective": "parts.base",
        "TransformedObjective": "parts.transformed",
    }
    __getattr__, __dir__ = family("objectives", _SHARED)
