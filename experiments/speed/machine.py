"""What a program in numpy is made of, at the shapes of a workload: operations that are timed beside
its routes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.lapack import dposv, dpotrs

BLOCK = 2**14
"""Elements of a block that stays in cache: of those from 2^10 to 2^16 the quickest an element."""


class Operation(NamedTuple):
    """One call of numpy or LAPACK at some shape."""

    name: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {' x '.join(map(str, self.shape))}"

    def call(self) -> Callable[[], Any]:
        """What does it once, on arrays of its own."""
        return _CALLS[self.name](np.random.default_rng(0), *self.shape)


LOG_EXP = Operation("log and exp", (BLOCK,))


def _product(rng: np.random.Generator, a: int, b: int, c: int) -> Callable[[], Any]:
    """(a x b) times (b x c); a row or a column is a vector."""
    A = rng.standard_normal((a, b) if a > 1 else b)
    B = rng.standard_normal((b, c) if c > 1 else b)
    out = np.empty_like(A @ B)
    return lambda: np.matmul(A, B, out=out)


def _gram(rng: np.random.Generator, a: int, b: int) -> Callable[[], Any]:
    """X X' (a x a): half of the flops of a product."""
    X = rng.standard_normal((a, b))
    return lambda: X @ X.T


def _eigh(rng: np.random.Generator, d: int, m: int) -> Callable[[], Any]:
    """Eigendecompositions of m matrices of size d."""
    X = rng.standard_normal((m, 2 * d, d))
    H = np.swapaxes(X, -1, -2) @ X
    return lambda: np.linalg.eigh(H)


def _solve(rng: np.random.Generator, d: int, k: int) -> Callable[[], Any]:
    """One Cholesky factor of size d, two solves by it, of k columns each."""
    X = rng.standard_normal((2 * d, d))
    H = np.asfortranarray(X.T @ X)
    B = np.asfortranarray(rng.standard_normal((d, k)))

    def run() -> Any:
        factor, first, _ = dposv(H, B)
        return first, dpotrs(factor, B)

    return run


def _scale(rng: np.random.Generator, n: int, d: int) -> Callable[[], Any]:
    """A factor for each row."""
    X = rng.standard_normal((n, d))
    s = rng.uniform(size=(n, 1))
    out = np.empty_like(X)
    return lambda: np.multiply(X, s, out=out)


def _dots(rng: np.random.Generator, n: int, d: int) -> Callable[[], Any]:
    """The inner products of the rows of two matrices."""
    X = rng.standard_normal((n, d))
    Y = rng.standard_normal((n, d))
    return lambda: np.einsum("ij,ij->i", X, Y)


def _each(ufunc: Any, arrays: int) -> Callable[..., Callable[[], Any]]:
    """An elementary function of the elements of one block: one array in place, or two into it."""

    def make(rng: np.random.Generator, block: int) -> Callable[[], Any]:
        y = np.ones(block)  # in place for ever: 1 stays 1
        if arrays == 1:
            return lambda: ufunc(y, out=y)
        x = np.ones(block)
        return lambda: ufunc(x, y, out=y)

    return make


def _log_exp(rng: np.random.Generator, block: int) -> Callable[[], Any]:
    x = rng.uniform(0.1, 0.9, block)
    y = np.empty(block)

    def run() -> None:
        np.log(x, out=y)
        np.exp(y, out=y)

    return run


def _log(rng: np.random.Generator, block: int) -> Callable[[], Any]:
    x = rng.uniform(0.1, 0.9, block)
    y = np.empty(block)
    return lambda: np.log(x, out=y)


def _subtract(rng: np.random.Generator, block: int) -> Callable[[], Any]:
    x = rng.standard_normal(block)
    y = np.empty(block)
    return lambda: np.subtract(1.0, x, out=y)


def _copy(rng: np.random.Generator, n: int) -> Callable[[], Any]:
    x = rng.standard_normal(n)
    y = np.empty(n)
    return lambda: np.copyto(y, x)


_CALLS: dict[str, Callable[..., Callable[[], Any]]] = {
    "product": _product,
    "gram": _gram,
    "eigh": _eigh,
    "two solves": _solve,
    "scale rows": _scale,
    "dots of rows": _dots,
    "square": _each(np.square, 1),
    "multiply": _each(np.multiply, 2),
    "divide": _each(np.divide, 2),
    "subtract": _subtract,
    "log": _log,
    "log and exp": _log_exp,
    "copy": _copy,
}
