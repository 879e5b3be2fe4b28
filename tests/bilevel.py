"""The kinds of small bilevel problems, which several test files share."""

import quadmeta as qm
from quadmeta.strategies import BILEVEL

FAMILIES = list(BILEVEL)
QUADRATIC = FAMILIES[:-1]


def curvature(problem, alpha):
    """The largest eigenvalue of the inner Hessian, or its bound."""
    bound = problem.at(alpha)
    return problem.L if isinstance(problem, qm.LogCosh) else bound.spectrum[0][-1]
