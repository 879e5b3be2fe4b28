"""A copy of a module with one mistake planted, which a check must notice."""

import sys
from types import ModuleType


def planted(module, right, wrong):
    """The module with the one place that reads ``right`` changed."""
    with open(module.__file__, encoding="utf-8") as file:
        source = file.read()
    if source.count(right) != 1:
        raise LookupError(f"{right!r} occurs {source.count(right)} times in {module.__name__}")
    copy = ModuleType(module.__name__ + "_planted")
    sys.modules[copy.__name__] = copy
    exec(compile(source.replace(right, wrong), module.__file__, "exec"), copy.__dict__)
    return copy
