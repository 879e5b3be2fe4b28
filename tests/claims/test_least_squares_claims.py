"""Statements about train-by-train and train-by-validation: formulas, tightness, laws in T,
borders, mutants.
"""

from collections import Counter
from fractions import Fraction
from math import prod

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.claims.derived.least_squares.fair_split import DerivedFairSplit
from quadmeta.claims.derived.least_squares.fair_split_descent import DerivedFairSplitDescent
from quadmeta.claims.derived.least_squares.gain_sandwich import DerivedGainSandwich
from quadmeta.claims.derived.least_squares.train_step_limit import DerivedTrainStepLimit
from quadmeta.claims.derived.least_squares.validation_step_scaling import (
    DerivedValidationStepScaling,
)
from quadmeta.claims.derived.least_squares.worse_than_not_training import (
    DerivedWorseThanNotTraining,
)
from quadmeta.claims.families import least_squares as ls
from quadmeta.claims.wang2021.gap_decreases import Wang2021GapDecreases, rmse_gap
from quadmeta.claims.wang2021.large_sample import Wang2021LargeSample
from quadmeta.claims.wang2021.optimal_risk import Wang2021OptimalRisk
from quadmeta.claims.wang2021.small_sample_train import Wang2021SmallSampleTrain
from quadmeta.claims.wang2021.small_sample_validation import Wang2021SmallSampleValidation
from quadmeta.theory import phases
from quadmeta.theory.gradient_flow import optimal_time, ridge_risk
from quadmeta.verification.finding import arrays, examine
from quadmeta.verification.needed import drop
from tests.helpers import case, mutant, status

# class, form, what is changed, how
MUTANTS = [
    (
        Wang2021SmallSampleTrain,
        "printed",
        "4/81 enlarged",
        lambda x, l, r: (l, r * [1, 1, Fraction(101, 100), 1]),
    ),
    (
        Wang2021SmallSampleTrain,
        "printed",
        "1/5 for 1/9",
        lambda x, l, r: (np.append(balance(x, "1/5")[:1], l), np.append(balance(x, "1/5")[1:], r)),
    ),
    (
        Wang2021SmallSampleTrain,
        "printed",
        "2/5 for 3/7",
        lambda x, l, r: (np.append(balance(x, "2/5")[1:], l), np.append(balance(x, "2/5")[:1], r)),
    ),
    (
        Wang2021SmallSampleTrain,
        "stated",
        "1/3 enlarged",
        lambda x, l, r: (l, r * [1, Fraction(101, 100)]),
    ),
    (Wang2021SmallSampleTrain, "stated", "no 1 - rho^T", lambda x, l, r: (l, r[1:].repeat(2))),
    (Wang2021SmallSampleTrain, "stated", "loosened", lambda x, l, r: (l, r * Fraction(99, 100))),
    (
        Wang2021SmallSampleValidation,
        "printed",
        "4/3 of the gain",
        lambda x, l, r: (l * [1, 1, Fraction(4, 3), 1], r),
    ),
    (
        Wang2021SmallSampleValidation,
        "printed",
        "3/4 for the end of the bracket",
        lambda x, l, r: (slope(x, Fraction(3, 4))[1], slope(x, Fraction(3, 4))[0]),
    ),
    (
        Wang2021SmallSampleValidation,
        "printed",
        "7/4 for its beginning",
        lambda x, l, r: slope(x, Fraction(7, 4), begin=True),
    ),
    (
        Wang2021SmallSampleValidation,
        "printed",
        "half of the bound beyond 1/l_+",
        lambda x, l, r: (l, r * [1, 1, 1, Fraction(1, 2)]),
    ),
    (
        Wang2021SmallSampleValidation,
        "stated",
        "1 + nu for 1 + nu + s",
        lambda x, l, r: (np.append(l[:2], 1 / (1 + x["root"] ** 2)), r),
    ),
    (Wang2021SmallSampleValidation, "stated", "2/delta", lambda x, l, r: (l * [1, 2, 1], r)),
    (
        Wang2021SmallSampleValidation,
        "stated",
        "loosened",
        lambda x, l, r: (l * Fraction(99, 100), r),
    ),
    (
        Wang2021LargeSample,
        "printed",
        "epsilon/9",
        lambda x, l, r: (l, r * (1 + x["epsilon"] / 9) / (1 + x["epsilon"])),
    ),
    (
        Wang2021LargeSample,
        "stated",
        "n for n - d",
        lambda x, l, r: (l, r * [1, 1 - x["root"] ** 2]),
    ),
    (
        Wang2021LargeSample,
        "stated",
        "1 + eps/2",
        lambda x, l, r: (l, r * [1 - x["epsilon"] / 9, 1]),
    ),
    (Wang2021LargeSample, "stated", "loosened", lambda x, l, r: (l, r * 2)),
    (
        Wang2021OptimalRisk,
        "repaired",
        "R for R/(1 + psi)",
        lambda x, l, r: (l, r * [1, 1 + Fraction(x["samples"], x["dimension"])]),
    ),
    (Wang2021OptimalRisk, "repaired", "loosened", lambda x, l, r: (l + 1, r)),
    (Wang2021GapDecreases, "repaired", "reversed", lambda x, l, r: (r, l)),
    (DerivedFairSplitDescent, "stated", "by a twentieth", lambda x, l, r: (l * 21 / 20, r)),
    (DerivedFairSplit, "stated", "f for 1 - f", lambda x, l, r: (l, r + (1 - 2 * x["fraction"]))),
    (
        DerivedWorseThanNotTraining,
        "stated",
        "sigma for sigma^2",
        lambda x, l, r: (l, r * x["noise"]),
    ),
    (
        DerivedGainSandwich,
        "stated",
        "s dropped",
        lambda x, l, r: (np.append(1 / (1 + x["aspect"]), l[1:]), r),
    ),
    (
        DerivedGainSandwich,
        "stated",
        "ridge lowered",
        lambda x, l, r: (l, r * [1, Fraction(99, 100)]),
    ),
    (DerivedGainSandwich, "stated", "loosened", lambda x, l, r: (l, r * Fraction(101, 100))),
    (DerivedValidationStepScaling, "stated", "edges swapped", lambda x, l, r: (r, l)),
    (
        DerivedValidationStepScaling,
        "stated",
        "loosened",
        lambda x, l, r: (l, r * Fraction(101, 100)),
    ),
    (DerivedTrainStepLimit, "stated", "sign of psi", lambda x, l, r: (l * [1, -1], r)),
    (
        DerivedTrainStepLimit,
        "stated",
        "0.99/(1 + psi)",
        lambda x, l, r: (np.array([l[0], shifted(x)]), r),
    ),
]


def balance(x, eta):
    """Parts of the slope of the training loss at this step size."""
    psi = x["root"] ** 2
    return ls.train_balance(psi, x["noise"] * psi, Fraction(eta), x["steps"])


def slope(x, part, begin=False):
    """Parts of the slope of the risk at this multiple of 1/(T delta), or of 1/(T (l_+ + delta))."""
    psi, T, v = x["root"] ** 2, x["steps"], x["factor"] ** x["steps"]
    delta = (1 + psi) * v / (1 - v)
    return ls.risk_slope(
        psi, delta, part / T / (delta + (ls.edges(x["root"])[1] if begin else 0)), T
    )


def shifted(x):
    """The right end 1 % lower, which eta*_train has passed at the longest horizon of the cases."""
    (low, high), power = ls.edges(x["root"]), x["ratio"] ** (2 * x["steps"] - 1)
    psi, delta = x["root"] ** 2, (high * power - low) / (1 - power)
    return -ls.train_slope(psi, delta, Fraction(99, 100) / (1 + psi), x["steps"])


@pytest.mark.parametrize(
    "cls, form, what, change", MUTANTS, ids=lambda p: p if isinstance(p, str) else ""
)
def test_mutants_are_noticed(cls, form, what, change):
    expected = "undecided" if what == "loosened" else "refuted"
    assert status(mutant(cls, change), form) == expected


@pytest.mark.parametrize(
    "aspect, noise, steps", [(1.6, 0.7, 7), (0.3, 2.0, 4), (1.0, 0.1, 6), (5.0, 3.0, 1)]
)
def test_rational_formulas_are_those_of_the_library(aspect, noise, steps):
    problem, delta = qm.MarchenkoPastur.of(aspect, noise**0.5, steps), noise * aspect
    optimizer = qm.GradientDescent(steps)
    risk, train = qm.PopulationRisk(problem, optimizer), qm.TrainByTrain(problem, optimizer)
    for eta in (0.05, 0.3, 0.9 / (1 + aspect)):
        part, whole = ls.risk_slope(aspect, delta, eta, steps)
        assert 1 - ls.gain(aspect, delta, eta, steps) == pytest.approx(
            risk(eta).to_float(), rel=1e-13
        )
        assert 2 * (part - whole) == pytest.approx(
            risk.gradient(eta).to_float(), rel=1e-11, abs=1e-13
        )
        # cancels next to the minimiser: absolute error is that of E_Q[(l + delta) x^n] <= 1 + psi
        # + delta
        assert -steps * ls.train_slope(aspect, delta, eta, steps) == pytest.approx(
            train.gradient(eta).to_float(), rel=1e-11, abs=1e-13 * steps
        )


def test_reference_numbers():
    psi, s = Fraction(8, 5), Fraction(7, 10)
    risk = 1 - ls.gain(psi, s * psi, Fraction(3, 10), 7)
    assert float(risk) == pytest.approx(0.8586425316614241, rel=1e-15)
    assert float(ls.train_risk(1 / psi, s)) == pytest.approx(1.5416666667, rel=1e-10)
    # the moments of Q and the tridiagonal matrix are two exact routes
    coefficients = ls.risk_polynomial(psi, s * psi, 7)
    assert sum(c * Fraction(3, 10) ** k for k, c in enumerate(coefficients)) == risk
    below, above = (
        ls.ridge_quadratic(Fraction(zeta), 1 / psi, s) for zeta in ("0.6897946", "0.6897947")
    )
    assert below < 0 < above


def test_one_step_is_known_in_closed_form():
    psi, s = Fraction(3, 7), Fraction(5, 4)
    delta = s * psi
    part, whole = ls.risk_slope(psi, delta, 1 / (1 + psi + delta), 1)
    assert part == whole and ls.gain(psi, delta, 1 / (1 + psi + delta), 1) == 1 / (1 + psi + delta)
    assert (
        ls.train_slope(
            psi, delta, (1 + psi + delta) / (1 + 3 * psi + psi**2 + delta * (1 + psi)), 1
        )
        == 0
    )


def product(*factors):
    out = [Fraction(1)]
    for factor in factors:
        out = [
            sum(out[i] * factor[k - i] for i in range(len(out)) if 0 <= k - i < len(factor))
            for k in range(len(out) + len(factor) - 1)
        ]
    return [Fraction(c) for c in out]


@pytest.mark.parametrize(
    "factors, end, count",
    [
        ([(-1, 1), (-2, 1), (3, 1)], None, 2),
        ([(-1, 1), (-2, 1), (3, 1)], 1, 1),
        ([(-1, 1), (-2, 1)], "999/1000", 0),
        ([(-1, 1), (-1, 1), (-2, 1)], None, 2),
        ([(1, 0, 1)], None, 0),
        ([(1, -2, 1), (1, 1, 1)], None, 1),
        ([("-1/3", 1), ("-1000001/3000000", 1)], None, 2),
    ],
)
def test_roots_are_counted_exactly(factors, end, count):
    polynomial = product(*[[Fraction(c) for c in f] for f in factors])
    assert ls.root_count(polynomial, None if end is None else Fraction(end)) == count


def test_train_step_tends_to_its_limit_at_the_claimed_rate():
    # T (1 - (1 + psi) eta*) -> sqrt(psi) Lambda / (2 (1 + psi)); relative error O(1/T)
    for psi, s in ((0.25, 1.0), (1.6, 0.7), (4.0, 0.1)):
        low, high, delta = (1 - psi**0.5) ** 2, (1 + psi**0.5) ** 2, s * psi
        Lambda, previous = np.log((high + delta) / (low + delta)), 1.0
        for T in (20, 80, 320):
            eta = qm.TrainByTrain(
                qm.MarchenkoPastur.of(psi, s**0.5, T), qm.GradientDescent(T)
            ).minimizer()
            r = np.exp(-Lambda / (2 * T - 1))
            assert (
                1 / (1 + psi + psi**0.5 * Lambda / (2 * T - 1))
                < (1 + r) / (high + r * low)
                < eta
                < 1 / (1 + psi)
            )
            error = 1 - T * (1 - (1 + psi) * eta) / (psi**0.5 * Lambda / (2 * (1 + psi)))
            assert abs(error) < previous / 3 and abs(error) < 3 / T
            previous = abs(error)


@pytest.mark.parametrize("psi, s", [(0.25, 1.0), (1.6, 0.7), (4.0, 3.0)])
def test_validation_step_tends_to_the_time_of_the_flow(psi, s):
    tau, low, high, delta = optimal_time(psi, s), (1 - psi**0.5) ** 2, (1 + psi**0.5) ** 2, s * psi
    errors = []
    for T in (1, 5, 25, 101):
        eta = qm.PopulationRisk(
            qm.MarchenkoPastur.of(psi, s**0.5, T), qm.GradientDescent(T)
        ).minimizer()
        left, right = (-np.expm1(-np.log1p(l / delta) / T) / l for l in (high, low))
        assert left < eta < right and 1 / (high + delta) < T * eta < 1 / delta
        errors.append(T * abs(T * eta - tau))
    assert errors[3] == pytest.approx(errors[2], rel=0.1)  # T eta - tau_* ~ 1/T
    assert np.log1p(high / delta) / high < tau < np.log1p(low / delta) / low < 1 / delta


def test_infinite_horizon_is_approached_from_both_sides():
    # n < d: bounded below, n > d: bounded above; both close at rho^T
    below = case("wang2021_small_sample_train", "stated", root="3/2", noise=2, scale=1, steps=200)
    assert 1 <= float(below.lhs[0] / below.rhs[0]) < 1 + 1e-5
    above = case(
        "wang2021_large_sample", "stated", root="1/2", noise=2, epsilon="1/3", scale=1, steps=60
    )
    assert 1 - 1e-5 < float(above.lhs[1] / above.rhs[1]) <= 1
    assert float(above.lhs[1]) == pytest.approx(float(above.lhs[0]), rel=1e-5)


def test_small_sample_constants():
    # equality at n = d/4, and sigma^2 up to three times at 3d/4; every sigma
    for s in ("1/1000", "1", "1000"):
        found = case("wang2021_small_sample_train", "stated", root=2, noise=s, scale=1, steps=3)
        assert found.lhs[1] == found.rhs[1] == Fraction(3, 4) + Fraction(s) / 3
    assert ls.train_risk(Fraction(3, 4), Fraction(1)) == Fraction(1, 4) + 3
    borders = (("1/4", "76/100"), ("1/4", "74/100"), ("3/4", "26/100"), ("3/4", "24/100"))
    loses = [ls.train_risk(Fraction(nu), Fraction(s)) > 1 for nu, s in borders]
    assert loses == [True, False, True, False]


@pytest.mark.parametrize("nu", ["1/100", "1/4", "3/4", "99/100"])
@pytest.mark.parametrize("T", [1, 2, 3, 12])
def test_much_noise_makes_training_worse_than_nothing_at_every_horizon(nu, T):
    # E >= 1 - nu + s psi/l_+^2, from s = (1 + sqrt(nu))^4 on at least 1; from the stationary step
    psi = 1 / float(Fraction(nu))
    s = (1 + psi**-0.5) ** 4
    train = qm.TrainByTrain(qm.MarchenkoPastur.of(psi, s**0.5, T), qm.GradientDescent(T))
    eta = train.minimizer()
    low, high = (1 - psi**0.5) ** 2, (1 + psi**0.5) ** 2
    assert 1 / high < eta < 2 / (low + high)
    assert 1 - ls.gain(psi, s * psi, eta, T) > 1
    assert s < 16


def test_validation_gain_is_not_uniform_in_sigma():
    for k in (2, 4, 6):
        found = case(
            "wang2021_small_sample_validation",
            "stated",
            root="3/2",
            factor=1 - Fraction(1, 10**k),
            steps=3,
            beyond=1,
        )
        delta = 1 / found.lhs[2] - 1 - Fraction(9, 4)
        assert float(found.rhs[2] * delta) == pytest.approx(1, abs=10.0 ** (1 - k))


def test_samples_needed_are_exact():
    # epsilon = 1/3: n = 4 d is the border
    border = case(
        "wang2021_large_sample", "stated", root="1/2", noise=5, epsilon="1/3", scale=1, steps=1
    )
    assert border.lhs[0] == border.rhs[0]
    assert (
        drop(qm.claim("wang2021_large_sample"), "n/d >= 1 + 1/epsilon", "stated").status
        == "refuted"
    )
    # Gaussian data, mean risk d sigma^2/(n - d - 1): n = 4 (d + 1)
    d = 7
    gap = [Fraction(d, n - d - 1) - Fraction(4, 3) * Fraction(d, n) for n in (31, 32, 33)]
    assert gap[0] > 0 == gap[1] > gap[2]


@pytest.mark.parametrize(
    "name, assumption",
    [
        ("wang2021_small_sample_train", "n >= d/4"),
        ("wang2021_small_sample_train", "eta >= 1/l_+"),
        ("wang2021_small_sample_validation", "sigma^2 >= 7/2 R^2"),
        ("wang2021_large_sample", "n/d >= 9/epsilon^2"),
        ("wang2021_large_sample", "n/d >= 9/4 R^2/(epsilon sigma)^2"),
        ("wang2021_large_sample", "(l_+/(4 sqrt(psi)))^T >= n/(epsilon d)"),
        ("wang2021_large_sample", "eta >= 1/l_+"),
    ],
)
def test_printed_forms_need_what_their_constants_say(name, assumption):
    assert drop(qm.claim(name), assumption, "printed").status == "refuted"


def test_printed_steps_are_enough():
    # T >= 4 log(n/(epsilon d)) gives what the claim assumes of T
    for eps, more in ((1.0, 1), (0.5, 1), (0.5, 100), (0.01, 1)):
        nu = 9 / eps**2 * more
        root = nu**-0.5
        T = np.ceil(4 * np.log(nu / eps))
        assert T * np.log((1 + root) ** 2 / (4 * root)) >= np.log(nu / eps)


def test_ridge_crosses_the_parametric_rate_where_claimed():
    for nu in (0.5, 2.0, 10.0):
        border = nu / (1 + nu)
        for s, wins in ((border * 1.001, True), (border * 0.999, False)):
            assert (ridge_risk(1 / nu, s) < s / nu) == wins
        assert ridge_risk(1 / nu, border) == pytest.approx(border / nu, rel=1e-14)
    least = qm.check("wang2021_optimal_risk").evidence
    assert least["instance"] == {"dimension": 1, "samples": 2, "noise": 2}
    assert (least["lhs"], least["rhs"]) == ((Fraction(2, 3),), (1,))
    small = case("wang2021_optimal_risk", "reading", dimension=2, samples=3, noise=1)
    assert (small.lhs, small.rhs) == ((Fraction(5, 8),), (Fraction(2, 3),))


def gaussian(*indices):
    """E of a product of independent standard normal variables, each as often as it is named."""
    out = 1
    for times in Counter(indices).values():
        out *= 0 if times % 2 else prod(range(1, times, 2))
    return out


@pytest.mark.parametrize("d, n", [(1, 2), (2, 3), (3, 4), (1, 4)])
def test_one_step_has_the_claimed_mean_risk(d, n):
    # S = X'X/n: E S = I and E S^2 = (1 + (d + 1)/n) I, term by term
    for i, j in np.ndindex(d, d):
        one = sum(gaussian((a, i), (a, j)) for a in range(n))
        two = sum(gaussian((a, i), (a, k), (b, k), (b, j)) for a, b, k in np.ndindex(n, n, d))
        assert one == n * (i == j) and two == n * (n + d + 1) * (i == j)
    for s in (Fraction(1, 3), Fraction(1), Fraction(5)):
        found = case("wang2021_optimal_risk", "reading", dimension=d, samples=n, noise=s)
        second = 1 + Fraction(d + 1, n)
        risks = [
            1 - 2 * eta + eta**2 * second + s * eta**2 * Fraction(d, n)
            for eta in (Fraction(k, 200) for k in range(1, 201))
        ]
        assert found.lhs[0] <= min(risks) < found.lhs[0] * Fraction(101, 100)
        assert (found.lhs[0] < s * Fraction(d, n)) == (n * (d + 1) < s * d * (d + 1 + s * d))


def test_gap_of_an_even_split_changes_its_sign():
    # sigma = R = 1: zeta of n/2 samples is 1/2, 1/3, 1/5 at n/d = 3, 16/3, 48/5
    gaps = []
    for n, zeta in ((3, "1/2"), ("16/3", "1/3"), ("48/5", "1/5")):
        assert ls.ridge_quadratic(Fraction(zeta), Fraction(n) / 2, 1) == 0
        gaps.append(ls.train_risk(Fraction(n), 1) - Fraction(zeta))
    assert gaps == [0, Fraction(-4, 39), Fraction(-18, 215)]
    found = qm.check("wang2021_gap_decreases").evidence
    n, later = (2 * (1 - z * z) / z for z in list(found["instance"].values())[:2])
    assert found["instance"]["noise"] == 1 and 1 < n < later
    # in RMSE, by gradient descent of any odd T: the sides are bounds of these gaps
    for T in (1, 3, 39):
        gap = []
        for nu in (float(n), float(later)):
            problem = qm.MarchenkoPastur.of(2 / nu, 1.0, T)
            risk = qm.PopulationRisk(problem, qm.GradientDescent(T))
            best = risk(risk.minimizer()).to_float()
            gap.append((1 + ls.train_risk(nu, 1.0)) ** 0.5 - (1 + best) ** 0.5)
        assert gap[0] <= float(found["lhs"][0]) <= float(found["rhs"][0]) <= gap[1]


@pytest.mark.parametrize("train, validation", [(0.1, 0.4), (3.0, 0.2), (0.3, 0.3)])
def test_bounds_of_a_gap_of_rmse(train, validation):
    low, high = rmse_gap(train, validation)
    assert low <= (1 + train) ** 0.5 - (1 + validation) ** 0.5 <= high


def test_gap_peaks_at_equal_sizes():
    s = 0.5
    gaps = [
        phases.train_by_train_risk(nu, s) - ridge_risk(1 / nu, s)
        for nu in (0.2, 0.5, 0.9, 1.1, 2.0, 5.0)
    ]
    assert gaps[0] < gaps[1] < gaps[2] and gaps[3] > gaps[4] > gaps[5] > 0
    for T in (100, 400):
        problem = qm.MarchenkoPastur.of(1.0, s**0.5, T)
        eta = qm.TrainByTrain(problem, qm.GradientDescent(T)).minimizer()
        peak = 2 * (2**0.5 - 1) * s * (T / np.pi) ** 0.5 - s / 2 + 1 / (np.pi * T) ** 0.5
        risk = qm.PopulationRisk(problem, qm.GradientDescent(T))(eta).to_float()
        assert risk == pytest.approx(peak, abs=0.2 * s / T**0.5)


@pytest.mark.parametrize("nu", ["1/4", "3/4", "3/2", "4"])
def test_borders_are_those_of_the_library(nu):
    for name, border, extra in (
        ("derived_worse_than_not_training", phases.worse_than_zero(float(Fraction(nu))), {}),
        ("derived_fair_split", phases.fair_split(float(Fraction(nu)), 0.25), {"fraction": "1/4"}),
    ):
        for side in (-1, 1):
            s = Fraction(border * (1 + side * 1e-9))
            found = case(name, ratio=nu, noise=s, **extra)
            assert found.holds and (found.lhs[0] > 0) == (side > 0)


def test_split_border_is_rational_where_it_can_be():
    found = case("derived_fair_split", ratio="1/3", noise="4/9", fraction="1/2")
    assert found.lhs[0] == found.rhs[0] == 0


def test_even_horizons_gain_as_much():
    # the bound of one step is met by every T, also where eta l_+ > 1
    claim = qm.claim("derived_gain_sandwich")
    for T in range(2, 13, 2):
        for factor in ("1/1000", "1/10", "1/2"):
            found = examine(
                claim, "stated", claim.read({"aspect": 1, "factor": factor, "steps": T})
            )
            assert found.holds and found.rhs[0] > found.lhs[0]


@pytest.mark.parametrize("psi, s, T", [("1/26", "1/40", 6), ("1/200", "1/35", 4)])
def test_one_more_step_can_be_worse(psi, s, T):
    best = []
    for steps in (T, T + 1):
        problem = qm.MarchenkoPastur.of(float(Fraction(psi)), float(Fraction(s)) ** 0.5, steps)
        objective = qm.PopulationRisk(problem, qm.GradientDescent(steps))
        best.append(objective(objective.minimizer()).to_float())
    assert 1e-8 < best[1] / best[0] - 1 < 1e-5
    eta = {6: "17/18", 4: "991642/1000000"}[T]
    assert not case("derived_risk_monotone_in_steps", aspect=psi, noise=s, eta=eta, steps=T).holds
    # not from an odd number of steps to an even one, and not at a small step size
    assert case("derived_risk_monotone_in_steps", aspect=psi, noise=s, eta=eta, steps=T - 1).holds
    assert case("derived_risk_monotone_in_steps", aspect=psi, noise=s, eta="1/2", steps=T).holds


def test_small_steps_are_needed_for_monotone_risk():
    found = drop(qm.claim("derived_risk_monotone_in_steps"), "eta <= 1/l_+", "repaired")
    assert found.status == "refuted" and found.evidence["lhs"] == (0,)


def test_instances_cover_little_and_much_noise():
    from random import Random

    from quadmeta.verification.parameters import draw

    claim, random = qm.claim("derived_gain_sandwich"), Random(0)
    noise = []
    for _ in range(200):
        x = arrays(claim.prepare(draw(claim.domain, random)))
        power = x["factor"] ** x["steps"]
        noise.append((1 + 1 / x["aspect"]) * power / (1 - power))
    assert min(noise) < Fraction(1, 100) and max(noise) > 10
