"""The mutants of a source: each small change of it, named by its scope and the line that differs."""

import dataclasses
import difflib
import re

import libcst as cst
from mutmut.mutation.file_mutation import MutationVisitor, OuterFunctionProvider
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

# their first argument is text
CHECKS = {"natural", "finite", "step_sizes", "_count", "_entry", "Parameter", "Form"}


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
        text = (
            isinstance(node, cst.SimpleString) and " " in node.value or isinstance(node, cst.Raise)
        )
        alias = (
            isinstance(node, cst.Assign)
            and len(self._path) == 3
            and isinstance(node.value, cst.Name)
        )
        return text or alias or node in self._text or super()._skip_node_and_children(node)

    def _create_mutations(self, node):
        super()._create_mutations(node)
        changed = [change.mutated_node for change in self.mutations]
        self.mutations.clear()
        if isinstance(node, cst.SimpleString):  # one change of a string is enough
            changed = changed[:1]
        if isinstance(node, cst.Call) and node.args and node.args[0] in self._text:
            changed = [new for new in changed if new.args[0] is node.args[0]]
        scopes = [
            outer for outer in self._path if isinstance(outer, cst.FunctionDef | cst.ClassDef)
        ]
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
                new = parent.with_changes(
                    **{field: [new if entry is child else entry for entry in value]}
                )
                break
    return new


def mutants(source):
    """{name: (lines of its function, source)} of the mutants of a source; the name shows the scope
    and the change.
    """
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
    tags = [
        tag
        for tag in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if tag[0] != "equal"
    ]
    (_, i, _, k, _), (_, _, j, _, m) = tags[0], tags[-1]
    was, now = (
        re.findall(r"\w+|\s+|.", " ".join(" ".join(part).split())) for part in (old[i:j], new[k:m])
    )
    most = min(len(was), len(now))
    a = next((n for n in range(most) if was[n] != now[n]), most)
    b = next((n for n in range(most - a) if was[~n] != now[~n]), most - a)
    before, after = "".join(was[:a]), "".join(was[len(was) - b :])
    return f"{before}[{''.join(was[a : len(was) - b])} -> {''.join(now[a : len(now) - b])}]{after}"
