"""The expected meta-objective of SGD, exact without sampling: its mean-square limit, its
logarithm, its best step.

Streaming regression x ~ N(0, S), noise sigma: the variances of the error in the eigenbasis of S
close, so that F(eta) = E f(w_T) - sigma^2/2 is exact for any T. It explodes past eta_ms, the root
of B = sum_i eta lambda_i / (2 (1 - eta lambda_i)) = 1, in 2 / (tr S + 2 lambda_max) <= eta_ms <= 2
/ (tr S + 2 tr S^2 / tr S). Sample means miss this: the variance of f(w_T) stays bounded only below
the eta_4 at which the fourth moments of the error stop contracting. Below eta_ms F' -> J'/2 and G'
= F'/(TF) ~ J'/(JT), J = sigma^2 B/(1 - B). Additive noise Sigma on the gradient, near the optimum
also sigma^2 S, gives eta*_T ~ log(8 mu T omega_mu / tr Sigma) / (2 mu T); no noise and S = lambda
I give eta* = 1 / ((d + 2) lambda) for all T.

Source: derived; the question of SGD after Wang, Yuan, Wu, Ge 2021; scikit-learn's diabetes.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.sgd.rows import (
    ABOVE,
    BELOW,
    EMPTY,
    NOISE,
    SEED,
    best,
    chosen,
    limits,
    losses,
    patients,
    slopes,
)
from experiments.shared.tables import Rows
from quadmeta import plotting as p

# settings
CAPTION = (
    r"Expected loss of SGD after $T$ steps, exact without sampling (lines). (a) Streaming Gaussian "
    r"regression, $d=4$, $\kappa=10$, $\sigma=0.1$. Markers: means of 5000 runs, $\pm2$ standard "
    r"errors; hollow beyond $\eta_4$ (grey), where the variance of the loss grows without bound "
    r"and the sample mean misses the explosion past the mean-square limit $\eta_{\rm ms}$ (bar: "
    r"its elementary bracket). Dashed: gradient descent on the expected loss. (b, c) Naive $F'$ "
    r"and log $G'=F'/(TF)$ at $0.9\,\eta_{\rm ms}$ (filled) and $1.1\,\eta_{\rm ms}$ (open); "
    r"markers: $T$ steps of the moments; dotted: limits in $T$. Without noise only the log is of "
    r"use; above a floor of noise $F'$ does not vanish, and the log makes it, like $1/T$. (d) SGD "
    r"with replacement on 12 patients (diabetes, $d=10$, $T=1000$); markers: means of 1000 runs; "
    r"stars: loss on all other patients at the step that is best for either loss (small: other "
    r"draws of the 12); dashed: gradient descent. (e) Best step size (markers) and its laws for "
    r"large $T$ (lines): noise makes it fall like $\log T/T$."
)
FULL: dict[str, Any] = {
    "sampled": [0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.85, 1.1, 1.25],
    "paths": 5000,
    "line": 91,
    "horizons": [10, 100, 1000],
    "last": 6,
    "per_decade": 2,
    "rows": 12,
    "data": [3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3],
    "data_paths": 1000,
    "draws": 10,
}
SMOKE: dict[str, Any] = FULL | {
    "sampled": [0.02, 0.4, 0.6, 1.1],
    "paths": 1000,
    "line": 31,
    "per_decade": 1,
    "data": [1e-3, 0.1],
    "data_paths": 200,
    "draws": 3,
}


def points(
    sampled: list[float],
    paths: int,
    line: int,
    horizons: list[int],
    last: int,
    per_decade: int,
    rows: int,
    data: list[float],
    data_paths: int,
    draws: int,
) -> list[dict[str, Any]]:
    """Sampled losses step size by step size, exact lines, gradients at two step sizes, the data,
    best step sizes.
    """
    grid = sorted(
        {*np.geomspace(0.015, 5, line).round(6), *np.linspace(0.9, 1.1, line // 3).round(6)}
    )
    longer, tuned = (
        sorted({int(T) for T in np.geomspace(1, 10**last, count * per_decade * last + 1).round()})
        for count in (3, 1)
    )
    base: dict[str, Any] = {"kind": "sgd", "sigma": NOISE, "paths": 0}
    found: Rows = [{"part": "limit", "xs": [], "horizons": []}]
    found += [{"part": "loss", "xs": [x], "horizons": horizons, "paths": paths} for x in sampled]
    found += [{"part": "loss", "xs": grid, "horizons": [T]} for T in (*horizons, 10**last)]
    found += [{"part": "loss", "kind": "gd", "xs": grid, "horizons": [horizons[1]]}]
    found += [
        {"part": "slope", "xs": [x], "sigma": sigma, "horizons": longer}
        for sigma in (0.0, NOISE)
        for x in (BELOW, ABOVE)
    ]
    found += [
        {
            "part": "data",
            "kind": str(rows),
            "xs": [x],
            "horizons": horizons[-1:],
            "paths": data_paths,
        }
        for x in data
    ]
    found += [
        {
            "part": "data",
            "kind": str(rows),
            "xs": np.geomspace(1e-4, 1.05, line).tolist(),
            "horizons": horizons[-1:],
        }
    ]
    found += [
        {"part": "choice", "kind": str(rows), "xs": [SEED + k], "horizons": horizons[-1:]}
        for k in range(draws)
    ]
    found += [
        {"part": "best", "kind": kind, "xs": [], "horizons": tuned}
        for kind in ("streaming", "additive", "isotropic", "gd")
    ]
    return [base | point for point in found]


# compute
def measure(
    part: str, kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int
) -> Rows:
    """Rows of log10 of positive numbers; x is the step size over eta_ms."""
    find = {
        "limit": limits,
        "loss": losses,
        "slope": slopes,
        "data": patients,
        "choice": chosen,
        "best": best,
    }[part]
    return [
        {"part": part, "kind": kind, "sigma": sigma, "paths": paths, "T": T} | EMPTY | row
        for kind, T, row in find(kind, xs, sigma, horizons, paths)
    ]


# draw
def draw(rows: Rows) -> Figure:
    """The loss, slopes without and with noise, the patients, the best step size."""
    from experiments.sgd import panels

    fig, axes = p.figure(height=7.0, rows=3, columns=2, height_ratios=[1.25, 1, 1])
    for ax in axes[0]:
        ax.remove()
    top = fig.add_subplot(axes[0, 0].get_gridspec()[0, :])
    panels.loss(top, rows)
    for ax, sigma in zip(axes[1], (0.0, NOISE), strict=True):
        panels.slope(ax, [row for row in rows if row["part"] == "slope" and row["sigma"] == sigma])
    panels.choice(axes[2, 0], [row for row in rows if row["part"] in ("data", "choice")])
    panels.steps(axes[2, 1], [row for row in rows if row["part"] == "best"])
    for ax, label in zip((top, *axes[1], *axes[2]), "abcde", strict=True):
        p.panel_label(ax, label)
    return fig


def check(rows: Rows) -> None:
    """Samples where they may be trusted, floors, walls, slopes, the choice on real data, the laws
    of the best step.
    """
    from experiments.sgd import checks

    checks.check(rows)
