"""The paper's experiment: tune a step size on m training tasks, use it on fresh test tasks, report
the test error.

Train-by-train tunes on n samples a task. Train-by-validation tunes on n_1 = f n of them against
the other n_2, and is reported at n_1 ("split") or retrained on all n ("retrain"), or gets n
training and n extra validation samples ("same size"). The winner can depend on that reading, so it
is an argument. Every step size sees the same tasks unless ``fresh``; every sigma sees the same
tasks and needs no further decomposition.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._validate import choice, flag, function, natural, number, seeded, shaped, step_sizes
from quadmeta.objectives.population_risk import PopulationRisk
from quadmeta.objectives.train_by_train import TrainByTrain
from quadmeta.objectives.train_by_validation import TrainByValidation
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.least_squares import LeastSquares

Array = Any
READINGS = ("retrain", "split", "same size")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one method reaches at one sigma, as test root mean square errors sqrt(sigma^2 + risk)
    over test tasks.
    """

    sigma: float
    method: str
    """"train", "validation", or a baseline: "zero" (no training), "oracle" (best step size for the
    test tasks).
    """
    step_size: float
    rmse: float
    """Root of the mean over test tasks."""
    spread: float
    """Standard deviation over test tasks."""


def run_protocol(
    n: int,
    d: int,
    sigmas: Sequence[float],
    steps: int,
    tasks: int,
    test_tasks: int,
    grid: Array,
    norm: float = 1.0,
    seed: int = 0,
    reading: str = "retrain",
    fraction: float = 0.5,
    truncation: float | None = 40.0,
    fresh: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[Outcome]:
    """The experiment at each of ``sigmas``, with the step size tuned on ``grid`` as the paper
    does.

    Parameters
    ----------
    n, d, steps, tasks, test_tasks
        samples, dimension, T, m, number of test tasks.
    grid
        step sizes tried; the paper has 25 from 1e-6 to 1, even in the logarithm.
    reading
        "retrain" (the paper's), "split" or "same size", see above; ``fraction`` = n_1 / n for the
        first two.
    truncation
        diverging iterates are frozen at this multiple of sigma; None for never.
    fresh
        draw new training tasks for every step size, as the paper's code does, instead of common
        ones.

    Source: Wang, Yuan, Wu, Ge 2021, section 5; companion code for the test on all n samples.
    """
    n = natural("n", n)
    d = natural("d", d)
    seed = seeded("seed", seed)
    fresh = flag("fresh", fresh)
    tasks = natural("tasks", tasks)
    test_tasks = natural("test_tasks", test_tasks)
    grid = shaped("grid", step_sizes("grid", grid), (-1,))
    levels = shaped("sigmas", sigmas, (-1,))
    if (levels < 0).any():
        raise ValueError(
            f"sigmas has the negative entry {levels[levels < 0][0]}: pass standard deviations"
        )
    norm = number("norm", norm, least=0.0, remedy="pass the norm of w_*")
    fraction = number("fraction", fraction, least=0.0, most=1.0, remedy="pass n_1 / n")
    reading = choice("reading", reading, READINGS)
    if truncation is not None:
        truncation = number(
            "truncation", truncation, above=0.0, remedy="pass a multiple of sigma, or None"
        )
    if progress is not None:
        progress = function("progress", progress, "a function of one line of text, or None")
    if reading == "same size":
        n1 = n
    else:
        n1 = int(round(fraction * n))
    if not 0 < n1 < n + (reading == "same size"):
        raise ValueError(
            f"fraction = {fraction!r} leaves n1 = {n1} of n = {n}: both halves need a sample"
        )
    optimizer = GradientDescent(steps)
    say = progress or (lambda text: None)

    def cut(sigma: float) -> float | None:
        if truncation is None or sigma == 0:
            return None
        return truncation * sigma

    def curves(key: int, etas: Array) -> tuple[Array, Array]:
        """Both meta-objectives at each (sigma, eta), as logarithms: they are positive and may
        leave float64.
        """
        say(f"drawing {tasks} training tasks")
        train = LeastSquares.draw(n, d, 1.0, norm, _key(seed, key), tasks)
        split = LeastSquares.draw(
            n1, d, 1.0, norm, _key(seed, key + 1), tasks, n if reading == "same size" else n - n1
        )
        rows = [
            (
                TrainByTrain(train.at_sigma(s), optimizer, truncation=cut(s))(etas).log,
                TrainByValidation(split.at_sigma(s), optimizer, truncation=cut(s))(etas).log,
            )
            for s in levels
        ]
        return np.array([r[0] for r in rows]), np.array([r[1] for r in rows])

    if fresh:
        parts = [curves(4 + 2 * k, grid[k : k + 1]) for k in range(len(grid))]
        train_log, validation_log = (
            np.concatenate([p[i] for p in parts], axis=1) for i in range(2)
        )
    else:
        train_log, validation_log = curves(2, grid)
    say(f"drawing {test_tasks} test tasks")
    test = LeastSquares.draw(n, d, 1.0, norm, _key(seed, 0), test_tasks)
    if reading == "split":
        small = LeastSquares.draw(n1, d, 1.0, norm, _key(seed, 1), test_tasks)
    else:
        small = test
    found = []
    for k, s in enumerate(levels):
        full, part = (
            PopulationRisk(p.at_sigma(s), optimizer, False, cut(s)) for p in (test, small)
        )
        best = [float(grid[np.argmin(log[k])]) for log in (train_log, validation_log)]
        risks = full(grid[:, None])
        oracle = int(np.argmin(risks.sum(axis=-1).log))
        risk = {
            "train": (best[0], full(best[0]).to_float()),
            "validation": (best[1], part(best[1]).to_float()),
            "oracle": (float(grid[oracle]), risks[oracle].to_float()),
            "zero": (0.0, np.full(test_tasks, norm**2)),
        }
        for method, (eta, values) in risk.items():
            rmse = np.sqrt(s**2 + values)
            found.append(
                Outcome(
                    float(s), method, eta, float(np.sqrt(np.mean(rmse**2))), float(np.std(rmse))
                )
            )
    return found


def _key(seed: int, part: int) -> int:
    """Independent streams for training, validation and test tasks of one seed."""
    return int(np.random.SeedSequence(seed, spawn_key=(part,)).generate_state(1, np.uint64)[0])
