"""How far a run is, on stderr: one rewritten line on a terminal, a plain line now and then
elsewhere.
"""

import sys
import time
from typing import TextIO


class Progress:
    """Call it with ``(done, total, failed)`` as points land; ``close()`` ends the rewritten line.

    Elsewhere than on a terminal a line follows each further tenth, at most one in 5 s and at least
    one in 60 s.
    """

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        self.name = name
        self.stream = stream or sys.stderr
        self.terminal = self.stream.isatty()
        self.started = self.shown_at = time.monotonic()
        self.shown: int | None = None
        self.resumed = 0

    def __call__(self, done: int, total: int, failed: int) -> None:
        now = time.monotonic()
        if self.shown is None:
            self.resumed = self.shown = done
        waited = now - self.shown_at
        if self.terminal:
            print(
                f"\r\x1b[K{self.line(done, total, failed, now)[:79]}",
                end="",
                file=self.stream,
                flush=True,
            )
        elif waited >= 60 or waited >= 5 and 10 * (done - self.shown) >= total:
            self.shown = done
            self.shown_at = now
            print(self.line(done, total, failed, now), file=self.stream, flush=True)

    def line(self, done: int, total: int, failed: int, now: float) -> str:
        """Done of total, rate, time left, failures."""
        rate = (done - self.resumed) / max(now - self.started, 1e-9)
        if rate > 0:
            speed = f", {rate:.3g}/s, {(total - done) / rate:.0f} s left"
        else:
            speed = ""
        return f"{self.name}: {done}/{total}{speed}{f', {failed} failed' if failed else ''}"

    def close(self) -> None:
        """Clear the rewritten line, so that what follows starts on an empty one."""
        if self.terminal and self.shown is not None:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
