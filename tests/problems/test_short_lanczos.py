"""Lanczos without reorthogonalisation: as accurate as stated, in few vectors, and mistakes are
caught.
"""

import tracemalloc

import mpmath as mp
import numpy as np
import pytest
import scipy.sparse
from scipy.sparse.linalg import LinearOperator

import quadmeta as qm
from quadmeta.problems.parts.lanczos import Jacobi
from quadmeta.problems.parts.short_lanczos import PIECE, short_lanczos
from tests import reference
from tests.problems.test_operator_quadratic import SPECTRA, laplacian

OQ, Log, GD = qm.OperatorQuadratic, qm.LogObjective, qm.GradientDescent
EPS = np.finfo(float).eps


def strakos(d):
    """Clustered at the lower end, where plain Lanczos loses orthogonality soonest."""
    place = np.arange(1.0, d + 1)
    return 1e-3 + (place - 1) / (d - 1) * (1 - 1e-3) * 0.8 ** (d - place)


HARD = SPECTRA | {
    "condition 1e8": lambda rng, d: qm.spectra.geometric(1e-8, 1, d),
    "outliers": lambda rng, d: np.append(np.linspace(1e-3, 0.1, d - 3), [0.3, 0.5, 1.0]),
    "strakos": lambda rng, d: strakos(d),
    "tight clusters": lambda rng, d: np.sort(
        np.repeat(10 ** rng.uniform(-2, 0, 6), d // 6)
        * (1 + 1e-9 * rng.standard_normal(d // 6 * 6))
    ),
}


def cases(name):
    """(lambda, error, T, eta): weights over up to 280 decades, steps at 1/L, 2/L and beyond."""
    rng = np.random.default_rng(5)
    for T, decades in ((1, 0), (9, 6), (60, 140), (150, 3), (150, 0)):
        lam = np.sort(HARD[name](rng, 90))
        e = rng.standard_normal(len(lam)) * 10 ** rng.uniform(-decades, 0, len(lam))
        yield lam, e, T, rng.choice([0.0, 0.3, 1.0, 1.9, 2.0, 2.3]) / lam[-1]


def excess(problem, lam, e, T, eta):
    """The largest error of F and F' over the one that is stated, 10 k^2 eps ||e||^2 max |q|."""
    exact = reference.exact(lam, lam * e**2 / 2, eta, T, 50)
    log = Log(problem, GD(T))
    unit = 10 * len(problem.jacobi.diagonal) ** 2 * EPS * float(e @ e)
    x = np.concatenate([np.geomspace(lam[0], lam[-1], 4000), lam])
    with np.errstate(divide="ignore"):
        root = np.log(np.abs(1 - eta * x))
    # q = x p^2 / 2, and its derivative in eta over T
    most = np.max(np.log(x / 2) + 2 * T * root)
    bend = np.max(2 * np.log(x) + (2 * T - 1) * root)
    with mp.workdps(50):
        off = abs(mp.expm1(T * mp.mpf(float(log(eta))) - exact.log_loss))
        slope = abs(log.gradient(eta) - exact.slope)
        share = unit * mp.exp(most - exact.log_loss)
        tilt = unit * mp.exp(bend - exact.log_loss) + share * abs(exact.slope)
        # the logs and T themselves are rounded
        return float(max(off / (share + 2e-15 * T), slope / (tilt + 2e-15 * abs(exact.slope))))


@pytest.mark.parametrize("name", HARD)
def test_the_error_is_the_stated_one(name):
    rng = np.random.default_rng(6)
    for lam, e, T, eta in cases(name):
        Q = qm.spectra.rotation(len(lam), rng) if len(lam) > 2 else np.eye(len(lam))
        for H, start in ((np.diag(lam), e), ((Q * lam) @ Q.T, Q @ e)):
            H = (H + H.T) / 2
            lean = OQ.from_error(H, start, T + 1, reorthogonalize=False)
            assert excess(lean, lam, e, T, eta) <= 1


def moments(theta, share, lam, degrees):
    """Integrals of the Chebyshev polynomials of [mu, L] over a measure of mass 1."""
    x = (2 * theta - lam[0] - lam[-1]) / (lam[-1] - lam[0])
    inside = np.cos(degrees[:, None] * np.arccos(np.clip(x, -1, 1)))
    beyond = np.cosh(degrees[:, None] * np.arccosh(np.maximum(np.abs(x), 1)))
    return (inside * beyond * np.where(x < -1, (-1.0) ** degrees[:, None], 1)) @ share


@pytest.mark.parametrize("name", HARD)
def test_moments_of_degree_below_2k_are_within_the_stated_error(name):
    rng = np.random.default_rng(7)
    for k, decades in ((20, 0), (60, 6), (250, 0)):
        lam = np.sort(HARD[name](rng, 90))
        e = rng.standard_normal(len(lam)) * 10 ** rng.uniform(-decades, 0, len(lam))
        steps = np.array(list(short_lanczos(lambda v, lam=lam: lam * v, e, k)))
        degrees = np.arange(0, 2 * len(steps), max(1, k // 20))
        want = moments(lam, e**2 / (e @ e), lam, degrees)
        allowed = 10 * len(steps) ** 2 * EPS
        rule = Jacobi(steps[:, 0], steps[:-1, 1], 1.0, 0)
        assert np.abs(moments(*rule.rule(), lam, degrees) - want).max() <= allowed
        # ten times the stated error beside one entry is seen
        bent = steps[:-1, 1].copy()
        bent[0] *= 1 + 10 * allowed
        off = moments(*rule._replace(beside=bent).rule(), lam, degrees) - want
        assert np.abs(off).max() > allowed


def test_planted_mistakes_exceed_it():
    """A wrong ninth digit beside the diagonal; copies of an eigenvalue taken for rounding."""
    lam = strakos(90)
    e = np.ones(90)
    right = OQ.from_error(np.diag(lam), e, 151, reorthogonalize=False)
    assert excess(right, lam, e, 150, 1.9) <= 1

    def with_rule(diagonal, beside):
        jacobi = Jacobi(diagonal, beside, right.jacobi.mass, 0)
        return qm.OperatorQuadratic(right.operator, e, 0 * e, 0.0, 0.0, jacobi)

    a, b = right.jacobi.diagonal, right.jacobi.beside
    assert excess(with_rule(a, b), lam, e, 150, 1.9) <= 1
    assert excess(with_rule(a, b * (1 + 1e-9)), lam, e, 150, 1.9) > 1
    theta, share = right.jacobi.rule()
    copies = np.append(np.diff(theta) < 1e-9, False)
    assert copies.sum() > 20
    kept = qm.Quadratic.from_spectrum(theta[~copies], weights=share[~copies] * right.jacobi.mass)
    lost = Log(kept, GD(150))(1.9) - Log(right, GD(150))(1.9)
    assert abs(150 * lost) > 1e-3


@pytest.mark.parametrize("name", HARD)
def test_fewer_steps_are_inside_their_estimate(name):
    """Of 2000 such cases none was outside."""
    rng = np.random.default_rng(1)
    lam = np.sort(HARD[name](rng, 90))
    e = rng.standard_normal(len(lam)) * 10 ** rng.uniform(-6, 0, len(lam))
    want = qm.Quadratic.from_spectrum(lam, error=e)
    lean = OQ.from_error(np.diag(lam), e, 120, bounds=(lam[0], lam[-1]), reorthogonalize=False)
    for k, T, eta in ((8, 30, 1.5), (32, 1000, 0.99), (100, 300, 2.3)):

        def quantity(p, T=T, eta=eta):
            return Log(p, GD(T)).gradient(eta)

        short = lean.leading(k)
        off = abs(quantity(short) - quantity(want))
        assert off <= short.estimate(quantity) + 1e-10 * abs(quantity(want))


def test_from_the_gradient_alone_and_from_a_singular_operator():
    lam = np.append(0.0, qm.spectra.geometric(1e-3, 1, 80))
    rng = np.random.default_rng(2)
    e = np.append(0.0, rng.standard_normal(80))
    Q = qm.spectra.rotation(81, rng)
    H = (Q * lam) @ Q.T
    H = (H + H.T) / 2
    want = Log(qm.Quadratic.from_spectrum(lam[1:], error=e[1:]), GD(300))
    for floor in (None, -float(e @ (lam * e)) / 2):
        lean = OQ.from_system(H, H @ (Q @ e), 300, floor=floor, reorthogonalize=False)
        for eta in (0.5, 1.0, 1.99):
            np.testing.assert_allclose(Log(lean, GD(300)).gradient(eta), want.gradient(eta), 1e-9)


def test_a_design_and_a_quantity_that_settles_after_more_steps_than_d():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 40)) * np.geomspace(1e-3, 1, 40)
    y = rng.standard_normal(60)
    want = Log(qm.Quadratic.from_design(X, y), GD(10**6))

    def quantity(p):
        return Log(p, GD(10**6)).gradient(0.5)

    lean = OQ.from_design(
        X,
        y,
        400,
        floor=qm.Quadratic.from_design(X, y).floor,
        quantity=quantity,
        tolerance=1e-8,
        reorthogonalize=False,
    )
    assert len(lean.jacobi.diagonal) > 40
    assert quantity(lean) == pytest.approx(want.gradient(0.5), rel=1e-7)


def test_the_recursion_itself_checks_a_rule():
    H, e, _ = laplacian(30)
    lean = OQ.from_error(H, e, 201, reorthogonalize=False)
    log = Log(lean, GD(200))
    assert log.gradient(0.2) == pytest.approx(log.definition(0.2, 1), rel=1e-12)
    assert abs(log.gradient(0.2) / Log(lean.leading(30), GD(200)).definition(0.2, 1) - 1) < 1e-12
    assert abs(Log(lean.leading(30), GD(200)).gradient(0.2) / log.definition(0.2, 1) - 1) > 1e-9


def test_memory_does_not_grow_with_the_number_of_steps():
    d = 3 * PIECE + 5
    H = scipy.sparse.diags_array(np.linspace(0.5, 2, d)).tocsr()
    e = np.random.default_rng(0).standard_normal(d)
    own = H.data.nbytes + H.indices.nbytes + H.indptr.nbytes
    for k in (5, 60):
        tracemalloc.start()
        OQ.from_error(H, e, k, reorthogonalize=False)
        peak = tracemalloc.get_traced_memory()[1] - own
        tracemalloc.stop()
        assert peak < 8 * d * 11


def test_exhausted_spaces_and_identities():
    lam = np.repeat([0.1, 0.5, 1.0], 20)
    three = OQ.from_error(np.diag(lam), np.ones(60), 50, reorthogonalize=False)
    assert three.exhausted and len(three.modes().eigenvalues) == 3
    # an operator may return what it was given
    one = LinearOperator((5, 5), matvec=lambda v: v, dtype=float)
    assert OQ.from_error(one, np.ones(5), 3, reorthogonalize=False).exhausted
    assert len(list(short_lanczos(lambda v: 2 * v, np.ones(1), 9))) == 1


def test_what_is_refused():
    e = np.random.default_rng(0).standard_normal(60)
    H = np.diag(np.linspace(0.2, 2, 60))
    noise = np.random.default_rng(1).standard_normal((60, 60))
    OQ.from_error(H + 1e-15 * noise, e, 90, reorthogonalize=False)
    with pytest.raises(ValueError, match="asymmetric"):
        OQ.from_error(H + 1e-10 * noise, e, 90, reorthogonalize=False)
    with pytest.raises(ValueError, match="Ritz value"):
        OQ.from_error(H - np.eye(60), e, 90, reorthogonalize=False)
    with pytest.raises(ValueError, match="reorthogonalize = 1 must be True or False"):
        OQ.from_error(H, e, 9, reorthogonalize=1)
    for bad, words in ((np.nan, "NaN or infinity"), (np.inf, "NaN or infinity")):
        broken = LinearOperator((60, 60), matvec=lambda v, bad=bad: v * bad, dtype=float)
        with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=words):
            OQ.from_error(broken, e, 9, reorthogonalize=False)
