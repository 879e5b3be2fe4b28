"""Statements about learned task weights: counterexamples, borders, rates of real runs, mutants,
what is needed.
"""

from fractions import Fraction as F

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.exact import convert
from quadmeta.claims.derived.task_weights.any_task_helps_a_little import DerivedAnyTaskHelpsALittle
from quadmeta.claims.derived.task_weights.conditional_risk import DerivedConditionalRisk
from quadmeta.claims.derived.task_weights.gauss_markov_weights import DerivedGaussMarkovWeights
from quadmeta.claims.derived.task_weights.helpful_interval import DerivedHelpfulInterval
from quadmeta.claims.derived.task_weights.shared_input_weights import DerivedSharedInputWeights
from quadmeta.claims.derived.task_weights.simplex_quasiconvex import DerivedSimplexQuasiconvex
from quadmeta.claims.derived.task_weights.task_interaction import DerivedTaskInteraction
from quadmeta.claims.derived.task_weights.training_set_collapse import DerivedTrainingSetCollapse
from quadmeta.claims.families import collapse as plane
from quadmeta.claims.navon2021.trivial_solution import Navon2021TrivialSolution
from quadmeta.verification.finding import arrays, examine
from quadmeta.verification.needed import drop
from quadmeta.verification.search import findings
from tests.helpers import case, mutant, status

PERCENT = F(99, 100)
# class, form, what is changed, how
MUTANTS = [
    (Navon2021TrivialSolution, "repaired", "one step less", lambda x, l, r: (l, r - [1, 0, 0, 0])),
    (
        Navon2021TrivialSolution,
        "repaired",
        "2 - eta mu dropped",
        lambda x, l, r: (l, r * [1, 1, 1, 1 - x["eta"] * min(x["p"], x["q"]) ** 2 / 2]),
    ),
    (
        Navon2021TrivialSolution,
        "repaired",
        "convex for concave",
        lambda x, l, r: (l * [1, -1, 1, 1], r * [1, -1, 1, 1]),
    ),
    (
        Navon2021TrivialSolution,
        "repaired",
        "1 % too small",
        lambda x, l, r: (l, r * [1, 1, 1, PERCENT]),
    ),
    *(
        (
            Navon2021TrivialSolution,
            "repaired",
            "loosened",
            lambda x, l, r, k=k: (l, r * (1 + (np.arange(4) == k))),
        )
        for k in range(4)
    ),
    (DerivedTrainingSetCollapse, "stated", "reversed sign", lambda x, l, r: (l * [-1, 1, 1], r)),
    (DerivedTrainingSetCollapse, "stated", "not halved", lambda x, l, r: (l, r * [1, 2, 1])),
    (
        DerivedTrainingSetCollapse,
        "stated",
        "only phi = 0",
        lambda x, l, r: (l, np.append(r[:2], int(not any(x["weights"])))),
    ),
    (
        DerivedGaussMarkovWeights,
        "stated",
        "n dropped",
        lambda x, l, r: (
            np.append(l[:1], plane.Regression.of(x).risk(x["noise0"] / x["noise"])),
            r,
        ),
    ),
    (
        DerivedGaussMarkovWeights,
        "stated",
        "sigma for sigma^2",
        lambda x, l, r: (np.append(l[:1], plane.Regression.of(x).risk(x["n"] / F(x["n0"]))), r),
    ),
    (DerivedGaussMarkovWeights, "stated", "1 % too small", lambda x, l, r: (l, r * PERCENT)),
    (DerivedGaussMarkovWeights, "stated", "loosened", lambda x, l, r: (l * PERCENT, r)),
    (
        DerivedSharedInputWeights,
        "stated",
        "1 % too small",
        lambda x, l, r: (l, r * [PERCENT, 1, 1, 1]),
    ),
    (
        DerivedSharedInputWeights,
        "stated",
        "no 1/V_0",
        lambda x, l, r: (
            np.append(1 / (1 / l[0] - 1 / plane.Regression.of(x).variances()[0]), l[1:]),
            r,
        ),
    ),
    (DerivedSharedInputWeights, "stated", "loosened", lambda x, l, r: (l, r * [1, 2, 1, 1])),
    (DerivedSharedInputWeights, "stated", "loosened", lambda x, l, r: (l * [PERCENT, 1, 1, 1], r)),
    (
        DerivedHelpfulInterval,
        "stated",
        "2 V_1 for 2 V_0",
        lambda x, l, r: (
            l,
            r + [2 * x["weights"][0] * (plane.Regression.of(x).variances()[:2] @ [-1, 1]), 0],
        ),
    ),
    (
        DerivedHelpfulInterval,
        "stated",
        "K^2 for K (K + 2)",
        lambda x, l, r: (l, r - [0, 2 * len(x["n"]) * plane.Regression.of(x).variances()[0]]),
    ),
    (DerivedAnyTaskHelpsALittle, "stated", "not doubled", lambda x, l, r: (l, r / 2)),
    (
        DerivedAnyTaskHelpsALittle,
        "stated",
        "sigma_k for sigma_0",
        lambda x, l, r: (l, r * [x["noise"][0] / x["noise0"], 1, 1]),
    ),
    (DerivedTaskInteraction, "stated", "falls", lambda x, l, r: (r, l)),
    (
        DerivedTaskInteraction,
        "stated",
        "as good as one",
        lambda x, l, r: (l, r * [1, F(2, 3), 1, 1]),
    ),
    (DerivedTaskInteraction, "stated", "loosened", lambda x, l, r: (l * [PERCENT, 1, 1, 1], r)),
    (DerivedTaskInteraction, "stated", "loosened", lambda x, l, r: (l, r * [1, 2, 1, 1])),
    (
        DerivedSimplexQuasiconvex,
        "stated",
        "smaller end",
        lambda x, l, r: (l, np.array([min(r), r[1]])),
    ),
    (DerivedSimplexQuasiconvex, "stated", "loosened", lambda x, l, r: (l, r / PERCENT)),
    (DerivedConditionalRisk, "stated", "risk halved", lambda x, l, r: (l, r / 2)),
    (
        DerivedConditionalRisk,
        "stated",
        "no noise of the task",
        lambda x, l, r: (l, r - np.array([0, 2 * x["weights"][0] * x["noise"][0] / x["n"][0], 0])),
    ),
]


@pytest.mark.parametrize(
    "cls, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(cls, form, what, change):
    expected = "undecided" if what == "loosened" else "refuted"
    assert status(mutant(cls, change), form) == expected


@pytest.mark.parametrize(
    "name, assumption",
    [
        ("navon2021_trivial_solution", "eta lambda_max(H) <= 1"),
        ("derived_training_set_collapse", "rho = 0"),
        ("derived_gauss_markov_weights", "delta = 0"),
        ("derived_gauss_markov_weights", "rho = 0"),
        ("derived_shared_input_weights", "A_k = A_0"),
        ("derived_shared_input_weights", "rho = 0"),
        ("derived_shared_input_weights", "phi* >= 0"),
        ("derived_helpful_interval", "A_k = A_0"),
        ("derived_helpful_interval", "rho = 0"),
        ("derived_any_task_helps_a_little", "rho = 0"),
        ("derived_any_task_helps_a_little", "c = 0"),
        ("derived_task_interaction", "A_k = A_0"),
        ("derived_task_interaction", "rho = 0"),
        ("derived_simplex_quasiconvex", "A_k = A_0"),
        ("derived_simplex_quasiconvex", "rho = 0"),
    ],
)
def test_which_assumptions_are_needed(name, assumption):
    claim = qm.claim(name)
    assert drop(claim, assumption, list(claim.forms)[-1]).status == "refuted"


def floats(x):
    """The tasks of an instance in float64."""
    return plane.Tasks(*(convert("float64", field) for field in plane.Tasks.of(arrays(x))))


def test_printed_must_is_refuted_by_a_run_that_a_person_can_check(decided):
    """d = 1 in effect: A_0 = A_1 = 1, phi = 1, eta = 1/2 solves both tasks in one step, at the
    cost beta/2.
    """
    verdict = decided("navon2021_trivial_solution", "reading")
    x = verdict.evidence["instance"]
    assert qm.recheck(qm.certificate(verdict)) and verdict.evidence["lhs"] == (F(1, 2),)
    assert (
        max(F(v) for value in x.values() for v in (value if isinstance(value, tuple) else (value,)))
        <= 2
    )
    later = case("navon2021_trivial_solution", **{**x, "steps": 6})
    assert later.lhs == (F(1, 2),)


def test_long_runs_stay_between_the_bound_and_the_start():
    rng = np.random.default_rng(3)
    for _ in range(20):
        A0, A1 = (m @ m.T for m in rng.standard_normal((2, 2, 2)))
        phi, w, beta = 2.0, rng.standard_normal(2), 0.01
        eta, mu, top = (
            1 / np.linalg.norm(A0 + phi * A1, 2),
            np.linalg.eigvalsh(A0)[0],
            np.linalg.norm(A1, 2),
        )
        bound = phi - beta * top * (w @ w) / (2 * eta * mu * (2 - eta * mu))
        for _ in range(2000):
            phi, w = max(0.0, phi - beta * (w @ A1 @ w) / 2), w - eta * (A0 + phi * A1) @ w
        assert phi < 2 and phi >= bound - 1e-12


def test_a_noiseless_task_that_disagrees_dies_in_the_claimed_time():
    """K = 1, w solved exactly: the flow of phi is at 0 by phi/ell_1(w_*(phi)), though c_1 = 0."""
    x = {"p": 1, "q": 2, "low": (F(1, 2),), "high": (1,), "turn": (F(1, 3),), "x": (1,), "y": (-1,)}
    tasks, phi, t, step = floats(x), 1.5, 0.0, 0.01
    time = phi / tasks.loss(1, tasks.solution([phi]))
    while phi > 0:
        phi, t = phi - step * tasks.loss(1, tasks.solution([phi])), t + step
    assert time / 10 < t < time


def training(x, beta, steps):
    """Weights along projected descent of the main training loss, by -v'H^-1 u."""
    tasks, phi = floats(x), np.array(x["weights"], dtype=float)
    for _ in range(steps):
        yield phi
        w, H = tasks.solution(phi), tasks.hessian(phi)
        v = tasks.A[0] @ w
        phi = np.maximum(0, phi + beta * np.array(plane.solve(H, v) @ tasks.slopes(w), dtype=float))


def test_one_task_dies_at_the_claimed_rate_and_an_opposite_pair_lives():
    """The ratio of successive weights tends to 1 - beta chi(0), chi(0) = u' A_0^-1 u at b_0."""
    one = {
        "p": 1,
        "q": F(1, 2),
        "low": (F(1, 2),),
        "high": (1,),
        "turn": (F(1, 3),),
        "x": (1,),
        "y": (1,),
        "weights": (1,),
        "rho": 0,
    }
    path = np.array(list(training(one, 0.1, 800)))[:, 0]
    tasks = plane.Tasks.of(arrays(qm.claim("derived_training_set_collapse").read(one)))
    u = tasks.slopes(tasks.b[0])[:, 0]
    chi = float(u @ plane.inverse(tasks.A[0]) @ u)
    assert (np.diff(path) < 0).all() and path[-1] / path[-2] == pytest.approx(
        1 - 0.1 * chi, rel=1e-9
    )
    pair = {
        **one,
        "low": (1, 1),
        "high": (2, 2),
        "turn": (0, 0),
        "x": (1, -1),
        "y": (1, -1),
        "weights": (2, 1),
    }
    path = list(training(pair, 0.3, 3000))
    assert (
        path[-1].min() > 0.5
        and abs(np.diff(path[-1])) < 1e-6
        and (np.diff([w @ w for w in path]) <= 1e-15).all()
    )


def test_a_ridge_leaves_the_slope_without_a_sign():
    signs = set()
    for at in (-2, 0):
        x = {
            "p": 1,
            "q": 1,
            "low": (1,),
            "high": (1,),
            "turn": (0,),
            "x": (at,),
            "y": (0,),
            "weights": (1,),
            "rho": 1,
        }
        tasks, phi = (
            plane.Tasks.of(arrays(qm.claim("derived_training_set_collapse").read(x)), F(1)),
            np.array([F(1)]),
        )
        tasks = tasks._replace(b=tasks.b + [[F(1), F(0)], [F(1), F(0)]])
        slope = plane.jacobian(lambda f, tasks=tasks: tasks.loss(0, tasks.solution(f)), phi)
        signs.add(slope[0] > 0)
    assert signs == {True, False}


def test_risk_is_that_of_the_estimator():
    """E (w - w_*)' Sigma (w - w_*) from explicit designs, one unit of label noise at a time."""
    x = arrays(
        qm.claim("derived_gauss_markov_weights").read(
            {
                "p": 1,
                "q": 2,
                "low": (0, 1),
                "high": (1, 2),
                "turn": ("1/2", 0),
                "x": (1, 2),
                "y": (0, -1),
                "noise0": 2,
                "n0": 3,
                "noise": (1, 3),
                "n": (6, 4),
                "spread": 2,
                "tilt": 1,
                "rho": "1/2",
                "weights": ("1/3", 2),
            }
        )
    )
    model, phi = plane.Regression.of(x), np.array([1, *x["weights"]], dtype=float)
    sizes, noise = [x["n0"], *x["n"]], np.array([x["noise0"], *x["noise"]], dtype=float)
    rng, Sigma, center = np.random.default_rng(0), model.Sigma.astype(float), np.ones(2)
    designs = [
        n**0.5 * np.linalg.qr(rng.standard_normal((n, 2)))[0] @ R.astype(float)
        for n, R in zip(sizes, model.roots, strict=True)
    ]
    H = sum(f * X.T @ X / n for f, X, n in zip(phi, designs, sizes, strict=True)) + np.eye(2) / 2
    mean = sum(
        f * X.T @ X @ (center + d) / n
        for f, X, n, d in zip(phi, designs, sizes, model.shift.astype(float), strict=True)
    )
    bias = np.linalg.solve(H, mean) - center
    gains = [np.linalg.solve(H, f * X.T / n) for f, X, n in zip(phi, designs, sizes, strict=True)]
    risk = bias @ Sigma @ bias + sum(
        s * np.trace(G.T @ Sigma @ G) for s, G in zip(noise, gains, strict=True)
    )
    assert float(model.risk(x["weights"])) == pytest.approx(risk, rel=1e-12)


def test_example_of_the_paper():
    """w = (1, 1), delta_1 = 0, w + delta_2 = (-4, 2), sigma_0 = 4, sigma_1 = sigma_2 = 1: phi_1 =
    16 at every n.
    """
    for n in (10, 1000):
        x = {
            "p": 1,
            "q": 1,
            "low": (1, 1),
            "high": (1, 1),
            "turn": (1, 1),
            "x": (0, 5),
            "y": (0, 1),
            "noise0": 16,
            "n0": n,
            "noise": (1, 1),
            "n": (n, n),
            "spread": 1,
            "tilt": 0,
            "rho": 0,
            "weights": (16, F(32, n) / (F(2, n) + 26)),
        }
        found = case("derived_shared_input_weights", **x)
        assert found.lhs[0] == found.rhs[0] and x["weights"][1] > 0
        assert found.lhs[0] == 1 / (F(n, 32) + F(n, 2) + 1 / (F(2, n) + 26))


@pytest.mark.parametrize("weight, helps", [("999/1000", True), (1, False), ("1001/1000", False)])
def test_helpful_interval_ends_where_claimed(weight, helps):
    """V_0 = 1, V_1 + Delta_1^2 = 3: phi* = 1/3, the interval ends at 2/3/(2/3) = 1."""
    found = case(
        "derived_helpful_interval",
        p=1,
        q=1,
        low=(1,),
        high=(1,),
        turn=(1,),
        x=(0,),
        y=(1,),
        noise0=1,
        n0=2,
        noise=(2,),
        n=(2,),
        spread=1,
        tilt=0,
        rho=0,
        weights=(weight,),
    )
    assert (found.lhs[0] > 0) == helps and found.holds


def test_a_ridge_or_shared_noise_turns_the_sign():
    claim = qm.claim("derived_any_task_helps_a_little")
    for x in claim.without(""):
        found = examine(claim, "stated", claim.read(x))
        assert len(found.broken) == 1 and found.lhs[2] > 0 > found.rhs[0]
    harmless = next(iter(claim.without("")))
    assert case("derived_any_task_helps_a_little", **{**harmless, "rho": 0}).lhs[2] == 0


def test_no_single_task_shows_what_a_pair_gains():
    """V_0 = 2, V = 1, Delta = 2: alone 1/R = 1/2 + 1/5, together 1/2 + 2."""
    found = list(findings(qm.claim("derived_task_interaction"), "stated"))[1]
    alone = case(
        "derived_shared_input_weights",
        p=1,
        q=1,
        low=(1,),
        high=(1,),
        turn=(1,),
        x=(2,),
        y=(0,),
        noise0=2,
        n0=2,
        noise=(1,),
        n=(2,),
        spread=1,
        tilt=0,
        rho=0,
        weights=(1,),
    )
    assert 1 / alone.lhs[0] == F(1, 2) + F(1, 5) and 1 / found.lhs[1] == F(1, 2) + 2


def test_own_inputs_give_two_minima():
    claim = qm.claim("derived_simplex_quasiconvex")
    for x in map(claim.read, claim.without("")):
        found = examine(claim, "stated", x)
        assert len(found.broken) == 1 and found.lhs[0] > found.rhs[0]
    # not convex in phi itself
    tasks = plane.Tasks.of(arrays({**plane.together(x), "x": (F(1),), "y": (F(0),)}))
    first, middle, last = (tasks.solution([F(f)])[0] for f in (2, 4, 6))
    assert (first - F(1, 2)) ** 2 + (last - F(1, 2)) ** 2 < 2 * (middle - F(1, 2)) ** 2
