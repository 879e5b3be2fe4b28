"""Codes without a library: a right one, and a control with a known mistake."""

from typing import Any

from quadmeta.conformance import Given

Array = Any


def reverse(g: Given) -> Array:
    """Back-propagation by hand through plain gradient descent."""
    states = [g.w]
    for size in g.step_sizes:
        states.append(states[-1] - size * g.gradient(states[-1], g.alpha))
    adjoint = g.outer_gradient(states[-1], g.alpha)
    found = g.direct(states[-1], g.alpha)
    for w, size in zip(reversed(states[:-1]), reversed(g.step_sizes), strict=True):
        found = found - size * g.mixed(w, g.alpha, adjoint)
        adjoint = adjoint - size * g.hvp(w, g.alpha, adjoint)
    return found


def solved(g: Given) -> Array:
    """Implicit differentiation by conjugate gradients."""
    return _implicit(g, _iterates(g)[-1])


def last_step_lost(g: Given) -> Array:
    """The same with the iterate before the last one: a known mistake."""
    iterates = _iterates(g)
    return _implicit(g, iterates[-2] if len(iterates) > 1 else iterates[-1])


def _implicit(g: Given, solution: Array) -> Array:
    return g.direct(g.w, g.alpha) - g.mixed(g.w, g.alpha, solution)


def _iterates(g: Given) -> list[Array]:
    """x_0 = 0, x_1, ... of conjugate gradients on H x = the outer gradient."""
    residual = g.outer_gradient(g.w, g.alpha)
    found = [0 * residual]
    direction = residual
    square = (residual * residual).sum()
    enough = 1e-20 * square
    for _ in range(g.iterations):
        if square <= enough:
            break
        product = g.hvp(g.w, g.alpha, direction)
        size = square / (direction * product).sum()
        found.append(found[-1] + size * direction)
        residual = residual - size * product
        before = square
        square = (residual * residual).sum()
        direction = residual + square / before * direction
    return found
