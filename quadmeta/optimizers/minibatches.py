"""Gradient descent along batches of the data, in an order that is given."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, natural, show
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.optimizers.parts.batch_step import BatchStep

_LAST_ROW = 2**53  # a float64 holds every whole number up to it


@dataclass(frozen=True, eq=False, repr=False)
class Minibatches(Optimizer):
    """w_{t+1} = w_t - eta_b grad L_b(w_t): one given batch b of the rows after the other.

    The m batches come in their order, and again from the first when all are through: T = ``steps``
    = m E is E epochs. The order is part of the optimizer, nothing is random, and the derivative is
    that of this very run. The inner loss must be a mean over rows, or define ``batch``; the loss of
    a batch has the rows' own weights and the whole ridge, so that its mean over all batches of one
    size is the inner loss.

    On a quadratic inner loss ``OuterLoss.gradient`` costs O(m p^3 + p^3 log E), whatever E, where
    that is less than reverse mode, which costs O(T).

    Parameters
    ----------
    steps
        T >= 1.
    batches
        m lists of rows, whole numbers from 0; a row may occur several times.
    step_size
        eta > 0 of every batch, or m of them.

    Raises
    ------
    ValueError
        no batch, an empty one, a row that is not a whole number >= 0, or step sizes of another
        number than batches; when it is used, a row that the data do not have.

    Examples
    --------
    Two epochs of three rows, one a step, of a ridge regression:

    >>> import quadmeta as qm
    >>> X = [[1.0, 0.0], [1.0, 1.0], [1.0, -1.0]]
    >>> problem = qm.Ridge(train=(X, [1.0, 2.0, 0.0]), validation=(X, [1.0, 1.5, 0.5]))
    >>> order = qm.Minibatches(steps=6, batches=[[0], [1], [2]], step_size=0.25)
    >>> loss = qm.OuterLoss(problem, order)
    >>> loss.gradient([0.1]).round(6), loss.definition([0.1]).round(6)
    (array([0.04349]), array([0.04349]))
    """

    steps: int
    batches: Sequence[Numbers]
    step_size: Numbers

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", natural("steps", self.steps))
        object.__setattr__(self, "batches", _read(self.batches))
        m = len(self.batches)
        sizes = finite("step_size", self.step_size)
        if sizes.shape not in ((), (m,)) or not (sizes > 0).all():
            raise ValueError(
                f"step_size = {show(self.step_size)} must be > 0: pass one number, or {m} of them, "
                "one a batch"
            )
        if not sizes.ndim:
            object.__setattr__(self, "step_size", float(sizes))
        else:
            object.__setattr__(self, "step_size", sizes)

    @property
    def free(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    @property
    def rows(self) -> tuple[Array, ...]:
        """The batches as arrays of whole numbers."""
        return tuple(np.asarray(batch, dtype=int) for batch in self.batches)

    @property
    def sizes(self) -> Array:
        """eta of every batch (m,)."""
        return np.broadcast_to(np.asarray(self.step_size, dtype=float), (len(self.batches),))

    def __repr__(self) -> str:
        return f"Minibatches(steps={self.steps}, batches={len(self.batches)})"

    def transition(self) -> BatchStep:
        """A step on one batch after the other."""
        return BatchStep(self.rows, self.sizes)

    def run(self, gradient: Callable[[Any], Any], start: Any, theta: Any = ()) -> Iterator[Any]:
        """The T + 1 iterates from ``start`` (..., d), whose step t calls ``gradient`` for the
        t-th time: it must be that of the batch t modulo m.
        """
        w = start
        yield w
        sizes = self.sizes
        for t in range(self.steps):
            w = w - sizes[t % len(sizes)] * gradient(w)
            yield w


def _read(batches: Any) -> tuple[Array, ...]:
    """The batches as arrays of whole numbers."""
    try:
        given = list(batches)
    except TypeError:
        given = []
    if not given or isinstance(batches, str | bytes):
        raise ValueError(
            f"batches = {show(batches)} must be a list of lists of rows: pass for example "
            "[[0, 1], [2, 3]]"
        )
    return tuple(_batch(k, one) for k, one in enumerate(given))


def _batch(k: int, rows: Any) -> Array:
    name = f"batches[{k}]"
    index = finite(name, rows)
    if index.ndim != 1 or not index.size:
        raise ValueError(
            f"{name} = {show(rows)} must be a list of at least one row: leave empty batches out"
        )
    if (index < 0).any() or (index % 1 != 0).any() or (index > _LAST_ROW).any():
        raise ValueError(
            f"{name} = {show(rows)} must hold whole numbers of at least 0: pass places of rows, "
            "such as [0, 1]"
        )
    whole: Array = index.astype(int)
    whole.setflags(write=False)
    return whole
