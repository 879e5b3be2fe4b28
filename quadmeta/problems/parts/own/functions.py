"""A bilevel problem by two losses in JAX or PyTorch, which that library differentiates."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import choice, function, show
from quadmeta.problems.parts.own.operations import Operations, OperatorsProblem

Loss: TypeAlias = Callable[[Any, Any], Any]
"""A function of weights and hyperparameters, as the user shapes them."""
Tree: TypeAlias = object
"""An array, a number, or dictionaries, lists and tuples of them."""

LIBRARIES = {"jax": "with_jax", "torch": "with_torch"}
"""Library -> module that differentiates with it, imported when it is asked for."""


class FunctionProblem(OperatorsProblem):
    """A bilevel problem by losses that a library differentiates, see
    ``BilevelProblem.from_functions``.

    Weights and hyperparameters are flat vectors outside, and of the user's shapes inside.

    Parameters
    ----------
    inner, outer
        L_1 and L_2, functions of (weights, hyperparameters).
    start
        the weights w_0, or a function of the hyperparameters that gives them.
    alpha
        hyperparameters whose shapes and values are an example.
    library
        "jax" or "torch".

    Raises
    ------
    ValueError
        a loss that is no finite float64 scalar, that is random, or that the library does not
        differentiate.
    ModuleNotFoundError
        the library is not installed.
    """

    alpha: Array
    """The example of hyperparameters as a vector (h,)."""

    def __init__(self, inner: Loss, outer: Loss, start: Tree, alpha: Tree, library: str) -> None:
        self.library = choice("library", library, LIBRARIES)
        function("inner", inner, "a function of w and alpha")
        function("outer", outer, "a function of w and alpha")
        self._backend = import_module(f"{__package__}.{LIBRARIES[self.library]}").Backend()
        example, settings = self._backend.flattened("alpha", alpha)
        first = start(settings(example)) if callable(start) else start
        w, weights = self._backend.flattened("start", first)
        self._settings = settings
        self._weights = weights

        def flat_inner(w: Any, alpha: Any) -> Any:
            return inner(weights(w), settings(alpha))

        def flat_outer(w: Any, alpha: Any) -> Any:
            return outer(weights(w), settings(alpha))

        operations: Operations = self._backend.operations(flat_inner, flat_outer)
        begin: Any = self._backend.numpy(w)
        if callable(start):
            moving = start

            def flat_start(alpha: Any) -> Any:
                return self._backend.joined(moving(settings(alpha)))

            begin, start_jacobian = self._backend.moving(flat_start)
            operations = replace(operations, start_jacobian=start_jacobian)
        super().__init__(operations, begin, len(self._backend.numpy(example)))
        self._keep(alpha=self._backend.numpy(example))
        first_w = self.start_of(self.alpha)
        _tried("inner", operations.inner, first_w, self.alpha)
        _tried("outer", operations.outer, first_w, self.alpha)
        bound = self.bind(self.alpha)
        slope = bound.gradient(first_w)
        bound.hvp(first_w, slope)
        bound.mixed(first_w, slope)
        self.outer_gradient(first_w, self.alpha)

    def vector(self, alpha: Tree) -> Array:
        """Hyperparameters of the user's shapes as a flat vector (h,).

        Raises
        ------
        ValueError
            numbers that are not float64, or another number of them.
        """
        return self.read(self._backend.numpy(self._backend.flattened("alpha", alpha)[0]))

    def settings(self, alpha: Array) -> Any:
        """A flat vector (h,) of hyperparameters in the user's shapes."""
        return self._settings(self._backend.array(self.read(alpha)))

    def weights(self, w: Array) -> Any:
        """A flat vector (P,) of weights in the user's shapes."""
        return self._weights(self._backend.array(np.asarray(w, dtype=float)))

    def __repr__(self) -> str:
        P = len(self.start_of(self.alpha))
        return f"FunctionProblem(P={P}, h={self.hyperparameters}, library={self.library!r})"


def _tried(name: str, loss: Any, w: Array, alpha: Array) -> None:
    """Refuse what is no deterministic finite float64 scalar at the start."""
    once = np.asarray(loss(w, alpha))
    again = np.asarray(loss(w, alpha))
    if once.shape != ():
        raise ValueError(f"{name} returns shape {once.shape}, it must be a scalar: sum or average")
    if once.dtype != np.float64:
        raise ValueError(
            f"{name} returns {once.dtype}, it must be float64: keep data and constants in 64 bits"
        )
    if not np.isfinite(once):
        raise ValueError(f"{name} = {show(float(once))} at the start: pass a finite start")
    if once != again:
        raise ValueError(
            f"{name} is random, {float(once)!r} and then {float(again)!r} at the same point: fix "
            "the key or the seed inside"
        )


def one_line(name: str, error: Exception, hints: dict[str, str]) -> ValueError:
    """What a library's error means: ``hints`` are remedies by the name of the error."""
    kind = type(error).__name__
    first = (str(error).strip().splitlines() or [""])[0]
    remedy = hints.get(kind, "write it in operations of the library that it differentiates")
    return ValueError(f"{name} fails with {kind}: {first[:120]}: {remedy}")


def guarded(name: str, operation: Callable[..., Any], hints: dict[str, str]) -> Callable[..., Any]:
    """The operation with its library's errors in one line each."""

    def run(*arrays: Array) -> Any:
        try:
            return operation(*arrays)
        except Exception as error:  # whatever a stranger's loss raises
            raise one_line(name, error, hints) from error

    return run


def require_precise(name: str, dtype: str) -> None:
    """Refuse an array of anything else than whole numbers and float64.

    Raises
    ------
    ValueError
        it is one.
    """
    if not any(word in dtype for word in ("float64", "int")):
        raise ValueError(f"{name} holds {dtype}, it must be float64: convert it to 64 bits")
