"""The public strategies draw what they promise, the hard instances among it."""

import sys

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings, strategies as st

import quadmeta as qm
from quadmeta import strategies as qst

MU = 0.1
TOP = 2.0
ends = st.tuples(st.floats(1e-6, 1e3), st.floats(1, 1e6)).map(lambda x: (x[0], x[0] * x[1]))


def occurs(strategy, condition):
    """Whether a few hundred draws meet a condition."""
    chosen = settings(max_examples=500, database=None, phases=[Phase.generate])
    return find(strategy, condition, settings=chosen) is not None


@given(ends.flatmap(lambda x: st.tuples(st.just(x), qst.spectra(*x))))
def test_spectra_are_sorted_between_exact_ends(drawn):
    (mu, top), spectrum = drawn
    assert (spectrum[0], spectrum[-1]) == (mu, top)
    assert (np.diff(spectrum) >= 0).all() and len(spectrum) <= 6


def test_hard_spectra_occur():
    spectra = qst.spectra(MU, TOP)
    assert occurs(spectra, lambda x: len(x) > 2 and len(set(x)) < len(x))
    assert occurs(spectra, lambda x: any(0 < gap < 1e-15 for gap in np.diff(x)))
    assert occurs(spectra, lambda x: any(1e-15 < gap < 1e-5 for gap in np.diff(x)))
    assert occurs(spectra, lambda x: (MU + TOP) / 2 in x)
    assert occurs(qst.spectra(TOP, TOP), lambda x: len(x) > 1)


def test_every_border_occurs_and_so_do_its_neighbours():
    steps = qst.step_sizes(MU, TOP, largest=25.0)
    for border in (0.0, 1 / TOP, 2 / (TOP + MU), 2 / TOP, 1 / MU, 2 / MU):
        assert border in qst.borders(MU, TOP)
        assert occurs(steps, lambda step, border=border: step == border)
        assert occurs(steps, lambda step, border=border: step == np.nextafter(border, np.inf))


@given(qst.step_sizes(MU, TOP, largest=1.0))
def test_no_step_size_is_larger_than_asked_for(step):
    assert 0 <= step <= 2 / TOP


def test_tiny_and_equal_weights_occur():
    assert occurs(qst.weights(3), lambda x: x.min() < 1e-11 * x.max())
    assert occurs(qst.weights(3), lambda x: len(set(x)) == 1)


@given(qst.quadratics(MU, TOP))
def test_quadratics_have_the_extremes_asked_for(problem):
    assert isinstance(problem, qm.Quadratic)
    assert (problem.mu, problem.L) == (MU, TOP)


def test_tasks_of_full_rank_and_of_less_occur():
    tasks = qst.least_squares()
    assert occurs(tasks, lambda task: rank(task) == task.dimension > 1)
    assert occurs(tasks, lambda task: 1 < rank(task) < task.dimension)


def rank(task):
    return np.count_nonzero(task.modes().eigenvalues)


@pytest.mark.parametrize("kind", qst.BILEVEL)
@given(st.data())
@settings(max_examples=5)
def test_bilevel_problems_come_with_hyperparameters(kind, data):
    problem, alpha = data.draw(qst.bilevel_problems(kind))
    assert isinstance(problem, qm.BilevelProblem)
    assert problem.at(alpha).gradient(problem.start).shape == problem.start.shape


@given(qst.instances(qm.claim("derived_log_convexity"), "repaired"))
def test_instances_of_a_claim_are_in_its_domain(instance):
    claim = qm.claim("derived_log_convexity")
    assert claim.read(instance) == instance


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: qst.spectra(2.0, 1.0), "mu = 2.0 must be > 0 and at most L = 1.0"),
        (lambda: qst.spectra(1.0, 2.0, largest=1), "largest = 1 must be at least 2"),
        (lambda: qst.bilevel_problems("ridg"), "kind = 'ridg' must be one of coupled, ridge"),
        (lambda: qst.bilevel_problem("ridg", 0), "kind = 'ridg' must be one of coupled, ridge"),
    ],
)
def test_wrong_arguments_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_without_hypothesis_the_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "quadmeta.strategies")
    for name in [name for name in sys.modules if name.partition(".")[0] == "hypothesis"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match=r"pip install 'quadmeta\[strategies\]'"):
        import quadmeta.strategies  # noqa: F401
