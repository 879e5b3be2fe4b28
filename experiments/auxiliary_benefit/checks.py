"""What the figure on when auxiliary tasks help claims, asserted of its rows."""

from typing import Any

import numpy as np

from experiments.auxiliary_benefit.rows import PRODUCTS, REAL, STEPS, own_border
from experiments.shared.tables import Rows


def check(rows: Rows) -> None:
    """Both borders, the parabolas, the price of a split, the certificate and its border, and what
    real data say.
    """
    for row in rows:
        where = f"{row['part']}, {row['kind']}, {row['name']}, x = {row['x']}, y = {row['y']}"
        if row["part"] in ("map", "share", "split") and row["theory"] is not None:
            off = row["measured"] - row["theory"]
            assert abs(off) <= 4.5 * row["error"] + 1e-12, f"{off:.3g} off its closed form: {where}"
    own = {
        part: [row for row in rows if row["part"] == part]
        for part in ("map", "share", "split", "sign", "real")
    }
    for row in own["map"]:
        wide, high = (3**0.5, 3**0.5)
        if row["kind"] == "own":
            wide, high = own_border()
        border = (row["x"] / wide) ** 2 + (row["y"] / high) ** 2 - 1
        harm = row["theory"] - 1
        agrees = border * harm > 0
        if abs(border) < 1e-9:
            agrees = abs(harm) < 1e-9
        assert agrees, f"border of equal weights: {row['x']}, {row['y']}"
        near = abs(border) < 1e-9 or abs(row["measured"] - 1) < 3 * row["error"]
        assert near or (row["measured"] - 1) * border > 0, (
            f"the other side of the border: {row['x']}, {row['y']}"
        )
    for row in own["share"]:
        where = f"share {row['x']:.2f} of task {row['kind']}"
        assert row["theory"] >= 1 - row["best"] - 1e-12, f"below the best weight: {where}"
        assert (row["theory"] < 1) == (0 < row["x"] < 2 * row["best"]), f"helpful interval: {where}"
    check_split(own["split"])
    check_signs(own["sign"])
    check_real(own["real"])


def check_split(rows: Rows) -> None:
    """Learned weights pay here, by less than the best ones; weights >= 0 need fewer samples than
    free ones.
    """
    risks = {(row["name"], row["x"]): row["measured"] for row in rows}
    sizes = sorted({row["x"] for row in rows})
    for n in sizes:
        assert risks["best, all", n] < risks["learned, all", n] < 1, (
            f"learned weights against the best, n_A = {n}"
        )
        assert (
            risks["learned", n] < risks["affine", n] and risks["learned", n] < risks["alone", n]
        ), f"n_A = {n}"
    learned = [risks["learned", n] for n in sizes]
    assert len(sizes) < 5 or 0 < learned.index(min(learned)) < len(sizes) - 1, (
        f"no best split inside: {learned}"
    )


def check_signs(rows: Rows) -> None:
    """No certified sign is wrong, many are certified, wrong ones exist; the border is attained."""
    for row in rows:
        above = row["measured"] - row["theory"]
        if row["kind"] == "attained":
            assert abs(above) < 1e-12 and row["exact"] < 1e-12, (
                f"the border is not attained: {above:.2g}"
            )
        assert row["kind"] == "attained" or row["right"] or above <= 0, (
            f"a certified sign is wrong by {above:.2g}"
        )
    shown = [row for row in rows if row["kind"] == "drawn"]
    assert np.mean([row["measured"] > row["theory"] for row in shown]) > 0.3, (
        "few signs are certified"
    )
    assert np.mean([row["right"] for row in shown]) < 0.97, "no sign is wrong anyway"


def check_real(rows: Rows) -> None:
    """Joint training discards its tasks; what is solved; over many seeds, what held-out samples
    are worth.
    """
    for row in rows:
        held_out = {"grid": REAL[row["kind"]]["grid"] ** row["x"], "exact": STEPS, "Neumann": STEPS}
        assert row["solves"] == held_out.get(row["name"], row["solves"]), (
            f"{row['name']}: {row['solves']} solved"
        )
        assert row["name"] != "Neumann" or row["jvps"] == STEPS * (PRODUCTS + 1), (
            f"{row['jvps']} products"
        )
        assert row["name"] != "joint, all" or abs(row["measured"] - 1) < 1e-9, (
            "joint training keeps a task"
        )
    for kind in REAL:
        errors = ratios(rows, kind)
        if len(errors["exact"]) < 20:
            continue
        worse = [("alone, all", name) for name in ("exact", "exact, all", "equal, all")]
        for better, name in worse + [("exact", "alone")] * (kind == "diabetes"):
            gain = errors[name] - errors[better]
            assert gain.mean() > 2 * gain.std(ddof=1) / len(gain) ** 0.5, (
                f"{kind}: {better} gains {gain.mean():.2g} on {name}"
            )


def ratios(rows: Rows, kind: str) -> dict[str, Any]:
    """{method: values over seeds}."""
    return {
        name: np.array(
            [row["measured"] for row in rows if (row["kind"], row["name"]) == (kind, name)]
        )
        for name in METHODS
    }


METHODS = {
    "alone": "main task alone, training data",
    "alone, all": "main task alone, all data",
    "equal, all": r"equal weights $\phi_k=1$, all data",
    "1/K, all": r"equal weights $\phi_k=1/K$, all data",
    "joint, all": "weights trained jointly, all data",
    "grid": "grid on held-out data",
    "exact": "two-stage on held-out data",
    "Neumann": f"the same, Neumann $J={PRODUCTS}$",
    "exact, all": "two-stage, then all data",
}
