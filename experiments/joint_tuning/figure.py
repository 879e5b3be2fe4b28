"""Step size, momentum and hyperparameters tuned together, against one at a time.

Newton's method on the exact Hessian of the outer loss after T steps of heavy ball, in everything
that is tuned; one at a time, the same method on one part after the other. Where few steps are taken
a weight of the data and the step size do the same thing, and what is tuned alone ends where the
others let it. With many steps the run forgets the step size, and there is little left to gain.

Source: derived; digits: scikit-learn.
"""

from typing import Any

from matplotlib.figure import Figure

from experiments.shared.tables import Rows

# settings
CAPTION = (
    r"Tuning on digits, behind $T$ steps of heavy ball. (a-c) Data cleaning, $4\times4$ pixels: a "
    r"weight for each of 100 training images, half of them with redrawn labels, step size and "
    r"momentum; means over seeds, from step size $1/L$ and momentum 1/2. Every outer step is one "
    r"of Newton's method with the exact Hessian: on all of them together, on one part after the "
    r"other, on step size and momentum alone, or on the weights alone. (a) Validation loss, "
    r"$T=10$. (b) The same after the last step, against $T$. (c) Accuracy on test images, which "
    r"nothing was tuned on. (d) Step size, momentum and the logarithm of a ridge, 8 by 8 pixels: "
    r"validation loss above the best that any run found, after 15 outer steps, median over random "
    r"starts. There are many local minima in the momentum, and together ends in a worse one than "
    r"one at a time once $T$ is large."
)
SEED = 0
FULL: dict[str, Any] = {
    "steps": 40,
    "cleaning": [1, 3, 10, 30],
    "seeds": 3,
    "ridge": [2, 5, 10, 20, 50],
    "starts": 12,
}
SMOKE: dict[str, Any] = FULL | {"cleaning": [10], "seeds": 1, "ridge": [2, 50], "starts": 3}


def points(
    steps: int, cleaning: list[int], seeds: int, ridge: list[int], starts: int
) -> list[dict[str, Any]]:
    """Each T of each seed, and each T of the ridge; the slowest first."""
    found = [
        {"part": "cleaning", "T": T, "seed": SEED + seed, "size": steps}
        for T in reversed(cleaning)
        for seed in range(seeds)
    ]
    return found + [
        {"part": "ridge", "T": T, "seed": SEED, "size": starts} for T in reversed(ridge)
    ]


# compute
def measure(part: str, T: int, seed: int, size: int) -> Rows:
    """Losses along the descents of one point."""
    from experiments.joint_tuning import rows

    if part == "cleaning":
        return rows.cleaning(T, seed, size)
    return rows.ridge(T, seed, size)


def check(rows: Rows) -> None:
    """Closed forms against loops, every step lower, and who wins where."""
    from experiments.joint_tuning import checks

    checks.check(rows)


# draw
def draw(rows: Rows) -> Figure:
    """The descents, the losses and accuracies against T, and the ridge."""
    from experiments.joint_tuning import panels

    return panels.draw(rows)
