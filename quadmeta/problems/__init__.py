"""Inner problems: one a file."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.problems.auxiliary_tasks import AuxiliaryTasks as AuxiliaryTasks
    from quadmeta.problems.averaged_least_squares import (
        AveragedLeastSquares as AveragedLeastSquares,
    )
    from quadmeta.problems.coupled import Coupled as Coupled
    from quadmeta.problems.data_cleaning import DataCleaning as DataCleaning
    from quadmeta.problems.least_squares import LeastSquares as LeastSquares
    from quadmeta.problems.log_cosh import LogCosh as LogCosh
    from quadmeta.problems.marchenko_pastur import MarchenkoPastur as MarchenkoPastur
    from quadmeta.problems.noisy_quadratic import NoisyQuadratic as NoisyQuadratic
    from quadmeta.problems.operator_quadratic import OperatorQuadratic as OperatorQuadratic
    from quadmeta.problems.parts.base import (
        Modes as Modes,
        Problem as Problem,
        QuadraticProblem as QuadraticProblem,
    )
    from quadmeta.problems.parts.bilevel import (
        BilevelProblem as BilevelProblem,
        InnerLoss as InnerLoss,
    )
    from quadmeta.problems.parts.quadratic_bilevel import (
        QuadraticBilevel as QuadraticBilevel,
        QuadraticInnerLoss as QuadraticInnerLoss,
    )
    from quadmeta.problems.parts.regression import RegressionProblem as RegressionProblem
    from quadmeta.problems.parts.stochastic import StochasticProblem as StochasticProblem
    from quadmeta.problems.quadratic import Quadratic as Quadratic
    from quadmeta.problems.ridge import Ridge as Ridge
    from quadmeta.problems.sampled_rows import SampledRows as SampledRows
    from quadmeta.problems.streaming_gaussian import StreamingGaussian as StreamingGaussian
    from quadmeta.problems.task_weights import TaskWeights as TaskWeights
else:
    from quadmeta._registry import family

    _SHARED = {
        "Modes": "parts.base",
        "Problem": "parts.base",
        "QuadraticProblem": "parts.base",
        "RegressionProblem": "parts.regression",
        "StochasticProblem": "parts.stochastic",
        "BilevelProblem": "parts.bilevel",
        "InnerLoss": "parts.bilevel",
        "QuadraticBilevel": "parts.quadratic_bilevel",
        "QuadraticInnerLoss": "parts.quadratic_bilevel",
    }
    __getattr__, __dir__ = family("problems", _SHARED)
