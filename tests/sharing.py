"""What is computed once in a test run, however many worker processes it has."""

import fcntl
import json


def once(folder, name, compute):
    """The JSON value of ``compute(empty folder)``, from the first process that asks for ``name``.

    All processes of a run name the same ``folder``. The others wait; if the first one fails, the
    next one tries.
    """
    kept = folder / f"{name}.json"
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            attempt = sum(1 for _ in folder.glob(f"{name}-*"))
            room = folder / f"{name}-{attempt}"
            room.mkdir()
            text = json.dumps(compute(room))
            kept.write_text(text, encoding="utf-8")
        return json.loads(kept.read_text(encoding="utf-8"))
