"""The figure on the naive meta-gradient: its claim, controls, what is drawn."""

import numpy as np
import pytest

from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


BEYOND = {"part": "bounds", "step": 2.4}
CASES = {
    "another F'": ({"measured": lambda x: x + 1e-6}, {"part": "curve", "T": 10}),
    "sign": ({"sign": lambda x: -x}, {"part": "curve", "T": 100, "step": 1.0}),
    "another leading term": ({"leading": lambda x: x + 1e-3}, {"part": "curve", "T": 1000}),
    "a remainder that is loose": ({"remainder": lambda x: 100 * x}, {"part": "curve"}),
    "a remainder that is too small": ({"remainder": lambda x: x / 2}, {"part": "curve"}),
    "rate log rho": ({"rate": lambda x: x / 2}, {"part": "curve", "T": 1000}),
    "a third exceptional point": ({"rate": lambda x: 0.0}, {"part": "curve", "T": 10, "step": 1.0}),
    "length of the band": ({"measured": lambda x: x - 0.1}, {"part": "band", "T": 10**9}),
    "law of the band": ({"theory": lambda x: x + np.log10(2)}, {"part": "band"}),
    "sharpened above F'": ({"sharpened": lambda x: x + 0.1}, BEYOND),
    "sharpened is vacuous": ({"sharpened": lambda x: None}, BEYOND),
    "sharpened is loose": ({"sharpened": lambda x: x - 0.05}, {"part": "bounds", "step": 2.5}),
    "printed speaks in its vacuous zone": (
        {"printed": lambda x: -3.0},
        {"part": "bounds", "step": 2.1},
    ),
    "printed above sharpened": ({"printed": lambda x: x + 1}, BEYOND),
}


@pytest.mark.parametrize("change, where", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where):
    with pytest.raises(AssertionError):
        figure.check(altered(table, change, where))
