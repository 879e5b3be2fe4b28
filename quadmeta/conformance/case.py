"""One test case: a small bilevel problem in exact numbers, and the settings of the method.

    L_1(w, alpha) = w'H w / 2 - w'b,   H = H_0 + sum_k f(alpha_k) M_k,   b = b_0 + C alpha
    L_2(w, alpha) = w'H_2 w / 2 - b_2'w + w'N alpha + tau alpha'alpha / 2
    w_0(alpha)    = w_0 + D alpha

with f the identity or the exponential. A method starts from w_0 and takes the steps

    w_{t+1} = w_t - eta_t S grad L_1(w_t) + beta (w_t - w_{t-1}),   w_{-1} = w_0.

Nearly all entries are dyadic, so that float64 and float32 hold them: the exact answer to the case
is the exact answer to what the tested code was given.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from quadmeta._types import Array
from quadmeta.conformance.rational import zeros
from quadmeta.conformance.settings import Adam


@dataclass(frozen=True, eq=False)
class Regression:
    """Training and validation data of a case that is a least-squares problem, in exact numbers.

    The inner loss is the mean of squared residuals over 2, plus a ridge; the outer loss the same
    on the validation data, without one.
    """

    inputs: Array
    """X (n, d)."""
    targets: Array
    """y (n,) or (n, outputs)."""
    validation_inputs: Array
    validation_targets: Array
    weighted: bool = False
    """Whether alpha weighs the samples; else it sets the ridge."""


@dataclass(frozen=True, eq=False)
class Case:
    """A problem with exact answers, and the settings that a method is given for it.

    Arrays hold Fractions. P is the number of weights, h that of hyperparameters.
    """

    name: str
    catches: str
    """The mistake that this case is there to catch."""
    kinds: frozenset[str]
    """What it is a case for, see ``quadmeta.conformance.kinds``."""
    hessian: Array
    """H_0 (P, P)."""
    linear: Array
    """b_0 (P,)."""
    cross: Array
    """C (P, h)."""
    outer_hessian: Array
    """H_2 (P, P)."""
    outer_linear: Array
    """b_2 (P,)."""
    alpha: Array
    """(h,)."""
    start: Array
    """w_0 (P,)."""
    point: Array
    """A given w (P,) away from the minimum."""
    step_sizes: tuple[Fraction, ...]
    """eta_0, ..., eta_{T-1}."""
    slopes: tuple[Array, ...] = ()
    """M_k (P, P), one a hyperparameter, or none."""
    exponential: bool = False
    """Whether f is the exponential."""
    outer_cross: Array | None = None
    """N (P, h)."""
    outer_curvature: Fraction = Fraction(0)
    """tau."""
    start_slope: Array | None = None
    """D (P, h)."""
    momentum: Fraction = Fraction(0)
    """beta."""
    preconditioner: Array | None = None
    """S (P, P), where the step is not along the gradient."""
    adam: Adam | None = None
    """Where the inner optimizer is Adam."""
    products: int = 4
    """Hessian products of the Neumann series, one less than its terms."""
    last: int = 3
    """K of truncated back-propagation."""
    gamma: Fraction = Fraction(3, 4)
    """The discount."""
    iterations: int | None = None
    """Iterations that a linear solver may take; by default P, in which CG ends."""
    shape: tuple[int, ...] | None = None
    """Shape of w as the tested code sees it; by default (P,)."""
    alpha_shape: tuple[int, ...] | None = None
    dtype: str = "float64"
    loss: str = "outer"
    """Which loss of w_T is differentiated by the step-size kinds: "inner" or "outer"."""
    regression: Regression | None = None
    ridge: Array | None = None
    """The part of the Hessian, at these hyperparameters, that is a ridge (P, P)."""
    batch: tuple[Array, ...] = ()
    """Several alphas that the tested code is given at once, as rows."""
    needs: frozenset[str] = frozenset()
    """Features that a tested code must support for this case to apply."""

    def __post_init__(self) -> None:
        """Make the data read-only: a change would move the exact value for everybody."""
        for value in vars(self).values():
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, np.ndarray):
                    part.flags.writeable = False

    @property
    def size(self) -> int:
        """P."""
        return len(self.linear)

    @property
    def hyperparameters(self) -> int:
        """h."""
        return len(self.alpha)

    @property
    def steps(self) -> int:
        """T."""
        return len(self.step_sizes)

    @property
    def step_size(self) -> Fraction:
        """eta_0: the step size, where it is the same at every step, and nu of the series."""
        return self.step_sizes[0]

    @property
    def weights_shape(self) -> tuple[int, ...]:
        """The shape of w that the tested code sees."""
        return (self.size,) if self.shape is None else self.shape

    @property
    def hyperparameter_shape(self) -> tuple[int, ...]:
        """The shape of alpha that the tested code sees, and of what it must return."""
        shape = (self.hyperparameters,) if self.alpha_shape is None else self.alpha_shape
        return (len(self.batch), *shape) if self.batch else shape

    @property
    def unused(self) -> tuple[int, ...]:
        """Hyperparameters that nothing depends on: their derivative is 0, without rounding."""
        if self.outer_curvature != 0 or self.slopes or self.batch:
            return ()
        linear = (self.cross, self.outer_cross, self.start_slope)
        parts = [part for part in linear if part is not None]
        return tuple(
            k for k in range(self.hyperparameters) if not any(part[:, k].any() for part in parts)
        )

    @property
    def members(self) -> tuple["Case", ...]:
        """One case an alpha: the case itself, unless it stacks several."""
        if not self.batch:
            return (self,)
        return tuple(replace(self, alpha=alpha, batch=()) for alpha in self.batch)

    @property
    def direct(self) -> bool:
        """Whether the outer loss depends on alpha also directly."""
        return self.outer_cross is not None or self.outer_curvature != 0

    def but(self, **changes: Any) -> "Case":
        """The same case with other data."""
        return replace(self, **changes)

    def no_cross(self) -> Array:
        """The matrix 0 in the place of C, N or D, (P, h)."""
        return zeros(self.size, self.hyperparameters)

    def __repr__(self) -> str:
        return f"Case({self.name!r})"


def steps(size: Any, count: int) -> tuple[Fraction, ...]:
    """The same step size ``count`` times."""
    return (Fraction(size),) * count


def flat(matrix: Array, outputs: int) -> Array:
    """A matrix that acts on each column of W (d, outputs), for W written out by rows."""
    return np.kron(matrix, np.eye(outputs, dtype=int))
