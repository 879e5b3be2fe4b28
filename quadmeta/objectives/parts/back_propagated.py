"""The loop of reverse mode, which several estimators are."""

from quadmeta.objectives.parts.tape import Derivative, Tape


def back_propagated(tape: Tape, steps: int) -> Derivative:
    """sum of B_t A_{t+1} ... A_T g_T over the last ``steps`` steps t.

    An A-product whose result no B-product would take is not spent. Through all T steps what a
    moving start contributes is part of the sum.
    """
    T = tape.steps
    tape.record(steps)
    v = tape.outer_gradient()
    total = tape.product_sum()
    for t in reversed(range(T - steps, T)):
        total.add(t, v)
        if t > T - steps:
            v = tape.A(t, v)
    if tape.start_moves and steps == T:
        return total.value() + tape.start_product(tape.A(0, v))
    return total.value()
