"""Constant steps: enumeration of all draws in fractions, borders against eigenvalues."""

import math
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest

from quadmeta.theory import sampled_solves, single_loop

NU = F(9, 16)
NOISE = [(F(1, 2), F(1, 3)), (F(-1, 2), F(-1, 3))]
PHI, X, START = F(2), F(1, 5), F(9)
TARGET = F(4)
"""v_* = (2, 0), w_0 - w_* = (0, 3)."""
SQUARE = F(1, 4) + F(1, 9)


def split(draws, run):
    """Bias squared and variance of v over equally likely draws."""
    values = [run(draw) for draw in draws]
    mean = [sum(v[k] for v in values) / len(values) for k in (0, 1)]
    second = sum(v[0] ** 2 + v[1] ** 2 for v in values) / len(values)
    bias = (mean[0] - 2) ** 2 + mean[1] ** 2
    return bias, second - mean[0] ** 2 - mean[1] ** 2


def gradient(h, noise, e):
    """Of a sample at w_* + e."""
    return [h * e[k] - noise[k] for k in (0, 1)]


HESSIANS = [F(1, 4), F(7, 4)]
"""Equally likely: mean 1, relative variance 9/16."""


def moved(e, h, noise):
    return [e[k] - X * g for k, g in enumerate(gradient(h, noise, e))]


@pytest.mark.parametrize("shared", [True, False])
def test_soba_beside_moving_weights(shared):
    def run(draw):
        e, v = [F(0), F(3)], [F(0), F(0)]
        for h, noise, other in draw:
            g = [2 + PHI * e[0], PHI * e[1]]
            own = h if shared else other
            v = [v[k] - X * (own * v[k] - g[k]) for k in (0, 1)]
            e = moved(e, h, noise)
        return v

    steps = product(product(HESSIANS, NOISE, HESSIANS), repeat=3)
    found = single_loop.beside_inner(X, NU, PHI, SQUARE, START, 3, TARGET, shared)
    assert split(list(steps), run) == (found.bias_square, found.variance)


def test_a_series_after_inner_steps():
    def run(draw):
        e = [F(0), F(3)]
        for h, noise in draw[:2]:
            e = moved(e, h, noise)
        residual = total = [2 + PHI * e[0], PHI * e[1]]
        for h in draw[2:]:
            residual = [(1 - X * h) * r for r in residual]
            total = [t + r for t, r in zip(total, residual, strict=True)]
        return [X * t for t in total]

    steps = [list(product(HESSIANS, NOISE))] * 2 + [HESSIANS] * 3
    inner = single_loop.inner_error(X, NU, SQUARE, START, 2)
    found = single_loop.after_inner(sampled_solves.series(X, NU, 3), inner, PHI, TARGET)
    assert split(list(product(*steps)), run) == (found.bias_square, found.variance)


def test_a_penalty_along_its_run():
    s = F(3)

    def run(draw):
        e, y = [F(0), F(3)], [F(0), F(3)]
        for h, noise, other, its in draw:
            outer = [2 + PHI * y[0], PHI * y[1]]
            y = [m - X / s * g for m, g in zip(moved(y, other, its), outer, strict=True)]
            e = moved(e, h, noise)
        return [s * (e[k] - y[k]) for k in (0, 1)]

    steps = product(product(HESSIANS, NOISE, HESSIANS, NOISE), repeat=2)
    found = single_loop.penalty_error(s, X, NU, PHI, SQUARE, START, 2, TARGET)
    assert split(list(steps), run) == (found.bias_square, found.variance)


def test_rest_is_the_end_of_the_run():
    setting = {"x": 0.2, "nu": 1.5, "coupling": 2.0, "noise": 0.3, "target": 4.0}
    for shared in (True, False):
        late = single_loop.beside_inner(**setting, start=9.0, steps=400, shared=shared)
        _, _, total = single_loop.beside_limit(**setting, shared=shared)
        assert late.mean_square == pytest.approx(total, rel=1e-12)
    late = single_loop.penalty_error(5.0, **setting, start=9.0, steps=400)
    rest = sampled_solves.penalty(5.0, **setting)
    assert late.variance == pytest.approx(4 * rest.variance, rel=1e-12)
    assert late.bias_square == pytest.approx(4 * rest.bias**2, rel=1e-12)
    shared = single_loop.beside_limit(F(1, 6), 2, 2, F(1, 4), 16)
    assert shared == (F(1, 36), F(5, 162), F(2651, 729))
    independent = single_loop.beside_limit(F(1, 6), 2, 2, F(1, 4), 16, shared=False)
    assert independent == (F(1, 36), F(5, 198), F(3229, 891))
    # no digits are lost at short steps
    for shared in (True, False):
        exact = single_loop.beside_limit(F(1e-9), 2, 2, F(1, 4), 16, shared)
        found = single_loop.beside_limit(1e-9, 2.0, 2.0, 0.25, 16.0, shared)
        assert found == pytest.approx([float(one) for one in exact], rel=1e-14, abs=0)
    with pytest.raises(ValueError, match=r"must be < 2: shorten the step"):
        single_loop.beside_limit(0.5, 3.0, 1.0, 1.0)


def test_arrays_are_numbers_one_by_one():
    x = np.array([0.05, 0.1])
    found = single_loop.beside_inner(x, 2.0, 1.0, 0.5, 1.0, 7)
    each = [single_loop.beside_inner(float(one), 2.0, 1.0, 0.5, 1.0, 7).variance for one in x]
    assert found.variance == pytest.approx(each, rel=1e-14)


@pytest.mark.parametrize(
    "rho, nu, shared, independent",
    [
        (0.2, 2.0, 0.1862828075689, 0.154217097535916),
        (0.05, 11.0, 0.0479177511873647, 0.0372463793446094),
        (0.5, 2.0, 0.179016756092057, 0.102892986649009),
        (1.2, 0.5, 0.0440538284293716, 0.129057436598279),
    ],
)
def test_borders_in_the_mean_square(rho, nu, shared, independent):
    for together, value in ((True, shared), (False, independent)):
        found = single_loop.mean_square_limit(rho, nu, together)
        assert found == pytest.approx(value, rel=1e-12)


def test_borders_are_where_the_radius_passes_one():
    for rho, nu, phi in product((0.05, 0.3, 0.7), (0.0, 0.5, 1.8), (0.5, 3.0)):
        if rho * (1 + nu) >= 2:
            continue
        for shared in (True, False):
            border = single_loop.mean_square_limit(rho, nu, shared) / phi
            for factor in (1 - 1e-4, 1 + 1e-4):
                loop = single_loop.IsotropicLoop(rho, border * factor, phi, nu, shared=shared)
                assert (loop.mean_square_radius < 1) == (factor < 1)
    for rho in (0.01, 0.2, 1.0, 1.5, 1.9):
        border = single_loop.mean_limit(rho)
        for factor in (1 - 1e-6, 1 + 1e-6):
            loop = single_loop.IsotropicLoop(rho, border * factor, 1.0, 0.0)
            assert (loop.mean_radius < 1) == (factor < 1)
    assert single_loop.mean_limit(1.0) == pytest.approx((math.sqrt(5) - 1) / 2, rel=1e-15)
    assert single_loop.mean_limit(0.2) == pytest.approx((15 * math.sqrt(5) - 33) / 2, rel=1e-13)
    # without noise of the Hessian both borders are one
    for rho in (0.1, 0.9):
        square = single_loop.mean_square_limit(rho, 0.0)
        assert square == pytest.approx(single_loop.mean_limit(rho), rel=1e-10)
    # small steps
    for nu, shared, slope in ((2.0, True, 5.5), (2.0, False, 6.5)):
        border = single_loop.mean_square_limit(1e-4, nu, shared)
        assert (1 - border / 2e-4) / 1e-4 == pytest.approx(slope, rel=1e-2)
    with pytest.raises(ValueError, match="no gamma is stable"):
        single_loop.mean_square_limit(0.7, 2.0)


def test_rest_of_the_isotropic_loop():
    exact = {
        (True, 0.25): F(2249644, 82985975),
        (False, 0.25): F(7199308, 152996675),
        (True, 0.0): F(614656, 82985975),
    }
    for (shared, noise), value in exact.items():
        loop = single_loop.IsotropicLoop(0.1, 0.05, 2.0, 2.0, ridge=0.5, shared=shared)
        found = loop.steady_state(1.0, noise)[2, 2]
        assert found == pytest.approx(float(value), rel=1e-12)
    with pytest.raises(ValueError, match="second moments grow"):
        single_loop.IsotropicLoop(0.2, 0.2, 1.0, 2.0).steady_state()


def small(exact=True, shared=True, gamma=F(1, 8)):
    """Two samples of each loss, one weight."""
    kind = F if exact else float
    h, c = [kind(F(1, 2)), kind(F(3, 2))], [kind(F(1, 4)), kind(F(-1, 2))]
    phi, a = [kind(1), kind(2)], [kind(1), kind(F(-1, 2))]
    return single_loop.SingleLoop(
        [[[x]] for x in h],
        [[[x]] for x in h],
        [[x] for x in c],
        [[[x]] for x in phi],
        [[x * y] for x, y in zip(phi, a, strict=True)],
        kind(F(1, 4)),
        kind(gamma),
        direct_hessians=[[[kind(F(1, 2))]]] * 2,
        shared=shared,
    )


def enumerated(steps, shared):
    h, c = [F(1, 2), F(3, 2)], [F(1, 4), F(-1, 2)]
    phi, a = [F(1), F(2)], [F(1), F(-1, 2)]
    rho, gamma = F(1, 4), F(1, 8)
    inner = [(i, i, i) for i in (0, 1)] if shared else list(product((0, 1), repeat=3))
    ends = []
    for draw in product(product(inner, (0, 1)), repeat=steps):
        w, v, alpha = F(0), F(0), F(1)
        for (i, k, q), j in draw:
            directions = (
                h[i] * (w - alpha) - c[i],
                h[k] * v + phi[j] * (w - a[j]),
                -h[q] * v + alpha / 2,
            )
            w -= rho * directions[0]
            v -= rho * directions[1]
            alpha -= gamma * directions[2]
        ends.append((w, v, alpha))
    mean = [sum(end[k] for end in ends) / len(ends) for k in range(3)]
    second = [
        [sum(end[k] * end[q] for end in ends) / len(ends) for q in range(3)] for k in range(3)
    ]
    return mean, second


@pytest.mark.parametrize("shared, steps", [(True, 3), (False, 2)])
def test_a_finite_sum_by_enumeration(shared, steps):
    mean, second = small(shared=shared).moments(steps, [F(0), F(0), F(1)])
    assert (mean.tolist(), second.tolist()) == enumerated(steps, shared)
    if shared:
        assert mean.tolist() == [F(475, 1024), F(-51, 256), F(3333, 4096)]
        assert np.diag(second).tolist() == [
            F(908027, 4194304),
            F(101209, 524288),
            F(11185545, 16777216),
        ]


def test_rest_of_a_finite_sum():
    loop = small(exact=False)
    mean, second = loop.moments(2000, [0.0, 0.0, 1.0])
    centre, covariance = loop.steady_state()
    assert mean == pytest.approx(centre, rel=1e-9)
    assert second - np.outer(mean, mean) == pytest.approx(covariance, rel=1e-9)
    # the radius is the rate of growth, and the limit of gamma is where it passes 1
    wild = small(exact=False, gamma=F(20))
    assert wild.mean_square_radius > 1
    with pytest.raises(ValueError, match="second moments grow"):
        wild.steady_state()
    with pytest.raises(OverflowError, match="pass fractions"):
        wild.moments(10_000, [0.0, 0.0, 1.0])


def test_the_isotropic_loop_is_a_finite_sum():
    """h = 1 +- 1/2 in one dimension: nu = 1/4, with label noise +- 1/3 beside it."""
    h = np.repeat([0.5, 1.5], 2)
    b = np.tile([1 / 3, -1 / 3], 2)
    for shared in (True, False):
        loop = single_loop.SingleLoop(
            h[:, None, None], h[:, None, None], b[:, None], [[[2.0]]], [[2.0]], 0.1, 0.05,
            direct_hessians=[[[0.5]]], shared=shared,
        )  # fmt: skip
        isotropic = single_loop.IsotropicLoop(0.1, 0.05, 2.0, 0.25, ridge=0.5, shared=shared)
        assert loop.mean_radius == pytest.approx(isotropic.mean_radius, rel=1e-12)
        assert loop.mean_square_radius == pytest.approx(isotropic.mean_square_radius, rel=1e-12)
        _, covariance = loop.steady_state()
        assert covariance == pytest.approx(isotropic.steady_state(1.0, 1 / 9), rel=1e-9)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(
        ValueError, match=r"crossed has shape \(2, 2, 1\): pass shape \(1, 2, any\)"
    ):
        single_loop.SingleLoop(
            np.eye(2)[None], np.ones((2, 2, 1)), np.ones((1, 2)), np.eye(2)[None], [[1.0, 0.0]],
            0.1, 0.1,
        )  # fmt: skip
