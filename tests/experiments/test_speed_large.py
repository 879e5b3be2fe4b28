"""The large rows of the speed experiment at smoke size: right, and their check sees a mistake."""

import numpy as np

from experiments.speed import large


def test_rows_at_smoke_size_are_right(monkeypatch):
    # without other processes, which take seconds to start
    monkeypatch.setattr(large, "find_spec", lambda name: None)
    monkeypatch.setattr(large, "WORKERS", (1,))
    rows = large.large_rows("smoke")
    assert [(row["workload"], row["route"], row["workers"]) for row in rows] == [
        ("L1", "Lanczos", 1),
        ("L1", "recursion, one step size", 1),
        ("L2", "processes", 1),
    ]
    assert all(0 < row["seconds"] and 0 <= row["error"] < 1e-12 for row in rows)


def test_the_check_sees_a_wrong_digit(monkeypatch):
    right = max(row["error"] for row in large.sparse_rows("smoke", 20, 30))
    scan = large.qm.LogObjective.scan
    monkeypatch.setattr(
        large.qm.LogObjective, "scan", lambda self, eta: scan(self, eta * (1 + 1e-9))
    )
    wrong = max(row["error"] for row in large.sparse_rows("smoke", 20, 30))
    assert right < 1e-12 < 1e-10 < wrong and np.isfinite(wrong)
