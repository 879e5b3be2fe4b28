"""Rows of each part of the figure on SGD: exact, sampled, and by the moments step by step."""

from typing import Any

import numpy as np

import quadmeta as qm
from experiments.sgd.runs import D, diabetes, fourth_moment_limit, simulated, streaming, transition

NOISE = 0.1
ADDITIVE = 0.4
EMPTY = dict.fromkeys(
    ("draw", "x", "log10_measured", "log10_theory", "log10_law", "relative_error")
)


# step sizes over eta_ms, and the most steps taken, in the panels of slopes
BELOW = 0.9
ABOVE = 1.1
STEPPED = 1000
SEED = 0


def limits(kind: str, xs: list[float], sigma: float, horizons: list[int], paths: int) -> Any:
    """The mean-square limit against where the spectral radius is 1, its bracket, the limit of the
    fourth moments.
    """
    from scipy.optimize import brentq

    problem, lam, _ = streaming(sigma)
    limit = problem.mean_square_limit()
    low, high = problem.mean_square_bounds()
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
