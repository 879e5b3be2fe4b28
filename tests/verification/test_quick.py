"""``Quick`` is ``Fraction`` in every operation, and gives way to other number types."""

import operator
import pickle
from copy import deepcopy
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.certificates.quick import Quick, quick, slow
from quadmeta.verification.trace import Recorder, Traced

NUMBERS = st.one_of(
    st.fractions(-9, 9, max_denominator=12), st.fractions(), st.integers(-9, 9).map(Fraction)
)
OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv]
RELATIONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


def outcome(operation, *operands):
    try:
        return operation(*operands)
    except ZeroDivisionError as error:
        return str(error)


@given(NUMBERS, NUMBERS, st.integers(-5, 5))
def test_each_operation_is_that_of_fractions(a, b, n):
    pairs = [(quick(a), quick(b), b), (quick(a), b, b), (a, quick(b), b), (quick(a), n, n)]
    for left, right, plain in pairs:
        for operation in OPERATIONS:
            found, wanted = outcome(operation, left, right), outcome(operation, a, plain)
            # in lowest terms, below a positive denominator
            assert str(found) == str(wanted)
            assert type(found) is Quick or isinstance(wanted, str)
        assert [r(left, right) for r in RELATIONS] == [r(a, plain) for r in RELATIONS]
    for operation in OPERATIONS:
        assert str(outcome(operation, n, quick(a))) == str(outcome(operation, n, a))
    found = outcome(pow, quick(a), n)
    assert str(found) == str(outcome(pow, a, n)) and isinstance(found, Quick | str)
    for one in (operator.neg, operator.pos, abs):
        assert str(one(quick(a))) == str(one(a)) and type(one(quick(a))) is Quick
    assert hash(quick(a)) == hash(a) and bool(quick(a)) == bool(a)


def test_there_and_back():
    x = Fraction(3, 4), (2, Fraction(-1, 3)), 0.5
    assert slow(quick(x)) == x and repr(slow(quick(x))) == repr(x)
    assert type(quick(x)[1][1]) is Quick
    for copied in (pickle.loads(pickle.dumps(quick(x[0]))), deepcopy(quick(x[0]))):
        assert copied == x[0] and type(copied) is Quick


def test_other_operands():
    half = Quick(1, 2)
    assert type(half + 0.5) is float and half + 0.5 == 1 and 2.0**half == 2**0.5
    assert half ** Fraction(1, 2) == 0.5**0.5 and half < 0.75 and half == 0.5 and half != "1/2"
    assert list(half * np.array([1, Fraction(1, 3)], dtype=object)) == [half, Fraction(1, 6)]
    with pytest.raises(TypeError):
        half + "1"
    # a number whose history is recorded keeps it on either side
    traced = Recorder().number("x", Fraction(1, 3))
    for found in (half + traced, traced + half, half - traced, traced / half):
        assert type(found) is Traced
