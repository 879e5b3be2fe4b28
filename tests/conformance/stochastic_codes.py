"""Stochastic estimators of a step size in plain numpy, right and with one mistake each.

Each makes n estimates at once from the loss and the gradient that the kit hands over.
"""

import numpy as np


def losses(g, etas):
    """f after every step for step sizes (n, T): (n, T)."""
    w = np.tile(g.w, (len(etas), 1))
    found = []
    for eta in etas.T:
        w = w - eta[:, None] * g.gradient(w)
        found.append(g.loss(w))
    return np.array(found).T


def differences(g, xi, sigma, window):
    """L_n(+xi) - L_n(-xi) at the ends of N windows for perturbations (n, N)."""
    shift = sigma * np.repeat(xi, window, axis=1)
    upper, lower = (losses(g, g.step_size + sign * shift) for sign in (1, -1))
    return (upper - lower)[:, window - 1 :: window]


def es(sigma):
    def draw(g, random, count):
        xi = random.standard_normal((count, 1))
        return xi[:, 0] * differences(g, xi, sigma, g.steps)[:, 0] / (2 * sigma)

    return draw


def one_side(sigma):
    def draw(g, random, count):
        xi = random.standard_normal(count)
        eta = np.repeat((g.step_size + sigma * xi)[:, None], g.steps, axis=1)
        return xi * losses(g, eta)[:, -1] / sigma

    return draw


def weights(xi, how):
    """Of each window."""
    total = np.cumsum(xi, axis=1)
    return {"sum": total, "own": xi, "earlier": total - xi}[how]


def contributions(values, loss):
    """Of each window."""
    if loss == "final":
        return values[:, -1:] * (np.arange(values.shape[1]) == values.shape[1] - 1)
    if loss == "telescoped":
        return np.diff(values, axis=1, prepend=0.0)
    return values


def pes(sigma, window, loss="sum", how="sum", factor=1.0, mean=False):
    def draw(g, random, count):
        if g.steps % window:
            raise ValueError("a window that does not divide")
        xi = random.standard_normal((count, g.steps // window))
        values = contributions(differences(g, xi, sigma, window), loss)
        if mean:
            values = values / values.shape[1]
        return factor * (weights(xi, how) * values).sum(axis=1) / (2 * sigma)

    return draw


def single(sigma, window, loss="sum"):
    def draw(g, random, count):
        xi = np.repeat(random.standard_normal((count, 1)), g.steps // window, axis=1)
        values = contributions(differences(g, xi, sigma, window), loss)
        return xi[:, 0] * values.sum(axis=1) / (2 * sigma)

    return draw


def averaged(code, times=2):
    def draw(g, random, count):
        return sum(code(g, random, count) for _ in range(times)) / times

    return draw


def scaled(code, factor):
    return lambda g, random, count: factor * code(g, random, count)


def exact(g, random, count):
    return np.full(count, g.objective.gradient(g.theta).to_float())
