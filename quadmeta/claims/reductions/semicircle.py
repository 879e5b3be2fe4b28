"""Boxes of least squares in the high-dimensional limit, whose averages are polynomials in the step
and the aspect.

Unit 1 + psi of the spectrum: Q is the semicircle law of u = 1 - y, y of mean 0 and variance
r = psi/(1 + psi)^2 <= 1/4. With x = 1 - (1 + psi) eta a step multiplies by x + (1 - x) y.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import comb
from typing import Any

from quadmeta.claims.reductions.polynomial import Polynomial, V, X
from quadmeta.verification.box import Box, Reduced
from quadmeta.verification.parameters import Instance, Quantity

Point = Mapping[str, Any]


def variance(psi: Quantity) -> Any:
    """r."""
    return psi / (1 + psi) ** 2


def catalan(j: int) -> int:
    """E y^(2j) / r^j."""
    return comb(2 * j, j) // (j + 1)


def series(T: int, x: Polynomial | Quantity) -> list[Any]:
    """Coefficients in z of sum_{t<T} (x + z)^t."""
    return [1 + sum(comb(t, k) * x ** (t - k) for t in range(k + 1, T)) for k in range(T)]


def square(p: Sequence[Any]) -> list[Any]:
    """Coefficients of p(z)^2."""
    return [
        sum(p[i] * p[k - i] for i in range(max(0, k + 1 - len(p)), min(k + 1, len(p))))
        for k in range(2 * len(p) - 1)
    ]


def mean(even: Sequence[Any], r: Polynomial | Quantity) -> Any:
    """E of a polynomial in y of variance r, from its even coefficients."""
    return sum((catalan(j) * r**j * c for j, c in enumerate(even) if j), even[0])


def power_means(
    center: Polynomial | Quantity, b: Polynomial | Quantity, r: Polynomial | Quantity, k: int
) -> tuple[Any, Any]:
    """E q^k and E u q^k of q = center + b y, k >= 1."""
    even = [comb(k, 2 * j) * center ** (k - 2 * j) * b ** (2 * j) for j in range(k // 2 + 1)]
    odd = [
        comb(k, 2 * j - 1) * center ** (k - 2 * j + 1) * b ** (2 * j - 1)
        for j in range(1, (k + 1) // 2 + 1)
    ]
    return mean(even, r), mean(even, r) - mean([0, *odd], r)


def excess(T: int) -> tuple[Polynomial, Polynomial]:
    """(S, W) with (1 + psi) gain = (1 - x) (S + v W/S), v = r (1 - x)^2, 1 - x^T = (1 - x) S,
    T >= 2 steps.
    """
    d = [p + 0 * X for p in series(T, X)]
    d2 = [*square(d), 0 * X]
    out = 0 * X
    for j in range(1, T):
        average = d[0] * (2 * (d[2 * j] if 2 * j < T else 0 * X) + d2[2 * j - 1]) - d2[2 * j]
        out += catalan(j) * (average * V ** (j - 1) if j > 1 else average)
    return d[0], out


def tuned_gain(T: int, component: int, ridge: bool) -> Iterator[Box]:
    """Gain of T >= 2 steps at eta = (1 - x)/(1 + psi) over that of one tuned step; then ridge's
    over it.
    """
    S, W = excess(T)

    def box(slack: Polynomial, scale: Callable[[Any, Any, Any], Any], row: int, what: str) -> Box:
        def reduce(x: Instance) -> list[Reduced]:
            if "aspect" in x:
                psi = x["aspect"]
            else:
                psi = x["root"] ** 2
            factor = x["factor"]
            v = variance(psi) * (1 - factor) ** 2
            s = S(factor, 0)
            if x["steps"] == T:
                return [Reduced({"x": factor, "v": v}, v * scale(psi, factor, s), row)]
            return []

        return Box(
            {"x": (0, 1), "v": (0, Fraction(1, 4))},
            lambda point: (0, slack(point["x"], point["v"])),
            f"T = {T}, every psi and sigma: {what}, expanded, positive factors cancelled",
            reduce,
        )

    yield box(
        W,
        lambda psi, x, s: (1 - x) / ((1 + psi) * s),
        component,
        "gain over that of one tuned step",
    )
    if ridge:
        yield box(
            (S**2 + V * W) ** 2 - W,
            lambda psi, x, s: 1 / (psi * s**2),
            component + 1,
            "gain of ridge over it",
        )


def bias(x: Point, T: int) -> tuple[Any, Any]:
    """E_MP[q^(2T)] <= rho^(2T), power by power of b = eta root: q = 1 - theta - b z,
    rho = 1 - theta + 2 b, |z| <= 2.

    E_MP[(-z)^k] is root g_j for k = 2j - 1 and (1 + psi) g_j for k = 2j, g_j of the ballot
    numbers; one b cancelled.
    """
    root = x["root"]
    theta = x["theta"]
    n = 2 * T
    b = theta * root / (1 + root**2)
    slack = 0
    for k in range(1, n + 1):
        j = (k + 1) // 2
        g = sum((i + 1) * comb(2 * j, j - 1 - i) // j * root ** (2 * i) for i in range(j))
        slack += (
            comb(n, k)
            * (1 - theta) ** (n - k)
            * b ** (k - 1)
            * (2**k - g * (root if k % 2 else 1 + root**2))
        )
    return 0, slack


def scatter(x: Point, T: int) -> tuple[Any, Any]:
    """E_Q[h^2] <= (1 + rho^T)^2 E_Q[1/l^2], unit 1 + psi, power by power of the variance, the
    first T of them.

    1/l = sum_k y^k and h = sum_k (1 - t_k) y^k, t_k a part of the binomial expansion of
    (1 - theta + theta)^T.
    """
    root = x["root"]
    theta = x["theta"]
    q = (1 - theta + 2 * theta * root / (1 + root**2)) ** T
    t = [
        sum(comb(T, i) * (1 - theta) ** (T - i) * theta**i for i in range(k + 1)) for k in range(T)
    ] + [1] * (T - 1)
    return 0, mean(
        [
            (2 * j + 1) * q * (2 + q)
            + sum(t[i] + (1 - t[i]) * t[2 * j - i] for i in range(2 * j + 1))
            for j in range(T)
        ],
        variance(root**2),
    )
