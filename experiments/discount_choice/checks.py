"""What the figure on the choice of the discount claims, asserted of its rows."""

from experiments.discount_choice.rows import MU
from experiments.shared.tables import Rows
from quadmeta.theory import discount


def check(rows: Rows) -> None:
    """Both minimax discounts, the floor, the best discount of one problem, the exact one,
    collinearity.
    """
    for row in rows:
        for name, theory in (("measured", "theory"), ("relative", "relative_theory")):
            # the angle itself, not its square
            if row["part"] == "angle":
                power = 0.5
            else:
                power = 1.0
            assert (
                row[theory] is None
                or (row["part"], name) == ("angle", "relative")
                or abs(row[name] ** power - row[theory] ** power)
                <= 1e-8 * row[theory] ** power + 1e-14
            ), (
                f"{name} is off its closed form: {row['part']} {row['kind']}, T = {row['T']}, x "
                f"= {row['x']}"
            )
    of = {
        part: [row for row in rows if row["part"] == part]
        for part in ("worst", "problem", "exact", "angle")
    }
    least, relative = (
        min(of["worst"], key=lambda row: row[name]) for name in ("measured", "relative")
    )
    assert least["x"] == discount.minimax_gamma(1.0, MU, 1.0), f"absolute: best at {least['x']}"
    assert relative["x"] == discount.minimax_gamma(1.0, MU, 1.0, relative=True), (
        f"relative: best at {relative['x']}"
    )
    assert abs(relative["relative"] - (1 - MU) / (1 + MU)) <= 1e-8, (
        f"least worst relative bias {relative['relative']}"
    )
    assert 0 <= least["measured"] - least["floor"] + 1e-12 <= 1e-8, (
        f"floor missed by {least['measured']}"
    )
    assert least["matrix"] <= 1e-12, f"matrix discount at w_0 = w_*: {least['matrix']:.2g}"
    warm = [row for row in of["problem"] if row["kind"] == "warm"]
    best = min(warm, key=lambda row: row["measured"])
    assert best is warm[-1] and abs(best["measured"] - best["floor"]) <= 1e-8, (
        "the best discount leaves the angle"
    )
    assert min(row["measured"] for row in of["problem"]) > 10 * of["problem"][-1]["matrix"], (
        "matrix discount"
    )
    for x, kind, root in ((0.0, "cold", 0.64), (1.0, "warm", 0.8)):
        found = [row["measured"] for row in of["exact"] if (row["x"], row["kind"]) == (x, kind)]
        assert max(abs(gamma - root) for gamma in found) <= 1e-9, f"exact discount {kind}: {found}"
    for x in {row["x"] for row in of["exact"] if 0 < row["x"] < 1}:
        found = [row["measured"] for row in of["exact"] if row["x"] == x]
        assert all(a < b for a, b in zip([0.64, *found], [*found, 0.8], strict=False)), (
            f"exact discount at g_* = {x}: {found}"
        )
        assert found[-1] > 0.78, f"the exact discount does not approach a: {found[-1]} at g_* = {x}"
    for row in (row for row in of["angle"] if row["x"] == 0):
        assert (
            row["measured"] <= 1e-28 and abs(row["relative"] / row["relative_theory"] - 1) <= 1e-10
        ), (
            f"not S_T(gamma) times the one-step hypergradient at w_0 = w_*: {row['kind']}, T = "
            f"{row['T']}"
        )
    for row in (row for row in of["angle"] if 0 < row["x"] < 1e-3):
        law = {
            (other["kind"], other["T"]): other["measured"]
            for other in of["angle"]
            if other["x"] == 1e-4
        }
        ratio = row["measured"] / law[row["kind"], row["T"]] / (row["x"] / 1e-4) ** 2
        assert abs(ratio - 1) < 0.01, (
            f"1 - cos is not quadratic in the distance: {row['kind']}, T = {row['T']}"
        )
