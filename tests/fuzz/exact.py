"""Numbers of the oracle: Arb's balls, whose radius bounds every error of the oracle itself.

Floats are taken as exact. A question is evaluated at doubled precision until the ball of its
answer is small against the error that is allowed, so that no rounding of the oracle is ever blamed
on the package.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

PRECISIONS = (256, 512, 1024, 2048, 4096, 8192)
"""Bits that are tried in turn: the first ones do in nearly every draw."""
EPS = 2.0**-52


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Arithmetic of balls at ``bits`` bits."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def balls(values: Any) -> list[arb]:
    """Floats as exact balls."""
    return [arb(float(x)) for x in np.ravel(values)]


def matrix(values: Any) -> arb_mat:
    """A float matrix (or a vector, as a column) as exact balls."""
    array = np.asarray(values, dtype=float)
    return arb_mat([[arb(float(x)) for x in np.ravel(row)] for row in array])


def total(values: Sequence[arb]) -> arb:
    """Sum."""
    return sum(values, arb(0))


def largest(*values: arb) -> arb:
    """Maximum of balls."""
    out = values[0]
    for x in values[1:]:
        out = out.max(x)
    return out


@dataclass
class Question:
    """One value that the package gave, with the exact one and the error it may have.

    A draw of the fuzzer is one of these.
    """

    quantity: str
    """A row of the summary: what is computed, by which optimizer, at which order."""
    found: Any
    """A float, a pair (sign, log) or the exception that was raised instead."""
    truth: Callable[[], tuple[arb, ...]]
    """(exact value, allowed error) at the precision of the context. A third number is the part of
    that error which may turn the sign of a pair (sign, log): a sum may cancel, a rounded logarithm
    may not.
    """
    about: str = ""
    """The arguments, for a reader who wants to repeat it by hand."""
    refusal: bool = False
    """Whether the documented domain lets the package refuse."""
    bits: int = 0
    """Precision below which it is useless to try."""
    size: Callable[[], arb] | None = None
    """Beyond 1e285 of this float64 overflows, and OverflowError is an answer."""


@dataclass
class Answer:
    """What became of a question."""

    quantity: str
    ratio: float
    """Error over allowed error; infinite where there is no number."""
    refused: bool = False
    note: str = ""


def judge(question: Question) -> Answer:
    """The error of what was found in units of the allowed one."""
    found = question.found
    if isinstance(found, BaseException):
        note = f"{type(found).__name__}: {found}"
        documented = (
            question.refusal
            and type(found) in (ValueError, OverflowError)
            and "\n" not in str(found)
        )
        if type(found) is OverflowError and question.size is not None:
            with precision(max(PRECISIONS[0], question.bits)):
                documented = documented or bool(question.size() > arb(10) ** 285)
        return Answer(question.quantity, 0.0 if documented else math.inf, True, note)
    parts = found if isinstance(found, tuple) else (found,)
    if any(math.isnan(x) for x in parts) or (len(parts) == 1 and math.isinf(parts[0])):
        return Answer(question.quantity, math.inf, note=f"found {found}")
    for bits in PRECISIONS:
        if bits < question.bits:
            continue
        with precision(bits):
            exact, allowed, *doubt = question.truth()
            number = _number(found)
            # what the answer can hold: floats end at 2^-1074, a logarithm has 53 bits
            if isinstance(found, tuple):
                allowed += (
                    0 if math.isinf(found[1]) else abs(exact) * EPS * abs(arb(float(found[1])))
                )
            else:
                allowed += arb(2) ** -1074
            error = abs(number - exact)
            if not (error.is_finite() and allowed.is_finite()):
                continue
            if error.is_zero():
                return Answer(question.quantity, 0.0)
            if doubt and number * exact < 0 and abs(exact) > doubt[0]:
                return Answer(
                    question.quantity,
                    math.inf,
                    note=f"found {show(found)}, right {exact.str(20)}: the sign",
                )
            high = (error.abs_upper() / allowed.abs_lower()) if allowed.abs_lower() > 0 else None
            if high is None:
                if allowed.is_zero() and error.abs_lower() > 0:
                    return Answer(
                        question.quantity,
                        math.inf,
                        note=f"found {show(found)}, right {exact.str(20)} exactly",
                    )
                continue
            # the balls must be small against the allowed error, or the verdict clear
            if exact.rad() < allowed.abs_lower() / 20 and allowed.rad() < allowed.abs_lower() / 20:
                ratio = float(high) if high < arb(10) ** 300 else 1e300
                return Answer(
                    question.quantity,
                    ratio,
                    note=f"found {show(found)}, right {exact.str(20, radius=False)}, "
                    f"allowed {allowed.str(3, radius=False)}",
                )
    return Answer(
        question.quantity, math.inf, note=f"the oracle has no answer at {PRECISIONS[-1]} bits"
    )


def _number(found: Any) -> arb:
    """The value that a float or a pair (sign, log) stands for."""
    if not isinstance(found, tuple):
        return arb(float(found))
    sign, log = found
    return arb(0) if sign == 0 else arb(float(sign)) * arb(float(log)).exp()


def show(found: Any) -> str:
    """With all digits."""
    return f"{found!r}" if not isinstance(found, tuple) else f"sign {found[0]:g} log {found[1]!r}"
