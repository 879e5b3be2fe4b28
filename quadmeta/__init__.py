"""Exact meta-gradients and hypergradients on quadratic inner problems, with a verdict on every
printed statement.

Public names load on first use, so that ``import quadmeta`` costs nothing: each member of a family
(a problem, an optimizer, an objective, an estimator) is the class that its file is named after;
the rest stands in ``_PLACES``.
"""

from difflib import get_close_matches as _near
from importlib import import_module as _import
from typing import Any

from quadmeta._registry import FAMILIES as _FAMILIES
from quadmeta._registry import class_names as _class_names

__version__ = "0.1.0"

_PLACES = {
    "SignLog": "quadmeta.arithmetic.signlog",
    "Interval": "quadmeta.arithmetic.interval",
    "evaluate": "quadmeta.arithmetic.exact",
    "hypergradient": "quadmeta.estimators.parts.base",
    "failure_horizon": "quadmeta.estimators.parts.horizons",
    "meta_descent": "quadmeta.training.descent",
    "iteration_bound": "quadmeta.training.descent",
    "descend": "quadmeta.training.schedules",
    "bilevel_descent": "quadmeta.training.bilevel",
    "Adam": "quadmeta.training.bilevel",
    "Gradient": "quadmeta.training.bilevel",
    "run_protocol": "quadmeta.training.protocol",
    "pmap": "quadmeta.sweep",
    "members": "quadmeta._registry",
    "ledger": "quadmeta.verification.ledger",
    "check": "quadmeta.verification.ledger",
    "claim": "quadmeta.verification.ledger",
    "instances": "quadmeta.verification.instances",
    "worst": "quadmeta.verification.instances",
    "certificate": "quadmeta.verification.certificate",
    "recheck": "quadmeta.certificates.recheck",
}
_MODULES = {
    "arithmetic": "quadmeta.arithmetic",
    "auxiliary": "quadmeta.training.auxiliary",
    "bilevel": "quadmeta.training.bilevel",
    "certificates": "quadmeta.certificates",
    "claims": "quadmeta.claims",
    "descent": "quadmeta.training.descent",
    "discount": "quadmeta.theory.discount",
    "estimators": "quadmeta.estimators",
    "filters": "quadmeta.theory.filters",
    "gradient_flow": "quadmeta.theory.gradient_flow",
    "harness": "quadmeta.harness",
    "horizons": "quadmeta.estimators.parts.horizons",
    "objectives": "quadmeta.objectives",
    "optimal_weights": "quadmeta.training.optimal_weights",
    "optimizers": "quadmeta.optimizers",
    "phases": "quadmeta.theory.phases",
    "plotting": "quadmeta.plotting",
    "problems": "quadmeta.problems",
    "protocol": "quadmeta.training.protocol",
    "schedules": "quadmeta.training.schedules",
    "spectra": "quadmeta.theory.spectra",
    "sweep": "quadmeta.sweep",
    "task_risk": "quadmeta.theory.task_risk",
    "theory": "quadmeta.theory",
    "training": "quadmeta.training",
    "verification": "quadmeta.verification",
}


def _members() -> dict[str, str]:
    """{class name: module} of the four families a user constructs from."""
    return {
        name: module
        for family in _FAMILIES
        if family != "claims"
        for name, module in _class_names(family).items()
    }


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return _import(_MODULES[name])
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
    if words:
        return f": did you mean {' or '.join(map(repr, words))}?"
    return ""


def __dir__() -> list[str]:
    return sorted([*_PLACES, *_MODULES, *_members(), "__version__"])
