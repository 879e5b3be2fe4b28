"""Solves by a Cholesky factor and by an inverse, of matrices that are and are not definite."""

import numpy as np
import pytest

from quadmeta.arithmetic.factored import Factored


@pytest.mark.parametrize("p", [1, 4, 100, 101])
def test_solves_and_the_norm_of_the_inverse(p):
    rng = np.random.default_rng(p)
    Q = np.linalg.qr(rng.standard_normal((p, p)))[0]
    lam = np.geomspace(1e-2, 1, p)
    H = (Q * lam) @ Q.T
    H = (H + H.T) / 2
    right = rng.standard_normal((p, 3))
    found = Factored(H)
    np.testing.assert_allclose(found.solve(right), Q @ ((Q.T @ right) / lam[:, None]), rtol=1e-11)
    assert found.norm == pytest.approx(np.linalg.norm(1 / lam), rel=1e-11)


@pytest.mark.parametrize("p", [2, 101])
def test_what_is_not_definite_is_refused_and_what_is_nearly_so_has_no_norm(p):
    H = np.eye(p)
    H[0, 0] = -1e-3
    with pytest.raises(np.linalg.LinAlgError):
        Factored(H)
    H[0, 0] = 1e-15 / p**3
    assert Factored(H).norm == np.inf
