"""Definite systems in whole numbers and the response of gradient descent, against fractions and
high precision.
"""

from fractions import Fraction as Q

import mpmath as mp
import numpy as np
import pytest

from quadmeta.arithmetic.definite import Definite, Whole
from quadmeta.arithmetic.response import response


def exactly(x):
    return np.vectorize(Q, otypes=[object])(x)


def values(whole):
    return np.vectorize(lambda d: Q(d) * Q(2) ** whole.exponent, otypes=[object])(whole.digits)


def test_floats_are_whole_numbers_times_a_power_of_two():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4)) * 10.0 ** rng.integers(-200, 200, (3, 4))
    x[0, 0], x[1, 1], x[2, 2] = 0.0, 5e-324, -1.7976931348623157e308
    y = rng.integers(-5, 6, (3, 4)) / 4
    assert (values(Whole.of(x)) == exactly(x)).all() and (Whole.of(x).over(1) == x).all()
    assert (values(Whole.of(x) + Whole.of(y)) == exactly(x) + exactly(y)).all()
    assert (values(-(Whole.of(x).T @ Whole.of(y))) == -(exactly(x).T @ exactly(y))).all()
    assert (values(Whole.of(x) * Whole.of(y)) == exactly(x) * exactly(y)).all()
    assert Whole.of(np.zeros((2, 2))).over(3).tolist() == [[0, 0], [0, 0]]
    assert Whole.of(np.array([1.0, -2.0])).over(Q(3, 7)) == pytest.approx(
        [7 / 3, -14 / 3], rel=1e-16
    )
    assert Whole(np.array([10**400], dtype=object), 0).over(1) == [np.inf]
    assert Whole(np.array([-(10**400)], dtype=object), 0).over(1) == [-np.inf]
    assert Whole(np.array([10**400], dtype=object), 0).over(10**399) == pytest.approx([10.0])


def solved(H, B):
    """H^-1 B by elimination with fractions."""
    n = len(H)
    rows = [[*H[i], *B[i]] for i in range(n)]
    for i in range(n):
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(n):
            if j != i:
                rows[j] = [a - rows[j][i] * b for a, b in zip(rows[j], rows[i], strict=True)]
    return np.array([row[n:] for row in rows], dtype=object)


@pytest.mark.parametrize("scale", [1.0, 1e-100, 1e120])
@pytest.mark.parametrize("ridge", [1.0, 1e-14, 1e-60])
def test_solutions_of_definite_systems_against_fractions(scale, ridge):
    rng = np.random.default_rng(1)
    Z = rng.integers(-4, 5, (3, 5)).astype(float)
    H = exactly(Z.T @ Z) + Q(ridge) * np.eye(5, dtype=int).astype(object)
    units = exactly(np.array([1.0, scale, 1.0, 1 / scale, 3.0]))
    H = units[:, None] * H * units
    B = exactly(rng.standard_normal((5, 2)))
    bottom = max(int(x.denominator) for x in [*H.flat, *B.flat])
    unit = -(bottom.bit_length() - 1)
    M, R = (
        Whole(np.vectorize(lambda x: int(x * bottom), otypes=[object])(x), unit) for x in (H, B)
    )
    found, want = values(Definite(M, 1200).solve(R)), solved(H, B)
    assert max(abs(f / w - 1) for f, w in zip(found.flat, want.flat, strict=True)) < Q(1, 10**100)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1.0, 2.0], [2.0, 1.0]],
        [[0.0, 0.0], [0.0, 1.0]],
        [[-1.0, 0.0], [0.0, 1.0]],
        [[1.0, 1.0], [1.0, 1.0]],
    ],
)
def test_indefinite_and_singular_systems_are_errors(matrix):
    with pytest.raises(ArithmeticError, match="not definite"):
        Definite(Whole.of(np.array(matrix)), 200)


LAM = [0, 0, 1e-12, 1e-7, 3e-7, 1e-6, 1e-3, 0.5, 1, 1 + 2**-40, 3, 4 - 2**-30]


@pytest.mark.parametrize(
    "T, eta", [(1, 0.5), (2, 0.5), (3, 0.5), (50, 0.1), (51, 0.5), (2000, 0.5), (10**6 + 1, 0.5)]
)
def test_the_response_and_its_divided_differences_at_any_horizon(T, eta):
    """(f[1, a_x, a_y] is an entry of f of a bidiagonal matrix, f = z^T (Opitz): no division, no
    coincident points.)
    """
    lam = np.array(LAM)
    S, slopes, shift = response(eta, lam, T)
    assert shift == 0
    with mp.workdps(60):
        a = [1 - mp.mpf(eta) * mp.mpf(float(x)) for x in lam]
        for i in range(len(lam)):
            for j in range(i, len(lam)):
                power = mp.matrix([[1, 1, 0], [0, a[i], 1], [0, 0, a[j]]]) ** T
                want = -(mp.mpf(eta) ** 2) * power[0, 2]
                # near its sign changes at a_y = -1 the difference is small against sum_k a_x^k
                size = abs(want) + mp.mpf(eta) ** 2 * abs(power[0, 1])
                assert (
                    abs(slopes[i, j] - want) <= 1e-13 * size
                    and abs(slopes[j, i] - want) <= 1e-13 * size
                )
            assert abs(S[i] - mp.mpf(eta) * power_sum(a[i], T)) <= 1e-13 * abs(
                mp.mpf(eta) * power_sum(a[i], T)
            )


def power_sum(a, T):
    return mp.mpf(T) if a == 1 else (1 - a**T) / (1 - a)


def test_the_response_of_a_diverging_run_is_scaled():
    lam, eta, T = np.array([0.0, 0.5, 2.1, 3.0]), 1.0, 5000
    S, slopes, shift = response(eta, lam, T)
    with mp.workdps(60):
        a = [1 - mp.mpf(float(x)) for x in lam]
        assert shift == pytest.approx(float(T * mp.log(2)), rel=1e-15)
        scale = mp.exp(-mp.mpf(shift))
        power = mp.matrix([[1, 1, 0], [0, a[2], 1], [0, 0, a[3]]]) ** T
        assert abs(slopes[2, 3] / (-power[0, 2] * scale) - 1) < 1e-11
        assert abs(S[3] / (power_sum(a[3], T) * scale) - 1) < 1e-11
    assert np.isfinite(slopes).all() and S[0] == 0
