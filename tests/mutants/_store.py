"""Which modules are mutated, the tests of each, and the results that are kept."""

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "mutants"
FAMILIES = ("arithmetic", "objectives", "estimators", "certificates", "claims")
# the tests of a module that are not all those of its family: {module: files or folders in tests}
TESTS = {
    "arithmetic/_scan": ["objectives/test_scan.py"],
    "arithmetic/_container": [
        f"arithmetic/test_{name}.py" for name in ("signlog", "interval", "jet")
    ],
    "arithmetic/affine": ["arithmetic/test_affine.py"],
    "arithmetic/double_double": ["arithmetic/test_double_double.py"],
    "arithmetic/elementary": ["arithmetic/test_elementary.py"],
    "arithmetic/exact": ["arithmetic/test_exact.py"],
    "arithmetic/interval": ["arithmetic/test_interval.py"],
    "arithmetic/jet": ["arithmetic/test_jet.py"],
    "arithmetic/powers": ["arithmetic/test_powers.py"],
    "arithmetic/residual": ["arithmetic/test_residual.py"],
    "arithmetic/signlog": ["arithmetic/test_signlog.py"],
    **dict.fromkeys(
        "certificates/enclosure certificates/program claims/_trace".split(), ["test_programs.py"]
    ),
    **dict.fromkeys(
        "certificates/recheck claims/_certificate".split(),
        ["test_certificates.py", "test_programs.py"],
    ),
    **dict.fromkeys(
        [f"certificates/{name}" for name in "budget file refusal schema".split()],
        ["test_certificates.py", "test_forgeries.py"],
    ),
    "claims/_box": ["claims/test_box.py"],
    "claims/_instances": ["claims/test_instances.py"],
    "claims/_record": ["claims/test_decide.py"],
    **dict.fromkeys(
        [
            f"claims/_{name}"
            for name in "base decide domain finding formulas search verdict".split()
        ],
        [
            f"claims/test_{name}.py"
            for name in ("decide", "domain", "finding", "search", "verdicts")
        ],
    ),
}


def modules(name):
    """The modules of a family, or the one of this name."""
    if name in FAMILIES:
        return [
            f"{name}/{path.stem}"
            for path in sorted((ROOT / "quadmeta" / name).glob("*.py"))
            if path.stem != "__init__"
        ]
    if not (ROOT / "quadmeta" / f"{name}.py").exists():
        sys.exit(
            f"{name} is no module: pass a family ({', '.join(FAMILIES)}) or one such as "
            "arithmetic/signlog"
        )
    return [name]


def tests_of(module):
    """The files and folders of tests that a module is run against."""
    family, _, name = module.partition("/")
    if family == "claims" and not name.startswith("_"):
        pages = sorted((ROOT / "tests" / "claims").glob("*.py"))
        named = [
            f"claims/{page.name}"
            for page in pages
            # it tests all boxes
            if page.name == "test_box.py" or name in page.read_text(encoding="utf-8")
        ]
        return [*named, "test_ledger.py"]
    return TESTS.get(module, [family])


def fingerprint(paths):
    """Eight digits that change with the text of the files."""
    files = sorted(
        file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py"))
    )
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]


def results_of(module):
    """Stamps of the source and the tests, and the results: {mutant: [verdict, test that failed]}."""
    store = CACHE / f"{module.replace('/', '.')}.json"
    return json.loads(store.read_text(encoding="utf-8")) if store.exists() else {"results": {}}
