"""Packages that only some functions need: imported where they are used, and named where they are
missing.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quadmeta._types import Array

_NAMES = {"sklearn": "scikit-learn", "flint": "python-flint"}
"""Module -> package, where the two are called differently."""


def require(module: str, extra: str, use: str) -> Any:
    """The module of an optional package.

    Parameters
    ----------
    module
        what to import, such as ``"sklearn.datasets"``.
    extra
        the extra of quadmeta that installs its package.
    use
        what needs it, as the message begins.

    Raises
    ------
    ModuleNotFoundError
        the package is not installed; one line with its name and the command that installs it.
    """
    top = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != top:  # the package is there and lacks something of its own
            raise
        raise ModuleNotFoundError(
            f"{use} needs the package {_NAMES.get(top, top)}: pip install 'quadmeta[{extra}]'",
            name=top,
        ) from None


def dataset(name: str, use: str) -> "tuple[Array, Array]":
    """The inputs (n, d) and targets (n,) or (n, k) of data that come with scikit-learn.

    They are read once in a process, and read-only.

    Parameters
    ----------
    name
        "digits", "diabetes" or "linnerud".
    use
        what needs them, as the message begins.

    Raises
    ------
    ModuleNotFoundError
        as ``require``.
    """
    require("sklearn.datasets", "data", use)
    return _read(name)


@cache
def _read(name: str) -> "tuple[Array, Array]":
    load = getattr(import_module("sklearn.datasets"), f"load_{name}")
    X, y = load(return_X_y=True)
    for array in (X, y):
        array.setflags(write=False)
    return X, y
