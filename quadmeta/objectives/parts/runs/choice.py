"""Which optimizers have a run of their own on a bilevel problem."""

from quadmeta.objectives.parts.runs.base import OwnRun
from quadmeta.objectives.parts.runs.batch_run import BatchRun
from quadmeta.objectives.parts.runs.conjugate_run import ConjugateRun
from quadmeta.optimizers.conjugate_gradient_solver import ConjugateGradientSolver
from quadmeta.optimizers.minibatches import Minibatches
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.problems.parts.bilevel import BilevelProblem


def own_run(problem: BilevelProblem, optimizer: Optimizer) -> OwnRun | None:
    """The run of this optimizer, or None for steps along the gradient of the inner loss."""
    if isinstance(optimizer, ConjugateGradientSolver):
        return ConjugateRun(problem, optimizer)
    if isinstance(optimizer, Minibatches):
        return BatchRun(problem, optimizer)
    return None
