"""Moments of SGD against the mean over every sequence of rows or shocks, exactly; and without a
term, which fails.
"""

from fractions import Fraction as Q
from itertools import product

import numpy as np
import pytest

import quadmeta as qm
from tests.reference import sampled

TURN = np.array([[Q(3, 5), Q(-4, 5)], [Q(4, 5), Q(3, 5)]], dtype=object)


def outer_of(p, name, floor):
    """(A, b, m, floor) with outer(w) = ||A w - b||^2 / m - floor."""
    if name == "population":
        return (
            np.array([[Q(int(i == j)) for i in range(len(p.truth))] for j in range(len(p.truth))]),
            p.truth,
            1,
            0,
        )
    A, b = (p.X, p.y) if name == "train" else p.validation
    return A, b, 2 * len(b), floor if name == "train" else 0


@pytest.mark.parametrize(
    "n, d, steps, kind",
    [(3, 2, 4, ""), (2, 4, 3, ""), (3, 3, 3, "copies"), (1, 2, 4, ""), (4, 2, 3, "clean")],
)
def test_sampled_rows_are_the_mean_over_every_sequence_of_rows_exactly(n, d, steps, kind):
    p = sampled(5, n, d, noise=kind != "clean", copies=kind == "copies")
    eta = Q(2, 7)
    best = np.linalg.lstsq(p.X.astype(float), p.y.astype(float), rcond=None)[0]
    for name in p.outers:
        A, b, m, floor = outer_of(p, name, 0)
        values, slopes = [], []
        for rows in product(range(n), repeat=steps):
            w, z = p.initial, p.initial * 0
            for k in rows:
                x = p.X[k]
                w, z = w - eta * x * (x @ w - p.y[k]), z - x * (x @ w - p.y[k]) - eta * x * (x @ z)
            r = A @ w - b
            values.append(r @ r / m)
            slopes.append(2 * r @ (A @ z) / m)
        value, slope = sum(values) / n**steps, sum(slopes) / n**steps
        got = p.recursion(steps, eta, name)
        assert isinstance(got, Q) and p.recursion(steps, eta, name, 1) == slope
        if name == "train":  # whole but for a floor, the least training loss
            assert float(value - got) == pytest.approx(p.loss(best), abs=1e-13)
            assert p.floor == pytest.approx(p.loss(best), abs=1e-13)
        else:
            assert got == value
        for order, want in enumerate((got, slope)):
            scale = abs(float(want)) + float(value) * (1 + steps * order / p.mean_square_limit())
            for result in (
                p.expected(steps, float(eta), name, order).to_float(),
                p.recursion(steps, float(eta), name, order),
            ):
                assert abs(result - float(want)) <= 1e-12 * scale


def test_without_the_coupling_to_the_mean_error_the_moments_are_wrong():
    # known false: the term 2 eta^2 mean r_k (x_k'e) x_k x_k' is not a detail
    p, steps, eta = sampled(5, 4, 2), 3, 0.2
    rows = p.row_space
    without = rows.moments._replace(C=0 * rows.moments.C)
    A = rows.rows
    weights = np.array([A[:, 0] @ A[:, 0], np.sqrt(2) * A[:, 0] @ A[:, 1], A[:, 1] @ A[:, 1]]) / 8
    want = p.expected(steps, eta).to_float()

    def loss(moments):
        (block,) = moments.after(steps, np.array([eta]), 0, weights, np.zeros(2), 0.0)
        return block.to_float()

    assert loss(rows.moments) == pytest.approx(want, rel=1e-13)
    assert abs(loss(without) / want - 1) > 1e-3


def isserlis(S, V):
    """E xx'Vxx' for x ~ N(0, S), from the fourth moments one by one."""
    d = range(len(S))
    return np.array(
        [
            [
                sum(
                    (S[i, a] * S[b, j] + S[i, b] * S[a, j] + S[i, j] * S[a, b]) * V[a, b]
                    for a in d
                    for b in d
                )
                for j in d
            ]
            for i in d
        ],
        dtype=object,
    )


@pytest.mark.parametrize("sigma", [Q(0), Q(3, 2)])
def test_streaming_variances_close_in_the_eigenbasis(sigma):
    lam, error, eta, steps = np.array([Q(1, 3), Q(2)]), np.array([Q(1), Q(-1, 2)]), Q(1, 5), 5
    p = qm.StreamingGaussian.from_spectrum(lam, error, sigma)
    S, e = TURN @ np.diag(lam) @ TURN.T, TURN @ error
    V, dV = e[:, None] * e, np.zeros((2, 2), dtype=object)
    for _ in range(steps):
        dV = (
            dV
            - eta * (S @ dV + dV @ S)
            + eta**2 * isserlis(S, dV)
            - (S @ V + V @ S)
            + 2 * eta * isserlis(S, V)
            + 2 * eta * sigma**2 * S
        )
        V = V - eta * (S @ V + V @ S) + eta**2 * isserlis(S, V) + eta**2 * sigma**2 * S
    for order, want in enumerate((np.trace(S @ V), np.trace(S @ dV))):
        assert p.recursion(steps, eta, "population", order) == want
        assert p.recursion(steps, eta, "train", order) == want / 2
        assert p.expected(steps, float(eta), "population", order).to_float() == pytest.approx(
            float(want), rel=1e-13
        )
    turned = qm.StreamingGaussian.from_covariance(S.astype(float), e.astype(float), float(sigma))
    assert turned.expected(steps, 0.2).to_float() == pytest.approx(
        float(np.trace(S @ V)) / 2, rel=1e-12
    )
    assert turned.mean_square_limit() == pytest.approx(p.mean_square_limit(), rel=1e-13)
    w = np.array([0.3, -2.0])
    assert turned.loss(w) == pytest.approx(
        w @ S.astype(float) @ w / 2 + float(sigma) ** 2 / 2, rel=1e-14
    )
    assert turned.gradient(w) == pytest.approx((S.astype(float) @ w), rel=1e-13)
    assert turned.start == pytest.approx(e.astype(float), rel=1e-13)
    # known false: without the rank-one term the modes decouple
    v = error**2
    for _ in range(steps):
        v = (1 - 2 * eta * lam + 2 * eta**2 * lam**2) * v + eta**2 * sigma**2 * lam
    assert abs((lam * v).sum() / np.trace(S @ V) - 1) > Q(1, 100)


@pytest.mark.parametrize("steps", [1, 3])
def test_additive_noise_is_the_mean_over_every_sequence_of_shocks(steps):
    H, error, eta = TURN @ np.diag([Q(1, 2), Q(3)]) @ TURN.T, np.array([Q(1), Q(-2)]), Q(2, 5)
    shocks = [
        s * u for u in (np.array([Q(1), Q(1, 2)]), np.array([Q(-1, 3), Q(2)])) for s in (1, -1)
    ]
    Sigma = sum(u[:, None] * u for u in shocks) / 4
    values, slopes = [], []
    for draws in product(shocks, repeat=steps):
        e, z = error, error * 0
        for u in draws:
            e, z = e - eta * (H @ e + u), z - (H @ e + u) - eta * (H @ z)
        values.append(e @ H @ e / 2)
        slopes.append(e @ H @ z)
    modes = qm.NoisyQuadratic([Q(1, 2), Q(3)], TURN.T @ error, np.diag(TURN.T @ Sigma @ TURN))
    dense = qm.NoisyQuadratic.from_matrix(H.astype(float), error.astype(float), Sigma.astype(float))
    for order, draws in enumerate((values, slopes)):
        want = sum(draws) / len(shocks) ** steps
        assert modes.recursion(steps, eta, "train", order) == want
        for p in (modes, dense):
            assert p.expected(steps, float(eta), "train", order).to_float() == pytest.approx(
                float(want), rel=1e-13
            )
