"""A problem from its matrix: what its short way through the checks leaves out changes no bit and
lets nothing pass.
"""

import numpy as np
import pytest

import quadmeta as qm
from quadmeta.arithmetic.extremes import extremes
from quadmeta.problems.parts.scale import moderate, spectral_weights

rng = np.random.default_rng(0)


def matrix(d, scale=1.0):
    X = rng.standard_normal((2 * d, d))
    return X.T @ X / d * scale


@pytest.mark.parametrize("shape", [(1,), (5,), (64,), (65,), (1000,), (3, 4)])
def test_extremes_are_those_of_numpy(shape):
    x = rng.standard_normal(shape)
    assert extremes(x) == (x.min(), x.max())
    x[..., -1] = np.nan
    assert np.isnan(extremes(x)).all()


def test_extremes_of_nothing():
    assert extremes(np.empty(0)) == extremes(np.empty((0, 3))) == (np.inf, -np.inf)


@pytest.mark.parametrize("entry", [0.0, -1.0, 1e-31, 1e31, np.nan, np.inf])
@pytest.mark.parametrize("size", [3, 100])
def test_one_entry_out_of_bounds_is_seen(entry, size):
    x = np.ones(size)
    assert moderate(x)
    x[1] = entry
    assert not moderate(x)


@pytest.mark.parametrize("scale", [1e-28, 1.0, 1e28, 1e-140, 1e140])
@pytest.mark.parametrize("tasks", [(), (3,)])
def test_weights_are_the_same_bits_either_way(scale, tasks):
    H = np.array([matrix(4, scale) for _ in range(3)])
    start = rng.standard_normal((3, 4))
    if not tasks:
        H, start = H[0], start[0]
    modes = qm.Quadratic.from_matrix(H, start=start).modes()
    omega, k = spectral_weights(modes.eigenvalues, modes.error)
    assert (modes.weights == omega).all() and modes.exponent == k
    assert not modes.weights.flags.writeable


@pytest.mark.parametrize("d", [2, 20, 100])
def test_a_matrix_symmetric_to_the_bit_is_kept(d):
    H = matrix(d)
    half = (H + H.T) / 2
    kept = qm.Quadratic.from_matrix(half, start=np.ones(d)).hessian
    assert (kept == half).all()
    bent = half.copy()
    bent[0, 1] *= 1 + 4e-16
    kept = qm.Quadratic.from_matrix(bent, start=np.ones(d)).hessian
    assert (kept == (bent + bent.T) / 2).all()
    bent[0, 1] += 1e-9 * bent.max()
    with pytest.raises(ValueError, match="asymmetric"):
        qm.Quadratic.from_matrix(bent, start=np.ones(d))


@pytest.mark.parametrize("tasks", [(), (2,)])
@pytest.mark.parametrize(
    ("factor", "words"),
    [(1e160, "hessian has the entry"), (1e-160, "hessian has the entry"), (-1.0, "definite")],
)
def test_a_matrix_out_of_range_is_refused_by_its_own_name(factor, words, tasks):
    H = np.broadcast_to(np.diag([1.0, 2.0, 3.0]), (*tasks, 3, 3)).copy()
    H[..., :, :] *= factor
    with pytest.raises(ValueError, match=words):
        qm.Quadratic.from_matrix(H, start=np.ones((*tasks, 3)))


def test_one_task_of_a_batch_is_judged_by_itself():
    H = np.array([np.diag([1.0, 2.0]), np.diag([1e-153, 2e-153])])
    with pytest.raises(ValueError, match="hessian has the entry"):
        qm.Quadratic.from_matrix(H, start=np.ones((2, 2)))
    H[1] = np.diag([0.0, 1.0])
    with pytest.raises(ValueError, match="eigenvalue 0 next to 1"):
        qm.Quadratic.from_matrix(H, start=np.ones((2, 2)))


def test_a_start_whose_products_are_no_numbers_is_refused():
    H = np.array([[2.0, 1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="error has the entry"), np.errstate(all="ignore"):
        qm.Quadratic.from_matrix(H, start=[1.7e308, -1.7e308], minimizer=[-1.7e308, 1.7e308])


def test_errors_that_are_rounding_become_zero():
    H = np.diag([1.0, 2.0, 3.0])
    start = np.array([1.0, 1e-17, 1.0])
    assert (qm.Quadratic.from_matrix(H, start=start).error == [1.0, 0.0, 1.0]).all()
    start[1] = 1e-13
    assert (qm.Quadratic.from_matrix(H, start=start).error == start).all()
