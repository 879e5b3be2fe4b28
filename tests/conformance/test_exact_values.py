"""The exact values: by reverse recursion, against forward tangents and differences of the loss."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from quadmeta.conformance import CASES, KINDS, exact_value, fingerprints, tolerance
from quadmeta.conformance.problem import DIGITS, ExactProblem
from quadmeta.conformance.rational import largest

BY_NAME = {case.name: case for case in CASES}
UNROLLED = [
    case for case in CASES if "unrolled" in case.kinds and not case.batch and case.adam is None
]


def by_name(case):
    return case.name


def tangents(case):
    """d L_2(w_T) / d alpha forwards: the derivative of every state."""
    problem = ExactProblem(case)
    before = problem.start_slope
    moved = before
    w = problem.start
    w_before = w
    for size in problem.step_sizes:
        push = problem.hessian @ moved + problem.jacobian(w).T
        step = problem.preconditioner @ push
        next_moved = moved - size * step + problem.momentum * (moved - before)
        next_w = w - size * (problem.preconditioner @ problem.gradient(w))
        next_w = next_w + problem.momentum * (w - w_before)
        before, moved = moved, next_moved
        w_before, w = w, next_w
    return moved.T @ problem.outer_gradient(w) + problem.direct(w)


@pytest.mark.parametrize("case", UNROLLED, ids=by_name)
def test_reverse_is_forward(case):
    with mpmath.workdps(DIGITS):
        error = largest(exact_value(case, "unrolled") - tangents(case))
        if not case.exponential:
            assert error == 0
        assert error < 1e-50


@pytest.mark.parametrize("case", UNROLLED, ids=by_name)
def test_it_is_the_slope_of_the_loss(case):
    """A central difference of the exact loss in each hyperparameter."""
    small = Fraction(1, 10**15)
    with mpmath.workdps(DIGITS):
        value = exact_value(case, "unrolled")
        for k in range(case.hyperparameters):
            losses = []
            for sign in (1, -1):
                alpha = case.alpha.copy()
                alpha[k] += sign * small
                problem = ExactProblem(case.but(alpha=alpha))
                losses.append(problem.outer(problem.states[-1]))
            slope = (losses[0] - losses[1]) / 2 * 10**15
            # the third derivative grows with the horizon and the ill-conditioned scales
            assert abs(slope - value[k]) <= 1e-20 * max(1, abs(value[k]))


@pytest.mark.parametrize("case", [case for case in CASES if "implicit" in case.kinds], ids=by_name)
def test_the_implicit_value_is_the_slope_of_the_loss_at_the_minimum(case):
    small = Fraction(1, 10**25)
    with mpmath.workdps(DIGITS):
        value = exact_value(case, "implicit")
        scale = largest(value) + 1
        for k in range(case.hyperparameters):
            losses = []
            for sign in (1, -1):
                alpha = case.alpha.copy()
                alpha[k] += sign * small
                problem = ExactProblem(case.but(alpha=alpha))
                losses.append(problem.outer(problem.minimum))
            slope = (losses[0] - losses[1]) / 2 * 10**25
            assert abs(slope - value[k]) <= 1e-20 * scale


GOLDEN = {
    ("generic", "unrolled"): (83.721231143026606, -59.779898768442365),
    ("schedule", "unrolled"): (6.5433048295669499, -26.838490942587131),
    ("momentum", "unrolled"): (159.99075475985332, -109.77651173404169),
    ("start_of_alpha", "unrolled"): (58.096447458711538, -43.393606815053367),
    ("preconditioned", "unrolled"): (49.564240595041256, -34.049994192691685),
    ("ridge_exp", "implicit"): (0.0057221476242477236, 0.080637308031010163, 0.007014297422169565),
    ("generic", "implicit"): (153, -126),
    ("condition_2^13", "implicit"): (1614615 / 2, -27730395),
    ("generic", "truncated"): (57.946281056066596, -43.044120504687868),
    ("direct_term", "one_step"): (67204285311 / 2147483648, 3842549341 / 2147483648),
    ("generic", "implicit_at"): (21 / 8, 111 / 4),
    ("generic", "neumann"): (3735129 / 1048576, 429601893 / 33554432),
    ("generic", "discounted"): (72.08874517212098, -62.6426875191828),
    ("step_size", "step_size"): (-10.793831335396503,),
    ("step_size", "log_step_size"): (-0.61283126574710067,),
    ("step_size_outer", "log_step_size"): (0.22417493342285751,),
    ("step_size_golden", "log_step_size"): (4,),
}


@pytest.mark.parametrize(("name", "kind"), GOLDEN, ids=map("-".join, GOLDEN))
def test_golden_numbers(name, kind):
    found = [float(x) for x in exact_value(BY_NAME[name], kind)]
    assert found == pytest.approx(GOLDEN[name, kind], rel=1e-15)


def adam_run(case, alpha):
    """The loss after Adam's own steps, in whatever precision is set."""
    s = case.adam

    def number(value):
        return mpmath.mpf(value.numerator) / value.denominator

    step, first, second = (number(x) for x in (s.step_size, s.first, s.second))
    epsilon, root = number(s.epsilon), number(s.root)
    w = moment = square = mpmath.mpf(0)
    for t in range(1, case.steps + 1):
        gradient = w - alpha
        moment = first * moment + (1 - first) * gradient
        square = second * square + (1 - second) * gradient**2
        corrected = moment / (1 - first**t)
        if s.uncorrected:
            scale = mpmath.sqrt(1 - second**t)
            w = w - step * scale * corrected / (mpmath.sqrt(square) + epsilon)
        else:
            w = w - step * corrected / (mpmath.sqrt(square / (1 - second**t) + root) + epsilon)
    return (w - 1) ** 2 / 2


@pytest.mark.parametrize("name", ["adam_zero", "adam_root", "adam_hat"])
def test_adam_has_a_derivative_at_a_zero_gradient(name):
    """By central differences far below epsilon, in 250 digits: no rule of differentiation."""
    case = BY_NAME[name]
    value = exact_value(case, "unrolled")[0]
    with mpmath.workdps(250):
        small = mpmath.mpf(10) ** -100
        slope = (adam_run(case, small) - adam_run(case, -small)) / (2 * small)
        assert abs(slope / value - 1) < 1e-40


def test_adam_elsewhere_is_refused():
    case = BY_NAME["adam_zero"]
    with pytest.raises(ValueError, match="starts at its minimum"):
        exact_value(case.but(start=case.alpha + 1), "unrolled")


def test_all_but_two_cases_are_exact_rationals():
    kinds = set(KINDS) - {"step_size", "log_step_size"}
    transcendental = {
        case.name
        for case in CASES
        if case.adam is None
        for kind in case.kinds & kinds
        if not all(isinstance(entry, Fraction) for entry in exact_value(case, kind))
    }
    assert transcendental == {"ridge_exp", "ridge_log"}


def test_dyadic_data_are_what_floats_hold():
    """What the tested code gets is what the exact value belongs to."""
    rounded = {
        case.name
        for case in CASES
        for values in (case.hessian, case.linear, case.cross, case.alpha, case.start)
        if any(Fraction(float(entry)) != entry for entry in values.ravel())
    }
    least_squares = {case.name for case in CASES if case.regression is not None}
    minimum_as_start = {"zero_outer_gradient", "equilibrium_start", "warm_start"}
    assert rounded - least_squares <= minimum_as_start


def test_unrolled_at_the_minimum_is_the_neumann_series():
    case = BY_NAME["equilibrium_start"].but(products=4)
    difference = exact_value(case, "unrolled") - exact_value(case, "neumann")
    assert np.all(difference == 0)


def test_a_constant_hessian_hides_the_order_of_the_steps():
    """Why the cases of a schedule let the Hessian depend on alpha."""
    found = {fingerprint.name: fingerprint for fingerprint in fingerprints("unrolled")}
    reversed_steps = found["step sizes reversed in the backward pass"]
    case = BY_NAME["schedule"]
    flat = case.but(slopes=())
    assert np.all(exact_value(flat, "unrolled") == reversed_steps.predicts(flat))
    assert np.all(exact_value(case, "unrolled") != reversed_steps.predicts(case))


def test_values_of_kinds_that_a_case_is_not_for_are_refused():
    momentum = BY_NAME["momentum"]
    for function in (exact_value, tolerance):
        with pytest.raises(ValueError, match="it is a case for unrolled"):
            function(momentum, "implicit")
        with pytest.raises(ValueError, match="did you mean 'implicit'"):
            function(momentum, "implict")
    assert np.all(exact_value(momentum, "forward") == exact_value(momentum, "unrolled"))
    names = [[one.name for one in fingerprints(kind)] for kind in ("reverse", "unrolled")]
    assert names[0] == names[1]
