"""The figure on evolution strategies: its claims, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


SMALL = {"part": "scale", "x": 1e-4}
CASES = {
    "draws see the mean": ({"seen": lambda x: x + 1}, {"part": "seen"}),
    "smoothing makes it smaller": ({"mean": lambda x: -100.0}, {"part": "seen"}),
    "a mean that does not explode": ({"mean": lambda x: min(x, -1.0)}, {"part": "seen", "x": 1000}),
    "another spread": ({"value": lambda x: x + 0.01}, SMALL | {"name": "PES"}),
    "a light tail": ({"value": lambda x: min(x, 0.5)}, {"part": "scale", "name": "ES-Single"}),
    "equal biases": ({"mean": lambda x: -4.0}, SMALL | {"name": "PES"}),
    "telescoping for nothing": ({"value": lambda x: 0.2}, {"name": "PES, telescoped"}),
    "truncation for nothing": ({"value": lambda x: 1.0}, {"name": "truncated"}),
    "PES that truncates": ({"value": lambda x: 0.9}, {"part": "window", "name": "PES"}),
}


@pytest.mark.parametrize("change, where", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where):
    with pytest.raises(AssertionError):
        figure.check(altered(table, change, where))
