"""What a hypergradient can be meant to be, each a formula with an exact value on every case."""

UNROLLED = "unrolled"
TRUNCATED = "truncated"
ONE_STEP = "one_step"
DISCOUNTED = "discounted"
IMPLICIT = "implicit"
SOLVED = "solved"
IMPLICIT_AT = "implicit_at"
NEUMANN = "neumann"
STEP_SIZE = "step_size"
LOG_STEP_SIZE = "log_step_size"
STOCHASTIC = "stochastic"

KINDS: dict[str, str] = {
    UNROLLED: "the derivative of L_2(w_T) through all T steps",
    TRUNCATED: "back-propagation through the last few of T steps",
    ONE_STEP: "back-propagation through the last step",
    DISCOUNTED: "single steps along the run, discounted by gamma^(T-t)",
    IMPLICIT: "implicit differentiation at the minimum w_*, which is handed over",
    SOLVED: "implicit differentiation by code that trains itself",
    IMPLICIT_AT: "implicit differentiation at a given w that is not the minimum",
    NEUMANN: "implicit differentiation at a given w by the Neumann series of a given length",
    STEP_SIZE: "the derivative of the loss of w_T in the step size",
    LOG_STEP_SIZE: "the derivative of log(loss - its minimum) / T in the step size",
}

MEANINGS = {**KINDS, STOCHASTIC: "draws, by their mean and covariance: ``check_stochastic``"}
"""The kinds of ``check``, and that of a function of its own."""

ALIASES = {"forward": UNROLLED, "reverse": UNROLLED}
"""Forward and reverse mode through all steps have one value."""

APPROXIMATIONS = frozenset({TRUNCATED, ONE_STEP, DISCOUNTED, NEUMANN, IMPLICIT_AT})
"""Kinds whose own formula is not the derivative of L_2(w(alpha))."""

OF_STEP_SIZE = frozenset({STEP_SIZE, LOG_STEP_SIZE})
"""Kinds whose value is one number, the derivative in the step size."""

LETTERS = {
    "u": (UNROLLED,),
    "t": (TRUNCATED,),
    "o": (ONE_STEP,),
    "d": (DISCOUNTED,),
    "i": (IMPLICIT, SOLVED),
    "a": (IMPLICIT_AT,),
    "n": (NEUMANN,),
    "s": (STEP_SIZE, LOG_STEP_SIZE),
}


def lettered(letters: str) -> frozenset[str]:
    """The kinds that these letters stand for, as the tables of cases write them."""
    return frozenset(kind for letter in letters for kind in LETTERS[letter])
