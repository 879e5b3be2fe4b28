"""Rows of each part of the figure on inverse Hessians: what is seen, the worst spectrum, real data,
the surrogate of many steps.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

import quadmeta as qm
from quadmeta._extras import dataset
from quadmeta._types import Array
from quadmeta.theory import filters

RIDGE = 1e-3
FEATURES = 160
SAMPLES = 400
RANK = 16  # of the sketch that preconditions
ERROR = 1e-4  # that the surrogate is to reach


@cache
def digits(seed: int, ridge: float) -> qm.DataCleaning:
    """Is a digit odd? 160 random cosine features of 400 images, one weight a training image."""
    X, digit = dataset("digits", "the real data of inverse_hessians")
    rng = np.random.default_rng(seed)
    frequencies = rng.standard_normal((X.shape[1], FEATURES)) / 2.5
    phases = rng.uniform(0, 2 * np.pi, FEATURES)
    features = np.sqrt(2 / FEATURES) * np.cos(X / 16 @ frequencies + phases)
    sign = (digit % 2) * 2.0 - 1
    rows = rng.permutation(len(X))
    train, held_out = rows[:SAMPLES], rows[SAMPLES : 2 * SAMPLES]
    return qm.DataCleaning(
        train=(features[train], sign[train]),
        validation=(features[held_out], sign[held_out]),
        rho=ridge,
    )


def spectrum(seed: int) -> Array:
    """Eigenvalues of the inner Hessian on digits, rising."""
    problem = digits(seed, RIDGE)
    values: Array = problem.at(np.zeros(problem.hyperparameters)).spectrum[0]
    return values


def heavy_ball(low: float, high: float) -> tuple[float, float]:
    """(step size, momentum) that are best for a long run."""
    a, b = low**0.5, high**0.5
    return 4 / (a + b) ** 2, ((b - a) / (b + a)) ** 2


def methods(N: int, lam: Array) -> dict[str, tuple[Any, Any]]:
    """(estimator, optimizer) of polynomials of degree N - 1 in H, and a sketch of rank N - 1; the
    step of gradient descent is the best one.
    """
    low, high = float(lam.min()), float(lam.max())
    best = qm.GradientDescent(N, 2 / (low + high))
    return {
        "one step": (qm.OneStep(), best),
        "Neumann": (qm.Neumann(N - 1), best),
        "heavy ball": (qm.Reverse(), qm.HeavyBall(N, *heavy_ball(low, high))),
        "Nystrom": (qm.NystromInverse(max(N - 1, 1), low, sketch="gaussian"), best),
        "Chebyshev": (qm.ChebyshevInverse(N, low, high), best),
    }


def residual(name: str, N: int, x: Any, lam: Array) -> Any:
    """1 - x f(x) of a polynomial on the interval of a spectrum, in closed form."""
    low, high = float(lam.min()), float(lam.max())
    if name == "Chebyshev":
        return filters.chebyshev_residual(x, low, high, N)
    if name == "heavy ball":
        return filters.momentum_residual(x, *heavy_ball(low, high), N)
    if name == "one step":
        return filters.neumann_residual(x, 2 / (low + high), 0)
    return filters.neumann_residual(x, 2 / (low + high), N - 1)


def directions(lam: Array, Q: Array, right: Array, pair: tuple[Any, Any]) -> Any:
    """The estimate Q f(lambda) Q' g for g = Q ``right``, run from w_0 = w_* = 0, J = -I."""
    P = len(lam)
    H = Q * lam @ Q.T
    problem = qm.Coupled((H + H.T) / 2, np.eye(P), np.zeros(P), np.zeros((P, P)), -Q @ right)
    estimator, optimizer = pair
    return qm.hypergradient(qm.OuterLoss(problem, optimizer), np.zeros(P), estimator)


def seen(name: str, seed: int, N: int) -> Iterator[dict[str, Any]]:
    """|1 - lambda f(lambda)| along the interval, and by estimates on eigenvectors of it."""
    lam = spectrum(seed)
    P = len(lam)
    if name == "Nystrom":
        grid = lam
        curve = filters.nystrom_residual(lam, N - 1, lam[0])
    else:
        grid = np.geomspace(lam[0], lam[-1], 400)
        curve = residual(name, N, grid, lam)
    for x, y in zip(grid, curve, strict=True):
        yield {"x": float(x), "theory": abs(float(y))}
    Q = qm.spectra.rotation(P, np.random.default_rng(seed))
    pair = methods(N, lam)[name]
    theory = curve
    if name != "Nystrom":
        theory = residual(name, N, lam, lam)
    places = np.linspace(np.log(lam[0]), np.log(lam[-1]), 14)
    for i in np.unique(np.searchsorted(np.log(lam), places).clip(0, P - 1)):
        unit = np.zeros(P)
        unit[i] = 1.0
        found = directions(lam, Q, unit, pair)
        measured = 1 - lam[i] * (Q.T @ found.value)[i]
        spent = found.hvps
        yield {
            "x": float(lam[i]),
            "spent": spent,
            "measured": abs(float(measured)),
            "theory": abs(float(theory[i])),
        }


def worst(name: str, seed: int, N: int) -> Iterator[dict[str, Any]]:
    """The largest error over spectra in [1/100, 1] after N products, and on one of them by
    estimates.
    """
    low, high = 0.01, 1.0
    extreme, squares = filters.minimax_instance(low, high, N)
    bound = float(filters.minimax(low, high, N))
    if name == "conjugate gradients":
        # in the norm sqrt(x'Hx)
        v = np.sqrt(squares)
        budget = qm.ConjugateGradient(N + 1)
        x = directions(extreme, np.eye(N + 1), v, (budget, qm.GradientDescent(1, 1.0))).value
        size = (squares / extreme).sum()
        measured = float(np.sqrt((extreme * (x - v / extreme) ** 2).sum() / size))
        yield {"x": N, "measured": measured, "theory": bound, "other": bound}
        return
    if name == "Nystrom":
        # more eigenvalues at the end than the sketch can see, and the best shift for them
        lam = np.full(N + 1, high)
        pair = (qm.NystromInverse(max(N - 1, 1), (low + high) / 2), qm.GradientDescent(1, 1.0))
        curve = (high - low) / (high + low)
    else:
        lam = np.unique(np.r_[extreme, np.geomspace(low, high, 300)])
        pair = methods(N, np.array([low, high]))[name]
        curve = float(np.abs(residual(name, N, lam, lam)).max())
    found = directions(lam, np.eye(len(lam)), lam, pair).value
    measured = float(np.abs(1 - found).max())
    yield {"x": N, "measured": measured, "theory": float(curve), "other": bound}


def ladder(N: int, lam: Array) -> dict[str, tuple[Any, Callable[[Array], Array]]]:
    """Estimators on N products in all, and x = f(H) g of each in the eigenbasis."""
    low, high = float(lam[0]), float(lam[-1])
    rank = N - 1
    nu = 2 / (low + high)
    shift = float(lam[-N] + low) / 2
    found: dict[str, tuple[Any, Callable[[Array], Array]]] = {
        "one step": (qm.OneStep(), lambda g: nu * g),
        "Neumann": (qm.Neumann(N - 1), lambda g: filters.neumann(lam, nu, N - 1) * g),
        "Chebyshev": (
            qm.ChebyshevInverse(N),
            lambda g: filters.chebyshev(lam, low, high, N) * g,
        ),
    }
    if N >= 2:
        found |= {
            "conjugate gradients": (
                qm.ConjugateGradient(N),
                lambda g: filters.conjugate_gradients(lam, g, N - 1),
            ),
            "Nystrom": (
                qm.NystromInverse(rank, RIDGE, sketch="gaussian"),
                lambda g: filters.nystrom(lam, rank, RIDGE) * g,
            ),
            "Nystrom, best shift": (
                qm.NystromInverse(rank, shift, sketch="gaussian"),
                lambda g: filters.nystrom(lam, rank, shift) * g,
            ),
        }
    if N >= RANK + 2:
        estimator = qm.NystromConjugateGradient(RANK, N, sketch="gaussian")
        found["Nystrom and CG"] = (
            estimator,
            lambda g: filters.preconditioned(lam, g, estimator.iterations, RANK, 0.0),
        )
    return found


def real(name: str, seed: int, N: int) -> Iterator[dict[str, Any]]:
    """Relative error of the hypergradient at w_* on digits, by estimates and by the filters."""
    problem = digits(seed, RIDGE)
    alpha = np.zeros(problem.hyperparameters)
    inner = problem.at(alpha)
    lam, Q = inner.spectrum
    w = inner.minimizer.ravel()
    J = inner.jacobian(w) @ Q
    g = Q.T @ problem.outer_gradient(w)
    exact = -J @ (g / lam)
    size = np.linalg.norm(exact)
    loss = qm.OuterLoss(problem, qm.GradientDescent(1, 2 / (lam[0] + lam[-1])))
    for one, (estimator, apply) in ladder(N, lam).items():
        found = qm.hypergradient(loss, alpha, estimator, start=w)
        cost = estimator.cost(1, problem.hyperparameters, len(lam))
        yield {
            "name": one,
            "x": N,
            "spent": found.jvps,
            "published": cost["hvps"] + cost["mixed"],
            "measured": float(np.linalg.norm(found.value - exact) / size),
            "theory": float(np.linalg.norm(-J @ apply(g) - exact) / size),
            "other": float(filters.minimax(lam[0], lam[-1], N)),
        }


def steps(name: str, seed: int, T: int) -> Iterator[dict[str, Any]]:
    """Products that reach an error of 1e-4 of the hypergradient unrolled through T steps on digits
    without a ridge, and what the theory says.
    """
    problem = digits(seed, 0.0)
    alpha = np.zeros(problem.hyperparameters)
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1 / _largest(problem, alpha)))
    exact = loss.gradient(alpha)
    tried: dict[str, Callable[[int], Any]] = {
        "surrogate": qm.Surrogate,
        "truncated": lambda K: qm.Truncated(K + 1),
    }

    def enough(K: int) -> bool:
        found = qm.hypergradient(loss, alpha, tried[name](K)).value
        return bool(np.linalg.norm(found - exact) <= ERROR * np.linalg.norm(exact))

    if name == "reverse":
        yield {"x": T, "measured": 2 * T - 1, "theory": 2 * T - 1}
        return
    low, high = -1, T - 1
    while high - low > 1:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle
    degree = int(np.ceil(np.sqrt(2 * (T - 1) * np.log(2 / ERROR))))
    bound = 2 * min(degree, T - 1) + 1
    yield {"x": T, "measured": 2 * high + 1, "theory": bound if name == "surrogate" else 2 * T - 1}


def _largest(problem: qm.DataCleaning, alpha: Array) -> float:
    """The largest eigenvalue of the inner Hessian."""
    return float(problem.at(alpha).eigen[0][-1])
