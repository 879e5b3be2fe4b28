"""The figure on stochastic hypergradients: its claims, controls, what is drawn."""

import pytest

from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 4
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


LAST = {"part": "budget", "x": 1500}
CASES = {
    "a biased simulation": ({"sample": lambda x: 1.3 * x}, LAST | {"name": "SOBA"}, "simulated"),
    "nothing simulated": ({"sample": lambda x: None}, {"name": "F2SA"}, "simulated: "),
    "parts that do not sum": ({"bias": lambda x: x + 0.01}, LAST | {"name": "F2SA"}, "do not sum"),
    "a penalty like the others": (
        lambda row: (
            {key: row[key] / 2 for key in ("bias", "deviation", "error")}
            | {"sample": row["sample"] / 4}
        ),
        LAST | {"name": "F2SA"},
        "F2SA: error like",
    ),
    "a series that stalls": (
        lambda row: (
            {key: row[key] * 1.7 for key in ("bias", "deviation", "error")} | {"sample": None}
        ),
        LAST | {"name": "series"},
        "series: error like",
    ),
    "random length below its floor": (
        lambda row: (
            {key: row[key] * 0.9 for key in ("bias", "deviation", "error")}
            | {"sample": row["sample"] * 0.81}
        ),
        LAST | {"name": "random length"},
        "below its floor",
    ),
    "a batch reused for nothing": (
        lambda row: (
            {key: row[key] * 0.5 for key in ("bias", "deviation", "error")}
            | {"sample": row["sample"] / 4}
        ),
        LAST | {"name": "reused batch"},
        "below its own error",
    ),
    "a border inside": ({"above": lambda x: -x}, {"name": "2 shared"}, "no border"),
    "borders exchanged": ({"value": lambda x: 0.7 * x}, {"name": "0.5 shared"}, "order of borders"),
    "another law": ({"value": lambda x: 0.9 * x}, {"name": "11 apart"}, "law"),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))
