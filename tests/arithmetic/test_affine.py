"""Powers of affine recursions and divided differences of powers against high precision."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from quadmeta.arithmetic.affine import Affine, eigen, refined, second_difference
from quadmeta.arithmetic.exact import convert
from quadmeta.arithmetic.residual import factor


def confluent(delta, n):
    """(f[x, y, z], the same of magnitudes) of f(x) = x^n: the corner of the n-th power of a
    bidiagonal matrix.
    """

    def corner(points):
        return (mp.matrix([[points[0], 1, 0], [0, points[1], 1], [0, 0, points[2]]]) ** n)[0, 2]

    points = [1 - mp.mpf(float(x)) for x in delta]
    return corner(points), corner([abs(x) for x in points])


@given(
    base=st.sampled_from([0.0, 1e-8, 1.0, 2.0]) | st.floats(-1.5, 3),
    n=st.integers(1, 40) | st.integers(1, 10**6),
    spread=st.tuples(st.floats(-9, 0), st.floats(-9, 0)),
    equal=st.integers(0, 3),
    crowd=st.booleans(),
)
# just beyond the border of the series: first differences of logarithm 10 cancel to a quarter
@example(base=0.0, n=25287, spread=(-7.527630175328614, -7.889260725851868), equal=0, crowd=True)
def test_second_difference_also_where_points_meet(base, n, spread, equal, crowd):
    # errors scale with the sum of magnitudes, with 1 + n |log|, the digits that the logarithm of
    # the power takes, and with the rounding of log n, that of the first differences, four times
    delta = np.array(
        [
            base,
            base + 10 ** spread[0] / (n if crowd else 1),
            base - 10 ** spread[1] / (n if crowd else 1),
        ]
    )
    delta[1 : 1 + min(equal, 2)] = delta[0]
    got = second_difference(*(factor(1.0, np.array([x])) for x in delta), n)
    with mp.workdps(60):
        want, scale = confluent(delta, n)
        value = (
            mp.mpf(0) if got.sign[0] == 0 else int(got.sign[0]) * mp.exp(mp.mpf(float(got.log[0])))
        )
        reach = 1 + n * max(
            (abs(mp.log(abs(1 - mp.mpf(float(x))))) for x in delta if x != 1), default=0
        )
        assert abs(value - want) <= (3e-15 * reach + 4 * 2.0**-53 * mp.log(n)) * scale


def test_the_two_formulas_meet_and_neither_serves_alone():
    n = 1000
    for width in (0.3 / n, 0.99 / n, 1.01 / n, 3 / n):
        delta = np.array([1e-3, 1e-3 + width, 1e-3 + width / 3])
        with mp.workdps(60):
            want = float(mp.log(confluent(delta, n)[0]))
        got = second_difference(*(factor(1.0, np.array([x])) for x in delta), n)
        assert abs(got.log[0] - want) < 1e-14 * abs(want)
    x, y, z = 1 - np.array([1e-3, 1e-3 + 1e-12, 1e-3 - 1e-12])
    naive = ((x**n - y**n) / (x - y) - (y**n - z**n) / (y - z)) / (x - z)
    assert not abs(naive / (n * (n - 1) / 2 * x ** (n - 2)) - 1) < 1e-3  # known false


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_few_steps_are_short_polynomials(n):
    delta = np.array([[0.0], [0.125], [-0.0625]])
    x, y, z = 1 - delta[:, 0]
    want = sum(x**i * y**j * z ** (n - 2 - i - j) for i in range(n - 1) for j in range(n - 1 - i))
    assert second_difference(*(factor(1.0, d) for d in delta), n).to_float()[0] == pytest.approx(
        want, rel=1e-15
    )


def test_entries_of_a_batch_do_not_know_each_other():
    points = [np.array(x) for x in ([-2.0, 0.99], [-2.0, 0.992], [-2.0, 0.991])]
    whole = second_difference(*(factor(1.0, x) for x in points), 1000)
    for k in range(2):
        one = second_difference(*(factor(1.0, x[k : k + 1]) for x in points), 1000)
        assert (whole[k].sign, whole[k].log) == (one.sign, one.log)


def test_the_series_does_not_overflow():
    for n in (10**15, 10**18):
        delta = [factor(1.0, np.array([x / n])) for x in (0.1, 0.2, 0.4)]
        # f[x, y, z] / n^2 tends to the second difference of exp(-t) at 0.1, 0.2, 0.4
        e = np.exp([-0.1, -0.2, -0.4])
        want = ((e[0] - e[1]) / 0.1 - (e[1] - e[2]) / 0.2) / 0.3
        assert second_difference(*delta, n).log[0] - 2 * np.log(n) == pytest.approx(
            np.log(want), rel=1e-12
        )


def test_refined_eigenvectors_are_accurate_entry_by_entry():
    lam = np.array([1.0, 1e-3, 1e-7])
    B = np.diag(0.2 * lam) - 0.01 * lam[:, None] * lam
    delta, Q = eigen(B)
    order = np.argsort(-delta)
    with mp.workdps(60):
        exact, P = mp.eigsy(mp.matrix(B.tolist()))
        exact, P = np.array([float(x) for x in exact]), np.array(P.tolist(), dtype=float)
        exact, P = np.sort(exact)[::-1], P[:, np.argsort(-exact)]
        assert np.abs(delta[order] / exact - 1).max() < 1e-14
        assert np.abs(np.abs(Q[:, order] / P) - 1).max() < 1e-13
    raw = np.linalg.eigh(B)[1][:, ::-1]
    assert np.abs(np.abs(raw / P) - 1).max() > 1e-12  # known false: without the refinement


def dense(B, start, rates, forcing, steps, weights):
    """weights'v_T by its definition."""
    v, a = start, rates * 0 + 1
    for _ in range(steps):
        v, a = v - B @ v + forcing @ a, a * (1 - rates)
    return weights @ v


@given(
    k=st.integers(1, 4),
    m=st.integers(0, 3),
    steps=st.integers(1, 60),
    seed=st.integers(0, 10**6),
    size=st.sampled_from([0.0, 0.1, 1.0, 2.5]),
)
# the ends of all ranges; an example takes 20 ms
@example(k=1, m=0, steps=1, seed=1, size=0.0)
@example(k=4, m=3, steps=60, seed=2, size=0.0)
@example(k=4, m=3, steps=60, seed=3, size=2.5)
@example(k=4, m=0, steps=60, seed=4, size=2.5)
@settings(max_examples=20)
def test_power_and_slope_against_the_recursion(k, m, steps, seed, size):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.standard_normal(shape)

    B, dB = (M + M.T for M in (size * draw(k, k), draw(k, k)))
    (start, dstart, weights), (rates, drates), (beta, dbeta) = draw(3, k), draw(2, m), draw(2, k, m)
    affine, slope = Affine(B, start, rates, beta), Affine(dB, dstart, drates, dbeta)
    with mp.workdps(60):
        h = mp.mpf(10) ** -25
        at = []
        for s in (-h, 0, h):
            parts = [
                convert("mpmath", x) + s * convert("mpmath", y)
                for x, y in ((B, dB), (start, dstart), (rates, drates), (beta, dbeta))
            ]
            at.append(dense(*parts, steps, convert("mpmath", weights)))
        radius = max([1, *np.abs(1 - np.linalg.eigvalsh(B)), *np.abs(1 - rates)])
        scale = mp.mpf(float(radius)) ** steps * 40 * steps * (1 + np.abs(beta).sum())
        for got, want, unit in (
            (affine.power(steps, weights), at[1], 1),
            (affine.slope(steps, weights, slope), (at[2] - at[0]) / (2 * h), 20 * steps),
        ):
            value = mp.mpf(0) if got.sign == 0 else int(got.sign) * mp.exp(mp.mpf(float(got.log)))
            assert abs(value - want) <= 1e-14 * (1 + steps * size) * unit * scale


@pytest.mark.parametrize("steps", [10**6, 10**12])
def test_any_number_of_steps(steps):
    affine = Affine(
        np.diag([0.1, 3.0]), np.array([1.0, 1.0]), np.array([0.0]), np.array([[2.0], [0.0]])
    )
    assert affine.power(steps, np.array([1.0, 0.0])).to_float() == pytest.approx(20, rel=1e-14)
    assert affine.power(steps, np.array([0.0, 1.0])).log == pytest.approx(
        steps * np.log(2), rel=1e-14
    )


def test_one_refinement_squares_the_error_also_of_equal_eigenvalues():
    rng = np.random.default_rng(0)
    P = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    B = P @ np.diag([1.0, 1.0, 3.0, -2.0]) @ P.T
    B = (B + B.T) / 2
    start = P + 1e-5 * rng.standard_normal((4, 4))
    assert np.abs(start.T @ start - np.eye(4)).max() > 1e-6  # known false before
    delta, Q = refined(B, start)
    assert np.abs(Q.T @ Q - np.eye(4)).max() < 1e-8
    assert np.abs(Q.T @ B @ Q - np.diag([1, 1, 3, -2])).max() < 1e-8
    # the quotients square it once more
    assert np.abs(delta - [1, 1, 3, -2]).max() < 1e-14
