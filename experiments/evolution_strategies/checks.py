"""What the figure on evolution strategies claims, asserted of its rows."""

import math

from experiments.shared.tables import Rows, select

STEPS = 100
"""T of the part on scales."""


def check(rows: Rows) -> None:
    """Draws see the visible part; the mean leaves it; biases and spreads follow their laws."""
    _seen(select(rows, part="seen"))
    _scales(rows)
    _windows(rows)


def _seen(rows: Rows) -> None:
    for row in rows:
        # draws beyond the visible range are few, and each of them counts more: so three times the
        # distance that chance allows
        apart = abs(row["sample"] - 10 ** row["seen"])
        assert apart < 12 * row["error"] + 0.5 * 10 ** row["seen"], (
            f"T = {row['x']}: draws have the mean {row['sample']}, they see 10^{row['seen']}"
        )
        assert row["truth"] <= row["mean"] + 1e-9, f"T = {row['x']}: smoothing makes it smaller"
    first, last = rows[0], rows[-1]
    assert abs(first["mean"] - first["seen"]) < 0.01, "few steps are not seen whole"
    assert last["mean"] - last["seen"] > 100, "the mean of many steps is seen"
    assert last["truth"] < -30 < 30 < last["mean"], "the derivative vanishes and its mean explodes"


def _scales(rows: Rows) -> None:
    for name in ("ES-Single", "PES"):
        own = select(rows, part="scale", name=name)
        least, most = own[0], own[-1]
        assert abs(10 ** least["value"] - math.sqrt(2)) < 1e-2, (
            f"{name}: the spread of a small perturbation is {10 ** least['value']} |F'|"
        )
        assert most["value"] > 0.6, f"{name}: no heavy tail at sigma = {most['x']}"
    single, plain, telescoped = (
        select(rows, part="scale", name=name) for name in ("ES-Single", "PES", "PES, telescoped")
    )
    for one, other in zip(single, plain, strict=True):
        assert other["mean"] < one["mean"], f"PES smooths more at sigma = {one['x']}"
    # the biases are as 2K - 1 to 2T - 1, to leading order
    quotient = 10 ** (plain[0]["mean"] - single[0]["mean"])
    assert abs(quotient * (2 * STEPS - 1) / 9 - 1) < 0.01, f"biases of small sigma: {quotient}"
    assert plain[0]["value"] < telescoped[0]["value"] - 3, "telescoping costs nothing"
    assert single[-1]["value"] > plain[-1]["value"] + 3, "a large sigma costs both the same"


def _windows(rows: Rows) -> None:
    for name in ("truncated", "truncated, own states"):
        values = [row["value"] for row in select(rows, part="window", name=name)]
        assert values == sorted(values), f"{name}: {values}"
        assert values[0] < 0.6 < values[-1], f"{name}: {values}"
    for name in ("ES-Single", "PES"):
        own = select(rows, part="window", name=name)
        assert all(row["value"] > 1 for row in own), f"{name} is below the derivative"
