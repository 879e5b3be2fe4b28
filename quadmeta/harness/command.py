"""The command line of a package of experiments, ``list | run``: regenerate its tables and figures.

Exit codes: 0 fine, 1 an asserted claim failed, 2 bad use, 3 something could not be computed, 130
interrupted.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.harness.places import Places

BAD_USE = 2


def parser(program: str) -> argparse.ArgumentParser:
    """The words of the command line."""
    top = argparse.ArgumentParser(
        prog=program,
        description="Regenerate tables and figures.",
        epilog=" ".join((__doc__ or "").partition("Exit codes")[1:]).replace("\n", " ").strip(),
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "list", help="name, points at full and at smoke size, and heading of each experiment"
    )
    one = commands.add_parser(
        "run",
        help="compute, assert the claim, write the table, draw; no name = all",
        epilog="Fresh results are left alone, an interrupted run resumes.",
    )
    one.add_argument("names", nargs="*", metavar="NAME")
    one.add_argument(
        "--smoke", action="store_true", help="seconds-long settings, serial, into figures/smoke"
    )
    one.add_argument(
        "--workers",
        default="1",
        metavar="N",
        help="local processes (default: 1), or tcp://HOST:PORT for a Dask cluster",
    )
    how = one.add_mutually_exclusive_group()
    how.add_argument(
        "--redraw", action="store_true", help="check and draw the tables that are there"
    )
    how.add_argument("--force", action="store_true", help="compute every point again")
    return top


def main(
    arguments: Sequence[str] | None = None,
    places: "Places | Callable[[], Places] | None" = None,
    program: str = "python -m quadmeta.harness",
) -> int:
    """Do what the command line says and return the exit code.

    Parameters
    ----------
    arguments
        The words after the program's name: those of this process, if None.
    places
        The study, or what returns it once the words are understood: the working directory, if
        None.
    program
        What the help calls the program.

    Returns
    -------
    int
        0 fine, 1 an asserted claim failed, 2 bad use, 3 something could not be computed, 130
        interrupted.
    """
    asked = parser(program).parse_args(arguments)
    try:
        study = _study(places)
        if not study.names():
            print(
                f"there are no scripts in {study.scripts.resolve()}: write NAME.py or "
                f"NAME/figure.py there, or run this where {study.package}/ is",
                file=sys.stderr,
            )
            return BAD_USE
        if asked.command == "list":
            from quadmeta.harness.run import listing

            return listing(study)
        return _run(asked, study)
    except KeyboardInterrupt as stop:
        print(str(stop) or "interrupted: the same command resumes", file=sys.stderr)
        return 130


def _study(places: "Places | Callable[[], Places] | None") -> "Places":
    from quadmeta.harness.places import Places

    if places is None:
        return Places(Path.cwd())
    if isinstance(places, Places):
        return places
    return places()


def _run(asked: argparse.Namespace, places: "Places") -> int:
    from quadmeta._registry import unknown
    from quadmeta.harness.job import NOT_COMPUTED, Run
    from quadmeta.harness.run import run
    from quadmeta.sweep import ClusterError

    known = places.names()
    for name in asked.names:
        if name not in known:
            print(unknown("experiment", name, known), file=sys.stderr)
            return BAD_USE
    if not __debug__:
        print(
            "claims are assertions, which python -O skips: run without -O and PYTHONOPTIMIZE",
            file=sys.stderr,
        )
        return BAD_USE
    number = asked.workers.lstrip("-").isdigit()
    try:
        wanted = Run(
            smoke=asked.smoke,
            redraw=asked.redraw,
            force=asked.force,
            workers=int(asked.workers) if number else asked.workers,
        )
        return run(list(dict.fromkeys(asked.names)) or known, wanted, places)
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_USE
    except ClusterError as error:
        print(f"{error}; finished points are kept", file=sys.stderr)
        return NOT_COMPUTED


def prepare_process() -> None:
    """One BLAS thread, before numpy is imported, and SIGTERM as Ctrl-C; workers inherit both."""
    # the same last digits on every run
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    # a time limit stops a run as Ctrl-C does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
