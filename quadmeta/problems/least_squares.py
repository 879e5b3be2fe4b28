"""Finite-sample least squares f(w) = ||Xw - y||^2 / (2n), trained from w_0 = 0."""

from dataclasses import dataclass, replace

import numpy as np

from quadmeta._types import Array, Numbers, Scalar
from quadmeta._validate import choice, finite, flag, natural, number, pair, seeded, shaped
from quadmeta._validate.matrices import require_nonnegative, require_positive, require_samples
from quadmeta.problems.parts.base import Modes
from quadmeta.problems.parts.keep import keep
from quadmeta.problems.parts.losses import OUTERS, DenseLoss, SeparableLoss
from quadmeta.problems.parts.regression import RegressionProblem
from quadmeta.problems.parts.scale import LIMITS, largest, require_range
from quadmeta.problems.parts.spectral_record import Record, drawn, measured, stacked


@dataclass(frozen=True, eq=False)
class LeastSquares(RegressionProblem):
    """Least squares on drawn or real data, trained from w_0 = 0: one task or a batch.

    Build it with ``draw`` or ``from_data``. It keeps the spectrum alone, all d- and n-vectors are
    gone: with X'X / n = V diag(lambda) V' over the r modes of positive eigenvalue, the
    minimum-norm solution is fitted = signal + sigma * noise in coordinates V, where signal = V'w_*
    and noise_i = u_i'xi / sqrt(n lambda_i) for y = X w_* + sigma xi. One decomposition therefore
    serves every sigma (``at_sigma``) and every step size.

    Raises
    ------
    ValueError
        parts of wrong shapes, eigenvalues <= 0, or more modes than the data allow.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.LeastSquares.draw(n=20, d=5, sigma=0.1, validation=10)
    >>> problem
    LeastSquares(n=20, d=5, sigma=0.1, n2=10)
    >>> eta = qm.TrainByValidation(problem, qm.GradientDescent(steps=100)).minimizer()
    """

    eigenvalues: Array
    """(..., r)"""
    signal: Array
    """(..., r) V'w_*; the fitted coefficients themselves where w_* is unknown."""
    noise: Array
    """(..., r) fitted noise at sigma = 1."""
    residual: Array
    """(...) floor / sigma^2: half the mean squared residual of the unit noise."""
    null_signal: Array
    """(...) squared norm of w_* outside the row space of X, which training never enters."""
    samples: int
    """n."""
    dimension: int
    """d."""
    sigma: float = 1.0
    """Standard deviation of the label noise."""
    validation: tuple[Array, ...] | None = None
    """(X_2 V, X_2 w_*, xi_2, mean ||x||^2 / d) of a validation set, or None."""
    known: bool = True
    """Whether w_* is known, so that the population risk is."""

    @classmethod
    def draw(
        cls,
        n: int,
        d: int,
        sigma: Scalar,
        norm: Scalar = 1.0,
        seed: int = 0,
        tasks: int | None = None,
        validation: int = 0,
    ) -> "LeastSquares":
        """Random tasks y = w_*'x + sigma xi with x ~ N(0, I_d) and xi ~ N(0, 1).

        Up to kappa(X) = 100 eigenvalues come from X'X or XX', beyond that from the singular values
        of X (see ``from_data``).

        Parameters
        ----------
        n, d
            samples and dimension.
        sigma
            standard deviation of the label noise.
        norm
            w_* is uniform on the sphere of this radius.
        seed
            of the random stream; task k of a seed is always the same.
        tasks
            number of independent tasks; None for one without a task axis.
        validation
            n_2 further samples of each task.
        """
        n = natural("n", n)
        d = natural("d", d)
        seed = seeded("seed", seed)
        norm = number("norm", norm, least=0.0, remedy="pass the norm of w_*")
        sigma = _noise_level(sigma)
        require_range("norm", np.array(norm), LIMITS)
        held_out = natural("validation", validation, "pass a whole number >= 0", least=0)
        records = [
            drawn(n, d, norm, held_out, np.random.default_rng([seed, k]))
            for k in range(1 if tasks is None else natural("tasks", tasks))
        ]
        record = records[0] if tasks is None else stacked(records)
        return cls._of(record, n, d, sigma, known=True)

    @classmethod
    def from_data(
        cls, X: Numbers, y: Numbers, validation: tuple[Numbers, Numbers] | None = None
    ) -> "LeastSquares":
        """One task from real data, whose w_* is unknown.

        With a leading axis on all arguments, a batch of tasks of equal rank.

        Rank-deficient X and constant columns are fine: the minimum-norm solution is what training
        from 0 tends to. A singular value below max(n, d) eps of the largest one is null. Up to
        kappa(X) = 100 the eigenvalues come from X'X or XX', with a relative error of a few eps
        kappa(X)^2 <= 1e-11; beyond that from the singular values of X, with a few eps kappa(X).

        Parameters
        ----------
        X
            (n, d).
        y
            (n,).
        validation
            (X_2 (n_2, d), y_2 (n_2,)) of a held-out set.

        Raises
        ------
        ValueError
            wrong shapes, numbers out of range, X = 0, or tasks of different rank.
        """
        rows = finite("X", X)
        target = finite("y", y)
        require_samples(rows, target, axes=(2, 3))
        n, d = rows.shape[-2:]
        require_range("X", largest(rows), LIMITS)
        require_range("y", np.abs(target).max(axis=-1), LIMITS)
        held = None
        if validation is not None:
            given = pair("validation", validation, "(X2, y2)")
            X2 = finite("validation X", given[0])
            y2 = finite("validation y", given[1])
            same_tasks = X2.ndim == rows.ndim and X2.shape[:-2] == rows.shape[:-2]
            if not same_tasks or not X2.size or X2.shape[-1] != d or y2.shape != X2.shape[:-1]:
                each = f", for each of {len(rows)} tasks" if rows.ndim == 3 else ""
                raise ValueError(
                    f"validation has shapes {X2.shape}, {y2.shape}: pass (n2, {d}) and (n2,), "
                    f"n2 > 0{each}"
                )
            held = X2, y2
        return cls._of(measured(rows, target, held), n, d, 1.0, known=False)

    @classmethod
    def _of(cls, record: Record, n: int, d: int, sigma: float, known: bool) -> "LeastSquares":
        return cls(
            eigenvalues=record.eigenvalues,
            signal=record.signal,
            noise=record.noise,
            residual=record.residual,
            null_signal=record.null_signal,
            samples=n,
            dimension=d,
            sigma=sigma,
            validation=record.validation,
            known=known,
        )

    def __post_init__(self) -> None:
        lam = finite("eigenvalues", self.eigenvalues)
        if not lam.ndim or lam.shape[-1] == 0:
            raise ValueError(
                "eigenvalues: X is zero, so there is nothing to train: pass at least one nonzero "
                "column"
            )
        require_positive("eigenvalues", lam, "leave out null directions")
        tasks = lam.shape[:-1]
        samples = natural("samples", self.samples)
        dimension = natural("dimension", self.dimension)
        keep(
            self,
            eigenvalues=lam,
            sigma=_noise_level(self.sigma),
            known=flag("known", self.known),
            samples=samples,
            dimension=dimension,
            signal=shaped("signal", self.signal, lam.shape, f"{lam.shape}, one an eigenvalue"),
            noise=shaped("noise", self.noise, lam.shape, f"{lam.shape}, one an eigenvalue"),
            residual=_nonnegative("residual", self.residual, tasks),
            null_signal=_nonnegative("null_signal", self.null_signal, tasks),
        )
        if lam.shape[-1] > min(samples, dimension):
            raise ValueError(
                f"eigenvalues has {lam.shape[-1]} modes, samples = {samples} and dimension = "
                f"{dimension} allow fewer: build the problem with draw or from_data"
            )
        if self.validation is not None:
            keep(self, validation=_held(self.validation, lam.shape))

    def at_sigma(self, sigma: Scalar) -> "LeastSquares":
        """The same tasks at another noise level: no decomposition is computed again."""
        if not self.known:
            raise ValueError("sigma of real data is part of the data: draw tasks to vary it")
        return replace(self, sigma=_noise_level(sigma))

    @property
    def fitted(self) -> Array:
        """(..., r) minimum-norm solution in the eigenbasis."""
        return self.signal + self.sigma * self.noise

    @property
    def floor(self) -> Array:  # type: ignore[override]
        """(...) training loss of the least-squares solution."""
        return self.residual * self.sigma**2

    def modes(self) -> Modes:
        """Eigenvalues, error -fitted and weights lambda fitted^2 / 2.

        The training loss is floor + sum weights q^2.
        """
        return Modes(self.eigenvalues, -self.fitted, self.eigenvalues * self.fitted**2 / 2)

    def outer(self, name: str) -> SeparableLoss | DenseLoss:
        """The loss "train", "population" (excess risk ||w - w_*||^2) or "validation" (mean squared
        error / 2).

        Raises
        ------
        ValueError
            population risk of real data, or validation without a validation set.
        """
        name = choice("name", name, OUTERS)
        if name == "train":
            zero = np.zeros_like(self.signal)
            weights = self.modes().weights
            energy = self.floor + weights.sum(axis=-1)
            slope = self.eigenvalues.sum(axis=-1) / (2 * self.dimension)
            return SeparableLoss(weights, zero, zero, self.floor, (energy, slope))
        if name == "population":
            return self._population()
        if self.validation is None:
            raise ValueError(
                "n2 = 0: the problem has no validation set, draw it with validation=n2 or pass one"
            )
        features, clean, unit, trace = self.validation
        return DenseLoss(self.fitted, features, clean + self.sigma * unit, trace)

    def _population(self) -> SeparableLoss:
        """||w - w_*||^2 with w - w_* = (1 - q) noise - q signal in the row space, w_* outside."""
        if not self.known:
            raise ValueError(
                "w_* of real data is unknown, so is its population risk: use a validation set"
            )
        noise = self.sigma * self.noise
        cross = -2 * self.signal * noise
        total = self.null_signal + (self.signal**2).sum(axis=-1)
        frozen = (total, np.ones_like(total))
        return SeparableLoss(self.signal**2, cross, noise**2, self.null_signal, frozen)

    def __repr__(self) -> str:
        words = [f"n={self.samples}", f"d={self.dimension}"]
        if self.eigenvalues.ndim > 1:
            words.insert(0, f"tasks={self.eigenvalues[..., 0].size}")
        if self.known:
            words.append(f"sigma={self.sigma:.6g}")
        if self.validation is not None:
            words.append(f"n2={self.validation[1].shape[-1]}")
        return f"LeastSquares({', '.join(words)})"


def _noise_level(sigma: Scalar) -> float:
    value = number("sigma", sigma, least=0.0, remedy="pass a standard deviation")
    require_range("sigma", np.array(value), LIMITS)
    return value


def _nonnegative(name: str, value: Numbers, tasks: tuple[int, ...]) -> Array:
    """One number >= 0 a task."""
    array = shaped(name, value, tasks, f"{tasks}, one a task")
    require_nonnegative(name, array, "pass numbers >= 0")
    return array


def _held(
    validation: tuple[Array, ...], shape: tuple[int, ...]
) -> tuple[Array, Array, Array, Array]:
    """The four arrays of a validation set for modes of ``shape`` (..., r)."""
    if not isinstance(validation, tuple) or len(validation) != 4:
        raise ValueError(
            "validation must hold (X_2 V, X_2 w_*, xi_2, mean ||x||^2 / d): build the problem "
            "with draw or from_data, which take (X2, y2)"
        )
    tasks = shape[:-1]
    r = shape[-1]
    features = shaped("validation[0]", validation[0], (*tasks, -1, r))
    clean = shaped("validation[1]", validation[1], features.shape[:-1])
    unit = shaped("validation[2]", validation[2], features.shape[:-1])
    return features, clean, unit, _nonnegative("validation[3]", validation[3], tasks)
