"""What the figure on adaptive methods claims, asserted of its rows."""

from experiments.shared.tables import Rows, select


def check(rows: Rows) -> None:
    """Shares, what is returned, and the spike, as predicted."""
    for row in select(rows, part="pixel"):
        assert row["measured"] == row["theory"], (
            f"pixel {row['x']}: {row['measured']} weights without a gradient, {row['theory']} "
            "classes without ink"
        )
    for row in select(rows, part="share"):
        assert row["measured"] == row["theory"], (
            f"{row['setting']}, {row['mode']}: a share {row['measured']} of nan"
        )
    for row in select(rows, part="error"):
        assert row["measured"] < 1e-12, f"{row['setting']}, {row['mode']}: {row['measured']:.2g}"
    for row in rows:
        assert row["returned"] == row["predicted"], (
            f"{row['setting']}, {row['mode']}, {row['name']} at {row['x']}: {row['returned']}, "
            f"predicted {row['predicted']}"
        )
    exact = select(rows, part="spike", mode="exact")
    for row in exact:
        assert abs(row["measured"] - row["theory"]) <= 1e-12 * abs(row["theory"]), (
            f"{row['setting']}: F' = {row['measured']} at g = {row['x']}, not {row['theory']}"
        )
    heights = [abs(row["measured"]) for row in exact if row["x"] == 0]
    assert 0.99e4 < max(heights) / min(heights) < 1.01e4, f"heights {heights} of the spikes"
