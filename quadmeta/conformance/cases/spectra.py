"""Cases with another spectrum or scale: where linear solvers stop early, divide 0 by 0 or compare
with an absolute tolerance.
"""

from fractions import Fraction

import numpy as np

from quadmeta.conformance.case import steps
from quadmeta.conformance.cases.base import BASE, varied
from quadmeta.conformance.problem import ExactProblem
from quadmeta.conformance.rational import exact, householder

_TINY = Fraction(1, 2**40)
_SMALL = Fraction(1, 2**20)
_MINIMUM = ExactProblem(BASE).minimum

CASES = (
    BASE,
    varied(
        "isotropic",
        "conjugate gradients that lose their last step or divide 0 by 0 after one step",
        hessian=householder(["1/2"] * 4),
    ),
    varied(
        "two_eigenvalues",
        "conjugate gradients that lose their last step; formulas that need distinct eigenvalues",
        hessian=householder(["1/4", "1/4", 1, 1]),
    ),
    varied(
        "past_convergence",
        "0/0 once the residual is exactly 0; underflow",
        hessian=householder(["1/2", "1/2", 1, 1]),
        step_sizes=steps("3/4", 120),
        products=400,
        iterations=2000,
    ),
    varied(
        "long_and_slow",
        "a cap on steps, products or terms, which a run that converges does not show",
        "utdn",
        hessian=householder(["1/256", "1/64", "1/8", 1]),
        step_sizes=steps("3/4", 128),
        products=128,
        last=96,
    ),
    varied(
        "scaled",
        "a lost or doubled step size; a residual that is not scaled by H",
        hessian=householder([2, 4, 8, 16]),
        step_sizes=steps("3/64", 6),
    ),
    varied(
        "small_outer",
        "an absolute tolerance of the linear solver",
        outer_hessian=_TINY * BASE.outer_hessian,
        outer_linear=_TINY * BASE.outer_linear,
    ),
    varied(
        "small_inner",
        "an absolute tolerance of the inner solver; damping added to H",
        hessian=_SMALL * BASE.hessian,
        linear=_SMALL * BASE.linear,
        cross=_SMALL * BASE.cross,
        step_sizes=steps(Fraction(3, 4) / _SMALL, 6),
    ),
    varied(
        "condition_2^13",
        "an inner or linear solver that has not converged",
        hessian=householder([Fraction(1, 2**13), Fraction(1, 2**8), "1/8", 1]),
    ),
    varied(
        "condition_2^27",
        "normal equations, which square the condition number; single precision",
        hessian=householder([Fraction(1, 2**27), Fraction(1, 2**16), "1/8", 1]),
    ),
    varied(
        "zero_outer_gradient",
        "0/0 in conjugate gradients or in a normalisation of the outer gradient",
        "utodi",
        outer_linear=BASE.outer_hessian @ _MINIMUM,
        start=_MINIMUM,
        point=_MINIMUM,
        step_sizes=steps("3/4", 4),
    ),
    varied(
        "equilibrium_start",
        "a loop that stops at a stationary start; unrolled is the Neumann series here",
        "utodn",
        start=_MINIMUM,
        point=_MINIMUM,
        step_sizes=steps("3/4", 5),
    ),
    varied(
        "unused_hyperparameter",
        "None or an exception for a hyperparameter that nothing depends on",
        alpha=exact(["1/2", "-1/4", 3]),
        cross=np.column_stack([BASE.cross, exact([0, 0, 0, 0])]),
        step_sizes=steps("3/4", 5),
    ),
    varied(
        "beyond_2_over_L",
        "clipping, early stopping, or a series that is taken to converge",
        hessian=householder(["1/4", "1/2", 1, 2]),
        step_sizes=steps("5/4", 8),
        products=6,
    ),
    varied(
        "one_step",
        "off by one in steps or terms",
        "utodn",
        step_sizes=steps("3/4", 1),
        products=0,
        last=1,
    ),
    varied(
        "cross_only",
        "start at 0 and alpha = 0, where outer gradients vanish by accident",
        linear=exact([0, 0, 0, 0]),
        start=exact([0, 0, 0, 0]),
        alpha=exact([0, 0]),
        step_sizes=steps("3/4", 5),
    ),
    varied(
        "square_cross",
        "a Jacobian that is not transposed",
        cross=exact([[1, 2, 0, 0], [-1, 1, 0, 1], [0, 0, 2, 0], [1, 0, -2, 1]]),
        alpha=exact(["1/2", "-1/4", 1, 0]),
        step_sizes=steps("3/4", 5),
    ),
    varied(
        "square_cross_scaled",
        "a Jacobian that is not transposed, at another scale",
        hessian=householder([2, 4, 8, 16]),
        cross=exact([[2, 0, 1, 0], [0, 1, -1, 3], [1, 0, 1, 0], [0, -1, 0, 2]]),
        alpha=exact(["1/2", "-1/4", 1, "1/2"]),
        step_sizes=steps("3/64", 6),
    ),
    varied(
        "direct_term",
        "the direct term left out; the outer gradient at another alpha",
        outer_curvature=Fraction(1, 2),
        outer_cross=exact([[1, 0], [0, -1], ["1/2", 0], [0, 2]]),
        step_sizes=steps("3/4", 5),
    ),
    varied(
        "float32",
        "a promotion to float64, or a loss of more than rounding",
        dtype="float32",
        needs=frozenset({"float32"}),
    ),
)
