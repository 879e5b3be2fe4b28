"""The choice of the discount, and what no discount can do.

At w_0 = w_* the discounted hypergradient is S_T(gamma) times the one-step one, so gamma only sets
its length. Over curvatures in [mu, L] the worst absolute bias is least at gamma* = 1 - 2 eta mu
L/(mu + L), the worst relative bias at c = 1 - eta (L + mu)/2, and no weights of the T terms go
below half the width of {S_T(a)}: the matrix discount does. In one dimension the exact discount
moves from a^2 (no gradient at the minimiser) towards a as T grows.

Source: Yakovlev, Bakhteev, Strijov 2023, Theorem 2 ("asymptotically exact"); the rest is derived.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.discount_choice.rows import (
    MU,
    PROBLEM,
    SEED as SEED,
    angle,
    exact_discount,
    one_problem,
    worst,
)
from experiments.shared.tables import Rows
from quadmeta.theory import discount

# settings
CAPTION = (
    r"Choice of the discount; $\eta=L=1$, $\mu=0.1$. Lines: closed form; markers: measured. (a) "
    r"Worst case over all curvatures in $[\mu,L]$ at $w_0=w_*$, $T=200$: the bias over the largest "
    r"$\Vert g\Vert$ is least at $\gamma^*=1-2\eta\mu L/(\mu+L)$, where it meets the floor of all "
    r"scalar weights; the relative bias is least at $c=1-\eta(L+\mu)/2$. The matrix discount is "
    r"exact. (b) One random problem, $\Vert w_0-w_*\Vert=0$ (warm) or $12$ (cold). At its best "
    r"discount $\gamma^\circ$ the angle between $\hat g$ and $g$ remains. (c) One dimension, "
    r"$a=1-\eta\lambda=0.8$, $L_2\Vert w_0-w_*\Vert=1$: the discount at which $\hat g=g$ moves "
    r"from $a^2$ to $a$ unless the outer gradient $g_*$ at the minimiser is zero. (d) Angle "
    r"between the discounted and the one-step hypergradient on a quadratic (filled) and a log-cosh "
    r"inner loss (open): zero at $w_0=w_*$."
)
FULL: dict[str, Any] = {
    "gammas": 49,
    "horizons": [2, 3, 4, 6, 8, 11, 15, 20, 25, 32, 40, 50, 63, 80, 100, 128, 200],
    "gradients": [0.0, 1e-3, 0.1],
    "distances": [10.0**k for k in range(-6, 3)],
    "steps": [5, 40],
}
SMOKE: dict[str, Any] = FULL | {
    "gammas": 13,
    "horizons": [2, 12, 50],
    "distances": [1e-6, 1e-4, 1.0],
}


def points(
    gammas: int,
    horizons: list[int],
    gradients: list[float],
    distances: list[float],
    steps: list[int],
) -> list[dict[str, Any]]:
    """Discounts for the worst case and for one problem, horizons of the exact discount, distances
    of the start.
    """
    grid = sorted(
        [
            *np.linspace(0.02, 0.98, gammas).round(6).tolist(),
            discount.minimax_gamma(1.0, MU, 1.0),
            discount.minimax_gamma(1.0, MU, 1.0, relative=True),
        ]
    )
    found: list[dict[str, Any]] = [{"part": "worst", "kind": "warm", "T": 200, "xs": grid}]
    found += [{"part": "problem", "kind": kind, "T": T, "xs": grid} for kind, T in PROBLEM]
    found += [{"part": "exact", "kind": "cold", "T": T, "xs": gradients} for T in horizons]
    found += [{"part": "exact", "kind": "warm", "T": T, "xs": [1.0]} for T in horizons]
    return found + [
        {"part": "angle", "kind": kind, "T": T, "xs": [0.0, *distances]}
        for kind in ("quadratic", "log-cosh")
        for T in steps
    ]


# compute
def measure(part: str, kind: str, T: int, xs: list[float]) -> Rows:
    """Rows over discounts, outer gradients or distances."""
    find = {"worst": worst, "problem": one_problem, "exact": exact_discount, "angle": angle}[part]
    empty = dict.fromkeys(("measured", "theory", "relative", "relative_theory", "floor", "matrix"))
    return [
        {"part": part, "kind": kind, "T": T, "x": x} | empty | row for x, row in find(kind, T, xs)
    ]


def check(rows: Rows) -> None:
    """Both minimax discounts, the floor, the best discount of one problem, the exact one,
    collinearity.
    """
    from experiments.discount_choice import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """The worst case, one problem, the exact discount, the angle."""
    from experiments.discount_choice import panels

    return panels.draw(rows)
