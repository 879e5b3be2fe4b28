"""What a tape keeps, gives and counts; its products against differences of the run."""

import numpy as np
import pytest

import quadmeta as qm

GD = qm.GradientDescent(5)
PROBLEM = qm.Quadratic.from_spectrum([0.5, 1.0, 2.0], error=[1.0, -2.0, 0.5])


def step_size_tape(**more):
    return qm.LogObjective(PROBLEM, GD).tape(0.3, **more)


def hyper_tape(optimizer):
    problem = qm.LogCosh.random(4, 3, 0)
    return qm.OuterLoss(problem, optimizer).tape([0.2, -0.5, 1.0])


TAPES = {
    "step size": (step_size_tape, 1),
    "hyperparameters": (lambda: hyper_tape(qm.GradientDescent(5, 0.1)), 3),
    "weights and those before": (lambda: hyper_tape(qm.Nesterov(5, 0.1, 0.7)), 3),
    "weights and velocity": (lambda: hyper_tape(qm.DecoupledDecay(5, 0.1, 0.7, 0.2)), 3),
}


@pytest.mark.parametrize("name", TAPES)
def test_states_are_kept_as_long_as_they_are_needed(name):
    make, _ = TAPES[name]
    whole = make()
    whole.record()
    states = [whole.state(t) for t in range(6)]
    assert whole.counts == {"hvps": 0, "mixed": 0, "outer_gradients": 0, "stored_vectors": 5}
    np.testing.assert_array_equal(whole.weights(states[0]), whole.start)
    tape = make()
    for t in tape.stream():
        np.testing.assert_array_equal(tape.state(t), states[t])
        np.testing.assert_array_equal(tape.state(t + 1), states[t + 1])
        with pytest.raises(ValueError, match="is no state that the tape keeps"):
            tape.state(t - 1)
    np.testing.assert_array_equal(tape.state(5), states[5])
    with pytest.raises(ValueError, match="is no state that the tape keeps"):
        tape.state(4)
    assert tape.counts["stored_vectors"] == 1
    tape.record(2)
    assert tape.counts["stored_vectors"] == 2
    for t in (3, 4, 5):
        np.testing.assert_array_equal(tape.state(t), states[t])
    with pytest.raises(ValueError, match="is no state that the tape keeps"):
        tape.state(2)
    for _ in tape.stream():
        pass
    assert tape.counts["stored_vectors"] == 2  # the most that was kept at one time


@pytest.mark.parametrize("name", TAPES)
def test_products_are_counted_one_by_one(name):
    make, width = TAPES[name]
    tape = make()
    tape.record()
    v = np.ones_like(tape.state(5))
    assert tape.width == width and tape.step_size_is_tuned == (width == 1)
    spent = {"hvps": 0, "mixed": 0, "outer_gradients": 0}
    for call, cost in (
        (lambda: tape.A(2, v), {"hvps": 1}),
        (lambda: tape.A(2, v, 2 * v), {"hvps": 1}),
        (lambda: tape.A(2, np.stack([v, v, v, v])), {"hvps": 4}),
        (lambda: tape.B(2, v), {"mixed": 1}),
        (lambda: tape.B(2, v, 2 * v), {"mixed": 1}),
        (lambda: tape.tangent(2), {"mixed": width}),
        (lambda: tape.outer_gradient(), {"outer_gradients": 1}),
        (lambda: tape.outer_gradient(3), {"outer_gradients": 1}),
    ):
        call()
        spent = {key: count + cost.get(key, 0) for key, count in spent.items()}
        assert tape.counts == {**spent, "stored_vectors": 5}


@pytest.mark.parametrize("name", TAPES)
def test_products_are_derivatives_of_a_step(name):
    """A_t by differences of one step in w, B_t as the columns that forward mode carries, each also
    at another point.
    """
    tape = TAPES[name][0]()
    tape.record()
    rng = np.random.default_rng(0)
    v, u, other = rng.standard_normal((3, tape.state(0).size))

    w = tape.state(2)
    at, elsewhere, columns = tape.A(2, v), tape.A(2, v, other), tape.tangent(2)
    np.testing.assert_allclose(tape.B(2, v), columns @ v, rtol=1e-12)
    far = tape.B(2, v, other)
    np.testing.assert_array_equal(tape.outer_gradient(5), tape.outer_gradient())
    assert not np.array_equal(tape.outer_gradient(4), tape.outer_gradient())
    for point, product in ((w, at), (other, elsewhere)):
        numeric = (
            tape.next_state(0, point + 1e-6 * u) - tape.next_state(0, point - 1e-6 * u)
        ) / 2e-6
        assert u @ product == pytest.approx(numeric @ v, rel=1e-7, abs=1e-9)
    np.testing.assert_allclose(tape.parameter_columns(2, other) @ v, far, rtol=1e-13)


def test_a_tape_runs_in_float64_and_unscaled_unless_told_otherwise():
    tape = step_size_tape()
    tape.record()
    assert tape.state(5).dtype == np.float64 and not tape.renormalised
    np.testing.assert_allclose(
        tape.state(5), (1 - 0.3 * PROBLEM.eigenvalues) ** 5 * PROBLEM.error, rtol=1e-14
    )
    for dtype in ("float16", "float32", "float64"):
        small = step_size_tape(dtype=dtype, renormalised=True)
        small.record()
        for t in range(6):
            largest = np.abs(small.state(t)).max()
            assert small.state(t).dtype == dtype and 0.5 <= largest < 1
            ratio = small.state(t).astype(float) / (
                (1 - 0.3 * PROBLEM.eigenvalues) ** t * PROBLEM.error
            )
            rounding = 20 * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(ratio, ratio[0], rtol=rounding)
            # a power of two
            assert np.log2(ratio[0]) == pytest.approx(round(np.log2(ratio[0])), abs=rounding)
