"""One small random bilevel problem of each kind, which several test files share."""

import quadmeta as qm
from quadmeta.strategies import BILEVEL, bilevel_problem

FAMILIES = list(BILEVEL)
QUADRATIC = FAMILIES[:-1]


def families(seed):
    """{kind: (problem, alpha)}, small and random."""
    return {kind: bilevel_problem(kind, seed) for kind in BILEVEL}


def curvature(problem, alpha):
    """The largest eigenvalue of the inner Hessian, or its bound."""
    bound = problem.at(alpha)
    return problem.L if isinstance(problem, qm.LogCosh) else bound.spectrum[0][-1]
