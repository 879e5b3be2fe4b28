"""Kinds of forged certificates: each takes a real one and returns another file that would mislead
a reader.

A kind is a function of a parsed certificate, its own copy to change, and a ``Random``. It returns
the forged object, the bytes of a file, or None where it does not apply. Many are as coherent as
their author can make them: what the program computes is computed again, so that only the claim
itself tells. Importing the modules below registers their kinds.
"""

from importlib import import_module

from tests.verification.forgeries.making import (
    KINDS,
    PUBLISHED,
    at,
    forge,
    forgeries,
    leaves,
    real,
    recomputed,
    written,
)

__all__ = [
    "KINDS",
    "PUBLISHED",
    "at",
    "forge",
    "forgeries",
    "leaves",
    "real",
    "recomputed",
    "written",
]

# in the order in which the kinds are tried
for _topic in ("verdict", "keys", "instance", "sides", "program", "boxes", "file"):
    import_module(f"{__name__}.{_topic}")
