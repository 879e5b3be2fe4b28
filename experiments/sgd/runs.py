"""Streaming regression of the figure on SGD, its moments of second and fourth order, and
independent runs.
"""

from itertools import combinations_with_replacement, product
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.shared.tables import Rows
from quadmeta._extras import dataset

D = 4
KAPPA = 10.0


def streaming(sigma: float) -> tuple[qm.StreamingGaussian, Any, Any]:
    """The problem of F = 1 at the start, its eigenvalues and errors."""
    lam = qm.spectra.geometric(1 / KAPPA, 1.0, D)
    error = np.full(D, np.sqrt(2 / lam.sum()))
    return qm.StreamingGaussian.from_spectrum(lam, error, sigma), lam, error


def transition(lam: Any, eta: float) -> Any:
    """A of v_{t+1} = A v_t + eta^2 sigma^2 lambda."""
    return np.diag(1 - 2 * eta * lam + 2 * eta**2 * lam**2) + eta**2 * np.outer(lam, lam)


def fourth_moment_limit(lam: Any) -> float:
    """The step size at which the moments E e_i^2 e_j^2 of the noise-free error stop contracting,
    to rounding.
    """
    from scipy.optimize import brentq

    z, p = np.polynomial.hermite_e.hermegauss(5)  # exact up to degree 9 in each feature
    x = np.array(list(product(z, repeat=len(lam)))) * np.sqrt(lam)
    chance = np.array(list(product(p / p.sum(), repeat=len(lam)))).prod(axis=1)
    i, j = np.array(list(combinations_with_replacement(range(len(lam)), 2))).T
    # any errors that determine the linear map
    e = np.random.default_rng(0).standard_normal((len(i), len(lam)))

    def growth(eta: float) -> float:
        after = e[:, None] - eta * (e @ x.T)[..., None] * x
        old, new = ((v[..., i] * v[..., j]) ** 2 for v in (e, after))
        return float(abs(np.linalg.eigvals(np.linalg.solve(old, chance @ new))).max()) - 1

    high = 2 / (lam.sum() + 2 * (lam**2).sum() / lam.sum())
    return float(brentq(growth, high / 10, high, rtol=1e-14))


def simulated(
    problem: Any, eta: float, horizons: list[int], paths: int, outers: list[Any], seed: int
) -> dict[int, Rows]:
    """{T: mean and standard error of each outer loss} over independent runs, if there are any."""
    found: dict[int, Rows] = {T: [{} for _ in outers] for T in horizons}
    rng = np.random.default_rng([seed, int(1e9 * eta)])
    start = np.broadcast_to(problem.start, (paths, len(problem.start)))
    run = qm.StochasticGradientDescent(max(horizons)).run(
        lambda w: problem.noisy_gradient(w, rng), start, eta
    )
    for T, w in enumerate(run if paths else ()):
        for row, outer in zip(found.get(T, ()), outers, strict=False):
            values = outer(w)
            row |= {
                "log10_measured": np.log10(values.mean()),
                "relative_error": values.std(ddof=1) / np.sqrt(paths) / values.mean(),
            }
    return found


def diabetes(n: int, seed: int) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """(X, y) of n patients and of all others, centred and scaled by the n."""
    X, y = dataset("diabetes", "the real data of sgd")
    order = np.random.default_rng([seed, n]).permutation(len(y))
    own = order[:n]
    rest = order[n:]
    X = (X - X[own].mean(axis=0)) / X[own].std(axis=0)
    y = (y - y[own].mean()) / y[own].std()
    return (X[own], y[own]), (X[rest], y[rest])
