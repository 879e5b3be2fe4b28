"""Right codes that are arranged otherwise than the kit's own: none may be called wrong."""

import numpy as np
import pytest

from quadmeta import conformance
from tests.conformance import codes

SHAPES = ("matrix", "scalar")
RUN = ("momentum", "schedule", "start", "preconditioner", "float32", *SHAPES)


def flat_mixed(g, w, v):
    """J(w) v for vectors."""
    return g.mixed(w.reshape(g.w.shape), g.alpha, v.reshape(g.w.shape))


def jacobian(g, w):
    """J(w) (h, P), a column a weight."""
    units = np.eye(g.w.size, dtype=g.w.dtype)
    return np.array([flat_mixed(g, w, unit).ravel() for unit in units]).T


def outer_gradient(g, w):
    return g.outer_gradient(w.reshape(g.w.shape), g.alpha).ravel()


def linear(g):
    """b."""
    return -g.gradient(0 * g.w, g.alpha).ravel()


def given(g, vector, w):
    """direct(w) plus a vector of the size of alpha."""
    return g.direct(w.reshape(g.w.shape), g.alpha) + vector.reshape(g.alpha.shape)


def spectral_states(g):
    """w_0, ..., w_T in the eigenbasis: powers and geometric sums, no recursion over vectors."""
    values, Q = np.linalg.eigh(codes.matrix(g))
    factor = 1 - g.step_size * values
    start = Q.T @ g.w.ravel()
    push = g.step_size * (Q.T @ linear(g))
    powers = [factor**t for t in range(g.steps + 1)]
    sums = [np.zeros_like(factor)]
    for power in powers[:-1]:
        sums.append(sums[-1] + power)
    return Q, powers, [Q @ (p * start + s * push) for p, s in zip(powers, sums, strict=True)]


def spectral_unrolled(g, last=None):
    Q, powers, states = spectral_states(g)
    right = Q.T @ outer_gradient(g, states[-1])
    first = 0 if last is None else g.steps - last
    found = 0.0
    for t in range(first, g.steps):
        found = found - g.step_size * (jacobian(g, states[t]) @ (Q @ (powers[-2 - t] * right)))
    return given(g, found, states[-1])


def power_unrolled(g, last=None):
    """Adjoints by powers of A, the run by the affine map as one matrix."""
    n = g.w.size
    H = codes.matrix(g)
    A = np.eye(n) - g.step_size * H
    affine = np.zeros((n + 1, n + 1))
    affine[:n, :n] = A
    affine[:n, n] = g.step_size * linear(g)
    affine[n, n] = 1
    first = np.append(g.w.ravel(), 1)
    states = [(np.linalg.matrix_power(affine, t) @ first)[:n] for t in range(g.steps + 1)]
    right = outer_gradient(g, states[-1])
    terms = g.steps if last is None else last
    parts = [
        jacobian(g, states[g.steps - 1 - k]) @ (np.linalg.matrix_power(A, k).T @ right)
        for k in range(terms)
    ]
    return given(g, -g.step_size * np.sum(parts, axis=0), states[-1])


def forward_unrolled(g):
    """Tangents of every weight in every hyperparameter, with all features of a run."""
    H = codes.matrix(g)
    P = np.eye(g.w.size, dtype=g.w.dtype) if g.precondition is None else g.precondition
    tangent = np.zeros((g.w.size, g.alpha.size), dtype=g.w.dtype)
    if g.start is not None:
        zero = 0 * g.alpha
        tangent = np.array([g.start(zero + unit) - g.start(zero) for unit in np.eye(zero.size)]).T
    w = g.w.ravel() if g.start is None else g.start(g.alpha)
    w_before = w
    before = tangent
    for size in g.step_sizes:
        moved = size * (P @ (H @ tangent + jacobian(g, w).T))
        step = P @ g.gradient(w.reshape(g.w.shape), g.alpha).ravel()
        new = tangent - moved + g.momentum * (tangent - before)
        before = tangent
        tangent = new
        new_w = w - size * step + g.momentum * (w - w_before)
        w_before = w
        w = new_w
    return given(g, tangent.T @ outer_gradient(g, w), w)


def extended_unrolled(g):
    """A + eta b once, everything in long double, rounded at the end."""
    wide = np.longdouble
    H = codes.matrix(g).astype(wide)
    push = wide(g.step_size) * linear(g).astype(wide)
    A = np.eye(len(H), dtype=wide) - wide(g.step_size) * H
    states = [g.w.ravel().astype(wide)]
    for _ in range(g.steps):
        states.append(A @ states[-1] + push)
    adjoint = outer_gradient(g, states[-1])
    found = 0
    for w in states[-2::-1]:
        found = found + jacobian(g, w) @ adjoint
        adjoint = A @ adjoint
    return given(g, -wide(g.step_size) * found, states[-1])


def cholesky(H, right):
    L = np.linalg.cholesky(H)
    return np.linalg.solve(L.T, np.linalg.solve(L, right))


def qr(H, right):
    Q, R = np.linalg.qr(H)
    return np.linalg.solve(R, Q.T @ right)


def eigen(H, right):
    values, Q = np.linalg.eigh(H)
    return Q @ ((Q.T @ right) / values)


def singular(H, right):
    U, values, Vt = np.linalg.svd(H)
    return Vt.T @ ((U.T @ right) / values)


def inverse(H, right):
    return np.linalg.inv(H) @ right


def least_squares(H, right):
    return np.linalg.lstsq(H, right, rcond=0.0)[0]


def bordered(H, right):
    """Scaled to norm 1 and negated, with the unknowns in reverse order."""
    scale = np.abs(H).max()
    return np.linalg.solve(-H[::-1, ::-1] / scale, -right[::-1] / scale)[::-1]


SOLVES = (cholesky, qr, eigen, singular, inverse, least_squares, bordered)


def reverse_implicit(solve):
    def code(g, w=None):
        w = g.w.ravel() if w is None else w
        x = solve(codes.matrix(g), outer_gradient(g, w))
        return given(g, -flat_mixed(g, w, x), w)

    return code


def forward_implicit(solve):
    """dw_*/dalpha first, a column a hyperparameter."""

    def code(g):
        w = g.w.ravel()
        slopes = [solve(codes.matrix(g), -row) for row in jacobian(g, w)]
        return given(g, np.array(slopes) @ outer_gradient(g, w), w)

    return code


def trained(solve, with_weights):
    def code(g):
        w = solve(codes.matrix(g), linear(g))
        value = reverse_implicit(solve)(g, w)
        return (value, w.reshape(g.w.shape)) if with_weights else value

    return code


def horner_neumann(g):
    right = outer_gradient(g, g.w)
    H = codes.matrix(g)
    x = g.step_size * right
    for _ in range(g.products):
        x = x + g.step_size * (right - H @ x)
    return given(g, -flat_mixed(g, g.w, x), g.w)


def spectral_neumann(g):
    values, Q = np.linalg.eigh(codes.matrix(g))
    shares = sum((1 - g.step_size * values) ** j for j in range(g.products + 1))
    x = g.step_size * (Q @ (shares * (Q.T @ outer_gradient(g, g.w))))
    return given(g, -flat_mixed(g, g.w, x), g.w)


def powers_neumann(g):
    A = np.eye(g.w.size) - g.step_size * codes.matrix(g)
    total = np.zeros_like(A)
    power = np.eye(g.w.size)
    for _ in range(g.products + 1):
        total += power
        power = power @ A
    row = jacobian(g, g.w) @ total
    return given(g, -g.step_size * (row @ outer_gradient(g, g.w)), g.w)


def running_discounted(g):
    """Along the run, discounting what is already there."""
    w = g.w.ravel()
    found = 0.0
    for _ in range(g.steps):
        new = w - g.step_size * g.gradient(w.reshape(g.w.shape), g.alpha).ravel()
        found = g.gamma * found - g.step_size * (jacobian(g, w) @ outer_gradient(g, new))
        w = new
    return given(g, found, w)


def spectral_discounted(g):
    states = spectral_states(g)[2]
    parts = [
        g.gamma ** (g.steps - t) * (jacobian(g, states[t - 1]) @ outer_gradient(g, states[t]))
        for t in range(g.steps, 0, -1)
    ]
    return given(g, -g.step_size * np.sum(parts, axis=0), states[-1])


def tangents_one_step(g):
    """The last step in forward mode."""
    states = spectral_states(g)[2]
    tangent = -g.step_size * jacobian(g, states[-2]).T
    return given(g, outer_gradient(g, states[-1]) @ tangent, states[-1])


def reverse_step_size(g):
    states = codes.run(g)
    adjoint = g.loss_gradient(states[-1], g.alpha)
    found = 0.0
    for w in states[-2::-1]:
        found -= adjoint @ g.gradient(w, g.alpha)
        adjoint = adjoint - g.step_size * g.hvp(w, g.alpha, adjoint)
    return found


def spectral_step_size(g):
    """-T (1 - eta lambda)^(T-1) on the first gradient."""
    values, Q = np.linalg.eigh(codes.matrix(g))
    shares = -g.steps * (1 - g.step_size * values) ** (g.steps - 1)
    moved = Q @ (shares * (Q.T @ g.gradient(g.w, g.alpha)))
    return g.loss_gradient(spectral_states(g)[2][-1], g.alpha) @ moved


def logarithm(step_size):
    """The excess as a quadratic form about the minimum of the loss, found by a dense solve."""

    def code(g):
        zero = 0 * g.w
        slope = g.loss_gradient(zero, g.alpha)
        curvature = np.array([g.loss_gradient(e, g.alpha) - slope for e in np.eye(g.w.size)])
        away = codes.run(g)[-1] + np.linalg.solve(curvature, slope)
        return step_size(g) / g.steps / (away @ curvature @ away / 2)

    return code


WAYS = {
    "unrolled": [
        (forward_unrolled, RUN),
        (spectral_unrolled, SHAPES),
        (power_unrolled, SHAPES),
        (extended_unrolled, SHAPES),
    ],
    "truncated": [
        (lambda g: spectral_unrolled(g, g.last), SHAPES),
        (lambda g: power_unrolled(g, g.last), SHAPES),
    ],
    "one_step": [
        (tangents_one_step, SHAPES),
        (lambda g: power_unrolled(g, 1), SHAPES),
    ],
    "discounted": [(running_discounted, SHAPES), (spectral_discounted, SHAPES)],
    "implicit": [
        (way(solve), SHAPES) for solve in SOLVES for way in (reverse_implicit, forward_implicit)
    ],
    "implicit_at": [
        (way(solve), SHAPES) for solve in SOLVES for way in (reverse_implicit, forward_implicit)
    ],
    "solved": [(trained(solve, flag), SHAPES) for solve in SOLVES for flag in (False, True)],
    "neumann": [(way, SHAPES) for way in (horner_neumann, spectral_neumann, powers_neumann)],
    "step_size": [(reverse_step_size, ()), (spectral_step_size, ())],
    "log_step_size": [
        (logarithm(reverse_step_size), ()),
        (logarithm(spectral_step_size), ()),
    ],
}
"""(code, what it supports) of each kind."""


@pytest.mark.parametrize("kind", WAYS)
def test_no_right_way_is_wrong(kind):
    assert set(WAYS) == set(conformance.KINDS)
    for number, (code, able) in enumerate(WAYS[kind]):
        report = conformance.check(code, kind=kind, supports=able)
        assert report.passes, (number, report)
        shares = [r.error / r.tolerance for r in report.results if r.tolerance and r.error]
        assert max(shares) < 0.5, (number, max(shares))
