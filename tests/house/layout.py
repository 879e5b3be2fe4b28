"""How large folders, modules and lines are."""

from pathlib import Path
from statistics import median

from tests.house.measure import Measure, Source

FOLDER = 30
MEDIAN = 120
MODULE = 400
WIDTH = 100


def largest_folder(found: list[Source]) -> Measure:
    """How many files the fullest folder has, of any kind but what Python compiles."""
    folders: dict[Path, str] = {source.path.parent: source.name for source in found}
    counts = {
        name.rpartition("/")[0]: len(
            [path for path in folder.iterdir() if path.is_file() and path.suffix != ".pyc"]
        )
        for folder, name in folders.items()
    }
    places = [f"{name}: {count}" for name, count in counts.items() if count > FOLDER]
    return Measure("files in the largest folder", max(counts.values()), FOLDER, places=places)


def long_lines(found: list[Source]) -> Measure:
    """Lines of more than a hundred characters."""
    places = [
        source.place(number)
        for source in found
        for number, line in enumerate(source.lines, 1)
        if len(line) > WIDTH
    ]
    return Measure(f"lines over {WIDTH} characters", len(places), 0, places=places)


def median_module(found: list[Source]) -> Measure:
    """The lines of the module in the middle."""
    lengths = [len(source.lines) for source in found]
    return Measure("lines of the median module", median(lengths), MEDIAN)


def longest_module(found: list[Source]) -> Measure:
    """The lines of the longest module."""
    lengths = {source.name: len(source.lines) for source in found}
    places = [f"{name}: {length}" for name, length in lengths.items() if length > MODULE]
    return Measure("lines of the longest module", max(lengths.values()), MODULE, places=places)
