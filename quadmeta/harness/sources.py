"""The sources that a table depends on: a script, what it imports of its study, and the library."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
PRESENTATION = ("check", "draw", "keep")
"""Functions of a script that its rows do not depend on."""


def digest(*parts: str) -> str:
    """One hash of several texts."""
    return sha256("\0".join(parts).encode()).hexdigest()


def library(folder: Path) -> str:
    """Hash of the names and texts of all modules under a folder, but of the harness itself.

    Raises
    ------
    ValueError
        There is no module.
    """
    paths = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*.py")
        if not path.resolve().is_relative_to(HERE)
    }
    if not paths:
        raise ValueError(
            f"there are no modules under {folder}: pass the folder of the library that the figures "
            "depend on"
        )
    texts = [(name, paths[name].read_text(encoding="utf-8")) for name in sorted(paths)]
    return digest(*(part for name_and_text in texts for part in name_and_text))


@dataclass(frozen=True)
class Script:
    """The source of one experiment: its text, its package, and the folders around it.

    ``package`` is where relative imports start: ``experiments`` for a script there,
    ``experiments.name`` for the ``figure.py`` of a folder. Modules below ``root``, or below ``src``
    in it, count as sources; those of the library do not, whose hash is recorded beside.
    """

    text: str
    package: str
    root: Path
    library: Path

    def measuring(self) -> str:
        """Hash of the part that the rows depend on: all but docstring, CAPTION, check and draw.

        So a figure can be polished without computing its points again. Comments and layout do not
        count either. Modules of the study that the part imports count whole.
        """
        kept = [node for node in ast.parse(self.text).body if not _presentation(node)]
        texts = [path.read_text(encoding="utf-8") for path in self._imported(kept).values()]
        return digest(*(ast.dump(node) for node in kept), *texts)

    def whole(self) -> str:
        """Hash of the script and of the modules of the study that it imports."""
        texts = [path.read_text(encoding="utf-8") for path in self.imported().values()]
        return digest(self.text, *texts)

    def imported(self) -> dict[str, Path]:
        """{name: file} of the modules of the study that the script imports, and what those do."""
        return self._imported(ast.parse(self.text).body)

    def libraries(self) -> tuple[str, ...]:
        """What the rows depend on besides the usual, as the script says: LIBRARIES = ("jax",)."""
        for node in ast.parse(self.text).body:
            if isinstance(node, ast.Assign) and "LIBRARIES" in _targets(node):
                return tuple(ast.literal_eval(node.value))
        return ()

    def _imported(self, nodes: Iterable[ast.AST]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        ahead = _imports(nodes, self.package)
        while ahead:
            name = ahead.pop()
            path = self._path(name)
            if name in found or path is None:
                continue
            found[name] = path
            # of a package the relative imports start from itself, of a module from its parent
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            ahead |= _imports([ast.parse(path.read_text(encoding="utf-8"))], package)
        return dict(sorted(found.items()))

    def _path(self, name: str) -> Path | None:
        """The file of a module by its full name, where it is one of the study."""
        for folder in (self.root, self.root / "src"):
            place = folder.joinpath(*name.split("."))
            for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
                if path.is_file() and not path.resolve().is_relative_to(self.library.resolve()):
                    return path
        return None


def _imports(nodes: Iterable[ast.AST], package: str) -> set[str]:
    """Full names of what the import statements in these nodes may import, parents included.

    Of ``from a import b`` both ``a`` and ``a.b``, which may be a module.
    """
    found = set()
    for top in nodes:
        for node in ast.walk(top):
            for name in _names(node, package):
                parts = name.split(".")
                found |= {".".join(parts[: count + 1]) for count in range(len(parts))}
    return found - {""}


def _names(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        # one dot is the package itself, each further dot one package up
        above = package.split(".")
        above = above[: len(above) - node.level + 1]
        if base:
            above.append(base)
        base = ".".join(above)
    return [base, *(f"{base}.{alias.name}" for alias in node.names)]


def _presentation(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name in PRESENTATION
    if isinstance(node, ast.Assign):
        return "CAPTION" in _targets(node)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _targets(node: ast.Assign) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)]
