"""Wrong codes that only one case or two tell from right ones."""

import numpy as np
import pytest

from quadmeta import conformance
from tests.conformance import codes
from tests.conformance.codes import ALL, RIGHT


class Changed:
    """A given case with some of its attributes changed."""

    def __init__(self, g, **changes):
        self._g = g
        vars(self).update(changes)

    def __getattr__(self, name):
        return getattr(self._g, name)


def together(g, mistake):
    """Reverse mode that is right for every feature alone; the mistake needs two of them."""
    if g.adam is not None or g.alpha.ndim == 2:
        raise conformance.NotApplicable
    states = codes.run(g)
    adjoint = g.outer_gradient(states[-1], g.alpha)
    found = g.direct(states[-1], g.alpha)
    later = 0 * adjoint

    def pull(v):
        return v if g.precondition is None else g.precondition.T @ v

    for t in reversed(range(g.steps)):
        size = g.step_sizes[t]
        pulled = pull(adjoint)
        found = found - g.w.dtype.type(size) * g.mixed(states[t], g.alpha, pulled)
        carry = g.momentum * (adjoint - later)
        if mistake == "carry through P":
            carry = pull(carry)
        if mistake == "carry at the size of the next step":
            carry = carry * g.step_sizes[min(t + 1, g.steps - 1)] / size
        later = adjoint
        adjoint = adjoint + carry - size * g.hvp(states[t], g.alpha, pulled)
    if g.start is None:
        return found
    zero = np.zeros_like(g.alpha)
    rows = np.array([g.start(unit) - g.start(zero) for unit in np.eye(len(zero))])
    last = adjoint - g.momentum * later
    if mistake == "start through P":
        last = pull(last)
    if mistake == "start for the direct term":
        found = found - g.direct(states[-1], g.alpha)
    return found + rows @ last


@pytest.mark.parametrize(
    "mistake",
    [
        "none",
        "carry through P",
        "carry at the size of the next step",
        "start through P",
        "start for the direct term",
    ],
)
def test_features_that_are_wrong_together_only(mistake):
    report = conformance.check(
        lambda g: together(g, mistake), kind="unrolled", supports=set(ALL) - {"adam", "adam_hat"}
    )
    wrong = [result.case for result in report.results if not result.verdict.passes]
    assert wrong == ([] if mistake == "none" else ["all_together"])


def capped_steps(g):
    return Changed(g, step_sizes=g.step_sizes[:100], steps=min(g.steps, 100))


def capped_products(g):
    return Changed(g, products=min(g.products, 100))


def another_alpha(g):
    return Changed(g, hvp=lambda w, alpha, v: g.hvp(w, 0.999 * alpha, v))


SUBTLE = {
    "a cap on steps": ("unrolled", capped_steps, "long_and_slow"),
    "a cap on the steps of a truncation": ("truncated", capped_steps, "long_and_slow"),
    "a cap on products": ("neumann", capped_products, "long_and_slow"),
    "H at another alpha": ("step_size", another_alpha, "step_size_curved"),
    "H at another alpha, log": ("log_step_size", another_alpha, "step_size_curved"),
}


@pytest.mark.parametrize("name", SUBTLE)
def test_one_case_tells_it(name):
    kind, changed, case = SUBTLE[name]
    report = conformance.check(lambda g: RIGHT[kind](changed(g)), kind=kind)
    wrong = [result.case for result in report.results if not result.verdict.passes]
    assert wrong == [case]


@pytest.mark.parametrize("kind", RIGHT)
def test_a_relative_error_of_1e_6_is_wrong_wherever_the_tolerance_is_finer(kind):
    def code(g):
        returned = RIGHT[kind](g)
        if isinstance(returned, tuple):
            return returned[0] * (1 + 1e-6), returned[1]
        return returned * (1 + 1e-6)

    report = conformance.check(code, kind=kind)
    run = [result for result in report.results if result.value is not None and result.exact.any()]
    fine = [result for result in run if result.tolerance < 1e-7 * np.abs(result.exact).max()]
    assert len(fine) >= 4
    assert all(result.verdict == "wrong" for result in fine)
