"""Step sizes tuned on tasks and on real data, and the risks they reach."""

from typing import Any

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta._extras import dataset, require

METHODS = ("train", "validation", "oracle")
GRID = 25  # step sizes that the paper's protocol tries, from 1e-6 to 1


def exact(
    n: int, d: int, sigma: float, horizons: list[int], tasks: int, test_tasks: int, seed: int
) -> dict[Any, Any]:
    """{(T, sigma, method): step, mean risk over test tasks, its standard error}, steps scanned
    without a fixed grid.
    """
    train = qm.LeastSquares.draw(n, d, sigma, seed=3 * seed, tasks=tasks)
    split = qm.LeastSquares.draw(
        n // 2, d, sigma, seed=3 * seed + 1, tasks=tasks, validation=n - n // 2
    )
    test = qm.LeastSquares.draw(n, d, sigma, seed=3 * seed + 2, tasks=test_tasks)
    found = {}
    for T in horizons:
        opt = qm.GradientDescent(T)
        steps = (
            float(qm.TrainByTrain(train, opt).minimizer()),
            qm.TrainByValidation(split, opt).scanned(),
            qm.PopulationRisk(test, opt).scanned(),
        )
        for method, step in zip(METHODS, steps, strict=True):
            risks = qm.PopulationRisk(test, opt, pooled=False)(step).to_float()
            found[T, sigma, method] = step, risks.mean(), risks.std(ddof=1) / np.sqrt(test_tasks)
    return found


def protocol(
    n: int, d: int, sigmas: list[float], T: int, tasks: int, test_tasks: int, seed: int
) -> dict[Any, Any]:
    """The same by the paper's protocol; risk = RMSE^2 - sigma^2."""
    grid = np.logspace(-6, 0, GRID)
    return {
        (T, out.sigma, out.method): (
            out.step_size,
            out.rmse**2 - out.sigma**2,
            2 * out.rmse * out.spread / np.sqrt(test_tasks - 1),
        )
        for out in qm.run_protocol(n, d, sigmas, T, tasks, test_tasks, grid, seed=seed)
    }


def real(data: str, n: int, T: int, splits: int, seed: int) -> Rows:
    """Test error over that of the zero predictor; every split tunes its own step and tests on a
    third of the data.

    "wins" is the share of splits in which validation beats the method, "unstable" that of steps
    beyond 2 / lambda_max.
    """
    linear_model = require("sklearn.linear_model", "data", "the ridge of train_by_train")
    X, y = dataset(data, "the real data of train_by_train")
    opt = qm.GradientDescent(T)
    found = []
    for k in range(splits):
        order = np.random.default_rng([seed, n, k]).permutation(len(y))
        own = order[:n]
        half = order[: n // 2]
        test = order[-(len(y) // 3) :]
        Z, target = standardised(X, y, own)
        whole = qm.LeastSquares.from_data(Z[own], target[own], (Z[test], target[test]))
        risk = qm.TrainByValidation(whole, opt)
        rivals = linear_model.RidgeCV(np.logspace(-3, 5, 33), fit_intercept=True).fit(
            Z[own], target[own]
        )
        ridge = np.mean((target[test] - rivals.predict(Z[test])) ** 2) / np.mean(target[test] ** 2)
        Z, target = standardised(X, y, half)
        rest = order[n // 2 : n]
        split = qm.LeastSquares.from_data(Z[half], target[half], (Z[rest], target[rest]))
        steps = [
            float(qm.TrainByTrain(whole, opt).minimizer()),
            qm.TrainByValidation(split, opt).scanned(),
            risk.scanned(),
        ]
        found.append(
            [
                *steps,
                *(risk(np.array(steps)) / risk(0.0)).log,
                np.log(ridge),
                2 / whole.eigenvalues.max(),
            ]
        )
    table = np.array(found)
    rows = []
    for k, method in enumerate([*METHODS, "ridge"]):
        low, middle, high = np.exp(np.minimum(np.quantile(table[:, 3 + k], [0.25, 0.5, 0.75]), 9.0))
        if method == "ridge":
            step = None
        else:
            step = float(np.median(table[:, k]))
        rows.append(
            {
                "part": "data",
                "data": data,
                "method": method,
                "d": X.shape[1],
                "n": n,
                "sigma": None,
                "T": T,
                "tasks": splits,
                "test_tasks": splits,
                "step": step,
                "step_theory": None,
                "measured": middle,
                "error": None,
                "theory": None,
                "at_step": None,
                "ridge": None,
                "zero": 1.0,
                "low": low,
                "high": high,
                "wins": np.mean(table[:, 4] < table[:, 3 + k]),
                "unstable": None if step is None else np.mean(table[:, k] > table[:, -1]),
            }
        )
    return rows


def standardised(X: Any, y: Any, own: Any) -> tuple[Any, Any]:
    """All data, centred and scaled by some of them; a column that is constant there is left out."""
    # the deviation of equal numbers can be rounding instead of 0
    varies = np.ptp(X[own], axis=0) > 0
    X = X[:, varies]
    return (X - X[own].mean(axis=0)) / X[own].std(axis=0), y - y[own].mean()
