"""The oracles by topic: importing this module keeps all of them."""

from tests.attack import discount, step_size

TOPICS = (step_size, discount)
