"""Results in closed form that need no problem: bounds, filters, phases, risks and spectra."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.theory import (
        discount as discount,
        filters as filters,
        gradient_flow as gradient_flow,
        phases as phases,
        sampled_solves as sampled_solves,
        single_loop as single_loop,
        solves as solves,
        spectra as spectra,
        task_risk as task_risk,
    )
else:
    from quadmeta._lazy import attach

    _MODULES = {
        "discount": "quadmeta.theory.discount",
        "filters": "quadmeta.theory.filters",
        "gradient_flow": "quadmeta.theory.gradient_flow",
        "phases": "quadmeta.theory.phases",
        "sampled_solves": "quadmeta.theory.sampled_solves",
        "single_loop": "quadmeta.theory.single_loop",
        "solves": "quadmeta.theory.solves",
        "spectra": "quadmeta.theory.spectra",
        "task_risk": "quadmeta.theory.task_risk",
    }
    __getattr__, __dir__ = attach(__name__, {}, _MODULES)
