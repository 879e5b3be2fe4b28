"""The least time that a route of the speed table needs on this machine: the operations of numpy
that its algorithm cannot do without, each at its own shape and timed in the rounds of the routes.

An operation counts once for each time that the result needs it, in its cheapest form: symmetric
products where numpy has them, one pass for 1 - eta lambda, powers by repeated squaring in place or
by one logarithm and one exponential, blocks that stay in cache. Of a sum of powers over modes only
terms above the rounding of the largest one count, as if their places were known. Loops of Python,
allocation, checks and small vectors are free.
"""

import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np

from experiments.speed.machine import BLOCK, LOG_EXP, Operation
from experiments.speed.route import Case, Inputs, Route

Array = Any
Row = dict[str, Any]
Counts = dict[Operation, float]
Work = list[tuple[Counts, ...]]
"""Steps, each in one or more forms, of which the cheapest counts."""
ROUNDING = 2.0**-53
CLASSES = 10
"""Outputs of the model of W4."""


def routes(case: Case, given: Inputs) -> dict[str, Route]:
    """{operation: how} of all that the least times of one case are made of."""
    found = [operation for work in least(case, given).values() for operation in _all(work)]
    if case["workload"] in ("W2", "W6"):
        found.append(LOG_EXP)
    if case["workload"] == "W1" and case["slot"] == "large":
        found += [Operation("copy", (8 * case["d"] ** 2,)), _product(*3 * (case["d"],))]
    return {str(each): Route(each.call(), target=None) for each in dict.fromkeys(found)}


def limited(case: Case, given: Inputs, rows: list[Row]) -> list[Row]:
    """The rows of one case with the least times of its routes, and what these are made of."""
    seconds = {row["route"]: row["seconds"] for row in rows if row["family"] == "machine"}
    part = {True: "rate", False: "time"}
    found = [row | {"part": part[row["family"] == "machine"]} for row in rows]
    for route, work in least(case, given).items():
        total, counts = _cheapest(work, seconds)
        own = next(row for row in found if row["family"] == "package" and row["route"] == route)
        own["needed"] = total
        head = {name: own[name] for name in ("workload", "slot", "route")}
        found += [
            {"part": "least"} | head | {"name": name, "value": count}
            for name, count in counts.items()
        ]
    return found


def least(case: Case, given: Inputs) -> dict[str, Work]:
    """{route: work} of the routes of one case that have a limit."""
    found = _LEAST.get(case["workload"])
    if found is None:
        return {}
    return found(case, given)


def _all(work: Work) -> Iterable[Operation]:
    return chain.from_iterable(form for step in work for form in step)


def _cheapest(work: Work, seconds: dict[str, float]) -> tuple[float, dict[str, float]]:
    total = 0.0
    counts: dict[str, float] = {}
    for step in work:
        time, form = min(
            (sum(count * seconds[str(each)] for each, count in form.items()), k)
            for k, form in enumerate(step)
        )
        total += time
        for each, count in step[form].items():
            counts[str(each)] = counts.get(str(each), 0.0) + count
    return total, counts


def _product(a: int, b: int, c: int) -> Operation:
    return Operation("product", (a, b, c))


def _elements(name: str, number: int, times: int = 1) -> Counts:
    """An elementary function of so many elements: at once, or in blocks that stay in cache."""
    block = max(1, min(BLOCK, number))
    return {Operation(name, (block,)): times * number / block}


def _power(number: int, exponent: int) -> tuple[Counts, ...]:
    """One integer power of each element: by squares and products, or by its logarithm."""
    squares = _elements("square", number, exponent.bit_length() - 1)
    products = _elements("multiply", number, exponent.bit_count() - 1)
    return squares | products, _elements("log and exp", number)


def _once(*counts: Counts) -> Work:
    """Steps that have one form."""
    return [(each,) for each in counts]


def _gradient(case: Case, given: Inputs) -> dict[str, Work]:
    """W1: of one matrix the eigendecomposition, and the products of its vectors with the start."""
    d = case["d"]
    if case["slot"] != "large":
        return {}
    eigh = {Operation("eigh", (d, 1)): 1.0, _product(d, d, 1): 1.0}
    return {"closed form with eigh": _once(eigh)}


def counted(lam: Array, weights: Array, eta: Array, n: int) -> int:
    """How many terms weights |1 - eta lambda|^n are above the rounding of the largest one of their
    step size.
    """
    with np.errstate(divide="ignore"):
        terms = np.log(weights)[..., None, :] + n * np.log(
            np.abs(1 - eta[:, None] * lam[..., None, :])
        )
    return int((terms > terms.max(axis=-1, keepdims=True) + math.log(ROUNDING)).sum())


def _scan(case: Case, lam: Array, weights: Array, eta: Array) -> Work:
    """(G, G') of tasks on a grid: 1 - eta lambda, its power 2T - 1, two sums over the modes."""
    d, grid = case["d"], len(eta)
    exponent = 2 * case["T"] - 1
    number = counted(lam, weights, eta, exponent)
    whole = number / (d * grid)
    return [
        (_elements("subtract", number), {_product(d, 2, grid): whole}),
        _power(number, exponent),
        ({_product(2, d, grid): whole}, {_product(1, d, grid): 2 * whole}),
        (_elements("log", grid * lam.size // d),),
    ]


def _times(work: Work, m: int) -> Work:
    return [
        tuple({each: m * count for each, count in form.items()} for form in step) for step in work
    ]


def _grid(case: Case, given: Inputs) -> dict[str, Work]:
    lam, Q = np.linalg.eigh(given["H"])
    w = (np.swapaxes(Q, -1, -2) @ given["w"][..., None])[..., 0]
    known = _scan(case, lam, lam * w * w, given["eta"])
    eigh = _once({Operation("eigh", (case["d"], case["tasks"])): 1.0})
    return {"closed form without eigh": known, "closed form, one thread": known + eigh}


def _growth(case: Case, given: Inputs) -> dict[str, Work]:
    lam = given["lam"]
    return {"closed form": _scan(case, lam, lam * given["w"] ** 2, given["eta"])}


def _sweep(case: Case, given: Inputs) -> dict[str, Work]:
    """W3, fewer samples than dimensions: X X' = Q Lambda Q'; K = X_2 V in the n modes, by X'Q or
    by X_2 X'; q = (1 - eta lambda)^T and its derivative; the residuals K (1 - q) and K q' at all
    step sizes, and their norms; for training sums of squares of q over the modes.
    """
    n, d, grid = case["n"], case["d"], case["grid"]
    number = n * grid
    one: Work = [
        ({Operation("gram", (n, d)): 1.0},),
        (
            {_product(n, d, n): 1.0, _product(n, n, n): 1.0},
            {_product(d, n, n): 1.0, _product(n, d, n): 1.0},
        ),
        (_elements("subtract", number),),
        _power(number, case["T"] - 1),
        (_elements("multiply", 2 * number),),
        ({_product(n, n, grid): 2.0, _product(grid, n, 2): 1.0},),
        (_elements("multiply", 2 * number),),
    ]
    eigh = _once({Operation("eigh", (n, case["tasks"])): 1.0})
    return {"closed form, one thread": _times(one, case["tasks"]) + eigh}


def _weights(case: Case, given: Inputs) -> dict[str, Work]:
    """W4: H = X' diag(s) X and B = X' diag(s) Y; then an eigendecomposition, Q'B, W, the outer
    gradient and its coordinates, divided differences of powers with a log and an exp each or by
    doubling, D_2n = D_n (a^n + b^n) and D_(n+1) = a D_n + b^n, back from the modes (p x p), and the
    quadratic forms of all samples. Implicit: two solves by one factor, and
    the inner products of all samples.
    """
    n, p, k = case["n"], case["d"], CLASSES
    square = p * p
    bind: Work = [
        ({Operation("scale rows", (n, p)): 1.0},),
        (
            {_product(p, n, p + k): 1.0},
            {Operation("gram", (p, n)): 1.0, _product(p, n, k): 1.0},
        ),
        (_elements("log and exp", n),),
    ]
    outer = {_product(p, p, k): 1.0}
    modes = {
        Operation("eigh", (p, 1)): 1.0,
        _product(p, p, k): 4.0,
        _product(p, k, p): 1.0,
        _product(p, p, p): 2.0,
    }
    forms = {_product(n, p, p + k): 1.0, Operation("dots of rows", (n, p + k)): 1.0}
    bits = case["T"].bit_length() + case["T"].bit_count() - 2
    quotients: Work = [
        (
            _elements("log and exp", square)
            | _elements("subtract", square)
            | _elements("divide", square),
            _elements("subtract", square, bits) | _elements("multiply", square, bits),
        ),
        (_elements("multiply", square),),
    ]
    solves = {Operation("two solves", (p, k)): 1.0}
    rows = {_product(n, p, 2 * k): 1.0, Operation("dots of rows", (n, k)): 1.0}
    return {
        "closed form": bind + _once(outer, modes, forms) + quotients,
        "implicit": bind + _once(outer, solves, rows),
    }


def _schedule(case: Case, given: Inputs) -> dict[str, Work]:
    """W5: a = 1 - eta_t lambda_i, their products over t, quotients by a, sums over the modes."""
    d, T = case["d"], case["T"]
    number = d * T
    passes = (_elements(name, number) for name in ("subtract", "multiply", "divide"))
    return {"closed form": _once(*passes, {_product(T, d, 1): 1.0})}


_LEAST = {
    "W1": _gradient,
    "W2": _grid,
    "W3": _sweep,
    "W4": _weights,
    "W5": _schedule,
    "growth": _growth,
}


def rates(rows: list[Row]) -> list[tuple[str, float]]:
    """Rates of this machine for the reader, at the largest shapes: 1e9 bytes copied and flops of a
    product a second, eigendecompositions in units of 1e9 d^3, seconds of one log and one exp.
    """
    timed = [row for row in rows if row["part"] == "rate"]
    found = []
    for name, rate in RATES.items():
        own = [row for row in timed if row["route"].startswith(name)]
        shape, seconds = max((_shape(row["route"]), row["seconds"]) for row in own)
        found.append((name, rate(shape, seconds)))
    return found


def _shape(operation: str) -> tuple[int, ...]:
    return tuple(int(word) for word in operation.split() if word.isdigit())


RATES: dict[str, Callable[[tuple[int, ...], float], float]] = {
    "copy": lambda shape, seconds: 16e-9 * shape[0] / seconds,
    "product": lambda shape, seconds: 2e-9 * math.prod(shape) / seconds,
    "eigh": lambda shape, seconds: 1e-9 * shape[0] ** 3 / seconds,
    "log and exp": lambda shape, seconds: seconds / shape[0],
}
