"""What a user gets: the source distribution of this checkout, and the wheel that is built from it."""

import os
import shutil
import subprocess
import sys
import tarfile
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHES = (
    ".git",
    ".venv*",
    ".cache",
    "__pycache__",
    "*.py[cod]",
    "*.egg-info",
    "build",
    "dist",
    ".*_cache",
    ".hypothesis",
    ".coverage*",
    "smoke",
    ".*.tmp",
)
LITTER = (
    "figures/smoke/sgd.csv",
    "figures/.sgd.csv.1.tmp",
    "quadmeta/__pycache__/spectra.cpython-311.pyc",
)
BUILD = "import sys, setuptools.build_meta as backend; print(getattr(backend, f'build_{sys.argv[1]}')(sys.argv[2]))"


def files(folder):
    """All files below a folder, as paths in it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def sources():
    """The files of this checkout: what git tracks; without git, as in an unpacked sdist, all that
    are no caches.
    """
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        return {name for name in listed.split("\0") if name and (ROOT / name).exists()}
    return {
        name
        for name in files(ROOT)
        if name != "PKG-INFO"
        and not any(fnmatch(part, cache) for part in name.split("/") for cache in CACHES)
    }


def alone(**more):
    """The environment without what would lead back to this checkout, or change what pytest prints;
    the package that is looked at gets no compiled files.
    """
    left_out = ("PYTHONPATH", "PYTEST_ADDOPTS")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def with_wheel(wheel, **more):
    """The environment of somebody who has installed the wheel: what one process compiles, the next
    one finds.
    """
    return alone(PYTHONPATH=str(wheel), PYTHONDONTWRITEBYTECODE="", **more)


def build(what, source, to):
    """An sdist or a wheel of a folder by the build backend alone: nothing is downloaded."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, what, str(to)],
        cwd=source,
        env=alone(),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return to / done.stdout.split()[-1]


def unpacked_sdist(folder):
    """The sdist of a checkout with caches in it, built and unpacked below a folder."""
    for name in sources():
        (folder / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / "checkout" / name)
    for name in LITTER:
        (folder / "checkout" / name).parent.mkdir(exist_ok=True)
        (folder / "checkout" / name).write_text("")
    with tarfile.open(build("sdist", folder / "checkout", folder)) as archive:
        archive.extractall(folder, filter="data")
    (found,) = folder.glob("quadmeta-*/")
    return found


def installed_wheel(sdist, folder):
    """The wheel of an sdist, installed into ``folder / "site"``: nothing is downloaded."""
    built = build("wheel", sdist, folder)
    site = folder / "site"
    flags = ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *flags, "--target", str(site), str(built)],
        check=True,
        env=alone(),
    )
    return site
