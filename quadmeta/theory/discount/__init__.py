"""The discounted hypergradient of a bilevel problem: its exact bias, bounds of it, its limits, and
the choice of gamma.

T gradient steps w_t = w_{t-1} - eta grad_w L_1(w_{t-1}, alpha) train the weights, and the outer
loss L_2(w_T) has the hypergradient g. Its discounted estimate ghat puts the scalar gamma in place
of the matrices A, and the gradient g_t of L_2 at w_t in place of the last one:

    g = sum_t B_t A_{t+1} ... A_T g_T,       A_t = I - eta H(w_{t-1}),
    ghat = sum_t gamma^(T-t) B_t g_t,        B_t = -eta J(w_{t-1}),

where H is the Hessian of L_1 in w and J its mixed derivative. Every formula runs in plain
arithmetic, so that fractions stay exact.

``scales``: what a bound may know; ``bounds``: the bounds; ``difference``: ghat - g itself;
``choice``: the best gamma.
"""

from quadmeta.theory.discount.bounds import (
    bias_bound_any_curvature,
    bias_bound_as_printed,
    bias_bound_lipschitz_hessian,
    bias_bound_matrix_discount,
    bias_bound_minimal_repair,
    bias_bound_quadratic,
    bias_bound_quadratic_inner,
    bias_bound_quadratic_inner_simple,
    floor,
    printed_bracket,
    tightness,
)
from quadmeta.theory.discount.choice import best_gamma, minimax_gamma
from quadmeta.theory.discount.difference import bias, largest_transient, limit_bias, transient
from quadmeta.theory.discount.scales import Scales

__all__ = [
    "Scales",
    "best_gamma",
    "bias",
    "bias_bound_any_curvature",
    "bias_bound_as_printed",
    "bias_bound_lipschitz_hessian",
    "bias_bound_matrix_discount",
    "bias_bound_minimal_repair",
    "bias_bound_quadratic",
    "bias_bound_quadratic_inner",
    "bias_bound_quadratic_inner_simple",
    "floor",
    "largest_transient",
    "limit_bias",
    "minimax_gamma",
    "printed_bracket",
    "tightness",
    "transient",
]
