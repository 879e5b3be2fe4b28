"""The gradient-flow limit: Bessel form against quadrature, the optimality equation, ridge, and the
phase borders.
"""

import numpy as np
import pytest
from scipy.integrate import quad

import quadmeta as qm
from quadmeta.theory import gradient_flow as flow, phases

GRID = [(psi, s) for psi in (0.05, 0.6, 1.0, 1.6, 9.0) for s in (0.01, 0.7, 30.0)]


@pytest.mark.parametrize(("psi", "s"), GRID)
def test_bessel_form_and_optimality_equation(psi, s):
    tau = flow.optimal_time(psi, s)

    def K(u):
        return float(flow.kernel(psi, u))

    def integral(f, a, b):
        return quad(f, a, b, epsabs=1e-14, epsrel=1e-13, limit=400)[0]

    first = integral(K, 0, tau) + integral(K, tau, 2 * tau)
    second = integral(lambda u: K(u) * u, 0, tau) + integral(
        lambda u: K(u) * (2 * tau - u), tau, 2 * tau
    )
    assert 1 - first + s * psi * second == pytest.approx(flow.flow_risk(psi, s, tau), abs=1e-13)
    assert K(2 * tau) == pytest.approx(s * psi * integral(K, tau, 2 * tau), rel=1e-10)
    risks = [flow.flow_risk(psi, s, tau * x) for x in (0.5, 0.9, 0.999, 1, 1.001, 1.1, 2)]
    assert (
        np.argmin(risks) == 3 and (np.diff(risks[:4]) < 0).all() and (np.diff(risks[3:]) > 0).all()
    )


@pytest.mark.parametrize(("psi", "s"), GRID)
def test_ridge_is_below_flow_and_flow_is_near_ridge(psi, s):
    """Ridge solves its quadratic; flow at 0.4571/delta is within 1.0786 of it for every spectrum."""
    ridge = flow.ridge_risk(psi, s)
    assert ridge**2 + (1 / psi + s - 1) * ridge - s == pytest.approx(
        0, abs=1e-13 * (1 + s + 1 / psi)
    )
    assert ridge <= flow.flow_risk(psi, s, flow.optimal_time(psi, s)) * (1 + 1e-14)
    assert flow.flow_risk(psi, s, 0.4571 / (s * psi)) <= 1.0786 * ridge


def test_limits_of_the_kernel_and_the_golden_values():
    assert flow.kernel(1.6, 0.0) == 1.0 and flow.kernel(1.6, 1e-9) == pytest.approx(
        1 - 2.6e-9, rel=1e-12
    )
    assert quad(lambda u: float(flow.kernel(0.5, u)), 0, np.inf)[0] == pytest.approx(1.0, abs=1e-9)
    assert quad(lambda u: float(flow.kernel(2.0, u)), 0, np.inf)[0] == pytest.approx(0.5, abs=1e-9)
    tau = flow.optimal_time(1.6, 0.7)
    assert [tau, flow.flow_risk(1.6, 0.7, tau)] == pytest.approx(
        [0.5863112909, 0.6949133571], abs=1e-10
    )
    assert flow.ridge_risk(1.6, 0.7) == pytest.approx(0.6897946967, abs=1e-10)


def test_best_step_of_many_steps_tends_to_the_flow():
    for T in (100, 400):
        risk = qm.PopulationRisk(qm.MarchenkoPastur.of(1.6, np.sqrt(0.7), T), qm.GradientDescent(T))
        assert T * risk.minimizer() == pytest.approx(flow.optimal_time(1.6, 0.7), rel=2 / T)


def test_train_step_tends_to_its_limit_at_the_stated_rate():
    psi, s = 1.6, 0.7
    low, high, delta = (1 - np.sqrt(psi)) ** 2, (1 + np.sqrt(psi)) ** 2, s * psi
    constant = 2 * np.sqrt(psi) / (1 + psi) / 4 * np.log((high + delta) / (low + delta))
    errors = []
    for T in (100, 200, 400):
        train = qm.TrainByTrain(qm.MarchenkoPastur.of(psi, np.sqrt(s), T), qm.GradientDescent(T))
        errors.append(abs(T * (1 - (1 + psi) * train.minimizer()) / constant - 1))
    assert errors[0] < 0.05 and errors[2] < errors[1] / 1.8 < errors[0] / 3


@pytest.mark.parametrize("nu", [0.1, 0.625, 0.99, 1.01, 2.5, 40.0])
def test_borders_are_where_two_risks_are_equal(nu):
    s = phases.worse_than_zero(nu)
    assert phases.train_by_train_risk(nu, s) == pytest.approx(1, rel=1e-12)
    assert phases.train_by_train_risk(nu, 1.01 * s) > 1 > phases.train_by_train_risk(nu, 0.99 * s)
    for f in (0.2, 0.5, 0.9):
        s = phases.fair_split(nu, f)
        gaps = [
            phases.train_by_train_risk(nu, x) - flow.ridge_risk(1 / (f * nu), x)
            for x in (0.99 * s, s, 1.01 * s)
        ]
        assert gaps[0] < 0 < gaps[2] and abs(gaps[1]) < 1e-12 * (
            1 + phases.train_by_train_risk(nu, s)
        )
    for G in (1.1, 2.0, 30.0):
        s = phases.same_size(nu, G)
        assert phases.train_by_train_risk(nu, s) == pytest.approx(
            G * flow.ridge_risk(1 / nu, s), rel=1e-11
        )


# 30 digits, by quadrature of the spectrum with mpmath
FLOW_BORDERS = [
    (3.0, 0.5, 1.0278414809611114174),
    (4.0, 0.75, 0.82058388856930976511),
]


@pytest.mark.parametrize(("nu", "f", "s"), FLOW_BORDERS)
def test_border_of_a_fair_split_for_the_flow(nu, f, s):
    found = phases.fair_split_flow(nu, f)
    assert found == pytest.approx(s, rel=1e-13)
    assert found > 1.02 * phases.fair_split(nu, f)


def _stopped(nu, s):
    """Best risk of the flow, by scanning times."""
    return min(flow.flow_risk(1 / nu, s, tau) for tau in np.geomspace(0.05, 50, 800))


@pytest.mark.parametrize(("nu", "f"), [(0.2, 0.5), (0.9, 0.25), (1.3, 0.8), (2.0, 0.5), (6.0, 0.1)])
def test_flow_loses_below_its_border_and_wins_above(nu, f):
    s = phases.fair_split_flow(nu, f)
    for x, wins in ((0.98 * s, False), (1.02 * s, True)):
        assert (_stopped(f * nu, x) < phases.train_by_train_risk(nu, x)) == wins
    # at ridge's own border the flow still loses
    low = phases.fair_split(nu, f)
    assert low < s
    assert _stopped(f * nu, low) > phases.train_by_train_risk(nu, low)


def test_flow_and_ridge_meet_where_nothing_is_to_be_decided():
    assert phases.fair_split_flow(1.0, 0.3) == phases.fair_split(1.0, 0.3) == 0
    # few samples: one step is as good as ridge
    assert phases.fair_split_flow(1e-4) == pytest.approx(phases.fair_split(1e-4), rel=1e-4)


BAD = {
    "split": (lambda: phases.fair_split_flow(1e-60, 1e-60), "n_1 / d = "),
    "aspect": (lambda: flow.flow_risk(0.0, 1.0, 1.0), "aspect = 0.0"),
    "noise": (lambda: flow.ridge_risk(1.0, -1.0), "noise = -1.0"),
    "no noise": (lambda: flow.optimal_time(1.0, 0.0), "noise = 0"),
    "tau": (lambda: flow.flow_risk(1.0, 1.0, -1.0), "tau = -1.0"),
    "nu = 1": (lambda: phases.train_by_train_risk(1.0, 1.0), "nu = 1"),
    "fraction": (lambda: phases.fair_split(2.0, 1.0), "fraction = 1.0"),
    "ratio": (lambda: phases.same_size(2.0, 1.0), "ratio = 1.0"),
    "negative time": (lambda: flow.kernel(1.0, [0.5, -0.5]), "u has the negative entry -0.5"),
    "late": (
        lambda: flow.flow_risk(1.0, 1.0, 1e300),
        "tau = 1e.300 times sqrt.aspect. exceeds 1e.09",
    ),
    "little noise": (lambda: flow.optimal_time(1.0, 1e-30), "too late for the quadrature"),
    "far ratio": (lambda: phases.same_size(2.0, 1e200), "ratio = 1e.200"),
    "text": (lambda: phases.worse_than_zero("1"), "nu"),
    "far noise": (lambda: flow.ridge_risk(1.0, 1e200), "noise = 1e.200"),
    "nu": (lambda: phases.worse_than_zero(-1.0), "nu = -1.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        call()
