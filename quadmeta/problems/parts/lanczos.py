"""Gauss quadrature of the spectral measure of a symmetric operator H and a vector v, by Lanczos.

k products with H give the Jacobi matrix J_k of nu = sum_i (q_i'v)^2 delta(lambda_i). Its
eigenvalues theta_j and the squared first entries s_j^2 of its eigenvectors are the rule sum_j
||v||^2 s_j^2 delta(theta_j): k positive weights, exact for polynomials of degree 2k - 1. Source:
Golub and Meurant, Matrices, Moments and Quadrature, 2010, chapter 6.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from quadmeta._types import Array

# vectors allocated at a time, or as many as hold CACHE numbers where these are more
BLOCK = 32
CACHE = 2**17
_EPS = float(np.finfo(float).eps)
ASYMMETRY = 1e-12 / _EPS  # 4504: products in float64 may be asymmetric by 1e-12


def rounding(d: int, eps: float = _EPS) -> float:
    """The relative error 16 sqrt(d) eps allowed to a product with a d x d operator of this
    precision.
    """
    return 16 * float(np.sqrt(d)) * eps


class Basis:
    """Orthonormal vectors of length d, stored in blocks of rows."""

    def __init__(self, d: int) -> None:
        self.d = d
        self.count = 0
        self.blocks = list[Array]()
        self.rows = max(BLOCK, CACHE // d)

    def append(self, v: Array) -> None:
        """Store v."""
        if self.count % self.rows == 0:
            self.blocks.append(np.empty((self.rows, self.d)))
        self.blocks[-1][self.count % self.rows] = v
        self.count += 1

    def remove(self, w: Array) -> float:
        """Subtract from w, in place, its component along the basis; returns the largest
        coefficient.
        """
        largest = 0.0
        for k, block in enumerate(self.blocks):
            rows = block[: self.count - k * self.rows]
            h = rows @ w
            w -= h @ rows
            largest = max(largest, float(np.abs(h).max()))
        return largest


def lanczos(
    product: Callable[[Array], Array], start: Array, limit: int, eps: float = _EPS
) -> Iterator[tuple[float, float]]:
    """Yield (alpha_j, beta_j), j = 1, 2, ..., ``limit``: the diagonal of J and the entries beside
    it.

    Full reorthogonalisation: once a step, and again where the new direction is the smaller part of
    what is left, so that the rule keeps its degree in float64. Stores j vectors of length d. The
    last beta is 0 where the Krylov space is exhausted: it is invariant up to rounding and the rule
    is exact for every function.

    ``eps`` is the precision of the products: asymmetry up to ``ASYMMETRY`` eps of the largest
    entry of J is rounding.

    Raises
    ------
    ValueError
        the operator returns NaN or infinity, or <Hu, v> != <u, Hv> on the Krylov vectors.
    """
    d = len(start)
    basis = Basis(d)
    scale = 0.0
    beta = 0.0
    least = rounding(d, eps)
    previous = np.zeros(d)
    v = start / np.linalg.norm(start)
    for j in range(1, limit + 1):
        basis.append(v)
        w = product(v)
        alpha = float(w @ v)
        if not math.isfinite(alpha):
            raise unbounded(w, j)
        w = w - alpha * v
        w -= beta * previous
        before = float(w @ w)
        # along v_i this removes <Hv_j, v_i> - <v_j, Hv_i>, which is rounding for a symmetric H
        gap = basis.remove(w)
        scale = max(scale, abs(alpha), beta, gap)
        if gap > ASYMMETRY * eps * scale:
            raise asymmetric(gap, scale, eps)
        square = float(w @ w)
        if square < before / 4:
            basis.remove(w)
            square = float(w @ w)
        beta = math.sqrt(square)
        if j == d or beta <= least * scale:
            yield alpha, 0.0
            return
        yield alpha, beta
        previous = v
        v = w / beta


def unbounded(product: Array, j: int) -> ValueError:
    """What is said of the j-th product of Lanczos, which is not finite or has no finite square."""
    fault = "is too large to square"
    if not np.isfinite(product).all():
        fault = "returns NaN or infinity"
    return ValueError(
        f"operator {fault} for a finite vector (product {j} of Lanczos): check its entries, or "
        "rescale the problem"
    )


def asymmetric(gap: float, scale: float, eps: float) -> ValueError:
    """What is said of an operator with <Hu, v> - <u, Hv> = ``gap`` on Krylov vectors."""
    return ValueError(
        f"operator is asymmetric: <Hu, v> and <u, Hv> differ by {gap:.3g} next to {scale:.3g} on "
        f"Krylov vectors, more than {ASYMMETRY * eps:.2g} of it, pass (H + H.T) / 2 if that is "
        "what you mean, or the eps of its products if it is their rounding"
    )


class Jacobi(NamedTuple):
    """The k x k Jacobi matrix of the spectral measure omega, or of lambda omega."""

    diagonal: Array
    """(k,)"""
    beside: Array
    """(k - 1,) positive."""
    mass: float
    """The total of the measure."""
    power: int
    """0: the measure is omega. -1: it is lambda omega, and omega = lambda^-1 times it."""

    def leading(self, k: int) -> "Jacobi":
        """Its first k rows and columns."""
        return self._replace(diagonal=self.diagonal[:k], beside=self.beside[: k - 1])

    def rule(self) -> tuple[Array, Array]:
        """(theta, s^2) ascending in theta: the Gauss rule has the nodes theta and the weights mass
        s^2.
        """
        # as a full matrix: the thread pool of scipy beside numpy's costs more than its tridiagonal
        # solver saves
        theta, vectors = np.linalg.eigh(np.diag(self.diagonal) + np.diag(self.beside, -1))
        return theta, vectors[0] ** 2

    def radau(self, node: float) -> "Jacobi":
        """The rule with one node prescribed outside the others, exact to degree 2k - 2."""
        if len(self.diagonal) == 1:
            return self._replace(diagonal=np.array([node]))
        last = node + self.beside[-1] ** 2 * self.leading(len(self.beside))._corner(node)
        return self._replace(diagonal=np.append(self.diagonal[:-1], last))

    def lobatto(self, low: float, high: float) -> "Jacobi":
        """The rule with k - 1 more nodes between two prescribed ones that enclose the others,
        exact to 2k - 1.
        """
        left = self._corner(low)
        right = self._corner(high)
        square = (high - low) / (left - right)
        return self._replace(
            diagonal=np.append(self.diagonal, low + square * left),
            beside=np.append(self.beside, np.sqrt(square)),
        )

    def _corner(self, node: float) -> float:
        """The last entry of (J - node)^-1, one over the last pivot."""
        pivot = self.diagonal[0] - node
        for alpha, beta in zip(self.diagonal[1:], self.beside, strict=True):
            pivot = alpha - node - beta**2 / pivot
        return float(1 / pivot)


def multiplied(alphas: Array, betas: Array, square: float) -> Jacobi | None:
    """J_k of omega = lambda nu / 2 from J_k of nu, of mass ||e||^2 = ``square``, and the next
    beta.

    J(nu) = R'R and J(omega) = R R' for an upper bidiagonal R; with r_i and, above them, s_i the
    squares of its entries r_i = alpha_i - s_(i-1) and s_i = beta_i^2 / r_i. None: some r_i <= 0,
    J_k is not positive definite.
    """
    r = list[float]()
    s = [0.0]
    for alpha, beta in zip(alphas, betas, strict=True):
        r.append(alpha - s[-1])
        if r[-1] <= 0:
            return None
        s.append(beta**2 / r[-1])
    R = np.array(r)
    S = np.array(s[1:])
    return Jacobi(R + S, np.sqrt(R[1:] * S[:-1]), square * alphas[0] / 2, 0)


def divided(alphas: Array, betas: Array, square: float, mass: float) -> Jacobi | None:
    """J_(k+1) of omega from J_k of 2 lambda omega, of mass ||g||^2 = ``square``, the next beta and
    ``mass`` of omega.

    J(omega) = R'R and J(lambda omega) = R R' with r_1 = int lambda d omega / int d omega, s_i =
    alpha_i - r_i and r_(i+1) = beta_i^2 / s_i. None: some s_i <= 0, so that ``mass`` is at most
    that of the Gauss rule of J_k.
    """
    r = [square / 2 / mass]
    s = list[float]()
    for alpha, beta in zip(alphas, betas, strict=True):
        s.append(alpha - r[-1])
        if s[-1] <= 0:
            return None
        r.append(beta**2 / s[-1])
    R = np.array(r)
    S = np.array(s)
    return Jacobi(R + np.append(0.0, S), np.sqrt(R[:-1] * S), mass, 0)
