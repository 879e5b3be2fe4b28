"""What a table was made with, recorded beside it: versions, BLAS, the last commit.

Nothing of it changes from one run to the next on the same machine.
"""

import os
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from quadmeta._version import __version__

HARNESS = 1
"""Raise it when the same script and settings would give another table or another figure."""
_LIBRARIES = ("numpy", "scipy", "mpmath", "matplotlib", "scikit-learn")


def versions(more: Iterable[str] = ()) -> dict[str, str]:
    """Versions of what computes and draws, of the libraries that are installed."""
    found = {"quadmeta": __version__, "python": platform.python_version()}
    for name in (*_LIBRARIES, *more):
        installed = _version(name)
        if installed is not None:
            found[name] = installed
    return found


@cache
def _version(name: str) -> str | None:
    """What is installed, read once: a process goes on with what it has imported."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def blas(threads: int | None = None) -> dict[str, Any]:
    """Name, version, kernel and thread count of the BLAS that numpy uses, as far as they can be
    told.
    """
    import numpy

    try:
        from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

        found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    except ImportError:
        found = []
    if found:
        pool = next((pool for pool in found if "numpy" in pool["filepath"]), found[0])
        return {
            "name": pool["internal_api"],
            "version": pool["version"],
            "kernel": pool.get("architecture"),
            "threads": threads or pool["num_threads"],
        }
    built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if threads is None and os.environ.get("OPENBLAS_NUM_THREADS", "").isdigit():
        threads = int(os.environ["OPENBLAS_NUM_THREADS"])
    return {
        "name": built["name"],
        "version": built["version"],
        "kernel": None,
        "threads": threads,
    }


def commit(root: Path, paths: Iterable[Path]) -> str | None:
    """The last commit of the repository around ``root`` that touched these paths; None without.

    Paths outside ``root``, as of an installed library, are of no repository.
    """
    top = root.resolve()
    inside = [str(path.resolve()) for path in paths if path.resolve().is_relative_to(top)]
    if not inside:
        return None
    command = ["git", "log", "-1", "--format=%H", "--", *inside]
    try:
        found = subprocess.run(command, cwd=root, text=True, capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None


def title(docstring: str | None) -> str:
    """The first paragraph of a docstring without its full stop: the figure's heading."""
    paragraph = (docstring or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).rstrip(".")
