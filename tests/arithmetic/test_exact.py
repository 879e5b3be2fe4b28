"""The gate: what goes in is converted exactly, what comes out is of the type that was asked for."""

import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.arithmetic.exact import KINDS, convert, evaluate, rational
from quadmeta.arithmetic.interval import Interval
from quadmeta.arithmetic.signlog import SignLog

TYPES = {
    "float64": float,
    "signlog": SignLog,
    "interval": Interval,
    "fraction": Fraction,
    "mpmath": mpmath.mpf,
}


def formula(x, w, n):
    return (w * (1 - x / 3) ** n).sum(axis=-1) / 2


@pytest.mark.parametrize("kind", KINDS)
@given(x=st.lists(st.floats(0.125, 4), min_size=1, max_size=4), n=st.integers(0, 40))
def test_one_formula_five_types(kind, x, n):
    w = np.arange(1.0, len(x) + 1)
    exact = sum((int(v) * (1 - Fraction(a) / 3) ** n for a, v in zip(x, w)), Fraction(0)) / 2
    size = sum(int(v) * abs(1 - Fraction(a) / 3) ** n for a, v in zip(x, w))
    result = evaluate(formula, np.array(x), w, np.int64(n), kind=kind)
    assert isinstance(result, TYPES[kind])
    if kind == "fraction":
        assert result == exact
    elif kind == "interval":
        assert result.contains(exact)
    elif kind == "mpmath":
        with mpmath.workdps(60):
            assert abs(result - mpmath.mpf(exact.numerator) / exact.denominator) <= 1e-45 * (
                1 + float(size)
            )
    else:  # 1 - x/3 is rounded once and amplified n times
        assert abs(Fraction(float(result)) - exact) <= 1e-14 * (n + 1) * (1 + float(size))


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_of_every_make(kind):
    for value in (
        0.5,
        np.float32(0.5),
        Fraction(1, 2),
        mpmath.mpf(0.5),
        [0.5, Fraction(1, 3), 2],
        np.ones((2, 2)),
        np.array([1, 2]),
        np.array([Fraction(1, 3)]),
        (0.5, (Fraction(1, 3),)),
        3,
    ):
        result = evaluate(lambda x: x, value, kind=kind)
        assert isinstance(result, (np.ndarray, tuple, TYPES[kind]))
    assert convert(kind, np.int64(7)) == 7 and type(convert(kind, np.int64(7))) is int
    assert evaluate(lambda n: n - 7, 7, kind=kind) == 0
    assert evaluate(lambda x: x * 0 + 1, Fraction(1, 3), kind=kind) == 1


def test_traps():
    with np.errstate(all="ignore"):
        assert evaluate(
            lambda x, n: x**n, Fraction(3, 2), np.int64(50), kind="fraction"
        ) == Fraction(3**50, 2**50)
    assert evaluate(lambda x: x, 0.1, kind="fraction") == Fraction(0.1) != Fraction(1, 10)
    with pytest.raises(TypeError, match="write x / 2, not 0.5"):
        evaluate(lambda x: 0.5 * x, Fraction(1, 3), kind="fraction")
    with pytest.raises(TypeError, match="float"):
        evaluate(lambda x: x * np.array([0.5]), [Fraction(1, 3)], kind="fraction")
    with pytest.raises(TypeError, match="ndarray|float"):
        evaluate(lambda x: (x, np.zeros(2)), 0.5, kind="signlog")
    with pytest.raises(TypeError, match="bool"):
        evaluate(lambda x: x > 0, Fraction(1), kind="fraction")


def test_precision_is_local_and_as_asked():
    before = mpmath.mp.prec
    third = evaluate(lambda x: x, Fraction(1, 3), kind="mpmath", digits=100)
    with mpmath.workdps(120):
        assert 0 < abs(third - mpmath.mpf(1) / 3) < mpmath.mpf(10) ** -100
        assert evaluate(lambda x: x, mpmath.mpf(10) ** -(10**9), kind="mpmath") > 0
    assert mpmath.mp.prec == before


@given(st.floats(allow_nan=False, allow_infinity=False) | st.fractions() | st.integers())
def test_rational_is_exact(x):
    assert rational(x) == x and type(rational(x)) is Fraction
    if isinstance(x, float):
        assert rational(mpmath.mpf(x)) == rational(np.float64(x)) == x


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: convert("fractoin", 1), ValueError, "'fraction'"),
        (lambda: evaluate(abs, 1.0, kind="mp"), ValueError, "'mpmath'"),
        (lambda: convert("fraction", np.nan), ValueError, "nan"),
        (lambda: convert("mpmath", np.inf), ValueError, "inf"),
        (lambda: convert("mpmath", mpmath.inf), ValueError, "inf"),
        (lambda: convert("float64", [1.0, np.nan]), ValueError, "nan"),
        (lambda: convert("fraction", "1/2"), ValueError, "1/2"),
        (lambda: convert("float64", None), ValueError, "None"),
        (lambda: convert("fraction", SignLog.of(1)), ValueError, "made from"),
        (lambda: convert("signlog", Interval.of(1)), ValueError, "made from"),
        (lambda: convert("float64", Fraction(10) ** 400), OverflowError, "10**400.0"),
        (lambda: convert("float64", Fraction(1, 10**320)), OverflowError, "10**-320.0"),
        (lambda: rational(mpmath.mpf(10) ** -(10**9)), OverflowError, "signlog"),
        (lambda: evaluate(lambda x: x / 0, np.ones(2)), FloatingPointError, "divide"),
        (lambda: evaluate(lambda x: x * float("inf"), 1.0), FloatingPointError, "signlog"),
        (lambda: evaluate(lambda x: x, 1.0, kind="mpmath", digits=0), ValueError, "digits"),
    ],
)
def test_errors_are_one_line(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_importing_loads_numpy_only():
    names = "exact", "interval", "powers", "signlog"
    code = (
        f"import sys; from quadmeta.arithmetic import {', '.join(names)}; "
        "sys.exit(bool({'mpmath', 'scipy', 'matplotlib', 'joblib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("kind", ["float64", "signlog", "interval", "fraction", "mpmath"])
def test_the_five_kinds_by_name(kind):
    assert kind in KINDS and len(KINDS) == 5
    assert isinstance(evaluate(lambda x: x / 3, 1.5, kind=kind), TYPES[kind])


def test_fifty_digits_unless_asked():
    assert evaluate(lambda: mpmath.mpf(mpmath.mp.dps), kind="mpmath") == 50
    assert evaluate(lambda: mpmath.mpf(mpmath.mp.dps), kind="mpmath", digits=17) == 17


@pytest.mark.parametrize(
    "formula, x",
    [
        (lambda x: 1 / (x * x), 1e200),
        (lambda x: 0 * x + 1 / (1 / (x - 1)), 1.0),
        (lambda x: np.where(x > 0, x, np.sqrt(-x)), np.array([1.0, -1.0])),
    ],
    ids=["overflow", "division", "NaN"],
)
def test_what_a_float_formula_loses_on_its_way_is_an_error(formula, x):
    with pytest.raises(FloatingPointError):
        evaluate(formula, x)


def test_length_of_a_fraction_has_a_limit():
    for sign in (-1, 1):
        edge = mpmath.ldexp(1, sign * 10**7)
        assert rational(edge) == Fraction(2) ** (sign * 10**7)
        with pytest.raises(OverflowError, match="too long for a fraction"):
            rational(mpmath.ldexp(1, sign * (10**7 + 1)))


def test_ends_of_float64_are_reached_by_fractions_beside_them():
    low, high, bit = (
        Fraction(2) ** -1022,
        Fraction(2) ** 1024 - Fraction(2) ** 971,
        Fraction(1, 2**80),
    )
    for sign in (-1, 1):
        for end in (low, high):
            for beside in (end, end * (1 + bit), end * (1 - bit)):
                assert convert("float64", sign * beside) == sign * float(end)
        with pytest.raises(OverflowError):
            convert("float64", sign * low * Fraction(2, 3))


def test_exact_integers_may_stand_in_an_array_of_any_exact_kind():
    third = evaluate(lambda x: np.array([1, x], dtype=object), Fraction(1, 3), kind="fraction")
    assert third.tolist() == [1, Fraction(1, 3)]
    assert evaluate(lambda x: np.array([1, x], dtype=object), 0.5, kind="mpmath")[1] == 0.5


def test_mixed_lists_are_converted_entry_by_entry():
    numbers = [2**53 + 1, 0.5, np.uint64(2**64 - 1), np.longdouble("1e-4000")]
    want = [
        Fraction(2**53 + 1),
        Fraction(1, 2),
        Fraction(2**64 - 1),
        Fraction(*numbers[3].as_integer_ratio()),
    ]
    assert convert("fraction", numbers).tolist() == want
    with mpmath.workdps(50):
        assert [mpmath.mpf(x.numerator) / x.denominator for x in want] == convert(
            "mpmath", numbers
        ).tolist()
    box = convert("interval", numbers)
    assert all(box[k].contains(x) for k, x in enumerate(want))
    assert convert("signlog", numbers).log[3] == pytest.approx(-4000 * np.log(10))
    with pytest.raises(OverflowError, match="does not fit in float64"):
        convert("float64", numbers)


@pytest.mark.parametrize("kind", ["float64", "signlog", "interval", "fraction", "mpmath"])
def test_what_only_looks_like_a_number_has_no_conversion(kind):
    for bad in (
        True,
        [True, 1.0],
        "0.3",
        ["1"],
        1j,
        None,
        np.ma.array([1.0], mask=[True]),
        [[1], [1, 2]],
    ):
        with pytest.raises(ValueError) as caught:
            convert(kind, bad)
        assert "\n" not in str(caught.value)


def test_kind_and_digits_are_named():
    with pytest.raises(ValueError, match="kind = 'fractions' must be .*: did you mean 'fraction'"):
        evaluate(lambda x: x, 1.0, kind="fractions")
    for digits in (0, 2.5, True, 10**400):
        with pytest.raises(ValueError, match="^digits = "):
            evaluate(lambda x: x, 1.0, kind="mpmath", digits=digits)
