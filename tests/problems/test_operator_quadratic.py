"""OperatorQuadratic: exact where Lanczos is, inside its error estimate beyond, and bad operators
are named.
"""

import tracemalloc
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
import scipy.sparse
from hypothesis import example, given, settings, strategies as st
from scipy.fft import dstn
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import quadmeta as qm
from quadmeta.problems.parts import lanczos as _lanczos
from tests import reference

OQ, Log, Naive, GD = qm.OperatorQuadratic, qm.LogObjective, qm.NaiveObjective, qm.GradientDescent
CSR = scipy.sparse.csr_array
METHODS = {
    "gradient descent": (qm.GradientDescent, lambda x, T: x),
    "heavy ball": (qm.HeavyBall, lambda x, T: np.array([x, 0.4])),
    "Nesterov": (qm.Nesterov, lambda x, T: np.array([x, 0.4])),
    "schedule": (qm.Schedule, lambda x, T: x * np.linspace(0.5, 1, T)),
}


def dense(seed, d=40):
    """H with spectrum in about (0.2, 3), the start error, w_*, and the same problem by an
    eigendecomposition.
    """
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((3 * d, d))
    H, e, w = X.T @ X / (3 * d), rng.standard_normal(d), rng.standard_normal(d)
    return H, e, w, qm.Quadratic.from_matrix(H, start=w + e, minimizer=w, floor=-1.5)


def all_starts(seed, T):
    """The three ways to start, each with the least k that is exact at T steps."""
    H, e, w, _ = dense(seed)
    b, least = H @ w, -w @ H @ w / 2
    return (
        OQ.from_error(H, e, T + 1, minimizer=w, floor=-1.5),
        OQ.from_system(H, b, T, w + e, floor=least),
        OQ.from_system(H, b, T, w + e),
    )


def distance(a, b):
    """Largest relative distance of two arrays (or SignLogs)."""
    ratio = abs(a - b) / abs(b)
    return np.max(ratio.to_float() if isinstance(ratio, qm.SignLog) else ratio)


@pytest.mark.parametrize("name", METHODS)
@given(seed=st.integers(0, 10**6), T=st.integers(2, 12), x=st.floats(0.05, 0.9))
# the ends of both ranges; an example takes 50 ms
@example(seed=1, T=2, x=0.9)
@example(seed=2, T=12, x=0.05)
@example(seed=3, T=12, x=0.9)
@settings(max_examples=12)
def test_every_method_of_T_steps_is_exact_for_the_stated_number_of_modes(name, seed, T, x):
    cls, theta = METHODS[name]
    error, gap, gradient = all_starts(seed, T)
    assert (error.exact_steps, gap.exact_steps, gradient.exact_steps) == (T, T, T)
    want, theta = Naive(dense(seed)[3], cls(T)), theta(x, T)
    scale = [
        max(want(t).to_float() for t in (0 * theta, theta)),
        np.max(np.abs(want.gradient(theta).to_float())),
    ]
    for problem in (error, gap):
        got = Naive(problem, cls(T))
        assert abs(got(theta) - want(theta)).to_float() <= 1e-12 * scale[0]
        slope = np.abs((got.gradient(theta) - want.gradient(theta)).to_float())
        assert np.max(slope) <= 1e-12 * (scale[1] + T * scale[0])
    # from the gradient alone the derivatives and F - F(0) are exact, F is too small by a constant
    got = Naive(gradient, cls(T))
    short = (want(0 * theta) - got(0 * theta)).to_float()
    assert np.max(np.abs((got.gradient(theta) - want.gradient(theta)).to_float())) <= 1e-12 * (
        scale[1] + T * scale[0]
    )
    assert (want(theta) - got(theta)).to_float() == pytest.approx(
        short, abs=1e-12 * scale[0]
    ) and short > 0
    assert short == pytest.approx(float(gradient.floor - gap.floor), abs=1e-11 * scale[0])


def test_one_mode_less_is_not_exact():
    T, eta = 6, 0.5
    want = Naive(dense(0)[3], GD(T))
    for problem in all_starts(0, T):
        got = Naive(problem, GD(T))
        less = Naive(problem.leading(len(problem.jacobi.diagonal) - 1), GD(T))
        exact, inexact = (distance(x.gradient(eta), want.gradient(eta)) for x in (got, less))
        assert exact < 1e-12 < 1e-6 < inexact
        assert less.problem.exact_steps == T - 1


@given(seed=st.integers(0, 10**6), T=st.integers(1, 20), x=st.floats(0.02, 2.2))
def test_log_objective_agrees_with_fifty_digits(seed, T, x):
    rng = np.random.default_rng(seed)
    lam = np.sort(rng.uniform(0.2, 1, 30))
    e = rng.standard_normal(30)
    exact = reference.exact(lam, lam * e**2 / 2, x, T, 50)  # weights to one rounding each
    log = Log(OQ.from_error(np.diag(lam), e, T + 1), GD(T))
    with mp.workdps(50):
        # F loses what it has fallen below F(0): its rounding is that of a sum of d products of
        # length-d vectors
        lost = max(1.0, float(mp.exp(mp.log(np.sum(lam * e**2) / 2) - exact.log_loss)))
        assert abs(mp.expm1(T * log(x) - exact.log_loss)) <= 1e-14 * T * lost + 1e-13
        assert abs(log.gradient(x) - exact.slope) <= (1e-14 * T * lost + 1e-13) * exact.size


def test_definition_by_loops_is_the_closed_form_from_any_start():
    for problem in all_starts(3, 7):
        for objective in (
            Naive(problem, GD(7)),
            Log(problem, GD(7)),
            Naive(problem, qm.HeavyBall(7)),
        ):
            theta = 0.3 if objective.optimizer.free == ("step_size",) else np.array([0.3, 0.4])
            for order, name in enumerate(("__call__", "gradient", "curvature")):
                got = getattr(objective, name)(theta)
                got = got.to_float() if isinstance(got, qm.SignLog) else got
                np.testing.assert_allclose(got, objective.definition(theta, order), rtol=1e-9)
    w = np.random.default_rng(0).standard_normal((2, 3, 40))
    values = [(p.loss(w) - p.loss(p.start), p.gradient(w), p.hvp(w, w)) for p in all_starts(3, 7)]
    quadratic = dense(3)[3]
    assert values[0][0].shape == (2, 3)
    for loss, gradient, product in values:
        np.testing.assert_allclose(
            loss, quadratic.loss(w) - quadratic.loss(quadratic.start), rtol=1e-11
        )
        np.testing.assert_allclose(
            gradient, quadratic.gradient(w[0, 0]) if gradient.ndim == 1 else gradient
        )
        np.testing.assert_allclose(
            gradient[1, 2], quadratic.gradient(w[1, 2]), rtol=1e-10, atol=1e-11
        )
        np.testing.assert_allclose(product[0, 1], quadratic.hvp(w, w[0, 1]), rtol=1e-11, atol=1e-12)


def clusters(rng, d):
    centres = np.repeat(10 ** rng.uniform(-2, 0, 6), d // 6)
    return np.sort(np.append(1e-3, centres * (1 + 1e-3 * rng.standard_normal(len(centres)))))


SPECTRA = {
    "linear": lambda rng, d: qm.spectra.linear(0.01, 1, d),
    "geometric": lambda rng, d: qm.spectra.geometric(1e-4, 1, d),
    "power law": lambda rng, d: qm.spectra.power_law(1e-3, 1, d),
    "two clusters": lambda rng, d: qm.spectra.two_clusters(1e-3, 1, d),
    "clusters": clusters,
    "chebyshev": lambda rng, d: qm.spectra.chebyshev(0.01, 1, d),
}


def cases(name, count=8):
    """Random problems of one family with weights over up to twelve decades, step sizes up to
    beyond 2/L.
    """
    rng = np.random.default_rng(1)
    for _ in range(count):
        lam = SPECTRA[name](rng, int(rng.integers(40, 150)))
        e = rng.standard_normal(len(lam)) * 10 ** rng.uniform(-rng.choice([0, 6]), 0, len(lam))
        ends, T, eta = (
            (lam.min(), lam.max()),
            int(10 ** rng.uniform(1, 3.3)),
            rng.choice([0.3, 0.99, 1.5, 2.3]),
        )
        spectrum = qm.Quadratic.from_spectrum(lam, error=e)
        H = scipy.sparse.diags_array(lam)
        for full in (
            OQ.from_error(H, e, 40, bounds=ends),
            OQ.from_system(H, lam * e, 40, 2 * e, bounds=ends),
        ):
            for k in (8, 16, 32):
                yield spectrum, full.leading(k), GD(T), eta


@pytest.mark.parametrize("name", SPECTRA)
def test_estimate_bounds_the_error_and_is_not_vacuous(name):
    ratios = []
    for spectrum, problem, method, eta in cases(name):
        for quantity in (lambda p: Log(p, method)(eta), lambda p: Log(p, method).gradient(eta)):
            want = quantity(spectrum)
            error, bound = abs(quantity(problem) - want), problem.estimate(quantity)
            rounding = 1e-11 * abs(want)
            assert error <= bound + rounding
            if error > rounding:
                ratios.append(bound / error)
    assert len(ratios) > 20 and np.quantile(ratios, 0.25) < 30


@pytest.mark.parametrize("name", SPECTRA)
def test_gauss_and_lobatto_enclose_the_loss_of_gradient_descent(name):
    tight = []
    for spectrum, problem, method, eta in cases(name):
        if problem.jacobi.power == 0:
            low, high = Log(problem, method)(eta), Log(problem.enclosing()[2], method)(eta)
            want = Log(spectrum, method)(eta)
            assert low - 1e-11 * abs(low) <= want <= high + 1e-11 * abs(high)
            tight.append((want - low, high - want))
    assert np.max(tight, axis=0).min() > 1e-6  # neither side is the loss itself


def test_lobatto_of_one_mode_is_the_whole_of_two_eigenvalues():
    lam, e = np.array([0.25, 1.0]), np.array([1.0, 2.0])
    problem = OQ.from_error(np.diag(lam), e, 1, bounds=(0.25, 1.0))
    modes = problem.enclosing()[2].modes()
    np.testing.assert_allclose(modes.eigenvalues, lam, rtol=1e-9)
    np.testing.assert_allclose(modes.weights, lam * e**2 / 2, rtol=1e-8)


def test_a_direction_that_the_krylov_space_does_not_see_defeats_the_estimate_without_bounds():
    lam, e = np.append(np.linspace(0.5, 1, 80), 1.4), np.append(np.ones(80), 1e-13)
    spectrum, H = qm.Quadratic.from_spectrum(lam, error=e), scipy.sparse.diags_array(lam)

    def quantity(p):
        return Log(p, GD(200)).gradient(2.2)

    blind, told = (OQ.from_error(H, e, 8, bounds=ends) for ends in (None, (0.5, 1.4)))
    error = abs(quantity(blind) - quantity(spectrum))
    assert blind.estimate(quantity) < error / 10 and told.estimate(quantity) >= error > 0.01


def test_lanczos_stops_once_the_quantity_has_settled():
    H, e, _, want = dense(5, 400)

    def quantity(p):
        return Log(p, GD(1000)).gradient([0.2, 0.4, 2.0])

    problem = OQ.from_error(H, e, 400, quantity=quantity)
    assert (
        len(problem.jacobi.diagonal) < 200 and distance(quantity(problem), quantity(want)) < 1e-12
    )
    assert np.all(problem.estimate(quantity) <= 1e-12 * np.abs(quantity(problem)))
    signed = OQ.from_error(
        H, e, 400, quantity=lambda p: Naive(p, GD(300)).gradient(1.9), tolerance=1e-6
    )
    assert distance(Naive(signed, GD(300)).gradient(1.9), Naive(want, GD(300)).gradient(1.9)) < 1e-6
    assert len(OQ.from_error(H, e, 400, quantity=lambda p: 3.0).jacobi.diagonal) < 20

    def late(p):
        return np.nan if len(p.jacobi.diagonal) < 30 else quantity(p)

    assert 30 < len(OQ.from_error(H, e, 400, quantity=late).jacobi.diagonal) < 200
    with pytest.raises(
        ValueError, match="modes = 30 leaves an estimated error nan of the quantity nan"
    ):
        OQ.from_error(H, e, 30, quantity=lambda p: np.nan)
    with pytest.raises(ValueError, match="modes = 20 leaves an estimated error .* pass more modes"):
        OQ.from_error(H, e, 20, quantity=quantity)


def test_an_exhausted_krylov_space_is_exact_for_every_horizon():
    lam = np.repeat([0.1, 0.5, 1.0], 20)
    e = np.random.default_rng(0).standard_normal(60)
    spectrum = qm.Quadratic.from_spectrum(lam, error=e)
    Q = qm.spectra.rotation(60, np.random.default_rng(1))
    H = Q * lam @ Q.T
    want = Log(spectrum, GD(10**5))
    for problem in (
        OQ.from_error(H, Q @ e, 50),
        OQ.from_system(H, Q @ (lam * e), 50, 2 * Q @ e),
        OQ.from_system(H, Q @ (lam * e), 50, 2 * Q @ e, floor=-lam @ e**2 / 2),
    ):
        assert problem.exhausted and problem.exact_steps == np.inf and "every T" in repr(problem)
        np.testing.assert_allclose(problem.modes().eigenvalues, [0.1, 0.5, 1.0], rtol=1e-13)
        assert problem.estimate(lambda p: Log(p, GD(50))(0.5)) == 0
        for eta in (0.5, 2.5):  # at T = 10^5 an eigenvalue error of eps counts T times
            assert Log(problem, GD(10**5)).gradient(eta) == pytest.approx(
                want.gradient(eta), rel=1e-10
            )
    assert OQ.from_error(np.diag([1.0, 2.0, 3.0]), [1.0, 2.0, 1.0], 10).exhausted  # modes beyond d
    one = OQ.from_error(np.eye(5), np.ones(5), 3)
    assert one.modes().eigenvalues == pytest.approx(1) and one.modes().weights == pytest.approx(2.5)


@pytest.mark.parametrize("shape, ridge", [((60, 30), 0.0), ((20, 50), 0.0), ((20, 50), 0.1)])
def test_a_sparse_design_is_least_squares_without_the_gram_matrix(shape, ridge):
    rng = np.random.default_rng(4)
    X = scipy.sparse.csr_array(rng.standard_normal(shape) * (rng.random(shape) < 0.3))
    y, T = rng.standard_normal(shape[0]), 9
    table = X.toarray()
    want = qm.Quadratic.from_design(table, y, ridge)
    w = rng.standard_normal(shape[1])
    for design in (X, table, table.tolist(), aslinearoperator(X)):
        problem = OQ.from_design(design, y, T, ridge=ridge, floor=want.floor)
        assert problem.loss(w) == pytest.approx(
            np.sum((table @ w - y) ** 2) / (2 * shape[0]) + ridge * w @ w / 2
        )
        for eta in (0.2, 0.9):
            got = Log(problem, GD(T))
            assert got(eta) == pytest.approx(Log(want, GD(T))(eta), rel=1e-12)
            assert got.gradient(eta) == pytest.approx(Log(want, GD(T)).gradient(eta), rel=1e-11)
    # run to the end, the floor is found, and null directions of X stay out of the modes
    whole = OQ.from_design(X, y, shape[1], ridge=ridge)
    assert whole.exhausted and whole.floor == pytest.approx(want.floor, abs=1e-12)
    assert Log(whole, GD(500)).gradient(0.3) == pytest.approx(
        Log(want, GD(500)).gradient(0.3), rel=1e-8
    )


def laplacian(N, seed=0):
    """The five-point Laplacian of an N x N grid, a start error, and the problem in its sine basis,
    in closed form.
    """
    line = scipy.sparse.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(N, N))
    eye = scipy.sparse.eye_array(N)
    s = 4 * np.sin(np.arange(1, N + 1) * np.pi / (2 * (N + 1))) ** 2
    c = np.random.default_rng(seed).standard_normal((N, N))
    exact = qm.Quadratic.from_spectrum((s[:, None] + s).ravel(), error=c.ravel())
    H = (scipy.sparse.kron(line, eye) + scipy.sparse.kron(eye, line)).tocsr()
    return H, dstn(c, 1, norm="ortho").ravel(), exact


def test_a_sparse_laplacian_agrees_with_its_closed_form_in_the_stated_memory():
    H, e, exact = laplacian(140)
    eta, d = np.array([0.125, 0.2, 0.3]), len(e)

    def quantity(p):
        return Log(p, GD(300)).gradient(eta)

    tracemalloc.start()
    problem = OQ.from_error(H, e, 300, quantity=quantity, bounds=(exact.mu, exact.L))
    peak, k = tracemalloc.get_traced_memory()[1], len(problem.jacobi.diagonal)
    tracemalloc.stop()
    assert distance(quantity(problem), quantity(exact)) < 1e-12
    assert k < 200 and peak < 8 * d * (k + _lanczos.BLOCK + 12)
    assert repr(problem).startswith(f"OperatorQuadratic(d=19600, modes={k}, L=7.99")


def operator(function, d=4):
    return LinearOperator((d, d), matvec=function, dtype=float)


ONES, EYE = np.ones(4), np.eye(4)
STEP = np.diag([1.0, 2.0, 3.0, 4.0])
SKEW = STEP + np.triu(np.ones((4, 4)), 1)
BAD = {
    "asymmetric": (
        lambda: OQ.from_error(SKEW, [1.0, 2.0, 3.0, 4.0], 3),
        "asymmetric: <Hu, v> and <u, Hv> differ by",
    ),
    "indefinite": (
        lambda: OQ.from_error(np.diag([1.0, 2, -3, 4]), ONES, 4),
        r"Ritz value -3 next to 4, .* positive",
    ),
    "indefinite, gradient": (
        lambda: OQ.from_system(np.diag([1.0, 2, -3, 4]), ONES, 4),
        "Ritz value -3 next to 4",
    ),
    "negative": (lambda: OQ.from_error(-EYE, ONES, 1), "Ritz value -1 next to -1"),
    "zero operator": (lambda: OQ.from_error(0 * EYE, ONES, 2), "Ritz value 0 next to 0"),
    "singular": (
        lambda: OQ.from_error(np.diag([0.0, 1, 2, 3]), ONES, 4),
        "Ritz value .* positive definite",
    ),
    "not in the range": (
        lambda: OQ.from_system(np.diag([0.0, 1, 2, 3]), ONES, 4),
        "start in its range",
    ),
    "zero error": (lambda: OQ.from_error(STEP, 0 * ONES, 2), "error is zero at w_0"),
    "zero gradient": (
        lambda: OQ.from_system(STEP, STEP @ ONES, 2, ONES),
        "gradient is zero at w_0",
    ),
    "tiny": (lambda: OQ.from_error(STEP, 1e-200 * ONES, 2), "entry 1e-200, outside 1e-150"),
    "NaN operator": (
        lambda: OQ.from_error(operator(lambda v: v * np.nan), ONES, 2),
        "returns NaN or infinity",
    ),
    "inf operator": (
        lambda: OQ.from_error(operator(lambda v: v / 0 if v[0] else v), ONES, 2),
        "returns NaN or inf",
    ),
    "NaN error": (
        lambda: OQ.from_error(STEP, [1, 2, np.nan, 3], 2),
        "error has the non-finite entry nan",
    ),
    "product shape": (
        lambda: OQ.from_error(operator(lambda v: v[:3]), ONES, 2),
        r"operator times a vector has shape \(3,\)",
    ),
    "not square": (lambda: OQ.from_error(np.ones((4, 3)), ONES, 2), "it must be square"),
    "empty": (lambda: OQ.from_error(np.ones((0, 0)), [], 2), "square with d >= 1"),
    "text": (lambda: OQ.from_error("abc", ONES, 2), "no linear operator"),
    "complex": (lambda: OQ.from_error(1j * EYE, ONES, 2), "operator = .* holds complex numbers"),
    "error shape": (lambda: OQ.from_error(STEP, np.ones(3), 2), "error has shape"),
    "minimizer shape": (
        lambda: OQ.from_error(STEP, ONES, 2, minimizer=[1.0]),
        "minimizer has shape",
    ),
    "b shape": (lambda: OQ.from_system(STEP, np.ones(3), 2), "b has shape"),
    "start shape": (lambda: OQ.from_system(STEP, ONES, 2, np.ones(5)), "start has shape"),
    "modes": (lambda: OQ.from_error(STEP, ONES, 0), "modes = 0 must be a whole number"),
    "tolerance": (
        lambda: OQ.from_error(STEP, ONES, 2, tolerance=0.0),
        "tolerance = 0.0 must be a number > 0",
    ),
    "bounds": (lambda: OQ.from_error(STEP, ONES, 3, bounds=(1.0, 2.0)), "enclose the Ritz values"),
    "negative bound": (
        lambda: OQ.from_error(STEP, ONES, 3, bounds=(0.0, 9.0)),
        "bounds = .* must be > 0",
    ),
    "floor too high": (
        lambda: OQ.from_system(STEP, ONES, 3, floor=-0.5),
        "floor = -0.5 is .* above",
    ),
    "floor too low": (
        lambda: OQ.from_system(STEP, ONES, 4, floor=-9.0),
        "floor = -9.0 is .* below",
    ),
    "design shapes": (lambda: OQ.from_design(np.ones((3, 2)), np.ones(2), 2), "X has shape"),
    "no rmatvec": (lambda: OQ.from_design(operator(lambda v: v), ONES, 2), "X.T fails"),
    "design optimal": (lambda: OQ.from_design(EYE, 0 * ONES, 2), "gradient is zero"),
    "negative ridge": (
        lambda: OQ.from_design(EYE, ONES, 2, ridge=-1.0),
        "ridge = -1.0 must be a number >= 0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_operator_that_is_asymmetric_by_rounding_only_is_accepted():
    H, e, _, want = dense(7)
    noise = np.random.default_rng(0).standard_normal(H.shape)
    assert Log(OQ.from_error(H + 1e-15 * noise, e, 40), GD(9)).gradient(0.4) == pytest.approx(
        Log(want, GD(9)).gradient(0.4), rel=1e-12
    )
    with pytest.raises(ValueError, match="asymmetric"):
        OQ.from_error(H + 1e-10 * noise, e, 40)


def test_vectors_stay_orthogonal_where_plain_lanczos_loses_them():
    lam, e = np.append(np.linspace(0.001, 0.1, 150), [1.0, 2.0, 5.0]), np.ones(153)
    full = OQ.from_error(scipy.sparse.diags_array(lam), e, 120)
    nodes = full.modes().eigenvalues
    # a second copy of a converged eigenvalue is its known symptom
    assert np.sum(np.abs(nodes - 5) < 1e-8) == 1
    alphas, betas, v, u = [], [], e / np.linalg.norm(e), 0 * e
    for _ in range(120):
        w = lam * v - (betas[-1] if betas else 0) * u
        alphas.append(w @ v)
        w = w - alphas[-1] * v
        betas.append(np.linalg.norm(w))
        u, v = v, w / betas[-1]
    plain = np.linalg.eigvalsh(np.diag(alphas) + np.diag(betas[:-1], 1) + np.diag(betas[:-1], -1))
    assert np.sum(np.abs(plain - 5) < 1e-8) > 1
    assert replace(full, exhausted=False).exact_steps == 119


def test_products_in_float32_are_within_their_rounding_and_not_refused_as_asymmetric():
    rng = np.random.default_rng(3)
    Q = np.linalg.qr(rng.standard_normal((60, 60)))[0]
    H = (Q * np.geomspace(0.05, 1, 60)) @ Q.T
    H, e = (H + H.T) / 2, rng.standard_normal(60)
    single = H.astype(np.float32)
    low = LinearOperator((60, 60), matvec=lambda v: single @ v.astype(np.float32), dtype=np.float32)
    hidden = LinearOperator(
        (60, 60), matvec=lambda v: (single @ v.astype(np.float32)).astype(float), dtype=float
    )
    with pytest.raises(ValueError, match="operator is asymmetric: .* or the eps of its products"):
        OQ.from_error(hidden, e, 60)
    eps = float(np.finfo("float32").eps)
    want, eta = qm.Quadratic.from_matrix(H, start=e), 0.9
    # the distance of two symmetric matrices moves log F by 2 T max |lambda u / lambda| times it
    allowed = 2 * 20 * eta / (1 - eta) * 16 * np.sqrt(60) * eps
    for problem in (
        OQ.from_error(low, e, 60),
        OQ.from_error(hidden, e, 60, eps=eps),
        OQ.from_system(low, H @ e, 60),
    ):
        found = 20 * Log(problem, GD(20))(eta)
        assert problem.eps == eps and abs(found - 20 * Log(want, GD(20))(eta)) < allowed
    # what float32 is not excused for
    skew = LinearOperator(
        (60, 60), matvec=lambda v: (single + 0.01 * np.triu(single)) @ v.astype("f4"), dtype="f4"
    )
    with pytest.raises(ValueError, match="operator is asymmetric"):
        OQ.from_error(skew, e, 60)


def raising(v):
    raise RuntimeError("GPU is busy")


ANSWERS = {
    "nothing": (lambda v: None, "operator returns None for a vector of length 4"),
    "a number": (lambda v: 3.0, "operator returns 3.0 for a vector of length 4"),
    "too short": (lambda v: v[:3], r"operator times a vector has shape \(3,\): pass shape \(4,\)"),
    "a matrix": (lambda v: np.outer(v, v), r"operator times a vector has shape \(4, 4\)"),
    "complex": (lambda v: v * 1j, "operator times a vector = .* holds complex numbers"),
    "text": (lambda v: ["a"] * 4, "operator times a vector .*'a'"),
    "NaN": (lambda v: v * np.nan, "operator returns NaN or infinity"),
    "overflow": (lambda v: v * 1e200, r"operator has the entry 1e\+200, which leaves the range"),
    "error": (raising, "operator fails on a vector of length 4: RuntimeError: 'GPU is busy'"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_operator_answers_is_checked_and_its_own_error_is_the_cause(name):
    answer, message = ANSWERS[name]
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message) as caught:
        OQ.from_error(operator(answer), ONES, 2)
    assert "\n" not in str(caught.value)
    if answer is raising:
        assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    "wrap", [lambda H: H, lambda H: H.tolist(), CSR, scipy.sparse.lil_array, aslinearoperator]
)
def test_a_matrix_is_copied_and_multiplied_in_float64(wrap):
    H = np.diag([1.0, 2.0, 3.0, 4.0]).astype(np.float32 if wrap is CSR else float)
    given = wrap(H)
    problem = OQ.from_error(given, ONES, 4)
    before = problem.gradient(2 * ONES)
    H *= 2
    if hasattr(given, "data") and wrap is CSR:
        given.data[:] = 7
    assert (problem.gradient(2 * ONES) == before).all() and before.dtype == float
    assert (problem.gradient(np.ones((2, 3, 4)) * 2) == before).all()


class Wrapper(LinearOperator):
    """An operator that keeps a matrix under the name that scipy's own wrapper uses."""

    def __init__(self, A):
        super().__init__(float, A.shape)
        self.A = A

    def _matvec(self, v):
        return 2 * (self.A @ v)


def test_an_operator_with_a_matrix_inside_is_asked_for_its_own_product():
    assert OQ.from_error(Wrapper(STEP), ONES, 4).modes().eigenvalues == pytest.approx([2, 4, 6, 8])


def test_weights_far_outside_float64():
    H = np.diag([1e60, 2e60])
    for size, log in ((1e130, 736.3934375644), (1e-140, -507.0025126524)):
        e, dense = np.full(2, size), qm.Quadratic.from_spectrum([1e60, 2e60], error=[size, size])
        want = 5 * Log(dense, GD(5))(5e-62)
        for problem in (OQ.from_error(H, e, 2), OQ.from_error(H, e, 2).leading(2)):
            assert 5 * Log(problem, GD(5))(5e-62) == pytest.approx(want, rel=1e-14)
            assert want == pytest.approx(log, rel=1e-9)
    tiny = OQ.from_system(np.diag([1e-60, 2e-60]), [1e-140, 2e-140], 2)
    want = Log(qm.Quadratic.from_system(np.diag([1e-60, 2e-60]), [1e-140, 2e-140]), GD(5))(5e58)
    assert Log(tiny, GD(5))(5e58) == pytest.approx(want, rel=1e-13)
