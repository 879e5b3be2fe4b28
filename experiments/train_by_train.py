"""Train-by-train against train-by-validation: the step sizes they choose and the test risk they
reach.

Least squares from 0, w_* on the unit sphere, x ~ N(0, I_d), noise sigma; T steps, n samples a
task. Train-by-train minimises the training loss on all n; train-by-validation trains on n/2,
minimises the loss on the other n/2, and trains again on all n with that step. In the limit at psi
= d/n (delta = sigma^2 psi, l+- = (1 +- sqrt psi)^2)

    T (1 - (1 + psi) eta*_train) -> sqrt(psi) / (2 (1 + psi)) log((l+ + delta) / (l- + delta)),  T
    eta*_valid -> tau_*,

so eta*_train = Theta(1) and eta*_valid = Theta(1/T). At n < d train-by-train ends at the risk 1 -
n/d + sigma^2 n / (d - n), worse than not training for sigma^2 > 1 - n/d. The gap between both
methods first grows with n, up to n = d.

Source: Wang, Yuan, Wu, Ge 2021, Theorems 5 and 6, Figures 2 to 4; scikit-learn's diabetes and
digits.
"""

from typing import Any

import numpy as np

import quadmeta as qm
from quadmeta._extras import require

Rows = list[dict[str, Any]]
METHODS = ("train", "validation", "oracle")
GRID = 25  # step sizes that the paper's protocol tries, from 1e-6 to 1
ALLOWANCE = 5.0  # relative error of the limit at n samples, over 1/n

# settings
CAPTION = (
    r"Step size tuned on the training loss or on held-out data (half of the $n$ samples, then "
    r"trained on all); $d=1000$, $\|w_*\|=1$. Lines: limit of large $d$, $n$; markers: random "
    r"tasks, $\pm2$ standard errors. (a) The step sizes, $n=500$, $\sigma=1$, and their laws "
    r"(dashed). (b) The risk there; black: ridge. (c), (d) The paper's protocol, $T=40$: against "
    r"$\sigma$ at $n=500$, against $n$ at $\sigma=1$; bars: the limit at the step that its "
    r"25-point grid chose, too coarse for the peak. Dashed: $d\sigma^2/n$, printed as optimal, "
    r"which ridge beats. (e), (f) Real data, $T=1000$, 30 splits, median and quartiles; ridge has "
    r"its penalty from leave-one-out. With few samples validation wins, with many either works."
)
SEED = 1
FULL: dict[str, Any] = {
    "d": 1000,
    "n": 500,
    "steps": 40,
    "sigma": 1.0,
    "tasks": 40,
    "test_tasks": 20,
    "line": 61,
    "horizons": [1, 3, 10, 30, 100, 300, 1000],
    "sigmas": [0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0],
    "sizes": [125, 250, 500, 750, 1000, 1500, 2000, 3000],
    "size_tasks": [6, 12],
    "splits": 30,
    "few_to_many": {
        "diabetes": [8, 12, 20, 40, 80, 160, 290],
        "digits": [20, 40, 64, 128, 256, 512, 1024],
    },
}
SMOKE: dict[str, Any] = FULL | {
    "d": 100,
    "n": 50,
    "tasks": 25,
    "test_tasks": 10,
    "line": 13,
    "horizons": [1, 10, 100],
    "sigmas": [0.1, 1.0, 3.0],
    "sizes": [25, 100, 300],
    "size_tasks": [10, 10],
    "splits": 8,
    "few_to_many": {"diabetes": [12, 290], "digits": [40, 1024]},
}


def points(
    d: int,
    n: int,
    steps: int,
    sigma: float,
    tasks: int,
    test_tasks: int,
    line: int,
    horizons: list[int],
    sigmas: list[float],
    sizes: list[int],
    size_tasks: list[int],
    splits: int,
    few_to_many: dict[str, list[int]],
) -> list[dict[str, Any]]:
    """Tasks at many T, at many sigma, at each n; the limit on finer grids (0 tasks); each real
    data set and n.
    """
    base: dict[str, Any] = {
        "data": "synthetic",
        "d": d,
        "n": n,
        "sigmas": [sigma],
        "horizons": [steps],
        "tasks": 0,
        "test_tasks": 0,
        "seed": SEED,
    }
    full: dict[str, Any] = {"tasks": tasks, "test_tasks": test_tasks}
    some = {"tasks": size_tasks[0], "test_tasks": size_tasks[1]}
    finer = sorted({*sizes, *(int(x) for x in np.geomspace(sizes[0], sizes[-1], line).round())})
    found = [{"part": "T", "horizons": horizons} | full, {"part": "sigma", "sigmas": sigmas} | full]
    found += [
        {
            "part": "T",
            "horizons": sorted({int(T) for T in np.geomspace(1, horizons[-1], line // 2).round()}),
        }
    ]
    found += [{"part": "sigma", "sigmas": np.geomspace(sigmas[0], sigmas[-1], line).tolist()}]
    found += [{"part": "n", "n": size} | (some if size in sizes else {}) for size in finer]
    found += [
        {"part": "data", "data": data, "n": size, "horizons": [1000], "tasks": splits}
        for data, some_n in few_to_many.items()
        for size in some_n
    ]
    return [base | point for point in found]


# compute
def measure(
    part: str,
    data: str,
    d: int,
    n: int,
    sigmas: list[float],
    horizons: list[int],
    tasks: int,
    test_tasks: int,
    seed: int,
) -> Rows:
    """Rows of one method at one (n, sigma, T): step size and risk as measured and in the limit."""
    if part == "data":
        return real(data, n, horizons[0], tasks, seed)
    rows: Rows = []
    if not tasks:
        drawn = {}
    elif part == "T":
        drawn = exact(n, d, sigmas[0], horizons, tasks, test_tasks, seed)
    else:
        drawn = protocol(n, d, sigmas, horizons[0], tasks, test_tasks, seed)
    for T in horizons:
        for sigma in sigmas:
            opt = qm.GradientDescent(T)
            whole, half = (qm.MarchenkoPastur.of(d / size, sigma, T) for size in (n, n // 2))
            risk = qm.PopulationRisk(whole, opt)
            best = {
                "train": float(qm.TrainByTrain(whole, opt).minimizer()),
                "oracle": risk.scanned(),
                "validation": qm.PopulationRisk(half, opt).scanned(),
            }
            for method in METHODS:
                step, value, error = drawn.get((T, sigma, method), (None, None, None))
                rows.append(
                    {
                        "part": part,
                        "data": data,
                        "method": method,
                        "d": d,
                        "n": n,
                        "sigma": sigma,
                        "T": T,
                        "tasks": tasks,
                        "test_tasks": test_tasks,
                        "step": step,
                        "step_theory": best[method],
                        "measured": value,
                        "error": error,
                        "theory": float(risk(best[method]).to_float()),
                        "at_step": None if step is None else float(risk(step).to_float()),
                        "ridge": qm.gradient_flow.ridge_risk(d / n, sigma**2),
                        "zero": 1.0,
                        "low": None,
                        "high": None,
                        "wins": None,
                        "unstable": None,
                    }
                )
    return rows


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
    datasets = require("sklearn.datasets", "data", "the real data of train_by_train")
    linear_model = require("sklearn.linear_model", "data", "the ridge of train_by_train")
    X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
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


def select(rows: Rows, **where: Any) -> Rows:
    """Rows at these values."""
    return [row for row in rows if all(row[name] == value for name, value in where.items())]


def check(rows: Rows) -> None:
    """Tasks against the limit; the laws of both step sizes; bounds on both risks; the gap in n;
    the real data.
    """
    drawn = [row for row in rows if row["at_step"] is not None]
    for row in drawn:
        where = f"{row['method']} at n = {row['n']}, sigma = {row['sigma']}, T = {row['T']}"
        allowed = 3 * row["error"] + ALLOWANCE / row["n"] * row["at_step"]
        assert abs(row["measured"] - row["at_step"]) < allowed, f"tasks against the limit: {where}"
    loose = np.median([row["error"] / row["at_step"] for row in drawn])
    assert loose < 0.03, f"the standard error is {loose:.2g} of the risk: too few tasks to tell"
    last = max((row for row in rows if row["part"] == "T"), key=lambda row: row["T"])
    T = last["T"]
    psi = last["d"] / last["n"]
    delta = last["sigma"] ** 2 * last["d"] / last["n"]
    at = {row["method"]: row for row in drawn if row["part"] == "T" and row["T"] == T}
    low = (1 - np.sqrt(psi)) ** 2
    high = (1 + np.sqrt(psi)) ** 2
    shift = np.sqrt(psi) / (2 * (1 + psi)) * np.log((high + delta) / (low + delta))
    ratio = T * (1 - (1 + psi) * at["train"]["step_theory"]) / shift
    assert abs(ratio - 1) < 5 / T + 1e-4, f"eta*_train is not on its 1/T law: {ratio}"
    tau = qm.gradient_flow.optimal_time(last["d"] / (last["n"] // 2), last["sigma"] ** 2)
    assert abs(T * at["validation"]["step_theory"] / tau - 1) < 5 / T + 1e-3, (
        "T eta*_valid is not at tau_*"
    )
    for method, most in (("train", 0.03), ("validation", 0.35)):
        off = at[method]["step"] / at[method]["step_theory"] - 1
        assert abs(off) < most * np.sqrt(1000 / last["d"]), (
            f"tuned on tasks, the {method} step is off by {off:.2f}"
        )
    assert at["train"]["measured"] > 1.2 > 1 > at["validation"]["measured"], (
        "who loses to not training?"
    )
    for row in (row for row in rows if row["part"] != "data"):
        nu = row["n"] / row["d"]
        s = row["sigma"] ** 2
        where = f"n = {row['n']}, sigma = {row['sigma']}, T = {row['T']}"
        gain = nu / (1 + nu + s)
        if row["method"] == "oracle":
            assert gain - 1e-6 < 1 - row["theory"] < 1 - row["ridge"] + 1e-9, (
                f"gain outside its bounds: {where}"
            )
            assert row["T"] > 1 or abs(1 - row["theory"] - gain) < 1e-6, (
                f"no equality at T = 1: {where}"
            )
        elif row["method"] == "train" and nu != 1:
            edges = (
                1 - row["step_theory"] * (1 + np.sqrt(1 / nu)) ** 2,
                1 - row["step_theory"] * (1 - nu**-0.5) ** 2,
            )
            decay = max(map(abs, edges)) ** row["T"]
            least = min(nu, 1 / nu)
            below = max(1 - nu, 0) + s * least * (1 - decay) ** 2
            above = (
                max(1 - nu, 0) + min(1, nu) * decay**2 + (1 + decay) ** 2 * s * least / (1 - least)
            )
            assert below <= row["theory"] <= above + 1e-12, (
                f"risk of train-by-train outside its bounds: {where}"
            )
    bend = abs(at["train"]["theory"] / (1 - 1 / psi + last["sigma"] ** 2 / (psi - 1)) - 1)
    assert bend < 1e-3, f"train-by-train is {bend:.2g} off its limit T = infinity"
    line = {
        row["n"]: row["theory"] - row["ridge"] for row in select(rows, part="n", method="train")
    }
    sizes = sorted(line)
    top = max(sizes, key=lambda n: line[n])
    rise = [line[b] > line[a] for a, b in zip(sizes, sizes[1:])]
    assert all(up == (b <= top) for up, b in zip(rise, sizes[1:])), (
        "the gap does not rise and then fall with n"
    )
    assert 0.8 * last["d"] < top < 1.2 * last["d"], f"the gap is largest at n = {top}"
    end = next(row for row in select(rows, part="n", method="train", n=sizes[-1]))
    nu = end["n"] / end["d"]
    assert abs(end["theory"] * (nu - 1) / end["sigma"] ** 2 - 1) < 0.01, (
        "risk at the largest n is not sigma^2/(nu-1)"
    )
    assert all(
        row["ridge"] < row["d"] * row["sigma"] ** 2 / row["n"] for row in select(rows, part="n")
    ), "d sigma^2 / n is not beaten by ridge"
    for data in sorted({row["data"] for row in rows if row["part"] == "data"}):
        own = select(rows, part="data", data=data)
        few, many = (
            {row["method"]: row for row in own if row["n"] == n}
            for n in (min(row["n"] for row in own), max(row["n"] for row in own))
        )
        assert few["train"]["wins"] > 0.7 and few["train"]["measured"] > 1.2, (
            f"{data}: few samples, train-by-train"
        )
        assert few["validation"]["measured"] < 1.01, (
            f"{data}: few samples, validation loses to not training"
        )
        assert abs(many["train"]["measured"] / many["validation"]["measured"] - 1) < 0.04, (
            f"{data}: many samples"
        )
        assert many["train"]["measured"] < 0.6, f"{data}: many samples, little is learnt"


# draw
def draw(rows: Rows) -> Any:
    """Step sizes and risks against T, risks against sigma and n, test errors on real data."""
    from quadmeta import plotting as p

    fig, ((a, b, c), (d, e, f)) = p.figure(height=4.5, rows=2, columns=3)
    names = {
        "train": "training loss",
        "validation": "held-out data",
        "oracle": "test tasks themselves",
    }
    for ax, part, x, y, guess in (
        (a, "T", "T", "step", "step_theory"),
        (b, "T", "T", "measured", "theory"),
        (c, "sigma", "sigma", "measured", "theory"),
        (d, "n", "n", "measured", "theory"),
    ):
        for hue, method in enumerate(METHODS):
            own = sorted(select(rows, part=part, method=method), key=lambda row: row[x])
            if ax is a and method == "oracle":
                continue
            p.theory(ax, [row[x] for row in own], [row[guess] for row in own], hue)
            drawn = [row for row in own if row["measured"] is not None]
            if ax is not a:
                ax.errorbar(
                    [row[x] for row in drawn],
                    [row[y] for row in drawn],
                    [2 * row["error"] for row in drawn],
                    color=p.COLOURS[hue],
                    linestyle="none",
                    linewidth=0.8,
                    zorder=2,
                )
            p.measured(ax, [row[x] for row in drawn], [row[y] for row in drawn], hue)
            if part in ("sigma", "n"):
                ax.plot(
                    [row[x] for row in drawn],
                    [row["at_step"] for row in drawn],
                    color="black",
                    marker="_",
                    linestyle="none",
                    markersize=6,
                    markeredgewidth=0.8,
                    zorder=4,
                )
        if ax is not a:
            p.theory(ax, [row[x] for row in own], [row["ridge"] for row in own], 6, linewidth=0.8)
            ax.axhline(1, color="0.5", linewidth=0.8, linestyle=(0, (1, 1)), zorder=0)
    own = select(rows, part="T", method="validation")
    psi = own[0]["d"] / own[0]["n"]
    tau = own[0]["sigma"] ** 2
    tau = qm.gradient_flow.optimal_time(own[0]["d"] / (own[0]["n"] // 2), tau)
    T = np.array(sorted(row["T"] for row in own))
    p.printed_bound(a, T, tau / T, 1, linewidth=0.8)
    a.axhline(1 / (1 + psi), color=p.COLOURS[0], linewidth=0.8, linestyle=p.PRINTED, zorder=0)
    small = {"fontsize": 8, "va": "center"}
    a.text(
        T[-1],
        0.9,
        r"$\eta^*_{\rm train}\to\frac{1}{1+d/n}$",
        color=p.COLOURS[0],
        ha="right",
        **small,
    )
    a.text(
        20, 0.016, r"$\eta^*_{\rm valid}\approx\tau_*/T$", color=p.COLOURS[1], ha="left", **small
    )
    a.set(
        xscale="log",
        yscale="log",
        xlabel="inner steps, $T$",
        ylabel=r"best step size, $\eta^*$",
        ylim=(1e-4, 2),
    )
    b.set(
        xscale="log",
        xlabel="inner steps, $T$",
        ylabel=r"excess risk, $\mathcal{E}$",
        ylim=(0.66, 1.7),
    )
    c.set(
        xscale="log",
        yscale="log",
        xlabel=r"label noise, $\sigma$",
        ylabel=r"excess risk, $\mathcal{E}$",
        yticks=[0.5, 1, 2, 5, 10],
        yticklabels=["0.5", "1", "2", "5", "10"],
        xticks=[0.1, 0.3, 1, 3],
        xticklabels=["0.1", "0.3", "1", "3"],
        ylim=(0.42, 12),
    )
    size = sorted({row["n"] for row in select(rows, part="n")})
    nu = np.array(size) / own[0]["d"]
    p.printed_bound(d, np.array(size)[nu > 0.45], 1 / nu[nu > 0.45], 6, linewidth=0.8)
    ticks = own[0]["d"] * np.array([0.125, 0.25, 0.5, 1, 2])
    d.set(
        xscale="log",
        xlabel="samples, $n$",
        ylabel=r"excess risk, $\mathcal{E}$",
        ylim=(0.2, 2.8),
        xticks=ticks,
        xticklabels=[f"{tick:.0f}" for tick in ticks],
    )
    for ax, place, text, side in (
        (b, (T[-1], 1.03), "no training", "right"),
        (b, (T[-1], 0.72), "ridge", "right"),
        (c, (0.1, 1.2), "no training", "left"),
        (d, (0.44 * own[0]["d"], 2.15), r"$d\sigma^2/n$", "right"),
    ):
        ax.text(*place, text, color="0.2", ha=side, **small)
    for ax, data in ((e, "diabetes"), (f, "digits")):
        if data == "diabetes":
            ticks = [10, 30, 100, 300]
        else:
            ticks = [20, 60, 200, 1000]
        for hue, method in ((0, "train"), (1, "validation"), (2, "oracle"), (6, "ridge")):
            own = sorted(
                select(rows, part="data", data=data, method=method), key=lambda row: row["n"]
            )
            n, middle, low, high = (
                np.array([row[name] for row in own]) for name in ("n", "measured", "low", "high")
            )
            shift = 1.0 + 0.03 * (hue == 1) - 0.03 * (hue == 0)
            if hue < 2:
                ax.errorbar(
                    n * shift,
                    middle,
                    [middle - low, high - middle],
                    color=p.COLOURS[hue],
                    linewidth=0.7,
                    linestyle="none",
                    zorder=2,
                )
            p.measured(
                ax,
                n * shift,
                middle,
                hue,
                label="ridge" if method == "ridge" else f"tuned on {names[method]}",
                linestyle=(0, (1, 1)) if hue < 2 else "none",
            )
        ax.axhline(1, color="0.5", linewidth=0.8, linestyle=(0, (1, 1)), zorder=0)
        ax.text(
            0.98,
            0.95,
            f"{data}, {own[0]['d']} features",
            transform=ax.transAxes,
            fontsize=8,
            ha="right",
            va="top",
        )
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="samples, $n$",
            ylabel="test error / no training",
            ylim=(0.38, 6),
            yticks=[0.5, 1, 2, 5],
            yticklabels=["0.5", "1", "2", "5"],
            xticks=ticks,
            xticklabels=map(str, ticks),
        )
    for ax in (c, d, e, f):
        ax.minorticks_off()
    fig.legend(*f.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    for ax, label in zip((a, b, c, d, e, f), "abcdef", strict=True):
        p.panel_label(ax, label)
    return fig
