"""What the figure on schedules claims, asserted of its rows."""

import numpy as np

from experiments.schedules.rows import RIPPLES
from experiments.shared.tables import Rows


def check(rows: Rows) -> None:
    """Where each descent ends, the learned steps, every loss at every T, the orders, the
    landscapes and the slopes.
    """
    of = {
        part: [row for row in rows if row["part"] == part]
        for part in ("descent", "root", "horizon", "order", "ripple", "slope")
    }
    floor = min(row["theory"] for row in of["descent"])
    for row in (row for row in of["descent"] if row["index"] is not None):
        kind = row["kind"]
        off = row["measured"] - row["theory"]
        if kind == "plain, random":
            assert off > 0.1, f"plain descent has arrived: {off:.3g} decades above the minimum"
        else:
            assert abs(off) < 1e-9, (
                f"{kind}: descent ends {off:.3g} decades off its stationary point"
            )
            if kind.endswith("constant") and not kind.startswith("nearly"):
                want = row["T"] - 1
            else:
                want = 0
            assert row["index"] == want, f"{kind}: Morse index {row['index']} instead of {want}"
            assert want == 0 or row["theory"] > floor + 0.5, (
                f"{kind}: the saddle is no worse than the minimum"
            )
    assert min(row["measured"] for row in of["descent"]) > floor - 1e-9, (
        "a schedule beats conjugate gradients"
    )
    for kind in {row["kind"] for row in of["root"]}:
        own = [row for row in of["root"] if row["kind"] == kind]
        assert all(
            abs(row["measured"] / row["theory"] - 1) < 1e-9 and row["index"] == 0 for row in own
        ), f"{kind}: learned steps are not the inverse Ritz values"
        away = max(abs(row["other"] / row["theory"] - 1) for row in own)
        assert away < 1e-12 if kind == "chebyshev" else away > 0.3, (
            f"{kind}: Chebyshev's are {away:.3g} away"
        )
    check_horizons(of["horizon"])
    for row in of["order"]:
        where = f"{row['kind']} order, T = {row['T']}"
        assert -4 < row["measured"] - row["theory"] < 1, f"error against growth: {where}"
        good = row["kind"] == "Lebedev-Finogenov"
        assert not good or row["measured"] < -14, f"error of 10^{row['measured']:.3g}: {where}"
    most = max(row["T"] for row in of["order"])
    longest = {row["kind"]: row["measured"] for row in of["order"] if row["T"] == most}
    assert min(longest["rising"], longest["falling"]) > 30 and -12 < longest["random"] < 0, (
        f"orders: {longest}"
    )
    for row in of["ripple"]:
        assert row["measured"] is None or abs(row["measured"] - row["theory"]) < 1e-12, (
            f"unrolled G and closed form: {row['kind']}, eta L = {row['x']}"
        )
    found = minima(rows)
    assert found["gradient descent"] == 1 < found["Nesterov"] < found["heavy ball"], (
        f"local minima: {found}"
    )
    check_slopes(of["slope"])


def check_horizons(rows: Rows) -> None:
    """Runs against closed forms, conjugate gradients least of all, the predicted loss of digits."""
    theory = {(row["kind"], row["T"]): row["theory"] for row in rows}
    for row in rows:
        kind = row["kind"]
        T = row["T"]
        where = f"{row['kind']}, T = {row['T']}"
        best = theory["conjugate gradients", T]
        assert row["theory"] > best - 1e-9, f"below the least loss: {where}"
        if row["measured"] is None:
            off = 0.0
        else:
            off = row["measured"] - row["theory"]
        if kind in ("schedule", "conjugate gradients") and T > 16:
            assert -1e-9 < off, f"below the least loss: {where}"
        else:
            assert abs(off) < 1e-9, f"run and closed form: {where}"
        if kind == "schedule" and row["other"] > row["theory"] + 1e-3:
            ratio = (10 ** row["measured"] - 10 ** row["theory"]) / (
                10 ** row["other"] - 10 ** row["theory"]
            )
            assert 1e-3 < ratio < 10, (
                f"rounded steps add {ratio:.3g} times what is predicted: {where}"
            )
        if kind in ("Nesterov", "heavy ball"):
            gain = theory["constant", T] - row["theory"]
            assert gain > (-1e-9 if T == 1 else 0.05), f"momentum does not help: {where}"
        if kind == "Chebyshev":
            assert (row["theory"] < theory["constant", T]) == (T > 14), (
                f"Chebyshev against a constant step: {where}"
            )
    longest = max(row["T"] for row in rows)
    lost = [
        row["measured"] - row["theory"]
        for row in rows
        if row["kind"] == "schedule" and row["T"] == longest
    ]
    assert lost[0] > 2, f"rounding the best {longest} steps costs only {lost[0]:.3g} decades"


def check_slopes(rows: Rows) -> None:
    """Gradient descent within its bound, which is tight; momentum on its linear law."""
    longest = max(row["T"] for row in rows)
    for row in rows:
        ratio = row["measured"] / row["theory"]
        where = f"{row['kind']}, T = {row['T']}: {row['measured']:.6g}"
        if row["kind"] == "gradient descent":
            assert ratio <= 1 and (row["T"] > 1 or abs(ratio - 0.5) < 1e-6), f"bound of {where}"
            assert row["T"] < longest or ratio > 0.95, f"the bound is loose for {where}"
        else:
            assert abs(row["measured"] - row["theory"]) < 1, f"linear law of {where}"
            assert row["T"] < longest or row["measured"] > 4, f"no growth of {where}"


def minima(rows: Rows) -> dict[str, int]:
    """The number of local minima of each landscape: G' changes from - to +."""
    sign = {
        kind: np.sign(
            [row["other"] for row in rows if (row["part"], row["kind"]) == ("ripple", kind)]
        )
        for kind in RIPPLES
    }
    return {kind: int(((s[:-1] < 0) & (s[1:] > 0)).sum()) for kind, s in sign.items()}
