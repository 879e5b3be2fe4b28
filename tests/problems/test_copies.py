"""What a problem is given it copies and freezes: no caller changes it afterwards, and nobody
writes to its arrays.
"""

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

import quadmeta as qm
from quadmeta.theory.task_risk import SharedInputs, TaskRisk

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((6, 3)), rng.standard_normal(6)
X2, Y2, V, W = (rng.standard_normal(shape) for shape in ((4, 3), 4, 3, 3))
H, LAM, EYE = np.diag([1.0, 2.0, 3.0]) + 0.1, np.array([1.0, 2.0, 3.0]), np.eye(3)
TURN = np.linalg.qr(rng.standard_normal((3, 3)))[0]
FULL = TURN * LAM @ TURN.T

BUILD = {
    "Quadratic": (
        lambda lam, e, Q, A, w, f: qm.Quadratic(lam, e, Q, A, w, f),
        (LAM, V, TURN, (FULL + FULL.T) / 2, W, np.array(0.5)),
    ),
    "Quadratic weights": (
        lambda lam, e, o: qm.Quadratic(lam, e, weights=o),
        (LAM, np.sqrt(2 / LAM), np.ones(3)),
    ),
    "from_spectrum": (lambda lam, e: qm.Quadratic.from_spectrum(lam, error=e), (LAM, V)),
    "from_spectrum weights": (
        lambda lam, o: qm.Quadratic.from_spectrum(lam, weights=o),
        (LAM, np.ones(3)),
    ),
    "from_matrix": (lambda A, w0, w: qm.Quadratic.from_matrix(A, start=w0, minimizer=w), (H, V, W)),
    "from_system": (lambda A, b, w0: qm.Quadratic.from_system(A, b, start=w0), (H, V, W)),
    "from_design": (qm.Quadratic.from_design, (X, Y)),
    "stack": (
        lambda lam, e: qm.Quadratic.stack([qm.Quadratic(lam, e), qm.Quadratic(lam, e)])[1:],
        (LAM, V),
    ),
    "operator": (lambda A, e, w: qm.OperatorQuadratic.from_error(A, e, 3, minimizer=w), (H, V, W)),
    "operator system": (lambda A, b: qm.OperatorQuadratic.from_system(A, b, 2), (H, V)),
    "operator design": (lambda X, y: qm.OperatorQuadratic.from_design(X, y, 2), (X, Y)),
    "operator sparse": (
        lambda A, e: qm.OperatorQuadratic.from_error(scipy.sparse.csr_array(A), e, 3),
        (EYE, V),
    ),
    "least squares": (
        lambda X, y, X2, y2: qm.LeastSquares.from_data(X, y, (X2, y2)),
        (X, Y, X2, Y2),
    ),
    "least squares record": (
        lambda lam, s, z: qm.LeastSquares(lam, s, z, 0.5, 0.1, 6, 3),
        (LAM, V, W),
    ),
    "averaged": (lambda lam: qm.AveragedLeastSquares.of(lam, 6, 3, 0.5), (LAM,)),
    "noisy": (qm.NoisyQuadratic, (LAM, V, np.array([0.1, 0.2, 0.0]))),
    "noisy matrix": (qm.NoisyQuadratic.from_matrix, (H, V, EYE)),
    "streaming": (qm.StreamingGaussian.from_spectrum, (LAM, V)),
    "streaming covariance": (qm.StreamingGaussian.from_covariance, (H, V)),
    "streaming exact": (
        qm.StreamingGaussian.from_spectrum,
        (np.array([Fraction(1, 3), Fraction(2)]), np.array([Fraction(1), Fraction(1, 7)])),
    ),
    "rows": (
        lambda X, y, X2, y2, w, w0: qm.SampledRows(X, y, (X2, y2), w, w0),
        (X, Y, X2, Y2, V, W),
    ),
}


def answers(problem):
    """Gradient, loss and, where there are any, modes and outer losses."""
    w = np.full(np.shape(problem.start), 0.7)
    found = [problem.gradient(w), problem.loss(w), problem.hvp(w, w), problem.start]
    if hasattr(problem, "modes"):
        modes = problem.modes()
        found += [modes.eigenvalues, modes.error, modes.weights]
    if hasattr(problem, "expected"):
        found += [problem.expected(3, 0.05, outer).log for outer in problem.outers]
    if isinstance(problem, qm.LeastSquares):
        found += (
            [qm.TrainByValidation(problem, qm.GradientDescent(3))(0.1).log]
            if problem.validation
            else []
        )
    return [np.array(x, dtype=float) for x in found]


def arrays(value, seen):
    """Every array that can be reached from the attributes of an object."""
    if id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from arrays(entry, seen)
    elif scipy.sparse.issparse(value):
        yield value.data
    elif type(value).__module__.startswith("quadmeta.problems") and hasattr(value, "__dict__"):
        for entry in vars(value).values():
            yield from arrays(entry, seen)


@pytest.mark.parametrize("name", BUILD)
def test_a_caller_who_changes_his_arrays_changes_nothing(name):
    build, data = BUILD[name]
    own = [np.array(x) for x in data]
    problem = build(*own)
    for x in own:
        x[...] = 7  # before the first question: nothing may be read later
    fresh = build(*(np.array(x) for x in data))
    for found, wanted in zip(answers(problem), answers(fresh), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", BUILD)
def test_every_array_of_a_problem_is_read_only(name):
    build, data = BUILD[name]
    problem = build(*data)
    before = answers(problem)  # fills what is cached
    found = list(arrays(problem, {}))
    kept = [problem.start] if problem.start is problem.start else []
    for x in [*found, *kept]:
        if x.size:
            with pytest.raises(ValueError, match="read-only"):
                x[...] = 1
    assert found
    for old, new in zip(before, answers(problem), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_risk_keeps_its_own_copies():
    grams, offsets = np.stack([EYE, EYE]), np.array([0 * V, V])
    risk = TaskRisk(grams, [0.1, 0.2], offsets, W, EYE)
    value = risk([0.5])
    grams *= 3
    offsets += 1
    assert risk([0.5]) == value
    overlaps = np.array([[2.0]])
    shared = SharedInputs([1.0, 2.0], overlaps)
    value = shared([0.5])
    overlaps[:] = 9
    assert shared([0.5]) == value
