"""Dense statements: several in one assignment, and decisions inside expressions."""

import ast
from collections.abc import Iterator

from tests.house.measure import Measure, Source, share

Display = ast.Tuple | ast.List


def parallel_assignments(found: list[Source]) -> Measure:
    """``a, b = x, y`` among all assignments.

    Unpacking one result does not count, nor does a swap ``a, b = b, a`` or the step of a recursion
    in which a name of the left side stands on the right of another one. Displays on both sides of
    ``if`` and a loop over one display count as well.
    """
    total = 0
    places = []
    for source in found:
        for node in source.nodes:
            if isinstance(node, ast.Assign | ast.AugAssign):
                total += 1
            if isinstance(node, ast.AnnAssign) and node.value is not None:
                total += 1
            if any(_parallel(targets, value) for targets, value in _bindings(node)):
                places.append(source.place(getattr(node, "lineno", 1)))
    return Measure("parallel assignments", share(places, total), 3, " %", places)


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(target, value) of what a statement binds."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    # a loop over one display is an assignment in disguise
    if isinstance(node, ast.For) and isinstance(node.iter, Display) and len(node.iter.elts) == 1:
        yield node.target, node.iter.elts[0]


def _parallel(target: ast.expr, value: ast.expr) -> bool:
    if not isinstance(target, Display):
        return False
    if isinstance(value, ast.IfExp):
        return _parallel(target, value.body) or _parallel(target, value.orelse)
    if not isinstance(value, Display):
        return False
    return not _exchange(target, value)


def _exchange(target: Display, value: Display) -> bool:
    """Whether the statements, one after the other, would read what the one before has changed."""
    return any(
        ast.unparse(name) == ast.unparse(part)
        for k, name in enumerate(target.elts)
        for later in value.elts[k + 1 :]
        for part in ast.walk(later)
        if isinstance(part, ast.Name | ast.Attribute | ast.Subscript)
    )


def conditional_expressions(found: list[Source]) -> Measure:
    """``a if c else b`` a hundred lines, ``(b, a)[c]`` and ``{True: a, False: b}[c]`` too."""
    places = [
        source.place(node.lineno)
        for source in found
        for node in source.nodes
        if isinstance(node, ast.IfExp) or _chosen(node)
        if isinstance(node, ast.expr)
    ]
    lines = sum(len(source.lines) for source in found)
    value = share(places, lines)
    return Measure("conditional expressions a hundred lines", value, 0.7, places=places)


def _chosen(node: ast.AST) -> bool:
    """Whether this is one of the values of a display of two."""
    if not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice | ast.Constant):
        return False
    shown = node.value
    if isinstance(shown, ast.Dict):
        return len(shown.values) == 2
    return isinstance(shown, Display) and len(shown.elts) == 2
