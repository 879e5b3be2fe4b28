"""The kinds of small bilevel problems, which several test files share."""

import quadmeta as qm
from quadmeta.strategies import BILEVEL

FAMILIES = list(BILEVEL)
QUADRATIC = FAMILIES[:-1]
ESTIMATORS = [
    qm.Reverse(),
    qm.Forward(),
    qm.Truncated(K=4),
    qm.OneStep(),
    qm.Discounted(gamma=0.9),
    qm.MatrixDiscount(),
    qm.Implicit(),
    qm.ConjugateGradient(budget=9),
    qm.Neumann(order=5),
    qm.Neumann(order=5, estimates=3),
    qm.FixedGradient(gamma=0.9),
    qm.DrMad(),
    qm.HyperDistill(gamma=0.9),
]
"""One of each kind that runs on any bilevel problem, whatever its classes."""


def curvature(problem, alpha):
    """The largest eigenvalue of the inner Hessian, or its bound."""
    bound = problem.at(alpha)
    return problem.L if isinstance(problem, qm.LogCosh) else bound.spectrum[0][-1]
