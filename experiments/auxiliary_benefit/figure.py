"""When an auxiliary task helps: relatedness against noise, the best weights, and the price of
learning them.

A task with the inputs of the main one has the risk V_1 + Delta^2 alone, V_k = sigma_k^2 d / (n - d
- 1). With the share pi = phi / (1 + phi) of the weights both together have

    R / V_0 = (1 - pi)^2 + pi^2 (V_1 + Delta^2) / V_0,  least at pi* = V_0 / (V_0 + V_1 + Delta^2),
    where it is 1 - pi*:

every task helps for 0 < pi < 2 pi*, and equal weights help iff V_1 + Delta^2 < 3 V_0. With inputs
of its own, equal weights have R = (sigma_0^2 + sigma_1^2) / 2 d / (2n - d - 1) + c Delta^2 (see
``own``).

Source: Navon, Achituve, Maron, Chechik, Fetaya 2021, sections 3 to 5; the closed forms and the
certificate are derived.
"""

from typing import Any

import numpy as np

import quadmeta as qm
from quadmeta.theory.task_risk import SharedInputs, variance
from quadmeta.training.auxiliary import grid_search, joint_training
from quadmeta.training.optimal_weights import simplex_minimum

Rows = list[dict[str, Any]]
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

# settings
CAPTION = (
    r"A main task with $d=10$, $n=30$, of risk $V_0$ alone, and one auxiliary task. (a) Risk at "
    r"equal weights over $V_0$. Lines: exact borders, solid for shared inputs, dashed for own "
    r"inputs; markers: means over realised tasks, triangles harm, circles help, squares are within "
    r"three standard errors of 1. (b) Risk against the share of the weights for the tasks A, B, C "
    r"of (a): every task helps at a small enough weight, and at the best share $\pi^*$ (stars) the "
    r"risk falls by that share. (c) Weights of three tasks, $\sigma_k=1/2$, "
    r"$\Delta_k=0.2,0.6,1.2$, that minimise the loss on $n_A$ held-out samples out of 60; the "
    r"split is charged: 1 is the main task alone on all 60. Dotted: no closed form. (d) Sign of "
    r"the Neumann hypergradient for random tasks, $J=0$ to 31 products: above the diagonal it is "
    r"certainly right; circles on it attain the border. (e) Real data, test error over that of the "
    r"main task alone on all training and held-out samples, mean and standard error over seeds; "
    r"right: inner problems solved (products). Learned weights can improve on the same training "
    r"samples without tasks (diabetes); on neither data set are they worth the held-out samples."
)
SEED = 0
FULL: dict[str, Any] = {
    "grid": [0.6, 1.4, 2.0, 2.6],
    "tasks": 300,
    "shares": 9,
    "realised": 600,
    "held": [8, 12, 16, 20, 26, 32, 38],
    "splits": 600,
    "products": [0, 1, 3, 7, 15, 31],
    "problems": 60,
    "seeds": 25,
}
SMOKE: dict[str, Any] = FULL | {
    "grid": [0.6, 2.6],
    "tasks": 60,
    "shares": 4,
    "realised": 100,
    "held": [12, 38],
    "splits": 100,
    "products": [0, 3, 15],
    "problems": 10,
    "seeds": 2,
}


def points(
    grid: list[float],
    tasks: int,
    shares: int,
    realised: int,
    held: list[int],
    splits: int,
    products: list[int],
    problems: int,
    seeds: int,
) -> list[dict[str, Any]]:
    """The map and its borders, the parabolas, the splits, the signs, and the real data by seed."""
    empty = {"x": 0.0, "y": 0.0, "count": 1, "xs": [], "seed": SEED}
    angles = np.pi / 2 * np.array([0.12, 0.5, 0.88])
    places = [("shared", x, y) for x in grid for y in grid] + [
        (kind, float(wide * np.cos(t)), float(high * np.sin(t)))
        for kind, (wide, high) in (("shared", (3**0.5, 3**0.5)), ("own", own_border()))
        for t in angles
    ]
    found = [
        {
            "part": "map",
            "kind": kind,
            "x": x,
            "y": y,
            "count": tasks,
            "seed": SEED + 10**4 * (k + 1),
        }
        for k, (kind, x, y) in enumerate(places)
    ]
    found += [
        {
            "part": "share",
            "kind": name,
            "x": x,
            "y": y,
            "count": realised,
            "xs": (np.arange(shares) / (shares + 1)).tolist(),
            "seed": SEED + 10**6 * (k + 1),
        }
        for k, (name, (x, y)) in enumerate(TASKS.items())
    ]
    found += [{"part": "split", "kind": "shared", "x": float(n), "count": splits} for n in held]
    found += [
        {"part": "sign", "kind": "drawn", "xs": products, "seed": SEED + seed}
        for seed in range(problems)
    ]
    found += [
        {"part": "sign", "kind": "attained", "x": kappa, "xs": products}
        for kappa in (2.0, 10.0, 100.0)
    ]
    found += [
        {"part": "real", "kind": kind, "seed": SEED + seed}
        for kind in REAL
        for seed in range(seeds)
    ]
    return [empty | point for point in found]


# compute
def measure(
    part: str, kind: str, x: float, y: float, count: int, xs: list[float], seed: int
) -> Rows:
    """Rows of one part, with the same columns in each."""
    found = {"map": equal, "share": shares, "split": split, "sign": signs, "real": real}[part](
        kind, x, y, count, xs, seed
    )
    empty = dict.fromkeys(
        (
            "name",
            "x",
            "y",
            "measured",
            "theory",
            "error",
            "best",
            "exact",
            "right",
            "solves",
            "jvps",
        )
    )
    return [{"part": part, "kind": kind, "seed": seed} | empty | row for row in found]


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
    (a, c) = own()
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
        (measured, theory) = np.mean(pairs, axis=0)
        (error, _) = np.std(pairs, axis=0)
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
        (lam, Q) = bound.spectrum
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
        (X, y) = full.auxiliary
        (X0, y0) = full.main
        rest = X[held:], y[held:]
        whole = qm.AuxiliaryTasks(
            (np.vstack([X0, X[:held]]), np.append(y0, y[:held])), full.tasks, rest, full.rho
        )
    else:
        full = qm.AuxiliaryTasks.diabetes(442 - main, main, seed)
        (X, y) = full.auxiliary
        rest = (full.auxiliary[0][held:], full.auxiliary[1][held:])
        whole = qm.AuxiliaryTasks.diabetes(442 - main - held, main + held, seed)
    few = qm.AuxiliaryTasks(full.main, full.tasks, (X[:held], y[:held]), full.rho)

    def test(problem: Any, phi: Any) -> float:
        Z, z = whole.auxiliary if problem is whole else rest
        return float(((Z @ problem.at(phi).minimizer.ravel() - z) ** 2).mean() / z.var())

    return few, whole, test


def check(rows: Rows) -> None:
    """Both borders, the parabolas, the price of a split, the certificate and its border, and what
    real data say.
    """
    for row in rows:
        where = f"{row['part']}, {row['kind']}, {row['name']}, x = {row['x']}, y = {row['y']}"
        if row["part"] in ("map", "share", "split") and row["theory"] is not None:
            off = row["measured"] - row["theory"]
            assert abs(off) <= 4.5 * row["error"] + 1e-12, f"{off:.3g} off its closed form: {where}"
    own = {
        part: [row for row in rows if row["part"] == part]
        for part in ("map", "share", "split", "sign", "real")
    }
    for row in own["map"]:
        wide, high = own_border() if row["kind"] == "own" else (3**0.5, 3**0.5)
        border = (row["x"] / wide) ** 2 + (row["y"] / high) ** 2 - 1
        assert (
            abs(row["theory"] - 1) < 1e-9
            if abs(border) < 1e-9
            else border * (row["theory"] - 1) > 0
        ), f"border of equal weights: {row['x']}, {row['y']}"
        near = abs(border) < 1e-9 or abs(row["measured"] - 1) < 3 * row["error"]
        assert near or (row["measured"] - 1) * border > 0, (
            f"the other side of the border: {row['x']}, {row['y']}"
        )
    for row in own["share"]:
        where = f"share {row['x']:.2f} of task {row['kind']}"
        assert row["theory"] >= 1 - row["best"] - 1e-12, f"below the best weight: {where}"
        assert (row["theory"] < 1) == (0 < row["x"] < 2 * row["best"]), f"helpful interval: {where}"
    check_split(own["split"])
    check_signs(own["sign"])
    check_real(own["real"])


def check_split(rows: Rows) -> None:
    """Learned weights pay here, by less than the best ones; weights >= 0 need fewer samples than
    free ones.
    """
    risks = {(row["name"], row["x"]): row["measured"] for row in rows}
    sizes = sorted({row["x"] for row in rows})
    for n in sizes:
        assert risks["best, all", n] < risks["learned, all", n] < 1, (
            f"learned weights against the best, n_A = {n}"
        )
        assert (
            risks["learned", n] < risks["affine", n] and risks["learned", n] < risks["alone", n]
        ), f"n_A = {n}"
    learned = [risks["learned", n] for n in sizes]
    assert len(sizes) < 5 or 0 < learned.index(min(learned)) < len(sizes) - 1, (
        f"no best split inside: {learned}"
    )


def check_signs(rows: Rows) -> None:
    """No certified sign is wrong, many are certified, wrong ones exist; the border is attained."""
    for row in rows:
        above = row["measured"] - row["theory"]
        if row["kind"] == "attained":
            assert abs(above) < 1e-12 and row["exact"] < 1e-12, (
                f"the border is not attained: {above:.2g}"
            )
        assert row["kind"] == "attained" or row["right"] or above <= 0, (
            f"a certified sign is wrong by {above:.2g}"
        )
    shown = [row for row in rows if row["kind"] == "drawn"]
    assert np.mean([row["measured"] > row["theory"] for row in shown]) > 0.3, (
        "few signs are certified"
    )
    assert np.mean([row["right"] for row in shown]) < 0.97, "no sign is wrong anyway"


def check_real(rows: Rows) -> None:
    """Joint training discards its tasks; what is solved; over many seeds, what held-out samples
    are worth.
    """
    for row in rows:
        held_out = {"grid": REAL[row["kind"]]["grid"] ** row["x"], "exact": STEPS, "Neumann": STEPS}
        assert row["solves"] == held_out.get(row["name"], row["solves"]), (
            f"{row['name']}: {row['solves']} solved"
        )
        assert row["name"] != "Neumann" or row["jvps"] == STEPS * (PRODUCTS + 1), (
            f"{row['jvps']} products"
        )
        assert row["name"] != "joint, all" or abs(row["measured"] - 1) < 1e-9, (
            "joint training keeps a task"
        )
    for kind in REAL:
        errors = ratios(rows, kind)
        if len(errors["exact"]) < 20:
            continue
        worse = [("alone, all", name) for name in ("exact", "exact, all", "equal, all")]
        for better, name in worse + [("exact", "alone")] * (kind == "diabetes"):
            gain = errors[name] - errors[better]
            assert gain.mean() > 2 * gain.std(ddof=1) / len(gain) ** 0.5, (
                f"{kind}: {better} gains {gain.mean():.2g} on {name}"
            )


def ratios(rows: Rows, kind: str) -> dict[str, Any]:
    """{method: values over seeds}."""
    return {
        name: np.array(
            [row["measured"] for row in rows if (row["kind"], row["name"]) == (kind, name)]
        )
        for name in METHODS
    }


# draw
METHODS = {
    "alone": "main task alone, training data",
    "alone, all": "main task alone, all data",
    "equal, all": r"equal weights $\phi_k=1$, all data",
    "1/K, all": r"equal weights $\phi_k=1/K$, all data",
    "joint, all": "weights trained jointly, all data",
    "grid": "grid on held-out data",
    "exact": "two-stage on held-out data",
    "Neumann": f"the same, Neumann $J={PRODUCTS}$",
    "exact, all": "two-stage, then all data",
}


def draw(rows: Rows) -> Any:
    """The map; the parabolas; the split; the signs; real data."""
    from experiments.auxiliary_benefit import panels
    from quadmeta import plotting as p

    fig, axes = p.figure(height=7.3, rows=3, height_ratios=[1.2, 1, 1])
    grid = axes[0].get_gridspec()
    for ax in axes:
        ax.remove()
    top, middle = (
        grid[k].subgridspec(1, 2, width_ratios=ratio)
        for k, ratio in ((0, [1.2, 1]), (1, [1.35, 1]))
    )
    own = {
        part: [row for row in rows if row["part"] == part]
        for part in ("map", "share", "split", "sign", "real")
    }
    places = dict(zip(own, (top[0], top[1], middle[0], middle[1], grid[2]), strict=True))
    ax = {part: fig.add_subplot(place) for part, place in places.items()}
    panels.risk_map(ax["map"], own["map"], TASKS, own_border())
    panels.parabolas(ax["share"], own["share"], TASKS)
    panels.splits(ax["split"], own["split"])
    panels.signs(ax["sign"], own["sign"])
    panels.real(
        ax["real"], {kind: ratios(own["real"], kind) for kind in REAL}, own["real"], METHODS
    )
    for label, panel in zip("abcde", ax.values(), strict=True):
        p.panel_label(panel, label)
    return fig
