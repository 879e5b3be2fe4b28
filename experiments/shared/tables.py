"""Rows of a table, which are what measure returns and what check and draw get back."""

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
Rows = list[Row]


def select(rows: Iterable[Row], **where: object) -> Rows:
    """The rows with these values, as of ``select(rows, part="loss", T=100)``."""
    return [row for row in rows if all(row[name] == value for name, value in where.items())]
