"""The oracles by topic: importing this module keeps all of them."""

from tests.attack import bends, discount, implicit, least_squares, step_size, stochastic, tasks

TOPICS = (step_size, discount, bends, least_squares, implicit, stochastic, tasks)
