"""Which estimator of a hypergradient to take, and how far one is from the exact implicit one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.training.advice.certificate import Certified as Certified, certified as certified
    from quadmeta.training.advice.choice import Advice as Advice, advise as advise
else:
    from quadmeta._lazy import attach

    _PLACES = {
        "Advice": "quadmeta.training.advice.choice",
        "Certified": "quadmeta.training.advice.certificate",
        "advise": "quadmeta.training.advice.choice",
        "certified": "quadmeta.training.advice.certificate",
    }
    __getattr__, __dir__ = attach(__name__, _PLACES, {})
