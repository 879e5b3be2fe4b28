"""Every estimator on every bilevel family: exactness, identities between them, and costs as
counted.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

import quadmeta as qm
from quadmeta.strategies import bilevel_problem
from tests.bilevel import FAMILIES, QUADRATIC, curvature
from tests.refusals import refused

ALL = {
    "closed_form": lambda T: qm.ClosedForm(),
    "forward": lambda T: qm.Forward(),
    "reverse": lambda T: qm.Reverse(),
    "one_step": lambda T: qm.OneStep(),
    "truncated": lambda T: qm.Truncated(max(1, T // 2)),
    "whole": lambda T: qm.Truncated(T),
    "dr_mad": lambda T: qm.DrMad(),
    "neumann": lambda T: qm.Neumann(3),
    "mean neumann": lambda T: qm.Neumann(2, min(T, 3)),
    "implicit": lambda T: qm.Implicit(),
    "discounted": lambda T: qm.Discounted(0.8),
    "fixed_gradient": lambda T: qm.FixedGradient(1.0),
    "hyper_distill": lambda T: qm.HyperDistill(0.7),
    "matrix_discount": lambda T: qm.MatrixDiscount(),
    "momentum_discount": lambda T: qm.MomentumDiscount(curvature=0.7, momentum=0.4),
    "nystrom_inverse": lambda T: qm.NystromInverse(rank=2, shift=0.5),
    "diagonal_inverse": lambda T: qm.DiagonalInverse(),
    "kronecker_inverse": lambda T: qm.KroneckerInverse(outputs=1),
}


def case(family, seed, T, x=0.8):
    problem, alpha = bilevel_problem(family, seed)
    return qm.OuterLoss(problem, qm.GradientDescent(T, x / curvature(problem, alpha))), alpha


def close(a, b, tolerance=1e-11):
    return np.linalg.norm(a - b) <= tolerance * (np.linalg.norm(b) + 1e-4)


def value(loss, alpha, estimator, start=None):
    return qm.hypergradient(loss, alpha, estimator, start=start).value


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ALL)
@given(seed=st.integers(0, 10**6), T=st.integers(1, 12))
@example(seed=1, T=1)  # 18 estimators on 7 families: the lengths at both ends, and a few between
@example(seed=2, T=2)
@example(seed=3, T=12)
@settings(max_examples=6)
def test_exact_where_it_says_so_and_costs_what_it_says(family, name, seed, T):
    loss, alpha = case(family, seed, T)
    estimator = ALL[name](T)
    got = qm.hypergradient(loss, alpha, estimator)
    if estimator.exact_when(T):
        assert close(got.value, loss.definition(alpha))
    # no closed form off quadratics: what runs there is reverse mode, and counted
    costly = qm.Reverse() if (name, family) == ("closed_form", "log_cosh") else estimator
    published = costly.cost(T, loss.problem.hyperparameters, loss.problem.start.size)
    assert {k: getattr(got, k) for k in published} == published and got.status == "ok"


def test_every_member_is_covered():
    assert set(qm.members("estimators")) - set(ALL) == {
        "chebyshev_inverse",
        "conjugate_gradient",
        "nystrom_conjugate_gradient",
        "renormalised_reverse",
        "stop_gradient",
        "surrogate",
    }


def test_columns_of_the_published_table_come_out_of_the_counter():
    loss, alpha = case("data_cleaning", 0, 50)
    table = {1: qm.OneStep(), 99: qm.DrMad(), 50: qm.Discounted(0.99)}
    assert all(qm.hypergradient(loss, alpha, e).jvps == jvps for jvps, e in table.items())
    for N, K in ((9, 5), (4, 10)):
        assert qm.hypergradient(loss, alpha, qm.Neumann(N, K)).jvps == (N + 1) * K == 50


@pytest.mark.parametrize("family", FAMILIES)
def test_truncation_error_falls_and_vanishes(family):
    loss, alpha = case(family, 2, 30)
    exact = loss.definition(alpha)
    errors = [np.linalg.norm(value(loss, alpha, qm.Truncated(K)) - exact) for K in (1, 5, 15, 30)]
    assert errors[0] > errors[1] > errors[2] > errors[3] and errors[3] <= 1e-12 * np.linalg.norm(
        exact
    )
    assert close(value(loss, alpha, qm.OneStep()), value(loss, alpha, qm.Truncated(1)))


def test_constant_cross_term_identities():
    """DrMAD is exact, Neumann(N) is Truncated(N + 1), FixedGradient is collinear with OneStep."""
    loss, alpha = case("coupled", 2, 12)
    assert close(value(loss, alpha, qm.DrMad()), loss.gradient(alpha))
    for N in (0, 4, 11):
        assert close(value(loss, alpha, qm.Neumann(N)), value(loss, alpha, qm.Truncated(N + 1)))
    one = value(loss, alpha, qm.OneStep())
    for gamma in (0.3, 0.9, 1.0):
        assert close(
            value(loss, alpha, qm.FixedGradient(gamma)), one * sum(gamma**k for k in range(12))
        )


@pytest.mark.parametrize("family", FAMILIES)
def test_distilled_point_is_the_fixed_gradient_where_J_is_affine(family):
    loss, alpha = case(family, 3, 9)
    for gamma in (0.5, 1.0):
        assert close(
            value(loss, alpha, qm.HyperDistill(gamma)), value(loss, alpha, qm.FixedGradient(gamma))
        )


def test_fit_of_theta_is_a_least_squares_scale():
    loss, alpha = case("ridge", 0, 15)
    fitted = qm.HyperDistill(0.9).fit(loss.tape(alpha))
    exact = loss.gradient(alpha)
    errors = [np.linalg.norm(value(loss, alpha, e) - exact) for e in (fitted, qm.HyperDistill(0.9))]
    assert fitted.theta != 1 and errors[0] < errors[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_at_the_inner_minimum(family):
    """All iterates coincide: discounted estimators are collinear with OneStep, Neumann(T - 1) and
    DrMAD are exact.
    """
    loss, alpha = case(family, 4, 10)
    long = qm.OuterLoss(loss.problem, qm.GradientDescent(20000, loss.step_size))
    best = long.trained(alpha)
    one = value(loss, alpha, qm.OneStep(), best)
    for gamma in (0.4, 0.99):
        mass = sum(gamma**k for k in range(10))
        for estimator in (qm.Discounted(gamma), qm.FixedGradient(gamma), qm.HyperDistill(gamma)):
            assert close(value(loss, alpha, estimator, best), mass * one, 1e-8)
    exact = loss.definition(alpha, best)
    for estimator in (qm.Neumann(9), qm.DrMad(), qm.MatrixDiscount(), qm.Neumann(9, 4)):
        assert close(value(loss, alpha, estimator, best), exact, 1e-8)


@pytest.mark.parametrize("family", QUADRATIC)
def test_conjugate_gradients_reach_the_solve_with_as_many_products_as_eigenvalues(family):
    loss, alpha = case(family, 5, 8)
    solve = value(loss, alpha, qm.Implicit())
    got = qm.hypergradient(loss, alpha, qm.ConjugateGradient(budget=10))
    assert close(got.value, solve, 1e-8) and got.jvps <= 10
    few = [
        np.linalg.norm(value(loss, alpha, qm.ConjugateGradient(budget=N)) - solve)
        for N in (2, 3, 9)
    ]
    assert few[2] <= few[0]
    assert qm.hypergradient(loss, alpha, qm.ConjugateGradient(budget=2)).jvps == 2


def test_matrix_discount_is_asymptotically_exact_and_scalar_discounts_are_not():
    problem, alpha = bilevel_problem("coupled", 6)
    errors = {}
    for T in (10, 400):
        loss = qm.OuterLoss(problem, qm.GradientDescent(T, 1 / curvature(problem, alpha)))
        exact = loss.gradient(alpha)
        errors[T] = [
            np.linalg.norm(
                value(loss, alpha, e) / np.linalg.norm(exact) - exact / np.linalg.norm(exact)
            )
            for e in (qm.MatrixDiscount(), qm.Discounted(0.9), qm.Discounted(0.5))
        ]
    assert errors[400][0] < 1e-10 < errors[10][0] and min(errors[400][1:]) > 1e-2


def test_scaling_rule():
    """w, alpha and both losses rescaled: every estimator scales alike, which a lost step size
    would break.
    """
    lam, s, r, u = np.array([0.3, 1.0, 2.0]), 3.0, 0.5, 7.0
    a = qm.Coupled.random(lam, h=2, seed=0)
    b = qm.Coupled(
        a.hessian * u / s**2,
        a.cross * u / (s * r),
        a.linear * u / s,
        a.outer_hessian * u / s**2,
        a.outer_linear[:, 0] * u / s,
        a.start * s,
    )
    alpha = np.array([0.4, -0.7])
    one, two = (
        qm.OuterLoss(p, qm.GradientDescent(7, eta)) for p, eta in ((a, 0.4), (b, 0.4 * s**2 / u))
    )
    for name, make in ALL.items():
        estimator = make(7)
        # arguments that are curvatures scale like H
        units = {
            key: getattr(estimator, key) * u / s**2
            for key in ("curvature", "shift")
            if hasattr(estimator, key)
        }
        found = value(two, alpha * r, replace(estimator, **units))
        assert close(found, value(one, alpha, estimator) * u / r), name
    assert close(
        value(two, alpha * r, qm.ConjugateGradient(3)),
        value(one, alpha, qm.ConjugateGradient(3)) * u / r,
    )


BAD = {
    "K > T": (lambda o, a: qm.hypergradient(o, a, qm.Truncated(9)), "K = 9 exceeds"),
    "K": (lambda o, a: qm.Truncated(0), "K = 0"),
    "N": (lambda o, a: qm.Neumann(-1), "order = -1"),
    "estimates": (lambda o, a: qm.hypergradient(o, a, qm.Neumann(1, 9)), "estimates = 9 exceeds"),
    "gamma 0": (lambda o, a: qm.Discounted(0.0), "gamma = 0.0"),
    "gamma 2": (lambda o, a: qm.FixedGradient(2.0), "gamma = 2.0"),
    "gamma NaN": (lambda o, a: qm.HyperDistill(np.nan), "gamma"),
    "cg": (lambda o, a: qm.ConjugateGradient(1), "at least 2"),
    "stop": (lambda o, a: qm.hypergradient(o, a, qm.StopGradient()), "step size"),
    "dtype": (lambda o, a: qm.hypergradient(o, a, qm.Reverse(dtype="float32")), "float64"),
    "alpha": (lambda o, a: qm.hypergradient(o, a[:1], qm.Reverse()), "alpha has shape"),
    "start": (lambda o, a: qm.hypergradient(o, a, qm.Reverse(), start=[1.0]), "start has shape"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call(*case("coupled", 0, 5))


TRAIN, HELD_OUT = ([[1, 2, 3], [2, 0, 1]], [1, -1]), ([[1, 1, 0], [0, 1, 2], [1, 0, 1]], [1, 2, 0])
DEFICIENT = [[1, 0, 0], [0, 1, 0]], [1, -1]
SOLVERS = [qm.Implicit(), *(qm.ConjugateGradient(N) for N in (2, 3, 4, 8))]


@pytest.mark.parametrize(
    "train", [TRAIN, DEFICIENT, (np.eye(3)[:2], np.ones(2)), ([[1, 1, 0], [2, 2, 1]], [1, 0])]
)
@pytest.mark.parametrize("estimator", SOLVERS)
@pytest.mark.parametrize("T", [3, 300])
def test_solves_on_a_singular_hessian_are_errors_at_every_number_of_products(train, estimator, T):
    """grad L_2 has a part in the null space, so that H x = grad L_2 has no solution; the unrolled
    derivative exists.
    """
    loss = qm.OuterLoss(qm.Ridge(train, HELD_OUT), qm.GradientDescent(T, 0.1))
    with pytest.raises(ValueError, match="singular and H x = g has no solution.*share 0") as caught:
        qm.hypergradient(loss, [0.0], estimator)
    assert "\n" not in str(caught.value)
    assert close(value(loss, [0.0], qm.ClosedForm()), value(loss, [0.0], qm.Reverse()))


def consistent(rank, seed):
    """H = Z'Z singular and an outer gradient in its range for every w: the answer is the same for
    every inverse.
    """
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((rank, 6))
    H2 = Z.T @ np.diag(rng.uniform(0.5, 1, rank)) @ Z
    problem = qm.Coupled(
        Z.T @ Z,
        rng.standard_normal((6, 2)),
        Z.T @ rng.standard_normal(rank),
        H2,
        Z.T @ rng.standard_normal(rank),
    )
    return qm.OuterLoss(problem, qm.GradientDescent(5, 0.01)), problem


@pytest.mark.parametrize("rank", range(1, 6))
def test_solves_on_a_singular_hessian_whose_system_has_a_solution(rank):
    for seed in range(20):
        loss, problem = consistent(rank, seed)
        g = problem.outer_gradient(loss.trained([0.0, 0.0]))
        want = problem.cross.T @ np.linalg.pinv(problem.hessian, rcond=1e-10) @ g
        assert close(value(loss, [0.0, 0.0], qm.Implicit()), want, 1e-8)
        assert close(value(loss, [0.0, 0.0], qm.ConjugateGradient(40)), want, 1e-6)


def test_a_third_of_a_golden_singular_system():
    """C'H^+ g = e_1'(Z Z')^-1 Z g = 1/3 needs C in the range; from g alone, which is not, there is
    no solution.
    """
    Z = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    C, g = Z.T @ [[1.0], [0.0]], Z.T @ [2.0, 1.0]
    inside = qm.Coupled(Z.T @ Z, C, np.zeros(3), np.zeros((3, 3)), -g)
    outside = qm.Coupled(Z.T @ Z, C, np.zeros(3), np.zeros((3, 3)), [0.0, -1.0, 0.0])
    for estimator in (qm.Implicit(), qm.ConjugateGradient(9)):
        loss = qm.OuterLoss(inside, qm.GradientDescent(2, 0.1))
        assert value(loss, [0.0], estimator) == pytest.approx([2.0], rel=1e-13)  # e_1'(2, 1)
        with pytest.raises(ValueError, match="has no solution"):
            qm.hypergradient(qm.OuterLoss(outside, qm.GradientDescent(2, 0.1)), [0.0], estimator)


@pytest.mark.parametrize("train", [TRAIN, DEFICIENT])
@pytest.mark.parametrize("ridge", [1e-14, 1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-4])
@pytest.mark.parametrize("estimator", [qm.Implicit(), qm.ConjugateGradient(8)])
def test_solves_at_a_small_ridge_are_right_to_six_digits_or_refused(train, ridge, estimator):
    loss = qm.OuterLoss(qm.Ridge(train, HELD_OUT), qm.GradientDescent(1000, 0.2))
    try:
        found = qm.hypergradient(loss, [ridge], estimator).value
    except ValueError as error:
        assert ridge <= 1e-10 and "singular" in str(error)
    else:
        assert found == pytest.approx(loss.implicit([ridge]), rel=1e-5)


@pytest.mark.parametrize("estimator", [qm.Implicit(), qm.ConjugateGradient(4)])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_solve_after_a_diverged_run_says_that_it_diverged(family, estimator):
    loss, alpha = case(family, 0, 4000, x=300.0)
    message = "the inner run diverged, w_T is not finite: step_size = .* must be below 2/L = "
    if family == "log_cosh":  # its gradient is bounded apart from mu w
        loss = qm.OuterLoss(loss.problem, qm.GradientDescent(4000, 1e3))
    with pytest.raises(ValueError, match=message):
        qm.hypergradient(loss, alpha, estimator)


def test_conjugate_gradients_off_a_minimum_say_so():
    class Saddle(qm.LogCosh):
        """Curvature of both signs."""

        def bind(self, alpha):
            bound = super().bind(alpha)
            object.__setattr__(bound, "hvp", lambda w, v: v * np.array([1.0, -1.0, 2.0, 1.0]))
            return bound

    plain = qm.LogCosh.random(4, 2, 0)
    saddle = Saddle(*(getattr(plain, name) for name in plain.__dataclass_fields__))
    with pytest.raises(ValueError, match="indefinite: conjugate gradients need a minimum"):
        qm.hypergradient(
            qm.OuterLoss(saddle, qm.GradientDescent(3, 0.1)), [0.0, 0.0], qm.ConjugateGradient(8)
        )


WRONG = {
    "class": (lambda o, a: qm.hypergradient(o, a, qm.Reverse), "estimator is the class Reverse"),
    "swapped": (
        lambda o, a: qm.hypergradient(qm.Reverse(), a, o),
        "objective = Reverse.* must be an Objective: pass for example OuterLoss",
    ),
    "nothing": (lambda o, a: qm.hypergradient(o, a, None), "estimator = None must be an Estimator"),
    "numpy dtype": (lambda o, a: qm.Reverse(dtype=np.float32), "did you mean 'float32'"),
    "dtype object": (
        lambda o, a: qm.Discounted(0.5, dtype=np.dtype("float16")),
        "did you mean 'float16'",
    ),
    "digits": (lambda o, a: qm.hypergradient(o, a, qm.Reverse(), digits=0), "digits = 0"),
    "theta": (lambda o, a: qm.HyperDistill(0.9, theta="abc"), "theta = 'abc'"),
    "theta NaN": (lambda o, a: qm.HyperDistill(0.9, theta=np.nan), "theta has the non-finite"),
    "K": (lambda o, a: qm.Truncated(2.0), "K = 2.0"),
    "products": (lambda o, a: qm.Neumann(True), "order = True"),
    "estimates": (lambda o, a: qm.Neumann(1, 0), "estimates = 0"),
    "gamma": (lambda o, a: qm.Discounted("0.5"), "gamma = '0.5'"),
    "gamma array": (lambda o, a: qm.Discounted([0.5]), "gamma"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_objects_are_one_line_that_names_them(name):
    call, message = WRONG[name]
    with refused(message):
        call(*case("coupled", 0, 5))
