"""Several least-squares tasks, every one of them with a learned weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quadmeta._validate import shaped
from quadmeta.problems.parts.tasks import WeightedTasks

Array = Any


@dataclass(frozen=True, eq=False)
class TaskWeights(WeightedTasks):
    """One weight alpha_k >= 0 a task; L_2 is the mean squared error / 2 on a validation set.

    Without a ridge w_* depends on the ratios of the weights only: alpha' grad F = 0, so descent
    lets their norm grow.

    Parameters
    ----------
    tasks
        (X_k (n_k, p), Y_k) for each task, equal p and outputs.
    validation
        (X (n_2, p), Y).
    rho
        ridge >= 0, not learned.
    """

    tasks: Sequence[tuple[Array, Array]]
    validation: tuple[Array, Array]
    rho: float = 0.0

    def __post_init__(self) -> None:
        *tasks, validation = self._store(self._pairs(self.tasks), "validation", self.validation)
        self._keep(tasks=tuple(tasks), validation=validation)

    @property
    def hyperparameters(self) -> int:  # type: ignore[override]
        """Number of tasks."""
        return len(self.tasks)

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
        return f"TaskWeights(tasks={len(self.tasks)}, p={self.outer_linear.shape[0]}, rho={self.rho:.6g})"
