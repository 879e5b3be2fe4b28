"""Wrong formulas: distinct, named as code, and never named for what they do not explain."""

import itertools

import numpy as np
import pytest

from quadmeta import conformance
from quadmeta.conformance import CASES, exact_value, fingerprints, tolerance
from quadmeta.conformance.given import floats
from quadmeta.conformance.match import named
from quadmeta.conformance.mistakes.catalog import prediction
from quadmeta.conformance.verdict import Result, Verdict

KINDS = ("unrolled", "truncated", "one_step", "discounted", "implicit", "implicit_at", "neumann")
LEAST = {
    "unrolled": 36,
    "truncated": 33,
    "one_step": 25,
    "discounted": 24,
    "implicit": 32,
    "implicit_at": 33,
    "neumann": 24,
}
SMALL = 10
"""Steps and products of the cases that are short enough to be evaluated often in fractions."""


def own(kind):
    """The short cases of a kind that are Fractions."""
    return [
        case
        for case in CASES
        if kind in case.kinds
        and not case.exponential
        and case.adam is None
        and case.steps <= SMALL
        and case.products <= SMALL
    ]


@pytest.fixture(scope="module")
def predictions(request):
    """predictions(kind): {fingerprint: {case: value}}, the right value where it has no meaning."""
    kept = {}

    def found(kind):
        if kind not in kept:
            right = {case.name: floats(exact_value(case, kind)) for case in own(kind)}
            kept[kind] = (
                right,
                {
                    fingerprint.name: _values(fingerprint, kind, right)
                    for fingerprint in fingerprints(kind)
                },
            )
        return kept[kind]

    return found


def _values(fingerprint, kind, right):
    values = {}
    for case in own(kind):
        if fingerprint.covers(case):
            predicted = prediction(fingerprint, case)
            values[case.name] = right[case.name] if predicted is None else predicted
    return values


def differ(one, other):
    scale = max(np.abs(one).max(), np.abs(other).max(), 1e-300)
    return np.abs(one - other).max() > 1e-4 * scale


@pytest.mark.parametrize("kind", KINDS)
def test_every_mistake_shows_on_two_cases_and_so_does_every_difference(kind, predictions):
    right, by_name = predictions(kind)
    rational = {"derivative of exp dropped"}  # shows on the two cases with an exponential
    assert len(by_name) >= LEAST[kind]
    for name, values in by_name.items():
        seen = sum(differ(value, right[case]) for case, value in values.items())
        assert seen >= 2 or name in rational, name
    for one, other in itertools.combinations(by_name, 2):
        if rational & {one, other}:
            continue
        both = by_name[one].keys() & by_name[other].keys()
        apart = (
            c for c in by_name[one] if c in both and differ(by_name[one][c], by_name[other][c])
        )
        assert len(list(itertools.islice(apart, 2))) == 2, (one, other)


def result(case, kind, value, right):
    error = float(np.abs(value - right).max())
    allowed = tolerance(case, kind)
    verdict = Verdict.RIGHT if error <= allowed else Verdict.WRONG
    return Result(case.name, case.catches, verdict, right, allowed, value=value, error=error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mistake_is_named_with_rounding_and_alone(kind, predictions):
    right, by_name = predictions(kind)
    rng = np.random.default_rng(0)
    for name, values in by_name.items():
        if name == "derivative of exp dropped":
            continue
        pairs = []
        for case in own(kind):
            value = values.get(case.name, right[case.name])
            noisy = value * (1 + 1e-13 * rng.standard_normal(value.shape))
            pairs.append((case, result(case, kind, noisy, right[case.name])))
        assert [match.name for match in named(kind, pairs)] == [name]


@pytest.mark.parametrize("kind", ["unrolled", "implicit", "neumann", "discounted"])
def test_other_mistakes_have_no_name(kind, predictions):
    right, by_name = predictions(kind)
    rng = np.random.default_rng(1)
    names = list(by_name)
    for trial in range(60):
        first, second = rng.choice(names, 2, replace=False)
        share = rng.uniform(0.1, 0.9)
        pairs = []
        for case in own(kind):
            truth = right[case.name]
            wrong = by_name[first].get(case.name, truth)
            other = by_name[second].get(case.name, truth)
            value = (
                truth * (1 + 0.3 * rng.standard_normal(truth.shape)),
                truth * (1 + 1e-3 * rng.standard_normal(truth.shape)),
                share * wrong + (1 - share) * truth,
                share * wrong + (1 - share) * other,
                np.round(truth, 1),
            )[trial % 5]
            pairs.append((case, result(case, kind, value, truth)))
        assert named(kind, pairs) == (), (trial, first, second)


@pytest.mark.parametrize("kind", KINDS)
def test_right_results_are_never_named(kind, predictions):
    right, _ = predictions(kind)
    pairs = [(case, result(case, kind, right[case.name], right[case.name])) for case in own(kind)]
    assert named(kind, pairs) == ()


def test_the_forgotten_exponential_is_named():
    """Its two cases are enough."""

    def code(g):
        exact = exact_value({case.name: case for case in CASES}[g.name], "implicit")
        scale = np.exp(g.alpha) if g.name in ("ridge_exp", "ridge_log") else 1.0
        return floats(exact) / scale

    report = conformance.check(code, kind="implicit")
    assert [match.name for match in report.fingerprints] == ["derivative of exp dropped"]
