"""The one reader of arguments: every public function takes what it is given through a function of
this package.

Numbers are real and finite. Arrays are copied and frozen, so that a caller who changes his own
afterwards changes nothing here. What only looks like a number is refused by name: text, booleans,
dates, complex numbers, masked arrays.

Each error is a ``ValueError`` of one line: the argument, the value, the requirement, the remedy.

``messages``: a value as a message shows it; ``kinds``: what is a number; ``scalars``: one
machine number; ``arrays``: float64 arrays; ``arithmetics``: numbers kept in their own arithmetic;
``objects``: words, flags, functions, instances; ``matrices``: what is required of arrays that have
been read.
"""

from quadmeta._validate.arithmetics import numbers, plain, quantity, unrounded
from quadmeta._validate.arrays import finite, frozen, shaped, step_sizes
from quadmeta._validate.kinds import real, whole
from quadmeta._validate.messages import show
from quadmeta._validate.objects import choice, flag, function, instance, pair
from quadmeta._validate.scalars import natural, number, order, seeded

__all__ = [
    "choice",
    "finite",
    "flag",
    "frozen",
    "function",
    "instance",
    "natural",
    "number",
    "numbers",
    "order",
    "pair",
    "plain",
    "quantity",
    "real",
    "seeded",
    "shaped",
    "show",
    "step_sizes",
    "unrounded",
    "whole",
]
