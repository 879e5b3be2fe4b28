"""The oracles by topic: importing this module keeps all of them."""

from tests.attack import (
    bends,
    costs,
    discount,
    growth,
    implicit,
    inverses,
    least_squares,
    step_size,
    stochastic,
    tasks,
)

TOPICS = (
    step_size,
    growth,
    discount,
    bends,
    least_squares,
    implicit,
    costs,
    stochastic,
    tasks,
    inverses,
)
