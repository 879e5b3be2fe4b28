"""What the figure on data cleaning claims, asserted of its rows."""

from typing import Any

import numpy as np

from experiments.data_cleaning.rows import BASELINES, METHODS
from experiments.shared.tables import Rows

LONG = 100
"""Outer steps from which on the caption speaks of a run."""


def check(rows: Rows) -> None:
    """Costs, exactness at each place, one direction for all discounts at the warm start, the
    baselines' order.
    """
    for row in rows:
        spent = row["hvps"] + row["mixed"]
        assert spent == row["published"], (
            f"{row['method']}: {spent} products against {row['published']} published"
        )
    compared = [row for row in rows if row["place"] != "last"]
    always = ("exact", "forward", "truncated, T")
    warm = ("DrMAD", "matrix discount", "Neumann, T - 1")
    for row in compared:
        zero = row["method"] in always or row["method"] in warm and row["place"] == "warm"
        assert (row["error"] < 1e-10) == zero, (
            f"{row['method']}, {row['place']}: relative error {row['error']:.2g}"
        )
        theory = row["ratio_theory"]
        assert theory is None or abs(row["ratio"] / theory - 1) < 1e-10, (
            f"{row['method']}: its length is not S_T(gamma) times that of one step"
        )
    for seed in sorted({row["seed"] for row in compared}):
        same = [
            row["cosine"]
            for row in compared
            if row["ratio_theory"] is not None and row["seed"] == seed
        ]
        assert len(same) == 4 and max(same) - min(same) < 1e-10, (
            f"seed {seed}: discounts differ in direction: {same}"
        )
    accuracies, areas = (last(rows, key) for key in ("accuracy", "auc"))
    assert accuracies["oracle"].mean() > accuracies["no tuning"].mean(), (
        "the oracle is no better than no tuning"
    )
    assert set(areas["oracle"]) == {1.0} and set(areas["no tuning"]) == {0.5}, (
        "the baselines' areas are not 1 and 1/2"
    )
    for name in METHODS:
        assert areas[name].min() > 0.6, f"{name} does not find the wrong labels: {areas[name]}"
    if max(row["step"] for row in rows) >= LONG:
        check_caption(compared, accuracies, areas)


def check_caption(compared: Rows, accuracies: dict[str, Any], areas: dict[str, Any]) -> None:
    """What the caption says of long runs."""
    for name in ("one step", "discounted, 0.9", "discounted, 0.99", "fixed gradient, 0.99"):
        cold, along = (
            np.mean(
                [
                    row["cosine"]
                    for row in compared
                    if row["method"] == name and row["place"] == place
                ]
            )
            for place in ("cold", "along the run")
        )
        assert along < cold - 0.2, (
            f"{name} keeps its direction along the run: cosine {along:.2f} from {cold:.2f}"
        )
    for values, sign in ((accuracies, 1), (areas, -1)):
        off = sign * (values["implicit"] - values["exact"])
        assert off.mean() > off.std(ddof=1), "implicit and exact are within one standard deviation"
        assert all(
            sign * values["implicit"].mean() > sign * values[name].mean() - 1e-3 for name in METHODS
        ), "implicit differentiation is not extreme"


def last(rows: Rows, key: str) -> dict[str, Any]:
    """{method: values over seeds} at the last outer step."""
    return {
        name: np.array(
            [row[key] for row in rows if row["method"] == name and row["place"] == "last"]
        )
        for name in (*BASELINES, *METHODS)
    }
