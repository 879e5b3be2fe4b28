"""When an auxiliary task helps: relatedness against noise, the best weights, and the price of
learning them.

A task with the inputs of the main one has the risk V_1 + Delta^2 alone, V_k = sigma_k^2 d / (n - d
- 1). With the share pi = phi / (1 + phi) of the weights both together have

    R / V_0 = (1 - pi)^2 + pi^2 (V_1 + Delta^2) / V_0,  least at pi* = V_0 / (V_0 + V_1 + Delta^2),
    where it is 1 - pi*:

every task helps for 0 < pi < 2 pi*, and equal weights help iff V_1 + Delta^2 < 3 V_0. With inputs
of its own, equal weights have R = (sigma_0^2 + sigma_1^2) / 2 d / (2n - d - 1) + c Delta^2 (see
``own``).

Source: Navon, Achituve, Maron, Chechik, Fetaya 2021, sections 3 to 5; the closed forms and the
certificate are derived.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.auxiliary_benefit.checks import METHODS, ratios
from experiments.auxiliary_benefit.rows import (
    REAL,
    TASKS,
    equal,
    own_border,
    real,
    shares,
    signs,
    split,
)
from experiments.shared.tables import Rows
from quadmeta import plotting as p

# settings
CAPTION = (
    r"A main task with $d=10$, $n=30$, of risk $V_0$ alone, and one auxiliary task. (a) Risk at "
    r"equal weights over $V_0$. Lines: exact borders, solid for shared inputs, dashed for own "
    r"inputs; markers: means over realised tasks, triangles harm, circles help, squares are within "
    r"three standard errors of 1. (b) Risk against the share of the weights for the tasks A, B, C "
    r"of (a): every task helps at a small enough weight, and at the best share $\pi^*$ (stars) the "
    r"risk falls by that share. (c) Weights of three tasks, $\sigma_k=1/2$, "
    r"$\Delta_k=0.2,0.6,1.2$, that minimise the loss on $n_A$ held-out samples out of 60; the "
    r"split is charged: 1 is the main task alone on all 60. Dotted: no closed form. (d) Sign of "
    r"the Neumann hypergradient for random tasks, $J=0$ to 31 products: above the diagonal it is "
    r"certainly right; circles on it attain the border. (e) Real data, test error over that of the "
    r"main task alone on all training and held-out samples, mean and standard error over seeds; "
    r"right: inner problems solved (products). Learned weights can improve on the same training "
    r"samples without tasks (diabetes); on neither data set are they worth the held-out samples."
)
SEED = 0
FULL: dict[str, Any] = {
    "grid": [0.6, 1.4, 2.0, 2.6],
    "tasks": 300,
    "shares": 9,
    "realised": 600,
    "held": [8, 12, 16, 20, 26, 32, 38],
    "splits": 600,
    "products": [0, 1, 3, 7, 15, 31],
    "problems": 60,
    "seeds": 25,
}
SMOKE: dict[str, Any] = FULL | {
    "grid": [0.6, 2.6],
    "tasks": 60,
    "shares": 4,
    "realised": 100,
    "held": [12, 38],
    "splits": 100,
    "products": [0, 3, 15],
    "problems": 10,
    "seeds": 2,
}


def points(
    grid: list[float],
    tasks: int,
    shares: int,
    realised: int,
    held: list[int],
    splits: int,
    products: list[int],
    problems: int,
    seeds: int,
) -> list[dict[str, Any]]:
    """The map and its borders, the parabolas, the splits, the signs, and the real data by seed."""
    empty = {"x": 0.0, "y": 0.0, "count": 1, "xs": [], "seed": SEED}
    angles = np.pi / 2 * np.array([0.12, 0.5, 0.88])
    places = [("shared", x, y) for x in grid for y in grid] + [
        (kind, float(wide * np.cos(t)), float(high * np.sin(t)))
        for kind, (wide, high) in (("shared", (3**0.5, 3**0.5)), ("own", own_border()))
        for t in angles
    ]
    found = [
        {
            "part": "map",
            "kind": kind,
            "x": x,
            "y": y,
            "count": tasks,
            "seed": SEED + 10**4 * (k + 1),
        }
        for k, (kind, x, y) in enumerate(places)
    ]
    found += [
        {
            "part": "share",
            "kind": name,
            "x": x,
            "y": y,
            "count": realised,
            "xs": (np.arange(shares) / (shares + 1)).tolist(),
            "seed": SEED + 10**6 * (k + 1),
        }
        for k, (name, (x, y)) in enumerate(TASKS.items())
    ]
    found += [{"part": "split", "kind": "shared", "x": float(n), "count": splits} for n in held]
    found += [
        {"part": "sign", "kind": "drawn", "xs": products, "seed": SEED + seed}
        for seed in range(problems)
    ]
    found += [
        {"part": "sign", "kind": "attained", "x": kappa, "xs": products}
        for kappa in (2.0, 10.0, 100.0)
    ]
    found += [
        {"part": "real", "kind": kind, "seed": SEED + seed}
        for kind in REAL
        for seed in range(seeds)
    ]
    return [empty | point for point in found]


# compute
def measure(
    part: str, kind: str, x: float, y: float, count: int, xs: list[float], seed: int
) -> Rows:
    """Rows of one part, with the same columns in each."""
    found = {"map": equal, "share": shares, "split": split, "sign": signs, "real": real}[part](
        kind, x, y, count, xs, seed
    )
    empty = dict.fromkeys(
        (
            "name",
            "x",
            "y",
            "measured",
            "theory",
            "error",
            "best",
            "exact",
            "right",
            "solves",
            "jvps",
        )
    )
    return [{"part": part, "kind": kind, "seed": seed} | empty | row for row in found]


def draw(rows: Rows) -> Figure:
    """The map; the parabolas; the split; the signs; real data."""
    from experiments.auxiliary_benefit import panels

    fig, axes = p.figure(height=7.3, rows=3, height_ratios=[1.2, 1, 1])
    grid = axes[0].get_gridspec()
    for ax in axes:
        ax.remove()
    top, middle = (
        grid[k].subgridspec(1, 2, width_ratios=ratio)
        for k, ratio in ((0, [1.2, 1]), (1, [1.35, 1]))
    )
    own = {
        part: [row for row in rows if row["part"] == part]
        for part in ("map", "share", "split", "sign", "real")
    }
    places = dict(zip(own, (top[0], top[1], middle[0], middle[1], grid[2]), strict=True))
    ax = {part: fig.add_subplot(place) for part, place in places.items()}
    panels.risk_map(ax["map"], own["map"], TASKS, own_border())
    panels.parabolas(ax["share"], own["share"], TASKS)
    panels.splits(ax["split"], own["split"])
    panels.signs(ax["sign"], own["sign"])
    panels.real(
        ax["real"], {kind: ratios(own["real"], kind) for kind in REAL}, own["real"], METHODS
    )
    for label, panel in zip("abcde", ax.values(), strict=True):
        p.panel_label(panel, label)
    return fig


def check(rows: Rows) -> None:
    """Both borders, the parabolas, the price of a split, the certificate and its border, and what
    real data say.
    """
    from experiments.auxiliary_benefit import checks

    checks.check(rows)
