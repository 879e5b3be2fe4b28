"""What an experiment leaves behind: its table as CSV, its record as JSON, a gallery of figures.

A table reads back with its types: ``1`` is an int, ``1.0`` a float, ``True`` a bool, an empty cell
None, the rest text.
"""

import csv
import errno
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

Cell = str | int | float | bool | None
Row = dict[str, Cell]

_PARTS = {
    "title": str,
    "caption": str,
    "settings": dict,
    "rows": int,
    "sha256": dict,
    "versions": dict,
    "files": list,
}
_INT = re.compile(r"-?[0-9]+")
_FLOAT = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")


def plain(value: Any) -> Any:
    """Settings or a point as JSON gives them back: plain scalars, lists, mappings by text."""
    return json.loads(json.dumps(value, allow_nan=False, default=_scalar))


def tidy(row: Mapping[str, Any], point: Any = None) -> Row:
    """A row with Python's own scalars.

    Raises
    ------
    ValueError
        A cell is none, or is not finite.
    """
    return {str(column): _cell(column, value, point) for column, value in row.items()}


def to_csv(rows: Sequence[Row]) -> bytes:
    r"""The table as bytes: ``\n`` line ends, floats as their shortest decimals.

    Raises
    ------
    ValueError
        no rows, rows with different columns, or text that would not read back as itself.
    """
    if not rows:
        raise ValueError("the table has no rows: let measure return at least one for some point")
    columns = list(rows[0])
    for number, row in enumerate(rows):
        if set(row) != set(columns):
            raise ValueError(
                f"row {number} has the columns {sorted(row)}, row 0 has {sorted(columns)}: "
                "give each row every column, None where there is no value"
            )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(row[column]) for column in columns] for row in rows)
    data = text.getvalue().encode()
    for row, back in zip(rows, from_csv(data), strict=True):
        for column in columns:
            if (type(back[column]), back[column]) != (type(row[column]), row[column]):
                raise ValueError(
                    f"column {column!r} holds the text {row[column]!r}, which reads back as "
                    f"{back[column]!r}: write it as a word, or None for nothing"
                )
    return data


def from_csv(data: bytes) -> list[Row]:
    """The rows of a table written by :func:`to_csv`. Raises ValueError where it is none."""
    try:
        columns, *lines = csv.reader(io.StringIO(data.decode(), newline=""))
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return [dict(zip(columns, map(_parsed, line), strict=True)) for line in lines]


def to_json(record: Mapping[str, Any]) -> bytes:
    """A record as bytes that depend on nothing but its content."""
    return (
        json.dumps(record, allow_nan=False, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    ).encode()


def read_json(data: bytes) -> Any:
    """What JSON says. Raises ValueError where it is none, or holds NaN or infinity."""
    return json.loads(data, parse_constant=_no_number)


def content(path: Path) -> bytes:
    """The bytes of a file.

    Raises
    ------
    OSError
        There is none. A pipe, which may never answer, is none.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file", os.fspath(path))
    return path.read_bytes()


class BrokenFile(ValueError):
    """A file that others are made from cannot be read; the message names it and says what to do."""


def read_record(path: Path, *parts: str) -> dict[str, Any]:
    """The provenance in a file, with these parts.

    Raises
    ------
    BrokenFile
        it cannot be read, is no JSON, or lacks one of them.
    """
    try:
        found = read_json(content(path))
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        for part in parts:
            if part not in found or not isinstance(found[part], _PARTS.get(part, object)):
                raise ValueError(f"it has no {part}")
        if "sha256" in parts and not isinstance(found["sha256"].get("csv"), str):
            raise ValueError("it has no hash of the table")
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except (ValueError, RecursionError) as error:
        reason = line(error)
    else:
        return found
    raise BrokenFile(
        f"{path} is no record of a figure ({reason}): `run {path.stem}` writes it again where that "
        "is an experiment; otherwise move it away"
    )


def line(error: BaseException) -> str:
    """An error as one line; of a claim its message alone."""
    text = str(error)
    if not isinstance(error, AssertionError):
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())


def drawn(figures: Path) -> list[Path]:
    """The provenance files of a folder that have a picture beside them, in order."""
    return [path for path in sorted(figures.glob("*.json")) if path.with_suffix(".png").exists()]


def gallery(figures: Path, program: str, page: bool = False) -> bytes:
    """A page of all figures in a folder, from their records: heading, picture, caption, table.

    ``program`` is the command that writes them; ``page`` says that ``index.html`` is beside it.
    """
    head = f"# Figures\n\nWritten by `{program} run`, each with its table and its provenance.\n"
    if page:
        head += (
            "[index.html](index.html) has them beside the ledger of statements; it opens without a "
            "network.\n"
        )
    parts = [head]
    for path in drawn(figures):
        name = path.stem
        record = read_record(path, "title", "caption")
        parts.append(
            f"## {record['title']}\n\n![{name}]({name}.png)\n\n{record['caption']}\n\n"
            f"`{name}`: [table]({name}.csv), [vector graphic]({name}.svg), "
            f"[provenance]({name}.json)\n"
        )
    return "\n".join(parts).encode()


def _no_number(text: str) -> Any:
    raise ValueError(f"it holds {text}")


def _scalar(value: Any) -> Any:
    if getattr(value, "ndim", None) == 0:
        return value.item()
    raise TypeError(f"{value!r} is no JSON value: pass numbers, text, lists")


def _cell(column: str, value: Any, point: Any) -> Cell:
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    if value is not None and not isinstance(value, str | int | float):
        raise ValueError(
            f"column {column!r} holds {value!r} at {point}: it must be text, int, float, bool or "
            "None"
        )
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(
            f"column {column!r} is {value} at {point}: it must be finite, record a status or "
            "log10_abs"
        )
    if isinstance(value, str) and "\r" in value:
        raise ValueError(
            f"column {column!r} holds {value!r} at {point}: end lines with \\n, no carriage return"
        )
    return value


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return repr(cell)


def _parsed(text: str) -> Cell:
    if text == "":
        return None
    if text in ("True", "False"):
        return text == "True"
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
