"""The file of a certificate: small, regular, and JSON that can be read in one way only."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from quadmeta.certificates.refusal import Wrong, quoted

LIMIT = 2**20
"""Bytes of the largest file that is read."""


def read(path: str | Path) -> dict[str, Any]:
    """The certificate in a file.

    Raises
    ------
    OSError
        no such file, or one that is not regular, such as a folder, a pipe or a device.
    Wrong
        more than ``LIMIT`` bytes, no JSON object, a key that is there twice, or a number that is
        not whole.
    """
    try:
        found = json.loads(
            _bytes(path).decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except Wrong:
        raise
    except RecursionError:
        raise Wrong(
            "the file is not JSON that a certificate holds: it is nested too deeply"
        ) from None
    except UnicodeDecodeError as error:
        raise Wrong(f"the file is not JSON: byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Wrong(
            f"the file is not JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from None
    if not isinstance(found, dict):
        raise Wrong(f"the file holds no JSON object but {quoted(found)}: it is damaged")
    return found


def _bytes(path: str | Path) -> bytes:
    # before it is opened, since opening a pipe waits and opening a device may do anything
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError("it is no regular file")
    # and not waiting if it was replaced meanwhile
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no regular file")
        found = file.read(LIMIT + 1)
    if len(found) > LIMIT:
        raise Wrong(f"the file is larger than {LIMIT} bytes: no certificate is")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Wrong(f"the key {quoted(key)} is there twice: the file is damaged")
        found[key] = value
    return found


def _whole(text: str) -> int:
    if len(text) > 20 or text != str(int(text)):
        raise Wrong(
            f"the number {quoted(text)} is none that a certificate holds: the file is damaged"
        )
    return int(text)


def _no_number(text: str) -> Any:
    raise Wrong(
        f"the number {quoted(text)} must be whole, or a fraction like '3/4' in quotes: the file "
        "is damaged"
    )
