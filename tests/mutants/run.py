"""Mutation tests: each small change of a formula must make a test fail; what survives is listed beside this file.

    python tests/mutants/run.py arithmetic/signlog claims     # modules or families; all without arguments

The changes are those of mutmut. Its own runner swaps functions, which leaves out properties, class attributes and
constants (a quarter of the claims), and it has one choice of tests for all modules; so this one swaps whole modules.
Each mutant runs in a fork, on a copy of the tree, against the tests that reach its lines (by coverage), the one that
killed it last time first, then the quickest. Results are kept in .cache/mutants after each mutant: an interrupted run
goes on where it stopped, and a module is run again only if its source or its tests have changed. Text is not mutated:
what stands in a ``raise``, strings with a blank, the names of arguments in error messages; nor are type aliases.
"""
import argparse
import compileall
import dataclasses
import difflib
import gc
import hashlib
import itertools
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ["HYPOTHESIS_PROFILE"] = "mutants"

# what every test imports is loaded once, before the forks
import hypothesis  # noqa: E402
import libcst as cst  # noqa: E402
import mpmath  # noqa: E402,F401
import numpy  # noqa: E402,F401
import pytest  # noqa: E402
import scipy.optimize  # noqa: E402,F401
from coverage import Coverage  # noqa: E402
from mutmut.mutation.file_mutation import MutationVisitor, OuterFunctionProvider  # noqa: E402
from mutmut.mutation.mutators import mutation_operators  # noqa: E402
from mutmut.mutation.pragma_handling import IgnoredCode  # noqa: E402

# as the profile of a user in tests/conftest.py, with fewer examples and without the search for the smallest failure
hypothesis.settings.register_profile(
    "mutants", deadline=None, max_examples=20, derandomize=True, report_multiple_bugs=False,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck))

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "mutants"
FAMILIES = ("arithmetic", "objectives", "estimators", "certificates", "claims")
# the tests of a module that are not all those of its family: {module: files or folders in tests}
TESTS = {
    "arithmetic/_container": [f"arithmetic/test_{name}.py" for name in ("signlog", "interval", "jet")],
    "arithmetic/affine": ["arithmetic/test_affine.py"],
    "arithmetic/double_double": ["arithmetic/test_double_double.py"],
    "arithmetic/elementary": ["arithmetic/test_elementary.py"],
    "arithmetic/exact": ["arithmetic/test_exact.py"],
    "arithmetic/interval": ["arithmetic/test_interval.py"],
    "arithmetic/jet": ["arithmetic/test_jet.py"],
    "arithmetic/powers": ["arithmetic/test_powers.py"],
    "arithmetic/residual": ["arithmetic/test_residual.py"],
    "arithmetic/signlog": ["arithmetic/test_signlog.py"],
    **dict.fromkeys("certificates/enclosure certificates/program claims/_trace".split(), ["test_programs.py"]),
    **dict.fromkeys("certificates/recheck claims/_certificate".split(), ["test_certificates.py", "test_programs.py"]),
    "claims/_box": ["claims/test_box.py"],
    "claims/_instances": ["claims/test_instances.py"],
    "claims/_record": ["claims/test_decide.py"],
    **dict.fromkeys([f"claims/_{name}" for name in "base decide domain finding formulas search verdict".split()],
                    [f"claims/test_{name}.py" for name in ("decide", "domain", "finding", "search", "verdicts")]),
}
PASSED = set()  # baselines whose tests pass in a fork as well
MEMORY = 4 << 30
SLOW = 5  # seconds: longer tests are left out
FEWER = {"CASES": 3000}  # constants of test files that set how many cases they draw
CHECKS = {"natural", "finite", "step_sizes", "_count", "_entry", "Parameter", "Form"}  # their first argument is text


class Mutants(MutationVisitor):
    """The mutations of a module: decorated functions too, no text."""

    METADATA_DEPENDENCIES = (*MutationVisitor.METADATA_DEPENDENCIES, OuterFunctionProvider)

    def __init__(self):
        super().__init__(mutation_operators, IgnoredCode(set(), set(), set()))
        self.found, self._path, self._text = [], [], set()

    def on_visit(self, node):
        self._path.append(node)
        return super().on_visit(node)

    def on_leave(self, node):
        self._path.pop()
        super().on_leave(node)

    def _skip_node_and_children(self, node):
        if isinstance(node, cst.FunctionDef):
            return False
        if isinstance(node, cst.Call) and getattr(node.func, "value", "") in CHECKS:
            self._text.add(node.args[0])
        text = isinstance(node, cst.SimpleString) and " " in node.value or isinstance(node, cst.Raise)
        alias = isinstance(node, cst.Assign) and len(self._path) == 3 and isinstance(node.value, cst.Name)
        return text or alias or node in self._text or super()._skip_node_and_children(node)

    def _create_mutations(self, node):
        super()._create_mutations(node)
        changed = [change.mutated_node for change in self.mutations]
        self.mutations.clear()
        if isinstance(node, cst.SimpleString):  # one change of a string is enough
            changed = changed[:1]
        if isinstance(node, cst.Call) and node.args and node.args[0] in self._text:
            changed = [new for new in changed if new.args[0] is node.args[0]]
        scopes = [outer for outer in self._path if isinstance(outer, cst.FunctionDef | cst.ClassDef)]
        functions = [outer.body for outer in scopes if isinstance(outer, cst.FunctionDef)]
        place = functions and self.get_metadata(cst.metadata.PositionProvider, functions[0])
        lines = (place.start.line, place.end.line + 1) if place else None
        name = ".".join(outer.name.value for outer in scopes) or "module"
        self.found += [(name, lines, replaced(self._path, new).code) for new in changed]


def replaced(path, new):
    """The root of a path of nodes with the last of them replaced."""
    for parent, child in zip(path[-2::-1], path[:0:-1], strict=True):
        for field in (field.name for field in dataclasses.fields(parent)):
            value = getattr(parent, field)
            if value is child:
                new = parent.with_changes(**{field: new})
                break
            if isinstance(value, list | tuple) and any(entry is child for entry in value):
                new = parent.with_changes(**{field: [new if entry is child else entry for entry in value]})
                break
    return new


def mutants(source):
    """{name: (lines of its function, source)} of the mutants of a source; the name shows the scope and the change."""
    visitor = Mutants()
    cst.MetadataWrapper(cst.parse_module(source)).visit(visitor)
    found, seen = {}, {source}
    for scope, lines, code in visitor.found:
        if code in seen:
            continue
        seen.add(code)
        name = f"{scope}: {difference(source, code)}"
        while name in found:
            name += " (again)"
        found[name] = lines, code
    return found


def difference(old, new):
    """The line that differs, with [old -> new] in it."""
    old, new = old.splitlines(), new.splitlines()
    tags = [tag for tag in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if tag[0] != "equal"]
    (_, i, _, k, _), (_, _, j, _, m) = tags[0], tags[-1]
    was, now = (re.findall(r"\w+|\s+|.", " ".join(" ".join(part).split())) for part in (old[i:j], new[k:m]))
    most = min(len(was), len(now))
    a = next((n for n in range(most) if was[n] != now[n]), most)
    b = next((n for n in range(most - a) if was[~n] != now[~n]), most - a)
    before, after = "".join(was[:a]), "".join(was[len(was) - b:])
    return f"{before}[{''.join(was[a:len(was) - b])} -> {''.join(now[a:len(now) - b])}]{after}"


class Plugin:
    """In a fork: the chosen tests in the best order, the coverage of each, its time, and what failed."""

    def __init__(self, keep, order=None, coverage=None):
        self.keep, self.order, self.coverage = keep, order, coverage
        self.collected, self.failed, self.seconds = [], None, {}

    def pytest_collection_modifyitems(self, items):
        for item, (name, value) in itertools.product(items, FEWER.items()):
            if hasattr(item.module, name):
                setattr(item.module, name, value)
        self.collected = [item.nodeid for item in items]
        items[:] = [item for item in items if self.keep(item.nodeid)]
        if self.order:
            items.sort(key=lambda item: self.order.get(item.nodeid, ()))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        if self.coverage:
            self.coverage.switch_context(item.nodeid)
        start = time.process_time()
        done = yield
        self.seconds[item.nodeid] = time.process_time() - start
        return done

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = report.nodeid


def in_fork(work, cpu_seconds):
    """What work() returns in a fork that has this processor time, or None if it does not end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(8 * cpu_seconds)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1), os.dup2(silence, 2)
        try:
            with os.fdopen(write, "w") as pipe:
                json.dump(work(), pipe)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def pytest_run(tree, tests, plugin):
    """Exit code of pytest on files of a tree, in this process."""
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    without = (f"-pno:{name}" for name in ("cacheprovider", "xdist", "cov", "unraisableexception", "threadexception"))
    return int(pytest.main(["-q", "-x", "-m", "not slow", "--assert=plain", *without, *tests], plugins=[plugin]))


def baseline(tree, module, tests):
    """Seconds of each test, and by file of the family the tests that reach each line, of the unchanged tree.

    For claims, tests that name another one are left out, and for a member those of the ledger that do not name it.
    """
    family, _, name = module.partition("/")
    key = fingerprint([tree / "quadmeta" / family, *(tree / place for place in tests)])
    store = CACHE / f"baseline.{name if 'tests/test_ledger.py' in tests else family}.{key}.json"
    if store.exists():
        return json.loads(store.read_text(encoding="utf-8")) | {"name": store.name}

    def work():
        coverage = Coverage(data_file=None, include=[str(tree / "quadmeta" / family / "*")], config_file=False)
        other = [path.stem for path in (tree / "quadmeta" / "claims").glob("[!_]*.py")] if family == "claims" else []
        other += ["test_ledger.py"] * (name in other)
        plugin = Plugin(lambda test: name in test or not any(text in test for text in other), coverage=coverage)
        coverage.start()
        code = pytest_run(tree, tests, plugin)
        coverage.stop()
        data = coverage.get_data()
        return {"failed": plugin.failed or code, "collected": plugin.collected, "seconds": plugin.seconds,
                "lines": {Path(file).stem: data.contexts_by_lineno(file) for file in data.measured_files()}}

    found = in_fork(work, 3600)
    if found and not found["failed"]:
        CACHE.mkdir(parents=True, exist_ok=True)
        store.write_text(json.dumps(found), encoding="utf-8")
    return found and found | {"name": store.name}


def verdict(tree, module, code, order, others):
    """[killed, survived or timeout, the test that failed] of a mutant against tests in the order {test: key}.

    A test with the parameters of the mutant is new: it is neither among these nor among the others, and comes first.
    """
    def work():
        sys.dont_write_bytecode = True
        (tree / "quadmeta" / f"{module}.py").write_text(code, encoding="utf-8")
        plugin = Plugin(lambda test: test not in others, order)
        failed = pytest_run(tree, sorted({test.partition("::")[0] for test in order}), plugin)
        return ["killed" if failed else "survived", plugin.failed]

    return in_fork(work, int(6 + 2 * sum(key[-1] for key in order.values()))) or ["timeout", None]


def tests_of(module):
    """The files and folders of tests that a module is run against."""
    family, _, name = module.partition("/")
    if family == "claims" and not name.startswith("_"):
        pages = sorted((ROOT / "tests" / "claims").glob("*.py"))
        named = [f"claims/{page.name}" for page in pages
                 if page.name == "test_box.py" or name in page.read_text(encoding="utf-8")]  # it tests all boxes
        return [*named, "test_ledger.py"]
    return TESTS.get(module, [family])


def fingerprint(paths):
    """Eight digits that change with the text of the files."""
    files = sorted(file for path in paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:8]


def results_of(module):
    """Stamps of the source and the tests, and the results: {mutant: [verdict, test that failed]}."""
    store = CACHE / f"{module.replace('/', '.')}.json"
    return json.loads(store.read_text(encoding="utf-8")) if store.exists() else {"results": {}}


def run(module, limit, survivors):
    """Run the mutants of a module that have no result yet."""
    source = (ROOT / "quadmeta" / f"{module}.py").read_text(encoding="utf-8")
    tests = [f"tests/{place}" for place in tests_of(module)]
    shared = [f"tests/{name}.py" for name in ("conftest", "helpers", "reference")]
    stamps = {"source": fingerprint([ROOT / "quadmeta" / f"{module}.py"]),
              "tests": fingerprint([ROOT / place for place in shared + tests])}
    known, done = results_of(module), sections(module.partition("/")[0]).get(module, "")
    complete = re.match(r"(\d+) of \1 mutants", done) and "(source {source}, tests {tests})".format(**stamps) in done
    if complete and not known["results"]:  # as in a fresh clone
        return
    results, before = known["results"], dict(known["results"])
    if any(known.get(key) != stamp for key, stamp in stamps.items()):
        keep, said = survivors and known.get("source") == stamps["source"], verdicts(module)
        results = {name: result for name, result in before.items()
                   if keep and (result[0] != "survived" or said.get(name, "open") != "open")}
    todo = mutants(source)
    names = list(todo)
    if limit and limit < len(names):
        # what survived before is run again, so that no share is too high
        drawn = {*random.Random(0).sample(names, limit), *(name for name in before if name not in results)}
        names = [name for name in names if name in drawn]
    results = {name: result for name, result in results.items() if name in todo}

    def save():
        CACHE.mkdir(parents=True, exist_ok=True)
        store = CACHE / f"{module.replace('/', '.')}.json"
        store.write_text(json.dumps({**stamps, "mutants": len(todo), "results": results}), encoding="utf-8")

    names = [name for name in names if name not in results]
    if not names:
        return save()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in ("quadmeta", "tests", "experiments"):
            shutil.copytree(ROOT / name, tree / name)
            compileall.compile_dir(tree / name, quiet=2)
        shutil.copytree(ROOT / "figures" / "certificates", tree / "figures" / "certificates")
        for name in ("setup.cfg", "pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, tree)
        start = baseline(tree, module, tests)
        if not start or start["failed"]:
            print(f"{module} left out, the tests must pass first: {start and start['failed']} fails", flush=True)
            return
        for compiled in (tree / "quadmeta" / f"{module}.py").parent.glob(f"__pycache__/{Path(module).name}.*"):
            compiled.unlink()
        start["collected"] = set(start["collected"])
        reached = start["lines"].get(Path(module).name, {})
        quick = {test: seconds for test, seconds in start["seconds"].items() if seconds <= SLOW}
        if start["name"] not in PASSED:  # the same for all modules of a family
            control = verdict(tree, module, source, {test: (quick[test],) for test in quick},
                              start["collected"] - quick.keys())
            if control[0] != "survived":
                print(f"{module} left out, its unchanged source is {control[0]} by {control[1]}", flush=True)
                return
            PASSED.add(start["name"])
        for k, name in enumerate(names):
            lines, code = todo[name]
            reach = {test for n in range(*lines) for test in reached.get(str(n), [])} if lines else {""}
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


def sections(family):
    """{module: text} of the file of a family."""
    page = Path(__file__).parent / f"{family}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return dict(re.findall(r"^## (\S+)\n\n(.*?)\n*(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL))


def verdicts(module):
    """{mutant: verdict} as they stand in the file of the family."""
    text = sections(module.partition("/")[0]).get(module, "")
    return dict(re.findall(r"^- (.*)\n  (.*)$", text, flags=re.MULTILINE))


def report(module):
    """Write the survivors of a module into the file of its family, with the verdicts that stand there."""
    family, known = module.partition("/")[0], results_of(module)
    results, said = known["results"], verdicts(module)
    alive = {name: said.get(name, "open") for name, (status, _) in results.items() if status == "survived"}
    late = sum(status == "timeout" for status, _ in results.values())
    equivalent = sum(verdict.startswith("equivalent") for verdict in alive.values())
    killed = len(results) - len(alive)
    share = 100 * killed / max(1, len(results) - equivalent)
    head = (f"{len(results)} of {known['mutants']} mutants run: {killed} killed ({late} by time), "
            f"{equivalent} equivalent, {len(alive) - equivalent} open;\n{share:.1f} % of those that matter killed"
            f" (source {known['source']}, tests {known['tests']})\n")
    texts = sections(family) | {module: "\n".join([head, *(f"- {name}\n  {said}" for name, said in alive.items())])}
    page = [f"# Mutants of quadmeta/{family} that no test notices\n\n"
            "Written by run.py, which keeps the verdicts: `open`, or `equivalent: reason`.\n",
            *(f"## {name}\n\n{texts[name].strip()}\n" for name in modules(family) if name in texts)]
    (Path(__file__).parent / f"{family}.md").write_text("\n".join(page), encoding="utf-8")


def modules(name):
    """The modules of a family, or the one of this name."""
    if name in FAMILIES:
        return [f"{name}/{path.stem}" for path in sorted((ROOT / "quadmeta" / name).glob("*.py"))
                if path.stem != "__init__"]
    if not (ROOT / "quadmeta" / f"{name}.py").exists():
        sys.exit(f"{name} is no module: pass a family ({', '.join(FAMILIES)}) or one such as arithmetic/signlog")
    return [name]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=FAMILIES, help="families, or modules such as arithmetic/signlog")
    parser.add_argument("--list", action="store_true", help="the mutants, without running them")
    parser.add_argument("--limit", type=int, help="at most so many mutants a module, drawn at random")
    parser.add_argument("--survivors", action="store_true", help="after new tests: run only what is open")
    args = parser.parse_args()
    gc.freeze()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # its copy of the tree goes with it
    for module in [module for name in args.modules for module in modules(name)]:
        if args.list:
            print(*mutants((ROOT / "quadmeta" / f"{module}.py").read_text(encoding="utf-8")), sep="\n")
            continue
        run(module, args.limit, args.survivors)
        if results_of(module)["results"]:
            report(module)


if __name__ == "__main__":
    main()
