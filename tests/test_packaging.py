"""What is shipped: an sdist that is the whole checkout, a wheel with its certificates, versions as
declared.
"""

import configparser
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from experiments.shared.places import PROJECT
from tests.shipping import ROOT, alone, files, sources, with_wheel

SETUP = configparser.ConfigParser(interpolation=None)
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")


# archives


def test_the_sdist_is_the_checkout_without_caches(sdist):
    made = {
        name
        for name in files(sdist)
        if not re.match(r"(quadmeta\.egg-info|build)/|PKG-INFO$", name)
    }
    assert made == sources()
    # what the two commands of the README need, by name
    assert {
        "Makefile",
        "constraints.txt",
        "constraints-minimum.txt",
        ".ci/run",
        "tests/conftest.py",
        "tests/helpers.py",
        "experiments/__main__.py",
        "experiments/page/page.css",
        "figures/index.html",
        "figures/sgd.csv",
        "figures/sgd.json",
        "figures/sgd.png",
        "figures/sgd.svg",
        "docs/reproducing.md",
        "figures/certificates/derived_log_convexity.conjectured.json",
        "LICENSE",
        "CHANGELOG.md",
    } <= made


def test_the_commands_start_in_the_sdist(sdist):
    for target, command in (("figures", "-m experiments run"), ("test", "-m pytest")):
        planned = subprocess.run(
            ["make", "--dry-run", target], cwd=sdist, env=alone(), text=True, capture_output=True
        )
        assert planned.returncode == 0 and command in planned.stdout, planned.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "experiments", "list"],
        cwd=sdist,
        env=alone(),
        text=True,
        capture_output=True,
    )
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == PROJECT.names()
    assert "not drawn" not in listed.stdout


def test_the_wheel_is_the_package_with_the_certificates(wheel):
    (built,) = wheel.parent.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        made = {name for name in archive.namelist() if ".dist-info/" not in name}
    installed = {name for name in files(wheel) if not re.search(r"\.dist-info/|__pycache__/", name)}
    package = {name for name in sources() if name.startswith("quadmeta/")}
    certificates = {path.name for path in (ROOT / "figures" / "certificates").glob("*.json")}
    assert len(certificates) > 100
    assert (
        made
        == installed
        == package | {f"quadmeta/certificates/bundled/{name}" for name in certificates}
    )
    for name in certificates:
        shipped_bytes = (wheel / "quadmeta" / "certificates" / "bundled" / name).read_bytes()
        assert shipped_bytes == (ROOT / "figures" / "certificates" / name).read_bytes()


def test_an_installed_wheel_rechecks_its_certificates(wheel, tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=with_wheel(wheel),
            text=True,
            capture_output=True,
        )

    where = run("-c", "from quadmeta.certificates.published import folder; print(folder())")
    assert where.stdout.strip() == str(wheel / "quadmeta" / "certificates" / "bundled")
    done = run(
        "-m", "quadmeta", "recheck", "derived_log_convexity", "wang2021_naive_lower_bound.printed"
    )
    assert done.returncode == 0, done.stderr
    heads = [
        line.partition(" (")[0] for line in done.stdout.splitlines() if not line.startswith(" ")
    ]
    assert heads == [
        "derived_log_convexity, conjectured: refuted",
        "derived_log_convexity, repaired: holds",
        "wang2021_naive_lower_bound, printed: holds",
    ]


# versions


def declared():
    """{package: lowest version} of install_requires and of the extras that `make test-minimum`
    installs.
    """
    extras = SETUP["options.extras_require"]
    texts = [
        SETUP["options"]["install_requires"],
        *(extras[name] for name in ("data", "rigorous", "cluster", "strategies", "test")),
    ]
    pairs = [
        re.fullmatch(r"([\w-]+) >= ([\d.]+)", line.strip())
        for text in texts
        for line in text.splitlines()
        if line.strip() and not line.strip().startswith(("#", "%"))
    ]
    assert all(pairs)
    return {pair[1]: number(pair[2]) for pair in pairs}


def pinned(name):
    """{package: version} of a file of constraints."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {package.replace("_", "-").lower(): number(version) for package, version in pairs}


def number(version):
    """1.26.0 and 1.26 are the same version."""
    return tuple(int(part) for part in re.sub(r"(\.0)+$", "", version).split("."))


def test_the_lowest_declared_versions_are_those_that_are_tried():
    lowest = pinned("constraints-minimum.txt")
    assert len(declared()) > 10
    assert {name: lowest[name] for name in declared()} == declared()


def test_the_pinned_versions_are_allowed():
    found = pinned("constraints.txt")
    assert all(found[name] >= version for name, version in declared().items())


def test_the_lowest_python_is_the_one_that_is_tried():
    lowest = SETUP["options"]["python_requires"].removeprefix(">=")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert (
        f"MINIMUM_PYTHON ?= python{lowest}\n" in makefile
        and f"v < ({lowest.replace('.', ', ')})" in makefile
    )


def test_the_tests_build_with_the_backend_that_a_build_asks_for():
    asked = re.search(
        r'requires = \["setuptools>=([\d.]+)"\]',
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
    )
    assert number(asked[1]) == declared()["setuptools"]


# the browser of .ci/run


class Machine:
    """A PATH with a few programs of its own; ``calls`` is what apt-get was asked."""

    def __init__(self, folder, user="0", **programs):
        self.folder = folder
        for name in ("sh", "cat", "chmod"):
            (folder / name).symlink_to(shutil.which(name))
        programs = {"id": f"echo {user}", "timeout": 'shift; exec "$@"'} | programs
        for name, script in programs.items():
            (folder / name.replace("_", "-")).write_text(f"#!{shutil.which('sh')}\n{script}\n")
            (folder / name.replace("_", "-")).chmod(0o755)

    def run(self):
        return subprocess.run(
            ["sh", str(ROOT / ".ci" / "browser")],
            env={"PATH": str(self.folder)},
            text=True,
            capture_output=True,
            executable=shutil.which("sh"),
        )

    @property
    def calls(self):
        return (
            (self.folder / "calls").read_text().splitlines()
            if (self.folder / "calls").exists()
            else []
        )


NOTED = 'echo "$@" >> "${0%/*}/calls"'
INSTALLING = (
    NOTED + '\ncase "$1" in install) echo > "${0%/*}/chromium"; chmod +x "${0%/*}/chromium";; esac'
)


@pytest.mark.parametrize("name", ["chromium", "chromium_browser", "google_chrome"])
def test_a_browser_that_is_there_is_left_alone(tmp_path, name):
    machine = Machine(tmp_path, apt_get=NOTED, **{name: ""})
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr, machine.calls) == (0, "", "", [])


def test_a_missing_browser_is_installed(tmp_path):
    machine = Machine(tmp_path, apt_get=INSTALLING)
    done = machine.run()
    assert (done.returncode, done.stderr) == (0, "") and "installing Chromium" in done.stdout
    assert [call.split()[0] for call in machine.calls] == [
        "update",
        "install",
    ] and "chromium" in machine.calls[1]


@pytest.mark.parametrize(
    "user, apt_get, reason",
    [
        ("1000", INSTALLING, "this user is not root"),
        ("0", None, "there is no apt-get"),
        ("0", "exit 100", "apt-get could not install it"),
        ("0", "exit 0", "apt-get could not install it"),
    ],
)
def test_a_browser_that_cannot_be_installed_is_said_and_stops_nothing(
    tmp_path, user, apt_get, reason
):
    done = Machine(tmp_path, user, **({} if apt_get is None else {"apt_get": apt_get})).run()
    assert done.returncode == 0 and done.stderr.count("\n") == 1
    assert (
        f"no Chromium, and {reason}: the tests in tests/experiments/test_page_browser.py are "
        "skipped" in done.stderr
    )
