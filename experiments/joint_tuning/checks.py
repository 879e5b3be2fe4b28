"""What the figure on joint tuning claims, asserted of its rows."""

import numpy as np

from experiments.joint_tuning.rows import WAYS
from experiments.shared.tables import Rows, select


def last(rows: Rows, way: str, T: int, column: str = "theory") -> float:
    """The mean over seeds of what a way of cleaning ends with."""
    own = select(rows, part="cleaning", way=way, T=T)
    steps = max(row["step"] for row in own)
    return float(np.mean([row[column] for row in select(own, step=steps)]))


def horizons(rows: Rows, part: str) -> list[int]:
    """Every T of a part."""
    return sorted({row["T"] for row in select(rows, part=part)})


def excess(rows: Rows, way: str, T: int) -> float:
    """The median over starts of the ridge's loss, relative to the best of all ways, less 1."""
    own = select(rows, part="ridge", T=T)
    best = min(row["theory"] for row in own)
    return float(np.median([row["theory"] / best - 1 for row in select(own, way=way)]))


def check(rows: Rows) -> None:
    """Closed forms against loops, every step lower, and who wins where."""
    for row in rows:
        where = f"{row['part']}, {row['way']}, T = {row['T']}, seed {row['seed']}"
        if row["measured"] is not None:
            off = abs(row["measured"] / row["theory"] - 1)
            assert off < 1e-9, f"closed form and loop differ by {off:.3g}: {where}"
    for way in WAYS:
        for row in select(rows, part="cleaning", way=way, step=0):
            path = select(rows, part="cleaning", way=way, T=row["T"], seed=row["seed"])
            values = [one["theory"] for one in path]
            assert (np.diff(values) <= 0).all(), f"a step of {way} raises the loss"
    for T in horizons(rows, "cleaning"):
        losses = {way: last(rows, way, T) for way in WAYS}
        assert min(losses, key=losses.__getitem__) == "together", f"T = {T}: {losses}"
        if T != 10:
            continue
        shares = {way: last(rows, way, 10, "accuracy") for way in WAYS}
        gain = shares["together"] - shares["one at a time"]
        assert gain > 0.05, f"accuracies at T = 10: {shares}"
    for T in horizons(rows, "ridge"):
        together, apart = (excess(rows, way, T) for way in ("together", "one at a time"))
        # a gain of few steps, and none of many
        if T <= 5:
            assert together < 0.7 * apart, f"ridge, T = {T}: {together:.3g} against {apart:.3g}"
        if T >= 50:
            assert together > apart, f"ridge, T = {T}: {together:.3g} against {apart:.3g}"
