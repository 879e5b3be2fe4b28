"""Oracles about the discounted hypergradient: inner losses in the plane whose Hessian bends along
ramps anywhere, quadratics in more dimensions, J that changes along the path.

The hypergradients are sums over the iterates: w_t = w_{t-1} - eta grad L_1(w_{t-1}),
A_t = I - eta H(w_{t-1}), B_t = -eta J(w_{t-1}), g = sum_t B_t A_{t+1} ... A_T g_T, and the
discounted one is sum_t gamma^(T-t) B_t g_t. The minimiser is 0.
"""

from typing import Any

import numpy as np

from tests.attack.arithmetic import all_of, dot, norm, reflect, sqrt, within
from tests.attack.oracle import attack, control, modest, positive, real, share, signed
from tests.attack.step_size import power

Array = Any


class Bent:
    """mu |w|^2/2 and ramps: along u_j the curvature rises by h_j over a length s_j from c_j on."""

    def __init__(self, mu: Array, heights: Array, levels: Array, lengths: Array, u: Array) -> None:
        self.mu, self.heights, self.levels, self.lengths, self.u = mu, heights, levels, lengths, u
        xx, xy, yy = (
            (heights * u[..., i] * u[..., j]).sum(axis=1) for i, j in ((0, 0), (0, 1), (1, 1))
        )
        self.L = mu + (xx + yy + sqrt((xx - yy) * (xx - yy) + 4 * xy * xy)) / 2
        self.lipschitz = (heights / lengths).sum(axis=1)

    def _slope(self, t: Array) -> Array:
        """The integral of a ramp."""
        y = (t - self.levels) / self.lengths
        bent = np.clip(y, 0 * y, 1 + 0 * y)
        return self.heights * self.lengths * (bent * bent / 2 + np.maximum(y - 1, 0 * y))

    def gradient(self, w: Array) -> Array:
        """grad L_1, which is 0 at 0."""
        along = np.stack([dot(self.u[:, j], w) for j in range(self.u.shape[1])], axis=1)
        pull = self._slope(along) - self._slope(0 * along)
        return self.mu[:, None] * w + (pull[..., None] * self.u).sum(axis=1)

    def times(self, w: Array, v: Array) -> Array:
        """H(w) v."""
        along = np.stack([dot(self.u[:, j], w) for j in range(self.u.shape[1])], axis=1)
        y = (along - self.levels) / self.lengths
        k = self.heights * np.clip(y, 0 * y, 1 + 0 * y)
        hit = np.stack([dot(self.u[:, j], v) for j in range(self.u.shape[1])], axis=1)
        return self.mu[:, None] * v + ((k * hit)[..., None] * self.u).sum(axis=1)


class Straight:
    """A quadratic with these eigenvalues, in its eigenbasis."""

    def __init__(self, lam: Array) -> None:
        self.lam, self.mu, self.L = lam, lam.min(axis=1), lam.max(axis=1)
        self.lipschitz = 0 * self.mu

    def gradient(self, w: Array) -> Array:
        """grad L_1."""
        return self.lam * w

    def times(self, w: Array, v: Array) -> Array:
        """H v."""
        return self.lam * v


class Path:
    """The iterates of one inner loss, and an outer loss with the gradient g_T + H_2 (w - w_T)."""

    def __init__(self, inner: Any, start: Array, eta: Array, T: int, g: Array, bend: Any) -> None:
        self.inner, self.eta, self.T, self.g = inner, eta, T, g
        self.w = [start]
        for _ in range(T):
            self.w.append(self.w[-1] - eta[:, None] * inner.gradient(self.w[-1]))
        self.outer = [g + bend(w - self.w[-1]) for w in self.w]
        self.R, self.G = norm(start), norm(g)
        self.a_mu, self.a_L = 1 - eta * inner.mu, 1 - eta * inner.L
        self.c = 1 - eta * (inner.mu + inner.L) / 2

    def contract(self, t: int, v: Array) -> Array:
        """(I - eta H(w_t)) v."""
        return v - self.eta[:, None] * self.inner.times(self.w[t], v)

    def exact(self, J: Any) -> Array:
        """The hypergradient; J(t, v) is the mixed derivative at w_t times v."""
        v, total = self.g, 0 * self.g
        for t in reversed(range(self.T)):
            total = total - self.eta[:, None] * J(t, v)
            v = self.contract(t, v)
        return total

    def discounted(self, J: Any, gamma: Array) -> Array:
        """The discounted sum."""
        total, factor = 0 * self.g, 1 + 0 * gamma
        for t in reversed(range(self.T)):
            total = total - (self.eta * factor)[:, None] * J(t, self.outer[t + 1])
            factor = factor * gamma
        return total


def geometric(a: Array, T: int) -> Array:
    """1 + a + ... + a^(T-1)."""
    total, factor = 0 * a, 1 + 0 * a
    for _ in range(T):
        total, factor = total + factor, factor * a
    return total


def drift(path: Path, gamma: Array) -> Array:
    """sum_{0<k<T} gamma^k a_mu^(T-k)."""
    return sum(
        (power(gamma, k) * power(path.a_mu, path.T - k) for k in range(1, path.T)), 0 * gamma
    )


def short_drift(path: Path, gamma: Array) -> Array:
    """sum gamma^k a_mu^(T-k) min(1 + a_mu^k, kappa (1 - a_mu^k))."""
    kappa, total = path.inner.L / path.inner.mu, 0 * gamma
    for k in range(1, path.T):
        a = power(path.a_mu, k)
        total = total + power(gamma, k) * power(path.a_mu, path.T - k) * np.minimum(
            1 + a, kappa * (1 - a)
        )
    return total


def spread(path: Path, gamma: Array) -> Array:
    """sum_{0<k<T} max(a_mu^k - gamma^k, gamma^k - a_L^k)."""
    total = 0 * gamma
    for k in range(1, path.T):
        middle = power(gamma, k)
        total = total + np.maximum(power(path.a_mu, k) - middle, middle - power(path.a_L, k))
    return total


def transient(path: Path, gamma: Array) -> Array:
    """A lower estimate of max_a sum_{0<k<T} gamma^k (a^(T-k) - a^T): at the eigenvalues and 21
    points.
    """
    own = [1 - path.eta * path.inner.lam[:, i] for i in range(path.inner.lam.shape[1])]
    grid = [path.a_L + (path.a_mu - path.a_L) * j / 20 for j in range(21)]
    most = 0 * gamma
    for a in own + grid:
        value = 0 * gamma
        for k in range(1, path.T):
            value = value + power(gamma, k) * (power(a, path.T - k) - power(a, path.T))
        most = np.maximum(most, value)
    return most


QUADRATIC = {
    "lam": (positive, "d"), "c": (real, "d"), "turn": (real, "d"), "w": (real, "d"),
    "g": (real, "d"), "tilt": (real, "d"), "outer": (signed, "d"), "x": share, "y": share,
    "G": positive, "R": positive,
}  # fmt: skip
PLANE = {
    "mu": modest, "heights": (positive, "j"), "levels": (real, "j"), "lengths": (positive, "j"),
    "u": (real, "k"), "w": (real, "p"), "g": (real, "p"), "outer": (signed, "p"),
    "tilt": (real, "p"), "J": (signed, "t"), "angles": (real, "t"), "x": share, "y": share,
    "G": positive,
}  # fmt: skip
SIZES = {"axis_j": (1, 2), "axis_k": (4, 4), "axis_p": (2, 2), "axis_t": (20, 20), "T": (2, 12)}


def symmetric(turn: Array, values: Array) -> Any:
    """The map of the matrix with these eigenvalues and mirrored axes."""
    return lambda v: reflect(turn, values * reflect(turn, v))


def constant(turn: Array, c: Array) -> Any:
    """J = diag(c) U everywhere."""
    return lambda t, v: c * reflect(turn, v)


def gap(found: Array, exact: Array, bound: Array) -> tuple[Array, ...]:
    """The bias against its bound; differences of vectors of much greater length are left out."""
    size = norm(found) + norm(exact)
    return norm(found - exact), within(bound > size * 2.0**-40, bound)


def quadratic(T: int, x: Array, lam: Array, w: Array, g: Array, G: Array, R: Array, **rest: Array):
    """The path on a quadratic with eta = x/L."""
    inner = Straight(lam)
    eta = x / inner.L
    w = w / norm(w)[:, None] * R[:, None]
    g = g / norm(g)[:, None] * G[:, None]
    return Path(inner, w, eta, T, g, symmetric(rest["tilt"], rest["outer"]))


def between(path: Path, y: Array) -> Array:
    """A discount in [max(0, a_L), a_mu]."""
    low = np.maximum(path.a_L, 0 * y)
    return low + y * (path.a_mu - low)


def tight(path: Path, gamma: Array, c: Array, turn: Array, L2: Array) -> tuple[Array, ...]:
    """The tight bound on quadratics with constant J."""
    J = constant(turn, c)
    B = abs(c).max(axis=1)
    here = geometric(gamma, path.T)
    most = np.maximum(
        abs(geometric(path.a_mu, path.T) - here), abs(geometric(path.a_L, path.T) - here)
    )
    bound = path.eta * B * (L2 * path.R * transient(path, gamma) + path.G * most)
    return gap(path.discounted(J, gamma), path.exact(J), bound)


@attack("derived_discount_bound", "stated", d=(2, 4), T=(2, 12), **QUADRATIC)
def discount_bound(
    c: Array, turn: Array, y: Array, T: int, shrunk: int = 100, stretch: int = 1, **rest: Array
) -> tuple[Array, ...]:
    """Quadratic losses, J constant, eta <= 1/L and gamma in [a_L, a_mu]."""
    path = quadratic(T, **{**rest, "x": rest["x"] * stretch})
    L2 = abs(rest["outer"]).max(axis=1)
    less, more = tight(path, between(path, y), c, turn, L2)
    return less, more * shrunk / 100


control("tight bias bound times 98/100", "derived_discount_bound", "stated", shrunk=98)


@attack("yakovlev2023_assumption_discount_range", "repaired", d=(2, 4), T=(2, 12), **QUADRATIC)
def any_discount(c: Array, turn: Array, y: Array, T: int, **rest: Array) -> tuple[Array, ...]:
    """Any discount in [0, 1)."""
    path = quadratic(T, **rest)
    return tight(path, y, c, turn, abs(rest["outer"]).max(axis=1))


@attack("yakovlev2023_assumption_smooth_convex", "stated", d=(2, 4), T=(2, 12), **QUADRATIC)
def any_outer(c: Array, turn: Array, y: Array, T: int, **rest: Array) -> tuple[Array, ...]:
    """An outer loss of any curvature."""
    return discount_bound(c, turn, y, T, **rest)


@attack("yakovlev2023_assumption_smooth_convex", "printed", d=(2, 4), T=(2, 12), **QUADRATIC)
def one_pair(
    c: Array, turn: Array, y: Array, T: int, outer: Array, **rest: Array
) -> tuple[Array, ...]:
    """mu <= H, H_2 <= L for both losses."""
    L, mu = rest["lam"].max(axis=1), rest["lam"].min(axis=1)
    curvature = mu[:, None] + (outer + 1) / 2 * (L - mu)[:, None]
    path = quadratic(T, outer=curvature, **rest)
    return tight(path, between(path, y), c, turn, L)


@attack(
    "yakovlev2023_assumption_cross_lipschitz", "stated", d=(2, 4), T=(2, 12), axis_t=(20, 20),
    J=(signed, "t"), **QUADRATIC,
)  # fmt: skip
@attack(
    "yakovlev2023_assumption_cross_bound", "stated", d=(2, 4), T=(2, 12), axis_t=(20, 20),
    J=(signed, "t"), **QUADRATIC,
)  # fmt: skip
def changing_cross(
    J: Array, c: Array, turn: Array, y: Array, T: int, **rest: Array
) -> tuple[Array, ...]:
    """Quadratic inner losses and J(w_t) of any size and, c mixed in, direction at each step."""
    path = quadratic(T, **rest)
    gamma = between(path, y)
    B = abs(J[:, :T]).max(axis=1)

    def cross(t: int, v: Array) -> Array:
        return J[:, t : t + 1] * (reflect(turn + t * c, v) if t % 2 else v)

    bound = path.eta * B * (
        abs(rest["outer"]).max(axis=1) * path.R * drift(path, gamma)
        + path.G * spread(path, gamma)
    )  # fmt: skip
    return gap(path.discounted(cross, gamma), path.exact(cross), bound)


@attack("yakovlev2023_bias_bound_cross", "repaired", d=(2, 4), T=(2, 12), **QUADRATIC)
def printed_shape(
    c: Array, turn: Array, y: Array, T: int, outer: Array, unit: bool = True, most: int = 2,
    **rest: Array,
) -> tuple[Array, ...]:  # fmt: skip
    """The printed bound on quadratics, B bounding eta |J|, eta <= 2/(L + mu)."""
    lam, x = rest["lam"], rest["x"]
    L, mu = lam.max(axis=1), lam.min(axis=1)
    path = quadratic(T, outer=outer * L[:, None], **{**rest, "x": x * most * L / (L + mu)})
    J, gamma, q = constant(turn, c), between(path, y), sqrt(path.a_mu)
    B = abs(c).max(axis=1) * (path.eta if unit else 1)
    bound = 2 * L * B * path.R * power(q, T + 1) / (1 - q) + B * path.G / path.eta * (
        1 / mu - 1 / L + power(path.a_mu, T) / L
    )
    return gap(path.discounted(J, gamma), path.exact(J), bound)


control("printed bias bound with B >= |J|", "yakovlev2023_bias_bound_cross", "repaired", unit=False)


@attack("yakovlev2023_equal_curvature", "printed", "stated", d=(2, 4), T=(2, 12), **QUADRATIC)
def equal(
    lam: Array, c: Array, turn: Array, y: Array, T: int, outer: Array, **rest: Array
) -> tuple[Array, ...]:
    """L = mu, gamma = 1 - eta mu: the sharp bound, and the printed one above it where L_2 <= L."""
    mu = lam[:, :1]
    path = quadratic(T, lam=mu + 0 * lam, outer=outer * mu, **rest)
    J, a = constant(turn, c), path.a_mu
    B = path.eta * abs(c).max(axis=1)
    sharp = B * abs(outer).max(axis=1) * mu[:, 0] * path.R * power(a, T)
    sharp = sharp * (T - geometric(a, T))
    q = sqrt(a)
    printed = 2 * mu[:, 0] * B * path.R * power(q, T + 1) / (1 - q)
    return all_of(gap(path.discounted(J, a), path.exact(J), sharp), (sharp, printed))


# losses that bend


def bent(
    T: int, mu: Array, heights: Array, levels: Array, lengths: Array, u: Array, step: Array,
    w: Array, g: Array, G: Array, tilt: Array, outer: Array,
) -> Path:  # fmt: skip
    """The path on a bent loss; eta = step / L, or 2 step/(L + mu) where step is negative."""
    axes = np.stack([u[:, :2], u[:, 2:]], axis=1)[:, : heights.shape[1]]
    axes = axes / np.stack([norm(axes[:, j]) for j in range(axes.shape[1])], axis=1)[..., None]
    inner = Bent(mu, heights, levels, lengths, axes)
    eta = np.where(step > 0, step / inner.L, -2 * step / (inner.L + mu))
    g = g / norm(g)[:, None] * G[:, None]
    return Path(inner, w, eta, T, g, symmetric(tilt, outer))


def turning(J: Array, angles: Array) -> Any:
    """J(w_t): a number in (-1, 1) times a mirror image, any at each step, in turn."""

    def cross(t: int, v: Array) -> Array:
        angle = angles[:, t % J.shape[1]]
        axis = np.stack([1 + 0 * angle, angle], axis=1)
        return J[:, t % J.shape[1], None] * reflect(axis, v)

    return cross


@attack("yakovlev2023_inner_optimizer", "stated", **SIZES, **PLANE)
def approaches(
    J: Array, angles: Array, x: Array, y: Array, T: int, longer: int = 1, **rest: Array
) -> tuple[Array, ...]:
    """|w_T - w_*| <= (1 - eta mu)^T |w_0 - w_*| for eta <= 2/(L + mu)."""
    path = bent(T, step=-x * longer, **rest)
    return norm(path.w[-1]), power(abs(path.a_mu), T) * path.R


control("inner descent up to 4/(L + mu)", "yakovlev2023_inner_optimizer", "stated", longer=2)


# limits, and a warm start


@attack("yakovlev2023_bound_floor", "repaired", d=(2, 4), T=(1, 1), **QUADRATIC)
def floor(c: Array, turn: Array, y: Array, T: int, **rest: Array) -> tuple[Array, ...]:
    """The limit of the bias for gamma in [1 - eta L, 1 - eta mu]."""
    path = quadratic(T, **rest)
    gamma = between(path, y)
    J, L, mu = constant(turn, c), path.inner.L, path.inner.mu
    g = path.g
    found = (path.eta / (1 - gamma))[:, None] * J(0, g)
    return gap(found, J(0, g / path.inner.lam), abs(c).max(axis=1) * path.G * (1 / mu - 1 / L))


@attack("yakovlev2023_assumption_injective_cross", "stated", d=(2, 4), T=(1, 1), **QUADRATIC)
def injective(c: Array, turn: Array, y: Array, T: int, **rest: Array) -> tuple[Array, ...]:
    """|J H^-1 g| <= B (1 - gamma)/(sqrt(kappa_J) eta mu) |eta/(1 - gamma) J g| for square J."""
    path = quadratic(T, **rest)
    J, size = constant(turn, c), abs(c)
    estimate = norm(J(0, path.g)) * path.eta / (1 - y)
    bound = size.max(axis=1) * (1 - y) / (size.min(axis=1) * path.eta * path.inner.mu) * estimate
    return norm(J(0, path.g / path.inner.lam)), bound


@attack("yakovlev2023_surpasses_existing", "repaired", d=(2, 4), T=(2, 12), **QUADRATIC)
def warm(c: Array, y: Array, T: int, low: bool = True, **rest: Array) -> tuple[Array, ...]:
    """From w_0 = w_* and with gamma <= 1 - eta L, no farther from g than one step."""
    path = quadratic(T, **{**rest, "w": rest["w"] * 0 + 1, "R": 0 * y})
    gamma = y * (path.a_L if low else 1)
    J = constant(rest["turn"] * 0, c)
    exact = path.exact(J)
    one = -path.eta[:, None] * J(T, path.g)
    return gap(path.discounted(J, gamma), exact, norm(one - exact))


control("no farther than one step, any gamma", "yakovlev2023_surpasses_existing", "repaired",
        low=False)  # fmt: skip


@attack("derived_descent_direction", "repaired", d=(2, 4), T=(1, 12), **QUADRATIC)
def descent_direction(
    c: Array, turn: Array, y: Array, T: int, near: bool = True, **rest: Array
) -> tuple[Array, ...]:
    """<ghat, g> > 0 from w_0 = w_* where J'J and S_T(A) are close enough to multiples of I."""
    path = quadratic(T, **{**rest, "w": rest["w"] * 0 + 1, "R": 0 * y})
    square = c * c

    def J(t: int, v: Array) -> Array:
        return c * reflect(turn, v)

    sums = geometric(1 - path.eta[:, None] * path.inner.lam, T)
    sines = []
    for values in (square, sums):
        top, bottom = values.max(axis=1), values.min(axis=1)
        sines.append((top - bottom) / (top + bottom))
    first, second = path.discounted(J, y), path.exact(J)
    met = (sines[0] * sines[0] + sines[1] * sines[1] < 1) | (not near)
    return within(met, -dot(first, second)), 0 * y, norm(first) * norm(second)


control("always a descent direction", "derived_descent_direction", "repaired", near=False)


@attack(
    "derived_scalar_discount_no_go", "stated", axis_t=(1, 12),
    weights=(real, "t"), mu=positive, rise=positive, x=share,
)  # fmt: skip
def no_go(weights: Array, mu: Array, rise: Array, x: Array, half: int = 2) -> tuple[Array, ...]:
    """The larger of the biases at H = mu and H = L is at least half the distance of S_T."""
    T, L = weights.shape[1], mu + rise
    eta, total = x / L, weights.sum(axis=1)
    sums = [geometric(1 - eta * h, T) for h in (mu, L)]
    most = np.maximum(abs(total - sums[0]), abs(total - sums[1]))
    return (sums[0] - sums[1]) / half, most, most + sums[0]


control("scalar weights miss by the whole distance", "derived_scalar_discount_no_go", "stated",
        half=1)  # fmt: skip


@attack("derived_minimax_discount", "stated", mu=positive, rise=positive, x=share, y=share)
def minimax(mu: Array, rise: Array, x: Array, y: Array) -> tuple[Array, ...]:
    """Over [mu, L], the worst bias of any discount, absolute and relative."""
    L = mu + rise
    time = x / L / (1 - y)
    lam = [mu + rise * j / 16 for j in range(17)]
    worst, relative = 0 * mu, 0 * mu
    for value in lam:
        worst = np.maximum(worst, abs(time - 1 / value))
        relative = np.maximum(relative, abs(time * value - 1))
    return all_of(((1 / mu - 1 / L) / 2, worst, worst + 1 / mu), ((L - mu) / (L + mu), relative))
