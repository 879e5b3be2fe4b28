"""Data cleaning on real digits: what a hypergradient estimate costs, how far off it is, and what
it is good for.

Half of the training labels are redrawn at random; one weight sigmoid(alpha_i) a sample is learned
on clean validation data. The inner problem is ridge regression, so the exact unrolled
hypergradient is known in closed form and every estimate is compared with it at the same (alpha,
w_0), never at the estimators' own iterates. Accuracy is that of the last outer step on a test set
which nothing else sees. From w_0 = w_* every discounted sum is S_T(gamma) times the one-step
estimate, DrMAD is exact, and so are T Neumann terms.

Source: Yakovlev, Bakhteev, Strijov 2023, table of methods; data hyper-cleaning as in Franceschi et
al. 2017.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import quadmeta as qm
from experiments.data_cleaning.rows import BASELINES, METHODS, comparison, run
from experiments.shared.tables import Rows

# settings
CAPTION = (
    r"Half of 600 training labels of the digits are redrawn at random; one weight a sample is "
    r"tuned on 600 clean images. $T=50$ inner steps, warm starts, 100 steps of Adam outside. Mean "
    r"and standard deviation over 10 seeds. (a) Test accuracy at the last outer step and (b) area "
    r"under the curve (AUC) for finding the wrong labels, against the products of one outer step "
    r"(similar costs are spread sideways). The table is their key; oracle: weights 1 on right, 0 "
    r"on wrong labels; products: Hessian + mixed (outer gradients). Differences to the exact "
    r"hypergradient are paired by seed, ≈ where the mean is within one standard deviation of 0. "
    r"(c) Cosine and (d) relative error to the exact hypergradient at the same point: equal "
    r"weights from $w_0=0$ (cold) and $w_0=w_*$ (warm), and along the exact run; at the left edge "
    r"of (d): exact to rounding. Discounts lose direction along the run. Closer is not more "
    r"accurate: implicit differentiation, which aims at $T\to\infty$, has the highest accuracy and "
    r"the lowest AUC."
)
SEED = 0
FULL: dict[str, Any] = {"seeds": 10, "samples": 600, "T": 50, "outer": 100, "every": 10}
SMOKE: dict[str, Any] = FULL | {"seeds": 2, "samples": 150, "outer": 6, "every": 3}


def points(seeds: int, samples: int, T: int, outer: int, every: int) -> list[dict[str, Any]]:
    """One run a seed and method, one comparison of all methods a seed."""
    setting = {"samples": samples, "T": T, "outer": outer, "every": every}
    names = [("run", name) for name in (*BASELINES, *METHODS)] + [("comparison", "all")]
    return [
        {"part": part, "seed": SEED + seed, "method": name} | setting
        for seed in range(seeds)
        for part, name in names
    ]


# compute
def measure(
    part: str, seed: int, method: str, samples: int, T: int, outer: int, every: int
) -> Rows:
    """The result of one outer run; or all estimators at the places where they are compared."""
    problem = qm.DataCleaning.digits(noise=0.5, seed=seed, samples=samples)
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1 / problem.smoothness))
    if part == "run":
        return run(loss, seed, method, outer)
    zero = np.zeros(samples)
    places = [
        ("cold", 0, zero, problem.start),
        ("warm", 0, zero, problem.at(zero).minimizer.ravel()),
    ]
    descent = qm.bilevel_descent(loss, zero, qm.ClosedForm(), qm.Adam(0.1))
    states = [state for state, _ in zip(descent, range(outer), strict=False)][every - 1 :: every]
    places += [("along the run", state.step, state.alpha, state.start) for state in states]
    return [row for place in places for row in comparison(loss, seed, *place)]


def check(rows: Rows) -> None:
    """Costs, exactness at each place, one direction for all discounts at the warm start, the
    baselines' order.
    """
    from experiments.data_cleaning import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """Accuracy and AUC against cost; the table that is their key; cosine and relative error."""
    from experiments.data_cleaning import panels

    return panels.draw(rows)
