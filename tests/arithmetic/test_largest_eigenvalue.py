"""The largest eigenvalue alone, against all of them."""

import numpy as np
import pytest

from quadmeta.arithmetic.largest_eigenvalue import largest_eigenvalue


@pytest.mark.parametrize("p", [1, 2, 3, 33, 65, 100, 101])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e150])
def test_it_is_the_last_of_all(p, scale):
    rng = np.random.default_rng(p)
    factor = rng.standard_normal((p, 1 + p // 2))
    H = scale * (factor @ factor.T)
    before = H.copy()
    expected = np.linalg.eigvalsh(H)[-1]
    assert abs(largest_eigenvalue(H) - expected) <= 1e-14 * max(1, p / 10) * expected
    np.testing.assert_array_equal(H, before)


def test_zero_negative_and_repeated_eigenvalues():
    assert largest_eigenvalue(np.zeros((4, 4))) == 0
    assert largest_eigenvalue(-np.eye(3)) == -1
    assert largest_eigenvalue(np.diag([2.0, 2.0, 1.0])) == 2


def test_the_lower_triangle_is_read():
    H = np.array([[1.0, 100.0], [2.0, 3.0]])
    assert largest_eigenvalue(H) == pytest.approx(2 + np.sqrt(5), rel=1e-15)
