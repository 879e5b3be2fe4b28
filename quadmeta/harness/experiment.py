"""From an experiment's script to its table and figure: compute the points, assert the claim, draw,
write.

Each module of a package of experiments without a leading underscore is one, and so is each of its
folders that has a ``figure.py``: a docstring whose first line is the heading, CAPTION, SEED, FULL
and SMOKE settings, ``points(**settings)``, ``measure(**point)``, ``check(rows)``, ``draw(rows)``;
one with more to write than a table and a figure has ``files(rows)``, {path below the figures:
bytes}; one that measures other packages has their names as ``LIBRARIES``, and ``keep(rows)``,
which says why a published table must not be replaced by one of this machine, or returns None.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import quadmeta
from quadmeta.harness.points import Measured, Store, Unusable
from quadmeta.harness.provenance import Scripts
from quadmeta.harness.results import Row, plain
from quadmeta.sweep import Failure, pmap, workers

SHOWN = 20  # failed points, or files that cannot be used, printed one by one
CONTRACT = ("CAPTION", "SEED", "FULL", "SMOKE", "points", "measure", "check", "draw")


class PointsFailed(RuntimeError):
    """Some points of an experiment raised; all others are computed. ``failures`` holds the points
    and their errors.
    """

    def __init__(self, failures: list[Failure[dict[str, Any]]], total: int) -> None:
        self.failures = failures
        super().__init__(
            f"{len(failures)} of {total} points failed, the first {failures[0].point} with "
            f"{failures[0].error}"
        )


class Refused(RuntimeError):
    """An experiment cannot be done as asked; the message says what is missing."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a run; the message says how many points are kept."""


@dataclass(frozen=True)
class Places:
    """Where scripts are found and results go: all under one root, whatever the working directory
    is.
    """

    root: Path
    package: str = "experiments"
    # what all scripts depend on: the one that is imported
    library: Path = Path(quadmeta.__file__).resolve().parent
    # what writes ``index.html`` from the folder of figures, if anything
    page: Callable[[Path], bytes] | None = None

    @property
    def scripts(self) -> Scripts:
        """The package of the experiments, for what a script imports from it."""
        return Scripts(self.package, self.root / self.package)

    def names(self) -> list[str]:
        """All experiments, found by folder."""
        folder = self.root / self.package
        alone = [path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")]
        return sorted(alone + [path.parent.name for path in folder.glob("*/figure.py")])

    def script(self, name: str) -> Path:
        """The file of one experiment."""
        folder = self.root / self.package / name
        if (folder / "figure.py").is_file():
            return folder / "figure.py"
        return folder.with_suffix(".py")

    def module(self, name: str) -> str:
        """The full name of the module of one experiment."""
        script = self.script(name).relative_to(self.root / self.package).with_suffix("")
        return ".".join([self.package, *script.parts])

    def figures(self, smoke: bool) -> Path:
        """The folder of results; a smoke run never overwrites published ones."""
        if smoke:
            return self.root / "figures" / "smoke"
        return self.root / "figures"

    def cache(self, name: str) -> Path:
        """The folder of finished points and of marks that say what is fresh; it may be removed at
        any time.
        """
        return self.root / ".cache" / "experiments" / name

    def load(self, name: str) -> Any:
        """The module of one experiment. Raises Refused where it lacks a part of the contract."""
        module = import_module(self.module(name))
        lacking = [part for part in CONTRACT if not hasattr(module, part)]
        if lacking or not module.__doc__:
            raise Refused(
                f"{self.script(name).relative_to(self.root)} lacks "
                f"{', '.join(lacking or ['a docstring'])}: "
                f"an experiment defines {', '.join(CONTRACT)}"
            )
        return module


def compute(
    module: Any,
    settings: Mapping[str, Any],
    where: int | str = 1,
    store: Store | None = None,
    progress: Callable[[int, int, int], object] | None = None,
) -> list[Row]:
    """The rows of an experiment, in the order of its points.

    Parameters
    ----------
    module
        the experiment, as in ``from experiments import schedules``.
    settings
        ``module.FULL``, ``module.SMOKE`` or your own.
    where
        1 for a loop, N for N processes, ``tcp://host:port`` for a cluster.
    store
        where finished points are looked up and kept.
    progress
        called with ``(done, total, failed)`` as points land.

    Raises
    ------
    PointsFailed
        after all other points are computed.
    Interrupted
        on Ctrl-C, where a store keeps the finished points.
    WorkerKilled, ClusterError
        as in :func:`quadmeta.sweep.pmap`.
    """
    todo = [plain(point) for point in module.points(**plain(settings))]
    results: list[Any] = _finished(store, todo)
    missing = [index for index, rows in enumerate(results) if rows is None]
    far = isinstance(workers(where), str)  # workers on other machines, whose files are not ours
    landed = failed = 0

    def report(index: int, result: Any) -> None:
        nonlocal landed, failed
        if far and store is not None and not isinstance(result, Failure):
            store.put(todo[missing[index]], result)
        landed = landed + 1
        failed = failed + isinstance(result, Failure)
        if progress is not None:
            progress(len(todo) - len(missing) + landed, len(todo), failed)

    if progress is not None:
        progress(len(todo) - len(missing), len(todo), 0)
    try:
        measured = Measured(module.measure, None if far else store)
        found = pmap(measured, [todo[index] for index in missing], where, report)
    except KeyboardInterrupt:
        if store is None:
            raise
        kept = sum(rows is not None for rows in _finished(store, todo, quiet=True))
        raise Interrupted(f"{kept} of {len(todo)} points are kept") from None
    for index, result in zip(missing, found, strict=True):
        results[index] = result
    failures = [result for result in results if isinstance(result, Failure)]
    if failures:
        raise PointsFailed(failures, len(todo))
    return [row for rows in results for row in rows]


def _finished(
    store: Store | None, points: list[Any], quiet: bool = False
) -> list[list[Row] | None]:
    """The rows of each point that is finished; of files that cannot be used, say so on stderr."""
    found: list[list[Row] | None] = []
    unusable: list[str] = []
    for point in points:
        try:
            found.append(store.get(point) if store else None)
        except Unusable as error:
            found.append(None)
            unusable.append(str(error))
    if not quiet:
        more = len(unusable) - SHOWN
        for line in unusable[:SHOWN] + ([f"nor are {more} more files"] if more > 0 else []):
            print(line, file=sys.stderr, flush=True)
    return found
