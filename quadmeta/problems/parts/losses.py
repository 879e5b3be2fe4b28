"""Outer losses of a least-squares task after training, as functions of its residuals q_k.

With q_k = p_T(lambda_k), training from 0 ends at w_T = sum_k (1 - q_k) fitted_k v_k. With fitted =
signal + noise every separable loss is a sum over modes of q^2, q (1 - q) and (1 - q)^2: none
cancels where 1 - q is small, as an expanded polynomial in q would.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._types import Arithmetic, Array
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.problems.parts.base import apply

OUTERS = ("train", "population", "validation")
"""The losses of what was trained."""


@dataclass(frozen=True, eq=False)
class SeparableLoss:
    """constant + sum_k (signal_k q_k^2 + cross_k q_k (1 - q_k) + noise_k (1 - q_k)^2)."""

    signal: Array
    """(..., r), as are ``cross`` and ``noise``."""
    cross: Array
    noise: Array
    constant: Array | float
    """(...)"""
    frozen: tuple[Array, Array] | None = None
    """(offset, slope): the loss at a point of squared norm x in a random direction is offset +
    slope x.
    """

    def task(self, k: int | slice) -> "SeparableLoss":
        """Task number k of a flattened batch, or those of a slice."""
        d = self.signal.shape[-1]
        signal, cross, noise = (x.reshape(-1, d)[k] for x in (self.signal, self.cross, self.noise))
        frozen = self.frozen
        if frozen is not None:
            offset, slope = frozen
            frozen = np.ravel(offset)[k], np.ravel(slope)[k]
        return SeparableLoss(signal, cross, noise, np.ravel(self.constant)[k], frozen)

    @property
    def width(self) -> int:
        """Numbers that a point takes in one array."""
        return int(self.signal.shape[-1])

    def derivative(self, residual: tuple[Arithmetic, ...], order: int) -> Any:
        """The loss (order 0) or its derivative (1, 2), from q and its derivatives in any
        arithmetic of + - * /.

        With r = 1 - q the terms q^2, q r, r^2 have the derivatives 2 q q', (r - q) q', -2 r q' and
        2 (q'^2 + q q''), (r - q) q'' - 2 q'^2, 2 (q'^2 - r q'').
        """
        q = residual[0]
        rest = 1 - q
        if order == 0:
            value = self.signal * q**2 + self.cross * (q * rest) + self.noise * rest**2
            return value.sum(axis=-1) + self.constant
        q1 = residual[1]
        if order == 1:
            terms = (
                2 * self.signal * (q * q1)
                + self.cross * (rest * q1 - q * q1)
                - 2 * self.noise * (rest * q1)
            )
        else:
            q2 = residual[2]
            square = q1**2
            terms = (
                2 * self.signal * (square + q * q2)
                + self.cross * (rest * q2 - q * q2 - 2 * square)
                + 2 * self.noise * (square - rest * q2)
            )
        return terms.sum(axis=-1)

    def short(self, q: Array, power: Array, scale: Array) -> tuple[Array, Array]:
        """Loss and first derivative (..., P) in float64, from residuals q (..., P, r) of derivative
        q' = scale power, scale (..., 1, r).
        """
        scale = scale[..., 0, :]
        value = apply(q * q, self.signal) + np.asarray(self.constant)[..., None]
        slope = apply(q * power, 2 * self.signal * scale)
        if self.cross.any() or self.noise.any():
            rest = 1 - q
            value += apply(q * rest, self.cross) + apply(rest * rest, self.noise)
            slope += apply((rest - q) * power, self.cross * scale)
            slope -= apply(rest * power, 2 * self.noise * scale)
        return value, slope


@dataclass(frozen=True, eq=False)
class DenseLoss:
    """||target - features w_T||^2 / (2 n_2) on a realised validation set.

    Parameters
    ----------
    fitted
        (..., r) minimum-norm solution in eigen-coordinates.
    features
        (..., n_2, r) X_2 V.
    target
        (..., n_2) y_2.
    trace
        (...) mean over the n_2 rows of ||x||^2 / d.
    """

    fitted: Array
    features: Array
    target: Array
    trace: Array

    @property
    def frozen(self) -> tuple[Array, Array]:
        """As for ``SeparableLoss``."""
        return (self.target**2).mean(axis=-1) / 2, self.trace / 2

    def task(self, k: int | slice) -> "DenseLoss":
        """Task number k of a flattened batch, or those of a slice."""
        n2, r = self.features.shape[-2:]
        return DenseLoss(
            self.fitted.reshape(-1, r)[k],
            self.features.reshape(-1, n2, r)[k],
            self.target.reshape(-1, n2)[k],
            np.ravel(self.trace)[k],
        )

    @property
    def width(self) -> int:
        """As for ``SeparableLoss``."""
        return int(max(self.features.shape[-2:]))

    def derivative(self, residual: tuple[SignLog, ...], order: int) -> SignLog:
        """As for ``SeparableLoss``, for points (P, ..., r) of one task or several, as SignLog:
        products run on scaled float64.
        """
        n2 = int(self.target.shape[-1])
        error: SignLog = self._product((1 - residual[0]) * self.fitted) - self.target
        if order == 0:
            return error.dot(error) / (2 * n2)
        first = self._product(residual[1] * -self.fitted)
        if order == 1:
            return error.dot(first) / n2
        return (first.dot(first) + error.dot(self._product(residual[2] * -self.fitted))) / n2

    def short(self, q: Array, power: Array, scale: Array) -> tuple[Array, Array]:
        """As for ``SeparableLoss``."""
        fitted = self.features * self.fitted[..., None, :]
        # minus what is left, as is first
        error = q @ np.swapaxes(fitted, -1, -2)
        error += (self.target - fitted.sum(axis=-1))[..., None, :]
        fitted *= scale
        first = power @ np.swapaxes(fitted, -1, -2)
        n2 = self.target.shape[-1]
        value = np.einsum("...i,...i", error, error) / (2 * n2)
        slope = np.einsum("...i,...i", error, first) / n2
        return value, slope

    def _product(self, x: SignLog) -> SignLog:
        """features x for x (P, ..., r): divided by its largest entry, multiplied in float64,
        scaled back.
        """
        shift = np.max(x.log, axis=-1, keepdims=True, initial=-np.inf)
        shift = np.where(np.isfinite(shift), shift, 0.0)
        scaled = np.moveaxis(x.sign * np.exp(x.log - shift), 0, -2)
        product = np.moveaxis(scaled @ np.swapaxes(self.features, -1, -2), -2, 0)
        return SignLog.of(product) * SignLog(np.ones_like(shift), shift)
