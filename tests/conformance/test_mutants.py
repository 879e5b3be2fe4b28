"""Ten mutants of each reference, of which the kit must find those that differ."""

import numpy as np
import pytest

from quadmeta.conformance import CASES, exact_value
from tests.conformance import mutants, reference

FEW = ("generic", "noncommuting", "schedule", "momentum_start", "one_step", "direct_term")


def few(kind):
    return [case for case in mutants.short(kind) if case.name in FEW]


@pytest.mark.parametrize("kind", mutants.KINDS)
def test_the_references_are_right(kind):
    function = getattr(reference, kind)
    assert not mutants.differs(function, kind, mutants.short(kind))
    assert not mutants.found(function, kind, few(kind))


def test_mutants_that_differ_are_found():
    wrong, missed = mutants.survivors(24, "numpy", seed=1000, cases_of=few)
    assert wrong >= 10
    assert missed == []


def test_what_does_not_differ_is_not_found():
    """The control: a reference that is written another way is right."""

    def rewritten(g):
        return 0 * g.alpha + reference.neumann(g)

    assert not mutants.differs(rewritten, "neumann", few("neumann"))
    assert not mutants.found(rewritten, "neumann", few("neumann"))
    case = CASES[0]
    half = np.array([entry / 2 for entry in exact_value(case, "neumann")], dtype=object)
    assert mutants.differs(lambda g: half, "neumann", [case])
