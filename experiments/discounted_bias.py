"""The bias of the discounted hypergradient: what is proved, what is attained, what remains.

sum_t gamma^(T-t) B_t g_t replaces A_{t+1} ... A_T by gamma^(T-t) I and g_T by g_t. Bound A is tight on quadratic
problems, B' holds on every smooth strongly convex inner loss with a Lipschitz Hessian; the printed bound holds on
quadratic problems and fails below T ~ sqrt(8 / (eta mu)), where its term in the Lipschitz constant is negative. As T
grows the bias tends to -J_* (eta/(1-gamma) I - H_*^-1) g_*, not to 0; with the matrix I - eta H(w_t) in place of gamma
it does tend to 0.

Source: Yakovlev, Bakhteev, Strijov 2023, Theorem 1; bounds A, B' and E are derived.
"""
from dataclasses import replace
from typing import Any

import numpy as np

import quadmeta as qm
from quadmeta import discount
from quadmeta.arithmetic import powers

Rows = list[dict[str, Any]]
SCALE = {"mu": 0.1, "L": 1.0, "L2": 1.0, "eta": 1.0, "R": 1.0, "G": 1.0, "B": 1.0}  # R = ||w_0 - w_*||, G = ||g_T||

# settings
CAPTION = (r"Bias $\Vert\hat g-g\Vert$ of the discounted hypergradient, $L=L_2=\eta=1$. (a) Quadratic inner losses with "
           r"$\mu=0.1$, $\Vert w_0-w_*\Vert=\Vert g_T\Vert=\Vert C\Vert=1$, $\gamma=\gamma^*=1-2\eta\mu L/(\mu+L)$: random "
           r"ones (dots) and the worst one of each $T$ (squares), which attains bound A. (b) One random problem: the "
           r"measured bias (markers) settles at its exact limit (grey); the matrix discount goes to zero under "
           r"its bound E. (c) Where the printed bound is negative (grey) for a large Hessian-Lipschitz constant $H_w$; "
           r"crosses: problems whose measured bias is above the printed bound, circles: below. (d) A family "
           r"that is not quadratic, $\mu=0.1$, $H_w=1.5$, $\gamma=\gamma^*$: random starts, cross terms and outer losses. The "
           r"printed bound is negative for $T<9$.")
SEED = 5
FULL: dict[str, Any] = {"horizons": [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1000],
                        "seeds": 12, "mus": [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.2, 0.5],
                        "marks": [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], "border": 61}
SMOKE: dict[str, Any] = FULL | {"horizons": [1, 2, 4, 8, 16, 64, 256, 1000], "seeds": 2, "mus": [3e-3, 0.1, 0.5],
                                "marks": [1, 2, 8, 32, 128], "border": 13}


def points(horizons: list[int], seeds: int, mus: list[float], marks: list[int], border: int) -> list[dict[str, Any]]:
    """Replicates of the quadratic and the other family, one run for the limits, the sign map."""
    mu, L, eta = SCALE["mu"], SCALE["L"], SCALE["eta"]
    best, middle = discount.minimax_gamma(eta, mu, L), 1 - eta * (L + mu) / 2
    found = [{"part": part, "mu": mu, "gamma": best, "seed": SEED + seed, "horizons": horizons}
             for part, number in (("random", seeds), ("tight", 1), ("log-cosh", seeds)) for seed in range(number)]
    found += [{"part": "limit", "mu": mu, "gamma": gamma, "seed": SEED, "horizons": horizons}
              for gamma in (middle, best, 1 - eta * mu)]
    found += [{"part": "mark", "mu": mu, "gamma": (1 - mu) / 2, "seed": 0, "horizons": marks} for mu in mus]
    return found + [{"part": "border", "mu": float(mu), "gamma": 0.0, "seed": 0, "horizons": [400]}
                    for mu in np.geomspace(1e-4, 0.5, border)]


# compute
def measure(part: str, mu: float, gamma: float, seed: int, horizons: list[int]) -> Rows:
    """One row for each number of steps."""
    if part == "border":
        return [row(part, seed, last_negative(mu, horizons[0]), mu, gamma, 0.0)]
    family = {"random": quadratic, "limit": quadratic, "tight": worst, "log-cosh": log_cosh, "mark": sharp}[part]
    return [row(part, seed, T, mu, gamma, *compared(*family(T, mu, gamma, seed), T, gamma), natural=part == "limit") for T in horizons]
