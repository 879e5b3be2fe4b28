"""``python -m experiments list | run``: regenerate the tables and figures of this project."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.harness import Places


def _project() -> "Places":
    from experiments.shared.places import PROJECT

    return PROJECT


def main(arguments: Sequence[str], places: "Places | None" = None) -> int:
    """Do what the command line says, for this project or for other places; the exit code."""
    from quadmeta.harness import command

    return command.main(arguments, places or _project, "python -m experiments")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from quadmeta.harness.command import prepare_process

    prepare_process()
    sys.exit(main(sys.argv[1:]))
