"""``python -m quadmeta conformance MODULE:FUNCTION --kind KIND``."""

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from quadmeta.conformance.kinds import ALIASES, KINDS


def add(commands: Any, name: str = "conformance") -> None:
    """Add the command to the parser of ``python -m quadmeta``."""
    parser = commands.add_parser(
        name,
        help="is this hypergradient right? A function of your own against exact answers",
        description="Exit codes: 0 right, or right for its documented approximation; 1 not; 2 bad "
        "use.",
    )
    parser.add_argument(
        "function", metavar="MODULE:FUNCTION", help="of one argument, see quadmeta.conformance"
    )
    parser.add_argument("--kind", required=True, choices=[*KINDS, *ALIASES])
    parser.add_argument("--xp", default="numpy", metavar="LIBRARY", help="numpy, jax or torch")
    parser.add_argument(
        "--supports", default="", metavar="A,B", help="features beyond vectors and plain descent"
    )
    parser.add_argument("--cases", default="all", metavar="A,B", help="all, quick, or names")
    parser.add_argument("--rtol", type=float, default=0.0, help="of its linear solver")
    parser.add_argument("--atol", type=float, default=0.0)
    parser.add_argument("--inner-tol", type=float, default=0.0, help="of its inner solver")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds a case")
    parser.add_argument("--json", action="store_true", help="the report as JSON")


def run(options: argparse.Namespace) -> int:
    """Check the function that was named; the exit code."""
    from quadmeta.conformance.running import check

    cases: Any = options.cases
    if cases not in ("all", "quick"):
        cases = cases.split(",")
    try:
        report = check(
            found(options.function),
            kind=options.kind,
            xp=options.xp,
            supports=[name for name in options.supports.split(",") if name],
            cases=cases,
            rtol=options.rtol,
            atol=options.atol,
            inner_tol=options.inner_tol,
            time_limit=options.time_limit,
            name=options.function,
        )
    except (ImportError, ValueError, TypeError) as error:
        print(error, file=sys.stderr)
        return 2
    print(report.to_json() if options.json else report)
    return 0 if report.passes else 1


def found(path: str) -> Callable[[Any], Any]:
    """The function of MODULE:FUNCTION; a module in the present folder needs no installation.

    Raises
    ------
    ValueError
        no such function.
    ImportError
        no such module.
    """
    module, colon, name = path.partition(":")
    if not colon or not module or not name:
        raise ValueError(f"{path!r} is no MODULE:FUNCTION: write for example mine:hypergradient")
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    target = import_module(module)
    if not callable(getattr(target, name, None)):
        raise ValueError(f"{module} has no function {name!r}")
    function: Callable[[Any], Any] = getattr(target, name)
    return function
