"""The reader of arguments: what is a number, what only looks like one, and what its messages say."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import quadmeta as qm
from quadmeta import _validate as read


class Tensor:
    """Somebody else's array."""

    def __array__(self, dtype=None, copy=None):
        return np.array([1.0, 2.0])


class Hostile:
    """An object whose every use raises."""

    def __repr__(self):
        raise RuntimeError("no")

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value, right",
    [
        (1, 1.0),
        (0.5, 0.5),
        (2**53 + 1, 2.0**53),
        (10**300, 1e300),
        (np.float32(0.5), 0.5),
        (np.int8(3), 3.0),
        (Fraction(1, 3), 1 / 3),
        (mpmath.mpf(2), 2.0),
        ([1, 2.5], [1.0, 2.5]),
        ((1, Fraction(1, 2)), [1.0, 0.5]),
        (range(3), [0.0, 1.0, 2.0]),
        ([[1, 2], [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
        ([], []),
        ([np.arange(2), [2, 3]], [[0.0, 1.0], [2.0, 3.0]]),
        (np.arange(3, dtype=np.uint8), [0.0, 1.0, 2.0]),
        (np.array([Fraction(1, 4)], dtype=object), [0.25]),
        (np.longdouble(0.25), 0.25),
        (Tensor(), [1.0, 2.0]),
        ([np.float64(1), np.array(2.0)], [1.0, 2.0]),
    ],
)
def test_real_numbers_are_read(value, right):
    array = read.finite("x", value)
    assert type(array) is np.ndarray and array.dtype == float and np.array_equal(array, right)
    assert not array.flags.writeable


LOOK_ALIKES = [
    "0.3",
    b"1",
    True,
    np.True_,
    1j,
    [1, 1j],
    np.array([1j]),
    [1.0, True],
    [[1.0], [np.True_]],
    [0.5, "1"],
    np.array([True]),
    np.array(["1"]),
    np.datetime64("2020-01-01"),
    np.array(["2020"], dtype="M8[Y]"),
    np.timedelta64(3),
    date(2020, 1, 1),
    Decimal("0.3"),
    None,
    [None],
    float,
    object(),
    {1.0},
    {1: 2},
    iter([1]),
    np.ma.masked_array([1.0, 2.0], [True, False]),
    np.array([None]),
    np.array([True, 1.0], dtype=object),
    [np.ma.masked_array([1.0], [True])],
    Hostile(),
    [Hostile()],
    np.zeros(2, dtype=[("a", float)]),
]


@pytest.mark.parametrize("value", LOOK_ALIKES, ids=lambda v: f"{type(v).__name__}")
def test_what_only_looks_like_a_number_is_refused_by_name(value):
    with pytest.raises(ValueError, match="^x ") as error:
        read.finite("x", value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 250


@pytest.mark.parametrize(
    "value, message",
    [
        (np.nan, "x has the non-finite entry nan: remove"),
        ([1, np.inf], "x has the non-finite entry inf"),
        (np.longdouble("1e4000"), "non-finite entry inf"),
        (10**400, "beyond 1.8e308"),
        ([1.0, 10**5000], "beyond 1.8e308"),
        ([[1, 2], [3]], "ragged"),
        ([1, [2]], "ragged"),
        (qm.SignLog(1.0, 800.0), r"pass x.to_float\(\)"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_messages_name_the_fault(value, message):
    with pytest.raises(ValueError, match=message):
        read.finite("x", value)


def test_a_list_within_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested more than 32 deep"):
        read.finite("x", loop)


def test_what_was_read_does_not_follow_the_caller():
    mine = np.ones(3)
    taken = read.finite("x", mine)
    mine[0] = 5
    assert taken[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        taken[0] = 5


def test_a_number_lies_in_its_range():
    assert read.number("beta", Fraction(1, 2), least=0, below=1) == 0.5
    assert read.number("beta", np.array(0.0), least=0, below=1) == 0
    for bad in (1, -0.1):
        with pytest.raises(
            ValueError,
            match=rf"^beta = {bad} must be a number >= 0 and < 1: pass one in this range$",
        ):
            read.number("beta", bad, least=0, below=1)
    with pytest.raises(ValueError, match=r"beta = \[0.5\] must be one number, it has shape \(1,\)"):
        read.number("beta", [0.5])
    with pytest.raises(ValueError, match="step = 0 must be a number > 0: halve it"):
        read.number("step", 0, above=0, remedy="halve it")


def test_whole_numbers():
    assert read.natural("T", np.int64(3)) == 3 and type(read.natural("T", np.int64(3))) is int
    assert read.natural("k", 0, least=0) == 0 and read.seeded("seed", 2**64) == 2**64
    for bad in (0, 3.0, True, np.timedelta64(3), "3", None, np.float64(2), Fraction(2), -1):
        with pytest.raises(
            ValueError,
            match="^T = .* must be a whole number of at least 1: pass a whole number >= 1$",
        ):
            read.natural("T", bad)


def test_orders_flags_words_and_kinds():
    assert [read.order(k) for k in (0, 1, np.int8(2))] == [0, 1, 2]
    for bad in (-1, 3, 1.0, True, None):
        with pytest.raises(ValueError, match="^order = .* must be 0 or 1 or 2"):
            read.order(bad)
    with pytest.raises(ValueError, match="order = 2 must be 0 or 1"):
        read.order(2, highest=1)
    assert read.flag("pooled", np.True_) is True
    with pytest.raises(ValueError, match="pooled = 'abc' must be True or False"):
        read.flag("pooled", "abc")
    for wrong in (np.float32, np.dtype("float32")):
        with pytest.raises(ValueError, match="did you mean 'float32'"):
            read.choice("dtype", wrong, ["float16", "float32", "float64"])
    with pytest.raises(
        ValueError, match="rule is the class Adam, it must be an instance: pass for example Adam"
    ):
        read.instance("rule", qm.Adam, qm.Adam, "Adam(step=0.1)")
    with pytest.raises(
        ValueError, match="rule = None must be an Adam or Gradient: pass for example"
    ):
        read.instance("rule", None, (qm.Adam, qm.Gradient), "Adam(step=0.1)")
    with pytest.raises(ValueError, match="f = 3 must be a function of one point: pass a function"):
        read.function("f", 3, "a function of one point")


def test_shapes():
    assert read.shaped("X", [[1, 2]], (-1, 2)).shape == (1, 2)
    assert read.shaped("X", np.ones((4, 3, 2)), (..., -1, 2)).shape == (4, 3, 2)
    for bad, shape, text in [
        ([1.0], (-1, 2), r"\(n, 2\)"),
        ([[]], (-1, -1), r"\(n, n\)"),
        ([1.0, 2.0], (3,), r"\(3,\)"),
    ]:
        with pytest.raises(ValueError, match=rf"^X has shape \(.*\): pass shape {text}"):
            read.shaped("X", bad, shape)


@pytest.mark.parametrize(
    "value",
    [10**5000, [10**5000], Hostile(), "a\x1b[31m\nb\u202e" * 50, np.zeros(10**6), int],
    ids=lambda value: type(value).__name__,
)
def test_every_value_shows_in_one_short_line(value):
    text = read.show(value)
    assert text.isprintable() and len(text) <= 80


def test_numbers_without_rounding():
    for value in (
        0.5,
        np.float32(0.1),
        [1, 2.5],
        np.arange(3),
        [[1.0], [2.0]],
        np.float64(2),
        2**53,
        np.nan,
        -np.inf,
    ):
        assert read.unrounded("x", value).dtype == float
    long = [2**53 + 1, 0.5, Fraction(1, 3), np.uint64(2**64 - 1), np.longdouble(1) / 3]
    found = read.unrounded("x", long)
    assert found.dtype == object and found.tolist() == [
        2**53 + 1,
        0.5,
        Fraction(1, 3),
        2**64 - 1,
        np.longdouble(1) / 3,
    ]
    assert type(found[3]) is int and type(read.unrounded("x", np.array([2**53 + 1, 1]))[1]) is int
    assert read.unrounded("x", np.longdouble("1e-4000")) != 0
    for bad, message in (
        (True, "x = True"),
        ([True, 1.0], "entry True"),
        ("1", "x = '1'"),
        ([[1], [1, 2]], "ragged"),
        ([1, [2]], "ragged"),
        (np.ma.array([1.0]), "masked"),
        (None, "x = None"),
    ):
        with pytest.raises(ValueError, match=message):
            read.unrounded("x", bad)
