"""The certificates that come with this version, by name: ``CLAIM.FORM``, or ``CLAIM`` for all its
forms.

A checkout keeps them in ``figures/certificates``, an installed package beside this module.
"""

from pathlib import Path


def folder() -> Path:
    """Where the files are: beside this module once installed, in the figures of a checkout."""
    bundled = Path(__file__).with_name("bundled")
    if bundled.is_dir():
        return bundled
    return Path(__file__).parents[2] / "figures" / "certificates"


def published() -> dict[str, Path]:
    """{``CLAIM.FORM``: file}, sorted by name; empty where the package was copied without them."""
    return {path.stem: path for path in sorted(folder().glob("*.json"))}


def files(name: str) -> list[Path]:
    """The published certificates of one claim, or the one of ``CLAIM.FORM``; none for an unknown
    name.
    """
    return [path for key, path in published().items() if name in (key, key.partition(".")[0])]
