"""Calls every public name with wrong arguments, one at a time, and tabulates what became of each
call.

    python -m tests.bad_calls.run [--every K] [--offset I] [--show]

The package promises one line that names the argument. Outcomes:

    named       an error of one line with the argument's name
    unnamed     an error of one line without it
    raw         an AttributeError, TypeError, IndexError, LinAlgError or the like from inside
    warned      a warning of Python or numpy
    accepted    a result
    hung        no result within six seconds of the processor's time
    differs     a good value in another layout (a list, another memory order) gave another result
"""

import re
import signal
import sys
import warnings
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np

from tests.bad_calls.arguments import Argument
from tests.bad_calls.catalog import CALLS, Call

SECONDS = 6
BAD = ("unnamed", "raw", "warned", "accepted", "hung", "differs")


@dataclass(frozen=True)
class Outcome:
    """What became of one call."""

    call: str
    argument: str
    label: str
    kind: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.kind:9} {self.call}({self.argument}: {self.label})  {self.text}"


class Hung(Exception):
    """A call that took too long."""


def attempt(function: Callable[[], Any]) -> tuple[str, Any]:
    """("result", x), or the kind of failure and its text."""

    def stop(*_: Any) -> None:
        raise Hung

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return "result", function()
    except Hung:
        return "hung", ""
    except Warning as warning:
        return "warned", f"{type(warning).__name__}: {warning}"
    except (ValueError, OverflowError, FloatingPointError, KeyError, ImportError) as error:
        text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
        one_line = "\n" not in text and text.isprintable() and len(text) < 400
        plain = type(error) in (
            ValueError,
            KeyError,
            OverflowError,
            FloatingPointError,
            ImportError,
        )
        return ("error" if one_line and plain else "raw"), text
    except Exception as error:
        return "raw", f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def judge(call: Call, name: str, label: str, value: Any) -> Outcome:
    """The outcome of a call with one wrong argument."""
    kind, text = attempt(lambda: call.function(**call.good() | {name: value}))
    if kind == "result":
        return Outcome(call.name, name, label, "accepted", type(text).__name__)
    if kind == "error":
        kind = "named" if names(text, call, name, label) else "unnamed"
    return Outcome(call.name, name, label, kind, " ".join(str(text).split())[:160])


ALIASES = {
    "theta": ("step_size", "step_sizes", "momentum", "theta", "alpha"),
    "name": ("claim", "name"),
    "where": ("workers",),
    "tasks": ("tasks", "task"),
    "main": ("main", "task 0"),
    "x": ("x", "value", "lower"),
}
"""Arguments that a message may call by what they hold."""
SHAPES = ("one too many", "one too few", "too deep", "scalar", "empty")


def names(text: str, call: Call, name: str, label: str) -> bool:
    """Whether a message speaks of the argument; where two do not fit each other, of any of them."""
    known = ALIASES.get(name, (name,))
    if label in SHAPES:
        known = (*known, *call.arguments)
    return any(re.search(rf"\b{re.escape(word)}\b", text) for word in known)


def same(a: Any, b: Any) -> bool:
    """Whether two results hold the same numbers (to rounding: another memory order sums in another
    order).
    """
    if is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and all(
            same(getattr(a, k), getattr(b, k)) for k in a.__dataclass_fields__
        )
    if isinstance(a, np.ndarray | float | np.floating):
        return np.shape(a) == np.shape(b) and bool(
            np.allclose(np.asarray(a, float), np.asarray(b, float), 1e-9, 1e-300, equal_nan=True)
        )
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "_parts"):
        return all(map(same, a._parts, b._parts))
    return True


def layouts(call: Call, name: str, argument: Argument) -> Iterator[Outcome]:
    """Outcomes of good values in other forms."""
    kind, right = attempt(lambda: call.function(**call.good()))
    if kind != "result":
        yield Outcome(call.name, name, "good", "differs", f"{kind}: {right}")
        return
    for label, value in argument.layouts():
        kind, found = attempt(lambda: call.function(**call.good() | {name: value}))
        if kind != "result":
            yield Outcome(call.name, name, label, "differs", f"{kind}: {found}"[:160])
        elif not same(right, found):
            yield Outcome(call.name, name, label, "differs", "another result")
        else:
            yield Outcome(call.name, name, label, "same")


def outcomes(every: int = 1, offset: int = 0, only: str = "") -> Iterator[Outcome]:
    """All outcomes, or every ``every``-th call from number ``offset`` on."""
    number = 0
    for call in CALLS:
        if not re.search(only, call.name):
            continue
        for name, argument in call.arguments.items():
            for label, value in argument.wrong():
                number += 1
                if number % every == offset % every:
                    yield judge(call, name, label, value)
            if every == 1 or hash_of(call.name + name) % every == offset % every:
                yield from layouts(call, name, argument)


def hash_of(text: str) -> int:
    """A small number that is the same in every process."""
    return sum(text.encode())


def main() -> int:
    """Prints the table, and with --show every outcome that breaks the promise."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--only", default="", help="a pattern of names of callables")
    parser.add_argument(
        "--show", action="store_true", help="print each outcome that breaks the promise"
    )
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    by_name: dict[str, Counter[str]] = {}
    for outcome in outcomes(options.every, options.offset, options.only):
        counts[outcome.kind] += 1
        by_name.setdefault(outcome.call, Counter())[outcome.kind] += 1
        if options.show and outcome.kind in BAD:
            print(outcome, flush=True)
    for name, found in by_name.items():
        bad = {kind: found[kind] for kind in BAD if found[kind]}
        if bad:
            print(
                f"{name:45} {sum(found.values()):5} calls, "
                f"{', '.join(f'{n} {kind}' for kind, n in bad.items())}"
            )
    print(
        f"{sum(counts.values())} calls: "
        f"{', '.join(f'{n} {kind}' for kind, n in sorted(counts.items()))}"
    )
    return int(any(counts[kind] for kind in BAD))


if __name__ == "__main__":
    sys.exit(main())
