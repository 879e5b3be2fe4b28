"""A linear method along P^-1 grad f with a fixed matrix P > 0."""

from dataclasses import dataclass

import numpy as np

from quadmeta._types import Numbers
from quadmeta._validate import finite, show
from quadmeta._validate.matrices import require_positive, require_square, symmetrised
from quadmeta.optimizers.parts.along.around import Around
from quadmeta.optimizers.parts.along.direction import (
    DirectedTransition,
    Preconditioned as Along,
    Preconditioner,
)
from quadmeta.optimizers.parts.transition import Inner


@dataclass(frozen=True, repr=False, eq=False)
class Preconditioned(Around):
    """The steps of ``optimizer`` along P^-1 grad f: its run on f in the variables P^(1/2) w.

    It is an inner optimizer of ``OuterLoss``; exact hypergradients cost what those of the method
    do. P does not depend on the hyperparameters.

    Parameters
    ----------
    optimizer
        a linear method, such as ``GradientDescent`` or ``HeavyBall``.
    matrix
        P, symmetric and positive definite (p, p), or its diagonal (p,); one for all outputs.

    Raises
    ------
    ValueError
        another optimizer, or a matrix that is not positive definite.

    Examples
    --------
    With P = H one step solves the inner problem, and w_* does not depend on the start:

    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.01, 1.0], h=2, seed=0)
    >>> newton = qm.Preconditioned(qm.GradientDescent(1, step_size=1.0), problem.hessian)
    >>> loss = qm.OuterLoss(problem, newton)
    >>> bool(np.allclose(loss.gradient([0.0, 0.0]), loss.implicit([0.0, 0.0])))
    True
    """

    matrix: Numbers

    def __post_init__(self) -> None:
        super().__post_init__()
        P = finite("matrix", self.matrix)
        if P.ndim == 1 and P.size:
            require_positive("matrix", P, "pass the diagonal of a positive definite matrix")
        else:
            require_square("matrix", P)
            P = symmetrised("matrix", P)
            lowest = np.linalg.eigvalsh(P)[0]
            if lowest <= 0:
                raise ValueError(
                    f"matrix = {show(P)} has the eigenvalue {lowest:.6g}, every one must be > 0: "
                    "pass a positive definite matrix, or add a multiple of the identity"
                )
        object.__setattr__(self, "matrix", P)

    def preconditioner(self, inner: Inner) -> Preconditioner:
        """P, which does not follow H.

        Raises
        ------
        ValueError
            weights of another length.
        """
        P = np.asarray(self.matrix)
        H = getattr(inner, "H", P)
        if len(H) != len(P):
            raise ValueError(
                f"matrix has {len(P)} rows, the inner Hessian {len(H)}: pass one row a weight of "
                "one output"
            )
        return Preconditioner(P)

    def direction(self, inner: Inner) -> Along:
        """P^-1 grad f."""
        return Along(inner, self.preconditioner(inner))

    def transition(self) -> DirectedTransition:
        """That of the method, along P^-1 grad f."""
        return DirectedTransition(self.optimizer.transition(), self.direction)

    def __repr__(self) -> str:
        return f"Preconditioned({self.optimizer!r}, matrix {np.asarray(self.matrix).shape})"
