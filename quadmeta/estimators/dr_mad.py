"""DrMAD: reverse mode along the chord from w_0 to w_T instead of the stored trajectory."""

from collections.abc import Mapping
from dataclasses import dataclass

from quadmeta.estimators.parts.unrolled import UnrolledFilter
from quadmeta.objectives.parts.tape import Derivative, Tape


@dataclass(frozen=True)
class DrMad(UnrolledFilter):
    """Reverse mode with products at (1 - t/T) w_0 + (t/T) w_T.

    On a quadratic only B is interpolated: exact where J is constant. What comes from a start that
    depends on the parameters is left out. Under momentum the chord is one of the weights, taken at
    rest there.

    Raises
    ------
    ValueError
        an optimizer whose weights do not tell what else it carries: moments, conjugate directions.

    Examples
    --------
    >>> import quadmeta as qm
    >>> problem = qm.Coupled.random([0.5, 1.0, 2.0], h=2, seed=0)
    >>> loss = qm.OuterLoss(problem, qm.GradientDescent(steps=20, step_size=0.4))
    >>> found = qm.hypergradient(loss, [0.1, -0.2], qm.DrMad())
    >>> found.hvps, found.mixed, found.outer_gradients, found.stored_vectors
    (19, 20, 1, 1)
    """

    reference = "Fu, Luo, Feng, Low, Chua 2016"

    def estimate(self, tape: Tape) -> Derivative:
        """Reverse loop on the chord."""
        T = tape.steps
        first = tape.start
        for _ in tape.stream():
            pass
        way = tape.last_weights() - first
        total = tape.product_sum()
        v = tape.outer_gradient()
        for t in reversed(range(T)):
            chord = tape.state_of(first + (t / T) * way)
            total.add(t, v, chord)
            if t:
                v = tape.A(t, v, chord)
        return total.value()

    def cost(self, T: int, h: int = 1, P: int = 1) -> Mapping[str, int]:
        """2T - 1 products with the memory of one vector."""
        return {"hvps": T - 1, "mixed": T, "outer_gradients": 1, "stored_vectors": 1}

    def exact_when(self, T: int) -> bool:
        """At T = 1."""
        return T == 1
