"""A Nystrom sketch of the inner Hessian: what k products show of its spectrum."""

from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.estimators.parts.inner_system import InnerSystem

KINDS = ("coordinates", "gaussian")


class Sketch(NamedTuple):
    """U diag(values) U' = (M Omega) (Omega' M Omega)^+ (M Omega)'."""

    U: Array
    """(P, k), orthonormal columns."""
    values: Array
    """(k,), >= 0, falling."""

    def inverse(self, v: Array, shift: float) -> Array:
        """(U diag(values) U' + delta)^-1 v, in the basis U: what Woodbury's formula gives."""
        part = self.U.T @ v
        found: Array = self.U @ (part / (self.values + shift))
        if len(self.values) < len(v):
            found = found + (v - self.U @ part) / shift
        return found


def sketch(system: InnerSystem, rank: int, kind: str, seed: int) -> Sketch:
    """The sketch by k = ``rank`` products with the columns of Omega: k coordinates drawn without
    replacement, or an orthonormal basis of k Gaussian vectors.

    A shift nu of rounding size keeps the Cholesky factor of Omega'M Omega alive, and is taken off
    the eigenvalues (Frangella, Tropp, Udell 2023, algorithm 2.1).

    Raises
    ------
    ValueError
        rank > P, or an indefinite Hessian.
    """
    system.require_rank("rank", rank)
    P = len(system.g)
    rng = np.random.default_rng(seed)
    if kind == "coordinates":
        omega = np.eye(P)[:, np.sort(rng.permutation(P)[:rank])]
    else:
        omega = np.linalg.qr(rng.standard_normal((P, rank))).Q
    Y = system.times(omega.T).T
    if not Y.any():
        return Sketch(omega, np.zeros(rank))
    nu = P**0.5 * np.finfo(float).eps * np.linalg.norm(Y)
    Y = Y + nu * omega
    core = omega.T @ Y
    try:
        factor = np.linalg.cholesky((core + core.T) / 2)
    except np.linalg.LinAlgError:
        raise ValueError(
            "the inner Hessian at w_T is indefinite: a Nystrom sketch needs a minimum, train for "
            "more steps"
        ) from None
    # Y core^-1 Y' = B B' with B = Y factor'^-1
    B = np.linalg.solve(factor, Y.T).T
    U, sizes, _ = np.linalg.svd(B, full_matrices=False)
    return Sketch(U, np.maximum(sizes**2 - nu, 0.0))
