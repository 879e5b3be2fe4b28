"""Adam at a zero gradient: the derivative exists, and automatic differentiation returns nan.

A coordinate whose gradients have all been 0 has v = 0, where the root has no derivative; the step u
= m / (sqrt(v) + epsilon) has one, dm / epsilon. Next to that point it falls off over a width of
epsilon: at T = 1

    du/dg = (root + epsilon s) / (s (s + epsilon)^2),   s = sqrt(g^2 + root),

whose height is 1 / epsilon with epsilon outside the root and 1 / sqrt(root) inside.

Source: derived here; the rules of automatic differentiation are those of JAX and PyTorch.
"""

from typing import Any

from matplotlib.figure import Figure

from experiments.shared.tables import Rows

# settings
CAPTION = (
    r"Hypergradients through training by Adam. (a) Digits: weights of 600 training images, half of "
    r"them with redrawn labels, behind 50 steps. Each pixel has ten weights, one a class; colours "
    r"count those whose gradient is 0 at $W_0=0$, because no image of the class has ink there. For "
    r"them automatic differentiation multiplies 0 by $\mathrm{d}\sqrt{v}/\mathrm{d}v=1/0$, and "
    r"each of the 600 hyperparameters becomes nan. With $\mathrm{d}u=\mathrm{d}\hat m/\epsilon$ "
    r"the same reverse mode is exact. (b) What reverse and forward mode return for the derivatives "
    r"in step size, both decay rates and a hyperparameter, two weights, $T=3$: the exact value, "
    r"nan or an infinity. (c) The derivative in the hyperparameter after one step against the "
    r"gradient $g$ that it moves: exact (markers) and in closed form (lines). $10^{-8}$ inside the "
    r"root in place of outside changes it by a factor of $10^4$, and the method with it. At $g=0$ "
    r"automatic differentiation returns nan; in float32 infinity as soon as $g^2$ underflows."
)
SEED = 0
FULL: dict[str, Any] = {"samples": 600, "T": 50, "per_decade": 3}
SMOKE: dict[str, Any] = FULL | {"samples": 60, "T": 5, "per_decade": 1}


def points(samples: int, T: int, per_decade: int) -> list[dict[str, Any]]:
    """The digits, the table, and the spike."""
    return [
        {"part": "digits", "samples": samples, "T": T, "per_decade": 0},
        {"part": "table", "samples": 0, "T": 3, "per_decade": 0},
        {"part": "spike", "samples": 0, "T": 1, "per_decade": per_decade},
    ]


# compute
def measure(part: str, samples: int, T: int, per_decade: int) -> Rows:
    """The rows of one panel."""
    from experiments.adaptive import digits, spike, table

    if part == "digits":
        return digits.rows(samples, T, SEED)
    if part == "table":
        return table.rows(T)
    return spike.rows(T, per_decade)


def check(rows: Rows) -> None:
    """Shares, what is returned, and the spike, as predicted."""
    from experiments.adaptive import checks

    checks.check(rows)


def draw(rows: Rows) -> Figure:
    """The digits, the table, and the spike."""
    from experiments.adaptive import panels

    return panels.draw(rows)
