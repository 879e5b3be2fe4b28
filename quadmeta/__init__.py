"""Exact meta-gradients and hypergradients on quadratic inner problems, with a verdict on every printed statement.

Public names load on first use, so that ``import quadmeta`` costs nothing: each member of a family (a problem, an
optimizer, an objective, an estimator) is the class that its file is named after; the rest stands in ``_PLACES``.
"""
from difflib import get_close_matches as _near
from importlib import import_module as _import
from typing import Any

from quadmeta._registry import FAMILIES as _FAMILIES, class_names as _class_names

__version__ = "0.1.0"

_PLACES = {
    "SignLog": "quadmeta.arithmetic.signlog",
    "Interval": "quadmeta.arithmetic.interval",
    "evaluate": "quadmeta.arithmetic.exact",
    "hypergradient": "quadmeta.estimators._base",
    "failure_horizon": "quadmeta.horizons",
    "meta_descent": "quadmeta.descent",
    "iteration_bound": "quadmeta.descent",
    "descend": "quadmeta.schedules",
    "bilevel_descent": "quadmeta.bilevel",
    "Adam": "quadmeta.bilevel",
    "Gradient": "quadmeta.bilevel",
    "run_protocol": "quadmeta.protocol",
    "pmap": "quadmeta.sweep",
    "members": "quadmeta._registry",
    "ledger": "quadmeta.claims._ledger",
    "check": "quadmeta.claims._ledger",
    "claim": "quadmeta.claims._ledger",
    "instances": "quadmeta.claims._instances",
    "worst": "quadmeta.claims._instances",
    "certificate": "quadmeta.claims._certificate",
    "recheck": "quadmeta.certificates.recheck",
}
_MODULES = ("arithmetic", "auxiliary", "bilevel", "certificates", "claims", "descent", "discount", "estimators",
            "filters", "gradient_flow", "horizons", "objectives", "optimal_weights", "optimizers", "phases",
            "plotting", "problems", "protocol", "schedules", "spectra", "sweep", "task_risk")


def _members() -> dict[str, str]:
    """{class name: module} of the four families a user constructs from."""
    return {name: module for family in _FAMILIES if family != "claims" for name, module in _class_names(family).items()}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return _import(f"quadmeta.{name}")
    module = _PLACES.get(name)
    if module is None and not name.startswith("_"):
        module = _members().get(name)
    if module is None:
        raise AttributeError(f"module 'quadmeta' has no attribute {name!r}{_hint(name)}")
    # kept, so that the folders are looked through once for each name
    found = globals()[name] = getattr(_import(module), name)
    return found


def _hint(name: str) -> str:
    """The public names that look like ``name``, in whatever case."""
    if name.startswith("_"):
        return ""
    known: dict[str, list[str]] = {}
    for word in __dir__():
        known.setdefault(word.lower().replace("_", ""), []).append(word)
    near = _near(name.lower().replace("_", ""), known, n=2, cutoff=0.7)
    words = [word for key in near for word in known[key]]
    return f": did you mean {' or '.join(map(repr, words))}?" if words else ""


def __dir__() -> list[str]:
    return sorted([*_PLACES, *_MODULES, *_members(), "__version__"])
