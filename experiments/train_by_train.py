"""Train-by-train against train-by-validation: the step sizes they choose and the test risk they reach.

Least squares from 0, w_* on the unit sphere, x ~ N(0, I_d), noise sigma; T steps, n samples a task. Train-by-train
minimises the training loss on all n; train-by-validation trains on n/2, minimises the loss on the other n/2, and trains
again on all n with that step. In the limit at psi = d/n (delta = sigma^2 psi, l+- = (1 +- sqrt psi)^2)

    T (1 - (1 + psi) eta*_train) -> sqrt(psi) / (2 (1 + psi)) log((l+ + delta) / (l- + delta)),  T eta*_valid -> tau_*,

so eta*_train = Theta(1) and eta*_valid = Theta(1/T). At n < d train-by-train ends at the risk 1 - n/d + sigma^2 n /
(d - n), worse than not training for sigma^2 > 1 - n/d. The gap between both methods first grows with n, up to n = d.

Source: Wang, Yuan, Wu, Ge 2021, Theorems 5 and 6, Figures 2 to 4; scikit-learn's diabetes and digits.
"""
from typing import Any

import numpy as np

import quadmeta as qm

Rows = list[dict[str, Any]]
METHODS = ("train", "validation", "oracle")
GRID = 25  # step sizes that the paper's protocol tries, from 1e-6 to 1

# settings
CAPTION = (r"Step size tuned on the training loss (circles) or on held-out data (squares), $d=1000$, "
           r"$\|w_*\|=1$. Lines: exact limit of large $d$, $n$; markers: random tasks, $\pm2$ standard errors. "
           r"(a) $\eta^*_{\rm train}\to1/(1+d/n)$, $\eta^*_{\rm valid}\approx\tau_*/T$ (dashed), $n=500$, $\sigma=1$. "
           r"(b) The excess risk there. (c), (d) The paper's protocol, 25 step sizes, $T=40$: against $\sigma$ at "
           r"$n=500$, against $n$ at $\sigma=1$; dashed: $d\sigma^2/n$, printed as optimal, which ridge beats. Triangles: "
           r"best step for the test tasks. (e), (f) Real data, $T=1000$, 40 splits, median and quartiles; crosses: "
           r"ridge with its penalty from leave-one-out. Validation wins with few samples, with many either works.")
SEED = 1
FULL: dict[str, Any] = {
    "d": 1000, "n": 500, "steps": 40, "sigma": 1.0, "tasks": 40, "test_tasks": 20, "line": 61,
    "horizons": [1, 3, 10, 30, 100, 300, 1000], "sigmas": [0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0],
    "sizes": [125, 250, 500, 750, 1000, 1250, 1500, 2000, 3000], "size_tasks": [12, 8], "splits": 40,
    "few_to_many": {"diabetes": [8, 12, 20, 40, 80, 160, 290], "digits": [20, 40, 64, 128, 256, 512, 1024]}}
SMOKE: dict[str, Any] = FULL | {
    "d": 100, "n": 50, "tasks": 10, "test_tasks": 10, "line": 21, "horizons": [1, 10, 100, 1000],
    "sigmas": [0.1, 1.0, 3.0], "sizes": [25, 100, 300], "size_tasks": [10, 10], "splits": 12,
    "few_to_many": {"diabetes": [12, 40, 290], "digits": [40, 128, 1024]}}


def points(d: int, n: int, steps: int, sigma: float, tasks: int, test_tasks: int, line: int, horizons: list[int],
           sigmas: list[float], sizes: list[int], size_tasks: list[int], splits: int,
           few_to_many: dict[str, list[int]]) -> list[dict[str, Any]]:
    """Tasks at many T, at many sigma, at each n; the limit on finer grids (0 tasks); each real data set and n."""
    base = {"data": "synthetic", "d": d, "n": n, "sigmas": [sigma], "horizons": [steps], "tasks": 0, "test_tasks": 0,
            "seed": SEED}
    full = {"tasks": tasks, "test_tasks": test_tasks}
    some = {"tasks": size_tasks[0], "test_tasks": size_tasks[1]}
    finer = sorted({*sizes, *(int(x) for x in np.geomspace(sizes[0], sizes[-1], line).round())})
    found = [{"part": "T", "horizons": horizons} | full, {"part": "sigma", "sigmas": sigmas} | full]
    found += [{"part": "sigma", "sigmas": np.geomspace(sigmas[0], sigmas[-1], line).tolist()}]
    found += [{"part": "n", "n": size} | (some if size in sizes else {}) for size in finer]
    found += [{"part": "data", "data": data, "n": size, "horizons": [1000], "tasks": splits}
              for data, some_n in few_to_many.items() for size in some_n]
    return [base | point for point in found]


# compute
def measure(part: str, data: str, d: int, n: int, sigmas: list[float], horizons: list[int], tasks: int,
            test_tasks: int, seed: int) -> Rows:
    """Rows of one method at one (n, sigma, T): step size and risk as measured and in the limit."""
    if part == "data":
        return real(data, n, horizons[0], tasks, seed)
    rows: Rows = []
    drawn = {} if not tasks else exact(n, d, sigmas[0], horizons, tasks, test_tasks, seed) if part == "T" else \
        protocol(n, d, sigmas, horizons[0], tasks, test_tasks, seed)
    for T in horizons:
        for sigma in sigmas:
            opt = qm.GradientDescent(T)
            whole, half = (qm.MarchenkoPastur.of(d / size, sigma, T) for size in (n, n // 2))
            risk = qm.PopulationRisk(whole, opt)
            best = {"train": float(qm.TrainByTrain(whole, opt).minimizer()), "oracle": tuned(risk),
                    "validation": tuned(qm.PopulationRisk(half, opt))}
            for method in METHODS:
                step, value, error = drawn.get((T, sigma, method), (None, None, None))
                rows.append({"part": part, "data": data, "method": method, "d": d, "n": n, "sigma": sigma, "T": T,
                             "tasks": tasks, "test_tasks": test_tasks, "step": step, "step_theory": best[method],
                             "measured": value, "error": error, "theory": float(risk(best[method]).to_float()),
                             "at_step": None if step is None else float(risk(step).to_float()),
                             "ridge": qm.gradient_flow.ridge_risk(d / n, sigma**2), "zero": 1.0,
                             "low": None, "high": None, "wins": None, "unstable": None})
    return rows


def tuned(objective: Any) -> float:
    """The best step size: a scan of all that are stable, then of ever smaller surroundings of the best."""
    high = 2 / float(np.max(objective.problem.eigenvalues))
    grid = np.geomspace(1e-6 * high, high, 61)
    for _ in range(4):
        k = int(np.argmin(objective(grid).log))
        best = float(grid[k])
        grid = np.geomspace(grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)], 21)
    return best


def exact(n: int, d: int, sigma: float, horizons: list[int], tasks: int, test_tasks: int, seed: int) -> dict[Any, Any]:
    """{(T, sigma, method): step, mean risk over test tasks, its standard error}, steps tuned without a grid."""
    train = qm.LeastSquares.draw(n, d, sigma, seed=3 * seed, tasks=tasks)
    split = qm.LeastSquares.draw(n // 2, d, sigma, seed=3 * seed + 1, tasks=tasks, validation=n - n // 2)
    test = qm.LeastSquares.draw(n, d, sigma, seed=3 * seed + 2, tasks=test_tasks)
    found = {}
    for T in horizons:
        opt = qm.GradientDescent(T)
        steps = (float(qm.TrainByTrain(train, opt).minimizer()), tuned(qm.TrainByValidation(split, opt)),
                 tuned(qm.PopulationRisk(test, opt)))
        for method, step in zip(METHODS, steps, strict=True):
            risks = qm.PopulationRisk(test, opt, pooled=False)(step).to_float()
            found[T, sigma, method] = step, risks.mean(), risks.std(ddof=1) / np.sqrt(test_tasks)
    return found


def protocol(n: int, d: int, sigmas: list[float], T: int, tasks: int, test_tasks: int, seed: int) -> dict[Any, Any]:
    """The same by the paper's protocol; risk = RMSE^2 - sigma^2."""
    grid = np.logspace(-6, 0, GRID)
    return {(T, out.sigma, out.method): (out.step_size, out.rmse**2 - out.sigma**2,
                                         2 * out.rmse * out.spread / np.sqrt(test_tasks - 1))
            for out in qm.run_protocol(n, d, sigmas, T, tasks, test_tasks, grid, seed=seed)}


def real(data: str, n: int, T: int, splits: int, seed: int) -> Rows:
    """Test error over that of the zero predictor; every split tunes its own step and tests on a third of the data."""
    from sklearn import datasets, linear_model
    X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    opt, found = qm.GradientDescent(T), []
    for k in range(splits):
        order = np.random.default_rng([seed, n, k]).permutation(len(y))
        own, half, test = order[:n], order[:n // 2], order[-(len(y) // 3):]
        Z, target = standardised(X, y, own)
        whole = qm.LeastSquares.from_data(Z[own], target[own], (Z[test], target[test]))
        risk = qm.TrainByValidation(whole, opt)
        rivals = linear_model.RidgeCV(np.logspace(-3, 5, 33), fit_intercept=False).fit(Z[own], target[own])
        ridge = np.mean((target[test] - rivals.predict(Z[test])) ** 2) / np.mean(target[test] ** 2)
        Z, target = standardised(X, y, half)
        rest = order[n // 2:n]
        split = qm.LeastSquares.from_data(Z[half], target[half], (Z[rest], target[rest]))
        steps = [float(qm.TrainByTrain(whole, opt).minimizer()), tuned(qm.TrainByValidation(split, opt)), tuned(risk)]
        found.append([*steps, *(risk(np.array(steps)) / risk(0.0)).log, np.log(ridge), 2 / whole.eigenvalues.max()])
    table = np.array(found)
    rows = []
    for k, method in enumerate([*METHODS, "ridge"]):
        low, middle, high = np.exp(np.minimum(np.quantile(table[:, 3 + k], [0.25, 0.5, 0.75]), 9.0))
        step = None if method == "ridge" else float(np.median(table[:, k]))
        rows.append({"part": "data", "data": data, "method": method, "d": X.shape[1], "n": n, "sigma": None, "T": T,
                     "tasks": splits, "test_tasks": splits, "step": step, "step_theory": None, "measured": middle,
                     "error": None, "theory": None, "at_step": None, "ridge": None, "zero": 1.0, "low": low,
                     "high": high, "wins": np.mean(table[:, 4] < table[:, 3 + k]),
                     "unstable": None if step is None else np.mean(table[:, k] > table[:, -1])})
    return rows


def standardised(X: Any, y: Any, own: Any) -> tuple[Any, Any]:
    """All data, centred and scaled by some of them; a column that is constant there is left out."""
    deviation = X[own].std(axis=0)
    return (X - X[own].mean(axis=0))[:, deviation > 0] / deviation[deviation > 0], y - y[own].mean()


def select(rows: Rows, **where: Any) -> Rows:
    """Rows at these values."""
    return [row for row in rows if all(row[name] == value for name, value in where.items())]
