"""Auxiliary learning: a main task, K auxiliary ones with learned weights, and held-out data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quadmeta._extras import dataset
from quadmeta._types import Array, Numbers, Scalar, Spectrum
from quadmeta._validate import finite, flag, instance, natural, number, seeded, shaped, show
from quadmeta.problems.parts.multitask import RelatedTasks, standardised
from quadmeta.problems.parts.tasks import WeightedTasks
from quadmeta.problems.parts.weighted import Data, one_hot, ridge_weight, sigmoid, sigmoid_slope
from quadmeta.theory.task_risk import TaskRisk


@dataclass(frozen=True, eq=False, init=False)
class AuxiliaryTasks(WeightedTasks):
    """A main task trained together with K auxiliary ones, whose weights are the hyperparameters.

    The inner loss is L_T = l_0 + sum_k phi_k l_k + rho ||W||^2 / 2 with the mean squared errors
    l_k = ||X_k W - Y_k||^2 / (2 n_k), the outer one L_A = l_0 on held-out data. Either phi = alpha
    >= 0, to be clipped at 0 by ``bilevel_descent(..., lower=0.0)``; or any real alpha with phi =
    log(1 + e^alpha).

    Parameters
    ----------
    main
        (X_0 (n_0, p), Y_0 (n_0,) or (n_0, outputs)).
    tasks
        (X_k, Y_k) of the K >= 1 auxiliary tasks, equal p and outputs.
    auxiliary
        (X_A, Y_A), held-out samples of the main task. The paper calls it the auxiliary set.
    rho
        ridge >= 0, needed where all tasks together do not determine W.
    softplus
        learn alpha instead of phi.
    truth
        the expected risk, where the distribution is known.

    Raises
    ------
    ValueError
        no auxiliary task, data of different p or outputs, or a negative ridge.

    References
    ----------
    Navon, Achituve, Maron, Chechik, Fetaya: Auxiliary Learning by Implicit Differentiation, 2021,
    sections 3 and 4.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.AuxiliaryTasks.draw(3, 20, 0.1, unrelatedness=[0.0, 2.0], seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(50, 0.1))
    >>> bool(loss([1.0, 0.0]) < loss([0.0, 1.0]))
    True
    """

    main: tuple[Array, Array]
    tasks: tuple[tuple[Array, Array], ...]
    auxiliary: tuple[Array, Array]
    rho: float
    softplus: bool
    truth: TaskRisk | None

    def __init__(
        self,
        main: Data,
        tasks: Sequence[Data],
        auxiliary: Data,
        rho: Scalar = 0.0,
        softplus: bool = False,
        truth: TaskRisk | None = None,
    ) -> None:
        flag("softplus", softplus)
        if truth is not None:
            instance("truth", truth, TaskRisk, "AuxiliaryTasks.draw(...).truth")
        data = [main, *self._pairs(tasks)]
        first, *others, held_out = self._store(data, "auxiliary", auxiliary, rho)
        self._keep(
            hyperparameters=len(others),
            main=first,
            tasks=tuple(others),
            auxiliary=held_out,
            softplus=softplus,
            truth=truth,
        )

    @classmethod
    def draw(
        cls,
        d: int,
        samples: int | Sequence[int],
        sigma: Numbers,
        unrelatedness: Numbers,
        seed: int = 0,
        *,
        shared: bool = False,
        held_out: int = 0,
        covariance: Spectrum | None = None,
        opposite: bool = False,
        fixed: bool = False,
        rho: float = 0.0,
        softplus: bool = False,
    ) -> "AuxiliaryTasks":
        """Random related linear regressions, of which the expected risk ``truth`` is known.

        y_k = x'(w_truth + offset_k) + sigma_k noise with x ~ N(0, Sigma), noise ~ N(0, 1).

        Parameters
        ----------
        d
            dimension.
        samples
            n_k of the K + 1 tasks (or one number), the main task first.
        sigma
            sigma_k likewise.
        unrelatedness
            (K,) Delta_k, with offset_k' Sigma offset_k = Delta_k^2 exactly.
        seed
            each task has a stream of its own, so that one more task leaves the others as they are.
        shared
            all tasks have the inputs of the main one.
        held_out
            n_A fresh samples of the main task; 0 for its population, exactly.
        covariance
            eigenvalues (d,) of Sigma in a random basis, default all 1.
        opposite
            offset_2j = -offset_(2j-1) in direction.
        fixed
            designs with X'X / n = Sigma exactly.
        rho, softplus
            as for the class.

        Raises
        ------
        ValueError
            a list of another length, a negative number, or shared inputs of different sizes.
        """
        d = natural("d", d)
        delta = finite("unrelatedness", unrelatedness)
        noise = finite("sigma", sigma)
        K = len(np.atleast_1d(delta))
        counts: list[Any] = [samples] * (K + 1)
        if isinstance(samples, list | tuple) or isinstance(samples, np.ndarray) and samples.ndim:
            counts = list(samples)
        if delta.ndim != 1 or noise.shape not in ((), (K + 1,)) or len(counts) != K + 1:
            raise ValueError(
                f"samples = {show(samples)}, sigma = {show(sigma)}: pass a number or K + 1 = "
                f"{K + 1} of them, and unrelatedness = {show(unrelatedness)} as a list of K"
            )
        n = [natural("samples", x) for x in counts]
        noise = np.broadcast_to(noise, K + 1)
        if (noise < 0).any() or (delta < 0).any():
            raise ValueError(
                f"sigma = {show(sigma)} and unrelatedness = {show(unrelatedness)} must be >= 0"
            )
        held_out = natural("held_out", held_out, "pass a whole number, or 0", least=0)
        seed = seeded("seed", seed)
        for name, value in (
            ("shared", shared),
            ("opposite", opposite),
            ("fixed", fixed),
            ("softplus", softplus),
        ):
            flag(name, value)
        rho = ridge_weight(rho)
        if shared and len(set(n)) > 1:
            raise ValueError(
                f"samples = {n} differ between tasks that share their inputs: pass one number"
            )
        tasks = RelatedTasks(
            d=d,
            samples=n,
            sigma=noise,
            unrelatedness=delta,
            seed=seed,
            shared=shared,
            opposite=opposite,
            fixed=fixed,
        )
        sets, held, truth = tasks.draw(covariance, held_out, rho)
        return cls(sets[0], sets[1:], held, rho, softplus, truth)

    @classmethod
    def diabetes(
        cls, held_out: int = 100, main: int = 60, seed: int = 0, rho: float = 0.0
    ) -> "AuxiliaryTasks":
        """Progression of diabetes as main task, six blood serum values as auxiliary ones.

        Inputs are age, sex, body mass and blood pressure. All tasks share the inputs of the
        ``main`` training patients; inputs and targets are standardised on them.
        """
        X, y = dataset("diabetes", "AuxiliaryTasks.diabetes")
        targets = np.column_stack([y, X[:, 4:]])
        return cls._shared(X[:, :4], targets, main, held_out, seed, rho)

    @classmethod
    def linnerud(
        cls, held_out: int = 8, main: int = 12, seed: int = 0, rho: float = 0.0
    ) -> "AuxiliaryTasks":
        """Weight from three exercises of twenty men; waist and pulse as auxiliary tasks."""
        X, targets = dataset("linnerud", "AuxiliaryTasks.linnerud")
        return cls._shared(X, targets, main, held_out, seed, rho)

    @classmethod
    def digits(
        cls,
        digit: int = 3,
        main: int = 60,
        each: int = 120,
        held_out: int = 300,
        seed: int = 0,
        rho: float = 1e-2,
    ) -> "AuxiliaryTasks":
        """Is it this digit, from ``main`` images, as main task; is it each other digit, as others.

        Each auxiliary task has ``each`` further images of its own. Features are the 64 pixels / 16
        and a constant; targets are +-1.
        """
        digit = natural("digit", digit, "pass one of 0..9", least=0)
        seed = seeded("seed", seed)
        sizes = [natural("main", main), *[natural("each", each)] * 9, natural("held_out", held_out)]
        images, classes = dataset("digits", "AuxiliaryTasks.digits")
        if digit > 9 or sum(sizes) > len(classes):
            raise ValueError(
                f"digit = {digit!r} must be in 0..9, and {sum(sizes)} images at most "
                f"{len(classes)}: pass smaller main, each or held_out"
            )
        order = np.random.default_rng(seed).permutation(len(classes))
        X = np.column_stack([images / 16, np.ones(len(order))])
        signs = 2 * one_hot("labels", classes, 10) - 1
        targets = [digit, *[k for k in range(10) if k != digit], digit]
        parts = np.split(order[: sum(sizes)], np.cumsum(sizes)[:-1])
        sets = [(X[part], signs[part, k]) for part, k in zip(parts, targets, strict=True)]
        return cls(sets[0], sets[1:-1], sets[-1], rho)

    @classmethod
    def _shared(
        cls, X: Array, Y: Array, main: int, held_out: int, seed: int, rho: float
    ) -> "AuxiliaryTasks":
        (X, Y), (XA, YA) = standardised(X, Y, main, held_out, seed)
        return cls((X, Y[:, 0]), [(X, y) for y in Y[:, 1:].T], (XA, YA[:, 0]), rho)

    @property
    def least(self) -> float:
        """0, unless the weights are softplus functions."""
        if self.softplus:
            return -np.inf
        return 0.0

    def weights(self, alpha: Array) -> Array:
        """(1, phi)."""
        alpha = shaped("alpha", alpha, (len(self.tasks),), "(K,), one weight an auxiliary task")
        if self.softplus:
            return np.concatenate([[1.0], np.logaddexp(0, alpha)])
        if (alpha < 0).any():
            raise ValueError(
                f"phi has the negative entry {alpha.min()!r}: clip the weights at 0 with "
                "lower=0.0, or build the problem with softplus=True"
            )
        return np.concatenate([[1.0], alpha])

    def _chain(self, alpha: Array, values: Array) -> Array:
        learned = values[1:]
        if not self.softplus:
            return learned
        # d log(1 + e^alpha) / d alpha
        slope = sigmoid(alpha).reshape(-1, *(1,) * (np.ndim(values) - 1))
        return slope * learned

    def bend(self, alpha: Array, X: Array, V: Array) -> Array:
        """The diagonal of d^2 phi_k / d alpha_k^2 (<X_k'X_k / n_k, X> - <X_k'Y_k / n_k, V>)."""
        if not self.softplus:
            return np.zeros((len(alpha), len(alpha)))
        values = self._values(X, V)[1:]
        return np.diag(sigmoid_slope(alpha) * values)

    def critical_weight(self, step_size: Scalar, direction: Numbers | None = None) -> float:
        """The largest t for which a step size is stable, eta L <= 2, with the weights phi = t u.

        t = 1 / theta_max of sum u_k A_k x = theta (2/eta I - rho I - A_0) x with the Gram matrices
        A_k = X_k'X_k / n_k: a fixed step, of Neumann terms or of training, can turn unstable as
        weights grow, and this says where.

        Parameters
        ----------
        step_size
            eta > 0, stable at phi = 0.
        direction
            u >= 0 (K,), default all 1.

        Raises
        ------
        ValueError
            a direction that is negative or 0; a step size that is unstable at phi = 0.
        """
        from scipy.linalg import eigh

        step_size = number("step_size", step_size, above=0)
        K = len(self.tasks)
        u = np.ones(K)
        if direction is not None:
            u = shaped("direction", direction, (K,), "(K,), one entry a task")
        if (u < 0).any() or not u.any():
            raise ValueError(
                f"direction = {show(direction)} must be >= 0 and not 0: pass one entry an "
                "auxiliary task"
            )
        room = (2 / step_size - self.rho) * np.eye(len(self.outer_hessian)) - self.grams[0]
        if not np.linalg.eigvalsh(room)[0] > 0:
            raise ValueError(
                f"step_size = {step_size!r} is not stable without auxiliary tasks: pass one "
                "below 2/L"
            )
        top = float(eigh(np.tensordot(u, self.grams[1:], 1), room, eigvals_only=True)[-1])
        return 1 / top if top > 0 else np.inf

    def __repr__(self) -> str:
        p = self.outer_linear.shape[0]
        return f"AuxiliaryTasks(K={len(self.tasks)}, p={p}, rho={self.rho:.6g})"
