"""The exact meta-gradient by its closed form: the reference of every other estimator."""

from collections.abc import Mapping
from dataclasses import dataclass

from quadmeta.estimators.parts.unrolled import UnrolledFilter
from quadmeta.objectives.parts.tape import Derivative, Tape, back_propagated


@dataclass(frozen=True)
class ClosedForm(UnrolledFilter):
    """No inner run at all: O(d) after one eigendecomposition, whatever T.

    Exact, also in a start that depends on the parameters. An inner loss that is not quadratic, or
    an optimizer that is not linear, has no closed form: reverse mode runs there, and its products
    are counted. A direct term of the outer loss needs w_T, and so a run, but no product.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.ClosedForm())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (0, 0, 0, 0)
    """

    reference = "derived from w_T - w_* = p_T(H) (w_0 - w_*)"

    def estimate(self, tape: Tape) -> Derivative:
        """The objective's own derivative, or reverse mode where it has no closed form."""
        found = tape.closed_form()
        if found is None:
            return back_propagated(tape, tape.steps)
        return found

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """Nothing, on a quadratic."""
        return {"hvps": 0, "mixed": 0, "outer_gradients": 0, "stored_vectors": 0}

    def exact_when(self, T: int) -> bool:
        """Always."""
        return True
