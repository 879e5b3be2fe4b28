"""The discounted hypergradient: golden bounds, the exact bias, limits, units, floors, and what the
module refuses.
"""

from dataclasses import replace
from fractions import Fraction as F
from random import Random

import numpy as np
import pytest
from hypothesis import given, strategies as st

import quadmeta as qm
from quadmeta.arithmetic.powers import geometric_sum
from quadmeta.theory import discount as d

ONE = d.Scales(F(3, 4), F(1), F(1), F(1, 4), 4, F(1), F(1), F(1), F(1), F(1), q=F(1, 2))
PLAIN = (
    d.bias_bound_quadratic,
    d.bias_bound_quadratic_inner_simple,
    d.bias_bound_quadratic_inner,
    d.bias_bound_any_curvature,
    d.bias_bound_lipschitz_hessian,
    d.bias_bound_minimal_repair,
)


@pytest.mark.parametrize(
    "gamma, golden",
    [
        (F(1, 8), "679/2048 387/2048 24777/131072 30025/131072 823/768 457/768"),
        (F(1, 4), "87/256 87/256 6277/16384 6229/16384 823/768 457/768"),
    ],
)
def test_golden_table(gamma, golden):
    x = replace(ONE, gamma=gamma)
    bounds = (*PLAIN[1:], d.bias_bound_as_printed)
    assert [bound(x) for bound in bounds] == [F(entry) for entry in golden.split()]
    assert d.bias_bound_matrix_discount(replace(x, M_b=F(1))) == F(665, 4096)
    assert d.bias_bound_as_printed(x, "cross") == d.bias_bound_as_printed(x, "step")


@pytest.mark.parametrize(
    "T, gamma, row",
    [
        (5, 0.45, (2.4344, 3.6487, 3.0616, 38.0023)),
        (20, 0.45, (6.9882, 7.9058, 7.1324, 22.0135)),
        (20, 9 / 11, (4.8826, 8.8012, 12.0010, 22.0135)),
        (50, 0.9, (9.1549, 9.2010, 16.5546, 11.6595)),
        (100, 9 / 11, (4.5001, 9.0000, 11.8637, 9.1906)),
        (100, 0.9, (9.0021, 9.0024, 16.3659, 9.1906)),
    ],
)
def test_golden_floats(T, gamma, row):
    x = d.Scales(0.1, 1.0, 1.0, gamma, T)
    assert [
        d.bias_bound_quadratic(x),
        d.bias_bound_quadratic_inner_simple(x),
        d.bias_bound_any_curvature(x),
        d.bias_bound_as_printed(x),
    ] == pytest.approx(row, abs=6e-5)


def test_equality_cases():
    steps, both = 5, {"R": F(0), "H_w": F(0)}
    for gamma, a, bounds in (
        (F(0), F(1, 4), PLAIN[:5]),
        (F(1, 4), F(0), (*PLAIN[:3], d.bias_bound_lipschitz_hessian)),
    ):
        x = replace(ONE, gamma=gamma, steps=steps, **both)
        exact = abs(geometric_sum(gamma, steps) - geometric_sum(a, steps))
        assert [bound(x) for bound in bounds] == [exact] * len(bounds)
    flat = replace(ONE, L=F(3, 4), G=F(0), H_w=F(0), steps=steps)
    assert d.bias_bound_quadratic(flat) == d.transient(F(3, 4), F(1, 4), steps)


def test_printed_bracket_is_negative_for_few_steps():
    lasts = [
        max(T for T in range(1, 400) if d.printed_bracket((1 - z) ** 0.5, T) < 0) + 1
        for z in (0.5, 0.1, 1e-2, 1e-3, 1e-4)
    ]
    assert lasts == [4, 9, 29, 90, 284]
    q, T = F(1, 2), 6
    assert d.printed_bracket(q, T) == (T - 1) * q**T - (q ** (T - 1) - q ** (2 * T)) / (1 / q - 1)


def test_units():
    """Losses u f(w/s, alpha/r): both sides of a bound are multiplied by u/r; the printed H_w term
    is not.
    """
    s, r, u = F(3), F(5), F(7)
    x = replace(
        ONE, gamma=F(1, 8), steps=5, L2=F(2), R=F(3, 2), G=F(4), B=F(5, 3), H_w=F(2, 5), M_b=F(1, 7)
    )
    y = replace(
        x,
        mu=x.mu * u / s**2,
        L=x.L * u / s**2,
        L2=x.L2 * u / s**2,
        eta=x.eta * s**2 / u,
        R=x.R * s,
        G=x.G * u / s,
        B=x.B * u / (s * r),
        H_w=x.H_w * u / s**3,
        M_b=x.M_b * u / (s**2 * r),
    )
    for bound in (*PLAIN, d.bias_bound_matrix_discount, d.floor):
        assert bound(y) == bound(x) * u / r
    flat = [replace(z, H_w=F(0)) for z in (x, y)]
    assert d.bias_bound_as_printed(flat[1]) == d.bias_bound_as_printed(flat[0]) * u / r
    assert d.bias_bound_as_printed(y) != d.bias_bound_as_printed(x) * u / r
    assert (
        d.bias_bound_as_printed(flat[1], "cross")
        != d.bias_bound_as_printed(flat[0], "cross") * u / r
    )
    # the length that is missing
    term = (
        d.bias_bound_as_printed(y) - d.bias_bound_as_printed(flat[1]),
        d.bias_bound_as_printed(x) - d.bias_bound_as_printed(flat[0]),
    )
    assert term[0] * s == term[1] * u / r


scales = st.builds(
    lambda n, k, g, T, norms: d.Scales(
        F(n, 12), F(n + k, 12), F(12, n + k), F(g * k, 8 * (n + k)), T, *norms
    ),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(0, 8),
    st.integers(1, 9),
    st.tuples(*[st.fractions(0, 5, max_denominator=9)] * 4),
)


@given(scales)
def test_order_of_the_bounds(x):
    simple = d.bias_bound_quadratic_inner_simple(x)
    assert d.bias_bound_quadratic_inner(x) <= simple and d.bias_bound_quadratic(x) <= simple * (
        1 + F(1, 10**9)
    )
    y = replace(x, q=None, L2=float(x.L2))
    assert float(simple) <= d.bias_bound_as_printed(y) * (1 + 1e-12)
    assert d.bias_bound_lipschitz_hessian(x) <= d.bias_bound_lipschitz_hessian(replace(x, H_w=F(1)))
    if x.gamma <= 1 - x.eta * (x.L + x.mu) / 2:
        assert d.bias_bound_any_curvature(x) <= d.bias_bound_lipschitz_hessian(x)
    assert d.floor(x) <= d.bias_bound_quadratic(replace(x, R=F(0))) and d.floor(x) <= d.floor(
        x, limit=True
    )


@given(scales, st.integers(0, 10), st.integers(0, 10**6))
def test_bias_is_below_each_bound_and_is_the_difference(x, place, seed):
    random, P = Random(seed), 2
    lam = np.array([x.mu, x.mu + (x.L - x.mu) * F(place, 10)], dtype=object)
    error, gradient = (
        np.array([F(random.randint(-4, 4), 3) for _ in range(P)], dtype=object) for _ in range(2)
    )
    C, H2 = (
        np.array([[F(1), F(2)], [F(0), F(-1)]], dtype=object),
        np.array([[F(2), F(1)], [F(1), F(2)]], dtype=object),
    )
    a, T = 1 - x.eta * lam, x.steps
    g = [gradient + H2 @ ((a**t - a**T) * error) for t in range(T + 1)]
    estimate = x.eta * C.T @ sum(x.gamma ** (T - t) * g[t] for t in range(1, T + 1))
    exact = x.eta * C.T @ sum(a ** (T - t) * g[T] for t in range(1, T + 1))
    bias = d.bias(lam, C, H2, error, gradient, x.eta, x.gamma, T)
    assert list(bias) == list(estimate - exact)
    y = replace(
        x,
        L2=3.0,
        R=float(error @ error) ** 0.5,
        G=float(gradient @ gradient) ** 0.5,
        B=float(np.linalg.norm(C.astype(float), 2)),
    )
    size = float(bias @ bias) ** 0.5
    for bound in (*PLAIN, d.bias_bound_as_printed):
        assert size <= bound(y) * (1 + 1e-9)


@pytest.mark.parametrize(
    "gamma, T", [(0.3, 1), (0.5, 2), (0.5 * (1 + 1e-9), 7), (0.25, 40), (0.9, 5), (0.95, 5)]
)
def test_bias_of_the_estimator(gamma, T):
    problem = qm.Coupled.random([0.1, 0.5, 1.5], 2, seed=4)
    loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1.0))
    alpha = np.array([0.3, -0.2])
    lam, Q = problem.at(alpha).spectrum
    error = Q.T @ (problem.start - problem.at(alpha).minimizer[:, 0])
    last = Q.T @ problem.outer_gradient(loss.trained(alpha))
    bias = d.bias(
        lam, Q.T @ problem.cross, Q.T @ problem.outer_hessian @ Q, error, last, 1.0, gamma, T
    )
    exact = loss.gradient(alpha)
    found = qm.hypergradient(loss, alpha, qm.Discounted(gamma)).value - exact
    # the difference cancels, the formula does not: a few eps times the hypergradient
    assert found == pytest.approx(bias, rel=1e-12, abs=1e-13 * abs(exact).max())


def test_bounds_off_quadratics():
    for seed in range(6):
        problem, alpha = qm.LogCosh.random(3, 2, seed=seed), np.zeros(2)
        eta = 1 / problem.L
        far = qm.OuterLoss(problem, qm.GradientDescent(4000, eta))
        center = far.trained(alpha)
        for T in (1, 2, 3, 8, 40):
            loss = qm.OuterLoss(problem, qm.GradientDescent(T, eta))
            gamma, exact = 1 - eta * (problem.L + problem.mu) / 2, loss.gradient(alpha)
            last = np.linalg.norm(problem.outer_gradient(loss.trained(alpha)))
            x = d.Scales(
                problem.mu,
                problem.L,
                eta,
                gamma,
                T,
                np.linalg.norm(problem.outer_hessian, 2),
                np.linalg.norm(problem.start - center),
                last,
                np.linalg.norm(problem.cross, 2),
                problem.hessian_lipschitz,
            )
            for method, bounds in (
                (
                    qm.Discounted(gamma),
                    (
                        d.bias_bound_any_curvature,
                        d.bias_bound_lipschitz_hessian,
                        d.bias_bound_minimal_repair,
                    ),
                ),
                (qm.MatrixDiscount(), (d.bias_bound_matrix_discount,)),
            ):
                size = np.linalg.norm(qm.hypergradient(loss, alpha, method).value - exact)
                assert all(size <= bound(x) * (1 + 1e-9) + 1e-12 for bound in bounds)


def test_any_cross_term():
    """Bounds A2 and A-simple where J depends on w: a ridge strength."""
    rng = np.random.default_rng(0)
    train, validation = ((rng.standard_normal((n, 3)), rng.standard_normal(n)) for n in (12, 9))
    problem = qm.Ridge(train, validation)
    alpha = np.full(problem.hyperparameters, 0.3)
    bound = problem.at(alpha)
    lam = bound.spectrum[0]
    eta, start = 1 / lam[-1], problem.start + 1.0
    for T in (1, 3, 12):
        loss, gamma = qm.OuterLoss(problem, qm.GradientDescent(T, eta)), 1 - eta * lam.mean()
        states = list(loss.optimizer.run(bound.gradient, start, eta))
        x = d.Scales(
            lam[0],
            lam[-1],
            eta,
            gamma,
            T,
            np.linalg.norm(problem.outer_hessian, 2),
            np.linalg.norm(start - bound.minimizer.ravel()),
            np.linalg.norm(problem.outer_gradient(states[-1])),
            max(np.linalg.norm(bound.jacobian(w), 2) for w in states[:-1]),
        )
        found = qm.hypergradient(loss, alpha, qm.Discounted(gamma), start=start).value
        size = np.linalg.norm(found - loss.gradient(alpha, start))
        assert (
            size
            <= min(d.bias_bound_quadratic_inner(x), d.bias_bound_quadratic_inner_simple(x))
            * (1 + 1e-9)
            + 1e-13
        )


def test_limits():
    lam, C = np.array([F(1, 4), F(1)], dtype=object), np.array([[F(1)], [F(1)]], dtype=object)
    g = np.array([F(1), F(0)])
    limit = d.limit_bias(lam, C, g, F(1), F(1, 4))
    assert limit[0] == F(-8, 3)
    for T, error in ((10, 0.3), (100, 1e-11)):
        cold = d.bias(lam, C, np.eye(2, dtype=object), np.array([F(1), F(2)]), g, F(1), F(1, 4), T)
        warm = d.bias(lam, C, np.eye(2, dtype=object), 0 * g, g, F(1), F(1, 4), T)
        assert float(abs(warm - limit)[0]) < error and float(abs(cold - limit)[0]) < 10 * error
    assert d.limit_bias(lam, C, g, F(1), F(3, 4))[0] == 0


def test_exact_where_gamma_is_the_square_of_the_factor():
    """g_* = 0, one curvature: A^(T-t) g_T = gamma^(T-t) g_t for gamma = a^2."""
    a, one = F(4, 5), np.array([[F(1)]], dtype=object)
    for T in (1, 2, 7):
        error = np.array([F(3)])
        assert d.bias(np.array([1 - a]), one, one, error, a**T * error, F(1), a**2, T)[0] == 0


@pytest.mark.parametrize(
    "T, golden", [(10, 0.803147), (50, 0.897697), (400, 0.904762), (None, 0.904762)]
)
def test_minimax_gamma(T, golden):
    gamma = d.minimax_gamma(1.0, 0.05, 1.0, T)
    assert gamma == pytest.approx(golden, abs=6e-7)
    x = d.Scales(0.05, 1.0, 1.0, gamma, 4000 if T is None else T, R=0.0)
    assert d.bias_bound_quadratic(x) == pytest.approx(d.floor(x), rel=1e-11)
    assert d.minimax_gamma(F(1), F(1, 4), F(1), relative=True) == F(3, 8)


def test_best_gamma():
    lam, C, g = np.array([0.1, 0.7]), np.array([[1.0, 0.3], [0.2, 2.0]]), np.array([1.0, -0.4])
    for T in (None, 2, 9, 300):

        def size(gamma, T=T):
            return np.linalg.norm(
                d.limit_bias(lam, C, g, 1.0, gamma)
                if T is None
                else d.bias(lam, C, np.eye(2), 0 * g, g, 1.0, gamma, T)
            )

        best = d.best_gamma(lam, C, g, 1.0, T)
        assert 0 < best < 1 and size(best) <= min(size(best * (1 - 1e-4)), size(best * (1 + 1e-4)))
    assert d.best_gamma(lam[:1], C[:1], g[:1], 1.0) == pytest.approx(0.9, rel=1e-14)
    assert d.best_gamma(lam[:1], C[:1], g[:1], 1.0, 12) == pytest.approx(0.9, rel=1e-13)
    assert d.best_gamma(lam, C, g, 1.0, 1) == 0
    with pytest.raises(ValueError, match="no discount is best"):
        d.best_gamma(lam, C, 0 * g, 1.0)


@given(scales)
def test_sandwich(x):
    lower, upper = d.tightness(x, x.L2 / 3)
    assert upper / 2**0.5 * (1 - 1e-12) <= lower <= upper * (1 + 1e-12)
    assert upper == pytest.approx(float(d.bias_bound_quadratic(x)), rel=1e-12)


def test_largest_transient():
    for T, gamma in ((1, 0.4), (2, 0.3), (5, 0.7), (30, 0.2)):
        a = np.linspace(0, 0.95, 20001)
        most = d.largest_transient(0.0, 0.95, gamma, T)
        assert most == pytest.approx(d.transient(1 - a, gamma + 0 * a, T).max(), rel=1e-7)
    rational = d.largest_transient(F(0), F(19, 20), F(1, 5), 6, halvings=12)
    assert rational >= max(d.transient(1 - F(k, 100), F(1, 5), 6) for k in range(96))


@pytest.mark.parametrize(
    "change, match",
    [
        ({"mu": F(2)}, "0 < mu <= L"),
        ({"eta": F(0)}, "eta > 0"),
        ({"gamma": F(1)}, r"gamma = .* \[0, 1\)"),
        ({"steps": 0}, "steps = 0"),
        ({"R": F(-1)}, "R = .* >= 0"),
        ({"q": F(1, 3)}, "q = .* sqrt"),
    ],
)
def test_scales_refuse(change, match):
    with pytest.raises(ValueError, match=match) as error:
        replace(ONE, **change)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "bound, change, match",
    [
        (d.bias_bound_quadratic, {"L": F(3, 2)}, "at most 1/L"),
        (d.bias_bound_any_curvature, {"L": F(3, 2)}, r"2/\(L \+ mu\)"),
        (d.bias_bound_quadratic_inner_simple, {"gamma": F(1, 2)}, "or use bias_bound_quadratic"),
        (d.bias_bound_matrix_discount, {"L": F(6, 5), "H_w": 0}, "1/L"),
        (d.bias_bound_minimal_repair, {"gamma": F(1, 2)}, "gamma"),
        (lambda x: d.bias_bound_as_printed(x, "phi"), {}, "'step' or 'cross'"),
        (d.bias_bound_as_printed, {"L": F(3), "mu": F(2), "q": None}, "eta mu"),
        (lambda x: d.minimax_gamma(2, x.mu, x.L), {}, "eta = 2"),
        (lambda x: d.minimax_gamma(1, x.mu, x.L, 3, relative=True), {}, "steps=None"),
    ],
)
def test_bounds_refuse(bound, change, match):
    with pytest.raises(ValueError, match=match) as error:
        bound(replace(ONE, **change))
    assert "\n" not in str(error.value)
