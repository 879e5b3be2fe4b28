"""The figure on the log objective: its claim, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


CASES = {
    "another G": ({"value": lambda x: x + 1e-9}, {"data": "digits", "T": 10, "part": "curve"}),
    "another G'": ({"slope": lambda x: x + 1e-6}, {"data": "diabetes", "T": 100, "part": "curve"}),
    "bound too small": (
        {"bound": lambda x: 0.9 * x},
        {"data": "digits", "T": 10**4, "part": "largest"},
    ),
    "bound loose": (
        {"bound": lambda x: 1.01 * x},
        {"data": "synthetic", "T": 10**4, "part": "largest"},
    ),
    "bound not twice the largest slope at T = 1": (
        {"bound": lambda x: 1.001 * x},
        {"T": 1, "part": "largest"},
    ),
    "repaired loose": (
        {"repaired": lambda x: 1.01 * x},
        {"data": "synthetic", "T": 10**4, "part": "largest"},
    ),
    "printed sharp": ({"printed": lambda x: 100.0}, {"data": "diabetes"}),
    "limit": ({"limit": lambda x: 1.01 * x}, {"data": "digits", "T": 10**4, "part": "largest"}),
    "G'' below its bound": (
        {"curvature": lambda x: -3.0},
        {"data": "digits", "T": 10, "part": "curve"},
    ),
    "convex": ({"curvature": abs}, {"data": "synthetic", "T": 10, "part": "curve"}),
    "minimiser": (
        {"minimizer": lambda x: x * (1 + 1e-6)},
        {"data": "diabetes", "T": 100, "part": "largest"},
    ),
    "law of the minimiser": (
        {"minimizer_law": lambda x: 1.01 * x},
        {"data": "digits", "T": 10**4, "part": "largest"},
    ),
    "a tame naive meta-gradient": (
        {"naive": lambda x: x / 10},
        {"data": "synthetic", "T": 100, "part": "curve"},
    ),
}


@pytest.mark.parametrize("change, where", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where):
    with pytest.raises(AssertionError):
        figure.check(altered(table, change, where))
