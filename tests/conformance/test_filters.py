"""The function of the Hessian that a code applies is measured, not guessed."""

import numpy as np
import pytest

from quadmeta import conformance
from tests.conformance import codes

PAIR = ["square_cross", "square_cross_scaled"]


def solved_with(damping):
    def code(g):
        matrix = codes.matrix(g) + damping(g) * np.eye(g.w.size)
        x = np.linalg.solve(matrix, g.outer_gradient(g.w, g.alpha))
        return g.direct(g.w, g.alpha) - g.mixed(g.w, g.alpha, x)

    return code


@pytest.mark.parametrize("kind", ["implicit", "implicit_at", "unrolled", "truncated", "neumann"])
def test_right_codes_have_the_filter_of_their_kind(kind):
    report = conformance.check(codes.RIGHT[kind], kind=kind, cases=PAIR)
    wanted = {"unrolled": (5, 6), "truncated": (3, 3), "neumann": (5, 5)}.get(kind)
    for shown, case in zip(report.filters(), (0, 1), strict=True):
        if wanted is None:
            assert shown.solved == pytest.approx(np.ones(4), rel=1e-12)
            assert shown.meaning == "an exact solve"
        else:
            assert shown.terms == pytest.approx(np.full(4, wanted[case]), rel=1e-9)


def test_truncation_that_calls_itself_unrolled_tells_how_long_it_is():
    report = conformance.check(lambda g: codes.unrolled(g, terms=2), kind="unrolled")
    assert report.fingerprints == ()
    assert report.cause == "its function of the Hessian is 2 terms of the series"


def test_any_damping_is_measured():
    report = conformance.check(solved_with(lambda g: 0.037), kind="implicit")
    assert report.cause == "its function of the Hessian is a solve with damping 0.037"
    assert report.filters()[1].damping == pytest.approx(np.full(4, 0.037), rel=1e-9)


def test_another_function_on_each_spectrum_has_no_name():
    report = conformance.check(solved_with(lambda g: 0.037 * g.L), kind="implicit")
    assert "damping" not in report.cause


def test_kinds_that_are_no_filter_have_none():
    report = conformance.check(codes.discounted, kind="discounted", cases=PAIR)
    assert report.filters() == ()
