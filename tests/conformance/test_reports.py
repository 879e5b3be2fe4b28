"""What the kit says about right codes, wrong codes and code that misbehaves."""

import json
import signal
import sys
import time

import numpy as np
import pytest

import quadmeta as qm
from quadmeta import conformance
from quadmeta.conformance import CASES, KINDS, Verdict, tolerance
from tests.conformance import codes
from tests.conformance.codes import ALL, RIGHT


@pytest.mark.parametrize("kind", RIGHT)
def test_right_code_is_right(kind):
    report = conformance.check(RIGHT[kind], kind=kind, supports=ALL)
    assert report.passes, report
    assert not report.fingerprints
    assert Verdict.NOT_APPLICABLE not in report.counts
    # rounding leaves a margin that a wrong formula would not
    assert max(r.error / r.tolerance for r in report.results if r.tolerance) < 0.25


def test_every_kind_has_a_right_code():
    assert set(RIGHT) == set(KINDS)


@pytest.mark.parametrize(
    ("forgotten", "cause"),
    [
        ("direct", "direct term missing"),
        ("momentum", "momentum missing in the backward pass"),
        ("start", "start detached"),
        ("step size", "step size factor lost"),
    ],
)
def test_what_is_forgotten_is_named(forgotten, cause):
    def code(g):
        return codes.unrolled(g, forgotten)

    report = conformance.check(code, kind="unrolled", supports=ALL)
    assert report.verdict == Verdict.WRONG
    assert [match.name for match in report.fingerprints] == [cause]


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"drop": 1}, "CG: last step lost"),
        ({"stale": True}, "CG: residual of the step before in the direction, d steps"),
    ],
)
def test_wrong_conjugate_gradients_are_named(options, cause):
    def code(g):
        return codes.conjugate_gradients(g, **options)

    report = conformance.check(code, kind="implicit", supports={"matrix", "scalar"})
    assert [match.name for match in report.fingerprints] == [cause]
    assert report.fingerprints[0].contradicted == 0


def test_right_conjugate_gradients_are_right_where_they_converge():
    report = conformance.check(
        codes.conjugate_gradients, kind="implicit", supports={"matrix", "scalar"}, rtol=1e-12
    )
    assert report.passes, report


def test_a_lost_last_step_is_a_silent_zero_for_an_isotropic_hessian():
    report = conformance.check(lambda g: codes.conjugate_gradients(g, drop=1), kind="implicit")
    assert report["isotropic"].verdict == Verdict.ZERO
    assert report["one_dimension"].verdict == Verdict.ZERO
    assert report["zero_outer_gradient"].verdict == Verdict.RIGHT


def test_unknown_mistakes_are_wrong_and_unnamed():
    def code(g):
        return codes.implicit(g) * 1.001 + 0.01

    report = conformance.check(code, kind="implicit")
    assert report.verdict == Verdict.WRONG
    assert report.fingerprints == ()
    assert "unknown" in report.cause or report.cause == ""


def test_truncation_declared_as_such_is_right_for_its_approximation():
    report = conformance.check(codes.truncated, kind="truncated")
    assert report.verdict == Verdict.APPROXIMATION
    assert report["generic"].distance == pytest.approx(1 - 57.946281056 / 83.721231143)
    wrong = conformance.check(codes.truncated, kind="unrolled", cases=["generic", "scaled"])
    assert wrong.verdict == Verdict.WRONG


def test_an_inner_problem_that_has_not_converged_is_told_from_a_wrong_derivative():
    def half_trained(g):
        w = 0 * g.w
        for _ in range(20):
            w = w - g.gradient(w, g.alpha) / g.L
        return codes.implicit(g, w), w

    report = conformance.check(half_trained, kind="solved")
    assert report["condition_2^13"].verdict == Verdict.UNCONVERGED
    assert "away from w_*" in report["condition_2^13"].message

    def and_wrong(g):
        value, w = half_trained(g)
        return 2 * value, w

    assert conformance.check(and_wrong, kind="solved")["generic"].verdict == Verdict.WRONG


def test_declared_tolerances_cover_what_they_say():
    def damped(g):
        x = np.linalg.solve(
            codes.matrix(g) + 1e-9 * np.eye(g.w.size), g.outer_gradient(g.w, g.alpha).ravel()
        )
        return g.direct(g.w, g.alpha) - g.mixed(g.w, g.alpha, x.reshape(g.w.shape))

    strict = conformance.check(damped, kind="implicit", cases=["generic"])
    assert strict.verdict == Verdict.WRONG
    loose = conformance.check(damped, kind="implicit", cases=["generic"], rtol=1e-7)
    assert loose.verdict == Verdict.APPROXIMATION
    # a tolerance as small as the damping over mu does not cover it
    close = conformance.check(damped, kind="implicit", cases=["generic"], rtol=1e-11)
    assert close.verdict == Verdict.WRONG


def test_single_precision_inside_is_said():
    def cast(g):
        low = _Low(g)
        return codes.implicit(low).astype(float)

    report = conformance.check(cast, kind="implicit")
    assert report.verdict == Verdict.SINGLE
    assert "single precision" in report.cause


class _Low:
    """Everything in float32."""

    def __init__(self, g):
        self._g = g
        self.alpha = g.alpha.astype(np.float32)
        self.w = g.w.astype(np.float32)

    def __getattr__(self, name):
        method = getattr(self._g, name)
        return lambda *args: method(*args).astype(np.float32)


class _Hostile(Exception):
    """Cannot be printed, and is as bad as an array."""

    shape = (2,)

    def __str__(self):
        raise RuntimeError

    def __array__(self, *args, **kwargs):
        raise self


def throwing(error):
    def code(g):
        raise error

    return code


def without_w(g):
    del g.w
    return g.alpha * np.nan


def closes_its_output(g):
    sys.stdout.close()
    return g.alpha * np.nan


def spoils_the_case(g):
    g._case.hessian[0, 0] += 1


async def never_awaited(g):
    return g.alpha


MISBEHAVIOUR = {
    "a list": (lambda g: [1.0, 2.0], Verdict.UNUSABLE, "list"),
    "a float": (lambda g: 1.0, Verdict.UNUSABLE, "float"),
    "nothing": (lambda g: None, Verdict.UNUSABLE, "unused hyperparameter"),
    "a generator": (lambda g: (x for x in g.alpha), Verdict.UNUSABLE, "generator"),
    "texts": (lambda g: np.array(["a", "b"]), Verdict.UNUSABLE, "dtype"),
    "another shape": (lambda g: g.alpha[:, None], Verdict.UNUSABLE, "(2, 1), not (2,)"),
    "nan": (lambda g: g.alpha * np.nan, Verdict.NAN, ""),
    "inf": (lambda g: g.alpha + np.inf, Verdict.INFINITE, ""),
    "zero": (lambda g: 0 * g.alpha, Verdict.ZERO, ""),
    "an exception": (lambda g: 1 / 0, Verdict.RAISES, "ZeroDivisionError"),
    "exit": (lambda g: exit(3), Verdict.RAISES, "SystemExit"),
    "beyond Exception": (throwing(GeneratorExit()), Verdict.RAISES, "GeneratorExit"),
    "an unprintable error": (throwing(_Hostile()), Verdict.RAISES, "_Hostile"),
    "control characters": (throwing(ValueError("a\x1b\ud800b\nc")), Verdict.RAISES, "a  b"),
    "an array that is none": (lambda g: _Hostile(), Verdict.UNUSABLE, "_Hostile"),
    "a masked array": (lambda g: np.ma.masked_less(g.alpha, 0), Verdict.UNUSABLE, "masked"),
    "complex": (lambda g: g.alpha * 1j, Verdict.UNUSABLE, "complex128"),
    "beyond float64": (lambda g: np.longdouble("1e4000") + g.alpha, Verdict.INFINITE, ""),
    "the largest floats": (lambda g: g.alpha * 0 + 1.7e308, Verdict.WRONG, ""),
    "endless recursion": (lambda g: MISBEHAVIOUR["endless recursion"][0](g), Verdict.RAISES, "R"),
    "two arguments": (lambda g, more: g, Verdict.RAISES, "TypeError"),
    "a deleted input": (without_w, Verdict.NAN, ""),
    "a closed output": (closes_its_output, Verdict.NAN, ""),
    "a changed case": (spoils_the_case, Verdict.RAISES, "read-only"),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_misbehaviour_is_a_verdict_and_the_run_goes_on(name):
    bad, verdict, said = MISBEHAVIOUR[name]

    def code(g):
        return bad(g) if g.name == "generic" else codes.implicit(g)

    report = conformance.check(code, kind="implicit", cases=["generic", "scaled"])
    assert report["generic"].verdict == verdict
    assert said in report["generic"].message
    assert report["scaled"].verdict == Verdict.RIGHT


@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_coroutine_is_no_array():
    report = conformance.check(never_awaited, kind="implicit", cases=["generic"])
    assert report["generic"].message == "coroutine, not an array of shape (2,)"


def test_weights_that_are_none_or_have_diverged():
    def code(g):
        weights = {"generic": "none", "scaled": g.w + 1e308, "isotropic": g.w * 1j}
        return 2 * codes.implicit(g), weights[g.name]

    report = conformance.check(code, kind="solved", cases=["generic", "scaled", "isotropic"])
    assert report.counts == {Verdict.WRONG: 3}


def test_numpy_settings_of_the_code_and_of_the_caller_stay_theirs():
    def code(g):
        np.seterr(all="raise")
        return codes.implicit(g)

    before = np.geterr()
    assert conformance.check(code, kind="implicit", cases=["generic"]).passes
    assert np.geterr() == before
    with np.errstate(all="raise"):
        report = conformance.check(lambda g: 5e-324 + 0 * g.alpha, kind="implicit", cases="quick")
    assert report.verdict == Verdict.WRONG


def test_what_depends_on_chance_or_state_is_said():
    calls = []

    def code(g):
        calls.append(g.name)
        return codes.implicit(g) * (1 + calls.count("generic") // 2)

    report = conformance.check(code, kind="implicit", cases=["generic", "scaled"])
    assert report["generic"].verdict == Verdict.WRONG
    assert report["generic"].notes == ("a second call on the same input ends otherwise",)
    assert report["scaled"].verdict == Verdict.RIGHT
    assert "depends on chance" in report.cause


def test_interrupts_and_outcomes_of_tests_are_passed_on():
    for raised in (KeyboardInterrupt, pytest.skip.Exception):
        with pytest.raises(raised):
            conformance.check(throwing(raised()), kind="implicit", cases=["generic"])


def test_a_time_limit_of_somebody_else_goes_on():
    before = signal.setitimer(signal.ITIMER_REAL, 50.0)
    conformance.check(codes.implicit, kind="implicit", cases=["generic"])
    left, _ = signal.setitimer(signal.ITIMER_REAL, *before)
    assert 0 < left <= 50


def test_code_that_takes_too_long_is_interrupted():
    def code(g):
        if g.name == "generic":
            end = time.monotonic() + 60
            while time.monotonic() < end:
                pass
        return codes.implicit(g)

    report = conformance.check(code, kind="implicit", cases=["generic", "scaled"], time_limit=0.2)
    assert report["generic"].verdict == Verdict.SLOW
    assert report["scaled"].verdict == Verdict.RIGHT


def test_printing_and_changed_inputs_are_noted(capsys):
    def code(g):
        print("hello")
        found = codes.implicit(g)
        g.w[...] = 0
        return found

    report = conformance.check(code, kind="implicit", cases=["generic"])
    assert report.verdict == Verdict.RIGHT
    assert report["generic"].notes == ("prints", "changes its input in place")
    assert capsys.readouterr().out == ""


def test_a_refusal_is_not_applicable():
    def code(g):
        if g.name == "scalar":
            raise conformance.NotApplicable
        return codes.implicit(g)

    report = conformance.check(code, kind="implicit", supports={"scalar", "matrix", "float32"})
    assert report["scalar"].verdict == Verdict.NOT_APPLICABLE
    assert report.verdict == Verdict.RIGHT


def test_code_that_no_case_applies_to_does_not_pass():
    """Nothing was tested, and that is not right."""

    def shy(g):
        raise conformance.NotApplicable

    report = conformance.check(shy, kind="implicit")
    assert report.verdict == Verdict.NOT_APPLICABLE
    assert not report.passes
    with pytest.raises(AssertionError):
        conformance.assert_conforms(shy, kind="implicit")


def test_an_unused_component_must_be_exactly_zero():
    def code(g):
        return codes.implicit(g) + 1e-16 * (g.name == "unused_hyperparameter")

    report = conformance.check(code, kind="implicit", cases=["unused_hyperparameter"])
    assert report.verdict == Verdict.WRONG


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "implict"}, "did you mean 'implicit'"),
        ({"kind": "implicit", "xp": "tensorflow"}, "xp = 'tensorflow'"),
        ({"kind": "implicit", "xp": json}, "no asarray"),
        ({"kind": "implicit", "supports": {"speed"}}, "'speed' is no feature"),
        ({"kind": "implicit", "cases": ["momentum"]}, "no case of 'implicit'"),
        ({"kind": "implicit", "cases": "isotopic"}, "did you mean 'isotropic'"),
        ({"kind": "implicit", "cases": []}, "cases is empty"),
        ({"kind": "implicit", "cases": 5}, "cases = 5"),
        ({"kind": "implicit", "supports": 5}, "supports = 5 is no collection"),
        ({"kind": "implicit", "rtol": -1.0}, "rtol = -1.0"),
        ({"kind": "implicit", "time_limit": 0.0}, "time_limit = 0"),
    ],
)
def test_bad_options_are_refused(options, said):
    with pytest.raises(ValueError, match=r".") as caught:
        conformance.check(codes.implicit, **options)
    assert said in str(caught.value)


def test_the_report_in_every_form():
    report = conformance.check(
        lambda g: codes.unrolled(g, "step size"), kind="reverse", name="mine"
    )
    assert report.kind == "unrolled"
    assert repr(report).startswith("mine (unrolled, numpy): ")
    assert "step size factor lost" in repr(report)
    found = json.loads(report.to_json())
    assert found["verdict"] == "wrong"
    assert not found["passes"]
    assert len(found["results"]) == len(report.results)
    html = report._repr_html_()
    assert html.count("<tr>") == len(report.results) + 1
    assert "step size factor lost" in html
    assert {row["case"] for row in report.rows()} == {r.case for r in report.results}


def test_json_has_no_number_that_is_none():
    report = conformance.check(lambda g: g.alpha * np.nan, kind="implicit", cases=["generic"])
    assert json.loads(report.to_json())["results"][0]["value"] == ["nan", "nan"]


def test_the_picture_has_a_bar_a_case():
    names = ["generic", "scaled", "one_step", "isotropic", "momentum"]
    report = conformance.check(codes.truncated, kind="unrolled", name="truncated", cases=names)
    figure = report.plot()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    applicable = [r.case for r in report.results if r.verdict != Verdict.NOT_APPLICABLE]
    assert labels == applicable[::-1]
    assert not qm.plotting.overlapping_text(figure)


def test_tolerances_are_those_of_the_error_model():
    case = {case.name: case for case in CASES}["generic"]
    wider = case.but(dtype="float32")
    assert tolerance(wider, "unrolled") == 2**29 * tolerance(case, "unrolled")
    # n = T = 6 and P = 4 against n = 0
    ratio = tolerance(case, "unrolled") / tolerance(case, "implicit_at")
    from quadmeta.conformance.rounding import recorded

    record = recorded()["generic"]
    assert ratio == pytest.approx(10 / 4 * record["unrolled"] / record["implicit_at"])
