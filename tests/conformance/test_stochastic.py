"""Draws against exact laws: right codes pass, planted mistakes are found and named."""

import pytest

import quadmeta as qm
from quadmeta import conformance
from tests.conformance import stochastic_codes as codes

SIGMA = 0.05
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
    for seed in range(5):
        report = check(code, reference, seed=seed)
        assert report.passes, report
        assert report.counts[conformance.Verdict.RIGHT] >= 3


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
    report = check(code, reference)
    assert report.verdict == conformance.Verdict.WRONG
    assert name in [match.name for match in report.fingerprints], report
