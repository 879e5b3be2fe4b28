"""Which modules are mutated, the tests of each, and the results that are kept."""

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "mutants"
FAMILIES = ("arithmetic", "objectives", "estimators", "certificates", "verification", "claims")
# parts of claims that hold no statement
SHARED = ("families", "reductions")
VERDICTS = [
    f"verification/test_{name}.py"
    for name in ("decide", "parameters", "finding", "search", "verdicts")
]
PROGRAMS = ["verification/test_programs.py"]
CERTIFICATES = ["verification/test_certificates.py"]
# the tests of a module that are not all those of its family: {module: files or folders in tests}
TESTS = {
    "arithmetic/scan": ["objectives/test_scan.py"],
    "arithmetic/container": [
        f"arithmetic/test_{name}.py" for name in ("signlog", "interval", "jet")
    ],
    **{
        f"arithmetic/{name}": [f"arithmetic/test_{name}.py"]
        for name in (
            "affine",
            "double_double",
            "elementary",
            "exact",
            "interval",
            "jet",
            "powers",
            "residual",
            "signlog",
        )
    },
    **dict.fromkeys(("certificates/enclosure", "certificates/program"), PROGRAMS),
    "certificates/quick": ["verification/test_quick.py"],
    "verification/trace": PROGRAMS,
    **dict.fromkeys(("certificates/recheck", "verification/certificate"), CERTIFICATES + PROGRAMS),
    **{
        f"certificates/{name}": [*CERTIFICATES, "verification/test_forgeries.py"]
        for name in ("budget", "file", "refusal", "schema")
    },
    "verification/box": ["verification/test_box.py"],
    "verification/instances": ["verification/test_instances.py"],
    "verification/record": ["verification/test_decide.py"],
    "claims/families/formulas": VERDICTS,
    **{
        f"verification/{name}": VERDICTS
        for name in ("claim", "decide", "parameters", "finding", "needed", "search", "verdict")
    },
}


def modules(name):
    """The modules of a family, or the one of this name."""
    if name in FAMILIES:
        return [
            path.relative_to(ROOT / "quadmeta").with_suffix("").as_posix()
            for path in sorted((ROOT / "quadmeta" / name).rglob("*.py"))
            if path.stem != "__init__"
        ]
    if not (ROOT / "quadmeta" / f"{name}.py").exists():
        sys.exit(
            f"{name} is no module: pass a family ({', '.join(FAMILIES)}) or one such as "
            "arithmetic/signlog"
        )
    return [name]


def key_of(module):
    """The key of the claim that a module states, or None."""
    parts = module.split("/")
    if parts[0] != "claims" or parts[1] in SHARED:
        return None
    return f"{parts[1]}_{parts[-1]}"


def claim_keys(tree):
    """The keys of all claims of a tree."""
    paths = (tree / "quadmeta").glob("claims/**/*.py")
    found = (path.relative_to(tree / "quadmeta").with_suffix("").as_posix() for path in paths)
    return [
        key_of(module) for module in found if not module.endswith("__init__") and key_of(module)
    ]


def tests_of(module):
    """The files and folders of tests that a module is run against."""
    name = key_of(module)
    if name:
        pages = sorted((ROOT / "tests" / "claims").glob("*.py"))
        named = [
            f"claims/{page.name}" for page in pages if name in page.read_text(encoding="utf-8")
        ]
        # it tests all boxes
        return [*named, "verification/test_box.py", "verification/test_ledger.py"]
    if module.startswith("claims/reductions/"):
        boxes = sorted((ROOT / "tests" / "claims").glob("test_boxes_*.py"))
        return [*(f"claims/{page.name}" for page in boxes), "verification/test_box.py"]
    return TESTS.get(module, [module.partition("/")[0]])


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
