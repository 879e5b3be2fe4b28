"""Least squares in the high-dimensional limit, in rational arithmetic: train-by-train, ridge,
exact averages.

nu = n/d, psi = d/n = 1/nu, s = sigma^2/R^2, delta = s psi, R = ||w_*||; risks and gains are in
units of R^2. Q = l dMP(l) of the Marchenko-Pastur law has mass 1 and E_Q[g] = e_1' g(A) e_1, A the
tridiagonal Toeplitz matrix with 1 + psi on the diagonal, 1 above and psi below:
h_T = (1 - (1 - eta l)^T) / l of A on e_1 is T steps of gradient descent on A u = e_1. The edges of
the spectrum are l_-+ = (1 -+ sqrt(psi))^2. The risk of a filter h is
1 - 2 E_Q[h] + E_Q[(l + delta) h^2].
"""

from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.verification.parameters import Parameter, Quantity

RATIO = Parameter(r"\nu=n/d", open=True)
ASPECT = Parameter(r"\psi=d/n", open=True, reach=3)
ROOT = Parameter(r"\sqrt{d/n}", open=True, reach=3)
"""A rational square root, so that the edges of the spectrum are rational."""
NOISE = Parameter(r"s=\sigma^2/R^2", open=True)
HORIZON = Parameter("T", low=Fraction(1), whole=True, reach=5)


def train_risk(nu: Quantity, s: Quantity) -> Any:
    """Risk of train-by-train at T = infinity (minimum-norm least squares), nu != 1.

    Null space (1 - nu)_+ plus s psi times the integral of dMP/l over l > 0, 1/(1 - psi) or 1/(psi
    (psi - 1)).
    """
    if nu > 1:
        return s / (nu - 1)
    return 1 - nu + s * nu / (1 - nu)


def ridge_quadratic(risk: Array, nu: Quantity, s: Quantity) -> Any:
    """zeta^2 + (nu + s - 1) zeta - s, which for zeta > 0 has the sign of zeta minus the best ridge
    risk.
    """
    return risk**2 + (nu + s - 1) * risk - s


def edges(root: Quantity) -> tuple[Array, Array]:
    """(l_-, l_+) from sqrt(psi)."""
    return (1 - root) ** 2, (1 + root) ** 2


def matvec(psi: Quantity, v: Array) -> Any:
    """A v."""
    out = (1 + psi) * v
    out[:-1] += v[1:]
    out[1:] += psi * v[:-1]
    return out


def powers(psi: Quantity, eta: Quantity, T: int) -> tuple[Array, Array]:
    """(h_T(A) e_1, (1 - eta A)^(T-1) e_1), by loops; T + 1 entries hold all that is not zero."""
    first = np.array([psi / psi] + [psi * 0] * T)
    h = first * 0
    power = first
    for t in range(T):
        h = h + eta * (first - matvec(psi, h))
        if t:
            power = power - eta * matvec(psi, power)
        else:
            power = power
    return h, power


def average(psi: Quantity, u: Array, v: Array) -> Any:
    """E_Q[f g] for u = f(A) e_1 and v = g(A) e_1: A is symmetric in the inner product sum_i psi^-i
    u_i v_i.
    """
    return sum(u[i] * v[i] / psi**i for i in range(len(u)))


def gain(psi: Quantity, delta: Quantity, eta: Quantity, T: int) -> Any:
    """1 - risk of T steps: 2 E_Q[h] - E_Q[(l + delta) h^2]."""
    h, _ = powers(psi, eta, T)
    return 2 * h[0] - average(psi, h, matvec(psi, h) + delta * h)


def risk_slope(psi: Quantity, delta: Quantity, eta: Quantity, T: int) -> tuple[Array, Array]:
    """(E_Q[(l + delta) h h'], E_Q[h']), h' = T (1 - eta l)^(T-1): half the slope of the risk is
    their difference.
    """
    h, power = powers(psi, eta, T)
    return T * average(psi, power, matvec(psi, h) + delta * h), T * power[0]


def train_slope(psi: Quantity, delta: Quantity, eta: Quantity, T: int) -> Any:
    """E_Q[(l + delta) (1 - eta l)^(2T-1)], the slope in eta of the training loss over -T R^2."""
    _, power = powers(psi, eta, T)
    return average(psi, power - eta * matvec(psi, power), matvec(psi, power) + delta * power)


def train_balance(psi: Quantity, delta: Quantity, eta: Quantity, T: int) -> tuple[Array, Array]:
    """(E_Q[(l + delta) p], E_Q[(l + delta) eta l p]), p = (1 - eta l)^(2T-2): ``train_slope`` is
    their difference.
    """
    _, power = powers(psi, eta, T)
    product = matvec(psi, power)
    weighted = product + delta * power
    return average(psi, power, weighted), eta * average(psi, product, weighted)


def risk_polynomial(psi: Quantity, delta: Quantity, T: int) -> list[Fraction]:
    """Coefficients of the risk after T steps as a polynomial in eta, constant first, by moments of
    Q.
    """
    m = [
        sum(Fraction(comb(k, r) * comb(k - 1, r), r + 1) * psi**r for r in range(k))
        for k in range(1, 2 * T + 1)
    ]
    out = [Fraction(1)] + [comb(2 * T, k) * (-1) ** k * m[k - 1] for k in range(1, 2 * T + 1)]
    for j in range(1, T + 1):
        for k in range(1, T + 1):
            out[j + k] += delta * comb(T, j) * comb(T, k) * (-1) ** (j + k) * m[j + k - 2]
    return out


def root_count(polynomial: list[Fraction], end: Fraction | None) -> int:
    """Number of distinct real roots in (0, end], end = None for infinity, by Sturm's chain; 0 must
    not be a root.
    """
    chain = [polynomial, [k * c for k, c in enumerate(polynomial)][1:]]
    while len(chain[-1]) > 1:
        rest = _remainder(chain[-2], chain[-1])
        if not rest:
            break
        chain.append([-c / abs(rest[-1]) for c in rest])
    far = [p[-1] if end is None else _value(p, end) for p in chain]
    return _changes([p[0] for p in chain]) - _changes(far)


def _remainder(p: list[Fraction], q: list[Fraction]) -> list[Fraction]:
    rest = list(p)
    while len(rest) >= len(q):
        factor = rest[-1] / q[-1]
        shift = len(rest) - len(q)
        rest = [c - factor * q[k - shift] if k >= shift else c for k, c in enumerate(rest)][:-1]
        while rest and rest[-1] == 0:
            rest.pop()
    return rest


def _value(p: list[Fraction], at: Fraction) -> Fraction:
    total = Fraction(0)
    for c in reversed(p):
        total = total * at + c
    return total


def _changes(values: list[Fraction]) -> int:
    signs = [v > 0 for v in values if v != 0]
    return sum(a != b for a, b in zip(signs, signs[1:], strict=False))
