"""What an estimator of a meta-gradient is: a few lines over a tape, with its published cost and
where it is exact.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quadmeta._validate import choice, instance, natural
from quadmeta.arithmetic.signlog import SignLog
from quadmeta.estimators.parts.hyper_tape import HyperTape
from quadmeta.estimators.parts.step_size_tape import DTYPES, StepSizeTape
from quadmeta.estimators.parts.tape import Tape
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.objectives.parts.base import Objective

Array = Any


@dataclass(frozen=True, eq=False)
class Hypergradient:
    """An estimate of d objective / d eta, what became of it in floating point, and what it cost."""

    value: Array
    """Shape of the step sizes (and tasks); SignLog for the closed form of the naive objective."""
    status: Array
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
            beyond = f", step_size beyond 2/L = {self.notes['2/L']:.6g}"
        else:
            beyond = ""
        return f"Hypergradient({value}, {self.status}, {self.jvps} JVPs, {self.stored_vectors} stored vectors{beyond})"


@dataclass(frozen=True)
class Estimator(ABC):
    """An algorithm for the meta-gradient.

    ``dtype`` is the format it runs in for the step size of a quadratic: "float16", "float32",
    "float64" or "mpmath"; hypergradients of a bilevel problem run in float64.
    """

    dtype: str = field(default="float64", kw_only=True)
    renormalised = False
    steps_matter = True
    """Whether the estimate at an inner minimum depends on the step size of the run."""
    reference = ""

    def __post_init__(self) -> None:
        choice("dtype", self.dtype, DTYPES)

    @abstractmethod
    def estimate(self, tape: Tape) -> Array:
        """The estimate from the products of a tape and nothing else."""

    @abstractmethod
    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """Published cost for T steps, h parameters, P weights: hvps, mixed, outer_gradients,
        stored_vectors.
        """

    def exact_when(self, T: int) -> bool:
        """Whether the estimate is the unrolled derivative on every problem at this number of
        steps.
        """
        return False


def hypergradient(
    objective: Objective | OuterLoss,
    theta: Array,
    estimator: Estimator,
    *,
    start: Array = None,
    digits: int = 50,
) -> Hypergradient:
    """Run ``estimator`` on ``objective`` at ``theta``.

    Floating-point failures of the algorithm are its result, not an error: they come back as
    ``status``.

    Parameters
    ----------
    objective
        a step-size objective of one task, or of a batch with ``pooled=False`` (step sizes then
        broadcast against the tasks); or the ``OuterLoss`` of a bilevel problem.
    theta
        step sizes >= 0 of any shape; or hyperparameters (h,).
    estimator
        for example ``Reverse(dtype="float32")`` or ``Discounted(gamma=0.99)``.
    start
        another w_0 for a bilevel problem (warm start).
    digits
        precision of dtype "mpmath".

    Raises
    ------
    ValueError
        an argument of another kind, or what the estimator itself refuses.
    """
    instance(
        "objective",
        objective,
        (Objective, OuterLoss),
        "OuterLoss(problem, GradientDescent(100, 0.1))",
    )
    instance("estimator", estimator, Estimator, "Reverse()")
    digits = natural("digits", digits)
    context: Any = nullcontext()
    if estimator.dtype == "mpmath":
        import mpmath

        context = mpmath.workdps(digits)
    with context, np.errstate(all="ignore"):
        if isinstance(objective, OuterLoss):
            if estimator.dtype != "float64":
                raise ValueError(
                    f"dtype = {estimator.dtype!r} must be 'float64': hypergradients of a bilevel "
                    "problem "
                    "run in float64"
                )
            tape: Tape = HyperTape(objective, theta, start)
        else:
            if start is not None:
                raise ValueError(
                    "start belongs to the quadratic problem: build it with another initial error"
                )
            tape = StepSizeTape(objective, theta, estimator.dtype, estimator.renormalised)
        value = estimator.estimate(tape)
        if isinstance(objective, OuterLoss):
            tape.notes["2/L"] = objective.largest_step_size(theta)
            tape.notes["diverges"] = objective.step_size > tape.notes["2/L"]
    if isinstance(objective, OuterLoss):
        exact = 0.0
    else:
        exact = objective.gradient(theta)
    status = _status(value, exact.sign if isinstance(exact, SignLog) else exact)
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        value = value.item()
    return Hypergradient(value, status, **tape.counts, notes=tape.notes)


def _status(value: Array, exact: Array) -> Array:
    if isinstance(value, SignLog) or np.asarray(value).dtype == object:
        if np.ndim(exact) == 0:
            return "ok"
        return np.full(np.shape(exact), "ok", dtype="<U11")
    names = np.where((value == 0) & (exact != 0), "silent zero", "ok")
    names = np.where(np.isinf(value), "inf", np.where(np.isnan(value), "nan", names))
    if np.ndim(exact) == 0 and names.ndim == 1 and len(names):
        return next((x for x in ("nan", "inf") if x in names), "ok")
    if names.ndim == 0:
        return str(names)
    return names
