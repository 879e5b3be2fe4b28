"""Files that are written whole or not at all, and what a process that was killed in the middle of
it has left.
"""

import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

_HOST = re.sub(r"\W", "-", platform.node())  # folders may be shared by several machines
_NUMBER = count()  # threads may write the same file
_STARTED = time.time()
_TEMPORARY = re.compile(r"\..+\.(?P<process>[0-9]+)(-[0-9]+)?(@(?P<host>[\w-]*))?\.tmp")
OLD = 24 * 3600  # seconds: no write takes so long


def write(path: Path, data: bytes) -> None:
    """Write a whole file or none: under a temporary name in the same folder, onto the disk, then
    renamed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:60]}.{os.getpid()}-{next(_NUMBER)}@{_HOST}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def sweep(folder: Path, deep: bool = True) -> list[Path]:
    """Remove the temporary files that killed processes left in a folder and below; return their
    paths.

    What a living process of this machine writes stays, and what another machine wrote within the
    last day.
    """
    gone = []
    for path in _files(folder, deep):
        found = _TEMPORARY.fullmatch(path.name)
        with suppress(OSError):
            if found and _left(int(found["process"]), found["host"], path.lstat().st_mtime):
                path.unlink()
                gone.append(path)
    return gone


def _files(folder: Path, deep: bool) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if name.endswith(".tmp"))
        if not deep:
            return


def _left(process: int, host: str | None, written: float) -> bool:
    """Whether nobody is writing this file any more."""
    if time.time() - written > OLD:
        return True
    if host not in (None, _HOST) or os.name != "posix":
        return False
    if process == os.getpid():
        return written < _STARTED - 1  # an earlier process had this number, as in a container
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
