"""What is said of a run on its way: one line on a terminal, rare lines in a log."""

import io

import pytest

from quadmeta.harness import progress
from quadmeta.harness.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def states(stream, total=4, failed=0):
    """A run of which half was kept, told to a stream."""
    bar = Progress("schedules", stream)
    for done in range(total // 2, total + 1):
        bar(done, total, failed * (done > total // 2))
    bar.close()
    return stream.getvalue()


def test_on_a_terminal_one_line_is_rewritten_and_cleared():
    said = states(Terminal(), failed=1)
    assert "\n" not in said
    first, *_, last, cleared, end = said.split("\r")[1:]
    assert first.startswith("schedules:") and " 2/4 " in first and "failed" not in first
    assert " 4/4 " in last and "1 failed" in last
    assert cleared.strip() == "" and end == ""


def test_a_log_has_a_line_a_state(monkeypatch):
    monkeypatch.setattr(progress, "PAUSE", 0)
    said = states(io.StringIO(), failed=1)
    assert "\r" not in said and said.endswith("\n")
    assert [line.split(" [")[0].split()[-1] for line in said.splitlines()] == ["2/4", "3/4", "4/4"]
    assert "1 failed" in said.splitlines()[-1]


@pytest.mark.parametrize("total", [0, 2, 100])
def test_a_run_shorter_than_the_pause_leaves_a_log_alone(monkeypatch, total):
    monkeypatch.setattr(progress, "PAUSE", 1e9)
    assert states(io.StringIO(), total) == ""
