"""Cases of one dimension, and others in which shapes or the start are special."""

from fractions import Fraction

from quadmeta.conformance.case import Case, steps
from quadmeta.conformance.cases.base import ALL, BASE, SLOPES, varied
from quadmeta.conformance.kinds import lettered
from quadmeta.conformance.problem import ExactProblem
from quadmeta.conformance.rational import exact, householder
from quadmeta.conformance.settings import Adam

_ONE = Case(
    name="one_dimension",
    catches="squeezed axes; conjugate gradients of one step",
    kinds=lettered(ALL),
    hessian=exact([["3/4"]]),
    linear=exact(["1/2"]),
    cross=exact([[2]]),
    outer_hessian=exact([[2]]),
    outer_linear=exact([1]),
    alpha=exact(["1/4"]),
    start=exact([1]),
    point=exact(["3/2"]),
    step_sizes=steps("1/2", 4),
)

_RANGE = householder([0, 0, 1, 1])
"""Projects on the range of a Hessian whose two smallest eigenvalues are 0."""
_IN_RANGE = _RANGE @ BASE.linear

CASES = (
    _ONE,
    _ONE.but(
        name="scalar",
        catches="parameters without an axis, dropped (-0.0) or refused",
        shape=(),
        alpha_shape=(),
        needs=frozenset({"scalar"}),
    ),
    varied(
        "warm_start",
        "a derivative through a start that is constant",
        "utod",
        start=ExactProblem(BASE.but(alpha=exact(["1/4", "-1/4"]))).minimum,
        step_sizes=steps("3/4", 3),
    ),
    varied(
        "rank_deficient",
        "an inverse of a singular Hessian in place of the run, from a cold start",
        "utod",
        hessian=householder([0, 0, "1/2", 1]),
        linear=_IN_RANGE,
        cross=_RANGE @ BASE.cross,
        slopes=tuple(_RANGE @ slope @ _RANGE for slope in SLOPES),
        start=exact([0, 0, 0, 0]),
        step_sizes=steps("3/4", 5),
    ),
    varied(
        "moving_null_space",
        "the motion of the null space, which only the run sees, left out after a warm start",
        "utod",
        hessian=householder([0, 0, "1/2", 1]),
        linear=_IN_RANGE,
        slopes=SLOPES,
        alpha=exact([0, 0]),
        step_sizes=steps("3/4", 5),
    ),
    varied(
        "batch",
        "sums over a batch of hyperparameters, or the wrong axis",
        "u",
        batch=tuple(exact(alpha) for alpha in (["1/2", "-1/4"], [0, 0], [-1, 2])),
        needs=frozenset({"batch"}),
    ),
)
_AT_REST = _ONE.but(
    kinds=lettered("u"),
    hessian=exact([[1]]),
    linear=exact([0]),
    cross=exact([[1]]),
    outer_hessian=exact([[1]]),
    outer_linear=exact([1]),
    alpha=exact([0]),
    start=exact([0]),
    point=exact([0]),
    step_sizes=steps("1/10", 5),
    needs=frozenset({"adam"}),
)
ADAM = (
    _AT_REST.but(
        name="adam_zero",
        catches="nan, 0 or a regularised derivative of Adam at a zero gradient",
        adam=Adam(),
    ),
    _AT_REST.but(
        name="adam_root",
        catches="the same with a number under the root, where reverse mode has no excuse",
        adam=Adam(root=Fraction(1e-16)),
    ),
    _AT_REST.but(
        name="adam_hat",
        catches="the same with epsilon outside the correction of the bias",
        adam=Adam(uncorrected=True),
        needs=frozenset({"adam_hat"}),
    ),
)
STEP_SIZE = (
    varied(
        "step_size", "a stopped gradient, T - 1 steps, a sign", "s", loss="inner", alpha=BASE.alpha
    ),
    varied("step_size_outer", "the inner loss taken for the outer one", "s"),
    varied(
        "step_size_scaled",
        "the inner loss taken for the outer one, a step size lost or doubled",
        "s",
        hessian=householder([2, 4, 8, 16]),
        step_sizes=steps("3/64", 6),
    ),
    varied(
        "step_size_curved",
        "the Hessian or the outer gradient at another alpha, a ridge left out",
        "s",
        slopes=SLOPES,
        alpha=exact(["1/2", "1/4"]),
        outer_curvature=Fraction(1, 2),
        outer_cross=exact([[1, 0], [0, -1], ["1/2", 0], [0, 2]]),
        step_sizes=steps("3/8", 5),
    ),
    varied(
        "step_size_golden",
        "a wrong power of T: G' = 4 and F' = 3/2 exactly",
        "s",
        loss="inner",
        hessian=exact([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 3]]),
        linear=exact([0, 0, 0, 0]),
        cross=BASE.no_cross(),
        start=exact([1, 1, 1, 1]),
        step_sizes=(Fraction(1, 2),) * 2,
    ),
)
