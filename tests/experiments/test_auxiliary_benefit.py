"""The figure on when auxiliary tasks help: its claims, controls, its own closed forms, what is
drawn.
"""

import numpy as np
import pytest

import quadmeta as qm
from experiments.auxiliary_benefit import checks, rows
from quadmeta.training.optimal_weights import outer_loss, simplex_minimum
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 6  # five panels and a colour bar
    assert all(ax.get_xlabel() and ax.get_ylabel() for ax in fig.axes[:4])
    assert all(ax.get_lines() for ax in fig.axes[:5])


def scaled(x):
    return lambda value: x * value


CASES = {
    "map off": (
        {"measured": scaled(1.5)},
        {"part": "map", "x": 0.6, "y": 0.6},
        "off its closed form",
    ),
    "parabola off": (
        {"measured": scaled(1.4)},
        {"part": "share", "kind": "B", "x": 0.4},
        "off its closed form",
    ),
    "price of the split off": (
        {"theory": scaled(0.5)},
        {"part": "split", "name": "affine"},
        "off its closed form",
    ),
    "another border": (
        {"x": scaled(1.02)},
        {"part": "map", "kind": "own"},
        "border of equal weights",
    ),
    "harm on the inside": (
        {"measured": lambda x: 1.2, "theory": lambda x: 1.2, "error": lambda x: 0.01},
        {"part": "map", "x": 0.6, "y": 0.6},
        "border of equal weights",
    ),
    "measured on the other side": (
        {"measured": lambda x: 2.28, "error": lambda x: 0.42},
        {"part": "map", "x": 0.6, "y": 0.6},
        "the other side",
    ),
    "below the best weight": (
        {"best": lambda x: 0.01},
        {"part": "share", "kind": "A", "x": 0.4},
        "below the best",
    ),
    "longer helpful interval": (
        {"best": scaled(2.0)},
        {"part": "share", "kind": "C", "x": 0.4},
        "helpful interval",
    ),
    "learned better than best": (
        {"measured": scaled(0.1)},
        {"part": "split", "name": "learned, all"},
        "best",
    ),
    "learning does not pay": (
        {"measured": scaled(3.0)},
        {"part": "split", "name": "learned, all"},
        "the best",
    ),
    "affine needs no more samples": (
        {"measured": scaled(9.0)},
        {"part": "split", "name": "learned"},
        "n_A",
    ),
    "a loose border": (
        {"theory": scaled(1.001)},
        {"part": "sign", "kind": "attained", "x": 10.0},
        "not attained",
    ),
    "nothing vanishes there": (
        {"exact": lambda x: 0.1},
        {"part": "sign", "kind": "attained"},
        "not attained",
    ),
    "a wrong certified sign": (
        {"measured": lambda x: 1.0},
        {"part": "sign", "right": False},
        "sign is wrong",
    ),
    "an empty certificate": (
        {"measured": scaled(0.2)},
        {"part": "sign", "kind": "drawn"},
        "few signs",
    ),
    "nothing to certify": (
        {"right": lambda x: True},
        {"part": "sign", "kind": "drawn"},
        "no sign is wrong",
    ),
    "joint training keeps a task": (
        {"measured": lambda x: 0.99},
        {"part": "real", "name": "joint, all"},
        "joint",
    ),
    "cost of the grid": ({"solves": lambda x: x - 1}, {"part": "real", "name": "grid"}, "grid"),
    "cost of Neumann": (
        {"jvps": lambda x: x - 100},
        {"part": "real", "name": "Neumann"},
        "900 products",
    ),
}


@pytest.mark.parametrize(
    "change, where, message", [pytest.param(*case, id=name) for name, case in CASES.items()]
)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


REAL = {
    "alone": 1.25,
    "alone, all": 1.0,
    "equal, all": 1.1,
    "1/K, all": 1.0,
    "joint, all": 1.0,
    "grid": 1.1,
    "exact": 1.08,
    "Neumann": 1.1,
    "exact, all": 1.04,
}


@pytest.mark.parametrize(
    "name, value", [("exact", 1.24), ("exact", 0.99), ("exact, all", 1.001), ("equal, all", 0.9)]
)
def test_what_the_caption_says_of_real_data(name, value):
    rng = np.random.default_rng(0)

    def table(means):
        spread = {key: 0 if key in ("alone, all", "joint, all") else 0.03 for key in means}
        return [
            {
                "kind": kind,
                "name": key,
                "x": 2,
                "measured": mean + spread[key] * rng.standard_normal(),
                "solves": rows.REAL[kind]["grid"] ** 2 if key == "grid" else rows.STEPS,
                "jvps": 1000,
            }
            for kind in rows.REAL
            for _ in range(25)
            for key, mean in means.items()
        ]

    checks.check_real(table(REAL))
    with pytest.raises(AssertionError, match="gains"):
        checks.check_real(table(REAL | {name: value}))


def test_equal_weights_of_own_inputs_in_closed_form():
    """The average of the conditional risk over designs, three settings of noise and offset."""
    V, (a, c) = rows.D / (rows.N - rows.D - 1), rows.own()
    for sigma, delta in ((0.0, 0.0), (2.0, 0.0), (0.5, 1.5)):
        risks = [
            qm.AuxiliaryTasks.draw(rows.D, rows.N, [1.0, sigma], [delta], seed).truth([1.0])
            for seed in range(300)
        ]
        off = np.mean(risks) - (a * (1 + sigma**2) + c * delta**2)
        assert abs(off) < 4 * np.std(risks) / 300**0.5 < 0.1 * V


def test_two_stage_training_ends_in_the_weights_of_the_split():
    """The learned weights of one realised split are where descent of the held-out loss ends."""
    problem = qm.AuxiliaryTasks.draw(
        rows.D, 40, rows.SIGMA, rows.DELTA, 3, shared=True, held_out=20
    )
    best = simplex_minimum(problem)
    loss = qm.OuterLoss(problem, qm.GradientDescent(1, 0.02))
    descent = qm.bilevel_descent(
        loss, np.ones(3), qm.Implicit(), qm.Adam(0.2), lower=0.0, exact=True
    )
    state = next(state for state in descent if state.step == 500)
    assert 0 <= outer_loss(problem, state.alpha) - best.value[0] < 1e-4 * best.value[0]


def test_the_attaining_case_has_the_vectors_it_says():
    problem = rows.attaining(4.0)
    bound = problem.at([1.0])
    np.testing.assert_allclose(bound.H, np.diag([0.25, 1]), atol=1e-15)
    np.testing.assert_allclose(bound.minimizer.ravel(), 0, atol=1e-15)
    np.testing.assert_allclose(problem.outer_gradient(np.zeros(2)), [0.5, 1], atol=1e-15)
    np.testing.assert_allclose(
        problem.rows(np.ones(1), np.zeros((2, 1))).ravel(), [0.5, -1], atol=1e-15
    )
