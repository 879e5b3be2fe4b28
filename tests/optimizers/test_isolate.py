"""The global minimiser of heavy ball and Nesterov: bounds hold and are tight, planted local minima
are noticed.
"""

import math

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.optimizers.heavy_ball import HeavyBall
from quadmeta.optimizers.nesterov import Nesterov
from quadmeta.optimizers.parts.boxes import Boxes, bounds
from quadmeta.optimizers.parts.isolate import search
from quadmeta.optimizers.parts.two_term import rough
from tests.reference import random_spectrum
from tests.refusals import refused

METHODS = [HeavyBall, Nesterov]


def run(method, lam, eta, beta, T):
    """p_T of the eigenvalues lam by the steps themselves, in the arithmetic of eta and beta."""
    scaled = eta * lam
    z = before = 1 + 0 * scaled
    for _ in range(T):
        y = z + beta * (z - before)
        before, z = z, y - scaled * (y if method is Nesterov else z)
    return z


def log_loss(method, lam, omega, eta, beta, T):
    """log F at arrays of parameters, in float64; runs that overflow count as infinite."""
    with np.errstate(all="ignore"):
        z = run(method, np.asarray(lam), np.asarray(eta)[..., None], np.asarray(beta)[..., None], T)
        level = np.log((omega * z * z).sum(axis=-1))
    return np.where(np.isnan(level), np.inf, level)


def exact(method, lam, omega, eta, beta, T):
    """log F at one pair, at 60 digits."""
    with mp.workdps(60):
        eta, beta = mp.mpf(float(eta)), mp.mpf(float(beta))
        return float(
            mp.log(
                mp.fsum(
                    mp.mpf(float(o)) * run(method, mp.mpf(float(x)), eta, beta, T) ** 2
                    for x, o in zip(lam, omega, strict=True)
                )
            )
        )


def on_a_dense_grid(method, lam, omega, T, given, beta_given):
    """The lowest log F of 60 T and more points in the one free parameter, zoomed in around the
    five lowest of them.
    """
    if beta_given:
        angle = np.linspace(0, np.pi, 12 * T + 40)
        x = 1 + given - 2 * np.sqrt(given) * np.cos(angle)
        parts = [x / each for each in lam] + [
            np.linspace(0, 4 / lam[-1], 20 * T + 500),
            np.geomspace(1e-3 / lam[-1], 4 / lam[0], 20 * T + 500),
        ]
        grid = np.unique(np.concatenate(parts))
    else:
        grid = np.unique(
            np.concatenate(
                [np.linspace(0, 1, 60 * T + 1000)[:-1], 1 - np.geomspace(1e-9, 1, 20 * T)]
            )
        )

    def level(points):
        pair = (points, given) if beta_given else (given, points)
        return log_loss(method, lam, omega, *pair, T)

    values = level(grid)
    best = values.min()
    for k in np.argsort(values)[:5]:
        low, high = grid[max(k - 1, 0)], grid[min(k + 1, len(grid) - 1)]
        for _ in range(8):
            points = np.linspace(low, high, 21)
            fine = level(points)
            j = int(np.argmin(fine))
            low, high, best = points[max(j - 1, 0)], points[min(j + 1, 20)], min(best, fine[j])
    return best


def test_the_global_minimum_behind_a_local_one():
    """The grid and Newton's method alone end at eta = .35467, G = -.120466."""
    lam, omega = np.array([1, 2.5, 6, 9]), np.full(4, 0.25)
    log = qm.LogObjective(
        qm.Quadratic.from_spectrum(lam, weights=omega), HeavyBall(160, momentum=0.9)
    )
    best, found = log.minimizer(), log.minimum()
    assert best == pytest.approx(0.42128389, abs=1e-8) and log(best) == pytest.approx(
        -0.1238427, abs=1e-7
    )
    assert found.proved and found.theta == best
    assert found.level == pytest.approx(
        exact(HeavyBall, lam, omega, found.theta, 0.9, 160), abs=1e-12
    )
    assert found.level - 1e-6 < found.lower <= found.level


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1, 2, 9, 60, 160])
def test_no_point_of_a_dense_grid_is_lower_and_it_is_proved(method, T):
    rng = np.random.default_rng([7, T])
    lam, omega = random_spectrum(rng, 6, 1e3, 3)
    beta, eta = rng.uniform(0, 0.99), rng.uniform(0.05, 2) / lam[-1]
    for optimizer, given in ((method(T, momentum=beta), beta), (method(T, step_size=eta), eta)):
        found = optimizer.minimum(lam, omega)
        pair = (found.theta, beta) if given == beta else (eta, found.theta)
        assert found.proved
        assert found.level == pytest.approx(
            exact(method, lam, omega, *pair, T), rel=1e-13, abs=1e-13
        )
        assert on_a_dense_grid(method, lam, omega, T, given, given == beta) >= found.level - 1e-7


@pytest.mark.parametrize("method", METHODS)
def test_both_parameters(method):
    lam, omega = np.array([1.0, 3.0, 10.0]), np.array([1.0, 0.5, 2.0])
    found = method(3).minimum(lam, omega, boxes=60000)
    eta, beta = np.meshgrid(np.linspace(0, 0.4, 1000), np.linspace(0, 1, 301)[:-1])
    assert found.proved and found.theta.shape == (2,)
    assert log_loss(method, lam, omega, eta, beta, 3).min() >= found.level - 1e-9


MISSED = [
    # method, T, eigenvalues, weights; the best of half a million random pairs, refined; log F
    # there
    (
        HeavyBall,
        79,
        [1.0, 3.08, 29.1, 45.0],
        [0.095, 0.011, 0.0703, 0.00127],
        (0.06690266267333661, 0.5526686952368863),
        -51.33272900844,
    ),
    (
        HeavyBall,
        148,
        [1.0, 1.24, 2.26, 8.5, 18.0, 32.2],
        [0.209, 0.96, 0.189, 0.129, 0.397, 0.293],
        (0.09019367373181178, 0.49600238322276147),
        -105.154767598,
    ),
    (
        HeavyBall,
        92,
        [1.0, 1.23, 1.23, 1.24, 2.28, 2.61, 2.74, 2.77, 4.7],
        [0.00114, 0.0512, 0.00157, 0.0974, 0.0187, 0.206, 0.0316, 0.0077, 0.59],
        (0.3986361863843592, 0.1361212448485697),
        -184.711434050,
    ),
    (
        Nesterov,
        149,
        [1.0, 72.7, 96.8, 115.0, 193.0, 265.0, 288.0, 360.0, 401.0, 521.0],
        [0.0133, 0.00117, 0.00102, 0.0282, 0.0158, 0.0158, 0.37, 0.00424, 0.891, 0.0315],
        (0.0024444845235010223, 0.9123116776220013),
        -60.516825194,
    ),
]


@pytest.mark.parametrize(("method", "T", "lam", "omega", "pair", "level"), MISSED)
def test_the_lowest_of_many_minima_in_both_parameters(method, T, lam, omega, pair, level):
    """A grid of starts with Newton's method alone ends .3 to 7 higher in log F."""
    assert exact(method, lam, omega, *pair, T) == pytest.approx(level, abs=2e-8)
    found = method(T).minimum(np.array(lam), np.array(omega), boxes=0)
    assert exact(method, lam, omega, *found.theta, T) == pytest.approx(found.level, abs=1e-9)
    assert level - 1e-3 < found.level < level + 1e-7
    assert not found.proved


def test_a_minimum_at_the_end_of_a_canyon():
    """The larger eigenvalue is annulled for every momentum; the smaller one is best at the largest
    momentum.
    """
    lam, omega = np.array([1.0, 5030.0]), np.array([1.14e-6, 0.00268])
    found = HeavyBall(14).minimum(lam, omega, boxes=0)
    center, width = 2 / lam[-1], 2 / lam[-1]
    for _ in range(3):
        eta = np.linspace(center - width, center + width, 400001)
        level = log_loss(HeavyBall, lam, omega, eta, np.full(eta.shape, 1 - 2.0**-53), 14)
        center, width = eta[np.argmin(level)], width / 1000
    on_the_edge = level.min()
    assert found.theta[1] == 1 - 2.0**-53
    assert on_the_edge - 1e-6 < found.level < on_the_edge + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_the_plane_in_which_all_phases_are_linear(method):
    """X lambda - S is the square of the sine of phi / 2 (heavy ball) or phi, from the roots of z^2
    = h z - b.
    """
    X, S, lam = 0.13, 0.02, np.array([0.5, 2.0, 7.0])
    eta, beta = method(5).unfold(X, S)
    for x in eta * lam:
        h, b = method(5).coefficients(x, beta)
        phi = np.angle(np.roots([1, -h, b]))[0]
        assert np.sin(phi / method(5).fold) ** 2 == pytest.approx(X * x / eta - S, rel=1e-12)


@pytest.mark.parametrize("boxes", [0, 1, 200])
def test_what_is_not_proved_says_so(boxes):
    log = qm.LogObjective(
        qm.Quadratic.from_spectrum([1.0, 2.5, 6.0], weights=[1.0, 1.0, 1.0]), HeavyBall(6)
    )
    found = log.minimum(boxes)
    assert not found.proved and found.lower < found.level - 1e-3 and found.boxes <= boxes
    if boxes == 0:  # the minimizer is what is found without a proof
        np.testing.assert_array_equal(log.minimizer(), found.theta)


def test_a_planted_local_minimiser_is_not_proved_but_left():
    """Branch and bound started from the local minimum, without any help of Newton's method, finds
    a better centre.
    """
    lam, omega, method = np.array([1, 2.5, 6, 9]), np.ones(4), HeavyBall(160, momentum=0.9)
    root = Boxes(np.array([[2.0, 0.9]]), np.array([[2.0, 0.0]]), np.zeros((1, 2), dtype=int))
    planted = np.array([0.354674853])

    def level(theta):
        return float(method.log_loss(lam, omega, theta, 0).level)

    def best_centre(points):
        values = [level(p[0]) for p in points]
        return points[int(np.argmin(values))], min(values)

    found = search(method, lam, omega, root, (0,), (planted, level(planted[0])), best_centre, 10**5)
    assert abs(found.theta[0] - 0.42128389) < 1e-4 and found.lower <= level(0.42128389)

    # and with a value that no step size reaches, the lower bound says that it is not reached
    low = level(0.42128389) - 1e-3
    claimed = search(method, lam, omega, root, (0,), (planted, low), best_centre, 10**5)
    assert claimed.lower <= low


def boxes_at_random(rng, lam, T, n):
    """Boxes of all sizes in the plane, many of them near equal roots."""
    beta = rng.choice([rng.uniform(0, 1, n), 1 - 10 ** rng.uniform(-4, 0, n), np.zeros(n)], axis=0)
    x = (1 - np.sqrt(beta)) ** 2 + rng.uniform(0, 1.2, n) * 4 * np.sqrt(beta)
    eta = np.where(rng.random(n) < 0.5, x, 10 ** rng.uniform(-3, 0.5, n)) / rng.choice(lam, n)
    size = 10 ** rng.uniform(-4, 1.5, (n, 2)) / T * np.stack([eta, np.full(n, 0.5)], axis=-1)
    center = np.stack([eta, beta], axis=-1)
    size = np.minimum(size, np.stack([eta, np.minimum(beta, 1 - beta)], axis=-1))
    return center, size


def lowest_excess(method, T, seed, free):
    """min over boxes and points in them of sqrt F over its bound, and the median over small boxes
    of 1 - the bound.
    """
    rng = np.random.default_rng([seed, T])
    lam, omega = random_spectrum(rng, 5, 1e2, 2)
    center, size = boxes_at_random(rng, lam, T, 400)
    size[:, [k for k in range(2) if k not in free]] = 0
    found = bounds(method, lam, omega, Boxes(center, size, np.zeros((400, 2), dtype=int)), free, 0)
    ratios = []
    for _ in range(30):
        inside = center + size * np.clip(1.5 * rng.uniform(-1, 1, (400, 2)), -1, 1)
        kind = HeavyBall if isinstance(method, HeavyBall) else Nesterov
        level = log_loss(kind, lam, omega, inside[:, 0], inside[:, 1], T)
        with np.errstate(all="ignore"):
            ratios.append(np.where(found.lower > 0, level / 2 - np.log(found.lower), np.inf))
    small = (
        (size.max(axis=-1) < 1e-2 / T * np.minimum(1, center[:, 0]))
        & (1e-100 < found.middle)
        & (found.middle < 1e100)
    )
    return np.min(ratios), np.median(1 - found.lower[small] / found.middle[small])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("T", [1, 3, 20, 160])
@pytest.mark.parametrize("free", [(0,), (1,), (0, 1)])
def test_bounds_hold_inside_boxes_and_are_not_vacuous(method, T, free):
    excess, slack = lowest_excess(method(T), T, 3, free)
    assert excess >= -1e-9
    assert slack < 0.05


class TooSteep(HeavyBall):
    """A planted error: h and b are said not to move, so that the rest of the power series is left
    out.
    """

    def spread(self, x, beta, dx, dbeta):
        """Nothing moves."""
        return 0 * dx + 0 * dbeta, 0 * dx + 0 * dbeta


def test_a_bound_that_is_wrong_is_noticed():
    assert min(lowest_excess(TooSteep(160), 160, seed, (0,))[0] for seed in range(3)) < -1e-3


def test_a_deep_minimum_that_float64_cannot_tell():
    """One mode nearly vanishes: sqrt F is e^-20 of its amplitude, so that bounds need 106 bits."""
    lam, omega = np.array([1, 2.5, 6, 9]), np.ones(4)
    found = Nesterov(160, momentum=0.9).minimum(lam, omega)
    assert found.proved and found.theta == pytest.approx(0.12923493, abs=1e-8)
    assert found.level == pytest.approx(
        exact(Nesterov, lam, omega, found.theta, 0.9, 160), abs=1e-11
    )


def test_one_eigenvalue_reaches_zero():
    found = HeavyBall(5, momentum=0.5).minimum(np.array([2.0, 2.0]), np.array([1.0, 3.0]))
    assert found.proved and found.level < -60 and math.isfinite(found.theta)


def test_bad_input_is_one_line_that_names_it():
    problem = qm.Quadratic.from_spectrum([1.0, 2.0, 3.0], weights=[1.0, 1.0, 1.0])
    pair = qm.Quadratic.stack([problem, problem])
    for call, message in (
        (lambda: qm.LogObjective(problem, qm.GradientDescent(5)).minimum(), "use minimizer"),
        (lambda: qm.LogObjective(problem, HeavyBall(5, 0.1)).minimum(-1), "boxes = -1"),
        (lambda: qm.LogObjective(problem, HeavyBall(5, 0.1)).minimum(2.5), "boxes = 2.5"),
        (
            lambda: qm.LogObjective(pair, HeavyBall(5, 0.1), pooled=False).minimum(),
            "pooled = False",
        ),
    ):
        with refused(message):
            call()


@pytest.mark.parametrize("method", [qm.HeavyBall, qm.Nesterov])
@pytest.mark.parametrize("T", [2, 7, 80, 10**5])
@pytest.mark.parametrize("decades", [0, 140, 280])
def test_rough_levels_are_those_of_the_loss(method, T, decades):
    rng = np.random.default_rng([T, decades])
    lam = np.sort(rng.uniform(0.01, 1, 6))
    omega = 10.0 ** -rng.uniform(decades, min(decades + 2, 280), 6)
    momenta = 1 - 10 ** rng.uniform(-6, 0, 100)
    points = np.stack([rng.uniform(0, 5, 100) / lam[-1], momenta], axis=-1)
    want = method(T).log_loss(lam, omega, points, 0).level
    np.testing.assert_allclose(rough(method(T), lam, omega, points), want, rtol=0, atol=1e-12 * T)
