"""log and exp keep the number type and the shape, and refuse the types that cannot hold them."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from quadmeta.arithmetic.elementary import exp, log
from quadmeta.arithmetic.interval import Interval
from quadmeta.arithmetic.signlog import SignLog

X = [[0.5, 1.0, 3.0], [1e-300, 7.0, 1e300]]


@pytest.mark.parametrize("function, name", [(log, "log"), (exp, "exp")])
def test_every_type_keeps_its_type_its_shape_and_its_digits(function, name):
    x = np.array(X) if name == "log" else np.array(X) % 10
    np.testing.assert_array_equal(function(x), getattr(np, name)(x))
    assert function(2.0) == function(np.float64(2.0)) == getattr(np, name)(2.0)
    with mpmath.workdps(40):
        entries = np.array([[mpmath.mpf(float(v)) for v in row] for row in x], dtype=object)
        got = function(entries)
        assert got.shape == (2, 3) and got.dtype == object
        for value, entry in zip(got.ravel(), entries.ravel(), strict=True):
            assert isinstance(value, mpmath.mpf) and value == getattr(mpmath, name)(
                entry
            ) == function(entry)
    mixed = function(np.array([2.0, 3.0], dtype=object))
    assert mixed.dtype == object and mixed[0] == getattr(np, name)(2.0)


def test_one_is_the_inverse_of_the_other():
    with mpmath.workdps(60):
        third = mpmath.mpf(1) / 3
        assert abs(exp(log(third)) - third) < mpmath.mpf(10) ** -58 and log(exp(third)) != third + 1


@pytest.mark.parametrize("function, name", [(log, "log"), (exp, "exp")])
@pytest.mark.parametrize(
    "x", [Fraction(1, 2), SignLog.of(2), Interval.of(2), 2, np.array([Fraction(1, 2)])]
)
def test_other_types_are_refused_by_name(function, name, x):
    kind = type(x[0] if isinstance(x, np.ndarray) else x).__name__
    with pytest.raises(TypeError, match=f"the {name} of a {kind} is not one"):
        function(x)
