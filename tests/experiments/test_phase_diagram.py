"""The figure on where held-out data pay: its claim, controls, what is drawn."""

import numpy as np
import pytest

from experiments import phase_diagram
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    panels = [ax for ax in fig.axes if ax.get_xlabel()]
    assert len(panels) == 2
    assert all(ax.get_lines() for ax in panels) and all(ax.get_ylabel() for ax in panels[:6:2])


CASES = {
    "border of not training": ({"worse_than_zero": lambda x: 2 * x + 0.1}, {}, "not training"),
    "border of the fair split": ({"fair_split": lambda x: 2 * x}, {}, "fair split"),
    "border of the factor 2": ({"factor_two": lambda x: 2 * x}, {}, "factor 2"),
    "better than ridge": ({"theory": lambda x: x + 0.05}, {"reading": "split"}, "against ridge"),
    "far from ridge": ({"theory": lambda x: x - 0.05}, {"reading": "split"}, "against ridge"),
    "tasks off the limit": ({"measured": lambda x: x and x + 0.2}, {}, "tasks against the limit"),
    "too few tasks": ({"error": lambda x: x and 10 * x}, {}, "too wide"),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


def test_colours_of_the_map_keep_the_order_in_grey_and_tell_both_sides_apart():
    shades = phase_diagram.colours(np.linspace(-1, 1, 41))
    grey = shades @ [0.2126, 0.7152, 0.0722]
    assert ((0 <= shades) & (shades <= 1)).all()
    assert (np.diff(grey[:21]) > 0).all() and (np.diff(grey[20:]) < 0).all()
    assert (shades[:20, 2] > shades[:20, 0]).all() and (shades[21:, 0] > shades[21:, 2]).all()
    assert grey[-1] < grey[0] - 0.1
