"""The oracles by topic: importing this module keeps all of them."""

from tests.attack import step_size

TOPICS = (step_size,)
