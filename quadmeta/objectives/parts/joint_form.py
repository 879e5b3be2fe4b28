"""The outer loss after T linear inner steps as a function of the optimizer's parameters theta and
the hyperparameters alpha together, with gradient and Hessian.

In the eigenbasis of H = Q diag(lambda) Q', with f = -S(H; theta), start gradient R = H W_0 - b and
M_k = Q'H_k Q,

    W = W_0 + f R
    W_a  = f_a R
    W_k  = f (H_k W_0 - b_k) + (f[.,.] o M_k) R
    W_ab = f_ab R
    W_ak = f_a (H_k W_0 - b_k) + (f_a[.,.] o M_k) R
    W_kl = (f[.,.] o M_k) (H_l W_0 - b_l) + (f[.,.] o M_l) (H_k W_0 - b_k)
           + sum_zj f[i,z,j] (M_k^iz M_l^zj + M_l^iz M_k^zj) R_j
           + f (H_kl W_0 - b_kl) + (f[.,.] o Q'H_kl Q) R

and with G = Q' grad L_2(W) the derivatives of the loss are <G, W_s> and <W_s, H_2 W_t> + <G, W_st>.
Where every H_k is a multiple of I, as for a ridge, M_k is diagonal, and each eigenvalue is a batch
of one node: all of it is then O(p) beside the eigenvectors.
"""

from functools import cached_property

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.germ import Germ
from quadmeta.objectives.parts.joint_response import response
from quadmeta.optimizers.parts.base import PolynomialOptimizer
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel


class JointForm:
    """One point (theta, alpha), up to derivatives of this order.

    Arrays in the eigenbasis are (B, d, outputs): one batch of p nodes, or p batches of one. Without
    ``learned`` it is a function of theta alone.
    """

    def __init__(
        self,
        problem: QuadraticBilevel,
        optimizer: PolynomialOptimizer,
        theta: Array,
        alpha: Array,
        order: int,
        learned: bool = True,
    ) -> None:
        self.problem = problem
        self.alpha = alpha
        self.inner = problem.bind(alpha)
        self.W0 = problem.start_of(alpha).reshape(self.inner.B.shape)
        lam, self.Q, self.inside, R = self.inner.modes(self.W0)
        self.shifts = problem.shifts(alpha)
        self.apart = self.shifts is not None or not learned
        if self.apart:
            nodes = lam[:, None]
        else:
            nodes = lam[None]
        self.nodes = nodes
        self.R = R.reshape(*nodes.shape, -1)
        self.theta = theta
        self.f: Germ = response(optimizer, nodes, theta, order)
        with np.errstate(over="ignore", invalid="ignore"):
            self.W = self.W0 + self._back(self._spread(self.f.value) * self.R)

    @property
    def finite(self) -> bool:
        """Whether the run stays in float64."""
        return bool(np.isfinite(self.W).all())

    def _spread(self, values: Array | int) -> Array:
        """Values (..., B, d) as factors of rows, (..., B, d, 1)."""
        return np.asarray(values)[..., None]

    def _back(self, X: Array) -> Array:
        """(..., B, d, outputs) to the weights' own coordinates, (..., p, outputs)."""
        found: Array = self.Q @ X.reshape(*X.shape[:-3], *self.W0.shape)
        return found

    def _modes(self, X: Array) -> Array:
        """The other way round."""
        return (self.Q.T @ X).reshape(*X.shape[:-2], *self.R.shape)

    @cached_property
    def _outer_gradient(self) -> Array:
        H2, B2, _ = self.inner.outer
        return self._modes(H2 @ self.W - B2)

    def _matrix(self, blocks: Array) -> Array:
        """Q blocks Q' for blocks (B, d, d)."""
        if self.apart:
            # H_k = c_k I sees the diagonal alone
            found: Array = (self.Q * blocks[:, 0, 0]) @ self.Q.T
        else:
            found = self.Q @ blocks[0] @ self.Q.T
        return found

    @cached_property
    def _pairing(self) -> tuple[Array, Array]:
        """(X, V) with <G, d W> = <dH, X> - <db, V> for changes of H and b."""
        G = self._outer_gradient
        V = self._back(self._spread(self.f.value) * G)
        X = self._matrix(self.f.slopes * (G @ np.swapaxes(self.R, -1, -2)))
        return X + V @ self.W0.T, V

    def own_gradient(self) -> Array:
        """(k,), in theta alone."""
        GR = (self._outer_gradient * self.R).sum(axis=-1)
        return np.asarray(np.tensordot(self._first, GR, axes=((1, 2), (0, 1))))

    def gradient(self) -> Array:
        """(k + h,)."""
        G = self._outer_gradient
        own = self.own_gradient()
        X, V = self._pairing
        learned = self.problem.pair(self.alpha, X, V)
        if self.problem.start_moves:
            # d W_T / d W_0 = I + f(H) H
            power = 1 + self.f.value * self.nodes
            moving = self.problem.start_jacobian(self.alpha)
            learned = learned + moving @ self._back(self._spread(power) * G).ravel()
        if self.problem.has_direct:
            learned = learned + self.problem.direct(self.W.ravel(), self.alpha)
        return np.concatenate([own, learned])

    @cached_property
    def _slopes(self) -> tuple[Array, Array]:
        """M_k (h, B, d, d) and Q'(H_k W_0 - b_k) (h, B, d, outputs)."""
        H, b = self.problem.derivatives(self.alpha, (len(self.Q), self.R.shape[-1]))
        R = self._modes(H @ self.W0 - b)
        if self.shifts is not None:
            M = np.broadcast_to(self.shifts[:, None, None, None], (len(H), len(self.Q), 1, 1))
            return M, R
        M = self.Q.T @ H @ self.Q
        rows = self.inner.rows
        if rows is not None and rows.spanned:
            # no H_k leads out of the space of the rows: 0 exactly, where rounding would be
            # multiplied by T^2
            r = self.inside
            M[:, :r, r:] = 0
            M[:, r:, :r] = 0
            if self.problem.inside:
                M[:, r:, r:] = 0
        return M[:, None], R

    @cached_property
    def _first(self) -> Array:
        """f_a, (k, B, d)."""
        return np.broadcast_to(self.f.first, (len(self.theta), *self.nodes.shape))

    def _products(self, tangents: Array) -> Array:
        """<W_s, H_2 W_t> for tangents (n, B, d, outputs)."""
        turned = self._back(tangents)
        images = self.inner.outer.hessian @ turned
        n = len(turned)
        found: Array = turned.reshape(n, -1) @ images.reshape(n, -1).T
        return found

    def _second(self) -> Array:
        """<G, W_ab>, (k, k)."""
        k = len(self.theta)
        f_ab = np.broadcast_to(self.f.second, (k, k, *self.nodes.shape))
        GR = (self._outer_gradient * self.R).sum(axis=-1)
        return np.asarray(np.tensordot(f_ab, GR, axes=((2, 3), (0, 1))))

    def own_curvature(self) -> Array:
        """(k, k), in theta alone."""
        found = self._products(self._first[..., None] * self.R) + self._second()
        return _symmetric(found)

    def curvature(self) -> Array:
        """(k + h, k + h), symmetric to the last bit."""
        f = self.f
        R = self.R
        G = self._outer_gradient
        M, R_k = self._slopes
        k = len(self.theta)
        h = len(M)
        p = self.nodes.shape
        d = p[1]
        f_a = self._first
        inner = np.broadcast_to(f.slopes, (*p, d))
        mixed = np.broadcast_to(f.mixed, (k, *p, d))
        bends = np.broadcast_to(f.bends, (*p, d, d))
        # <G, (N o M) R> = <N o G R', M>
        GR = G @ np.swapaxes(R, -1, -2)
        moved = inner * M
        tangents = np.concatenate(
            [
                f_a[..., None] * R,
                f.value[..., None] * R_k + moved @ R,
            ]
        )
        found = self._products(tangents)
        found[:k, :k] += self._second()
        cross = np.einsum("abd,bdm,hbdm->ah", f_a, G, R_k, optimize=True)
        cross += np.tensordot(mixed * GR, M, axes=((1, 2, 3), (1, 2, 3)))
        found[:k, k:] += cross
        found[k:, :k] += cross.T
        # <(f[.,.] o M_k) R_l, G>
        push = np.swapaxes(moved, -1, -2) @ G
        half = push.reshape(h, -1) @ R_k.reshape(h, -1).T
        # sum_izj f[i,z,j] G_i M_k^iz M_l^zj R_j
        weights = bends * GR[..., :, None, :]
        left = np.einsum("hbiz,bizj->hbzj", M, weights, optimize=True)
        half += left.reshape(h, -1) @ M.reshape(h, -1).T
        found[k:, k:] += half + half.T
        X, V = self._pairing
        found[k:, k:] += self.problem.bend(self.alpha, X, V)
        return _symmetric(found)


def _symmetric(x: Array) -> Array:
    """The mean of a matrix and its transpose."""
    mean: Array = (x + x.T) / 2
    return mean
