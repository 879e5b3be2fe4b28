"""Timings of the least-squares sweep of the paper and of exact hypergradients, beside unrolled iteration."""
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

import quadmeta as qm

Array = Any
Timer = Callable[..., tuple[float, Any]]


def sweep(timed: Timer, show: Callable[[float], str]) -> None:
    """The paper's sweep: d = 1000, n = 500, T = 40, 25 step sizes, on 20 of its 300 tasks."""
    n, d, T, tasks, grid = 500, 1000, 40, 20, np.geomspace(1e-6, 1, 25)
    start = perf_counter()
    problem = qm.LeastSquares.draw(n, d, 1.0, seed=0, tasks=tasks, validation=n)
    drawn = perf_counter() - start
    print(f"Sweep of 25 step sizes over {tasks} tasks, n = {n}, d = {d}, both meta-objectives and the risk; "
          f"drawing and decomposing {show(drawn).strip()}")
    print(f"{'T':>10} | {'closed form':>11} | {'unrolled, R^d':>13}  (unrolled: one task timed, times {tasks})")
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)

    def closed(T: int) -> None:
        for loss in (qm.TrainByTrain, qm.TrainByValidation, qm.PopulationRisk):
            loss(problem, qm.GradientDescent(T))(grid)

    def unrolled(T: int) -> None:
        W = np.zeros((d, len(grid)))
        for _ in range(T):
            W -= grid * (X.T @ (X @ W - y[:, None])) / n
    for steps in (T, 10 * T, 10**6):
        fast, _ = timed(lambda: closed(steps), least=0.5, most=3)
        slow = show(tasks * timed(lambda: unrolled(steps), least=0.2, most=3)[0]) if steps <= 10 * T else ""
        print(f"{steps:>10} | {show(fast):>11} | {slow:>13}")
    print()


def hypergradient(timed: Timer, show: Callable[[float], str]) -> None:
    """Exact hypergradient of 600 sample weights on digits against reverse mode."""
    problem = qm.DataCleaning.digits()
    alpha = np.zeros(problem.hyperparameters)
    print("Exact hypergradient of 600 sample weights (digits, P = 650), eigendecomposition included")
    print(f"{'T':>10} | {'closed form':>11} | {'reverse':>11} {'difference':>11}")
    for T in (10, 50, 500, 10**6):
        loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1 / problem.smoothness))
        fast, exact = timed(lambda: loss.gradient(alpha))
        cells = ["", ""]
        if T <= 500:
            slow, value = timed(lambda: loss.definition(alpha))
            cells = [show(slow), f"{np.linalg.norm(value - exact) / np.linalg.norm(exact):.0e}"]
        print(f"{T:>10} | {show(fast):>11} | {cells[0]:>11} {cells[1]:>11}")
