"""The derivatives of a user's losses by PyTorch."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from quadmeta._extras import require
from quadmeta._types import Array
from quadmeta.problems.parts.own.functions import guarded, require_precise
from quadmeta.problems.parts.own.operations import Operations

HINTS = {
    "NotImplementedError": "PyTorch has no derivative of a derivative of it, use another operation",
    "TypeError": "it must take and return tensors",
}
"""What PyTorch's errors mean for a loss."""


class Backend:
    """PyTorch by ``torch.func``.

    Raises
    ------
    ModuleNotFoundError
        it is not installed.
    """

    def __init__(self) -> None:
        self.torch = require("torch", "peers", "library = 'torch'")

    def flattened(self, name: str, tree: object) -> tuple[Any, Callable[[Any], Any]]:
        """The numbers of tensors in dictionaries, lists and tuples as a vector, and what shapes
        such a vector again.

        Raises
        ------
        ValueError
            numbers of fewer than 64 bits.
        """
        arrays = [self._read(name, leaf) for leaf in _leaves(tree)]
        if not arrays:
            raise ValueError(f"{name} holds no numbers: pass a tensor, or a dictionary of them")
        shapes = [tuple(array.shape) for array in arrays]
        sizes = [array.numel() for array in arrays]

        def shaped(vector: Any) -> Any:
            parts = self.torch.split(vector, sizes)
            pairs = zip(parts, shapes, strict=True)
            return _rebuilt(tree, iter([part.reshape(shape) for part, shape in pairs]))

        return self.torch.cat([array.reshape(-1).double() for array in arrays]), shaped

    def array(self, values: Array) -> Any:
        """Numbers as a tensor."""
        return self.torch.from_numpy(np.array(values, dtype=float))

    def _read(self, name: str, leaf: object) -> Any:
        """A tensor, array or number as a tensor of its own."""
        if not isinstance(leaf, self.torch.Tensor):
            leaf = np.array(leaf)
        require_precise(name, str(leaf.dtype))
        if isinstance(leaf, np.ndarray):
            return self.torch.from_numpy(leaf)
        return leaf.detach().clone()

    def numpy(self, vector: Any) -> Array:
        """A tensor as an array of numpy."""
        return np.asarray(vector.detach().cpu())

    def joined(self, tree: object) -> Any:
        """The numbers of a tree as a vector, where it may be differentiated."""
        return self.torch.cat([leaf.reshape(-1) for leaf in _leaves(tree)])

    def operations(self, inner: Callable[..., Any], outer: Callable[..., Any]) -> Operations:
        """The derivatives of two losses of flat vectors."""
        func = self.torch.func
        slope = func.grad(inner)

        def hvp(w: Any, alpha: Any, v: Any) -> Any:
            return func.jvp(lambda x: slope(x, alpha), (w,), (v,))[1]

        def mixed(w: Any, alpha: Any, v: Any) -> Any:
            return func.grad(lambda a: slope(w, a) @ v)(alpha)

        def jacobian(w: Any, alpha: Any) -> Any:
            return self._rows(lambda a: slope(w, a), alpha)

        return Operations(
            gradient=self._of_arrays("inner", slope),
            hvp=self._of_arrays("inner", hvp),
            mixed=self._of_arrays("inner", mixed),
            outer=self._of_arrays("outer", outer),
            outer_gradient=self._of_arrays("outer", func.grad(outer)),
            direct=self._of_arrays("outer", func.grad(outer, argnums=1)),
            inner=self._of_arrays("inner", inner),
            jacobian=self._of_arrays("inner", jacobian),
        )

    def moving(self, start: Callable[[Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """A start that depends on alpha, and the rows of its derivative."""

        def rows(alpha: Any) -> Any:
            return self._rows(start, alpha)

        return self._of_arrays("start", start), self._of_arrays("start", rows)

    def _rows(self, function: Callable[[Any], Any], alpha: Any) -> Any:
        """d function / d alpha_k as rows, by forward mode."""
        units = self.torch.eye(len(alpha), dtype=alpha.dtype)
        pushed = [self.torch.func.jvp(function, (alpha,), (unit,))[1] for unit in units]
        return self.torch.stack(pushed)

    def _of_arrays(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of tensors as one of numpy arrays."""

        def run(*arrays: Array) -> Array:
            return self.numpy(function(*map(self.array, arrays)))

        return guarded(name, run, HINTS)


def _leaves(tree: Any) -> Iterator[Any]:
    """The tensors and numbers of a tree, from left to right; those of a dictionary by its keys."""
    if isinstance(tree, dict):
        tree = [tree[key] for key in sorted(tree, key=str)]
    if isinstance(tree, list | tuple):
        for branch in tree:
            yield from _leaves(branch)
    else:
        yield tree


def _rebuilt(tree: Any, leaves: Iterator[Any]) -> Any:
    """The tree with other leaves."""
    if isinstance(tree, dict):
        return {key: _rebuilt(tree[key], leaves) for key in sorted(tree, key=str)}
    if isinstance(tree, list | tuple):
        branches = [_rebuilt(branch, leaves) for branch in tree]
        if hasattr(tree, "_fields"):
            return type(tree)(*branches)
        return type(tree)(branches)
    return next(leaves)
