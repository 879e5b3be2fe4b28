"""The figures of the hypergradient estimators: smoke settings, altered tables, the published one,
what is drawn.
"""

from pathlib import Path

import pytest

from experiments import data_cleaning, estimators
from experiments.shared.places import PROJECT
from quadmeta.harness.results import from_csv
from tests.helpers import altered, drawn, smoke_tables

pytest.importorskip("sklearn")
MODULES = {"data_cleaning": data_cleaning, "estimators": estimators}


@pytest.fixture(scope="module")
def tables():
    """The tables of the smoke settings."""
    return smoke_tables(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_claim_holds_and_the_figure_draws_cleanly(tables, name):
    fig = drawn(MODULES[name], tables[name])
    assert all(ax.get_lines() and (not ax.axison or ax.get_xlabel()) for ax in fig.axes)


CLEANING = {
    "exact is not": (
        {"error": lambda x: 1e-9},
        {"method": "exact", "place": "along the run"},
        "relative error",
    ),
    "forward is not exact": ({"error": lambda x: 1e-9}, {"method": "forward"}, "relative error"),
    "DrMAD exact from a cold start": (
        {"error": lambda x: 0.0},
        {"method": "DrMAD", "place": "cold"},
        "relative error",
    ),
    "DrMAD off at the minimum": (
        {"error": lambda x: 1e-3},
        {"method": "DrMAD", "place": "warm"},
        "relative error",
    ),
    "T Neumann terms are not enough": (
        {"error": lambda x: 1e-6},
        {"method": "Neumann, T - 1", "place": "warm"},
        "rel",
    ),
    "a discount turns": (
        {"cosine": lambda x: x + 1e-6},
        {"method": "discounted, 0.9", "place": "warm"},
        "direction",
    ),
    "another length": (
        {"ratio": lambda x: 1.001 * x},
        {"method": "discounted, 0.99", "place": "warm"},
        "S_T",
    ),
    "another cost": ({"mixed": lambda x: x + 1}, {"method": "exact"}, "published"),
    "the oracle is the worst": ({"accuracy": lambda x: 0.1}, {"method": "oracle"}, "oracle"),
    "no tuning ranks": ({"auc": lambda x: 0.51}, {"method": "no tuning"}, "baselines"),
    "a useless method": (
        {"auc": lambda x: 0.5},
        {"method": "truncated, 5", "place": "last"},
        "wrong labels",
    ),
}


def both(alter):
    """The same change of estimate and closed form."""
    return {"measured": alter, "theory": alter}


ESTIMATORS = {
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


@pytest.mark.parametrize(
    "name, change, where, message",
    [
        pytest.param(name, *case, id=f"{name}: {label}")
        for name, cases in (("data_cleaning", CLEANING), ("estimators", ESTIMATORS))
        for label, case in cases.items()
    ],
)
def test_an_altered_table_fails(tables, name, change, where, message):
    with pytest.raises(AssertionError, match=message):
        MODULES[name].check(altered(tables[name], change, where))


@pytest.mark.parametrize(
    "change, where, message",
    [
        ({"cosine": lambda x: 0.7}, {"method": "one step", "place": "along the run"}, "direction"),
        (
            {"accuracy": lambda x: x + 0.01},
            {"method": "exact", "place": "last"},
            "one standard deviation",
        ),
        ({"auc": lambda x: 0.9}, {"method": "Neumann, 9", "place": "last"}, "not extreme"),
    ],
)
def test_the_caption_is_checked_on_the_published_table(change, where, message):
    published: Path = PROJECT.figures(False) / "data_cleaning.csv"
    data_cleaning.check(from_csv(published.read_bytes()))
    with pytest.raises(AssertionError, match=message):
        data_cleaning.check(altered(published.read_bytes(), change, where))
