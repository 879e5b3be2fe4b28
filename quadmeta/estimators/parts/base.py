"""What an estimator of a meta-gradient is: a few lines over a tape, with its published cost and
where it is exact.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from quadmeta._types import Array, Numbers, Spectrum
from quadmeta._validate import choice, instance, natural, numbers, quantity, show
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.objectives.parts.base import Objective
from quadmeta.objectives.parts.step_size_tape import DTYPES
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True, eq=False)
class Hypergradient:
    """An estimate of the derivative of an objective in its parameters, what became of it in
    floating point, and what it cost.
    """

    value: Any
    """Shape of the parameters (and tasks); SignLog for the closed form of the naive objective."""
    status: Any
    """"ok", "inf", "nan" or "silent zero" (0 is returned and the exact derivative is not 0), one a
    value.
    """
    hvps: int
    """Hessian-vector products (A-products)."""
    mixed: int
    """Mixed second-order products (B-products)."""
    outer_gradients: int
    stored_vectors: int
    """States of the inner run kept at one time."""
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def jvps(self) -> int:
        """A- plus B-products, the literature's column #JVPs."""
        return self.hvps + self.mixed

    def __repr__(self) -> str:
        if isinstance(self.value, float):
            value = f"{self.value:.9g}"
        else:
            value = repr(self.value)
        if self.notes.get("diverges"):
            beyond = f", {self.notes.get('why', 'the inner run diverges')}"
        else:
            beyond = ""
        return (
            f"Hypergradient({value}, {self.status}, {self.jvps} JVPs, "
            f"{self.stored_vectors} stored vectors{beyond})"
        )


class Spectral(NamedTuple):
    """Where a filter is evaluated."""

    lam: Any
    """Eigenvalues of the inner Hessian, in any arithmetic."""
    step_size: Any
    """eta of the inner run."""
    steps: int
    """T."""
    gradient: Any
    """Outer gradient in the eigenbasis, shape of ``lam``; None if it was not given."""


@dataclass(frozen=True)
class Estimator(ABC):
    """An algorithm for the derivative of an objective through an unrolled run.

    A subclass, a frozen dataclass, gives two methods and says where it is exact:

    - ``estimate(tape)`` computes from a ``Tape`` and nothing else: it calls ``stream`` or
      ``record`` for the run, then products and outer gradients, which the tape counts. The direct
      term of an outer loss that depends on the parameters is not its business: ``hypergradient``
      adds it.
    - ``cost(T, h, P)`` is what it publishes that it spends. ``hypergradient`` reports what it
      spent: the two should agree.
    - ``exact_when(T)`` says where the estimate is the unrolled derivative, by default nowhere.
    - ``filter_at`` and ``filter_error_at``, which function of the inner Hessian it puts in place
      of the inverse, where it is one.

    Parameters
    ----------
    dtype
        the format it runs in for the step size of a quadratic: "float16", "float32", "float64" or
        "mpmath"; hypergradients of a bilevel problem run in float64.

    Examples
    --------
    Back-propagation through the last two steps:

    >>> from dataclasses import dataclass
    >>> import quadmeta as qm
    >>> @dataclass(frozen=True)
    ... class LastTwo(qm.Estimator):
    ...     def estimate(self, tape):
    ...         T = tape.steps
    ...         tape.record(2)
    ...         v = tape.outer_gradient()
    ...         return tape.B(T - 1, v) + tape.B(T - 2, tape.A(T - 1, v))
    ...     def cost(self, T, h=1, P=1):
    ...         return {"hvps": 1, "mixed": 2, "outer_gradients": 1, "stored_vectors": 2}
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=1, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=5, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1], LastTwo())
    >>> found.status, found.jvps, found.stored_vectors
    ('ok', 3, 2)
    """

    dtype: str = field(default="float64", kw_only=True)
    renormalised = False
    """Whether it needs a tape whose states are divided by powers of two."""
    steps_matter = True
    """Whether the estimate at an inner minimum depends on the step size of the run."""
    reference = ""
    """Where it is published."""

    def __post_init__(self) -> None:
        choice("dtype", self.dtype, DTYPES)

    @abstractmethod
    def estimate(self, tape: Tape) -> Derivative:
        """The estimate from the products of a tape and nothing else."""

    @abstractmethod
    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """Published cost for T steps, h parameters, P weights: hvps, mixed, outer_gradients,
        stored_vectors.

        For a start that does not depend on the parameters; one that does costs exact estimators a
        last A-product more (``Forward``: h of them).
        """

    def exact_when(self, T: int) -> bool:
        """Whether the estimate is the unrolled derivative on every problem at this number of
        steps, from a start that does not depend on the parameters.
        """
        return False

    def filter(
        self,
        lam: Spectrum,
        *,
        step_size: Numbers = 1.0,
        steps: int = 1,
        gradient: Numbers | None = None,
    ) -> Any:
        """f(lambda), with which the estimate is -J f(H) g at an inner minimum of a quadratic, g
        the outer gradient there.

        Polynomials of lambda run in any arithmetic. Unrolled and truncated steps are those of
        gradient descent; of another inner optimizer f is its ``response(lam).moved``.

        Parameters
        ----------
        lam
            eigenvalues of the inner Hessian.
        step_size, steps
            of the inner run; an estimator that does not depend on them ignores them.
        gradient
            coordinates of g in the eigenbasis (P,), for conjugate gradients: their f depends on g.

        Raises
        ------
        ValueError
            an estimator that is no function of the Hessian, or needs g.

        Examples
        --------
        >>> import quadmeta as qm
        >>> qm.Truncated(K=3).filter([1.0, 0.5], step_size=1.0, steps=10)
        array([1.  , 1.75])
        >>> qm.Truncated(K=3).filter_error([1.0, 0.5], step_size=1.0, steps=10)
        array([0.   , 0.125])
        """
        return self.filter_at(_spectral(lam, step_size, steps, gradient))

    def filter_error(
        self,
        lam: Spectrum,
        *,
        step_size: Numbers = 1.0,
        steps: int = 1,
        gradient: Numbers | None = None,
    ) -> Any:
        """1 - lambda f(lambda), the relative error of the inverse Hessian in each direction; as
        ``filter``.
        """
        return self.filter_error_at(_spectral(lam, step_size, steps, gradient))

    def filter_at(self, at: Spectral) -> Any:
        """What ``filter`` returns: an estimator of your own defines it here.

        Raises
        ------
        ValueError
            by default.
        """
        raise ValueError(
            f"{type(self).__name__} has no filter, it is no function of the inner Hessian alone: "
            "take an estimator that is one, such as Neumann"
        )

    def filter_error_at(self, at: Spectral) -> Any:
        """What ``filter_error`` returns: by default 1 - lambda ``filter_at``, in which small
        errors are rounded.
        """
        return 1 - at.lam * self.filter_at(at)


def _spectral(lam: Spectrum, step_size: Numbers, steps: int, gradient: Numbers | None) -> Spectral:
    """The arguments of a filter, read."""
    read = numbers("lam", lam)
    g: Any = None
    if gradient is not None:
        g = numbers("gradient", gradient)
        if np.shape(g) != np.shape(read):
            raise ValueError(
                f"gradient has shape {np.shape(g)}, lam {np.shape(read)}: pass one coordinate an "
                "eigenvalue"
            )
    return Spectral(read, quantity("step_size", step_size, least=0), natural("steps", steps), g)


def required_gradient(estimator: Estimator, at: Spectral) -> Array:
    """g, by which a filter that depends on it is divided.

    Raises
    ------
    ValueError
        it was not given, or has an entry 0.
    """
    if at.gradient is None or not np.all(at.gradient):
        raise ValueError(
            f"gradient = {show(at.gradient)}: the filter of {type(estimator).__name__} depends on "
            "the outer gradient, pass its coordinates in the eigenbasis, all of them not 0"
        )
    found: Array = at.gradient
    return found


def hypergradient(
    objective: Objective,
    theta: Numbers,
    estimator: Estimator,
    *,
    start: Numbers | None = None,
    digits: int = 50,
) -> Hypergradient:
    """Estimate the derivative of ``objective`` at ``theta`` with ``estimator``.

    Floating-point failures of the algorithm are its result, not an error: they come back as
    ``status``.

    Parameters
    ----------
    objective
        a step-size objective of one task, or of a batch with ``pooled=False`` (step sizes then
        broadcast against the tasks); the ``OuterLoss`` of a bilevel problem; or any ``Objective``
        with a ``tape``.
    theta
        step sizes >= 0 of any shape; or hyperparameters (h,).
    estimator
        for example ``Reverse(dtype="float32")`` or ``Discounted(gamma=0.99)``.
    start
        another w_0 for a bilevel problem (warm start), taken as fixed.
    digits
        precision of dtype "mpmath".

    Raises
    ------
    ValueError
        an argument of another kind, or what the estimator itself refuses.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Quadratic.from_spectrum([0.5, 1.0], error=[1.0, 1.0])
    >>> objective = qm.LogObjective(problem, qm.GradientDescent(steps=10))
    >>> qm.hypergradient(objective, 0.3, qm.Reverse())
    Hypergradient(-1.24293244, ok, 19 JVPs, 10 stored vectors)
    """
    instance("objective", objective, Objective, "OuterLoss(problem, GradientDescent(100, 0.1))")
    instance("estimator", estimator, Estimator, "Reverse()")
    digits = natural("digits", digits)
    with _precision(estimator.dtype, digits), np.errstate(all="ignore"):
        tape = objective.tape(
            theta, dtype=estimator.dtype, start=start, renormalised=estimator.renormalised
        )
        value = _estimated(tape, estimator)
    return _described(tape, value)


def estimated(tape: Tape, estimator: Estimator) -> Hypergradient:
    """The hypergradient of a run in float64 whose tape is there already."""
    with np.errstate(all="ignore"):
        value = _estimated(tape, estimator)
    return _described(tape, value)


def _precision(dtype: str, digits: int) -> AbstractContextManager[Any]:
    """The context of a format: that of mpmath has a number of digits."""
    if dtype != "mpmath":
        return nullcontext()
    import mpmath

    context: AbstractContextManager[Any] = mpmath.workdps(digits)
    return context


def _estimated(tape: Tape, estimator: Estimator) -> Derivative:
    """What the estimator finds, and the direct term, which no estimator adds."""
    value = _read(estimator, estimator.estimate(tape), tape.derivative_shape)
    direct = tape.direct()
    if np.any(direct):
        return value + direct
    return value


def _read(estimator: Estimator, value: Derivative, shape: tuple[int, ...]) -> Derivative:
    """What an estimator returned, if it has numbers and the shape of a derivative.

    Raises
    ------
    ValueError
        it has not.
    """
    if isinstance(value, SignLog):
        numeric = True
    else:
        numeric = np.asarray(value).dtype.kind in "fiu" or _holds_numbers(value)
    one_number = shape == (1,) and np.shape(value) == ()
    if numeric and (np.shape(value) == shape or one_number):
        return value
    raise ValueError(
        f"{type(estimator).__name__}.estimate returns {show(value)}, it must be an array of "
        f"numbers of shape {shape}: return a sum of products tape.B(t, v)"
    )


def _holds_numbers(value: Derivative) -> bool:
    """Whether objects are numbers of mpmath or the like."""
    entries = np.asarray(value)
    return entries.dtype == object and all(hasattr(x, "__float__") for x in entries.flat)


def _described(tape: Tape, value: Derivative) -> Hypergradient:
    status = _status(value, tape.nonzero())
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        value = value.item()
    return Hypergradient(value, status, **tape.counts, notes=tape.notes)


def _status(value: Derivative, nonzero: Array | bool) -> Any:
    """One word for a vector of parameters of one run, else one for each run."""
    if isinstance(value, SignLog) or np.asarray(value).dtype == object:
        if np.ndim(nonzero) == 0:
            return "ok"
        return np.full(np.shape(nonzero), "ok", dtype="<U11")
    if np.ndim(value) == 1 and np.ndim(nonzero) == 0 and np.isfinite(value).all():
        return "ok"
    names = np.where((value == 0) & nonzero, "silent zero", "ok")
    names = np.where(np.isinf(value), "inf", np.where(np.isnan(value), "nan", names))
    if np.ndim(nonzero) == 0 and names.ndim == 1 and len(names):
        return next((x for x in ("nan", "inf") if x in names), "ok")
    if names.ndim == 0:
        return str(names)
    return names
