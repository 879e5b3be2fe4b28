"""``python -m quadmeta``: the ledger of statements, the commands that recompute and re-check it,
and the check of a hypergradient of your own.

Exit codes: 0 fine, and of a certificate: re-checked and compared with the source of its claim; 1 a
verdict differs from the recorded one, or a certificate does not show what it says; 2 bad use, or a
file that cannot be read; 3 something could not be computed, or a certificate not compared, since
numpy or its claim is not installed; 130 interrupted. Of several certificates the first of 1, 2, 3
that one of them gives.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from quadmeta.conformance import command as conformance

if TYPE_CHECKING:
    from quadmeta.verification.claim import Claim

OWN = "quadmeta.claims"
"""The claims that come with this version."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "recheck" and bool(options.files) == options.all:
        parser.error("recheck: pass files or names of published certificates, or --all")
    if options.command == "check" and options.all and options.names:
        parser.error("check takes names or --all, not both")
    if options.command == "certify" and options.count < 1:
        parser.error(f"N = {options.count} must be at least 1")
    if options.command == "certify":
        from quadmeta.verification.certify import certify

        return certify(options.count)
    try:
        return _run(options)
    except _Unusable as error:
        print(error, file=sys.stderr)
        return 2


class _Unusable(ValueError):
    """A module that was named holds no claims, or is none."""


@cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m quadmeta",
        description="Statements about tuning by gradient "
        "descent and their verdicts. Without a command: the recorded ledger.",
        epilog=" ".join((__doc__ or "").partition("Exit codes")[1:]).replace("\n", " "),
    )
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument(
        "--claims",
        metavar="MODULE",
        default=argparse.SUPPRESS,
        help="claims of your own: a module or package that Python can import",
    )
    parser.add_argument("--claims", metavar="MODULE", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(
        dest="command", metavar="{check,show,recheck,record,certify,conformance}"
    )
    check = commands.add_parser(
        "check",
        parents=[own],
        help="recompute verdicts and compare them with the recorded ones",
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="claims (default: all)")
    check.add_argument("--all", action="store_true", help="every claim; the default without a NAME")
    check.add_argument(
        "--json",
        action="store_true",
        help="one JSON list, a record for each form, on standard output",
    )
    show = commands.add_parser(
        "show",
        parents=[own],
        help="one claim: wordings, domain, proof, worst instance, source code",
    )
    show.add_argument("name", metavar="NAME")
    again = commands.add_parser(
        "recheck",
        parents=[own],
        help="verify certificates with the standard library alone, and compare them "
        "with their claims where numpy is installed",
    )
    again.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="a file, or the name of a published certificate: "
        "CLAIM.FORM, or CLAIM for all its forms",
    )
    again.add_argument(
        "--all", action="store_true", help="every certificate published with this version"
    )
    record = commands.add_parser(
        "record",
        help="search worst instances and write the numbers of the ledger beside a package of "
        "claims (minutes)",
    )
    record.add_argument(
        "package", nargs="?", default=OWN, metavar="PACKAGE", help=f"default: {OWN}"
    )
    certify = commands.add_parser(
        "certify", help="random instances over all exact statements that hold"
    )
    certify.add_argument(
        "count",
        nargs="?",
        default=10**6,
        type=int,
        metavar="N",
        help="instances (default: a million)",
    )
    conformance.add(commands)
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.command == "conformance":
        return conformance.run(options)
    if options.command == "recheck":
        return _recheck_each(options.files, options.claims)
    if options.command == "record":
        return _record(options.package)
    own = _own(options.claims)
    if options.command is None:
        from quadmeta.verification.ledger import ledger

        print(ledger(list(own.values()) if own else None))
        return 0
    from quadmeta._registry import unknown
    from quadmeta.verification.collection import known

    if options.command == "check":
        names = options.names or list(own or known())
    else:
        names = [options.name]
    for name in names:
        if name not in own and name not in known():
            print(unknown("claim", name, [*own, *known()]), file=sys.stderr)
            return 2
    claims = {name: own.get(name, name) for name in names}
    if options.command == "check":
        return _check(claims, options.json)
    return _show(*claims.items())


def _own(module: str | None) -> "Mapping[str, Claim]":
    """The claims of a module that was named.

    Raises
    ------
    _Unusable
        it cannot be imported, or has none.
    """
    if module is None:
        return {}
    from quadmeta.verification.collection import collect

    # as `python -m` does: a module in the present folder needs no installation
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return collect(module)
    except (ImportError, ValueError) as error:
        raise _Unusable(str(error)) from None


def _record(package: str) -> int:
    from quadmeta.verification.recording import write

    try:
        return write(package)
    except (ImportError, ValueError) as error:
        raise _Unusable(str(error)) from None


def _check(claims: "Mapping[str, str | Claim]", as_json: bool) -> int:
    """Recompute; a claim that fails to compute does not stop the others."""
    from quadmeta.verification.ledger import compared

    rows = []
    failed = 0
    for name, claim in claims.items():
        try:
            rows += compared(claim)
        except Exception as error:  # reported with its claim, exit code 3
            print(_not_computed(name, error), file=sys.stderr)
            failed += 1
    different = [row for row in rows if not row["agrees"]]
    if as_json:
        print(json.dumps(rows, indent=1))
    else:
        for row in different:
            print(
                f"{row['claim']}, {row['form']}: recorded {row['recorded']} "
                f"({row['recorded_how']}), "
                f"recomputed {row['status']} ({row['how']})"
            )
        count = len({row["claim"] for row in different})
        print(
            f"{len(claims) - count - failed} of {len(claims)} claims as recorded"
            + (f", {count} differ" if count else "")
            + (f", {failed} could not be computed" if failed else "")
        )
    return 3 if failed else int(bool(different))


def _show(claim: "tuple[str, str | Claim]") -> int:
    from quadmeta.verification.show import page

    try:
        found = page(claim[1])
    except Exception as error:  # exit code 3 instead of a traceback
        print(_not_computed(claim[0], error), file=sys.stderr)
        return 3
    print(found)
    return 0


def _not_computed(name: str, error: Exception) -> str:
    return f"{name}: could not be computed: {type(error).__name__}: {error}"


def _recheck_each(given: Sequence[str], module: str | None) -> int:
    """Files, or names of published certificates where no file is called so; all published ones
    without any.
    """
    from quadmeta.certificates.published import files, folder, published

    known = published()
    if not given and not known:
        print(
            f"no certificates in {folder()}: install quadmeta from a wheel or use a checkout",
            file=sys.stderr,
        )
        return 2
    own = _own(module)
    codes: set[int] = set()
    for name in given or list(known):
        if os.path.lexists(name):
            found = []
        else:
            found = list(map(str, files(name)))
        is_path = os.path.lexists(name) or os.path.basename(name) != name or name.endswith(".json")
        if found or is_path or not known:
            codes |= {_recheck(file, own) for file in found or [name]}
        else:
            from quadmeta._registry import unknown

            print(unknown("file or published certificate", name, known), file=sys.stderr)
            codes.add(2)
    # a wrong one first, whatever else there is
    return next((code for code in (1, 2, 3) if code in codes), 0)


def _recheck(file: str, own: "Mapping[str, Claim]") -> int:
    """With fractions and the standard library; that the program is the claim's own only where
    numpy is installed.
    """
    from quadmeta.certificates.recheck import Wrong, quoted, read, recheck

    place = file if file.isascii() and file.isprintable() else quoted(file, 500)
    try:
        certificate = read(file)
        lines = recheck(certificate)
        missing = _compare(certificate, lines, own)
    except Wrong as error:
        print(f"{place}: WRONG: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:  # a name with a NUL byte is a ValueError
        print(f"{place}: cannot be read: {error}", file=sys.stderr)
        return 2
    # what is printed bare has been checked: names of claims are a-z, 0-9 and _, the other words
    # are known ones
    name, form, status, how = (certificate[key] for key in ("claim", "form", "status", "how"))
    without = ""
    if "dropped" in certificate:
        without = f", without {quoted(certificate['dropped'], 200)}"
    print(f"{name}, {form}{without}: {'the file says ' if missing else ''}{status} ({how})")
    print("\n".join(f"  {line}" for line in lines))
    return 3 if missing else 0


def _compare(certificate: dict[str, Any], lines: list[str], own: "Mapping[str, Claim]") -> bool:
    """Add a line on the comparison with the claim's source; whether there was nothing to compare
    with.

    Raises
    ------
    Wrong
        the certificate is another one.
    """
    try:
        from quadmeta.verification.certificate import Uncompared, compare
    except ImportError as error:
        lines.append(_uncompared(f"{error.name or error} is not installed"))
        return True
    try:
        lines.append(compare(certificate, own))
    except Uncompared as error:
        lines.append(_uncompared(str(error)))
        return True
    return False


def _uncompared(reason: str) -> str:
    return (
        f"NOT COMPARED with the claim's source: {reason}. The lines above are about the programs "
        "of the file: "
        "that they compute the claim, and that the verdict is the one on record, was not checked"
    )


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` for instance, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)
