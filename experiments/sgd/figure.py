"""The expected meta-objective of SGD, exact without sampling: its mean-square limit, its
logarithm, its best step.

Streaming regression x ~ N(0, S), noise sigma: the variances of the error in the eigenbasis of S
close, so that F(eta) = E f(w_T) - sigma^2/2 is exact for any T. It explodes past eta_ms, the root
of B = sum_i eta lambda_i / (2 (1 - eta lambda_i)) = 1, in 2 / (tr S + 2 lambda_max) <= eta_ms <= 2
/ (tr S + 2 tr S^2 / tr S). Sample means miss this: the variance of f(w_T) stays bounded only below
the eta_4 at which the fourth moments of the error stop contracting. Below eta_ms F' -> J'/2 and G'
= F'/(TF) ~ J'/(JT), J = sigma^2 B/(1 - B). Additive noise Sigma on the gradient, near the optimum
also sigma^2 S, gives eta*_T ~ log(8 mu T omega_mu / tr Sigma) / (2 mu T); no noise and S = lambda
I give eta* = 1 / ((d + 2) lambda) for all T.

Source: derived; the question of SGD after Wang, Yuan, Wu, Ge 2021; scikit-learn's diabetes.
"""

from typing import Any

import numpy as np

import quadmeta as qm
from experiments.sgd.runs import D, diabetes, fourth_moment_limit, simulated, streaming, transition

Rows = list[dict[str, Any]]
NOISE = 0.1
ADDITIVE = 0.4
EMPTY = dict.fromkeys(
    ("draw", "x", "log10_measured", "log10_theory", "log10_law", "relative_error")
)
# step sizes over eta_ms, and the most steps taken, in the panels of slopes
BELOW = 0.9
ABOVE = 1.1
STEPPED = 1000

# settings
CAPTION = (
    r"Expected loss of SGD after $T$ steps, exact without sampling (lines). (a) Streaming Gaussian "
    r"regression, $d=4$, $\kappa=10$, $\sigma=0.1$. Markers: means of 5000 runs, $\pm2$ standard "
    r"errors; hollow beyond $\eta_4$ (grey), where the variance of the loss grows without bound "
    r"and the sample mean misses the explosion past the mean-square limit $\eta_{\rm ms}$ (bar: "
    r"its elementary bracket). Dashed: gradient descent on the expected loss. (b, c) Naive $F'$ "
    r"and log $G'=F'/(TF)$ at $0.9\,\eta_{\rm ms}$ (filled) and $1.1\,\eta_{\rm ms}$ (open); "
    r"markers: $T$ steps of the moments; dotted: limits in $T$. Without noise only the log is of "
    r"use; above a floor of noise $F'$ does not vanish, and the log makes it, like $1/T$. (d) SGD "
    r"with replacement on 12 patients (diabetes, $d=10$, $T=1000$); markers: means of 1000 runs; "
    r"stars: loss on all other patients at the step that is best for either loss (small: other "
    r"draws of the 12); dashed: gradient descent. (e) Best step size (markers) and its laws for "
    r"large $T$ (lines): noise makes it fall like $\log T/T$."
)
SEED = 0
FULL: dict[str, Any] = {
    "sampled": [0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.85, 1.1, 1.25],
    "paths": 5000,
    "line": 91,
    "horizons": [10, 100, 1000],
    "last": 6,
    "per_decade": 2,
    "rows": 12,
    "data": [3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3],
    "data_paths": 1000,
    "draws": 10,
}
SMOKE: dict[str, Any] = FULL | {
    "sampled": [0.02, 0.4, 0.6, 1.1],
    "paths": 1000,
    "line": 31,
    "per_decade": 1,
    "data": [1e-3, 0.1],
    "data_paths": 200,
    "draws": 3,
}


def points(
    sampled: list[float],
    paths: int,
    line: int,
    horizons: list[int],
    last: int,
    per_decade: int,
    rows: int,
    data: list[float],
    data_paths: int,
    draws: int,
) -> list[dict[str, Any]]:
    """Sampled losses step size by step size, exact lines, gradients at two step sizes, the data,
    best step sizes.
    """
    grid = sorted(
        {*np.geomspace(0.015, 5, line).round(6), *np.linspace(0.9, 1.1, line // 3).round(6)}
    )
    longer, tuned = (
        sorted({int(T) for T in np.geomspace(1, 10**last, count * per_decade * last + 1).round()})
        for count in (3, 1)
    )
    base: dict[str, Any] = {"kind": "sgd", "sigma": NOISE, "paths": 0}
    found: Rows = [{"part": "limit", "xs": [], "horizons": []}]
    found += [{"part": "loss", "xs": [x], "horizons": horizons, "paths": paths} for x in sampled]
    found += [{"part": "loss", "xs": grid, "horizons": [T]} for T in (*horizons, 10**last)]
    found += [{"part": "loss", "kind": "gd", "xs": grid, "horizons": [horizons[1]]}]
    found += [
        {"part": "slope", "xs": [x], "sigma": sigma, "horizons": longer}
        for sigma in (0.0, NOISE)
        for x in (BELOW, ABOVE)
    ]
    found += [
        {
            "part": "data",
            "kind": str(rows),
            "xs": [x],
            "horizons": horizons[-1:],
            "paths": data_paths,
        }
        for x in data
    ]
    found += [
        {
            "part": "data",
            "kind": str(rows),
            "xs": np.geomspace(1e-4, 1.05, line).tolist(),
            "horizons": horizons[-1:],
        }
    ]
    found += [
        {"part": "choice", "kind": str(rows), "xs": [SEED + k], "horizons": horizons[-1:]}
        for k in range(draws)
    ]
    found += [
        {"part": "best", "kind": kind, "xs": [], "horizons": tuned}
        for kind in ("streaming", "additive", "isotropic", "gd")
    ]
    return [base | point for point in found]


# compute
def measure(
    part: str, kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int
) -> Rows:
    """Rows of log10 of positive numbers; x is the step size over eta_ms."""
    find = {
        "limit": limits,
        "loss": losses,
        "slope": slopes,
        "data": patients,
        "choice": chosen,
        "best": best,
    }[part]
    return [
        {"part": part, "kind": kind, "sigma": sigma, "paths": paths, "T": T} | EMPTY | row
        for kind, T, row in find(kind, xs, sigma, horizons, paths)
    ]


def limits(kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int) -> Any:
    """The mean-square limit against where the spectral radius is 1, its bracket, the limit of the
    fourth moments.
    """
    from scipy.optimize import brentq

    problem, lam, _ = streaming(sigma)
    limit = problem.mean_square_limit()
    (low, high) = problem.mean_square_bounds()
    radius = brentq(
        lambda eta: np.linalg.eigvalsh(transition(lam, eta))[-1] - 1, low / 2, 2 * high, rtol=1e-14
    )
    for name, value in (
        ("mean square", limit),
        ("low", low),
        ("high", high),
        ("descent", 2 / lam[-1]),
        ("fourth", fourth_moment_limit(lam)),
    ):
        yield (
            name,
            1,
            {
                "x": value / limit,
                "log10_theory": np.log10(value),
                "log10_measured": np.log10(radius) if value == limit else None,
            },
        )


def losses(kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int) -> Any:
    """F of SGD, exact and sampled, and its limit in T; or F of gradient descent on the population
    loss.
    """
    problem, lam, error = streaming(sigma)
    limit = problem.mean_square_limit()
    for x in xs:
        found = simulated(
            problem, x * limit, horizons, paths, [lambda w: problem.loss(w) - problem.floor], SEED
        )
        if x < 1 and kind == "sgd":
            floor = np.log10(problem.steady_state(x * limit) @ lam / 2)
        else:
            floor = None
        for T in horizons:
            if kind == "sgd":
                exact = qm.NaiveObjective(problem, qm.StochasticGradientDescent(T))
            else:
                exact = qm.NaiveObjective(
                    qm.Quadratic.from_spectrum(lam, error=error), qm.GradientDescent(T)
                )
            yield (
                kind,
                T,
                {"x": x, "log10_theory": log10(exact(x * limit)), "log10_law": floor} | found[T][0],
            )


def slopes(kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int) -> Any:
    """F' and G' in closed form and by T steps of the moments, and their limits in T."""
    problem, lam, _ = streaming(sigma)
    for x in xs:
        eta = x * problem.mean_square_limit()
        B = (lam * eta / (2 * (1 - eta * lam))).sum()
        slope = (lam / (2 * (1 - eta * lam) ** 2)).sum()
        rho, v = (part[..., -1] for part in np.linalg.eigh(transition(lam, eta)))
        growth = v @ (np.diag(4 * eta * lam**2 - 2 * lam) + 2 * eta * np.outer(lam, lam)) @ v / rho
        for T in horizons:
            opt = qm.StochasticGradientDescent(T)
            settles = sigma > 0 and x < 1
            if settles:
                laws = (sigma**2 * slope / (1 - B) ** 2 / 2, slope / (B * (1 - B)) / T)
            else:
                laws = (None, growth)
            stepped: tuple[Any, ...] = (None, None)
            if T <= STEPPED:
                F, rise = (problem.recursion(T, eta, order=order) for order in (0, 1))
                stepped = rise, rise / (T * F)
            exact = (
                log10(qm.NaiveObjective(problem, opt).gradient(eta)),
                np.log10(qm.LogObjective(problem, opt).gradient(eta)),
            )
            for name, theory, value, law in zip(
                ("naive", "log"), exact, stepped, laws, strict=True
            ):
                known = {"log10_measured": value, "log10_law": law}
                yield (
                    name,
                    T,
                    {"x": x, "log10_theory": theory}
                    | {
                        column: np.log10(number)
                        for column, number in known.items()
                        if number is not None
                    },
                )


def patients(kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int) -> Any:
    """Training and held-out loss of some patients over those of w = 0."""
    sets = diabetes(int(kind), SEED)
    T = horizons[0]
    problem = qm.SampledRows(*sets[0], sets[1])
    opt = qm.StochasticGradientDescent(T)
    descent = qm.TrainByValidation(
        qm.LeastSquares.from_data(*sets[0], sets[1]), qm.GradientDescent(T)
    )
    limit = problem.mean_square_limit()
    zero = [np.mean(y**2) / 2 for _, y in sets]
    exact = qm.TrainByTrain(problem, opt), qm.TrainByValidation(problem, opt)
    outers = [
        lambda w, X=X, y=y, unit=unit: ((w @ X.T - y) ** 2).mean(axis=-1) / 2 / unit
        for (X, y), unit in zip(sets, zero, strict=True)
    ]
    for x in xs:
        found = simulated(problem, x * limit, horizons, paths, outers, SEED)[T]
        for name, objective, unit, row in zip(
            ("train", "validation"), exact, zero, found, strict=True
        ):
            yield name, T, {"x": x, "log10_theory": log10(objective(x * limit) / unit)} | row
        if not paths:
            yield "gd", T, {"x": x, "log10_theory": log10(descent(x * limit) / zero[1])}


def chosen(kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int) -> Any:
    """The held-out loss at the best step on either loss, the patients drawn with the seeds xs; by
    T steps and exact.
    """
    T = horizons[0]
    for seed in xs:
        own, (X, y) = diabetes(int(kind), int(seed))
        problem = qm.SampledRows(*own, (X, y))
        opt = qm.StochasticGradientDescent(T)
        held = qm.TrainByValidation(problem, opt)
        zero = np.mean(y**2) / 2
        for name, objective in (("train", qm.TrainByTrain(problem, opt)), ("validation", held)):
            eta = objective.minimizer()
            yield (
                name,
                T,
                {
                    "draw": int(seed),
                    "x": eta / problem.mean_square_limit(),
                    "log10_measured": np.log10(problem.recursion(T, eta, "validation") / zero),
                    "log10_theory": log10(held(eta) / zero),
                },
            )


def best(kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int) -> Any:
    """The best step size for each T, and its law."""
    problem, lam, error = streaming(sigma)
    noise = {"streaming": sigma**2 * lam.sum(), "additive": ADDITIVE * D}.get(kind)
    problems: dict[str, qm.QuadraticProblem | qm.StochasticProblem] = {
        "streaming": problem,
        "additive": qm.NoisyQuadratic(lam, error, np.full(D, ADDITIVE)),
        "isotropic": qm.StreamingGaussian.from_spectrum(np.ones(D), error),
        "gd": qm.Quadratic.from_spectrum(lam, error=error),
    }
    for T in horizons:
        if kind == "gd":
            opt: qm.Optimizer = qm.GradientDescent(T)
        else:
            opt = qm.StochasticGradientDescent(T)
        if kind == "isotropic":
            law = 1 / (D + 2)
        else:
            law = 2 / (lam[0] + lam[-1])
        if noise:
            law = np.log(4 * lam[0] ** 2 * error[0] ** 2 * T / noise) / (2 * lam[0] * T)
        yield (
            kind,
            T,
            {
                "log10_law": np.log10(law) if law > 0 else None,
                "log10_measured": np.log10(qm.NaiveObjective(problems[kind], opt).minimizer()),
            },
        )


def log10(value: qm.SignLog) -> float:
    """log10 of a positive number. Raises ValueError for another one."""
    if value.sign != 1:
        raise ValueError(
            f"{value!r} is drawn on a logarithmic axis, it must be positive: choose another step "
            "size"
        )
    return float(value.log / np.log(10))


def check(rows: Rows) -> None:
    """Samples where they may be trusted, floors, walls, slopes, the choice on real data, the laws
    of the best step.
    """
    of = {
        part: [row for row in rows if row["part"] == part] for part in {row["part"] for row in rows}
    }
    limit = {row["kind"]: row for row in of["limit"]}
    assert off(limit["mean square"]) < 1e-9, (
        "the mean-square limit is not where the spectral radius is 1"
    )
    assert limit["low"]["x"] < 1 < limit["high"]["x"], "the bracket of the mean-square limit"
    assert limit["fourth"]["x"] < 0.7, "fourth moments contract up to the mean-square limit"
    for row in (row for row in (*of["loss"], *of["data"]) if row["paths"]):
        z = (1 - 10 ** (row["log10_theory"] - row["log10_measured"])) / row["relative_error"]
        if row["x"] < limit["fourth"]["x"]:
            assert abs(z) < 4, (
                f"{row['kind']}, x = {row['x']}, T = {row['T']}: the sample is {z:.1f} errors off"
            )
        if row["part"] == "loss" and row["x"] > 1 and row["T"] == 1000:
            assert z < -4 and row["log10_measured"] < 5 and row["log10_theory"] > 20, (
                "the sample mean finds the wall"
            )
    check_walls(of["loss"])
    check_slopes(of["slope"])
    check_patients(of["data"], of["choice"])
    check_best(of["best"])


def check_walls(rows: Rows) -> None:
    """The floor below the limit, the wall above it, and gradient descent beyond."""
    loss = {(row["kind"], row["T"], row["x"]): row for row in rows if not row["paths"]}
    last = max(T for _, T, _ in loss)
    for (kind, T, x), row in loss.items():
        if T == last and kind == "sgd" and x < 0.99:
            assert off(row, "theory", "law") < 1e-9, (
                f"x = {x}: F is not at its floor after {T} steps"
            )
        if T == last and x > 1.01:
            assert row["log10_theory"] > 100, f"x = {x}: no explosion after {T} steps"
        if kind == "gd" and 1.05 < x < 3.2:
            assert row["log10_theory"] < 0 < loss["sgd", T, x]["log10_theory"], (
                f"x = {x}: gradient descent against SGD"
            )


def check_slopes(rows: Rows) -> None:
    """F' vanishes or explodes without noise, settles with noise; G' is bounded, and vanishes like
    1/T with noise.
    """
    last = max(row["T"] for row in rows)
    for row in rows:
        where = f"{row['kind']}, sigma = {row['sigma']}, x = {row['x']}, T = {row['T']}"
        assert row["log10_measured"] is None or off(row) < 1e-9, (
            f"{where}: steps of the moments are off"
        )
        if row["T"] == last and row["log10_law"] is not None:
            assert off(row, "theory", "law") < 1e-3, f"{where}: not at its limit"
        if row["T"] == last and row["kind"] == "naive" and row["log10_law"] is None:
            assert row["log10_theory"] * (row["x"] - 1) > 100, (
                f"{where}: neither vanishing nor exploding"
            )
        if row["kind"] == "log":
            noisy = row["sigma"] > 0 and row["x"] < 1
            assert abs(row["log10_theory"]) < 2 or noisy and row["T"] > 10, (
                f"{where}: the log objective"
            )
            assert row["T"] < last or not noisy or row["log10_theory"] < 3 - np.log10(last), (
                f"{where}: not like 1/T"
            )


def check_patients(rows: Rows, choices: Rows) -> None:
    """Each minimiser is least on the line; held-out patients tune well, the training loss worse
    than w = 0.
    """
    best = {(row["kind"], row["draw"]): row for row in choices}
    for name in ("train", "validation"):
        line = sorted(
            (row["x"], row["log10_theory"])
            for row in rows
            if row["kind"] == name and not row["paths"]
        )
        k = min(range(len(line)), key=lambda k: line[k][1])
        x = best[name, SEED]["x"]
        assert line[k - 1][0] < x < line[k + 1][0], (
            f"the best step on the {name} loss, {x}, is not where it is least"
        )
    for (name, draw), row in best.items():
        assert off(row) < 1e-9, (
            f"the held-out loss of draw {draw} at the best step on the {name} loss"
        )
        assert row["log10_theory"] >= best["validation", draw]["log10_theory"], (
            f"draw {draw}: not best on held-out"
        )
        assert name == "train" or row["log10_theory"] < 0, (
            f"draw {draw}: held-out patients do not beat w = 0"
        )
    worse = [row["log10_theory"] > 0 for row in choices if row["kind"] == "train"]
    assert sum(worse) > 0.8 * len(worse), (
        f"{sum(worse)} of {len(worse)} draws tuned on the training loss lose to w = 0"
    )


def check_best(rows: Rows) -> None:
    """Exact minimisers against their laws."""
    for row in rows:
        slack = {"isotropic": 1e-9, "gd": 0.45 / row["T"]}.get(row["kind"], 10 / row["T"])
        if row["T"] > 1000 or row["kind"] in ("isotropic", "gd"):
            gap = off(row, "measured", "law")
            assert gap < slack, (
                f"{row['kind']}, T = {row['T']}: the best step is off its law by a factor "
                f"10^{gap:.2g}"
            )


def off(row: dict[str, Any], one: str = "measured", other: str = "theory") -> float:
    """Distance of two columns in decades."""
    return float(abs(row[f"log10_{one}"] - row[f"log10_{other}"]))


# draw
def draw(rows: Rows) -> Any:
    """The loss, slopes without and with noise, the patients, the best step size."""
    from experiments.sgd import panels
    from quadmeta import plotting as p

    fig, axes = p.figure(height=7.0, rows=3, columns=2, height_ratios=[1.25, 1, 1])
    for ax in axes[0]:
        ax.remove()
    top = fig.add_subplot(axes[0, 0].get_gridspec()[0, :])
    panels.loss(top, rows)
    for ax, sigma in zip(axes[1], (0.0, NOISE), strict=True):
        panels.slope(ax, [row for row in rows if row["part"] == "slope" and row["sigma"] == sigma])
    panels.choice(axes[2, 0], [row for row in rows if row["part"] in ("data", "choice")])
    panels.steps(axes[2, 1], [row for row in rows if row["part"] == "best"])
    for ax, label in zip((top, *axes[1], *axes[2]), "abcde", strict=True):
        p.panel_label(ax, label)
    return fig
