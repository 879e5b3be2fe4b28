"""Rational families of tasks in the plane, their weighted solution, and what is measured of them.

d = 2, rotated and moved so that A_0 = diag(p^2, q^2) and b_0 = 0. A_k = R_k^2, R_k symmetric with
the eigenvalues low_k and high_k, the axis of the latter at the angle 2 arctan(turn_k);
b_k = (x_k, y_k).
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array
from quadmeta.claims.families.auxiliary import Dual, solve
from quadmeta.verification.claim import Claim
from quadmeta.verification.parameters import Instance, Parameter, Quantity, Values

SIGNED = Parameter(r"\cdot", low=Fraction(-2), reach=4)
"""A number of either sign; where it begins is a choice of scale."""
TASKS: Mapping[str, Parameter] = {
    "p": Parameter(r"\lambda_1(A_0)^{1/2}", open=True, reach=3),
    "q": Parameter(r"\lambda_2(A_0)^{1/2}", open=True, reach=3),
    "low": Parameter(r"\lambda_1(A_k)^{1/2}", axis="K", reach=3),
    "high": Parameter(r"\lambda_2(A_k)^{1/2}", axis="K", reach=3),
    "turn": Parameter(r"\tan(\theta_k/2)", low=Fraction(-2), axis="K", reach=4),
    "x": Parameter(r"b_{k,1}", low=Fraction(-2), axis="K", reach=4),
    "y": Parameter(r"b_{k,2}", low=Fraction(-2), axis="K", reach=4),
    "weights": Parameter(r"\phi_k", axis="K", reach=4),
}


def plane(low: Quantity, high: Quantity, turn: Quantity) -> Any:
    """The symmetric 2 by 2 matrix with these eigenvalues, the axis of the second at the angle 2
    arctan(turn).
    """
    u = np.array([1 - turn**2, 2 * turn], dtype=object) / (1 + turn**2)
    return diagonal(low, low) + (high - low) * np.outer(u, u)


def diagonal(first: Quantity, second: Quantity) -> Array:
    """diag(first, second)."""
    return np.array([[first, Fraction(0)], [Fraction(0), second]], dtype=object)


def inverse(H: Array) -> Array:
    """H^-1."""
    return solve(H, 0 * H + diagonal(Fraction(1), Fraction(1)))


def least(H: Array) -> Any:
    """min(tr H, det H) of a symmetric 2 by 2 matrix: > 0 iff H is positive definite, >= 0 iff
    semidefinite.
    """
    return min(H[0, 0] + H[1, 1], H[0, 0] * H[1, 1] - H[0, 1] * H[1, 0])


class Tasks(NamedTuple):
    """A_k (K + 1, 2, 2) and b_k (K + 1, 2), the main task first;
    1/2 (w - b_k)' A_k (w - b_k) + c_k.
    """

    A: Array
    b: Array
    rho: Any = Fraction(0)
    c: Any = 0
    """Irreducible losses (K + 1,)."""

    @classmethod
    def of(cls, x: Values, rho: Quantity = Fraction(0)) -> "Tasks":
        """From the parameters, c = 0."""
        roots = [diagonal(x["p"], x["q"]), *map(plane, x["low"], x["high"], x["turn"])]
        A = [R @ R for R in roots]
        b = [(Fraction(0), Fraction(0)), *zip(x["x"], x["y"], strict=True)]
        return cls(
            np.array(A, dtype=object),
            np.array(b, dtype=object),
            rho,
            0 * np.array(b, dtype=object)[:, 0],
        )

    def hessian(self, phi: Array) -> Any:
        """H(phi), phi_0 = 1."""
        return (
            self.A[0]
            + sum(A * f for f, A in zip(phi, self.A[1:], strict=True))
            + diagonal(self.rho, self.rho)
        )

    def force(self, phi: Array) -> Any:
        """sum_k phi_k A_k b_k."""
        return sum(A @ b * f for f, A, b in zip((Fraction(1), *phi), self.A, self.b, strict=True))

    def solution(self, phi: Array) -> Array:
        """w_*(phi) = H^-1 sum_k phi_k A_k b_k."""
        return solve(self.hessian(phi), self.force(phi))

    def loss(self, k: int, w: Array) -> Any:
        """ell_k(w)."""
        return (w - self.b[k]) @ self.A[k] @ (w - self.b[k]) / 2 + self.c[k]

    def slopes(self, w: Array) -> Array:
        """U = [u_1 .. u_K], u_k = grad ell_k(w)."""
        return np.array(
            [A @ (w - b) for A, b in zip(self.A[1:], self.b[1:], strict=True)], dtype=object
        ).T


def jacobian(function: Callable[[Array], Any], x: Array) -> Array:
    """d function_i / d x_j by dual numbers, the last axis is j."""
    columns = []
    for j in range(len(x)):
        value = function(
            np.array([Dual(v, Fraction(int(i == j))) for i, v in enumerate(x)], dtype=object)
        )
        parts = [
            entry.slope if isinstance(entry, Dual) else Fraction(0) for entry in np.ravel(value)
        ]
        columns.append(np.array(parts, dtype=object).reshape(np.shape(value)))
    return np.stack(columns, axis=-1)


REGRESSION: Mapping[str, Parameter] = {
    **TASKS,
    "noise0": Parameter(r"\sigma_0^2", open=True, reach=3),
    "n0": Parameter("n_0", Fraction(2), whole=True),
    "noise": Parameter(r"\sigma_k^2", open=True, axis="K", reach=3),
    "n": Parameter("n_k", Fraction(2), whole=True, axis="K"),
    "spread": Parameter(r"\lambda_2(\Sigma)", reach=3),
    "tilt": SIGNED,
    "rho": Parameter(r"\rho", reach=1),
}
"""y_k = X_k (w + delta_k) + sigma_k noise, delta_k = (x_k, y_k), w = (1, 1); test inputs of second
moment Sigma.
"""


class Regression(NamedTuple):
    """An instance of ``REGRESSION``; the noise of tasks is independent but for ``shared``."""

    roots: Array
    """R_k (K + 1, 2, 2), X_k = sqrt(n_k) Q R_k with Q'Q = I."""
    shift: Array
    """delta_k (K + 1, 2), delta_0 = 0."""
    noise: Array
    """sigma_k^2 / n_k (K + 1,)."""
    Sigma: Array
    rho: Any
    shared: Any = Fraction(0)
    """Covariance of the noise of the main and each other task, over n."""

    @classmethod
    def of(cls, x: Values, shared: Any = Fraction(0)) -> "Regression":
        """From the parameters."""
        roots = [diagonal(x["p"], x["q"]), *map(plane, x["low"], x["high"], x["turn"])]
        noise = [x["noise0"] / x["n0"], *(s / n for s, n in zip(x["noise"], x["n"], strict=True))]
        shift = [(Fraction(0), Fraction(0)), *zip(x["x"], x["y"], strict=True)]
        Sigma = plane(Fraction(1), x["spread"], x["tilt"])
        return cls(
            np.array(roots, dtype=object),
            np.array(shift, dtype=object),
            np.array(noise, dtype=object),
            Sigma,
            x["rho"],
            shared,
        )

    def risk(self, phi: Array) -> Any:
        """E (w_* - w)' Sigma (w_* - w): squared bias and the variance of the noise X_k'
        noise / n_k.
        """
        full = (Fraction(1), *phi)
        A = [R @ R for R in self.roots]
        backward = inverse(
            sum((M * f for f, M in zip(full, A, strict=True)), diagonal(self.rho, self.rho))
        )
        center = np.array([self.rho, self.rho], dtype=object)
        bias = backward @ (
            sum(M @ d * f for f, M, d in zip(full, A, self.shift, strict=True)) - center
        )
        spread = sum(M * (f * f * s) for f, M, s in zip(full, A, self.noise, strict=True))
        mixed = sum(
            (self.roots[0] @ R + R @ self.roots[0]) * f
            for f, R in zip(phi, self.roots[1:], strict=True)
        )
        return bias @ self.Sigma @ bias + trace(
            self.Sigma @ backward @ (spread + mixed * self.shared) @ backward
        )

    def variances(self) -> Any:
        """V_k = sigma_k^2 / n_k tr(Sigma A_0^-1), k = 0..K: the risk of each task alone, all with
        the inputs of A_0.
        """
        return self.noise * trace(self.Sigma @ inverse(self.roots[0] @ self.roots[0]))

    def moments(self) -> Array:
        """M = diag(V_1..V_K) + [delta_j' Sigma delta_k]."""
        M = self.shift[1:] @ self.Sigma @ self.shift[1:].T
        M[np.diag_indices(len(M))] += self.variances()[1:]
        return M


def trace(M: Array) -> Any:
    """M_11 + M_22."""
    return M[0, 0] + M[1, 1]


def apart(x: Values) -> Any:
    """Margin of A_k = A_0: the sum of squared differences."""
    A = Tasks.of(x).A
    return ((A[1:] - A[0]) ** 2).sum()


def together(x: Instance) -> Instance:
    """The instance with shared inputs, A_k = A_0, and without a ridge."""
    count = len(x["low"])
    return {
        **x,
        "low": (x["p"],) * count,
        "high": (x["q"],) * count,
        "turn": (Fraction(1),) * count,
        "rho": Fraction(0),
    }


class SharedInputs(Claim):
    """Statements about tasks with the inputs of the main one, A_k = A_0, and without a ridge."""

    domain = REGRESSION

    def assumptions(self, x: Values, form: str) -> Mapping[str, Any]:
        """Shared inputs, no ridge."""
        return {"A_k = A_0": apart(x), "rho = 0": x["rho"]}

    def prepare(self, x: Instance) -> Instance:
        """Shared inputs."""
        return together(x)
