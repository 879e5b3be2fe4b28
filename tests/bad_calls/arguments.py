"""Kinds of argument: a good value, and values that no argument of the kind may take.

A wrong value is wrong whatever the function: text for a number, NaN, a class for an instance,
minus one for a count. What only some functions refuse (a design with fewer rows than columns, say)
is a test of those functions.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import sparse

import quadmeta as qm


class Hostile:
    """An object whose every use raises."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("no array")

    def __float__(self) -> float:
        raise RuntimeError("no float")


def _anything_but_a_number() -> Iterator[tuple[str, Any]]:
    yield "text", "abc"
    yield "digits as text", "0.3"
    yield "bytes", b"1"
    yield "complex", 1 + 2j
    yield "date", date(2020, 1, 1)
    yield "datetime64", np.datetime64("2020-01-01")
    yield "timedelta64", np.timedelta64(3)
    yield "decimal", Decimal("0.3")
    yield "dict", {"a": 1}
    yield "set", {1.0, 2.0}
    yield "generator", (x for x in (1.0, 2.0))
    yield "object", object()
    yield "hostile object", Hostile()
    yield "class", float
    yield "function", math.sin
    yield "ellipsis", ...
    yield "signlog", qm.SignLog.of([1.0, 2.0])
    yield "problem", qm.Quadratic.from_spectrum([1.0, 2.0], error=[1.0, 1.0])


def _not_finite() -> Iterator[tuple[str, Any]]:
    yield "nan", math.nan
    yield "inf", math.inf
    yield "minus inf", -math.inf
    yield "beyond float64", 10**400
    yield "beyond text", 10**5000


@dataclass(frozen=True)
class Argument:
    """A good value; ``extra`` are wrong values of this one argument, as (label, value)."""

    value: Any
    optional: bool = False
    """Whether None is a good value too."""
    extra: tuple[tuple[str, Any], ...] = field(default=(), kw_only=True)
    allowed: tuple[str, ...] = field(default=(), kw_only=True)
    """Labels of values that this one argument may take."""

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """Wrong values of the kind."""
        return iter(())

    def wrong(self) -> Iterator[tuple[str, Any]]:
        """All wrong values."""
        yield from ((label, value) for label, value in self.kinds() if label not in self.allowed)
        yield from self.extra
        if not self.optional:
            yield "none", None

    def layouts(self) -> Iterator[tuple[str, Any]]:
        """The same value in another form: results must be equal."""
        return iter(())


@dataclass(frozen=True)
class Number(Argument):
    """One real number with ``low`` <= x <= ``high`` (the ends excluded where ``open_`` says so)."""

    low: float = -math.inf
    high: float = math.inf
    open_: str = ""
    any_arithmetic: bool = False

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """Not a number, not finite, not one, out of range."""
        for label, value in (*_anything_but_a_number(), *_not_finite()):
            if not self.any_arithmetic or label != "signlog" and not label.startswith("beyond"):
                yield label, value
        yield "true", True
        yield "numpy true", np.True_
        yield "list", [self.value, self.value]
        yield "array", np.full((2, 2), self.value)
        yield "empty", []
        yield "masked", np.ma.masked_array([1.0], [True])
        if math.isfinite(self.low):
            yield "below", self.low - 1
            yield "just below", math.nextafter(self.low, -math.inf)
            if "l" in self.open_:
                yield "lower end", self.low
        if math.isfinite(self.high):
            yield "above", self.high + 1
            yield "just above", math.nextafter(self.high, math.inf)
            if "h" in self.open_:
                yield "upper end", self.high

    def layouts(self) -> Iterator[tuple[str, Any]]:
        """numpy scalars, 0-d arrays, fractions."""
        yield "numpy", np.float64(self.value)
        yield "0-d", np.array(float(self.value))
        yield "fraction", Fraction(self.value)


def positive(value: float, **options: Any) -> Number:
    """A number above 0."""
    return Number(value, low=0.0, open_="l", **options)


def nonnegative(value: float, **options: Any) -> Number:
    """A number of at least 0."""
    return Number(value, low=0.0, **options)


@dataclass(frozen=True)
class Count(Argument):
    """A whole number of at least ``least``."""

    least: int = 1

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """Everything that is no count."""
        yield from _anything_but_a_number()
        yield "nan", math.nan
        yield "true", True
        yield "float", float(self.value)
        yield "half", 2.5
        yield "fraction", Fraction(5, 2)
        yield "below", self.least - 1
        yield "far below", -(10**30)
        yield "list", [self.value]
        yield "array", np.array([self.value, self.value])

    def layouts(self) -> Iterator[tuple[str, Any]]:
        """numpy integers."""
        yield "int16", np.int16(self.value)
        yield "uint64", np.uint64(self.value)


def seed(value: int = 0) -> Count:
    """A whole number of at least 0."""
    return Count(value, least=0)


@dataclass(frozen=True)
class Reals(Argument):
    """An array of real numbers; ``shape_matters`` where no other shape is good."""

    shape_matters: bool = True
    least: float = -math.inf

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """No numbers, or one entry that is none, and shapes that fit nothing."""
        good = np.array(self.value, dtype=float)
        yield from _anything_but_a_number()
        for name, bad in (
            *_not_finite(),
            ("none in it", None),
            ("text in it", "1"),
            ("complex in it", 1j),
            ("decimal in it", Decimal(1)),
            ("true in it", True),
        ):
            entries = good.astype(object)
            entries.flat[-1] = bad
            yield name, entries if good.ndim else bad
            if good.ndim:
                yield f"{name}, list", entries.tolist()
        yield "booleans", np.ones(good.shape, dtype=bool)
        yield "complex array", good + 0j
        yield "text array", good.astype(str)
        yield "dates", np.ones(good.shape, dtype="M8[s]")
        yield "masked", np.ma.masked_array(good, np.ones(good.shape, dtype=bool))
        yield "ragged", [[1.0, 2.0], [3.0]]
        if math.isfinite(self.least):
            entries = good.copy()
            entries.flat[0] = self.least - 1
            yield "an entry below", entries
        if good.ndim == 2:
            yield "sparse", sparse.csr_array(good)
        if self.shape_matters:
            yield "empty", np.empty((0,) * max(good.ndim, 1))
            yield "too deep", good[None, None, None]
            if good.ndim:
                yield "scalar", float(good.flat[0])
                yield "one too many", np.concatenate([good, good[..., :1]], axis=-1)
                yield "one too few", good[..., :-1]

    def layouts(self) -> Iterator[tuple[str, Any]]:
        """Lists, other memory orders, read-only and strided arrays, object arrays."""
        good = np.array(self.value, dtype=float)
        yield "list", good.tolist()
        yield "fortran", np.array(good, order="F")
        strided = np.empty((*good.shape, 2))
        strided[..., 0] = good
        yield "strided", strided[..., 0]
        locked = good.copy()
        locked.setflags(write=False)
        yield "read-only", locked
        yield "big-endian", good.astype(">f8")
        yield "subclass", good.view(np.memmap) if good.ndim else good
        objects = np.empty(good.shape, dtype=object)
        objects[...] = good
        yield "objects", objects


@dataclass(frozen=True)
class AnyNumbers(Reals):
    """Numbers of any shape in any arithmetic: SignLog, and integers of any size, are good too."""

    shape_matters: bool = False

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """As for arrays of float64, less what another arithmetic holds."""
        for label, value in super().kinds():
            if label != "signlog" and not label.startswith("beyond"):
                yield label, value


@dataclass(frozen=True)
class Flag(Argument):
    """True or False."""

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """Whatever else Python would take for true or false."""
        yield from (
            ("text", "abc"),
            ("two", 2),
            ("one", 1),
            ("zero", 0.0),
            ("empty", []),
            ("array", np.array([True])),
            ("nan", math.nan),
            ("class", bool),
            ("object", object()),
        )

    def layouts(self) -> Iterator[tuple[str, Any]]:
        """numpy's booleans."""
        yield "numpy", np.bool_(self.value)


@dataclass(frozen=True)
class Word(Argument):
    """One of a few words."""

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """Other words and no words."""
        yield from (
            ("another word", "abc"),
            ("empty", ""),
            ("other letters", str(self.value).swapcase()),
            ("number", 3),
            ("bytes", b"float64"),
            ("list", [self.value]),
            ("class", np.float32),
            ("object", object()),
            ("hostile object", Hostile()),
            ("long", "x" * 10**6),
            ("unprintable", "\x1b[31m\n"),
        )


@dataclass(frozen=True)
class Thing(Argument):
    """An object of the package; ``others`` are objects of its other kinds."""

    others: tuple[Any, ...] = ()

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """A class for the instance, values, objects of other kinds."""
        yield "its class", type(self.value)
        yield from (
            ("number", 3.0),
            ("text", "abc"),
            ("list", [self.value]),
            ("object", object()),
            ("nan", math.nan),
            ("function", math.sin),
            ("dict", {}),
            ("hostile object", Hostile()),
            ("true", True),
        )
        for other in self.others:
            yield f"a {type(other).__name__}", other


@dataclass(frozen=True)
class Function(Argument):
    """A function."""

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """What cannot be called."""
        yield from (
            ("number", 3.0),
            ("text", "abc"),
            ("list", []),
            ("array", np.ones(2)),
            ("dict", {}),
        )


@dataclass(frozen=True)
class Pair(Argument):
    """Two arrays (X, y) that belong together."""

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """Not two, not arrays, not of the same length."""
        X, y = (np.array(x, dtype=float) for x in self.value)
        yield from _anything_but_a_number()
        yield from (
            ("number", 1.0),
            ("one", (X,)),
            ("three", (X, y, y)),
            ("empty", ()),
            ("nones", (None, None)),
            ("lengths differ", (X, y[:-1])),
            ("swapped", (y, X)),
            ("one row", (X[0], y[:1])),
            ("text", ("abc", "def")),
            ("nan in X", (X * math.nan, y)),
            ("inf in y", (X, y + math.inf)),
            ("complex X", (X + 0j, y)),
            ("text y", (X, y.astype(str))),
            ("true y", (X, y > -math.inf)),
            ("masked X", (np.ma.masked_array(X, X > -math.inf), y)),
            ("X too deep", (X[None], y)),
            ("no rows", (X[:0], y[:0])),
            ("no columns", (X[:, :0], y)),
            ("sparse X", (sparse.csr_array(X), y)),
        )

    def layouts(self) -> Iterator[tuple[str, Any]]:
        """Lists in place of arrays, a list in place of the pair."""
        X, y = (np.array(x, dtype=float) for x in self.value)
        yield "lists", (X.tolist(), y.tolist())
        yield "list", [X, y]
        yield "fortran", (np.asfortranarray(X), y)


@dataclass(frozen=True)
class Pairs(Argument):
    """A sequence of pairs."""

    def kinds(self) -> Iterator[tuple[str, Any]]:
        """No sequence, no pairs in it, one of them wrong."""
        yield from _anything_but_a_number()
        yield from (
            ("number", 1.0),
            ("empty", []),
            ("numbers in it", [1.0, 2.0]),
            ("none in it", [None]),
            ("text in it", ["abc"]),
        )
        for label, bad in Pair(self.value[-1]).kinds():
            yield f"last pair: {label}", [*self.value[:-1], bad]
