"""``make house``: how readable the sources are, in numbers, each beside what it must reach.

    python -m tests.house [FOLDER ...]     # all of quadmeta/ and experiments/, or a part of them

With ``--where MEASURE`` the places that count against one measure are listed.
"""

import ast
import io
import re
import sys
import tokenize
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import grimp

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("quadmeta", "experiments")
WIDTH = 100
RUN = 8
"""Lines from which on a repeated run counts as duplicated."""


@dataclass
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


@dataclass(frozen=True)
class Source:
    """One file, read once."""

    path: Path
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> "Source":
        """The file of this path."""
        text = path.read_text(encoding="utf-8")
        return cls(path, text, ast.parse(text))

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.splitlines()

    def place(self, line: int) -> str:
        """``path:line``."""
        return f"{self.path.relative_to(ROOT)}:{line}"


def sources(folders: Iterable[str]) -> list[Source]:
    """All modules below these folders."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Source.read(path) for path in paths if path.stat().st_size]


def largest_folder(found: list[Source]) -> Measure:
    """How many modules the fullest folder has."""
    folders: dict[Path, int] = defaultdict(int)
    for source in found:
        folders[source.path.parent] += 1
    places = [f"{path.relative_to(ROOT)}: {count}" for path, count in folders.items() if count > 30]
    return Measure("modules in the largest folder", max(folders.values()), 30, places=places)


def long_lines(found: list[Source]) -> Measure:
    """Lines of more than a hundred characters."""
    places = [
        source.place(number)
        for source in found
        for number, line in enumerate(source.lines, 1)
        if len(line) > WIDTH
    ]
    return Measure(f"lines over {WIDTH} characters", len(places), 0, places=places)


def parallel_assignments(found: list[Source]) -> Measure:
    """``a, b = x, y`` among all assignments; unpacking a result does not count."""
    total = 0
    places = []
    for source in found:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                total += 1
                if (
                    isinstance(node, ast.Assign)
                    and isinstance(node.value, ast.Tuple)
                    and any(isinstance(target, ast.Tuple) for target in node.targets)
                ):
                    places.append(source.place(node.lineno))
    return Measure("parallel assignments", 100 * len(places) / max(total, 1), 3, " %", places)


def conditional_expressions(found: list[Source]) -> Measure:
    """``a if c else b`` a hundred lines."""
    places = [
        source.place(node.lineno)
        for source in found
        for node in ast.walk(source.tree)
        if isinstance(node, ast.IfExp)
    ]
    lines = sum(len(source.lines) for source in found)
    value = 100 * len(places) / max(lines, 1)
    return Measure("conditional expressions a hundred lines", value, 0.7, places=places)


def untyped_arguments(found: list[Source]) -> Measure:
    """Annotated arguments whose annotation is ``Any``, under whatever name."""
    aliases = _aliases_of_any(found)
    total = 0
    places = []
    for source in found:
        known = aliases | _local_aliases(source.tree)
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            given = node.args
            every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            for argument in every:
                if argument is None or argument.annotation is None:
                    continue
                total += 1
                if _name(argument.annotation) in known:
                    places.append(source.place(argument.lineno))
    value = 100 * len(places) / max(total, 1)
    return Measure("annotated arguments that are Any", value, 10, " %", places)


def _name(annotation: ast.expr) -> str:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return ast.unparse(annotation)


def _local_aliases(tree: ast.Module) -> set[str]:
    """Names that a module gives ``Any``."""
    names = {"Any"}
    for node in tree.body:
        if isinstance(node, ast.Assign) and _name(node.value) in names:
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.AnnAssign) and node.value and _name(node.value) in names:
            names.add(_name(node.target))
    return names


def _aliases_of_any(found: list[Source]) -> set[str]:
    """Names of ``Any`` that several modules import from the module of types."""
    return {
        name
        for source in found
        if source.path.stem in ("types", "typing", "_types")
        for name in _local_aliases(source.tree)
    }


def lengths(found: list[Source]) -> list[Measure]:
    """The median module, and those of more than 400 lines."""
    counts = [len(source.lines) for source in found]
    places = [
        f"{source.path.relative_to(ROOT)}: {len(source.lines)}"
        for source in found
        if len(source.lines) > 400
    ]
    return [
        Measure("lines of the median module", median(counts), 120),
        Measure("lines of the longest module", max(counts), 400, places=places),
    ]


def duplicated(found: list[Source]) -> Measure:
    """Runs of eight lines of code or more that stand in two places."""
    seen: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for source in found:
        code = list(_code(source))
        for start in range(len(code) - RUN + 1):
            window = code[start : start + RUN]
            seen[tuple(line for _, line in window)].append(source.place(window[0][0]))
    places = [" = ".join(where) for where in seen.values() if len(where) > 1]
    return Measure(f"duplicated runs of {RUN} lines or more", len(places), 0, places=places)


def _code(source: Source) -> Iterator[tuple[int, str]]:
    """(number, line) of code that says something: no comment, docstring, import or closing bracket."""
    skipped = set()
    for node in ast.walk(source.tree):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if text or isinstance(node, ast.Import | ast.ImportFrom):
            skipped |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    comments = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline)
        if token.type == tokenize.COMMENT
        and not source.lines[token.start[0] - 1][: token.start[1]].strip()
    }
    for number, line in enumerate(source.lines, 1):
        bare = line.strip()
        if number not in skipped | comments and re.search(r"\w", bare):
            yield number, bare


def private_imports() -> Measure:
    """Test modules that import a private module of the package or of the experiments."""
    paths = sorted((ROOT / "tests").rglob("*.py"))
    pattern = r"(from|import) (quadmeta|experiments)\b([\w.]*\._\w|[\w.]* import _\w)"
    places = [
        str(path.relative_to(ROOT))
        for path in paths
        if re.search(pattern, path.read_text(encoding="utf-8"))
    ]
    value = 100 * len(places) / len(paths)
    return Measure("test modules that import private ones", value, 10, " %", places)


def import_cycles() -> Measure:
    """Rooms of the package that import each other, whichever way round."""
    graph = grimp.build_graph(*FOLDERS, cache_dir=None)
    below: dict[str, set[str]] = defaultdict(set)
    # the face names every room for type checkers, and loads none by itself
    for module in graph.modules - {"quadmeta"}:
        for other in graph.find_modules_directly_imported_by(module):
            below[_room(module)].add(_room(other))
    places = [f"{a} <-> {b}" for a in below for b in below[a] if a < b and a in below.get(b, ())]
    return Measure("rooms that import each other", len(places), 0, places=places)


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def measures(folders: Iterable[str] = FOLDERS) -> list[Measure]:
    """All numbers of the sources below these folders."""
    found = sources(folders)
    return [
        largest_folder(found),
        long_lines(found),
        parallel_assignments(found),
        conditional_expressions(found),
        untyped_arguments(found),
        *lengths(found),
        duplicated(found),
        private_imports(),
        import_cycles(),
    ]


def main() -> int:
    """Print every number; exit code 1 if one exceeds its bar."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("folders", nargs="*", default=FOLDERS, metavar="FOLDER")
    parser.add_argument(
        "--where", metavar="MEASURE", help="list the places of measures of this name"
    )
    asked = parser.parse_args()
    found = measures(asked.folders)
    for measure in found:
        print(measure)
        if asked.where and asked.where.lower() in measure.name.lower():
            for place in measure.places:
                print(f"      {place}")
    return int(not all(measure.reached for measure in found))


if __name__ == "__main__":
    sys.exit(main())
