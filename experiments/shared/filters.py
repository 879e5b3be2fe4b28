"""The spectral filters of hypergradient estimators, measured on eigenvectors and drawn: a panel of
several figures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta import plotting as p
from quadmeta.theory import filters

Shown = Sequence[tuple[str, float, Any]]
"""(name, parameter, estimator)"""
EXACT = ("reverse", "forward", "DrMAD")
CONSTANT = ("fixed gradient", "discounted", "HyperDistill")


def applied(name: str, parameter: float, lam: Any, v: Any, T: int) -> Any:
    """f(lambda) v in closed form, eta = 1."""
    if name == "conjugate gradients":
        return filters.conjugate_gradients(lam, v, int(parameter) - 1)
    if name == "implicit":
        return filters.implicit(lam) * v
    if name == "Neumann":
        return filters.neumann(lam, 1.0, int(parameter)) * v
    if name in CONSTANT:
        return filters.discounted(lam, 1.0, parameter, T) * v
    steps = 1
    if name in EXACT:
        steps = T
    elif name == "truncated":
        steps = int(parameter)
    return filters.unrolled(lam, 1.0, steps) * v


def rows(lam: Any, T: int, shown: Shown, seed: int) -> Rows:
    """lambda f(lambda) by each estimator, run from w_0 = w_* = 0 with C = I and grad L_2 = Q
    lambda, and what it cost.

    H = Q diag(lambda) Q' in a random basis, eta = 1; eigenvalues beyond 2 are fine.
    """
    P = len(lam)
    Q = qm.spectra.rotation(P, np.random.default_rng(seed))
    H = Q * lam @ Q.T
    problem = qm.Coupled((H + H.T) / 2, np.eye(P), np.zeros(P), np.zeros((P, P)), -Q @ lam)
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0))
    out = []
    for name, parameter, estimator in shown:
        found = qm.hypergradient(loss, np.zeros(P), estimator)
        cost = estimator.cost(T, P, P)
        row = {
            "name": name,
            "parameter": parameter,
            "hvps": found.hvps,
            "mixed": found.mixed,
            "outer_gradients": found.outer_gradients,
            "published": cost["hvps"] + cost["mixed"],
        }
        out += [
            row | {"x": x, "measured": measured, "theory": theory}
            for x, measured, theory in zip(
                lam, Q.T @ found.value, applied(name, parameter, lam, lam, T), strict=True
            )
        ]
    return out


def draw(
    ax: Axes,
    table: Rows,
    looks: Mapping[Any, tuple[int, str]],
    texts: Mapping[Any, tuple[float, float, str, str]],
    every: int,
) -> None:
    """eta lambda f against eta lambda: looks (hue, marker) and texts (x, y, text, side), by name
    and parameter.
    """
    for key, (x, y, text, side) in texts.items():
        own = [row for row in table if (row["name"], row["parameter"]) == key]
        hue, marker = looks[key]
        p.theory(ax, [row["x"] for row in own], [row["theory"] for row in own], hue, linewidth=0.9)
        p.measured(
            ax,
            [row["x"] for row in own[::every]],
            [row["measured"] for row in own[::every]],
            hue,
            marker=marker,
        )
        ax.text(x, y, text, color=p.COLOURS[hue], fontsize=8, ha=side, va="center")
    ax.set(
        xlabel=r"step size times eigenvalue, $\eta\lambda$",
        ylabel=r"filter, $\eta\lambda\,\varphi(\eta\lambda)$",
    )
