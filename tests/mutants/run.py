"""Mutation tests: each small change of a formula must make a test fail; what survives is listed
beside this file.

    python tests/mutants/run.py arithmetic/signlog claims     # modules or families; all without
        arguments

The changes are those of mutmut. Its own runner swaps functions, which leaves out properties, class
attributes and constants (a quarter of the claims), and it has one choice of tests for all modules;
so this one swaps whole modules. Each mutant runs in a fork, on a copy of the tree, against the
tests that reach its lines (by coverage), the one that killed it last time first, then the
quickest. Results are kept in .cache/mutants after each mutant: an interrupted run goes on where it
stopped, and a module is run again only if its source or its tests have changed. Text is not
mutated: what stands in a ``raise``, strings with a blank, the names of arguments in error
messages; nor are type aliases.
"""

import argparse
import compileall
import gc
import json
import random
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from _changes import mutants
from _forks import baseline, verdict
from _pages import report, sections, verdicts
from _store import CACHE, FAMILIES, ROOT, fingerprint, modules, results_of, tests_of

PASSED = set()  # baselines whose tests pass in a fork as well
SLOW = 5  # seconds: longer tests are left out


def run(module, limit, survivors):
    """Run the mutants of a module that have no result yet."""
    source = (ROOT / "quadmeta" / f"{module}.py").read_text(encoding="utf-8")
    tests = [f"tests/{place}" for place in tests_of(module)]
    shared = [f"tests/{name}.py" for name in ("conftest", "helpers", "reference", "bilevel")]
    stamps = {
        "source": fingerprint([ROOT / "quadmeta" / f"{module}.py"]),
        "tests": fingerprint([ROOT / place for place in shared + tests]),
    }
    known, done = results_of(module), sections(module.partition("/")[0]).get(module, "")
    complete = (
        re.match(r"(\d+) of \1 mutants", done)
        and "(source {source}, tests {tests})".format(**stamps) in done
    )
    if complete and not known["results"]:  # as in a fresh clone
        return
    results, before = known["results"], dict(known["results"])
    if any(known.get(key) != stamp for key, stamp in stamps.items()):
        keep, said = survivors and known.get("source") == stamps["source"], verdicts(module)
        results = {
            name: result
            for name, result in before.items()
            if keep and (result[0] != "survived" or said.get(name, "open") != "open")
        }
    todo = mutants(source)
    names = list(todo)
    if limit and limit < len(names):
        # what survived before is run again, so that no share is too high
        drawn = {
            *random.Random(0).sample(names, limit),
            *(name for name in before if name not in results),
        }
        names = [name for name in names if name in drawn]
    results = {name: result for name, result in results.items() if name in todo}

    def save():
        CACHE.mkdir(parents=True, exist_ok=True)
        store = CACHE / f"{module.replace('/', '.')}.json"
        store.write_text(
            json.dumps({**stamps, "mutants": len(todo), "results": results}), encoding="utf-8"
        )

    names = [name for name in names if name not in results]
    if not names:
        return save()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("quadmeta", "tests", "experiments"):
            shutil.copytree(ROOT / name, tree / name)
            compileall.compile_dir(tree / name, quiet=2)
        shutil.copytree(ROOT / "figures" / "certificates", tree / "figures" / "certificates")
        shutil.copytree(ROOT / "docs", tree / "docs")
        for name in ("setup.cfg", "pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, tree)
        start = baseline(tree, module, tests)
        if not start or start["failed"]:
            print(
                f"{module} left out, the tests must pass first: {start and start['failed']} fails",
                flush=True,
            )
            return
        for compiled in (tree / "quadmeta" / f"{module}.py").parent.glob(
            f"__pycache__/{Path(module).name}.*"
        ):
            compiled.unlink()
        start["collected"] = set(start["collected"])
        reached = start["lines"].get(module, {})
        quick = {test: seconds for test, seconds in start["seconds"].items() if seconds <= SLOW}
        if start["name"] not in PASSED:  # the same for all modules of a family
            control = verdict(
                tree,
                module,
                source,
                {test: (quick[test],) for test in quick},
                start["collected"] - quick.keys(),
            )
            if control[0] != "survived":
                print(
                    f"{module} left out, its unchanged source is {control[0]} by {control[1]}",
                    flush=True,
                )
                return
            PASSED.add(start["name"])
        for k, name in enumerate(names):
            lines, code = todo[name]
            reach = (
                {test for n in range(*lines) for test in reached.get(str(n), [])} if lines else {""}
            )
            # what runs while the tests are collected fails any of them
            chosen = quick if "" in reach else reach & quick.keys()
            killer = before.get(name, (None, None))[1]
            order = {test: (test != killer, test not in reach, quick[test]) for test in chosen}
            others = start["collected"] - order.keys()
            result = verdict(tree, module, code, order, others) if order else ["survived", None]
            results[name] = result
            save()
            if result[0] != "killed":
                print(f"{module} {k + 1}/{len(names)} {result[0]}: {name}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "modules",
        nargs="*",
        default=FAMILIES,
        help="families, or modules such as arithmetic/signlog",
    )
    parser.add_argument("--list", action="store_true", help="the mutants, without running them")
    parser.add_argument(
        "--limit", type=int, help="at most so many mutants a module, drawn at random"
    )
    parser.add_argument(
        "--survivors", action="store_true", help="after new tests: run only what is open"
    )
    args = parser.parse_args()
    gc.freeze()
    # its copy of the tree goes with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    for module in [module for name in args.modules for module in modules(name)]:
        if args.list:
            print(
                *mutants((ROOT / "quadmeta" / f"{module}.py").read_text(encoding="utf-8")), sep="\n"
            )
            continue
        run(module, args.limit, args.survivors)
        if results_of(module)["results"]:
            report(module)


if __name__ == "__main__":
    main()
