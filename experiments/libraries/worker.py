"""``python -m experiments.libraries.worker NAME PATH [CASES]``: one mode, in the environment of
its library.

The report goes to PATH; the version of the library is printed. It needs quadmeta's sources on the
path, numpy and mpmath, nothing else of this project.
"""

import sys
from importlib.metadata import version

from experiments.libraries.modes import MODES

ABSENT = 3
"""The exit code where the library is not installed."""


def main(name: str, path: str, cases: str = "all") -> int:
    """Check one mode and save its report; the exit code."""
    mode = MODES[name]
    try:
        found = version(mode.library) if mode.library else ""
        report = mode.check(cases)
    except ImportError as error:  # of the library itself, or of JAX or PyTorch below it
        print(error, file=sys.stderr)
        return ABSENT
    report.save(path)
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
