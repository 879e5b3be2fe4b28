"""Rows of each part of the figure on when auxiliary tasks help, with their closed forms."""

from typing import Any

import numpy as np

import quadmeta as qm
from quadmeta.theory.task_risk import SharedInputs, variance
from quadmeta.training.auxiliary import grid_search, joint_training
from quadmeta.training.optimal_weights import simplex_minimum

D = 10
N = 30
TASKS = {"A": (0.2, 0.3), "B": (1.3, 0.25), "C": (2.3, 1.0)}  # Delta / sqrt V_0, sigma_1 / sigma_0
TOTAL = 60
SIGMA = [1.0, 0.5, 0.5, 0.5]
DELTA = [0.2, 0.6, 1.2]
REAL: dict[str, dict[str, Any]] = {
    "diabetes": {"main": 20, "held": 40, "grid": 3},
    "digits": {"main": 60, "held": 60, "grid": 2},
}
PRODUCTS = 9
STEPS = 100


def drawn(kind: str, x: float, y: float, count: int, seed: int) -> Any:
    """Realised pairs of tasks at Delta = x sqrt V_0, sigma_1 = y."""
    V = float(variance(N, D, 1.0))
    for k in range(count):
        yield qm.AuxiliaryTasks.draw(
            D, N, [1.0, y], [x * V**0.5], seed + k, shared=kind == "shared"
        )


def risk(problem: Any, w: Any) -> float:
    """(w - truth)' Sigma (w - truth), from the population loss of the main task at sigma_0 = 1."""
    return float(2 * problem.outer(w) - 1)


def own() -> tuple[float, float]:
    """(a, c) with R = a (1 + sigma_1^2) + c Delta^2 at equal weights of two tasks with n Gaussian
    inputs of their own.

    S = W_0 + W_1, W_k = X_k'X_k, has 2n degrees of freedom: E S^-1 W_k S^-1 = E S^-1 / 2 = I / (2
    (2n - d - 1)), and c = E |S^-1 W_1 e|^2 for a unit vector e. B = S^(-1/2) W_1 S^(-1/2) is
    independent of S, E BMB = alpha M + gamma tr(M) I with alpha + gamma = E B_11^2 = (n + 2) / (4
    (n + 1)), gamma = E B_12^2 = n / (4 (2n - 1) (n + 1)), so that c = alpha + gamma E tr(S)
    tr(S^-1) / d, where E tr(S) S^-1 = (2n d - 2) / (2n - d - 1) I.
    """
    room = 2 * N - D - 1
    gamma = N / (4 * (2 * N - 1) * (N + 1))
    alpha = (N + 2) / (4 * (N + 1)) - gamma
    return D / (2 * room), alpha + gamma * (2 * N * D - 2) / room


def own_border() -> tuple[float, float]:
    """Half-axes (Delta / sqrt V_0, sigma_1) of the ellipse on which R at equal weights is V_0, own
    inputs.
    """
    a, c = own()
    V = float(variance(N, D, 1.0))
    return ((V - a) / (c * V)) ** 0.5, ((V - a) / a) ** 0.5


def equal(kind: str, x: float, y: float, count: int, xs: list[float], seed: int) -> Any:
    """Risk at equal weights over that of the main task alone, means over the same tasks."""
    V = float(variance(N, D, 1.0))
    values = np.array(
        [
            [risk(problem, problem.at([phi]).minimizer) for phi in (1.0, 0.0)]
            for problem in drawn(kind, x, y, count, seed)
        ]
    )
    one, zero = (values / values.mean(axis=0)).T
    ratio = values[:, 0].mean() / values[:, 1].mean()
    a, c = own()
    if kind == "shared":
        theory = (1 + x**2 + y**2) / 4
    else:
        theory = (a * (1 + y**2) + c * x**2 * V) / V
    yield {
        "x": x,
        "y": y,
        "measured": ratio,
        "theory": theory,
        "error": ratio * np.std(one - zero) / count**0.5,
    }


def shares(kind: str, x: float, y: float, count: int, xs: list[float], seed: int) -> Any:
    """Risk over V_0 at shares pi of the auxiliary task."""
    V = variance(np.array([N, N]), D, np.array([1.0, y]))
    closed = SharedInputs(V, [[x**2 * V[0]]])
    values = (
        np.array(
            [
                [risk(problem, problem.at([pi / (1 - pi)]).minimizer) for pi in xs]
                for problem in drawn("shared", x, y, count, seed)
            ]
        )
        / V[0]
    )
    for pi, own_values in zip(xs, values.T, strict=True):
        yield {
            "x": pi,
            "best": 1 / (1 + y**2 + x**2),
            "measured": own_values.mean(),
            "theory": float(closed(np.array([pi / (1 - pi)]))) / V[0],
            "error": own_values.std() / count**0.5,
        }


def split(kind: str, x: float, y: float, count: int, xs: list[float], seed: int) -> Any:
    """Weights of K tasks from n_A = x held-out samples; risks over that of the main task alone on
    all samples.
    """
    held = int(x)
    K = len(DELTA)
    base = float(variance(TOTAL, D, 1.0))
    n = TOTAL - held
    total = variance(np.full(K + 1, TOTAL), D, np.array(SIGMA))
    values: dict[str, list[tuple[float, float]]] = {}
    for k in range(count):
        full = qm.AuxiliaryTasks.draw(D, TOTAL, SIGMA, DELTA, seed + k, shared=True)
        X = full.main[0]
        Y = np.column_stack([full.main[1], *(y for _, y in full.tasks)])
        truth = full.truth
        assert truth is not None  # what was drawn has one
        offsets = truth.offsets
        part = qm.AuxiliaryTasks(
            (X[:n], Y[:n, 0]), [(X[:n], y) for y in Y[:n, 1:].T], (X[n:], Y[n:, 0])
        )
        few, whole = (np.linalg.lstsq(X[:m], Y[:m], rcond=None)[0] for m in (n, TOTAL))
        others = few[:, 1:] - few[:, :1]
        free = np.linalg.lstsq(X[n:] @ others, Y[n:, 0] - X[n:] @ few[:, 0], rcond=None)[0]
        pi = simplex_minimum(part).pi[0]
        closed = SharedInputs(total, offsets[1:] @ offsets[1:].T)
        best = closed.minimizer()
        errors = few - truth.truth[:, None]
        least = 1 / np.linalg.solve(errors.T @ errors, np.ones(K + 1)).sum()
        for name, w, theory in (
            ("alone", few[:, 0], float(variance(n, D, 1.0))),
            ("alone, all", whole[:, 0], base),
            ("equal, all", whole.mean(axis=1), float(closed(np.ones(K)))),
            ("best, all", whole @ np.append(1, best) / (1 + best.sum()), float(closed(best))),
            # affine weights: R_best + (sigma_0^2 + R_best) K / (n_A - K - 1) given the trained
            # tasks
            ("affine", few[:, 0] + others @ free, least + (1 + least) * K / (held - K - 1)),
            ("learned", few @ pi, 0.0),
            ("learned, all", whole @ pi, 0.0),
        ):  # no closed form
            values.setdefault(name, []).append((risk(full, w) / base, theory / base))
    for name, pairs in values.items():
        measured, theory = np.mean(pairs, axis=0)
        error, _ = np.std(pairs, axis=0)
        yield {
            "name": name,
            "x": x,
            "measured": measured,
            "theory": theory or None,
            "error": error / count**0.5,
        }


def signs(kind: str, x: float, y: float, count: int, xs: list[float], seed: int) -> Any:
    """|cos(v, u_k)| in the metric f_J(H) against (k_J - 1) / (k_J + 1), and whether the Neumann
    sign is right.
    """
    rng = np.random.default_rng(seed)
    kappa = x or float(10 ** rng.uniform(0, 2))
    if kind == "attained":
        problem = attaining(kappa)
    else:
        problem = qm.AuxiliaryTasks.draw(
            4,
            24,
            1.0,
            [0.5, 1.0, 1.5, 2.0],
            seed,
            held_out=24,
            covariance=qm.spectra.geometric(1 / kappa, 1.0, 4),
        )
    for J in map(int, xs):
        if kind == "attained":
            phi = np.ones(1)
        else:
            phi = rng.uniform(0, 1, 4)
        bound = problem.at(phi)
        lam, Q = bound.spectrum
        w = bound.minimizer
        loss = qm.OuterLoss(problem, qm.GradientDescent(1, 1 / lam[-1]))
        m = 1 - (1 - lam / lam[-1]) ** (J + 1)
        square = (
            Q.T @ np.column_stack([problem.outer_gradient(w.ravel()), *problem.rows(phi, w)])
        ) ** 2
        sizes = np.sqrt((m / lam) @ square)
        estimate = qm.hypergradient(loss, phi, qm.Neumann(J), start=w.ravel()).value / (
            sizes[0] * sizes[1:]
        )
        exact = loss.implicit(phi) / (sizes[0] * sizes[1:])
        for cosine, g in zip(estimate, exact, strict=True):
            yield {
                "x": kappa,
                "y": float(J),
                "measured": abs(cosine),
                "exact": abs(g),
                "theory": (m.max() - m.min()) / (m.max() + m.min()),
                "right": bool(g * cosine > 0),
            }


def attaining(kappa: float) -> Any:
    """Twice A_k = H / 2, H = diag(1 / kappa, 1), and u, v on the border of the certificate for
    every J: g = 0 != ghat.

    v = (kappa^(-1/2), 1), u = (kappa^(-1/2), -1): v'H^-1 u = 0, and the cosine in f_J(H) is (m_- -
    m_+) / (m_- + m_+).
    """
    lam = np.array([1 / kappa, 1.0])
    one = np.array([1.0, -1.0])
    X = np.diag(np.sqrt(lam))
    b = 2 * one / np.sqrt(lam)
    unit = np.sqrt(2) * np.eye(2)
    return qm.AuxiliaryTasks((X, X @ b), [(X, -X @ b)], (unit, -unit @ np.sqrt(lam)))


def real(kind: str, x: float, y: float, count: int, xs: list[float], seed: int) -> Any:
    """Test error of each training over that of the main task alone on training and held-out data;
    its cost.
    """
    main, held, grid = (REAL[kind][key] for key in ("main", "held", "grid"))
    few, whole, test = sets(kind, main, held, seed)
    K = few.hyperparameters
    step = 0.5 / np.linalg.eigvalsh(few.grams.sum(axis=0))[-1]

    def two_stage(estimator: Any) -> Any:
        descent = qm.bilevel_descent(
            qm.OuterLoss(few, qm.GradientDescent(1, step)),
            np.full(K, 1 / K),
            estimator,
            qm.Adam(0.1),
            lower=0.0,
            exact=True,
        )
        return next(state for state in descent if state.step == STEPS)

    found = grid_search(few, grid)
    exact = two_stage(qm.Implicit())
    neumann = two_stage(qm.Neumann(PRODUCTS))
    joint = next(
        state for state in joint_training(whole, np.full(K, 1 / K), 0.1) if state.step == STEPS
    )
    runs = [
        ("alone", few, np.zeros(K), 1, 0),
        ("alone, all", whole, np.zeros(K), 1, 0),
        ("equal, all", whole, np.ones(K), 1, 0),
        ("1/K, all", whole, np.full(K, 1 / K), 1, 0),
        ("joint, all", whole, joint.phi, STEPS, 0),
        ("grid", few, found.phi, found.solves, 0),
        ("exact", few, exact.alpha, exact.solves, exact.jvps),
        ("Neumann", few, neumann.alpha, neumann.solves, neumann.jvps),
        ("exact, all", whole, exact.alpha, exact.solves + 1, exact.jvps),
    ]
    error = {name: test(problem, phi) for name, problem, phi, _, _ in runs}
    for name, _, _, solves, jvps in runs:
        yield {
            "name": name,
            "x": float(K),
            "measured": error[name] / error["alone, all"],
            "solves": solves,
            "jvps": jvps,
        }


def sets(kind: str, main: int, held: int, seed: int) -> tuple[Any, Any, Any]:
    """Tasks with ``main`` training samples; with the held-out ones too; test error of weights over
    the variance.
    """
    if kind == "digits":
        full = qm.AuxiliaryTasks.digits(main=main, each=60, held_out=900, seed=seed)
        X, y = full.auxiliary
        X0, y0 = full.main
        rest = X[held:], y[held:]
        whole = qm.AuxiliaryTasks(
            (np.vstack([X0, X[:held]]), np.append(y0, y[:held])), full.tasks, rest, full.rho
        )
    else:
        full = qm.AuxiliaryTasks.diabetes(442 - main, main, seed)
        X, y = full.auxiliary
        rest = (full.auxiliary[0][held:], full.auxiliary[1][held:])
        whole = qm.AuxiliaryTasks.diabetes(442 - main - held, main + held, seed)
    few = qm.AuxiliaryTasks(full.main, full.tasks, (X[:held], y[:held]), full.rho)

    def test(problem: Any, phi: Any) -> float:
        Z, z = whole.auxiliary if problem is whole else rest
        return float(((Z @ problem.at(phi).minimizer.ravel() - z) ** 2).mean() / z.var())

    return few, whole, test
