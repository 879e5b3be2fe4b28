"""Coq itself: whether it is there, its version, one file compiled."""

import re
import shutil
import subprocess
from pathlib import Path

MISSING = (
    "coqc is not installed, and nothing here installs it. Install Coq 8.16 or later, for example "
    "with `apt install coq` (Debian, Ubuntu) or `brew install coq`, and run this again."
)
OLDEST = (8, 16)


class Failed(Exception):
    """Coq refused a file."""


def installed() -> bool:
    """Whether there is a compiler."""
    return shutil.which("coqc") is not None


def version() -> str:
    """The version of Coq, such as 8.16.1."""
    out = subprocess.run(["coqc", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version ([0-9.]+)", out)
    if found is None or tuple(map(int, found[1].split(".")[:2])) < OLDEST:
        raise Failed(f"coqc --version says {out.strip()!r}: install Coq 8.16 or later")
    return found[1].rstrip(".")


def compile_file(folder: Path, name: str, seconds: float = 600) -> str:
    """What Coq prints while it checks one file.

    Raises
    ------
    Failed
        it refuses the file, or takes longer.
    """
    try:
        done = subprocess.run(
            ["coqc", "-q", "-R", ".", "Quadmeta", name],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{name}: more than {seconds:g} s") from None
    if done.returncode:
        raise Failed(f"{name}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def axioms(printed: str) -> list[list[str]]:
    """The names of the axioms after each ``Print Assumptions``."""
    found: list[list[str]] = []
    for line in printed.splitlines():
        if line.startswith(("Axioms:", "Closed under the global context")):
            found.append([])
        elif match := re.match(r"(\S+)\s*(:|$)", line):
            if not line.startswith(" ") and found:
                found[-1].append(match[1].rsplit(".", 1)[-1])
    return [sorted(names) for names in found]
