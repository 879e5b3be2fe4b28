"""What a script is to the harness, and the rows of its table: computed, kept, resumed."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from quadmeta.harness.points import Measured, Store, Unusable
from quadmeta.harness.results import Row, plain
from quadmeta.sweep import Failure, pmap, workers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 20
"""Failed points, or files that cannot be used, that are printed one by one."""


class Experiment(Protocol):
    """A module that the harness runs: ``experiments/name.py`` or ``experiments/name/figure.py``.

    The first line of its docstring is the heading of the figure. It may define three things more:

    - ``files(rows)``, what it writes beside a table and a figure: {path below the figures: bytes};
    - ``LIBRARIES``, a literal tuple of names of packages whose versions its rows depend on, besides
      quadmeta's own;
    - ``keep(rows)``, why a published table must not be replaced by one of this machine, or None.
    """

    @property
    def CAPTION(self) -> str:
        """What the figure shows, for the reader of a paper; may hold formulas as $...$."""

    @property
    def SEED(self) -> int:
        """What all random draws come from."""

    @property
    def FULL(self) -> Mapping[str, Any]:
        """Arguments of ``points`` for the published figure."""

    @property
    def SMOKE(self) -> Mapping[str, Any]:
        """The same for a run of seconds."""

    @property
    def points(self) -> Callable[..., Sequence[Mapping[str, Any]]]:
        """``points(**settings)``: arguments of ``measure``, plain numbers and texts, once each."""

    @property
    def measure(self) -> Callable[..., Sequence[Mapping[str, Any]]]:
        """``measure(**point)``: rows of the table, of the same columns, with finite cells."""

    @property
    def check(self) -> Callable[[list[dict[str, Any]]], object]:
        """``check(rows)``: assert what the figure claims, of the table as it reads back."""

    @property
    def draw(self) -> "Callable[[list[dict[str, Any]]], Figure]":
        """``draw(rows)``: the figure of the table as it reads back."""


class PointsFailed(RuntimeError):
    """Some points of an experiment raised; all others are computed.

    ``failures`` holds the points and their errors.
    """

    def __init__(self, failures: list[Failure[dict[str, Any]]], total: int) -> None:
        self.failures = failures
        super().__init__(
            f"{len(failures)} of {total} points failed, the first {failures[0].point} with "
            f"{failures[0].error}"
        )


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a run; the message says how many points are kept."""


def compute(
    module: Experiment,
    settings: Mapping[str, Any],
    where: int | str = 1,
    store: Store | None = None,
    progress: Callable[[int, int, int], object] | None = None,
) -> list[Row]:
    """The rows of an experiment, in the order of its points.

    Parameters
    ----------
    module
        The experiment, as in ``from experiments import log_objective``.
    settings
        ``module.FULL``, ``module.SMOKE`` or your own.
    where
        1 for a loop, N for N processes, ``tcp://host:port`` for a cluster.
    store
        Where finished points are looked up and kept.
    progress
        Called with ``(done, total, failed)`` as points land.

    Raises
    ------
    PointsFailed
        After all other points are computed.
    Interrupted
        On Ctrl-C, where a store keeps the finished points.
    WorkerKilled, ClusterError
        As in :func:`quadmeta.sweep.pmap`.
    """
    todo = [plain(point) for point in module.points(**plain(settings))]
    results: list[list[Row] | Failure[dict[str, Any]] | None] = [*_finished(store, todo)]
    missing = [index for index, rows in enumerate(results) if rows is None]
    # workers on other machines cannot write our files: what they return is kept here
    far = isinstance(workers(where), str)
    landed = 0
    failed = 0

    def tell() -> None:
        if progress is not None:
            progress(len(todo) - len(missing) + landed, len(todo), failed)

    def report(index: int, result: list[Row] | Failure[dict[str, Any]]) -> None:
        nonlocal landed, failed
        landed = landed + 1
        if isinstance(result, Failure):
            failed = failed + 1
        elif far and store is not None:
            store.put(todo[missing[index]], result)
        tell()

    tell()
    measured = Measured(module.measure, None if far else store)
    try:
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
    return [row for rows in results if isinstance(rows, list) for row in rows]


def _finished(
    store: Store | None, points: Sequence[Mapping[str, Any]], quiet: bool = False
) -> list[list[Row] | None]:
    """The rows of each point that is finished; of files that cannot be used, say so on stderr."""
    if store is None:
        return [None] * len(points)
    found: list[list[Row] | None] = []
    unusable: list[str] = []
    for point in points:
        try:
            found.append(store.get(point))
        except Unusable as error:
            found.append(None)
            unusable.append(str(error))
    if not quiet:
        lines = unusable[:SHOWN]
        if len(unusable) > SHOWN:
            lines.append(f"nor are {len(unusable) - SHOWN} more files")
        for line in lines:
            print(line, file=sys.stderr, flush=True)
    return found
