"""The figure on the choice of the discount: its claim, controls, what is drawn."""

import pytest

from quadmeta.theory.discount import minimax_gamma
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 4
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


MIDDLE = minimax_gamma(1.0, 0.1, 1.0, relative=True)
CASES = {
    "absolute, elsewhere": (
        {"measured": lambda x: 0.4, "theory": lambda x: 0.4},
        {"part": "worst", "x": 0.74},
        "abso",
    ),
    "relative, elsewhere": (
        {"relative": lambda x: 0.8, "relative_theory": lambda x: 0.8},
        {"part": "worst", "x": 0.5},
        "relative: best",
    ),
    "relative value": (
        {"relative": lambda x: x - 0.01, "relative_theory": lambda x: x - 0.01},
        {"part": "worst", "x": MIDDLE},
        "least worst",
    ),
    "below the floor": ({"floor": lambda x: x + 1e-6}, {"part": "worst"}, "floor missed"),
    "floor not met": ({"floor": lambda x: x - 1e-6}, {"part": "worst"}, "floor missed"),
    "matrix discount with a bias": (
        {"matrix": lambda x: 0.1},
        {"part": "worst"},
        "matrix discount at",
    ),
    "no angle left": ({"floor": lambda x: x / 2}, {"part": "problem"}, "leaves the angle"),
    "matrix discount no better": (
        {"matrix": lambda x: 0.1},
        {"part": "problem", "T": 80},
        "matrix discount",
    ),
    "closed form": (
        {"theory": lambda x: x * (1 + 1e-7)},
        {"part": "problem", "kind": "cold"},
        "closed form",
    ),
    "not a squared": (
        {"measured": lambda x: 0.641, "theory": lambda x: 0.641},
        {"part": "exact", "x": 0.0},
        "exact",
    ),
    "not a": (
        {"measured": lambda x: 0.79, "theory": lambda x: 0.79},
        {"part": "exact", "x": 1.0},
        "exact discount",
    ),
    "moves back": (
        {"measured": lambda x: 0.65, "theory": lambda x: 0.65},
        {"part": "exact", "x": 0.1, "T": 12},
        "exact discount",
    ),
    "an angle at the minimiser": (
        {"measured": lambda x: 1e-20},
        {"part": "angle", "kind": "log-cosh", "x": 0.0},
        "not S_T",
    ),
    "another length": (
        {"relative": lambda x: 1.001 * x},
        {"part": "angle", "x": 0.0, "T": 5},
        "not S_T",
    ),
    "linear in the distance": (
        {"measured": lambda x: 1e-15},
        {"part": "angle", "kind": "log-cosh", "x": 1e-6},
        "not quadratic",
    ),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))
