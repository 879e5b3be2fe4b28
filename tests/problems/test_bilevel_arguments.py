"""Constructors of bilevel problems: what they refuse by name, and that they keep nothing of the
caller's.
"""

import numpy as np
import pytest

import quadmeta as qm
from tests.refusals import refused

X, Y, H, P2 = (
    np.arange(6.0).reshape(3, 2) + 1,
    np.array([1.0, -1.0, 2.0]),
    np.diag([1.0, 2.0]),
    np.eye(2),
)
DATA = (X, Y)
LOGCOSH = {
    "features": X,
    "scale": np.ones(3),
    "mu": 0.5,
    "cross": P2,
    "linear": np.ones(2),
    "outer_hessian": P2,
    "outer_linear": np.ones(2),
    "start": np.zeros(2),
}


def log_cosh(**changed):
    return qm.LogCosh(**LOGCOSH | changed)


def coupled(**changed):
    plain = {
        "hessian": H,
        "cross": P2,
        "linear": np.ones(2),
        "outer_hessian": P2,
        "outer_linear": np.ones(2),
    }
    return qm.Coupled(**plain | changed)


BAD = {
    "indefinite": (
        lambda: coupled(hessian=np.diag([1.0, -1.0])),
        "hessian has the negative eigenvalue -1",
    ),
    "negative": (lambda: coupled(hessian=-H), "hessian has the negative eigenvalue"),
    "complex": (lambda: coupled(hessian=[[2, 1j], [-1j, 2]]), "hessian"),
    "masked": (
        lambda: coupled(linear=np.ma.array([1.0, 2.0], mask=[0, 1])),
        "linear is a masked array",
    ),
    "text": (lambda: coupled(cross=[["a", "b"], ["c", "d"]]), "cross"),
    "class": (lambda: coupled(hessian=np.ndarray), "hessian"),
    "none": (lambda: coupled(linear=None), "linear = None"),
    "hessian": (lambda: coupled(hessian=np.eye(3)), r"hessian has shape \(3, 3\)"),
    "outer": (lambda: coupled(outer_linear=np.ones(3)), "outer_linear has shape"),
    "constant": (lambda: coupled(outer_constant="0"), "outer_constant"),
    "random": (lambda: qm.Coupled.random(np.ones((2, 2)), 1, 0), "eigenvalues has shape"),
    "random h": (lambda: qm.Coupled.random([1.0, 2.0], 0, 0), "h = 0"),
    "random seed": (lambda: qm.Coupled.random([1.0, 2.0], 1, -1), "seed = -1"),
    "pair": (lambda: qm.Ridge(X, DATA), r"train = .* must be a pair: pass \(X, Y\)"),
    "one": (lambda: qm.Ridge((X,), DATA), "train = .* must be a pair"),
    "bools": (lambda: qm.Ridge((X > 3, Y), DATA), "train X .*holds booleans"),
    "dates": (lambda: qm.Ridge((X, np.array([1, 2, 3], "M8[D]")), DATA), "train Y"),
    "alpha": (lambda: qm.Ridge(DATA, DATA).at(0.1), "alpha has shape"),
    "alpha text": (lambda: qm.Ridge(DATA, DATA).at(["0.1"]), "alpha"),
    "rho": (lambda: qm.DataCleaning(DATA, DATA, -1.0), "rho = -1.0"),
    "rho text": (lambda: qm.DataCleaning(DATA, DATA, "1"), "rho"),
    "test": (lambda: qm.DataCleaning(DATA, DATA, 0.1, (X[:, :1], Y)), "test has X"),
    "corrupted": (lambda: qm.DataCleaning(DATA, DATA, 0.1, None, [1, 0, 1]), "corrupted has shape"),
    "digits seed": (lambda: qm.DataCleaning.digits(seed=1.5), "seed = 1.5"),
    "digits samples": (lambda: qm.DataCleaning.digits(samples=0), "samples = 0"),
    "accuracy": (
        lambda: qm.DataCleaning(DATA, DATA, 0.1, DATA).accuracy(np.ones(3)),
        r"w has shape \(3,\)",
    ),
    "outer w": (lambda: qm.Ridge(DATA, DATA).outer("abc"), "w = 'abc'"),
    "tasks": (lambda: qm.TaskWeights(3, DATA), "tasks = 3 must be a list"),
    "task": (lambda: qm.TaskWeights([DATA, X], DATA), "task 1 = .* must be a pair"),
    "task rho": (lambda: qm.TaskWeights([DATA], DATA, np.nan), "rho has the non-finite"),
    "softplus": (lambda: qm.AuxiliaryTasks(DATA, [DATA], DATA, 0.0, "yes"), "softplus = 'yes'"),
    "truth": (
        lambda: qm.AuxiliaryTasks(DATA, [DATA], DATA, truth=3),
        "truth = 3 must be a TaskRisk",
    ),
    "samples": (lambda: qm.AuxiliaryTasks.draw(2, [[3, 4], 5], 1.0, [1.0]), "samples = "),
    "shared": (lambda: qm.AuxiliaryTasks.draw(2, 5, 1.0, [1.0], shared=1), "shared = 1"),
    "seed": (lambda: qm.AuxiliaryTasks.draw(2, 5, 1.0, [1.0], seed=None), "seed = None"),
    "held out": (lambda: qm.AuxiliaryTasks.draw(2, 5, 1.0, [1.0], held_out=-1), "held_out = -1"),
    "covariance": (
        lambda: qm.AuxiliaryTasks.draw(2, 5, 1.0, [1.0], covariance=[1.0]),
        "covariance has shape",
    ),
    "digit": (lambda: qm.AuxiliaryTasks.digits(digit=True), "digit = True"),
    "weights": (
        lambda: qm.AuxiliaryTasks(DATA, [DATA], DATA).weights([1.0, 2.0]),
        "alpha has shape",
    ),
    "critical": (
        lambda: qm.AuxiliaryTasks(DATA, [DATA], DATA).critical_weight(0.0),
        "step_size = 0.0",
    ),
    "direction": (
        lambda: qm.AuxiliaryTasks(DATA, [DATA], DATA).critical_weight(0.01, [0.0]),
        "direction = ",
    ),
    "features": (lambda: log_cosh(features=np.ones(3)), "features has shape"),
    "scale": (lambda: log_cosh(scale=[1.0, -1.0, 1.0]), "scale has the negative entry -1"),
    "mu": (lambda: log_cosh(mu=[0.5]), "mu"),
    "start": (lambda: log_cosh(start=np.zeros(3)), "start has shape"),
    "outer asymmetric": (
        lambda: log_cosh(outer_hessian=[[1.0, 2.0], [0.0, 1.0]]),
        "outer_hessian is asymmetric",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_that_names_it(name):
    call, message = BAD[name]
    with refused(message):
        call()


def test_a_semidefinite_hessian_and_an_outer_column_are_accepted():
    Z = np.random.default_rng(0).standard_normal((1, 2))
    coupled(hessian=Z.T @ Z, outer_linear=np.ones((2, 1)))
    coupled(hessian=np.zeros((2, 2)))


def cases(arrays):
    """(problem, alpha) of every family on these arrays, by name."""
    a = arrays
    data, more = (a["X"], a["Y"]), (a["X2"], a["Y2"])
    yield "ridge", lambda: qm.Ridge(data, more), [0.3]
    yield "cleaning", lambda: qm.DataCleaning(data, more, 0.1, more, a["corrupted"]), np.ones(3)
    yield "weights", lambda: qm.TaskWeights([data, more], data), [1.0, 0.5]
    yield "auxiliary", lambda: qm.AuxiliaryTasks(data, [more], data), [0.5]
    yield (
        "coupled",
        lambda: coupled(hessian=a["H"], linear=a["b"], start=a["w"], outer_linear=a["b"]),
        [0.5, 1.0],
    )
    yield (
        "log_cosh",
        lambda: log_cosh(features=a["X"], linear=a["b"], start=a["w"], outer_hessian=a["H"]),
        [0.5, 1.0],
    )


def given():
    rng = np.random.default_rng(1)
    return {
        "X": X.copy(),
        "Y": Y.copy(),
        "X2": rng.standard_normal((4, 2)),
        "Y2": rng.standard_normal(4),
        "H": H.copy(),
        "b": np.array([1.0, -0.5]),
        "w": np.array([0.5, 0.25]),
        "corrupted": Y > 0,
    }


@pytest.mark.parametrize("name", [name for name, *_ in cases(given())])
def test_arrays_that_the_caller_changes_afterwards_change_nothing(name):
    arrays = given()
    make, alpha = next((make, alpha) for key, make, alpha in cases(arrays) if key == name)
    loss = qm.OuterLoss(make(), qm.GradientDescent(7, 0.01))

    def everything():
        problem, w = loss.problem, loss.trained(alpha)
        found = [
            loss(alpha),
            loss.gradient(alpha),
            loss.definition(alpha),
            w,
            problem.at(alpha).jacobian(w),
        ]
        if name != "log_cosh":
            found += [
                loss.implicit(alpha),
                problem.at(alpha).exact_implicit(),
                problem.at(alpha).minimizer,
            ]
        if name == "cleaning":
            found += [problem.accuracy(w), problem.corrupted.copy()]
        return found

    before = everything()
    for array in arrays.values():
        array[...] = 0 if array.dtype == bool else -7.0
    for old, new in zip(before, everything(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("name", [name for name, *_ in cases(given())])
def test_arrays_of_a_problem_are_read_only(name):
    problem = next(make() for key, make, _ in cases(given()) if key == name)
    found = [x for value in vars(problem).values() for x in flat(value)]
    assert found
    for array in found:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def flat(value):
    """Arrays in a value that was passed in, or in tuples of them."""
    if isinstance(value, np.ndarray):
        return [value] if value.ndim else []
    return [x for entry in value for x in flat(entry)] if isinstance(value, tuple) else []
