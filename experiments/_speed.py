"""Timings of the closed form beside unrolled numpy loops, with the error of each in the same row; writes no file."""
import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

import quadmeta as qm
from experiments._speed_problems import hypergradient, sweep
from quadmeta.objectives._polynomial import BLOCK

Array = Any
LONGEST = 10**4  # steps that a loop is asked to unroll


def main() -> int:
    """Print a table each: against T, against d, a grid over tasks, the least-squares sweep, exact hypergradients."""
    print("Times are the best of several runs. 'error' is relative to the closed form (that of the closed form to 50\n"
          "digits, up to T = 10^4). 'reverse, R^d' back-propagates with H; 'loop, modes' unrolls the eigenmodes.\n")
    _against_steps()
    _against_dimension()
    _grid()
    sweep(_timed, _time)
    hypergradient(_timed, _time)
    return 0


def _timed(call: Callable[[], Any], least: float = 0.3, most: int = 30) -> tuple[float, Any]:
    """The best time of repeated calls and the last result; one call where it takes longer than ``least``."""
    best, spent, runs, result = np.inf, 0.0, 0, None
    with np.errstate(all="ignore"):
        while runs < most and spent < least:
            start = perf_counter()
            result = call()
            found = perf_counter() - start
            best, spent, runs = min(best, found), spent + found, runs + 1
    return best, result


def _time(seconds: float) -> str:
    return next(f"{seconds * scale:7.3g} {unit}" for scale, unit in ((1e6, "us"), (1e3, "ms"), (1.0, "s "))
                if seconds * scale < 1000 or unit == "s ")


def _error(value: Array, exact: Array) -> str:
    value, exact = np.asarray(value, dtype=float), np.asarray(exact, dtype=float)
    lost = ~np.isfinite(value) | (value == 0) & (exact != 0)
    if lost.all():
        return "not finite" if not np.isfinite(value).any() else "silent 0"
    worst = float(np.abs(value / exact - 1)[~lost].max())
    return f"{worst:.0e}" + (f", {100 * lost.mean():.0f}% lost" if lost.any() else "")


def _reverse(H: Array, w: Array, eta: float, T: int) -> float:
    """Back-propagation through log f / T in plain numpy."""
    states = [w]
    for _ in range(T):
        states.append(states[-1] - eta * (H @ states[-1]))
    gradient = H @ states[-1]
    b, total = gradient / (states[-1] @ gradient / 2) / T, 0.0
    for w in states[-2::-1]:
        image = H @ w
        total -= b @ image
        b = b - eta * (H @ b)
    return float(total)


def _forward(lam: Array, start: Array, eta: Array, T: int) -> Array:
    """G' by the recursion of w alone, at all step sizes and tasks at once: dw_T/deta = -T H w_{T-1}."""
    w = before = np.broadcast_to(start, (*np.broadcast_shapes(eta.shape, start.shape[:-1]), start.shape[-1]))
    for _ in range(T):
        before, w = w, w - eta[..., None] * (lam * w)
    return -2 * (lam * w * lam * before).sum(axis=-1) / (lam * w * w).sum(axis=-1)


def _against_steps() -> None:
    d = 50
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2 * d, d))
    H, w0 = X.T @ X / d, rng.standard_normal(d)
    setup, problem = _timed(lambda: qm.Quadratic.from_matrix(H, w0))
    lam, error = problem.eigenvalues, problem.error
    for name, eta in (("best step size", 2 / (problem.L + problem.mu)), ("beyond stability", 2.3 / problem.L)):
        print(f"One meta-gradient against T: d = {d}, {name}, eta L = {eta * problem.L:.3f}; "
              f"eigendecomposition {_time(setup).strip()}")
        print(f"{'T':>10} | {'closed form':>11} {'with eigh':>11} {'error':>7} | {'reverse, R^d':>12} {'error':>11} | "
              f"{'loop, modes':>12} {'error':>11}")
        for power in range(1, 10):
            T = 10**power
            log = qm.LogObjective(problem, qm.GradientDescent(T))
            short, exact = _timed(lambda: log.gradient(eta))
            cells, digits = [""] * 4, ""
            if T <= LONGEST:
                digits = _error(exact, log.exactly(eta, 1, "mpmath", digits=50))
                slow, value = _timed(lambda: _reverse(H, w0, float(eta), T))
                modes, other = _timed(lambda: _forward(lam, error, np.asarray(eta), T))
                cells = [_time(slow), _error(value, exact), _time(modes), _error(other, exact)]
            print(f"{T:>10} | {_time(short):>11} {_time(short + setup):>11} {digits:>7} | "
                  f"{cells[0]:>12} {cells[1]:>11} | {cells[2]:>12} {cells[3]:>11}")
        print()


def _against_dimension() -> None:
    print("One meta-gradient against d: T = 1000, after the eigendecomposition")
    print(f"{'d':>10} | {'closed form':>11} {'per mode':>11} | {'loop, modes':>12} {'error':>11}")
    for d in (10, 100, 1000, 10**4, 10**5, 10**6):
        problem = qm.Quadratic.from_spectrum(np.geomspace(0.01, 1, d), seed=d)
        log = qm.LogObjective(problem, qm.GradientDescent(1000))
        short, exact = _timed(lambda: log.gradient(1.9))
        cells = ["", ""]
        if d <= LONGEST:
            slow, value = _timed(lambda: _forward(problem.eigenvalues, problem.error, np.asarray(1.9), 1000))
            cells = [_time(slow), _error(value, exact)]
        print(f"{d:>10} | {_time(short):>11} {_time(short / d):>11} | {cells[0]:>12} {cells[1]:>11}")
    print()


def _grid() -> None:
    d, tasks, sizes = 50, 100, 1000
    problem = qm.Quadratic.random(d, 0, tasks)
    eta = np.linspace(0.01, 3, sizes)[:, None] / problem.L
    output = eta.nbytes / 1e6
    print(f"A grid of {sizes} step sizes x {tasks} tasks, d = {d}; temporaries of at most {BLOCK} numbers "
          f"({8 * BLOCK / 1e6:.2f} MB), the result holds {output:.1f} MB")
    print(f"{'T':>10} | {'closed form':>11} {'peak memory':>12} | "
          f"{'loop, modes':>12} {'peak memory':>12} {'error':>15}")
    for T in (80, LONGEST):
        log = qm.LogObjective(problem, qm.GradientDescent(T), pooled=False)
        part = eta if T == 80 else eta[::100]  # a hundredth of the grid, in cache: this favours the loop
        fast, exact = _timed(lambda: log.gradient(eta), least=2, most=3)
        slow, value = _timed(lambda: _forward(problem.eigenvalues, problem.error, part, T), least=2, most=1)
        # the peak of the loop is that of two steps
        memory = [_peak(call) for call in (lambda: log.gradient(eta),
                                           lambda: _forward(problem.eigenvalues, problem.error, eta, 2))]
        scale = sizes // len(part)
        print(f"{T:>10} | {_time(fast):>11} {memory[0]:>9.1f} MB | {_time(scale * slow):>12} {memory[1]:>9.1f} MB "
              f"{_error(value, exact[::scale]):>15}" + (f"  (timed on 1 of {scale} parts)" if scale > 1 else ""))
    print()


def _peak(call: Callable[[], Any]) -> float:
    """Peak of what a call allocates, in MB."""
    tracemalloc.start()
    with np.errstate(all="ignore"):
        call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
