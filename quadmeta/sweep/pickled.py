"""Functions, points and results as bytes, which other processes open once they are ready for them.

A process on another machine cannot import a script or its neighbours: ``by_value`` sends their
code along. What is installed, here and there, goes by name.
"""

import io
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from quadmeta._validate import show
from quadmeta.sweep.executor import Failure, line

P = TypeVar("P")
_Cached = type(lru_cache(lambda: None))


@dataclass(frozen=True)
class Raised:
    """What a point raised in a worker. The caller has the point and makes a Failure of both."""

    error: str
    trace: str
    interrupt: bool


def computed(blob: bytes, parcel: bytes) -> bytes:
    """In a worker: the result of one point, or what went wrong on the way to it, as bytes.

    Opening the function and the point and pickling the result belong to the point: what they raise
    costs that point alone. So does what would end the process, as ``sys.exit`` does; only a
    KeyboardInterrupt ends the call.
    """
    try:
        return packed("result", opened(blob)(pickle.loads(parcel)))
    except BaseException as error:
        return pickle.dumps(
            Raised(line(error), traceback.format_exc(), isinstance(error, KeyboardInterrupt))
        )


def received(data: bytes, point: P) -> Any:
    """In the calling process: the result in these bytes, or the Failure of its point."""
    try:
        found = pickle.loads(data)
    except Exception as error:
        return Failure(
            point,
            f"the result cannot be opened in this process ({line(error)}): return numbers, text, "
            "lists or arrays",
            traceback.format_exc(),
        )
    if type(found) is not Raised:
        return found
    if found.interrupt:
        raise KeyboardInterrupt
    return Failure(point, found.error, found.trace)


def packed(name: str, value: Any, by_value: bool = False) -> bytes:
    """A value as bytes, by cloudpickle.

    What that lacks is added: cached functions, and modules of a class of their own.

    Raises
    ------
    ValueError
        ``name``, as which the value is known to the caller, cannot be pickled.
    """
    import cloudpickle  # type: ignore[import-untyped]

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, part: Any) -> Any:
            if isinstance(part, ModuleType) and type(part) is not ModuleType:
                return import_module, (part.__name__,)
            if isinstance(part, _Cached) and by_value and not _installed(part.__module__):
                return _cached, (part.__wrapped__, part.cache_parameters())
            return super().reducer_override(part)

    buffer = io.BytesIO()
    try:
        abroad = _travelling() if by_value else nullcontext()
        with abroad:
            Pickler(buffer).dump(value)
    except Exception as error:
        called = getattr(value, "__qualname__", show(value))
        raise ValueError(
            f"{name} = {called} cannot be pickled for other processes ({line(error)}): "
            "keep open files, locks and generators out of it"
        ) from None
    return buffer.getvalue()


@lru_cache(maxsize=8)
def opened(blob: bytes) -> Callable[[Any], Any]:
    """The function in these bytes; the last few are kept."""
    function: Callable[[Any], Any] = pickle.loads(blob)
    return function


def _cached(function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    return lru_cache(**parameters)(function)


def _installed(name: str) -> bool:
    """Whether a module is part of Python, of this package, or of what pip installed.

    A module of a working copy is not.
    """
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in ("quadmeta", "__main__"):
        return top != "__main__"
    module = sys.modules[top]
    places = [*getattr(module, "__path__", []), getattr(module, "__file__", None) or ""]
    return not places[0] or bool({"site-packages", "dist-packages"} & set(Path(places[0]).parts))


@contextmanager
def _travelling() -> Iterator[None]:
    """Meanwhile cloudpickle sends the code of modules that are not installed.

    It does so for ``__main__`` anyway.
    """
    from cloudpickle import (
        list_registry_pickle_by_value,
        register_pickle_by_value,
        unregister_pickle_by_value,
    )

    before = list_registry_pickle_by_value()
    tops = {name for name in sys.modules if "." not in name}
    tops -= {*before, "__main__"}
    ours = [sys.modules[name] for name in sorted(tops) if not _installed(name)]
    for module in ours:
        register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in ours:
            unregister_pickle_by_value(module)
