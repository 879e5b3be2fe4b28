"""What the figure on stochastic hypergradients claims, asserted of its rows."""

import math

from experiments.shared.tables import Rows, select
from quadmeta.theory import sampled_solves


def check(rows: Rows) -> None:
    """Simulations meet the lines; rates, floors and borders are as said."""
    budgets = select(rows, part="budget")
    _simulated(budgets)
    _rates(budgets)
    _floors(budgets)
    _borders(select(rows, part="border"))


def _simulated(rows: Rows) -> None:
    for row in rows:
        place = f"{row['name']}, N = {row['x']}"
        square = row["error"] ** 2
        parts = row["bias"] ** 2 + row["deviation"] ** 2
        assert math.isclose(square, parts, rel_tol=1e-9), f"{place}: parts do not sum"
        if row["sample"] is not None:
            apart = abs(row["sample"] - square) / row["spread"]
            assert apart < 4, f"{place}: simulated {row['sample']}, exact {square}"
    simulated = {row["name"] for row in rows if row["sample"] is not None}
    assert len(simulated) == 5, f"simulated: {simulated}"


def _rates(rows: Rows) -> None:
    """Powers of N near 1/2 and 1/4, less what a logarithm takes."""
    for name, low, high in (
        ("series", -0.5, -0.34),
        ("SOBA", -0.5, -0.34),
        ("F2SA", -0.25, -0.15),
    ):
        own = select(rows, name=name)
        first, last = own[len(own) // 2], own[-1]
        power = math.log(last["error"] / first["error"]) / math.log(last["x"] / first["x"])
        assert low < power < high, f"{name}: error like N^{power}"


def _floors(rows: Rows) -> None:
    _, least = sampled_solves.random_length_floor()
    drawn = [row["error"] for row in select(rows, name="random length")]
    assert min(drawn) > math.sqrt(least), f"random length: {min(drawn)} is below its floor"
    assert drawn[-1] < 1.03 * math.sqrt(least), f"random length: {drawn[-1]} is far from its floor"
    reused = [row["error"] for row in select(rows, name="reused batch")]
    assert min(reused) > 0.17, f"reused batch: {min(reused)} is below its own error"
    series = [row["error"] for row in select(rows, name="series")]
    assert series[-1] < reused[-1] / 1.5, "a new batch for each product gains nothing"
    assert series == sorted(series, reverse=True), f"series: {series}"


def _borders(rows: Rows) -> None:
    for row in rows:
        assert row["below"] < 0 < row["above"], f"{row['name']}, rho = {row['x']}: no border"
    mean = select(rows, name="mean")[0]
    before = mean["value"]
    for nu in (0.5, 2.0, 11.0):
        shared, apart = (select(rows, name=f"{nu:g} {how}")[0] for how in ("shared", "apart"))
        assert apart["value"] < shared["value"] < before, f"nu = {nu}: order of borders"
        before = shared["value"]
        # 2 rho (1 - (5/2 + 3 nu / 2) rho) and (5/2 + 2 nu)
        for row, slope in ((shared, 2.5 + 1.5 * nu), (apart, 2.5 + 2 * nu)):
            rho = row["x"]
            law = 2 * rho * (1 - slope * rho)
            assert abs(row["value"] / law - 1) < 0.02, f"{row['name']}: {row['value']}, law {law}"
