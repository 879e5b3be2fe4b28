"""One instance of a statement: sides, margins and ratios, by component and also where float64
overflows.
"""

from fractions import Fraction
from math import inf

import numpy as np
import pytest

from quadmeta.verification.claim import Claim, Form
from quadmeta.verification.finding import Finding, arrays, broken, examine
from quadmeta.verification.parameters import Parameter


def finding(lhs, rhs, relation="<=", power=1, margins=None):
    lhs, rhs = (tuple(map(Fraction, side)) for side in (lhs, rhs))
    return Finding({"x": Fraction(1)}, margins or {}, lhs, rhs, relation, power)


@pytest.mark.parametrize(
    "relation, truth",
    [
        ("==", (False, True, False)),
        ("<=", (True, True, False)),
        (">=", (False, True, True)),
        ("<", (True, False, False)),
        (">", (False, False, True)),
    ],
)
def test_each_relation_in_every_component(relation, truth):
    for left, holds in zip(("1/3", "1/2", "2/3"), truth, strict=True):
        assert finding([left], ["1/2"], relation).holds is holds
    assert not finding(["1/3", "1/2", "2/3"], ["1/2"] * 3, relation).holds


def test_sides_of_unequal_length_are_an_error():
    found = finding([1, 2], [1])
    for read in (lambda: found.holds, lambda: found.ratios):
        with pytest.raises(ValueError, match="zip"):
            read()


def test_ratios_undo_the_power_and_leave_out_what_is_not_positive():
    found = finding(["1/8", 1, -1, 0, 1, "1/3"], ["1/2", "1/4", 1, 1, 0, "1/3"], power=2)
    assert found.ratios == {0: pytest.approx(0.5), 1: pytest.approx(2), 5: 1.0}


@pytest.mark.parametrize(
    "exponent, ratio", [(5000, inf), (-5000, 0.0), (300, 1e300), (-300, 1e-300)]
)
def test_ratios_beyond_float64(exponent, ratio):
    assert finding([Fraction(10) ** exponent], [1]).ratios[0] == pytest.approx(ratio, rel=1e-12)
    assert finding([Fraction(10) ** (20 * exponent)], [1], power=20).ratios[0] == pytest.approx(
        ratio, rel=1e-12
    )


def test_evidence_names_what_a_sceptic_needs():
    found = finding([1], [2], margins={"x > 0": Fraction(1)})
    assert found.evidence() == {
        "instance": {"x": 1},
        "lhs": (1,),
        "relation": "<=",
        "rhs": (2,),
        "assumptions": {"x > 0": 1},
    }


class Sampled(Claim):
    """A statement in float64, with an assumption that depends on the form."""

    reference, strength, exact = "control", "upper", False
    forms = {name: Form("x <= y", "consistent", "sampled") for name in ("printed", "repaired")}
    domain = {"x": Parameter("x"), "y": Parameter("y", axis="d")}

    def assumptions(self, x, form):
        return {
            "x <= 1" if form == "printed" else "x <= 2": (1 if form == "printed" else 2) - x["x"]
        }

    def sides(self, x, form):
        return 0.1 * float(x["x"]) + np.zeros(len(x["y"])), x["y"].astype(float) + (
            form == "repaired"
        )

    def cases(self, form):
        return [{"x": 1, "y": (1, 2)}]

    def power(self, x, form):
        return 3 if form == "repaired" else 1


def test_sampled_sides_stay_floats_and_the_form_counts():
    claim = Sampled()
    x = claim.read({"x": "3/2", "y": (1, 2)})
    assert broken(claim, "printed", x) == ("x <= 1",) and broken(claim, "repaired", x) == ()
    printed, repaired = (examine(claim, form, x) for form in ("printed", "repaired"))
    assert (
        printed.broken == ("x <= 1",)
        and not printed.admitted
        and repaired.admitted
        and printed.holds
    )
    assert (
        printed.lhs == pytest.approx((0.15, 0.15))
        and printed.rhs == (1.0, 2.0)
        and repaired.rhs == (2.0, 3.0)
    )
    assert (printed.power, repaired.power, printed.relation) == (1, 3, "<=")


def test_vectors_are_object_arrays():
    x = arrays({"x": Fraction(1, 3), "n": 2, "v": (Fraction(1), Fraction(2)), "k": (1, 2)})
    assert x["x"] == Fraction(1, 3) and x["n"] == 2
    for name in ("v", "k"):
        assert isinstance(x[name], np.ndarray) and x[name].dtype == object and x[name].shape == (2,)
