"""Short horizons and single runs: greedy steps, best steps, windows, and a variance that explodes.

What is tuned on a short horizon, a window or one run is another objective than the expected loss at
the end. On quadratics each is exact: greedy steps against the best schedule, the best constant step
of each horizon, the roots of truncated back-propagation, and mean and variance of the meta-gradient
of one run of SGD.

Source: Wu, Ren, Liao, Grosse 2018, on short horizons; the laws are derived here.
"""

from typing import Any

from matplotlib.figure import Figure

from experiments.shared.tables import Rows

# settings
CAPTION = (
    r"Exact expectations on quadratics with noisy gradients. (a) Two eigenvalues, $\kappa=30$, "
    r"additive noise: the loss after $t$ greedy steps, each the best for the next loss, stalls and "
    r"then falls like $1/t$ at a rate (dotted) 64 times that of the best schedule of each horizon "
    r"(markers, dotted law); the best constant step of each horizon loses a logarithm. (b) "
    r"$\kappa=100$, little noise: the best constant step against the horizon is not monotone, so "
    r"that a short horizon errs on either side; dotted, the law of its tail; grey, without noise. "
    r"(c) Truncated back-propagation in windows of 5 steps, $\kappa=100$, no noise: the step at "
    r"which the sum of losses at the ends of $N$ windows has no derivative, through one window "
    r"(dashed) or all of them. Only with logarithms it leaves the best step of one window. (d) "
    r"Streaming features, one dimension, label noise: derivative of the expected loss and standard "
    r"deviation of its unbiased estimate from one run, for $T=10$, 100, 1000 (thin to thick). "
    r"Between the limits $\eta_4$ and $\eta_{\mathrm{ms}}$ the mean converges and the deviation "
    r"explodes."
)
SEED = 0
FULL: dict[str, Any] = {"horizons": 13, "sizes": 41}
SMOKE: dict[str, Any] = {"horizons": 5, "sizes": 9}


def points(horizons: int, sizes: int) -> list[dict[str, Any]]:
    """Schedules, constant steps, windows, step sizes of single runs."""
    return [
        {"part": "schedule", "size": horizons},
        {"part": "constant", "size": 5 * horizons},
        {"part": "window", "size": horizons},
        {"part": "single", "size": sizes},
    ]


# compute
def measure(part: str, size: int) -> Rows:
    """The rows of one part."""
    from experiments.short_horizon import rows

    parts = {
        "schedule": rows.schedules,
        "constant": rows.constants,
        "window": rows.windows,
        "single": rows.singles,
    }
    return parts[part](size)


def check(rows: Rows) -> None:
    """Order and laws of the schedules, both signs of the bias, roots, and which limit comes
    first.
    """
    from experiments.short_horizon import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """Schedules, constant steps, windows, single runs."""
    from experiments.short_horizon import panels

    return panels.draw(rows)
