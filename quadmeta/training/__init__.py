"""What runs an outer loop: descent on step sizes, hyperparameters, schedules and task weights."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadmeta.training import (
        advice as advice,
        auxiliary as auxiliary,
        bilevel as bilevel,
        descent as descent,
        joint as joint,
        optimal_weights as optimal_weights,
        protocol as protocol,
        schedules as schedules,
        short_horizon as short_horizon,
    )
else:
    from quadmeta._lazy import attach

    _MODULES = {
        "advice": "quadmeta.training.advice",
        "auxiliary": "quadmeta.training.auxiliary",
        "bilevel": "quadmeta.training.bilevel",
        "descent": "quadmeta.training.descent",
        "joint": "quadmeta.training.joint",
        "optimal_weights": "quadmeta.training.optimal_weights",
        "protocol": "quadmeta.training.protocol",
        "schedules": "quadmeta.training.schedules",
        "short_horizon": "quadmeta.training.short_horizon",
    }
    __getattr__, __dir__ = attach(__name__, {}, _MODULES)
