"""``python -m quadmeta.harness list | run``: the experiments in ``experiments`` below the working
directory.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quadmeta.harness.command import main, prepare_process

if TYPE_CHECKING:
    from quadmeta.harness.experiment import Places


def _here() -> "Places":
    from quadmeta.harness.experiment import Places

    sys.path.insert(0, str(Path.cwd()))
    return Places(Path.cwd())


if __name__ == "__main__":
    prepare_process()
    sys.exit(main(sys.argv[1:], _here, "python -m quadmeta.harness"))
