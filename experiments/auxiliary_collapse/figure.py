"""Auxiliary weights learned on the training loss collapse; on held-out data they do not, but
truncation biases them.

L_T = l_0 + sum phi_k l_k. Descent of L_T in phi together with w lowers phi_k by beta l_k >= beta
c_k a step: phi_k = 0 after at most phi_k / (beta c_k) steps, unless the task has no noise and
agrees with the main one. Hypergradients of the main loss on the training set itself collapse too:
phi'grad F = s'H^-1 s >= 0, s = -grad l_0(w_*). On held-out data the fixed points solve v'f(H) u_k
= 0, f the estimator's spectral filter: the best weights for 1 / lambda, others for J Neumann
products, phi_J - phi* = -ghat_J(phi*) / F''(phi*) to first order, whatever the inner and outer
steps.

Source: Navon, Achituve, Maron, Chechik, Fetaya 2021, sections 3 and 4; the rest is derived.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from math import ceil
from typing import Any

import numpy as np

import quadmeta as qm
from experiments.auxiliary_collapse.weights import Pencil, filtered, root, two_stage
from experiments.shared import filters as _filters
from quadmeta.training.auxiliary import joint_training
from quadmeta.training.optimal_weights import curvature, local_minima, outer_loss

Rows = list[dict[str, Any]]
START = 2.0
BETA = 0.3
ETA = 0.1
MAIN = 60
EACH = 120
HELD_OUT = 300
REST = 357
COLUMNS = (
    "part",
    "name",
    "parameter",
    "scale",
    "seed",
    "x",
    "measured",
    "theory",
    "bound",
    "limit",
    "first",
    "excess",
    "excess_theory",
    "excess_first",
    "hvps",
    "mixed",
    "outer_gradients",
    "published",
    "solves",
    "inner",
    "outer",
    "test",
)

# settings
CAPTION = (
    r"Learned weights of auxiliary tasks. Lines: closed forms; markers: runs. (a) One random task, "
    r"$d=10$, one step size $\beta$ for all. Descent of the training loss (an inner solve a step) "
    r"ends at 0 within $\varphi/(\beta c)$ steps, $c$ the least loss of the task (thin: this "
    r"bound); so do hypergradients of the main loss on the training set (a solve and 11 products). "
    r"A task without noise that agrees with the main one keeps its weight (an inner gradient; "
    r"thin: lower bound). Hypergradients on held-out data find the best weight if exact (a solve "
    r"and 11 products), not with $J=3$ Neumann products (a solve and 4). (b) Where they end "
    r"against $J$, and to first order (thin); $L$ at the best weight, $\nu$ the step of the "
    r"series. (c) $\lambda$ times the function $f$ that stands for $1/\lambda$; beyond "
    r"$\nu\lambda=2$ odd $J$ turn the sign. Conjugate gradients: 3 products. (d) Is it a 1? 60 "
    r"images of digits; each other digit is a task of 120 images; 300 images are held out. One "
    r"split, bars: best weights; mean loss on 357 more images over 10 splits. The largest gain is "
    r"from training on the held-out images."
)
SEED = 0
FULL: dict[str, Any] = {
    "steps": 5000,
    "products": [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256],
    "scales": [0.5, 1.5],
    "rounds": 1000,
    "splits": 10,
}
SMOKE: dict[str, Any] = FULL | {"products": [0, 3, 16, 256], "splits": 1}
METHODS = ("joint", "consistent", "training set", "implicit", "Neumann")
REAL = ("joint", "implicit", "Neumann", "equal", "pooled")


def points(
    steps: int, products: list[int], scales: list[float], rounds: int, splits: int
) -> list[dict[str, Any]]:
    """The paths, the fixed points, the filters, the digits."""
    found = [("path", name, scales[0], 3, steps, SEED) for name in METHODS]
    found += [("fixed", "Neumann", scale, J, rounds, SEED) for scale in scales for J in products]
    found += [("filter", "all", 1.0, 3, 1, SEED)]
    found += [("digits", name, 1.0, 3, rounds, SEED + k) for k in range(splits) for name in REAL]
    return [
        dict(zip(("part", "name", "scale", "J", "steps", "seed"), point, strict=True))
        for point in found
    ]


# compute
def measure(part: str, name: str, scale: float, J: int, steps: int, seed: int) -> Rows:
    """Rows of one method; nu = scale / L at the best weights."""
    if part == "filter":
        found = _filters.rows(np.linspace(0.05, 2.3, 46), steps, shown(J), seed)
    elif part == "digits":
        found = digits(name, J, steps, seed)
    else:
        found = (path if part == "path" else fixed_point)(name, scale, J, steps)
    return [
        dict.fromkeys(COLUMNS) | {"part": part, "name": name, "scale": scale, "seed": seed} | row
        for row in found
    ]


def shown(J: int) -> list[tuple[str, float, Any]]:
    """The filters that are drawn."""
    return [
        ("implicit", 0, qm.Implicit()),
        *(("Neumann", N, qm.Neumann(N)) for N in (0, J, J + 1)),
        ("conjugate gradients", J + 1, qm.ConjugateGradient(J + 1)),
    ]


def example() -> tuple[qm.AuxiliaryTasks, float]:
    """One task that helps, held-out data in the limit; its best weight."""
    problem = qm.AuxiliaryTasks.draw(
        10, [20, 40], [1.0, 0.7], [0.5], SEED, covariance=np.geomspace(0.03, 1, 10)
    )
    return problem, float(local_minima(problem, starts=2).phi[0, 0])


def path(name: str, scale: float, J: int, steps: int) -> Rows:
    """A weight against the step, its closed recursion, its bound, where it ends, what was spent."""
    problem, best = example()
    nu = scale / problem.at(np.array([best])).spectrum[0][-1]
    least = outer_loss(problem, np.array([best]))
    limit = {"implicit": best, "Neumann": root(problem, nu, J)}.get(name, 0.0)
    problem, states = run(name, problem, nu, J)
    pencil = Pencil(problem)
    phi = START
    distance = 1.0
    rows = []
    slopes: dict[str, Callable[[float], float]] = {
        "joint": pencil.loss,
        "training set": lambda x: x * pencil.chi(x),
        "implicit": pencil.slope,
        "Neumann": lambda x: float(filtered(problem, x, nu, J)[0]),
        "consistent": lambda x: distance**2 / 2,
    }
    bounds: dict[str, Callable[[int], float]] = {
        "joint": lambda t: max(0.0, START - BETA * pencil.c * t),
        "training set": lambda t: START * (1 - BETA * pencil.chi(START)) ** t,
        "consistent": lambda t: (
            START - BETA / 2 * sum((1 - ETA) ** (2 * s) for s in range(1, t + 1))
        ),
    }
    kept = set(np.geomspace(1, steps, 70).round().astype(int).tolist())
    for t, (found, hvps, mixed) in enumerate(islice(states, steps), start=1):
        distance *= 1 - ETA * (1 + phi)
        before = phi
        phi = max(0.0, phi - BETA * slopes[name](phi))
        if t in kept or phi == 0 < before:
            rows.append(
                {
                    "parameter": J if name == "Neumann" else None,
                    "x": t,
                    "measured": found[0],
                    "theory": phi,
                    "bound": bounds[name](t) if name in bounds else None,
                    "limit": limit,
                    "excess": outer_loss(problem, found) / least - 1 if limit else None,
                    "hvps": hvps,
                    "mixed": mixed,
                    "solves": t * (name != "consistent"),
                    "inner": t * (name == "consistent"),
                }
            )
    return rows


def run(
    name: str, problem: qm.AuxiliaryTasks, nu: float, J: int
) -> tuple[qm.AuxiliaryTasks, Iterator[Any]]:
    """The problem of a path, and its weights with the products spent."""
    start = np.array([START])
    if name == "consistent":  # A_0 = A_1 = I and |w_0 - b| = 1
        problem = qm.AuxiliaryTasks.draw(10, [20, 40], 0.0, [0.0], SEED, fixed=True)
    if name in ("joint", "consistent"):
        if name == "consistent":
            inner = qm.GradientDescent(1, ETA)
        else:
            inner = None
        return problem, ((state.phi, 0, 0) for state in joint_training(problem, start, BETA, inner))
    if name == "training set":
        problem = qm.AuxiliaryTasks(problem.main, problem.tasks, problem.main)
    states = two_stage(
        problem, start, qm.Neumann(J) if name == "Neumann" else qm.Implicit(), BETA, nu
    )
    return problem, ((state.alpha, state.jvps - state.step, state.step) for state in states)


def fixed_point(name: str, scale: float, J: int, steps: int) -> Rows:
    """Where descent with J products ends, the root, the first order; and the loss of each over the
    least one.
    """
    problem, best = example()
    nu = scale / problem.at(np.array([best])).spectrum[0][-1]
    pencil = Pencil(problem)
    exact = root(problem, nu, J)
    bend = curvature(problem, np.array([best]))[0, 0]
    least = pencil.excess(best)
    gradient = filtered(problem, best, nu, J)[0]
    slope = (
        filtered(problem, 1.001 * exact, nu, J)[0] - filtered(problem, 0.999 * exact, nu, J)[0]
    ) / (0.002 * exact)
    beta = min(100.0, 1 / slope)
    found = last(two_stage(problem, np.array([START]), qm.Neumann(J), beta, nu), steps).alpha
    F = outer_loss(problem, np.array([best]))
    return [
        {
            "parameter": J,
            "x": J + 1,
            "measured": found[0],
            "theory": exact,
            "first": best - gradient / bend,
            "limit": best,
            "excess": outer_loss(problem, found) / F - 1,
            "excess_theory": (pencil.excess(exact) - least) / F,
            "excess_first": gradient**2 / bend / 2 / F,
        }
    ]


def digits(name: str, J: int, steps: int, seed: int) -> Rows:
    """Weights of nine tasks on one split of real data with what they should be, the held-out and
    the test loss.
    """
    whole = qm.AuxiliaryTasks.digits(1, MAIN, EACH, HELD_OUT + REST, seed)
    (X, y) = whole.main
    (XA, yA) = whole.auxiliary
    tasks = whole.tasks
    held = (XA[:HELD_OUT], yA[:HELD_OUT])
    rest = (XA[HELD_OUT:], yA[HELD_OUT:])
    problem, test = (qm.AuxiliaryTasks(whole.main, tasks, part, whole.rho) for part in (held, rest))
    rows: Rows = [
        {"x": digit, "parameter": J if name == "Neumann" else None}
        for digit in range(10)
        if digit != 1
    ]
    start = np.full(9, 0.1)
    phi = np.full(9, float(name == "equal"))
    nu = 1 / problem.at(start).spectrum[0][-1]
    theory: Any = [None] * 9
    bound = inner = theory
    if name == "joint":
        path = np.array([state.phi for state in islice(joint_training(problem, start, 0.05), 60)])
        least = [np.mean((x @ np.linalg.lstsq(x, z, rcond=None)[0] - z) ** 2) / 2 for x, z in tasks]
        phi = path[-1]
        theory = [0.0] * 9
        inner = ((path > 0).sum(axis=0) + 1).tolist()
        bound = [ceil(0.1 / (0.05 * c)) for c in least]
    elif name == "implicit":
        phi = last(two_stage(problem, start, qm.Implicit(), 0.3, nu), steps).alpha
        theory = local_minima(problem, starts=4).phi[0]
    elif name == "Neumann":
        phi = last(two_stage(problem, start, qm.Neumann(J), 8.0, nu), steps).alpha
        theory = np.maximum(0, phi - 8.0 * filtered(problem, phi, nu, J))
    elif name == "pooled":  # the main task alone, with the held-out images among its training data
        test = qm.AuxiliaryTasks(
            (np.vstack([X, held[0]]), np.append(y, held[1])), tasks, rest, whole.rho
        )
    return [
        row
        | {
            "measured": phi[k],
            "theory": theory[k],
            "bound": bound[k],
            "inner": inner[k],
            "outer": outer_loss(problem, phi),
            "test": outer_loss(test, phi),
        }
        for k, row in enumerate(rows)
    ]


def last(states: Iterator[Any], count: int) -> Any:
    """The state after so many steps."""
    return next(islice(states, count - 1, None))


def check(rows: Rows) -> None:
    """Runs are as in closed form, within their bounds; who collapses, who is best, who is biased,
    whose sign turns.
    """
    for row in rows:
        name = f"{row['part']} {row['name']} {row['parameter']} at {row['x']}"
        if row["part"] == "digits" or row["name"] == "conjugate gradients":
            slack = 1e-6
        else:
            slack = 1e-8
        if row["theory"] is None:
            off = 0
        else:
            off = abs(row["measured"] - row["theory"])
        assert off <= slack * (1 + abs(row["theory"] or 0)), (
            f"{name}: {off:.2g} off its closed form"
        )
    paths(rows)
    fixed_points([row for row in rows if row["part"] == "fixed"])
    for row in (row for row in rows if row["part"] == "filter" and row["name"] == "Neumann"):
        turned = row["parameter"] % 2 == 1 and row["x"] > 2
        assert (row["measured"] < 0) == turned, f"sign of J = {row['parameter']} at {row['x']}"
    real(rows)


def paths(rows: Rows) -> None:
    """Panel (a)."""
    of = {
        name: [row for row in rows if (row["part"], row["name"]) == ("path", name)]
        for name in METHODS
    }
    joint, consistent, own = (of[name] for name in METHODS[:3])
    assert all(row["measured"] <= row["bound"] + 1e-12 for row in joint + own), (
        "a collapse is slower than its bound"
    )
    assert all(row["measured"] >= row["bound"] for row in consistent), (
        "a consistent task below its bound"
    )
    hit = next((row["x"] for row in joint if row["measured"] == 0), np.inf)
    slope, least = (START - joint[0][key] for key in ("measured", "bound"))
    assert hit <= ceil(START / slope) <= ceil(START / least), f"the weight is 0 after {hit} steps"
    assert own[-1]["measured"] < 1e-9, "the training set as auxiliary set keeps the weight"
    assert all(
        a["measured"] > b["measured"] for a, b in zip(own, own[1:]) if a["measured"] > 1e-9
    ), "it grows"
    assert consistent[-1]["bound"] > START / 2, "the bound of the consistent task says nothing"
    for name in ("implicit", "Neumann"):
        last = of[name][-1]
        assert abs(last["measured"] / last["limit"] - 1) < 1e-3, (
            f"{name} ends at {last['measured']}"
        )
        turn = [row["excess"] for row in of[name]]
        assert turn == sorted(turn, reverse=name == "implicit"), f"{name}: the held-out loss turns"
    best = of["implicit"][-1]["limit"]
    biased = of["Neumann"][-1]["limit"]
    assert biased < START / 2 < START < best, (
        f"best {best}, with J = 3 {biased}: not on both sides of the start"
    )
    costs = {
        "joint": (0, 0, 1, 0),
        "consistent": (0, 0, 0, 1),
        "training set": (10, 1, 1, 0),
        "implicit": (10, 1, 1, 0),
        "Neumann": (3, 1, 1, 0),
    }
    for name, cost in costs.items():
        spent = [
            tuple(row[key] / row["x"] for key in ("hvps", "mixed", "solves", "inner"))
            for row in of[name]
        ]
        assert set(spent) == {cost}, f"{name}: a step costs {spent[0]}"


def fixed_points(rows: Rows) -> None:
    """Panel (b)."""
    for scale in {row["scale"] for row in rows}:
        own = sorted((row for row in rows if row["scale"] == scale), key=lambda row: row["x"])
        for row in own:
            off = abs(row["excess"] - row["excess_theory"])
            assert off <= 1e-8 + 1e-5 * row["excess_theory"], (
                f"excess of J = {row['parameter']} is {off:.2g} off"
            )
        ratios = [(row["first"] - row["limit"]) / (row["theory"] - row["limit"]) for row in own]
        losses = [row["excess_first"] / row["excess_theory"] for row in own]
        assert abs(ratios[-1] - 1) < 0.03 and abs(losses[-1] - 1) < 0.1, (
            f"first order is off at large J: {ratios[-1]}"
        )
        assert ratios[0] < 0.5, "first order holds at J = 0 already"
        late = [row["excess"] for row in own if row["parameter"] >= 3]
        assert late == sorted(late, reverse=True) and late[0] > 0.1, (
            f"a longer series is worse: {late}"
        )


def real(rows: Rows) -> None:
    """Panel (d)."""
    of = {
        name: [row for row in rows if (row["part"], row["name"]) == ("digits", name)]
        for name in REAL
    }
    assert all(row["measured"] == 0 and row["inner"] <= row["bound"] for row in of["joint"]), (
        "joint training, digits"
    )
    apart = max(
        abs(a["measured"] - b["measured"])
        for a, b in zip(of["Neumann"], of["implicit"], strict=True)
    )
    assert apart > 0.05, f"J = 3 finds the best weights of the digits to {apart}"
    for loss in ("outer", "test"):
        found = [mean(of[name], loss) for name in ("implicit", "Neumann", "joint", "equal")]
        assert found == sorted(found), f"{loss} loss of exact, J = 3, none, equal: {found}"
    assert mean(of["pooled"], "test") < mean(of["implicit"], "test"), (
        "training on the held-out images is no better"
    )


def mean(rows: Rows, column: str) -> float:
    """Over splits."""
    return float(np.mean([row[column] for row in rows]))


# draw
HUES = {
    "joint": (1, "s"),
    "consistent": (4, "v"),
    "training set": (3, "D"),
    "implicit": (0, "o"),
    "Neumann": (2, "^"),
}


def draw(rows: Rows) -> Any:
    """Paths, fixed points, filters, digits."""
    from quadmeta import plotting as p

    fig, axes = p.figure(height=5.2, rows=2, columns=2)
    panels = (draw_paths, draw_fixed, draw_filters, draw_digits)
    parts = ("path", "fixed", "filter", "digits")
    for ax, panel, part, label in zip(axes.flat, panels, parts, "abcd", strict=True):
        panel(p, ax, [row for row in rows if row["part"] == part])
        p.panel_label(ax, label)
    return fig


def draw_paths(p: Any, ax: Any, rows: Rows) -> None:
    """Weights against outer steps; markers up to where they are 0."""
    for name, (hue, marker) in HUES.items():
        own = [row for row in rows if row["name"] == name]
        x = [row["x"] for row in own]
        y = [row["measured"] for row in own]
        p.theory(ax, x, [row["theory"] for row in own], hue, linewidth=0.9)
        last = next((k for k, value in enumerate(y) if value < 1e-3), len(own) - 1)
        p.measured(
            ax,
            x[last % 3 : last + 1 : 3],
            y[last % 3 : last + 1 : 3],
            hue,
            marker=marker,
            markersize=3.5,
        )
        if name in ("joint", "consistent"):
            p.repaired_bound(ax, x, [row["bound"] for row in own], hue)
        if own[0]["limit"]:
            ax.axhline(
                own[0]["limit"], color=p.COLOURS[hue], linewidth=0.6, linestyle=":", zorder=0
            )
    texts = (
        (1.1, 3.16, "best weight", "implicit"),
        (230, 2.66, "held-out data, exact", "implicit"),
        (5500, 0.25, "held-out data, $J=3$", "Neumann"),
        (1.1, 0.25, "training loss", "joint"),
        (52, 0.95, "hypergradient,\ntraining set", "training set"),
        (5500, 2.05, "training loss, no noise", "consistent"),
    )
    for at, height, text, name in texts:
        ax.text(
            at,
            height,
            text,
            color=p.COLOURS[HUES[name][0]],
            fontsize=8,
            va="center",
            linespacing=1.05,
            ha="right" if at > 100 else "left",
        )
    ax.set(
        xscale="log",
        xlim=(0.9, 6000),
        ylim=(-0.08, 3.35),
        xlabel="outer steps",
        ylabel=r"task weight, $\varphi$",
    )


def draw_fixed(p: Any, ax: Any, rows: Rows) -> None:
    """Fixed points against the number of products."""
    for hue, marker, scale in ((2, "^", 0.5), (5, "P", 1.5)):
        own = sorted((row for row in rows if row["scale"] == scale), key=lambda row: row["x"])
        x = [row["x"] for row in own]
        p.theory(ax, x, [row["theory"] for row in own], hue, linewidth=0.9)
        p.repaired_bound(ax, x, [row["first"] for row in own], hue)
        p.measured(ax, x, [row["measured"] for row in own], hue, marker=marker)
        if scale == 0.5:
            three = next(row for row in own if row["parameter"] == 3)
            ax.annotate(
                f"$J=3$: held-out loss {100 * three['excess']:.0f}% above the least",
                (4, three["measured"]),
                (1.1, 0.1),
                fontsize=8,
                va="center",
                arrowprops={"arrowstyle": "-", "color": "0.5", "linewidth": 0.6},
            )
    ax.axhline(rows[0]["limit"], color=p.COLOURS[0], linewidth=0.6, linestyle=":", zorder=0)
    texts = (
        (1.1, 3.16, "best weight", 0),
        (40, 1.0, r"$\nu L=0.5$", 2),
        (6.5, 1.2, r"$\nu L=1.5$", 5),
        (3.2, 2.36, "first order", 6),
    )
    for at, height, text, hue in texts:
        ax.text(
            at,
            height,
            text,
            color=p.COLOURS[hue],
            fontsize=8,
            va="center",
            ha="right" if hue == 5 else "left",
        )
    ax.set(
        xscale="log",
        ylim=(-0.08, 3.35),
        xlabel="terms of the Neumann series, $J+1$",
        ylabel=r"weight at the fixed point, $\varphi_J$",
    )


def draw_filters(p: Any, ax: Any, rows: Rows) -> None:
    """Filters below and beyond nu lambda = 2."""
    texts = {
        ("implicit", 0): (0.06, 1.13, "exact", "left"),
        ("Neumann", 0): (0.62, 0.45, "$J=0$", "left"),
        ("Neumann", 3): (1.96, -0.75, "$J=3$ turns the sign", "right"),
        ("Neumann", 4): (1.62, 1.3, "$J=4$", "right"),
        ("conjugate gradients", 4): (0.3, 1.5, "conjugate gradients", "left"),
    }
    looks = {
        ("implicit", 0): (0, "o"),
        ("Neumann", 0): (6, "."),
        ("Neumann", 3): (2, "^"),
        ("Neumann", 4): (5, "P"),
        ("conjugate gradients", 4): (3, "X"),
    }
    _filters.draw(p, ax, rows, looks, texts, every=3)
    ax.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    ax.axvline(2, color="0.6", linewidth=0.6, zorder=0)
    ax.set(
        xlim=(0, 2.35),
        ylim=(-1.1, 2.1),
        xlabel=r"step of the series times eigenvalue, $\nu\lambda$",
        ylabel=r"filter, $\lambda f(\lambda)$",
    )


def draw_digits(p: Any, ax: Any, rows: Rows) -> None:
    """Weights of nine tasks; test losses, also of what learns no weights."""
    labels = {
        "implicit": "held-out data, exact",
        "Neumann": "held-out data, $J=3$",
        "joint": "training loss: all 0",
        "equal": "all 1",
        "pooled": "no tasks, held-out data trained on",
    }
    for name, text in labels.items():
        all_splits = [row for row in rows if row["name"] == name]
        (hue, marker) = HUES.get(name, (6, "none"))
        own = [row for row in all_splits if row["seed"] == SEED]
        x = np.arange(len(own)) + {"implicit": -0.22, "Neumann": 0.22}.get(name, 0.0)
        if name == "implicit":
            ax.hlines(
                [row["theory"] for row in own],
                x - 0.25,
                x + 0.25,
                color=p.COLOURS[hue],
                linewidth=1,
            )
        shown = own if name in HUES else []
        p.measured(
            ax,
            x[: len(shown)],
            [row["measured"] for row in shown],
            hue,
            marker=marker,
            label=f"{mean(all_splits, 'test'):.3f}  {text}",
        )
    ax.set(
        xticks=range(9),
        xticklabels=[row["x"] for row in own],
        xlabel="task: is it this digit",
        ylabel=r"task weight, $\varphi_k$",
        ylim=(-0.012, 0.5),
    )
    legend = ax.legend(
        loc="upper right",
        title="test loss",
        title_fontsize=8,
        handletextpad=0.2,
        labelspacing=0.2,
        borderaxespad=0,
    )
    legend.set_alignment("left")
