"""What the figure on short horizons claims, asserted of its rows."""

from experiments.shared.tables import Rows, select


def check(rows: Rows) -> None:
    """Schedules are in order and near their laws; short horizons err on either side; logarithms
    alone leave the window; the variance diverges first.
    """
    _schedules(select(rows, part="schedule"))
    _constants(select(rows, part="constant"))
    _windows(select(rows, part="window"))
    _singles(select(rows, part="single"))


def _values(rows: Rows, name: str, **where: object) -> dict[float, float]:
    return {row["x"]: row["value"] for row in select(rows, name=name, **where)}


def _schedules(rows: Rows) -> None:
    greedy, constant, optimal = (_values(rows, x) for x in ("greedy", "constant", "optimal"))
    for t, loss in optimal.items():
        for other in (greedy, constant):
            if t in other:
                assert loss <= other[t] * (1 + 1e-9), f"{t} steps: there is a better schedule"
    last = max(greedy)
    assert constant[last] < greedy[last] / 2, "greedy steps are as good as a constant one"
    law = _values(rows, "greedy law")
    assert abs(greedy[last] / law[last] - 1) < 0.05, f"greedy steps end at {greedy[last]}"
    best = _values(rows, "optimal law")
    assert law[last] > 50 * best[last], "the laws are too near"
    far = max(optimal)
    first = min(best)
    assert abs(optimal[far] / (best[first] * first / far) - 1) < 0.05, "optimal steps miss the law"


def _constants(rows: Rows) -> None:
    noise = [*_values(rows, "noise").values()]
    least = min(range(len(noise) // 2), key=noise.__getitem__)
    assert noise[0] > max(noise[least:]), "the first horizon does not take the largest step"
    assert max(noise[least:]) > 1.5 * noise[least], "the best step is monotone in the horizon"
    tail = _values(rows, "tail")
    last = max(tail)
    assert abs(_values(rows, "noise")[last] / tail[last] - 1) < 0.02, "the tail is another one"
    still = _values(rows, "no noise").values()
    assert all(1 < eta < 1.9802 for eta in still), "a step without noise leaves its bracket"
    assert max(still) / min(still) < 2, "a short horizon without noise is wrong by a factor of 2"


def _windows(rows: Rows) -> None:
    last = max(row["x"] for row in rows)
    for name in ("loss, truncated", "loss, whole"):
        root = _values(rows, name)
        assert root[last] < 1.6, f"{name}: many windows leave the step of one"
    for name in ("log loss, truncated", "log loss, whole"):
        root = _values(rows, name)
        assert root[last] > 1.9, f"{name}: many windows stay at {root[last]}"
        assert [*root.values()] == sorted(root.values()), f"{name}: not monotone"


def _singles(rows: Rows) -> None:
    low = _values(rows, "eta_4")[0.0]
    high = _values(rows, "eta_ms")[0.0]
    assert low < high, "the variance does not diverge first"
    for part, limit in (("deviation", low), ("derivative", high)):
        early, late = (_values(rows, part, T=T) for T in (100, 1000))
        for eta, value in late.items():
            # away from the limit, where convergence takes long
            if eta < 0.9 * limit:
                assert abs(value - early[eta]) < 0.05, f"{part} at {eta} has not settled"
            if eta > 1.1 * limit:
                assert value > early[eta] + 3, f"{part} at {eta} does not diverge"
