"""The samples of a bilevel problem of this package, linearised in the hyperparameters."""

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel, QuadraticInnerLoss


def linearised(problem: QuadraticBilevel, alpha: Numbers) -> tuple[list[Array], Array]:
    """The six arrays of ``SampledBilevel``, right in value and slope at ``alpha``, and w_0.

    Raises
    ------
    ValueError
        several outputs, or an outer loss that depends on alpha also directly.
    """
    inner = problem.at(alpha)
    if inner.B.shape[1] != 1:
        raise ValueError(
            f"the problem has {inner.B.shape[1]} outputs: pass one whose targets are one column"
        )
    if problem.has_direct:
        raise ValueError(
            f"the outer loss of {type(problem).__name__} depends on alpha directly: pass the "
            f"arrays of its samples instead"
        )
    if inner.rows is None:
        samples = _whole(inner)
    else:
        samples = _of_rows(inner)
    H, b, dH, db = samples
    # H_i + sum_k alpha_k dH_ik is to be H_i(alpha) at this alpha
    H = H - np.einsum("k,nkpq->npq", inner.alpha, dH)
    b = b - np.einsum("k,nkp->np", inner.alpha, db)
    start = np.asarray(problem.start, dtype=float).ravel()
    return [H, b, dH, db, *_outer(problem, inner)], start


def _of_rows(inner: QuadraticInnerLoss) -> tuple[Array, Array, Array, Array]:
    """A sample a row, N d_i x_i x_i' + rho I and N d_i y_i x_i for N rows: the mean is the loss."""
    rows = inner.rows
    assert rows is not None
    N, p = rows.X.shape
    squares = rows.X[:, :, None] * rows.X[:, None, :]
    sides = rows.Y * rows.X
    # the mixed derivative is linear in the product of each row and in <W, V>
    problem = inner.problem
    slopes = [N * problem.from_rows(inner.alpha, unit, 0.0) for unit in np.eye(N)]
    ridge = problem.from_rows(inner.alpha, np.zeros(N), 1.0)
    weight = N * rows.d
    H = weight[:, None, None] * squares + rows.rho * np.eye(p)
    b = weight[:, None] * sides
    by_row = np.array(slopes)
    dH = by_row[:, :, None, None] * squares[:, None] + ridge[:, None, None] * np.eye(p)
    return H, b, dH, by_row[:, :, None] * sides[:, None]


def _whole(inner: QuadraticInnerLoss) -> tuple[Array, Array, Array, Array]:
    """One sample, the whole loss."""
    p = len(inner.B)
    at_zero = inner.jacobian(np.zeros(p))
    columns = [inner.jacobian(unit) - at_zero for unit in np.eye(p)]
    return inner.H[None], inner.B[None, :, 0], np.stack(columns, axis=-1)[None], -at_zero[None]


def _outer(problem: QuadraticBilevel, inner: QuadraticInnerLoss) -> tuple[Array, Array]:
    """A sample a held-out row, or one sample."""
    H2, B2, _ = inner.outer
    if inner.rows is None:
        return H2[None], B2[None, :, 0]
    X, Y = problem.held_out
    return X[:, :, None] * X[:, None, :], np.reshape(Y, (len(X), 1)) * X
