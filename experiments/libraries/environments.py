"""An environment a pin file, since the libraries cannot be installed together.

``pins/NAME.txt`` and ``pins/NAME-nodeps.txt`` are installed into ``.cache/libraries/NAME`` when
that is first asked for. ``QUADMETA_LIBRARIES_NAME`` is the Python of another environment.
"""

import os
import subprocess
import sys
from fcntl import LOCK_EX, flock
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINS = Path(__file__).resolve().parent / "pins"
PLACES = ROOT / ".cache" / "libraries"
THREADS = ("OPENBLAS", "OMP", "MKL")


def python(name: str) -> Path:
    """The Python of an environment, which is made if it is not there.

    Raises
    ------
    subprocess.CalledProcessError
        no environment can be made at all; a library that cannot be installed is no error here.
    """
    chosen = os.environ.get(f"QUADMETA_LIBRARIES_{name.upper()}")
    if chosen:
        return Path(chosen)
    place = PLACES / name
    found = place / "bin" / "python"
    ready = place / ".ready"
    PLACES.mkdir(parents=True, exist_ok=True)
    with (PLACES / f"{name}.lock").open("w") as lock:
        flock(lock, LOCK_EX)  # workers ask at the same time, one makes it
        if not ready.exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
            install(found, PINS / f"{name}.txt", [])
            install(found, PINS / f"{name}-nodeps.txt", ["--no-deps"])
            ready.touch()
    return found


def install(interpreter: Path, pins: Path, flags: list[str]) -> None:
    """All pins of a file, or, where they do not go together, those that do, one by one."""
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", *flags]
    if subprocess.run([*pip, "-r", str(pins)]).returncode == 0:
        return
    for pin in pinned(pins):
        subprocess.run([*pip, pin])


def pinned(pins: Path) -> list[str]:
    """The requirements of a pin file."""
    lines = [line.strip() for line in pins.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def in_environment(environment: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """``python -m ...`` in an environment, with the sources of this project on its path."""
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    variables |= {f"{threads}_NUM_THREADS": "1" for threads in THREADS}
    return subprocess.run(
        [str(python(environment)), "-m", *arguments],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
    )
