"""Runs in N windows of K steps, each window with a step size eta + sigma xi_n of its own: moments
of estimators that weigh the losses L_n = f(w_nK) by what was drawn.

The factor of mode i over window n is A_i(xi_n) = (a_i - s_i xi_n)^(2K), s_i = sigma lambda_i, with
an even and an odd part in xi_n, A = E + O. After n windows f_n = sum_i omega_i prod_m A_i(xi_m);
its part that is even when all signs change is sum_i p_i, the odd part sum_i q_i. What follows
carries

    U_k^(xy)_ij = E S_n^k x_i y_j,   x, y in {p, q},   S_n = xi_1 + ... + xi_n,

from window to window: products of the moments W of one window, in which nothing cancels that is not
odd. All numbers are SignLog.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta._validate import natural
from quadmeta.arithmetic.gaussian import whole_line
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.sampled.parts.spectra import Spectrum

LOSSES = ("final", "sum", "telescoped")
"""What an episode adds up: the loss at its end; those at the ends of all windows; their changes."""


class Parities(NamedTuple):
    """A matrix (d, d) for each pair of parities of its two factors that has an expectation."""

    even: SignLog
    """Both even."""
    odd: SignLog
    """Both odd."""


class Mixed(NamedTuple):
    """The same where one factor more is odd, S_n or xi_n."""

    even_odd: SignLog
    odd_even: SignLog


@dataclass(frozen=True, eq=False)
class Windows:
    """One window of K steps under a normal perturbation of its step size.

    Parameters
    ----------
    run
        the loss at the mean step size.
    sigma
        scale of the perturbation.
    length
        K.
    """

    run: Spectrum
    sigma: float
    length: int

    @classmethod
    def of(cls, run: Spectrum, sigma: float, window: int) -> "Windows":
        """Windows that fill the run.

        Raises
        ------
        ValueError
            a window that does not divide T.
        """
        K = natural("window", window)
        if run.steps % K:
            raise ValueError(f"window = {K} must divide the {run.steps} steps: pass a divisor")
        return cls(run, sigma, K)

    @property
    def count(self) -> int:
        """N."""
        return self.run.steps // self.length

    @cached_property
    def _parts(self) -> tuple[Array, Array, SignLog, SignLog]:
        """(xi, log weights, E_i(xi), O_i(xi)) at the nodes xi >= 0, (J,) and (J, d)."""
        xi, log_weights = whole_line(4 * self.length + 2)
        a = self.run.factors
        shift = self.sigma * xi[:, None] * self.run.lam
        upper = SignLog.of(a - shift) ** (2 * self.length)
        lower = SignLog.of(a + shift) ** (2 * self.length)
        return xi, log_weights, (upper + lower) / 2, (upper - lower) / 2

    def _moment(self, left: SignLog, right: SignLog, power: int) -> SignLog:
        """E xi^power left_i right_j."""
        xi, log_weights, _, _ = self._parts
        weight = SignLog(np.ones_like(xi), log_weights) * SignLog.of(xi) ** power
        products = left[:, :, None] * right[:, None, :] * weight[:, None, None]
        found: SignLog = products.sum(axis=0)
        return found

    @cached_property
    def plain(self) -> Parities:
        """W_0."""
        _, _, even, odd = self._parts
        return Parities(self._moment(even, even, 0), self._moment(odd, odd, 0))

    @cached_property
    def once(self) -> Mixed:
        """W_1, with one factor xi."""
        _, _, even, odd = self._parts
        return Mixed(self._moment(even, odd, 1), self._moment(odd, even, 1))

    @cached_property
    def twice(self) -> Parities:
        """W_2, with xi^2."""
        _, _, even, odd = self._parts
        return Parities(self._moment(even, even, 2), self._moment(odd, odd, 2))

    def _single(self, values: SignLog, power: int) -> SignLog:
        """E xi^power of a part (J, d), by modes."""
        xi, log_weights, _, _ = self._parts
        weight = SignLog(np.ones_like(xi), log_weights) * SignLog.of(xi) ** power
        found: SignLog = (values * weight[:, None]).sum(axis=0)
        return found

    @cached_property
    def even(self) -> SignLog:
        """E E_j = M_2K, by modes."""
        return self._single(self._parts[2], 0)

    @cached_property
    def slope(self) -> SignLog:
        """E xi O_j = -2K s_j M_(2K-1), by modes."""
        return self._single(self._parts[3], 1)

    @cached_property
    def even_twice(self) -> SignLog:
        """E xi^2 E_j, by modes."""
        return self._single(self._parts[2], 2)

    def begin(self) -> "Accumulated":
        """Before the first window: p = omega, q = 0, S = 0."""
        omega = SignLog.of(self.run.omega)
        start = omega[:, None] * omega[None, :]
        none = start * 0
        return Accumulated(Parities(start, none), Mixed(none, none), Parities(none, none))


class Accumulated(NamedTuple):
    """U_0, U_1 and U_2 after some windows."""

    plain: Parities
    once: Mixed
    twice: Parities

    def after(self, window: Windows) -> "Accumulated":
        """After one more."""
        W0, W1, W2 = window.plain, window.once, window.twice
        U0, U1, U2 = self
        return Accumulated(
            _same(U0, W0),
            Mixed(
                *(a + b for a, b in zip(_one(U1, W0), _other(U0, W1), strict=True)),
            ),
            Parities(
                *(
                    a + 2 * b + c
                    for a, b, c in zip(_same(U2, W0), _both(U1, W1), _same(U0, W2), strict=True)
                )
            ),
        )


def _same(U: Parities, W: Parities) -> Parities:
    """Both even from ee ee + oo oo; both odd from ee oo + oo ee."""
    return Parities(U.even * W.even + U.odd * W.odd, U.even * W.odd + U.odd * W.even)


def _one(U: Mixed, W: Parities) -> Mixed:
    """Even-odd from eo ee + oe oo, odd-even from oe ee + eo oo."""
    return Mixed(U.even_odd * W.even + U.odd_even * W.odd, U.odd_even * W.even + U.even_odd * W.odd)


def _other(U: Parities, W: Mixed) -> Mixed:
    """Even-odd from ee eo + oo oe, odd-even from ee oe + oo eo."""
    return Mixed(U.even * W.even_odd + U.odd * W.odd_even, U.even * W.odd_even + U.odd * W.even_odd)


def _both(U: Mixed, W: Mixed) -> Parities:
    """Both even from eo eo + oe oe, both odd from eo oe + oe eo."""
    return Parities(
        U.even_odd * W.even_odd + U.odd_even * W.odd_even,
        U.even_odd * W.odd_even + U.odd_even * W.even_odd,
    )


def persistent_square(windows: Windows, loss: str) -> SignLog:
    """sigma^2 E g^2 of an episode whose losses are weighed by S_n."""
    if loss == "final":
        state = windows.begin()
        for _ in range(windows.count):
            state = state.after(windows)
        return state.twice.odd.sum()
    if loss == "sum":
        return _square_of_sum(windows)
    return _square_of_changes(windows)


def _square_of_sum(windows: Windows) -> SignLog:
    """E (sum_n S_n Q_n)^2, with X_0 = E Gamma p_j and X_1 = E Gamma S q_j for the total Gamma so
    far.
    """
    state = windows.begin()
    before = SignLog.of(windows.run.omega) * 0
    along = before
    total = before.sum()
    for _ in range(windows.count):
        state = state.after(windows)
        along = along * windows.even + before * windows.slope
        before = before * windows.even
        total = total + 2 * along.sum() + state.twice.odd.sum()
        before = before + state.once.odd_even.sum(axis=0)
        along = along + state.twice.odd.sum(axis=0)
    return total


def _square_of_changes(windows: Windows) -> SignLog:
    """E (S_N Q_N - sum_(n<N) xi_(n+1) Q_n)^2: the changes of the losses, summed by parts."""
    state = windows.begin()
    before = SignLog.of(windows.run.omega) * 0
    along = before
    spread = before.sum()
    for _ in range(windows.count):
        odd = state.plain.odd.sum(axis=0)
        along = (
            along * windows.even
            + before * windows.slope
            + state.once.odd_even.sum(axis=0) * windows.slope
            + odd * windows.even_twice
        )
        before = before * windows.even + odd * windows.slope
        spread = spread + odd.sum()
        state = state.after(windows)
    return state.twice.odd.sum() - 2 * along.sum() + spread


def fresh_square(windows: Windows) -> SignLog:
    """sigma^2 E g^2 of an episode whose losses are weighed by xi_n alone, states kept."""
    plain = windows.begin().plain
    before = SignLog.of(windows.run.omega) * 0
    total = before.sum()
    for _ in range(windows.count):
        own = plain.even * windows.twice.odd + plain.odd * windows.twice.even
        total = total + 2 * (before * windows.slope).sum() + own.sum()
        made = plain.even * windows.once.odd_even + plain.odd * windows.once.even_odd
        before = before * windows.even + made.sum(axis=0)
        plain = _same(plain, windows.plain)
    return total
