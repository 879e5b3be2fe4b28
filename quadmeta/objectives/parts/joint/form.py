"""The outer loss after T linear inner steps as a function of the optimizer's parameters theta and
the hyperparameters alpha together, with gradient and Hessian.

In the eigenbasis of H = Q diag(lambda) Q', with M_k = Q'H_k Q, a function f(H; theta) of a vector x
has the derivatives

    (f x)_a  = f_a x
    (f x)_k  = f x_k + (f[.,.] o M_k) x
    (f x)_ab = f_ab x
    (f x)_ak = f_a x_k + (f_a[.,.] o M_k) x
    (f x)_kl = (f[.,.] o M_k) x_l + (f[.,.] o M_l) x_k
               + sum_zj f[i,z,j] (M_k^iz M_l^zj + M_l^iz M_k^zj) x_j
               + f x_kl + (f[.,.] o Q'H_kl Q) x.

W = W_0 + f R with f = -S and the start gradient R = H W_0 - b, R_k = H_k W_0 - b_k, for a method
that keeps the minimiser; W = P W_0 + S b, a sum of two such terms, for one that does not. With
G = Q' grad L_2(W) the derivatives of the loss are <G, W_s> and <W_s, H_2 W_t> + <G, W_st>. Where
every H_k is a multiple of I, as for a ridge, M_k is diagonal, and each eigenvalue is a batch
of one node: all of it is then O(p) beside the eigenvectors.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.arithmetic.germ import Germ
from quadmeta.objectives.parts.joint.response import Linear, affine_response, response
from quadmeta.optimizers.parts.base import PolynomialOptimizer
from quadmeta.problems.parts.quadratic_bilevel import QuadraticBilevel


class Term(NamedTuple):
    """f(H; theta) x in the eigenbasis."""

    f: Germ
    x: Array
    """(B, d, outputs)"""


class JointForm:
    """One point (theta, alpha), up to derivatives of this order.

    Arrays in the eigenbasis are (B, d, outputs): one batch of p nodes, or p batches of one. Without
    ``learned`` it is a function of theta alone.
    """

    def __init__(
        self,
        problem: QuadraticBilevel,
        optimizer: Linear,
        theta: Array,
        alpha: Array,
        order: int,
        learned: bool = True,
    ) -> None:
        self.problem = problem
        self.learned = learned
        self.theta = theta
        self.alpha = alpha
        self.inner = problem.bind(alpha)
        self.W0 = problem.start_of(alpha).reshape(self.inner.B.shape)
        lam, self.Q, self.inside, R = self.inner.modes(self.W0)
        self.outputs = R.shape[-1]
        self.shifts = problem.shifts(alpha)
        self.apart = self.shifts is not None or not learned
        if self.apart:
            self.nodes = lam[:, None]
        else:
            self.nodes = lam[None]
        self.keeps_minimum = isinstance(optimizer, PolynomialOptimizer)
        if isinstance(optimizer, PolynomialOptimizer):
            f = response(optimizer, self.nodes, theta, order)
            self.terms = [Term(f, self._batched(R))]
            base = self.W0
        else:
            P, S = affine_response(optimizer, self.nodes, theta, order)
            self.terms = [Term(P, self._modes(self.W0)), Term(S, self._modes(self.inner.B))]
            base = 0 * self.W0
        with np.errstate(over="ignore", invalid="ignore"):
            moved = [self._back(self._spread(f.value) * x) for f, x in self.terms]
            self.W = base + sum(moved)

    @property
    def finite(self) -> bool:
        """Whether the run stays in float64."""
        return bool(np.isfinite(self.W).all())

    def _spread(self, values: Array | int) -> Array:
        """Values (..., B, d) as factors of rows, (..., B, d, 1)."""
        return np.asarray(values)[..., None]

    def _batched(self, X: Array) -> Array:
        """(..., p, outputs) in the eigenbasis as (..., B, d, outputs)."""
        return X.reshape(*X.shape[:-2], *self.nodes.shape, X.shape[-1])

    def _back(self, X: Array) -> Array:
        """(..., B, d, outputs) to the weights' own coordinates, (..., p, outputs)."""
        found: Array = self.Q @ X.reshape(*X.shape[:-3], *self.W0.shape)
        return found

    def _modes(self, X: Array) -> Array:
        """The other way round."""
        return self._batched(self.Q.T @ X)

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
        if not self.learned:
            raise ValueError("learned = False knows no derivative in alpha: pass learned=True")
        G = self._outer_gradient
        blocks = sum(f.slopes * (G @ np.swapaxes(x, -1, -2)) for f, x in self.terms)
        X = self._matrix(np.broadcast_to(blocks, (*self.nodes.shape, self.nodes.shape[1])))
        V = self._back(self._spread(self.terms[-1].f.value) * G)
        if self.keeps_minimum:
            return X + V @ self.W0.T, V
        return X, -V

    def own_gradient(self) -> Array:
        """(k,), in theta alone."""
        G = self._outer_gradient
        found = np.zeros(len(self.theta))
        for f, x in self.terms:
            found += np.tensordot(self._first(f), (G * x).sum(axis=-1), axes=((1, 2), (0, 1)))
        return found

    def gradient(self) -> Array:
        """(k + h,)."""
        X, V = self._pairing
        learned = self.problem.pair(self.alpha, X, V)
        if self.problem.start_moves:
            f = self.terms[0].f
            # d W_T / d W_0 = I + f(H) H, or P(H)
            power = 1 + f.value * self.nodes if self.keeps_minimum else f.value
            moving = self.problem.start_jacobian(self.alpha)
            turned = self._back(self._spread(power) * self._outer_gradient)
            learned = learned + moving @ turned.ravel()
        if self.problem.has_direct:
            learned = learned + self.problem.direct(self.W.ravel(), self.alpha)
        return np.concatenate([self.own_gradient(), learned])

    @cached_property
    def _slopes(self) -> tuple[Array, list[Array]]:
        """M_k (h, B, d, d), and x_k (h, B, d, outputs) of every term."""
        H, b = self.problem.derivatives(self.alpha, (len(self.Q), self.outputs))
        if self.keeps_minimum:
            moved = [self._modes(H @ self.W0 - b)]
        else:
            moved = [self._modes(0 * b), self._modes(b)]
        if self.shifts is not None:
            M = np.broadcast_to(self.shifts[:, None, None, None], (len(H), len(self.Q), 1, 1))
            return M, moved
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
        return M[:, None], moved

    def _first(self, f: Germ) -> Array:
        """f_a, (k, B, d)."""
        return np.broadcast_to(f.first, (len(self.theta), *self.nodes.shape))

    def _products(self, tangents: Array) -> Array:
        """<W_s, H_2 W_t> for tangents (n, B, d, outputs)."""
        turned = self._back(tangents)
        images = self.inner.outer.hessian @ turned
        n = len(turned)
        found: Array = turned.reshape(n, -1) @ images.reshape(n, -1).T
        return found

    def _own_tangents(self) -> Array:
        """W_a, (k, B, d, outputs)."""
        found = np.zeros((len(self.theta), *self.nodes.shape, self.outputs))
        for f, x in self.terms:
            found += self._spread(self._first(f)) * x
        return found

    def _own_bend(self) -> Array:
        """<G, W_ab>, (k, k)."""
        k = len(self.theta)
        G = self._outer_gradient
        found = np.zeros((k, k))
        for f, x in self.terms:
            f_ab = np.broadcast_to(f.second, (k, k, *self.nodes.shape))
            found += np.tensordot(f_ab, (G * x).sum(axis=-1), axes=((2, 3), (0, 1)))
        return found

    def own_curvature(self) -> Array:
        """(k, k), in theta alone."""
        return _symmetric(self._products(self._own_tangents()) + self._own_bend())

    def curvature(self) -> Array:
        """(k + h, k + h), symmetric to the last bit."""
        G = self._outer_gradient
        M, moved = self._slopes
        k = len(self.theta)
        h = len(M)
        p = self.nodes.shape
        d = p[1]
        tangents = np.zeros((h, *p, self.outputs))
        cross = np.zeros((k, h))
        half = np.zeros((h, h))
        weights = np.zeros((*p, d, d))
        for (f, x), x_k in zip(self.terms, moved, strict=True):
            f_a = self._first(f)
            mixed = np.broadcast_to(f.mixed, (k, *p, d))
            # <G, (N o M) x> = <N o G x', M>
            Gx = G @ np.swapaxes(x, -1, -2)
            between = np.broadcast_to(f.slopes, (*p, d)) * M
            tangents += self._spread(f.value) * x_k + between @ x
            cross += np.tensordot(f_a, (G * x_k).sum(axis=-1), axes=((1, 2), (1, 2)))
            cross += np.tensordot(mixed * Gx, M, axes=((1, 2, 3), (1, 2, 3)))
            # <(f[.,.] o M_k) x_l, G>
            push = np.swapaxes(between, -1, -2) @ G
            half += push.reshape(h, -1) @ x_k.reshape(h, -1).T
            weights += f.bends * Gx[..., :, None, :]
        # sum_izj f[i,z,j] G_i M_k^iz M_l^zj x_j
        left = np.einsum("hbiz,bizj->hbzj", M, weights, optimize=True)
        half += left.reshape(h, -1) @ M.reshape(h, -1).T
        found = self._products(np.concatenate([self._own_tangents(), tangents]))
        found[:k, :k] += self._own_bend()
        found[:k, k:] += cross
        found[k:, :k] += cross.T
        X, V = self._pairing
        found[k:, k:] += half + half.T + self.problem.bend(self.alpha, X, V)
        return _symmetric(found)


def _symmetric(x: Array) -> Array:
    """The mean of a matrix and its transpose."""
    mean: Array = (x + x.T) / 2
    return mean
