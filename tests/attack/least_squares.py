"""Oracles about tuned steps on least squares in the limit of many features: averages over the
Marchenko-Pastur law by the midpoint rule in the angle, which converges geometrically.

psi = d/n, the signal has length R = 1, s = sigma^2/R^2. The angles give l = 1 + psi + 2 sqrt(psi)
cos; the rest of the mass, for psi > 1, lies at l = 0.
"""

from typing import Any

import mpmath as mp
import numpy as np

from tests.attack.arithmetic import all_of, log, root, sqrt, within
from tests.attack.oracle import attack, control, positive, share
from tests.attack.step_size import power

Array = Any
NODES = 120


def roots(z: Array) -> Array:
    """sqrt(psi), below 4/5 or above 5/4: nearer to 1 the midpoint rule needs more nodes."""
    t = np.tanh(z)
    small = 0.8 * np.abs(t) + 2.0**-10 * (1 - np.abs(t))
    return np.where(t < 0, small, 1 / small)


def below(z: Array) -> Array:
    """sqrt(psi) < 1: more samples than features."""
    return roots(-np.abs(z))


def above(z: Array) -> Array:
    """sqrt(psi) > 1: fewer samples than features."""
    return 1 / below(z)


def between(z: Array) -> Array:
    """sqrt(psi) with d/4 <= n <= 3d/4."""
    return 2 - share(z) * (2 - 2 / 3**0.5)


class Law:
    """Nodes l and weights of the law of eigenvalues, and its mass at 0."""

    def __init__(self, r: Array) -> None:
        if r.dtype == object:
            angles = [mp.pi * (2 * j + 1) / (2 * NODES) for j in range(NODES)]
            cosines = np.array([mp.cos(angle) for angle in angles], dtype=object)
        else:
            cosines = np.cos(np.pi * (2 * np.arange(NODES) + 1) / (2 * NODES))
        self.psi = r * r
        self.low, self.high = (1 - r) * (1 - r), (1 + r) * (1 + r)
        self.l = 1 + self.psi[:, None] + 2 * r[:, None] * cosines
        self.weights = 2 * (1 - cosines * cosines) / (NODES * self.l)
        self.null = np.maximum(1 - 1 / self.psi, 0 * r)

    def mean(self, values: Array) -> Array:
        """The average of a function that is 0 at l = 0."""
        return (self.weights * values).sum(axis=1)

    def risk(self, eta: Array, s: Array, T: int) -> Array:
        """E |w_T - w_*|^2 after T steps."""
        a = 1 - eta[:, None] * self.l
        p = power(a, T)
        h = 1 - p
        return self.null + self.mean(p * p + (s * self.psi)[:, None] * h * h / self.l)

    def slope(self, eta: Array, s: Array, T: int) -> tuple[Array, Array]:
        """The derivative of the risk in eta, and the size of its terms."""
        a = 1 - eta[:, None] * self.l
        before = power(a, T - 1)
        delta = (s * self.psi)[:, None]
        first = -2 * T * self.l * before * before * a
        second = 2 * T * delta * (1 - before * a) * before
        return self.mean(first + second), self.mean(abs(first) + abs(second))

    def ridge(self, s: Array) -> Array:
        """The risk of ridge regression of the strength that is best: delta = s psi."""
        delta = (s * self.psi)[:, None]
        return self.null + self.mean(delta / (self.l + delta))

    def converged(self, s: Array) -> Array:
        """The risk of infinitely many steps."""
        return self.null + s * self.psi * self.mean(1 / self.l)

    def one_step(self, s: Array) -> Array:
        """The risk of one step of the best size: 1 - 2 eta m_1 + eta^2 (m_2 + delta m_1)."""
        first, second = self.mean(self.l), self.mean(self.l * self.l)
        return 1 - first * first / (second + s * self.psi * first)


@attack("derived_gain_sandwich", "stated", T=(1, 12), r=roots, s=positive, x=positive)
def sandwich(r: Array, s: Array, x: Array, T: int, index: int = 1) -> tuple[Array, ...]:
    """nu/(1 + nu + s) <= the largest gain <= g, the smaller root of g^2 - (1 + nu + s) g + nu."""
    law = Law(r)
    nu = 1 / law.psi
    total = index + nu + s
    g = 2 * nu / (total + sqrt(total * total - 4 * nu))
    delta = s * law.psi
    try_one = (1 - root(delta / (1 + law.psi + delta), T)) / (1 + law.psi)
    best = law.risk(try_one, s, T)
    for j in range(1, 8):
        best = np.minimum(best, law.risk(j / (4 * law.high), s, T))
    one = 1 + 0 * r
    return all_of((nu / total, 1 - best, one), (1 - law.risk(x / law.high, s, T), g, one))


control("gain with nu + s for 1 + nu + s", "derived_gain_sandwich", "stated", index=0)


@attack("derived_train_step_limit", "stated", T=(1, 15), r=roots, s=positive)
def train_limit(r: Array, s: Array, T: int) -> tuple[Array, ...]:
    """The slope of the training loss is < 0 at the left end and > 0 at 1/(1 + psi)."""
    law = Law(r)
    delta = s * law.psi
    length = log((law.high + delta) / (law.low + delta))
    q = root((law.low + delta) / (law.high + delta), 2 * T - 1)
    left, right = (1 + q) / (law.high + q * law.low), 1 / (1 + law.psi)
    parts = []
    for eta, sign in ((left, 1), (right, -1)):
        a = 1 - eta[:, None] * law.l
        terms = (law.l + delta[:, None]) * law.l * power(a, 2 * T - 1)
        parts.append((-sign * law.mean(terms), 0 * r, law.mean(abs(terms))))
    return all_of(*parts, (1 / (1 + law.psi + r * length / (2 * T - 1)), left))


def brackets(
    law: Law, s: Array, T: int, ends: tuple[Array, Array], share_of: Array, beyond: Array
) -> tuple[Array, ...]:
    """The slope of the risk is <= 0 before the first and >= 0 after the second."""
    parts = []
    for eta, sign in ((ends[0] * share_of, 1), (ends[1] * (1 + beyond), -1)):
        slope, size = law.slope(eta, s, T)
        parts.append((sign * slope, 0 * s, size))
    return all_of(*parts)


@attack(
    "derived_validation_step_scaling", "stated", HALF=(0, 7), r=roots, s=positive, x=share,
    y=positive,
)  # fmt: skip
def validation(r: Array, s: Array, x: Array, y: Array, HALF: int) -> tuple[Array, ...]:
    """Every minimiser lies between the best steps of the two edges alone, for odd T."""
    law, T = Law(r), 2 * HALF + 1
    delta = s * law.psi
    ends = [(1 - root(delta / (delta + l), T)) / l for l in (law.high, law.low)]
    return brackets(law, s, T, (ends[0], ends[1]), x, y)


@attack(
    "wang2021_small_sample_validation", "stated", HALF=(0, 7), r=roots, s=positive, x=share,
    y=positive,
)  # fmt: skip
def small_validation(r: Array, s: Array, x: Array, y: Array, HALF: int) -> tuple[Array, ...]:
    """1/(l_+ + delta) <= T eta* <= 1/delta for odd T, and the gain of ``sandwich``."""
    law, T = Law(r), 2 * HALF + 1
    delta = s * law.psi
    slopes = brackets(law, s, T, (1 / (T * (law.high + delta)), 1 / (T * delta)), x, y)
    return all_of(slopes, sandwich(r, s, 1 / law.high, T))


@attack(
    "wang2021_small_sample_validation", "printed", T=(1, 12), r=between, more=positive, x=share,
    y=positive,
)  # fmt: skip
def printed_validation(
    r: Array, more: Array, x: Array, y: Array, T: int, least: float = 3.5
) -> tuple[Array, ...]:
    """The bracket for any T up to 1/l_+, where no step has an equal gain; its ends and the gain by
    s.
    """
    law, s = Law(r), least + more
    delta, one = s * law.psi, 1 + 0 * r
    first, last, edge = 1 / (T * (law.high + delta)), 1 / (T * delta), 1 / law.high
    parts = []
    for eta, sign in ((first * x, 1), (last + (edge - last) * x, -1)):
        slope, size = law.slope(eta, s, T)
        parts.append((sign * slope, 0 * s, size))
    tuned = (1 - root(delta / (1 + law.psi + delta), T)) / (1 + law.psi)
    return all_of(
        *parts,
        (1 - law.risk((1 + y) * edge, s, T), 1 / (1 + law.psi + delta), one),
        (1 / (5 + 4 * s), 1 - law.risk(tuned, s, T), one),
        (1 / (9 + 4 * s), T * first),
        (T * last, 3 / (4 * s)),
    )


control(
    "few samples validated at any noise", "wang2021_small_sample_validation", "printed", least=0
)


@attack("wang2021_small_sample_train", "stated", T=(1, 15), r=above, s=positive, x=share)
def small_train(r: Array, s: Array, x: Array, T: int) -> tuple[Array, ...]:
    """E >= 1 - nu + (1 - rho^T)^2 s nu/(1 - nu) for eta <= 1/(1 + psi); 1 - nu + s/3 in the end."""
    law = Law(r)
    nu, eta = 1 / law.psi, x / (1 + law.psi)
    rho = power(1 - eta * law.low, T)
    bound = 1 - nu + (1 - rho) * (1 - rho) * s * nu / (1 - nu)
    final = np.where((nu >= 0.25) & (nu <= 0.75), 1 - nu + s / 3, 0 * r)
    return all_of((bound, law.risk(eta, s, T)), (final, law.converged(s)))


@attack("wang2021_small_sample_train", "printed", T=(1, 15), r=between, s=positive, x=share)
def printed_train(r: Array, s: Array, x: Array, T: int, at_least: float = 4) -> tuple[Array, ...]:
    """1/9 <= eta*_train <= 3/7 and E >= 4s/81 for eta from 1/l_+ to 1/(1 + psi)."""
    law = Law(r)
    parts = []
    for eta, sign in ((1 / (9 + 0 * r), 1), (3 / (7 + 0 * r), -1)):
        a = 1 - eta[:, None] * law.l
        terms = (law.l + (s * law.psi)[:, None]) * law.l * power(a, 2 * T - 1)
        parts.append((-sign * law.mean(terms), 0 * r, law.mean(abs(terms))))
    eta = (1 - x) / law.high + x / (1 + law.psi)
    return all_of(*parts, (at_least * s / 81, law.risk(eta, s, T)), (s / 3, law.converged(s)))


control("few samples with 5/81", "wang2021_small_sample_train", "printed", at_least=5,
        focus=2)  # fmt: skip


@attack("wang2021_large_sample", "stated", T=(1, 15), r=below, s=positive, x=share, y=share)
def large(r: Array, s: Array, x: Array, y: Array, T: int) -> tuple[Array, ...]:
    """E <= rho^(2T) + (1 + rho^T)^2 s/(nu - 1); in the end E <= (1 + y) s/nu iff nu >= 1 + 1/y."""
    law = Law(r)
    nu, eta = 1 / law.psi, x / (1 + law.psi)
    rho = power(1 - eta * law.low, T)
    bound = rho * rho + (1 + rho) * (1 + rho) * s / (nu - 1)
    final, allowed = law.converged(s), (1 + y) * s / nu
    sign = np.where(nu >= 1 + 1 / y, 1, -1)
    return all_of((law.risk(eta, s, T), bound), (sign * final, sign * allowed, final + allowed))


@attack("wang2021_large_sample", "printed", T=(3, 15), s=positive, x=share, y=share, z=share)
def printed_large(
    s: Array, x: Array, y: Array, z: Array, T: int, share_of: float = 1
) -> tuple[Array, ...]:
    """E <= (1 + y) s/nu for nu >= 9/y^2 max(1, 1/(4s)) and (l_+/(4 sqrt(psi)))^T >= nu/y."""
    r = z * np.minimum(y * np.minimum(1 + 0 * s, 2 * sqrt(s)) / 3, 2 * root(y / 4**T, T - 2))
    law = Law(r)
    nu, target = 1 / law.psi, (1 + share_of * y) * s * law.psi
    enough = power(law.high / (4 * r), T) >= nu / y
    eta = (1 - x) / law.high + x / (1 + law.psi)
    worst, zero, one = all_of((law.risk(eta, s, T), target), (law.converged(s), target))
    return within(enough, worst), zero, one


control("many samples with epsilon/9", "wang2021_large_sample", "printed", share_of=1 / 9)


@attack("derived_risk_monotone_in_steps", "repaired", T=(1, 10), r=roots, s=positive, x=share)
def monotone(r: Array, s: Array, x: Array, T: int) -> tuple[Array, ...]:
    """For eta <= 1/l_+ some eta' <= eta is no worse after T + 1 steps; found by golden sections."""
    law = Law(r)
    eta = x / law.high
    low, high, cut = 0 * eta, eta, (sqrt(5 + 0 * r) - 1) / 2
    for _ in range(30 if r.dtype != object else 80):
        left, right = high - cut * (high - low), low + cut * (high - low)
        down = law.risk(left, s, T + 1) < law.risk(right, s, T + 1)
        low, high = np.where(down, low, left), np.where(down, right, high)
    best = np.minimum(law.risk(high, s, T + 1), law.risk(eta, s, T + 1))
    return np.minimum(best, 1 + 0 * r), law.risk(eta, s, T)


@attack("talk2021_few_samples", "stated", r=above, more=share, f=share, rise=positive)
def few(r: Array, more: Array, f: Array, rise: Array, least: int = 1) -> tuple[Array, ...]:
    """s >= 1 - nu: one step on f n samples has a risk < 1 <= that of train-by-train on n."""
    law = Law(r)
    nu = 1 / law.psi
    s = least * (1 - nu) + rise
    one = Law(r / sqrt(f)).one_step(s)
    return all_of((one, 1 + 0 * r), (1 + 0 * r, law.converged(s)))


@attack("talk2021_few_samples", "printed", T=(1, 6), r=above, f=share, rise=positive)
def few_printed(r: Array, f: Array, rise: Array, T: int, tenths: int = 10) -> tuple[Array, ...]:
    """sigma >= R and n < d: some step size on f n samples beats train-by-train on n."""
    law, part = Law(r), Law(r / sqrt(f))
    s = tenths / 10 + rise
    delta = s * part.psi
    tuned = (1 - root(delta / (1 + part.psi + delta), T)) / (1 + part.psi)
    found = part.one_step(s) if T == 1 else part.risk(tuned, s, T)
    return found, law.converged(s)


control("few samples from sigma^2 = 9/10 on", "talk2021_few_samples", "printed", tenths=9)


@attack(
    "derived_fair_split_descent", "stated", T=(1, 12), r=roots, x=share, y=share, eta=positive
)  # fmt: skip
def fair(r: Array, x: Array, y: Array, eta: Array, T: int, percent: int = 100) -> tuple[Array, ...]:
    """Up to ridge's border no step size and no T on f n samples beat train-by-train on n."""
    near, far = r + (0.8 - r) * x, 1.25 / (2 - 2 * x)
    part = np.where(r > 1, 1.25 + (r - 1.25) / x, np.where(x < 0.5, near, far))
    law, rest = Law(r), Law(part)
    f = (r / part) * (r / part)
    nu, g = 1 / law.psi, 1 - f
    inner = g * nu * (1 - nu)
    under = inner * inner + 4 * g * (1 - nu) * (1 - nu) * (1 - nu)
    border = np.where(r < 1, g * (nu - 1), (inner + sqrt(under)) / 2)
    s = y * border * percent / 100
    return law.converged(s), rest.risk(eta / rest.high, s, T)


control("fair splits up to 11/10 of ridge's border", "derived_fair_split_descent", "stated",
        percent=110)  # fmt: skip


control("few samples at any noise", "talk2021_few_samples", "stated", least=0)


@attack("talk2021_many_samples", "stated", r=below, s=positive)
def many(r: Array, s: Array) -> tuple[Array, ...]:
    """E_TbT/zeta = 1 + (s + zeta)/(nu - 1), s/(nu + s) <= zeta <= s/(nu + s - 1)."""
    law = Law(r)
    nu, zeta, final = 1 / law.psi, law.ridge(s), law.converged(s)
    claimed = zeta * (1 + (s + zeta) / (nu - 1))
    return all_of(
        (final, claimed), (claimed, final), (s / (nu + s), zeta), (zeta, s / (nu + s - 1))
    )


@attack("talk2021_many_samples", "reading", r=below, f=share, x=share)
def enough(r: Array, f: Array, x: Array) -> tuple[Array, ...]:
    """n_1/d >= 1 + s/epsilon: both risks are at most epsilon; here with equality on n_1."""
    law = Law(r)
    nu, s = 1 / law.psi, 1 / x - 1
    epsilon = s / (nu - 1)
    later = Law(r * sqrt(f))
    return all_of(
        (law.converged(s), epsilon), (law.ridge(s), epsilon), (later.converged(s), epsilon)
    )


@attack(
    "talk2021_networks_first_case", "stated", r=above, f=share, x=share, rise=positive
)  # fmt: skip
def networks(r: Array, f: Array, x: Array, rise: Array) -> tuple[Array, ...]:
    """Little noise: train-by-train on n beats ridge on f n; s >= 1 - nu: it loses."""
    law, part = Law(r), Law(r / sqrt(f))
    nu = 1 / law.psi
    little, much = x * (1 - f) * (1 - nu), 1 - nu + rise
    return all_of(
        (law.converged(little), part.ridge(little)), (part.ridge(much), law.converged(much))
    )


@attack("wang2021_gap_decreases", "repaired", r=roots, x=share, s=positive)
def difference(r: Array, x: Array, s: Array) -> tuple[Array, ...]:
    """The gap at n is below that at more samples, n < d, or above it, n > d."""
    closer = np.where(r > 1, 1.25 + (r - 1.25) * x, r * x)
    values = []
    for law in (Law(r), Law(closer)):
        values.append(law.converged(s) - law.ridge(s))
    size = Law(r).converged(s) + Law(closer).converged(s)
    sign = np.where(r > 1, 1, -1)
    return sign * values[0], sign * values[1], size


@attack("wang2021_optimal_risk", "repaired", r=roots, s=positive)
def optimal(r: Array, s: Array) -> tuple[Array, ...]:
    """Ridge is below d sigma^2/n iff sigma^2 > R^2/(1 + psi)."""
    law = Law(r)
    zeta, floor = law.ridge(s), s * law.psi
    sign = np.where(s > 1 / (1 + law.psi), 1, -1)
    return sign * zeta, sign * floor, zeta + floor
