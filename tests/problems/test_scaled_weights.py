"""Spectral weights lambda e^2 / 2 far outside float64: values, derivatives and minimisers as
mpmath has them.
"""

import mpmath
import numpy as np
import pytest

import quadmeta as qm

FAR = {
    "tiny": ([1e-60, 2e-60], [1e-140, 1e-140]),
    "huge": ([1e60, 2e60], [1e130, -1e130]),
    "ends": ([1e-150, 3e-150], [1e-150, 2e-150]),
    "other ends": ([1e149, 1e150], [1e150, 1e149]),
    "wide": ([1e-40, 1e-39, 1e-38], [1e-140, 1.0, 1e110]),
}


def loss(lam, error, steps, eta):
    """F of one task at 60 digits."""
    return mpmath.fsum(
        mpmath.mpf(x) * mpmath.mpf(e) ** 2 / 2 * (1 - mpmath.mpf(eta) * x) ** (2 * steps)
        for x, e in zip(lam, error, strict=True)
    )


def test_the_logarithm_of_a_loss_that_float64_cannot_hold():
    gd = qm.GradientDescent(5)
    for name, log in (("tiny", -783.3127238117), ("huge", 736.3934375644)):
        lam, error = FAR[name]
        problem, eta = qm.Quadratic.from_spectrum(lam, error=error), 0.1 / lam[-1]
        assert qm.NaiveObjective(problem, gd)(eta).log == pytest.approx(log, abs=1e-9)
        assert 5 * qm.LogObjective(problem, gd)(eta) == pytest.approx(log, abs=1e-9)


@pytest.mark.parametrize("name", FAR)
@pytest.mark.parametrize("method", ["GradientDescent", "HeavyBall", "Nesterov"])
@pytest.mark.filterwarnings("error")
def test_all_objectives_agree_with_mpmath(name, method):
    (lam, error), T = FAR[name], 4
    problem, eta = qm.Quadratic.from_spectrum(lam, error=error), 0.3 / lam[-1]
    optimizer = (
        qm.GradientDescent(T)
        if method == "GradientDescent"
        else getattr(qm, method)(T, momentum=0.4)
    )
    naive, log = qm.NaiveObjective(problem, optimizer), qm.LogObjective(problem, optimizer)
    with mpmath.workdps(60):

        def exact(x):
            if method == "GradientDescent":
                return loss(lam, error, T, x)
            total = mpmath.mpf(0)
            for value, e in zip(lam, error, strict=True):
                before = now = mpmath.mpf(e)
                for _ in range(T):
                    ahead = now + mpmath.mpf(0.4) * (now - before)
                    at = ahead if method == "Nesterov" else now
                    before, now = now, ahead - x * value * at
                total += value * now**2 / 2
            return total

        unit = mpmath.mpf(eta)
        value = exact(unit)
        slope = mpmath.diff(lambda x: mpmath.log(exact(x * unit)), 1) / unit
        bend = mpmath.diff(lambda x: exact(x * unit), 1, 2) / unit**2
        assert naive(eta).log == pytest.approx(float(mpmath.log(value)), rel=1e-14)
        assert log.gradient(eta) == pytest.approx(float(slope / T), rel=1e-12)
        if method == "GradientDescent" or name in ("tiny", "huge"):
            assert naive.curvature(eta).log == pytest.approx(
                float(mpmath.log(abs(bend))), rel=1e-12
            )
        root = qm.RootObjective(problem, optimizer)(eta)
        assert root == pytest.approx(float(mpmath.root(value, 2 * T)), rel=1e-12)


@pytest.mark.parametrize("name", FAR)
def test_minimiser_and_bound_have_no_scale(name):
    lam, error = FAR[name]
    log = qm.LogObjective(qm.Quadratic.from_spectrum(lam, error=error), qm.GradientDescent(3))
    best, unit = log.minimizer(), 1 / lam[-1]
    with mpmath.workdps(60):

        def slope(x):
            return mpmath.fsum(
                mpmath.mpf(v)
                / lam[-1]
                * (mpmath.mpf(v) * mpmath.mpf(e) ** 2 / lam[-1])
                * (1 - x * v / lam[-1]) ** 5
                for v, e in zip(lam, error, strict=True)
            )

        middle = mpmath.mpf(best / unit)
        assert slope(middle * (1 - mpmath.mpf(1e-14))) > 0 > slope(middle * (1 + mpmath.mpf(1e-14)))
    assert abs(log.gradient(0.5 * best)) < log.gradient_bound()


def test_scaled_weights_of_a_batch_and_of_given_numbers():
    lam, error = (np.array([x, x]) for x in FAR["huge"])
    pooled = qm.LogObjective(qm.Quadratic(lam, error), qm.GradientDescent(5))
    alone = qm.LogObjective(qm.Quadratic(lam[0], error[0]), qm.GradientDescent(5))
    assert pooled(0.1 / 2e60) == pytest.approx(alone(0.1 / 2e60), rel=1e-15)
    given = qm.Quadratic.from_spectrum([1e100, 2e100], weights=[1e-300, 3e-299])
    assert given.modes().unscaled.tolist() == [1e-300, 3e-299]
    assert qm.LogObjective(given, qm.GradientDescent(2)).spectrum()[1].tolist() == [1e-300, 3e-299]
    with pytest.raises(ValueError, match="a spectral weight of about 1e319 leaves float64"):
        pooled.spectrum()


def test_weights_that_need_no_scale_keep_their_bits():
    rng = np.random.default_rng(0)
    lam, error = np.sort(10 ** rng.uniform(-40, 40, (50, 4))), 10 ** rng.uniform(-30, 30, (50, 4))
    for x, e in zip(lam, error, strict=True):
        modes = qm.Quadratic.from_spectrum(x, error=e).modes()
        assert modes.exponent == 0 and (modes.weights == x * e**2 / 2).all()
        given = qm.Quadratic.from_spectrum(x, weights=e)
        assert (given.error == np.sqrt(2 * e / x)).all() and (given.modes().weights == e).all()


def test_more_decades_than_float64_holds_are_refused_with_a_remedy():
    with pytest.raises(
        ValueError, match="span 900 decades, float64 holds 600: set the error of the lightest"
    ):
        qm.Quadratic.from_spectrum([1e-150, 1.0, 1e150], error=[1e-150, 1.0, 1e150])
    for weights in ([1e-301, 1.0], [1.0, 1e301]):
        with pytest.raises(
            ValueError, match="weights has the entry 1e.*range 1e-300..1e.300: rescale"
        ):
            qm.Quadratic.from_spectrum([1.0, 2.0], weights=weights)
