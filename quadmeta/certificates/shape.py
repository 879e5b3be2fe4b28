"""The shapes of what a certificate holds: objects with known keys, strings, texts."""

from collections.abc import Mapping, Sequence
from typing import Any

from quadmeta.certificates.refusal import Json, Wrong, quoted


def require_keys(
    place: str,
    found: Mapping[str, Any],
    known: Sequence[str],
    required: Sequence[str] | None = None,
) -> None:
    """Every key is known, and those required (by default all) are there."""
    strange = next((key for key in found if key not in known), None)
    if strange is not None:
        raise Wrong(
            f"{place} has the key {quoted(strange)}, which is none of {', '.join(known)}: it is "
            "damaged"
        )
    if required is None:
        required = known
    missing = [key for key in required if key not in found]
    if missing:
        raise Wrong(f"{place} lacks {', '.join(missing)}: it is damaged")


def as_object(place: str, found: Json) -> Mapping[str, Any]:
    """An object of JSON, which has strings as keys."""
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise Wrong(f"{place} is {quoted(found)}, not an object: the certificate is damaged")
    return found


def require_strings(place: str, found: Json) -> None:
    """A list of strings."""
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise Wrong(f"{place}: it must be a list of strings: the file is damaged")


def require_text(place: str, found: Json) -> None:
    """A line of text that is not long."""
    if not isinstance(found, str) or len(found) > 2000 or not found.isprintable():
        raise Wrong(f"{place} is {quoted(found)}: it must be at most 2000 printable characters")
