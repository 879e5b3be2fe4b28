"""The figure on SGD: its claim, controls, what is drawn, the moments and samples behind it."""

import numpy as np
import pytest

import quadmeta as qm
from experiments.sgd.rows import log10
from experiments.sgd.runs import fourth_moment_limit, simulated
from quadmeta.harness import from_csv
from tests.helpers import altered, drawn


def test_the_claim_holds_and_the_figure_draws_cleanly(figure, table):
    fig = drawn(figure, table)
    assert len(fig.axes) == 5
    assert all(ax.get_xlabel() and ax.get_ylabel() and ax.get_lines() for ax in fig.axes)


def up(x):
    """The slightest change that counts: 1e-8 decades."""
    return x + 1e-8


SAMPLE = {"part": "loss", "paths": 1000}
CONTROLS = {
    "limit": ({"log10_measured": up}, {"part": "limit", "kind": "mean square"}, "spectral radius"),
    "bracket": ({"x": lambda x: 0.99}, {"part": "limit", "kind": "high"}, "bracket"),
    "light tails": ({"x": lambda x: 1.0}, {"part": "limit", "kind": "fourth"}, "fourth moments"),
    "biased sample": (
        {"log10_measured": lambda x: x + np.log10(1.25)},
        SAMPLE | {"T": 1000, "x": 0.6},
        "errors off",
    ),
    "biased sample of patients": (
        {"log10_measured": lambda x: x + 0.02},
        {"part": "data", "paths": 200, "kind": "train", "x": 0.1},
        "errors off",
    ),
    "the sample mean finds the wall": (
        {"log10_measured": lambda x: 40.0},
        SAMPLE | {"T": 1000, "x": 1.1},
        "the wall",
    ),
    "no wall": ({"log10_theory": lambda x: 3.0}, SAMPLE | {"T": 1000, "x": 1.1}, "the wall"),
    "another floor": (
        {"log10_law": lambda x: x if x is None else up(x)},
        {"part": "loss", "paths": 0, "T": 10**6},
        "floor",
    ),
    "no explosion": (
        {"log10_theory": lambda x: min(x, 99.0)},
        {"part": "loss", "paths": 0, "T": 10**6},
        "no explosion",
    ),
    "gradient descent explodes too": (
        {"log10_theory": abs},
        {"part": "loss", "kind": "gd"},
        "gradient descent",
    ),
    "another slope": (
        {"log10_theory": up},
        {"part": "slope", "kind": "naive", "sigma": 0.0, "T": 10},
        "steps of the",
    ),
    "another limit of F'": (
        {"log10_law": lambda x: x + 2e-3},
        {"part": "slope", "kind": "naive", "sigma": 0.1, "x": 0.9, "T": 10**6},
        "not at its limit",
    ),
    "another limit of G'": (
        {"log10_law": lambda x: x + 2e-3},
        {"part": "slope", "kind": "log", "T": 10**6},
        "not at its limit",
    ),
    "F' does not vanish": (
        {"log10_theory": lambda x: -9.0},
        {"part": "slope", "kind": "naive", "sigma": 0.0, "x": 0.9, "T": 10**6},
        "neither vanishing",
    ),
    "F' does not explode": (
        {"log10_theory": lambda x: 9.0},
        {"part": "slope", "kind": "naive", "sigma": 0.1, "x": 1.1, "T": 10**6},
        "neither vanishing",
    ),
    "G' grows": (
        {"log10_theory": lambda x: 2.5},
        {"part": "slope", "kind": "log", "sigma": 0.0, "T": 10**5},
        "the l",
    ),
    "G' does not vanish": (
        {"log10_theory": lambda x: -1.0, "log10_law": lambda x: -1.0},
        {"part": "slope", "kind": "log", "sigma": 0.1, "x": 0.9, "T": 10**6},
        "not like 1/T",
    ),
    "another minimiser": (
        {"x": lambda x: 2 * x},
        {"part": "choice", "kind": "validation"},
        "not where it is least",
    ),
    "minimiser of the other loss": (
        {"x": lambda x: 0.0014},
        {"part": "choice", "kind": "train"},
        "not where",
    ),
    "another held-out loss": (
        {"log10_measured": up},
        {"part": "choice", "kind": "train", "draw": 2},
        "held-out loss",
    ),
    "training tunes well": (
        {"log10_measured": lambda x: -0.1, "log10_theory": lambda x: -0.1},
        {"part": "choice", "kind": "train", "draw": 1},
        "2 of 3 draws",
    ),
    "training tunes better": (
        {"log10_measured": lambda x: -0.9, "log10_theory": lambda x: -0.9},
        {"part": "choice", "kind": "train", "draw": 1},
        "not best on held-out",
    ),
    "validation tunes badly": (
        {"log10_measured": lambda x: 0.01, "log10_theory": lambda x: 0.01},
        {"part": "choice", "kind": "validation", "draw": 1},
        "do not beat",
    ),
    "another law": (
        {"log10_law": lambda x: x + 2e-4},
        {"part": "best", "kind": "streaming", "T": 10**6},
        "its law",
    ),
    "law of additive noise": (
        {"log10_law": lambda x: x + 2e-3},
        {"part": "best", "kind": "additive", "T": 10**4},
        "its law",
    ),
    "isotropic": ({"log10_measured": up}, {"part": "best", "kind": "isotropic", "T": 1}, "its law"),
    "gradient descent": (
        {"log10_measured": lambda x: x - 1e-7},
        {"part": "best", "kind": "gd", "T": 10**6},
        "its law",
    ),
}


@pytest.mark.parametrize("change, where, message", CONTROLS.values(), ids=CONTROLS)
def test_an_altered_table_fails(figure, table, change, where, message):
    with pytest.raises(AssertionError, match=message):
        figure.check(altered(table, change, where))


def test_hollow_are_the_samples_beyond_the_fourth_moments(figure, table):
    """As many hollow markers in the first panel as rows there, at their places."""
    rows = from_csv(table)
    edge = next(row["x"] for row in rows if row["kind"] == "fourth")
    beyond = [
        row["x"] for row in rows if row["part"] == "loss" and row["paths"] and row["x"] > edge
    ]
    top = figure.draw(rows).axes[-1]
    hollow = [
        line.get_xdata()[0] for line in top.get_lines() if line.get_markerfacecolor() == "white"
    ]
    assert hollow == beyond != []


@pytest.mark.parametrize("d, lam", [(1, 2.0), (2, 1.0), (4, 0.5)])
def test_fourth_moments_of_isotropic_features(d, lam):
    """Against the root of the isotropic q_4 = 1."""
    problem = qm.StreamingGaussian.from_spectrum(np.full(d, lam), np.ones(d))
    assert fourth_moment_limit(np.full(d, lam)) == pytest.approx(
        problem.fourth_moment_limit(), rel=1e-10
    )


def test_fourth_moments_of_two_features_lie_between_the_isotropic_limits():
    """More variance in one direction lowers the limit; the mean-square limit is beyond."""
    lam = np.array([0.3, 1.0])
    limit, problem = (
        fourth_moment_limit(lam),
        qm.StreamingGaussian.from_spectrum(lam, np.ones(2)),
    )
    low, high = (fourth_moment_limit(np.full(2, x)) for x in (1.0, 0.3))
    assert low < limit < min(high, problem.mean_square_limit())
    assert limit < fourth_moment_limit(lam[1:])


def test_a_sample_is_the_mean_of_its_runs():
    """One row of data: every run is the same, w_T = (1 - (1 - eta)^T); no runs, no mean."""
    problem = qm.SampledRows([[1.0]], [1.0])
    found = simulated(problem, 0.25, [1, 3], 5, [problem.loss, lambda w: w[:, 0]], 0)
    for T in (1, 3):
        values = [10 ** row["log10_measured"] for row in found[T]]
        assert values == pytest.approx([0.75 ** (2 * T) / 2, 1 - 0.75**T], rel=1e-12)
        assert [row["relative_error"] for row in found[T]] == pytest.approx([0, 0], abs=1e-15)
    assert simulated(problem, 0.25, [1], 0, [problem.loss], 0) == {1: [{}]}


def test_a_number_that_is_not_positive_has_no_place_on_a_logarithmic_axis():
    assert log10(qm.SignLog.of(1000.0)) == pytest.approx(3, rel=1e-15)
    for value in (0.0, -1.0):
        with pytest.raises(ValueError, match="must be positive"):
            log10(qm.SignLog.of(value))
