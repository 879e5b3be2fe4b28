"""Train-by-train against train-by-validation: the step sizes they choose and the test risk they
reach.

Least squares from 0, w_* on the unit sphere, x ~ N(0, I_d), noise sigma; T steps, n samples a
task. Train-by-train minimises the training loss on all n; train-by-validation trains on n/2,
minimises the loss on the other n/2, and trains again on all n with that step. In the limit at psi
= d/n (delta = sigma^2 psi, l+- = (1 +- sqrt psi)^2)

    T (1 - (1 + psi) eta*_train) -> sqrt(psi) / (2 (1 + psi)) log((l+ + delta) / (l- + delta)),  T
    eta*_valid -> tau_*,

so eta*_train = Theta(1) and eta*_valid = Theta(1/T). At n < d train-by-train ends at the risk 1 -
n/d + sigma^2 n / (d - n), worse than not training for sigma^2 > 1 - n/d. The gap between both
methods first grows with n, up to n = d.

Source: Wang, Yuan, Wu, Ge 2021, Theorems 5 and 6, Figures 2 to 4; scikit-learn's diabetes and
digits.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.shared.tables import Rows
from experiments.train_by_train.rows import METHODS, exact, protocol, real

# settings
CAPTION = (
    r"Step size tuned on the training loss or on held-out data (half of the $n$ samples, then "
    r"trained on all); $d=1000$, $\|w_*\|=1$. Lines: limit of large $d$, $n$; markers: random "
    r"tasks, $\pm2$ standard errors. (a) The step sizes, $n=500$, $\sigma=1$, and their laws "
    r"(dashed). (b) The risk there; black: ridge. (c), (d) The paper's protocol, $T=40$: against "
    r"$\sigma$ at $n=500$, against $n$ at $\sigma=1$; bars: the limit at the step that its "
    r"25-point grid chose, too coarse for the peak. Dashed: $d\sigma^2/n$, printed as optimal, "
    r"which ridge beats. (e), (f) Real data, $T=1000$, 30 splits, median and quartiles; ridge has "
    r"its penalty from leave-one-out. With few samples validation wins, with many either works."
)
SEED = 1
FULL: dict[str, Any] = {
    "d": 1000,
    "n": 500,
    "steps": 40,
    "sigma": 1.0,
    "tasks": 40,
    "test_tasks": 20,
    "line": 61,
    "horizons": [1, 3, 10, 30, 100, 300, 1000],
    "sigmas": [0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0],
    "sizes": [125, 250, 500, 750, 1000, 1500, 2000, 3000],
    "size_tasks": [6, 12],
    "splits": 30,
    "few_to_many": {
        "diabetes": [8, 12, 20, 40, 80, 160, 290],
        "digits": [20, 40, 64, 128, 256, 512, 1024],
    },
}
SMOKE: dict[str, Any] = FULL | {
    "d": 100,
    "n": 50,
    "tasks": 25,
    "test_tasks": 10,
    "line": 13,
    "horizons": [1, 10, 100],
    "sigmas": [0.1, 1.0, 3.0],
    "sizes": [25, 100, 300],
    "size_tasks": [10, 10],
    "splits": 8,
    "few_to_many": {"diabetes": [12, 290], "digits": [40, 1024]},
}


def points(
    d: int,
    n: int,
    steps: int,
    sigma: float,
    tasks: int,
    test_tasks: int,
    line: int,
    horizons: list[int],
    sigmas: list[float],
    sizes: list[int],
    size_tasks: list[int],
    splits: int,
    few_to_many: dict[str, list[int]],
) -> list[dict[str, Any]]:
    """Tasks at many T, at many sigma, at each n; the limit on finer grids (0 tasks); each real
    data set and n.
    """
    base: dict[str, Any] = {
        "data": "synthetic",
        "d": d,
        "n": n,
        "sigmas": [sigma],
        "horizons": [steps],
        "tasks": 0,
        "test_tasks": 0,
        "seed": SEED,
    }
    full: dict[str, Any] = {"tasks": tasks, "test_tasks": test_tasks}
    some = {"tasks": size_tasks[0], "test_tasks": size_tasks[1]}
    finer = sorted({*sizes, *(int(x) for x in np.geomspace(sizes[0], sizes[-1], line).round())})
    found = [{"part": "T", "horizons": horizons} | full, {"part": "sigma", "sigmas": sigmas} | full]
    found += [
        {
            "part": "T",
            "horizons": sorted({int(T) for T in np.geomspace(1, horizons[-1], line // 2).round()}),
        }
    ]
    found += [{"part": "sigma", "sigmas": np.geomspace(sigmas[0], sigmas[-1], line).tolist()}]
    found += [{"part": "n", "n": size} | (some if size in sizes else {}) for size in finer]
    found += [
        {"part": "data", "data": data, "n": size, "horizons": [1000], "tasks": splits}
        for data, some_n in few_to_many.items()
        for size in some_n
    ]
    return [base | point for point in found]


# compute
def measure(
    part: str,
    data: str,
    d: int,
    n: int,
    sigmas: list[float],
    horizons: list[int],
    tasks: int,
    test_tasks: int,
    seed: int,
) -> Rows:
    """Rows of one method at one (n, sigma, T): step size and risk as measured and in the limit."""
    if part == "data":
        return real(data, n, horizons[0], tasks, seed)
    rows: Rows = []
    if not tasks:
        drawn = {}
    elif part == "T":
        drawn = exact(n, d, sigmas[0], horizons, tasks, test_tasks, seed)
    else:
        drawn = protocol(n, d, sigmas, horizons[0], tasks, test_tasks, seed)
    for T in horizons:
        for sigma in sigmas:
            opt = qm.GradientDescent(T)
            whole, half = (qm.MarchenkoPastur.of(d / size, sigma, T) for size in (n, n // 2))
            risk = qm.PopulationRisk(whole, opt)
            best = {
                "train": float(qm.TrainByTrain(whole, opt).minimizer()),
                "oracle": risk.scanned(),
                "validation": qm.PopulationRisk(half, opt).scanned(),
            }
            for method in METHODS:
                step, value, error = drawn.get((T, sigma, method), (None, None, None))
                rows.append(
                    {
                        "part": part,
                        "data": data,
                        "method": method,
                        "d": d,
                        "n": n,
                        "sigma": sigma,
                        "T": T,
                        "tasks": tasks,
                        "test_tasks": test_tasks,
                        "step": step,
                        "step_theory": best[method],
                        "measured": value,
                        "error": error,
                        "theory": float(risk(best[method]).to_float()),
                        "at_step": None if step is None else float(risk(step).to_float()),
                        "ridge": qm.gradient_flow.ridge_risk(d / n, sigma**2),
                        "zero": 1.0,
                        "low": None,
                        "high": None,
                        "wins": None,
                        "unstable": None,
                    }
                )
    return rows


def check(rows: Rows) -> None:
    """Tasks against the limit; the laws of both step sizes; bounds on both risks; the gap in n;
    the real data.
    """
    from experiments.train_by_train import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """Step sizes and risks against T, risks against sigma and n, test errors on real data."""
    from experiments.train_by_train import panels

    return panels.draw(rows)
