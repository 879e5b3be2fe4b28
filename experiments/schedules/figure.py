"""Tuning a whole schedule has no bad minima, only saddles, and its minimum is that of conjugate
gradients.

One step size a step, p_T(lambda) = prod_t (1 - eta_t lambda), F = sum_i omega_i p_T(lambda_i)^2.
Where two steps agree, a stationary point is a strict saddle; the best constant schedule is one of
Morse index T - 1, and symmetry keeps descent from a constant start on it. Otherwise it is the
global minimum: 1/eta_t are the Ritz values and F = 1 / K_T(0, 0), K_T the sum of the squared
orthonormal polynomials of omega. Chebyshev's steps are the best on an instance of their own only.
Steps rounded to relative errors of variance v add about v/2 sum_t eta_t^2 F_tt. Heavy ball and
Nesterov have many minima and, at the usual tunings, G' ~ T (pi_L L - pi_mu mu) / (3 sqrt beta) and
-T mu L / (3 (L - mu)).

Source: derived; Young 1953, Lebedev and Finogenov 1971, Polyak 1964; digits: scikit-learn.
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
from scipy.optimize import minimize

import quadmeta as qm
from experiments.schedules.krylov import conjugate_gradients, least, log10_loss, ritz, start_loss
from quadmeta._extras import require
from quadmeta.training import schedules

Rows = list[dict[str, Any]]
# relative, of the steps of a start
SPREAD = {"constant": 0.0, "plain, constant": 0.0, "nearly constant": 1e-3}
PLAIN = 10.0  # scale of plain descent
MOMENTUM = 0.7
# mean square of the relative rounding error of float64, mantissas evenly spread in log
LAST_BIT = 2.0**-106 / 3 * 0.54

# settings
CAPTION = (
    r"One step size for each of $T$ steps. (a) Descent of $G$ over schedules on digits "
    r"($\kappa=146$, $T=8$): filled, BFGS, from random starts and from one that is constant up to "
    r"$10^{-3}$; open, plain meta-gradient descent. (b) Learned steps as $1/(\eta_tL)$ (circles) "
    r"on the Ritz values of conjugate gradients (bars); Chebyshev's steps below (crosses). (c) "
    r"Loss of runs (markers) against closed forms (lines) on digits. Open circles: the best "
    r"schedule with its steps rounded to float64, and the predicted effect (dotted); conjugate "
    r"gradients lose their orthogonality more gently. (d) Error of the computed $w_T$ with "
    r"Chebyshev's steps in four orders ($w_*=0$, unit start), against $2^{-53}$ times the growth "
    r"of partial products (lines). (e) One step size, $T=12$, $\lambda=1,3,5,7,9$: with momentum, "
    r"$\beta=0.7$, there are many minima. (f) There $|G'|$ at the usual tunings grows like $T$ "
    r"(lines); the largest $|G'|$ of gradient descent stays below its bound (thin)."
)
SEED = 3
FULL: dict[str, Any] = {
    "T": 8,
    "random": 3,
    "plain": 1000,
    "horizons": [1, 2, 4, 6, 8, 12, 16, 20, 22, 23, 24, 25, 28, 32],
    "orders": [4, 8, 16, 32, 64, 128],
    "grid": 1200,
    "ripple": 12,
    "slopes": [1, 3, 10, 30, 100, 300, 1000],
}
SMOKE: dict[str, Any] = FULL | {
    "random": 1,
    "plain": 300,
    "horizons": [1, 8, 16, 32],
    "slopes": [1, 10, 1000],
}


def points(
    T: int,
    random: int,
    plain: int,
    horizons: list[int],
    orders: list[int],
    grid: int,
    ripple: int,
    slopes: list[int],
) -> list[dict[str, Any]]:
    """Starts, problems, methods at each T, orders at each T, landscapes, slopes."""
    starts = [*SPREAD, *(f"random {k}" for k in range(random)), "plain, random"]
    found = [{"part": "descent", "kind": kind, "T": T, "size": plain} for kind in starts]
    found += [
        {"part": "root", "kind": kind, "T": T} for kind in ("chebyshev", "geometric", "digits")
    ]
    found += [
        {"part": "horizon", "kind": kind, "T": n} for n in reversed(horizons) for kind in METHODS
    ]
    found += [{"part": "order", "kind": kind, "T": n} for kind in ORDERS for n in orders]
    found += [{"part": "ripple", "kind": kind, "T": ripple, "size": grid} for kind in RIPPLES]
    found += [
        {"part": "slope", "kind": kind, "T": n}
        for kind in RIPPLES
        for n in slopes
        if n >= 10 or kind == "gradient descent"
    ]  # the law is that of large T
    return [{"size": 0, "seed": SEED} | point for point in found]


# compute
def measure(part: str, kind: str, T: int, size: int, seed: int) -> Rows:
    """Rows of one part, with the same columns in each."""
    find: dict[str, Callable[..., Any]] = {
        "descent": descent,
        "root": roots,
        "horizon": horizon,
        "order": rounding,
        "ripple": ripples,
        "slope": slope,
    }
    columns = ("x", "measured", "theory", "other", "index")
    return [
        {"part": part, "kind": kind, "T": T} | dict(zip(columns, row, strict=True))
        for row in find[part](kind, T, size, seed)
    ]


def instance(kind: str) -> qm.Quadratic:
    """Least squares on digits, Chebyshev's instance, or equal errors on a geometric spectrum."""
    if kind == "chebyshev":
        found = schedules.chebyshev_instance(0.01, 1.0, 24)
        return qm.Quadratic.from_spectrum(found.eigenvalues, weights=found.weights)
    if kind == "geometric":
        return qm.Quadratic.from_spectrum(qm.spectra.geometric(0.01, 1.0, 24), error=np.ones(24))
    datasets = require("sklearn.datasets", "data", "the real data of schedules")
    X, y = datasets.load_digits(return_X_y=True)
    X = X[:, X.std(axis=0) > 0]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = y - y.mean()
    return qm.Quadratic.from_design(X, y)


def descent(kind: str, T: int, size: int, seed: int) -> Any:
    """Iterations, log10 loss, where it has to end, and the Morse index at the end."""
    problem = instance("digits")
    objective = qm.LogObjective(problem, qm.Schedule(T))
    unit = start_loss(problem)
    best = qm.LogObjective(problem, qm.GradientDescent(T))
    rng = np.random.default_rng([seed, len(kind), *kind.encode()])
    noise = rng.uniform(-1, 1, T)
    start = best.minimizer() / 2 * (1 + SPREAD[kind] * noise if kind in SPREAD else 2 + 1.9 * noise)
    if kind.startswith("plain"):
        path = list(islice(qm.meta_descent(objective, start, PLAIN / problem.L**2), size))
    else:
        path = [start]
        minimize(
            objective,
            start,
            jac=objective.gradient,
            method="BFGS",
            callback=lambda x: path.append(x.copy()),
            options={"gtol": 1e-10 * problem.L},
        )
    if SPREAD.get(kind) == 0:
        level = T * best(best.minimizer()) / np.log(10) - unit
    else:
        level = least(problem, T)
    for k in np.unique(np.geomspace(1, len(path), 40).round().astype(int)):
        if k == len(path):
            index = int((np.linalg.eigvalsh(objective.curvature(path[k - 1])) < 0).sum())
        else:
            index = None
        yield k, T * objective(path[k - 1]) / np.log(10) - unit, level, None, index


def roots(kind: str, T: int, size: int, seed: int) -> Any:
    """t, the learned 1/(eta_t L), the Ritz value and Chebyshev's root in the same unit, the Morse
    index.
    """
    problem = instance(kind)
    objective = qm.LogObjective(problem, qm.Schedule(T))
    mu, L = (0.01, 1.0) if kind == "chebyshev" else (problem.mu, problem.L)
    start = (
        np.random.default_rng(seed).uniform(0.1, 2, T)
        * qm.LogObjective(problem, qm.GradientDescent(T)).minimizer()
    )
    found = schedules.descend(objective, start)
    eta = found.step_sizes
    for _ in range(2):
        eta = eta - np.linalg.solve(objective.curvature(eta), objective.gradient(eta))
    learned = np.sort(1 / eta)
    best = ritz(problem, T)
    for t, row in enumerate(
        zip(learned / L, best / L, np.sort(1 / schedules.chebyshev(mu, L, T)) / L, strict=True)
    ):
        yield t + 1, *row, found.morse_index


METHODS: dict[str, Any] = {
    "constant": qm.GradientDescent,
    "Nesterov": qm.Nesterov,
    "heavy ball": qm.HeavyBall,
    "Chebyshev": None,
    "schedule": None,
    "conjugate gradients": None,
}


def horizon(kind: str, T: int, size: int, seed: int) -> Any:
    """T, log10 loss of the run, of the closed form, and what rounding makes of the best schedule."""
    problem = instance("digits")
    unit = start_loss(problem)
    measured = None
    other = None
    if METHODS[kind]:
        optimizer = METHODS[kind](T)
        objective = qm.LogObjective(problem, optimizer)
        theta = objective.minimizer()
        *_, w = optimizer.run(problem.gradient, problem.start, theta)
        measured = log10_loss(problem, w)
        theory = T * objective(theta) / np.log(10) - unit
    elif kind == "conjugate gradients":
        measured = log10_loss(problem, conjugate_gradients(problem, T))
        theory = least(problem, T)
    else:
        objective = qm.LogObjective(problem, qm.Schedule(T))
        if kind == "Chebyshev":
            eta = schedules.chebyshev(problem.mu, problem.L, T)
            theory = T * objective(eta) / np.log(10) - unit
            if T & (T - 1) == 0:
                *_, w = qm.Schedule(T).run(
                    problem.gradient, problem.start, eta[schedules.lebedev_finogenov(T)]
                )
                measured = log10_loss(problem, w)
        else:
            eta = 1 / ritz(problem, T)
            found = objective.log_loss(eta)
            measured = found.level / np.log(10) - unit
            theory = least(problem, T)
            added = np.log10(LAST_BIT / 2 * (np.diag(found.second) * eta**2).sum()) + measured
            other = float(np.logaddexp2(theory / np.log10(2), added / np.log10(2)) * np.log10(2))
    yield T, measured, theory, other, None


ORDERS: dict[str, Callable[[int, int], Any]] = {
    "rising": lambda T, seed: np.arange(T),
    "falling": lambda T, seed: np.arange(T)[::-1],
    "random": lambda T, seed: np.random.default_rng([seed, T]).permutation(T),
    "Lebedev-Finogenov": lambda T, seed: schedules.lebedev_finogenov(T),
}


def rounding(kind: str, T: int, size: int, seed: int) -> Any:
    """T, log10 error of the computed w_T - w_* over the initial error, log10 of 2^-53 times the
    growth.
    """
    problem = instance("digits")
    ascending = schedules.chebyshev(problem.mu, problem.L, T)
    eta = ascending[ORDERS[kind](T, seed)]
    lam = problem.eigenvalues
    e_0 = problem.basis @ problem.error
    *_, e = qm.Schedule(T).run(lambda e: problem.hessian @ e, e_0, eta)
    exact = (
        qm.Schedule(T).residual(lam, ascending[schedules.lebedev_finogenov(T)])[0] * problem.error
    )
    error = np.linalg.norm(e - problem.basis @ exact) / np.linalg.norm(problem.error)
    yield T, np.log10(error), schedules.growth(eta, lam).log10_abs - 53 * np.log10(2), None, None


RIPPLES: dict[str, Callable[[int, float], Any]] = {
    "gradient descent": lambda T, beta: qm.GradientDescent(T),
    "Nesterov": lambda T, beta: qm.Nesterov(T, momentum=beta),
    "heavy ball": lambda T, beta: qm.HeavyBall(T, momentum=beta),
}


def odd(kind: str, T: int, beta: float) -> Any:
    """The objective of one step size on lambda = 1, 3, 5, 7, 9 with equal weights."""
    problem = qm.Quadratic.from_spectrum(np.arange(1.0, 10, 2), weights=np.ones(5))
    return qm.LogObjective(problem, RIPPLES[kind](T, beta))


def ripples(kind: str, T: int, size: int, seed: int) -> Any:
    """eta L, G by the loop at every thirtieth, G and G' / L in closed form."""
    objective = odd(kind, T, MOMENTUM)
    grid = np.linspace(0, 0.45, size + 1)[1:]
    for k, (eta, G, first) in enumerate(
        zip(grid, objective(grid), objective.gradient(grid), strict=True)
    ):
        yield 9 * eta, objective.definition(eta) if k % 30 == 15 else None, G, first / 9, None


def slope(kind: str, T: int, size: int, seed: int) -> Any:
    """T, |G'| / L in fractions at the usual tuning and its rate; for gradient descent the largest
    and its bound.
    """
    objective = odd(kind, T, 0.5 if kind == "Nesterov" else 0.25)
    if kind == "gradient descent":
        grid = np.linspace(0, 1, 20001)
        yield (
            T,
            np.abs(objective.gradient(grid)).max() / 9,
            objective.gradient_bound() / 9,
            None,
            None,
        )
        return
    eta, rate = (
        (Fraction(1, 4), (0.9 * 9 - 0.1) / 1.5)
        if kind == "heavy ball"
        else (Fraction(1, 9), 9 / 24)
    )
    yield T, abs(float(objective.exactly(eta, 1))) / 9, rate * T / 9, None, None


def check(rows: Rows) -> None:
    """Where each descent ends, the learned steps, every loss at every T, the orders, the
    landscapes and the slopes.
    """
    of = {
        part: [row for row in rows if row["part"] == part]
        for part in ("descent", "root", "horizon", "order", "ripple", "slope")
    }
    floor = min(row["theory"] for row in of["descent"])
    for row in (row for row in of["descent"] if row["index"] is not None):
        kind = row["kind"]
        off = row["measured"] - row["theory"]
        if kind == "plain, random":
            assert off > 0.1, f"plain descent has arrived: {off:.3g} decades above the minimum"
        else:
            assert abs(off) < 1e-9, (
                f"{kind}: descent ends {off:.3g} decades off its stationary point"
            )
            if kind.endswith("constant") and not kind.startswith("nearly"):
                want = row["T"] - 1
            else:
                want = 0
            assert row["index"] == want, f"{kind}: Morse index {row['index']} instead of {want}"
            assert want == 0 or row["theory"] > floor + 0.5, (
                f"{kind}: the saddle is no worse than the minimum"
            )
    assert min(row["measured"] for row in of["descent"]) > floor - 1e-9, (
        "a schedule beats conjugate gradients"
    )
    for kind in {row["kind"] for row in of["root"]}:
        own = [row for row in of["root"] if row["kind"] == kind]
        assert all(
            abs(row["measured"] / row["theory"] - 1) < 1e-9 and row["index"] == 0 for row in own
        ), f"{kind}: learned steps are not the inverse Ritz values"
        away = max(abs(row["other"] / row["theory"] - 1) for row in own)
        assert away < 1e-12 if kind == "chebyshev" else away > 0.3, (
            f"{kind}: Chebyshev's are {away:.3g} away"
        )
    check_horizons(of["horizon"])
    for row in of["order"]:
        where = f"{row['kind']} order, T = {row['T']}"
        assert -4 < row["measured"] - row["theory"] < 1, f"error against growth: {where}"
        good = row["kind"] == "Lebedev-Finogenov"
        assert not good or row["measured"] < -14, f"error of 10^{row['measured']:.3g}: {where}"
    most = max(row["T"] for row in of["order"])
    longest = {row["kind"]: row["measured"] for row in of["order"] if row["T"] == most}
    assert min(longest["rising"], longest["falling"]) > 30 and -12 < longest["random"] < 0, (
        f"orders: {longest}"
    )
    for row in of["ripple"]:
        assert row["measured"] is None or abs(row["measured"] - row["theory"]) < 1e-12, (
            f"unrolled G and closed form: {row['kind']}, eta L = {row['x']}"
        )
    found = minima(rows)
    assert found["gradient descent"] == 1 < found["Nesterov"] < found["heavy ball"], (
        f"local minima: {found}"
    )
    check_slopes(of["slope"])


def check_horizons(rows: Rows) -> None:
    """Runs against closed forms, conjugate gradients least of all, the predicted loss of digits."""
    theory = {(row["kind"], row["T"]): row["theory"] for row in rows}
    for row in rows:
        kind = row["kind"]
        T = row["T"]
        where = f"{row['kind']}, T = {row['T']}"
        best = theory["conjugate gradients", T]
        assert row["theory"] > best - 1e-9, f"below the least loss: {where}"
        if row["measured"] is None:
            off = 0.0
        else:
            off = row["measured"] - row["theory"]
        if kind in ("schedule", "conjugate gradients") and T > 16:
            assert -1e-9 < off, f"below the least loss: {where}"
        else:
            assert abs(off) < 1e-9, f"run and closed form: {where}"
        if kind == "schedule" and row["other"] > row["theory"] + 1e-3:
            ratio = (10 ** row["measured"] - 10 ** row["theory"]) / (
                10 ** row["other"] - 10 ** row["theory"]
            )
            assert 1e-3 < ratio < 10, (
                f"rounded steps add {ratio:.3g} times what is predicted: {where}"
            )
        if kind in ("Nesterov", "heavy ball"):
            gain = theory["constant", T] - row["theory"]
            assert gain > (-1e-9 if T == 1 else 0.05), f"momentum does not help: {where}"
        if kind == "Chebyshev":
            assert (row["theory"] < theory["constant", T]) == (T > 14), (
                f"Chebyshev against a constant step: {where}"
            )
    longest = max(row["T"] for row in rows)
    lost = [
        row["measured"] - row["theory"]
        for row in rows
        if row["kind"] == "schedule" and row["T"] == longest
    ]
    assert lost[0] > 2, f"rounding the best {longest} steps costs only {lost[0]:.3g} decades"


def check_slopes(rows: Rows) -> None:
    """Gradient descent within its bound, which is tight; momentum on its linear law."""
    longest = max(row["T"] for row in rows)
    for row in rows:
        ratio = row["measured"] / row["theory"]
        where = f"{row['kind']}, T = {row['T']}: {row['measured']:.6g}"
        if row["kind"] == "gradient descent":
            assert ratio <= 1 and (row["T"] > 1 or abs(ratio - 0.5) < 1e-6), f"bound of {where}"
            assert row["T"] < longest or ratio > 0.95, f"the bound is loose for {where}"
        else:
            assert abs(row["measured"] - row["theory"]) < 1, f"linear law of {where}"
            assert row["T"] < longest or row["measured"] > 4, f"no growth of {where}"


def minima(rows: Rows) -> dict[str, int]:
    """The number of local minima of each landscape: G' changes from - to +."""
    sign = {
        kind: np.sign(
            [row["other"] for row in rows if (row["part"], row["kind"]) == ("ripple", kind)]
        )
        for kind in RIPPLES
    }
    return {kind: int(((s[:-1] < 0) & (s[1:] > 0)).sum()) for kind, s in sign.items()}


# draw
def draw(rows: Rows) -> Any:
    """Descents, learned steps, losses, orders, landscapes, slopes."""
    from experiments.schedules import panels
    from quadmeta import plotting as p

    fig, axes = p.figure(height=4.9, rows=2, columns=3)
    for ax, panel in zip(
        axes.ravel(), (panels.descents, panels.roots, panels.horizons, panels.orders), strict=False
    ):
        panel(ax, rows)
    panels.ripples(axes[1, 1], rows, minima(rows))
    panels.slopes(axes[1, 2], rows)
    for ax, label in zip(axes.ravel(), "abcdef", strict=True):
        ax.minorticks_off()
        p.panel_label(ax, label)
    return fig
