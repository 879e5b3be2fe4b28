"""Points that are finished stay finished: each is one small file, written where it was computed.

A file holds the point, the rows and what else they depend on, under a digest of all three. One
that says anything else than what it is looked up for is not used: the point is computed again. The
digest finds accidents and careless edits; it is no signature, whoever writes a new digest as well
is believed.
"""

import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from quadmeta._files import write
from quadmeta.harness.results import Row, read_json, tidy, to_json

LARGEST = 2**28  # bytes: no point leaves so many rows


class Unusable(ValueError):
    """A file that is not the finished point it should be; the message names it and says why."""


@dataclass(frozen=True)
class Store:
    """A folder of finished points, named after all but the point that their rows depend on."""

    folder: Path

    def path(self, point: Mapping[str, Any]) -> Path:
        """The file of one point."""
        return self.folder / f"{sha256(to_json(point)).hexdigest()[:32]}.json"

    def get(self, point: Mapping[str, Any]) -> list[Row] | None:
        """The rows of a finished point, None where there is no file.

        Raises
        ------
        Unusable
            the file is no record of this point under these sources, settings and libraries.
        """
        path = self.path(point)
        try:
            found = read_json(_content(path))
            if not isinstance(found, dict) or set(found) != {"sources", "point", "rows", "sha256"}:
                raise ValueError("it is no record of a point")
            if to_json(found["point"]) != to_json(point):
                raise ValueError("it is the record of another point")
            if found["sources"] != self.folder.name:
                raise ValueError("it is the record of other sources, settings or libraries")
            rows = found["rows"]
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise ValueError("its rows are no rows")
            if [tidy(row, point) for row in rows] != rows or found["sha256"] != self._digest(
                point, rows
            ):
                raise ValueError("it was changed after it was written")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise Unusable(
                f"{path} is not used, the point is computed again ({_reason(error)})"
            ) from None
        return rows

    def put(self, point: Mapping[str, Any], rows: list[Row]) -> None:
        """Keep the rows of a point, in the order of their columns, over whatever stands there."""
        path = self.path(point)
        record = {
            "sources": self.folder.name,
            "point": point,
            "rows": rows,
            "sha256": self._digest(point, rows),
        }
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        write(path, json.dumps(record, allow_nan=False).encode())

    def drop_others(self) -> None:
        """Remove what older sources, settings or libraries left beside this folder."""
        for folder in self.folder.parent.glob("*"):
            if folder.is_dir() and folder != self.folder:
                shutil.rmtree(folder, ignore_errors=True)

    def _digest(self, point: Mapping[str, Any], rows: list[Row]) -> str:
        """A hash of a record; the order of columns counts, that of a point's parameters not."""
        kept = json.dumps([self.folder.name, json.loads(to_json(point)), rows], allow_nan=False)
        return sha256(kept.encode()).hexdigest()


@dataclass(frozen=True)
class Measured:
    """The function of one point that a run maps: measure, check the rows, keep them."""

    measure: Callable[..., Sequence[Mapping[str, Any]]]
    store: Store | None

    def __call__(self, point: dict[str, Any]) -> list[Row]:
        """The rows of one point."""
        rows = [tidy(row, point) for row in self.measure(**point)]
        if self.store is not None:
            self.store.put(point, rows)
        return rows


def _content(path: Path) -> bytes:
    """The bytes of a regular file of a sane size.

    It is opened without waiting: a pipe would never answer.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no file")
        if status.st_size > LARGEST:
            raise ValueError(f"it has {status.st_size} bytes, more than {LARGEST}")
        with open(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def _reason(error: BaseException) -> str:
    """Why a file cannot be used, in a line that is short and safe to print."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, UnicodeDecodeError | json.JSONDecodeError | RecursionError):
        return "it is not JSON"
    return " ".join(ascii(str(error))[1:-1].split())[:200]
