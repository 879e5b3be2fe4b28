"""The survivors of each family, with verdicts, in the files beside this one."""

import re
from pathlib import Path

from _store import modules, results_of


def sections(family):
    """{module: text} of the file of a family."""
    page = Path(__file__).parent / f"{family}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return dict(
        re.findall(r"^## (\S+)\n\n(.*?)\n*(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    )


def verdicts(module):
    """{mutant: verdict} as they stand in the file of the family."""
    text = sections(module.partition("/")[0]).get(module, "")
    return dict(re.findall(r"^- (.*)\n  (.*)$", text, flags=re.MULTILINE))


def report(module):
    """Write the survivors of a module into the file of its family, with the verdicts that stand
    there.
    """
    family, known = module.partition("/")[0], results_of(module)
    results, said = known["results"], verdicts(module)
    alive = {
        name: said.get(name, "open")
        for name, (status, _) in results.items()
        if status == "survived"
    }
    late = sum(status == "timeout" for status, _ in results.values())
    equivalent = sum(verdict.startswith("equivalent") for verdict in alive.values())
    killed = len(results) - len(alive)
    share = 100 * killed / max(1, len(results) - equivalent)
    head = (
        f"{len(results)} of {known['mutants']} mutants run: {killed} killed ({late} by time), "
        f"{equivalent} equivalent, {len(alive) - equivalent} open;\n{share:.1f} % of those that "
        "matter killed"
        f" (source {known['source']}, tests {known['tests']})\n"
    )
    texts = sections(family) | {
        module: "\n".join([head, *(f"- {name}\n  {said}" for name, said in alive.items())])
    }
    page = [
        f"# Mutants of quadmeta/{family} that no test notices\n\n"
        "Written by run.py, which keeps the verdicts: `open`, or `equivalent: reason`.\n",
        *(f"## {name}\n\n{texts[name].strip()}\n" for name in modules(family) if name in texts),
    ]
    (Path(__file__).parent / f"{family}.md").write_text("\n".join(page), encoding="utf-8")
