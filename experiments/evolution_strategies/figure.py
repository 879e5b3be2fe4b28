"""Evolution strategies of a step size: what their mean is, how far they scatter, what draws see.

For gradient descent on a quadratic, F(eta) the loss after T steps, every estimator has a mean and a
variance in closed form. The mean is the derivative of a smoothed loss, which explodes in T for any
sigma, and lives at perturbations so rare that a hundred thousand draws do not see them: sample mean
and standard error are then about another number.

Source: Vicol, Metz, Sohl-Dickstein 2021; Vicol, Kolter, Swersky 2023; moments derived here.
"""

from typing import Any

from matplotlib.figure import Figure

from experiments.shared.tables import Rows

# settings
CAPTION = (
    r"Meta-gradients of a step size $\eta$ by evolution strategies, eight eigenvalues in "
    r"$[0.05,1]$. Lines are exact, markers are draws. (a) $10^5$ antithetic draws at "
    r"$\eta=0.8$, $\sigma=0.1$: their mean (dots, with two standard errors) follows the part of "
    r"the true mean that they can see, $|\xi|<4.4$ (orange); the true mean (violet) is the "
    r"derivative of a smoothed loss and explodes, the derivative itself (black) vanishes. (b) "
    r"$\eta=1.9$, $T=100$, windows of 5 steps, final loss: bias over $F'$ of one perturbation an "
    r"episode (ES-Single, which is ES on the whole run) and of one a window (PES). (c) Standard "
    r"deviation over $|F'|$ there; losses that telescope are bad for PES. (d) Sum of the losses at "
    r"the ends of windows, $T=60$, $\sigma=0.003$: mean over the exact derivative. Truncated "
    r"strategies lose what earlier windows did, the shorter the window the more."
)
SEED = 0
FULL: dict[str, Any] = {"draws": 10**5, "horizons": 16, "scales": 25}
SMOKE: dict[str, Any] = {"draws": 2000, "horizons": 5, "scales": 7}


def points(draws: int, horizons: int, scales: int) -> list[dict[str, Any]]:
    """Draws against the number of steps, scales of the perturbation, lengths of windows."""
    return [
        {"part": "seen", "draws": draws, "size": horizons},
        {"part": "scale", "draws": 0, "size": scales},
        {"part": "window", "draws": 0, "size": 0},
    ]


# compute
def measure(part: str, draws: int, size: int) -> Rows:
    """The rows of one part."""
    from experiments.evolution_strategies import rows

    if part == "seen":
        return rows.seen(draws, size, SEED)
    if part == "scale":
        return rows.scales(size)
    return rows.windows()


def check(rows: Rows) -> None:
    """Draws see what is visible; biases, spreads and their laws."""
    from experiments.evolution_strategies import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """What draws see, bias, spread, truncation."""
    from experiments.evolution_strategies import panels

    return panels.draw(rows)
