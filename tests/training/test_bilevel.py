"""Bilevel descent reaches the best hyperparameter, resumes to the bit, and refuses to write NaN."""

from itertools import islice

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.strategies import bilevel_problem
from quadmeta.training.bilevel import Adam, Gradient, State, bilevel_descent, online
from tests.refusals import refused


def ridge(T=50):
    rng = np.random.default_rng(0)
    w = rng.standard_normal(5)
    parts = []
    for n in (12, 400):
        X = rng.standard_normal((n, 5))
        parts.append((X, X @ w + rng.standard_normal(n)))
    problem = qm.Ridge(*parts)
    return qm.OuterLoss(problem, qm.GradientDescent(T, 0.4))


@pytest.mark.parametrize("rule", [Adam(0.05), Gradient(0.3)])
@pytest.mark.parametrize(
    "estimator", [qm.Reverse(), qm.ClosedForm(), qm.MatrixDiscount(), qm.Implicit()]
)
def test_descent_reaches_the_best_ridge(rule, estimator):
    from scipy.optimize import minimize_scalar

    loss = ridge()
    best = minimize_scalar(
        lambda a: loss([a]), bounds=(0, 5), method="bounded", options={"xatol": 1e-10}
    ).x
    state = next(islice(bilevel_descent(loss, [0.05], estimator, rule, lower=0.0), 200, None))
    assert 0 < best < 5 and state.alpha[0] == pytest.approx(best, rel=1e-2)


def test_resuming_is_the_same_run_to_the_bit():
    problem, alpha = bilevel_problem("data_cleaning", 0)
    loss = qm.OuterLoss(problem, qm.GradientDescent(5, 0.3))
    whole = list(islice(bilevel_descent(loss, alpha, qm.Discounted(0.9)), 8))
    rest = list(islice(bilevel_descent(loss, alpha, qm.Discounted(0.9), state=whole[3]), 4))
    assert (rest[-1].alpha == whole[-1].alpha).all() and rest[-1].step == 8
    assert whole[-1].jvps == rest[-1].jvps == 8 * 5 and whole[-1].outer_gradients == 40


def test_warm_starts_follow_the_inner_run():
    problem, alpha = bilevel_problem("coupled", 0)
    loss = qm.OuterLoss(problem, qm.GradientDescent(5, 0.3))
    warm, cold = (next(bilevel_descent(loss, alpha, qm.Reverse(), warm=w)) for w in (True, False))
    assert (warm.start == loss.trained(alpha)).all() and (cold.start == problem.start).all()


def test_online_neumann_updates_after_each_of_the_last_steps():
    problem, alpha = bilevel_problem("ridge", 0)
    loss = qm.OuterLoss(problem, qm.GradientDescent(10, 0.1))
    assert online(10, 3) == (8, 1, 1) and online(4, 4) == (1, 1, 1, 1)
    rule, estimator = Gradient(0.05), qm.Neumann(order=4)
    states = list(islice(bilevel_descent(loss, alpha, estimator, rule, schedule=online(10, 3)), 3))
    assert states[-1].jvps == (4 + 1) * 3
    w, eta = problem.start, 0.1
    for steps in (8, 1, 1):
        bound = problem.at(alpha)
        for _ in range(steps):
            w = w - eta * bound.gradient(w)
        p = v = problem.outer_gradient(w)
        for _ in range(4):
            v = v - eta * bound.hvp(w, v)
            p = p + v
        alpha = alpha + 0.05 * eta * bound.mixed(w, p)
    np.testing.assert_allclose(states[-1].alpha, alpha, rtol=1e-12)
    for call, message in (
        (lambda: online(3, 4), "estimates = 4"),
        (
            lambda: next(bilevel_descent(loss, alpha, estimator, warm=False, schedule=(1, 1))),
            "warm",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_yielded_states_are_read_only_and_nothing_written_to_a_copy_reaches_the_run():
    problem, alpha = bilevel_problem("data_cleaning", 0)
    loss, given = qm.OuterLoss(problem, qm.GradientDescent(5, 0.3)), alpha.copy()
    descent = bilevel_descent(loss, given, qm.Discounted(0.9))
    given[:] = 1e6
    first = next(descent)
    for array in (first.alpha, first.start, *first.memory):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1e6
    whole = list(islice(bilevel_descent(loss, alpha, qm.Discounted(0.9)), 2))
    assert (next(descent).alpha == whole[1].alpha).all()
    memory = [np.ones(8), np.ones(8)]
    state = State(alpha, problem.start, 3, tuple(memory))
    again = next(bilevel_descent(loss, alpha, qm.Discounted(0.9), state=state)).alpha
    memory[0][:] = alpha[:] = 7.0
    assert (
        next(bilevel_descent(loss, alpha, qm.Discounted(0.9), state=state)).alpha == again
    ).all()


PROBLEM, ALPHA = bilevel_problem("coupled", 0)
LOSS = qm.OuterLoss(PROBLEM, qm.GradientDescent(5, 0.3))
BAD = {
    "loss": (
        lambda: bilevel_descent(PROBLEM, ALPHA, qm.Reverse()),
        "loss = Coupled.* must be an OuterLoss",
    ),
    "swapped": (lambda: bilevel_descent(qm.Reverse(), ALPHA, LOSS), "loss = Reverse"),
    "class": (lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse), "estimator is the class Reverse"),
    "rule class": (
        lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), Adam),
        "rule is the class Adam",
    ),
    "rule": (
        lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), 0.1),
        "rule = 0.1 must be a Gradient or Adam",
    ),
    "alpha": (lambda: bilevel_descent(LOSS, ALPHA[:1], qm.Reverse()), "alpha has shape"),
    "alpha text": (lambda: bilevel_descent(LOSS, "abc", qm.Reverse()), "alpha = 'abc'"),
    "alpha NaN": (
        lambda: bilevel_descent(LOSS, ALPHA * np.nan, qm.Reverse()),
        "alpha has the non-finite",
    ),
    "warm": (
        lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), warm=1),
        "warm = 1 must be True or False",
    ),
    "exact": (lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), exact="no"), "exact = 'no'"),
    "unstable": (
        lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), unstable=None),
        "unstable = None",
    ),
    "lower": (lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), lower=[0.0, 1.0]), "lower"),
    "schedule": (
        lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), schedule=5),
        "schedule = 5 must be a list",
    ),
    "steps": (lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), schedule=(5, 0)), "schedule = 0"),
    "state": (
        lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), state=3),
        "state = 3 must be a State",
    ),
    "another": (
        lambda: bilevel_descent(LOSS, ALPHA, qm.Reverse(), state=State([1.0], [1.0])),
        "state is of another",
    ),
    "state alpha": (lambda: State([np.inf], [1.0]), "alpha has the non-finite"),
    "state step": (lambda: State([1.0], [1.0], -1), "step = -1"),
    "step": (lambda: Gradient(0.0), "step = 0.0"),
    "step text": (lambda: Gradient("0.1"), "step"),
    "adam step": (lambda: Adam(-1.0), "step = -1.0"),
    "beta1": (lambda: Adam(beta1=1.0), "beta1 = 1.0 must be a number >= 0 and < 1"),
    "beta2": (lambda: Adam(beta2=-0.1), "beta2 = -0.1"),
    "beta NaN": (lambda: Adam(beta2=np.nan), "beta2 has the non-finite"),
    "epsilon": (lambda: Adam(epsilon=0.0), "epsilon = 0.0"),
    "online": (lambda: online(3.0, 1), "steps = 3.0"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_at_the_call_itself(name):
    call, message = BAD[name]
    with refused(message):
        call()


def test_a_squared_estimate_beyond_float64_stops_adam_instead_of_standing_still():
    problem = qm.Coupled(np.eye(2), 1e160 * np.eye(2), np.zeros(2), np.eye(2), np.ones(2))
    with pytest.raises(FloatingPointError, match="outer step 1: the update is not finite"):
        with np.errstate(over="ignore"):
            next(
                bilevel_descent(
                    qm.OuterLoss(problem, qm.GradientDescent(5, 0.3)), [0.0, 0.0], qm.Reverse()
                )
            )


def test_a_diverging_estimate_stops_the_descent_before_alpha_is_spoilt():
    problem, alpha = bilevel_problem("coupled", 0)
    loss = qm.OuterLoss(problem, qm.GradientDescent(3000, 50.0))
    with pytest.raises(FloatingPointError, match="outer step 1"):
        next(bilevel_descent(loss, alpha, qm.Reverse()))
