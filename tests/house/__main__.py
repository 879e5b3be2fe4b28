"""``make house``: every measure beside its bar; exit code 1 if one exceeds it.

    python -m tests.house [FOLDER ...]     # all of quadmeta/ and experiments/, or a part of them

With ``--where WORD`` the places that count against the measures of this name are listed. Cycles,
the ladder and the imports of the tests are always those of the whole project.
"""

import gc
import sys
from argparse import ArgumentParser
from collections.abc import Iterable

from tests.house.expressions import conditional_expressions, parallel_assignments
from tests.house.graph import import_cycles, imports, ladder, private_imports, upward_arrows
from tests.house.layout import largest_folder, long_lines, longest_module, median_module
from tests.house.measure import FOLDERS, Measure, Source, sources
from tests.house.repetition import duplicated
from tests.house.types import untyped_arguments


def measures(folders: Iterable[str] = FOLDERS) -> list[Measure]:
    """All numbers of the sources in these folders and below."""
    collecting = gc.isenabled()
    gc.disable()  # all trees are kept to the end: half of the time went into looking for garbage
    try:
        return _measures(sources(folders))
    finally:
        if collecting:
            gc.enable()


def _measures(found: list[Source]) -> list[Measure]:
    return [
        largest_folder(found),
        long_lines(found),
        parallel_assignments(found),
        conditional_expressions(found),
        untyped_arguments(found),
        median_module(found),
        longest_module(found),
        duplicated(found),
        private_imports(sources(["tests"])),
        import_cycles(imports()),
        upward_arrows(imports(), ladder()),
    ]


def main() -> int:
    """Print every number."""
    parser = ArgumentParser(
        prog="python -m tests.house", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folders", nargs="*", default=FOLDERS, metavar="FOLDER")
    parser.add_argument("--where", metavar="WORD", help="list the places of measures of this name")
    asked = parser.parse_args()
    try:
        found = measures(asked.folders)
    except ValueError as error:
        parser.error(str(error))
    for measure in found:
        print(measure)
        if asked.where and asked.where.lower() in measure.name.lower():
            for place in measure.places:
                print(f"      {place}")
    return int(not all(measure.reached for measure in found))


if __name__ == "__main__":
    sys.exit(main())
