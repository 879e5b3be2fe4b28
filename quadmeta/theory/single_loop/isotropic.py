"""SOBA with constant steps where Hessians are isotropic: six numbers say everything.

One sample of the inner loss <w - alpha, h (w - alpha)> / 2, less its label noise, gives all three
directions; the outer loss is phi ||w - a_0||^2 / 2 + r ||alpha||^2 / 2:

    w <- w - rho D_w,  v <- v - rho D_v,  alpha <- alpha - gamma D_alpha,
    D_w = h (w - alpha) - noise,  D_v = h v + phi (w - a_0),  D_alpha = -h v + r alpha.

Units are such that E h = I (rho stands for rho lam), and E h V h = (1 + nu) V in trace. With K the
matrix of the terms in h, K_0 of the others, Gamma = diag(rho, rho, gamma), M = I - Gamma (K + K_0)
and u_* the fixed point, the Gram matrix U (3, 3) of the errors of (w, v, alpha) follows, at rest,

    U = M U M' + nu Gamma K (U + u_* u_*') K' Gamma + rho^2 noise e_1 e_1';

where the three directions draw samples of their own, K ( ) K' is replaced by its diagonal.

Source: derived; the directions are those of Dagreou, Ablin, Vaiter and Moreau 2022.
"""

import math
from dataclasses import dataclass

import numpy as np

from quadmeta._types import Array, Scalar
from quadmeta._validate import flag, number

K = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
PAIRS = [(i, j) for i in range(3) for j in range(i, 3)]


@dataclass(frozen=True)
class IsotropicLoop:
    """The linear system of SOBA's w, v and alpha.

    Parameters
    ----------
    rho
        step size of w and v, > 0.
    gamma
        step size of alpha, > 0.
    coupling
        phi > 0.
    nu
        relative variance of a sample Hessian, >= 0.
    ridge
        r >= 0.
    shared
        whether one sample serves all three directions.

    Raises
    ------
    ValueError
        an argument outside its range.

    Examples
    --------
    Stable in the mean, not in the mean square:

    >>> from quadmeta.theory import single_loop
    >>> loop = single_loop.IsotropicLoop(rho=0.2, gamma=0.2, coupling=1.0, nu=2.0)
    >>> bool(loop.mean_radius < 1), bool(loop.mean_square_radius < 1)
    (True, False)
    """

    rho: float
    gamma: float
    coupling: float
    nu: float
    ridge: float = 0.0
    shared: bool = True

    def __post_init__(self) -> None:
        for name in ("rho", "gamma", "coupling"):
            object.__setattr__(self, name, number(name, getattr(self, name), above=0.0))
        for name in ("nu", "ridge"):
            object.__setattr__(self, name, number(name, getattr(self, name), least=0.0))
        flag("shared", self.shared)

    @property
    def matrix(self) -> Array:
        """M (3, 3), which takes the mean error to the next one."""
        constant = np.array([[0.0] * 3, [self.coupling, 0.0, 0.0], [0.0, 0.0, self.ridge]])
        M: Array = np.eye(3) - self._steps @ (K + constant)
        return M

    @property
    def operator(self) -> Array:
        """(6, 6): what takes U to the next one, on its entries 11, 12, 13, 22, 23, 33."""
        M = self.matrix
        columns = []
        for i, j in PAIRS:
            unit = np.zeros((3, 3))
            unit[i, j] = unit[j, i] = 1.0
            image = M @ unit @ M.T + self._scattered(unit)
            columns.append([image[pair] for pair in PAIRS])
        return np.array(columns).T

    @property
    def mean_radius(self) -> float:
        """Spectral radius of ``matrix``: means converge below 1."""
        return float(np.abs(np.linalg.eigvals(self.matrix)).max())

    @property
    def mean_square_radius(self) -> float:
        """Spectral radius of ``operator``: second moments converge below 1."""
        return float(np.abs(np.linalg.eigvals(self.operator)).max())

    def steady_state(self, centre: Scalar = 1.0, noise: Scalar = 0.0) -> Array:
        """U (3, 3) at rest: [2, 2] is E ||alpha - alpha_*||^2.

        Parameters
        ----------
        centre
            ||a_0||^2 >= 0.
        noise
            E of the squared norm of a sampled inner gradient at the minimum, over lam^2, >= 0.

        Raises
        ------
        ValueError
            an argument outside its range, or steps past the mean-square limit.

        Examples
        --------
        >>> from quadmeta.theory import single_loop
        >>> loop = single_loop.IsotropicLoop(0.1, 0.05, coupling=2.0, nu=2.0, ridge=0.5)
        >>> round(float(loop.steady_state(centre=1.0, noise=0.25)[2, 2]), 12)
        0.0271087253
        """
        square = number("centre", centre, least=0.0)
        spread = number("noise", noise, least=0.0)
        radius = self.mean_square_radius
        if radius >= 1:
            raise ValueError(
                f"rho = {self.rho:g}, gamma = {self.gamma:g}: second moments grow, their radius is "
                f"{radius:.6g}: shorten the steps"
            )
        # w = alpha, v = r alpha, alpha = phi a_0 / (phi + r)
        fixed = self.coupling / (self.coupling + self.ridge) * np.array([1.0, self.ridge, 1.0])
        source = square * self._scattered(np.outer(fixed, fixed))
        source[0, 0] += self.rho**2 * spread
        right = np.array([source[pair] for pair in PAIRS])
        entries = np.linalg.solve(np.eye(6) - self.operator, right)
        U = np.empty((3, 3))
        for (i, j), entry in zip(PAIRS, entries, strict=True):
            U[i, j] = U[j, i] = entry
        return U

    @property
    def _steps(self) -> Array:
        return np.diag([self.rho, self.rho, self.gamma])

    def _scattered(self, U: Array) -> Array:
        """What the scatter of h adds of a Gram matrix U."""
        inner = K @ U @ K.T
        if not self.shared:
            inner = np.diag(np.diag(inner))
        found: Array = self.nu * self._steps @ inner @ self._steps
        return found


def mean_limit(rho: Scalar) -> float:
    """gamma phi below which SOBA's means converge, ridge 0, for 0 < rho < 2 in units of 1 / lam.

    By Jury's criterion on (z - 1 + rho)^2 (z - 1) + rho^2 gamma phi it is the lesser of
    (sqrt(B^2 + 4 rho^3 (2 - rho)) - B) / (2 rho^2), B = 1 + 2 rho - 2 rho^2, and 2 (2 - rho)^2 /
    rho^2: about 2 rho for small steps.

    Raises
    ------
    ValueError
        rho outside (0, 2).

    Examples
    --------
    The golden section:

    >>> from quadmeta.theory import single_loop
    >>> round(single_loop.mean_limit(1.0), 12)
    0.61803398875
    """
    r = number("rho", rho, above=0.0, below=2.0, remedy="means converge for no other step")
    B = 1 + 2 * r - 2 * r * r
    product = r**3 * (2 - r)
    root = math.hypot(B, 2 * math.sqrt(product))
    # without a difference of near numbers
    turn = 2 * product / (root + B) if B > 0 else (root - B) / 2
    return min(turn, 2 * (2 - r) ** 2) / (r * r)


def mean_square_limit(rho: Scalar, nu: Scalar, shared: bool = True) -> float:
    """gamma phi below which SOBA's second moments converge, ridge 0, rho (1 + nu) < 2.

    The operator keeps the cone of nonnegative matrices, so that the largest eigenvalue passes 1 at
    the border; that determinant is a cubic in gamma phi, and the border its least positive root.

    Parameters
    ----------
    rho
        step size of w and v, in units of 1 / lam.
    nu
        relative variance of a sample Hessian, >= 0.
    shared
        whether one sample serves all three directions.

    Raises
    ------
    ValueError
        an argument outside its range, or rho (1 + nu) >= 2.

    Examples
    --------
    >>> from quadmeta.theory import single_loop
    >>> [round(single_loop.mean_square_limit(0.2, 2.0, shared), 9) for shared in (True, False)]
    [0.186282808, 0.154217098]
    """
    n = number("nu", nu, least=0.0)
    r = number("rho", rho, above=0.0)
    if not r * (1 + n) < 2:
        raise ValueError(
            f"rho (1 + nu) = {r * (1 + n):.6g} must be < 2: no gamma is stable, shorten rho"
        )
    cubic = _shared_cubic(r, n) if flag("shared", shared) else _independent_cubic(r, n)
    roots = np.roots(cubic)
    real = roots[np.abs(roots.imag) <= 1e-7 * np.abs(roots)].real
    y = float(real[real > 0].min())
    slope = np.polyder(np.array(cubic))
    for _ in range(2):
        bend = np.polyval(slope, y)
        if bend:
            y -= float(np.polyval(cubic, y) / bend)
    return y


def _shared_cubic(r: float, n: float) -> list[float]:
    """Coefficients in y = gamma phi, the highest first."""
    square = (
        n**3 * (4 * r * r - 4 * r + 2)
        + n * n * (12 * r * r - 18 * r + 7)
        + 12 * n * (1 - r) ** 2
        + (4 * r * r - 10 * r + 7)
    )
    linear = (
        5 * r**4 * (1 + n) ** 3
        - r**3 * (4 * n**3 + 30 * n * n + 48 * n + 22)
        + 10 * r * r * (1 + n) * (3 + n)
        - 8 * r
        - 8
    )
    return [r**4 * (1 + n) ** 3, -r * r * square, linear, 2 * r * (2 - r * (1 + n)) ** 3]


def _independent_cubic(r: float, n: float) -> list[float]:
    square = (
        n * n * (2 * r * r - 4 * r + 3) + n * (6 * r * r - 14 * r + 10) + (4 * r * r - 10 * r + 7)
    )
    linear = (
        r**4 * (3 * n * n + 8 * n + 5)
        - r**3 * (10 * n * n + 28 * n + 22)
        + r * r * (6 * n * n + 32 * n + 30)
        - 8 * r * (1 + n)
        - 8
    )
    last = 2 * r * (2 - r) * (2 - r * (1 + n)) ** 2
    return [r**4 * (1 + n) ** 2, -r * r * square, linear, last]
