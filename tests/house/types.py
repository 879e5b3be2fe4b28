"""Arguments whose type says nothing."""

import ast
from collections.abc import Iterable, Iterator

from tests.house.measure import FOLDERS, Measure, Source, share, sources

NOTHING = {"typing.Any", "typing_extensions.Any", "builtins.object"}
"""Types that say nothing."""
JOINED = {"Union", "Optional", "Annotated", "Final", "ClassVar", "TypeAlias"}
"""Of these the arguments are what counts."""
ANYTHING = {"__eq__", "__ne__", "__exit__", "__aexit__", "__contains__"}
"""Methods that Python hands any object: there ``object`` is the type."""


def untyped_arguments(found: list[Source], others: Iterable[Source] | None = None) -> Measure:
    """Annotated arguments whose annotation is ``Any`` or ``object``, under whatever name.

    A name is followed through assignments and imports, in ``others`` (by default the whole
    project) too. A union with ``Any`` is ``Any``; a container of ``Any`` is a container.
    """
    if others is None:
        others = sources(FOLDERS, found[0].root)
    # a module of both is read once
    modules = {source.path: source for source in [*others, *found]}
    names = _Names(modules.values())
    total = 0
    places = []
    for source in found:
        for function in source.nodes:
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for argument in _annotated(function):
                total += 1
                free = function.name in ANYTHING
                if not free and names.says_nothing(source.module, argument.annotation):
                    places.append(source.place(argument.lineno))
    return Measure("annotated arguments that are Any", share(places, total), 10, " %", places)


def _annotated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.arg]:
    given = function.args
    every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    for argument in every:
        if argument is not None and argument.annotation is not None:
            yield argument


class _Names:
    """What the names of modules stand for."""

    def __init__(self, found: Iterable[Source]) -> None:
        self.assigned: dict[str, ast.expr] = {}
        self.imported: dict[str, str] = {}
        for source in found:
            package = source.path.name == "__init__.py"
            for node in source.nodes:
                self._read(source.module, package, node)

    def _read(self, module: str, package: bool, node: ast.AST) -> None:
        """Take an import, or the assignment of what may be a type."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.imported[f"{module}.{alias.asname or top}"] = (
                    alias.name if alias.asname else top
                )
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, package, node)
            for alias in node.names:
                self.imported[f"{module}.{alias.asname or alias.name}"] = f"{base}.{alias.name}"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    self.assigned[f"{module}.{target.id}"] = node.value
        elif isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            self.assigned[f"{module}.{node.target.id}"] = node.value

    def says_nothing(
        self, module: str, type_: ast.expr | None, seen: frozenset[str] = frozenset()
    ) -> bool:
        """Whether a type, as written in this module, is ``Any`` or ``object``."""
        if isinstance(type_, ast.Constant) and isinstance(type_.value, str):
            try:
                type_ = ast.parse(type_.value, mode="eval").body
            except SyntaxError:
                return False
        if isinstance(type_, ast.BinOp) and isinstance(type_.op, ast.BitOr):
            return any(self.says_nothing(module, one, seen) for one in (type_.left, type_.right))
        if isinstance(type_, ast.Subscript):
            if ast.unparse(type_.value).rpartition(".")[2] not in JOINED:
                return False
            parts = type_.slice.elts if isinstance(type_.slice, ast.Tuple) else [type_.slice]
            return any(self.says_nothing(module, part, seen) for part in parts)
        if isinstance(type_, ast.Call) and ast.unparse(type_.func).endswith("NewType"):
            return self.says_nothing(module, type_.args[1], seen)
        if not isinstance(type_, ast.Name | ast.Attribute):
            return False
        return self._name(module, ast.unparse(type_), seen)

    def _name(self, module: str, written: str, seen: frozenset[str]) -> bool:
        """The same of a dotted name."""
        first, dot, rest = written.partition(".")
        name = f"{module}.{first}"
        if name in seen:
            return False
        seen = seen | {name}
        if name in self.imported:
            return self._full(self.imported[name] + dot + rest, seen)
        if not rest and name in self.assigned:
            return self.says_nothing(module, self.assigned[name], seen)
        return f"builtins.{written}" in NOTHING or written in NOTHING

    def _full(self, name: str, seen: frozenset[str]) -> bool:
        """The same of a name with its module."""
        if name in NOTHING:
            return True
        module, _, last = name.rpartition(".")
        if name in self.imported or name in self.assigned:
            return self._name(module, last, seen)
        return False


def _base(module: str, package: bool, node: ast.ImportFrom) -> str:
    """The module from which a statement imports."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = len(parts) - node.level + package
    return ".".join([*parts[:kept], *([node.module] if node.module else [])])
