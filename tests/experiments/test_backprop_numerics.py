"""The figure on back-propagation in floating point: its claim, controls, what is drawn."""

import pytest

from quadmeta.harness import from_csv
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    """Markers for what was measured, lines for theory."""
    fig = drawn(figure, table)
    assert len(fig.axes) == 4 and fig.axes[0].get_ylabel()
    for ax in fig.axes:
        assert ax.get_xlabel() and ax.has_data()
        assert all(len(line.get_xydata()) for line in ax.get_lines())


@pytest.mark.parametrize(
    "where, change, message",
    [
        (
            {"kind": "step", "measured": "silent zero"},
            lambda row: {"measured": "right"},
            "first failing step",
        ),
        (
            {"kind": "step", "measured": "right"},
            lambda row: {"theory": "silent zero"},
            "first failing step",
        ),
        (
            {"kind": "map", "dtype": "float64", "measured": "silent zero"},
            lambda row: {"theory": "finite"},
            "float64: ",
        ),
        (
            {"kind": "map", "dtype": "float16", "measured": "not finite"},
            lambda row: {"theory": "finite"},
            "float16: ",
        ),
        (
            {"kind": "map", "dtype": "float32"},
            lambda row: {"measured": "right", "theory": "finite"},
            "shows only",
        ),
        (
            {"kind": "renormalised", "T": 4},
            lambda row: {"measured": "inaccurate"},
            "wrong somewhere",
        ),
        (
            {"kind": "renormalised", "T": 4},
            lambda row: {"error_bar": row["error"] / 2 - 1e-30},
            "crossed",
        ),
        (
            {"kind": "renormalised"},
            lambda row: {"error_bar": 100 * row["error_bar"]},
            "never approached",
        ),
    ],
)
def test_an_altered_table_fails(figure, table, where, change, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


def test_a_horizon_one_step_late_is_noticed(figure, table):
    first = next(
        row for row in from_csv(table) if row["kind"] == "step" and row["nonfinite"] == row["T"]
    )
    where = {"kind": "step", "T": first["T"], "measured": "not finite"}
    late = altered(table, {"theory": lambda _: "finite"}, where)
    with pytest.raises(AssertionError, match="first failing step"):
        figure.check(late)
