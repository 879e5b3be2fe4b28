"""Forward mode by the run itself, on weights that carry their derivatives along."""

from quadmeta._types import Array
from quadmeta.arithmetic.jet import Jet
from quadmeta.optimizers.parts.along.direction import Preconditioned
from quadmeta.optimizers.parts.base import Optimizer
from quadmeta.problems.parts.bilevel import BilevelProblem, InnerLoss


def forward_mode(
    problem: BilevelProblem,
    optimizer: Optimizer,
    inner: InnerLoss,
    alpha: Array,
    start: Array,
    moving: Array,
) -> Array:
    """d L_2(w_T, alpha) / d alpha (h,), from w_0 = ``start`` with the rows ``moving`` =
    d w_0 / d alpha_k (h, P), at h + 1 times the cost of the run.
    """
    along = optimizer.direction(inner)
    pushed = along
    if isinstance(along, Preconditioned):
        pushed = along.pushing()

    def gradient(w: Jet) -> Jet:
        # d grad L_1(w, alpha) / d alpha_k = H(w) dw_k + J_k(w)
        tangents = pushed.hvp(w.value, w.first[0]) + along.jacobian(w.value)
        return Jet(along.gradient(w.value), (tangents,), ())

    # one derivative of the jet holds the rows d w / d alpha_k, (h, P)
    *_, last = optimizer.run(gradient, Jet(start, (moving,), ()), optimizer.moving_on(inner))
    found: Array = last.first[0] @ problem.outer_gradient(last.value, alpha)
    if problem.has_direct:
        found = found + problem.direct(last.value, alpha)
    return found
