"""Settings of inner optimizers that need more than step sizes, momentum and a preconditioner."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Adam:
    """Settings of Adam in a case; numbers are the floats that the tested code is given."""

    step_size: Fraction = Fraction(0.1)
    first: Fraction = Fraction(0.9)
    """b_1."""
    second: Fraction = Fraction(0.999)
    """b_2."""
    epsilon: Fraction = Fraction(1e-8)
    root: Fraction = Fraction(0)
    """What is added under the square root."""
    uncorrected: bool = False
    """Whether epsilon stands outside the correction of the bias: the paper's "epsilon hat"."""
