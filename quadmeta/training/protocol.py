"""The paper's experiment: tune a step size on m training tasks, use it on fresh test tasks, report
the test error.

Train-by-train tunes on n samples a task. Train-by-validation tunes on n_1 = f n of them against
the other n_2, and is reported at n_1 ("split") or retrained on all n ("retrain"), or gets n
training and n extra validation samples ("same size"). The winner can depend on that reading, so it
is an argument. Every step size sees the same tasks unless ``fresh``; every sigma sees the same
tasks and needs no further decomposition.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Numbers, StepSizes
from quadmeta._validate import choice, flag, function, natural, number, seeded, shaped, step_sizes
from quadmeta.objectives.population_risk import PopulationRisk
from quadmeta.objectives.train_by_train import TrainByTrain
from quadmeta.objectives.train_by_validation import TrainByValidation
from quadmeta.optimizers.gradient_descent import GradientDescent
from quadmeta.problems.least_squares import LeastSquares

READINGS = ("retrain", "split", "same size")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one method reaches at one noise level sigma.

    The error of a test task is the root mean square error sqrt(sigma^2 + risk) of a prediction.
    """

    sigma: float
    method: str
    """"train", "validation", or a baseline: "zero" (no training) or "oracle" (the best step size
    for the test tasks).
    """
    step_size: float
    rmse: float
    """Root of the mean square over test tasks."""
    spread: float
    """Standard deviation over test tasks."""


def run_protocol(
    n: int,
    d: int,
    sigmas: Numbers,
    steps: int,
    tasks: int,
    test_tasks: int,
    grid: StepSizes,
    norm: float = 1.0,
    seed: int = 0,
    reading: str = "retrain",
    fraction: float = 0.5,
    truncation: float | None = 40.0,
    fresh: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[Outcome]:
    """Tune the step size on training tasks and report the error on test tasks, at each noise level.

    Parameters
    ----------
    n, d
        samples and dimension of a task.
    sigmas
        noise levels >= 0.
    steps
        T steps of gradient descent on each task.
    tasks, test_tasks
        numbers of tasks to tune on, and to test on.
    grid
        step sizes tried; the paper has 25 from 1e-6 to 1, even in the logarithm.
    norm
        ||w_*|| of every task.
    seed
        of all tasks.
    reading
        "retrain" (the paper's), "split" or "same size", see above; ``fraction`` = n_1 / n for the
        first two.
    truncation
        diverging iterates are frozen at this multiple of sigma; None for never.
    fresh
        draw new training tasks for every step size, as the paper's code does, instead of common
        ones.
    progress
        called with a line of text before each longer part.

    Returns
    -------
    Four outcomes a noise level: "train", "validation", "oracle" and "zero".

    Raises
    ------
    ValueError
        a half without a sample, or an argument out of its range.

    References
    ----------
    Wang, Yuan, Wu, Ge 2021, section 5; their companion code for the test on all n samples.

    Examples
    --------
    >>> import quadmeta as qm
    >>> outcomes = qm.run_protocol(20, 40, [1.0], 10, 5, 5, [0.01, 0.1, 1.0])
    >>> [outcome.method for outcome in outcomes]
    ['train', 'validation', 'oracle', 'zero']
    """
    n = natural("n", n)
    d = natural("d", d)
    seed = seeded("seed", seed)
    fresh = flag("fresh", fresh)
    tasks = natural("tasks", tasks)
    test_tasks = natural("test_tasks", test_tasks)
    etas = shaped("grid", step_sizes("grid", grid), (-1,))
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
    n1, n2 = _halves(n, fraction, reading)
    optimizer = GradientDescent(steps)
    say = progress or (lambda text: None)

    def cut(sigma: float) -> float | None:
        if truncation is None or sigma == 0:
            return None
        return truncation * sigma

    def curves(key: int, etas: Array) -> tuple[Array, Array]:
        """Logarithms of both meta-objectives at each (sigma, eta): they may leave float64."""
        say(f"drawing {tasks} training tasks")
        train = LeastSquares.draw(n, d, 1.0, norm, _key(seed, key), tasks)
        split = LeastSquares.draw(n1, d, 1.0, norm, _key(seed, key + 1), tasks, n2)
        by_train = [
            TrainByTrain(train.at_sigma(sigma), optimizer, truncation=cut(sigma))(etas).log
            for sigma in levels
        ]
        by_validation = [
            TrainByValidation(split.at_sigma(sigma), optimizer, truncation=cut(sigma))(etas).log
            for sigma in levels
        ]
        return np.array(by_train), np.array(by_validation)

    if fresh:
        columns = [curves(4 + 2 * k, etas[k : k + 1]) for k in range(len(etas))]
        train_log = np.concatenate([train for train, _ in columns], axis=1)
        validation_log = np.concatenate([validation for _, validation in columns], axis=1)
    else:
        train_log, validation_log = curves(2, etas)
    say(f"drawing {test_tasks} test tasks")
    test = LeastSquares.draw(n, d, 1.0, norm, _key(seed, 0), test_tasks)
    small = test
    if reading == "split":
        small = LeastSquares.draw(n1, d, 1.0, norm, _key(seed, 1), test_tasks)
    found = []
    for k, sigma in enumerate(levels):
        risk = PopulationRisk(test.at_sigma(sigma), optimizer, False, cut(sigma))
        small_risk = PopulationRisk(small.at_sigma(sigma), optimizer, False, cut(sigma))
        by_train = float(etas[np.argmin(train_log[k])])
        by_validation = float(etas[np.argmin(validation_log[k])])
        risks = risk(etas[:, None])
        best = int(np.argmin(risks.sum(axis=-1).log))
        found += [
            _outcome(sigma, "train", by_train, risk(by_train).to_float()),
            _outcome(sigma, "validation", by_validation, small_risk(by_validation).to_float()),
            _outcome(sigma, "oracle", float(etas[best]), risks[best].to_float()),
            _outcome(sigma, "zero", 0.0, np.full(test_tasks, norm**2)),
        ]
    return found


def _halves(n: int, fraction: float, reading: str) -> tuple[int, int]:
    """Samples to train on and to validate on, n_1 and n_2."""
    if reading == "same size":
        return n, n
    n1 = int(round(fraction * n))
    if not 0 < n1 < n:
        raise ValueError(
            f"fraction = {fraction!r} leaves n1 = {n1} of n = {n}: both halves need a sample"
        )
    return n1, n - n1


def _outcome(sigma: float, method: str, step_size: float, risks: Array) -> Outcome:
    """What a method reaches whose risk on each test task is given."""
    errors = np.sqrt(sigma**2 + risks)
    rmse = float(np.sqrt(np.mean(errors**2)))
    return Outcome(float(sigma), method, step_size, rmse, float(np.std(errors)))


def _key(seed: int, part: int) -> int:
    """Independent streams for training, validation and test tasks of one seed."""
    return int(np.random.SeedSequence(seed, spawn_key=(part,)).generate_state(1, np.uint64)[0])
