"""Several least-squares tasks, every one of them with a learned weight."""

from collections.abc import Sequence
from dataclasses import dataclass

from quadmeta._types import Array, Scalar
from quadmeta._validate import shaped
from quadmeta.problems.parts.tasks import WeightedTasks
from quadmeta.problems.parts.weighted import Data


@dataclass(frozen=True, eq=False, init=False)
class TaskWeights(WeightedTasks):
    """Several least-squares tasks trained together, with a learned weight alpha_k >= 0 for each.

    The inner loss is sum_k alpha_k ||X_k W - Y_k||^2 / (2 n_k) + rho ||W||^2 / 2, the outer one
    the mean squared error / 2 on a validation set. Without a ridge w_* depends on the ratios of
    the weights only: alpha' grad F = 0, so descent lets their norm grow.

    Parameters
    ----------
    tasks
        (X_k (n_k, p), Y_k) for each task, equal p and outputs.
    validation
        (X (n_2, p), Y).
    rho
        ridge >= 0, not learned.

    Raises
    ------
    ValueError
        no task, data of different p or outputs, or a negative ridge.

    Examples
    --------
    >>> import quadmeta as qm
    >>> tasks = [([[1.0]], [1.0]), ([[1.0]], [2.0])]
    >>> problem = qm.TaskWeights(tasks, validation=([[1.0]], [2.0]))
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=50, step_size=0.5))
    >>> bool(loss([0.0, 1.0]) < loss([1.0, 0.0]))
    True
    """

    tasks: tuple[tuple[Array, Array], ...]
    validation: tuple[Array, Array]
    rho: float
    affine = True

    def __init__(self, tasks: Sequence[Data], validation: Data, rho: Scalar = 0.0) -> None:
        *trained, held_out = self._store(self._pairs(tasks), "validation", validation, rho)
        self._keep(tasks=tuple(trained), validation=held_out, hyperparameters=len(trained))

    @property
    def least(self) -> float:
        """0."""
        return 0.0

    def weights(self, alpha: Array) -> Array:
        """alpha itself."""
        alpha = shaped("alpha", alpha, (len(self.tasks),), "(tasks,), one weight a task")
        if (alpha < 0).any() or not alpha.any() and not self.rho:
            raise ValueError(
                f"alpha has the least entry {alpha.min()!r}: pass weights >= 0, not all 0 "
                "without a ridge"
            )
        return alpha

    def _chain(self, alpha: Array, values: Array) -> Array:
        return values

    def __repr__(self) -> str:
        p = self.outer_linear.shape[0]
        return f"TaskWeights(tasks={len(self.tasks)}, p={p}, rho={self.rho:.6g})"
