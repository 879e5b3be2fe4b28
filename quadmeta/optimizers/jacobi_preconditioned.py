"""A linear method along D^-1 grad f with the diagonal D of the Hessian."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array
from quadmeta._validate.matrices import require_positive
from quadmeta.optimizers.parts.along.around import Around
from quadmeta.optimizers.parts.along.direction import (
    DirectedTransition,
    Preconditioned,
    Preconditioner,
    hessian_of,
)
from quadmeta.optimizers.parts.transition import Inner


@dataclass(frozen=True, repr=False)
class JacobiPreconditioned(Around):
    """The steps of ``optimizer`` along D^-1 grad f, D = diag H(alpha), on a quadratic inner loss.

    D follows the hyperparameters, and the exact hypergradient knows it.

    Parameters
    ----------
    optimizer
        a linear method, such as ``GradientDescent`` or ``HeavyBall``.

    Raises
    ------
    ValueError
        another optimizer; where it runs, an inner loss that is not quadratic, or a diagonal that
        is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.Ridge(([[1.0, 0.1], [2.0, 0.3]], [1.0, 3.0]), ([[1.0, 1.0]], [1.2]))
    >>> loss = qm.OuterLoss(problem, qm.JacobiPreconditioned(qm.GradientDescent(20, 0.9)))
    >>> bool(np.allclose(loss.gradient([0.1]), loss.definition([0.1])))
    True
    """

    def preconditioner(self, inner: Inner) -> Preconditioner:
        """diag H.

        Raises
        ------
        ValueError
            an inner loss that is not quadratic, or a diagonal that is not positive.
        """
        diagonal = np.diagonal(hessian_of(inner, self)).copy()
        require_positive(
            "the diagonal of the inner Hessian", diagonal, "add a ridge, or leave zero columns out"
        )
        return Preconditioner(diagonal, _diagonal)

    def direction(self, inner: Inner) -> Preconditioned:
        """D^-1 grad f."""
        return Preconditioned(inner, self.preconditioner(inner))

    def transition(self) -> DirectedTransition:
        """That of the method, along D^-1 grad f."""
        return DirectedTransition(self.optimizer.transition(), self.direction)

    def __repr__(self) -> str:
        return f"JacobiPreconditioned({self.optimizer!r})"


def _diagonal(X: Array) -> Array:
    """The diagonal part of a matrix."""
    return np.diag(np.diagonal(X))
