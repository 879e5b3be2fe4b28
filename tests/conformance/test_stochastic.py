"""Draws against exact laws: right codes pass, planted mistakes are found and named."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

import quadmeta as qm
from quadmeta import conformance
from quadmeta.conformance.stochastic.enumeration import Beyond
from quadmeta.conformance.stochastic.law import Law, enumerated
from quadmeta.conformance.stochastic.trial import sides, trial
from tests.conformance import stochastic_codes as codes
from tests.refusals import refused

SIGMA = 0.05
SHORT = conformance.STOCHASTIC_CASES[:4]
"""From one step to four."""
ES = qm.EvolutionStrategies(SIGMA)
PES = qm.PersistentEvolution(SIGMA, 1, loss="sum")
SINGLE = qm.SingleEvolution(SIGMA, 1, loss="sum")


def check(code, reference, **options):
    return conformance.check_stochastic(code, reference, vectorized=True, **options)


RIGHT = [
    (codes.es(SIGMA), ES),
    (codes.one_side(SIGMA), qm.EvolutionStrategies(SIGMA, antithetic=False)),
    (codes.pes(SIGMA, 1), PES),
    (codes.pes(SIGMA, 2, "telescoped"), qm.PersistentEvolution(SIGMA, 2, loss="telescoped")),
    (codes.single(SIGMA, 1), SINGLE),
    (codes.pes(SIGMA, 1, how="own"), qm.TruncatedEvolution(SIGMA, 1, states="own")),
]


@pytest.mark.parametrize("code, reference", RIGHT)
def test_right_codes_pass_at_many_seeds(code, reference):
    for seed in range(4):
        report = check(code, reference, seed=seed, cases=SHORT)
        assert report.passes, report
        assert report.counts[conformance.Verdict.RIGHT] >= 2


def test_right_codes_pass_on_every_case():
    assert check(codes.es(SIGMA), ES).counts == {"right": 6, "not applicable": 1}
    exact = qm.moments(SHORT[1].objective, 0.5, ES)
    distance = check(codes.es(SIGMA), ES)["two_steps"].distance
    assert distance == pytest.approx((exact.bias / exact.truth).to_float(), rel=1e-12)
    report = check(codes.pes(SIGMA, 2, "telescoped"), RIGHT[3][1])
    assert report.counts == {"right": 4, "not applicable": 3}


AVERAGED = "the average of two draws: variance of a pair, not of a draw"
MISSING = "accumulator missing: each window weighed by its own perturbation"
PLANTED = [
    (codes.scaled(codes.es(SIGMA), 2), ES, "factor 1/2 of the antithetic difference missing"),
    (codes.scaled(codes.es(SIGMA), SIGMA), ES, "division by sigma missing"),
    (codes.es(SIGMA**0.5), ES, "sigma taken for a variance"),
    (codes.one_side(SIGMA), ES, "one side of the difference"),
    (codes.averaged(codes.es(SIGMA)), ES, AVERAGED),
    (codes.exact, ES, "the exact derivative, without noise"),
    (codes.pes(SIGMA, 1, factor=2), PES, "factor 1/2 of the antithetic difference missing"),
    (codes.pes(SIGMA, 1, mean=True), PES, "mean instead of sum of windows"),
    (codes.pes(SIGMA, 1, how="earlier"), PES, "accumulator without its own window"),
    (
        codes.pes(SIGMA, 1, how="own"),
        PES,
        MISSING,
    ),
    (codes.pes(SIGMA, 1, "telescoped"), PES, "telescoped: the changes of the loss"),
    (codes.single(SIGMA, 1), PES, "one perturbation for all windows"),
    (codes.pes(SIGMA, 1), SINGLE, "a fresh perturbation each window, weighed by their sum"),
    (codes.single(SIGMA, 1, "final"), SINGLE, "the final loss alone"),
]


@pytest.mark.parametrize("code, reference, name", PLANTED, ids=[name for *_, name in PLANTED])
def test_planted_mistakes_are_found_and_named(code, reference, name):
    report = check(code, reference, cases=SHORT)
    assert report.verdict == conformance.Verdict.WRONG
    names = [match.name for match in report.fingerprints]
    # short runs hardly tell where a window begins
    assert names[0] == name and len(names) <= 1 + (name == MISSING), report


@pytest.mark.parametrize(
    "reference",
    [
        ES,
        qm.PersistentEvolution(SIGMA, 1),
        qm.NoiseReuse(SIGMA, 1),
        qm.TruncatedEvolution(SIGMA, 1),
    ],
)
def test_the_members_of_the_package_pass(reference):
    cases = conformance.STOCHASTIC_CASES[:2]
    for seed in range(3):
        report = conformance.check_stochastic(
            lambda g, random: reference.draw(g.objective, g.theta, random),
            reference,
            cases=cases,
            draws=500,
            false_alarm=0.01,
            seed=seed,
        )
        assert report.passes, report


@pytest.mark.parametrize("heavy", [False, True])
def test_the_rate_of_false_alarms_is_kept(heavy):
    """Lognormal draws have a kurtosis of 8.9 at s = 1/2 and 113.9 at s = 1."""
    s = 1.0 if heavy else 0.5
    one = np.exp(s**2 * np.arange(5) ** 2 / 2)  # E x^k
    mean, second = one[1], one[2]
    variance = second - mean**2
    fourth = one[4] - 4 * one[3] * mean + 6 * second * mean**2 - 3 * mean**4
    law = Law(np.array([mean]), np.array([[variance]]), np.array([fourth]))
    random = np.random.default_rng(5)
    level = 0.02
    alarms = 0
    for _ in range(1000):
        values = np.exp(s * random.standard_normal((200, 1)))
        alarms += not trial(values, law, level).agrees
    assert alarms <= 1000 * level * sides(1)


def test_enumeration_gives_the_exact_law():
    reference = qm.PersistentEvolution(0.1, 1, loss="sum")
    for case in conformance.STOCHASTIC_CASES[:3]:
        found = enumerated(lambda r, c=case: reference.draw(c.objective, c.theta, r), case.steps)
        exact = qm.moments(case.objective, case.theta, reference)
        assert found.mean[0] == pytest.approx(exact.mean.to_float(), rel=1e-12)
        assert found.covariance[0, 0] == pytest.approx(exact.variance.to_float(), rel=1e-12)
    # x = xi^2 - 1 + whole number: fourth moments of both, and the cross term
    whole = enumerated(lambda r: r.standard_normal() ** 2 - 1 + r.integers(0, 3), 1)
    assert whole.mean[0] == pytest.approx(1.0)
    assert whole.covariance[0, 0] == pytest.approx(2 + 2 / 3)
    assert whole.fourth[0] == pytest.approx(60 + 6 * 2 * 2 / 3 + 2 / 3)
    for unknown in (lambda r: r.uniform(), lambda r: r.standard_normal(20).sum()):
        with pytest.raises(Beyond):
            enumerated(unknown, 1)


@dataclass(frozen=True)
class Turned(qm.SampledEstimator):
    """A vector (xi_1 + 1, xi_1 + xi_2): covariance [[1, 1], [1, 2]]."""

    def draw(self, objective, theta, random):
        xi = random.standard_normal(2)
        return np.array([xi[0] + 1, xi.sum()])

    def moments(self, objective, theta):
        mean = np.array([1.0, 0.0])
        return qm.Moments(mean, np.array([[1.0, 1.0], [1.0, 2.0]]), None, mean, {})

    def cost(self, objective):
        return {}


def test_vectors_by_their_covariance():
    def right(g, random, count):
        xi = random.standard_normal((count, 2))
        return np.stack([xi[:, 0] + 1, xi.sum(axis=1)], axis=1)

    def uncorrelated(g, random, count):
        xi = random.standard_normal((count, 2))
        return xi * np.sqrt([1.0, 2.0]) + [1.0, 0.0]

    assert check(right, Turned()).passes
    report = check(uncorrelated, Turned())
    assert report.verdict == conformance.Verdict.WRONG and not report.fingerprints
    assert report.remark == "its mean is the mean of the reference, with another covariance"


def test_what_cannot_be_sampled_is_refused():
    report = check(codes.es(SIGMA), ES)
    assert report["steep"].verdict == conformance.Verdict.NOT_APPLICABLE
    assert "too heavy to test by sampling: a kurtosis of" in report["steep"].message
    assert "steep: not applicable, too heavy" in repr(report)
    wide = check(codes.es(3.0), qm.EvolutionStrategies(3.0))
    assert all("too heavy" in r.message for r in wide.results[2:])
    # six normal numbers: nothing is enumerated, and what draws show is no bound
    case = conformance.STOCHASTIC_CASES[4:5]
    blind = check(codes.pes(0.7, 1), qm.PersistentEvolution(0.7, 1, loss="sum"), cases=case)
    assert blind.results[0].verdict == conformance.Verdict.NOT_APPLICABLE
    assert "draws of the reference itself do not show" in blind.results[0].message
    windows = check(codes.pes(SIGMA, 2), qm.PersistentEvolution(SIGMA, 2, loss="sum"))
    assert "window = 2 must divide the 1 steps" in windows["one_step"].message


def test_other_outcomes_are_told_apart():
    def broken(g, random):
        raise RuntimeError("no")

    def outcome(code, **options):
        cases = conformance.STOCHASTIC_CASES[:1]
        return conformance.check_stochastic(code, ES, cases=cases, draws=1000, **options)

    assert outcome(broken).verdict == conformance.Verdict.RAISES
    assert outcome(lambda g, random: np.nan).verdict == conformance.Verdict.NAN
    assert outcome(lambda g, random: np.inf).verdict == conformance.Verdict.INFINITE
    assert outcome(lambda g, random: [1.0, 2.0]).verdict == conformance.Verdict.UNUSABLE
    few = outcome(lambda g, random, count: np.zeros(3), vectorized=True)
    assert few.verdict == conformance.Verdict.UNUSABLE
    report = outcome(lambda g, random: 0.0)
    again = conformance.Report.from_dict(json.loads(report.to_json()))
    assert again.verdict == report.verdict == conformance.Verdict.WRONG
    assert report.results[0].distance is None
    assert report.plot().axes[0].get_xlabel() == "error over what chance explains"


def test_bad_calls():
    def call(**changes):
        arguments = {"function": codes.es(SIGMA), "reference": ES, "vectorized": True, **changes}
        return conformance.check_stochastic(**arguments)

    with refused("pass it to check_stochastic"):
        conformance.check(codes.es(SIGMA), kind="stochastic")
    for name, value in (
        ("function", 3),
        ("reference", "ES"),
        ("cases", "some"),
        ("cases", []),
        ("draws", 10),
        ("seed", 1.5),
        ("seed", -1),
        ("false_alarm", 1e-13),
        ("false_alarm", 1.0),
        ("vectorized", 1),
    ):
        with refused(name):
            call(**{name: value})


def chain(factor):
    """One term of the Neumann series after one sampled step, by hand; exact with factor 1."""

    def draw(g, random):
        problem, (alpha,) = g.objective, g.theta
        eta = problem.step_size
        i, j, k = random.integers(2), random.integers(1), random.integers(2)
        w = problem.start - eta * ((problem.hessians[i] + alpha * np.eye(1)) @ problem.start)
        w = w + eta * problem.linear[i]
        adjoint = problem.outer_hessians[j] @ w - problem.outer_linear[j]
        # the ridge has the derivative w in alpha
        mixed = problem.hessian_slopes[k][0] @ w - problem.linear_slopes[k][0]
        return -factor * eta * mixed @ adjoint

    return draw


def test_hypergradients_from_samples():
    loss = qm.SampledBilevel.ridge(
        [[1.0], [2.0]], [1.0, 0.5], [[1.0]], [1.0], steps=1, step_size=0.25, start=[0.5]
    )
    cases = [
        conformance.StochasticCase("strong", loss, [0.5]),
        conformance.StochasticCase("weak", loss, [0.125]),
    ]
    reference = qm.MinibatchNeumann(products=0)
    options = {"cases": cases, "draws": 2000}
    right = conformance.check_stochastic(chain(1), reference, **options)
    assert right.counts == {"right": 2}, right
    wrong = conformance.check_stochastic(chain(-1), reference, **options)
    assert [match.name for match in wrong.fingerprints] == ["the other sign"]
