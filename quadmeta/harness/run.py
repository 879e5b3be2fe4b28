"""The commands behind ``python -m experiments``: run experiments and keep the gallery, list what
there is.
"""

import sys
from collections.abc import Sequence

from quadmeta._files import sweep, write
from quadmeta.harness import provenance as origin
from quadmeta.harness import results
from quadmeta.harness.experiment import Places
from quadmeta.harness.job import FINE, NOT_COMPUTED, Job, Run
from quadmeta.harness.results import line
from quadmeta.sweep import workers


def run(names: Sequence[str], asked: Run, places: Places) -> int:
    """Run these experiments and return the exit code: the largest of theirs."""
    workers(asked.workers)
    figures = places.figures(False)
    for folder in (figures, places.cache("")):
        sweep(folder)  # what runs left that were killed
    # before any script is imported: this is what will be run
    package = origin.sources(places.library)
    codes = [Job(name, asked, places, package).run() for name in names]
    if not asked.smoke and any(figures.glob("*.json")):
        try:
            pages = {"README.md": results.gallery(figures)}
            if places.page is not None:
                pages["index.html"] = places.page(figures)
        except results.BrokenFile as error:
            if places.page is None:
                left = "README.md"
            else:
                left = "README.md and index.html"
            print(f"{left} are left as they were: {error}", file=sys.stderr)
            return max(codes, default=FINE) or NOT_COMPUTED
        for name, data in pages.items():
            write(figures / name, data)
    return max(codes, default=FINE)


def listing(places: Places) -> int:
    """Print each experiment with its heading, the number of its points, and whether its figure is
    present.
    """
    code = FINE
    for name in places.names():
        try:
            module = places.load(name)
            full, smoke = (
                len(module.points(**settings)) for settings in (module.FULL, module.SMOKE)
            )
        except Exception as error:
            print(f"{name}: cannot be loaded: {line(error)}", file=sys.stderr)
            code = NOT_COMPUTED
            continue
        picture = places.figures(False) / f"{name}.svg"
        if picture.is_file() and picture.stat().st_size:
            drawn = "drawn"
        else:
            drawn = "not drawn"
        print(
            f"{name:<20} {full:>5} points, smoke {smoke:>3}, {drawn:<9}  "
            f"{origin.title(module.__doc__)}"
        )
    return code
