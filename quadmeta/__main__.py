"""``python -m quadmeta``: the ledger of statements, and the commands that recompute and re-check
it.

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
from collections.abc import Sequence
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m quadmeta",
        description="Statements about tuning by gradient "
        "descent and their verdicts. Without a command: the recorded ledger.",
        epilog=" ".join((__doc__ or "").partition("Exit codes")[1:]).replace("\n", " "),
    )
    commands = parser.add_subparsers(dest="command", metavar="{check,show,recheck,record}")
    check = commands.add_parser(
        "check", help="recompute verdicts and compare them with the recorded ones"
    )
    check.add_argument("names", nargs="*", metavar="NAME", help="claims (default: all)")
    check.add_argument("--all", action="store_true", help="every claim; the default without a NAME")
    check.add_argument(
        "--json",
        action="store_true",
        help="one JSON list, a record for each form, on standard output",
    )
    show = commands.add_parser(
        "show", help="one claim: wordings, domain, proof, worst instance, source code"
    )
    show.add_argument("name", metavar="NAME")
    again = commands.add_parser(
        "recheck",
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
    commands.add_parser(
        "record", help="search worst instances and write the numbers of the ledger (minutes)"
    )
    options = parser.parse_args(arguments)
    if options.command == "recheck":
        if bool(options.files) == options.all:
            again.error("pass files or names of published certificates, or --all")
        return _recheck_each(options.files)
    if options.command is None:
        from quadmeta.verification.ledger import ledger

        print(ledger())
        return 0
    if options.command == "record":
        from quadmeta.verification.recording import write

        return write()
    if options.command == "check" and options.all and options.names:
        parser.error("check takes names or --all, not both")
    from quadmeta._registry import members, unknown

    known = members("claims")
    if options.command == "check":
        names = options.names or list(known)
    else:
        names = [options.name]
    for name in names:
        if name not in known:
            print(unknown("claim", name, known), file=sys.stderr)
            return 2
    if options.command == "check":
        return _check(names, options.json)
    return _show(names[0])


def _check(names: Sequence[str], as_json: bool) -> int:
    """Recompute; a claim that fails to compute does not stop the others."""
    from quadmeta.verification.ledger import compared

    rows = []
    failed = 0
    for name in names:
        try:
            rows += compared(name)
        except Exception as error:  # reported with its claim, exit code 3
            print(
                f"{name}: could not be computed: {type(error).__name__}: {error}", file=sys.stderr
            )
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
            f"{len(names) - count - failed} of {len(names)} claims as recorded"
            + (f", {count} differ" if count else "")
            + (f", {failed} could not be computed" if failed else "")
        )
    return 3 if failed else int(bool(different))


def _show(name: str) -> int:
    from quadmeta.verification.show import page

    try:
        found = page(name)
    except Exception as error:  # exit code 3 instead of a traceback
        print(f"{name}: could not be computed: {type(error).__name__}: {error}", file=sys.stderr)
        return 3
    print(found)
    return 0


def _recheck_each(given: Sequence[str]) -> int:
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
    codes: set[int] = set()
    for name in given or list(known):
        if os.path.lexists(name):
            found = []
        else:
            found = list(map(str, files(name)))
        is_path = os.path.lexists(name) or os.path.basename(name) != name or name.endswith(".json")
        if found or is_path or not known:
            codes |= set(map(_recheck, found or [name]))
        else:
            from quadmeta._registry import unknown

            print(unknown("file or published certificate", name, known), file=sys.stderr)
            codes.add(2)
    # a wrong one first, whatever else there is
    return next((code for code in (1, 2, 3) if code in codes), 0)


def _recheck(file: str) -> int:
    """With fractions and the standard library; that the program is the claim's own only where
    numpy is installed.
    """
    from quadmeta.certificates.recheck import Wrong, quoted, read, recheck

    if file.isascii() and file.isprintable():
        place = file
    else:
        place = quoted(file, 500)
    try:
        certificate = read(file)
        lines = recheck(certificate)
        missing = _compare(certificate, lines)
    except Wrong as error:
        print(f"{place}: WRONG: {error}", file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:  # a name with a NUL byte is a ValueError
        print(f"{place}: cannot be read: {error}", file=sys.stderr)
        return 2
    # what is printed bare has been checked: names of claims are a-z, 0-9 and _, the other words
    # are known ones
    name, form, status, how = (certificate[key] for key in ("claim", "form", "status", "how"))
    if "dropped" in certificate:
        without = f", without {quoted(certificate['dropped'], 200)}"
    else:
        without = ""
    print(f"{name}, {form}{without}: {'the file says ' if missing else ''}{status} ({how})")
    print("\n".join(f"  {line}" for line in lines))
    return 3 if missing else 0


def _compare(certificate: dict[str, Any], lines: list[str]) -> bool:
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
        lines.append(compare(certificate))
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
