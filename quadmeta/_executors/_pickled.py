"""Functions and points as bytes, which other processes open once they are ready for them.

A process on another machine cannot import a script or its neighbours: ``by_value`` sends their code along. What is
installed, here and there, goes by name.
"""
import io
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from quadmeta._executors._base import line
from quadmeta._validate import show

_Cached = type(lru_cache(lambda: None))


def packed(name: str, value: Any, by_value: bool = False) -> bytes:
    """A value as bytes, by cloudpickle and with what it lacks: cached functions, modules of a class of their own.

    Raises:
        ValueError: ``name``, as which the value is known to the caller, cannot be pickled.
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
        with _travelling() if by_value else nullcontext():
            Pickler(buffer).dump(value)
    except Exception as error:
        called = getattr(value, "__qualname__", show(value))
        raise ValueError(f"{name} = {called} cannot be pickled for other processes ({line(error)}): "
                         "keep open files, locks and generators out of it") from None
    return buffer.getvalue()


@lru_cache(maxsize=8)
def opened(blob: bytes) -> Callable[[Any], Any]:
    """The function in these bytes; the last few are kept."""
    function: Callable[[Any], Any] = pickle.loads(blob)
    return function


def _cached(function: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    return lru_cache(**parameters)(function)


def _installed(name: str) -> bool:
    """Whether a module is part of Python, of this package, or of what pip installed; not one of a working copy."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in ("quadmeta", "__main__"):
        return top != "__main__"
    module = sys.modules[top]
    places = [*getattr(module, "__path__", []), getattr(module, "__file__", None) or ""]
    return not places[0] or bool({"site-packages", "dist-packages"} & set(Path(places[0]).parts))


@contextmanager
def _travelling() -> Iterator[None]:
    """Meanwhile cloudpickle sends the code of modules that are not installed; it does so for ``__main__`` anyway."""
    from cloudpickle import list_registry_pickle_by_value, register_pickle_by_value, unregister_pickle_by_value
    before = list_registry_pickle_by_value()
    tops = {name for name in sys.modules if "." not in name and name not in before and name != "__main__"}
    ours = [sys.modules[name] for name in sorted(tops) if not _installed(name)]
    for module in ours:
        register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in ours:
            unregister_pickle_by_value(module)
