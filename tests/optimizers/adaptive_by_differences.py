"""Adagrad, RMSprop, Adam and AdamW from the page, coordinate by coordinate in mpf, and derivatives
by central differences of the whole run at 400 digits: nothing is shared with the package.
"""

import mpmath
from mpmath import mpf

DIGITS = 400
STEP = "1e-130"
"""Central differences are then right to some 260 digits, or to 130 at a zero gradient."""


def loss(method, T, H, b, start, outer, theta):
    """L_2(w_T) for rows H, a list b and ``outer`` = (diagonal of H_2, b_2)."""
    d = len(b)
    w = [mpf(x) for x in start]
    m = [mpf(0)] * d
    v = [mpf(0)] * d
    for t in range(1, T + 1):
        g = [sum(H[i][j] * w[j] for j in range(d)) - b[i] for i in range(d)]
        new = []
        for i in range(d):
            if method == "Adagrad":
                v[i] = v[i] + g[i] ** 2
                first, second = g[i], v[i]
            elif method == "RmsProp":
                v[i] = theta["beta2"] * v[i] + (1 - theta["beta2"]) * g[i] ** 2
                first, second = g[i], v[i]
            else:
                m[i] = theta["beta1"] * m[i] + (1 - theta["beta1"]) * g[i]
                v[i] = theta["beta2"] * v[i] + (1 - theta["beta2"]) * g[i] ** 2
                first = m[i] / (1 - theta["beta1"] ** t)
                second = v[i] / (1 - theta["beta2"] ** t)
            u = first / (mpmath.sqrt(second + theta["root_epsilon"]) + theta["epsilon"])
            new.append(w[i] - theta["step_size"] * (u + theta.get("weight_decay", 0) * w[i]))
        w = new
    H2, b2 = outer
    return sum(h * x**2 / 2 - c * x for h, x, c in zip(H2, w, b2, strict=True))


def golden(method, T, alpha, theta):
    """F at H = (2 1; 1 3), b = (alpha, 1 + alpha), w_0 = 0, L_2 = w_1^2 / 2 + w_2^2 - w_1 + w_2."""
    H = [[2, 1], [1, 3]]
    return loss(method, T, H, [alpha, 1 + alpha], [0, 0], ([1, 2], [1, -1]), theta)


def slopes(method, T, alpha, theta):
    """{name: dF/d name} of ``golden`` with "alpha", in mpf; without root_epsilon where it is 0."""
    with mpmath.workdps(DIGITS):
        h = mpf(STEP)
        at = {name: mpf(x) for name, x in (*theta.items(), ("alpha", alpha))}
        found = {"F": golden(method, T, at["alpha"], at)}
        for name, x in at.items():
            if name == "root_epsilon" and x == 0:
                continue
            sides = []
            for side in (x + h, x - h):
                moved = {**at, name: side}
                sides.append(golden(method, T, moved["alpha"], moved))
            found[name] = (sides[0] - sides[1]) / (2 * h)
        return found
