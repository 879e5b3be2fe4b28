"""Reference implementations that are mutated: plain recursions over the products of ``g``.

They run on floats of any array library and on fractions alike: their arithmetic is ``+ - * /``.
"""


def unrolled(g):
    first = g.w if g.start is None else g.start(g.alpha)
    states = [first]
    before = first
    for size in g.step_sizes:
        w = states[-1]
        step = g.push(g.gradient(w, g.alpha))
        states.append(w - size * step + g.momentum * (w - before))
        before = w
    adjoint = g.outer_gradient(states[-1], g.alpha)
    found = g.direct(states[-1], g.alpha)
    later = 0 * adjoint
    for t in reversed(range(g.steps)):
        size = g.step_sizes[t]
        pulled = g.pull(adjoint)
        found = found - size * g.mixed(states[t], g.alpha, pulled)
        product = g.hvp(states[t], g.alpha, pulled)
        carried = (1 + g.momentum) * adjoint - size * product - g.momentum * later
        later = adjoint
        adjoint = carried
    return found + g.start_product(adjoint - g.momentum * later)


def discounted(g):
    states = [g.w]
    for size in g.step_sizes:
        states.append(states[-1] - size * g.gradient(states[-1], g.alpha))
    found = g.direct(states[-1], g.alpha)
    weight = 1
    for t in reversed(range(g.steps)):
        gradient = g.outer_gradient(states[t + 1], g.alpha)
        found = found - weight * g.step_size * g.mixed(states[t], g.alpha, gradient)
        weight = weight * g.gamma
    return found


def neumann(g):
    term = g.outer_gradient(g.w, g.alpha)
    total = term
    for _ in range(g.products):
        term = term - g.step_size * g.hvp(g.w, g.alpha, term)
        total = total + term
    return g.direct(g.w, g.alpha) - g.step_size * g.mixed(g.w, g.alpha, total)


def implicit(g):
    right = g.outer_gradient(g.w, g.alpha)
    x = 0 * right
    residual = right - g.hvp(g.w, g.alpha, x)
    direction = residual
    square = g.dot(residual, residual)
    for _ in range(g.iterations):
        if square <= g.ended * g.dot(right, right):
            break
        product = g.hvp(g.w, g.alpha, direction)
        size = square / g.dot(direction, product)
        x = x + size * direction
        residual = residual - size * product
        new = g.dot(residual, residual)
        direction = residual + new / square * direction
        square = new
    return g.direct(g.w, g.alpha) - g.mixed(g.w, g.alpha, x)
