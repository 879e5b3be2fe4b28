"""The figure on joint tuning: its claims, and controls that break each."""

import pytest

from experiments.joint_tuning.rows import WAYS, cleaned, cleaning
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 4
    assert {text.get_text() for text in fig.axes[0].texts} == set(WAYS)


END = {"part": "cleaning", "T": 10, "step": 40}
CASES = {
    "a loop that differs": (
        {"measured": lambda x: x * (1 + 1e-6)},
        END | {"way": "together"},
        "closed form and loop differ",
    ),
    "a step up": (
        {"theory": lambda x: x + 0.1},
        {"part": "cleaning", "T": 10, "step": 7, "way": "one at a time"},
        "raises the loss",
    ),
    "no gain on unseen images": (
        {"accuracy": lambda x: x - 0.1},
        END | {"way": "together"},
        "accuracies at T = 10",
    ),
    "no gain of few steps": (
        {"theory": lambda x: x * 1.2, "measured": lambda x: x * 1.2},
        {"part": "ridge", "way": "together", "T": 2},
        "ridge, T = 2",
    ),
    "a gain of many": (
        {"theory": lambda x: x * 1.2, "measured": lambda x: x * 1.2},
        {"part": "ridge", "way": "one at a time", "T": 50},
        "ridge, T = 50",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_rows_are_refused(figure, table, case):
    changes, where, message = CASES[case]
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, changes, where))


def test_images_are_told_apart():
    """Training, validation and test images share none, and about 45 in 100 labels are wrong."""
    problem = cleaned(0)
    sizes = [len(part[0]) for part in (problem.train, problem.validation, problem.test)]
    assert sizes == [100, 100, 1597] and 30 < problem.corrupted.sum() < 60
    rows = cleaning(1, 0, 2)
    assert len(rows) == 3 * len(WAYS) and sum(row["accuracy"] is not None for row in rows) == 4
