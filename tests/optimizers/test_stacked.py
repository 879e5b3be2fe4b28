"""Jets of 106 bits in rows of one array: bit by bit what a Jet gives entry by entry."""

import numpy as np
import pytest

from quadmeta.arithmetic.double_double import DoubleDouble
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers.parts.stacked import StackedJet


def number(rng, shape=(2, 3)):
    """Numbers of 106 bits."""
    hi = rng.standard_normal(shape)
    return DoubleDouble(hi, hi * 2.0**-54 * rng.uniform(-1, 1, shape))


def random_jet(rng, k, order, shape):
    """A jet with no entry 0, its second derivatives symmetric."""
    half = {(i, j): number(rng, shape) for i in range(k) for j in range(i, k)}
    second = [[half[min(i, j), max(i, j)] for j in range(k)] for i in range(k)]
    rows = tuple(map(tuple, second)) if order == 2 else ()
    return Jet(number(rng, shape), tuple(number(rng, shape) for _ in range(k)), rows)


def entries(jet):
    """Leading and trailing parts of value and derivatives."""
    found = [jet.value, *jet.first, *(x for row in jet.second for x in row)]
    return [part for x in found for part in (x.hi, x.lo)]


@pytest.mark.parametrize("shape", [(2, 3), (40, 30)])
@pytest.mark.parametrize(("k", "order"), [(0, 0), (1, 1), (2, 1), (1, 2), (2, 2), (3, 2)])
def test_operations_are_those_of_jets_to_the_last_bit(k, order, shape):
    rng = np.random.default_rng([k, order])
    x, y = random_jet(rng, k, order, shape), random_jet(rng, k, order, shape)
    powers = np.arange(np.prod(shape)) % 7
    a, b = StackedJet.of(x), StackedJet.of(y)
    for found, want in (
        (a, x),
        (a + b, x + y),
        (a * b, x * y),
        (a * a, x * x),
        (a.times(-4), -(4 * x)),
        (a.plus(0.3), x + 0.3),
        (a.ldexp(powers), x.map(lambda v: v.ldexp(powers.reshape(shape)))),
    ):
        for one, other in zip(entries(found.jet(shape)), entries(want), strict=True):
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(a.value, x.value.hi.ravel())
    np.testing.assert_array_equal(a.at(np.arange(len(powers)) == 4).value, x.value.hi.ravel()[4:5])


def test_a_derivative_that_is_the_number_0_takes_the_shape_of_the_value():
    x = number(np.random.default_rng(0))
    jet = StackedJet.of(Jet.parameters([x, x])[0])
    want = np.array([x.hi.ravel()] + [np.full(6, v) for v in (1, 0, 0, 0, 0)])
    np.testing.assert_array_equal(jet.rows.hi, want)
