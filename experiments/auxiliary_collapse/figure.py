"""Auxiliary weights learned on the training loss collapse; on held-out data they do not, but
truncation biases them.

L_T = l_0 + sum phi_k l_k. Descent of L_T in phi together with w lowers phi_k by beta l_k >= beta
c_k a step: phi_k = 0 after at most phi_k / (beta c_k) steps, unless the task has no noise and
agrees with the main one. Hypergradients of the main loss on the training set itself collapse too:
phi'grad F = s'H^-1 s >= 0, s = -grad l_0(w_*). On held-out data the fixed points solve v'f(H) u_k
= 0, f the estimator's spectral filter: the best weights for 1 / lambda, others for J Neumann
products, phi_J - phi* = -ghat_J(phi*) / F''(phi*) to first order, whatever the inner and outer
steps.

Source: Navon, Achituve, Maron, Chechik, Fetaya 2021, sections 3 and 4; the rest is derived.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.auxiliary_collapse.rows import (
    BETA,
    METHODS,
    REAL,
    SEED,
    digits,
    fixed_point,
    path,
    shown,
)
from experiments.shared import filters as _filters
from experiments.shared.tables import Rows

COLUMNS = (
    "part",
    "name",
    "parameter",
    "scale",
    "seed",
    "x",
    "measured",
    "theory",
    "bound",
    "limit",
    "first",
    "excess",
    "excess_theory",
    "excess_first",
    "hvps",
    "mixed",
    "outer_gradients",
    "published",
    "solves",
    "inner",
    "outer",
    "test",
)


# settings
CAPTION = (
    r"Learned weights of auxiliary tasks. Lines: closed forms; markers: runs. (a) One random task, "
    r"$d=10$, one step size $\beta$ for all. Descent of the training loss (an inner solve a step) "
    r"ends at 0 within $\varphi/(\beta c)$ steps, $c$ the least loss of the task (thin: this "
    r"bound); so do hypergradients of the main loss on the training set (a solve and 11 products). "
    r"A task without noise that agrees with the main one keeps its weight (an inner gradient; "
    r"thin: lower bound). Hypergradients on held-out data find the best weight if exact (a solve "
    r"and 11 products), not with $J=3$ Neumann products (a solve and 4). (b) Where they end "
    r"against $J$, and to first order (thin); $L$ at the best weight, $\nu$ the step of the "
    r"series. (c) $\lambda$ times the function $f$ that stands for $1/\lambda$; beyond "
    r"$\nu\lambda=2$ odd $J$ turn the sign. Conjugate gradients: 3 products. (d) Is it a 1? 60 "
    r"images of digits; each other digit is a task of 120 images; 300 images are held out. One "
    r"split, bars: best weights; mean loss on 357 more images over 10 splits. The largest gain is "
    r"from training on the held-out images."
)
FULL: dict[str, Any] = {
    "steps": 5000,
    "held_out_step": BETA,
    "products": [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256],
    "scales": [0.5, 1.5],
    "rounds": 1000,
    "digit_rounds": 1000,
    "splits": 10,
}
# a path on held-out data is 0.1% from its end after 4000 steps of BETA; Newton's steps are 30
SMOKE: dict[str, Any] = FULL | {
    "steps": 300,
    "held_out_step": 20 * BETA,
    "products": [0, 3, 16, 256],
    "rounds": 60,
    "digit_rounds": 400,
    "splits": 1,
}


def points(
    steps: int,
    held_out_step: float,
    products: list[int],
    scales: list[float],
    rounds: int,
    digit_rounds: int,
    splits: int,
) -> list[dict[str, Any]]:
    """The paths, the fixed points, the filters, the digits."""
    paths = dict.fromkeys(METHODS, BETA) | {"implicit": held_out_step, "Neumann": held_out_step}
    found = [("path", name, scales[0], 3, steps, beta, SEED) for name, beta in paths.items()]
    found += [
        ("fixed", "Neumann", scale, J, rounds, BETA, SEED) for scale in scales for J in products
    ]
    found += [("filter", "all", 1.0, 3, 1, BETA, SEED)]
    found += [
        ("digits", name, 1.0, 3, digit_rounds, BETA, SEED + k)
        for k in range(splits)
        for name in REAL
    ]
    return [
        dict(zip(("part", "name", "scale", "J", "steps", "beta", "seed"), point, strict=True))
        for point in found
    ]


# compute
def measure(part: str, name: str, scale: float, J: int, steps: int, beta: float, seed: int) -> Rows:
    """Rows of one method; nu = scale / L at the best weights, beta the outer step of a path."""
    if part == "filter":
        found = _filters.rows(np.linspace(0.05, 2.3, 46), steps, shown(J), seed)
    elif part == "digits":
        found = digits(name, J, steps, seed)
    elif part == "path":
        found = path(name, scale, J, steps, beta)
    else:
        found = fixed_point(name, scale, J, steps)
    return [
        dict.fromkeys(COLUMNS) | {"part": part, "name": name, "scale": scale, "seed": seed} | row
        for row in found
    ]


def check(rows: Rows) -> None:
    """Runs are as in closed form, within their bounds; who collapses, who is best, who is biased,
    whose sign turns.
    """
    from experiments.auxiliary_collapse import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """Paths, fixed points, filters, digits."""
    from experiments.auxiliary_collapse import panels

    return panels.draw(rows)
