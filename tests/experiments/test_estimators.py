"""The figure on the estimators: its claim, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn

pytest.importorskip("sklearn")


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert all(ax.get_lines() and (not ax.axison or ax.get_xlabel()) for ax in fig.axes)


def both(alter):
    """The same change of estimate and closed form."""
    return {"measured": alter, "theory": alter}


CASES = {
    "an error": (
        {"measured": lambda x: x + 1e-9},
        {"name": "truncated", "parameter": 1},
        "closed form",
    ),
    "a filter": (
        {"theory": lambda x: x + 1e-9},
        {"name": "fixed gradient", "part": "filter"},
        "closed form",
    ),
    "the cost": ({"hvps": lambda x: x + 1}, {"name": "implicit"}, "published"),
    "reverse is not exact": (both(lambda x: x + 1e-9), {"name": "reverse"}, "not exact"),
    "a discount is exact": (
        both(lambda x: 0.0),
        {"name": "discounted", "parameter": 0.98},
        "should not be",
    ),
    "a discount is close": (
        both(lambda x: 0.01),
        {"name": "discounted", "parameter": 0.98},
        "a discount",
    ),
    "longer is worse": (
        both(lambda x: 0.99),
        {"name": "truncated", "parameter": 38},
        "longer truncation",
    ),
    "another gap": (both(lambda x: x + 0.01), {"name": "implicit"}, "implicit gap"),
    "transients stay": (
        both(lambda x: 0.2),
        {"name": "matrix discount", "part": "near"},
        "transient",
    ),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))
