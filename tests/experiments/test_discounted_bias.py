"""The figure on the bias of the discounted hypergradient: its claim, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 4
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


CASES = {
    "bias above A": ({"measured": lambda x: 9.0}, {"part": "random", "T": 64}, "a repaired bound"),
    "bias above B'": (
        {"measured": lambda x: 99.0},
        {"part": "smooth", "T": 16},
        "a repaired bound",
    ),
    "matrix discount above E": ({"matrix": lambda x: 1.0}, {"part": "limit", "T": 256}, "bound E"),
    "another closed form": (
        {"theory": lambda x: x + 1e-9},
        {"part": "random", "T": 8},
        "closed form",
    ),
    "A above the printed bound": (
        {"printed": lambda x: 1.0},
        {"part": "random", "T": 16},
        "not the smallest",
    ),
    "A is loose": ({"A": lambda x: 1.05 * x}, {"part": "worst", "T": 1000}, "not attained"),
    "A is never near": ({"A": lambda x: 1.2 * x}, {"part": "worst", "T": 2}, "A is loose"),
    "no limit": ({"limit": lambda x: x + 1e-9}, {"part": "limit"}, "limit of the bias"),
    "asymptotically exact": (
        {"size": lambda x: 1e3 * x},
        {"part": "limit", "T": 1000},
        "matrix discount exact",
    ),
    "printed bound holds": (
        {"printed": lambda x: 9.0},
        {"part": "mark", "T": 1},
        "printed bound against",
    ),
    "bracket of the other sign": (
        {"bracket": lambda x: -x},
        {"part": "mark", "T": 128},
        "printed bound against",
    ),
    "border": ({"T": lambda T: T + 3}, {"part": "border", "mu": 0.5}, "border"),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))
