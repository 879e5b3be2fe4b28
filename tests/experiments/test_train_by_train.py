"""The figure on tuning by training loss or by validation: its claim, controls, what is drawn."""

import numpy as np
import pytest

from experiments.train_by_train.rows import standardised
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    panels = [ax for ax in fig.axes if ax.get_xlabel()]
    assert len(panels) == 6
    assert all(ax.get_lines() for ax in panels) and all(ax.get_ylabel() for ax in panels[:6:2])


CASES = {
    "tasks off the limit": (
        {"measured": lambda x: 1.2 * x},
        {"part": "n", "method": "oracle", "tasks": 10},
        "tasks against the limit",
    ),
    "too few tasks": (
        {"error": lambda x: x if x is None else 10 * x},
        {"data": "synthetic"},
        "too few tasks",
    ),
    "a train step on another law": (
        {"step_theory": lambda x: 0.98 * x},
        {"part": "T", "method": "train", "T": 100},
        "1/T law",
    ),
    "a validated step on another law": (
        {"step_theory": lambda x: 1.1 * x},
        {"part": "T", "method": "validation", "T": 100},
        "tau",
    ),
    "another step on the tasks": (
        {"step": lambda x: x and 1.2 * x},
        {"part": "T", "method": "train", "T": 100},
        "tuned on tasks, the train",
    ),
    "training loses to nothing": (
        {"measured": lambda x: x and 1.0, "at_step": lambda x: x and 1.0},
        {"part": "T", "method": "train", "T": 100},
        "loses to not training",
    ),
    "more gain than ridge": (
        {"theory": lambda x: x - 0.1},
        {"part": "sigma", "method": "oracle"},
        "gain outside",
    ),
    "no equality at one step": (
        {"theory": lambda x: x - 1e-4},
        {"part": "T", "method": "oracle", "T": 1},
        "no equality",
    ),
    "risk below its bound": (
        {"theory": lambda x: x / 3},
        {"part": "sigma", "method": "train"},
        "outside its bounds",
    ),
    "risk above its bound": (
        {"theory": lambda x: x + 0.01},
        {"part": "T", "method": "train", "T": 100},
        "outside its bounds",
    ),
    "a gap that falls with n": (
        {"ridge": lambda x: x / 2},
        {"part": "n", "method": "train", "n": 25},
        "rise and then",
    ),
    "the optimum as printed": (
        {"ridge": lambda x: 0.5},
        {"part": "n", "method": "validation", "n": 300},
        "not beaten",
    ),
    "training wins with few": (
        {"wins": lambda x: 0.1},
        {"data": "digits", "n": 40, "method": "train"},
        "few samples",
    ),
    "validation fails with few": (
        {"measured": lambda x: 1.5},
        {"data": "diabetes", "n": 12, "method": "validation"},
        "validation loses",
    ),
    "training fails with many": (
        {"measured": lambda x: 1.1 * x},
        {"data": "digits", "n": 1024, "method": "train"},
        "many samples",
    ),
}


@pytest.mark.parametrize("change, where, message", CASES.values(), ids=CASES)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


def test_a_column_of_equal_numbers_is_left_out_though_its_deviation_is_rounding():
    X = np.column_stack([np.full(6, 0.1), np.arange(6.0)])
    assert X[:, 0].std() > 0  # the mean of six 0.1 is not 0.1
    Z, y = standardised(np.vstack([X, [1.0, 9.0]]), np.arange(7.0), np.arange(6))
    assert Z.shape == (7, 1) and np.abs(Z).max() < 5 and y[:6].sum() == 0
