"""Every filter is its estimator run from w_*, on tasks whose cross term is not constant; nothing
cancels.
"""

from fractions import Fraction as F

import mpmath as mp
import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.theory import filters

T = 12
PHI = np.array([0.7, 0.4])
CASES = {
    "reverse": (qm.Reverse(), lambda x, e: filters.unrolled(x, e, T)),
    "forward": (qm.Forward(), lambda x, e: filters.unrolled(x, e, T)),
    "DrMAD": (qm.DrMad(), lambda x, e: filters.unrolled(x, e, T)),
    "closed form": (qm.ClosedForm(), lambda x, e: filters.unrolled(x, e, T)),
    "matrix discount": (qm.MatrixDiscount(), lambda x, e: filters.unrolled(x, e, T)),
    "truncated": (qm.Truncated(5), lambda x, e: filters.unrolled(x, e, 5)),
    "one step": (qm.OneStep(), lambda x, e: filters.discounted(x, e, 0.5, 1)),
    "Neumann, 0": (qm.Neumann(0), lambda x, e: filters.neumann(x, e, 0)),
    "Neumann, 7": (qm.Neumann(7), lambda x, e: filters.neumann(x, e, 7)),
    "mean Neumann": (qm.Neumann(7, 3), lambda x, e: filters.neumann(x, e, 7)),
    "implicit": (qm.Implicit(), lambda x, e: filters.implicit(x)),
    "discounted": (qm.Discounted(0.9), lambda x, e: filters.discounted(x, e, 0.9, T)),
    "fixed gradient": (qm.FixedGradient(0.9), lambda x, e: filters.discounted(x, e, 0.9, T)),
    "HyperDistill": (qm.HyperDistill(1.0), lambda x, e: filters.discounted(x, e, 1.0, T)),
}


def tasks():
    """(problem, w_*, eigenvalues, coordinates of v and of the u_k)."""
    problem = qm.AuxiliaryTasks.draw(
        6, [12, 20, 20], 1.0, [0.5, 1.0], 3, covariance=np.geomspace(0.1, 1, 6)
    )
    bound = problem.at(PHI)
    (lam, Q), w = bound.spectrum, bound.minimizer.ravel()
    return problem, w, lam, Q.T @ problem.outer_gradient(w), bound.jacobian(w) @ Q


def estimate(problem, estimator, eta, start):
    return qm.hypergradient(
        qm.OuterLoss(problem, qm.GradientDescent(T, eta)), PHI, estimator, start=start
    ).value


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.9, 2.3])
@pytest.mark.parametrize("name", CASES)
def test_every_filter_is_its_estimator_from_the_minimiser(name, scale):
    problem, w, lam, v, U = tasks()
    estimator, f = CASES[name]
    eta = scale / lam[-1]
    terms = U * f(lam, eta) * v
    size = np.abs(terms).sum(axis=1)
    assert (np.abs(estimate(problem, estimator, eta, w) + terms.sum(axis=1)) <= 1e-13 * size).all()
    away = estimate(problem, estimator, eta, w + 1.0)
    assert (np.abs(away + terms.sum(axis=1)) > 1e-3 * size).any()


@pytest.mark.parametrize("products", [1, 2, 4, 6, 9])
def test_conjugate_gradients_are_a_filter_of_their_right_side(products):
    problem, w, lam, v, U = tasks()
    terms = U * filters.conjugate_gradients(lam, v, products)
    found = estimate(problem, qm.ConjugateGradient(products + 1), 1.0, w)
    np.testing.assert_allclose(found, -terms.sum(axis=1), rtol=0, atol=1e-11 * np.abs(terms).sum())
    error = filters.implicit(lam) * v - filters.conjugate_gradients(lam, v, products)
    energy = [
        (lam * e**2).sum()
        for e in (
            error,
            *(
                filters.neumann_residual(lam, nu / lam[-1], products - 1) * v / lam
                for nu in (0.5, 1, 1.5, 1.9)
            ),
        )
    ]
    assert energy[0] <= min(energy[1:]) and (products < 6) == (energy[0] > 1e-20)


def test_truncation_error_is_the_residual_polynomial():
    problem, w, lam, v, U = tasks()
    for scale in (0.5, 1.0, 1.9, 2.3):
        for J in (0, 3, 4):
            nu = scale / lam[-1]
            gap = estimate(problem, qm.Neumann(J), nu, w) - estimate(problem, qm.Implicit(), nu, w)
            terms = U * filters.neumann_residual(lam, nu, J) / lam * v
            assert (
                np.abs(gap - terms.sum(axis=1)) <= 1e-13 * (np.abs(U * v) / lam).sum(axis=1)
            ).all()


X = np.array([0.0, 1e-300, 1e-17, 1e-8, 0.3, 1.0, 1.5, 2 - 2**-40, 2.0, 2 + 2**-40, 2.3])


@pytest.mark.parametrize("J", [0, 1, 2, 3, 30, 101, 10**6])
def test_floats_keep_their_digits_at_every_step(J):
    lam = X[X <= (2.3 if J < 200 else 2.0)]
    for x, found in zip(lam, filters.neumann(lam, 1.0, J), strict=True):
        with mp.workdps(400):
            exact = (1 - (1 - mp.mpf(x)) ** (J + 1)) / mp.mpf(x) if x else J + 1
            assert abs(found - exact) <= 1e-13 * abs(exact), float(x)


def test_signs_are_exact_in_every_arithmetic():
    even, odd = ([filters.neumann(x, F(1), J) for x in (F(1, 3), F(2), F(21, 10))] for J in (2, 3))
    assert even == [F(19, 9), F(1), F(1331, 1000) / F(21, 10) + F(10, 21)] and min(even) > 0
    assert odd == [F(65, 27), F(0), (1 - F(14641, 10000)) / F(21, 10)] and odd[2] < 0
    assert filters.neumann(2.0, 1.0, 3) == 0 and filters.neumann(2.1, 1.0, 3) == pytest.approx(
        float(odd[2]), rel=1e-14
    )
    far = filters.neumann(SignLog.of(3.0), 1.0, 9999)
    assert far.sign == -1 and far.log10_abs == pytest.approx(
        10**4 * np.log10(2) - np.log10(3), rel=1e-14
    )
    for J in (0, 3, 8):
        for x in (F(1, 7), F(5, 2)):
            assert x * filters.neumann(x, F(1), J) + filters.neumann_residual(x, F(1), J) == 1
            assert filters.discounted(x, F(1), 1 - x, J + 1) == filters.neumann(x, F(1), J)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: filters.neumann(1.0, 1.0, -1), "order = -1"),
        (lambda: filters.neumann(1.0, 1.0, True), "order"),
        (lambda: filters.unrolled(1.0, 1.0, 0), "steps = 0"),
        (lambda: filters.discounted(1.0, 1.0, 0.5, 0), "steps = 0"),
        (lambda: filters.conjugate_gradients([1.0, 2.0], [0.0, 0.0], 1), "not all 0"),
        (lambda: filters.conjugate_gradients([1.0, -2.0], [1.0, 0.0], 1), "eigenvalues > 0"),
        (lambda: filters.conjugate_gradients([1.0, 2.0], [1.0], 1), "shape"),
        (lambda: filters.conjugate_gradients([1.0], [1.0], 0), "products = 0"),
    ],
)
def test_wrong_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_floats_cannot_hold_is_an_error():
    with pytest.raises(OverflowError, match="SignLog"):
        filters.neumann(3.0, 1.0, 9999)
