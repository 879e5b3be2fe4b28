"""Hypergradients written by hand, right ones and wrong ones, that the tests put before the kit."""

import numpy as np

ALL = ("momentum", "schedule", "start", "preconditioner", "matrix", "scalar", "float32", "batch")
ALL += ("adam", "adam_hat")


def unrolled(g, forgotten="", terms=None):
    """Reverse mode through every feature; ``forgotten`` names what is left out."""
    if g.adam is not None:
        return through_adam(g)
    if g.alpha.ndim == 2:
        return np.stack([unrolled(_Row(g, alpha), forgotten) for alpha in g.alpha])
    states = run(g)
    adjoint = g.outer_gradient(states[-1], g.alpha)
    found = 0 * g.alpha if forgotten == "direct" else g.direct(states[-1], g.alpha)
    momentum = 0.0 if forgotten == "momentum" else g.momentum
    later = 0 * adjoint
    for t in reversed(range(g.steps)):
        pulled = adjoint if g.precondition is None else g.precondition.T @ adjoint
        size = g.step_sizes[t]
        if terms is None or t >= g.steps - terms:
            factor = 1.0 if forgotten == "step size" else size
            found = found - g.w.dtype.type(factor) * g.mixed(states[t], g.alpha, pulled)
        carried = (1 + momentum) * adjoint - momentum * later
        later = adjoint
        adjoint = carried - size * g.hvp(states[t], g.alpha, pulled)
    if g.start is not None and forgotten != "start":
        zero = np.zeros_like(g.alpha)
        columns = [g.start(unit) - g.start(zero) for unit in np.eye(len(g.alpha))]
        found = found + np.array(columns) @ (adjoint - momentum * later)
    return found


def through_adam(g):
    """The derivative by hand; the weight stays where it starts, at the minimum."""
    s, first, second, epsilon, root = g.adam.values()
    moment = 0 * g.w
    slope = 0 * g.w
    for t in range(1, g.steps + 1):
        push = g.hvp(g.w, g.alpha, slope) + g.mixed(g.w, g.alpha, np.ones(1))
        moment = first * moment + (1 - first) * push
        floor = epsilon + np.sqrt(root)
        if g.name == "adam_hat":
            floor = epsilon / np.sqrt(1 - second**t)
        slope = slope - s / floor * moment / (1 - first**t)
    return g.outer_gradient(g.w, g.alpha) * slope


class _Row:
    """One alpha of a batch."""

    def __init__(self, g, alpha):
        self._g = g
        self.alpha = alpha

    def __getattr__(self, name):
        return getattr(self._g, name)


def run(g):
    """The states w_0, ..., w_T."""
    states = [g.w if g.start is None else g.start(g.alpha)]
    before = states[0]
    for size in g.step_sizes:
        w = states[-1]
        step = g.gradient(w, g.alpha)
        if g.precondition is not None:
            step = g.precondition @ step
        states.append(w - size * step + g.momentum * (w - before))
        before = w
    return states


def truncated(g):
    return unrolled(g, terms=g.last)


def one_step(g):
    return unrolled(g, terms=1)


def discounted(g):
    states = run(g)
    found = g.direct(states[-1], g.alpha)
    for t in range(1, g.steps + 1):
        gradient = g.outer_gradient(states[t], g.alpha)
        weight = g.gamma ** (g.steps - t) * g.step_size
        found = found - weight * g.mixed(states[t - 1], g.alpha, gradient)
    return found


def implicit(g, w=None):
    """A dense solve at the given w."""
    w = g.w if w is None else w
    x = np.linalg.solve(matrix(g), g.outer_gradient(w, g.alpha).ravel())
    return g.direct(w, g.alpha) - g.mixed(w, g.alpha, x.reshape(w.shape))


def matrix(g):
    """The inner Hessian."""
    units = np.eye(g.w.size, dtype=g.w.dtype)
    return np.array([g.hvp(g.w, g.alpha, unit.reshape(g.w.shape)).ravel() for unit in units])


def solved(g):
    """Trains by a dense solve."""
    zero = 0 * g.w
    w = np.linalg.solve(matrix(g), -g.gradient(zero, g.alpha).ravel()).reshape(g.w.shape)
    return implicit(g, w), w


def neumann(g):
    term = g.outer_gradient(g.w, g.alpha)
    total = term
    for _ in range(g.products):
        term = term - g.step_size * g.hvp(g.w, g.alpha, term)
        total = total + term
    return g.direct(g.w, g.alpha) - g.mixed(g.w, g.alpha, g.step_size * total)


def step_size(g):
    moved = 0 * g.w
    w = g.w
    for size in g.step_sizes:
        moved = moved - size * g.hvp(w, g.alpha, moved) - g.gradient(w, g.alpha)
        w = w - size * g.gradient(w, g.alpha)
    return g.loss_gradient(w, g.alpha) @ moved


def log_step_size(g):
    excess = g.loss(run(g)[-1], g.alpha) - g.floor
    return step_size(g) / (g.steps * excess)


def conjugate_gradients(g, drop=0, stale=False):
    """CG on H x = g; ``drop`` steps are missing at its end, ``stale`` uses the residual before."""
    H = matrix(g)
    right = g.outer_gradient(g.w, g.alpha).ravel()
    x = np.zeros_like(right)
    iterates = [x]
    residual = right
    direction = right
    for _ in range(len(right)):
        square = residual @ residual
        if square <= 1e-28 * (right @ right):
            break
        product = H @ direction
        size = square / (direction @ product)
        x = x + size * direction
        iterates.append(x)
        new = residual - size * product
        direction = (residual if stale else new) + (new @ new) / square * direction
        residual = new
    x = iterates[max(len(iterates) - 1 - drop, 0)]
    return g.direct(g.w, g.alpha) - g.mixed(g.w, g.alpha, x.reshape(g.w.shape))


RIGHT = {
    "unrolled": unrolled,
    "truncated": truncated,
    "one_step": one_step,
    "discounted": discounted,
    "implicit": implicit,
    "solved": solved,
    "implicit_at": implicit,
    "neumann": neumann,
    "step_size": step_size,
    "log_step_size": log_step_size,
}
"""A right code of each kind, in numpy."""
