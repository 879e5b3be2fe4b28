"""A bilevel problem made of functions: its derivatives as a user writes them, without a class."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, function, natural, show
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss

AtPoint: TypeAlias = Callable[[Array, Array], Any]
"""A function of w (P,) and alpha (h,)."""
Along: TypeAlias = Callable[[Array, Array, Array], Any]
"""A function of w (P,), alpha (h,) and a vector v (P,)."""
Start: TypeAlias = Numbers | Callable[[Array], Any]
"""w_0 (P,), or what gives it at alpha (h,)."""


@dataclass(frozen=True, eq=False)
class Operations:
    """The derivatives of a bilevel problem as functions of flat vectors w (P,) and alpha (h,)."""

    gradient: AtPoint
    """d L_1 / d w, shape (P,)."""
    hvp: Along
    """The Hessian of L_1 in w times v, shape (P,)."""
    mixed: Along
    """J(w) v = d <grad_w L_1, v> / d alpha, shape (h,)."""
    outer: AtPoint
    """L_2."""
    outer_gradient: AtPoint
    """d L_2 / d w, shape (P,)."""
    direct: AtPoint | None = None
    """d L_2 / d alpha at fixed w, shape (h,); None: L_2 does not depend on alpha directly."""
    inner: AtPoint | None = None
    """L_1 itself, which no estimator needs and ``BilevelProblem.check`` compares with."""
    jacobian: AtPoint | None = None
    """J(w) as a matrix, shape (h, P); None: from P mixed products."""
    start_jacobian: Callable[[Array], Any] | None = None
    """Rows d w_0 / d alpha_k, shape (h, P), for a start that depends on alpha."""

    def __post_init__(self) -> None:
        needed = ("gradient", "hvp", "mixed", "outer", "outer_gradient")
        for name in needed:
            function(name, getattr(self, name), "a function of w and alpha")
        for name in ("direct", "inner", "jacobian", "start_jacobian"):
            if getattr(self, name) is not None:
                function(name, getattr(self, name), "a function of arrays, or None")


def returned(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """What a user's function returned, if it is float64 and has this shape.

    Raises
    ------
    ValueError
        it is not, or has not.
    """
    array = np.asarray(value)
    if array.dtype.kind in "iu":
        array = array.astype(float)
    if array.dtype != np.float64:
        raise ValueError(
            f"{name} returns {show(value)} of type {array.dtype}, it must be float64: compute in "
            "64 bits throughout"
        )
    if array.shape != shape:
        raise ValueError(
            f"{name} returns shape {array.shape}, it must have shape {shape}: return one entry a "
            "weight or a hyperparameter"
        )
    return array


@dataclass(frozen=True, eq=False)
class OperatorsInnerLoss(InnerLoss):
    """L_1 at fixed hyperparameters, by a user's functions."""

    operations: Operations
    alpha: Array

    def value(self, w: Array) -> float | None:
        """L_1, where it was given."""
        if self.operations.inner is None:
            return None
        return float(returned("inner", self.operations.inner(w, self.alpha), ()))

    def gradient(self, w: Array) -> Array:
        """d L_1 / d w."""
        return returned("gradient", self.operations.gradient(w, self.alpha), w.shape)

    def hvp(self, w: Array, v: Array) -> Array:
        """H(w) v, row by row."""
        if v.ndim > 1:
            return np.stack([self.hvp(w, row) for row in v])
        return returned("hvp", self.operations.hvp(w, self.alpha, v), w.shape)

    def mixed(self, w: Array, v: Array) -> Array:
        """J(w) v."""
        return returned("mixed", self.operations.mixed(w, self.alpha, v), self.alpha.shape)

    def jacobian(self, w: Array) -> Array:
        """J(w), by its own function or by mixed products."""
        if self.operations.jacobian is None:
            return super().jacobian(w)
        shape = (len(self.alpha), len(w))
        return returned("jacobian", self.operations.jacobian(w, self.alpha), shape)


class OperatorsProblem(BilevelProblem):
    """A bilevel problem by functions, see ``BilevelProblem.from_operators``.

    Parameters
    ----------
    operations
        its derivatives.
    start
        w_0 (P,), or a function of alpha that gives it.
    hyperparameters
        h.

    Raises
    ------
    ValueError
        a start that moves without its derivative, or the reverse.
    """

    def __init__(self, operations: Operations, start: Start, hyperparameters: int) -> None:
        self.operations = operations
        self.hyperparameters = natural("hyperparameters", hyperparameters)
        self._start_of: Callable[[Array], Any] | None = None
        with_jacobian = operations.start_jacobian is not None
        if callable(start):
            self._start_of = start
            if not with_jacobian:
                raise ValueError(
                    "start is a function without its derivative: pass start_jacobian, a function "
                    "of alpha that returns (h, P)"
                )
            return
        if with_jacobian:
            raise ValueError(
                f"start = {show(start)} does not depend on alpha: pass a function of alpha, or "
                "leave out start_jacobian"
            )
        self._keep(start=_flat(finite("start", start)))

    def bind(self, alpha: Array) -> OperatorsInnerLoss:
        """The functions at these hyperparameters."""
        return OperatorsInnerLoss(self.operations, alpha)

    def outer(self, w: Array, alpha: Array | None = None) -> float:
        """L_2, by its function."""
        return float(returned("outer", self.operations.outer(w, self._given(alpha)), ()))

    def outer_gradient(self, w: Array, alpha: Array | None = None) -> Array:
        """d L_2 / d w, by its function."""
        found = self.operations.outer_gradient(w, self._given(alpha))
        return returned("outer_gradient", found, np.shape(w))

    def _given(self, alpha: Array | None) -> Array:
        if alpha is None:
            raise ValueError("alpha = None: pass the hyperparameters, which outer may depend on")
        return alpha

    def direct(self, w: Array, alpha: Array) -> Array:
        """d L_2 / d alpha at fixed w, by its function; 0 without one."""
        if self.operations.direct is None:
            return super().direct(w, alpha)
        return returned("direct", self.operations.direct(w, alpha), (self.hyperparameters,))

    def start_of(self, alpha: Array) -> Array:
        """w_0, by its function where there is one."""
        if self._start_of is None:
            return super().start_of(alpha)
        found = np.asarray(self._start_of(alpha))
        return _flat(returned("start", found, found.shape))

    def start_jacobian(self, alpha: Array) -> Array:
        """Rows d w_0 / d alpha_k, by its function; 0 without one."""
        if self.operations.start_jacobian is None:
            return super().start_jacobian(alpha)
        shape = (self.hyperparameters, len(self.start_of(alpha)))
        return returned("start_jacobian", self.operations.start_jacobian(alpha), shape)

    @property
    def has_direct(self) -> bool:
        """Whether a function for the direct term was given."""
        return self.operations.direct is not None

    @property
    def start_moves(self) -> bool:
        """Whether the start was given as a function."""
        return self._start_of is not None

    def require_complete(self) -> None:
        """Nothing: what belongs together was checked when it was made."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(h={self.hyperparameters})"


def _flat(start: Array) -> Array:
    if start.ndim != 1 or not len(start):
        raise ValueError(f"start has shape {start.shape}: pass a flat w_0, shape (P,)")
    return start
