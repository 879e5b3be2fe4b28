"""Interval: no real result escapes, decided in integers; what may be tight is tight."""

import math
import operator
from fractions import Fraction
from math import prod

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.arithmetic import interval
from quadmeta.arithmetic.interval import Interval
from quadmeta.arithmetic.signlog import SignLog

# without outward rounding more than one in a hundred escapes
CASES = 10000
MAX, TINY = np.finfo(float).max, np.finfo(float).tiny
SPECIAL = np.array(
    [
        0.0,
        5e-324,
        1e-323,
        TINY / 2,
        TINY,
        1e-200,
        1e-162,
        1e-154,
        1e-108,
        1e-16,
        0.1,
        1 / 3,
        1 - 2**-53,
        1.0,
        1 + 2**-52,
        3.0,
        2**27 + 1,
        1e16,
        1e100,
        1.3407807929942596e154,
        1.35e154,
        1e200,
        MAX / 2,
        np.nextafter(MAX, 0),
        MAX,
        np.inf,
    ]
)


def scaled(x):
    """x 2^1074, an integer for every finite float64."""
    top, bottom = x.as_integer_ratio()
    return top << (1075 - bottom.bit_length())


def draw(rng, shape):
    """Adversarial intervals and a point of each: special and random magnitudes, ties, neighbours,
    zero crossings.
    """
    size = (2, *shape)
    magnitude = np.where(
        rng.random(size) < 0.5,
        rng.choice(SPECIAL, size),
        np.ldexp(rng.random(size), rng.integers(-1074, 1024, size)),
    )
    ends = np.where(rng.random(size) < 0.5, -1, 1) * magnitude
    kind = rng.random(shape)
    ends[1] = np.where((kind < 0.2) & np.isfinite(ends[0]), ends[0], ends[1])
    with np.errstate(over="ignore"):
        ends[1] = np.where((kind > 0.2) & (kind < 0.3), np.nextafter(ends[0], 0), ends[1])
    ends[1] = np.where((ends[0] == ends[1]) & np.isinf(ends[0]), 0, ends[1])
    box = Interval(ends.min(axis=0), ends.max(axis=0))
    low, high = np.maximum(box.lower, -MAX), np.minimum(box.upper, MAX)
    t = rng.random(shape)
    inner = np.clip(low * t + high * (1 - t), low, high)
    inner = np.where(
        (low < 0) & (high > 0) & (t < 0.5), rng.choice([0.0, 5e-324, -5e-324], shape), inner
    )
    return box, np.choose(rng.integers(0, 3, shape), [low, high, inner])


def escapes(box, fractions):
    """How many (top, bottom) lie outside their intervals, in exact integer arithmetic; a bottom 0
    is left out.
    """
    count = 0
    for lower, upper, (top, bottom) in zip(box.lower.tolist(), box.upper.tolist(), fractions):
        if bottom == 0:
            continue
        if bottom < 0:
            top, bottom = -top, -bottom
        top <<= 1074
        count += (lower > -np.inf and scaled(lower) * bottom > top) or (
            upper < np.inf and scaled(upper) * bottom < top
        )
    return count


def power(n):
    def exact(x):
        top, bottom = x ** abs(n), 1 << 1074 * abs(n)
        return (top, bottom) if n > 0 else (bottom, top)

    return 1, lambda x: x**n, exact


# arity, interval operation, (numerator, denominator) from integers x 2^1074
OPERATIONS = {
    "+": (2, lambda x, y: x + y, lambda x, y: (x + y, 1 << 1074)),
    "-": (2, lambda x, y: x - y, lambda x, y: (x - y, 1 << 1074)),
    "*": (2, lambda x, y: x * y, lambda x, y: (x * y, 1 << 2148)),
    "/": (2, lambda x, y: x / y, lambda x, y: (x, y)),
    "1/": (1, lambda x: 1 / x, lambda x: (1 << 1074, x)),
    "abs": (1, abs, lambda x: (abs(x), 1 << 1074)),
    **{f"**{n}": power(n) for n in (2, 3, 4, -1, -2, -3)},
}


def failures(name, cases, seed=0):
    rng = np.random.default_rng(seed)
    if name in ("sum", "dot"):
        boxes, points = zip(*(draw(rng, (cases, 5)) for _ in range(1 + (name == "dot"))))
        result = boxes[0].sum(axis=1) if name == "sum" else boxes[0].dot(boxes[1])
        rows = zip(*([[scaled(v) for v in row] for row in p.tolist()] for p in points))
        return escapes(
            result, ((sum(map(prod, zip(*row))), 1 << 1074 * len(points)) for row in rows)
        )
    arity, operation, exact = OPERATIONS[name]
    boxes, points = zip(*(draw(rng, (cases,)) for _ in range(arity)))
    if "/" in name or "**-" in name:
        keep = (boxes[-1].lower < 0) | (boxes[-1].upper > 0)
        boxes, points = [box[keep] for box in boxes], [p[keep] for p in points]
    return escapes(
        operation(*boxes), (exact(*map(scaled, xs)) for xs in zip(*(p.tolist() for p in points)))
    )


@pytest.mark.parametrize("name", [*OPERATIONS, "sum", "dot"])
def test_nothing_escapes(name):
    assert failures(name, CASES) == 0


@pytest.mark.parametrize(
    "name", ["+", "-", "*", "/", "1/", "**2", "**3", "**4", "**-1", "sum", "dot"]
)
def test_known_false_without_outward_rounding(name, monkeypatch):
    # rounding to nearest; only an overflow still becomes a half line, as ends of +inf below are
    # refused
    monkeypatch.setattr(interval, "_down", lambda x: np.minimum(x, MAX))
    monkeypatch.setattr(interval, "_up", lambda x: np.maximum(x, -MAX))
    assert failures(name, 2000) > 20


def test_enclosures_are_not_vacuous():
    rng = np.random.default_rng(1)
    x, y = (Interval.of(rng.normal(size=1000)) for _ in range(2))
    # each of k roundings moves each end by at most one and a half units of 2^-52
    for box, k in ((x * y, 1), (x / y, 1), (x**2, 1), (x**3, 2), (x**-2, 2)):
        assert (box.width <= 3.01 * k * 2**-52 * np.abs(box.midpoint)).all()
    assert ((x + y).width <= 2**-52 * np.abs((x + y).midpoint)).all()
    assert (x + 0 == x).all() and ((x * 0).width == 0).all()


@pytest.mark.parametrize(
    "box, lower, upper",
    [
        (1 - Interval(0, 1), 0, 1),
        (Interval(-1, 2) ** 4, 0, 16),
        (1 / Interval(0, 2), 0.5, np.inf),
        (1 / Interval(-2, -0.0), -np.inf, -0.5),
        (1 / Interval(-1, 2), -np.inf, np.inf),
        (Interval(-1, 2) ** -1, -np.inf, np.inf),
        (Interval(-1, 2) ** -2, 0.25, np.inf),
        (Interval(0, 1) * Interval(0, np.inf), 0, np.inf),
        (abs(Interval(-3, 2)), 0, 3),
        (Interval(0, 0) / Interval(0, 1), 0, 0),
        (Interval(2, 3) ** 0, 1, 1),
        (Interval(0, 0) ** 0, 1, 1),
        (Interval(-np.inf, 3) + 1, -np.inf, 4),
        (Interval.hull(2, -np.inf), -np.inf, 2),
        (-Interval(1, 2), -2, -1),
        (Interval(1, np.inf) / Interval(1, np.inf), 0, np.inf),
        (Interval.of([]).sum(), 0, 0),
        (Interval.of(10**400), MAX, np.inf),
        (Interval.of(mpmath.mpf("-1e-9999999999")), -5e-324, 0),
    ],
)
def test_ends(box, lower, upper):
    assert box.contains(Interval(lower, upper))
    for end, wanted in ((box.lower, lower), (box.upper, upper)):
        assert end == wanted or abs(end - wanted) <= 4 * np.spacing(abs(wanted))


@given(
    st.fractions() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
)
def test_of_is_the_tightest_enclosure(x):
    box = Interval.of(x)
    assert box.contains(x) and interval._up(box.lower) >= box.upper
    assert (box.width == 0) == (Fraction(float(box.lower)) == x)
    assert box.lower <= box.midpoint <= box.upper


def test_mixed_operands_and_containers():
    x = Interval.of([[0.1, 2], [Fraction(1, 3), 2**70 + 1]])
    assert x.shape == (2, 2) and (x.ndim, x.size, len(x)) == (2, 4, 2) and x.ravel().shape == (4,)
    assert x.reshape(4, 1)[2, 0].contains(Fraction(1, 3)) and x[1, 1].contains(2**70 + 1)
    for left in (
        np.float64(2),
        np.ones((2, 2)),
        Fraction(1, 7),
        mpmath.mpf(3),
        10**30,
        [[1, 2], [3, 4]],
    ):
        for box in (left + x, left - x, left * x, left / x, x + left, x - left, x * left, x / left):
            assert isinstance(box, Interval) and box.shape == (2, 2)
    assert [row.shape for row in x] == [(2,), (2,)]
    assert x.sum(axis=0).shape == (2,) and x.sum(axis=-1)[0].contains(Fraction(0.1) + 2)
    assert x.dot([1, 0])[1].contains(Fraction(1, 3)) and (x is not None and x != None)  # noqa: E711
    assert (
        Interval.of(np.int64(2**62 + 1)).contains(2**62 + 1)
        and Interval.of(np.array([1, 2])).width.sum() == 0
    )


def test_comparisons_are_certain():
    a, b = Interval(0, 1), Interval(1, 2)
    assert a <= b and not a < b and b >= a and not (a > b) and not (a == a) and not (a != b)
    assert Interval.of(2) == 2 and Interval.of(2) != Fraction(7, 3) and a < 1.5 and 1.5 > a
    assert list(Interval([0, 3], [1, 4]) < 2) == [True, False]
    with pytest.raises(TypeError):
        a < "x"


def test_width_and_midpoint_of_unbounded():
    everything = Interval(-np.inf, np.inf)
    assert (
        everything.width == np.inf
        and everything.midpoint == 0
        and Interval(0, np.inf).midpoint < np.inf
    )
    assert Interval(5e-324, 5e-324).midpoint == 5e-324 == -Interval(-5e-324, -5e-324).midpoint
    assert Interval(1, 4).midpoint == 2.5 and Interval(-MAX, MAX).midpoint == 0


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda: Interval(1, 0), ValueError),
        (lambda: Interval(np.nan, 1), ValueError),
        (lambda: Interval.of(np.inf), ValueError),
        (lambda: Interval.of([0.0, np.nan]), ValueError),
        (lambda: Interval.of(mpmath.nan), ValueError),
        (lambda: Interval.of("a"), ValueError),
        (lambda: Interval.of([None]), ValueError),
        (lambda: Interval.of(SignLog.of(1)), ValueError),
        (lambda: Interval.of(SignLog.of([1, 2])), ValueError),
        (lambda: Interval.of([Fraction(1), "1"]), ValueError),
        (lambda: Interval.of(1j), ValueError),
        (lambda: Interval.of([1.0, 2.0]) / [1.0, 0.0], ZeroDivisionError),
        (lambda: Interval(0, 0) ** -2, ZeroDivisionError),
        (lambda: Interval(0, 1) ** 0.5, ValueError),
        (lambda: Interval(0, 1) + "a", TypeError),
        (lambda: hash(Interval(0, 1)), TypeError),
    ],
)
def test_errors_are_one_line(call, error):
    with pytest.raises(error) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_repr_and_read_only():
    assert repr(Interval(0.1, 2)) == "Interval([0.1, 2.0])"
    assert repr(Interval.of([1, 2])) == "Interval([[1.0, 1.0], [2.0, 2.0]])"
    assert "..." in repr(Interval.of(np.zeros(1000))) and "\n" not in repr(
        Interval.of(np.zeros((30, 30)))
    )
    with pytest.raises(ValueError):
        Interval.of([1, 2]).lower[0] = 5


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "lt"])
def test_foreign_types_are_refused_on_either_side(name):
    for pair in ((Interval.of(1), "x"), ("x", Interval.of(1))):
        with pytest.raises(TypeError):
            getattr(operator, name)(*pair)


def test_ends_are_float_arrays_and_hold_a_real_number():
    box = Interval([1, 2], [3, 4])
    assert box.lower.dtype == box.upper.dtype == float and Interval.of(box) is box
    for end in (np.inf, -np.inf):
        with pytest.raises(ValueError, match="must be real numbers"):
            Interval(end, end)


def test_hull_of_numbers_arrays_and_intervals():
    box = Interval.hull([1, 5], Interval([0, 6], [2, 7]))
    assert box.lower.tolist() == [0, 5] and box.upper.tolist() == [2, 7]
    assert Interval.hull(3, -2).width == 5 and Interval.hull(
        Interval(0, 1), Interval(4, 5)
    ).contains(Interval(0, 5))
    third = Interval.hull(Fraction(1, 3), Fraction(2, 3))
    assert (
        third.contains(Fraction(1, 3))
        and third.contains(Fraction(2, 3))
        and third.width < 1 / 3 + 1e-15
    )


@pytest.mark.parametrize(
    "other", [1.5, Fraction(3, 2), mpmath.mpf(1.5), np.array(1.5), Interval(1.5, 1.5)]
)
def test_every_comparison_with_a_number_on_either_side(other):
    for box, below, above in (
        (Interval(0, 1), True, False),
        (Interval(2, 3), False, True),
        (Interval(1, 2), False, False),
    ):
        assert [box < other, box <= other, other > box, other >= box] == [below] * 4
        assert [box > other, box >= other, other < box, other <= box] == [above] * 4
        assert (box == other) == (other == box) == False  # noqa: E712
        assert (box != other) == (other != box) == (below or above)
    assert Interval(0, 1.5) <= other <= Interval(1.5, 2) and not Interval(0, 1.5) < other
    assert Interval(1.5, 1.5) == other and not Interval(1.5, 1.5) != other


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge"])
def test_no_order_with_foreign_types(name):
    with pytest.raises(TypeError):
        getattr(operator, name)(Interval.of(1), "x")
    assert not Interval.of(1) == "x" and Interval.of(1) != "x"


def test_touching_intervals_are_neither_apart_nor_equal():
    a, b = Interval(0, 1), Interval(1, 2)
    assert (
        not (a < b)
        and not (b > a)
        and not (a != b)
        and not (b != a)
        and not (a == b)
        and not (b == a)
    )
    assert a <= b and b >= a and not (b <= a) and not (a >= b)
    assert not (b > 1) and not (b != 1) and b >= 1 and not (a < 1) and not (a != 1) and a <= 1


@pytest.mark.parametrize("kind", [float, Fraction, mpmath.mpf, np.float64])
def test_contains_excludes_what_lies_outside_by_one_bit(kind):
    box = Interval(1, 2)
    assert box.contains(kind(1)) is box.contains(kind(2)) is np.True_
    for outside in (np.nextafter(1.0, 0), np.nextafter(2.0, 3), -1.5, 1e300):
        assert box.contains(kind(float(outside))) is np.False_
    assert not box.contains(1 - Fraction(1, 10**40)) and not box.contains(2 + Fraction(1, 10**40))
    assert not Interval(2.0**62, 2.0**62).contains(2**62 + 1) and Interval(
        2.0**62, 2.0**62
    ).contains(np.int64(2**62))
    answers = box.contains([kind(0.5), kind(1.5), kind(2.5)])
    assert answers.tolist() == [False, True, False] and answers.dtype == bool


def test_contains_a_whole_interval_or_not():
    box = Interval(1, 2)
    inside, outside = [(1, 2), (1.5, 1.5), (1, 1)], [(0.5, 2), (1, 2.5), (0, 3), (3, 4), (-1, 0)]
    assert all(box.contains(Interval(*ends)) for ends in inside)
    assert not any(box.contains(Interval(*ends)) for ends in outside)


def test_integers_beyond_float64_keep_their_sign():
    for sign in (-1, 1):
        box = Interval.of(sign * 10**400)
        assert (
            box.contains(sign * 10**400)
            and not box.contains(sign * 1.5e308)
            and not box.contains(-sign * 10**400)
        )
    assert not Interval.of(2.0**62).contains(np.int64(2**62 + 1)) and Interval.of(
        -(2**62) - 1
    ).contains(-(2**62) - 1)


EXACT = [
    2**53 + 1,
    -(2**53) - 1,
    2**63 - 1,
    10**400,
    -(10**400),
    Fraction(1, 3),
    Fraction(-1, 10**400),
    0.5,
    3,
    np.float32(0.1),
    np.float16(0.1),
    np.int64(2**53 + 1),
    np.uint64(2**64 - 1),
    np.longdouble(1) / 3,
    np.longdouble("1e-4000"),
    -np.longdouble("1e4000"),
]


def fraction(x):
    x = x.item() if isinstance(x, np.generic) and not isinstance(x, np.longdouble) else x
    return Fraction(*x.as_integer_ratio())


def encloses_tightly(lower, upper, x):
    """lower <= x <= upper, neighbours unless both are x; infinite ends stand beyond every float."""
    lower, upper = float(lower), float(upper)
    below = lower == -np.inf or Fraction(lower) <= x
    above = upper == np.inf or x <= Fraction(upper)
    exact = np.isfinite(lower) and Fraction(lower) == x
    return below and above and (lower == upper if exact else math.nextafter(lower, np.inf) == upper)


@pytest.mark.parametrize("x", EXACT, ids=lambda x: f"{type(x).__name__}")
def test_numbers_of_every_type_are_enclosed_alone_and_in_lists(x):
    found = [(Interval.of(x).lower, Interval.of(x).upper)]
    found += [
        (Interval.of(mixed)[k].lower, Interval.of(mixed)[k].upper)
        for mixed, k in (
            ([x, 0.5], 0),
            ([0.5, x], 1),
            ((x, 0.5), 0),
            (np.array([x, 0.5], dtype=object), 0),
        )
    ]
    built = Interval(x, x)
    found += [
        (built.lower, built.upper),
        (Interval([x, 1], [x, 1])[0].lower, Interval([x, 1], [x, 1])[0].upper),
    ]
    hull = Interval.hull([x, 0.5], [x, 0.5])
    found += [(hull[0].lower, hull[0].upper)]
    assert all(encloses_tightly(lower, upper, fraction(x)) for lower, upper in found)


@pytest.mark.parametrize("x", EXACT, ids=lambda x: f"{type(x).__name__}")
def test_operands_of_every_type_are_enclosed(x):
    zero = Interval([0.0, 0.0], [0.0, 0.0])
    for total in (zero + [x, 0.5], [x, 0.5] + zero):
        assert total[0].contains(x) and total[1].contains(0.5)
    one = Interval.of([1.0, 1.0])
    for product in (one * [x, 0.5], one * np.array([x, 0.5], dtype=object)):
        assert product[0].contains(x)


def test_membership_is_decided_before_any_rounding():
    point = Interval(2.0**53, 2.0**53)
    assert not point.contains(2**53 + 1) and not point.contains([2**53 + 1, 0.5]).any()
    assert point.contains([2**53, 0.5]).tolist() == [True, False]
    assert not point.contains(np.array([2**53 + 1])).any() and not point.contains(
        np.uint64(2**53 + 1)
    )
    assert not Interval.of(float(np.longdouble(1) / 3)).contains(np.longdouble(1) / 3)
    third = Interval(Fraction(1, 3), Fraction(1, 3))
    assert third.contains(Fraction(1, 3)) and third.lower < third.upper


def test_one_pair_of_a_number_and_its_masked_or_boolean_look_alike():
    box = Interval.of([1.0, 2.0])
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for bad, message in (
        (True, "x = True"),
        ([True, 1.0], "entry True"),
        (masked, "x is a masked array"),
        (np.array([True, False]), "holds booleans"),
        (np.array([1j, 2]), "complex"),
        (np.datetime64("2020-01-01"), "dates"),
        (["1"], "entry '1'"),
        ([[1, 2], [3]], "ragged"),
    ):
        for call in (
            Interval.of,
            box.contains,
            lambda x: box + x,
            lambda x: box < x,
            lambda x: Interval.hull(x, 1),
        ):
            if isinstance(bad, np.datetime64) and call not in (Interval.of, box.contains):
                continue
            with pytest.raises(ValueError) as caught:
                call(bad)
            assert "\n" not in str(caught.value)
        with pytest.raises(ValueError, match=message):
            Interval.of(bad)
        with pytest.raises(ValueError, match="^lower"):
            Interval(bad, 3.0)
        with pytest.raises(ValueError, match="^upper"):
            Interval(0.0, bad)
    with pytest.raises(ValueError, match="exponent = True must be one integer"):
        box**True
    with pytest.raises(ValueError, match="axis = 1 must be None or a whole number from -1 to 0"):
        box.sum(axis=1)
    with pytest.raises(ValueError, match="truth of an Interval is ambiguous"):
        bool(box)
    with pytest.raises(
        ValueError, match=r"lower has shape \(2,\), upper \(3,\): pass shapes that broadcast"
    ):
        Interval([0.0, 0.0], [1.0, 1.0, 1.0])
    with pytest.raises(TypeError):
        np.add(box, np.ones(2))
