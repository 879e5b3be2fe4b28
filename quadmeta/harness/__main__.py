"""``python -m quadmeta.harness list | run``: the scripts in ``experiments/`` of this folder."""

import sys

from quadmeta.harness.command import main, prepare_process

if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
