"""The figure on data cleaning: its claim, controls, what is drawn."""

import pytest

from experiments.shared.places import PROJECT
from quadmeta.harness import from_csv
from tests.helpers import altered, drawn

pytest.importorskip("sklearn")


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert all(ax.get_lines() and (not ax.axison or ax.get_xlabel()) for ax in fig.axes)


CASES = {
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


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


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
def test_the_caption_is_checked_on_the_published_table(figure, change, where, message):
    published = (PROJECT.figures(False) / "data_cleaning.csv").read_bytes()
    figure.check(from_csv(published))
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(published, change, where))
