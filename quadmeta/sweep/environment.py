"""What a result depends on besides the point: each worker of a cluster must have it as the calling
process has it.
"""

import os
import sys
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from quadmeta.sweep.executor import line
from quadmeta.sweep.pickled import opened

PACKAGES = ("quadmeta", "numpy", "scipy", "mpmath", "cloudpickle", "distributed")
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@lru_cache
def environment() -> dict[str, str | None]:
    """What a result may depend on besides the point: versions, sources, BLAS threads.

    It is asked once a process, so that a worker which imported older sources is found out.
    """
    found: dict[str, str | None] = {"python": ".".join(map(str, sys.version_info))}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    found["sources"] = sources(Path(__file__).resolve().parent.parent)
    return found | {name: os.environ.get(name) for name in THREADS}


def sources(folder: Path) -> str:
    """Hash of the names and contents of all modules under a folder.

    Working copies of one version differ in it.
    """
    digest = sha256()
    modules = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.py")}
    for name, path in sorted(modules.items()):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def unfit(wanted: dict[str, str | None], blob: bytes) -> str | None:
    """On a worker: why it cannot compute what the caller would, if there is a reason."""
    here = environment()
    for what, value in wanted.items():
        if here[what] != value:
            return differs(what, here[what], value)
    try:
        opened(blob)
    except ModuleNotFoundError as error:
        return lacks(str(error.name))
    except Exception as error:
        return f"cannot open fn ({line(error)})"
    return None


def differs(what: str, there: str | None, here: str | None) -> str:
    """What a process has that must have something else, with the remedy."""
    if what == "sources":
        return (
            "has other sources of quadmeta than this process: install the same ones there and "
            "start it again"
        )
    if what in THREADS:
        settings = ", ".join(f"{name}=1" for name in THREADS)
        return f"has {what} = {there}: start it with {settings}, as its nanny does"
    found = f"{what} {there}" if there else f"no {what}"
    return (
        f"has {found}, this process has {what} {here}: install the same packages on the scheduler "
        "and on every worker"
    )


def lacks(module: str) -> str:
    """What a process says that cannot import a module, with the remedy."""
    return (
        f"has no module {module!r}, this process has: install it on every worker, or if it is a "
        "file of your own import it before the call and outside of functions, so that it travels "
        "with fn"
    )
