"""Where a statement stands: the paper, slides, talk or note, and how to find it."""

from dataclasses import dataclass

from quadmeta._registry import unknown

SOURCES = ("paper", "slides", "talk", "note", "code")


@dataclass(frozen=True)
class Citation:
    """A source of statements.

    Raises
    ------
    ValueError
        ``kind`` is none of paper, slides, talk, note and code.

    Examples
    --------
    >>> from quadmeta.verification import Citation
    >>> Citation("mine", "note", "A. Author, On step sizes, 2026", "https://example.org/steps")
    Citation(mine: a note, A. Author, On step sizes, 2026)
    """

    key: str
    """A short name, with which the names of its claims begin."""
    kind: str
    """paper, slides, talk, note or code: how much a sentence of it was meant to bear."""
    text: str
    """Authors, title, place and year."""
    where: str = ""
    """An address or identifier at which it can be read; "" where none is known."""
    about: str = ""
    """What a note or talk is about, which is not what is judged."""

    def __post_init__(self) -> None:
        if self.kind not in SOURCES:
            raise ValueError(unknown("kind", self.kind, SOURCES))

    def __repr__(self) -> str:
        return f"Citation({self.key}: a {self.kind}, {self.text})"
