"""Who imports whom: cycles, arrows up the ladder of rooms, private modules in tests."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from functools import lru_cache
from pathlib import Path

import grimp

from tests.house.measure import FOLDERS, ROOT, Measure, Source, share

Arrows = Mapping[str, set[str]]
"""Who -> whom it imports."""


@lru_cache(maxsize=1)
def imports(packages: tuple[str, ...] = FOLDERS) -> Arrows:
    """The imports between the modules of these packages.

    Those inside functions and for the type checker are among them.
    """
    graph = grimp.build_graph(*packages, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def import_cycles(arrows: Arrows) -> Measure:
    """Groups of modules, or of rooms beside each other at any depth, that import each other.

    A cycle is one whatever its length: of a group every member reaches every other one.
    """
    groups = [*_cycles(arrows)]
    for package in sorted(_packages(arrows)):
        groups.extend(_cycles(_rooms(arrows, package)))
    places = sorted({" <-> ".join(sorted(group)) for group in groups})
    return Measure("cycles of imports", len(places), 0, places=places)


def _packages(arrows: Arrows) -> set[str]:
    """All that have modules below them."""
    return {module[: dot.start()] for module in arrows for dot in re.finditer(r"\.", module)}


def _rooms(arrows: Arrows, package: str) -> Arrows:
    """The imports between what stands in a package, each with all that is below it."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, others in arrows.items():
        room = _room(module, package)
        for other in others:
            its = _room(other, package)
            if room and its and room != its:
                found[room].add(its)
    return found


def _room(module: str, package: str) -> str:
    """The part of a package in which a module stands, "" for one outside, or the package itself."""
    if not module.startswith(package + "."):
        return ""
    rest = module[len(package) + 1 :]
    return f"{package}.{rest.partition('.')[0]}"


def _cycles(arrows: Arrows) -> Iterator[set[str]]:
    """Groups of two or more that reach each other."""
    reached = {name: _reached(arrows, name) for name in arrows}
    left = set(arrows)
    for name in sorted(arrows):
        group = {other for other in reached[name] if name in reached.get(other, ())}
        if name in left and group:
            left -= group
            yield group | {name}


def _reached(arrows: Arrows, start: str) -> set[str]:
    """All that ``start`` imports, whatever the way."""
    found: set[str] = set()
    ahead = list(arrows.get(start, ()))
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead.extend(arrows.get(name, ()))
    return found


def ladder(file: Path = ROOT / "setup.cfg") -> list[list[str]]:
    """The rooms from the top down, as the contract of layers states them; those of one step are
    strangers.
    """
    settings = ConfigParser()
    settings.read(file, encoding="utf-8")
    lines = settings["importlinter:contract:ladder"]["layers"].split("\n")
    return [re.split(r"\s*\|\s*", line.strip()) for line in lines if line.strip()]


def upward_arrows(arrows: Arrows, steps: list[list[str]]) -> Measure:
    """Imports from a room into one above it, or beside it; rooms that stand on no step.

    The package itself, whose namespace names every room, stands between the top step and the next.
    """
    rooms = {room: float(-k) for k, step in enumerate(steps) for room in step}
    height = {room.partition(".")[0]: -0.5 for room in rooms} | rooms
    places = []
    for module in sorted(arrows):
        room = _step(module, height)
        # below the package itself every module belongs to a room; experiments is one as a whole
        if room is None or room != module and room not in rooms:
            places.append(f"{module} stands on no step")
            continue
        for other in sorted(arrows[module]):
            its = _step(other, height)
            if its is not None and its != room and height[its] >= height[room]:
                places.append(f"{module} -> {other}")
    return Measure("imports up the ladder", len(places), 0, places=places)


def _step(module: str, height: Mapping[str, float]) -> str | None:
    """The room of the ladder to which a module belongs."""
    while module and module not in height:
        module = module.rpartition(".")[0]
    return module or None


def private_imports(found: list[Source], packages: Iterable[str] = FOLDERS) -> Measure:
    """Test modules that reach for what is private in the package or in the experiments.

    That is an import of a private module or name, at any depth and in any spelling (a dotted string
    as well), or a private attribute of an imported module.
    """
    tops = "|".join(packages)
    dotted = re.compile(rf"({tops})(\.\w+)*\._(?!_)\w+(\.\w+)*")
    places = [source.name for source in found if _reaches(source, tops, dotted)]
    value = share(places, len(found))
    return Measure("test modules that import private ones", value, 10, " %", places)


def _reaches(source: Source, tops: str, dotted: re.Pattern[str]) -> bool:
    modules: set[str] = set()
    for node in source.nodes:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            modules |= {a.asname or a.name for a in node.names if re.match(rf"({tops})\b", a.name)}
        if isinstance(node, ast.ImportFrom) and re.match(rf"({tops})\b", node.module or ""):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            modules |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value]
        if any(dotted.fullmatch(name) for name in names):
            return True
    return any(
        isinstance(node, ast.Attribute)
        and re.match(r"_(?!_)", node.attr)
        and ast.unparse(node.value) in modules
        for node in source.nodes
    )
