"""What an oracle is: a function of the parameters of an instance, and how they are drawn.

An oracle is kept under the name of a claim and the kinds of form it is about. It returns
``(less, more, scale)``: the statement reads less <= more, and scale > 0 is the size of the numbers
whose rounding matters. The ratio of an instance is 1 + (less - more) / scale, above 1 where the
statement is violated. By default the scale is the larger side, so that it is less / more; nan says
that the instance does not meet the assumptions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import numpy as np

import quadmeta as qm
from tests.attack.arithmetic import Focus

Array = Any
Parts = tuple[Array, ...]
PARTS = 5040
"""A number that has every number of parts as a factor."""
ROUNDING = 1e-9
"""A ratio of float64 is suspicious from 1 + ROUNDING on: it is evaluated again at 60 digits."""
CERTAIN = mp.mpf(10) ** -15
"""A ratio at 60 digits is a violation from 1 + CERTAIN on."""


def real(z: Array) -> Array:
    """Any number, at first of size 1."""
    return z * (1 + np.abs(z)) / 2


def positive(z: Array) -> Array:
    """Any positive number within 15 decades."""
    return np.exp(np.clip(2 * z, -17, 17))


def modest(z: Array) -> Array:
    """A positive number near 1."""
    return np.exp(np.clip(z / 2, -5, 5))


def share(z: Array) -> Array:
    """A number in (0, 1)."""
    return 1 / (1 + np.exp(-np.clip(1.5 * z, -30, 30)))


def signed(z: Array) -> Array:
    """A number in (-1, 1)."""
    return np.tanh(z)


Map = Callable[[Array], Array]


@dataclass(frozen=True)
class Oracle:
    """The statement ``less <= more`` of one claim, as an independent function of an instance."""

    name: str
    function: Callable[..., Parts]
    vectors: Mapping[str, tuple[Map, str]]
    """Parameter -> its map from the real line, and its axis ("" for a number)."""
    sizes: Mapping[str, tuple[int, int]]
    """Axis or whole number -> the least and the largest one."""
    given: Mapping[str, Any] = field(default_factory=dict)

    def shape(self, rng: np.random.Generator) -> dict[str, Any]:
        """Whole numbers and lengths of axes, small ones often, and for half the islands the part of
        the statement that they are about: one that is nearly an equality hides the others.
        """
        shape: dict[str, Any] = {}
        for name, (low, high) in self.sizes.items():
            reach = high if rng.random() < 0.5 else min(high, low + 3)
            shape[name] = int(rng.integers(low, reach + 1))
        part = int(rng.integers(0, PARTS)) if rng.random() < 0.5 else None
        return {"focus": part, **shape}

    def width(self, shape: Mapping[str, Any]) -> int:
        """How many real numbers make an instance."""
        return sum(shape[axis] if axis else 1 for _, axis in self.vectors.values())

    def instance(self, z: Array, shape: Mapping[str, Any]) -> dict[str, Array]:
        """Parameters of instances: their rows of real numbers, mapped."""
        values, k = {}, 0
        for name, (function, axis) in self.vectors.items():
            length = shape[axis] if axis else 1
            part = function(z[:, k : k + length])
            values[name] = part if axis else part[:, 0]
            k += length
        return values

    def ratios(self, values: Mapping[str, Array], shape: Mapping[str, Any]) -> Array:
        """1 + (less - more) / scale for each instance; nan outside the domain."""
        whole = {name: shape[name] for name in self.sizes if name.isupper()}
        Focus.number = shape.get("focus")
        with np.errstate(all="ignore"):
            less, more, *scale = self.function(**values, **whole, **self.given)
            size = scale[0] if scale else np.maximum(abs(less), abs(more))
            return 1 + (less - more) / np.where(size == 0, np.nan, size)

    def precise(self, values: Mapping[str, Array], shape: Mapping[str, Any]) -> mp.mpf:
        """The ratio of one instance at 60 digits, its floats taken as they are."""
        with mp.workdps(60):
            exact = {
                name: np.vectorize(lambda v: mp.mpf(float(v)), otypes=[object])(x)
                for name, x in values.items()
            }
            return self.ratios(exact, shape)[0]


ORACLES: dict[tuple[str, str], Oracle] = {}
"""Claim and kind of form -> its oracle."""
CONTROLS: dict[str, Oracle] = {}
"""Statements that are known to be false: the search must break each."""


def attack(
    name: str, *kinds: str, **parameters: Any
) -> Callable[[Callable[..., Parts]], Callable[..., Parts]]:
    """Keep a function as the oracle of these forms of a claim.

    Of the parameters a pair of integers is the range of a whole number (upper case) or of the
    length of an axis ("d", or "axis_j" for the axis "j"), a map a number, (map, axis) a vector.
    """
    sizes = {
        key.removeprefix("axis_"): value
        for key, value in parameters.items()
        if isinstance(value, tuple) and isinstance(value[0], int)
    }
    vectors = {
        key: value if isinstance(value, tuple) else (value, "")
        for key, value in parameters.items()
        if callable(value) or callable(value[0])
    }

    def keep(function: Callable[..., Parts]) -> Callable[..., Parts]:
        for kind in kinds:
            ORACLES[name, kind] = Oracle(f"{name}.{kind}", function, vectors, sizes)
        return function

    return keep


def control(title: str, name: str, kind: str, **given: Any) -> None:
    """Keep an oracle with other settings of its function as a statement that is false; a whole
    number that is among them is fixed, and so is "focus".
    """
    true = ORACLES[name, kind]
    fixed = {key: (given.pop(key),) * 2 for key in (*true.sizes, "focus") if key in given}
    CONTROLS[title] = Oracle(title, true.function, true.vectors, {**true.sizes, **fixed}, given)


def inequalities() -> list[tuple[str, str]]:
    """Every form of the ledger that is an inequality and recorded as holding."""
    return [
        (name, kind)
        for name, claim in qm.members("claims").items()
        for kind, form in claim.forms.items()
        if claim.relation != "==" and form.recorded == "holds"
    ]
