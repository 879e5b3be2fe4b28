"""What the figure on inverse Hessians claims, asserted of its rows."""

import math

import numpy as np

from experiments.shared.tables import Rows, select

POLYNOMIALS = ("one step", "Neumann", "Chebyshev")


def check(rows: Rows) -> None:
    """All four panels."""
    _seen(select(rows, part="seen"))
    _worst(select(rows, part="worst"))
    _real(select(rows, part="real"))
    _steps(select(rows, part="steps"))


def _seen(rows: Rows) -> None:
    """Estimates on eigenvectors are the polynomials; the sketch overshoots and nothing else does;
    Chebyshev's method has the smallest worst case.
    """
    for row in (row for row in rows if row["measured"] is not None):
        if row["name"] in POLYNOMIALS:
            off = abs(row["measured"] - row["theory"])
            assert off < 1e-9, f"{row['name']}: the estimate is {off:.2g} off its filter"
    of = {name: select(rows, name=name) for name in (*POLYNOMIALS, "Nystrom")}
    worst = {name: max(row["theory"] for row in own) for name, own in of.items()}
    assert worst["Nystrom"] > 1.5, "the ideal sketch does not overshoot"
    estimates = [row["measured"] for row in of["Nystrom"] if row["measured"] is not None]
    assert max(estimates) > 1.5, "the sketch does not overshoot"
    assert max(worst[name] for name in POLYNOMIALS) < 1, "a polynomial overshoots"
    assert worst["Chebyshev"] < min(worst[name] for name in worst if name != "Chebyshev"), (
        "another method has a smaller worst case than Chebyshev's"
    )


def _worst(rows: Rows) -> None:
    """No worst case is below the bound; Chebyshev's and conjugate gradients' are on it."""
    for row in rows:
        name = f"{row['name']}, N = {row['x']}"
        slack = 1e-4 if row["name"] == "conjugate gradients" else 1e-9
        off = abs(row["measured"] / row["theory"] - 1)
        assert off < slack, f"{name}: the estimate is {off:.2g} off its closed form"
        assert row["measured"] >= row["other"] * (1 - slack), f"{name}: below the bound"
        if row["name"] in ("Chebyshev", "conjugate gradients"):
            assert abs(row["measured"] / row["other"] - 1) < slack, f"{name}: not on the bound"
    flat = {row["measured"] for row in rows if row["name"] in ("one step", "Nystrom")}
    assert max(flat) - min(flat) < 1e-9, "a sketch with its best shift is no longer one step"


def _real(rows: Rows) -> None:
    """Costs and closed forms; conjugate gradients first, then Chebyshev, the sketch alone last."""
    for row in rows:
        name = f"{row['name']}, N = {row['x']}"
        assert row["spent"] <= row["published"], f"{name}: {row['spent']} products, too many"
        if row["name"] in POLYNOMIALS:
            off = abs(row["measured"] - row["theory"])
            assert off < 1e-9, f"{name}: the estimate is {off:.2g} off its closed form"
        if row["name"] == "conjugate gradients" and row["theory"] > 1e-8:
            # rounding delays them
            late = row["measured"] / row["theory"]
            assert 0.99 < late < 300, f"{name}: {late:.3g} times the error of exact arithmetic"
    last = {
        N: {row["name"]: row["measured"] for row in rows if row["x"] == N}
        for N in sorted({row["x"] for row in rows})
    }
    for N, errors in last.items():
        if N < 8:
            continue
        assert errors["conjugate gradients"] < 0.6 * errors["Chebyshev"], f"N = {N}: no gap is used"
        assert errors["Chebyshev"] < 0.6 * errors["Neumann"], f"N = {N}: Neumann is as good"
        assert errors["Nystrom"] > errors["Chebyshev"], f"N = {N}: the sketch alone is good"


def _steps(rows: Rows) -> None:
    """The surrogate takes about its degree, truncation nearly all steps."""
    cost = {(row["name"], row["x"]): row["measured"] for row in rows}
    for (name, T), spent in cost.items():
        if name == "surrogate":
            predicted = 1 + 2 * math.sqrt(2 * (T - 1) * math.log(2 / 1e-4))
            assert spent <= 1.15 * predicted, f"T = {T}: the surrogate takes {spent} products"
        if name == "truncated":
            assert spent > 0.9 * (2 * T - 1), f"T = {T}: a truncated run is enough"
    T, spent = zip(
        *sorted((T, spent) for (name, T), spent in cost.items() if name == "surrogate" and T >= 30),
        strict=True,
    )
    slope = np.polyfit(np.log(T), np.log(spent), 1)[0]
    assert 0.4 < slope < 0.65, f"the surrogate's products grow like T^{slope:.2f}"
