"""What the figure on learned weights that collapse claims, asserted of its rows."""

from math import ceil

import numpy as np

from experiments.auxiliary_collapse.rows import METHODS, REAL, START
from experiments.shared.tables import Rows


def check(rows: Rows) -> None:
    """Runs are as in closed form, within their bounds; who collapses, who is best, who is biased,
    whose sign turns.
    """
    for row in rows:
        name = f"{row['part']} {row['name']} {row['parameter']} at {row['x']}"
        if row["part"] == "digits" or row["name"] == "conjugate gradients":
            slack = 1e-6
        else:
            slack = 1e-8
        if row["theory"] is None:
            off = 0
        else:
            off = abs(row["measured"] - row["theory"])
        assert off <= slack * (1 + abs(row["theory"] or 0)), (
            f"{name}: {off:.2g} off its closed form"
        )
    paths(rows)
    fixed_points([row for row in rows if row["part"] == "fixed"])
    for row in (row for row in rows if row["part"] == "filter" and row["name"] == "Neumann"):
        turned = row["parameter"] % 2 == 1 and row["x"] > 2
        assert (row["measured"] < 0) == turned, f"sign of J = {row['parameter']} at {row['x']}"
    real(rows)


def paths(rows: Rows) -> None:
    """Panel (a)."""
    of = {
        name: [row for row in rows if (row["part"], row["name"]) == ("path", name)]
        for name in METHODS
    }
    joint, consistent, own = (of[name] for name in METHODS[:3])
    assert all(row["measured"] <= row["bound"] + 1e-12 for row in joint + own), (
        "a collapse is slower than its bound"
    )
    assert all(row["measured"] >= row["bound"] for row in consistent), (
        "a consistent task below its bound"
    )
    hit = next((row["x"] for row in joint if row["measured"] == 0), np.inf)
    slope, least = (START - joint[0][key] for key in ("measured", "bound"))
    assert hit <= ceil(START / slope) <= ceil(START / least), f"the weight is 0 after {hit} steps"
    assert own[-1]["measured"] < 1e-9, "the training set as auxiliary set keeps the weight"
    assert all(
        a["measured"] > b["measured"]
        for a, b in zip(own, own[1:], strict=False)
        if a["measured"] > 1e-9
    ), "it grows"
    assert consistent[-1]["bound"] > START / 2, "the bound of the consistent task says nothing"
    for name in ("implicit", "Neumann"):
        last = of[name][-1]
        assert abs(last["measured"] / last["limit"] - 1) < 1e-3, (
            f"{name} ends at {last['measured']}"
        )
        turn = [row["excess"] for row in of[name]]
        assert turn == sorted(turn, reverse=name == "implicit"), f"{name}: the held-out loss turns"
    best = of["implicit"][-1]["limit"]
    biased = of["Neumann"][-1]["limit"]
    assert biased < START / 2 < START < best, (
        f"best {best}, with J = 3 {biased}: not on both sides of the start"
    )
    costs = {
        "joint": (0, 0, 1, 0),
        "consistent": (0, 0, 0, 1),
        "training set": (10, 1, 1, 0),
        "implicit": (10, 1, 1, 0),
        "Neumann": (3, 1, 1, 0),
    }
    for name, cost in costs.items():
        spent = [
            tuple(row[key] / row["x"] for key in ("hvps", "mixed", "solves", "inner"))
            for row in of[name]
        ]
        assert set(spent) == {cost}, f"{name}: a step costs {spent[0]}"


def fixed_points(rows: Rows) -> None:
    """Panel (b)."""
    for scale in {row["scale"] for row in rows}:
        own = sorted((row for row in rows if row["scale"] == scale), key=lambda row: row["x"])
        for row in own:
            off = abs(row["excess"] - row["excess_theory"])
            assert off <= 1e-8 + 1e-5 * row["excess_theory"], (
                f"excess of J = {row['parameter']} is {off:.2g} off"
            )
        ratios = [(row["first"] - row["limit"]) / (row["theory"] - row["limit"]) for row in own]
        losses = [row["excess_first"] / row["excess_theory"] for row in own]
        assert abs(ratios[-1] - 1) < 0.03 and abs(losses[-1] - 1) < 0.1, (
            f"first order is off at large J: {ratios[-1]}"
        )
        assert ratios[0] < 0.5, "first order holds at J = 0 already"
        late = [row["excess"] for row in own if row["parameter"] >= 3]
        assert late == sorted(late, reverse=True) and late[0] > 0.1, (
            f"a longer series is worse: {late}"
        )


def real(rows: Rows) -> None:
    """Panel (d)."""
    of = {
        name: [row for row in rows if (row["part"], row["name"]) == ("digits", name)]
        for name in REAL
    }
    assert all(row["measured"] == 0 and row["inner"] <= row["bound"] for row in of["joint"]), (
        "joint training, digits"
    )
    apart = max(
        abs(a["measured"] - b["measured"])
        for a, b in zip(of["Neumann"], of["implicit"], strict=True)
    )
    assert apart > 0.05, f"J = 3 finds the best weights of the digits to {apart}"
    for loss in ("outer", "test"):
        found = [mean(of[name], loss) for name in ("implicit", "Neumann", "joint", "equal")]
        assert found == sorted(found), f"{loss} loss of exact, J = 3, none, equal: {found}"
    assert mean(of["pooled"], "test") < mean(of["implicit"], "test"), (
        "training on the held-out images is no better"
    )


def mean(rows: Rows, column: str) -> float:
    """Over splits."""
    return float(np.mean([row[column] for row in rows]))
