"""Statements about SGD in expectation: limits against the flags, fourth moments, laws of the best
step size.
"""

from fractions import Fraction as F
from itertools import product
from sys import modules

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.claims.derived.stochastic.finite_sample_mean_square_limit import bracket
from quadmeta.claims.derived.stochastic.streaming_heavy_tail import fourth, second
from quadmeta.claims.families import sgd as _sgd
from quadmeta.problems.noisy_quadratic import NoisyQuadratic
from quadmeta.problems.sampled_rows import SampledRows
from quadmeta.problems.streaming_gaussian import StreamingGaussian
from quadmeta.verification.decide import decide
from tests.helpers import case
from tests.reference import fractions

PERCENT = F(99, 100)


def test_streaming_limit_is_where_the_flag_turns():
    rng = np.random.default_rng(2)
    for d in (1, 2, 4):
        lam = [F(int(v), 7) for v in rng.integers(1, 30, d)]
        limit = StreamingGaussian.from_spectrum(
            np.array(lam, dtype=float), np.ones(d)
        ).mean_square_limit()
        for factor, stable in ((1 - F(1, 10**9), 1), (1 + F(1, 10**9), 0)):
            found = case(
                "derived_streaming_mean_square_limit",
                eigenvalues=lam,
                error=[1] * d,
                eta=F(limit) * factor,
                steps=1,
            )
            assert found.lhs[0] == found.rhs[0] == stable
            near = limit * float(1 + 1000 * (factor - 1))
            radius = np.linalg.eigvalsh(_sgd.transition(np.array(lam, dtype=float), near))
            assert (radius[-1] < 1) == bool(stable) and radius[0] > 0


def test_streaming_limit_itself_is_unstable():
    x = {"eigenvalues": (1, 1), "error": (1, 2), "eta": "1/2", "steps": 1}
    found = case("derived_streaming_mean_square_limit", **x)
    assert found.lhs[0] == 0 and found.lhs[2] == found.rhs[3] == 1
    assert _sgd.definite(np.diag(fractions(1, 1)) - _sgd.transition(fractions(1, 1), F(1, 2))) == (
        False,
        True,
    )


def test_one_streaming_step_by_all_fourth_moments():
    """E e'e'^T entry by entry, off the diagonal too, against S V + V S and 2 S V S + tr(SV) S."""
    lam, e, eta, sigma = fractions(1, 3, "1/2"), fractions(1, -2, 3), F(1, 7), F(2)
    entries, S, V = _sgd.streamed(e, eta, sigma), np.diag(lam), np.outer(e, e)
    after = (
        V
        - eta * (S @ V + V @ S)
        + eta**2 * (2 * S @ V @ S + np.trace(S @ V) * S)
        + eta**2 * sigma**2 * S
    )
    for i, j in product(range(3), repeat=2):
        assert _sgd.expectation(_sgd.times(entries[i], entries[j]), [*lam, F(1)]) == after[i, j]
    assert (
        np.diag(after).tolist()
        == (_sgd.transition(lam, eta) @ (e * e) + eta**2 * sigma**2 * lam).tolist()
    )


@pytest.mark.parametrize("d", [1, 3, 10])
def test_fourth_moment_of_one_step(d):
    rng, y = np.random.default_rng(d), 0.3 / (d + 2)
    assert second(1, F(1, 3)) == F(2, 3)
    x = rng.standard_normal((400000, d))
    e = np.zeros(d)
    e[0] = 1.0
    after = ((e - y * x[:, :1] * x) ** 2).sum(axis=1)
    error = after.std() / len(x) ** 0.5, (after**2).std() / len(x) ** 0.5
    assert (
        abs(after.mean() - second(d, y)) < 5 * error[0]
        and abs((after**2).mean() - fourth(d, y)) < 5 * error[1]
    )
    limit = StreamingGaussian.from_spectrum(np.full(d, 2.0), np.ones(d)).fourth_moment_limit()
    assert fourth(d, 2 * limit) == pytest.approx(1, rel=1e-12) and second(d, 2 * limit) < 1


def test_finite_sample_limit_is_where_the_flag_turns():
    for rows in (
        [(1, 2, 0), (2, 1, 2)],
        [(1, 0, 0), (2, 1, 0), (-1, 1, 0), (0, 2, 0)],
        [(1, 1, 1), (2, 2, 2), (0, 1, 0)],
    ):
        columns = dict(zip(("first", "second", "third"), zip(*rows, strict=True), strict=True))
        limit = SampledRows(np.array(rows, dtype=float), np.ones(len(rows))).mean_square_limit()
        for factor, stable in ((1 - F(1, 10**9), 1), (1 + F(1, 10**9), 0)):
            found = case(
                "derived_finite_sample_mean_square_limit",
                **columns,
                targets=(1,) * len(rows),
                eta=F(limit) * factor,
                steps=1,
            )
            assert found.lhs[0] == found.rhs[0] == stable


def test_one_row_is_stable_below_twice_its_inverse_square():
    x = {"first": (1,), "second": (2,), "third": (-2,), "targets": (1,), "steps": 2}
    for eta, stable in (("221/1000", 1), ("2/9", 0), ("223/1000", 0)):
        assert case("derived_finite_sample_mean_square_limit", **x, eta=eta).lhs[0] == stable


@pytest.mark.parametrize(
    "low, high, status",
    [
        (1, 1, "holds"),
        (PERCENT, 1, "refuted"),
        (1 / PERCENT, 1, "refuted"),
        (1, 1 / PERCENT, "refuted"),
        (1, PERCENT, "refuted"),
    ],
)
def test_finite_sample_bounds_are_tight(low, high, status, monkeypatch):
    def altered(X):
        return low * bracket(X)[0], high * bracket(X)[1]

    monkeypatch.setattr(modules[bracket.__module__], "bracket", altered)
    assert decide(qm.claim("derived_finite_sample_mean_square_limit")).status == status


def test_recursion_is_the_average_over_all_sequences():
    """81 sequences of three rows; n < d; the minimum-norm solution is rational."""
    X, y = np.array([[F(1), F(2), F(0)], [F(0), F(1), F(1)]], dtype=object), fractions(1, -1)
    rows = SampledRows(X, y)
    # no residual: the floor is 0
    assert _sgd.average(X, y, F(1, 5), 4) == rows.recursion(4, F(1, 5))
    assert _sgd.average(X, y, F(1, 4), 4) != rows.recursion(4, F(1, 5))


def bisect(f, low, high):
    """A zero of an increasing function."""
    assert f(low) < 0 < f(high)
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return low


@pytest.mark.parametrize(
    "lam, noise", [((1.0, 2.0), (1.0, 0.5)), ((0.5, 0.5, 3.0), (0.0, 0.2, 1.0))]
)
def test_best_step_size_under_additive_noise(lam, noise):
    """2 mu T eta* - log(8 mu T omega/tr Sigma) = O(log T / T); 2 mu T eta* / log T is still off at
    T = 10^6.
    """
    lam, noise = [mp.mpf(v) for v in lam], [mp.mpf(v) for v in noise]
    mu, trace = min(lam), sum(noise)
    omega = sum(v / 2 for v in lam if v == mu)
    with mp.workdps(30):
        gaps = []
        for T in (10**3, 10**4, 10**5, 10**6):

            def gradient(eta):
                return mp.fsum(
                    -T * v**2 * (1 - eta * v) ** (2 * T - 1)
                    + s
                    * (
                        (1 - (1 - eta * v) ** (2 * T)) / (2 - eta * v) ** 2
                        + T * eta * v * (1 - eta * v) ** (2 * T - 1) / (2 - eta * v)
                    )
                    for v, s in zip(lam, noise, strict=True)
                )

            formula = mp.log(8 * mu * T * omega / trace) / (2 * mu * T)
            best = bisect(gradient, formula / 2, formula * 2)
            gaps.append(abs(2 * mu * T * (best - formula)))
            assert gaps[-1] < 4 * (1 + 1 / mu) * mp.log(T) ** 2 / T * max(lam)
        assert gaps[-1] < gaps[0] / 50
        assert abs(best / formula - 1) < 1e-3 < abs(2 * mu * T * best / mp.log(T) - 1)


def test_additive_noise_gradient_is_the_formula():
    lam, c, s = fractions(1, 2), fractions(1, 3), fractions(1, 5)
    eta, T, step = F(1, 10), 4, F(1, 10**9)
    problem = NoisyQuadratic(lam, c, s)
    numeric = (problem.recursion(T, eta + step) - problem.recursion(T, eta - step)) / (2 * step)
    assert float(numeric) == pytest.approx(float(problem.recursion(T, eta, order=1)), rel=1e-12)


def test_noisy_loss_has_a_floor_and_the_log_flattens():
    lam, e, sigma, eta = np.array([1.0, 2.0]), np.array([1.0, 1.0]), 0.5, 0.2
    problem = StreamingGaussian.from_spectrum(lam, e, sigma)
    B = float(_sgd.strain(lam, eta))
    dB = float((lam / (2 * (1 - eta * lam) ** 2)).sum())
    J, dJ = sigma**2 * B / (1 - B), sigma**2 * dB / (1 - B) ** 2
    for T in (1000, 100000):
        loss, gradient = (float(np.exp(problem.expected(T, eta, order=k).log)) for k in (0, 1))
        assert loss == pytest.approx(J / 2, rel=1e-9) and gradient == pytest.approx(
            dJ / 2, rel=1e-9
        )
        assert gradient / loss == pytest.approx(dJ / J, rel=1e-9)  # T G'
    plain = StreamingGaussian.from_spectrum(lam, e)
    assert plain.expected(1000, eta).log < -100


def test_noise_free_loss_explodes_like_the_spectral_radius():
    lam, e = np.array([1.0, 2.0, 2.5]), np.ones(3)
    problem = StreamingGaussian.from_spectrum(lam, e)
    for eta in (1.1 * problem.mean_square_limit(), 0.6):
        radius = np.linalg.eigvalsh(_sgd.transition(lam, eta))[-1]
        levels = [float(problem.expected(T, eta).log) for T in (1000, 2000)]
        assert radius > 1 and (levels[1] - levels[0]) / 1000 == pytest.approx(
            np.log(radius), rel=1e-9
        )
