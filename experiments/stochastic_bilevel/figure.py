"""Stochastic hypergradients of bilevel problems: exact error, bias and spread against oracle calls,
and where the online algorithm with constant steps is stable.

Every estimate solves H v = g(w) by sampled Hessian products after, or while, sampled gradients
train w. Its bias and variance are closed forms; the best step sizes and split of the budget are
searched among them. Lines are exact, markers are simulations.

Source: Ji, Yang, Liang 2021; Arbel, Mairal 2022; Ghadimi, Wang 2018; Dagreou, Ablin, Vaiter, Moreau
2022; Kwon, Kwon, Wright, Nowak 2023; moments derived here.
"""

from typing import Any

from matplotlib.figure import Figure

from experiments.shared.tables import Rows

# settings
CAPTION = (
    r"Sampled solutions of $Hv=g(w)$ beside sampled training of $w$. Two weights, sample Hessians "
    r"$\frac12I$ (18 of 19) and $10I$ (1 of 19), label noise, start $\|w_0-w_*\|=\|v_*\|$; every "
    r"step size at most $1/L=\frac1{10}$, step sizes and the split of the budget the best for "
    r"each method. Lines are exact, markers are simulations with two standard errors. (a) "
    r"Root-mean-square error over $\|v_*\|$ against sampled inner gradients and products: series "
    r"(stocBiO, AmIGO) and SOBA fall like $N^{-1/2}$, the penalty method F2SA like $N^{-1/4}$ "
    r"(grey slopes); one draw of random length stays above 38.3 %, a reused batch of 64 at its "
    r"own error. (b) Bias and (c) standard deviation apart. (d) Largest "
    r"step $\gamma$ of $\alpha$ against the step $\rho$ of $w$ and $v$ in SOBA (units "
    r"$\lambda=\varphi=1$): in the mean (black, the same as in the mean square at $\nu=0$), and "
    r"in the mean square for sample Hessians of relative variance $\nu$, one sample shared by the "
    r"three directions (solid) or three of them (dashed)."
)
SEED = 0
FULL: dict[str, Any] = {"budgets": 11, "most": 30_000, "runs": 4000, "steps": 80}
SMOKE: dict[str, Any] = {"budgets": 4, "most": 1500, "runs": 500, "steps": 12}


def points(budgets: int, most: int, runs: int, steps: int) -> list[dict[str, Any]]:
    """Budgets, and the borders of stability."""
    from experiments.stochastic_bilevel import rows

    return [
        *({"part": "budget", "size": size, "runs": runs} for size in rows.sizes(budgets, most)),
        {"part": "border", "size": steps, "runs": 0},
    ]


# compute
def measure(part: str, size: int, runs: int) -> Rows:
    """The rows of one budget, or of all borders."""
    from experiments.stochastic_bilevel import borders, rows

    if part == "border":
        return borders.borders(size)
    return rows.methods(size, runs, SEED)


def check(rows: Rows) -> None:
    """Simulations meet the lines; rates, floors and borders are as said."""
    from experiments.stochastic_bilevel import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """Error, bias and spread against calls; borders."""
    from experiments.stochastic_bilevel import panels

    return panels.draw(rows)
