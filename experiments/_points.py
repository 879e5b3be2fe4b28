"""Points that are finished stay finished: each is one small file, written by whichever local process computed it."""
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from experiments._results import Row, tidy, to_json
from quadmeta._files import write


@dataclass(frozen=True)
class Store:
    """A folder of finished points, named after everything but the point that their rows depend on."""

    folder: Path

    def path(self, point: Mapping[str, Any]) -> Path:
        """The file of one point."""
        return self.folder / f"{sha256(to_json(point)).hexdigest()[:32]}.json"

    def get(self, point: Mapping[str, Any]) -> list[Row] | None:
        """The rows of a finished point, or None."""
        try:
            rows: list[Row] = json.loads(self.path(point).read_bytes())["rows"]
            return rows
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def put(self, point: Mapping[str, Any], rows: list[Row]) -> None:
        """Keep the rows of a point, in the order of their columns."""
        write(self.path(point), json.dumps({"point": point, "rows": rows}, allow_nan=False).encode())

    def drop_others(self) -> None:
        """Remove what older sources, settings or libraries left beside this folder."""
        for folder in self.folder.parent.glob("*"):
            if folder.is_dir() and folder != self.folder:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Measured:
    """The function of one point that a run maps: measure, check the rows, keep them."""

    measure: Callable[..., list[Mapping[str, Any]]]
    store: Store | None

    def __call__(self, point: dict[str, Any]) -> list[Row]:
        rows = [tidy(row, point) for row in self.measure(**point)]
        if self.store is not None:
            self.store.put(point, rows)
        return rows
