"""Spectral filters: at w_0 = w_* each estimator of a hypergradient returns -J(w_*) f(H) grad
L_2(w_*), and this is f. Its relative error in the direction of an eigenvalue is 1 - lambda
f(lambda), the ``..._residual``.

``series``: Neumann, unrolled, truncated, discounted, momentum; ``krylov``: Chebyshev, conjugate
gradients, and the bound that no method crosses; ``low_rank``: Nystrom, Kronecker factors.
"""

from quadmeta.theory.filters.krylov import (
    MinimaxInstance,
    chebyshev,
    chebyshev_residual,
    conjugate_gradients,
    minimax,
    minimax_instance,
    preconditioned,
)
from quadmeta.theory.filters.low_rank import (
    kronecker,
    kronecker_residual,
    nystrom,
    nystrom_residual,
)
from quadmeta.theory.filters.series import (
    chebyshev_series,
    discounted,
    implicit,
    momentum,
    momentum_residual,
    neumann,
    neumann_residual,
    surrogate,
    unrolled,
    unrolled_residual,
)

__all__ = [
    "MinimaxInstance",
    "chebyshev",
    "chebyshev_residual",
    "chebyshev_series",
    "conjugate_gradients",
    "discounted",
    "implicit",
    "kronecker",
    "kronecker_residual",
    "minimax",
    "minimax_instance",
    "momentum",
    "momentum_residual",
    "neumann",
    "neumann_residual",
    "nystrom",
    "nystrom_residual",
    "preconditioned",
    "surrogate",
    "unrolled",
    "unrolled_residual",
]
