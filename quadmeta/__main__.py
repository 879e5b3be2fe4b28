"""``python -m quadmeta``: the ledger of statements; ``check`` recomputes verdicts, ``show`` prints one in full.

Exit codes: 0 fine, 1 a recomputed verdict differs from the recorded one, 2 bad use, 3 something could not be computed.
"""
import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m quadmeta", description="Statements about tuning step sizes, and "
                                     "their verdicts. Without a command: the ledger of recorded verdicts.")
    commands = parser.add_subparsers(dest="command", metavar="{check,show}")
    check = commands.add_parser("check", help="recompute verdicts and compare them with the recorded ones")
    check.add_argument("names", nargs="*", metavar="NAME", help="claims (default: all)")
    show = commands.add_parser("show", help="one claim: wordings, domain, both sides, counterexample, source code")
    show.add_argument("name", metavar="NAME")
    options = parser.parse_args(arguments)
    if options.command is None:
        from quadmeta.claims._ledger import ledger
        print(ledger())
        return 0
    from quadmeta._registry import members, unknown
    known = members("claims")
    names = options.names or list(known) if options.command == "check" else [options.name]
    for name in names:
        if name not in known:
            print(unknown("claim", name, known), file=sys.stderr)
            return 2
    return _check(names) if options.command == "check" else _show(names[0])


def _check(names: Sequence[str]) -> int:
    """Recompute; a claim that fails to compute does not stop the others."""
    from quadmeta.claims._ledger import differences
    different, failed = 0, 0
    for name in names:
        try:
            lines = differences(name)
        except Exception as error:  # reported with its claim, exit code 3
            print(f"{name}: could not be computed: {type(error).__name__}: {error}", file=sys.stderr)
            failed += 1
            continue
        different += bool(lines)
        print("\n".join(lines), end="\n" if lines else "")
    agree = len(names) - different - failed
    print(f"{agree} of {len(names)} claims as recorded" + (f", {different} differ" if different else "")
          + (f", {failed} could not be computed" if failed else ""))
    return 3 if failed else int(different > 0)


def _show(name: str) -> int:
    from quadmeta.claims._show import page
    try:
        print(page(name))
    except Exception as error:  # exit code 3 instead of a traceback
        print(f"{name}: could not be computed: {type(error).__name__}: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
