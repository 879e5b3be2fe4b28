"""Random problems on which advice is tried, and the search over every estimator and parameter."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import quadmeta as qm


@dataclass(frozen=True)
class Try:
    """A question put to ``advise``, and what of it can be measured."""

    outer: qm.OuterLoss
    alpha: Any
    options: dict[str, Any]

    def advice(self) -> qm.Advice:
        """The answer."""
        return qm.advise(self.outer, self.alpha, **self.options)

    def measured(self, estimator: qm.Estimator, start: Any = None) -> float:
        """Error of an estimate relative to ||J|| ||x||, as the answer means it; ``start`` for the
        target "implicit".
        """
        found = qm.hypergradient(self.outer, self.alpha, estimator, start=start).value
        inner = self.outer.problem.at(self.alpha)
        w = self.outer.trained(self.alpha, start)
        g = self.outer.problem.outer_gradient(w, self.alpha)
        lam, Q = np.linalg.eigh(inner.H)
        modes = Q.T @ inner.matrix(g)
        if self.options["target"] == "implicit":
            exact = self.outer.implicit(self.alpha)
            x = np.linalg.norm(modes / lam[:, None])
            J = np.linalg.norm(inner.jacobian(w), 2)
        else:
            exact = self.outer.gradient(self.alpha)
            T, eta = self.outer.optimizer.steps, self.outer.step_size
            x = np.linalg.norm(qm.filters.unrolled(lam, eta, T)[:, None] * modes)
            # some of the states: a largest J that is too small makes the error look larger
            states = list(
                self.outer.optimizer.run(
                    inner.gradient, self.outer.problem.start_of(self.alpha), eta
                )
            )
            J = max(np.linalg.norm(inner.jacobian(states[t]), 2) for t in {0, T // 2, T - 1})
        off = np.linalg.norm(found - exact)
        if off == 0:
            return 0.0
        return float(off / (J * x))


def drawn(seed: int) -> Try:
    """A problem of one of three families and a question about it."""
    rng = np.random.default_rng(seed)
    kappa = 10 ** rng.uniform(0, 3)
    P = int(10 ** rng.uniform(0, 2))
    kind = ("ridge", "cleaning", "coupled")[seed % 3]
    if kind == "coupled":
        lam = spectrum(P, kappa, rng)
        problem: Any = qm.Coupled.random(lam, h=int(rng.integers(1, 4)), seed=seed)
        alpha = rng.standard_normal(problem.hyperparameters)
    else:
        d = min(P, 8)
        n = d + int(rng.integers(1, 4))
        X = rng.standard_normal((n, d)) * np.geomspace(1, kappa**-0.5, d)
        train = X, rng.standard_normal(n)
        held_out = rng.standard_normal((5, d)), rng.standard_normal(5)
        if kind == "ridge":
            problem, alpha = qm.Ridge(train, held_out), np.array([0.01 + rng.random()])
        else:
            problem, alpha = qm.DataCleaning(train, held_out), rng.standard_normal(n)
    L = 2 / problem.at(alpha).largest_step_size()
    steps = int(10 ** rng.uniform(0, 3.3))
    step_size = rng.choice([1.0, rng.uniform(0.1, 1.95)]) / L
    outer = qm.OuterLoss(problem, qm.GradientDescent(steps=steps, step_size=step_size))
    options: dict[str, Any] = {
        "error": 10 ** rng.uniform(-8, -0.05),
        "target": ("implicit", "unrolled")[seed % 2],
    }
    if rng.random() < 0.3:
        options["memory"] = int(rng.integers(3, 200))
    if rng.random() < 0.3:
        lam = problem.at(alpha).eigen[0]
        options |= {"low": lam[0] * rng.uniform(0.3, 1 - 1e-9), "high": lam[-1] * (1 + 1e-9)}
    return Try(outer, alpha, options)


def spectrum(P: int, kappa: float, rng: np.random.Generator) -> Any:
    """Geometric, clustered at both ends, or with a few large ones, from 1 / kappa to 1."""
    shape = rng.integers(3)
    if shape == 0:
        return np.geomspace(1 / kappa, 1, P)
    if shape == 1:
        return rng.choice([1 / kappa, 1.0], P)
    small = rng.uniform(1 / kappa, min(1.0, 10 / kappa), P)
    small[: max(1, P // 10)] = 1.0
    return small
