"""How tests say that bad input is refused."""

from contextlib import contextmanager

import pytest


@contextmanager
def refused(message):
    """What is called within raises a ValueError of one line that matches ``message``."""
    with pytest.raises(ValueError, match=message) as caught:
        yield
    assert "\n" not in str(caught.value)
