"""The figure on short horizons: its claims, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


CASES = {
    "a schedule above a constant step": (
        {"value": lambda x: 2 * x},
        {"part": "schedule", "name": "optimal", "x": 1},
    ),
    "greedy steps that do not stall": (
        {"value": lambda x: x / 10},
        {"part": "schedule", "name": "greedy"},
    ),
    "another law of greedy steps": ({"value": lambda x: 1.1 * x}, {"name": "greedy law"}),
    "another law of the best schedule": ({"value": lambda x: 1.1 * x}, {"name": "optimal law"}),
    "a monotone best step": ({"value": lambda x: min(x, 0.2)}, {"name": "noise"}),
    "another tail": ({"value": lambda x: 1.05 * x}, {"name": "tail"}),
    "orders of magnitude without noise": (
        {"value": lambda x: x / 10},
        {"name": "no noise", "x": 1},
    ),
    "losses that see far": ({"value": lambda x: x + 0.3}, {"name": "loss, whole"}),
    "logarithms that do not": ({"value": lambda x: 1.4}, {"name": "log loss, truncated"}),
    "a variance that converges": ({"value": lambda x: 0.0}, {"name": "deviation"}),
    "a mean that diverges first": ({"value": lambda x: x + 0.3}, {"name": "eta_4"}),
    "a mean that has not settled": (
        {"value": lambda x: x + 1},
        {"name": "derivative", "T": 1000},
    ),
}


@pytest.mark.parametrize("change, where", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where):
    with pytest.raises(AssertionError):
        figure.check(altered(table, change, where))
