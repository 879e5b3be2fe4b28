"""Meta-gradient descent on the step size: which meta-steps find the best one, and at which speed.

Gradient descent with eta_{k+1} = max(0, eta_k - s G'(eta_k) / sqrt(k)) on the log objective, over random draws of
d = 20, H = X'X, T = 80, eta_1 = 0.1. Source: Wang, Yuan, Wu, Ge 2021, Theorem 4 (second part) and Figure 1.
"""
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

import quadmeta as qm

Array = Any
CAPTION = (
    "Meta-gradient descent with step s/√k on the log objective G, 200 draws of the paper's experiment (d = 20, H = X'X, "
    "T = 80, start 0.1). a: share of draws within 1% of the best step size; the thin line is the share that the explicit "
    "bound on the iteration count guarantees for s = 1/L². As printed (s = 1) no draw arrives, and none does on the naive "
    "objective F. b: the share after 1000 iterations against the meta-step, in its natural unit 1/L² for G and "
    "1/(L|F'(0)|) for F: G tolerates decades, F one lucky value. c: one spectrum (κ = 20, s = 1/L²) from far right: "
    "G' ≈ 2/η first, then the kink's envelope sB/√k, left at k_c ∝ T² for an exponential tail; markers are maxima over "
    "windows of k, the dashed vertical is k_c at T = 100, the thin line is the bound at T = 10⁵.")
SEED = 2021
FULL = {"d": 20, "tasks": 200, "T": 80, "iterations": 10000, "scan": 1000, "multiples": 19, "long": 30000}
SMOKE = {"d": 20, "tasks": 25, "T": 80, "iterations": 800, "scan": 200, "multiples": 7, "long": 2500}
METHODS = ("G, as printed", "G, as in the figure", "G, covariant", "F, as in the figure")
NEAR, START, FAR, SHORT, MIDDLE, LONG = 0.01, 0.1, 8.0, 2, 100, 10**5


def points(d: int, tasks: int, T: int, iterations: int, scan: int, multiples: int, long: int) -> list[dict[str, Any]]:
    """Four descents and Newton over the draws, two scans of the meta-step, three long runs on one spectrum."""
    draws = {"seed": SEED, "d": d, "tasks": tasks, "T": T}
    shares = [{"kind": "share", "method": method, "steps": iterations, **draws} for method in METHODS]
    scans = [{"kind": "scan", "method": name, "steps": scan, "multiples": multiples, **draws} for name in "GF"]
    laws = [{"kind": "law", "method": "G, covariant", "T": steps, "steps": long} for steps in (SHORT, MIDDLE, LONG)]
    return [*shares, {"kind": "newton", "method": "Newton", "steps": 6, **draws}, *scans, *laws]


def measure(kind: str, method: str, steps: int, T: int, **rest: Any) -> list[dict[str, Any]]:
    """Rows of one curve: x is an iteration, a meta-step or a tolerance; theory is the law, or the bound, if any."""
    part = {"share": _share, "newton": _newton, "scan": _scan, "law": _laws}[kind]
    return [{"kind": name, "method": method, "T": T, "x": x, "measured": found, "theory": theory}
            for name, x, found, theory in part(method, steps, T, **rest)]


def _draws(T: int, seed: int, d: int, tasks: int) -> qm.LogObjective:
    return qm.LogObjective(qm.Quadratic.random(d, seed, tasks), qm.GradientDescent(T), pooled=False)


def _descent(log: qm.LogObjective, method: str, start: Array, scale: Array) -> Iterator[Array]:
    """On G, or on F: past the range of float64 F' > 0, so that any step so large ends at 0."""
    if method.startswith("G"):
        yield from qm.meta_descent(log, start, scale)
    naive, eta, k = qm.NaiveObjective(log.problem, log.optimizer, pooled=False), start, 1
    while True:
        yield eta
        slope = naive.gradient(eta)
        eta = np.maximum(0, eta - scale / np.sqrt(k) * slope.sign * np.exp(np.minimum(slope.log, 700)))
        k += 1


def _share(method: str, steps: int, T: int, **draws: int) -> Iterator[tuple[str, float, float, float | None]]:
    log, keep = _draws(T, **draws), set(np.geomspace(1, steps, 60).astype(int).tolist())
    best, L, ready = log.minimizer(), log.problem.L, None
    scale = {"printed": np.ones(L.shape), "figure": np.full(L.shape, 0.01), "covariant": 1 / L**2}[method.split()[-1]]
    last = np.zeros(L.shape, dtype=int)
    if method == "G, covariant":
        spectra = zip(*log.spectrum(), best, scale, strict=True)
        ready = np.array([qm.iteration_bound(qm.LogObjective(qm.Quadratic.from_spectrum(lam, weights=weights), log.optimizer),
                                             START, float(s), NEAR * goal) for lam, weights, goal, s in spectra])
    for k, eta in enumerate(islice(_descent(log, method, np.full(L.shape, START), scale), steps), 1):
        far = np.abs(eta / best - 1) > NEAR
        last[far] = k
        if k in keep:
            yield "share", k, 1 - far.mean(), None if ready is None else float((ready <= k).mean())
    if ready is not None:
        for k in np.geomspace(steps, 1e7, 40)[1:]:
            yield "guarantee", k, None, float((ready <= k).mean())
        yield from (("arrival", draw, int(found), int(bound)) for draw, (found, bound) in enumerate(zip(last, ready)))


def _newton(method: str, steps: int, T: int, **draws: int) -> Iterator[tuple[str, float, float, None]]:
    """On h = log sum_{a<0} |f| - log sum_{a>0} |f|, f = omega lambda a^(2T-1), from 2/(L + mu), which is no tuning."""
    log = _draws(T, **draws)
    (lam, omega), best = log.spectrum(), log.minimizer()
    eta = 2 / (log.problem.L + log.problem.mu)
    for k in range(1, steps + 1):
        yield "share", k, float((np.abs(eta / best - 1) <= NEAR).mean()), None
        a = 1 - eta[:, None] * lam
        terms = np.log(omega * lam) + (2 * T - 1) * np.log(np.abs(a))
        right, left = (np.logaddexp.reduce(np.where(side, terms, -np.inf), axis=-1) for side in (a > 0, a < 0))
        pull = np.exp(terms - np.where(a > 0, right[:, None], left[:, None])) * lam / np.abs(a)
        eta = eta - (left - right) / ((2 * T - 1) * pull.sum(axis=-1))


def _scan(method: str, steps: int, T: int, multiples: int, **draws: int) -> Iterator[tuple[str, float, float, None]]:
    log, sizes = _draws(T, **draws), np.geomspace(1e-2, 1e4, multiples)
    L = log.problem.L
    edge = qm.NaiveObjective(log.problem, log.optimizer, pooled=False).gradient(np.zeros(L.shape))
    unit = 1 / L**2 if method == "G" else np.exp(-edge.log) / L
    eta = next(islice(_descent(log, method, np.full((multiples, *L.shape), START), sizes[:, None] * unit), steps, None))
    near = np.abs(eta / log.minimizer() - 1) <= NEAR
    yield from (("scan", size, float(share), None) for size, share in zip(sizes, near.mean(axis=-1), strict=True))


def _laws(method: str, steps: int, T: int) -> Iterator[tuple[str, float, float | None, float]]:
    """Windows of k against the three laws; then the last k with an error above epsilon against the bound."""
    log = qm.LogObjective(qm.Quadratic.from_spectrum(np.geomspace(0.05, 1, 10), weights=np.full(10, 0.1)),
                          qm.GradientDescent(T))
    best, bound, curvature = log.minimizer(), log.gradient_bound(), log.curvature(log.minimizer())
    errors = np.array([abs(eta - best) for eta in islice(qm.meta_descent(log, FAR, 1.0), steps)])
    edges = np.unique(np.geomspace(1, steps, 60).astype(int))
    tail = None
    for first, last in zip(edges, edges[1:], strict=False):
        k, found = int(first), float(errors[first - 1:last - 1].max())
        right = FAR**2 - 8 * np.sqrt(k)
        if right > (best + bound / np.sqrt(k)) ** 2:
            yield "far right", k, found, float(np.sqrt(right) - best)
        elif curvature < 2 or k > curvature**2:
            if found > 1e-11:
                tail = tail or (np.sqrt(k), found)
                yield "tail", k, found, float(tail[1] * np.exp(-2 * curvature * (np.sqrt(k) - tail[0])))
        else:
            yield "kink", k, found, float(bound / np.sqrt(k))
    yield "k_c", (curvature / 2) ** 2, None, float(bound / (curvature / 2))
    for epsilon in np.geomspace(1, 0.02, 12):
        enough = qm.iteration_bound(log, FAR, 1.0, epsilon)
        yield "last", epsilon, int(np.flatnonzero(errors > epsilon).max()) + 1 if enough <= steps else None, enough
