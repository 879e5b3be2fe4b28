"""A measure, and the sources that it is taken of."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("quadmeta", "experiments")


@dataclass(frozen=True)
class Measure:
    """One number, the bar it is held to, and the places that count against it."""

    name: str
    value: float
    bar: float
    unit: str = ""
    places: list[str] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        """Whether the value does not exceed its bar."""
        return self.value <= self.bar

    def __str__(self) -> str:
        mark = "  " if self.reached else "! "
        return f"{mark}{self.name:<45} {self.value:8.4g}  of at most {self.bar:g}{self.unit}"


@dataclass(frozen=True, eq=False)
class Source:
    """One module, read once."""

    root: Path
    path: Path
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """Its lines; only a newline ends one."""
        return self.text.removesuffix("\n").split("\n")

    @cached_property
    def tree(self) -> ast.Module:
        """What Python reads in it."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All that is in the tree, as ``ast.walk`` goes through it, without the marks of what is
        read or written.
        """
        found: list[ast.AST] = [self.tree]
        for node in found:
            for value in vars(node).values():
                if isinstance(value, list):
                    found.extend(one for one in value if isinstance(one, ast.AST))
                elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                    found.append(value)
        return found

    @cached_property
    def module(self) -> str:
        """The name under which it is imported."""
        parts = self.path.relative_to(self.root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        return ".".join(parts)

    @property
    def name(self) -> str:
        """Its path, seen from the root."""
        return self.path.relative_to(self.root).as_posix()

    def place(self, line: int) -> str:
        """``path:line``."""
        return f"{self.name}:{line}"


def sources(folders: Iterable[str] = FOLDERS, root: Path = ROOT) -> list[Source]:
    """All modules in these folders and below, or these modules; empty ones have nothing to read.

    Raises
    ------
    ValueError
        a name with nothing in it to measure.
    """
    found = []
    for folder in folders:
        place = (root / folder).resolve()
        paths = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        texts = [(path, path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
        new = [Source(root, path, text) for path, text in texts if text.strip()]
        if not new:
            raise ValueError(f"folder = {folder!r} holds no modules: pass one of this project")
        found.extend(new)
    return found


def share(places: list[str], total: int) -> float:
    """Places in percent of all."""
    return 100 * len(places) / max(total, 1)
