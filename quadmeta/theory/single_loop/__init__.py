"""Stochastic bilevel algorithms with constant steps as what they are on quadratics: linear systems
with random coefficients.

``fixed``: the solution v beside moving weights, at fixed hyperparameters; ``isotropic``: all three
sequences of SOBA where Hessians are isotropic, with its borders of stability; ``finite``: any
finite sum.

Source: derived; the algorithm is that of Dagreou, Ablin, Vaiter and Moreau 2022.
"""

from quadmeta.theory.single_loop.finite import SingleLoop
from quadmeta.theory.single_loop.fixed import (
    SplitError,
    after_inner,
    beside_inner,
    beside_limit,
    inner_error,
    penalty_error,
)
from quadmeta.theory.single_loop.isotropic import IsotropicLoop, mean_limit, mean_square_limit

__all__ = [
    "IsotropicLoop",
    "SingleLoop",
    "SplitError",
    "after_inner",
    "beside_inner",
    "beside_limit",
    "inner_error",
    "mean_limit",
    "mean_square_limit",
    "penalty_error",
]
