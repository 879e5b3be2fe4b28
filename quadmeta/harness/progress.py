"""How far a run is, on stderr, by tqdm."""

import sys
from typing import Any, TextIO

from tqdm import tqdm

PAUSE = 10.0
"""Seconds between two lines elsewhere than on a terminal; a shorter run writes none there."""


class Progress:
    """Call it with ``(done, total, failed)`` as points land; ``close()`` clears the bar.

    On a terminal one line is drawn again at each point. Elsewhere, as in a log, each state is a
    line of its own, and they are rare.
    """

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        self.name = name
        self.stream = stream or sys.stderr
        self.bar: Any = None

    def __call__(self, done: int, total: int, failed: int) -> None:
        """Show that ``done`` of ``total`` points are there, and how many of them failed."""
        if self.bar is None:
            self.bar = self._bar(done, total)
        if failed:
            self.bar.set_postfix_str(f"{failed} failed", refresh=False)
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        """Clear the line, so that what follows starts on an empty one."""
        if self.bar is not None:
            self.bar.close()

    def _bar(self, done: int, total: int) -> Any:
        tqdm.monitor_interval = 0  # a thread that would redraw a bar that stands still
        common = {"desc": self.name, "initial": done, "total": total, "leave": False, "miniters": 1}
        if self.stream.isatty():
            return tqdm(file=self.stream, mininterval=0, **common)
        return tqdm(file=_Lines(self.stream), mininterval=PAUSE, delay=PAUSE, **common)


class _Lines:
    """A stream on which what would be drawn over itself becomes lines."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        """Write a line, unless it only clears one."""
        if text.strip():
            self.stream.write(f"{text.strip()}\n")

    def flush(self) -> None:
        """Pass on what was written."""
        self.stream.flush()
