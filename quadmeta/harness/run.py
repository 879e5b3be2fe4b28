"""The commands: run experiments and keep the gallery of their figures, list what there is."""

import sys
from collections.abc import Sequence
from pathlib import Path

from quadmeta._files import sweep, write
from quadmeta.harness import provenance as origin, results, sources
from quadmeta.harness.job import FINE, NOT_COMPUTED, Job, Run
from quadmeta.harness.places import Places
from quadmeta.harness.results import line
from quadmeta.sweep import workers


def run(names: Sequence[str], asked: Run, places: Places) -> int:
    """Run these experiments and return the exit code: the largest of theirs."""
    workers(asked.workers)
    figures = places.figures(False)
    for folder in (figures, places.cache("")):
        sweep(folder)  # what runs left that were killed
    # before any script is imported: this is what will be run
    package = sources.library(places.library)
    codes = [Job(name, asked, places, package).run() for name in names]
    if not asked.smoke and any(figures.glob("*.json")):
        codes.append(_pages(places, figures))
    return max(codes, default=FINE)


def _pages(places: Places, figures: Path) -> int:
    """Write the pages that show all figures; where one of them has no record, leave both."""
    try:
        pages = {"README.md": results.gallery(figures, places.program, places.page is not None)}
        if places.page is not None:
            pages["index.html"] = places.page(figures)
    except results.BrokenFile as error:
        left = "README.md" if places.page is None else "README.md and index.html"
        print(f"{left} are left as they were: {error}", file=sys.stderr)
        return NOT_COMPUTED
    for name, data in pages.items():
        write(figures / name, data)
    return FINE


def listing(places: Places) -> int:
    """Print each experiment: the numbers of its points, whether it is drawn, its heading."""
    code = FINE
    for name in places.names():
        try:
            module = places.load(name)
            full = len(module.points(**module.FULL))
            smoke = len(module.points(**module.SMOKE))
        except Exception as error:
            print(f"{name}: cannot be loaded: {line(error)}", file=sys.stderr)
            code = NOT_COMPUTED
            continue
        picture = places.figures(False) / f"{name}.svg"
        drawn = "drawn" if picture.is_file() and picture.stat().st_size else "not drawn"
        heading = origin.title(module.__doc__)
        print(f"{name:<20} {full:>5} points, smoke {smoke:>3}, {drawn:<9}  {heading}")
    return code
