"""When an auxiliary task helps: the expected risk of weighted multi-task least squares as a
function of the weights.

    y_k = X_k (truth + offset_k) + sigma_k noise,  offset_0 = 0;   w_* = argmin l_0 + sum_k phi_k
        l_k + rho ||w||^2 / 2

with losses l_k that are means / 2, independent noise of unit variance, and test inputs of second
moment Sigma.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from quadmeta._types import Array, Numbers
from quadmeta._validate import finite, flag, frozen, natural, number, shaped, show


@dataclass(frozen=True, eq=False)
class TaskRisk:
    """R(phi) = E (w_* - truth)' Sigma (w_* - truth) given the designs, no sampling.

    With phi_0 = 1, H = sum phi_k A_k + rho I, C = sum phi_k^2 (sigma_k^2 / n_k) A_k and the bias
    zeta = H^-1 (sum phi_k A_k offset_k - rho truth): R = zeta' Sigma zeta + tr(Sigma H^-1 C H^-1).

    Parameters
    ----------
    grams
        (K + 1, d, d) A_k = X_k'X_k / n_k, the main task first.
    variances
        (K + 1,) sigma_k^2 / n_k.
    offsets
        (K + 1, d), the first one 0.
    truth
        (d,).
    covariance
        (d, d) Sigma.
    rho
        ridge >= 0.

    Examples
    --------
    An auxiliary task that equals the main one halves the noise:

    >>> import numpy as np
    >>> from quadmeta.theory.task_risk import TaskRisk
    >>> R = TaskRisk(
    ...     grams=np.array([np.eye(2), np.eye(2)]),
    ...     variances=np.array([0.1, 0.1]),
    ...     offsets=np.zeros((2, 2)),
    ...     truth=np.ones(2),
    ...     covariance=np.eye(2),
    ... )
    >>> round(R([0.0]), 12), round(R([1.0]), 12)
    (0.2, 0.1)
    """

    grams: Array
    variances: Array
    offsets: Array
    truth: Array
    covariance: Array
    rho: float = 0.0

    def __post_init__(self) -> None:
        variances = shaped("variances", self.variances, (-1,), "(K + 1,), the main task first")
        truth = shaped("truth", self.truth, (-1,), "(d,)")
        tasks = len(variances)
        d = len(truth)
        meaning = f"({{}}) for {tasks} variances and a truth of length {d}, the main task first"
        parts = {
            "variances": variances,
            "truth": truth,
            "grams": shaped(
                "grams", self.grams, (tasks, d, d), meaning.format(f"{tasks}, {d}, {d}")
            ),
            "offsets": shaped("offsets", self.offsets, (tasks, d), meaning.format(f"{tasks}, {d}")),
            "covariance": shaped(
                "covariance", self.covariance, (d, d), meaning.format(f"{d}, {d}")
            ),
            "rho": number("rho", self.rho, least=0.0, remedy="pass a ridge"),
        }
        for name, value in parts.items():
            object.__setattr__(self, name, value)
        if (variances < 0).any() or self.offsets[0].any():
            raise ValueError(
                "variances must be >= 0, and the main task's offset 0: shift truth instead"
            )
        for name in ("grams", "covariance"):
            _require_semidefinite(name, getattr(self, name))

    def __call__(self, phi: Numbers) -> float:
        """R at weights phi (K,)."""
        return self._derivatives(phi)[0]

    def gradient(self, phi: Numbers) -> Array:
        """dR/d phi_k = 2 zeta' S A_k (offset_k - zeta) + 2 phi_k v_k tr(S A_k H^-1) - 2 tr(S A_k
        H^-1 C H^-1).

        S = Sigma H^-1, v_k = sigma_k^2 / n_k.
        """
        return self._derivatives(phi)[1]

    @cached_property
    def _roots(self) -> list[Array]:
        """A_k = L_k'L_k with as many rows as A_k has rank; the ridge last."""
        roots = []
        for gram in (*self.grams, self.rho * np.eye(self.truth.size)):
            lam, Q = np.linalg.eigh(gram)
            on = lam > len(lam) * np.finfo(float).eps * max(lam[-1], 0.0)
            roots.append((Q[:, on] * np.sqrt(lam[on])).T)
        return roots

    def _solved(self, weights: Array) -> tuple[Array, list[Array]]:
        """(R^-1, N_k = L_k R^-1) with H = R'R from the rows sqrt(phi_k) L_k, the heaviest first, H
        never formed.
        """
        used = [
            L / np.linalg.norm(L)
            for f, L in zip(weights, self._roots, strict=True)
            if f > 0 and len(L)
        ]
        if not used or np.linalg.matrix_rank(np.vstack(used)) < self.truth.size:
            raise ValueError(
                "the inner Hessian is singular at these weights: add a ridge, or give some task a "
                "positive weight"
            )
        order = np.argsort(-weights, kind="stable")
        rows = [np.sqrt(weights[k]) * self._roots[k] for k in order]
        basis, R = np.linalg.qr(np.vstack(rows))
        back = np.linalg.inv(R)
        parts = dict(
            zip(
                order.tolist(), np.split(basis, np.cumsum([len(x) for x in rows])[:-1]), strict=True
            )
        )
        return back, [
            parts[k] / np.sqrt(f) if f > 0 else self._roots[k] @ back for k, f in enumerate(weights)
        ]

    def _derivatives(self, phi: Numbers) -> tuple[float, Array]:
        auxiliary = finite("phi", phi)
        if (
            auxiliary.shape != (len(self.grams) - 1,)
            or (auxiliary < 0).any()
            or (auxiliary > 1e30).any()
        ):
            raise ValueError(
                f"phi = {show(phi)} must be {len(self.grams) - 1} weights >= 0, at most 1e30: "
                "leave out the main one"
            )
        full = np.concatenate([[1.0], auxiliary])
        back, N = self._solved(np.append(full, 1.0))
        pulls = [
            f * n.T @ (L @ offset)
            for f, n, L, offset in zip(full, N, self._roots, self.offsets, strict=False)
        ]
        zeta = back @ (sum(pulls) - self.rho * (back.T @ self.truth))
        M = back.T @ self.covariance @ back
        a = back.T @ self.covariance @ zeta
        squares = [n.T @ n for n in N[:-1]]  # R'^-1 A_k R^-1
        noise = sum(f * v * (f * x) for f, v, x in zip(full, self.variances, squares, strict=True))
        value = zeta @ self.covariance @ zeta + np.trace(M @ noise)
        slope = [
            2 * (n @ a) @ (L @ (offset - zeta))
            + 2 * np.trace(M @ x @ (f * v * np.eye(len(x)) - noise))
            for n, L, offset, x, f, v in zip(
                N, self._roots, self.offsets, squares, full, self.variances, strict=False
            )
        ]
        return float(value), np.array(slope[1:])


def _require_semidefinite(name: str, matrices: Array) -> None:
    """Symmetric to 1e-12 of the largest entry, no eigenvalue below -1e-10 of the largest one."""
    top = np.abs(matrices).max(axis=(-1, -2))
    gap = np.abs(matrices - np.swapaxes(matrices, -1, -2)).max(axis=(-1, -2))
    low = np.linalg.eigvalsh(matrices)[..., 0]
    if (gap > 1e-12 * top).any() or (low < -1e-10 * top).any():
        raise ValueError(
            f"{name} must be symmetric and positive semidefinite, it is asymmetric by "
            f"{gap.max():.3g} and "
            f"has the eigenvalue {low.min():.3g}: pass second moments X'X / n"
        )


def gauss_markov(samples: Numbers, sigma: Numbers) -> Array:
    """phi_k = (n_k / n_0) (sigma_0 / sigma_k)^2: the best weights of equal tasks, for all designs
    and all Sigma.

    Examples
    --------
    >>> from quadmeta.theory.task_risk import gauss_markov
    >>> gauss_markov(samples=[10, 20], sigma=[1.0, 2.0])
    array([0.5])
    """
    n = finite("samples", samples)
    s = finite("sigma", sigma)
    if n.ndim != 1 or n.shape != s.shape or not n.size or not (n > 0).all() or not (s > 0).all():
        raise ValueError(
            f"samples = {show(samples)} and sigma = {show(sigma)} must be lists of K + 1 numbers > "
            "0: a task without noise has no limit"
        )
    with np.errstate(over="ignore", under="ignore"):
        phi: Array = n[1:] / n[0] * (s[0] / s[1:]) ** 2
    if not (np.isfinite(phi) & (phi > 0)).all():
        raise ValueError(
            f"sigma = {show(sigma)} has ratios whose squares leave float64: rescale it"
        )
    return phi


def variance(samples: Numbers, d: int, sigma: Numbers, fixed: bool = False) -> Any:
    """V_k = sigma_k^2 d / (n - d - 1), the mean over Gaussian designs; or sigma_k^2 d / n where
    X'X / n = Sigma.

    Examples
    --------
    >>> from quadmeta.theory.task_risk import variance
    >>> variance(samples=[10, 20], d=4, sigma=[1.0, 1.0])
    array([0.8       , 0.26666667])
    """
    n = finite("samples", samples)
    s = finite("sigma", sigma)
    d = natural("d", d)
    fixed = flag("fixed", fixed)
    if n.shape and s.shape and n.shape != s.shape:
        raise ValueError(
            f"samples has shape {n.shape}, sigma {s.shape}: pass one of each for every task, or "
            "one number"
        )
    if (s < 0).any() or (s > 1e150).any():
        raise ValueError(f"sigma = {show(sigma)} must lie in 0..1e150: pass standard deviations")
    room = n if fixed else n - d - 1
    if fixed and not (n >= d).all():
        raise ValueError(
            f"samples = {show(samples)} must be at least d = {d}: with fewer, X'X / n = Sigma "
            "cannot be"
        )
    if not (room > 0).all():
        raise ValueError(
            f"samples = {show(samples)} must exceed d + 1 = {d + 1}: "
            "with fewer samples the mean is infinite, or does not exist"
        )
    return s**2 * d / room


@dataclass(frozen=True, eq=False)
class SharedInputs:
    """R(phi) = (V_0 + phi'M phi) / (1 + sum phi)^2, M = diag(V_1..V_K) + D: tasks with the same
    inputs, rho = 0.

    Parameters
    ----------
    variances
        (K + 1,) V_k > 0, the risk that the noise of task k alone would leave.
    overlaps
        (K, K) D_jk = offset_j' Sigma offset_k, positive semidefinite.

    Examples
    --------
    >>> from quadmeta.theory.task_risk import SharedInputs
    >>> R = SharedInputs(variances=[1.0, 1.0], overlaps=[[1.0]])
    >>> R.minimizer(), R.helpful()
    (array([0.5]), 2.0)
    """

    variances: Array
    overlaps: Array

    if TYPE_CHECKING:
        # numbers and lists are taken too; the attributes are arrays
        def __init__(self, variances: Numbers, overlaps: Numbers) -> None: ...

    def __post_init__(self) -> None:
        V = finite("variances", self.variances)
        D = np.atleast_2d(finite("overlaps", self.overlaps))
        if V.ndim != 1 or len(V) < 2 or D.shape != (len(V) - 1,) * 2 or not (V > 0).all():
            raise ValueError(
                f"variances = {show(self.variances)} and overlaps of shape {D.shape}: pass K + 1 "
                "numbers > 0 and (K, K)"
            )
        if np.abs(D - D.T).max() > 1e-12 * np.abs(D).max() or np.linalg.eigvalsh(D)[
            0
        ] < -1e-12 * np.trace(D):
            raise ValueError(
                f"overlaps = {show(self.overlaps)} must be symmetric and positive semidefinite: "
                "pass offset_j' Sigma offset_k"
            )
        object.__setattr__(self, "variances", V)
        object.__setattr__(self, "overlaps", frozen(D))

    @property
    def form(self) -> Array:
        """M."""
        return np.diag(self.variances[1:]) + self.overlaps

    def __call__(self, phi: Numbers) -> Any:
        """R at phi (..., K) >= 0."""
        at = finite("phi", phi)
        if at.shape[-1:] != (len(self.form),) or (at < 0).any() or (at > 1e150).any():
            raise ValueError(
                f"phi = {show(phi)} must hold {len(self.form)} weights from 0 to 1e150 along its "
                "last axis"
            )
        quadratic = ((at @ self.form) * at).sum(axis=-1)
        return (self.variances[0] + quadratic) / (1 + at.sum(axis=-1)) ** 2

    def minimizer(self) -> Array:
        """phi* = V_0 M^-1 1 where that is >= 0, else the optimum of the same quadratic programme
        over phi >= 0.

        Minimise pi' diag(V_0, M) pi over the simplex, pi = (1, phi) / (1 + sum phi): non-negative
        least squares for the rows [root; 1'] with target [0; 1], up to scale. pi_0 > 0 since V_0
        is a task without bias.
        """
        from scipy.optimize import nnls

        free: Array = self.variances[0] * np.linalg.solve(self.form, np.ones(len(self.form)))
        if (free >= 0).all():
            return free
        K = len(self.form)
        root = np.zeros((K + 1, K + 1))
        root[0, 0] = np.sqrt(self.variances[0])
        root[1:, 1:] = np.linalg.cholesky(self.form).T
        root = root / np.abs(root).max()  # the minimiser has no scale
        pi: Array = nnls(np.vstack([root, np.ones(K + 1)]), np.append(np.zeros(K + 1), 1.0))[0]
        phi: Array = pi[1:] / pi[0]
        return phi

    def helpful(self) -> float:
        """For K = 1 the end of the interval (0, end) of weights with R(phi) < V_0: 2 phi* / (1 -
        phi*), or infinity.
        """
        if len(self.form) != 1:
            raise ValueError(
                f"overlaps has {len(self.form)} tasks: the helpful weights are an interval for one "
                "task"
            )
        best = float(self.variances[0] / self.form[0, 0])
        if best < 1:
            return 2 * best / (1 - best)
        return np.inf
