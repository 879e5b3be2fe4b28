"""The cheapest estimator of a hypergradient that reaches a wanted error, with the reason."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from html import escape

import numpy as np

from quadmeta._types import Numbers, Scalar
from quadmeta._validate import choice, flag, instance, natural, number
from quadmeta.estimators.neumann import Neumann
from quadmeta.estimators.parts.base import Estimator
from quadmeta.objectives.outer_loss import OuterLoss
from quadmeta.training.advice.knowledge import Knowledge, given, known
from quadmeta.training.advice.options import Option, implicit_options
from quadmeta.training.advice.through_run import unrolled_options

_LOST = (
    "; rounding may be all that is left of the outer gradient, of its solve or of the mixed "
    "derivative, so that no relative error has a bound"
)
_REFUSES = (
    "; but it may refuse: it sees H by products with I - eta H, eta the step size, whose rounding "
    "may leave less than six digits of H^-1 g; train with a larger step size, add a ridge, or take "
    "outer.implicit(alpha)"
)


@dataclass(frozen=True)
class Advice:
    """An estimator, what it costs, how far off it is at most, and why it was chosen."""

    estimator: Estimator
    """What to pass to ``hypergradient``."""
    products: int
    """Hessian plus mixed products that it spends; a factorisation counts as P."""
    vectors: int
    """Vectors of P numbers that it keeps at one time."""
    bound: float
    """Its relative error: at most, where ``guaranteed``, else expected."""
    guaranteed: bool
    """Whether the bound holds in float64 and is at most the error that was asked for. Where
    conjugate gradients end with the distinct eigenvalues, a model of rounding is part of it that is
    tested, not proved.
    """
    reason: str
    """In words: where the bound comes from, and what the others would cost."""

    def __repr__(self) -> str:
        return f"Advice({_short(self.estimator)}, {self.products} products, {self._error})"

    @property
    def _error(self) -> str:
        if self.guaranteed:
            return f"error {self.bound:.2g} guaranteed"
        return f"error {self.bound:.2g} expected"

    def _repr_html_(self) -> str:
        cells = {
            "estimator": _short(self.estimator),
            "products": str(self.products),
            "vectors": str(self.vectors),
            "error": self._error.removeprefix("error "),
            "reason": self.reason,
        }
        lines = [f"<tr><th>{name}</th><td>{escape(cell)}</td></tr>" for name, cell in cells.items()]
        return f"<table><tbody>{''.join(lines)}</tbody></table>"


# powers of contraction rates that float64 rounds to 0 are 0 here
@np.errstate(under="ignore")
def advise(
    outer: OuterLoss,
    alpha: Numbers,
    *,
    error: Scalar,
    target: str = "implicit",
    memory: int | None = None,
    low: Scalar | None = None,
    high: Scalar | None = None,
    kappa: Scalar | None = None,
    expected: bool = False,
    start: Numbers | None = None,
) -> Advice:
    """The cheapest estimator, with its parameter, whose relative error is at most ``error``.

    Of a hypergradient -J x the error counts relative to ||J|| ||x||, the most that a J of its size
    makes of x; a component in which J x cancels has a larger one, and no method that does not solve
    H x = g exactly can bound that. For the target "implicit" x = H^-1 g_T and J at the trained
    weights, and the unfinished run counts as an error too; for "unrolled" x = eta sum_{k<T} A^k
    g_T and J the largest one along the run, A = I - eta H.

    Parameters
    ----------
    outer
        the outer loss of a bilevel problem. On a quadratic its eigenvalues are known and used.
    alpha
        hyperparameters (h,).
    error
        the relative error that is wanted, inside (0, 1).
    target
        "implicit": the derivative of the loss at the inner minimum; "unrolled": through T steps.
    memory
        how many vectors of P numbers may be kept at one time; by default any number.
    low, high
        bounds 0 < mu <= L of the eigenvalues of the inner Hessian, in the place of its own; a
        weight decay of the optimizer is part of it, as a ridge.
    kappa
        L / mu, where no more is known.
    expected
        True: also estimators that are only expected to reach the error, such as conjugate gradients
        on a spectrum with few large eigenvalues.
    start
        another w_0, as for ``hypergradient``.

    Raises
    ------
    ValueError
        a singular inner Hessian, or an inner loss that is not quadratic, for "implicit" without
        ``low`` and ``high``, or ``kappa``; an optimizer that tends to no minimum; a memory in which
        nothing reaches the error.

    Examples
    --------
    >>> import numpy as np
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random(np.geomspace(0.01, 1, 200), h=2, seed=0)
    >>> outer = qm.OuterLoss(problem, qm.GradientDescent(steps=2000, step_size=1.0))
    >>> advice = qm.advise(outer, [0.1, -0.2], error=1e-3)
    >>> advice
    Advice(ChebyshevInverse(budget=38), 38 products, error 0.00098 guaranteed)
    >>> found = qm.hypergradient(outer, [0.1, -0.2], advice.estimator)
    """
    instance("outer", outer, OuterLoss, "OuterLoss(problem, GradientDescent(100, 0.1))")
    remedy = "pass a relative error such as 1e-3"
    wanted = number("error", error, above=0.0, below=1.0, remedy=remedy)
    choice("target", target, ("implicit", "unrolled"))
    expected = flag("expected", expected)
    if memory is None:
        room = math.inf
    else:
        room = natural("memory", memory)
    facts = known(outer, alpha, given(low, high, kappa), start)
    if target == "implicit":
        # refuses a method whose fixed point no implicit estimator differentiates
        outer.optimizer.own_transition().plain()
        return _implicit(facts, wanted, room, expected)
    return _unrolled(facts, wanted, room, expected)


def _implicit(facts: Knowledge, error: float, room: float, expected: bool) -> Advice:
    """The solve gets what the run and rounding leave of the error."""
    if facts.spread is None:
        raise ValueError(
            f"{facts.gap}, so that mu, from which every bound follows, is not known: pass low and "
            "high or kappa, add a ridge, or take target='unrolled'"
        )
    other = facts.run + facts.rounding
    covered = other < error
    if covered:
        solve = error - other
    elif facts.gap:
        solve = error
        other = 0.0
    else:
        solve = error / 2
    options = list(implicit_options(facts, solve))
    best = _cheapest(options, room, not (expected or facts.gap))
    # a series alone refuses nothing
    refuses = not (facts.solvable or isinstance(best.estimator, Neumann))
    if refuses:
        about = _REFUSES
    elif covered:
        about = f"; the unfinished run adds {facts.run:.2g} at most"
    elif facts.gap:
        about = f"; that is the solve alone: {facts.gap}, so that the run has no bound"
    elif math.isinf(facts.rounding):
        about = _LOST
    elif facts.rounding >= facts.run:
        about = f"; rounding may add {facts.rounding:.2g}: ask for a larger error"
    else:
        about = f"; but the unfinished run may add {facts.run:.2g}{_more(facts, error)}"
    guaranteed = covered and best.proved and not refuses
    return _advice(best, options, best.error + other, guaranteed, about)


def _unrolled(facts: Knowledge, error: float, room: float, expected: bool) -> Advice:
    """Exact methods, and shorter ones where the run converges."""
    rounding = math.inf if facts.unrolled is None else facts.unrolled.rounding()
    covered = rounding < error
    options = list(unrolled_options(facts, error - rounding if covered else error))
    best = _cheapest(options, room, not expected)
    about = ""
    if math.isinf(rounding) and facts.unrolled is not None:
        about = _LOST
    elif math.isinf(rounding):
        about = "; rounding has a bound for gradient descent on quadratics below 2 / L alone"
        rounding = 0.0
    elif not covered:
        about = f"; rounding may add {rounding:.2g}: ask for a larger error"
    return _advice(best, options, best.error + rounding, covered and best.proved, about)


def _more(facts: Knowledge, error: float) -> str:
    """How many more steps would bring the run's part down."""
    if facts.rates is None or not math.isfinite(facts.run):
        return ""
    rate = max(float(abs(facts.rates).max()), 1e-300)
    steps = math.ceil(math.log(2 * facts.run / error) / -math.log(rate))
    return f": no estimator helps, {steps} more steps would"


def _cheapest(options: Sequence[Option], room: float, proved: bool) -> Option:
    """The fewest products in the memory there is; then the fewest vectors, then the least error.

    Raises
    ------
    ValueError
        nothing fits.
    """
    fitting = [option for option in options if option.vectors <= room]
    certain = [option for option in fitting if option.proved or not proved]
    if certain:
        return min(certain, key=lambda option: (option.products, option.vectors, option.error))
    if fitting:
        return min(fitting, key=lambda option: option.products)
    least = min(option.vectors for option in options)
    raise ValueError(
        f"memory = {room:g} holds no estimator that reaches this error: pass memory >= {least}, or "
        "a larger error"
    )


def _short(estimator: Estimator) -> str:
    """As it is written, without what is the default."""
    values = {field.name: getattr(estimator, field.name) for field in fields(estimator)}
    defaults = {field.name: field.default for field in fields(estimator)}
    given = [f"{name}={x:g}" for name, x in values.items() if x != defaults[name]]
    return f"{type(estimator).__name__}({', '.join(given)})"


def _advice(
    best: Option, options: Sequence[Option], bound: float, guaranteed: bool, about: str
) -> Advice:
    least: dict[str, int] = {}
    for option in sorted(options, key=lambda option: option.products):
        if type(option.estimator) is not type(best.estimator):
            least.setdefault(type(option.estimator).__name__, option.products)
    others = ", ".join(f"{name} {products}" for name, products in least.items())
    beside = f". Products of the others: {others}" if others else ""
    reason = best.words + about + beside
    return Advice(best.estimator, best.products, best.vectors, bound, guaranteed, reason)
