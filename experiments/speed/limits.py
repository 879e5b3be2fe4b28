"""What the machine can do, and the least time that a workload of the speed table needs on it, all
of one run.
"""

from functools import cache, partial
from typing import Any

import numpy as np

from experiments.speed.clock import LARGE, blas, cores, seconds

Row = dict[str, Any]
_ONE = "closed form, one thread"
_EIGH = "closed form with eigh"
_CLOSED = "closed form"


def rates(d: int, size: str = "full", block: int = 2**13) -> dict[str, float]:
    """Rates of this machine with one BLAS thread, each the median of several runs.

    Copy bandwidth and matrix products in units of 1e9 a second, an eigendecomposition of size d in
    units of d^3; and the seconds an element of one product or quotient, and of one logarithm with
    one exponential, in blocks that fit in cache.
    """
    rng = np.random.default_rng(0)
    A = rng.standard_normal((d, d))
    x = rng.uniform(0.1, 0.9, block)
    H = A @ A.T
    y = np.empty_like(x)
    big = np.empty(40 * d * d)
    target = np.empty_like(big)

    clocked = partial(seconds, size=size)

    def elementwise() -> None:
        np.log(x, out=y)
        np.exp(y, out=y)

    return {
        "copy": 2e-9 * big.nbytes / clocked(lambda: np.copyto(target, big)),
        "product": 2e-9 * d**3 / clocked(lambda: A @ A),
        "eigh": 1e-9 * d**3 / clocked(lambda: np.linalg.eigh(H)),
        "multiply": clocked(lambda: np.multiply(x, x, out=y)) / block,
        "divide": clocked(lambda: np.divide(x, x, out=y)) / block,
        "log and exp": clocked(elementwise) / block,
    }


@cache
def _eigh(d: int) -> float:
    """Seconds of one eigendecomposition of size d, with the threads that the workloads give it."""
    X = np.random.default_rng(0).standard_normal((d, d))
    H = X @ X.T
    with blas(cores() if d >= LARGE else 1):
        return seconds(lambda: np.linalg.eigh(H))


def needed(row: Row, rate: dict[str, float]) -> Row:
    """The work that a closed route cannot avoid, and its time at the rates of this machine with
    one thread.

    Flops of matrix products, bytes that do not stay in cache, elementwise products and quotients,
    elements of one log and one exp, eigendecompositions. An integer power is a log and an exp, or
    the products of repeated squaring where these take less. None for routes that are not closed or
    use two threads.
    """
    work = _work(row)
    if work is None:
        return dict.fromkeys(("gflop", "mbytes", "multiplied", "exps", "needed"))
    flops, size, powers, n, divided, eighs = (work[name] for name in _KINDS)
    products = 0
    if n:
        products = n.bit_length() + n.bit_count() - 2
    multiplied, exps = 0, powers
    if products * rate["multiply"] < rate["log and exp"]:
        multiplied, exps = powers * products, 0
    least = (
        1e-9 * flops / rate["product"]
        + 1e-9 * size / rate["copy"]
        + multiplied * rate["multiply"]
        + exps * rate["log and exp"]
        + divided * rate["divide"]
        + sum(count * _eigh(k) for k, count in eighs.items())
    )
    return {
        "gflop": 1e-9 * flops,
        "mbytes": 1e-6 * size,
        "multiplied": float(multiplied),
        "exps": float(exps),
        "needed": least,
    }


_KINDS = ("flops", "bytes", "powers", "exponent", "divided", "eighs")


def _work(row: Row) -> dict[str, Any] | None:
    """Flops, bytes, powers and their exponent, quotients and {size: number} of
    eigendecompositions, of one route.
    """
    d = row["d"]
    n = row["n"]
    T = row["T"]
    m = row["tasks"] or 1
    grid = row["grid"] or 1
    least: dict[str, Any] = dict.fromkeys(_KINDS, 0) | {"eighs": {}}
    match row["workload"], row["route"]:
        case "W1", "closed form" | "closed form with eigh":
            return least | {
                "bytes": 16 * d,
                "powers": d,
                "exponent": 2 * T - 1,
                "eighs": {d: 1} if row["route"] == _EIGH else {},
            }
        case "W2", "closed form, one thread" | "closed form without eigh":
            return least | {
                "powers": m * grid * d,
                "exponent": 2 * T - 1,
                "flops": 4 * m * grid * d,
                "eighs": {d: m} if row["route"] == _ONE else {},
            }
        case "W3", "closed form, one thread":
            # n modes: X X', X'Q and X_2 V; two residual matrices times X_2 V; one power for each
            # of two losses
            return least | {
                "flops": m * (5 * n * n * d + 4 * grid * n * n),
                "powers": 2 * m * grid * n,
                "exponent": T - 1,
                "eighs": {n: m},
            }
        case "W4", "closed form":
            # X' diag(s) X, X times a p x p matrix, and both with the outputs; a log and exp a
            # divided difference
            return least | {
                "flops": 3 * n * d * d + 4 * n * d * 10,
                "powers": d * d,
                "exponent": 2**62,
                "eighs": {d: 1},
            }
        case "W4", "implicit":
            return least | {"flops": n * d * d + 6 * n * d * 10 + 2 * d**3}
        case "W5", "closed form":
            # a = 1 - eta lambda and the sum of lambda / a; a product and a quotient a factor
            return least | {"flops": 6 * d * T, "powers": d * T, "exponent": 2, "divided": d * T}
    return None
