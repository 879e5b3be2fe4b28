"""The derivatives of a user's losses by JAX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quadmeta._extras import require
from quadmeta._types import Array
from quadmeta.problems.parts.own.functions import guarded, require_precise
from quadmeta.problems.parts.own.operations import Operations

HINTS = {
    "TracerArrayConversionError": "it leaves JAX for numpy, use jax.numpy inside",
    "UnexpectedTracerError": "it keeps a traced array from one call to the next, return it instead",
    "TracerBoolConversionError": "it branches on a value, use jax.numpy.where or jax.lax.cond",
    "ConcretizationTypeError": "it needs a value while it is traced, use jax.numpy inside",
}
"""What JAX's errors mean for a loss."""


class Backend:
    """JAX in 64 bits.

    Raises
    ------
    ModuleNotFoundError
        it is not installed.
    ValueError
        it computes in 32 bits.
    """

    def __init__(self) -> None:
        self.jax = require("jax", "peers", "library = 'jax'")
        if not self.jax.config.jax_enable_x64:
            raise ValueError(
                "library = 'jax' computes in 32 bits: call jax.config.update('jax_enable_x64', "
                "True) before anything else"
            )

    def flattened(self, name: str, tree: object) -> tuple[Any, Callable[[Any], Any]]:
        """The numbers of a pytree as a vector, and what shapes such a vector again.

        Raises
        ------
        ValueError
            numbers of fewer than 64 bits.
        """
        require("jax.flatten_util", "peers", "library = 'jax'")
        for leaf in self.jax.tree_util.tree_leaves(tree):
            require_precise(name, str(np.asarray(leaf).dtype))
        arrays = self.jax.tree_util.tree_map(self.array, tree)
        vector, shaped = self.jax.flatten_util.ravel_pytree(arrays)
        return vector, shaped

    def array(self, values: Array) -> Any:
        """Numbers as an array of JAX."""
        return self.jax.numpy.asarray(values, dtype=float)

    def numpy(self, vector: Any) -> Array:
        """An array of JAX as one of numpy."""
        return np.asarray(vector)

    def joined(self, tree: object) -> Any:
        """The numbers of a pytree as a vector, where it may be traced."""
        return self.jax.flatten_util.ravel_pytree(tree)[0]

    def operations(self, inner: Callable[..., Any], outer: Callable[..., Any]) -> Operations:
        """The derivatives of two losses of flat vectors, each compiled once."""
        jax = self.jax
        slope = jax.grad(inner)

        def hvp(w: Any, alpha: Any, v: Any) -> Any:
            return jax.jvp(lambda x: slope(x, alpha), (w,), (v,))[1]

        def mixed(w: Any, alpha: Any, v: Any) -> Any:
            return jax.grad(lambda a: slope(w, a) @ v)(alpha)

        def jacobian(w: Any, alpha: Any) -> Any:
            return jax.jacfwd(lambda a: slope(w, a))(alpha).T

        return Operations(
            gradient=guarded("inner", jax.jit(slope), HINTS),
            hvp=guarded("inner", jax.jit(hvp), HINTS),
            mixed=guarded("inner", jax.jit(mixed), HINTS),
            outer=guarded("outer", outer, HINTS),
            outer_gradient=guarded("outer", jax.jit(jax.grad(outer)), HINTS),
            direct=guarded("outer", jax.jit(jax.grad(outer, argnums=1)), HINTS),
            inner=guarded("inner", inner, HINTS),
            jacobian=guarded("inner", jax.jit(jacobian), HINTS),
        )

    def moving(self, start: Callable[[Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """A start that depends on alpha, and the rows of its derivative."""
        jax = self.jax

        def rows(alpha: Any) -> Any:
            return jax.jacfwd(start)(alpha).T

        return guarded("start", jax.jit(start), HINTS), guarded("start", jax.jit(rows), HINTS)
