"""The figure on meta-descent: its claim, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    """Markers for what was measured, lines for theory."""
    fig = drawn(figure, table)
    assert len(fig.axes) == 3 and fig.axes[0].get_ylabel()
    for ax in fig.axes:
        assert ax.get_xlabel() and ax.has_data()
        assert all(len(line.get_xydata()) for line in ax.get_lines())
    marked = {line.get_marker() in ("None", "none") for line in fig.axes[2].get_lines()}
    assert marked == {True, False}


@pytest.mark.parametrize(
    "where, change, message",
    [
        ({"kind": "arrival"}, lambda row: {"measured": row["theory"] + 1}, "bound on k fails"),
        ({"kind": "arrival"}, lambda row: {"theory": 10**6 * row["theory"]}, "is vacuous"),
        (
            {"kind": "share", "method": "G, as printed"},
            lambda row: {"measured": 0.1},
            "printed step",
        ),
        (
            {"kind": "share", "method": "F, as in the figure"},
            lambda row: {"measured": 0.1},
            "or on F",
        ),
        (
            {"kind": "share", "method": "G, covariant"},
            lambda row: {"measured": row["measured"] / 2},
            "does not arrive",
        ),
        ({"kind": "share", "method": "Newton"}, lambda row: {"measured": 0.9}, "Newton"),
        ({"kind": "scan", "method": "F"}, lambda row: {"measured": 1.0}, "as many meta-steps"),
        ({"kind": "far right"}, lambda row: {"theory": 1.3 * row["theory"]}, "law far right"),
        ({"kind": "tail"}, lambda row: {"theory": row["theory"] / 10}, "law tail"),
        ({"kind": "kink", "T": 10**5}, lambda row: {"theory": 1.3 * row["theory"]}, "envelope"),
        ({"kind": "kink", "T": 10**5}, lambda row: {"theory": 0.9 * row["theory"]}, "envelope"),
        ({"kind": "k_c"}, lambda row: {"x": row["x"] / 4}, "k_c"),
        ({"kind": "last"}, lambda row: {"theory": 1}, "bound on k fails"),
        ({"kind": "last"}, lambda row: {"theory": 10 * row["theory"]}, "vacuous"),
    ],
)
def test_an_altered_table_fails(figure, table, where, change, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))
