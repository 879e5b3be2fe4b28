"""What the figure on SGD claims, asserted of its rows."""

from typing import Any

import numpy as np

from experiments.sgd.rows import SEED
from experiments.shared.tables import Rows


def check(rows: Rows) -> None:
    """Samples where they may be trusted, floors, walls, slopes, the choice on real data, the laws
    of the best step.
    """
    of = {
        part: [row for row in rows if row["part"] == part] for part in {row["part"] for row in rows}
    }
    limit = {row["kind"]: row for row in of["limit"]}
    assert off(limit["mean square"]) < 1e-9, (
        "the mean-square limit is not where the spectral radius is 1"
    )
    assert limit["low"]["x"] < 1 < limit["high"]["x"], "the bracket of the mean-square limit"
    assert limit["fourth"]["x"] < 0.7, "fourth moments contract up to the mean-square limit"
    for row in (row for row in (*of["loss"], *of["data"]) if row["paths"]):
        z = (1 - 10 ** (row["log10_theory"] - row["log10_measured"])) / row["relative_error"]
        if row["x"] < limit["fourth"]["x"]:
            assert abs(z) < 4, (
                f"{row['kind']}, x = {row['x']}, T = {row['T']}: the sample is {z:.1f} errors off"
            )
        if row["part"] == "loss" and row["x"] > 1 and row["T"] == 1000:
            assert z < -4 and row["log10_measured"] < 5 and row["log10_theory"] > 20, (
                "the sample mean finds the wall"
            )
    check_walls(of["loss"])
    check_slopes(of["slope"])
    check_patients(of["data"], of["choice"])
    check_best(of["best"])


def check_walls(rows: Rows) -> None:
    """The floor below the limit, the wall above it, and gradient descent beyond."""
    loss = {(row["kind"], row["T"], row["x"]): row for row in rows if not row["paths"]}
    last = max(T for _, T, _ in loss)
    for (kind, T, x), row in loss.items():
        if T == last and kind == "sgd" and x < 0.99:
            assert off(row, "theory", "law") < 1e-9, (
                f"x = {x}: F is not at its floor after {T} steps"
            )
        if T == last and x > 1.01:
            assert row["log10_theory"] > 100, f"x = {x}: no explosion after {T} steps"
        if kind == "gd" and 1.05 < x < 3.2:
            assert row["log10_theory"] < 0 < loss["sgd", T, x]["log10_theory"], (
                f"x = {x}: gradient descent against SGD"
            )


def check_slopes(rows: Rows) -> None:
    """F' vanishes or explodes without noise, settles with noise; G' is bounded, and vanishes like
    1/T with noise.
    """
    last = max(row["T"] for row in rows)
    for row in rows:
        where = f"{row['kind']}, sigma = {row['sigma']}, x = {row['x']}, T = {row['T']}"
        assert row["log10_measured"] is None or off(row) < 1e-9, (
            f"{where}: steps of the moments are off"
        )
        if row["T"] == last and row["log10_law"] is not None:
            assert off(row, "theory", "law") < 1e-3, f"{where}: not at its limit"
        if row["T"] == last and row["kind"] == "naive" and row["log10_law"] is None:
            assert row["log10_theory"] * (row["x"] - 1) > 100, (
                f"{where}: neither vanishing nor exploding"
            )
        if row["kind"] == "log":
            noisy = row["sigma"] > 0 and row["x"] < 1
            assert abs(row["log10_theory"]) < 2 or noisy and row["T"] > 10, (
                f"{where}: the log objective"
            )
            assert row["T"] < last or not noisy or row["log10_theory"] < 3 - np.log10(last), (
                f"{where}: not like 1/T"
            )


def check_patients(rows: Rows, choices: Rows) -> None:
    """Each minimiser is least on the line; held-out patients tune well, the training loss worse
    than w = 0.
    """
    best = {(row["kind"], row["draw"]): row for row in choices}
    for name in ("train", "validation"):
        line = sorted(
            (row["x"], row["log10_theory"])
            for row in rows
            if row["kind"] == name and not row["paths"]
        )
        k = min(range(len(line)), key=lambda k: line[k][1])
        x = best[name, SEED]["x"]
        assert line[k - 1][0] < x < line[k + 1][0], (
            f"the best step on the {name} loss, {x}, is not where it is least"
        )
    for (name, draw), row in best.items():
        assert off(row) < 1e-9, (
            f"the held-out loss of draw {draw} at the best step on the {name} loss"
        )
        assert row["log10_theory"] >= best["validation", draw]["log10_theory"], (
            f"draw {draw}: not best on held-out"
        )
        assert name == "train" or row["log10_theory"] < 0, (
            f"draw {draw}: held-out patients do not beat w = 0"
        )
    worse = [row["log10_theory"] > 0 for row in choices if row["kind"] == "train"]
    assert sum(worse) > 0.8 * len(worse), (
        f"{sum(worse)} of {len(worse)} draws tuned on the training loss lose to w = 0"
    )


def check_best(rows: Rows) -> None:
    """Exact minimisers against their laws."""
    for row in rows:
        slack = {"isotropic": 1e-9, "gd": 0.45 / row["T"]}.get(row["kind"], 10 / row["T"])
        if row["T"] > 1000 or row["kind"] in ("isotropic", "gd"):
            gap = off(row, "measured", "law")
            assert gap < slack, (
                f"{row['kind']}, T = {row['T']}: the best step is off its law by a factor "
                f"10^{gap:.2g}"
            )


def off(row: dict[str, Any], one: str = "measured", other: str = "theory") -> float:
    """Distance of two columns in decades."""
    return float(abs(row[f"log10_{one}"] - row[f"log10_{other}"]))
