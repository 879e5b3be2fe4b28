"""Bilevel problems: an inner loss L_1(w, alpha) with hyperparameters alpha, an outer loss L_2(w) of what was trained.

``at(alpha)`` binds the hyperparameters. What is bound gives gradients and products and nothing else; on a quadratic
inner loss it also has modes, from which the exact hypergradients follow. w is a flat vector of length P = p * outputs.
"""
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from quadmeta._validate import finite

Array = Any


class Bound(ABC):
    """L_1(., alpha) at bound hyperparameters. J(w) = d^2 L_1 / d alpha d w' is h x P."""

    @abstractmethod
    def gradient(self, w: Array) -> Array:
        """d L_1 / d w, shape (P,)."""

    @abstractmethod
    def hvp(self, w: Array, v: Array) -> Array:
        """H(w) v for v of shape (..., P)."""

    @abstractmethod
    def mixed(self, w: Array, v: Array) -> Array:
        """J(w) v, shape (h,)."""

    @abstractmethod
    def jacobian(self, w: Array) -> Array:
        """J(w) itself, shape (h, P), for forward mode."""


class BilevelProblem(ABC):
    """min_alpha L_2(w(alpha)) where w(alpha) comes from training on L_1(., alpha) from ``start``."""

    start: Array
    """w_0, shape (P,)."""
    hyperparameters: int
    """h."""

    @abstractmethod
    def bind(self, alpha: Array) -> Bound:
        """L_1 at validated hyperparameters."""

    @abstractmethod
    def outer(self, w: Array) -> Array:
        """L_2(w)."""

    @abstractmethod
    def outer_gradient(self, w: Array) -> Array:
        """grad L_2(w), shape (P,)."""

    def at(self, alpha: Array) -> Bound:
        """L_1 at the hyperparameters alpha (h,).

        Raises:
            ValueError: wrong length, NaN or infinity, or hyperparameters outside the problem's domain.
        """
        alpha = finite("alpha", alpha)
        if alpha.shape != (self.hyperparameters,):
            raise ValueError(f"alpha has shape {alpha.shape}: pass a vector of {self.hyperparameters} hyperparameters")
        return self.bind(alpha)


@dataclass(frozen=True, eq=False)
class QuadraticBound(Bound):
    """L_1 = <W, H W> / 2 - <B, W> with W (p, outputs): H = H(alpha) (p, p), B = b(alpha) (p, outputs)."""

    H: Array
    B: Array
    problem: "QuadraticBilevel"
    alpha: Array

    def _matrix(self, w: Array) -> Array:
        return np.reshape(w, (*np.shape(w)[:-1], *self.B.shape))

    def _flat(self, W: Array) -> Array:
        return W.reshape(*W.shape[:-2], -1)

    def gradient(self, w: Array) -> Array:
        """H W - B."""
        return self._flat(self.H @ self._matrix(w) - self.B)

    def hvp(self, w: Array, v: Array) -> Array:
        """H V."""
        return self._flat(self.H @ self._matrix(v))

    def mixed(self, w: Array, v: Array) -> Array:
        """k -> <H_k, V W'> - <b_k, V> with H_k = dH/d alpha_k, b_k = dB/d alpha_k."""
        V = self._matrix(v)
        return self.problem.pair(self.alpha, V @ self._matrix(w).T, V)

    def jacobian(self, w: Array) -> Array:
        """Rows H_k W - b_k."""
        return self._flat(self.problem.rows(self.alpha, self._matrix(w)))

    @cached_property
    def spectrum(self) -> tuple[Array, Array]:
        """(lambda, Q) of H, ascending."""
        lam, Q = np.linalg.eigh(self.H)
        if lam[0] <= len(lam) * np.finfo(float).eps * lam[-1]:
            raise ValueError(f"the inner Hessian is singular to rounding (eigenvalue {lam[0]:.3g} next to "
                             f"{lam[-1]:.3g}): add a ridge, or give samples or tasks positive weights of closer size")
        return lam, Q

    @cached_property
    def _inverse(self) -> Array:
        """H^-1 at a third of the cost of the spectrum, or None next to a singular H, where that has more digits."""
        try:
            np.linalg.cholesky(self.H)
            inverse, p = np.linalg.inv(self.H), len(self.H)
        except np.linalg.LinAlgError:
            return None
        # at least p eps ||H|| ||H^-1||, right to the digits that count where it is below 1e-3
        singular = p**3 * np.finfo(float).eps * np.abs(self.H).max() * np.abs(inverse).max()
        return inverse if singular < 1e-3 else None

    def solve(self, right: Array) -> Array:
        """H^-1 R for R (p, outputs).

        Raises:
            ValueError: H is singular to rounding.
        """
        if self._inverse is None:
            lam, Q = self.spectrum
            return Q @ ((Q.T @ right) / lam[:, None])
        X = self._inverse @ right
        return X + self._inverse @ (right - self.H @ X)  # refined: an inverse alone leaves too large a residual

    @cached_property
    def minimizer(self) -> Array:
        """W_* = H^-1 B, shape (p, outputs)."""
        lam, Q = self.spectrum
        return Q @ ((Q.T @ self.B) / lam[:, None])


class QuadraticBilevel(BilevelProblem):
    """Quadratic L_1 and L_2 = <W, H_2 W> / 2 - <B_2, W> + c_2, one Hessian shared by all outputs."""

    outer_hessian: Array
    outer_linear: Array
    outer_constant: float

    @abstractmethod
    def pair(self, alpha: Array, X: Array, V: Array) -> Array:
        """k -> <H_k, X> - <b_k, V> for X (p, p), V (p, outputs): all that a hypergradient needs of the family."""

    def contracted(self, alpha: Array, W: Array, V: Array) -> Array:
        """k -> <H_k W - b_k, V> = <H_k, V W'> - <b_k, V> for W, V (p, outputs)."""
        return self.pair(alpha, V @ W.T, V)

    @abstractmethod
    def rows(self, alpha: Array, W: Array) -> Array:
        """k -> H_k W - b_k, shape (h, p, outputs)."""

    def outer(self, w: Array) -> Array:
        """L_2(w)."""
        W = np.reshape(w, self.outer_linear.shape)
        return float((W * (self.outer_hessian @ W)).sum() / 2 - (self.outer_linear * W).sum() + self.outer_constant)

    def outer_gradient(self, w: Array) -> Array:
        """H_2 W - B_2."""
        W = np.reshape(w, self.outer_linear.shape)
        return (self.outer_hessian @ W - self.outer_linear).ravel()

    def at(self, alpha: Array) -> QuadraticBound:
        """As for every problem; the result has modes."""
        bound = super().at(alpha)
        assert isinstance(bound, QuadraticBound)
        return bound
