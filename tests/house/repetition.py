"""Runs of code that stand in two places."""

import ast
import io
import re
import tokenize
from collections import defaultdict

from tests.house.measure import Measure, Source

RUN = 8
"""Lines from which on a repeated run counts."""


def duplicated(found: list[Source]) -> Measure:
    """Runs of eight lines of code or more that stand in two places, each counted once.

    What says nothing of its own does not count, and does not interrupt a run: comments, docstrings,
    imports, closing brackets, ``__all__``, and signatures (the function that a user calls and the
    one that does its work, or a method and what it implements, both have to name their arguments,
    and the formatter gives each a line). Fields of a class do count: a base class states them once.
    Spaces do not matter, names and numbers do.
    """
    codes = [_code(source) for source in found]
    starts: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for k, code in enumerate(codes):
        for start in range(len(code) - RUN + 1):
            window = tuple(line for _, line in code[start : start + RUN])
            starts[window].append((k, start))
    places = []
    for where in starts.values():
        for i, (k, start) in enumerate(where):
            for other, begin in where[:i]:
                if k == other and start < begin + RUN:
                    continue  # it would share lines with itself
                if _same_line_before(codes[k], start, codes[other], begin):
                    continue  # part of a longer run
                first = found[other].place(codes[other][begin][0])
                places.append(f"{first} = {found[k].place(codes[k][start][0])}")
    return Measure(f"duplicated runs of {RUN} lines or more", len(places), 0, places=places)


def _same_line_before(
    code: list[tuple[int, str]], start: int, other: list[tuple[int, str]], begin: int
) -> bool:
    if not start or not begin:
        return False
    if code is other and start - begin == RUN:
        return False  # one line earlier the two runs would meet
    return code[start - 1][1] == other[begin - 1][1]


def _code(source: Source) -> list[tuple[int, str]]:
    """(number, line) of all code that says something of its own."""
    skipped = _comments(source)
    for node in source.nodes:
        if isinstance(node, ast.stmt) and _boilerplate(node):
            skipped |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            skipped |= set(range(node.lineno, max(node.lineno + 1, node.body[0].lineno)))
    return [
        (number, " ".join(line.split()))
        for number, line in enumerate(source.lines, 1)
        if number not in skipped and re.search(r"\w", line)
    ]


def _boilerplate(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if isinstance(node, ast.Assign):
        return any(ast.unparse(target) == "__all__" for target in node.targets)
    return isinstance(node, ast.Import | ast.ImportFrom)


def _comments(source: Source) -> set[int]:
    """Lines that are nothing but a comment."""
    marked = {k for k, line in enumerate(source.lines, 1) if line.lstrip().startswith("#")}
    texts = [
        range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
        for node in source.nodes
        if isinstance(node, ast.Constant | ast.JoinedStr)
    ]
    if not any(marked.intersection(lines) for lines in texts if lines):
        return marked
    # such a line may be a part of a text
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return {
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }
