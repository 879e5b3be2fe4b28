"""The rows of the figure on stochastic hypergradients: borders of stability."""

import numpy as np

from experiments.shared.tables import Rows
from experiments.stochastic_bilevel.rows import row
from quadmeta.theory import single_loop

VARIANCES = (0.5, 2.0, 11.0)
NEAR = 1e-4
"""How far from a border radii are computed, relative."""


def borders(size: int) -> Rows:
    """Largest gamma, and spectral radii just below and above, against rho."""
    found: Rows = []
    for rho in np.geomspace(0.003, 1.99, size):
        value = single_loop.mean_limit(rho)
        radii = [
            single_loop.IsotropicLoop(rho, value * side, 1.0, 0.0).mean_radius
            for side in (1 - NEAR, 1 + NEAR)
        ]
        found.append(near("mean", float(rho), value, radii))
    for nu in VARIANCES:
        for shared in (True, False):
            name = f"{nu:g} {'shared' if shared else 'apart'}"
            # up to where no gamma is stable
            for rho in np.geomspace(0.003, 1.9995 / (1 + nu), size):
                value = single_loop.mean_square_limit(rho, nu, shared)
                radii = [
                    single_loop.IsotropicLoop(
                        rho, value * side, 1.0, nu, shared=shared
                    ).mean_square_radius
                    for side in (1 - NEAR, 1 + NEAR)
                ]
                found.append(near(name, float(rho), value, radii))
    return found


def near(name: str, rho: float, value: float, radii: list[float]) -> dict[str, object]:
    """A row: the border, and how the radii differ from 1."""
    return row("border", name, rho, value=value, below=radii[0] - 1, above=radii[1] - 1)
