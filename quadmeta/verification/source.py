"""The source code of a claim: what computes its sides, and a digest of it."""

import ast
import hashlib
import inspect
import io
import textwrap
import tokenize
from collections.abc import Callable, Container, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any

from quadmeta.verification.claim import Claim


def sources(function: Callable[..., Any]) -> list[str]:
    """Source code of a function and of those it calls, each once, callers first: of its own
    package and of this one.
    """
    packages = {_package(function), _package(sources)}
    found: dict[str, str] = {}
    queue = [x for x in (function,) if inspect.isfunction(x)]
    while queue:
        one = queue.pop(0)
        if one.__qualname__ not in found:
            found[one.__qualname__] = inspect.cleandoc("\n" + inspect.getsource(one))
            queue += _called(one, packages)
    return [source + "\n" for source in found.values()]


@cache
def digest(kind: type[Claim]) -> str:
    """SHA-256 of what a claim says: its domain, its relation, and the code of its assumptions and
    sides with all that they call; comments, docstrings and layout do not count.

    Raises
    ------
    OSError
        the source code is not there.
    """
    parts = {essence(text) for f in (kind.assumptions, kind.sides) for text in sources(f)}
    domain = {name: repr(p) for name, p in kind.domain.items()}
    text = "\n".join([repr(domain), kind.relation, *sorted(parts)])
    return hashlib.sha256(text.encode()).hexdigest()


def essence(code: str) -> str:
    """The code without docstrings, comments and spaces, the same for every version of Python."""
    code = textwrap.dedent(code)
    lines = code.splitlines(keepends=True)
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            said = node.body[0]
            for number in range(said.lineno, (said.end_lineno or said.lineno) + 1):
                lines[number - 1] = "\n"
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        row, column = token.start
        if token.type == tokenize.COMMENT and lines[row - 1].strip():
            lines[row - 1] = lines[row - 1][:column] + "\n"
    return "".join("".join(lines).split())


def _package(x: object) -> str:
    return str(getattr(x, "__module__", "")).partition(".")[0]


def _called(function: FunctionType, packages: Container[str]) -> list[FunctionType]:
    names = list(_names(function.__code__))
    used = [function.__globals__[name] for name in names if name in function.__globals__]
    own = [x for x in used if _package(x) in packages and hasattr(x, "__name__")]
    methods = [
        vars(x)[name] for x in own if inspect.isclass(x) for name in names if name in vars(x)
    ]
    return [x for x in own + methods if inspect.isfunction(x)]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)
