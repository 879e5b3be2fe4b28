"""Oracles about the Neumann series of an inverse Hessian, by its loop, in the eigenbasis of H."""

from typing import Any

import numpy as np

from tests.attack.arithmetic import all_of, dot, norm, sqrt, within
from tests.attack.oracle import attack, control, positive, real, share

Array = Any
SPECTRUM = {"lam": (positive, "d"), "v": (real, "d"), "u": (real, "d")}


def neumann(lam: Array, v: Array, nu: Array, J: int) -> Array:
    """nu sum_{j<=J} (I - nu H)^j v."""
    p, total = v, v
    for _ in range(J):
        p = p - nu[:, None] * lam * p
        total = total + p
    return nu[:, None] * total


@attack("derived_cg_dominates_neumann", "repaired", d=(1, 6), J=(0, 5), x=positive, **SPECTRUM)
def conjugate(
    lam: Array, v: Array, u: Array, x: Array, J: int, fewer: int = 0
) -> tuple[Array, ...]:
    """J + 1 steps of conjugate gradients are no worse in the norm of H."""
    exact = v / lam
    found, r, p = 0 * v, v, v
    for _ in range(J + 1 - fewer):
        step = dot(p, p * lam)
        size = dot(r, r)
        alpha = np.where(step > 0, size / np.where(step > 0, step, 1 + 0 * step), 0 * step)
        found, after = found + alpha[:, None] * p, r - alpha[:, None] * lam * p
        ratio = np.where(size > 0, dot(after, after) / np.where(size > 0, size, 1 + 0 * size), 0)
        r, p = after, after + ratio[:, None] * p
    error, other = found - exact, neumann(lam, v, x / lam.max(axis=1), J) - exact
    # a distance of rounding size is compared with the length of the solution
    least = norm(exact * sqrt(lam)) * 2.0**-40
    met = lam.max(axis=1) < lam.min(axis=1) * 2.0**20
    return within(met, norm(error * sqrt(lam))), norm(other * sqrt(lam)) + least


control("conjugate gradients of one step fewer", "derived_cg_dominates_neumann", "repaired",
        fewer=1)  # fmt: skip


def agreeing(first: Array, second: Array, cosine: Array, threshold: Array) -> tuple[Array, ...]:
    """Where the signs differ the cosine is at most the threshold."""
    differ = first * second < 0
    return np.where(differ, abs(cosine), -abs(cosine)), threshold, 1 + 0 * cosine


@attack("derived_gradient_sign", "stated", d=(2, 6), **SPECTRUM)
def product(lam: Array, v: Array, u: Array, low: int = 1) -> tuple[Array, ...]:
    """|cos(v, u)| > (kappa - 1)/(kappa + 1): v'u and v'H^-1 u have one sign."""
    L, mu = lam.max(axis=1), lam.min(axis=1)
    cosine = dot(v, u) / (norm(v) * norm(u))
    return agreeing(dot(v, u), dot(v, u / lam), cosine, (L - mu) / (L + mu) * low)


@attack("derived_sign_certificate", "stated", d=(2, 6), J=(0, 6), x=share, **SPECTRUM)
def certificate(
    lam: Array, v: Array, u: Array, x: Array, J: int, tenths: int = 10
) -> tuple[Array, ...]:
    """Cosines in the metrics H^-1 and f_J(H), nu L < 2."""
    nu = 2 * x / lam.max(axis=1)
    both = [neumann(lam, v, nu, J), v / lam]
    f = neumann(lam, 1 + 0 * v, nu, J)
    m = f * lam
    top, low = m.max(axis=1), m.min(axis=1)
    threshold = tenths * (top - low) / (top + low) / 10
    first, second = dot(u, both[0]), dot(u, both[1])
    parts = []
    for metric in (1 / lam, f):
        scale = sqrt(dot(v, metric * v)) * sqrt(dot(u, metric * u))
        parts.append(agreeing(first, second, dot(v, metric * u) / scale, threshold))
    less, more, scale = all_of(*parts)
    return within(low > 0, less), more, scale


control("sign certificate at 9/10 of its threshold", "derived_sign_certificate", "stated",
        tenths=9)  # fmt: skip


@attack("derived_identity_regime", "stated", d=(1, 6), J=(0, 8), x=share, **SPECTRUM)
def identity(lam: Array, v: Array, u: Array, x: Array, J: int) -> tuple[Array, ...]:
    """nu L <= 1: how far the truncated series is from (J + 1) nu I."""
    L, n = lam.max(axis=1), J + 1
    nu = x / L
    found = neumann(lam, v, nu, J)
    vv, vHv = dot(v, v), dot(v, lam * v)
    middle = dot(v, found) / nu
    f = neumann(lam, 1 + 0 * v, nu, J)
    r = f.max(axis=1) / f.min(axis=1)
    cosine = dot(found, v) / (norm(found) * norm(v))
    far = abs(dot(u, found) - n * nu * dot(v, u))
    size = norm(v) * norm(u)
    return all_of(
        (n * (vv - J * nu * vHv / 2), middle, n * vv),
        (middle, n * vv),
        (2 * sqrt(r) / (1 + r), cosine, 1 + 0 * r),
        (far, n * J * nu * nu * L * size / 2, n * nu * size),
    )


@attack("derived_neumann_truncation", "stated", d=(1, 6), J=(0, 8), x=positive, **SPECTRUM)
def truncation(
    lam: Array, v: Array, u: Array, x: Array, J: int, slip: int = 1
) -> tuple[Array, ...]:
    """The error is at most max |1 - nu lambda|^(J+1)/lambda |v| |u|."""
    nu = x / lam.max(axis=1)
    error = abs(dot(u, neumann(lam, v, nu, J) - v / lam))
    rest = abs(1 - nu[:, None] * lam)
    factor = 1 / lam
    for _ in range(J + slip):
        factor = factor * rest
    size = norm(v) * norm(u)
    rounding = size * (nu * (J + 1) + 1 / lam.min(axis=1)) * 2.0**-40
    return error, factor.max(axis=1) * size + rounding


control("truncation error with the power J + 2", "derived_neumann_truncation", "stated",
        slip=2)  # fmt: skip
