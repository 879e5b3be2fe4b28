"""Oracles about the bias bound with a Lipschitz Hessian: two families of losses in the plane that
bend, one with ramps anywhere and one with a single ramp between two of the last iterates.
"""

from typing import Any

import numpy as np

from tests.attack.arithmetic import dot, exp, norm, sqrt, within
from tests.attack.discount import (
    PLANE,
    Bent,
    Path,
    Straight,
    bent,
    between,
    gap,
    geometric,
    short_drift,
    spread,
    symmetric,
    turning,
)  # fmt: skip
from tests.attack.oracle import attack, control, positive
from tests.attack.step_size import power

Array = Any


class Switched(Bent):
    """mu |w|^2/2, a ramp along the first axis and the constant curvature h along the second."""

    def __init__(self, mu: Array, heights: Array, level: Array, length: Array, u: Array) -> None:
        super().__init__(mu, heights, 0 * heights, 1 + 0 * heights, u)
        self.constant, self.axis = heights[:, 1:], u[:, 1]
        self.heights, self.u = heights[:, :1], u[:, :1]
        self.levels, self.lengths = level[:, None], length[:, None]
        self.lipschitz = heights[:, 0] / length

    def gradient(self, w: Array) -> Array:
        """grad L_1, which is 0 at 0."""
        return super().gradient(w) + self.constant * dot(self.axis, w)[:, None] * self.axis

    def times(self, w: Array, v: Array) -> Array:
        """H(w) v."""
        return super().times(w, v) + self.constant * dot(self.axis, v)[:, None] * self.axis


def fraction(x: Array) -> Array:
    """A number in (0, 1) from any."""
    return (1 + x / (1 + abs(x))) / 2


def switched(
    T: int, late: int, mu: Array, heights: Array, levels: Array, lengths: Array, u: Array,
    step: Array, w: Array, g: Array, G: Array, size: Array, tilt: Array, outer: Array,
) -> Path:  # fmt: skip
    """The path on a loss whose ramp lies between w_{T-late-1} and w_{T-late}; L = 1, eta in
    (7/8, 1), or in (7/8, 1) times 2/(L + mu) where step is negative.

    w_{T-late} is chosen, on the near side of the ramp; before it the gradient is affine, so that
    the start is found by going back.
    """
    turn = (1 + 7 * fraction(u[:, 0])) / 10
    one, none = 1 + 0 * turn, 0 * turn
    first = np.stack([one, none], axis=1)
    second = np.stack([1 - turn * turn, 2 * turn], axis=1) / (1 + turn * turn)[:, None]
    axes = np.stack([first, second], axis=1)
    mu = mu / (1 + mu) / 3
    shape = fraction(np.stack([heights[:, 0] - 1, heights[:, -1] - 1], axis=1)) + one[:, None] / 4
    above = Bent(none, shape, 0 * shape, 1 + 0 * shape, axes).L
    k = shape * ((1 - mu) / above)[:, None]
    eta = (7 + abs(step)) / 8 * np.where(step > 0, one, 2 / (1 + mu))
    beyond = exp(2 * levels[:, 0] - 3)
    middle, length = -(1 + beyond), 2 * beyond * lengths[:, 0] / (1 + lengths[:, 0])
    last = np.stack([-one, w[:, 0] / w[:, 1]], axis=1)
    slow, fast = 1 - eta * mu, 1 - eta * (mu + k[:, 1])
    for _ in range(T - min(late, T)):
        last = last + (eta * k[:, 0] * middle)[:, None] * first
        along = dot(second, last)
        last = last / slow[:, None] + (along * (1 / fast - 1 / slow))[:, None] * second
    inner = Switched(mu, k, (middle - length / 2) * size, length * size, axes)
    start = last * size[:, None]
    g = g / norm(g)[:, None] * (G * norm(start))[:, None]
    return Path(inner, start, eta, T, g, symmetric(tilt, outer))


def aligned(path: Path, gamma: Array) -> tuple[Array, Array]:
    """The length of the bias where every J(w_t) is a rotation and all terms point in one direction,
    and the size of what is subtracted.
    """
    v, factor, total, size = path.g, 1 + 0 * gamma, 0 * gamma, 0 * gamma
    for t in reversed(range(path.T)):
        here = factor[:, None] * path.outer[t + 1]
        total, size = total + norm(here - v), size + norm(here) + norm(v)
        v = path.contract(t, v)
        factor = factor * gamma
    return path.eta * total, path.eta * size


def any_curvature(path: Path, gamma: Array, L2: Array) -> Array:
    """Over eta B: the bound without a Lipschitz Hessian."""
    centre = geometric(path.c, path.T)
    part = abs(geometric(gamma, path.T) - centre) + geometric(path.a_mu, path.T) - centre
    return L2 * path.R * short_drift(path, gamma) + path.G * part


def stated(path: Path, gamma: Array, L2: Array, curved: bool = True) -> Array:
    """Over eta B: the lesser of the bounds with and without a Lipschitz Hessian; a false one that
    forgets the change of the Hessian.
    """
    a, inner = path.a_mu, path.inner
    near = L2 * path.R * short_drift(path, gamma) + path.G * spread(path, gamma)
    if not curved:
        return near
    lost = sum((1 - power(a, k) for k in range(2, path.T)), 0 * gamma)
    bends = inner.lipschitz * path.R / inner.mu * power(a, path.T - 1) * lost
    return np.minimum(near + path.G * bends, any_curvature(path, gamma, L2))


def shaped(path: Path, length: Array) -> Array:
    """The factor of G as printed, a length beside H_w, T - 1 for T in its last power."""
    a, inner, T = path.a_mu, path.inner, path.T
    q = sqrt(a)
    lost = (T - 1) * power(q, T) - (power(q, T - 1) - power(a, T - 1)) / (1 / q - 1)
    spectrum = (1 / inner.mu - 1 / inner.L + power(a, T) / inner.L) / path.eta
    return spectrum + 2 * path.eta * inner.lipschitz * length * lost


def repaired(path: Path, gamma: Array, L2: Array) -> Array:
    """Over eta B: the bound of the printed shape with a length."""
    q = sqrt(path.a_mu)
    fade = (power(q, path.T) - power(q, 2 * path.T - 1)) / (1 / q - 1)
    return 2 * L2 * path.R * fade + path.G * shaped(path, path.R / (q * (1 - q)))


def printed(path: Path, gamma: Array, L2: Array) -> Array:
    """Over eta B: the printed bound; it is false."""
    q = sqrt(path.a_mu)
    fade = power(q, path.T) / (1 / q - 1)
    return 2 * path.inner.L * path.R * fade + path.G * shaped(path, 1 + 0 * q)


FORMULAS = {
    "stated": stated,
    "repaired": repaired,
    "printed": printed,
    "any": any_curvature,
    "bare": lambda *given: stated(*given, curved=False),
}
FAMILIES = {
    **{key: value for key, value in PLANE.items() if key != "T"},
    "axis_j": (1, 2), "axis_k": (4, 4), "axis_p": (2, 2), "axis_t": (1, 12), "T": (2, 40),
    "LATE": (1, 3), "SWITCH": (0, 1), "size": positive,
}  # fmt: skip


def drawn(T: int, LATE: int, SWITCH: int, size: Array, step: Array, **rest: Array) -> Path:
    """The path of an instance of either family."""
    return switched(T, LATE, step=step, size=size, **rest) if SWITCH else bent(T, step=step, **rest)


def biased(
    formula: str, T: int, SWITCH: int, J: Array, angles: Array, x: Array, y: Array,
    percent: int = 100, **rest: Array,
) -> tuple[Array, ...]:  # fmt: skip
    """The bias and its bound; gamma in [a_L, a_mu]."""
    path = drawn(T, SWITCH=SWITCH, step=x, **rest)
    gamma = between(path, y)
    bound = FORMULAS[formula](path, gamma, abs(rest["outer"]).max(axis=1)) * percent / 100
    if SWITCH:
        bias, large = aligned(path, gamma)
        bound = path.eta * bound
        return bias, within(bound > large * 2.0**-40, bound)
    cross, B = turning(J, angles), abs(J[:, :T]).max(axis=1)
    return gap(path.discounted(cross, gamma), path.exact(cross), path.eta * B * bound)


@attack("yakovlev2023_bias_bound", "stated", **FAMILIES)
def two_bounds(formula: str = "stated", **given: Any) -> tuple[Array, ...]:
    """The lesser of the two bounds."""
    return biased(formula, **given)


@attack("yakovlev2023_bias_bound", "repaired", **FAMILIES)
def printed_shape(**given: Any) -> tuple[Array, ...]:
    """The bound of the printed shape."""
    return biased("repaired", **given)


NAME = "yakovlev2023_bias_bound"
control("bias bound without its H_w", NAME, "stated", formula="bare", SWITCH=1, t=1)
control("printed bias bound, index put right", NAME, "stated", formula="printed", SWITCH=1, t=1,
        T=30)  # fmt: skip
control("bias bound times 99/100", NAME, "stated", percent=99)
control("repaired bias bound times 9/10", NAME, "repaired", percent=90)


@attack("yakovlev2023_bias_bound_step_size", "repaired", **FAMILIES)
def long_steps(x: Array, **given: Any) -> tuple[Array, ...]:
    """The bias bound without a Lipschitz Hessian, eta <= 2/(L + mu)."""
    return biased("any", x=-x, **given)


@attack("yakovlev2023_assumption_lipschitz_hessian", "stated", **FAMILIES)
def without_lipschitz(outer: Array, **given: Any) -> tuple[Array, ...]:
    """The same for a linear outer loss and eta <= 1/L."""
    return biased("any", outer=0 * outer, **given)


control("bias bound of long steps times 99/100", "yakovlev2023_bias_bound_step_size", "repaired",
        percent=99)  # fmt: skip


@attack("yakovlev2023_existing_methods", "repaired", **{**FAMILIES, "axis_t": (1, 1)})
def neumann(
    T: int, J: Array, angles: Array, x: Array, y: Array, percent: int = 100, **rest: Any
) -> tuple[Array, ...]:
    """Neumann's series at w_T, J = -I, eta <= 2/(L + mu)."""
    path = drawn(T, step=-x, **rest)
    v, total = path.g, 0 * path.g
    for _ in range(T):
        total, v = total + path.eta[:, None] * v, path.contract(T, v)
    a = path.a_mu
    bound = 2 * path.eta * path.inner.lipschitz * path.R / path.inner.mu * path.G
    bound = bound * power(a, T - 1) * (T - geometric(a, T)) * percent / 100
    return gap(total, path.exact(lambda t, v: -v), bound)


control("Neumann's bound times 49/100", "yakovlev2023_existing_methods", "repaired", percent=49)


@attack("derived_matrix_discount", "stated", **{**FAMILIES, "axis_t": (1, 1), "SWITCH": (0, 2)})
def matrix(
    T: int, SWITCH: int, J: Array, angles: Array, x: Array, size: Array, percent: int = 100,
    **rest: Any,
) -> tuple[Array, ...]:  # fmt: skip
    """The matrix discount, J(w) = (j + m w_1) I of the Lipschitz constant |m|, eta <= 1/L; on
    quadratics with J constant the lesser bound.
    """
    del rest["y"]
    if SWITCH == 2:
        return quadratic_matrix(T, J, angles, x, percent, **rest)
    path = drawn(T, SWITCH=SWITCH, step=x, size=size, **rest)
    m = angles[:, 0] / size
    scalars = [J[:, 0] + m * w[:, 0] for w in path.w]
    found = -(path.eta * scalars[-1])[:, None] * summed(path)
    exact = path.exact(lambda t, v: scalars[t][:, None] * v)
    B, a, inner = abs(np.stack(scalars, axis=1)).max(axis=1), path.a_mu, path.inner
    bends = B * inner.lipschitz / inner.mu * (T - geometric(a, T)) * path.G
    slow = B * abs(rest["outer"]).max(axis=1) * a * (T - 1)
    bound = (1 + a) * path.eta * path.R * power(a, T - 1) * (abs(m) * T * path.G + bends + slow)
    return gap(found, exact, bound * percent / 100)


def quadratic_matrix(
    T: int, J: Array, angles: Array, x: Array, percent: int, mu: Array, heights: Array, w: Array,
    g: Array, G: Array, tilt: Array, outer: Array, **rest: Array,
) -> tuple[Array, ...]:  # fmt: skip
    """The matrix discount on a quadratic in its eigenbasis, J a number times a mirror image."""
    inner = Straight(np.stack([mu, mu + heights[:, 0]], axis=1))
    last = g / norm(g)[:, None] * G[:, None]
    path = Path(inner, w, x / inner.L, T, last, symmetric(tilt, outer))
    cross = turning(J, angles)
    found = -path.eta[:, None] * cross(0, summed(path))
    slow = abs(J[:, 0]) * abs(outer).max(axis=1) * path.R * (T - 1) * power(path.a_mu, T)
    return gap(found, path.exact(cross), path.eta * slow * percent / 100)


def summed(path: Path) -> Array:
    """v_T of v_t = (I - eta H(w_t)) v_{t-1} + g_t."""
    v = 0 * path.g
    for t in range(1, path.T + 1):
        v = path.contract(t, v) + path.outer[t]
    return v


control("matrix discount times 99/100", "derived_matrix_discount", "stated", percent=99)
