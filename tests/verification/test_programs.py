"""Straight-line programs, recorded and run, and rational intervals: relations are certain, hulls
are reached.
"""

from copy import copy, deepcopy
from fractions import Fraction as F
from itertools import product
from math import ceil, trunc

import numpy as np
import pytest
from hypothesis import given, strategies as st

from quadmeta.certificates.enclosure import Enclosure
from quadmeta.certificates.program import BINARY, OPPOSITE, RELATIONS, Program, literal, number
from quadmeta.certificates.recheck import met
from quadmeta.verification.trace import Recorder

ENDS = st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(
    lambda ends: tuple(map(F, sorted(ends)))
)


def ends(x):
    return x.lower, x.upper


@given(ENDS, ENDS)
def test_a_relation_of_enclosures_is_one_of_all_their_numbers(first, second):
    a, b = Enclosure(*first), Enclosure(*second)
    for sign in ("<", "<=", ">", ">=", "=="):
        assert RELATIONS[sign](a, b) == all(
            RELATIONS[sign](x, y) for x, y in product(first, second)
        )
        assert RELATIONS[sign](a, second[0]) == all(RELATIONS[sign](x, second[0]) for x in first)
    assert (a != b) == (first[1] < second[0] or second[1] < first[0])


@given(ENDS, ENDS)
def test_hulls_of_operations_are_reached(first, second):
    a, b = Enclosure(*first), Enclosure(*second)
    for sign in "+-*" if second[0] <= 0 <= second[1] else "+-*/":
        hull = [BINARY[sign](x, y) for x, y in product(first, second)]
        assert ends(BINARY[sign](a, b)) == (min(hull), max(hull))
        for x in first:
            hull = [BINARY[sign](x, y) for y in second]
            assert ends(BINARY[sign](x, b)) == (min(hull), max(hull))
    points = [*first, *([F(0)] if first[0] <= 0 <= first[1] else [])]
    assert ends(abs(a)) == (min(map(abs, points)), max(map(abs, points)))
    for n in range(-3, 6):
        if n >= 0 or len(points) == 2:
            hull = [x**n for x in (points if n else first)]
            assert ends(a**n) == (min(hull), max(hull))


@pytest.mark.parametrize("sign", RELATIONS)
def test_opposites_are_negations(sign):
    assert all(
        RELATIONS[sign](x, y) != RELATIONS[OPPOSITE[sign]](x, y)
        for x, y in product(range(3), range(3))
    )


def test_every_operation_in_one_program():
    steps = (
        "t0 = x + 1/2",
        "t1 = t0 - y",
        "t2 = t1 * -3",
        "t3 = t2 / y",
        "t4 = abs t3",
        "t5 = t4 ** -2",
        "t6 = t5 ** 3",
    )
    program = Program(steps, ("t0 < 2", "t4 != y", "y >= x"), {"out": ("t6", "x", "-0x3/0x4")})
    run = program.run({"x": F(1), "y": F(2)})
    d = (F(3, 2) - 2) * -3 / 2
    assert run["out"] == (d**-6, 1, F(-3, 4))
    assert list(run.conditions()) == [("t0 < 2", True), ("t4 != y", True), ("y >= x", True)]


@pytest.mark.parametrize(
    "step",
    [
        "t0 = x ** 1/2",
        "t0 = x ** y",
        "t0 = abs",
        "t0 = abs x x",
        "t0 = x",
        "t0 = x +",
        "t0 = + x",
        "t0 = x < x",
        "t0 = sqrt x",
        "t0 = x  + x",
        "t0 =x + x",
        "t0 = x + x + x",
        "x = x + x",
        "t0",
        "",
        "a = x + x",
        "t = x + x",
    ],
)
def test_what_is_no_step_is_refused(step):
    with pytest.raises(ValueError):
        Program((step,), (), {}).run({"x": F(1), "y": F(2)})


def test_no_name_is_given_twice():
    with pytest.raises(ValueError, match="'t0 = x - x' must give a new name"):
        Program(("t0 = x + x", "t0 = x - x"), (), {}).run({"x": F(1)})


def test_plain_programs_are_lists_and_read_again():
    program = Program(
        ("t0 = x + 1", "t1 = t0 * x"), ("0 < x", "x != 1/2"), {"lhs": ("t1",), "rhs": ("x", "2")}
    )
    data = {
        "steps": ["t0 = x + 1", "t1 = t0 * x"],
        "conditions": ["0 < x", "x != 1/2"],
        "lhs": ["t1"],
        "rhs": ["x", "2"],
    }
    assert program.plain() == data and Program.read(data) == program
    assert Program.read({"steps": [], "conditions": []}) == Program((), (), {})


@pytest.mark.parametrize(
    "condition", ["x", "x <", "< x", "x < x x", "x =< x", "x + x", "x < z", ""]
)
def test_what_is_no_condition_is_refused(condition):
    with pytest.raises(ValueError):
        list(Program((), (condition,), {}).run({"x": F(1)}).conditions())


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"steps": []},
        {"conditions": []},
        [],
        None,
        {"steps": [], "conditions": [], "lhs": "x"},
        {"steps": [], "conditions": [], "lhs": [1]},
        {"steps": [1], "conditions": []},
        {"steps": [], "conditions": ["x", 2]},
    ],
)
def test_what_is_no_program_is_refused(data):
    with pytest.raises(ValueError, match="the file is damaged"):
        Program.read(data)


@pytest.mark.parametrize(
    "text, value",
    [
        ("5", 5),
        ("-5", -5),
        ("10/4", F(5, 2)),
        ("-7/3", F(-7, 3)),
        ("0x1f/0x2", F(31, 2)),
        ("-0x1f/0xa", F(-31, 10)),
    ],
)
def test_numbers(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["0x1f", "0x1f/2", "1/0x2", "--1", "+1", "1/-2", "1 /2", "0X1/0x1", "0xg/0x1", 3, None]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="must be a fraction"):
        number(text)


@pytest.mark.parametrize(
    "name, truth",
    [
        ("x < 1", (False, False, True)),
        ("x > 1", (False, False, True)),
        ("x <= 1", (False, True, True)),
        ("x >= 1", (False, True, True)),
        ("x = 1", (False, True, False)),
        ("x != 1", (False, False, True)),
    ],
)
def test_the_name_of_an_assumption_says_which_margins_meet_it(name, truth):
    assert tuple(met(name, F(margin)) for margin in (-1, 0, 1)) == truth


# what is recorded


def recorded(formula, **values):
    recorder = Recorder()
    found = formula(*(recorder.read(name, value) for name, value in values.items()))
    return recorder.program({"out": (found,)})


@pytest.mark.parametrize(
    "formula, steps",
    [
        (lambda x, y: x + y, ["t0 = x + y"]),
        (lambda x, y: y + x, ["t0 = x + y"]),
        (lambda x, y: x - y, ["t0 = x - y"]),
        (lambda x, y: y * x, ["t0 = x * y"]),
        (lambda x, y: y / x, ["t0 = y / x"]),
        (lambda x, y: 1 - x, ["t0 = 1 - x"]),
        (lambda x, y: F(1, 2) / x, ["t0 = 1/2 / x"]),
        (lambda x, y: x + 2, ["t0 = 2 + x"]),
        (lambda x, y: 2 * x, ["t0 = 2 * x"]),
        (lambda x, y: -x, ["t0 = 0 - x"]),
        (lambda x, y: +x, []),
        (lambda x, y: abs(-x), ["t0 = 0 - x", "t1 = abs t0"]),
        (lambda x, y: x**3, ["t0 = x ** 3"]),
        (lambda x, y: x ** np.int64(-2), ["t0 = x ** -2"]),
        (lambda x, y: sum([x, y]), ["t0 = 0 + x", "t1 = t0 + y"]),
        (lambda x, y: (x * y) * (x * y), ["t0 = x * y", "t1 = t0 * t0"]),
        (lambda x, y: [x * x, y - x][1], ["t1 = y - x"]),
        (lambda x, y: copy(x) * deepcopy(y), ["t0 = x * y"]),
    ],
)
def test_each_operation_is_one_step(formula, steps):
    x, y = F(2, 3), F(-5, 4)
    program = recorded(formula, x=x, y=y)
    assert list(program.steps) == steps and not program.conditions
    assert program.run({"x": x, "y": y})["out"] == (formula(x, y),)


@pytest.mark.parametrize(
    "formula, conditions",
    [
        (lambda x, y: x < y, ["x < y"]),
        (lambda x, y: y > x, ["x < y"]),
        (lambda x, y: x > y, ["x <= y"]),
        (lambda x, y: x >= y, ["x < y"]),
        (lambda x, y: y <= x, ["x < y"]),
        (lambda x, y: x == y, ["x != y"]),
        (lambda x, y: y != x, ["x != y"]),
        (lambda x, y: x == x, []),
        (lambda x, y: x <= x, []),
        (lambda x, y: y < x, ["x <= y"]),
        (lambda x, y: x < 1, ["1 > x"]),
        (lambda x, y: 1 < x, ["1 >= x"]),
        (lambda x, y: 0.5 < x, ["1/2 < x"]),
        (lambda x, y: x < float("inf"), []),
        (lambda x, y: x > -float("inf"), []),
        (lambda x, y: bool(x), ["0 != x"]),
        (lambda x, y: ceil(y) == 2, ["1 < y", "2 >= y"]),
        (lambda x, y: max(x, y) == y, ["x < y"]),
        (lambda x, y: x in (y, 3), ["x != y", "3 != x"]),
    ],
)
def test_each_comparison_is_one_condition(formula, conditions):
    x, y = F(2, 3), F(5, 4)
    recorder = Recorder()
    assert formula(recorder.number("x", x), recorder.number("y", y)) is formula(x, y)
    found = recorder.program({})
    assert list(found.conditions) == conditions and all(
        truth for _, truth in found.run({"x": x, "y": y}).conditions()
    )


def test_steps_of_conditions_are_kept_and_lengths_and_whole_numbers_are_pinned():
    program = recorded(lambda v, n: v[0] if v[0] * v[1] > n else v[1], v=(F(1), F(5)), n=3)
    assert program.steps == ("t0 = v[0] * v[1]",) and program.outputs == {"out": ("v[0]",)}
    assert program.conditions == ("v.length == 2", "n == 3", "3 < t0")


def test_a_traced_number_is_a_fraction_to_look_at():
    x = Recorder().number("x", F(2, 3))
    assert (
        float(x) == 2 / 3 and hash(x) == hash(F(2, 3)) and x.plain == F(2, 3) and type(x.plain) is F
    )
    for use in (
        lambda: x.numerator,
        lambda: x.denominator,
        x.as_integer_ratio,
        lambda: int(x),
        lambda: complex(x),
        lambda: trunc(x),
        lambda: x ** F(1, 2),
        lambda: x + 0.5,
        lambda: 0.5 - x,
        lambda: x < "a",
    ):
        with pytest.raises(TypeError):
            use()


def test_long_numbers_are_written_in_hexadecimal():
    assert literal(F(-3, 4)) == "-3/4" and literal(F(5)) == "5"
    for value in (F(2) ** 9999, F(1, 2**9999)):
        assert "x" not in literal(value) and number(literal(value)) == value
    for value in (F(2) ** 10001, -F(1, 3**7000), F(3**7000, 2)):
        assert literal(value).count("0x") == 2 and number(literal(value)) == value
