"""Why a certificate is refused, in one line that any terminal can show: what a file holds is
quoted and cut.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any] | list[Any] | str | int | bool | None
"""What a file may hold; numbers in it are whole."""


class Wrong(ValueError):
    """A certificate that does not show what it says."""


class TooLarge(Wrong):
    """A certificate whose check would take more work or memory than any is given."""


def quoted(value: Any, limit: int = 60) -> str:
    """Something from a file in plain ASCII: a string in quotes with escapes, cut after ``limit``
    characters.

    Containers are only counted, so that no nesting is followed.
    """
    if isinstance(value, str):
        # cut first: nothing long is escaped
        start = ascii(value[:limit])
        if len(value) <= limit:
            return start
        return f"{start}... ({len(value)} characters)"
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int):
        if value.bit_length() <= 64:
            return str(value)
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, list | tuple | dict):
        kind = "an object" if isinstance(value, dict) else "a list"
        return f"{kind} of {len(value)}"
    return f"a {type(value).__name__}"
